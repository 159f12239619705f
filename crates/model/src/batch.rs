//! What moves from a reader to a writer.

use std::{ops::AddAssign, sync::Arc};

use crate::{Checkpoint, Head, NodeName, Record};

/// Some records of one node, and the place in its source up to which they were read.
///
/// A writer stores the records and the place in one transaction, or nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The node whose log it is.
    pub node: NodeName,
    /// The name of the source, for people; a source is known by its content.
    pub source: Arc<str>,
    /// Where the batch begins.
    pub start: Start,
    /// Where it ends.
    pub end: Checkpoint,
    /// The records, in the order of the log.
    pub records: Vec<Record>,
    /// What became of the lines.
    pub counts: LineCounts,
}

/// Where a batch begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At the beginning of a source of which nothing is stored.
    Beginning {
        /// The number of the newest checkpoint that the reader knew of when it found that the
        /// source is new, 0 if there was none. A writer that has a newer checkpoint of the same
        /// content from somebody else writes nothing.
        known: i64,
    },
    /// Where the checkpoint of these values ends. A writer that has none such writes nothing:
    /// somebody else has read on.
    Checkpoint {
        /// The beginning of the source, as in the checkpoint.
        head: Head,
        /// How far it was read.
        offset: u64,
        /// The hash of the bytes before.
        tail_hash: u64,
    },
}

impl From<&Checkpoint> for Start {
    fn from(checkpoint: &Checkpoint) -> Self {
        Self::Checkpoint {
            head: checkpoint.head,
            offset: checkpoint.offset,
            tail_hash: checkpoint.tail_hash,
        }
    }
}

/// How many lines were what. Each line is counted in one field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LineCounts {
    /// Ends of uploads and downloads.
    pub transfers: u64,
    /// Starts of uploads and downloads.
    pub started: u64,
    /// Uploads turned away.
    pub rejected: u64,
    /// Beginnings and ends of compactions.
    pub compactions: u64,
    /// Other work on the pieces.
    pub maintenance: u64,
    /// Orders settled.
    pub orders: u64,
    /// Satellites' scores.
    pub scores: u64,
    /// Trouble.
    pub troubles: u64,
    /// Starts, stops, versions.
    pub lifecycle: u64,
    /// Second lines about an event that another line has told.
    pub told_twice: u64,
    /// Parts of the line before: stack traces, split lines, empty lines.
    pub continuation: u64,
    /// Well-formed lines that are none of these.
    pub other: u64,
    /// Lines that no known program writes, and lines too long to be read.
    pub unparsed: u64,
    /// Bytes that were not looked at: those of too long lines, and blocks of NUL.
    pub skipped_bytes: u64,
}

impl LineCounts {
    /// The number of lines: the sum of the parts.
    pub const fn lines(&self) -> u64 {
        self.transfers
            + self.started
            + self.rejected
            + self.compactions
            + self.maintenance
            + self.orders
            + self.scores
            + self.troubles
            + self.lifecycle
            + self.told_twice
            + self.continuation
            + self.other
            + self.unparsed
    }
}

impl AddAssign for LineCounts {
    fn add_assign(&mut self, other: Self) {
        self.transfers += other.transfers;
        self.started += other.started;
        self.rejected += other.rejected;
        self.compactions += other.compactions;
        self.maintenance += other.maintenance;
        self.orders += other.orders;
        self.scores += other.scores;
        self.troubles += other.troubles;
        self.lifecycle += other.lifecycle;
        self.told_twice += other.told_twice;
        self.continuation += other.continuation;
        self.other += other.other;
        self.unparsed += other.unparsed;
        self.skipped_bytes += other.skipped_bytes;
    }
}
