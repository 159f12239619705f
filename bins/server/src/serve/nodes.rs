//! The nodes that this process follows: the collector, inside the server.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crossbeam_channel::TryRecvError;
use piecewatch_collector::{
    config::Config,
    pipeline::{Pipeline, PipelineState, unwritten::Unwritten},
};
use piecewatch_ingest::State;

use crate::Result;

/// What follows the logs of nodes, for as long as the server runs.
#[derive(Debug)]
pub(crate) struct Nodes {
    /// `None` when it was stopped.
    pipeline: Mutex<Option<Pipeline>>,
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
        Ok(Self { pipeline: Mutex::new(Some(pipeline)) })
    }

    /// How everything is; `None` when it was stopped.
    pub(crate) fn state(&self) -> Option<PipelineState> {
        self.held().as_ref().map(Pipeline::state)
    }

    /// What stands in the way of being up to date; `None` when all nodes are followed live and what
    /// they tell can be written.
    pub(crate) fn trouble(&self) -> Option<String> {
        let Some(state) = self.state() else { return Some("the server stops".to_owned()) };
        if let Some(blocked) = state.writer.blocked {
            return Some(blocked);
        }
        state.nodes.into_iter().find_map(|node| match node.state {
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
        if let Some(pipeline) = self.held().as_mut() {
            pipeline.tell();
        }
    }

    /// Finds out which nodes are silent; about once a minute.
    pub(crate) fn look_for_silence(&self) {
        if let Some(pipeline) = self.held().as_mut() {
            pipeline.look_for_silence();
        }
    }

    /// Follows the nodes of another configuration.
    pub(crate) fn reload(&self, config: Config) {
        if let Some(pipeline) = self.held().as_mut() {
            pipeline.reload(config);
        }
    }

    /// Becomes closed when what writes has ended by itself; `None` when it was stopped.
    pub(crate) fn has_ended(&self) -> bool {
        let held = self.held();
        let ended = held.as_ref().map(|pipeline| pipeline.ended().try_recv());
        ended == Some(Err(TryRecvError::Disconnected))
    }

    /// Commits what was read, and ends.
    ///
    /// # Errors
    ///
    /// What ended the writer before.
    pub(crate) fn stop(&self) -> Result<()> {
        let pipeline = self.held().take();
        Ok(pipeline.map_or(Ok(()), Pipeline::stop)?)
    }

    fn held(&self) -> MutexGuard<'_, Option<Pipeline>> {
        self.pipeline.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
