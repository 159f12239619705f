//! What every answer is made of.

use std::{
    sync::{
        Arc, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use piecewatch_broadcast::Broadcaster;
use piecewatch_collector::config::{Config, Use};
use warp::http::StatusCode;

use super::{answers::Answers, guard::Guard, nodes::Nodes, pool::Pool, problem::Problem};

/// What every answer is made of.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) broadcaster: Broadcaster,
    /// The longest message that a browser may send, in bytes.
    pub(crate) message_bytes: usize,
    pub(crate) guard: Guard,
    pub(crate) pool: Pool,
    pub(crate) answers: Answers<Problem>,
    /// `None` where another process follows them.
    pub(crate) nodes: Option<Arc<Nodes>>,
    pub(crate) config: Config,
    pub(crate) compression: Use,
}

impl App {
    /// What stands in the way of being up to date.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.nodes.as_ref()?.trouble()
    }

    /// Counts an answer.
    pub(crate) fn answered(&self, status: StatusCode, took: Duration) {}

    /// How long an answer may take before it is logged.
    pub(crate) fn slow_request(&self) -> Duration {
        self.config.server.slow_request
    }
}
