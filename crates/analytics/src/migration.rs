//! How far is the migration of a node's pieces to the hash store?

use piecewatch_model::{ByteCount, Maintenance, MaintenanceKind, Phase, Timestamp};

const HOUR_MICROS: i64 = 3_600 * 1_000_000;
const DAY_MICROS: f64 = 86_400e6;

/// What was moved from the blob store to the hash store in a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Migration {
    /// When the first was told.
    pub from: Timestamp,
    /// When the last was told.
    pub to: Timestamp,
    /// Pieces moved.
    pub pieces: u64,
    /// Bytes moved.
    pub bytes: ByteCount,
    /// How often a piece could not be moved. A broken piece is tried again every ten minutes.
    pub failures: u64,
    /// Bytes moved in a day; `None` where less than an hour is known.
    pub per_day: Option<f64>,
    /// What is left in the blob store, by the newest walk for each satellite less what was moved
    /// since the oldest of these walks; `None` where no walk is known.
    pub left: Option<ByteCount>,
}

impl Migration {
    /// What lines of a time tell: those of the migration, and the walks over the blob store. `None`
    /// where none tells of moved pieces. The order of the lines does not matter.
    pub fn of(lines: &[Maintenance]) -> Option<Self> {
        let moved = || {
            let of_migration = lines.iter().filter(|line| line.kind == MaintenanceKind::Migration);
            of_migration.filter(|line| line.phase == Phase::Progress)
        };
        let from = moved().map(|line| line.at).min()?;
        let to = moved().map(|line| line.at).max()?;
        let bytes = |line: &Maintenance| line.bytes.unwrap_or_default();
        // What the first line tells was moved before it.
        let since_first: ByteCount = moved().filter(|line| line.at > from).map(bytes).sum();
        let span = to.as_micros() - from.as_micros();
        let per_day =
            (span >= HOUR_MICROS).then(|| since_first.get() as f64 / (span as f64 / DAY_MICROS));
        let failed = lines
            .iter()
            .filter(|line| line.kind == MaintenanceKind::Migration && line.phase == Phase::Failed);
        let found = newest_walks(lines);
        let left = found.map(|(walked_at, found)| {
            let since = moved().filter(|line| line.at > walked_at).map(bytes);
            ByteCount::new(found.get().saturating_sub(since.sum::<ByteCount>().get()))
        });
        Some(Self {
            from,
            to,
            pieces: moved().filter_map(|line| line.affected).sum(),
            bytes: moved().map(bytes).sum(),
            failures: failed.filter_map(|line| line.failed).sum(),
            per_day,
            left,
        })
    }

    /// When all is moved if it goes on as it did; `None` where that is not known.
    pub fn done_at(&self) -> Option<Timestamp> {
        let per_day = self.per_day.filter(|per_day| *per_day > 0.0)?;
        let days = self.left?.get() as f64 / per_day;
        Some(self.to.plus_micros((days * DAY_MICROS) as i64))
    }
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
