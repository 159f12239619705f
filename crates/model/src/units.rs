//! Amounts with their unit: bytes, byte-hours, money.

use std::{
    fmt,
    iter::Sum,
    ops::{Add, Sub},
    str::FromStr,
};

/// A number of bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ByteCount(u64);

impl ByteCount {
    /// This many bytes.
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The number of bytes.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// Saturates: a sum beyond 16 exabytes is not a sum of transfers.
impl Add for ByteCount {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sum for ByteCount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), Add::add)
    }
}

/// Decimal units with three significant digits: `999 B`, `2.32 MB`, `14.5 TB`. TB is 10^12 bytes,
/// as nodes are paid.
impl fmt::Display for ByteCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
        if self.0 < 1000 {
            return f.pad(&format!("{} B", self.0));
        }
        // A float is for drawing only; what rounds up to 1000 belongs to the next unit.
        let mut amount = self.0 as f64 / 1000.0;
        let mut unit = 0;
        while amount >= 999.5 && unit + 1 < UNITS.len() {
            amount /= 1000.0;
            unit += 1;
        }
        let decimals = if amount < 9.995 { 2 } else { usize::from(amount < 99.95) };
        f.pad(&format!("{amount:.decimals$} {}", UNITS[unit]))
    }
}

/// Bytes held for a time: one byte for one hour is one byte-hour. What storage is paid by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ByteHours(u64);

impl ByteHours {
    /// This many byte-hours.
    pub const fn new(byte_hours: u64) -> Self {
        Self(byte_hours)
    }

    /// The number of byte-hours.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// Saturates: a node does not hold 25 petabytes for a month.
impl Add for ByteHours {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sum for ByteHours {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), Add::add)
    }
}

/// Money: millionths of a US dollar, as the node's paystubs count it. May be negative.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MicroUsd(i64);

impl MicroUsd {
    /// This many millionths of a dollar.
    pub const fn new(micro_usd: i64) -> Self {
        Self(micro_usd)
    }

    /// Millionths of a dollar.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The sum; `None` when it leaves the range of ± 9 million million dollars.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }
}

/// Saturates at ± 9 million million dollars.
impl Add for MicroUsd {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// Saturates at ± 9 million million dollars.
impl Sub for MicroUsd {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Sum for MicroUsd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), Add::add)
    }
}

/// Dollars with two to six decimals, exact: `1.64`, `-0.000001`.
impl fmt::Display for MicroUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (dollars, micros) =
            (self.0.unsigned_abs() / 1_000_000, self.0.unsigned_abs() % 1_000_000);
        let micros = format!("{micros:06}");
        let (cents, rest) = micros.split_at(2);
        let sign = if self.0 < 0 { "-" } else { "" };
        f.pad(&format!("{sign}{dollars}.{cents}{}", rest.trim_end_matches('0')))
    }
}

impl FromStr for MicroUsd {
    type Err = crate::Error;

    fn from_str(text: &str) -> crate::Result<Self> {
        let parse = || {
            let (negative, digits) = match text.strip_prefix('-') {
                Some(digits) => (true, digits),
                None => (false, text),
            };
            let (dollars, fraction) = digits.split_once('.').unwrap_or((digits, ""));
            let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
            if dollars.is_empty()
                || fraction.len() > 6
                || !all_digits(dollars)
                || !all_digits(fraction)
            {
                return None;
            }
            let micros: i64 = format!("{fraction:0<6}").parse().ok()?;
            let amount =
                dollars.parse::<i64>().ok()?.checked_mul(1_000_000)?.checked_add(micros)?;
            Some(Self(if negative { -amount } else { amount }))
        };
        parse().ok_or_else(|| crate::Error::MicroUsd(text.chars().take(40).collect()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bytes_are_shown_in_decimal_units() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.00 kB"),
            (2_319_872, "2.32 MB"),
            (99_949, "99.9 kB"),
            (999_499, "999 kB"),
            (999_500, "1.00 MB"),
            (14_478_332_563_968, "14.5 TB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(ByteCount::new(bytes).to_string(), text);
        }
    }

    #[test]
    fn money_is_shown_exactly() {
        for (micros, text) in
            [(0, "0.00"), (1_644_900, "1.6449"), (-1, "-0.000001"), (2_500_000, "2.50")]
        {
            assert_eq!(MicroUsd::new(micros).to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn money_round_trips(micros in -i64::MAX..=i64::MAX) {
            let money = MicroUsd::new(micros);
            prop_assert_eq!(money.to_string().parse::<MicroUsd>().unwrap(), money);
        }
    }
}
