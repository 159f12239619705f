//! A collector that is killed at any instant loses no line and counts none twice.

use std::{
    env, fs,
    fs::OpenOptions,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use piecewatch_store::{Store, StoreConfig};

use crate::{
    fleet::{Fleet, Written},
    program::Bench,
    service::signal,
    totals,
};

/// How many kills the suite has; `just crash` has more.
const KILLS: usize = 50;
/// After so many kills of one fleet its totals are looked at, and another fleet begins.
const KILLS_PER_FLEET: usize = 25;
/// A collector lives from 2^1 to 2^11 ms, each power of two as often as another: half of all kills
/// come before it has read for a tenth of a second.
const LIFE_POWERS: std::ops::Range<f64> = 1.0..11.0;
/// How long the last collector may take for what the others left.
const PATIENCE: Duration = Duration::from_secs(60);

fn number(variable: &str, otherwise: usize) -> usize {
    env::var(variable).map_or(otherwise, |text| text.parse().unwrap())
}

/// A collector that follows nodes into this database, commits often and tells much.
pub(crate) fn run(bench: &Bench, db: &str, nodes: &[String]) -> Command {
    let mut command = bench.command(["run", "--db", db]);
    command
        .args(nodes)
        .env("PIECEWATCH_PERFORMANCE_COMMIT_INTERVAL_MS", "50")
        .env("PIECEWATCH_LOG_LEVEL", "debug")
        .env("PIECEWATCH_LOG_RATE_LIMIT_PER_MINUTE", "0");
    command
}

pub(crate) fn start(bench: &Bench, nodes: &[String]) -> Child {
    let log = OpenOptions::new().create(true).append(true).open(bench.path("collector.log"));
    run(bench, "nodes.db", nodes).stderr(Stdio::from(log.unwrap())).spawn().unwrap()
}

/// Waits until all lines are read, and a moment longer for lines too many.
pub(crate) fn wait_for(bench: &Bench, nodes: &[Written]) {
    let Store { writer, readers } =
        Store::open(&bench.path("nodes.db"), StoreConfig::default()).unwrap();
    drop(writer);
    let truth: Vec<u64> = nodes.iter().map(|node| node.log.truth().lines).collect();
    let step = Duration::from_millis(20);
    for _ in 0..PATIENCE.as_millis() / step.as_millis() {
        let lines = totals::lines(&readers.get().unwrap(), nodes);
        if lines.iter().zip(&truth).all(|(stored, told)| stored >= told) {
            break;
        }
        thread::sleep(step);
    }
    thread::sleep(Duration::from_millis(200));
}

/// Kills collectors while a fleet writes, lets a last one read all, and gives what is not the truth.
fn kill_again_and_again(bench: &Bench, number: usize, seed: u64, kills: usize) -> Vec<String> {
    let fleet = Fleet::start(&bench.path("."), number, seed);
    let arguments = fleet.arguments();
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..kills {
        let mut child = start(bench, &arguments);
        let power = LIFE_POWERS.start + random.f64() * (LIFE_POWERS.end - LIFE_POWERS.start);
        thread::sleep(Duration::from_secs_f64(power.exp2() / 1_000.0));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let nodes = fleet.stop();
    let mut child = start(bench, &arguments);
    wait_for(bench, &nodes);
    signal(&child.id().to_string(), "TERM");
    let status = child.wait().unwrap();
    let mut found = totals::differences(&bench.path("nodes.db"), &nodes);
    if !status.success() {
        found.push(format!("the last collector ended with {status}"));
    }
    for node in &nodes {
        eprintln!(
            "{}: {} lines, {} files, {}",
            node.name,
            node.log.truth().lines,
            node.log.files().len(),
            node.manner
        );
    }
    found
}

#[test]
fn killed_at_any_instant_a_collector_counts_every_line_once() {
    let kills = number("PIECEWATCH_CRASH_KILLS", KILLS);
    let seed = number("PIECEWATCH_CRASH_SEED", 1) as u64;
    let mut failed = Vec::new();
    for fleet in 0..kills.div_ceil(KILLS_PER_FLEET) {
        let mut bench = Bench::new();
        let kills = KILLS_PER_FLEET.min(kills - fleet * KILLS_PER_FLEET);
        let found = kill_again_and_again(&bench, fleet, seed + 10 * fleet as u64, kills);
        if !found.is_empty() {
            bench.keep();
            let folder = fs::canonicalize(bench.path(".")).unwrap();
            failed.push(format!("fleet {fleet}, in {}:", folder.display()));
            failed.extend(found);
        }
    }
    assert!(failed.is_empty(), "after {kills} kills:\n{}", failed.join("\n"));
}
