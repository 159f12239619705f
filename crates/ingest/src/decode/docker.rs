//! Docker's json-file driver: `{"log":"<line>\n","stream":"stdout","time":"<nanoseconds>"}`.
//!
//! A line of more than 16 KiB comes in pieces; only the last of them ends in `\n`.

use memchr::{memchr, memmem};
use piecewatch_model::Timestamp;

use crate::payload::{self, Payload};

/// One object of the driver, without its text.
#[derive(Debug, PartialEq)]
pub(crate) struct Entry {
    /// When the daemon received the line.
    pub(crate) at: Option<Timestamp>,
    /// Whether the text goes on in the next object.
    pub(crate) is_fragment: bool,
}

/// How an object of the driver begins.
pub(crate) const BEGINNING: &[u8] = b"{\"log\":\"";

/// Reads one object, and appends its text, unescaped and without the line's end, to `text`.
/// `None` (and `text` as it was) when it is no such object.
pub(crate) fn decode(line: &[u8], text: &mut Vec<u8>) -> Option<Entry> {
    let begin = text.len();
    let at = in_order(line, text).or_else(|| {
        text.truncate(begin);
        any_order(line, text)
    });
    let Some(at) = at else {
        text.truncate(begin);
        return None;
    };
    let is_fragment = text.len() == begin || text.last() != Some(&b'\n');
    if !is_fragment {
        text.pop();
    }
    Some(Entry { at, is_fragment })
}

/// The object as the driver writes it; `attrs` may stand between stream and time.
fn in_order(line: &[u8], text: &mut Vec<u8>) -> Option<Option<Timestamp>> {
    let rest = line.strip_prefix(BEGINNING)?;
    let end = payload::unescape(rest, text)?;
    let rest = rest[end..].strip_prefix(b"\",\"stream\":\"")?;
    let stream_end = memchr(b'"', rest)?;
    let rest = &rest[stream_end + 1..];
    let time = match rest.strip_prefix(b",\"time\":\"") {
        Some(time) => time,
        None => &rest[memmem::rfind(rest, b",\"time\":\"")? + 9..],
    };
    let (at, length) = Timestamp::from_rfc3339(time)?;
    (time[length..] == *b"\"}").then_some(Some(at))
}

/// The same members in another order.
fn any_order(line: &[u8], text: &mut Vec<u8>) -> Option<Option<Timestamp>> {
    let payload = Payload::from_members(line.strip_prefix(b"{")?.strip_suffix(b"}")?)?;
    text.extend_from_slice(payload.text(&["log"])?.as_bytes());
    Some(payload.text(&["time"]).and_then(|time| time.parse().ok()))
}

/// Whether this line is an object whose text goes on in the next one. Quick and shallow: it is
/// asked where a file may be cut, and a wrong answer there costs one line.
pub(crate) fn is_fragment(line: &[u8]) -> bool {
    line.starts_with(BEGINNING) && memmem::find(line, b"\\n\",\"stream\":\"").is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Option<(&str, bool)>) {
        let mut text = b"before ".to_vec();
        let entry = decode(line.as_bytes(), &mut text);
        let found = entry
            .as_ref()
            .map(|entry| (std::str::from_utf8(&text[7..]).unwrap(), entry.is_fragment));
        assert_eq!(found, expected, "{line}");
    }

    #[test]
    fn text_is_unescaped_and_loses_its_line_end() {
        check(
            r#"{"log":"a\tb \"c\" 1-\u003e2 \ud83d\ude00\n","stream":"stdout","time":"2026-08-19T14:03:27.354820935Z"}"#,
            Some(("a\tb \"c\" 1->2 😀", false)),
        );
        check(
            r#"{"log":"x\n","stream":"stderr","attrs":{"tag":"t"},"time":"2026-08-19T14:03:27Z"}"#,
            Some(("x", false)),
        );
        check(
            r#"{"stream":"stdout","time":"2026-08-19T14:03:27Z","log":"x\n"}"#,
            Some(("x", false)),
        );
        check(
            r#"{"log":"part","stream":"stdout","time":"2026-08-19T14:03:27Z"}"#,
            Some(("part", true)),
        );
        check(r#"{"log":"","stream":"stdout","time":"2026-08-19T14:03:27Z"}"#, Some(("", true)));
    }

    #[test]
    fn another_object_leaves_the_text_alone() {
        for line in
            [r#"{"log":"a"#, r#"{"log":"\x","stream":"s","time":"t"}"#, r#"{"L":"INFO"}"#, "{}"]
        {
            check(line, None);
        }
    }
}
