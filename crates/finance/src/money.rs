//! Exact money: units, rounding, and what is left when an amount leaves its range.

use piecewatch_model::{MicroUsd, Timestamp};

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

/// An amount as a count of micro-dollars for arithmetic; what is negative counts as nothing.
pub(crate) fn count(amount: MicroUsd) -> u128 {
    u128::try_from(amount.get()).unwrap_or(0)
}

/// From one instant to a later one, in microseconds; 0 when it is not later.
pub(crate) fn micros_between(from: Timestamp, to: Timestamp) -> u128 {
    u128::try_from(i128::from(to.as_micros()) - i128::from(from.as_micros())).unwrap_or(0)
}
