//! How much space has a node, and how much of it is left?

use piecewatch_model::{ByteCount, Timestamp};
use piecewatch_store::{NewestSpace, SpaceRow};

/// A figure, and when it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// When.
    pub at: Timestamp,
    /// How many bytes.
    pub bytes: ByteCount,
}

/// The space of a node, each figure as it was told last; `None` where nobody told it lately.
///
/// The figures have one meaning for all versions. Those of [`Capacity::whole`] are of one instant
/// and add up; the others may be of different instants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capacity {
    /// Bytes of pieces, without trash.
    pub used: Option<Told>,
    /// Bytes of pieces in the trash.
    pub trash: Option<Told>,
    /// Bytes left for pieces. The only figure that a log tells.
    pub available: Option<Told>,
    /// Bytes that the operator allotted to the node.
    pub total: Option<Told>,
    /// Bytes used beyond what was allotted.
    pub overused: Option<Told>,
    /// Bytes that the next compactions of the hash store would free.
    pub reclaimable: Option<Told>,
    /// How the allotment was used when all of it was told last.
    pub whole: Option<Allotment>,
}

/// How a node's allotment is used at one instant. Used, trash, other and available are all of it;
/// what is overused is in what is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allotment {
    /// When.
    pub at: Timestamp,
    /// Bytes that the operator allotted.
    pub total: ByteCount,
    /// Bytes of pieces, without trash.
    pub used: ByteCount,
    /// Bytes of pieces in the trash.
    pub trash: ByteCount,
    /// What else is taken: what is dead in the hash store, its tables, and on a disk of its own
    /// what other programs hold. Bytes.
    pub other: ByteCount,
    /// Bytes left for pieces.
    pub available: ByteCount,
}

impl Capacity {
    /// What the newest snapshots tell.
    pub fn of(newest: &NewestSpace) -> Self {
        let told = |row: &Option<SpaceRow>, figure: fn(&SpaceRow) -> Option<ByteCount>| {
            let row = row.as_ref()?;
            Some(Told { at: row.at, bytes: figure(row)? })
        };
        Self {
            used: told(&newest.held, |row| row.used),
            trash: told(&newest.held, |row| row.trash)
                .or_else(|| told(&newest.whole, |row| row.trash)),
            available: told(&newest.left, |row| row.available),
            total: told(&newest.whole, |row| row.total),
            overused: told(&newest.whole, |row| row.overused),
            reclaimable: told(&newest.whole, |row| row.reclaimable),
            whole: newest.whole.as_ref().and_then(Allotment::of),
        }
    }
}

impl Allotment {
    /// What a snapshot tells of it; `None` where it does not tell all.
    pub fn of(row: &SpaceRow) -> Option<Self> {
        let (total, used, available) = (row.total?, row.used?, row.available?);
        let trash = row.trash?;
        let taken = used + trash + available;
        let other = ByteCount::new((total + overused(row)).get().saturating_sub(taken.get()));
        Some(Self { at: row.at, total, used, trash, other, available })
    }

    /// Bytes that the node takes of its disk: all but what is left, and more than the allotment
    /// where it is overused.
    pub fn taken(&self) -> ByteCount {
        self.used + self.trash + self.other
    }

    /// A part of the allotment, 0 to 1; above 1 where it is overused. `None` of an allotment of
    /// nothing.
    pub fn share(&self, part: ByteCount) -> Option<f64> {
        (self.total.get() > 0).then(|| part.get() as f64 / self.total.get() as f64)
    }
}

fn overused(row: &SpaceRow) -> ByteCount {
    row.overused.unwrap_or_default()
}

/// Bytes that a node takes, as far as a snapshot tells: of a dashboard all, of the node's databases
/// what is in pieces and trash.
pub(super) fn taken(row: &SpaceRow) -> Option<ByteCount> {
    let (total, available) = (row.total?, row.available?);
    let left = total.get().saturating_sub(available.get());
    Some(ByteCount::new(left) + overused(row))
}
