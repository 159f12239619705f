//! `aggregate`: users who ask for a day and for a month, all at once.

use std::{thread, time::Duration};

use anyhow::Result;
use piecewatch_benches::document::{Bound, Subject, Target};

use super::{
    Name, Run,
    latency::Latencies,
    session::runtime,
    startup::History,
    subject,
    user::{Asker, Users},
};

const USERS: [usize; 3] = [10, 50, 100];
/// How often a held answer is asked for in a round, and a static one.
const HELD: usize = 2_000;
/// What a held answer may take, in milliseconds.
const HELD_MAX: f64 = 0.5;
const SETTLED: Duration = Duration::from_secs(1);

const METHOD: &str = "\
- A server on a copy of a history of 30 days, four nodes and 10 M transfers (1 M where that one is not there), nobody writing.
- Users ask latency, success, comparison and storage, over 24 hours and over 30 days, one after the other without a
  pause, each over one connection that stays, and accept compression. Answers are kept for a second.
- *Held*: one user asks the overview again and again, in turns with `/healthz`, 2,000 times each a round.
- Times are those of the client: all users share a thread, and the cores with the server.";

/// What users ask.
pub(super) fn paths() -> Vec<String> {
    let windows = ["24h", "30d"];
    let asked = ["latency", "overview", "compare", "storage"];
    let of = |window| asked.map(|what| format!("/api/v1/{what}?window={window}"));
    windows.into_iter().flat_map(of).collect()
}

pub(super) fn measure(run: &mut Run) -> Result<Subject> {
    let history = History::of_10_million(run)?;
    for round in 1..=run.rounds {
        crate::say(&format!("round {round} of {}", run.rounds));
        let server = history.serve(&run.program)?;
        let runtime = runtime()?;
        let (held, fixed) = runtime.block_on(held(&server.address))?;
        run.push("held: p50", "ms", held.quantile(0.5));
        run.push("held: p99", "ms", held.quantile(0.99));
        run.push("static: p50", "ms", fixed.quantile(0.5));
        run.push("static: p99", "ms", fixed.quantile(0.99));
        run.push("held over static: p50", "ratio", held.quantile(0.5) / fixed.quantile(0.5));
        for users in USERS {
            crate::say(&format!("{users} users: {} s", run.seconds));
            let asking = {
                let _entered = runtime.enter();
                Users::begin(&server.address, &paths(), users, Duration::ZERO)
            };
            thread::sleep(SETTLED);
            let _ = asking.take();
            thread::sleep(Duration::from_secs(run.seconds));
            let answered = asking.take();
            drop(asking);
            let name = format!("{users} users");
            let a_second = answered.latencies.count() as f64 / run.seconds.max(1) as f64;
            let busy = answered.refused.get(&503).copied().unwrap_or_default();
            let other = answered.refused.values().sum::<u64>() - busy + answered.ended;
            run.push(&format!("{name}: answers a second"), "answers", a_second);
            run.push(&format!("{name}: p50"), "ms", answered.latencies.quantile(0.5));
            run.push(&format!("{name}: p99"), "ms", answered.latencies.quantile(0.99));
            run.push(&format!("{name}: longest"), "ms", answered.latencies.quantile(1.0));
            run.push(&format!("{name}: 503"), "answers", busy as f64);
            run.push(&format!("{name}: other failures"), "answers", other as f64);
            for (path, latencies) in &answered.by_path {
                run.push(&format!("{name}, {path}: p99"), "ms", latencies.quantile(0.99));
            }
            thread::sleep(SETTLED);
        }
        runtime.shutdown_background();
        server.stop()?;
    }
    let mut subject = subject(Name::Aggregate, "Users who ask over HTTP", METHOD.to_owned());
    let mut at_most = |series: String, most: f64| {
        let (what, bound) = (series.clone(), Bound::AtMost(most));
        subject.targets.push(Target { what, series, bound });
    };
    at_most("held: p99".to_owned(), HELD_MAX);
    for users in USERS {
        at_most(format!("{users} users: 503"), 0.0);
        at_most(format!("{users} users: other failures"), 0.0);
    }
    Ok(subject)
}

/// A held answer and a static one, in turns.
async fn held(address: &str) -> Result<(Latencies, Latencies)> {
    let mut asker = Asker::connect(address).await?;
    let (mut held, mut fixed) = (Latencies::default(), Latencies::default());
    // Once before it counts.
    asker.ask("/api/v1/overview").await?;
    for _ in 0..HELD {
        held.add(asker.ask("/api/v1/overview").await?.took, 1);
        fixed.add(asker.ask("/healthz").await?.took, 1);
    }
    Ok((held, fixed))
}
