//! How large are transfers?

use std::{collections::BTreeMap, fmt};

use piecewatch_model::{Action, ByteCount, SizeBucket};
use piecewatch_store::{Ending, SizeRow};

use crate::tally::Amount;

/// The classes that operators know: below 1 KiB, to 4, 16, 64 and 256 KiB, to 1 MiB, and above.
///
/// The stored buckets, one for each power of two, lie within them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SizeClass {
    /// Less than 1 KiB.
    Below1K,
    /// From 1 KiB up to but without 4 KiB.
    To4K,
    /// From 4 KiB up to but without 16 KiB.
    To16K,
    /// From 16 KiB up to but without 64 KiB.
    To64K,
    /// From 64 KiB up to but without 256 KiB.
    To256K,
    /// From 256 KiB up to but without 1 MiB.
    To1M,
    /// 1 MiB and more.
    From1M,
}

impl SizeClass {
    /// Every class, the smallest first.
    pub const ALL: [Self; 7] = [
        Self::Below1K,
        Self::To4K,
        Self::To16K,
        Self::To64K,
        Self::To256K,
        Self::To1M,
        Self::From1M,
    ];

    /// The class in which a stored bucket lies.
    pub const fn of(bucket: SizeBucket) -> Self {
        match bucket.index() {
            ..=10 => Self::Below1K,
            11 | 12 => Self::To4K,
            13 | 14 => Self::To16K,
            15 | 16 => Self::To64K,
            17 | 18 => Self::To256K,
            19 | 20 => Self::To1M,
            21.. => Self::From1M,
        }
    }

    /// The smallest size in the class.
    pub const fn low(self) -> ByteCount {
        ByteCount::new(match self {
            Self::Below1K => 0,
            Self::To4K => 1 << 10,
            Self::To16K => 1 << 12,
            Self::To64K => 1 << 14,
            Self::To256K => 1 << 16,
            Self::To1M => 1 << 18,
            Self::From1M => 1 << 20,
        })
    }

    /// Its name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Below1K => "< 1 KiB",
            Self::To4K => "1–4 KiB",
            Self::To16K => "4–16 KiB",
            Self::To64K => "16–64 KiB",
            Self::To256K => "64–256 KiB",
            Self::To1M => "256 KiB–1 MiB",
            Self::From1M => "≥ 1 MiB",
        }
    }
}

impl fmt::Display for SizeClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Transfers by action, ending and class of size. Classes without any are left out, and transfers
/// whose log tells no size. Finer are the rows themselves
/// ([`Reader::sizes`](piecewatch_store::Reader::sizes)), by powers of two.
pub fn size_classes<'a>(
    rows: impl IntoIterator<Item = &'a SizeRow>,
) -> BTreeMap<(Action, Ending, SizeClass), Amount> {
    let mut classes: BTreeMap<(Action, Ending, SizeClass), Amount> = BTreeMap::new();
    for row in rows {
        let key = (row.action.clone(), row.ending, SizeClass::of(row.bucket));
        classes.entry(key).or_default().add(Amount { count: row.count, bytes: row.bytes });
    }
    classes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_size_lies_in_the_class_whose_ends_enclose_it() {
        for exponent in 0..64 {
            for size in [(1_u64 << exponent) - 1, 1 << exponent] {
                let class = SizeClass::of(SizeBucket::of(ByteCount::new(size)));
                let expected =
                    SizeClass::ALL.into_iter().rev().find(|class| class.low().get() <= size);
                assert_eq!(Some(class), expected, "{size}");
            }
        }
    }
}
