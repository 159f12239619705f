//! A payload object read by `serde_json`: every shape, any order, keys told twice.
//!
//! This is the slow and general way. Transfers, which are nearly all lines, are read by
//! [`crate::fields`]; what that does not know comes here.

use std::fmt;

use memchr::memchr2;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

/// The members of a payload, in their order. Of a key that occurs twice the last counts.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Payload {
    members: Vec<(String, Value)>,
}

impl Payload {
    /// Reads the members of an object, given without its braces; `None` when they are no JSON.
    /// Bytes that are no UTF-8 are replaced: a disk may have damaged them.
    pub(crate) fn from_members(members: &[u8]) -> Option<Self> {
        let object = [b"{", members, b"}"].concat();
        serde_json::from_slice(&object)
            .or_else(|_| serde_json::from_str(&String::from_utf8_lossy(&object)))
            .ok()
    }

    /// Key and value of each member, in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.members.iter().map(|(key, value)| (key.as_str(), value))
    }

    fn get(&self, names: &[&str]) -> Option<&Value> {
        self.members.iter().rfind(|(key, _)| names.contains(&key.as_str())).map(|(_, value)| value)
    }

    /// The text under any of these names.
    pub(crate) fn text(&self, names: &[&str]) -> Option<&str> {
        self.get(names)?.as_str()
    }

    /// The whole number under any of these names.
    pub(crate) fn number(&self, names: &[&str]) -> Option<u64> {
        self.get(names)?.as_u64()
    }

    /// The number under any of these names; `None` for `"NaN"` and `"+Inf"`, which are texts.
    pub(crate) fn float(&self, names: &[&str]) -> Option<f64> {
        self.get(names)?.as_f64()
    }

    /// The duration under any of these names, in microseconds.
    pub(crate) fn duration(&self, names: &[&str]) -> Option<u64> {
        crate::value::duration_micros(self.text(names)?)
    }

    /// The size under any of these names: a number of bytes, or a text such as `3.7 GiB`.
    pub(crate) fn size(&self, names: &[&str]) -> Option<u64> {
        match self.get(names)? {
            Value::String(text) => crate::value::size_bytes(text),
            Value::Number(number) => number.as_u64(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// The bytes under any of these names, given as an array of numbers.
    pub(crate) fn bytes(&self, names: &[&str]) -> Option<Vec<u8>> {
        let array = self.get(names)?.as_array()?;
        array.iter().map(|byte| byte.as_u64().and_then(|byte| u8::try_from(byte).ok())).collect()
    }

    /// The object under any of these names.
    pub(crate) fn object(&self, names: &[&str]) -> Option<Self> {
        let object = self.get(names)?.as_object()?;
        Some(Self {
            members: object.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
        })
    }
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

/// Collects members one by one: a struct decoder would refuse a key told twice, and a map forget
/// the order.
struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Payload;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Payload, A::Error> {
        let mut members = Vec::with_capacity(map.size_hint().unwrap_or(8));
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Payload { members })
    }
}

/// Appends the JSON string at the beginning of `json` (after its opening quote) to `text`, without
/// its escapes. Gives the position of the closing quote; `None` when there is none, or an escape
/// is none.
pub(crate) fn unescape(json: &[u8], text: &mut Vec<u8>) -> Option<usize> {
    let mut at = 0;
    loop {
        let plain = memchr2(b'"', b'\\', &json[at..])?;
        text.extend_from_slice(&json[at..at + plain]);
        at += plain;
        if json[at] == b'"' {
            return Some(at);
        }
        let escape = *json.get(at + 1)?;
        at += 2;
        text.push(match escape {
            b't' => b'\t',
            b'n' => b'\n',
            b'"' | b'\\' | b'/' => escape,
            b'r' => b'\r',
            b'b' => 0x08,
            b'f' => 0x0c,
            b'u' => {
                let (c, length) = unicode_escape(&json[at..])?;
                text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                at += length;
                continue;
            }
            _ => return None,
        });
    }
}

/// The character of the digits after `\u`, of two such escapes for a pair of surrogates, and how
/// many bytes they take. A lone surrogate becomes U+FFFD, as Go reads it.
fn unicode_escape(json: &[u8]) -> Option<(char, usize)> {
    let unit = |digits: &[u8]| -> Option<u32> {
        let digits = digits.get(..4)?;
        digits.iter().try_fold(0, |value, &digit| Some(value << 4 | (digit as char).to_digit(16)?))
    };
    let first = unit(json)?;
    if let Some(c) = char::from_u32(first) {
        return Some((c, 4));
    }
    if first < 0xdc00 && json.get(4..6) == Some(b"\\u") {
        let second = unit(&json[6..])?;
        if (0xdc00..0xe000).contains(&second) {
            let c = char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
            return Some((c.unwrap_or(char::REPLACEMENT_CHARACTER), 10));
        }
    }
    Some((char::REPLACEMENT_CHARACTER, 4))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn of_a_key_told_twice_the_last_counts() {
        let payload = Payload::from_members(br#""a": 1, "b": "x", "a": 2"#).unwrap();
        assert_eq!(payload.number(&["a"]), Some(2));
        assert_eq!(payload.text(&["c", "b"]), Some("x"));
        assert_eq!(payload.iter().count(), 3);
    }

    #[test]
    fn numbers_that_are_texts_are_no_numbers() {
        let payload =
            Payload::from_members(br#""r": "NaN", "s": "3.5 KiB", "t": 7, "d": "1m0.5s""#).unwrap();
        assert_eq!(payload.float(&["r"]), None);
        assert_eq!((payload.size(&["s"]), payload.size(&["t"])), (Some(3584), Some(7)));
        assert_eq!(payload.duration(&["d"]), Some(60_500_000));
    }

    #[test]
    fn broken_payloads_are_refused() {
        for members in [&br#""a""#[..], br#""a": "#, b"]", br#""a": 1,"#, b"\x00"] {
            assert_eq!(Payload::from_members(members), None);
        }
    }

    proptest! {
        #[test]
        fn unescaping_agrees_with_serde_json(text: String) {
            let json = serde_json::to_string(&text).unwrap();
            let mut out = Vec::new();
            let end = unescape(&json.as_bytes()[1..], &mut out).unwrap();
            prop_assert_eq!(end, json.len() - 2);
            prop_assert_eq!(out, text.into_bytes());
        }

        #[test]
        fn any_bytes_are_unescaped_or_refused(bytes: Vec<u8>) {
            let mut out = Vec::new();
            let _ = unescape(&bytes, &mut out);
            let _ = Payload::from_members(&bytes);
        }
    }
}
