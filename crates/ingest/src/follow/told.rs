//! What stands around a line of the log when somebody sends it.

use std::borrow::Cow;

use memchr::{memchr, memmem};
use piecewatch_model::{Clock, Timestamp};

use super::{Source, arrival::Arrival};
use crate::decode::{LineTime, docker};

/// How long the parts are into which Docker's daemon cuts a line, in bytes.
const DOCKER_PART_LEN: usize = 16 << 10;
/// The length of `2026-08-19T14:03:27.354820935Z `.
const DOCKER_STAMP_LEN: usize = 31;

/// A line as it was sent.
#[derive(Debug)]
pub(super) struct Told<'a> {
    pub(super) text: Cow<'a, [u8]>,
    /// When somebody received it.
    pub(super) received: Option<LineTime>,
    pub(super) place: Place<'a>,
}

/// By what the place of a line in a stream is found again.
#[derive(Debug)]
pub(super) enum Place<'a> {
    /// The stream says its lines again, and their times tell which are known. `None` belongs to the
    /// line before.
    Time(Option<Arrival>),
    /// By these words.
    Cursor(&'a str),
    /// Not at all.
    Unknown,
}

impl<'a> Told<'a> {
    /// What a source tells around a line; `None` when it is no line of the log.
    pub(super) fn by(source: &Source, line: &'a [u8]) -> Option<Self> {
        let stamped = Arrival::take(line).filter(|(_, text)| Arrival::begins_line(text));
        let (text, received, place) = match (source, stamped) {
            (Source::Docker(_), _) => {
                // Without a time they are Docker's own words.
                let (at, text) = Arrival::take(line)?;
                let received = at.line_time(Clock::DockerNanos);
                return Some(Self {
                    text: joined(text),
                    received: Some(received),
                    place: Place::Time(Some(at)),
                });
            }
            // The words of `journalctl` are in no object.
            (Source::Journald(_), _) if line.first() != Some(&b'{') => return None,
            (Source::Journald(_), _) => {
                let cursor = member(line, b"\"__CURSOR\":\"");
                (line, None, cursor.map_or(Place::Unknown, Place::Cursor))
            }
            (Source::Command(_), Some((at, text))) => {
                (text, Some(at.line_time(Clock::Arrival)), Place::Time(Some(at)))
            }
            (Source::Command(_), None) => (line, None, Place::Time(own_time(line))),
            (Source::Tcp(_), Some((at, text))) => {
                (text, Some(at.line_time(Clock::Arrival)), Place::Unknown)
            }
            (Source::Tcp(_) | Source::File(_), _) => (line, None, Place::Unknown),
        };
        Some(Self { text: Cow::Borrowed(text), received, place })
    }
}

/// A line without the stamps that `docker logs` puts before each of its parts.
fn joined(line: &[u8]) -> Cow<'_, [u8]> {
    let is_stamped = |text: &[u8]| {
        Arrival::take(text).is_some_and(|(_, rest)| text.len() - rest.len() == DOCKER_STAMP_LEN)
    };
    let is_cut = line.get(DOCKER_PART_LEN..).is_some_and(is_stamped);
    if !is_cut {
        return Cow::Borrowed(line);
    }
    let (first, mut rest) = line.split_at(DOCKER_PART_LEN);
    let mut whole = first.to_vec();
    while is_stamped(rest) {
        rest = &rest[DOCKER_STAMP_LEN..];
        let (part, more) = rest.split_at(DOCKER_PART_LEN.min(rest.len()));
        whole.extend_from_slice(part);
        rest = more;
    }
    whole.extend_from_slice(rest);
    whole.into()
}

/// The time that a line bears itself, in any encoding.
fn own_time(line: &[u8]) -> Option<Arrival> {
    let rfc3339 = |text: &[u8]| Timestamp::from_rfc3339(text).map(|(at, _)| at.as_micros());
    let micros = if line.first() != Some(&b'{') {
        rfc3339(line)
    } else if line.starts_with(docker::BEGINNING) {
        memmem::rfind(line, b"\"time\":\"").and_then(|at| rfc3339(&line[at + 8..]))
    } else if let Some(micros) = member(line, b"\"__REALTIME_TIMESTAMP\":\"") {
        micros.parse().ok()
    } else {
        member(line, b"\"T\":\"").and_then(|at| rfc3339(at.as_bytes()))
    };
    Some(Arrival { nanos: micros?.checked_mul(1_000)? })
}

/// The text of a member of an object, where it holds nothing that is escaped.
fn member<'a>(line: &'a [u8], key: &[u8]) -> Option<&'a str> {
    let begin = memmem::find(line, key)? + key.len();
    let end = begin + memchr(b'"', &line[begin..])?;
    std::str::from_utf8(&line[begin..end]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_bear_times_in_every_encoding() {
        let micros = 1_787_148_207_000_000;
        for (line, expected) in [
            ("2026-08-19T14:03:27Z\tINFO\tx", Some(micros)),
            ("2026-08-19T16:03:27.25+0200\tINFO\tx", Some(micros + 250_000)),
            (r#"{"L":"INFO","T":"2026-08-19T14:03:27Z","M":"x"}"#, Some(micros)),
            (
                r#"{"log":"\"time\":\"x\n","stream":"stdout","time":"2026-08-19T14:03:27.5Z"}"#,
                Some(micros + 500_000),
            ),
            (r#"{"MESSAGE":"x","__REALTIME_TIMESTAMP":"1787148207000001"}"#, Some(micros + 1)),
            ("goroutine 1 [running]:", None),
            ("{}", None),
            (r#"{"__REALTIME_TIMESTAMP":"9223372036854775807"}"#, None),
        ] {
            let found = own_time(line.as_bytes()).map(|at| at.nanos / 1_000);
            assert_eq!(found, expected, "{line}");
        }
    }

    #[test]
    fn parts_of_a_line_are_joined() {
        let stamp = "2026-08-19T14:03:27.354820935Z ";
        let text = format!("{}{}", "a".repeat(2 * DOCKER_PART_LEN), "b".repeat(9));
        let cut: String = [0, 1, 2]
            .map(|part| &text[part * DOCKER_PART_LEN..text.len().min((part + 1) * DOCKER_PART_LEN)])
            .map(|part| format!("{stamp}{part}"))
            .concat();
        let told = Told::by(&Source::Docker("sn".into()), cut.as_bytes()).unwrap();
        assert!(told.text == text.as_bytes());
        let whole = format!("{stamp}{text}");
        let told = Told::by(&Source::Docker("sn".into()), whole.as_bytes()).unwrap();
        assert!(told.text == text.as_bytes(), "of a driver that does not cut");
    }
}
