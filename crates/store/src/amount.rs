//! Amounts as the database holds them: integers that can be added up.
//!
//! A log or a node may say anything; capped, the sums of a column stay integers of 64 bits.

use piecewatch_model::{ByteCount, ByteHours, MicroUsd, Period};

/// No number is kept above 2^53: 9 petabytes, 9,000 million dollars.
const NUMBER_MAX: u64 = 1 << 53;
/// Byte-hours are larger: a node of 12 TB has 2^53 of them in a month. 2^58 are 400 TB for a month.
const BYTE_HOURS_MAX: u64 = 1 << 58;

pub(crate) fn number(number: u64) -> i64 {
    number.min(NUMBER_MAX) as i64
}

pub(crate) fn bytes(amount: ByteCount) -> i64 {
    number(amount.get())
}

pub(crate) fn byte_hours(amount: ByteHours) -> i64 {
    amount.get().min(BYTE_HOURS_MAX) as i64
}

pub(crate) fn money(amount: MicroUsd) -> i64 {
    amount.get().clamp(-(NUMBER_MAX as i64), NUMBER_MAX as i64)
}

/// A month as a number that a person can read, too: 202608.
pub(crate) const fn period(period: Period) -> u32 {
    period.year() as u32 * 100 + period.month() as u32
}

/// The month of such a number.
pub(crate) fn period_of(number: i64) -> Option<Period> {
    Period::new(u16::try_from(number / 100).ok()?, u8::try_from(number % 100).ok()?)
}
