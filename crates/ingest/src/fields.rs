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
    /// The key at the beginning of a member, with its quotes and colon, when it is one of those that
    /// nearly every line has: no search for its end is needed then. Gives what follows it.
    fn usual(member: &[u8]) -> Option<(Self, &[u8])> {
        let candidates: &[(&[u8], Self)] = match member.get(1)? {
            b'p' => &[(b"\"process\":", Self::Ignored), (b"\"piece_id\":", Self::Piece)],
            b'P' => &[(b"\"Process\":", Self::Ignored), (b"\"Piece ID\":", Self::Piece)],
            b's' => &[(b"\"satellite_id\":", Self::Satellite), (b"\"size\":", Self::Size)],
            b'S' => &[(b"\"Satellite ID\":", Self::Satellite), (b"\"Size\":", Self::Size)],
            b'a' => &[(b"\"action\":", Self::Action), (b"\"available_space\":", Self::Available)],
            b'A' => &[(b"\"Action\":", Self::Action), (b"\"Available Space\":", Self::Available)],
            b'o' => &[(b"\"offset\":", Self::Offset)],
            b'O' => &[(b"\"Offset\":", Self::Offset)],
            b'r' => &[(b"\"remote_address\":", Self::Remote), (b"\"reason\":", Self::Reason)],
            b'R' => &[(b"\"Remote Address\":", Self::Remote)],
            _ => &[],
        };
        candidates.iter().find_map(|(text, key)| Some((*key, member.strip_prefix(*text)?)))
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
    /// The first bytes of the text, of a length known beforehand so that comparing is cheap.
    head: [u8; Self::HEAD_LEN],
    /// The rest of the text, with a quote behind it.
    tail: Box<[u8]>,
    id: SatelliteId,
}

impl SeenSatellite {
    const HEAD_LEN: usize = 48;
}

impl SatelliteMemo {
    const SEEN_MAX: usize = 16;

    /// The satellite in quotes at the beginning of `value`, if it was seen; gives what follows it.
    fn usual<'a>(&mut self, value: &'a [u8]) -> Option<(SatelliteId, &'a [u8])> {
        let (head, rest) = value.strip_prefix(b"\"")?.split_first_chunk()?;
        let at = self.seen.iter().position(|seen| seen.head == *head)?;
        let rest = rest.strip_prefix(&*self.seen[at].tail)?;
        let id = self.seen[at].id;
        // Move the frequent ones to the front, one step at a time.
        self.seen.swap(at, at.saturating_sub(1));
        Some((id, rest))
    }

    /// The satellite of this text.
    pub(crate) fn decode(&mut self, text: &[u8]) -> Option<SatelliteId> {
        let (head, tail) = text.split_first_chunk()?;
        let is_tail = |seen: &SeenSatellite| seen.tail.strip_suffix(b"\"") == Some(tail);
        if let Some(seen) = self.seen.iter().find(|seen| seen.head == *head && is_tail(seen)) {
            return Some(seen.id);
        }
        let id = std::str::from_utf8(text).ok()?.parse().ok()?;
        if self.seen.len() == Self::SEEN_MAX {
            self.seen.pop();
        }
        self.seen.push(SeenSatellite { head: *head, tail: [tail, b"\""].concat().into(), id });
        Some(id)
    }
}

/// Reads the members of a payload, given without its braces. `None` when a member has a shape that
/// is not known here: nested values, escapes where none are expected, white space elsewhere.
pub(crate) fn scan<'a>(members: &'a [u8], satellites: &mut SatelliteMemo) -> Option<Fields<'a>> {
    let mut fields = Fields::default();
    let mut rest = members;
    if rest.is_empty() {
        return Some(fields);
    }
    loop {
        let (key, value) = match Key::usual(rest) {
            Some(usual) => usual,
            None => {
                let (name, value) = string(rest)?;
                (Key::from_name(name), value.strip_prefix(b":")?)
            }
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        rest = member(key, value, &mut fields, satellites)?;
        match rest {
            [] => return Some(fields),
            [b',', b' ', tail @ ..] | [b',', tail @ ..] => rest = tail,
            _ => return None,
        }
    }
}

/// Reads one value into its field; gives what follows it.
fn member<'a>(
    key: Key,
    value: &'a [u8],
    fields: &mut Fields<'a>,
    satellites: &mut SatelliteMemo,
) -> Option<&'a [u8]> {
    let (slot, rest) = match key {
        Key::Piece => {
            let (piece, rest) = piece(value)?;
            fields.piece = piece;
            return Some(rest);
        }
        Key::Satellite => {
            if let Some((satellite, rest)) = satellites.usual(value) {
                fields.satellite = Some(satellite);
                return Some(rest);
            }
            let (text, rest) = string(value)?;
            fields.satellite = satellites.decode(text);
            return Some(rest);
        }
        Key::Action => {
            let (text, rest) = short_string(value)?;
            fields.action = Some(Action::from_name(std::str::from_utf8(text).ok()?));
            return Some(rest);
        }
        Key::Remote => {
            let (text, rest) = short_string(value)?;
            fields.remote = socket_address(text);
            return Some(rest);
        }
        Key::Error => {
            let (text, rest) = any_string(value)?;
            fields.error = Some(text);
            return Some(rest);
        }
        Key::Reason => {
            let (text, rest) = any_string(value)?;
            fields.reason = Some(text);
            return Some(rest);
        }
        Key::Ignored => return skip(value),
        Key::Size => (&mut fields.size, number(value)?),
        Key::Offset => (&mut fields.offset, number(value)?),
        Key::Available => (&mut fields.available, number(value)?),
        Key::LiveRequests => (&mut fields.live_requests, number(value)?),
        Key::RequestLimit => (&mut fields.request_limit, number(value)?),
    };
    let (number, rest) = rest;
    *slot = Some(number);
    Some(rest)
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

/// A whole number that is not negative, and what follows it.
fn number(value: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0_u64;
    let mut length = 0;
    while let Some(digit) =
        value.get(length).map(|byte| byte.wrapping_sub(b'0')).filter(|&digit| digit < 10)
    {
        number = number.checked_mul(10)?.checked_add(u64::from(digit))?;
        length += 1;
    }
    // JSON knows no leading zeros, and a dot or an exponent would follow here.
    let is_number = length == 1 || (length > 1 && value[0] != b'0');
    let ends = matches!(value.get(length), None | Some(b','));
    (is_number && ends).then(|| (number, &value[length..]))
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
    ipv4_address(text).or_else(|| std::str::from_utf8(text).ok()?.parse().ok())
}

fn ipv4_address(text: &[u8]) -> Option<SocketAddr> {
    let mut parts = [0_u32; 5];
    let mut part = 0;
    let mut digits = 0;
    for &byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            // A leading zero, or a number too long for any part: not as a node writes it.
            if digits == 5 || (digits > 0 && parts[part] == 0) {
                return None;
            }
            parts[part] = parts[part] * 10 + u32::from(digit);
            digits += 1;
        } else if digits > 0 && ((byte == b'.' && part < 3) || (byte == b':' && part == 3)) {
            part += 1;
            digits = 0;
        } else {
            return None;
        }
    }
    if part != 4 || digits == 0 {
        return None;
    }
    let [a, b, c, d, port] = parts;
    let octet = |value| u8::try_from(value).ok();
    let address = Ipv4Addr::new(octet(a)?, octet(b)?, octet(c)?, octet(d)?);
    Some(SocketAddr::new(IpAddr::V4(address), u16::try_from(port).ok()?))
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
