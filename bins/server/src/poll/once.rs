//! Asks every node everything once, and shows what it answered and what that cost it.

use std::{
    io::Write,
    sync::{Arc, mpsc as channel},
    thread,
    time::Duration,
};

use piecewatch_model::{NodeName, Poll, PollPart, Report};
use piecewatch_node_api::Gate;
use piecewatch_store::Writer;
use tokio::{
    runtime::Runtime,
    sync::{
        mpsc::{self, UnboundedSender},
        oneshot,
    },
    task::JoinSet,
};

use super::{
    at_once, follow,
    ids::Ids,
    node::Node,
    plan::{Plan, UNASKED},
    writing::no_room,
};
use crate::{
    Colour, Error, Result, clock,
    table::{Align, Cell, Style, Table, number},
};

/// What each node answered, in the order of the plan.
#[derive(Debug, Default)]
struct Answers {
    nodes: Vec<(NodeName, Vec<Arc<Report>>)>,
    /// Why not everything was asked.
    errors: Vec<Error>,
}

/// What became of what was answered.
#[derive(Debug, Default)]
struct Written {
    /// How many facts of which poll were passed over.
    passed_over: Vec<(NodeName, PollPart, usize)>,
    /// Each reason why something could not be written.
    errors: Vec<Error>,
}

/// Asks all nodes at the same time, writes what they answer as it comes, and shows it. `refused` is
/// why some are not asked.
pub(super) fn run(
    runtime: &Runtime,
    plan: Plan,
    writer: Writer,
    refused: Vec<Error>,
    out: &mut dyn Write,
    colour: Colour,
) -> Result<()> {
    let stop = follow::stop_signal()?;
    let (reports, waiting) = channel::channel();
    let writing = thread::Builder::new().name("writer".to_owned());
    let writing = writing.spawn(move || write(writer, &waiting)).map_err(Error::Start)?;
    let unasked = plan.unasked.clone();
    let (nodes, ids, _locks) = plan.into_parts();
    let answers = runtime.block_on(all(nodes, &ids, reports, stop));
    let written = writing.join().unwrap_or_else(|_| {
        let ended = Error::Ended { what: "what writes".to_owned() };
        Written { errors: vec![ended], ..Written::default() }
    });
    // What was answered is shown also when it cannot be kept.
    tell(&answers, &written, &unasked, out, colour).map_err(Error::Output)?;

    let polls = || answers.nodes.iter().flat_map(|(_, reports)| reports);
    let failed = polls().filter(|report| report.poll.error.is_some()).count();
    let failed = failed + written.passed_over.len();
    let asked = polls().count();
    let mut errors = refused;
    errors.extend(answers.errors);
    errors.extend(written.errors);
    if failed > 0 {
        errors.push(Error::Unanswered { failed, asked });
    }
    match errors.len() {
        0 => Ok(()),
        1 => Err(errors.remove(0)),
        _ => Err(Error::Several(errors)),
    }
}

/// Writes each report. One that cannot be written does not keep the others from being.
fn write(mut writer: Writer, reports: &channel::Receiver<Arc<Report>>) -> Written {
    let mut written = Written::default();
    let mut reasons = Vec::new();
    for report in reports {
        match writer.report(&report, clock::now()) {
            Ok(0) => {}
            Ok(facts) => {
                written.passed_over.push((report.node.clone(), report.poll.part, facts));
            }
            Err(error) => {
                let reason = error.to_string();
                if !reasons.contains(&reason) {
                    reasons.push(reason);
                    written.errors.push(error.into());
                }
            }
        }
    }
    written
}

/// Asks all nodes until each has answered, or everything is to stop.
async fn all(
    nodes: Vec<Node>,
    ids: &Arc<Ids>,
    reports: channel::Sender<Arc<Report>>,
    mut stop: oneshot::Receiver<()>,
) -> Answers {
    let gate = Arc::new(Gate::new(at_once(nodes.len())));
    let (answered, mut answers) = mpsc::unbounded_channel();
    let mut tasks = JoinSet::new();
    let mut all = Answers::default();
    for (at, node) in nodes.into_iter().enumerate() {
        all.nodes.push((node.name.clone(), Vec::new()));
        let (gate, ids, answered) = (Arc::clone(&gate), Arc::clone(ids), answered.clone());
        tasks.spawn(async move { everything(at, &node, &gate, &ids, &answered).await });
    }
    drop(answered);
    loop {
        tokio::select! {
            biased;
            _ = &mut stop => {
                all.errors.push(Error::Interrupted);
                break;
            }
            answer = answers.recv() => {
                // Nobody is asked any more.
                let Some((at, report)) = answer else { break };
                let report = Arc::new(report);
                all.nodes[at].1.push(Arc::clone(&report));
                // A writer that has panicked is told of at the end.
                let _ = reports.send(report);
            }
        }
    }
    if all.errors.is_empty() {
        while let Some(ended) = tasks.join_next().await {
            if ended.is_err() {
                all.errors.push(Error::Ended { what: "what asks a node".to_owned() });
            }
        }
    }
    all
}

/// Everything of a node; what is dear is not asked when its dashboard does not answer.
async fn everything(
    at: usize,
    node: &Node,
    gate: &Gate,
    ids: &Arc<Ids>,
    answered: &UnboundedSender<(usize, Report)>,
) {
    let mut is_there = true;
    for part in node.parts() {
        let of_dashboard = match part {
            PollPart::Satellites | PollPart::Paystubs => true,
            PollPart::Dashboard | PollPart::Databases | PollPart::Metrics => false,
        };
        if of_dashboard && !is_there {
            continue;
        }
        let report = node.ask(part, gate, ids).await;
        is_there &= part != PollPart::Dashboard || report.poll.error.is_none();
        if answered.send((at, report)).is_err() {
            return;
        }
    }
}

fn tell(
    answers: &Answers,
    written: &Written,
    unasked: &[NodeName],
    out: &mut dyn Write,
    colour: Colour,
) -> std::io::Result<()> {
    let mut table = Table::new([
        ("NODE", Align::Left),
        ("ASKED", Align::Left),
        ("STATE", Align::Left),
        ("FACTS", Align::Right),
        ("REQUESTS", Align::Right),
        ("ANSWERED", Align::Right),
        ("TIME", Align::Right),
    ]);
    for (node, reports) in &answers.nodes {
        for report in reports {
            let (poll, facts) = (&report.poll, report.facts.len());
            let state = match &poll.error {
                None => Cell::from("answered"),
                Some(_) => Cell::styled("failed", Style::Alert),
            };
            table.row([
                node.as_str().into(),
                poll.part.name().into(),
                state,
                number(facts as u64).into(),
                number(poll.requests.into()).into(),
                poll.bytes.to_string().into(),
                took(poll).into(),
            ]);
        }
    }
    table.write(out, colour)?;
    let mut alert = |what: String| writeln!(out, "\n  {}", Style::Alert.paint(&what, colour));
    for (node, reports) in &answers.nodes {
        for poll in reports.iter().map(|report| &report.poll) {
            if let Some(error) = &poll.error {
                alert(format!("{node}, {}: {error}", poll.part.name()))?;
            }
        }
    }
    for (node, part, facts) in &written.passed_over {
        alert(format!("{node}, {}: {}", part.name(), no_room(*facts)))?;
    }
    for node in unasked {
        writeln!(out, "\n  {node}: {UNASKED}")?;
    }
    Ok(())
}

/// How long a poll took.
pub(super) fn took(poll: &Poll) -> String {
    let time = Duration::from_micros(poll.took_micros);
    match time.as_millis() {
        millis @ 0..10_000 => format!("{millis} ms"),
        _ => format!("{} s", time.as_secs()),
    }
}
