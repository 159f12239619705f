//! How fast does something grow? A line through points that a few wrong ones do not bend.

use piecewatch_model::Timestamp;

const DAY_MICROS: f64 = 86_400e6;
/// Of 100 intervals 95 hold the true slope: so many standard deviations.
const DEVIATIONS: f64 = 1.96;
/// What follows itself more closely than this has no noise to learn from.
const FOLLOWING_MAX: f64 = 0.95;

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
        let mut slopes = Vec::with_capacity(points.len() * (points.len() - 1) / 2);
        for (index, (x, y)) in points.iter().enumerate() {
            let later = points[index + 1..].iter().filter(|(later, _)| later > x);
            slopes.extend(later.map(|(later, above)| (above - y) / (later - x)));
        }
        if slopes.len() < 3 {
            return None;
        }
        slopes.sort_by(f64::total_cmp);
        let per_day = median(&slopes);
        let (low, high) = interval(&slopes, points.len(), following(&points, per_day));
        Some(Self { per_day, low, high, points: points.len(), from, to })
    }
}

/// The median of sorted values, of which there is one at least.
fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    } else {
        sorted[middle]
    }
}

/// The ends of the interval among sorted slopes of `n` points.
fn interval(slopes: &[f64], n: usize, following: f64) -> (f64, f64) {
    let n = n as f64;
    // The variance of Kendall's S, for points that know nothing of each other.
    let variance = n * (n - 1.0) * (2.0 * n + 5.0) / 18.0;
    let reach = DEVIATIONS * (variance * (1.0 + following) / (1.0 - following)).sqrt();
    let (count, last) = (slopes.len() as f64, slopes.len() - 1);
    // Counted from 0. A float below 0 becomes 0.
    let low = (((count - reach) / 2.0).floor() - 1.0) as usize;
    let high = ((count + reach) / 2.0).ceil() as usize;
    (slopes[low.min(last)], slopes[high.min(last)])
}

/// How much a point resembles the one before it, 0 to [`FOLLOWING_MAX`]: the correlation of what is
/// left of neighbours when the line is taken off.
fn following(points: &[(f64, f64)], per_day: f64) -> f64 {
    let mut heights: Vec<f64> = points.iter().map(|(x, y)| y - per_day * x).collect();
    let above: Vec<f64> = {
        let in_order = heights.clone();
        heights.sort_by(f64::total_cmp);
        let height = median(&heights);
        in_order.iter().map(|y| y - height).collect()
    };
    let square: f64 = above.iter().map(|y| y * y).sum();
    if square == 0.0 {
        return 0.0;
    }
    let neighbours: f64 = above.windows(2).map(|pair| pair[0] * pair[1]).sum();
    (neighbours / square).clamp(0.0, FOLLOWING_MAX)
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
