//! How far is the migration of a node's pieces to the hash store?

use std::collections::BTreeSet;

use piecewatch_model::{ByteCount, Maintenance, MaintenanceKind, Phase, SatelliteId, Timestamp};

const HOUR_MICROS: i64 = 3_600 * 1_000_000;
const DAY_MICROS: f64 = 86_400e6;

/// What was moved from the blob store to the hash store in a time, or should have been.
#[derive(Debug, Clone, PartialEq)]
pub struct Migration {
    /// What was moved; `None` where nothing was.
    pub moved: Option<Moved>,
    /// How often a piece could not be moved. A broken piece is tried again every ten minutes.
    pub failures: u64,
    /// When that was told last; `None` where it never was.
    pub failed_at: Option<Timestamp>,
    /// The satellites whose pieces are to be moved.
    pub queued: BTreeSet<SatelliteId>,
    /// What is left in the blob store, by the newest walk for each satellite less what was moved
    /// since the oldest of these walks; `None` where no walk is known.
    pub left: Option<ByteCount>,
}

/// What was moved to the hash store.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moved {
    /// When the first was told.
    pub from: Timestamp,
    /// When the last was told.
    pub to: Timestamp,
    /// How many pieces.
    pub pieces: u64,
    /// How many bytes.
    pub bytes: ByteCount,
    /// Bytes in a day; `None` where less than an hour is known.
    pub per_day: Option<f64>,
}

impl Migration {
    /// What lines of a time tell: those of the migration, and the walks over the blob store. `None`
    /// where none tells that pieces were moved, could not be, or are to be. The order of the lines
    /// does not matter.
    pub fn of(lines: &[Maintenance]) -> Option<Self> {
        let told = |phase: Phase| {
            let of_migration = lines.iter().filter(|line| line.kind == MaintenanceKind::Migration);
            of_migration.filter(move |line| line.phase == phase)
        };
        let failed = || told(Phase::Failed).filter(|line| line.failed.is_some());
        let moved = Moved::of(&told(Phase::Progress).collect::<Vec<_>>());
        let queued: BTreeSet<SatelliteId> =
            told(Phase::Queued).filter_map(|line| line.satellite).collect();
        let failed_at = failed().map(|line| line.at).max();
        if moved.is_none() && failed_at.is_none() && queued.is_empty() {
            return None;
        }
        let left = newest_walks(lines).map(|(walked_at, found)| {
            let since = told(Phase::Progress).filter(|line| line.at > walked_at).map(bytes);
            ByteCount::new(found.get().saturating_sub(since.sum::<ByteCount>().get()))
        });
        let failures = failed().filter_map(|line| line.failed).sum();
        Some(Self { moved, failures, failed_at, queued, left })
    }

    /// When all is moved if it goes on as it did; `None` where that is not known.
    pub fn done_at(&self) -> Option<Timestamp> {
        let moved = self.moved?;
        let per_day = moved.per_day.filter(|per_day| *per_day > 0.0)?;
        let days = self.left?.get() as f64 / per_day;
        Some(moved.to.plus_micros((days * DAY_MICROS) as i64))
    }
}

impl Moved {
    fn of(lines: &[&Maintenance]) -> Option<Self> {
        let from = lines.iter().map(|line| line.at).min()?;
        let to = lines.iter().map(|line| line.at).max()?;
        // What the first line tells was moved before it.
        let since_first = lines.iter().filter(|line| line.at > from).map(|line| bytes(line));
        let since_first: ByteCount = since_first.sum();
        let span = to.as_micros() - from.as_micros();
        let per_day =
            (span >= HOUR_MICROS).then(|| since_first.get() as f64 / (span as f64 / DAY_MICROS));
        Some(Self {
            from,
            to,
            pieces: lines.iter().filter_map(|line| line.affected).sum(),
            bytes: lines.iter().map(|line| bytes(line)).sum(),
            per_day,
        })
    }
}

fn bytes(line: &Maintenance) -> ByteCount {
    line.bytes.unwrap_or_default()
}

/// What the newest walk for each satellite found, together, and when the oldest of them ended.
fn newest_walks(lines: &[Maintenance]) -> Option<(Timestamp, ByteCount)> {
    let walks = || {
        let walks = lines.iter().filter(|line| line.kind == MaintenanceKind::UsedSpaceWalker);
        walks.filter(|line| line.phase == Phase::Finished && line.bytes.is_some())
    };
    let is_newest = |walk: &&Maintenance| {
        walks().all(|other| other.satellite != walk.satellite || other.at <= walk.at)
    };
    let newest = || walks().filter(is_newest);
    let oldest = newest().map(|walk| walk.at).min()?;
    Some((oldest, newest().filter_map(|walk| walk.bytes).sum()))
}
