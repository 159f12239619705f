//! Exact money: units, rounding, and what is left when an amount leaves its range.

use piecewatch_model::{MicroUsd, Period, Timestamp};

/// Bytes of a terabyte, as nodes are paid: 10^12, not 2^40.
pub(crate) const TB: u128 = 1_000_000_000_000;

/// Hours of a month, as nodes are paid: 720, however many days the month has.
pub(crate) const HOURS_OF_MONTH: u128 = 720;

/// The grain of the node's own estimates, a hundredth of a cent, in micro-dollars.
pub(crate) const HUNDREDTH_OF_CENT: i64 = 100;

pub(crate) const MICROS_PER_HOUR: u128 = 3_600_000_000;

/// The quotient, rounded to the nearest whole number; a half goes up.
pub(crate) const fn div_round(dividend: u128, divisor: u128) -> u128 {
    let (quotient, rest) = (dividend / divisor, dividend % divisor);
    if rest >= divisor - rest { quotient + 1 } else { quotient }
}

/// So many micro-dollars; saturates at 9 million million dollars.
pub(crate) fn micro_usd(amount: u128) -> MicroUsd {
    MicroUsd::new(i64::try_from(amount).unwrap_or(i64::MAX))
}

/// The quotient of either sign, rounded to the nearest whole number; a half goes away from zero.
pub(crate) const fn div_round_signed(dividend: i128, divisor: u128) -> i128 {
    let quotient = div_round(dividend.unsigned_abs(), divisor) as i128;
    if dividend < 0 { -quotient } else { quotient }
}

/// An amount as a count of micro-dollars for arithmetic; what is negative counts as nothing.
pub(crate) fn count(amount: MicroUsd) -> u128 {
    u128::try_from(amount.get()).unwrap_or(0)
}

/// The length of a month, and how much of it is over at `now`, both in microseconds.
pub(crate) fn length_and_elapsed(period: Period, now: Timestamp) -> (u128, u128) {
    let (start, end) = (period.start(), period.end());
    (micros_between(start, end), micros_between(start, now.min(end)))
}

/// From one instant to a later one, in microseconds; 0 when it is not later.
pub(crate) fn micros_between(from: Timestamp, to: Timestamp) -> u128 {
    u128::try_from(i128::from(to.as_micros()) - i128::from(from.as_micros())).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_rounded_away_from_zero() {
        for (dividend, divisor, quotient) in
            [(0, 2, 0), (1, 2, 1), (1, 3, 0), (2, 3, 1), (3, 2, 2), (-1, 2, -1), (-1, 3, 0)]
        {
            assert_eq!(div_round_signed(dividend, divisor), quotient, "{dividend}/{divisor}");
        }
        assert_eq!(div_round(u128::MAX, u128::MAX), 1);
    }
}
