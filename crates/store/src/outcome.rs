//! What became of a request, as the database counts it.

use piecewatch_model::Outcome;

/// What became of a request to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fate {
    /// It became a transfer, which ended so.
    Ended(Outcome),
    /// It was an upload, turned away because the node was busy.
    Rejected,
}

impl Fate {
    /// The number under which the database knows it: that of the outcome, or 8.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Ended(outcome) => outcome.code(),
            Self::Rejected => Outcome::ALL.len() as u8,
        }
    }

    /// The fate of this code; `None` for a number that is none.
    pub(crate) const fn from_code(code: u8) -> Option<Self> {
        match Outcome::from_code(code) {
            Some(outcome) => Some(Self::Ended(outcome)),
            None if code == Self::Rejected.code() => Some(Self::Rejected),
            None => None,
        }
    }
}

/// How a transfer ended, whatever the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ending {
    /// All bytes were moved.
    Success,
    /// The other side stopped.
    Canceled,
    /// It broke.
    Failed,
}

impl Ending {
    pub(crate) const ALL: [Self; 3] = [Self::Success, Self::Canceled, Self::Failed];

    /// The ending of this outcome.
    pub const fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Success => Self::Success,
            Outcome::Canceled => Self::Canceled,
            Outcome::Failed(_) => Self::Failed,
        }
    }

    /// In a lower-case word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Canceled => "canceled",
            Self::Failed => "failed",
        }
    }

    /// The number under which the database knows it.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Canceled => 1,
            Self::Failed => 2,
        }
    }

    pub(crate) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|ending| ending.code() == code)
    }
}
