//! What was answered over HTTP, counted.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// The classes of answers, by the first digit of their status.
pub(crate) const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Counts requests and answers; share it.
#[derive(Debug, Default)]
pub(crate) struct HttpFigures {
    begun: AtomicU64,
    answers: [AtomicU64; CLASSES.len()],
    not_modified: AtomicU64,
    unavailable: AtomicU64,
    slow: AtomicU64,
    bytes: AtomicU64,
    micros: AtomicU64,
    connections: AtomicU64,
    closed: AtomicU64,
}

/// What was counted since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct HttpCounts {
    /// Answers by the class of their status, as [`CLASSES`].
    pub(crate) answers: [u64; CLASSES.len()],
    /// Those with status 304.
    pub(crate) not_modified: u64,
    /// Those with status 503: nobody was free to answer.
    pub(crate) unavailable: u64,
    /// Those that took long.
    pub(crate) slow: u64,
    /// Bytes of the bodies.
    pub(crate) bytes: u64,
    /// How long answers took together.
    pub(crate) took: Duration,
    /// Requests that are being answered.
    pub(crate) open: u64,
    /// Connections that were taken.
    pub(crate) connections: u64,
    /// Connections that are there.
    pub(crate) connected: u64,
}

/// Whether an answer took long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    Usual,
    Slow,
}

impl HttpFigures {
    /// A connection was taken.
    pub(crate) fn connected(&self) {
        self.connections.fetch_add(1, Relaxed);
    }

    /// A connection is gone.
    pub(crate) fn disconnected(&self) {
        self.closed.fetch_add(1, Relaxed);
    }

    /// A request came. Each is to be ended by [`HttpFigures::ended`].
    pub(crate) fn began(&self) {
        self.begun.fetch_add(1, Relaxed);
    }

    /// A request was answered with this status.
    pub(crate) fn ended(&self, status: u16, took: Duration, pace: Pace) {
        let class = usize::from(status / 100).clamp(1, CLASSES.len()) - 1;
        self.answers[class].fetch_add(1, Relaxed);
        match status {
            304 => &self.not_modified,
            503 => &self.unavailable,
            _ => return self.took(took, pace),
        }
        .fetch_add(1, Relaxed);
        self.took(took, pace);
    }

    /// So many bytes of a body were given to the connection.
    pub(crate) fn sent(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Relaxed);
    }

    /// The counts. They are read one after another: while requests come they may be some apart.
    pub(crate) fn counts(&self) -> HttpCounts {
        let get = |count: &AtomicU64| count.load(Relaxed);
        // Read before what is begun, so that the difference is not below 0.
        let answers = self.answers.each_ref().map(get);
        let closed = get(&self.closed);
        HttpCounts {
            answers,
            not_modified: get(&self.not_modified),
            unavailable: get(&self.unavailable),
            slow: get(&self.slow),
            bytes: get(&self.bytes),
            took: Duration::from_micros(get(&self.micros)),
            open: get(&self.begun).saturating_sub(answers.iter().sum()),
            connections: get(&self.connections),
            connected: get(&self.connections).saturating_sub(closed),
        }
    }

    fn took(&self, took: Duration, pace: Pace) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.micros.fetch_add(micros, Relaxed);
        match pace {
            Pace::Usual => {}
            Pace::Slow => {
                self.slow.fetch_add(1, Relaxed);
            }
        }
    }
}

impl HttpCounts {
    /// All answers.
    pub(crate) fn all(&self) -> u64 {
        self.answers.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_their_class() {
        let figures = HttpFigures::default();
        let took = Duration::from_millis(3);
        for status in [200, 304, 404, 503, 999] {
            figures.began();
            figures.ended(status, took, if status == 404 { Pace::Slow } else { Pace::Usual });
        }
        figures.began();
        figures.sent(10);
        figures.connected();
        let expected = HttpCounts {
            answers: [0, 1, 1, 1, 2],
            not_modified: 1,
            unavailable: 1,
            slow: 1,
            bytes: 10,
            took: took * 5,
            open: 1,
            connections: 1,
            connected: 1,
        };
        assert_eq!(figures.counts(), expected);
        figures.disconnected();
        assert_eq!(figures.counts().connected, 0);
    }
}
