//! Storage for machines: bytes as whole numbers, times in seconds or RFC 3339; what is not known is
//! null.

use std::collections::BTreeMap;

use piecewatch_analytics::storage::{
    Cause, DiskFull, Growth, GrowthBasis, NodeStorage, Slope, StoredDays, Told, UnknownFiles,
};
use piecewatch_model::{ByteCount, SatelliteId, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    OfNode, Shown,
    work_rows::{HashStoreRow, MigrationRow, RunRow, RunningRow, TaskRow},
};
use crate::{earnings::satellite_name, form::Span, window};

#[derive(JsonSchema, Serialize)]
pub(crate) struct Root {
    /// That of the work; all else is as it is at the end.
    #[serde(flatten)]
    span: Span,
    nodes: Vec<NodeRow>,
}

impl Root {
    pub(crate) fn of(shown: &Shown) -> Self {
        Self { span: Span::of(shown.window), nodes: shown.nodes.iter().map(NodeRow::of).collect() }
    }
}

#[derive(JsonSchema, Serialize)]
struct NodeRow {
    node: String,
    #[serde(flatten)]
    space: SpaceFields,
    growth: Vec<GrowthRow>,
    satellites: BTreeMap<String, u64>,
    unreported: Vec<String>,
    files_pieces_bytes: Option<u64>,
    files_missing: Vec<MissingRow>,
    files_dead_bytes: Option<u64>,
    /// Why the node takes more or less than its satellites report, in bytes.
    causes: BTreeMap<&'static str, i64>,
    /// Why the node counts more or less than its files hold, in bytes.
    files_causes: BTreeMap<&'static str, i64>,
    running: Vec<RunningRow>,
    /// What ended in the window by task, beside the 30 days before.
    tasks: Vec<TaskRow>,
    ended: Vec<RunRow>,
    hash_stores: Vec<HashStoreRow>,
    migration: Option<MigrationRow>,
    days: Vec<DayRow>,
}

impl NodeRow {
    fn of(of: &OfNode) -> Self {
        let (storage, work) = (&of.storage, &of.work);
        let accounts = &storage.accounts;
        let satellites = accounts.satellites.iter();
        Self {
            node: storage.node.to_string(),
            space: SpaceFields::of(storage),
            growth: storage.growth.iter().map(GrowthRow::of).collect(),
            satellites: satellites.map(|of| (name(of.satellite), of.bytes.get())).collect(),
            unreported: accounts.unreported.iter().copied().map(name).collect(),
            files_pieces_bytes: accounts.files.pieces().map(ByteCount::get),
            files_missing: accounts.files.missing.iter().map(MissingRow::of).collect(),
            files_dead_bytes: accounts.files.hash_store_dead.map(ByteCount::get),
            causes: causes(&accounts.causes),
            files_causes: causes(&accounts.file_causes),
            running: work.running.iter().map(RunningRow::of).collect(),
            tasks: work.tasks.iter().map(TaskRow::of).collect(),
            ended: work.ended.iter().map(RunRow::of).collect(),
            hash_stores: work.hash_stores.iter().map(HashStoreRow::of).collect(),
            migration: work.migration.as_ref().map(MigrationRow::of),
            days: days(&of.days),
        }
    }
}

fn causes(causes: &[Cause]) -> BTreeMap<&'static str, i64> {
    causes.iter().map(|of| (of.kind.name(), of.bytes)).collect()
}

/// Where pieces may be of which the log tells nothing.
#[derive(JsonSchema, Serialize)]
struct MissingRow {
    satellite: String,
    /// `blobs`, or `s0` or `s1` of the hash store.
    part: &'static str,
}

impl MissingRow {
    fn of(of: &UnknownFiles) -> Self {
        Self { satellite: name(of.satellite), part: of.part.name() }
    }
}

#[derive(JsonSchema, Serialize)]
pub(super) struct SpaceFields {
    pub(super) told_at: Option<String>,
    pub(super) used_bytes: Option<u64>,
    pub(super) trash_bytes: Option<u64>,
    pub(super) available_bytes: Option<u64>,
    pub(super) total_bytes: Option<u64>,
    pub(super) overused_bytes: Option<u64>,
    pub(super) reclaimable_bytes: Option<u64>,
    /// What is taken besides pieces and trash.
    pub(super) other_bytes: Option<u64>,
    pub(super) taken_bytes: Option<u64>,
    /// Of the allotment, 0 to 1, as the two after it.
    used_share: Option<f64>,
    trash_share: Option<f64>,
    available_share: Option<f64>,
    /// By the satellites.
    pub(super) reported_bytes: Option<u64>,
    pub(super) full: &'static str,
    pub(super) full_at: Option<String>,
    pub(super) full_earliest_at: Option<String>,
    pub(super) full_latest_at: Option<String>,
}

impl SpaceFields {
    pub(super) fn of(storage: &NodeStorage) -> Self {
        let capacity = &storage.capacity;
        let bytes = |told: Option<Told>| told.map(|told| told.bytes.get());
        let whole = capacity.whole;
        let share = |part: fn(&piecewatch_analytics::storage::Allotment) -> ByteCount| {
            whole.and_then(|whole| whole.share(part(&whole)))
        };
        let (full, full_at, full_earliest_at, full_latest_at) = match storage.full {
            DiskFull::Unknown => ("unknown", None, None, None),
            DiskFull::Now => ("now", None, None, None),
            DiskFull::NotFilling => ("not_filling", None, None, None),
            DiskFull::On { at, earliest, latest, .. } => ("on", Some(at), Some(earliest), latest),
        };
        let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
        Self {
            told_at: text(whole.map(|whole| whole.at).or(capacity.available.map(|told| told.at))),
            used_bytes: bytes(capacity.used),
            trash_bytes: bytes(capacity.trash),
            available_bytes: bytes(capacity.available),
            total_bytes: bytes(capacity.total),
            overused_bytes: bytes(capacity.overused),
            reclaimable_bytes: bytes(capacity.reclaimable),
            other_bytes: whole.map(|whole| whole.other.get()),
            taken_bytes: whole.map(|whole| whole.taken().get()),
            used_share: share(|whole| whole.used),
            trash_share: share(|whole| whole.trash),
            available_share: share(|whole| whole.available),
            reported_bytes: storage.accounts.reported().map(ByteCount::get),
            full,
            full_at: text(full_at),
            full_earliest_at: text(full_earliest_at),
            full_latest_at: text(full_latest_at),
        }
    }
}

#[derive(JsonSchema, Serialize)]
struct GrowthRow {
    days: u16,
    based_on: Option<&'static str>,
    bytes_a_day: Option<f64>,
    low_bytes_a_day: Option<f64>,
    high_bytes_a_day: Option<f64>,
    snapshots: Option<usize>,
    pieces_bytes_a_day: Option<f64>,
}

impl GrowthRow {
    fn of(growth: &Growth) -> Self {
        let slope: Option<Slope> = growth.taken.map(|(_, slope)| slope);
        let based_on = |basis| match basis {
            GrowthBasis::Taken => "taken",
            GrowthBasis::Held => "held",
            GrowthBasis::Available => "available",
        };
        Self {
            days: growth.over.days(),
            based_on: growth.taken.map(|(basis, _)| based_on(basis)),
            bytes_a_day: slope.map(|slope| slope.per_day),
            low_bytes_a_day: slope.map(|slope| slope.low),
            high_bytes_a_day: slope.map(|slope| slope.high),
            snapshots: slope.map(|slope| slope.points),
            pieces_bytes_a_day: growth.pieces.map(|slope| slope.per_day),
        }
    }
}

/// A day as satellites reported it; null is a gap.
#[derive(Clone, JsonSchema, Serialize)]
pub(crate) struct DayRow {
    day: String,
    bytes: Option<u64>,
    satellites: BTreeMap<String, DayOfSatellite>,
}

#[derive(Clone, JsonSchema, Serialize)]
struct DayOfSatellite {
    bytes: Option<u64>,
    state: &'static str,
}

/// A row for each day.
pub(crate) fn days(days: &StoredDays) -> Vec<DayRow> {
    let row = |(at, (day, total)): (usize, (&Timestamp, Option<ByteCount>))| {
        let of = |(id, days): (&SatelliteId, &Vec<piecewatch_analytics::storage::StoredDay>)| {
            let day = days.get(at)?;
            let bytes = day.bytes().map(ByteCount::get);
            Some((name(*id), DayOfSatellite { bytes, state: day.name() }))
        };
        let satellites = days.satellites.iter().filter_map(of).collect();
        DayRow { day: window::day(*day), bytes: total.map(ByteCount::get), satellites }
    };
    days.days.iter().zip(days.total()).enumerate().map(row).collect()
}

pub(super) fn name(satellite: SatelliteId) -> String {
    satellite_name(satellite, None)
}
