//! What an operator should look at.

use crate::{SatelliteId, Timestamp};

/// A line that says something is wrong.
///
/// Records of one kind, satellite and text at one instant are one thing, told several times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// When the line was written.
    pub at: Timestamp,
    /// What it is about.
    pub kind: TroubleKind,
    /// Which satellite it concerns, where it concerns one.
    pub satellite: Option<SatelliteId>,
    /// The template ([`crate::template`]) of the message and its error.
    pub text: Box<str>,
}

/// What trouble is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TroubleKind {
    /// A satellite could not reach the node, or the node not the satellite.
    Ping,
    /// The node is online, but not over QUIC.
    Quic,
    /// The disk could not be read or written in time, or is smaller than promised.
    Disk,
    /// The node's clock is off.
    Clock,
    /// The node's version is too old.
    Version,
    /// Orders were not kept or not settled: those transfers are not paid.
    Orders,
    /// A piece was served out of the trash: garbage collection took too much.
    TrashRead,
    /// A database of the node could not be read or written.
    Database,
    /// The process ended with an error.
    Fatal,
    /// The process crashed.
    Panic,
    /// A supervisor or journald dropped lines: what the log says is not complete.
    LinesDropped,
    /// Any other line at level ERROR or above.
    Other,
}

impl TroubleKind {
    /// Every kind, in the order of its code.
    pub const ALL: [Self; 12] = [
        Self::Ping,
        Self::Quic,
        Self::Disk,
        Self::Clock,
        Self::Version,
        Self::Orders,
        Self::TrashRead,
        Self::Database,
        Self::Fatal,
        Self::Panic,
        Self::LinesDropped,
        Self::Other,
    ];

    /// The number under which a database knows the kind: 1 to 12.
    pub const fn code(self) -> u8 {
        match self {
            Self::Ping => 1,
            Self::Quic => 2,
            Self::Disk => 3,
            Self::Clock => 4,
            Self::Version => 5,
            Self::Orders => 6,
            Self::TrashRead => 7,
            Self::Database => 8,
            Self::Fatal => 9,
            Self::Panic => 10,
            Self::LinesDropped => 11,
            Self::Other => 12,
        }
    }

    /// The kind of this code; `None` for a number that is none.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The kind in lower-case words joined by `_`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ping => "ping",
            Self::Quic => "quic",
            Self::Disk => "disk",
            Self::Clock => "clock",
            Self::Version => "version",
            Self::Orders => "orders",
            Self::TrashRead => "trash_read",
            Self::Database => "database",
            Self::Fatal => "fatal",
            Self::Panic => "panic",
            Self::LinesDropped => "lines_dropped",
            Self::Other => "other",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_round_trip() {
        for kind in TroubleKind::ALL {
            assert_eq!(TroubleKind::from_code(kind.code()), Some(kind));
        }
        assert_eq!(TroubleKind::from_code(0), None);
    }
}
