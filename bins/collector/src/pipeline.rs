//! From the logs of nodes to the database: readers, one writer, and the upkeep beside it.
//!
//! Each node has a thread that follows its log, and the right to do so (a lock). They give batches to
//! one bounded channel, at the end of which one thread writes. When the database cannot be written,
//! the channel fills and the readers wait: a log is its own buffer.

mod batches;
mod pacing;
mod reader;
mod schedule;
mod silence;
mod speed;
mod telling;
pub mod unwritten;
mod upkeep;
mod writer;

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    path::{Path, PathBuf},
    sync::Arc,
    thread::{self, JoinHandle},
};

use crossbeam_channel::{Receiver, bounded};
use piecewatch_ingest::{Countries, Notifier, State};
use piecewatch_model::{NodeName, Timestamp};
use piecewatch_store::{Checkpoints, Holder, NodeLock, Readers, Store, StoreConfig};

use self::{
    batches::{Batches, batches},
    pacing::Pacing,
    reader::{Reader, Reading},
    silence::Silences,
    speed::Speeds,
    telling::Telling,
    unwritten::Unwritten,
    upkeep::Upkeep,
    writer::Writing,
};
use crate::{
    Error, Result, clock,
    config::{Config, Node, Noticing},
};

pub use self::{speed::Speed, writer::WriterState};

/// How many batches may wait for the writer. When so many wait, readers wait: nothing is dropped.
pub const BATCHES_MAX: usize = 16;
/// How many of them may wait for the next commit; the writer takes more as they come.
pub const BATCHES_PATIENT: usize = BATCHES_MAX / 2;

/// Follows nodes and writes what they log, on threads of its own.
#[derive(Debug)]
pub struct Pipeline {
    config: Config,
    countries: Option<Countries>,
    notifier: Notifier,
    store_readers: Readers,
    batches: Batches,
    nodes: BTreeMap<NodeName, Followed>,
    pacing: Arc<Pacing>,
    unwritten: Option<Unwritten>,
    writing: Arc<Writing>,
    writer: JoinHandle<Result<()>>,
    upkeep: Upkeep,
    silences: Silences,
    speeds: Speeds,
    telling: Telling,
    /// Tells that the writer has ended.
    ended: Receiver<()>,
    since: Timestamp,
}

/// A node that is followed.
#[derive(Debug)]
struct Followed {
    node: Node,
    since: Timestamp,
    reader: Reader,
    /// Held for as long as the node is followed.
    lock: NodeLock,
}

/// How a pipeline is.
#[derive(Debug, Clone, PartialEq)]
pub struct PipelineState {
    /// Since when it runs.
    pub since: Timestamp,
    /// What becomes of batches.
    pub writer: WriterState,
    /// How many messages of batches wait for the writer, up to 8 of them for its next commit; when it is
    /// 16, readers wait.
    pub waiting: usize,
    /// The nodes, by name.
    pub nodes: Vec<NodeState>,
}

/// How the following of one node is.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeState {
    /// The node.
    pub node: NodeName,
    /// Where its log comes from.
    pub source: String,
    /// Since when it is followed.
    pub since: Timestamp,
    /// How it is read.
    pub state: State,
    /// How many lines were read since then, those included that are read again because somebody else
    /// has read on.
    pub lines: u64,
    /// How fast it catches up; `None` when it does not, or has only begun to.
    pub speed: Option<Speed>,
    /// The kind of its silence, and a sentence about it; `None` before it was looked at.
    pub silence: Option<(&'static str, String)>,
    /// Since when the oldest audit goes on of which the log has told the start and not the end; `None` when
    /// there is none, or not all of the log is read.
    pub open_audit: Option<Timestamp>,
}

impl Pipeline {
    /// Opens the database, takes the nodes, and begins to follow them.
    ///
    /// # Errors
    ///
    /// When the database cannot be opened, or another process follows one of the nodes: then it
    /// follows none.
    pub fn start(config: Config) -> Result<Self> {
        Self::begin(config, None)
    }

    /// As [`Pipeline::start`], and holds what was read in `unwritten` until it is stored, for whoever
    /// looks there: a batch is held before the writer has it.
    ///
    /// # Errors
    ///
    /// As [`Pipeline::start`].
    pub fn start_watched(config: Config, unwritten: Unwritten) -> Result<Self> {
        Self::begin(config, Some(unwritten))
    }

    fn begin(config: Config, unwritten: Option<Unwritten>) -> Result<Self> {
        let settings = StoreConfig {
            retention: config.retention.clone(),
            checkpoints: Checkpoints::ByUpkeep,
            // One for each question of the upkeep, and one for readers that begin.
            readers: 2,
            ..StoreConfig::default()
        };
        let store = Store::open(&config.db, settings)?;
        let since = clock::now();
        let locks = config
            .nodes
            .iter()
            .map(|node| NodeLock::take(&config.db, &node.name, &holder(since)))
            .collect::<Result<Vec<_>, _>>()?;
        let telling = Telling::new(&config.db, since)?;
        let countries = countries(config.geoip.as_ref())?;
        let upkeep = store.upkeep()?;
        let Store { writer, readers } = store;
        let (batches, given) = batches();
        let pacing = Arc::new(Pacing::new(config.performance.commit_interval));
        if let Some(unwritten) = &unwritten {
            unwritten.begin(writer.process(), writer.newest_commit(), Arc::clone(&pacing));
        }
        let writing = Arc::new(Writing::new(Arc::clone(&pacing)));
        let upkeep = Upkeep::start(upkeep, &config, Arc::clone(&writing))?;
        let (end, ended) = bounded(0);
        let of_thread = Arc::clone(&writing);
        let writer = spawn("writer", move || {
            // Dropped when the writer ends, however it does.
            let _end = end;
            writer::run(writer, given, &of_thread)
        })?;
        let notifier = match config.performance.noticing {
            Noticing::Notifications => Notifier::new(),
            Noticing::Polling => Notifier::silent(),
        };
        let mut pipeline = Self {
            countries,
            notifier,
            store_readers: readers,
            batches,
            nodes: BTreeMap::new(),
            pacing,
            unwritten,
            writing,
            writer,
            upkeep,
            silences: Silences::default(),
            speeds: Speeds::default(),
            telling,
            ended,
            since,
            config,
        };
        for (node, lock) in pipeline.config.nodes.clone().into_iter().zip(locks) {
            if let Err(error) = pipeline.follow(node, lock, since) {
                // What is the matter is told already.
                let _ = pipeline.stop();
                return Err(error);
            }
        }
        pipeline.tell();
        Ok(pipeline)
    }

    /// Becomes closed when the writer has ended by itself: the database is damaged, or gone.
    pub fn ended(&self) -> &Receiver<()> {
        &self.ended
    }

    /// Whether the writer has done something since it was asked last, if only to wait.
    pub fn is_alive(&self) -> bool {
        self.writing.was_alive()
    }

    /// How everything is.
    pub fn state(&self) -> PipelineState {
        let nodes = self.nodes.iter().map(|(name, followed)| NodeState {
            node: name.clone(),
            source: followed.node.source.to_string(),
            since: followed.since,
            state: followed.reader.state(),
            lines: followed.reader.lines(),
            speed: self.speeds.of(name),
            silence: self.silences.of(name),
            open_audit: followed.reader.open_audit(),
        });
        PipelineState {
            since: self.since,
            writer: self.writing.state(),
            waiting: self.batches.len(),
            nodes: nodes.collect(),
        }
    }

    /// Tells other processes how everything is, and the log how far those nodes are that catch up;
    /// to be called about once a second.
    pub fn tell(&mut self) {
        self.speeds.note(&self.state().nodes, clock::uptime());
        self.telling.tell(self.state());
    }

    /// Finds out which nodes are silent, and why; to be called about once a minute.
    pub fn look_for_silence(&mut self) {
        let live = |(name, followed): (&NodeName, &Followed)| {
            matches!(followed.reader.state(), State::Live { .. }).then(|| name.clone())
        };
        let nodes: Vec<NodeName> = self.nodes.iter().filter_map(live).collect();
        if let Err(error) = self.silences.look(&self.store_readers, &nodes, clock::now()) {
            tracing::warn!("{error}");
        }
    }

    /// How everything is, in a line for the log and for a service manager.
    pub fn headline(&self) -> String {
        let state = self.state();
        let count =
            |is: fn(&State) -> bool| state.nodes.iter().filter(|node| is(&node.state)).count();
        let catching_up = count(|state| matches!(state, State::CatchingUp { .. }));
        let waiting = count(|state| match state {
            State::Waiting { .. } | State::Moved { .. } | State::Disconnected { .. } => true,
            State::Starting | State::CatchingUp { .. } | State::Live { .. } => false,
        });
        let mut line = match state.nodes.len() {
            1 => "following 1 node".to_owned(),
            nodes => format!("following {nodes} nodes"),
        };
        for (number, what) in [(catching_up, "catching up"), (waiting, "waiting")] {
            if number > 0 {
                line.push_str(&format!(", {number} {what}"));
            }
        }
        if let Some(reason) = state.writer.blocked {
            line.push_str(": ");
            line.push_str(&reason);
        }
        line
    }

    /// Follows the nodes of another configuration: those that stay the same are not disturbed.
    /// Everything but nodes, retention and the pace of commits stays as it was at the start; what
    /// would have changed is told.
    pub fn reload(&mut self, config: Config) {
        let (same, gone): (BTreeMap<_, _>, BTreeMap<_, _>) =
            std::mem::take(&mut self.nodes).into_iter().partition(|(_, followed)| {
                config.nodes.iter().any(|node| node.is_followed_as(&followed.node))
            });
        self.nodes = same;
        for followed in gone.values() {
            followed.reader.tell_to_stop();
        }
        for (name, followed) in gone {
            tracing::info!(node = %name, "not followed any more");
            followed.reader.stop();
            self.silences.forget(&name);
        }
        for node in &config.nodes {
            if self.nodes.contains_key(&node.name) {
                continue;
            }
            let since = clock::now();
            let lock = NodeLock::take(&self.config.db, &node.name, &holder(since));
            let begun =
                lock.map_err(Error::from).and_then(|lock| self.follow(node.clone(), lock, since));
            match begun {
                Ok(()) => tracing::info!(node = %node.name, source = %node.source, "followed"),
                Err(error) => tracing::error!(node = %node.name, "{}", error.lines().join("; ")),
            }
        }
        self.writing.change(config.performance.commit_interval, &config.retention);
        for (is_other, key) in [
            (config.db != self.config.db, "db"),
            (config.geoip != self.config.geoip, "geoip"),
            (config.log != self.config.log, "[log]"),
            (config.upkeep != self.config.upkeep, "[upkeep]"),
            (
                config.performance.poll_interval != self.config.performance.poll_interval
                    || config.performance.noticing != self.config.performance.noticing,
                "[performance] poll_interval_ms, notifications",
            ),
        ] {
            if is_other {
                tracing::warn!(key, "was changed; restart the collector to use it");
            }
        }
        self.config.nodes = config.nodes;
    }

    /// Stops the readers, commits what they have read, and closes the database.
    ///
    /// # Errors
    ///
    /// What ended the writer before. Nothing is lost: what is not committed is read again.
    pub fn stop(self) -> Result<()> {
        self.writing.end();
        for followed in self.nodes.values() {
            followed.reader.tell_to_stop();
        }
        self.upkeep.stop();
        // Held until what was read is stored: whoever follows next goes on behind it.
        let mut locks = Vec::new();
        for (_, followed) in self.nodes {
            followed.reader.stop();
            locks.push(followed.lock);
        }
        // Nobody can send any more: the writer ends.
        drop(self.batches);
        let ended = self.writer.join().expect("the writer does not panic");
        if ended.is_err() {
            // Somebody has to look: the nodes are to be missed.
            locks.into_iter().for_each(NodeLock::lose);
        }
        ended
    }

    fn follow(&mut self, node: Node, lock: NodeLock, since: Timestamp) -> Result<()> {
        let reading = Reading {
            node: node.clone(),
            countries: self.countries.clone(),
            notifier: self.notifier.clone(),
            batch_interval: self.pacing.batch_interval(),
            poll_interval: self.config.performance.poll_interval,
            readers: self.store_readers.clone(),
            batches: self.batches.clone(),
            unwritten: self.unwritten.clone(),
        };
        let reader = Reader::start(reading)?;
        self.nodes.insert(node.name.clone(), Followed { node, since, reader, lock });
        Ok(())
    }
}

/// Who this process is, for those who find a node taken: a server has a pipeline as well as a collector.
fn holder(since: Timestamp) -> Holder {
    let path = std::env::current_exe().ok();
    let name = path.as_deref().and_then(Path::file_stem).and_then(OsStr::to_str);
    let program = name.unwrap_or(env!("CARGO_PKG_NAME")).to_owned();
    Holder { program, process: std::process::id(), since }
}

fn countries(path: Option<&PathBuf>) -> Result<Option<Countries>> {
    path.map(|path| Countries::open(path).map_err(Error::Source)).transpose()
}

/// Starts a thread that bears a name, for whoever looks at the process.
fn spawn<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>> {
    thread::Builder::new().name(name.to_owned()).spawn(run).map_err(Error::Thread)
}
