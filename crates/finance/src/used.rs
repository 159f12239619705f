//! What was moved and stored in a month, by satellite, and when it was told.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem::size_of,
    sync::Arc,
};

use piecewatch_model::{
    ByteCount, ByteHours, DailyBandwidth, DailyStorage, Grain, Period, SatelliteId, Timestamp,
};

use crate::{LogError, LogTraffic, ShareBasis, Stored, Usage};

/// What was moved in a month, as the node booked it and as its log tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traffic {
    /// As the node booked it, by day and satellite.
    pub booked: Vec<DailyBandwidth>,
    /// When the node told last what it booked in the month, by satellite.
    pub told_at: BTreeMap<SatelliteId, Timestamp>,
    /// The days on which it booked anything for any satellite, from a week before the month to a
    /// week after it.
    pub moved_on: BTreeSet<Timestamp>,
    /// As its log tells it. `None` for a satellite that no line named.
    pub logged: BTreeMap<Option<SatelliteId>, LogTraffic>,
    /// The times of the oldest and the newest record of the log, of any month; `None` where there
    /// is no log of the month.
    pub records: Option<(Timestamp, Timestamp)>,
    /// The days of which both tell; `None` where there is no whole one.
    pub overlap: Option<Overlap>,
}

/// Whole days of a month that a log covers and of which the node has told what it booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlap {
    /// The beginning of the first day.
    pub from: Timestamp,
    /// The end of the last day.
    pub to: Timestamp,
    /// What the log tells of these days.
    pub logged: BTreeMap<SatelliteId, LogTraffic>,
}

/// A log that is rotated at midnight has its first line some time after it, and its last before.
const EDGE_MICROS: i64 = Grain::Hour.micros();

impl Traffic {
    /// What was downloaded for a satellite: as the node booked it, else as its log tells it.
    pub fn downloaded(&self, satellite: SatelliteId) -> ByteCount {
        let booked: ByteCount =
            self.booked_for(satellite).map(|row| Usage::moved(row).downloaded()).sum();
        if booked.get() > 0 {
            return booked;
        }
        self.logged.get(&Some(satellite)).map(LogTraffic::downloaded).unwrap_or_default()
    }

    /// What the node booked for one satellite, by day.
    pub fn booked_for(&self, satellite: SatelliteId) -> impl Iterator<Item = &DailyBandwidth> {
        self.booked.iter().filter(move |row| row.satellite == satellite)
    }

    /// The beginning of the first and the end of the last whole day of a month of which both the
    /// log and the node tell, up to an hour at either end of the log; `None` where there is no such
    /// day.
    pub fn days_of_both(&self, period: Period) -> Option<(Timestamp, Timestamp)> {
        let (first, last) = self.records?;
        let told_at = *self.told_at.values().max()?;
        let from = first.plus_micros(-EDGE_MICROS).ceil(Grain::Day).max(period.start());
        let last = last.plus_micros(EDGE_MICROS).min(told_at);
        let to = last.floor(Grain::Day).min(period.end());
        (from < to).then_some((from, to))
    }

    /// How far the log is from what the node booked for a satellite, on the days of which both
    /// tell; `None` where there are none.
    pub fn log_error(&self, satellite: SatelliteId) -> Option<LogError> {
        let both = self.overlap.as_ref()?;
        self.told_at.get(&satellite).filter(|told_at| **told_at >= both.to)?;
        let days = both.from..both.to;
        let rows = self.booked_for(satellite).filter(|row| days.contains(&row.day));
        let booked: Usage = rows.map(Usage::moved).sum();
        let logged = both.logged.get(&satellite).copied().unwrap_or_default();
        Some(LogError::of(&logged, &booked))
    }

    /// On how many days of a month, up to `told_until`, the node moved nothing for any satellite
    /// although it did on days before and after, up to a week outside the month.
    pub fn idle_days(&self, period: Period, told_until: Timestamp) -> u32 {
        let (Some(first), Some(last)) = (self.moved_on.first(), self.moved_on.last()) else {
            return 0;
        };
        let mut idle = 0;
        let mut day = period.start().max(*first);
        while day < period.end().min(*last) && day.plus_micros(Grain::Day.micros()) <= told_until {
            idle += u32::from(!self.moved_on.contains(&day));
            day = day.plus_micros(Grain::Day.micros());
        }
        idle
    }

    /// About how many bytes of memory it takes.
    pub(crate) fn weight(&self) -> u64 {
        let overlap = self.overlap.as_ref().map_or(0, |overlap| overlap.logged.len());
        let trees = self.logged.len() * size_of::<(Option<SatelliteId>, LogTraffic)>()
            + overlap * size_of::<(SatelliteId, LogTraffic)>()
            + self.told_at.len() * size_of::<(SatelliteId, Timestamp)>()
            + self.moved_on.len() * size_of::<Timestamp>();
        let rows = self.booked.len() * size_of::<DailyBandwidth>();
        // A node of a B-tree is filled to two thirds or so.
        (size_of::<Self>() + rows + trees * 3 / 2) as u64
    }
}

/// What was stored in a month, by satellite.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Storage {
    /// As the satellites told the node, by day; empty where it did not tell.
    pub days: Vec<DailyStorage>,
    /// When the node told `days` last, by satellite.
    pub told_at: BTreeMap<SatelliteId, Timestamp>,
    /// The byte-hours of each satellite.
    pub satellites: BTreeMap<SatelliteId, ByteHours>,
    /// From where they are known.
    pub source: StorageSource,
}

impl Storage {
    /// What was told for one satellite, by day.
    pub fn days_of(&self, satellite: SatelliteId) -> impl Iterator<Item = &DailyStorage> {
        self.days.iter().filter(move |row| row.satellite == satellite)
    }

    /// About how many bytes of memory it takes.
    pub(crate) fn weight(&self) -> u64 {
        let trees = self.satellites.len() * size_of::<(SatelliteId, ByteHours)>()
            + self.told_at.len() * size_of::<(SatelliteId, Timestamp)>();
        let rows = self.days.len() * size_of::<DailyStorage>();
        (size_of::<Self>() + rows + trees * 3 / 2) as u64
    }
}

/// From where the storage of a month is known by satellite.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum StorageSource {
    /// Nothing is known: a log alone does not tell it.
    #[default]
    Unknown,
    /// The satellites told it. Some of them may not have done so yet.
    Satellites,
    /// The node's total, from snapshots of its space, was shared out.
    Snapshots {
        /// By what.
        basis: ShareBasis,
        /// The total, and the times of which nothing is known.
        total: Arc<Stored>,
    },
}
