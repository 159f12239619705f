//! How many different values were there?

use xxhash_rust::xxh3::xxh3_64;

/// So many values are remembered before they are estimated; they take the room of the registers.
const FEW_MAX: usize = 32;
/// Registers of a byte: 256 give a standard error of 1.04 / √256 = 6.5 %.
const REGISTER_BITS: u32 = 8;
const REGISTERS: usize = 1 << REGISTER_BITS;
/// Says that registers follow; there are never so many hashes.
const MANY: u8 = u8::MAX;

/// Counts different values in 256 bytes: exactly up to 32, beyond that with a standard error of
/// 6.5 % (HyperLogLog; Flajolet and others, 2007).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Distinct {
    /// The hashes of all of them.
    Few(Vec<u64>),
    /// For each part of the hashes the longest run of zeros, plus one.
    Many(Box<[u8; REGISTERS]>),
}

impl Default for Distinct {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Distinct {
    pub(crate) fn add(&mut self, value: &[u8]) {
        self.add_hash(xxh3_64(value));
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        match other {
            Self::Few(hashes) => hashes.iter().for_each(|&hash| self.add_hash(hash)),
            Self::Many(theirs) => {
                let ours = self.registers();
                ours.iter_mut()
                    .zip(theirs.iter())
                    .for_each(|(our, their)| *our = (*our).max(*their));
            }
        }
    }

    pub(crate) fn count(&self) -> u64 {
        let registers = match self {
            Self::Few(hashes) => return hashes.len() as u64,
            Self::Many(registers) => registers,
        };
        let size = REGISTERS as f64;
        let inverse: f64 = registers.iter().map(|&run| (-f64::from(run)).exp2()).sum();
        let estimate = 0.7213 / (1.0 + 1.079 / size) * size * size / inverse;
        let empty = registers.iter().filter(|&&run| run == 0).count();
        // As long as registers are empty, their number tells more.
        let estimate = if estimate <= 2.5 * size && empty > 0 {
            size * (size / empty as f64).ln()
        } else {
            estimate
        };
        (estimate.round() as u64).max(FEW_MAX as u64 + 1)
    }

    /// Whether the count is exact.
    pub(crate) const fn is_exact(&self) -> bool {
        matches!(self, Self::Few(_))
    }

    pub(crate) fn allocated(&self) -> usize {
        match self {
            Self::Few(hashes) => hashes.capacity() * size_of::<u64>(),
            Self::Many(_) => REGISTERS,
        }
    }

    /// Appends its stored form: how many hashes there are and each of them, or 255 and the registers. The
    /// hashes are XXH3-64 of the values, little-endian.
    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Few(hashes) => {
                bytes.push(hashes.len() as u8);
                hashes.iter().for_each(|hash| bytes.extend(hash.to_le_bytes()));
            }
            Self::Many(registers) => {
                bytes.push(MANY);
                bytes.extend(&registers[..]);
            }
        }
    }

    /// Reads a stored form off the beginning; `None` when it is none.
    pub(crate) fn read(bytes: &mut &[u8]) -> Option<Self> {
        let length = *bytes.split_off_first()?;
        if length == MANY {
            let registers: [u8; REGISTERS] = bytes.split_off(..REGISTERS)?.try_into().ok()?;
            let is_run = |run: &u8| u32::from(*run) <= u64::BITS - REGISTER_BITS + 1;
            return registers.iter().all(is_run).then(|| Self::Many(Box::new(registers)));
        }
        let length = usize::from(length);
        if length > FEW_MAX {
            return None;
        }
        let hashes = bytes.split_off(..length * size_of::<u64>())?;
        let (hashes, _) = hashes.as_chunks();
        Some(Self::Few(hashes.iter().map(|hash| u64::from_le_bytes(*hash)).collect()))
    }

    fn add_hash(&mut self, hash: u64) {
        if let Self::Few(hashes) = self {
            if hashes.contains(&hash) {
                return;
            }
            if hashes.len() < FEW_MAX {
                hashes.push(hash);
                return;
            }
        }
        note(self.registers(), hash);
    }

    fn registers(&mut self) -> &mut [u8; REGISTERS] {
        if let Self::Few(hashes) = self {
            let mut registers = Box::new([0; REGISTERS]);
            hashes.iter().for_each(|&hash| note(&mut registers, hash));
            *self = Self::Many(registers);
        }
        match self {
            Self::Many(registers) => registers,
            Self::Few(_) => unreachable!("it was just made into many"),
        }
    }
}

fn note(registers: &mut [u8; REGISTERS], hash: u64) {
    let register = (hash >> (u64::BITS - REGISTER_BITS)) as usize;
    let run = (hash << REGISTER_BITS).leading_zeros().min(u64::BITS - REGISTER_BITS) + 1;
    registers[register] = registers[register].max(run as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl IntoIterator<Item = u64>) -> Distinct {
        let mut distinct = Distinct::default();
        values.into_iter().for_each(|value| distinct.add(&value.to_le_bytes()));
        distinct
    }

    #[test]
    fn few_are_counted_and_many_are_estimated_within_four_standard_errors() {
        for n in [0, 1, 2, 31, 32] {
            let distinct = of((0..n).chain(0..n));
            assert_eq!((distinct.count(), distinct.is_exact()), (n, true));
        }
        for n in [33, 50, 100, 300, 700, 1000, 5000, 100_000, 1_000_000] {
            let distinct = of((0..n).map(|value| value * 7919));
            let error = distinct.count() as f64 / n as f64 - 1.0;
            assert!(error.abs() <= 4.0 * 0.065, "{n}: {error}");
            assert!(!distinct.is_exact() && distinct.allocated() == 256);
            let mut bytes = Vec::new();
            distinct.write(&mut bytes);
            assert_eq!(Distinct::read(&mut &bytes[..]), Some(distinct));
        }
    }

    #[test]
    fn merged_is_the_same_as_counted_together() {
        for (a, b) in [(0..10, 5..15), (0..30, 20..60), (0..500, 400..900), (0..40, 39..45)] {
            let mut merged = of(a.clone());
            merged.merge(&of(b.clone()));
            assert_eq!(merged.count(), of(a.chain(b)).count());
        }
    }
}
