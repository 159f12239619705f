//! The classes into which transfers are sorted by their size.

use crate::ByteCount;

/// A class of sizes: 0 holds the empty transfers, class k those from 2^(k-1) up to but without
/// 2^k bytes.
///
/// Powers of two nest in the coarser buckets that operators know (1, 4, 16, 64, 256 KiB, 1 MiB).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SizeBucket(u8);

impl SizeBucket {
    /// The class of a size.
    pub const fn of(size: ByteCount) -> Self {
        Self((u64::BITS - size.get().leading_zeros()) as u8)
    }

    /// The class of this number; `None` above 64.
    pub const fn from_index(index: u8) -> Option<Self> {
        if index as u32 <= u64::BITS { Some(Self(index)) } else { None }
    }

    /// The number of the class, 0 to 64.
    pub const fn index(self) -> u8 {
        self.0
    }

    /// The smallest size in the class, in bytes.
    pub const fn low(self) -> ByteCount {
        ByteCount::new(if self.0 == 0 { 0 } else { 1 << (self.0 - 1) })
    }

    /// The largest size in the class, in bytes.
    pub const fn high(self) -> ByteCount {
        ByteCount::new(if self.0 == 0 { 0 } else { u64::MAX >> (64 - self.0) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_edges_fall_into_their_own_class() {
        for (size, index) in
            [(0, 0), (1, 1), (2, 2), (255, 8), (256, 9), (1024, 11), (u64::MAX, 64)]
        {
            assert_eq!(SizeBucket::of(ByteCount::new(size)).index(), index, "{size}");
        }
        assert_eq!(SizeBucket::from_index(65), None);
    }

    proptest! {
        #[test]
        fn a_size_lies_between_the_ends_of_its_class(size: u64) {
            let size = ByteCount::new(size);
            let bucket = SizeBucket::of(size);
            prop_assert!(bucket.low() <= size && size <= bucket.high());
            prop_assert_eq!(SizeBucket::from_index(bucket.index()), Some(bucket));
        }
    }
}
