//! What a transfer was for, and how it ended.

use std::fmt;

/// Which way the bytes went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    /// To the node.
    Upload,
    /// From the node.
    Download,
}

/// What a transfer was for, in the node's own words.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// `PUT`: a client uploads.
    Put,
    /// `GET`: a client downloads.
    Get,
    /// `GET_AUDIT`: a satellite checks that a piece is there.
    GetAudit,
    /// `GET_REPAIR`: a satellite reads a piece to rebuild a segment.
    GetRepair,
    /// `PUT_REPAIR`: a satellite stores a rebuilt piece.
    PutRepair,
    /// `DELETE`: in the node's enumeration, though no transfer line has carried it.
    Delete,
    /// `PUT_GRACEFUL_EXIT`: another node hands over a piece; before the graceful exit was reworked.
    PutGracefulExit,
    /// An upload whose line names no action: v1.86 to v1.98 lost races, and lines of 2019.
    Upload,
    /// A download whose line names no action.
    Download,
    /// An action that is none of these, by its name.
    Other(Box<str>),
}

impl Action {
    /// The actions that have a code of their own: all but [`Action::Other`].
    pub const NAMED: [Self; 9] = [
        Self::Put,
        Self::Get,
        Self::GetAudit,
        Self::GetRepair,
        Self::PutRepair,
        Self::Delete,
        Self::PutGracefulExit,
        Self::Upload,
        Self::Download,
    ];

    /// The longest name that is kept of an unknown action, in characters.
    pub const NAME_CHARS_MAX: usize = 64;

    /// The action of this name, as a node writes it. Total: an unknown name is kept, cut at
    /// [`Action::NAME_CHARS_MAX`] characters.
    pub fn from_name(name: &str) -> Self {
        match name {
            "PUT" => Self::Put,
            "GET" => Self::Get,
            "GET_AUDIT" => Self::GetAudit,
            "GET_REPAIR" => Self::GetRepair,
            "PUT_REPAIR" => Self::PutRepair,
            "DELETE" => Self::Delete,
            "PUT_GRACEFUL_EXIT" => Self::PutGracefulExit,
            "UPLOAD" => Self::Upload,
            "DOWNLOAD" => Self::Download,
            other => Self::Other(other.chars().take(Self::NAME_CHARS_MAX).collect()),
        }
    }

    /// The name, as a node writes it; `UPLOAD` and `DOWNLOAD` where it wrote none.
    pub fn name(&self) -> &str {
        match self {
            Self::Put => "PUT",
            Self::Get => "GET",
            Self::GetAudit => "GET_AUDIT",
            Self::GetRepair => "GET_REPAIR",
            Self::PutRepair => "PUT_REPAIR",
            Self::Delete => "DELETE",
            Self::PutGracefulExit => "PUT_GRACEFUL_EXIT",
            Self::Upload => "UPLOAD",
            Self::Download => "DOWNLOAD",
            Self::Other(name) => name,
        }
    }

    /// The action of a line that names none.
    pub const fn unnamed(direction: Direction) -> Self {
        match direction {
            Direction::Upload => Self::Upload,
            Direction::Download => Self::Download,
        }
    }

    /// Which way the bytes go; of an unknown action its name tells.
    pub fn direction(&self) -> Direction {
        match self {
            Self::Put | Self::PutRepair | Self::PutGracefulExit | Self::Upload => Direction::Upload,
            Self::Get | Self::GetAudit | Self::GetRepair | Self::Download | Self::Delete => {
                Direction::Download
            }
            Self::Other(name) if name.starts_with("PUT") => Direction::Upload,
            Self::Other(_) => Direction::Download,
        }
    }

    /// The number under which a database knows the action: 1 to 9. `None` for
    /// [`Action::Other`], which each database numbers by itself.
    pub const fn code(&self) -> Option<u8> {
        match self {
            Self::Put => Some(1),
            Self::Get => Some(2),
            Self::GetAudit => Some(3),
            Self::GetRepair => Some(4),
            Self::PutRepair => Some(5),
            Self::Delete => Some(6),
            Self::PutGracefulExit => Some(7),
            Self::Upload => Some(8),
            Self::Download => Some(9),
            Self::Other(_) => None,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How a transfer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// All bytes were moved.
    Success,
    /// The other side stopped: usually a race lost to faster nodes.
    Canceled,
    /// It broke.
    Failed(FailureClass),
}

/// Why a transfer broke, by the text of its error (docs/LOG-FORMATS.md, Outcomes and failure
/// classes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FailureClass {
    /// The connection ended or timed out. Says nothing about the node's data.
    Network,
    /// The piece is not on the disk: critical in an audit.
    Missing,
    /// The disk could not be read or written, or is full.
    Disk,
    /// What the other side sent broke the rules.
    Protocol,
    /// The clocks of the two sides differ too much.
    Clock,
    /// Anything else.
    Other,
}

impl Outcome {
    /// Every outcome, in the order of its code.
    pub const ALL: [Self; 8] = [
        Self::Success,
        Self::Canceled,
        Self::Failed(FailureClass::Network),
        Self::Failed(FailureClass::Missing),
        Self::Failed(FailureClass::Disk),
        Self::Failed(FailureClass::Protocol),
        Self::Failed(FailureClass::Clock),
        Self::Failed(FailureClass::Other),
    ];

    /// The number under which a database knows the outcome: 0 to 7.
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Canceled => 1,
            Self::Failed(FailureClass::Network) => 2,
            Self::Failed(FailureClass::Missing) => 3,
            Self::Failed(FailureClass::Disk) => 4,
            Self::Failed(FailureClass::Protocol) => 5,
            Self::Failed(FailureClass::Clock) => 6,
            Self::Failed(FailureClass::Other) => 7,
        }
    }

    /// The outcome of this code; `None` for a number that is none.
    pub const fn from_code(code: u8) -> Option<Self> {
        let all = Self::ALL;
        if (code as usize) < all.len() { Some(all[code as usize]) } else { None }
    }

    /// `success`, `canceled` or `failed`, whatever the class.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Canceled => "canceled",
            Self::Failed(_) => "failed",
        }
    }
}

impl FailureClass {
    /// The class in one lower-case word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Missing => "missing",
            Self::Disk => "disk",
            Self::Protocol => "protocol",
            Self::Clock => "clock",
            Self::Other => "other",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes_round_trip() {
        for (at, action) in Action::NAMED.iter().enumerate() {
            assert_eq!(&Action::from_name(action.name()), action);
            assert_eq!(action.code().map(usize::from), Some(at + 1));
        }
        for (at, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(outcome.code()), at);
            assert_eq!(Outcome::from_code(outcome.code()), Some(outcome));
        }
        assert_eq!(Outcome::from_code(8), None);
    }

    #[test]
    fn an_unknown_action_is_kept_by_its_name() {
        let action = Action::from_name("GET_CONVERT");
        assert_eq!(action.name(), "GET_CONVERT");
        assert_eq!(action.code(), None);
        assert_eq!(Action::from_name(&"é".repeat(1000)).name().chars().count(), 64);
    }
}
