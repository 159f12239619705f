//! What did the satellites report that a node stored, day by day, and which days did nobody report?

use std::collections::{BTreeMap, BTreeSet};

use piecewatch_model::{
    ByteCount, DailyStorage, Grain, Period, SatelliteId, Standing, StorageBasis, Timestamp,
};
use piecewatch_store::Window;

const DAY_MICROS: i64 = Grain::Day.micros();
/// Satellites tell a day when it is over, nodes ask every twelve hours, and a day or more may pass:
/// what is not told three days after the beginning of its day is late.
pub(super) const LATE_MICROS: i64 = 3 * DAY_MICROS;
/// The longest series, in days.
const DAYS_MAX: i64 = 3_660;

/// What is known of a day. What is not known is never a zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StoredDay {
    /// The satellite reported it: the average of the bytes held.
    Reported(ByteCount),
    /// The node interpolated it between reports: the average of the bytes held.
    Calculated(ByteCount),
    /// Nobody reported it yet, which is usual for the last days.
    Pending,
    /// Nobody reported it: a gap.
    Missing,
    /// The node did not serve the satellite: it had not joined, or had left or been disqualified.
    NotServed,
    /// Nobody asked for it: it is of a month before the first of which anything is known. Nodes are
    /// asked for the current month only.
    NotAsked,
}

impl StoredDay {
    /// The average of the bytes held; 0 where the satellite was not served, `None` where it is not
    /// known.
    pub const fn bytes(self) -> Option<ByteCount> {
        match self {
            Self::Reported(bytes) | Self::Calculated(bytes) => Some(bytes),
            Self::NotServed => Some(ByteCount::new(0)),
            Self::Pending | Self::Missing | Self::NotAsked => None,
        }
    }

    /// In lower-case words joined by `_`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reported(_) => "reported",
            Self::Calculated(_) => "calculated",
            Self::Pending => "pending",
            Self::Missing => "missing",
            Self::NotServed => "not_served",
            Self::NotAsked => "not_asked",
        }
    }
}

/// What a node stored by day, as its satellites report it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDays {
    /// The beginnings of the UTC days, oldest first.
    pub days: Vec<Timestamp>,
    /// Of each satellite, by its id, as many days as there are.
    pub satellites: BTreeMap<SatelliteId, Vec<StoredDay>>,
}

impl StoredDays {
    /// The days that a window touches, ten years at most, of the satellites that reported in it or
    /// that the node serves.
    pub fn of(
        reports: &[DailyStorage],
        standings: &[Standing],
        window: Window,
        now: Timestamp,
    ) -> Self {
        let Window { from, to } = window.widened(Grain::Day);
        let count =
            (to.as_micros().saturating_sub(from.as_micros()) / DAY_MICROS).clamp(0, DAYS_MAX);
        let days: Vec<Timestamp> =
            (0..count).rev().map(|back| to.plus_micros(-(back + 1) * DAY_MICROS)).collect();
        let told: BTreeMap<(SatelliteId, Timestamp), StoredDay> = reports
            .iter()
            .filter_map(|day| Some(((day.satellite, day.day.floor(Grain::Day)), known(day)?)))
            .collect();
        let mut ids: BTreeSet<SatelliteId> = reports.iter().map(|day| day.satellite).collect();
        ids.extend(standings.iter().filter(|of| left_at(of).is_none()).map(|of| of.satellite));
        let first = reports.iter().map(|day| day.day).min().unwrap_or(now);
        let asked_since = month_of(first);
        let series = |id: SatelliteId| {
            let standing = standings.iter().find(|of| of.satellite == id);
            let day = |day: &Timestamp| {
                let told = told.get(&(id, *day)).copied();
                told.unwrap_or_else(|| untold(standing, asked_since, *day, now))
            };
            (id, days.iter().map(day).collect())
        };
        let satellites = ids.into_iter().map(series).collect();
        Self { days, satellites }
    }

    /// The sum over satellites of each day; `None` where that of one is not known, or there is none.
    pub fn total(&self) -> Vec<Option<ByteCount>> {
        let of_day = |at: usize| {
            let mut days = self.satellites.values().filter_map(|days| days.get(at)).peekable();
            days.peek()?;
            days.map(|day| day.bytes()).sum()
        };
        (0..self.days.len()).map(of_day).collect()
    }

    /// The days that satellites did not report though the node was asked, of each satellite with
    /// such days, oldest first.
    pub fn missing(&self) -> impl Iterator<Item = (SatelliteId, Vec<Timestamp>)> {
        self.satellites.iter().filter_map(|(id, days)| {
            let days = self.days.iter().zip(days);
            let missing = days.filter(|(_, day)| **day == StoredDay::Missing).map(|(at, _)| *at);
            let missing: Vec<Timestamp> = missing.collect();
            (!missing.is_empty()).then_some((*id, missing))
        })
    }
}

/// The beginning of the month of an instant.
fn month_of(at: Timestamp) -> Timestamp {
    Period::containing(at).map_or(at, Period::start)
}

/// When the node left a satellite, or was sent away.
fn left_at(standing: &Standing) -> Option<Timestamp> {
    match (standing.exited_at, standing.disqualified_at) {
        (Some(exited), Some(disqualified)) => Some(exited.min(disqualified)),
        (exited, disqualified) => exited.or(disqualified),
    }
}

fn untold(
    standing: Option<&Standing>,
    asked_since: Timestamp,
    day: Timestamp,
    now: Timestamp,
) -> StoredDay {
    let end = day.plus_micros(DAY_MICROS);
    let not_yet = standing.and_then(|of| of.joined_at).is_some_and(|joined| joined >= end);
    let no_more = standing.and_then(left_at).is_some_and(|left| left < end);
    if not_yet || no_more {
        StoredDay::NotServed
    } else if day > now.plus_micros(-LATE_MICROS) {
        StoredDay::Pending
    } else if day < asked_since {
        StoredDay::NotAsked
    } else {
        StoredDay::Missing
    }
}

/// The average of a day; `None` where the report does not tell it.
pub(super) fn known(day: &DailyStorage) -> Option<StoredDay> {
    match day.basis {
        StorageBasis::Reported => average(day).map(StoredDay::Reported),
        // Its byte-hours are zero, which is no figure.
        StorageBasis::Calculated => day.average.map(StoredDay::Calculated),
    }
}

fn average(day: &DailyStorage) -> Option<ByteCount> {
    if day.average.is_some() {
        return day.average;
    }
    let seconds = u128::from(day.covered_seconds?);
    let bytes = (u128::from(day.byte_hours.get()) * 3_600).checked_div(seconds)?;
    u64::try_from(bytes).ok().map(ByteCount::new)
}
