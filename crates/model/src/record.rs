//! What the lines of a node's log say.

use std::net::SocketAddr;

use crate::{
    Action, ByteCount, Compaction, Country, Latency, Maintenance, Outcome, PieceId, SatelliteId,
    Timestamp, Trouble,
};

/// One thing that a log says happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// An upload or download ended.
    Transfer(Transfer),
    /// An upload was turned away because the node was busy.
    Rejected(Rejected),
    /// The hash store began or finished a compaction.
    Compaction(Box<Compaction>),
    /// The node looked after its pieces: garbage collection, file walkers, trash, migration.
    Maintenance(Box<Maintenance>),
    /// The node sent its orders to a satellite.
    Orders(OrdersSettled),
    /// A satellite's opinion of the node.
    Scores(Box<Scores>),
    /// Something is wrong.
    Trouble(Box<Trouble>),
    /// The node started, stopped, or told its version.
    Lifecycle(Box<Lifecycle>),
    /// The node told how much space it has left.
    Space(SpaceReport),
}

/// The end of an upload or download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// When the line was written.
    pub at: Timestamp,
    /// The satellite it was done for; `None` where the line does not tell (before v0.14, and races
    /// lost in v1.86 to v1.98) and no start of the transfer was seen.
    pub satellite: Option<SatelliteId>,
    /// The piece.
    pub piece: PieceId,
    /// What it was for.
    pub action: Action,
    /// How it ended.
    pub outcome: Outcome,
    /// Bytes; `None` where the line does not tell. For uploads what was received. For downloads
    /// what was sent up to v1.98, and what was asked for since v1.99, so that for a download which
    /// did not succeed it is an upper bound.
    pub size: Option<ByteCount>,
    /// Where in the piece a download began, in bytes; `None` for uploads and before v1.72.
    pub offset: Option<u64>,
    /// The other side; `None` before v1.72. Behind Docker's proxy it is the gateway.
    pub remote: Option<SocketAddr>,
    /// Where the other side is; `None` when nobody looked it up.
    pub country: Option<Country>,
    /// How long it took; `None` when its start was not seen.
    pub latency: Option<Latency>,
    /// The template ([`crate::template`]) of the error or of the reason of a cancellation.
    pub error: Option<Box<str>>,
    /// The first [`Transfer::ERROR_TEXT_MAX`] bytes of that text as the node wrote it, for whoever
    /// looks at records as they come: it is not stored. `None` where the template says all of it.
    pub error_text: Option<Box<str>>,
}

impl Transfer {
    /// How much of a text is kept, in bytes; nodes write some hundred.
    pub const ERROR_TEXT_MAX: usize = 1024;
}

/// The start of an upload or download. It ends as a [`Transfer`], and is counted, not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferStarted {
    /// When the line was written.
    pub at: Timestamp,
    /// The satellite; `None` before v0.14.
    pub satellite: Option<SatelliteId>,
    /// The piece.
    pub piece: PieceId,
    /// What it is for.
    pub action: Action,
    /// Where in the piece a download begins, in bytes; `None` for uploads and before v1.72.
    pub offset: Option<u64>,
    /// The other side; `None` before v1.72.
    pub remote: Option<SocketAddr>,
    /// What the node has left for pieces, on uploads since v0.32.
    pub available: Option<ByteCount>,
}

/// `upload rejected, too many requests`: neither piece nor satellite is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejected {
    /// When the line was written.
    pub at: Timestamp,
    /// Requests in progress.
    pub live_requests: Option<u32>,
    /// The most the node accepts at once; `None` in 2019.
    pub limit: Option<u32>,
}

/// Orders were sent to a satellite for payment: one for each transfer that moved a byte.
///
/// Logged even when the settlement failed, in which case a [`Trouble`] says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrdersSettled {
    /// When the line was written.
    pub at: Timestamp,
    /// The satellite.
    pub satellite: Option<SatelliteId>,
    /// How many orders.
    pub count: u64,
}

/// A satellite's scores of the node, each 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scores {
    /// When the line was written.
    pub at: Timestamp,
    /// The satellite.
    pub satellite: SatelliteId,
    /// Share of audits passed; below 0.96 the node is disqualified.
    pub audit: f64,
    /// Share of time the node could be reached; below 0.6 it is suspended.
    pub online: f64,
    /// Share of audits with a known outcome; below 0.6 the node is suspended.
    pub suspension: f64,
    /// Change of the audit score since the last time.
    pub audit_delta: f64,
    /// Change of the online score since the last time.
    pub online_delta: f64,
    /// Change of the suspension score since the last time.
    pub suspension_delta: f64,
    /// Audits so far.
    pub audits_total: u64,
    /// Audits passed so far.
    pub audits_passed: u64,
}

/// Something happened to the node's process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifecycle {
    /// When the line was written.
    pub at: Timestamp,
    /// What happened.
    pub event: LifecycleEvent,
}

/// What can happen to a node's process.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LifecycleEvent {
    /// The process began: it read its configuration.
    Configured,
    /// The node took up its work, under this id.
    Started(Box<str>),
    /// The node or its updater told the version that runs, without a leading `v`.
    Version(Box<str>),
    /// The lowest version that the network still accepts, without a leading `v`.
    MinimumVersion(Box<str>),
    /// The node was asked to stop.
    Stopping,
    /// A supervisor (supervisord, systemd) started the process; its own words.
    Spawned(Box<str>),
    /// A supervisor saw the process end; its own words.
    Exited(Box<str>),
}

impl LifecycleEvent {
    /// The number under which a database knows the kind of event: 1 to 7.
    pub const fn code(&self) -> u8 {
        match self {
            Self::Configured => 1,
            Self::Started(_) => 2,
            Self::Version(_) => 3,
            Self::MinimumVersion(_) => 4,
            Self::Stopping => 5,
            Self::Spawned(_) => 6,
            Self::Exited(_) => 7,
        }
    }

    /// The event of this code and detail; `None` for a number that is none.
    pub fn from_code(code: u8, detail: &str) -> Option<Self> {
        Some(match code {
            1 => Self::Configured,
            2 => Self::Started(detail.into()),
            3 => Self::Version(detail.into()),
            4 => Self::MinimumVersion(detail.into()),
            5 => Self::Stopping,
            6 => Self::Spawned(detail.into()),
            7 => Self::Exited(detail.into()),
            _ => return None,
        })
    }

    /// The kind of event in one lower-case word.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Configured => "configured",
            Self::Started(_) => "started",
            Self::Version(_) => "version",
            Self::MinimumVersion(_) => "minimum_version",
            Self::Stopping => "stopping",
            Self::Spawned(_) => "spawned",
            Self::Exited(_) => "exited",
        }
    }

    /// The id, version or words that came with the event; empty where there are none.
    pub fn detail(&self) -> &str {
        match self {
            Self::Configured | Self::Stopping => "",
            Self::Started(detail)
            | Self::Version(detail)
            | Self::MinimumVersion(detail)
            | Self::Spawned(detail)
            | Self::Exited(detail) => detail,
        }
    }
}

/// How much space a node has left, as told by the starts of its uploads. Sampled: at most one
/// in five minutes of log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpaceReport {
    /// When the line was written.
    pub at: Timestamp,
    /// Bytes left for pieces.
    pub available: ByteCount,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifecycle_events_round_trip() {
        for code in 1..=7 {
            let detail = if [1, 5].contains(&code) { "" } else { "1.137.5" };
            let event = LifecycleEvent::from_code(code, detail).unwrap();
            assert_eq!((event.code(), event.detail()), (code, detail));
        }
        assert_eq!(LifecycleEvent::from_code(8, ""), None);
    }

    #[test]
    fn a_record_is_no_larger_than_a_transfer() {
        assert!(size_of::<Record>() <= size_of::<Transfer>() + 8);
    }
}
