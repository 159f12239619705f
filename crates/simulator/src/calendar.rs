//! Days and months as a node counts them: in UTC, and with the habits of its language.

use piecewatch_model::{Grain, Period, Timestamp};

pub(crate) const SECOND: i64 = 1_000_000;
pub(crate) const HOUR_SECONDS: i64 = 3_600;
pub(crate) const DAY_SECONDS: i64 = 86_400;

/// The UTC day in which an instant lies, counted from 1970.
pub(crate) fn day_of(at: Timestamp) -> i64 {
    at.as_seconds().div_euclid(DAY_SECONDS)
}

/// The beginning of a day.
pub(crate) const fn day_start(day: i64) -> Timestamp {
    Timestamp::from_seconds(day * DAY_SECONDS)
}

/// The month in which an instant lies. A simulated node lives in the years 1 to 9999; an instant
/// outside of them counts as its first month.
pub(crate) fn month_of(at: Timestamp) -> Period {
    Period::containing(at).unwrap_or(MONTH_ZERO)
}

/// The month so many months later; the same one at the ends of the calendar.
pub(crate) fn months_after(period: Period, months: i32) -> Period {
    period.plus_months(months).unwrap_or(period)
}

/// The first and the last day of a month.
pub(crate) fn days_of(period: Period) -> (i64, i64) {
    (day_of(period.start()), day_of(period.end()) - 1)
}

/// The same day and time of day so many months later. A day that the month lacks carries over into
/// the next one, as in Go: one month before 31 March is 3 March, or the 2nd in a leap year.
pub(crate) fn plus_months(at: Timestamp, months: i32) -> Timestamp {
    let (year, month, day) = at.date();
    let index = year * 12 + i64::from(month) - 1 + i64::from(months);
    let month = index.rem_euclid(12) as u8 + 1;
    let time_of_day = at.as_micros().rem_euclid(DAY_SECONDS * SECOND);
    Timestamp::from_civil((index.div_euclid(12), month, day), 0, 0, 0).plus_micros(time_of_day)
}

/// To the nearest minute, half a minute up.
pub(crate) fn to_the_minute(at: Timestamp) -> Timestamp {
    at.plus_micros(30 * SECOND).floor(Grain::Minute)
}

const MONTH_ZERO: Period = match Period::new(1, 1) {
    Some(period) => period,
    None => unreachable!(),
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_before_is_counted_as_go_does() {
        let before = |text: &str| plus_months(text.parse().unwrap(), -1).to_string();
        assert_eq!(before("2026-03-31T10:00:00Z"), "2026-03-03T10:00:00Z");
        assert_eq!(before("2024-03-31T00:00:00.5Z"), "2024-03-02T00:00:00.5Z");
        assert_eq!(before("2026-03-28T10:00:00Z"), "2026-02-28T10:00:00Z");
        assert_eq!(before("2026-01-31T23:59:59Z"), "2025-12-31T23:59:59Z");
        assert_eq!(before("2026-07-31T00:00:00Z"), "2026-07-01T00:00:00Z");
    }
}
