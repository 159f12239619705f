//! A collector that runs: a real process, a real database, real logs.

use std::{
    fs::{File, OpenOptions},
    io::Write,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use piecewatch_simulator::{Config, Simulator};
use piecewatch_store::{Nodes, Readers};
use serde_json::Value;

use crate::program::Bench;

/// Longer than anything takes that does happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// A collector; killed when dropped.
pub(crate) struct Collector<'a> {
    bench: &'a Bench,
    child: Child,
}

impl<'a> Collector<'a> {
    /// Starts one with what `collector.toml` says; what it logs is added to `collector.log`.
    pub(crate) fn start(bench: &'a Bench) -> Self {
        let log = OpenOptions::new().create(true).append(true).open(bench.path("collector.log"));
        let child = bench
            .command(["run", "--config", "collector.toml"])
            .stdout(Stdio::null())
            .stderr(log.unwrap())
            .spawn()
            .unwrap();
        Self { bench, child }
    }

    /// Starts one and waits until it reports that all of its nodes are live.
    pub(crate) fn live(bench: &'a Bench) -> Self {
        let collector = Self::start(bench);
        collector.until("all nodes are live", |status| {
            let nodes = status["nodes"].as_array().unwrap();
            !nodes.is_empty() && nodes.iter().all(|node| node["log"]["state"] == "live")
        });
        collector
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a status.
    pub(crate) fn until(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let bench = self.bench;
        let mut last = Value::Null;
        wait(what, || {
            if let Some(status) = status(bench) {
                last = status;
            }
            last.is_object() && is_so(&last)
        });
        last
    }

    /// Waits for words in the log.
    pub(crate) fn says(&self, words: &str) {
        wait(words, || self.bench.read("collector.log").contains(words));
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Waits until it has ended; how it did, and after how long.
    pub(crate) fn ended(mut self) -> (Option<i32>, Duration) {
        #[expect(clippy::disallowed_methods, reason = "a test measures how long a process takes")]
        let from = Instant::now();
        let status = self.child.wait().unwrap();
        (status.code(), from.elapsed())
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Collector<'_> {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What `status --json` says; `None` before there is a database.
pub(crate) fn status(bench: &Bench) -> Option<Value> {
    let ended = bench.run(["status", "--json", "--db", "nodes.db"]);
    (ended.code == Some(0)).then(|| serde_json::from_str(&ended.out).unwrap())
}

/// What is told of one node.
pub(crate) fn node<'a>(status: &'a Value, name: &str) -> &'a Value {
    let nodes = status["nodes"].as_array().unwrap();
    nodes.iter().find(|node| node["name"] == name).unwrap_or(&Value::Null)
}

/// How many transfers of a node are stored.
pub(crate) fn transfers(bench: &Bench, node: &str) -> u64 {
    let readers = Readers::open_existing(&bench.path("nodes.db"), PATIENCE).unwrap();
    let node = node.parse().unwrap();
    let nodes = Nodes::Of(std::slice::from_ref(&node));
    let totals = readers.get().unwrap().traffic_totals(nodes, None).unwrap();
    totals.rows.iter().map(|row| row.count).sum()
}

/// The log of a node that does things.
pub(crate) struct NodeLog {
    simulator: Simulator,
    file: File,
}

impl NodeLog {
    pub(crate) fn new(bench: &Bench, name: &str, seed: u64) -> Self {
        let simulator = Simulator::new(Config { seed, ..Config::default() });
        Self { simulator, file: File::create(bench.path(name)).unwrap() }
    }

    /// Writes lines; how many transfers ended or were turned away in all that was written.
    pub(crate) fn write(&mut self, lines: u64) -> u64 {
        let mut text = Vec::new();
        let truth = self.simulator.write(lines, &mut text).unwrap();
        let transfers = truth.transfers_total().count + truth.rejected;
        self.file.write_all(&text).unwrap();
        transfers
    }
}

/// Waits until something is so.
pub(crate) fn wait(what: &str, mut is_so: impl FnMut() -> bool) {
    #[expect(clippy::disallowed_methods, reason = "a test waits for another process")]
    let now = Instant::now;
    let until = now() + PATIENCE;
    while !is_so() {
        assert!(now() < until, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
