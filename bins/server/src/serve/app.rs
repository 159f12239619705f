//! What every answer is made of.

use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError, RwLock},
    time::Duration,
};

use piecewatch_analytics::Observatory;
use piecewatch_broadcast::Broadcaster;
use piecewatch_collector::{
    config::{Config, Performance, Use},
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
    pub(crate) make_api: Box<dyn Fn(&Config) -> Api + Send + Sync>,
    pub(crate) config: Arc<RwLock<Arc<Config>>>,
    /// How many browsers watch.
    pub(crate) watching: Mutex<usize>,
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

    /// What stands in the way of being up to date. Where another process follows the nodes, it is asked
    /// how it is. Blocks.
    pub(crate) fn trouble(&self) -> Option<String> {
        match &self.nodes {
            Some(nodes) => nodes.trouble(),
            None => piecewatch_collector::trouble(&self.config(), clock::now())
                .unwrap_or_else(|error| Some(error.to_string())),
        }
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

    /// Takes another configuration, as far as it can change while everything runs, and tells what would
    /// have changed.
    pub(crate) fn reconfigure(&self, config: Config) {
        let before = self.config();
        let mut others = fixed(&before, &config);
        // Those who follow logs here tell of it themselves.
        if self.nodes.is_none() {
            others.extend(fixed_without_logs(&before, &config));
        }
        for what in others {
            tracing::warn!(what, "was changed; restart the server to use it");
        }
        let api = Arc::new((self.make_api)(&config));
        *self.api.write().unwrap_or_else(PoisonError::into_inner) = api;
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
        self.observatory.clear();
        self.ledger.clear();
    }

    /// A browser watches, until what is given is dropped: then lines come sooner.
    pub(crate) fn watch(self: &Arc<Self>) -> Watching {
        self.count(|watching| watching + 1);
        Watching(Arc::clone(self))
    }

    fn count(self: &Arc<Self>, change: impl FnOnce(usize) -> usize) {
        let mut watching = self.watching.lock().unwrap_or_else(PoisonError::into_inner);
        let before = *watching;
        *watching = change(before);
        if (before == 0) == (*watching == 0) {
            return;
        }
        // Under the lock, so that the last one that goes does not overtake the next one that comes.
        if let Some(unwritten) = &self.unwritten {
            unwritten.watch(*watching > 0);
        } else {
            let app = Arc::clone(self);
            tokio::task::spawn_blocking(move || app.tell_who_writes());
        }
    }

    /// Whether a browser watches.
    pub(crate) fn is_watched(&self) -> bool {
        *self.watching.lock().unwrap_or_else(PoisonError::into_inner) > 0
    }

    /// Tells who writes that somebody watches, if so: about every five seconds, and with the first
    /// browser. Blocks.
    pub(crate) fn tell_who_writes(&self) {
        let Some(follower) = &self.follower else { return };
        if !self.is_watched() {
            return;
        }
        let mut writer = follower.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = writer.watch(clock::now(), WATCHED_FOR) {
            tracing::debug!("who writes is not told that somebody watches: {error}");
        }
    }
}

/// What differs in another configuration and cannot change while the server runs.
fn fixed(before: &Config, config: &Config) -> Vec<&'static str> {
    // The rest is of those who follow logs, and they take it.
    let Performance { commit_interval, poll_interval, noticing, .. } = config.performance;
    let followed =
        Performance { commit_interval, poll_interval, noticing, ..before.performance.clone() };
    [
        (config.server != before.server, "[server]"),
        (config.alerts.enabled != before.alerts.enabled, "[alerts] enabled"),
        (config.cache != before.cache, "[cache]"),
        (config.metrics != before.metrics, "[metrics]"),
        (config.performance != followed, "[performance] (reading, and what browsers are sent)"),
    ]
    .into_iter()
    .filter_map(|(is_other, what)| is_other.then_some(what))
    .collect()
}

/// The same of what every process has that follows logs, for a server that follows none.
fn fixed_without_logs(before: &Config, config: &Config) -> impl Iterator<Item = &'static str> {
    [(config.db != before.db, "db"), (config.log != before.log, "[log]")]
        .into_iter()
        .filter_map(|(is_other, what)| is_other.then_some(what))
}

/// A browser that watches.
pub(crate) struct Watching(Arc<App>);

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.count(|watching| watching.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use piecewatch_collector::config::Sayings;

    use super::*;

    fn fixed_by(change: impl FnOnce(&mut Config)) -> Vec<&'static str> {
        let before = Config::load_settings(&Sayings::default()).unwrap();
        let mut config = before.clone();
        change(&mut config);
        fixed(&before, &config)
    }

    #[test]
    fn what_cannot_change_while_the_server_runs_is_named_and_nothing_else_is() {
        let of = "[performance] (reading, and what browsers are sent)";
        assert_eq!(fixed_by(|config| config.performance.coalesce *= 2), [of]);
        assert_eq!(fixed_by(|config| config.performance.read_connections += 1), [of]);
        assert_eq!(fixed_by(|config| config.performance.compression = Use::Off), [of]);
        assert_eq!(fixed_by(|config| config.performance.commit_interval *= 2), [""; 0]);
        assert_eq!(fixed_by(|config| config.alerts.enabled = false), ["[alerts] enabled"]);
        assert_eq!(fixed_by(|config| config.alerts.evaluate_every *= 2), [""; 0]);
        assert_eq!(fixed_by(|config| config.polling.dashboard_every *= 2), [""; 0]);
    }
}
