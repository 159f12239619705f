//! The newest transfers of a set of nodes, from the database and from what was just read.

use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use piecewatch_model::{
    Action, ByteCount, Country, Latency, NodeName, PieceId, Record, Rejected, SatelliteId,
    Timestamp, Transfer,
};
use piecewatch_store::{Fate, StoredTransfer};

/// How many transfers are shown.
pub(super) const SHOWN_MAX: usize = 30;
/// How many are kept: where the last one shown is one of many of its second, which of them that is
/// must not depend on where they come from.
pub(super) const KEPT_MAX: usize = 2 * SHOWN_MAX;
/// How far back they are looked for, in microseconds.
pub(super) const REACH: i64 = 24 * 3600 * 1_000_000;
/// How far a node's clock may be ahead.
pub(super) const AHEAD: i64 = 3600 * 1_000_000;
/// As the database stores amounts: no transfer is larger or takes longer.
const AMOUNT_MAX: u64 = 1 << 32;

/// A transfer, or an upload turned away. What is stored and what was just read are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) at: Timestamp,
    pub(super) node: NodeName,
    pub(super) satellite: Option<SatelliteId>,
    pub(super) piece: Option<PieceId>,
    pub(super) action: Action,
    pub(super) fate: Fate,
    pub(super) size: Option<ByteCount>,
    pub(super) country: Option<Country>,
    pub(super) latency: Option<Latency>,
    pub(super) error: Option<Box<str>>,
}

impl Row {
    pub(super) fn stored(of: StoredTransfer) -> Self {
        Self {
            at: of.at,
            node: of.node,
            satellite: of.satellite,
            piece: of.piece,
            action: of.action,
            fate: of.fate,
            size: of.size,
            country: of.country,
            latency: of.latency,
            error: of.error.map(Into::into),
        }
    }

    /// `None` of what is no transfer.
    pub(super) fn read(node: &NodeName, record: &Record) -> Option<Self> {
        match record {
            Record::Transfer(transfer) => Some(Self::ended(node, transfer)),
            Record::Rejected(rejected) => Some(Self::rejected(node, rejected)),
            Record::Compaction(_)
            | Record::Maintenance(_)
            | Record::Orders(_)
            | Record::Scores(_)
            | Record::Trouble(_)
            | Record::Lifecycle(_)
            | Record::Space(_) => None,
        }
    }

    fn ended(node: &NodeName, of: &Transfer) -> Self {
        let latency = |Latency { micros, clock }| Latency { micros: micros.min(AMOUNT_MAX), clock };
        Self {
            at: of.at,
            node: node.clone(),
            satellite: of.satellite,
            piece: Some(of.piece),
            action: of.action.clone(),
            fate: Fate::Ended(of.outcome),
            size: of.size.map(|size| ByteCount::new(size.get().min(AMOUNT_MAX))),
            country: of.country,
            latency: of.latency.map(latency),
            error: of.error.clone(),
        }
    }

    fn rejected(node: &NodeName, of: &Rejected) -> Self {
        Self {
            at: of.at,
            node: node.clone(),
            satellite: None,
            piece: None,
            action: Action::Upload,
            fate: Fate::Rejected,
            size: None,
            country: None,
            latency: None,
            error: None,
        }
    }
}

/// The newest transfers, newest first.
#[derive(Debug, Default, Clone)]
pub(super) struct Tail {
    rows: Vec<Row>,
}

impl Tail {
    /// Takes what the database says of the time from `from` on in place of what is here.
    pub(super) fn replace(&mut self, from: Timestamp, stored: Vec<StoredTransfer>) {
        self.rows.retain(|row| row.at < from);
        self.add(stored.into_iter().map(Row::stored));
    }

    /// Adds what came later, newest first.
    pub(super) fn add(&mut self, rows: impl IntoIterator<Item = Row>) {
        let added = self.rows.splice(..0, rows);
        drop(added);
        // As the database has it: by second, then by node, then by the place in the log.
        self.rows.sort_by(|one, other| {
            let seconds = other.at.as_seconds().cmp(&one.at.as_seconds());
            seconds.then_with(|| other.node.cmp(&one.node))
        });
        self.rows.truncate(KEPT_MAX);
    }

    /// The rows that are shown, newest first, each with a name that a transfer keeps, made of when, where
    /// and which piece: a browser is told it again when the transfer leaves, so it is short. Of those that
    /// have it in common each has a number.
    pub(super) fn named(&self) -> Vec<(String, Row)> {
        let (mut names, mut named) = (BTreeSet::new(), Vec::with_capacity(SHOWN_MAX));
        for row in self.rows.iter().take(SHOWN_MAX) {
            let mut hasher = DefaultHasher::new();
            (row.at, &row.node, row.piece.as_ref().map(PieceId::as_bytes)).hash(&mut hasher);
            let name = format!("{:x}", hasher.finish() as u32);
            let mut number = 1;
            let mut numbered = name.clone();
            while !names.insert(numbered.clone()) {
                number += 1;
                numbered = format!("{name}-{number}");
            }
            named.push((numbered, row.clone()));
        }
        named
    }
}
