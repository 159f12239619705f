//! What was stored and moved on a day: the series that satellites' pages show.

use std::collections::BTreeMap;

use piecewatch_model::{
    ByteCount, ByteHours, DailyBandwidth, DailyStorage, Grain, SatelliteId, StorageBasis, Timestamp,
};
use serde::Deserialize;

use crate::wire::{List, Number, Time, or_zero};

const SECONDS_PER_HOUR: f64 = 3_600.0;

/// What was moved on one UTC day, as [`DailyBandwidth`], without the satellite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MovedOnDay {
    /// The beginning of the UTC day.
    pub day: Timestamp,
    /// Downloads of customers.
    pub get: ByteCount,
    /// Audits.
    pub get_audit: ByteCount,
    /// Downloads for repair.
    pub get_repair: ByteCount,
    /// Uploads of customers.
    pub put: ByteCount,
    /// Uploads for repair.
    pub put_repair: ByteCount,
}

/// What was stored on one UTC day, as [`DailyStorage`], without the satellite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredOnDay {
    /// The beginning of the UTC day.
    pub day: Timestamp,
    /// Bytes times hours.
    pub byte_hours: ByteHours,
    /// The hours that this covers, in seconds; `None` before v1.70 and for all satellites together.
    pub covered_seconds: Option<u32>,
    /// The average of the bytes held; `None` before v1.70.
    pub average: Option<ByteCount>,
    /// From where the node has it.
    pub basis: StorageBasis,
}

impl MovedOnDay {
    /// The same, of a satellite.
    pub const fn of(self, satellite: SatelliteId) -> DailyBandwidth {
        let Self { day, get, get_audit, get_repair, put, put_repair } = self;
        DailyBandwidth { satellite, day, get, get_audit, get_repair, put, put_repair }
    }
}

impl StoredOnDay {
    /// The same, of a satellite.
    pub const fn of(self, satellite: SatelliteId) -> DailyStorage {
        let Self { day, byte_hours, covered_seconds, average, basis } = self;
        DailyStorage { satellite, day, byte_hours, covered_seconds, average, basis }
    }
}

/// An entry of `bandwidthDaily`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireRollup {
    egress: Option<WireMoved>,
    ingress: Option<WireMoved>,
    interval_start: Time,
}

#[derive(Debug, Deserialize)]
struct WireMoved {
    usage: Option<Number>,
    repair: Option<Number>,
    audit: Option<Number>,
}

/// An entry of `storageDaily`. Before v1.70 only the first and the fourth are there.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireStamp {
    at_rest_total: Option<Number>,
    at_rest_total_bytes: Option<Number>,
    interval_in_hours: Option<Number>,
    interval_start: Time,
    calculated: Option<bool>,
}

/// By day. Two entries of one day are parts of it: around an upgrade of the node the same day is
/// written in two forms.
pub(super) fn moved(wire: List<WireRollup>) -> Vec<MovedOnDay> {
    let mut days: BTreeMap<Timestamp, MovedOnDay> = BTreeMap::new();
    for rollup in wire.0 {
        let Some(day) = rollup.interval_start.0.map(|start| start.floor(Grain::Day)) else {
            continue;
        };
        let of = |moved: &Option<WireMoved>, field: fn(&WireMoved) -> Option<Number>| {
            or_zero(moved.as_ref().and_then(field), Number::bytes)
        };
        let zero = ByteCount::default();
        let sum = days.entry(day).or_insert(MovedOnDay {
            day,
            get: zero,
            get_audit: zero,
            get_repair: zero,
            put: zero,
            put_repair: zero,
        });
        sum.get = sum.get + of(&rollup.egress, |moved| moved.usage);
        sum.get_audit = sum.get_audit + of(&rollup.egress, |moved| moved.audit);
        sum.get_repair = sum.get_repair + of(&rollup.egress, |moved| moved.repair);
        sum.put = sum.put + of(&rollup.ingress, |moved| moved.usage);
        sum.put_repair = sum.put_repair + of(&rollup.ingress, |moved| moved.repair);
    }
    days.into_values().collect()
}

/// By day. Of two entries of one day the later counts.
pub(super) fn stored(wire: List<WireStamp>) -> Vec<StoredOnDay> {
    let mut days = BTreeMap::new();
    for stamp in wire.0 {
        let Some(day) = stamp.interval_start.0.map(|start| start.floor(Grain::Day)) else {
            continue;
        };
        let seconds = |hours: Number| Number::Float(hours.float() * SECONDS_PER_HOUR).small();
        let basis = match stamp.calculated {
            Some(true) => StorageBasis::Calculated,
            Some(false) | None => StorageBasis::Reported,
        };
        days.insert(
            day,
            StoredOnDay {
                day,
                byte_hours: or_zero(stamp.at_rest_total, Number::byte_hours),
                covered_seconds: stamp.interval_in_hours.map(seconds),
                average: stamp.at_rest_total_bytes.map(Number::bytes),
                basis,
            },
        );
    }
    days.into_values().collect()
}
