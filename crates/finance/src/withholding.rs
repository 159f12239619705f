//! The satellite's own schedule: which share of a month is held back, by the exact age of the node.

use piecewatch_model::{Period, Timestamp};

use crate::HeldPercent;

/// What satellites hold back of a node's first months, in percent: 15 entries. The last six hold
/// back nothing, but the node is still *in withholding*: it gets the first half back afterwards.
pub const WITHHOLDING_SCHEDULE: [u8; 15] = [75, 75, 75, 50, 50, 50, 25, 25, 25, 0, 0, 0, 0, 0, 0];

/// How a node stands in a satellite's schedule at the end of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withholding {
    /// It is in the schedule: this much of the month is held back, which may be nothing.
    In(HeldPercent),
    /// It is past the schedule.
    Over,
}

impl Withholding {
    /// How a node that joined at `joined_at` stands in a month that ends before `end`, by the rule
    /// of the satellite's code (`compensation`): the first entry counts for which the join plus as
    /// many months as its number, from 1, is after the end.
    ///
    /// Months are added as the satellite adds them ([`plus_months`]), so that a node of the 31st
    /// may be held at a higher percentage for a month longer than the node itself expects.
    pub fn at(schedule: &[u8], joined_at: Timestamp, end: Timestamp) -> Self {
        let entry = (1..)
            .zip(schedule)
            .find(|(months, _)| plus_months(joined_at, *months) > end)
            .map(|(_, percent)| *percent);
        entry.map_or(Self::Over, |percent| Self::In(HeldPercent::new(percent)))
    }

    /// How much is held back.
    pub const fn percent(self) -> HeldPercent {
        match self {
            Self::In(percent) => percent,
            Self::Over => HeldPercent::NONE,
        }
    }
}

/// The same day and time of day so many months later. A day that the month does not have carries
/// over: 31 January and one month is 3 March, or 2 March in a leap year.
pub fn plus_months(instant: Timestamp, months: u32) -> Timestamp {
    let (year, month, day) = instant.date();
    let midnight = Timestamp::from_civil((year, month, day), 0, 0, 0);
    let time_of_day = instant.as_micros().saturating_sub(midnight.as_micros());
    let index = i64::from(month) - 1 + i64::from(months);
    let month = (index % 12 + 1) as u8;
    Timestamp::from_civil((year + index / 12, month, day), 0, 0, 0).plus_micros(time_of_day)
}

/// The first month whose statement finds the node past the schedule: the 16th, but for a node that
/// joined in the first instant of a month, or on a day that other months do not have. `None`
/// outside the years 1 to 9999.
pub(crate) fn first_month_after(schedule: &[u8], joined_at: Timestamp) -> Option<Period> {
    let months = u32::try_from(schedule.len()).ok()?;
    let over_at = plus_months(joined_at, months);
    let period = Period::containing(over_at)?;
    // The month before ends exactly then when the schedule does so in the first instant of a month.
    if period.start() == over_at { period.plus_months(-1) } else { Some(period) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn months_are_added_as_the_satellite_adds_them() {
        for (from, months, to) in [
            ("2025-01-10T11:12:13.5Z", 1, "2025-02-10T11:12:13.5Z"),
            ("2025-01-31T06:00:00Z", 1, "2025-03-03T06:00:00Z"),
            ("2024-01-31T06:00:00Z", 1, "2024-03-02T06:00:00Z"),
            ("2025-08-31T00:00:00Z", 1, "2025-10-01T00:00:00Z"),
            ("2025-12-31T00:00:00Z", 2, "2026-03-03T00:00:00Z"),
            ("2025-01-10T00:00:00Z", 15, "2026-04-10T00:00:00Z"),
            ("2024-02-29T00:00:00Z", 12, "2025-03-01T00:00:00Z"),
        ] {
            assert_eq!(plus_months(at(from), months), at(to), "{from} + {months}");
        }
    }

    #[test]
    fn the_schedule_is_over_when_the_first_statement_says_so() {
        for joined in [
            "2025-01-10T11:12:13Z",
            "2025-01-01T00:00:00Z",
            "2025-01-31T12:00:00Z",
            "2024-11-30T23:00:00Z",
        ] {
            let joined = at(joined);
            let first = first_month_after(&WITHHOLDING_SCHEDULE, joined).unwrap();
            let is_over = |period: Period| {
                Withholding::at(&WITHHOLDING_SCHEDULE, joined, period.end()) == Withholding::Over
            };
            assert!(is_over(first) && !is_over(first.plus_months(-1).unwrap()), "{joined}");
        }
    }
}
