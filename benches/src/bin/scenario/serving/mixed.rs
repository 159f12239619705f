//! `mixed`: browsers, users and nodes at once, with a profile of the server.

use std::{thread, time::Duration};

use anyhow::Result;
use piecewatch_benches::document::{Bound, Subject, Target};

use super::{
    Name, Run, aggregate, profile,
    session::{Phase, Session},
    subject,
    user::Users,
    watcher::Wish,
};

const NODES: usize = 4;
const RATE: f64 = 400.0;
const CLIENTS: usize = 10;
const USERS: usize = 10;
/// Between a user's answer and the next question.
const PAUSE: Duration = Duration::from_millis(250);
const WARM_UP: u64 = 5;

const METHOD: &str = "\
- Four nodes at 400 events/s; 10 clients with overview, traffic and transfers; 10 users who ask latency, success,
  comparison and storage over 24 hours and 30 days, each four times a second.
- The profile is taken in a phase of its own after the last round, since it costs.";

pub(super) fn measure(run: &mut Run) -> Result<Subject> {
    let mut found = None;
    for round in 1..=run.rounds {
        crate::say(&format!("round {round} of {}", run.rounds));
        let mut session = Session::start(run, NODES, &[])?;
        session.set_rate(RATE)?;
        session.watch(&[Wish::page()], CLIENTS)?;
        let users = {
            let _entered = session.runtime.enter();
            Users::begin(&session.server.address, &aggregate::paths(), USERS, PAUSE)
        };
        let phase = Phase {
            name: "mixed".to_owned(),
            transfers_per_second: RATE,
            warm_up: WARM_UP,
            seconds: run.seconds,
        };
        thread::sleep(Duration::from_secs(1));
        let _ = users.take();
        let figures = session.phase(run, &phase)?;
        let answered = users.take();
        run.push("CPU", "%", figures.cpu_percent);
        run.push("memory", "bytes", figures.rss_bytes_max);
        run.push("p50", "ms", figures.latencies.quantile(0.5));
        run.push("p99", "ms", figures.latencies.quantile(0.99));
        run.push("unseen", "events", figures.unseen as f64);
        run.push("sends", "%", figures.sends_percent(CLIENTS));
        run.push("answers", "answers", answered.latencies.count() as f64);
        run.push("answers: p50", "ms", answered.latencies.quantile(0.5));
        run.push("answers: p99", "ms", answered.latencies.quantile(0.99));
        let failed = answered.refused.values().sum::<u64>() + answered.ended;
        run.push("answers: failures", "answers", failed as f64);
        if round == run.rounds {
            crate::say("profiling");
            found = profile::take(session.server.id(), run.seconds, &run.scratch)?;
        }
        drop(users);
        session.stop()?;
    }
    let mut subject = subject(Name::Mixed, "Browsers and users at once", METHOD.to_owned());
    for (series, most) in
        [("p99", 90.0), ("unseen", 0.0), ("memory", 40e6), ("answers: failures", 0.0)]
    {
        let (what, series) = (series.to_owned(), series.to_owned());
        subject.targets.push(Target { what, series, bound: Bound::AtMost(most) });
    }
    if let Some(found) = found {
        subject.tables = format!("## The profile\n\n```\n{}```\n\n", found.top);
        subject.tables.push_str("![A flame graph](flame.svg) ([stacks](stacks.txt))\n");
        subject.files.extend([("stacks.txt", found.folded), ("flame.svg", found.flame)]);
    }
    Ok(subject)
}
