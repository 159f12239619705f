//! Quantiles and slopes.

/// The value below which this share of the values lies; 0 where there is none.
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(at.saturating_sub(1)).copied().unwrap_or(0.0)
}

/// How steeply the values rise: the line of least squares. 0 where there is no line.
pub(crate) fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let (x_mean, y_mean) = points
        .iter()
        .fold((0.0, 0.0), |(x_mean, y_mean), (x, y)| (x_mean + x / count, y_mean + y / count));
    let (mut both, mut square) = (0.0, 0.0);
    for (x, y) in points {
        both += (x - x_mean) * (y - y_mean);
        square += (x - x_mean) * (x - x_mean);
    }
    if square > 0.0 { both / square } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values() {
        let values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(
            [0.0, 0.5, 0.99, 1.0].map(|share| quantile(&values, share)),
            [1.0, 50.0, 99.0, 100.0]
        );
        assert_eq!((quantile(&[7.0], 0.5), quantile(&[], 0.5)), (7.0, 0.0));
    }

    #[test]
    fn a_slope_is_that_of_the_line() {
        let line: Vec<_> = (0..50).map(|x| (f64::from(x), 3.0 - 0.25 * f64::from(x))).collect();
        assert!((slope(&line) + 0.25).abs() < 1e-12);
        // Noise of both signs makes no slope.
        let noise: Vec<_> = (0..1_000).map(|x| (f64::from(x), f64::from(x % 2))).collect();
        assert!(slope(&noise).abs() < 1e-5);
        assert_eq!((slope(&[(1.0, 2.0)]), slope(&[])), (0.0, 0.0));
    }
}
