//! What the owner of a follower and the follower tell each other.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use piecewatch_model::{Batch, Timestamp};

use super::audit::Audit;
use crate::{Flow, assembler::OpenAudit};

/// Stops a follower, and says how it is. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Control {
    stopped: Arc<Stopped>,
    stop: Sender<()>,
    pub(super) stopping: Receiver<()>,
    state: Arc<Mutex<State>>,
    audit: Arc<Mutex<Audit>>,
}

/// Whether the follower is to end, for those who sleep, too.
#[derive(Debug, Default)]
struct Stopped {
    is_stopped: Mutex<bool>,
    changed: Condvar,
}

/// How a follower is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum State {
    /// It has just begun.
    #[default]
    Starting,
    /// There is nothing to read: the file is not there, or cannot be read.
    Waiting {
        /// For what, in words for the operator.
        reason: String,
    },
    /// The file has another name now, and nothing took its place: what it still gets is read.
    Moved {
        /// What is missing, in words for the operator.
        reason: String,
    },
    /// It reads what was written before.
    CatchingUp {
        /// Bytes of the log that are behind it.
        read_bytes: u64,
        /// Bytes of the log that there are.
        total_bytes: u64,
    },
    /// It has read all that there is.
    Live {
        /// How it finds out about more.
        noticing: Noticing,
    },
    /// A command ended, or the other host closed the connection: it will try again.
    Disconnected {
        /// Why, in words for the operator.
        reason: String,
        /// After how long.
        retry: Duration,
    },
}

/// How a follower finds out that a source has grown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noticing {
    /// The file system tells.
    Notified,
    /// It looks again and again: notifications do not come, as on network shares and on files that
    /// are mounted into a container one by one.
    Polled,
    /// The other side sends.
    Streamed,
}

impl Noticing {
    /// The way in one lower-case word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Notified => "notified",
            Self::Polled => "polled",
            Self::Streamed => "streamed",
        }
    }
}

impl Default for Control {
    fn default() -> Self {
        Self::new()
    }
}

impl Control {
    /// The control of a follower that has not begun.
    pub fn new() -> Self {
        let (stop, stopping) = bounded(1);
        Self {
            stopped: Arc::default(),
            stop,
            stopping,
            state: Arc::default(),
            audit: Arc::default(),
        }
    }

    /// Ends the follower as soon as it has given away what was written until now; what is left of a log that it catches
    /// up with is read the next time.
    pub fn stop(&self) {
        *self.lock() = true;
        self.stopped.changed.notify_all();
        match self.stop.try_send(()) {
            Ok(()) | Err(TrySendError::Full(()) | TrySendError::Disconnected(())) => {}
        }
    }

    /// How the follower is.
    pub fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Since when the oldest audit goes on of which the log has told the start and not the end, by the clock by
    /// which it is `now`. `None` when there is none, or not all of the log is read.
    pub fn open_audit(&self, now: Timestamp) -> Option<Timestamp> {
        match self.state() {
            State::Live { .. } => self.audit().since(now),
            State::Starting
            | State::Waiting { .. }
            | State::Moved { .. }
            | State::CatchingUp { .. }
            | State::Disconnected { .. } => None,
        }
    }

    /// Lines were read, and leave this open.
    pub(super) fn note_audit(&self, open: Option<OpenAudit>, now: fn() -> Timestamp) {
        self.audit().note(open, now);
    }

    fn audit(&self) -> MutexGuard<'_, Audit> {
        self.audit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a batch away, unless the follower is to end.
    pub(super) fn give(&self, sink: &mut impl FnMut(Vec<Batch>) -> Flow, batch: Batch) -> Flow {
        let flow = sink(vec![batch]);
        if self.is_stopped() { Flow::Stop } else { flow }
    }

    pub(super) fn is_stopped(&self) -> bool {
        *self.lock()
    }

    /// Does nothing for a while, unless the follower is to end. This is one call to the system; to
    /// wait for a channel is several, and fifty times a second that is to be seen.
    pub(super) fn pause(&self, time: Duration) {
        let waiting =
            self.stopped.changed.wait_timeout_while(self.lock(), time, |stopped| !*stopped);
        drop(waiting);
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.stopped.is_stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}
