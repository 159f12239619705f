//! Random numbers that are the same on every machine: xoshiro256++, and no mathematics of the
//! platform's library.

/// A source of random numbers.
#[derive(Debug, Clone)]
pub(crate) struct Rng([u64; 4]);

impl Rng {
    /// The source of this seed, spread over the state by splitmix64.
    pub(crate) fn new(seed: u64) -> Self {
        let mut state = seed;
        Self(std::array::from_fn(|_| {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut word = state;
            word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            word ^ (word >> 31)
        }))
    }

    /// 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        let [a, b, c, d] = self.0;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c2, d2) = (c ^ a, d ^ b);
        self.0 = [a ^ d2, b ^ c2, c2 ^ (b << 17), d2.rotate_left(45)];
        result
    }

    /// A number below `end`; 0 when `end` is 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(end)) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// True once in `n`; never for 0.
    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        n != 0 && self.below(n) == 0
    }

    /// One of these.
    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    /// The index of a weight, as often as its share in the sum.
    pub(crate) fn weighted(&mut self, weights: &[u32]) -> usize {
        let mut left = self.below(weights.iter().map(|&weight| u64::from(weight)).sum());
        for (at, &weight) in weights.iter().enumerate() {
            if left < u64::from(weight) {
                return at;
            }
            left -= u64::from(weight);
        }
        0
    }

    /// The time until the next of events that come at random, in units of their mean distance.
    pub(crate) fn gap(&mut self) -> f64 {
        // -log2 of a number between 0 and 1: its leading zeros, and the rest as a straight line.
        let bits = self.bits() | 1;
        let zeros = bits.leading_zeros();
        let mantissa = ((bits << zeros) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0;
        (f64::from(zeros) + 1.0 - mantissa) * std::f64::consts::LN_2
    }

    /// About a log-normal draw: the median times two to a normal draw of this deviation.
    pub(crate) fn log_normal(&mut self, median: u64, deviation: f64) -> u64 {
        // Four uniform draws of 16 bits add up to nearly a normal one of variance 1/3.
        let bits = self.bits();
        let sum: u64 = (0..4).map(|at| (bits >> (16 * at)) & 0xFFFF).sum();
        let exponent = (sum as f64 / 65_536.0 - 2.0) * 1.732 * deviation;
        let whole = exponent.floor();
        let fraction = 1.0 + (exponent - whole);
        let scale = f64::from_bits(((1023 + whole as i64) as u64) << 52);
        (median as f64 * scale * fraction) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_their_mean() {
        let mut rng = Rng::new(7);
        let n = 100_000;
        let gaps: f64 = (0..n).map(|_| rng.gap()).sum();
        assert!((gaps / f64::from(n) - 1.0).abs() < 0.05, "{gaps}");
        let mut draws: Vec<u64> = (0..n).map(|_| rng.log_normal(1_000, 1.0)).collect();
        draws.sort_unstable();
        assert!((950..1_050).contains(&draws[draws.len() / 2]));
        assert!(draws[draws.len() * 9 / 10] > 2_000);
        let ones = (0..n).filter(|_| rng.weighted(&[1, 3]) == 1).count();
        assert!((74_000..76_000).contains(&ones), "{ones}");
    }
}
