//! The fields of a transfer, in every spelling, read by hand: no copy, no allocation.
//!
//! [`scan`] knows the shapes that nodes write. At anything else it gives up, and
//! [`from_payload`] reads the same members by `serde_json`. Where both can, they agree.

use std::{
    borrow::Cow,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use memchr::memchr2;
use piecewatch_model::{Action, PieceId, SatelliteId};
use serde_json::Value;

use crate::payload::{self, Payload};

/// The fields that a line about a transfer may have. What is missing or malformed is `None`.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Fields<'a> {
    pub(crate) piece: Option<PieceId>,
    pub(crate) satellite: Option<SatelliteId>,
    pub(crate) action: Option<Action>,
    pub(crate) size: Option<u64>,
    pub(crate) offset: Option<u64>,
    pub(crate) remote: Option<SocketAddr>,
    pub(crate) available: Option<u64>,
    pub(crate) live_requests: Option<u64>,
    pub(crate) request_limit: Option<u64>,
    pub(crate) error: Option<Cow<'a, str>>,
    pub(crate) reason: Option<Cow<'a, str>>,
}

/// What a key means, in all its spellings since 2019.
#[derive(Debug, Clone, Copy)]
enum Key {
    Piece,
    Satellite,
    Action,
    Size,
    Offset,
    Remote,
    Available,
    LiveRequests,
    RequestLimit,
    Error,
    Reason,
    Ignored,
}

impl Key {
    /// The key at the beginning of a member, given without its opening quote. Gives what follows the
    /// colon and its space.
    fn read<S: Spelling>(member: &[u8]) -> Option<(Self, &[u8])> {
        let (key, rest) = match Self::usual(member) {
            Some((key, rest)) if rest.starts_with(S::QUOTE) => (key, rest),
            Some(_) | None => {
                let (name, rest) = text_to_quote::<S>(member)?;
                (Self::from_name(name), rest)
            }
        };
        let value = rest.strip_prefix(S::QUOTE)?.strip_prefix(b":")?;
        Some((key, value.strip_prefix(b" ").unwrap_or(value)))
    }

    /// The key at the beginning of a text when it is one of those that nearly every line has: no
    /// search for its end is needed then.
    fn usual(text: &[u8]) -> Option<(Self, &[u8])> {
        match text.first()? {
            b'p' => after(text, b"piece_id", Self::Piece)
                .or_else(|| after(text, b"process", Self::Ignored)),
            b's' => after(text, b"size", Self::Size)
                .or_else(|| after(text, b"satellite_id", Self::Satellite)),
            b'a' => after(text, b"action", Self::Action)
                .or_else(|| after(text, b"available_space", Self::Available)),
            b'o' => after(text, b"offset", Self::Offset),
            b'r' => after(text, b"remote_address", Self::Remote),
            b'P' => after(text, b"Piece ID", Self::Piece)
                .or_else(|| after(text, b"Process", Self::Ignored)),
            b'S' => after(text, b"Size", Self::Size)
                .or_else(|| after(text, b"Satellite ID", Self::Satellite)),
            b'A' => after(text, b"Action", Self::Action)
                .or_else(|| after(text, b"Available Space", Self::Available)),
            b'O' => after(text, b"Offset", Self::Offset),
            b'R' => after(text, b"Remote Address", Self::Remote),
            _ => None,
        }
    }

    fn from_name(name: &[u8]) -> Self {
        match name {
            b"piece_id" | b"Piece ID" | b"PieceID" => Self::Piece,
            b"satellite_id" | b"Satellite ID" | b"SatelliteID" | b"satelliteID"
            | b"satellite ID" => Self::Satellite,
            b"action" | b"Action" => Self::Action,
            b"size" | b"Size" => Self::Size,
            b"offset" | b"Offset" => Self::Offset,
            b"remote_address" | b"Remote Address" => Self::Remote,
            b"available_space" | b"Available Space" => Self::Available,
            b"live_requests" | b"live requests" => Self::LiveRequests,
            b"request_limit" | b"requestLimit" => Self::RequestLimit,
            b"error" | b"Error" => Self::Error,
            b"reason" => Self::Reason,
            _ => Self::Ignored,
        }
    }
}

/// The satellites last seen, by their text: decoding base58 with its checksum takes longer than
/// all the rest of a line, and a node knows half a dozen satellites.
#[derive(Debug, Default)]
pub(crate) struct SatelliteMemo {
    seen: Vec<SeenSatellite>,
}

#[derive(Debug)]
struct SeenSatellite {
    /// The beginning and the end of the text, overlapping, of lengths known beforehand: comparing
    /// them takes some instructions only.
    head: [u8; Self::HEAD_LEN],
    tail: [u8; Self::TAIL_LEN],
    text_len: usize,
    id: SatelliteId,
}

impl SeenSatellite {
    const HEAD_LEN: usize = 48;
    const TAIL_LEN: usize = 8;

    fn new(text: &[u8], id: SatelliteId) -> Option<Self> {
        let text_len = text.len();
        let (head, tail) = (*text.first_chunk()?, *text.last_chunk()?);
        (text_len <= Self::HEAD_LEN + Self::TAIL_LEN).then_some(Self { head, tail, text_len, id })
    }

    /// What follows the satellite in a text that begins with it.
    fn strip_from<'a>(&self, text: &'a [u8]) -> Option<&'a [u8]> {
        let (seen, rest) = text.split_at_checked(self.text_len)?;
        let is_same = seen.first_chunk() == Some(&self.head) && seen.last_chunk() == Some(&self.tail);
        is_same.then_some(rest)
    }
}

impl SatelliteMemo {
    const SEEN_MAX: usize = 16;

    /// The satellite with which a text begins, if it was seen; gives what follows it.
    fn usual<'a>(&self, text: &'a [u8]) -> Option<(SatelliteId, &'a [u8])> {
        self.seen.iter().find_map(|seen| Some((seen.id, seen.strip_from(text)?)))
    }

    /// The satellite of this text.
    pub(crate) fn decode(&mut self, text: &[u8]) -> Option<SatelliteId> {
        if let Some((id, [])) = self.usual(text) {
            return Some(id);
        }
        let id = std::str::from_utf8(text).ok()?.parse().ok()?;
        if self.seen.len() == Self::SEEN_MAX {
            self.seen.pop();
        }
        self.seen.extend(SeenSatellite::new(text, id));
        Some(id)
    }
}

/// Reads the members of an object, given from behind its opening brace; gives what follows them.
/// `None` when a member has a shape that is not known here: nested values, escapes where none are
/// expected, white space elsewhere.
pub(crate) fn scan<'a, S: Spelling>(
    members: &'a [u8],
    satellites: &mut SatelliteMemo,
) -> Option<(Fields<'a>, &'a [u8])> {
    let mut fields = Fields::default();
    let mut rest = members;
    if matches!(rest, [] | [b'}', ..]) {
        return Some((fields, rest));
    }
    loop {
        let (key, value) = Key::read::<S>(rest.strip_prefix(S::QUOTE)?)?;
        rest = member::<S>(key, value, &mut fields, satellites)?;
        match rest {
            [b',', b' ', tail @ ..] | [b',', tail @ ..] => rest = tail,
            _ => return Some((fields, rest)),
        }
    }
}

/// Reads one value into its field; gives what follows it.
fn member<'a, S: Spelling>(
    key: Key,
    value: &'a [u8],
    fields: &mut Fields<'a>,
    satellites: &mut SatelliteMemo,
) -> Option<&'a [u8]> {
    let slot = match key {
        Key::Size => &mut fields.size,
        Key::Offset => &mut fields.offset,
        Key::Available => &mut fields.available,
        Key::LiveRequests => &mut fields.live_requests,
        Key::RequestLimit => &mut fields.request_limit,
        Key::Ignored => return skip::<S>(value),
        Key::Error | Key::Reason => {
            let (text, rest) = any_text::<S>(value.strip_prefix(S::QUOTE)?)?;
            *(if matches!(key, Key::Error) { &mut fields.error } else { &mut fields.reason }) =
                Some(text);
            return Some(rest);
        }
        Key::Piece | Key::Satellite | Key::Action | Key::Remote => {
            let text = value.strip_prefix(S::QUOTE)?;
            let usual = usual_text(key, text, fields, satellites);
            let rest = match usual.filter(|rest| rest.starts_with(S::QUOTE)) {
                Some(rest) => rest,
                None => {
                    let (text, rest) = text_to_quote::<S>(text)?;
                    any_short_text(key, text, fields, satellites)?;
                    rest
                }
            };
            return rest.strip_prefix(S::QUOTE);
        }
    };
    let (number, rest) = number(value)?;
    *slot = Some(number);
    Some(rest)
}

/// Reads a text of a usual form, whose end needs no search, into its field; gives what follows it.
fn usual_text<'a>(
    key: Key,
    text: &'a [u8],
    fields: &mut Fields<'_>,
    satellites: &SatelliteMemo,
) -> Option<&'a [u8]> {
    None
}

/// A string without escapes, and what follows its closing quote.
fn string(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = value.strip_prefix(b"\"")?;
    let end = memchr2(b'"', b'\\', text)?;
    (text[end] == b'"').then(|| (&text[..end], &text[end + 1..]))
}

/// The same for a string of some characters, where a search by blocks does not pay.
fn short_string(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = value.strip_prefix(b"\"")?;
    let end = text.iter().position(|&byte| byte == b'"' || byte == b'\\')?;
    (text[end] == b'"').then(|| (&text[..end], &text[end + 1..]))
}

/// A piece id, and what follows it. Its quotes stand where they must, or it is none.
fn piece(value: &[u8]) -> Option<(Option<PieceId>, &[u8])> {
    if let Some((usual, rest)) = value.split_first_chunk::<{ PieceId::TEXT_LEN + 2 }>()
        && let [b'"', text @ .., b'"'] = usual
        && let Some(piece) = PieceId::from_text(text)
    {
        return Some((Some(piece), rest));
    }
    let (text, rest) = string(value)?;
    Some((PieceId::from_text(text), rest))
}

/// A string with or without escapes, and what follows its closing quote.
fn any_string(value: &[u8]) -> Option<(Cow<'_, str>, &[u8])> {
    if let Some((text, rest)) = string(value) {
        return Some((String::from_utf8_lossy(text), rest));
    }
    let escaped = value.strip_prefix(b"\"")?;
    let mut text = Vec::new();
    let end = payload::unescape(escaped, &mut text)?;
    let text = String::from_utf8(text)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    Some((Cow::Owned(text), &escaped[end + 1..]))
}

/// What follows a value that is not needed: a string or a plain word.
fn skip(value: &[u8]) -> Option<&[u8]> {
    match value.first()? {
        b'"' => {
            if let Some(rest) = value.strip_prefix(b"\"storagenode\"") {
                return Some(rest);
            }
            let mut at = 1;
            loop {
                at += memchr2(b'"', b'\\', &value[at..])?;
                if value[at] == b'"' {
                    return Some(&value[at + 1..]);
                }
                at += 2;
                if at > value.len() {
                    return None;
                }
            }
        }
        b'0'..=b'9' => number(value).map(|(_, rest)| rest),
        _ => {
            [&b"true"[..], b"false", b"null"].into_iter().find_map(|word| value.strip_prefix(word))
        }
    }
}

/// `ip:port`; IPv6 in brackets. `None` for the empty string of an unknown peer.
fn socket_address(text: &[u8]) -> Option<SocketAddr> {
    match ipv4_address(text) {
        Some((address, [])) => Some(address),
        Some(_) | None => std::str::from_utf8(text).ok()?.parse().ok(),
    }
}

/// Reads the fields from a payload of any shape.
pub(crate) fn from_payload<'a>(payload: &Payload, satellites: &mut SatelliteMemo) -> Fields<'a> {
    let mut fields = Fields::default();
    for (name, value) in payload.iter() {
        let text = || value.as_str().map(|text| Cow::Owned(text.to_owned()));
        match Key::from_name(name.as_bytes()) {
            Key::Piece => {
                fields.piece = value.as_str().and_then(|text| PieceId::from_text(text.as_bytes()))
            }
            Key::Satellite => {
                fields.satellite =
                    value.as_str().and_then(|text| satellites.decode(text.as_bytes()));
            }
            Key::Action => fields.action = value.as_str().map(Action::from_name),
            Key::Remote => {
                fields.remote = value.as_str().and_then(|text| socket_address(text.as_bytes()))
            }
            Key::Error => fields.error = text(),
            Key::Reason => fields.reason = text(),
            Key::Size => fields.size = Value::as_u64(value),
            Key::Offset => fields.offset = value.as_u64(),
            Key::Available => fields.available = value.as_u64(),
            Key::LiveRequests => fields.live_requests = value.as_u64(),
            Key::RequestLimit => fields.request_limit = value.as_u64(),
            Key::Ignored => {}
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Both ways over the same members; they agree, or only the slow one can read them.
    fn both(members: &[u8]) -> Option<Fields<'_>> {
        let slow = Payload::from_members(members);
        let slow = slow.map(|payload| from_payload(&payload, &mut SatelliteMemo::default()));
        if let Some(fast) = scan(members, &mut SatelliteMemo::default())
            && let Some(slow) = &slow
        {
            assert_eq!(fast, *slow, "{}", String::from_utf8_lossy(members));
        }
        slow
    }

    const PIECE: &str = "ZKLYCEWKDO64V6WCGGZZUI64JWTYN37YCR6E44VZQB3YLL7OJC5Q";
    const US1: &str = "12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S";

    #[test]
    fn every_spelling_means_the_same() {
        let check = |members: String| {
            let fields = scan(members.as_bytes(), &mut SatelliteMemo::default()).unwrap();
            assert_eq!(fields, both(members.as_bytes()).unwrap());
            assert_eq!(fields.piece.unwrap().to_string(), PIECE);
            assert_eq!(fields.satellite.unwrap().to_string(), US1);
            assert_eq!((fields.action, fields.size), (Some(Action::GetAudit), Some(256)));
            assert_eq!(fields.remote, Some("34.4.34.124:41159".parse().unwrap()));
        };
        check(format!(
            r#""process": "storagenode", "piece_id": "{PIECE}", "satellite_id": "{US1}", "action": "GET_AUDIT", "offset": 0, "size": 256, "remote_address": "34.4.34.124:41159""#
        ));
        check(format!(
            r#""Piece ID":"{PIECE}","SatelliteID":"{US1}","Action":"GET_AUDIT","Size":256,"Remote Address":"34.4.34.124:41159""#
        ));
    }

    #[test]
    fn unusual_values_are_read_or_left_to_the_slow_way() {
        let escaped =
            br#""error": "unable to open \"config/x\"", "size": 0, "errorVerbose": "a\n\t\"b\"""#;
        assert_eq!(scan(escaped, &mut SatelliteMemo::default()), both(escaped));
        assert_eq!(both(escaped).unwrap().error.as_deref(), Some("unable to open \"config/x\""));
        for slow in [
            &br#""size": 1.5"#[..],
            br#""size": -1"#,
            br#""size": "256""#,
            br#""errorCauses": [{"error": "a"}], "size": 1"#,
            br#""piece_id": null"#,
            br#""size" : 1"#,
            br#""pi\u0065ce_id": "x""#,
            br#""size": 99999999999999999999"#,
        ] {
            assert_eq!(
                scan(slow, &mut SatelliteMemo::default()),
                None,
                "{}",
                String::from_utf8_lossy(slow)
            );
            assert!(both(slow).is_some());
        }
    }

    #[test]
    fn an_ipv6_peer_and_an_unknown_peer_are_read() {
        let peer =
            |text: &str| both(format!(r#""remote_address": "{text}""#).as_bytes()).unwrap().remote;
        assert_eq!(
            peer("[2a01:4f8:10a:1d5::2]:51212"),
            Some("[2a01:4f8:10a:1d5::2]:51212".parse().unwrap())
        );
        assert_eq!(peer(""), None);
        assert_eq!(peer("1.2.3.256:1"), None);
        assert_eq!(peer("01.2.3.4:1"), None);
        assert_eq!(peer("1.2.3.4:65536"), None);
    }

    proptest! {
        #[test]
        fn ipv4_addresses_are_read_as_the_standard_library_reads_them(octets: [u8; 4], port: u16, junk in "[0-9.:]{0,24}") {
            let address = SocketAddr::from((octets, port));
            prop_assert_eq!(ipv4_address(address.to_string().as_bytes()), Some(address));
            prop_assert_eq!(socket_address(junk.as_bytes()), junk.parse().ok());
        }

        #[test]
        fn both_ways_agree_on_generated_members(
            members in prop::collection::vec((
                prop::sample::select(vec!["piece_id", "Piece ID", "satellite_id", "action", "size", "Offset", "error", "reason", "process", "x y"]),
                prop_oneof![
                    Just(format!("\"{PIECE}\"")), Just(format!("\"{US1}\"")), Just("\"GET\"".to_owned()),
                    any::<u64>().prop_map(|number| number.to_string()),
                    any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
                    Just("true".to_owned()), Just("null".to_owned()), Just("[1]".to_owned()), Just("1.5".to_owned()),
                ],
            ), 0..8),
            wide: bool,
        ) {
            let (colon, comma) = if wide { (": ", ", ") } else { (":", ",") };
            let text: Vec<String> = members.iter().map(|(key, value)| format!("\"{key}\"{colon}{value}")).collect();
            prop_assert!(both(text.join(comma).as_bytes()).is_some());
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = scan(&bytes, &mut SatelliteMemo::default());
        }
    }
}
