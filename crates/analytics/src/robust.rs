//! Figures of a sample that a few odd values cannot move.

/// What makes of a median absolute deviation an estimate of a standard deviation, where values are
/// spread normally.
const MAD_TO_DEVIATION: f64 = 1.4826;
/// A normal value lies within so many standard deviations in 99 of 100 cases.
const WITHIN_99_PERCENT: f64 = 2.576;

/// The middle value, or the mean of the two in the middle; `None` of nothing. Reorders the values.
pub(crate) fn median(values: &mut [f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let middle = values.len() / 2;
    let is_odd = values.len() % 2 == 1;
    let (below, &mut upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    if is_odd {
        return Some(upper);
    }
    let lower = below.iter().copied().max_by(f64::total_cmp)?;
    Some(lower.midpoint(upper))
}

/// The standard deviation around `center`, by the median of the distances from it; 0 of nothing.
pub(crate) fn deviation(values: &mut [f64], center: f64) -> f64 {
    values.iter_mut().for_each(|value| *value = (*value - center).abs());
    median(values).unwrap_or(0.0) * MAD_TO_DEVIATION
}

/// The standard deviation around `center` by the distance that one in ten values exceeds: it sees
/// what is so rare that the median of the distances does not, as weekends are; 0 of nothing.
pub(crate) fn wide_deviation(values: &mut [f64], center: f64) -> f64 {
    /// A normal value exceeds so many standard deviations in one of ten cases.
    const EXCEEDED_BY_A_TENTH: f64 = 1.645;
    values.iter_mut().for_each(|value| *value = (*value - center).abs());
    let Some(at) = (values.len() * 9).div_ceil(10).checked_sub(1) else { return 0.0 };
    let (_, &mut distance, _) = values.select_nth_unstable_by(at, f64::total_cmp);
    distance / EXCEEDED_BY_A_TENTH
}

/// How a straight line through points rises.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Slope {
    /// The median of the slopes between any two points (Theil–Sen).
    pub(crate) slope: f64,
    /// In 99 of 100 cases the true one is not below this.
    pub(crate) low: f64,
    /// In 99 of 100 cases the true one is not above this.
    pub(crate) high: f64,
}

/// The slope of points `(x, y)` and its interval after Sen (1968), by the variance of Kendall's
/// statistic with ties; `None` for fewer than three points. The work grows with the square of the
/// number of points.
pub(crate) fn slope(points: &[(f64, f64)]) -> Option<Slope> {
    if points.len() < 3 {
        return None;
    }
    let mut slopes = Vec::with_capacity(points.len() * (points.len() - 1) / 2);
    for (at, first) in points.iter().enumerate() {
        let later = &points[at + 1..];
        slopes.extend(later.iter().map(|second| (second.1 - first.1) / (second.0 - first.0)));
    }
    slopes.retain(|slope| slope.is_finite());
    slopes.sort_unstable_by(f64::total_cmp);
    let count = slopes.len();
    let margin = WITHIN_99_PERCENT * kendall_variance(points).sqrt();
    let rank = |rank: f64| slopes.get((rank.max(0.0) as usize).min(count.saturating_sub(1)));
    Some(Slope {
        low: *rank(((count as f64 - margin) / 2.0).floor())?,
        high: *rank(((count as f64 + margin) / 2.0).ceil())?,
        slope: median(&mut slopes.clone())?,
    })
}

/// The variance of Kendall's statistic when nothing rises or falls.
fn kendall_variance(points: &[(f64, f64)]) -> f64 {
    let of_group = |n: f64| n * (n - 1.0) * (2.0 * n + 5.0);
    let mut values: Vec<f64> = points.iter().map(|point| point.1).collect();
    values.sort_unstable_by(f64::total_cmp);
    let ties: f64 = values.chunk_by(|a, b| a == b).map(|group| of_group(group.len() as f64)).sum();
    (of_group(points.len() as f64) - ties) / 18.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_deviations_are_those_worked_out_by_hand() {
        assert_eq!(median(&mut []), None);
        assert_eq!(median(&mut [3.0]), Some(3.0));
        assert_eq!(median(&mut [9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&mut [9.0, 1.0, 2.0, 4.0]), Some(3.0));
        // Distances from 3: 2, 1, 0, 1, 97; their median is 1.
        assert_eq!(deviation(&mut [1.0, 2.0, 3.0, 4.0, 100.0], 3.0), 1.4826);
        assert_eq!(deviation(&mut [], 3.0), 0.0);
        // The 9th of the distances 0 to 9, and the 7th of seven.
        let mut ten = [9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0];
        assert_eq!(wide_deviation(&mut ten, 0.0), 8.0 / 1.645);
        assert_eq!(
            wide_deviation(&mut [10.0, 10.0, 3.0, 10.0, 10.0, 10.0, 10.0], 10.0),
            7.0 / 1.645
        );
        assert_eq!(wide_deviation(&mut [], 0.0), 0.0);
    }

    /// Slopes: 1, 2, 1.333, 3, 1.5, 0; in order 0, 1, 1.333, 1.5, 2, 3. Kendall's variance of four
    /// values without ties is 4·3·13/18 = 8.667, the margin 7.58: beyond both ends.
    #[test]
    fn a_slope_is_the_median_of_all_slopes() {
        let of = slope(&[(0.0, 0.0), (1.0, 1.0), (2.0, 4.0), (3.0, 4.0)]).unwrap();
        assert!((of.slope - (4.0 / 3.0 + 1.5) / 2.0).abs() < 1e-12, "{of:?}");
        assert_eq!((of.low, of.high), (0.0, 3.0));
        assert_eq!(slope(&[(0.0, 1.0), (1.0, 2.0)]), None);
        // One wild value of ten changes nothing.
        let line = |wild: f64| {
            let points: Vec<(f64, f64)> = (0..10)
                .map(|x| (f64::from(x), if x == 4 { wild } else { 2.0 * f64::from(x) }))
                .collect();
            slope(&points).unwrap().slope
        };
        assert_eq!(line(1e9), 2.0);
    }

    #[test]
    fn what_is_always_the_same_does_not_rise() {
        let flat: Vec<(f64, f64)> = (0..30).map(|x| (f64::from(x), 5.0)).collect();
        assert_eq!(slope(&flat), Some(Slope { slope: 0.0, low: 0.0, high: 0.0 }));
    }
}
