//! Lines about transfers as nodes write nearly all of them, read in one pass from the first byte to
//! the last.
//!
//! At anything unusual this gives up, and the line goes the general way: to columns, then to their
//! meaning. Where both can read a line, they agree.

use piecewatch_model::Clock;

use super::{Level, LineTime, TimeReader};
use crate::{
    fields::{self, Fields, SatelliteMemo},
    transfer::Message,
};

/// How a payload's punctuation is written.
pub(crate) trait Spelling {
    const QUOTE: &'static [u8];
    /// What stands between a key and its value, from the quote that closes the key.
    const COLON: &'static [u8];
    /// What stands between a value and the next key, with the quote that opens the key.
    const COMMA: &'static [u8];
    /// Whether it is within another JSON string, so that escapes are escaped once more.
    const IS_NESTED: bool;
}

/// As the console encoding writes it.
pub(crate) struct Wide;

impl Spelling for Wide {
    const QUOTE: &'static [u8] = br#"""#;
    const COLON: &'static [u8] = br#"": "#;
    const COMMA: &'static [u8] = br#", ""#;
    const IS_NESTED: bool = false;
}

/// As the JSON encoding writes it.
pub(crate) struct Tight;

impl Spelling for Tight {
    const QUOTE: &'static [u8] = br#"""#;
    const COLON: &'static [u8] = br#"":"#;
    const COMMA: &'static [u8] = br#",""#;
    const IS_NESTED: bool = false;
}

/// As a line of the console encoding is kept by Docker. It is read where it is, for taking out the
/// escapes would cost more than all the rest.
struct NestedWide;

impl Spelling for NestedWide {
    const QUOTE: &'static [u8] = br#"\""#;
    const COLON: &'static [u8] = br#"\": "#;
    const COMMA: &'static [u8] = br#", \""#;
    const IS_NESTED: bool = true;
}

/// As a line of the JSON encoding is kept by Docker.
struct NestedTight;

impl Spelling for NestedTight {
    const QUOTE: &'static [u8] = br#"\""#;
    const COLON: &'static [u8] = br#"\":"#;
    const COMMA: &'static [u8] = br#",\""#;
    const IS_NESTED: bool = true;
}

/// The columns of a line about a transfer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TransferColumns {
    pub(crate) time: LineTime,
    pub(crate) level: Level,
    pub(crate) message: Message,
}

/// Reads a line and its fields.
pub(crate) fn line<'a>(
    line: &'a [u8],
    times: &mut TimeReader,
    fields: &mut Fields<'a>,
    satellites: &mut SatelliteMemo,
) -> Option<TransferColumns> {
    let (columns, rest) = if line.first() == Some(&b'{') {
        let (columns, members) = json_columns(line, times)?;
        (columns, fields::scan::<Tight>(members, fields, satellites)?)
    } else {
        let (columns, members) = console_columns(line, b"\t", times)?;
        (columns, fields::scan::<Wide>(members, fields, satellites)?)
    };
    (rest == b"}").then_some(columns)
}

/// Reads the line in an object of Docker, and its fields; gives what follows the line.
pub(crate) fn docker<'a>(
    text: &'a [u8],
    times: &mut TimeReader,
    fields: &mut Fields<'a>,
    satellites: &mut SatelliteMemo,
) -> Option<(TransferColumns, &'a [u8])> {
    let (columns, rest) = if text.first() == Some(&b'{') {
        let (columns, members) = nested_json_columns(text, times)?;
        (columns, fields::scan::<NestedTight>(members, fields, satellites)?)
    } else {
        let (columns, members) = console_columns(text, b"\\t", times)?;
        (columns, fields::scan::<NestedWide>(members, fields, satellites)?)
    };
    Some((columns, rest.strip_prefix(b"}")?))
}

/// What follows a line in an object of Docker: when Docker received it.
pub(crate) fn arrival(rest: &[u8], arrivals: &mut TimeReader) -> Option<LineTime> {
    let rest = rest.strip_prefix(br#"\n","stream":"std"#)?;
    let rest = rest.strip_prefix(b"out").or_else(|| rest.strip_prefix(b"err"))?;
    let time = rest.strip_prefix(br#"","time":""#)?;
    let (received, length) = arrivals.read(time)?;
    let arrival = LineTime { at: received.at, clock: Clock::DockerNanos };
    (time[length..] == *b"\"}").then_some(arrival)
}

/// `time TAB LEVEL TAB piecestore TAB message TAB {`
#[inline(always)]
fn console_columns<'a, const N: usize>(
    text: &'a [u8],
    tab: &[u8; N],
    times: &mut TimeReader,
) -> Option<(TransferColumns, &'a [u8])> {
    let (time, length) = times.read(text)?;
    let (level, rest) = Level::beginning(text[length..].strip_prefix(tab)?)?;
    let rest = rest.strip_prefix(tab)?.strip_prefix(b"piecestore")?.strip_prefix(tab)?;
    let (message, rest) = Message::beginning(rest)?;
    let members = rest.strip_prefix(tab)?.strip_prefix(b"{")?;
    Some((TransferColumns { time, level, message }, members))
}

/// `{"L":"LEVEL","T":"time","N":"piecestore","M":"message",`
fn json_columns<'a>(text: &'a [u8], times: &mut TimeReader) -> Option<(TransferColumns, &'a [u8])> {
    let (level, rest) = Level::beginning(text.strip_prefix(br#"{"L":""#)?)?;
    let rest = rest.strip_prefix(br#"","T":""#)?;
    let (time, length) = times.read(rest)?;
    let rest = rest[length..].strip_prefix(br#"","N":"piecestore","M":""#)?;
    let (message, rest) = Message::beginning(rest)?;
    Some((TransferColumns { time, level, message }, rest.strip_prefix(br#"","#)?))
}

/// The same with its quotes escaped.
fn nested_json_columns<'a>(
    text: &'a [u8],
    times: &mut TimeReader,
) -> Option<(TransferColumns, &'a [u8])> {
    let (level, rest) = Level::beginning(text.strip_prefix(br#"{\"L\":\""#)?)?;
    let rest = rest.strip_prefix(br#"\",\"T\":\""#)?;
    let (time, length) = times.read(rest)?;
    let rest = rest[length..].strip_prefix(br#"\",\"N\":\"piecestore\",\"M\":\""#)?;
    let (message, rest) = Message::beginning(rest)?;
    Some((TransferColumns { time, level, message }, rest.strip_prefix(br#"\","#)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_the_same_in_every_encoding_and_within_docker() {
        let payload = r#""process": "storagenode", "piece_id": "ZKLYCEWKDO64V6WCGGZZUI64JWTYN37YCR6E44VZQB3YLL7OJC5Q", "action": "PUT", "size": 435200, "remote_address": "34.4.34.124:41159", "reason": "no space"#;
        let console =
            format!("2026-08-19T14:03:29Z\tDEBUG\tpiecestore\tupload canceled\t{{{payload}\"}}");
        let members = payload.replace(": ", ":").replace(", ", ",");
        let json = format!(
            r#"{{"L":"DEBUG","T":"2026-08-19T14:03:29Z","N":"piecestore","M":"upload canceled",{members}"}}"#
        );
        let mut satellites = SatelliteMemo::default();
        let mut times = TimeReader::new();
        for text in [console, json] {
            let (mut alone, mut nested) = (Fields::default(), Fields::default());
            let columns = line(text.as_bytes(), &mut times, &mut alone, &mut satellites).unwrap();
            assert_eq!((columns.level, columns.time.clock), (Level::Debug, Clock::WholeSeconds));
            assert_eq!(alone.size, Some(435_200));
            assert_eq!(alone.reason.as_deref(), Some("no space"));

            let text = serde_json::to_string(&text).unwrap();
            let entry = format!(
                r#"{}\n","stream":"stderr","time":"2026-08-19T14:03:29.354820935Z"}}"#,
                &text[1..text.len() - 1]
            );
            let (again, rest) =
                docker(entry.as_bytes(), &mut times, &mut nested, &mut satellites).unwrap();
            assert_eq!((again, nested), (columns, alone));
            let arrival = arrival(rest, &mut times).unwrap();
            assert_eq!(arrival.clock, Clock::DockerNanos);
            assert_eq!(arrival.at.to_string(), "2026-08-19T14:03:29.35482Z");
        }
    }
}
