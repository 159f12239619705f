//! How fast does a node's disk fill, and on which day is it full?

use piecewatch_model::{ByteCount, Timestamp};
use piecewatch_store::{SpaceRow, SpaceSamples, Window};

use super::{
    capacity::{Told, taken},
    slope::Slope,
};

const DAY_MICROS: i64 = 86_400_000_000;
/// Satellites choose no node for uploads that has less than this left.
pub const FULL: ByteCount = ByteCount::new(5_000_000_000);
/// Nobody can say what will be in a hundred years: who grows so slowly does not fill the disk.
const FAR_DAYS: f64 = 36_500.0;

/// Over which time growth is looked at, back from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GrowthOver {
    /// A day, in 96 parts.
    Day,
    /// 7 days, in 84 parts.
    Week,
    /// 30 days, in 120 parts.
    Month,
}

impl GrowthOver {
    /// Each, the shortest first.
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    /// How many days.
    pub const fn days(self) -> u16 {
        match self {
            Self::Day => 1,
            Self::Week => 7,
            Self::Month => 30,
        }
    }

    /// From how many snapshots it is computed at most, one of each part: a quarter of an hour, two
    /// hours, six hours.
    pub const fn parts(self) -> u16 {
        match self {
            Self::Day => 96,
            Self::Week => 84,
            Self::Month => 120,
        }
    }

    /// From when up to now; whole parts, of which the last ends at `now`.
    pub const fn window(self, now: Timestamp) -> Window {
        Window { from: now.plus_micros(-(self.days() as i64) * DAY_MICROS), to: now }
    }
}

/// By what the growth of what a node takes is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GrowthBasis {
    /// What is taken of the allotment: pieces, trash and what else there is. A change of the
    /// allotment is no growth.
    Taken,
    /// Pieces and trash: the node's own databases tell no more.
    Held,
    /// What is left grows less: a log tells no more. A change of the allotment looks like growth.
    Available,
}

/// How a node grew over a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Growth {
    /// Over which time.
    pub over: GrowthOver,
    /// Pieces without trash: what is paid. `None` where less than half of the time is known.
    pub pieces: Option<Slope>,
    /// What fills the disk, and by what it is known. `None` where less than half of the time is
    /// known.
    pub taken: Option<(GrowthBasis, Slope)>,
}

impl Growth {
    /// The growth that samples of a time show. Nothing is too little to be growth.
    pub fn of(over: GrowthOver, samples: &SpaceSamples) -> Self {
        let line = |rows: &[SpaceRow], value: fn(&SpaceRow) -> Option<f64>| {
            let points: Vec<(Timestamp, f64)> =
                rows.iter().filter_map(|row| Some((row.at, value(row)?))).collect();
            Slope::of(&points).filter(|slope| covers_half(over, slope))
        };
        let (held, left) = (&samples.held, &samples.left);
        let of_taken = line(held, |row| taken(row).map(float));
        let of_held = || line(held, |row| Some(float(row.used?) + row.trash.map_or(0.0, float)));
        let of_left = || line(left, |row| row.available.map(|left| -float(left)));
        let of_taken = of_taken.map(|slope| (GrowthBasis::Taken, slope));
        let of_held = || of_held().map(|slope| (GrowthBasis::Held, slope));
        let of_left = || of_left().map(|slope| (GrowthBasis::Available, slope));
        Self {
            over,
            pieces: line(held, |row| row.used.map(float)),
            taken: of_taken.or_else(of_held).or_else(of_left),
        }
    }
}

fn float(bytes: ByteCount) -> f64 {
    bytes.get() as f64
}

/// Two hours say nothing of a month.
fn covers_half(over: GrowthOver, slope: &Slope) -> bool {
    let covered = slope.to.as_micros() - slope.from.as_micros();
    covered >= i64::from(over.days()) * DAY_MICROS / 2
}

/// When a disk is full: when less than [`FULL`] is left of the allotment, from when on satellites
/// choose the node for no uploads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskFull {
    /// What is left, or how it changes, is not known.
    Unknown,
    /// It is.
    Now,
    /// It does not fill: what is taken shrinks or stays, or grows so slowly that it would take a
    /// century.
    NotFilling,
    /// It fills.
    On {
        /// When it is full, if it goes on as it did.
        at: Timestamp,
        /// When at the earliest, by the interval of the growth.
        earliest: Timestamp,
        /// When at the latest; `None` where the interval holds that it does not fill.
        latest: Option<Timestamp>,
        /// By the growth over this time.
        by: GrowthOver,
    },
}

impl DiskFull {
    /// The day of the full disk, by what is left and how fast it goes: by the growth over a week,
    /// else over a month, else over a day.
    pub fn of(available: Option<Told>, growth: &[Growth]) -> Self {
        let Some(available) = available else { return Self::Unknown };
        if available.bytes < FULL {
            return Self::Now;
        }
        let over = |wanted| growth.iter().find(|of| of.over == wanted && of.taken.is_some());
        let by = [GrowthOver::Week, GrowthOver::Month, GrowthOver::Day];
        let Some(growth) = by.into_iter().find_map(over) else { return Self::Unknown };
        let Some((_, slope)) = growth.taken else { return Self::Unknown };
        let left = float(available.bytes) - float(FULL);
        let on = |per_day: f64| {
            let days = left / per_day;
            let micros = (days * DAY_MICROS as f64) as i64;
            (per_day > 0.0 && days < FAR_DAYS).then(|| available.at.plus_micros(micros))
        };
        match (on(slope.per_day), on(slope.high)) {
            (Some(at), Some(earliest)) => {
                Self::On { at, earliest, latest: on(slope.low), by: growth.over }
            }
            (Some(_) | None, _) => Self::NotFilling,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: i64) -> Timestamp {
        Timestamp::from_civil((2026, 8, 1), 0, 0, 0).plus_micros(day * DAY_MICROS)
    }

    fn growth(over: GrowthOver, per_day: f64, low: f64, high: f64) -> Growth {
        let slope = Slope { per_day, low, high, points: 84, from: day(-7), to: day(0) };
        Growth { over, pieces: None, taken: Some((GrowthBasis::Taken, slope)) }
    }

    /// 105 GB are left, so 100 GB until the node gets no more uploads: at 10 GB a day ten days, at
    /// 20 five, at 5 twenty.
    #[test]
    fn the_day_is_what_is_left_by_how_fast_it_goes() {
        let left = Some(Told { at: day(0), bytes: ByteCount::new(105_000_000_000) });
        let full = |growth: &[Growth]| DiskFull::of(left, growth);
        let week = GrowthOver::Week;
        assert_eq!(
            full(&[growth(GrowthOver::Day, 1e12, 1e12, 1e12), growth(week, 10e9, 5e9, 20e9)]),
            DiskFull::On { at: day(10), earliest: day(5), latest: Some(day(20)), by: week }
        );
        assert_eq!(
            full(&[growth(week, 10e9, -1e9, 20e9)]),
            DiskFull::On { at: day(10), earliest: day(5), latest: None, by: week },
            "it may never be"
        );
        assert_eq!(full(&[growth(week, 0.0, -1e9, 2e9)]), DiskFull::NotFilling);
        assert_eq!(full(&[growth(week, -3e9, -4e9, -2e9)]), DiskFull::NotFilling);
        assert_eq!(full(&[growth(week, 1e6, 1e6, 1e6)]), DiskFull::NotFilling, "in 270 years");
        assert_eq!(full(&[]), DiskFull::Unknown);
        assert_eq!(DiskFull::of(None, &[growth(week, 1e9, 1e9, 1e9)]), DiskFull::Unknown);
    }

    #[test]
    fn with_next_to_nothing_left_it_is_full() {
        let left = |bytes| Some(Told { at: day(0), bytes: ByteCount::new(bytes) });
        assert_eq!(DiskFull::of(left(0), &[]), DiskFull::Now);
        assert_eq!(DiskFull::of(left(4_999_999_999), &[]), DiskFull::Now);
        assert_eq!(DiskFull::of(left(5_000_000_000), &[]), DiskFull::Unknown);
    }
}
