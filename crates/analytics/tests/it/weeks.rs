//! Weeks of a simulated node, read as its log is.

use std::{num::NonZeroUsize, path::Path, sync::atomic::AtomicU64};

use piecewatch_ingest::{Flow, Import, ImportConfig};
use piecewatch_model::{Batch, Grain, NodeName, Timestamp};
use piecewatch_simulator::{Config, Encoding, Level, Mix, Rhythm, Simulator, Vocabulary};

pub(crate) const DAY: i64 = 24;
pub(crate) const WEEK: i64 = 7 * DAY;

/// A Monday.
pub(crate) fn start() -> Timestamp {
    Timestamp::from_civil((2026, 6, 1), 0, 0, 0)
}

pub(crate) fn hour(hour: i64) -> Timestamp {
    start().plus_micros(hour * Grain::Hour.micros())
}

/// A node with days, nights and weekends: some 100 transfers an hour.
pub(crate) fn config(seed: u64) -> Config {
    Config {
        seed,
        start: Some(start()),
        // Milliseconds, and starts at INFO: latencies without a container.
        vocabulary: Vocabulary::Y2022,
        encoding: Encoding::Console,
        level: Level::Info,
        utc_offset_minutes: Some(0),
        transfers_per_second: 0.03,
        rhythm: Rhythm::DayAndWeek,
        mix: Mix::Realistic,
        ..Config::default()
    }
}

/// The log up to an hour, as batches of records.
pub(crate) fn batches(config: Config, hours: i64) -> Vec<Batch> {
    let mut simulator = Simulator::new(config);
    let mut text = Vec::new();
    while simulator.now() < hour(hours) {
        simulator.next_line(&mut text);
    }
    let config =
        ImportConfig { node: node(), workers: NonZeroUsize::MIN, countries: None, time_zone: None };
    let mut import = Import::new(config, Vec::new(), 0);
    let mut batches = Vec::new();
    let sink = |batch| {
        batches.push(batch);
        Flow::Continue
    };
    import.stream(Path::new("-"), text.as_slice(), &AtomicU64::new(0), sink).unwrap();
    batches
}

pub(crate) fn node() -> NodeName {
    "attic".parse().unwrap()
}
