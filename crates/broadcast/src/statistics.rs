//! What a hub did, counted.

use std::{collections::BTreeMap, time::Duration};

use crate::client::CloseReason;

/// What a hub did since its start, and how it stands. Sends for each event and client are
/// `frames / (events × clients)`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statistics {
    /// Clients that are there.
    pub clients: usize,
    /// Of them, those whose slot is full while something waits for them.
    pub behind: usize,
    /// Distinct topics and sets of nodes that somebody watches.
    pub channels: usize,
    /// Channels at a rate.
    pub views: usize,
    /// Bytes of messages and replies that are kept, each counted once however many share it.
    pub held_bytes: usize,
    /// The window now.
    pub window: Duration,
    /// 0 to 1, smoothed.
    pub load: f64,
    /// Changes that the application told.
    pub events: u64,
    /// States that the application was asked for.
    pub wanted: u64,
    /// States that the application gave.
    pub states: u64,
    /// Frames that clients were given, replies and pings left out.
    pub frames: u64,
    /// Of them, those that had to be made: the others share the bytes of one of them.
    pub frames_made: u64,
    /// Messages in the frames.
    pub messages: u64,
    /// Of them, those that are patches.
    pub patches: u64,
    /// Of them, those that are snapshots.
    pub snapshots: u64,
    /// Messages that had to be made.
    pub serialisations: u64,
    /// Bytes of the frames.
    pub bytes: u64,
    /// Answers and faults that clients were given.
    pub replies: u64,
    /// Snapshots that clients asked for after a gap.
    pub resyncs: u64,
    /// Messages that made no sense, or asked for what is not there.
    pub faults: u64,
    /// Clients that were not let in.
    pub refused: u64,
    /// Clients that are gone, by reason.
    pub closed: BTreeMap<CloseReason, u64>,
}

impl Statistics {
    /// Clients that are gone for this reason.
    #[must_use]
    pub fn closed_for(&self, reason: CloseReason) -> u64 {
        self.closed.get(&reason).copied().unwrap_or(0)
    }
}
