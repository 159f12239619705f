//! Does a metric rise or fall over the weeks?

use std::collections::BTreeMap;

use piecewatch_model::{Grain, Timestamp};

use crate::{
    metric::{Metric, Point, Scale},
    robust::{Line, line, median},
};

/// A day of which fewer hours are known says too little of the day.
const HOURS_OF_DAY_MIN: usize = 18;
/// A trend of fewer days may be a weekend.
const DAYS_MIN: usize = 14;
const DAYS_OF_WEEK: f64 = 7.0;
/// A normal value lies within so many standard deviations in 99 of 100 cases.
const WITHIN_99_PERCENT: f64 = 2.576;

/// How a metric changes from week to week.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// By how much it rises in a week, in the unit of the metric; negative when it falls. The
    /// median of the slopes between any two days (Theil–Sen), which odd days do not move.
    pub per_week: f64,
    /// The true rise is not below this in 99 of 100 cases; where days resemble the ones before them
    /// much (a correlation of 0.8), in 96.
    pub low: f64,
    /// The true rise is not above this, as often.
    pub high: f64,
    /// The middle of the days: what the rise is to be compared with.
    pub center: f64,
    /// Of how many days.
    pub days: usize,
}

impl Trend {
    /// The trend of these hours; `None` of fewer than 14 days of which most is known.
    ///
    /// Each UTC day is one value: of a count or bytes the mean of its hours, of a share the mean over
    /// its transfers, of a latency the median of its hours. So the hour of the day plays no part, and
    /// over whole weeks neither does the day of the week.
    pub fn of(metric: Metric, points: &[Point]) -> Option<Self> {
        let mut by_day: BTreeMap<i64, Vec<Point>> = BTreeMap::new();
        for point in points {
            by_day.entry(day(point.at)).or_default().push(*point);
        }
        by_day.retain(|_, points| points.len() >= HOURS_OF_DAY_MIN);
        let days: Vec<(f64, f64)> = by_day
            .iter()
            .filter_map(|(&day, points)| Some((day as f64, of_day(metric.scale(), points)?)))
            .collect();
        if days.len() < DAYS_MIN {
            return None;
        }
        let Line { slope, low, high } = line(&days, WITHIN_99_PERCENT)?;
        let mut values: Vec<f64> = days.iter().map(|&(_, value)| value).collect();
        Some(Self {
            per_week: slope * DAYS_OF_WEEK,
            low: low * DAYS_OF_WEEK,
            high: high * DAYS_OF_WEEK,
            center: median(&mut values)?,
            days: days.len(),
        })
    }

    /// Whether it rises or falls for sure: the interval does not contain 0.
    pub const fn is_significant(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

const fn day(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(Grain::Day.micros())
}

fn of_day(scale: Scale, points: &[Point]) -> Option<f64> {
    match scale {
        Scale::Count | Scale::Bytes => {
            let sum: f64 = points.iter().map(|point| point.value).sum();
            Some(sum / points.len() as f64)
        }
        Scale::Share => {
            let of = |point: &Point| point.value * point.evidence as f64;
            let (sum, count) = points
                .iter()
                .fold((0.0, 0), |(sum, count), point| (sum + of(point), count + point.evidence));
            (count > 0).then(|| sum / count as f64)
        }
        Scale::Micros => {
            let mut values: Vec<f64> = points.iter().map(|point| point.value).collect();
            median(&mut values)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_civil((2026, 8, 3), 0, 0, 0).plus_micros(hour * Grain::Hour.micros())
    }

    fn points(hours: i64, value: impl Fn(i64) -> f64) -> Vec<Point> {
        (0..hours).map(|hour| Point { at: at(hour), value: value(hour), evidence: 10 }).collect()
    }

    /// Ten more each day are seventy a week, whatever the hour and an odd day do.
    #[test]
    fn a_rise_is_found_in_spite_of_days_nights_and_an_odd_day() {
        let value = |hour: i64| {
            let (day, of_day) = (hour / 24, hour % 24);
            let odd = if day == 9 { 40_000.0 } else { 0.0 };
            1_000.0 + 10.0 * day as f64 + odd + if of_day < 12 { 300.0 } else { -300.0 }
        };
        let trend = Trend::of(Metric::Downloads, &points(28 * 24, value)).unwrap();
        assert!((trend.per_week - 70.0).abs() < 1e-9, "{trend:?}");
        assert!(trend.is_significant() && trend.low > 60.0 && trend.high < 80.0, "{trend:?}");
        assert_eq!(trend.days, 28);
    }

    #[test]
    fn what_goes_up_and_down_has_no_trend() {
        let weekly = |hour: i64| if hour / 24 % 7 < 2 { 700.0 } else { 1_000.0 };
        let trend = Trend::of(Metric::Downloads, &points(28 * 24, weekly)).unwrap();
        assert!(!trend.is_significant(), "{trend:?}");
    }

    #[test]
    fn few_days_and_days_of_which_little_is_known_say_nothing() {
        let of = |points: &[Point]| Trend::of(Metric::Downloads, points);
        assert!(of(&points(14 * 24, |hour| hour as f64)).is_some());
        assert_eq!(of(&points(13 * 24, |hour| hour as f64)), None);
        let mut sparse = points(14 * 24, |hour| hour as f64);
        sparse.retain(|point| point.at < at(72) || point.at >= at(72 + 7));
        assert_eq!(of(&sparse), None);
    }
}
