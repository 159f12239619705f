//! Latencies summed into a histogram that merges, and its stored form.

mod sum;

pub use sum::HistogramSum;

use crate::{Error, Result};

/// The number of buckets into which each power of two is divided, as a power of two.
const SUB_BITS: u32 = 6;
const SUB_BUCKETS: u64 = 1 << SUB_BITS;
/// The first byte of the stored form.
const FORM: u8 = 1;
/// The bucket of the largest value.
const BUCKET_MAX: u16 = bucket_of(u64::MAX);

/// A distribution of durations in microseconds.
///
/// Values below 128 µs are kept exactly; above, each power of two is divided into 64 buckets of
/// equal width, so that a value read back is at most 0.8 % from the one recorded
/// ([`Histogram::ERROR_MAX`]). Adding two histograms loses nothing: merging the parts equals
/// recording the whole. Only buckets that hold something take space, which is how many of them are
/// kept; [`HistogramSum`] is for adding many up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Bucket number and count, ascending by number, counts above 0.
    buckets: Vec<(u16, u64)>,
}

impl Histogram {
    /// The largest relative error of a value read back: half a bucket's width over its low end.
    pub const ERROR_MAX: f64 = 1.0 / (2 * SUB_BUCKETS) as f64;

    /// A histogram without values.
    pub const fn new() -> Self {
        Self { buckets: Vec::new() }
    }

    /// Adds one duration.
    pub fn record(&mut self, micros: u64) {
        self.add(bucket_of(micros), 1);
    }

    /// Adds every value of another histogram.
    pub fn merge(&mut self, other: &Self) {
        if self.buckets.is_empty() {
            self.buckets.clone_from(&other.buckets);
            return;
        }
        for &(bucket, count) in &other.buckets {
            self.add(bucket, count);
        }
    }

    fn add(&mut self, bucket: u16, count: u64) {
        match self.buckets.binary_search_by_key(&bucket, |&(number, _)| number) {
            Ok(at) => self.buckets[at].1 = self.buckets[at].1.saturating_add(count),
            Err(at) => self.buckets.insert(at, (bucket, count)),
        }
    }

    /// How many values were recorded.
    pub fn count(&self) -> u64 {
        self.buckets.iter().fold(0, |sum, &(_, count)| sum.saturating_add(count))
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// Each bucket that holds something: lowest and highest value in µs, both included, and count.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64, u64)> + '_ {
        self.buckets.iter().map(|&(bucket, count)| {
            let (low, high) = range_of(bucket);
            (low, high, count)
        })
    }

    /// The stored form: a version byte, then for each bucket the distance to the bucket before it
    /// and its count, both as LEB128.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1 + self.buckets.len() * 3);
        bytes.push(FORM);
        let mut before = 0;
        for &(bucket, count) in &self.buckets {
            write_leb128(&mut bytes, u64::from(bucket - before));
            write_leb128(&mut bytes, count);
            before = bucket;
        }
        bytes
    }

    /// Reads the stored form.
    ///
    /// # Errors
    ///
    /// [`Error::Histogram`] when the bytes are not what [`Histogram::to_bytes`] writes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (mut pairs, mut buckets) = (Pairs::of(bytes)?, Vec::new());
        while let Some(pair) = pairs.next()? {
            buckets.push(pair);
        }
        Ok(Self { buckets })
    }
}

/// Four buckets that follow each other: how far each is from the one before them, and its count.
type Four = [(u8, u8); 4];

/// The buckets of a stored form and their counts, ascending.
struct Pairs<'a> {
    rest: &'a [u8],
    /// The bucket before; `None` at the beginning.
    before: Option<u16>,
}

impl<'a> Pairs<'a> {
    fn of(bytes: &'a [u8]) -> Result<Self> {
        match bytes.split_first() {
            Some((&FORM, rest)) => Ok(Self { rest, before: None }),
            Some(_) | None => Err(Error::Histogram("it begins with an unknown form")),
        }
    }

    /// The next bucket; `None` at the end.
    fn next(&mut self) -> Result<Option<(u16, u64)>> {
        let damaged = |what| Error::Histogram(what);
        if self.rest.is_empty() {
            return Ok(None);
        }
        let distance = read_leb128(&mut self.rest).ok_or(damaged("a bucket is cut off"))?;
        let count = read_leb128(&mut self.rest).ok_or(damaged("a count is cut off"))?;
        if count == 0 || (distance == 0 && self.before.is_some()) {
            return Err(damaged("a bucket is empty or told twice"));
        }
        let bucket = u64::from(self.before.unwrap_or(0)).saturating_add(distance);
        let bucket = u16::try_from(bucket).ok().filter(|&number| number <= BUCKET_MAX);
        self.before = Some(bucket.ok_or(damaged("a bucket is out of range"))?);
        Ok(bucket.map(|bucket| (bucket, count)))
    }

    /// The next four, when counts are of one byte and distances below 64, as most are: several times
    /// as quick as one by one. `None` when they are not, and [`Pairs::next`] has to tell why.
    #[inline]
    fn next_four(&mut self) -> Option<Four> {
        const LOW: u64 = 0x0101_0101_0101_0101;
        const HIGH: u64 = 0x80c0_80c0_80c0_80c0;
        const DISTANCES: u64 = 0x00ff_00ff_00ff_00ff;
        const EACH: u64 = 0x0001_0001_0001_0001;
        let (&bytes, rest) = self.rest.split_first_chunk::<8>()?;
        let word = u64::from_le_bytes(bytes);
        // A borrow reaches the highest bit of a byte when that byte, or one below it, is 0.
        if (word | word.wrapping_sub(LOW)) & HIGH != 0 {
            return None;
        }
        self.rest = rest;
        // Of each of the four the sum of the distances up to it, all at once: at most 252.
        let [d1, _, d2, _, d3, _, d4, _] = (word & DISTANCES).wrapping_mul(EACH).to_le_bytes();
        let [_, c1, _, c2, _, c3, _, c4] = bytes;
        Some([(d1, c1), (d2, c2), (d3, c3), (d4, c4)])
    }

    /// How far the next one is from the one before, and its count, when that is of two bytes at most.
    /// `None` when it is not, and [`Pairs::next`] has to tell why.
    #[inline]
    fn next_short(&mut self) -> Option<(u8, u16)> {
        let (pair, rest) = match *self.rest {
            [distance @ 1..0x80, count @ 1..0x80, ref rest @ ..] => {
                ((distance, count.into()), rest)
            }
            [distance @ 1..0x80, low @ 0x80..=0xff, high @ 1..0x80, ref rest @ ..] => {
                ((distance, u16::from(low & 0x7f) | u16::from(high) << 7), rest)
            }
            _ => return None,
        };
        self.rest = rest;
        Some(pair)
    }
}

const fn bucket_of(micros: u64) -> u16 {
    if micros < 2 * SUB_BUCKETS {
        return micros as u16;
    }
    let shift = u64::BITS - 1 - micros.leading_zeros() - SUB_BITS;
    (shift as u64 * SUB_BUCKETS + (micros >> shift)) as u16
}

fn range_of(bucket: u16) -> (u64, u64) {
    let bucket = u64::from(bucket);
    if bucket < 2 * SUB_BUCKETS {
        return (bucket, bucket);
    }
    let shift = bucket / SUB_BUCKETS - 1;
    let low = (bucket - shift * SUB_BUCKETS) << shift;
    (low, low + ((1 << shift) - 1))
}

fn write_leb128(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn read_leb128(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..u64::BITS).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let part = u64::from(byte & 0x7f);
        if part.leading_zeros() < shift {
            return None;
        }
        value |= part << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
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
    fn buckets_cover_every_value_without_gap_or_overlap() {
        let mut next = 0;
        for bucket in 0..=bucket_of(u64::MAX) {
            let (low, high) = range_of(bucket);
            assert_eq!(low, next, "bucket {bucket}");
            assert_eq!((bucket_of(low), bucket_of(high)), (bucket, bucket));
            assert!((high - low) as f64 / 2.0 <= low as f64 * Histogram::ERROR_MAX);
            next = high.wrapping_add(1);
        }
        assert_eq!(next, 0, "the last bucket ends at the largest value");
    }

    #[test]
    fn damaged_forms_are_refused() {
        for bad in [
            &[][..],
            &[2],
            &[1, 5],
            &[1, 5, 0],
            &[1, 5, 1, 0, 1],
            &[1, 0xff, 0xff, 0x7f, 1],
            &[1, 0x80],
        ] {
            assert!(Histogram::from_bytes(bad).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn merged_parts_equal_the_whole(a: Vec<u64>, b: Vec<u64>, c: Vec<u64>) {
            let whole = recorded(&[&a[..], &b, &c].concat());
            let mut left = recorded(&a);
            left.merge(&recorded(&b));
            left.merge(&recorded(&c));
            let mut right = recorded(&b);
            right.merge(&recorded(&c));
            let mut other = recorded(&a);
            other.merge(&right);
            prop_assert_eq!(&left, &whole);
            prop_assert_eq!(&other, &whole);
            prop_assert_eq!(whole.count(), (a.len() + b.len() + c.len()) as u64);
        }

        #[test]
        fn the_stored_form_round_trips(values: Vec<u64>) {
            let histogram = recorded(&values);
            prop_assert_eq!(Histogram::from_bytes(&histogram.to_bytes()).unwrap(), histogram);
        }

        #[test]
        fn any_bytes_are_a_histogram_or_refused(bytes: Vec<u8>) {
            if let Ok(histogram) = Histogram::from_bytes(&bytes) {
                let again = Histogram::from_bytes(&histogram.to_bytes()).unwrap();
                prop_assert_eq!(again, histogram);
            }
        }
    }
}
