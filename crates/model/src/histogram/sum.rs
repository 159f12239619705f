//! Histograms and values added up quickly: one place for each bucket between the lowest and the
//! highest.

use super::{BUCKET_MAX, Histogram, Low, Pairs, Places, SUB_BUCKETS, Stored, bucket_of, range_of};
use crate::Result;

/// Room is made for whole powers of two, and a window beyond.
const STEP: usize = SUB_BUCKETS as usize;
/// So far a distance of one byte reaches.
const WINDOW: usize = 1 << u8::BITS;
const PLACES_MAX: usize = BUCKET_MAX as usize + 1;

/// A [`Histogram`] in the making.
///
/// Where that keeps the buckets that hold something, and has to look for each, this has a place for
/// every bucket between the lowest and the highest, and some more: 5 KiB for latencies from a
/// millisecond to a minute, 15 KiB at most, and three times that once thousands of millions were added.
#[derive(Debug, Clone, Default)]
pub struct HistogramSum {
    /// The bucket of the first place, a multiple of [`STEP`].
    first: usize,
    /// Half as wide as what they can add up to, which makes adding twice as quick.
    counts: Vec<u32>,
    /// No place of `counts` holds more than this.
    most: u32,
    /// What `counts` held when they could hold no more, place by place; empty until then.
    carried: Vec<u64>,
}

impl HistogramSum {
    /// A sum of nothing, without room.
    pub const fn new() -> Self {
        Self { first: 0, counts: Vec::new(), most: 0, carried: Vec::new() }
    }

    /// Adds one duration in microseconds.
    pub fn record(&mut self, micros: u64) {
        let bucket = usize::from(bucket_of(micros));
        self.make_room(bucket, bucket);
        self.add(bucket, 1);
    }

    /// Adds every value of a histogram.
    pub fn merge(&mut self, histogram: &Histogram) {
        let (Some(&(low, _)), Some(&(high, _))) =
            (histogram.buckets.first(), histogram.buckets.last())
        else {
            return;
        };
        self.make_room(low.into(), high.into());
        for &(bucket, count) in &histogram.buckets {
            self.add(bucket.into(), count);
        }
    }

    /// Adds every value of a histogram in its stored form ([`Histogram::to_bytes`]).
    ///
    /// # Errors
    ///
    /// [`Error::Histogram`](crate::Error::Histogram) when the bytes are not such a form; what stands
    /// before the damage may have been added.
    pub fn merge_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        match Stored::of(bytes)? {
            Stored::Pairs(pairs) => self.add_pairs(pairs),
            Stored::Places(places) => self.add_places(places),
        }
    }

    fn add_places(&mut self, mut places: Places<'_>) -> Result<()> {
        let first = usize::from(places.first);
        self.make_room(first, first + places.span - 1);
        self.expect_at_most(u16::MAX.into());
        let counts = self.counts[first - self.first..].iter_mut();
        match places.low {
            Low::Narrow(low) => counts.zip(low).for_each(|(count, &low)| *count += u32::from(low)),
            Low::Wide(low) => counts.zip(low).for_each(|(count, &low)| {
                *count += u32::from(u16::from_le_bytes(low));
            }),
        }
        while let Some((place, high)) = places.next_high()? {
            self.add(first + place, high);
        }
        Ok(())
    }

    fn add_pairs(&mut self, mut pairs: Pairs<'_>) -> Result<()> {
        while let Some((bucket, count)) = pairs.next()? {
            // And for what follows it.
            self.make_room(bucket.into(), usize::from(bucket) + WINDOW);
            self.add(bucket.into(), count);
            pairs.before = Some(self.add_short(&mut pairs, bucket));
        }
        Ok(())
    }

    /// Adds what follows a bucket as long as it is short and has places. Tells the last bucket.
    fn add_short(&mut self, pairs: &mut Pairs<'_>, after: u16) -> u16 {
        // Each is below 16,384, and of a bucket there is one.
        self.expect_at_most(1 << 14);
        let mut before = usize::from(after) - self.first;
        while let Some(places) =
            self.counts.get_mut(before..).and_then(|places| places.first_chunk_mut::<WINDOW>())
        {
            let last = if let Some(four) = pairs.next_four() {
                for (distance, count) in four {
                    places[usize::from(distance)] += u32::from(count);
                }
                let [.., (last, _)] = four;
                last
            } else if let Some((distance, count)) = pairs.next_short() {
                places[usize::from(distance)] += u32::from(count);
                distance
            } else {
                break;
            };
            before += usize::from(last);
        }
        (self.first + before) as u16
    }

    /// How many values were added.
    pub fn count(&self) -> u64 {
        let counts: u64 = self.counts.iter().map(|&count| u64::from(count)).sum();
        self.carried.iter().fold(counts, |sum, &count| sum.saturating_add(count))
    }

    /// Forgets what was added, and keeps the room.
    pub fn clear(&mut self) {
        self.counts.fill(0);
        self.carried.clear();
        self.most = 0;
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.held().next().is_none()
    }

    /// What was added, in the form that is kept.
    pub fn to_histogram(&self) -> Histogram {
        // Counting is faster than growing.
        let mut buckets = Vec::with_capacity(self.held().count());
        buckets.extend(self.held());
        Histogram { buckets }
    }

    /// Each bucket that holds something: lowest and highest value in µs, both included, and count.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64, u64)> + '_ {
        self.held().map(|(bucket, count)| {
            let (low, high) = range_of(bucket);
            (low, high, count)
        })
    }

    /// Lowest and highest value in µs of the bucket with the value of a rank: 1 is the smallest. `None`
    /// when there are fewer.
    pub fn of_rank(&self, rank: u64) -> Option<(u64, u64)> {
        let mut below = 0_u64;
        let mut from = 0;
        if self.carried.is_empty() {
            // Adding up a whole block is many times as quick as looking at each of its places.
            for block in self.counts.chunks(STEP) {
                let count: u64 = block.iter().map(|&count| u64::from(count)).sum();
                if below + count >= rank {
                    break;
                }
                (below, from) = (below + count, from + block.len());
            }
        }
        let mut rest = (from..self.counts.len()).map(|place| (place, self.count_at(place)));
        let (place, _) = rest.find(|&(_, count)| {
            below = below.saturating_add(count);
            count > 0 && below >= rank
        })?;
        Some(range_of((self.first + place) as u16))
    }

    /// Each bucket that holds something, and its count.
    fn held(&self) -> impl Iterator<Item = (u16, u64)> + '_ {
        (0..self.counts.len()).filter_map(|place| {
            let count = self.count_at(place);
            (count > 0).then_some(((self.first + place) as u16, count))
        })
    }

    fn count_at(&self, place: usize) -> u64 {
        let carried = self.carried.get(place).copied().unwrap_or(0);
        carried.saturating_add(self.counts[place].into())
    }

    /// The bucket has a place.
    fn add(&mut self, bucket: usize, count: u64) {
        let place = bucket - self.first;
        if let Ok(count) = u32::try_from(count) {
            self.expect_at_most(count);
            self.counts[place] += count;
        } else {
            self.carry();
            self.carried[place] = self.carried[place].saturating_add(count);
        }
    }

    /// Sees to it that so much can be added to each place.
    #[inline]
    fn expect_at_most(&mut self, count: u32) {
        self.most = match self.most.checked_add(count) {
            Some(most) => most,
            None => {
                self.carry();
                count
            }
        };
    }

    #[cold]
    fn carry(&mut self) {
        self.carried.resize(self.counts.len(), 0);
        for (carried, count) in self.carried.iter_mut().zip(&mut self.counts) {
            *carried = carried.saturating_add(std::mem::take(count).into());
        }
        self.most = 0;
    }

    /// Makes places for the buckets from one to another.
    #[inline]
    fn make_room(&mut self, low: usize, high: usize) {
        if low < self.first || high.min(PLACES_MAX - 1) >= self.first + self.counts.len() {
            self.grow(low, high);
        }
    }

    #[cold]
    fn grow(&mut self, low: usize, high: usize) {
        let first = low / STEP * STEP;
        let end = ((high / STEP + 1) * STEP).min(PLACES_MAX);
        if self.counts.is_empty() {
            self.first = first;
        } else if first < self.first {
            let missing = self.first - first;
            self.counts.splice(..0, std::iter::repeat_n(0, missing));
            if !self.carried.is_empty() {
                self.carried.splice(..0, std::iter::repeat_n(0, missing));
            }
            self.first = first;
        }
        if end > self.first + self.counts.len() {
            self.counts.resize(end - self.first, 0);
        }
    }
}

impl From<&Histogram> for HistogramSum {
    fn from(histogram: &Histogram) -> Self {
        let mut sum = Self::new();
        sum.merge(histogram);
        sum
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{PAIRS, PLACES, WIDE_PLACES};
    use super::*;

    fn recorded(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::new();
        values.iter().for_each(|&micros| histogram.record(micros));
        histogram
    }

    #[test]
    fn the_ends_of_the_range_have_places() {
        let mut sum = HistogramSum::new();
        assert!(sum.is_empty());
        for micros in [u64::MAX, 0, u64::MAX] {
            sum.record(micros);
        }
        assert_eq!(sum.to_histogram(), recorded(&[0, u64::MAX, u64::MAX]));
        assert_eq!(sum.counts.len(), PLACES_MAX);
    }

    /// What places of 32 bits cannot hold is carried on, place by place, as often as it takes.
    #[test]
    fn no_count_is_too_large_for_a_sum() {
        let values = |count: u64| Histogram { buckets: (3..700).map(|at| (at, count)).collect() };
        let (mut sum, mut expected) = (HistogramSum::new(), Histogram::new());
        for count in [200, u64::from(u32::MAX) - 300, 16_000, 1 << 31, 1 << 31, 1 << 40, 1, 255] {
            for shift in [0, 64] {
                let mut part = values(count);
                part.buckets.iter_mut().for_each(|(at, _)| *at += shift);
                for form in [part.to_pairs(), part.to_places(PLACES), part.to_places(WIDE_PLACES)] {
                    sum.merge_bytes(&form).unwrap();
                    expected.merge(&part);
                }
                sum.merge(&part);
                expected.merge(&part);
            }
        }
        let (low, high, _) = expected.buckets().last().unwrap();
        assert_eq!(sum.of_rank(sum.count()), Some((low, high)));
        assert_eq!((sum.count(), sum.to_histogram()), (expected.count(), expected));
    }

    /// All there are, and one bucket, are told as the most there can be, not as a few.
    #[test]
    fn sums_stop_at_the_most_there_can_be() {
        let most = Histogram { buckets: vec![(7, u64::MAX)] };
        let five = Histogram { buckets: (5..10).map(|bucket| (bucket, 100)).collect() };
        let mut sum = HistogramSum::from(&most);
        sum.merge_bytes(&five.to_bytes()).unwrap();
        let mut expected = five.clone();
        expected.merge(&most);
        assert_eq!((sum.count(), sum.to_histogram()), (u64::MAX, expected));
    }

    proptest! {
        #[test]
        fn any_bytes_are_added_as_they_are_read_or_refused(
            mut bytes in prop::collection::vec(
                prop::sample::select(vec![0_u8, 1, 2, 7, 63, 64, 65, 127, 128, 255]),
                0..64,
            ),
        ) {
            bytes.insert(0, 0);
            for form in [PAIRS, PLACES, WIDE_PLACES] {
                bytes[0] = form;
                let mut sum = HistogramSum::new();
                let added = sum.merge_bytes(&bytes).map(|()| sum.to_histogram());
                prop_assert_eq!(added, Histogram::from_bytes(&bytes));
            }
        }

        #[test]
        fn whatever_is_added_the_histogram_is_that_of_all_values(
            recorded_here: Vec<u64>,
            parts: Vec<Vec<u64>>,
            stored: Vec<Vec<u64>>,
            close: Vec<Vec<u8>>,
        ) {
            let mut sum = HistogramSum::new();
            parts.iter().for_each(|part| sum.merge(&recorded(part)));
            recorded_here.iter().for_each(|&micros| sum.record(micros));
            for part in &stored {
                sum.merge_bytes(&recorded(part).to_bytes()).unwrap();
            }
            for part in &close {
                let micros = part.iter().map(|&micros| u64::from(micros));
                sum.merge_bytes(&recorded(&micros.collect::<Vec<_>>()).to_bytes()).unwrap();
            }
            let close = close.concat().into_iter().map(u64::from).collect();
            let all = [recorded_here, parts.concat(), stored.concat(), close].concat();
            prop_assert_eq!(sum.to_histogram(), recorded(&all));
            prop_assert_eq!((sum.is_empty(), sum.count()), (all.is_empty(), all.len() as u64));
            let told: Vec<_> = sum.buckets().collect();
            let mut below = 0;
            for &(low, high, count) in &told {
                for rank in [below + 1, below + count] {
                    prop_assert_eq!(sum.of_rank(rank), Some((low, high)));
                }
                below += count;
            }
            prop_assert_eq!(sum.of_rank(below + 1), None);
            prop_assert_eq!(told, recorded(&all).buckets().collect::<Vec<_>>());
            sum.clear();
            sum.merge(&recorded(&parts.concat()));
            prop_assert_eq!(sum.to_histogram(), recorded(&parts.concat()));
        }
    }
}
