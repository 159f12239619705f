//! What a hub is told at its start, with defaults.

use std::time::Duration;

use crate::error::{Error, Result};

/// What a hub is told at its start.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Told to each client first. It changes with each start, so that a client that comes back
    /// knows that the views are new.
    pub epoch: String,
    /// The version of the program, told to each client first.
    pub version: String,
    /// The shortest window: changes within one go out together. Zero: each goes out alone.
    pub coalesce: Duration,
    /// What the hub may be asked for.
    pub limits: Limits,
    /// What is on, for measuring the rest without it.
    pub switches: Switches,
}

impl Config {
    /// The defaults: a window of 75 ms, everything on.
    #[must_use]
    pub fn new(epoch: &str, version: &str) -> Self {
        Self {
            epoch: epoch.to_owned(),
            version: version.to_owned(),
            coalesce: Duration::from_millis(75),
            limits: Limits::default(),
            switches: Switches::default(),
        }
    }
}

/// What clients may do. Each limit says what happens beyond it.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Bytes of a client's message: a subscription of as many of the longest names as may be named
    /// fits. A longer one: the client is told, and closed with 1009.
    pub message_bytes: usize,
    /// Messages of a client a second. Beyond it and [`Limits::burst`]: told, and closed with 1008.
    pub messages_per_second: u32,
    /// Messages that a client may send at once after a pause: a page that opens, or comes back,
    /// subscribes to everything that it shows.
    pub burst: u32,
    /// Messages in a row that make no sense. One more: told, and closed with 1008.
    pub faults: u32,
    /// Subscriptions of a client. One more: told, and closed with 1008.
    pub subscriptions: usize,
    /// Nodes that a subscription names; who watches more names none, which means all. One more: told,
    /// and closed with 1008.
    pub names: usize,
    /// Bytes of a node's name. A longer one: told, and closed with 1008.
    pub name_bytes: usize,
    /// Clients at once. One more is not let in.
    pub clients: usize,
    /// Distinct views. Those that a client watches alone are at most a quarter of what is left, so that
    /// no client takes them all. A subscription that would need one more shares a view of the same
    /// state at another rate if there is one; else it is refused.
    pub views: usize,
    /// Answers and faults that wait for a client which does not read them. One more: closed with 1008.
    pub replies: usize,
    /// Bytes at which a frame leaves and the next begins. A single message may be longer.
    pub frame_bytes: usize,
    /// Time between two pings of a client.
    pub ping: Duration,
    /// A client from which nothing came for so long, or that took nothing of what waits for it, is
    /// closed with 1008: its browser is gone or stands still.
    pub silence: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 16 << 10,
            messages_per_second: 20,
            burst: 64,
            faults: 16,
            subscriptions: 32,
            names: 200,
            name_bytes: 64,
            clients: 2_000,
            views: 256,
            replies: 64,
            frame_bytes: 64 << 10,
            ping: Duration::from_secs(10),
            silence: Duration::from_secs(30),
        }
    }
}

impl Limits {
    pub(crate) fn check(&self) -> Result<()> {
        let counts = [
            ("message_bytes", self.message_bytes),
            ("messages_per_second", self.messages_per_second as usize),
            ("burst", self.burst as usize),
            ("subscriptions", self.subscriptions),
            ("names", self.names),
            ("name_bytes", self.name_bytes),
            ("clients", self.clients),
            ("views", self.views),
            ("replies", self.replies),
            ("ping", usize::from(!self.ping.is_zero())),
            ("silence", usize::from(!self.silence.is_zero())),
        ];
        match counts.into_iter().find(|(_, count)| *count == 0) {
            Some((limit, _)) => Err(Error::Limit { limit }),
            None => Ok(()),
        }
    }
}

/// Whether an optimisation is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// As it should be.
    On,
    /// Off, to measure what it brings.
    Off,
}

/// Optimisations, each on unless it is measured what they bring. The window is switched off by a
/// [`Config::coalesce`] of zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switches {
    /// Patches. Off: each update is a snapshot.
    pub diffs: Switch,
    /// Rates of topics, hints of clients, hidden tabs. Off: everything goes out with each window.
    pub rates: Switch,
    /// Frames made once for all clients that get the same messages. Off: for each client.
    pub sharing: Switch,
    /// Windows that widen under load. Off: the window is always the configured one.
    pub adaptive: Switch,
}

impl Default for Switches {
    fn default() -> Self {
        Self { diffs: Switch::On, rates: Switch::On, sharing: Switch::On, adaptive: Switch::On }
    }
}
