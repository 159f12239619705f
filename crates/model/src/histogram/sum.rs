//! Histograms and values added up quickly: one place for each bucket between the lowest and the
//! highest.

use super::{BUCKET_MAX, Histogram, Pairs, SUB_BUCKETS, bucket_of, range_of};
use crate::Result;

/// Room is made for whole powers of two, and a window beyond.
const STEP: usize = SUB_BUCKETS as usize;
/// So far a distance of one byte reaches.
const WINDOW: usize = 1 << u8::BITS;
const PLACES_MAX: usize = BUCKET_MAX as usize + 1;

/// A [`Histogram`] in the making.
///
/// Where that keeps the buckets that hold something, and has to look for each, this has a place for
/// every bucket between the lowest and the highest, and some more: 10 KiB for latencies from a
/// millisecond to a minute, 30 KiB at most.
#[derive(Debug, Clone, Default)]
pub struct HistogramSum {
    /// The bucket of the first place, a multiple of [`STEP`].
    first: usize,
    counts: Vec<u64>,
    /// All of them together.
    count: u64,
}

impl HistogramSum {
    /// A sum of nothing, without room.
    pub const fn new() -> Self {
        Self { first: 0, counts: Vec::new(), count: 0 }
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
        let mut added = 0_u64;
        for &(bucket, count) in &histogram.buckets {
            if let Some(sum) = self.counts.get_mut(usize::from(bucket).wrapping_sub(self.first)) {
                *sum = sum.saturating_add(count);
            }
            added = added.saturating_add(count);
        }
        self.count = self.count.saturating_add(added);
    }

    /// Adds every value of a histogram in its stored form ([`Histogram::to_bytes`]).
    ///
    /// # Errors
    ///
    /// [`Error::Histogram`](crate::Error::Histogram) when the bytes are not such a form; what stands
    /// before the damage may have been added.
    pub fn merge_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        let mut pairs = Pairs::of(bytes)?;
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
        // No place holds more than all that was added, and of these each is below 16,384.
        let most = (pairs.rest.len() as u64).saturating_mul(1 << 14);
        if self.count.checked_add(most).is_none() {
            return after;
        }
        let mut before = usize::from(after) - self.first;
        let mut added = 0;
        while let Some(places) =
            self.counts.get_mut(before..).and_then(|places| places.first_chunk_mut::<WINDOW>())
        {
            let last = if let Some(four) = pairs.next_four() {
                for (distance, count) in four {
                    places[usize::from(distance)] += u64::from(count);
                    added += u64::from(count);
                }
                let [.., (last, _)] = four;
                last
            } else if let Some((distance, count)) = pairs.next_short() {
                places[usize::from(distance)] += u64::from(count);
                added += u64::from(count);
                distance
            } else {
                break;
            };
            before += usize::from(last);
        }
        self.count += added;
        (self.first + before) as u16
    }

    /// How many values were added.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Forgets what was added, and keeps the room.
    pub fn clear(&mut self) {
        self.counts.fill(0);
        self.count = 0;
    }

    /// Whether nothing was added.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// What was added, in the form that is kept.
    pub fn to_histogram(&self) -> Histogram {
        let held = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        // Counting is faster than growing.
        let mut buckets = Vec::with_capacity(held.clone().count());
        buckets.extend(held.map(|(at, &count)| ((self.first + at) as u16, count)));
        Histogram { buckets }
    }

    /// Each bucket that holds something: lowest and highest value in µs, both included, and count.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64, u64)> + '_ {
        self.counts.iter().enumerate().filter(|(_, count)| **count > 0).map(|(at, &count)| {
            let (low, high) = range_of((self.first + at) as u16);
            (low, high, count)
        })
    }

    /// The bucket has a place.
    fn add(&mut self, bucket: usize, count: u64) {
        if let Some(sum) = self.counts.get_mut(bucket.wrapping_sub(self.first)) {
            *sum = sum.saturating_add(count);
        }
        self.count = self.count.saturating_add(count);
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
            bytes.insert(0, super::super::FORM);
            let mut sum = HistogramSum::new();
            let added = sum.merge_bytes(&bytes).map(|()| sum.to_histogram());
            prop_assert_eq!(added, Histogram::from_bytes(&bytes));
        }

        #[test]
        fn whatever_is_added_the_histogram_is_that_of_all_values(
            recorded_here: Vec<u64>,
            parts: Vec<Vec<u64>>,
            stored: Vec<Vec<u64>>,
        ) {
            let mut sum = HistogramSum::new();
            parts.iter().for_each(|part| sum.merge(&recorded(part)));
            recorded_here.iter().for_each(|&micros| sum.record(micros));
            for part in &stored {
                sum.merge_bytes(&recorded(part).to_bytes()).unwrap();
            }
            let all = [recorded_here, parts.concat(), stored.concat()].concat();
            prop_assert_eq!(sum.to_histogram(), recorded(&all));
            prop_assert_eq!((sum.is_empty(), sum.count()), (all.is_empty(), all.len() as u64));
            let told: Vec<_> = sum.buckets().collect();
            prop_assert_eq!(told, recorded(&all).buckets().collect::<Vec<_>>());
            sum.clear();
            sum.merge(&recorded(&parts.concat()));
            prop_assert_eq!(sum.to_histogram(), recorded(&parts.concat()));
        }
    }
}
