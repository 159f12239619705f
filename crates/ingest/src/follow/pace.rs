//! When a batch is given away.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, after, never};

/// Gives a batch away at once after a pause, and then not before a while has passed: a quiet log is
/// shown as it is written, and a busy one costs few transactions.
#[derive(Debug)]
pub(super) struct Pace {
    interval: Duration,
    /// Fires when the next batch may go; `None` when it may go at once.
    due: Option<Receiver<Instant>>,
}

impl Pace {
    pub(super) fn new(interval: Duration) -> Self {
        Self { interval, due: None }
    }

    /// Whether a batch may go now.
    pub(super) fn is_due(&mut self) -> bool {
        if self.due.as_ref().is_some_and(|due| due.try_recv().is_ok()) {
            self.due = None;
        }
        self.due.is_none()
    }

    /// Fires when a batch may go that may not go now. Tell then that it has.
    pub(super) fn due(&self) -> Receiver<Instant> {
        self.due.clone().unwrap_or_else(never)
    }

    /// A batch that could not go before may go now.
    pub(super) fn fired(&mut self) {
        self.due = None;
    }

    /// A batch has gone.
    pub(super) fn gone(&mut self) {
        self.due = Some(after(self.interval));
    }
}
