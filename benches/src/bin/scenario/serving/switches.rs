//! `switches`: each optimisation off, in turns with all of them on.

use std::time::Duration;

use anyhow::Result;
use piecewatch_benches::document::Subject;

use super::{
    Name, Run,
    session::{Phase, Session},
    subject,
    user::Users,
    watcher::Wish,
};

const NODES: usize = 4;
const RATE: f64 = 400.0;
const CLIENTS: usize = 10;
const USERS: usize = 5;
/// Between a user's answer and the next question.
const PAUSE: Duration = Duration::from_millis(100);
const WARM_UP: u64 = 3;
/// What users ask: something of each cache, over 24 hours.
const ASKED: [&str; 10] = [
    "latency",
    "overview",
    "compare",
    "storage",
    "traffic",
    "errors",
    "compactions",
    "maintenance",
    "reputation",
    "earnings",
];
const NO_ANSWERS: (&str, &str) = ("PERFORMANCE_ANSWER_CACHE", "false");
/// What is off, and the settings that do it.
const OFF: [(&str, &[(&str, &str)]); 22] = [
    ("all on", &[]),
    ("no window", &[("PERFORMANCE_COALESCE_MS", "0")]),
    ("no patches", &[("PERFORMANCE_DIFFS", "false")]),
    ("no rates", &[("PERFORMANCE_RATES", "false")]),
    ("topics once a second", &[("PERFORMANCE_MAX_BROADCAST_HZ", "1")]),
    ("no sharing", &[("PERFORMANCE_SHARING", "false")]),
    ("not adaptive", &[("PERFORMANCE_ADAPTIVE", "false")]),
    ("no notifications", &[("PERFORMANCE_NOTIFICATIONS", "false")]),
    ("no jitter", &[("UPKEEP_JITTER_PERCENT", "0"), ("POLLING_JITTER_PERCENT", "0")]),
    ("no limit of the log", &[("LOG_RATE_LIMIT_PER_MINUTE", "0"), ("LOG_LEVEL", "debug")]),
    ("one connection to read", &[("PERFORMANCE_READ_CONNECTIONS", "1")]),
    ("no compression", &[("PERFORMANCE_COMPRESSION", "false")]),
    ("no cache of answers", &[NO_ANSWERS]),
    ("nor of latencies", &[NO_ANSWERS, ("CACHE_LATENCY_SECONDS", "0")]),
    ("nor of traffic", &[NO_ANSWERS, ("CACHE_TRAFFIC_SECONDS", "0")]),
    ("nor of rates", &[NO_ANSWERS, ("CACHE_RATES_SECONDS", "0")]),
    ("nor of errors", &[NO_ANSWERS, ("CACHE_ERRORS_SECONDS", "0")]),
    ("nor of work", &[NO_ANSWERS, ("CACHE_WORK_SECONDS", "0")]),
    ("nor of satellites", &[NO_ANSWERS, ("CACHE_SATELLITES_SECONDS", "0")]),
    (
        "nor of storage",
        &[NO_ANSWERS, ("CACHE_STORAGE_SECONDS", "0"), ("CACHE_STORAGE_TOTAL_SECONDS", "0")],
    ),
    ("nor of connectivity", &[NO_ANSWERS, ("CACHE_CONNECTIVITY_SECONDS", "0")]),
    ("nor of comparisons", &[NO_ANSWERS, ("CACHE_COMPARISON_SECONDS", "0")]),
];

const METHOD: &str = "\
- Four nodes at 400 events/s; 10 clients with overview, traffic and transfers, half of them with 2 updates a second;
  5 users who ask, over HTTP, ten times a second each, something of each cache: latency, overview, comparison, storage,
  traffic, errors, compactions, maintenance, reputation and earnings of 24 hours.
- Each line of the table is a server of its own, in turns. *Over all on* is the ratio to *all on* of the same
  round, median of the rounds. The p99 is that of all clients: of those with 2 updates a second, where rates are on.
- *Topics once a second*: traffic and transfers, which are sent twice a second otherwise; without a limit they are
  under *no rates*.
- *Nor of …*: without the cache of answers one cache less, so it is to be held against *no cache of answers*.
- *No limit of the log* writes the log of level debug. Jitter moves work that comes every minute or less often, so
  that it does not fall together; seconds do not show it.";

/// What is compared, with its unit.
const COMPARED: [(&str, &str); 6] = [
    ("CPU", "%"),
    ("frames a second", "frames"),
    ("frame bytes a second", "bytes"),
    ("p99", "ms"),
    ("HTTP bytes an answer", "B"),
    ("HTTP p99", "ms"),
];

pub(super) fn measure(run: &mut Run) -> Result<Subject> {
    for round in 1..=run.rounds {
        let mut all_on: Option<[f64; 6]> = None;
        for (name, settings) in OFF {
            crate::say(&format!("round {round} of {}: {name}", run.rounds));
            let figures = one(run, name, settings)?;
            let base = *all_on.get_or_insert(figures);
            for (((what, unit), value), of_all) in COMPARED.iter().zip(figures).zip(base) {
                run.push(&format!("{name}: {what}"), unit, value);
                run.push(&format!("{name}: {what} over all on"), "ratio", value / of_all.max(1e-9));
            }
        }
    }
    let mut subject = subject(Name::Switches, "Each optimisation off and on", METHOD.to_owned());
    subject.tables = table(run);
    Ok(subject)
}

fn one(run: &mut Run, name: &str, settings: &[(&'static str, &'static str)]) -> Result<[f64; 6]> {
    let settings: Vec<_> = settings.iter().map(|&(name, value)| (name, value.to_owned())).collect();
    let mut session = Session::start(run, NODES, &settings)?;
    session.set_rate(RATE)?;
    session.watch(&[Wish::page(), Wish { max_hz: Some(2.0), ..Wish::page() }], CLIENTS)?;
    let paths = ASKED.map(|what| format!("/api/v1/{what}?window=24h"));
    let users = {
        let _entered = session.runtime.enter();
        Users::begin(&session.server.address, &paths, USERS, PAUSE)
    };
    let phase = Phase {
        name: name.to_owned(),
        transfers_per_second: RATE,
        warm_up: WARM_UP,
        seconds: run.seconds,
    };
    let figures = session.phase(run, &phase)?;
    let answered = users.take();
    drop(users);
    session.stop()?;
    let seconds = run.seconds.max(1) as f64;
    Ok([
        figures.cpu_percent,
        figures.counted.frames as f64 / seconds,
        figures.counted.bytes as f64 / seconds,
        figures.latencies.quantile(0.99),
        answered.bytes as f64 / (answered.latencies.count() as f64).max(1.0),
        answered.latencies.quantile(0.99),
    ])
}

fn table(run: &Run) -> String {
    let mut text = "## Off and on\n\n|".to_owned();
    for (what, _) in COMPARED {
        text = text + " | " + what;
    }
    text = text + " |\n|---" + &"|---".repeat(COMPARED.len()) + "|\n";
    let median = |name: &str| {
        let series = run.series.iter().find(|series| series.name == name);
        series.and_then(piecewatch_benches::series::Series::spread).map_or(0.0, |of| of.median)
    };
    for (name, _) in OFF {
        text = text + "| " + name;
        for (what, unit) in COMPARED {
            let value = median(&format!("{name}: {what}"));
            let ratio = median(&format!("{name}: {what} over all on"));
            let value = match unit {
                "bytes" => format!("{:.0} KB", value / 1e3),
                _ => format!("{value:.1} {unit}"),
            };
            text += &format!(" | {value} ({ratio:.2}×)");
        }
        text += " |\n";
    }
    text
}
