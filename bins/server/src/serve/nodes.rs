//! The nodes that this process follows: the collector, inside the server.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crossbeam_channel::{Receiver, TryRecvError};
use piecewatch_analytics::alert::{Lag, MonitorFacts};
use piecewatch_collector::{
    config::Config,
    pipeline::{Pipeline, PipelineState, unwritten::Unwritten},
};
use piecewatch_ingest::State;
use piecewatch_model::NodeName;
use piecewatch_store::{Nodes as AskedNodes, Readers};

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
            State::Waiting { reason } | State::Disconnected { reason, .. } => {
                Some(format!("{}: {reason}", node.node))
            }
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

/// How the server itself is, for its alerts.
pub(crate) fn monitor(
    nodes: Option<Arc<Nodes>>,
    started: Arc<OnceLock<u64>>,
    readers: Readers,
) -> Box<dyn Fn() -> MonitorFacts + Send + Sync> {
    Box::new(move || {
        let state = nodes.as_ref().and_then(|nodes| nodes.state());
        let late = state.iter().flat_map(|state| &state.nodes).filter_map(|of| match of.state {
            State::CatchingUp { .. } => lag(&readers, &of.node),
            State::Starting
            | State::Waiting { .. }
            | State::Live { .. }
            | State::Disconnected { .. } => None,
        });
        MonitorFacts {
            blocked: state.as_ref().and_then(|state| state.writer.blocked.clone()),
            unreadable: None,
            start_up_ms: started.get().copied(),
            lags: late.collect(),
        }
    })
}

/// How old the newest record of a node is whose log is behind; `None` where there is none.
fn lag(readers: &Readers, node: &NodeName) -> Option<Lag> {
    let reader = readers.get().ok()?;
    let newest = reader.reach(AskedNodes::Of(std::slice::from_ref(node))).ok()??.to;
    let seconds = clock::now().as_seconds() - newest.as_seconds();
    Some(Lag { node: node.clone(), seconds: u64::try_from(seconds).unwrap_or(0) })
}

/// Nothing is left half done while one of these is held.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
