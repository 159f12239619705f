//! What every answer is made of.

use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use piecewatch_analytics::Observatory;
use piecewatch_broadcast::Broadcaster;
use piecewatch_collector::{
    config::{Config, Use},
    pipeline::unwritten::Unwritten,
};
use piecewatch_finance::Ledger;
use piecewatch_store::Writer;
use tokio::sync::Semaphore;
use warp::http::StatusCode;

use super::{
    alerts::Alerts,
    answers::Answers,
    api::{Api, Problem},
    guard::Guard,
    itself::Itself,
    live::Live,
    metrics::Metrics,
    nodes::Nodes,
    own::{HttpFigures, Pace},
    pool::Pool,
};

use crate::clock;

/// How long who writes believes that somebody watches.
const WATCHED_FOR: Duration = Duration::from_secs(15);

/// What every answer is made of.
pub(crate) struct App {
    pub(crate) broadcaster: Broadcaster,
    /// The longest message that a browser may send, in bytes.
    pub(crate) message_bytes: usize,
    pub(crate) guard: Guard,
    pub(crate) pool: Pool,
    /// How many long answers may be written at once.
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) answers: Arc<Answers<Problem>>,
    /// What was answered, counted.
    pub(crate) http: Arc<HttpFigures>,
    pub(crate) metrics: Metrics,
    pub(crate) itself: Arc<Itself>,
    pub(crate) compression: Use,
    pub(crate) observatory: Arc<Observatory>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) live: Arc<Live>,
    /// `None` where another process follows them.
    pub(crate) nodes: Option<Arc<Nodes>>,
    /// What was read and is not stored; `None` where another process reads.
    pub(crate) unwritten: Option<Unwritten>,
    pub(crate) alerts: Arc<Alerts>,
    /// How long the start took, in milliseconds.
    pub(crate) started: Arc<OnceLock<u64>>,
    /// Replaced when the configuration is read again.
    pub(crate) api: RwLock<Arc<Api>>,
    pub(crate) config: RwLock<Arc<Config>>,
    /// How many browsers watch.
    pub(crate) watching: AtomicUsize,
    /// Tells who writes that somebody watches, where that is another process.
    pub(crate) follower: Option<Mutex<Writer>>,
}

impl App {
    /// What answers the questions of the API now.
    pub(crate) fn api(&self) -> Arc<Api> {
        Arc::clone(&self.api.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The configuration now.
    pub(crate) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What stands in the way of being up to date.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.nodes.as_ref()?.trouble()
    }

    /// Counts an answer, and tells whether it took long.
    pub(crate) fn answered(&self, status: StatusCode, took: Duration) -> Pace {
        let pace = if took > self.slow_request() { Pace::Slow } else { Pace::Usual };
        self.http.ended(status.as_u16(), took, pace);
        pace
    }

    /// How long an answer may take before it is logged.
    fn slow_request(&self) -> Duration {
        self.config().server.slow_request
    }

    /// Takes another configuration, as far as it can change while everything runs.
    pub(crate) fn reconfigure(&self, config: Config) {
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
        self.observatory.clear();
        self.ledger.clear();
    }

    /// A browser watches, until what is given is dropped: then lines come sooner.
    pub(crate) fn watch(self: &Arc<Self>) -> Watching {
        if self.watching.fetch_add(1, Ordering::SeqCst) == 0 {
            self.watched();
        }
        Watching(Arc::clone(self))
    }

    fn watched(self: &Arc<Self>) {
        if let Some(unwritten) = &self.unwritten {
            unwritten.watch(self.watching.load(Ordering::SeqCst) > 0);
        } else {
            let app = Arc::clone(self);
            tokio::task::spawn_blocking(move || app.tell_who_writes());
        }
    }

    /// Tells who writes that somebody watches, if so: about every five seconds, and with the first
    /// browser. Blocks.
    pub(crate) fn tell_who_writes(&self) {
        let Some(follower) = &self.follower else { return };
        if self.watching.load(Ordering::SeqCst) == 0 {
            return;
        }
        let mut writer = follower.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = writer.watch(clock::now(), WATCHED_FOR) {
            tracing::debug!("who writes is not told that somebody watches: {error}");
        }
    }
}

/// A browser that watches.
pub(crate) struct Watching(Arc<App>);

impl Drop for Watching {
    fn drop(&mut self) {
        if self.0.watching.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.watched();
        }
    }
}
