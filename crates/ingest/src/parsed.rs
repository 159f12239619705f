//! What one line says.

use piecewatch_model::{Clock, Record, Transfer, TransferStarted};

/// What a [`crate::Parser`] makes of one line.
#[derive(Debug, Clone, PartialEq)]
pub enum Parsed {
    /// A transfer ended. Whether another line tells the same, and how long it took, is found out by
    /// who sees the lines in their order.
    Ended(Ended),
    /// A transfer started.
    Started(Started),
    /// Anything else that is kept.
    Record(Record),
    /// The same, of a line without a time; the record's own time is not set.
    Undated(Record),
    /// A second line about an event that another line tells in full.
    ToldTwice,
    /// A part of the line before.
    Continuation,
    /// A well-formed line that is none of these.
    Other,
    /// A line that no known program writes.
    Unparsed(Unparsed),
}

/// The end of a transfer, as its line tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// The transfer, without a latency yet.
    pub transfer: Transfer,
    /// The finest time known of the line.
    pub stamp: Stamp,
    /// Whether a second line may tell the same.
    pub telling: Telling,
}

/// The start of a transfer.
#[derive(Debug, Clone, PartialEq)]
pub struct Started {
    /// The start.
    pub start: TransferStarted,
    /// The finest time known of the line.
    pub stamp: Stamp,
}

/// An instant to measure a latency from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Microseconds since 1970.
    pub micros: i64,
    /// Where they come from.
    pub clock: Clock,
}

/// How the lines about one transfer's end relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    /// Nothing else tells it.
    Once,
    /// `… (race lost or node shutdown)`: at level DEBUG a second line follows.
    First,
    /// A line at level DEBUG that is such a second line, if a first one went before.
    PerhapsSecond,
}

/// Why a line says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unparsed {
    /// It is of no known form, or damaged.
    Unknown,
    /// It is in the `pretty` encoding, which has neither date nor logger.
    Pretty,
    /// It is in the `gcloudlogging` encoding, which no operator uses.
    GoogleCloud,
}
