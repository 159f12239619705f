//! Latencies as nodes have them, recorded and merged: a month of hours.

use std::hint::black_box;

use piecewatch_model::{Histogram, HistogramSum};

/// Hours of 30 days, and series of each: four satellites by six actions.
pub const HOURS: u64 = 720;
/// See [`HOURS`].
pub const SERIES: u64 = 24;

/// Latencies in microseconds: most around 200 ms, some of many seconds. Twelve even numbers make a
/// normal one, whose power is log-normal.
pub fn micros(seed: u64, count: usize) -> Vec<u64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut even = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as f64 / f64::from(1_u32 << 31)
    };
    let mut micros = || {
        let normal: f64 = (0..12).map(|_| even()).sum::<f64>() - 6.0;
        (200_000.0 * normal.exp()) as u64
    };
    (0..count).map(|_| micros()).collect()
}

/// So many of them, recorded.
pub fn recorded(seed: u64, count: usize) -> Histogram {
    let mut sum = HistogramSum::new();
    record(&mut sum, &micros(seed, count));
    sum.to_histogram()
}

/// Records each of them.
pub fn record(sum: &mut HistogramSum, micros: &[u64]) {
    micros.iter().for_each(|&micros| sum.record(black_box(micros)));
}

/// The hours of each series, with so many transfers in an hour.
pub fn month(transfers: usize) -> Vec<Vec<Histogram>> {
    let hours = |series| (0..HOURS).map(move |hour| recorded(series * HOURS + hour, transfers));
    (0..SERIES).map(|series| hours(series).collect()).collect()
}

/// The same as the database keeps them.
pub fn stored(month: &[Vec<Histogram>]) -> Vec<Vec<Vec<u8>>> {
    month.iter().map(|hours| hours.iter().map(Histogram::to_bytes).collect()).collect()
}

/// Merges the hours of each series, as they are read from the database.
///
/// # Panics
///
/// When the bytes are no histograms.
pub fn merge(stored: &[Vec<Vec<u8>>]) {
    for hours in stored {
        let mut sum = HistogramSum::new();
        hours.iter().for_each(|hour| sum.merge_bytes(hour).expect("it was written here"));
        black_box(sum.to_histogram());
    }
}
