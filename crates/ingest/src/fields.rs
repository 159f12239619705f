//! The fields of a transfer, in every spelling, read by hand: no copy, no allocation.
//!
//! [`scan`] knows the shapes that nodes write. At anything else it gives up, and
//! [`from_payload`] reads the same members by `serde_json`. Where both can, they agree.

use std::{borrow::Cow, net::SocketAddr};

use memchr::memchr2;
use piecewatch_model::{Action, PieceId, SatelliteId};

use crate::{
    decode::usual::{Spelling, Tight, Wide},
    payload::{self, Payload},
    value::{ipv4_address, number},
};

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
    Remote,
    Number(NumberField),
    Error,
    Reason,
    Ignored,
}

/// The fields that are numbers.
#[derive(Debug, Clone, Copy)]
enum NumberField {
    Size,
    Offset,
    Available,
    LiveRequests,
    RequestLimit,
}

impl Fields<'_> {
    const fn number(&mut self, field: NumberField) -> &mut Option<u64> {
        match field {
            NumberField::Size => &mut self.size,
            NumberField::Offset => &mut self.offset,
            NumberField::Available => &mut self.available,
            NumberField::LiveRequests => &mut self.live_requests,
            NumberField::RequestLimit => &mut self.request_limit,
        }
    }
}

impl Key {
    /// The key at the beginning of a member, given without its opening quote; gives the value.
    #[inline(always)]
    fn read<S: Spelling>(member: &[u8]) -> Option<(Self, &[u8])> {
        if let Some((key, rest)) = Self::usual(member)
            && let Some(value) = rest.strip_prefix(S::COLON)
        {
            return Some((key, value));
        }
        let (name, rest) = member.split_at(memchr2(b'"', b'\\', member)?);
        Some((Self::from_name(name), rest.strip_prefix(S::COLON)?))
    }

    /// The key at the beginning of a text when it is one of those that nearly every line has: no
    /// search for its end is needed then.
    #[inline(always)]
    fn usual(text: &[u8]) -> Option<(Self, &[u8])> {
        match text.first()? {
            b'p' => after(text, b"piece_id", Self::Piece)
                .or_else(|| after(text, b"process", Self::Ignored)),
            b's' => after(text, b"size", Self::Number(NumberField::Size))
                .or_else(|| after(text, b"satellite_id", Self::Satellite)),
            b'a' => after(text, b"action", Self::Action)
                .or_else(|| after(text, b"available_space", Self::Number(NumberField::Available))),
            b'o' => after(text, b"offset", Self::Number(NumberField::Offset)),
            b'r' => after(text, b"remote_address", Self::Remote),
            b'P' => after(text, b"Piece ID", Self::Piece)
                .or_else(|| after(text, b"Process", Self::Ignored)),
            b'S' => after(text, b"Size", Self::Number(NumberField::Size))
                .or_else(|| after(text, b"Satellite ID", Self::Satellite)),
            b'A' => after(text, b"Action", Self::Action)
                .or_else(|| after(text, b"Available Space", Self::Number(NumberField::Available))),
            b'O' => after(text, b"Offset", Self::Number(NumberField::Offset)),
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
            b"size" | b"Size" => Self::Number(NumberField::Size),
            b"offset" | b"Offset" => Self::Number(NumberField::Offset),
            b"remote_address" | b"Remote Address" => Self::Remote,
            b"available_space" | b"Available Space" => Self::Number(NumberField::Available),
            b"live_requests" | b"live requests" => Self::Number(NumberField::LiveRequests),
            b"request_limit" | b"requestLimit" => Self::Number(NumberField::RequestLimit),
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
    satellites: Vec<SeenSatellite>,
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
        // The tail is one word, and tells nearly all apart.
        (seen.last_chunk() == Some(&self.tail) && seen.first_chunk() == Some(&self.head))
            .then_some(rest)
    }
}

impl SatelliteMemo {
    const SEEN_MAX: usize = 16;

    /// The satellite with which a text begins, if it was seen; gives what follows it.
    fn seen<'a>(&self, text: &'a [u8]) -> Option<(&SatelliteId, &'a [u8])> {
        self.satellites.iter().find_map(|seen| Some((&seen.id, seen.strip_from(text)?)))
    }

    /// The satellite of this text.
    pub(crate) fn decode(&mut self, text: &[u8]) -> Option<SatelliteId> {
        if let Some((id, [])) = self.seen(text) {
            return Some(*id);
        }
        let id = std::str::from_utf8(text).ok()?.parse().ok()?;
        if self.satellites.len() == Self::SEEN_MAX {
            self.satellites.pop();
        }
        self.satellites.extend(SeenSatellite::new(text, id));
        Some(id)
    }
}

/// Reads the members of an object, given from behind its opening brace, into fields; gives what
/// follows them. `None` when a member has a shape that is not known here: nested values, escapes
/// where none are expected, white space elsewhere.
pub(crate) fn scan<'a, S: Spelling>(
    members: &'a [u8],
    fields: &mut Fields<'a>,
    satellites: &mut SatelliteMemo,
) -> Option<&'a [u8]> {
    if matches!(members, [] | [b'}', ..]) {
        return Some(members);
    }
    let mut member = members.strip_prefix(S::QUOTE)?;
    loop {
        let (key, value) = Key::read::<S>(member)?;
        let rest = match key {
            Key::Piece => piece::<S>(value, &mut fields.piece),
            Key::Satellite => satellite::<S>(value, satellites, &mut fields.satellite),
            Key::Action => action::<S>(value, &mut fields.action),
            Key::Remote => remote::<S>(value, &mut fields.remote),
            Key::Error => any_string::<S>(value, &mut fields.error),
            Key::Reason => any_string::<S>(value, &mut fields.reason),
            Key::Number(field) => {
                let (number, rest) = number(value)?;
                *fields.number(field) = Some(number);
                Some(rest)
            }
            Key::Ignored => skip::<S>(value),
        }?;
        match rest.strip_prefix(S::COMMA) {
            Some(next) => member = next,
            None => return Some(rest),
        }
    }
}

/// Reads all members of an object, given without its braces, in either spelling.
pub(crate) fn whole<'a>(members: &'a [u8], satellites: &mut SatelliteMemo) -> Option<Fields<'a>> {
    let mut fields = Fields::default();
    if scan::<Wide>(members, &mut fields, satellites) == Some(b"") {
        return Some(fields);
    }
    fields = Fields::default();
    (scan::<Tight>(members, &mut fields, satellites) == Some(b"")).then_some(fields)
}

/// What follows `expected`, with what it means, if the text begins with it.
#[inline(always)]
fn after<'a, const N: usize, T>(
    text: &'a [u8],
    expected: &[u8; N],
    meaning: T,
) -> Option<(T, &'a [u8])> {
    Some((meaning, text.strip_prefix(expected)?))
}

/// A string without escapes, and what follows its closing quote.
fn string<S: Spelling>(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = value.strip_prefix(S::QUOTE)?;
    let (text, rest) = text.split_at(memchr2(b'"', b'\\', text)?);
    Some((text, rest.strip_prefix(S::QUOTE)?))
}

// Each of these reads a value into its slot and gives what follows it: first in the form that nodes
// write, whose end needs no search, then in any other.

fn piece<'a, S: Spelling>(value: &'a [u8], slot: &mut Option<PieceId>) -> Option<&'a [u8]> {
    if let Some((text, rest)) = value.strip_prefix(S::QUOTE)?.split_at_checked(PieceId::TEXT_LEN)
        && let Some(rest) = rest.strip_prefix(S::QUOTE)
    {
        *slot = PieceId::from_text(text);
        if slot.is_some() {
            return Some(rest);
        }
    }
    let (text, rest) = string::<S>(value)?;
    *slot = PieceId::from_text(text);
    Some(rest)
}

fn satellite<'a, S: Spelling>(
    value: &'a [u8],
    satellites: &mut SatelliteMemo,
    slot: &mut Option<SatelliteId>,
) -> Option<&'a [u8]> {
    if let Some((satellite, rest)) = satellites.seen(value.strip_prefix(S::QUOTE)?)
        && let Some(rest) = rest.strip_prefix(S::QUOTE)
    {
        *slot = Some(*satellite);
        return Some(rest);
    }
    let (text, rest) = string::<S>(value)?;
    *slot = satellites.decode(text);
    Some(rest)
}

fn action<'a, S: Spelling>(value: &'a [u8], slot: &mut Option<Action>) -> Option<&'a [u8]> {
    let text = value.strip_prefix(S::QUOTE)?;
    let usual = after(text, b"GET_AUDIT", Action::GetAudit)
        .or_else(|| after(text, b"GET_REPAIR", Action::GetRepair))
        .or_else(|| after(text, b"PUT_REPAIR", Action::PutRepair))
        .or_else(|| after(text, b"GET", Action::Get))
        .or_else(|| after(text, b"PUT", Action::Put));
    if let Some((action, rest)) = usual
        && let Some(rest) = rest.strip_prefix(S::QUOTE)
    {
        *slot = Some(action);
        return Some(rest);
    }
    let (text, rest) = string::<S>(value)?;
    *slot = Some(Action::from_name(std::str::from_utf8(text).ok()?));
    Some(rest)
}

fn remote<'a, S: Spelling>(value: &'a [u8], slot: &mut Option<SocketAddr>) -> Option<&'a [u8]> {
    if let Some((address, rest)) = ipv4_address(value.strip_prefix(S::QUOTE)?)
        && let Some(rest) = rest.strip_prefix(S::QUOTE)
    {
        *slot = Some(address);
        return Some(rest);
    }
    let (text, rest) = string::<S>(value)?;
    *slot = socket_address(text);
    Some(rest)
}

/// The text may have escapes, but not escaped ones.
fn any_string<'a, S: Spelling>(
    value: &'a [u8],
    slot: &mut Option<Cow<'a, str>>,
) -> Option<&'a [u8]> {
    if let Some((text, rest)) = string::<S>(value) {
        *slot = Some(String::from_utf8_lossy(text));
        return Some(rest);
    }
    let escaped = value.strip_prefix(S::QUOTE).filter(|_| !S::IS_NESTED)?;
    let mut text = Vec::new();
    let end = payload::unescape(escaped, &mut text)?;
    let text = String::from_utf8(text)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    *slot = Some(Cow::Owned(text));
    Some(&escaped[end + 1..])
}

/// What follows a value that is not needed: a string or a plain word.
fn skip<S: Spelling>(value: &[u8]) -> Option<&[u8]> {
    if let Some(mut text) = value.strip_prefix(S::QUOTE) {
        if let Some(rest) = text.strip_prefix(b"storagenode")
            && let Some(rest) = rest.strip_prefix(S::QUOTE)
        {
            return Some(rest);
        }
        loop {
            text = &text[memchr2(b'"', b'\\', text)?..];
            if let Some(rest) = text.strip_prefix(S::QUOTE) {
                return Some(rest);
            }
            // An escape. Within a string of Docker's it is escaped itself: too deep for here.
            text = text.get(2..).filter(|_| !S::IS_NESTED)?;
        }
    }
    match value.first()? {
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
            Key::Number(field) => *fields.number(field) = value.as_u64(),
            Key::Ignored => {}
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fast(members: &[u8]) -> Option<Fields<'_>> {
        whole(members, &mut SatelliteMemo::default())
    }

    /// Both ways over the same members; they agree, or only the slow one can read them.
    fn both(members: &[u8]) -> Option<Fields<'_>> {
        let slow = Payload::from_members(members);
        let slow = slow.map(|payload| from_payload(&payload, &mut SatelliteMemo::default()));
        if let Some(fast) = fast(members)
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
            let fields = fast(members.as_bytes()).unwrap();
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
        assert_eq!(fast(escaped), both(escaped));
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
            assert_eq!(fast(slow), None, "{}", String::from_utf8_lossy(slow));
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
            let text = address.to_string();
            prop_assert_eq!(ipv4_address(text.as_bytes()), Some((address, &b""[..])));
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
            let _ = fast(&bytes);
        }
    }
}
