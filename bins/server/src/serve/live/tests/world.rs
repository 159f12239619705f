//! Nodes that log, pipelines that read them, and states over both.

use std::{
    num::NonZeroUsize,
    path::PathBuf,
    sync::{Arc, LazyLock, Mutex, MutexGuard, atomic::AtomicU64},
    time::Duration,
};

use piecewatch_analytics::{Observatory, ObservatorySettings};
use piecewatch_collector::{
    config::{Config, Sayings},
    pipeline::{Pipeline, unwritten::Unwritten},
};
use piecewatch_finance::{Ledger, LedgerSettings};
use piecewatch_ingest::{Archive, Flow, Import, ImportConfig};
use piecewatch_model::{Grain, NodeName, Timestamp};
use piecewatch_simulator::{LiveConfig, LiveLog};
use piecewatch_store::{Appended, Readers, Store, StoreConfig};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    clock,
    serve::live::{Live, Parts},
};

const HOUR: i64 = 3600 * 1_000_000;
/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Noon of a day that is not over yet, or of the one before it: an hour before and after it are of one
/// day, whenever the test runs, and nothing of it is too old to be kept.
pub(super) static NOON: LazyLock<Timestamp> =
    LazyLock::new(|| clock::now().plus_micros(-12 * HOUR).floor(Grain::Day).plus_micros(12 * HOUR));

/// When the states of tests are asked for, unless they say otherwise: logs begin half an hour before.
pub(super) fn noon() -> Timestamp {
    *NOON
}

/// Nodes in a folder.
pub(super) struct World {
    folder: TempDir,
    pub(super) logs: Vec<(NodeName, Arc<Mutex<LiveLog>>)>,
}

impl World {
    /// Nodes whose logs begin half an hour before noon.
    pub(super) fn new(nodes: &[&str]) -> Self {
        Self::beginning(nodes, noon().plus_micros(-HOUR / 2))
    }

    pub(super) fn beginning(nodes: &[&str], start: Timestamp) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = |(seed, name): (u64, &&str)| {
            let simulated = piecewatch_simulator::Config {
                seed,
                start: Some(start),
                encoding: piecewatch_simulator::Encoding::DockerJson,
                ..piecewatch_simulator::Config::default()
            };
            let path = folder.path().join(format!("{name}.log"));
            let log = LiveLog::create(simulated, LiveConfig::new(path)).unwrap();
            (name.parse().unwrap(), Arc::new(Mutex::new(log)))
        };
        let logs = (1..).zip(nodes).map(log).collect();
        Self { folder, logs }
    }

    pub(super) fn db(&self) -> PathBuf {
        self.folder.path().join("nodes.db")
    }

    pub(super) fn log(&self, node: usize) -> MutexGuard<'_, LiveLog> {
        self.logs[node].1.lock().unwrap()
    }

    pub(super) fn path(&self, node: usize) -> PathBuf {
        self.folder.path().join(format!("{}.log", self.logs[node].0))
    }

    /// How many transfers, and of how many bytes those that succeeded, were written of a node.
    pub(super) fn truth(&self, node: usize) -> (u64, u64) {
        let log = self.log(node);
        let all = log.truth().transfers_total().count;
        let is_success = |key: &piecewatch_simulator::TransferKey| {
            key.outcome == piecewatch_model::Outcome::Success
        };
        let moved = log.truth().transfers.iter().filter(|(key, _)| is_success(key));
        (all, moved.map(|(_, total)| total.bytes).sum())
    }

    pub(super) fn all(&self) -> u64 {
        (0..self.logs.len()).map(|node| self.truth(node).0).sum()
    }

    pub(super) fn config(&self, commit_interval: Duration) -> Config {
        let nodes = self.logs.iter().enumerate();
        let nodes = nodes.map(|(node, (name, _))| format!("{name}={}", self.path(node).display()));
        let said = Sayings { db: Some(self.db()), nodes: nodes.collect(), ..Sayings::default() };
        let mut config = Config::load(&said).unwrap();
        config.performance.commit_interval = commit_interval;
        config
    }

    /// Imports the log of a node, beside whoever follows it. What that one stores first is left to it.
    pub(super) fn import(&self, store: &mut Store, node: usize) {
        let Store { writer, readers } = store;
        let known = readers.get().unwrap().sources(&self.logs[node].0).unwrap();
        let config = ImportConfig {
            node: self.logs[node].0.clone(),
            workers: NonZeroUsize::MIN,
            countries: None,
            time_zone: None,
        };
        let mut import = Import::new(config, known.checkpoints, known.newest);
        let archive = Archive::open(&self.path(node)).unwrap();
        let read = import.file(&archive, &AtomicU64::new(0), &mut |batch| {
            let appended = writer.append(&[batch], clock::now()).unwrap();
            if appended == [Appended::Committed] { Flow::Continue } else { Flow::Stop }
        });
        read.unwrap();
    }

    /// Follows the nodes in this process, as a server does.
    pub(super) fn watched(&self, commit_interval: Duration) -> (Pipeline, Unwritten) {
        let unwritten = Unwritten::new();
        let config = self.config(commit_interval);
        (Pipeline::start_watched(config, unwritten.clone()).unwrap(), unwritten)
    }

    pub(super) fn readers(&self) -> Readers {
        Store::open(&self.db(), StoreConfig::default()).unwrap().readers
    }

    pub(super) fn parts(&self, unwritten: Option<&Unwritten>) -> Parts {
        let readers = self.readers();
        let names: Vec<NodeName> = self.logs.iter().map(|(name, _)| name.clone()).collect();
        Parts {
            observatory: Arc::new(Observatory::new(
                readers.clone(),
                &ObservatorySettings::default(),
                clock::coarse,
            )),
            ledger: Arc::new(Ledger::new(
                readers.clone(),
                LedgerSettings::default(),
                clock::coarse,
            )),
            readers,
            unwritten: unwritten.cloned(),
            configured: Box::new(move || names.clone()),
            alerts: Box::new(|_| json!({ "alerts": {} })),
            active_alerts: Box::new(|_| 0),
            status: Box::new(|nodes| Ok(json!({ "nodes_count": nodes.len() }))),
            is_current: Box::new(|_| true),
            now: noon,
        }
    }

    pub(super) fn live(&self, unwritten: Option<&Unwritten>) -> Live {
        Live::new(self.parts(unwritten))
    }
}

/// A number of an object in an object.
pub(super) fn number(value: &Value, path: &str) -> u64 {
    value.pointer(path).and_then(Value::as_u64).unwrap_or(0)
}

/// How many transfers the overview counts today.
pub(super) fn today(live: &Live, nodes: &[&str]) -> u64 {
    number(&live.state("overview", nodes).unwrap(), "/total/count")
}

/// How many transfers the minutes of the last hour hold.
pub(super) fn last_hour(live: &Live, nodes: &[&str]) -> u64 {
    let state = live.state("traffic", nodes).unwrap();
    let minutes = state["minutes"].as_object().unwrap().values();
    let actions = minutes.flat_map(|minute| minute.as_object().unwrap().values());
    actions.map(|action| number(action, "/count")).sum()
}

/// Waits until something is so.
pub(super) fn wait(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = clock::Stopwatch::start();
    while !is_so() {
        assert!(begin.elapsed() < PATIENCE, "it is not so in time: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
