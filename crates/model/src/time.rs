//! Instants, the grains of stored sums, and calendar months. All of it in UTC.

use std::{fmt, str::FromStr};

use crate::{Error, Result};

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// An instant: microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant this many microseconds after 1970.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// The instant this many whole seconds after 1970; saturates at the ends of the range.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(MICROS_PER_SECOND))
    }

    /// The instant of a UTC calendar date and time of day. The caller keeps the parts in range;
    /// a day or an hour too many simply carries over.
    pub const fn from_civil(date: (i64, u8, u8), hour: u8, minute: u8, second: u8) -> Self {
        let seconds = days_from_civil(date) * SECONDS_PER_DAY
            + hour as i64 * 3600
            + minute as i64 * 60
            + second as i64;
        Self::from_seconds(seconds)
    }

    /// Microseconds since 1970.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, rounded down.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(MICROS_PER_SECOND)
    }

    /// This instant moved by so many microseconds; saturates at the ends of the range.
    #[must_use]
    pub const fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// The start of the bucket of this grain in which the instant lies.
    #[must_use]
    pub const fn floor(self, grain: Grain) -> Self {
        let width = grain.micros();
        Self(self.0.saturating_sub(self.0.rem_euclid(width)))
    }

    /// The start of the first bucket of this grain that begins at or after the instant.
    #[must_use]
    pub const fn ceil(self, grain: Grain) -> Self {
        let floor = self.floor(grain);
        if floor.0 == self.0 { self } else { floor.plus_micros(grain.micros()) }
    }

    /// The UTC date: year, month 1 to 12, day 1 to 31.
    pub const fn date(self) -> (i64, u8, u8) {
        civil_from_days(self.as_seconds().div_euclid(SECONDS_PER_DAY))
    }
}

/// RFC 3339 in UTC; a fraction only when there is one.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        let second = self.as_seconds().rem_euclid(SECONDS_PER_DAY);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
        let fraction = self.0.rem_euclid(MICROS_PER_SECOND);
        if fraction != 0 {
            text.push('.');
            text.push_str(format!("{fraction:06}").trim_end_matches('0'));
        }
        text.push('Z');
        f.pad(&text)
    }
}

/// RFC 3339 with a zone, `Z` or an offset with or without colon; a fraction of any length.
impl FromStr for Timestamp {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match Self::from_rfc3339(text.as_bytes()) {
            Some((instant, length)) if length == text.len() => Ok(instant),
            Some(_) | None => Err(Error::Timestamp(text.chars().take(40).collect())),
        }
    }
}

impl Timestamp {
    /// Reads a time at the beginning of `text` in any form that a node has written since 2019:
    /// `2026-08-19T14:03:27Z`, `…+02:00`, `….123+0200`, `….123Z`, with 1 to 9 digits of fraction,
    /// of which microseconds are kept. Gives the instant and how many bytes it took.
    pub fn from_rfc3339(text: &[u8]) -> Option<(Self, usize)> {
        let (civil, rest) = text.split_first_chunk::<19>()?;
        let [y3, y2, y1, y0, b'-', m1, m0, b'-', d1, d0, b'T', h1, h0, b':', n1, n0, b':', s1, s0] =
            *civil
        else {
            return None;
        };
        let year = i64::from(two_digits(y3, y2)?) * 100 + i64::from(two_digits(y1, y0)?);
        let (month, day) = (two_digits(m1, m0)?, two_digits(d1, d0)?);
        let (hour, minute, second) =
            (two_digits(h1, h0)?, two_digits(n1, n0)?, two_digits(s1, s0)?);
        if !(1..=12).contains(&month) || day == 0 || day > days_in_month(year, month) {
            return None;
        }
        // A leap second (60) is the first instant of the next minute.
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let (fraction_micros, fraction_len) = fraction(rest)?;
        let (offset_seconds, offset_len) = offset(&rest[fraction_len..])?;
        let instant = Self::from_civil((year, month, day), hour, minute, second)
            .plus_micros(fraction_micros - offset_seconds * MICROS_PER_SECOND);
        Some((instant, civil.len() + fraction_len + offset_len))
    }
}

/// An optional fraction of a second: microseconds, and its length with the dot.
fn fraction(text: &[u8]) -> Option<(i64, usize)> {
    let Some((b'.', digits)) = text.split_first() else {
        return Some((0, 0));
    };
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=9).contains(&length) {
        return None;
    }
    let micros = (0..6).fold(0, |micros, at| {
        micros * 10 + if at < length { i64::from(digits[at] - b'0') } else { 0 }
    });
    Some((micros, length + 1))
}

/// A zone: seconds east of UTC, and its length.
fn offset(text: &[u8]) -> Option<(i64, usize)> {
    let (sign, hours, minutes, length) = match *text {
        [b'Z', ..] => return Some((0, 1)),
        [sign @ (b'+' | b'-'), h1, h0, b':', m1, m0, ..] => {
            (sign, two_digits(h1, h0)?, two_digits(m1, m0)?, 6)
        }
        [sign @ (b'+' | b'-'), h1, h0, m1, m0, ..] => {
            (sign, two_digits(h1, h0)?, two_digits(m1, m0)?, 5)
        }
        _ => return None,
    };
    if hours > 23 || minutes > 59 {
        return None;
    }
    let seconds = i64::from(hours) * 3600 + i64::from(minutes) * 60;
    Some((if sign == b'-' { -seconds } else { seconds }, length))
}

const fn two_digits(tens: u8, ones: u8) -> Option<u8> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    if tens > 9 || ones > 9 { None } else { Some(tens * 10 + ones) }
}

/// The width of the buckets into which records are summed. Buckets begin at multiples of their
/// width since 1970, so days are UTC days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Grain {
    /// One minute.
    Minute,
    /// Five minutes.
    FiveMinutes,
    /// One hour.
    Hour,
    /// One UTC day.
    Day,
}

impl Grain {
    /// The width in microseconds.
    pub const fn micros(self) -> i64 {
        MICROS_PER_SECOND
            * match self {
                Self::Minute => 60,
                Self::FiveMinutes => 300,
                Self::Hour => 3600,
                Self::Day => SECONDS_PER_DAY,
            }
    }
}

/// A calendar month in UTC: the unit in which nodes are paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Period {
    year: u16,
    month: u8,
}

impl Period {
    /// The month 1 to 12 of a year 1 to 9999; `None` outside of that.
    pub const fn new(year: u16, month: u8) -> Option<Self> {
        if year == 0 || year > 9999 || month == 0 || month > 12 {
            None
        } else {
            Some(Self { year, month })
        }
    }

    /// The month in which an instant lies; `None` outside the years 1 to 9999.
    pub fn containing(instant: Timestamp) -> Option<Self> {
        let (year, month, _) = instant.date();
        Self::new(u16::try_from(year).ok()?, month)
    }

    /// The year.
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The first instant of the month.
    pub const fn start(self) -> Timestamp {
        Timestamp::from_civil((self.year as i64, self.month, 1), 0, 0, 0)
    }

    /// The first instant after the month.
    pub const fn end(self) -> Timestamp {
        let (year, month) = if self.month == 12 {
            (self.year as i64 + 1, 1)
        } else {
            (self.year as i64, self.month + 1)
        };
        Timestamp::from_civil((year, month, 1), 0, 0, 0)
    }

    /// The month so many months later, earlier for a negative number; `None` outside the years
    /// 1 to 9999.
    pub fn plus_months(self, months: i32) -> Option<Self> {
        let index = (i64::from(self.year) * 12 + i64::from(self.month) - 1) + i64::from(months);
        let month = u8::try_from(index.rem_euclid(12) + 1).ok()?;
        Self::new(u16::try_from(index.div_euclid(12)).ok()?, month)
    }

    /// How many months lie between the start of `earlier` and the start of this one; the day
    /// within a month does not matter. Negative when `earlier` is later.
    pub const fn months_since(self, earlier: Self) -> i32 {
        (self.year as i32 - earlier.year as i32) * 12 + self.month as i32 - earlier.month as i32
    }
}

/// `YYYY-MM`.
impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Period {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parse = || {
            let [y3, y2, y1, y0, b'-', m1, m0] = *text.as_bytes() else { return None };
            let year = u16::from(two_digits(y3, y2)?) * 100 + u16::from(two_digits(y1, y0)?);
            Self::new(year, two_digits(m1, m0)?)
        };
        parse().ok_or_else(|| Error::Period(text.chars().take(20).collect()))
    }
}

const fn days_in_month(year: i64, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar: years of 365 days that
/// begin in March, so that the leap day is a year's last.
const fn days_from_civil((year, month, day): (i64, u8, u8)) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month as i64 + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day as i64 - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The date of a day counted from 1970-01-01; the inverse of [`days_from_civil`].
const fn civil_from_days(days: i64) -> (i64, u8, u8) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u8;
    let month =
        (if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 }) as u8;
    let year = era * 400 + year_of_era + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_form_a_node_has_written_is_read() {
        let instant = Timestamp::from_civil((2026, 8, 19), 14, 3, 27);
        let check = |text: &str, micros: i64| {
            assert_eq!(text.parse(), Ok(instant.plus_micros(micros)), "{text}");
        };
        check("2026-08-19T14:03:27Z", 0);
        check("2026-08-19T16:03:27+02:00", 0);
        check("2026-08-19T16:03:27.992+0200", 992_000);
        check("2026-08-19T14:03:27.992Z", 992_000);
        check("2026-08-19T07:33:27.5-06:30", 500_000);
        check("2026-08-19T14:03:27.354820935Z", 354_820);
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for bad in [
            "",
            "2026-08-19",
            "2026-08-19 14:03:27Z",
            "2026-08-19T14:03:27",
            "2026-13-19T14:03:27Z",
            "2026-02-29T14:03:27Z",
            "2026-08-19T24:03:27Z",
            "2026-08-19T14:03:27.Z",
            "2026-08-19T14:03:27+2:00",
            "2026-08-19T14:03:27Zx",
        ] {
            assert!(bad.parse::<Timestamp>().is_err(), "{bad}");
        }
    }

    #[test]
    fn buckets_begin_at_utc_boundaries_also_before_1970() {
        let instant: Timestamp = "1969-12-31T23:59:59.5Z".parse().unwrap();
        assert_eq!(instant.floor(Grain::Day).to_string(), "1969-12-31T00:00:00Z");
        assert_eq!(instant.ceil(Grain::Hour), Timestamp::from_seconds(0));
        assert_eq!(Timestamp::from_seconds(0).ceil(Grain::Day), Timestamp::from_seconds(0));
    }

    #[test]
    fn periods_know_their_ends_and_distances() {
        let december: Period = "2025-12".parse().unwrap();
        assert_eq!(december.end().to_string(), "2026-01-01T00:00:00Z");
        assert_eq!(december.plus_months(3), Period::new(2026, 3));
        assert_eq!(december.plus_months(-12), Period::new(2024, 12));
        assert_eq!(december.months_since("2024-11".parse().unwrap()), 13);
        assert_eq!(Period::containing(december.start()), Some(december));
        for bad in ["2025-13", "2025-00", "0000-01", "2025-1", "20251"] {
            assert!(bad.parse::<Period>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn instants_agree_with_jiff(micros in -62_000_000_000_000_000_i64..253_000_000_000_000_000) {
            let ours = Timestamp::from_micros(micros);
            let theirs = jiff::Timestamp::from_microsecond(micros).unwrap();
            prop_assert_eq!(ours.to_string(), theirs.to_string());
            prop_assert_eq!(ours.to_string().parse::<Timestamp>().unwrap(), ours);
        }

        #[test]
        fn a_floor_is_at_most_one_bucket_below(micros in -10_i64.pow(15)..10_i64.pow(16)) {
            for grain in [Grain::Minute, Grain::FiveMinutes, Grain::Hour, Grain::Day] {
                let instant = Timestamp::from_micros(micros);
                let floor = instant.floor(grain);
                prop_assert!(floor <= instant && instant < floor.plus_micros(grain.micros()));
                prop_assert_eq!(floor.floor(grain), floor);
                prop_assert!(instant.ceil(grain) >= instant);
            }
        }

        #[test]
        fn any_bytes_are_a_time_or_refused(bytes: Vec<u8>) {
            let _ = Timestamp::from_rfc3339(&bytes);
        }
    }
}
