//! One line to its columns: which encoding it is in, and where its parts are.

pub(crate) mod console;
pub(crate) mod docker;
pub(crate) mod foreign;
pub(crate) mod journal;
pub(crate) mod json;
pub(crate) mod usual;

use std::borrow::Cow;

use piecewatch_model::{Clock, Timestamp};

use crate::value;

/// A line's columns, borrowed from it wherever it holds them as they are.
#[derive(Debug, PartialEq)]
pub(crate) struct Columns<'a> {
    /// The line's own time; `None` with `STORJ_LOG_NOTIME`.
    pub(crate) at: Option<LineTime>,
    pub(crate) level: Level,
    /// Empty for the root logger.
    pub(crate) logger: Cow<'a, [u8]>,
    /// Without white space at its end: some messages have a space there.
    pub(crate) message: Cow<'a, [u8]>,
    /// The members of the payload object, without its braces; empty when there is none.
    pub(crate) members: Cow<'a, [u8]>,
}

/// A time that a line bears, and how fine it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct LineTime {
    pub(crate) at: Timestamp,
    pub(crate) clock: Clock,
}

/// How grave a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

impl Level {
    /// The level of this name. A node never pads or colours it.
    pub(crate) fn from_name(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"DEBUG" => Self::Debug,
            b"INFO" => Self::Info,
            b"WARN" => Self::Warn,
            b"ERROR" => Self::Error,
            b"DPANIC" | b"PANIC" | b"FATAL" => Self::Fatal,
            _ => return None,
        })
    }

    /// The level with whose name `text` begins, of those that lines about transfers have; gives what
    /// follows it.
    pub(crate) fn beginning(text: &[u8]) -> Option<(Self, &[u8])> {
        if let Some(rest) = text.strip_prefix(b"INFO") {
            return Some((Self::Info, rest));
        }
        if let Some(rest) = text.strip_prefix(b"DEBUG") {
            return Some((Self::Debug, rest));
        }
        if let Some(rest) = text.strip_prefix(b"ERROR") {
            return Some((Self::Error, rest));
        }
        Some((Self::Warn, text.strip_prefix(b"WARN")?))
    }

    /// The level at the beginning of `text`, up to a TAB; gives what follows the TAB.
    pub(crate) fn before_tab(text: &[u8]) -> Option<(Self, &[u8])> {
        let end = text.iter().take(8).position(|&byte| byte == b'\t')?;
        Some((Self::from_name(&text[..end])?, &text[end + 1..]))
    }
}

/// Reads line times, and remembers the last second: a busy node writes many lines in one.
#[derive(Debug)]
pub(crate) struct TimeReader {
    last: Option<Second>,
}

/// A second as a line tells it: what stands before and behind its fraction.
#[derive(Debug)]
struct Second {
    civil: [u8; Self::CIVIL_LEN],
    /// `Z`, `+0200` or `+02:00`.
    zone: [u8; Self::ZONE_LEN_MAX],
    zone_len: usize,
    at: Timestamp,
}

impl TimeReader {
    pub(crate) const fn new() -> Self {
        Self { last: None }
    }

    /// Reads the time at the beginning of a line; gives how many bytes it took.
    pub(crate) fn read(&mut self, line: &[u8]) -> Option<(LineTime, usize)> {
        if let Some(time) = self.last.as_ref().and_then(|second| second.read(line)) {
            return Some(time);
        }
        let (at, length) = Timestamp::from_rfc3339(line)?;
        self.last = Second::new(&line[..length], at);
        let clock = if line[19] == b'.' { Clock::LineMillis } else { Clock::WholeSeconds };
        Some((LineTime { at, clock }, length))
    }
}

impl Second {
    /// The length of `2026-08-19T14:03:27`.
    const CIVIL_LEN: usize = 19;
    const ZONE_LEN_MAX: usize = 6;

    /// The second of this time, in the text of the time.
    fn new(text: &[u8], at: Timestamp) -> Option<Self> {
        let (civil, rest) = text.split_first_chunk()?;
        let zone_at = rest.iter().position(|byte| !matches!(byte, b'.' | b'0'..=b'9'))?;
        let mut zone = [0; Self::ZONE_LEN_MAX];
        let zone_len = rest.len() - zone_at;
        zone.get_mut(..zone_len)?.copy_from_slice(&rest[zone_at..]);
        Some(Self { civil: *civil, zone, zone_len, at: Timestamp::from_seconds(at.as_seconds()) })
    }

    /// Reads the time at the beginning of a line if it lies in this second.
    fn read(&self, line: &[u8]) -> Option<(LineTime, usize)> {
        let (civil, rest) = line.split_first_chunk()?;
        if *civil != self.civil {
            return None;
        }
        let (time, fraction_len) = match rest.strip_prefix(b".") {
            None => (LineTime { at: self.at, clock: Clock::WholeSeconds }, 0),
            Some(fraction) => {
                let (micros, digits) = micros_of_fraction(fraction)?;
                let at = self.at.plus_micros(micros);
                (LineTime { at, clock: Clock::LineMillis }, digits + 1)
            }
        };
        let is_same_zone = self.is_zone_of(&rest[fraction_len..]);
        is_same_zone.then_some((time, Self::CIVIL_LEN + fraction_len + self.zone_len))
    }

    /// Whether a text begins with the zone. A comparison of a length known beforehand is some
    /// instructions, of another a call.
    fn is_zone_of(&self, text: &[u8]) -> bool {
        match self.zone_len {
            1 => text.first() == self.zone.first(),
            5 => text.first_chunk::<5>() == self.zone.first_chunk(),
            length => text.starts_with(&self.zone[..length]),
        }
    }
}

/// The microseconds of 1 to 9 digits behind the dot of a second, and how many they are.
fn micros_of_fraction(text: &[u8]) -> Option<(i64, usize)> {
    const POWERS: [i64; 6] = [1, 10, 100, 1000, 10_000, 100_000];
    let (number, digits) = value::digits(text)?;
    let number = i64::try_from(number).ok()?;
    match digits {
        1..=6 => Some((number * POWERS[6 - digits], digits)),
        7..=9 => Some((number / POWERS[digits - 6], digits)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn times_read_one_after_another_are_read_as_each_alone(
            times in prop::collection::vec("2026-08-19T14:03:2[78](\\.[0-9]{0,11})?(Z|\\+02:00|\\+0200|-0330|)", 1..20),
        ) {
            let mut reader = TimeReader::new();
            for text in &times {
                let alone = Timestamp::from_rfc3339(text.as_bytes());
                let read = reader.read(text.as_bytes());
                prop_assert_eq!(read.map(|(time, length)| (time.at, length)), alone);
            }
        }
    }
}
