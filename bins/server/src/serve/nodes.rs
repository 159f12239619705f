//! The nodes that this process follows: the collector, inside the server.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock},
};

use crossbeam_channel::{Receiver, TryRecvError};
use piecewatch_analytics::alert::{Lag, MonitorFacts};
use piecewatch_collector::{
    Filling,
    config::Config,
    pipeline::{NodeState, Pipeline, PipelineState, unwritten::Unwritten},
};
use piecewatch_ingest::State;
use piecewatch_model::{NodeName, Timestamp};
use piecewatch_store::{Nodes as AskedNodes, Readers};

use super::alerts::Sight;
use crate::{Result, clock};

/// What follows the logs of nodes, for as long as the server runs.
#[derive(Debug)]
pub(crate) struct Nodes {
    /// `None` when it was stopped. Held while files are written and readers joined: it is for threads
    /// that may wait.
    pipeline: Mutex<Option<Pipeline>>,
    /// How everything was when it was told last; `None` when it was stopped. Never held for long.
    state: Mutex<Option<Arc<PipelineState>>>,
    /// Becomes closed when what writes has ended by itself.
    ended: Receiver<()>,
}

impl Nodes {
    /// Begins to follow the nodes of a configuration; what is read is there to be seen at once.
    ///
    /// # Errors
    ///
    /// When the database cannot be opened, or another process follows one of the nodes.
    pub(crate) fn start(config: Config, unwritten: Unwritten) -> Result<Self> {
        let pipeline = Pipeline::start_watched(config, unwritten)?;
        tracing::info!("started: {}", pipeline.headline());
        let state = Mutex::new(Some(Arc::new(pipeline.state())));
        let ended = pipeline.ended().clone();
        Ok(Self { pipeline: Mutex::new(Some(pipeline)), state, ended })
    }

    /// How everything was within the last second; `None` when it was stopped. Waits for nothing.
    pub(crate) fn state(&self) -> Option<Arc<PipelineState>> {
        held(&self.state).clone()
    }

    /// Whether the log of a node is read up to now; that of a node without one is.
    pub(crate) fn is_current(&self, name: &NodeName) -> bool {
        let state = self.state();
        let mut nodes = state.iter().flat_map(|state| &state.nodes);
        let node = nodes.find(|node| node.node == *name);
        node.is_none_or(|node| matches!(node.state, State::Live { .. }))
    }

    /// What stands in the way of being up to date; `None` when all nodes are followed live and what
    /// they tell can be written.
    pub(crate) fn trouble(&self) -> Option<String> {
        let Some(state) = self.state() else { return Some("the server stops".to_owned()) };
        if let Some(blocked) = &state.writer.blocked {
            return Some(blocked.clone());
        }
        state.nodes.iter().find_map(|node| match &node.state {
            State::Live { .. } => None,
            State::Starting => Some(format!("{} is just begun", node.node)),
            State::Waiting { reason }
            | State::Moved { reason }
            | State::Disconnected { reason, .. } => Some(format!("{}: {reason}", node.node)),
            State::CatchingUp { read_bytes, total_bytes } => {
                Some(format!("{} catches up: {read_bytes} of {total_bytes} bytes", node.node))
            }
        })
    }

    /// Tells other processes how everything is; about once a second.
    pub(crate) fn tell(&self) {
        let mut held_pipeline = held(&self.pipeline);
        if let Some(pipeline) = held_pipeline.as_mut() {
            pipeline.tell();
            *held(&self.state) = Some(Arc::new(pipeline.state()));
        }
    }

    /// Finds out which nodes are silent; about once a minute.
    pub(crate) fn look_for_silence(&self) {
        if let Some(pipeline) = held(&self.pipeline).as_mut() {
            pipeline.look_for_silence();
        }
    }

    /// Follows the nodes of another configuration.
    pub(crate) fn reload(&self, config: Config) {
        if let Some(pipeline) = held(&self.pipeline).as_mut() {
            pipeline.reload(config);
        }
    }

    /// Whether what writes has ended by itself: the database is damaged, or gone.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.try_recv() == Err(TryRecvError::Disconnected)
    }

    /// Commits what was read, and ends.
    ///
    /// # Errors
    ///
    /// What ended the writer before.
    pub(crate) fn stop(&self) -> Result<()> {
        let pipeline = held(&self.pipeline).take();
        *held(&self.state) = None;
        Ok(pipeline.map_or(Ok(()), Pipeline::stop)?)
    }
}

/// Tells whether the log of a node is read up to now; it is taken to be where another process reads.
pub(crate) fn current_of(
    nodes: Option<Arc<Nodes>>,
) -> Box<dyn Fn(&NodeName) -> bool + Send + Sync> {
    Box::new(move |name| match &nodes {
        Some(nodes) => nodes.is_current(name),
        None => true,
    })
}

/// For how many seconds after its newest record a node is missed whose follower died: a week.
const MISSED_FOR: u64 = 7 * 86_400;

/// For so long after the start it is told that it was slow: else that would never be over.
const START_MICROS: i64 = 3_600_000_000;

/// What is watched for alerts: the nodes that are configured now, those that any process follows into
/// the database or asks for it, and those whose follower died. Of a node that is in the database and in none
/// of these nobody expects anything: it would only be silent.
pub(crate) fn sight(
    nodes: Option<Arc<Nodes>>,
    started: Arc<OnceLock<u64>>,
    readers: Readers,
    current: Arc<RwLock<Arc<Config>>>,
) -> Box<dyn Fn(Timestamp) -> Sight + Send + Sync> {
    let config = move || Arc::clone(&current.read().unwrap_or_else(PoisonError::into_inner));
    // It stays the same when another one is configured.
    let db = config().db.clone();
    let begun_at = clock::now();
    Box::new(move |now| {
        let config = config();
        let state = nodes.as_ref().and_then(|nodes| nodes.state());
        let own = state.iter().flat_map(|state| &state.nodes);
        let (filling, unasked) = match piecewatch_collector::filling(&db, now) {
            Ok(filling) => (filling, None),
            Err(error) => (Filling::default(), Some(error.to_string())),
        };
        let nobody = filling.followed.is_empty() && filling.asked.is_empty();
        let unread = (nodes.is_none() && unasked.is_none() && nobody).then(|| {
            "nobody follows a node into the database; start a collector: piecewatch-collector run"
                .to_owned()
        });
        let Filling {
            followed,
            mut catching_up,
            mut unreadable,
            mut open_audits,
            lost,
            asked,
            blocked,
        } = filling;
        // What this process knows of its own is newer than what it has told.
        for node in own.clone() {
            catching_up.remove(&node.node);
            unreadable.remove(&node.node);
            open_audits.remove(&node.node);
            open_audits.extend(node.open_audit.map(|since| (node.node.clone(), since)));
            match &node.state {
                State::CatchingUp { .. } => drop(catching_up.insert(node.node.clone())),
                State::Waiting { reason } | State::Disconnected { reason, .. } => {
                    unreadable.insert(node.node.clone(), reason.clone());
                }
                State::Starting | State::Moved { .. } | State::Live { .. } => {}
            }
        }
        let lags: Vec<Lag> =
            catching_up.iter().filter_map(|node| lag(&readers, node, now)).collect();
        let mut read = followed.clone();
        for node in catching_up.iter().filter(|node| lags.iter().all(|lag| lag.node != **node)) {
            read.remove(node);
        }
        // A follower that died leaves its name for ever; of a node that was given up nobody expects anything.
        let is_missed =
            |node: &NodeName| lag(&readers, node, now).is_none_or(|lag| lag.seconds < MISSED_FOR);
        let mut watched: BTreeSet<NodeName> =
            config.nodes.iter().map(|node| node.name.clone()).chain(followed).collect();
        watched.extend(lost.into_iter().filter(is_missed));
        let is_new = |node: &&NodeState| matches!(node.state, State::Starting);
        let mut behind = catching_up;
        behind.extend(own.filter(is_new).map(|node| node.node.clone()));
        // Nobody reads their logs any more, and so they say nothing.
        behind.extend(asked.difference(&watched).cloned());
        watched.extend(asked);
        let unread_nodes = watched.difference(&read).cloned().collect();
        let is_begun_lately = now.as_micros() - begun_at.as_micros() < START_MICROS;
        let own_blocked = state.as_ref().and_then(|state| state.writer.blocked.clone());
        let monitor = MonitorFacts {
            blocked: own_blocked.or(blocked),
            unread,
            unreadable: unasked,
            start_up_ms: started.get().copied().filter(|_| is_begun_lately),
            lags,
            unread_nodes,
        };
        Sight { nodes: watched, behind, unreadable, open_audits, monitor }
    })
}

/// How old the newest record of a node is whose log is behind; `None` where there is none.
fn lag(readers: &Readers, node: &NodeName, now: Timestamp) -> Option<Lag> {
    let reader = readers.get().ok()?;
    let newest = reader.reach(AskedNodes::Of(std::slice::from_ref(node))).ok()??.to;
    let seconds = now.as_seconds() - newest.as_seconds();
    Some(Lag { node: node.clone(), seconds: u64::try_from(seconds).unwrap_or(0) })
}

/// Nothing is left half done while one of these is held.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{fs, slice};

    use piecewatch_analytics::alert::{Policy, States, Thresholds, of_monitor};
    use piecewatch_collector::config::Sayings;
    use piecewatch_model::{
        Action, Batch, ByteCount, Fingerprinter, LineCounts, Outcome, PieceId, Poll, PollPart,
        Record, Report, Start, Transfer,
    };
    use piecewatch_store::{Holder, NodeLock, Store, StoreConfig, locks_folder};
    use tempfile::TempDir;

    use super::*;

    /// A database in which there is a node that nobody follows any more.
    struct Bench {
        folder: TempDir,
        readers: Readers,
        current: Arc<RwLock<Arc<Config>>>,
    }

    impl Bench {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let db = folder.path().join("n.db");
            let mut store = Store::open(&db, StoreConfig::default()).unwrap();
            let (at, part) = (clock::now(), PollPart::Dashboard);
            let bytes = ByteCount::new(900);
            let poll = Poll { at, part, took_micros: 1_200, requests: 1, bytes, error: None };
            let report = Report { node: name("bygone"), poll, facts: Vec::new() };
            store.writer.report(&report, at).unwrap();
            let current = Arc::new(RwLock::new(Arc::new(configured(&folder, &[]))));
            Self { folder, readers: store.readers, current }
        }

        fn take(&self, config: Config) {
            *self.current.write().unwrap() = Arc::new(config);
        }

        /// What a server sees whose nodes others follow.
        fn sight(&self) -> Sight {
            let (started, current) = (Arc::default(), Arc::clone(&self.current));
            sight(None, started, self.readers.clone(), current)(clock::now())
        }

        fn holder() -> Holder {
            Holder { program: "another".to_owned(), process: 4_711, since: clock::now() }
        }
    }

    fn name(of: &str) -> NodeName {
        of.parse().unwrap()
    }

    fn configured(folder: &TempDir, nodes: &[&str]) -> Config {
        let log = |node: &&str| format!("{node}={}/{node}.log", folder.path().display());
        let nodes = nodes.iter().map(log).collect();
        let db = Some(folder.path().join("n.db"));
        let sayings = Sayings { db, nodes, ..Sayings::default() };
        Config::load_settings(&sayings).unwrap_or_else(|error| panic!("{:?}", error.lines()))
    }

    fn names(of: &BTreeSet<NodeName>) -> Vec<&str> {
        of.iter().map(NodeName::as_str).collect()
    }

    #[test]
    fn nodes_of_the_configuration_now_and_of_other_processes_are_watched_and_no_others() {
        let bench = Bench::new();
        bench.take(configured(&bench.folder, &["attic"]));
        let db = bench.folder.path().join("n.db");
        let followed = NodeLock::take(&db, &name("shed"), &Bench::holder()).unwrap();
        let asked = NodeLock::take_to_ask(&db, &name("cellar"), &Bench::holder()).unwrap();
        let sight = bench.sight();
        assert_eq!(names(&sight.nodes), ["attic", "cellar", "shed"]);
        assert_eq!(names(&sight.behind), ["cellar"], "its log is read by nobody");
        let unread_nodes = [name("attic"), name("cellar")].into();
        assert_eq!(sight.monitor, MonitorFacts { unread_nodes, ..MonitorFacts::default() });

        bench.take(configured(&bench.folder, &["barn", "cellar"]));
        let sight = bench.sight();
        assert_eq!(names(&sight.nodes), ["barn", "cellar", "shed"]);
        assert_eq!(names(&sight.behind), [""; 0]);

        drop((followed, asked));
        let sight = bench.sight();
        assert_eq!(names(&sight.nodes), ["barn", "cellar"]);
        let unread = sight.monitor.unread.unwrap();
        assert!(unread.starts_with("nobody follows a node"), "{unread}");
    }

    #[test]
    fn a_slow_start_is_told_and_over_after_an_hour() {
        let bench = Bench::new();
        let (started, current) = (Arc::new(OnceLock::from(9_000)), Arc::clone(&bench.current));
        let sight = sight(None, started, bench.readers.clone(), current);
        let (begun_at, thresholds) = (clock::now(), Thresholds::default());
        let mut states = States::default();
        let mut told = Vec::new();
        for minute in 0..120 {
            let now = begun_at.plus_micros(minute * 60_000_000);
            let found = of_monitor(&sight(now).monitor, |_| &thresholds);
            let step = states.step(&found, &Policy::default(), now);
            let slow = step.notices.iter().filter(|of| &*of.alert.rule == "slow_start");
            told.extend(slow.map(|of| (minute, of.notice.name())));
        }
        assert_eq!(told, [(2, "fired"), (65, "resolved")]);
    }

    #[test]
    fn a_node_whose_follower_was_killed_is_watched_until_somebody_gives_it_up() {
        let bench = Bench::new();
        let db = bench.folder.path().join("n.db");
        let lock = NodeLock::take(&db, &name("shed"), &Bench::holder()).unwrap();
        // What a killed process leaves: it says who it is, and its lock is free.
        let files = fs::read_dir(locks_folder(&db).unwrap()).unwrap();
        let mut paths = files.map(|file| file.unwrap().path());
        let told = paths.find(|path| path.extension().is_some_and(|of| of == "holder")).unwrap();
        let words = fs::read(&told).unwrap();
        drop(lock);
        fs::write(&told, words).unwrap();
        let sight = bench.sight();
        assert_eq!((names(&sight.nodes), names(&sight.behind)), (vec!["shed"], vec![]));
        assert_eq!(names(&sight.monitor.unread_nodes), ["shed"], "how late it is nobody knows");
        drop(NodeLock::take(&db, &name("shed"), &Bench::holder()).unwrap());
        assert_eq!(names(&bench.sight().nodes), [""; 0]);
    }

    /// Of what one reads who hangs nobody knows how it is now, nor whether the audit has ended.
    #[test]
    fn an_audit_that_goes_on_is_seen_and_what_a_process_reads_that_hangs_is_not_known() {
        let bench = Bench::new();
        let db = bench.folder.path().join("n.db");
        let holder = Bench::holder();
        let _followed = NodeLock::take(&db, &name("shed"), &holder).unwrap();
        let (since, now) = (holder.since.to_string(), clock::now());
        let began_at = now.plus_micros(-200_000_000);
        for (age, behind) in [(10, vec![]), (300, vec!["shed"])] {
            let report = serde_json::json!({
                "version": "1.0.0", "process": 4_711, "since": since,
                "reported_at": now.plus_micros(-age * 1_000_000).to_string(),
                "committed_at": null, "commits": 0, "blocked": null,
                "nodes": [{
                    "name": "shed", "source": "node.log", "since": since, "lines": 9,
                    "following": {"state": "live", "noticing": "notified"},
                    "open_audit": began_at.to_string(),
                }],
            });
            let path = locks_folder(&db).unwrap().join("4711-1.report");
            fs::write(path, report.to_string()).unwrap();
            let sight = bench.sight();
            assert_eq!(names(&sight.behind), behind, "{age} s ago");
            assert_eq!(Vec::from_iter(sight.open_audits), [(name("shed"), began_at)]);
        }
    }

    #[test]
    fn what_another_process_tells_of_itself_is_told_as_its_own() {
        let bench = Bench::new();
        let db = bench.folder.path().join("n.db");
        let holder = Bench::holder();
        let _followed = NodeLock::take(&db, &name("bygone"), &holder).unwrap();
        let since = holder.since.to_string();
        let report = serde_json::json!({
            "version": "1.0.0", "process": 4_711, "since": since, "reported_at": since,
            "committed_at": null, "commits": 0, "blocked": "the disk is full",
            "nodes": [{
                "name": "bygone", "source": "node.log", "since": since, "lines": 9,
                "following": {
                    "state": "catching_up", "read_bytes": 1, "total_bytes": 2,
                    "lines_per_second": null, "seconds_left": null,
                },
            }],
        });
        let path = locks_folder(&db).unwrap().join("4711-1.report");
        fs::write(path, report.to_string()).unwrap();
        let mut content = Fingerprinter::new();
        content.feed("a line\n".repeat(500).as_bytes());
        let transfer = Transfer {
            at: clock::now().plus_micros(-600_000_000),
            satellite: None,
            piece: PieceId::new([7; 32]),
            action: Action::Get,
            outcome: Outcome::Success,
            size: Some(ByteCount::new(1_000)),
            offset: None,
            remote: None,
            country: None,
            latency: None,
            error: None,
            error_text: None,
        };
        let batch = Batch {
            node: name("bygone"),
            source: "node.log".into(),
            start: Start::Beginning { known: 0 },
            end: content.checkpoint(),
            records: vec![Record::Transfer(transfer)],
            counts: LineCounts { transfers: 1, ..LineCounts::default() },
        };
        let mut store = Store::open(&db, StoreConfig::default()).unwrap();
        store.writer.append(slice::from_ref(&batch), clock::now()).unwrap();

        let sight = bench.sight();
        assert_eq!(names(&sight.behind), ["bygone"]);
        let blocked = sight.monitor.blocked.unwrap();
        assert!(blocked.contains("4711 cannot write what it reads: the disk is full"), "{blocked}");
        let lags: Vec<_> = sight.monitor.lags.iter().map(|lag| lag.node.as_str()).collect();
        assert_eq!(lags, ["bygone"]);
        assert!((600..700).contains(&sight.monitor.lags[0].seconds), "{:?}", sight.monitor.lags);
    }
}
