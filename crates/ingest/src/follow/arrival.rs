//! The time before a line at which somebody received it: `docker logs --timestamps`, a forwarder.

use piecewatch_model::{Clock, Timestamp};

use crate::decode::LineTime;

/// A time before a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Arrival {
    /// Since 1970, in nanoseconds: Docker tells lines apart by them.
    pub(super) nanos: i64,
}

impl Arrival {
    pub(super) fn line_time(self, clock: Clock) -> LineTime {
        LineTime { at: Timestamp::from_micros(self.nanos / 1_000), clock }
    }

    /// Takes a time in RFC 3339 or in seconds since 1970, and the space behind it, from a line.
    pub(super) fn take(line: &[u8]) -> Option<(Self, &[u8])> {
        let space = memchr::memchr(b' ', &line[..line.len().min(40)])?;
        let (text, rest) = (&line[..space], &line[space + 1..]);
        let nanos = match Timestamp::from_rfc3339(text) {
            Some((at, length)) if length == text.len() => {
                at.as_micros().checked_mul(1_000)? + below_micros(text)
            }
            Some(_) => return None,
            None => unix_nanos(text)?,
        };
        Some((Self { nanos }, rest))
    }

    /// Whether a text is one that a line of a node's log begins with: behind a time of arrival comes
    /// the line's own, and a line without a time of arrival begins with its own.
    pub(super) fn begins_line(text: &[u8]) -> bool {
        text.first() == Some(&b'{') || Timestamp::from_rfc3339(text).is_some()
    }
}

/// The digits of a fraction behind the sixth, as nanoseconds.
fn below_micros(text: &[u8]) -> i64 {
    let Some(dot) = memchr::memchr(b'.', text) else { return 0 };
    let digits = text[dot + 1..].iter().take_while(|byte| byte.is_ascii_digit());
    let below = digits.skip(6).chain(b"000").take(3);
    below.fold(0, |nanos, digit| nanos * 10 + i64::from(digit - b'0'))
}

/// Seconds since 1970 with up to nine digits of a fraction, as nanoseconds.
fn unix_nanos(text: &[u8]) -> Option<i64> {
    let (seconds, fraction) = match memchr::memchr(b'.', text) {
        Some(dot) => (&text[..dot], &text[dot + 1..]),
        None => (text, &[][..]),
    };
    // Ten digits from 2001 to 2286.
    let is_number = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
    if seconds.len() != 10 || !is_number(seconds) || !is_number(fraction) {
        return None;
    }
    let mut digits = seconds.iter().chain(fraction.iter().chain(b"000000000").take(9));
    digits
        .try_fold(0_i64, |nanos, digit| nanos.checked_mul(10)?.checked_add(i64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_lines_are_taken_to_the_nanosecond() {
        let nanos = 1_787_148_207_354_820_935;
        for (line, expected) in [
            ("2026-08-19T14:03:27.354820935Z x y", Some((nanos, "x y"))),
            ("2026-08-19T16:03:27.354820935+02:00 x", Some((nanos, "x"))),
            ("2026-08-19T14:03:27.35Z x", Some((nanos - 4_820_935, "x"))),
            ("1787148207.354820935 x", Some((nanos, "x"))),
            ("1787148207 x", Some((nanos - 354_820_935, "x"))),
            ("178714820 x", None),
            ("1787148207.3a x", None),
            ("2026-08-19T14:03:27Z\tINFO\tx y", None),
            ("goroutine 1 [running]:", None),
            ("", None),
        ] {
            let taken = Arrival::take(line.as_bytes());
            let expected = expected.map(|(nanos, rest)| (Arrival { nanos }, rest.as_bytes()));
            assert_eq!(taken, expected, "{line}");
        }
    }
}
