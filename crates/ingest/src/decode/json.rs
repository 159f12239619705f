//! The JSON encoding: `{"L":"INFO","T":"…","N":"piecestore","M":"uploaded",<payload>}`.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use super::{Columns, Level, TimeReader};
use crate::payload::Payload;

/// Splits a line; `None` when it has no level and message.
pub(crate) fn decode<'a>(line: &'a [u8], times: &mut TimeReader) -> Option<Columns<'a>> {
    in_order(line, times).or_else(|| any_order(line, times))
}

/// The line as a node writes it: the columns first, in their order, without spaces or escapes.
fn in_order<'a>(line: &'a [u8], times: &mut TimeReader) -> Option<Columns<'a>> {
    let rest = line.strip_prefix(b"{\"L\":\"")?.strip_suffix(b"}")?;
    let level_end = memchr(b'"', &rest[..rest.len().min(8)])?;
    let level = Level::from_name(&rest[..level_end])?;
    let mut rest = &rest[level_end + 1..];
    let mut at = None;
    if let Some(time) = rest.strip_prefix(b",\"T\":\"") {
        let (time_read, length) = times.read(time)?;
        at = Some(time_read);
        rest = time[length..].strip_prefix(b"\"")?;
    }
    let mut logger = &b""[..];
    if let Some(name) = rest.strip_prefix(b",\"N\":\"") {
        (logger, rest) = plain_string(name)?;
    }
    if let Some(caller) = rest.strip_prefix(b",\"C\":\"") {
        (_, rest) = plain_string(caller)?;
    }
    let (message, rest) = plain_string(rest.strip_prefix(b",\"M\":\"")?)?;
    let members = if rest.is_empty() { rest } else { rest.strip_prefix(b",")? };
    Some(Columns {
        at,
        level,
        logger: Cow::Borrowed(logger),
        message: Cow::Borrowed(message.trim_ascii_end()),
        members: Cow::Borrowed(members),
    })
}

/// A string without escapes and what follows its closing quote.
fn plain_string(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr2(b'"', b'\\', text)?;
    (text[end] == b'"').then(|| (&text[..end], &text[end + 1..]))
}

/// The same members in another order or spelling, as a log shipper may have rewritten them.
fn any_order<'a>(line: &'a [u8], times: &mut TimeReader) -> Option<Columns<'a>> {
    let payload = Payload::from_members(line.strip_prefix(b"{")?.strip_suffix(b"}")?)?;
    let level = Level::from_name(payload.text(&["L"])?.as_bytes())?;
    let message = payload.text(&["M"])?.trim_ascii_end().as_bytes().to_vec();
    let logger = payload.text(&["N"]).unwrap_or_default().as_bytes().to_vec();
    let at = match payload.text(&["T"]) {
        Some(text) => Some(times.read(text.as_bytes())?.0),
        None => None,
    };
    // The one-letter members do no harm in the payload: no field has such a name.
    let members = &line[1..line.len() - 1];
    Some(Columns {
        at,
        level,
        logger: Cow::Owned(logger),
        message: Cow::Owned(message),
        members: Cow::Borrowed(members),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_spacing_and_escapes_do_not_matter() {
        let plain = r#"{"L":"WARN","T":"2026-08-19T14:03:27Z","N":"version","C":"a/b.go:1","M":"not \"allowed\"","a":1}"#;
        let other = r#"{ "M": "not \u0022allowed\"", "a": 1, "T": "2026-08-19T14:03:27Z", "L": "WARN", "N": "version" }"#;
        for line in [plain, other] {
            let mut times = TimeReader::new();
            let columns = decode(line.as_bytes(), &mut times).unwrap();
            assert_eq!(columns.level, Level::Warn);
            assert_eq!(&*columns.logger, b"version");
            assert_eq!(&*columns.message, b"not \"allowed\"");
            assert!(columns.at.is_some());
            assert!(Payload::from_members(&columns.members).unwrap().number(&["a"]) == Some(1));
        }
    }

    #[test]
    fn a_line_without_fields_or_logger_is_an_event() {
        let mut times = TimeReader::new();
        let line =
            br#"{"L":"INFO","T":"2026-08-19T14:03:27.5Z","M":"Stop/Shutdown request received."}"#;
        let columns = decode(line, &mut times).unwrap();
        assert_eq!((&*columns.logger, &*columns.members), (&b""[..], &b""[..]));
    }
}
