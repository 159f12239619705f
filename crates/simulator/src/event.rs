//! What the node says, before it is written down.

use std::borrow::Cow;

use piecewatch_model::{Outcome, SatelliteId};

use crate::{truth::TransferKey, vocabulary::Era};

/// When a line was written, twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// By the node's own clock, in microseconds since 1970.
    pub(crate) at: i64,
    /// By the clock of Docker or journald, a little later.
    pub(crate) arrival: i64,
}

/// The level of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

impl Severity {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
        }
    }
}

/// The name of a field: up to v1.145, and since.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    pub(crate) old: &'static str,
    pub(crate) snake: &'static str,
}

/// A name that changed.
pub(crate) const fn key(old: &'static str, snake: &'static str) -> Key {
    Key { old, snake }
}

/// A name that never changed.
pub(crate) const fn same(name: &'static str) -> Key {
    Key { old: name, snake: name }
}

/// Text of a piece id.
pub(crate) type PieceText = [u8; 52];

/// The other side of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remote {
    V4([u8; 4], u16),
    /// `[2a01:4f8:a:b::2]:port`, with two groups that differ.
    V6(u16, u16, u16),
    /// The node does not know.
    Unknown,
}

/// The value of a field.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Text(Cow<'static, str>),
    Piece(PieceText),
    Remote(Remote),
    Int(i64),
    Float(f64),
    Bool(bool),
    Ints(Vec<i64>),
    /// A nested object of zap, which the console encoder spaces out.
    Flags(Vec<(&'static str, bool)>),
    /// A Go struct that was logged by reflection: compact JSON.
    Reflected(String),
    /// The errors of a multi-error, each a text and its frames.
    Causes(Vec<(String, &'static str)>),
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

/// What a line counts as.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// The end of a transfer.
    Ended {
        key: TransferKey,
        bytes: u64,
        /// When its start was written, if it is in the log.
        started: Option<Stamp>,
    },
    Started,
    Rejected,
    ToldTwice,
    Compaction,
    Orders,
    Scores,
    /// Anything else that the node or its updater logs.
    Background,
    /// A part of the event before.
    Continuation,
    /// supervisord, systemd, journald.
    Supervisor,
    /// Bare text of a process that dies.
    Crash,
    /// Text of other programs.
    Foreign,
}

impl Kind {
    /// The end of a transfer of a satellite that is named or known by the start.
    pub(crate) fn ended(
        satellite: Option<SatelliteId>,
        action: piecewatch_model::Action,
        outcome: Outcome,
        bytes: u64,
        started: Option<Stamp>,
    ) -> Self {
        Self::Ended { key: TransferKey { satellite, action, outcome }, bytes, started }
    }
}

/// A line of the node's logger.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) era: Era,
    pub(crate) severity: Severity,
    /// Empty for the root logger.
    pub(crate) logger: Cow<'static, str>,
    pub(crate) message: Cow<'static, str>,
    pub(crate) process: Option<&'static str>,
    pub(crate) fields: Vec<(Key, Value)>,
    /// The trace that `log.stack` adds, in the JSON encoding.
    pub(crate) stack: Option<&'static str>,
}

impl Event {
    pub(crate) fn new(
        era: Era,
        severity: Severity,
        logger: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            era,
            severity,
            logger: logger.into(),
            message: message.into(),
            process: era.has_process().then_some("storagenode"),
            fields: Vec::with_capacity(8),
            stack: None,
        }
    }

    /// Adds a field.
    pub(crate) fn with(mut self, key: Key, value: impl Into<Value>) -> Self {
        self.fields.push((key, value.into()));
        self
    }

    /// Adds `error`, and `errorVerbose` where there are frames. The era of 2019 says little.
    pub(crate) fn with_error(self, error: String, frames: &'static str) -> Self {
        if frames.is_empty() || self.era == Era::Y2019 {
            return self.with(same("error"), error);
        }
        let verbose = format!("{error}{frames}");
        self.with(same("error"), error).with(same("errorVerbose"), verbose)
    }
}

/// Who wrote a bare line of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writer {
    /// The process of the node, or what shares its output.
    Node,
    Systemd,
    Journald,
}

/// One line to come.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) stamp: Stamp,
    pub(crate) kind: Kind,
    pub(crate) what: What,
}

/// The content of a line.
#[derive(Debug, Clone)]
pub(crate) enum What {
    Event(Event),
    Text(Writer, Cow<'static, [u8]>),
    /// An event after a power loss: the file has a block of so many NULs before it.
    AfterNuls(u16, Event),
}
