//! Latencies summed into a histogram that merges, and its stored form.

mod sum;

pub use sum::HistogramSum;

use crate::{Error, Result};

/// The number of buckets into which each power of two is divided, as a power of two.
const SUB_BITS: u32 = 6;
const SUB_BUCKETS: u64 = 1 << SUB_BITS;
/// The first byte of the stored form in which buckets that hold something stand with their counts.
const PAIRS: u8 = 1;
/// The first byte of the stored form in which every bucket from the first to the last has a place of one
/// byte.
const PLACES: u8 = 2;
/// As [`PLACES`], of two bytes.
const WIDE_PLACES: u8 = 3;
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

    /// The stored form: one of three, told apart by the first byte. All numbers are LEB128.
    ///
    /// - 1, for a few values here and there: for each bucket that holds something the distance to the
    ///   one before it, and its count.
    /// - 2, for many close together: the first bucket; how many places follow, one for each bucket from
    ///   there on; a byte for each place, the count modulo 256; then, for each count of 256 and more,
    ///   the distance to the place before it of which that was told, and the count divided by 256.
    /// - 3, for very many: as 2, with two bytes for each place, the lower first, and 65,536.
    ///
    /// Each is taken in place of the one before up to one and a half times its length, since it is added
    /// in a fraction of the time.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.to_pairs();
        for form in [PLACES, WIDE_PLACES] {
            let longest = bytes.len() * 3 / 2;
            if self.span() * width_of(form) < longest {
                let places = self.to_places(form);
                bytes = if places.len() <= longest { places } else { bytes };
            }
        }
        bytes
    }

    /// How many buckets there are from the first that holds something to the last.
    fn span(&self) -> usize {
        match (self.buckets.first(), self.buckets.last()) {
            (Some((first, _)), Some((last, _))) => usize::from(last - first) + 1,
            (None, _) | (_, None) => 0,
        }
    }

    fn to_pairs(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1 + self.buckets.len() * 3);
        bytes.push(PAIRS);
        let mut before = 0;
        for &(bucket, count) in &self.buckets {
            write_leb128(&mut bytes, u64::from(bucket - before));
            write_leb128(&mut bytes, count);
            before = bucket;
        }
        bytes
    }

    /// One of the two forms with places.
    fn to_places(&self, form: u8) -> Vec<u8> {
        let width = width_of(form);
        let (first, span) = (self.buckets.first().map_or(0, |&(first, _)| first), self.span());
        let mut bytes = Vec::with_capacity(8 + span * width);
        bytes.push(form);
        write_leb128(&mut bytes, first.into());
        write_leb128(&mut bytes, span as u64);
        let head = bytes.len();
        bytes.resize(head + span * width, 0);
        let mut before = first;
        for &(bucket, count) in &self.buckets {
            let at = head + usize::from(bucket - first) * width;
            bytes[at..at + width].copy_from_slice(&count.to_le_bytes()[..width]);
            let high = count >> (width as u32 * u8::BITS);
            if high > 0 {
                write_leb128(&mut bytes, u64::from(bucket - before));
                write_leb128(&mut bytes, high);
                before = bucket;
            }
        }
        bytes
    }

    /// Reads the stored form.
    ///
    /// # Errors
    ///
    /// [`Error::Histogram`] when the bytes are not what [`Histogram::to_bytes`] writes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut buckets = Vec::new();
        match Stored::of(bytes)? {
            Stored::Pairs(mut pairs) => {
                while let Some(pair) = pairs.next()? {
                    buckets.push(pair);
                }
            }
            Stored::Places(mut places) => {
                let mut counts: Vec<u64> = match places.low {
                    Low::Narrow(low) => low.iter().copied().map(u64::from).collect(),
                    Low::Wide(low) => {
                        low.iter().copied().map(u16::from_le_bytes).map(u64::from).collect()
                    }
                };
                while let Some((place, high)) = places.next_high()? {
                    counts[place] += high;
                }
                let numbered = (places.first..).zip(counts);
                buckets.extend(numbered.filter(|&(_, count)| count > 0));
            }
        }
        Ok(Self { buckets })
    }
}

/// What a stored form holds.
enum Stored<'a> {
    Pairs(Pairs<'a>),
    Places(Places<'a>),
}

impl<'a> Stored<'a> {
    fn of(bytes: &'a [u8]) -> Result<Self> {
        match bytes.split_first() {
            Some((&PAIRS, rest)) => Ok(Self::Pairs(Pairs { rest, before: None })),
            Some((&form @ (PLACES | WIDE_PLACES), rest)) => {
                Places::of(form, rest).map(Self::Places)
            }
            Some(_) | None => Err(Error::Histogram("it begins with an unknown form")),
        }
    }
}

/// How many bytes a place has.
const fn width_of(form: u8) -> usize {
    if form == WIDE_PLACES { 2 } else { 1 }
}

/// What places hold: of each count as much as there is room for, its lowest bits.
#[derive(Clone, Copy)]
enum Low<'a> {
    Narrow(&'a [u8]),
    Wide(&'a [[u8; 2]]),
}

/// A place for every bucket from the first to the last.
struct Places<'a> {
    /// The bucket of the first place; that of the last is not above [`BUCKET_MAX`].
    first: u16,
    /// How many places there are; at least one.
    span: usize,
    low: Low<'a>,
    /// What is to be read of the rest of the counts.
    rest: &'a [u8],
    /// The place of which such a rest was read last.
    before: Option<usize>,
}

impl<'a> Places<'a> {
    /// What follows the first byte.
    fn of(form: u8, mut rest: &'a [u8]) -> Result<Self> {
        let damaged = |what| Error::Histogram(what);
        let mut number = || read_leb128(&mut rest).ok_or(damaged("its beginning is cut off"));
        let (first, span) = (number()?, number()?);
        let end = first.checked_add(span).filter(|&end| end <= u64::from(BUCKET_MAX) + 1);
        if span == 0 || end.is_none() {
            return Err(damaged("a bucket is missing or out of range"));
        }
        let (first, span) = (first as u16, span as usize);
        let (low, rest) =
            rest.split_at_checked(span * width_of(form)).ok_or(damaged("a place is cut off"))?;
        let low = if form == WIDE_PLACES { Low::Wide(low.as_chunks().0) } else { Low::Narrow(low) };
        Ok(Self { first, span, low, rest, before: None })
    }

    /// The next place whose count is too large for it, and what that has above what is in it; `None` at
    /// the end.
    fn next_high(&mut self) -> Result<Option<(usize, u64)>> {
        let damaged = |what| Error::Histogram(what);
        if self.rest.is_empty() {
            return Ok(None);
        }
        let distance = read_leb128(&mut self.rest).ok_or(damaged("a place is cut off"))?;
        let high = read_leb128(&mut self.rest).ok_or(damaged("a count is cut off"))?;
        if distance == 0 && self.before.is_some() {
            return Err(damaged("a count is told twice"));
        }
        let place = usize::try_from(distance)
            .ok()
            .and_then(|distance| self.before.unwrap_or(0).checked_add(distance))
            .filter(|&place| place < self.span)
            .ok_or(damaged("a place is out of range"))?;
        let bits = match self.low {
            Low::Narrow(_) => u8::BITS,
            Low::Wide(_) => u16::BITS,
        };
        if high == 0 || high > u64::MAX >> bits {
            return Err(damaged("a count is out of range"));
        }
        self.before = Some(place);
        Ok(Some((place, high << bits)))
    }
}

/// Four buckets that follow each other: how far each is from the one before them, and its count.
type Four = [(u8, u8); 4];

/// The buckets that hold something and their counts, ascending.
struct Pairs<'a> {
    rest: &'a [u8],
    /// The bucket before; `None` at the beginning.
    before: Option<u16>,
}

impl Pairs<'_> {
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

    /// The first byte tells which form it is.
    #[test]
    fn the_form_is_that_which_is_added_soonest() {
        let of = |count: u64| {
            let mut histogram = Histogram::new();
            (100..700).for_each(|bucket| histogram.add(bucket, count));
            histogram.to_bytes()[0]
        };
        assert_eq!(
            [of(1), of(255), of(256), of(70_000)],
            [PLACES, PLACES, WIDE_PLACES, WIDE_PLACES]
        );
        assert_eq!(recorded(&[1, 1_000, 1_000_000]).to_bytes()[0], PAIRS);
        assert_eq!(Histogram::new().to_bytes(), [PAIRS]);
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
            &[4],
            &[3, 5, 1, 1],
            &[3, 5, 1, 1, 1, 1, 1],
            &[2, 5],
            &[2, 5, 0],
            &[2, 5, 2, 1],
            &[2, 0xff, 0x7f, 1, 1],
            &[2, 5, 2, 1, 1, 2, 1],
            &[2, 5, 2, 1, 1, 0, 0],
            &[2, 5, 2, 1, 1, 1, 1, 0, 1],
            &[2, 5, 2, 1, 1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
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
            let bytes = histogram.to_bytes();
            prop_assert_eq!(Histogram::from_bytes(&bytes).unwrap(), histogram.clone());
            // Each of the two other forms may be half as long again as the one before.
            prop_assert!(4 * bytes.len() <= 9 * histogram.to_pairs().len());
        }

        #[test]
        fn all_stored_forms_hold_the_same(
            counts in prop::collection::vec(
                prop_oneof![0..3_u64, 126..130_u64, 254..258_u64, 65_534..65_538_u64, any::<u64>()], 1..200),
            first in 0_u16..3000,
        ) {
            let mut histogram = Histogram::new();
            (first..).zip(counts).filter(|&(_, count)| count > 0).for_each(|(bucket, count)| {
                histogram.add(bucket, count);
            });
            prop_assume!(!histogram.is_empty());
            let places = [PLACES, WIDE_PLACES].map(|form| histogram.to_places(form));
            for form in places.iter().chain([&histogram.to_pairs()]) {
                prop_assert_eq!(&Histogram::from_bytes(form).unwrap(), &histogram);
            }
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
