//! journald: `short` lines (`Aug 19 16:03:27 nas storagenode[1842]: <line>`) and its JSON.

use memchr::{memchr, memmem};
use piecewatch_model::Timestamp;

use crate::payload::Payload;

/// Who wrote a line to the journal, and the line.
#[derive(Debug, PartialEq)]
pub(crate) struct Entry<'a> {
    pub(crate) ident: &'a [u8],
    pub(crate) line: &'a [u8],
}

/// The last microsecond of the year 9999: no clock tells more, but a damaged line may.
const REALTIME_MICROS_MAX: i64 = 253_402_300_799_999_999;

/// Takes the prefix off a `short` line. Its time has no year and no zone, so it is not read.
pub(crate) fn short(line: &[u8]) -> Option<Entry<'_>> {
    let [m0, m1, m2, b' ', d1, d0, b' ', h1, h0, b':', n1, n0, b':', s1, s0, b' ', rest @ ..] =
        line
    else {
        return None;
    };
    let digits = [d0, h1, h0, n1, n0, s1, s0].into_iter().all(u8::is_ascii_digit);
    let month = m0.is_ascii_uppercase() && m1.is_ascii_lowercase() && m2.is_ascii_lowercase();
    if !digits || !month || !(d1.is_ascii_digit() || *d1 == b' ') {
        return None;
    }
    let host_end = memchr(b' ', rest)?;
    let rest = &rest[host_end + 1..];
    let ident_end = memmem::find(&rest[..rest.len().min(256)], b": ")?;
    let ident = &rest[..ident_end];
    let ident = memchr(b'[', ident).map_or(ident, |pid| &ident[..pid]);
    Some(Entry { ident, line: &rest[ident_end + 2..] })
}

/// An object of `journalctl -o json`: its line, who wrote it, and when journald received it.
#[derive(Debug, PartialEq)]
pub(crate) struct JsonEntry {
    pub(crate) ident: String,
    pub(crate) line: Vec<u8>,
    pub(crate) at: Option<Timestamp>,
}

/// Reads an object of `journalctl -o json`; `None` when it is no such object.
pub(crate) fn json(line: &[u8]) -> Option<JsonEntry> {
    memmem::find(line, b"\"MESSAGE\"")?;
    let payload = Payload::from_members(line.strip_prefix(b"{")?.strip_suffix(b"}")?)?;
    // journald gives a message that is not valid UTF-8 as an array of its bytes.
    let text = match payload.text(&["MESSAGE"]) {
        Some(text) => text.as_bytes().to_vec(),
        None => payload.bytes(&["MESSAGE"])?,
    };
    let at = payload.text(&["__REALTIME_TIMESTAMP"]).and_then(|text| text.parse().ok());
    let at = at.filter(|micros| (0..=REALTIME_MICROS_MAX).contains(micros));
    let ident = payload.text(&["SYSLOG_IDENTIFIER", "_COMM"]).unwrap_or_default().to_owned();
    Some(JsonEntry { ident, line: text, at: at.map(Timestamp::from_micros) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_is_taken_off() {
        for line in
            ["Aug 19 16:03:27 nas storagenode[1842]: x: y", "Aug  9 16:03:27 nas storagenode: x: y"]
        {
            let entry = short(line.as_bytes()).unwrap();
            assert_eq!((entry.ident, entry.line), (&b"storagenode"[..], &b"x: y"[..]));
        }
        for line in ["Aug 19 16:03:27 nas", "Aug 19 16:03 nas x: y", "Error: piecestore monitor: x"]
        {
            assert_eq!(short(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn a_message_may_be_text_or_bytes() {
        let text =
            json(br#"{"__REALTIME_TIMESTAMP":"1787148207354820","MESSAGE":"a\tb"}"#).unwrap();
        assert_eq!(text.line, b"a\tb");
        assert_eq!(text.at.unwrap().as_micros(), 1_787_148_207_354_820);
        let bytes = json(br#"{"MESSAGE":[97,255,98]}"#).unwrap();
        assert_eq!((bytes.line, bytes.at), (b"a\xffb".to_vec(), None));
        assert_eq!(json(br#"{"L":"INFO","M":"\"MESSAGE\""}"#), None);
        assert_eq!(json(br#"{"MESSAGE":null}"#), None);
        for damaged in ["-9223372036854775808", "9223372036854775807", "253402300800000000"] {
            let line = format!(r#"{{"MESSAGE":"x","__REALTIME_TIMESTAMP":"{damaged}"}}"#);
            assert_eq!(json(line.as_bytes()).unwrap().at, None, "{damaged}");
        }
    }
}
