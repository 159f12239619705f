//! What a histogram says: how many, percentiles, mean, and bars to draw.

use std::num::NonZeroU64;

use piecewatch_model::{Histogram, HistogramSum};

/// A percentile, in thousandths.
///
/// There is one rule, nearest rank: of n values in ascending order the percentile p is the
/// ⌈p·n⌉-th, so a value that was measured, at or below which lie at least p of all. It is told as
/// the middle of its bucket, at most 0.8 % from it ([`Histogram::ERROR_MAX`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Percentile(u16);

impl Percentile {
    /// Half are not above it.
    pub const P50: Self = Self(500);
    /// Of ten, nine are not above it.
    pub const P90: Self = Self(900);
    /// Of twenty, 19 are not above it.
    pub const P95: Self = Self(950);
    /// Of a hundred, 99 are not above it.
    pub const P99: Self = Self(990);

    /// The percentile of so many thousandths; `None` above 1000. That of 0 is the smallest value.
    pub const fn of_thousandths(thousandths: u16) -> Option<Self> {
        if thousandths <= 1000 { Some(Self(thousandths)) } else { None }
    }

    /// Its rank among so many values, from 1.
    fn rank(self, count: u64) -> u64 {
        let rank = (u128::from(count) * u128::from(self.0)).div_ceil(1000);
        u64::try_from(rank).unwrap_or(u64::MAX).clamp(1, count.max(1))
    }
}

/// The percentile of a histogram in microseconds; `None` when it is empty.
pub fn percentile(histogram: &Histogram, percentile: Percentile) -> Option<u64> {
    let rank = percentile.rank(histogram.count());
    let mut below = 0_u64;
    histogram.buckets().find_map(|(low, high, count)| {
        below = below.saturating_add(count);
        (below >= rank).then_some(middle(low, high))
    })
}

/// As [`percentile`], of a histogram in the making.
pub fn percentile_of_sum(sum: &HistogramSum, percentile: Percentile) -> Option<u64> {
    sum.of_rank(percentile.rank(sum.count())).map(|(low, high)| middle(low, high))
}

const fn middle(low: u64, high: u64) -> u64 {
    low + (high - low) / 2
}

/// What is told of many durations. All but the count are microseconds, at most 0.8 % off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Distribution {
    /// How many, exactly.
    pub count: u64,
    /// Their mean.
    pub mean: u64,
    /// Half are not above it.
    pub p50: u64,
    /// Of ten, nine are not above it.
    pub p90: u64,
    /// Of twenty, 19 are not above it.
    pub p95: u64,
    /// Of a hundred, 99 are not above it.
    pub p99: u64,
    /// The largest.
    pub max: u64,
}

impl Distribution {
    /// What is told of a histogram; `None` when it is empty.
    pub fn of(histogram: &Histogram) -> Option<Self> {
        let count = histogram.count();
        let wanted = [Percentile::P50, Percentile::P90, Percentile::P95, Percentile::P99];
        let mut ranks = wanted.iter().map(|percentile| percentile.rank(count)).peekable();
        let mut told = Vec::with_capacity(wanted.len());
        let (mut below, mut sum, mut max) = (0_u64, 0_u128, None);
        for (low, high, count) in histogram.buckets() {
            let value = middle(low, high);
            below = below.saturating_add(count);
            sum += u128::from(value) * u128::from(count);
            max = Some(value);
            while ranks.next_if(|&rank| rank <= below).is_some() {
                told.push(value);
            }
        }
        let [p50, p90, p95, p99] = *told.as_slice() else { return None };
        let mean = u64::try_from(sum / u128::from(count.max(1))).unwrap_or(u64::MAX);
        Some(Self { count, mean, p50, p90, p95, p99, max: max? })
    }
}

/// How the bars of a histogram follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BarScale {
    /// Bars of one width from 0 on, and one more for all that is longer.
    Linear {
        /// The width of a bar in microseconds.
        width: NonZeroU64,
        /// How many bars there are before the open one.
        bars: u16,
    },
    /// Each doubling is divided into 2^`halvings` bars of one width, at most 64 (6 halvings): as fine
    /// as what is kept. From the first bar that holds something to the last.
    Logarithmic {
        /// How often a doubling is halved.
        halvings: u8,
    },
}

/// A bar of a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar {
    /// The shortest duration in it, in microseconds.
    pub from: u64,
    /// The first duration above it, in microseconds; `None` when there is none.
    pub to: Option<u64>,
    /// How many are in it.
    pub count: u64,
}

/// The bars of a histogram. Their counts add up to all there are.
///
/// Logarithmic bars hold exactly what lies between their ends. Linear ones are made of buckets that
/// may lie across an end: what is within 0.8 % of it may be counted on the other side.
pub fn bars(histogram: &Histogram, scale: BarScale) -> Vec<Bar> {
    match scale {
        BarScale::Linear { width, bars } => linear(histogram, width.get(), bars),
        BarScale::Logarithmic { halvings } => logarithmic(histogram, u32::from(halvings.min(6))),
    }
}

fn linear(histogram: &Histogram, width: u64, bars: u16) -> Vec<Bar> {
    let begin = |bar: u16| width.saturating_mul(bar.into());
    let mut drawn: Vec<Bar> = (0..bars)
        .map(|bar| Bar { from: begin(bar), to: Some(begin(bar).saturating_add(width)), count: 0 })
        .collect();
    drawn.push(Bar { from: begin(bars), to: None, count: 0 });
    for (low, high, count) in histogram.buckets() {
        let bar = usize::try_from(middle(low, high) / width).unwrap_or(usize::MAX);
        let bar = bar.min(usize::from(bars));
        drawn[bar].count = drawn[bar].count.saturating_add(count);
    }
    drawn
}

/// A bar's number: 0 holds 0, then 2^halvings for each doubling from 1 on. A doubling of fewer
/// values than bars has bars in which nothing can be.
fn logarithmic(histogram: &Histogram, halvings: u32) -> Vec<Bar> {
    let number = |micros: u64| match micros.checked_ilog2() {
        None => 0,
        Some(doubling) => {
            let within = ((u128::from(micros) << halvings) >> doubling) as u64 - (1 << halvings);
            1 + ((u64::from(doubling)) << halvings) + within
        }
    };
    let begin = |number: u64| match number.checked_sub(1) {
        None => Some(0),
        Some(at) => {
            let (doubling, within) = (at >> halvings, at & ((1 << halvings) - 1));
            let begin = u128::from((1_u64 << halvings) + within) << doubling;
            u64::try_from(begin.div_ceil(1 << halvings)).ok()
        }
    };
    let mut drawn: Vec<Bar> = Vec::new();
    let mut next = None;
    for (low, _, count) in histogram.buckets() {
        let at = number(low);
        for bar in next.unwrap_or(at)..=at {
            let (from, to) = (begin(bar).unwrap_or(u64::MAX), begin(bar + 1));
            if to != Some(from) {
                drawn.push(Bar { from, to, count: 0 });
            }
        }
        next = Some(at + 1);
        if let Some(bar) = drawn.last_mut() {
            bar.count = bar.count.saturating_add(count);
        }
    }
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(values: impl IntoIterator<Item = u64>) -> Histogram {
        let mut histogram = Histogram::new();
        values.into_iter().for_each(|micros| histogram.record(micros));
        histogram
    }

    /// Values below 128 µs are kept exactly, so that ranks can be counted by hand.
    #[test]
    fn a_percentile_is_the_value_of_its_rank() {
        let check = |values: &[u64], expected: [u64; 5]| {
            let told = Distribution::of(&recorded(values.iter().copied())).unwrap();
            assert_eq!([told.p50, told.p90, told.p95, told.p99, told.max], expected, "{values:?}");
            assert_eq!(told.count, values.len() as u64);
        };
        check(&[7], [7; 5]);
        check(&[1, 2], [1, 2, 2, 2, 2]);
        check(&[1, 2, 3], [2, 3, 3, 3, 3]);
        check(&[10, 20, 30, 40], [20, 40, 40, 40, 40]);
        check(&[5, 1, 4, 2, 3, 10, 6, 9, 7, 8], [5, 9, 10, 10, 10]);
        let hundred: Vec<u64> = (1..=100).collect();
        check(&hundred, [50, 90, 95, 99, 100]);
        assert_eq!(Distribution::of(&Histogram::new()), None);
    }

    #[test]
    fn each_percentile_alone_is_the_one_of_all_together() {
        let histogram = recorded((0..1000).map(|at| at * at * 37));
        let told = Distribution::of(&histogram).unwrap();
        let alone = |of| percentile(&histogram, of).unwrap();
        assert_eq!(
            [told.p50, told.p90, told.p95, told.p99],
            [Percentile::P50, Percentile::P90, Percentile::P95, Percentile::P99].map(alone)
        );
        assert_eq!(Percentile::of_thousandths(1000).map(alone), Some(told.max));
        assert_eq!(Percentile::of_thousandths(0).map(alone), Some(0));
        assert_eq!(Percentile::of_thousandths(1001), None);
        assert_eq!(percentile(&Histogram::new(), Percentile::P50), None);
    }

    #[test]
    fn linear_bars_end_in_an_open_one() {
        let width = NonZeroU64::new(50).unwrap();
        let drawn = bars(&recorded([0, 49, 50, 120, 5_000]), BarScale::Linear { width, bars: 3 });
        let expected = [(0, Some(50), 2), (50, Some(100), 1), (100, Some(150), 1), (150, None, 1)];
        assert_eq!(drawn, expected.map(|(from, to, count)| Bar { from, to, count }));
    }

    #[test]
    fn logarithmic_bars_have_no_gap_and_hold_what_lies_between_their_ends() {
        let values = [0, 1, 3, 100, 127, 128, 129, 191, 192, 4_000_000, u64::MAX];
        for halvings in 0..=7 {
            let drawn = bars(&recorded(values), BarScale::Logarithmic { halvings });
            for pair in drawn.windows(2) {
                assert_eq!(pair[0].to, Some(pair[1].from), "{halvings}");
            }
            for bar in &drawn {
                let within = |v: &&u64| **v >= bar.from && bar.to.is_none_or(|to| **v < to);
                assert_eq!(bar.count, values.iter().filter(within).count() as u64, "{bar:?}");
            }
            assert_eq!(drawn.iter().map(|bar| bar.count).sum::<u64>(), values.len() as u64);
            assert_eq!((drawn[0].from, drawn.last().unwrap().to), (0, None));
        }
        assert_eq!(bars(&Histogram::new(), BarScale::Logarithmic { halvings: 1 }), []);
    }
}
