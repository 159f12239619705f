//! What is usual for a node at an hour of the week?

use piecewatch_model::{Grain, Timestamp};

use crate::{
    metric::{Metric, Point, Scale},
    robust::{deviation, median, wide_deviation},
};

const HOURS_OF_DAY: usize = 24;
const HOURS_OF_WEEK: usize = 168;

/// How many weeks tell what is usual.
pub const HISTORY_WEEKS: i64 = 8;
/// So many hours of one hour of the week are enough: five weeks tell what is usual for a sixth.
pub const HOUR_OF_WEEK_MIN: usize = 5;
/// So many hours of one hour of the day are enough: a week.
pub const HOUR_OF_DAY_MIN: usize = 7;
/// So many hours in all are enough: two days. With fewer nothing is usual yet.
pub const HOURS_MIN: usize = 48;

/// Nothing is so steady that a twentieth of it would be much.
const SPREAD_SHARE_MIN: f64 = 0.05;

/// Which hours tell what is usual at an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Season {
    /// Those of the same hour of the week, in UTC.
    HourOfWeek,
    /// Those of the same hour of the day, in UTC.
    HourOfDay,
    /// All of them.
    AllHours,
}

/// What is usual at an hour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usual {
    /// The median.
    pub center: f64,
    /// By how much hours differ from it: a standard deviation, by the median of the distances.
    pub spread: f64,
    /// Nearly all hours are not below this: two spreads below the center.
    pub low: f64,
    /// Nearly all hours are not above this: two spreads above the center.
    pub high: f64,
    /// How many things such an hour is made of: the median.
    pub evidence: f64,
    /// How many hours told it.
    pub hours: usize,
    /// Which ones.
    pub season: Season,
}

/// What is usual for one metric of one node, over the week.
#[derive(Debug, Clone, PartialEq)]
pub struct Baseline {
    /// By the hour of the week, the first one that of Monday 00:00 UTC.
    week: Vec<Option<Usual>>,
}

impl Baseline {
    /// What is usual by these hours, in any order; give those of the last [`HISTORY_WEEKS`] that
    /// are not to be judged themselves.
    ///
    /// Each hour of the week has the median of its own hours, if there are [`HOUR_OF_WEEK_MIN`]; else
    /// that of the hours at the same time of the day, if there are [`HOUR_OF_DAY_MIN`]; else that of
    /// all, if there are [`HOURS_MIN`].
    ///
    /// Few hours tell little of how much they differ. So the spread is the largest of four: that of
    /// the hours themselves; the one that all hours of the node have around their medians, as a share
    /// of those; what chance alone makes of counts and shares; and, but for shares, a twentieth of the
    /// median. Hours of the day are those of working days and weekends, so they differ at least as the
    /// medians of the days of the week do. Of all hours it is the distance that one in ten exceeds.
    pub fn of(metric: Metric, points: &[Point]) -> Self {
        let mut by_week: Vec<Vec<Point>> = vec![Vec::new(); HOURS_OF_WEEK];
        for point in points {
            by_week[hour_of_week(point.at)].push(*point);
        }
        let of_day: Vec<Option<Usual>> =
            (0..HOURS_OF_DAY).map(|hour| of_day(&by_week, hour)).collect();
        let of_all = middle(points, Season::AllHours, HOURS_MIN);
        let mut week: Vec<Option<Usual>> = by_week
            .iter()
            .enumerate()
            .map(|(hour, points)| {
                middle(points, Season::HourOfWeek, HOUR_OF_WEEK_MIN)
                    .or(of_day[hour % HOURS_OF_DAY])
                    .or(of_all)
            })
            .collect();
        let share = spread_share(points, &week);
        for usual in week.iter_mut().flatten() {
            usual.widen(metric.scale(), share);
        }
        Self { week }
    }

    /// What is usual at an hour; `None` with too little history.
    pub fn usual(&self, at: Timestamp) -> Option<Usual> {
        self.week[hour_of_week(at)]
    }
}

/// The hour of the week of an instant, 0 for Monday 00:00 UTC.
fn hour_of_week(at: Timestamp) -> usize {
    // 1970 began with a Thursday.
    let hour = at.as_micros().div_euclid(Grain::Hour.micros()) + 3 * HOURS_OF_DAY as i64;
    hour.rem_euclid(HOURS_OF_WEEK as i64) as usize
}

/// What is usual at an hour of the day, of the hours of the week. Weekends are two days in seven, of
/// which the median of the distances sees nothing; a few days in which something was wrong do not
/// move the median of their day of the week.
fn of_day(by_week: &[Vec<Point>], hour: usize) -> Option<Usual> {
    let days = || by_week[hour..].iter().step_by(HOURS_OF_DAY);
    let points: Vec<Point> = days().flatten().copied().collect();
    let usual = middle(&points, Season::HourOfDay, HOUR_OF_DAY_MIN)?;
    let value = |points: &Vec<Point>| {
        let mut values: Vec<f64> = points.iter().map(|point| point.value).collect();
        median(&mut values)
    };
    let mut medians: Vec<f64> = days().filter_map(value).collect();
    let spread = usual.spread.max(wide_deviation(&mut medians, usual.center));
    Some(Usual { spread, ..usual })
}

/// What some hours have in the middle, and how much they differ by themselves.
fn middle(points: &[Point], season: Season, hours_min: usize) -> Option<Usual> {
    if points.len() < hours_min {
        return None;
    }
    let mut values: Vec<f64> = points.iter().map(|point| point.value).collect();
    let center = median(&mut values)?;
    let spread = match season {
        Season::HourOfWeek | Season::HourOfDay => deviation(&mut values, center),
        // Nights are a part of all hours: the median of the distances may not see them.
        Season::AllHours => {
            deviation(&mut values.clone(), center).max(wide_deviation(&mut values, center))
        }
    };
    let mut evidence: Vec<f64> = points.iter().map(|point| point.evidence as f64).collect();
    let evidence = median(&mut evidence)?;
    Some(Usual { center, spread, low: center, high: center, evidence, hours: points.len(), season })
}

/// How much all hours differ from their medians, as a share of those.
fn spread_share(points: &[Point], week: &[Option<Usual>]) -> f64 {
    let mut shares: Vec<f64> = points
        .iter()
        .filter_map(|point| {
            let center = week[hour_of_week(point.at)]?.center;
            (center > 0.0).then(|| point.value / center)
        })
        .collect();
    deviation(&mut shares, 1.0)
}

impl Usual {
    fn widen(&mut self, scale: Scale, share: f64) {
        let by_chance = match scale {
            // A count of one more or less is nothing, even where there never was one.
            Scale::Count => self.center.sqrt().max(1.0),
            Scale::Share => by_chance(self.center, self.evidence),
            Scale::Bytes | Scale::Micros => 0.0,
        };
        let share = match scale {
            Scale::Count | Scale::Bytes | Scale::Micros => share.max(SPREAD_SHARE_MIN),
            // A twentieth of a success rate would be much.
            Scale::Share => share,
        };
        self.spread = self.spread.max(self.center * share).max(by_chance);
        self.low = (self.center - 2.0 * self.spread).max(0.0);
        let highest = if scale == Scale::Share { 1.0 } else { f64::INFINITY };
        self.high = (self.center + 2.0 * self.spread).min(highest);
    }
}

/// By how much a share of so many things differs by chance. One more of each keeps it above 0.
pub(crate) fn by_chance(share: f64, count: f64) -> f64 {
    let share = (share * count + 1.0) / (count + 2.0);
    (share * (1.0 - share) / count.max(1.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-08-17, a Monday.
    const MONDAY: Timestamp = Timestamp::from_civil((2026, 8, 17), 0, 0, 0);

    fn hour(hour: i64) -> Timestamp {
        MONDAY.plus_micros(hour * Grain::Hour.micros())
    }

    fn points(values: impl IntoIterator<Item = (i64, f64)>) -> Vec<Point> {
        let point = |(at, value)| Point { at: hour(at), value, evidence: 100 };
        values.into_iter().map(point).collect()
    }

    #[test]
    fn weeks_begin_with_monday() {
        assert_eq!(hour_of_week(MONDAY), 0);
        assert_eq!(hour_of_week(MONDAY.plus_micros(-1)), 167);
        assert_eq!(hour_of_week(Timestamp::from_seconds(0)), 72);
    }

    /// What is usual at an hour is told by the narrowest hours of which there are enough.
    #[test]
    fn too_few_hours_of_the_week_fall_back_to_the_day_and_then_to_all() {
        let weekly = |weeks: i64| points((0..weeks).map(|week| (week * 168 + 9, 40.0)));
        let usual = |points: &[Point], at: i64| {
            let usual = Baseline::of(Metric::Downloads, points).usual(hour(at))?;
            Some((usual.season, usual.hours, usual.center))
        };
        assert_eq!(usual(&weekly(5), 9), Some((Season::HourOfWeek, 5, 40.0)));
        assert_eq!(usual(&weekly(4), 9), None);
        // The same time of seven days, and one hour less of them.
        let daily = |days: i64| points((0..days).map(|day| (day * 24 + 9, 40.0)));
        assert_eq!(usual(&daily(7), 9), Some((Season::HourOfDay, 7, 40.0)));
        assert_eq!(usual(&daily(6), 9), None);
        let all =
            |hours: i64| points((0..hours).map(|at| (at, if at % 2 == 0 { 10. } else { 30. })));
        assert_eq!(usual(&all(48), 100), Some((Season::AllHours, 48, 20.0)));
        assert_eq!(usual(&all(47), 100), None);
    }

    /// Five hours of a Monday, 9:00: 100, 110, 90, 100, 5000. Their median is 100, the distances 0,
    /// 10, 10, 0, 4900; the median of those is 10, the spread 14.826. That is more than the root of
    /// 100 and than a twentieth.
    #[test]
    fn one_wild_week_in_five_is_not_usual() {
        let values = [100.0, 110.0, 90.0, 100.0, 5000.0];
        let points = points(values.into_iter().enumerate().map(|(at, v)| (at as i64 * 168 + 9, v)));
        let usual = Baseline::of(Metric::Downloads, &points).usual(hour(9)).unwrap();
        assert!((usual.spread - 14.826).abs() < 1e-9 && usual.center == 100.0, "{usual:?}");
        assert!((usual.low - 70.348).abs() < 1e-9 && (usual.high - 129.652).abs() < 1e-9);
    }

    /// Chance alone makes 4 more or less of 16, and one more of none.
    #[test]
    fn counts_that_never_differed_may_still_differ_by_chance() {
        for (count, spread) in [(16.0, 4.0), (0.0, 1.0), (1_000_000.0, 50_000.0)] {
            let points = points((0..48).map(|at| (at, count)));
            let usual = Baseline::of(Metric::Downloads, &points).usual(MONDAY).unwrap();
            assert_eq!(usual.spread, spread, "{count}");
        }
        let all = points((0..48).map(|at| (at, 1.0)));
        let usual = Baseline::of(Metric::DownloadSuccess, &all).usual(MONDAY).unwrap();
        // 101 of 102: √(0.990196 × 0.009804 / 100).
        assert!((usual.spread - 0.009853).abs() < 1e-6, "{usual:?}");
        assert_eq!(usual.high, 1.0);
    }
}
