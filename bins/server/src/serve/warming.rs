//! After the start: what browsers ask first is worked out before they ask.

use std::sync::Arc;

use super::{app::App, live::Topic};
use crate::clock::Stopwatch;

/// What takes long the first time, in the order of the views: topics, and questions.
const TOPICS: [Topic; 4] = [Topic::Overview, Topic::Latency, Topic::Storage, Topic::Earnings];
const QUESTIONS: [(&str, &str); 4] = [
    ("/api/v1/latency", "window=24h"),
    ("/api/v1/pieces/hot", "window=1h"),
    ("/api/v1/storage", "window=24h"),
    ("/api/v1/earnings", ""),
];

/// Asks for all of it, one after the other: whoever comes meanwhile has the other connections. What comes
/// of it is not needed; what it is made of is kept.
pub(crate) async fn warm(app: Arc<App>) {
    // The only one is for whoever comes.
    if app.config().performance.read_connections < 2 {
        return;
    }
    let since = Stopwatch::start();
    for topic in TOPICS {
        let live = Arc::clone(&app.live);
        let made = app.pool.ask(move || live.state(topic.name(), &[]).is_ok()).await;
        if made != Ok(true) {
            return gave_up(topic.name());
        }
    }
    for (path, query) in QUESTIONS {
        let api = app.api();
        let made = app.pool.ask(move || api.answer(path, query).is_ok()).await;
        if made != Ok(true) {
            return gave_up(path);
        }
    }
    let millis = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(millis, "what is asked first is at hand");
}

/// What is late still has its connection, and the next one would take another.
fn gave_up(what: &str) {
    tracing::info!(what, "what is asked first is not worked out: this took too long, or failed");
}
