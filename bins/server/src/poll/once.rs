//! Asks every node everything once, and shows what it answered and what that cost it.

use std::{io::Write, sync::Arc, time::Duration};

use piecewatch_model::{NodeName, Poll, Report};
use piecewatch_store::Writer;
use tokio::{runtime::Runtime, sync::Semaphore, task::JoinSet};

use super::{
    at_once,
    node::{Brought, Node},
    plan::Plan,
};
use crate::{
    Colour, Error, Result, clock,
    table::{Align, Cell, Style, Table, number},
};

/// Asks all nodes at the same time, writes what they answered, and shows it.
pub(super) fn run(
    runtime: &Runtime,
    plan: Plan,
    mut writer: Writer,
    out: &mut dyn Write,
    colour: Colour,
) -> Result<()> {
    let answers = runtime.block_on(all(plan));
    let reports: Vec<&Report> = answers.iter().flat_map(|(_, reports)| reports).collect();
    // What was answered is shown also when it cannot be kept.
    let written = reports.iter().try_for_each(|report| writer.report(report, clock::now()).map(drop));
    tell(&answers, out, colour).map_err(Error::Output)?;
    written?;
    let failed = reports.iter().filter(|report| report.poll.error.is_some()).count();
    match failed {
        0 => Ok(()),
        _ => Err(Error::Unanswered { failed, asked: reports.len() }),
    }
}

/// What each node answered, in the order of the plan.
async fn all(plan: Plan) -> Vec<(NodeName, Vec<Report>)> {
    let gate = Arc::new(Semaphore::new(at_once(plan.nodes.len())));
    let mut tasks = JoinSet::new();
    for (at, node) in plan.nodes.into_iter().enumerate() {
        let gate = Arc::clone(&gate);
        tasks.spawn(async move { (at, everything(node, &gate).await) });
    }
    let mut answers = tasks.join_all().await;
    answers.sort_by_key(|(at, _)| *at);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// Everything of a node; what is dear is not asked when its dashboard does not answer.
async fn everything(mut node: Node, gate: &Semaphore) -> (NodeName, Vec<Report>) {
    let mut reports: Vec<Report> = Vec::new();
    let mut is_there = true;
    for part in node.parts() {
        use piecewatch_model::PollPart::{Dashboard, Databases, Metrics, Paystubs, Satellites};
        let of_dashboard = match part {
            Satellites | Paystubs => true,
            Dashboard | Databases | Metrics => false,
        };
        if of_dashboard && !is_there {
            continue;
        }
        match node.ask(part, gate).await {
            Brought::Report(report) => {
                is_there &= part != Dashboard || report.poll.error.is_none();
                reports.push(report);
            }
            Brought::NotFound(_) => is_there = false,
        }
    }
    (node.name, reports)
}

fn tell(
    answers: &[(NodeName, Vec<Report>)],
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
    for (node, reports) in answers {
        if reports.is_empty() {
            table.row([node.as_str().into(), "–".into(), "no dashboard found".into()]);
        }
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
                time(poll).into(),
            ]);
        }
    }
    table.write(out, colour)?;
    for (node, reports) in answers {
        for poll in reports.iter().map(|report| &report.poll) {
            if let Some(error) = &poll.error {
                let what = format!("{node}, {}: {error}", poll.part.name());
                writeln!(out, "\n  {}", Style::Alert.paint(&what, colour))?;
            }
        }
    }
    Ok(())
}

fn time(poll: &Poll) -> String {
    let time = Duration::from_micros(poll.took_micros);
    match time.as_millis() {
        millis @ 0..10_000 => format!("{millis} ms"),
        _ => format!("{} s", time.as_secs()),
    }
}
