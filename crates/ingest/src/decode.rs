//! One line to its columns: which encoding it is in, and where its parts are.

pub(crate) mod console;
pub(crate) mod docker;
pub(crate) mod foreign;
pub(crate) mod journal;
pub(crate) mod json;
pub(crate) mod usual;

use std::borrow::Cow;

use piecewatch_model::{Clock, Timestamp};

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

/// Reads line times, and remembers the last: a busy node writes many lines in one second.
#[derive(Debug)]
pub(crate) struct TimeReader {
    text: [u8; Self::TEXT_MAX],
    text_len: usize,
    time: LineTime,
}

impl TimeReader {
    /// The longest time that is remembered: nanoseconds and an offset with colon.
    const TEXT_MAX: usize = 35;

    pub(crate) const fn new() -> Self {
        let time = LineTime { at: Timestamp::from_micros(0), clock: Clock::WholeSeconds };
        Self { text: [0; Self::TEXT_MAX], text_len: 0, time }
    }

    /// Whether a line begins with the last time. A comparison of a length known beforehand is some
    /// instructions; nearly all times have one of two lengths.
    fn is_last(&self, line: &[u8]) -> bool {
        match self.text_len {
            0 => false,
            20 => line.first_chunk::<20>() == self.text.first_chunk::<20>(),
            25 => line.first_chunk::<25>() == self.text.first_chunk::<25>(),
            length => line.starts_with(&self.text[..length]),
        }
    }

    /// Reads the time at the beginning of a line; gives how many bytes it took.
    pub(crate) fn read(&mut self, line: &[u8]) -> Option<(LineTime, usize)> {
        if self.is_last(line) {
            return Some((self.time, self.text_len));
        }
        let (at, length) = Timestamp::from_rfc3339(line)?;
        let clock = if line[19] == b'.' { Clock::LineMillis } else { Clock::WholeSeconds };
        self.time = LineTime { at, clock };
        self.text_len = if length <= Self::TEXT_MAX { length } else { 0 };
        self.text[..self.text_len].copy_from_slice(&line[..self.text_len]);
        Some((self.time, length))
    }
}
