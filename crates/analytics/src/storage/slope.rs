//! How fast does something grow? A line through points that a few wrong ones do not bend.

use piecewatch_model::Timestamp;

use crate::robust::{Line, line};

const DAY_MICROS: f64 = 86_400e6;
/// Of 100 intervals 95 hold the true slope: so many standard deviations.
const DEVIATIONS: f64 = 1.96;

/// The slope of points: the median of the slopes of all pairs (Theil and Sen). A quarter of the points
/// may be anything without moving it far.
///
/// The interval is Sen's, of 95 %, for points that scatter around a line. Where a point resembles
/// the one before it, as amounts on a disk do, it counts for less than a point, and the interval is
/// wider by the square root of (1 + r) / (1 − r), r being the correlation of neighbours. It tells
/// how straight the line was; what will come may differ more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slope {
    /// Bytes a day; negative where it shrinks.
    pub per_day: f64,
    /// The lower end of the interval, bytes a day.
    pub low: f64,
    /// The upper end of the interval, bytes a day.
    pub high: f64,
    /// Through how many points.
    pub points: usize,
    /// The first of them.
    pub from: Timestamp,
    /// The last of them.
    pub to: Timestamp,
}

impl Slope {
    /// The slope of points of bytes in the order of time; `None` for fewer than three instants. The
    /// work grows with the square of the points: give some hundred at most.
    pub fn of(points: &[(Timestamp, f64)]) -> Option<Self> {
        let ((from, first), (to, _)) = (*points.first()?, *points.last()?);
        // Small numbers lose less than large ones.
        let days = |at: Timestamp| (at.as_micros() - from.as_micros()) as f64 / DAY_MICROS;
        let points: Vec<(f64, f64)> =
            points.iter().map(|(at, bytes)| (days(*at), bytes - first)).collect();
        let Line { slope: per_day, low, high } = line(&points, DEVIATIONS)?;
        Some(Self { per_day, low, high, points: points.len(), from, to })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[f64]) -> Vec<(Timestamp, f64)> {
        let day = |day: i64| {
            Timestamp::from_civil((2026, 8, 1), 0, 0, 0).plus_micros(day * 86_400_000_000)
        };
        (0..).zip(values).map(|(at, value)| (day(at), *value)).collect()
    }

    /// By hand: the pairs of 0, 1, 3, 4, 20 have the slopes 1, 3/2, 4/3, 5; 2, 3/2, 19/3; 1, 17/2;
    /// 16. Sorted 1, 1, 4/3, 3/2, 3/2, 2, 5, 19/3, 17/2, 16: the median is 7/4.
    #[test]
    fn the_slope_is_the_median_of_the_slopes_of_all_pairs() {
        let slope = Slope::of(&points(&[0.0, 1.0, 3.0, 4.0, 20.0])).unwrap();
        assert!((slope.per_day - 1.75).abs() < 1e-9, "{slope:?}");
        assert_eq!(slope.points, 5);
        assert_eq!((slope.low, slope.high), (1.0, 16.0), "five points say little");
    }

    #[test]
    fn a_straight_line_is_exact_whatever_its_height() {
        // 4.5 GB a day on 7 TB.
        let values: Vec<f64> = (0..24).map(|day| 7e12 + 4.5e9 * f64::from(day)).collect();
        let slope = Slope::of(&points(&values)).unwrap();
        assert_eq!((slope.per_day, slope.low, slope.high), (4.5e9, 4.5e9, 4.5e9));
    }

    #[test]
    fn two_instants_are_no_line() {
        assert_eq!(Slope::of(&[]), None);
        assert_eq!(Slope::of(&points(&[1.0, 2.0])), None);
        let at = Timestamp::from_seconds(0);
        assert_eq!(Slope::of(&[(at, 1.0), (at, 2.0), (at, 3.0), (at, 4.0)]), None);
    }
}
