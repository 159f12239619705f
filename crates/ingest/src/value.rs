//! Values that the node writes as text: numbers, addresses, durations and sizes.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// A whole number that is not negative, as JSON writes it, at the beginning of a text; gives what
/// follows it.
#[inline]
pub(crate) fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let (number, length) = digits(text)?;
    // Not `&&`: which of the two it is cannot be foreseen, that it is neither can.
    let has_leading_zero = (length > 1) & text.starts_with(b"0");
    (length > 0 && !has_leading_zero).then(|| (number, &text[length..]))
}

/// The number that the digits at the beginning of a text make, and how many they are.
#[inline]
pub(crate) fn digits(text: &[u8]) -> Option<(u64, usize)> {
    /// The most digits that are a `u64` whatever they are.
    const LENGTH_MAX: usize = 19;
    if let Some(eight) = text.first_chunk()
        && let (number, length @ 0..8) = up_to_eight_digits(*eight)
    {
        return Some((number, length));
    }
    let mut number = 0_u64;
    let mut length = 0;
    while let Some(digit @ 0..=9) = text.get(length).map(|byte| byte.wrapping_sub(b'0')) {
        if length == LENGTH_MAX {
            return None;
        }
        number = number * 10 + u64::from(digit);
        length += 1;
    }
    Some((number, length))
}

/// The same for eight bytes, taken as one number: a loop would have to guess where it ends, and
/// mostly guess wrong, for one number tells nothing of the length of the next.
fn up_to_eight_digits(bytes: [u8; 8]) -> (u64, usize) {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let values = u64::from_le_bytes(bytes) ^ (EACH * 0x30);
    // The highest bit of the first byte whose value is more than 9, and whatever after it.
    let others = (values.wrapping_add(EACH * 0x76) | values) & (EACH * 0x80);
    let count = others.trailing_zeros() / 8;
    // The digits move to the end, and zeros take their places.
    let values = values.checked_shl(64 - 8 * count).unwrap_or(0);
    let twos = (values * 10 + (values >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (twos * 100 + (twos >> 16)) & 0x0000_ffff_0000_ffff;
    ((fours * 10_000 + (fours >> 32)) & 0xffff_ffff, count as usize)
}

/// `ip:port` with an IPv4 address at the beginning of a text; gives what follows it.
pub(crate) fn ipv4_address(text: &[u8]) -> Option<(SocketAddr, &[u8])> {
    let (a, rest) = octet(text)?;
    let (b, rest) = octet(rest.strip_prefix(b".")?)?;
    let (c, rest) = octet(rest.strip_prefix(b".")?)?;
    let (d, rest) = octet(rest.strip_prefix(b".")?)?;
    let (port, rest) = number(rest.strip_prefix(b":")?)?;
    let address = IpAddr::V4(Ipv4Addr::new(a, b, c, d));
    Some((SocketAddr::new(address, u16::try_from(port).ok()?), rest))
}

/// A number up to 255 that something follows; by the way of [`up_to_eight_digits`].
#[inline]
fn octet(text: &[u8]) -> Option<(u8, &[u8])> {
    let values = u32::from_le_bytes(*text.first_chunk()?) ^ 0x3030_3030;
    let others = (values.wrapping_add(0x7676_7676) | values) & 0x8080_8080;
    let length = others.trailing_zeros() / 8;
    let [_, hundreds, tens, ones] = values.checked_shl(32 - 8 * length)?.to_le_bytes();
    let value = u32::from(hundreds) * 100 + u32::from(tens) * 10 + u32::from(ones);
    let has_leading_zero = (length > 1) & (text[0] == b'0');
    if length > 3 || has_leading_zero || value > 255 {
        return None;
    }
    Some((value as u8, &text[length as usize..]))
}

/// A Go duration in microseconds, rounded down: `1h59m42.397575445s`, `346.279855ms`, `162.857µs`,
/// `0s`. `None` for anything else, negative ones included: no work takes less than no time.
pub(crate) fn duration_micros(text: &str) -> Option<u64> {
    if text == "0" {
        return Some(0);
    }
    let mut rest = text;
    let mut nanos = 0_u128;
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(unit_at);
        let (unit_nanos, unit_len) = unit(tail)?;
        nanos = nanos.checked_add(times(number, unit_nanos)?)?;
        rest = &tail[unit_len..];
    }
    if text.is_empty() { None } else { u64::try_from(nanos / 1000).ok() }
}

/// The unit at the beginning of a text, in nanoseconds, and its length. The node writes `µ` as
/// U+00B5; U+03BC looks the same.
fn unit(text: &str) -> Option<(u64, usize)> {
    const UNITS: [(&str, u64); 8] = [
        ("ns", 1),
        ("µs", 1_000),
        ("μs", 1_000),
        ("us", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
    ];
    UNITS.iter().find(|(name, _)| text.starts_with(name)).map(|(name, nanos)| (*nanos, name.len()))
}

/// A human size in bytes: `3.7 GiB`, `0 B`, `71.7GiB`. Powers of 1024 with an `i`, of 1000 without.
/// The node rounds to one decimal, so the result is about 2 to 7 % off.
pub(crate) fn size_bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let unit_at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let unit = unit.trim().to_ascii_uppercase();
    let (prefix, base) = match unit.trim_end_matches('B') {
        prefix if prefix.ends_with('I') => (&prefix[..prefix.len() - 1], 1024_u64),
        prefix => (prefix, 1000),
    };
    let power = match prefix {
        "" => 0,
        "K" => 1,
        "M" => 2,
        "G" => 3,
        "T" => 4,
        "P" => 5,
        "E" => 6,
        _ => return None,
    };
    u64::try_from(times(number, base.pow(power))?).ok()
}

/// A decimal number times a whole one, exact, rounded down.
fn times(number: &str, factor: u64) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') || fraction.len() > 18 {
        return None;
    }
    let parse = |digits: &str| if digits.is_empty() { Some(0) } else { digits.parse::<u64>().ok() };
    let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    let factor = u128::from(factor);
    let whole = u128::from(parse(whole)?).checked_mul(factor)?;
    whole.checked_add(u128::from(parse(fraction)?) * factor / scale)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_of_every_unit_are_read() {
        for (text, micros) in [
            ("0s", Some(0)),
            ("162.857µs", Some(162)),
            ("162.857μs", Some(162)),
            ("999ns", Some(0)),
            ("346.279855ms", Some(346_279)),
            ("1m8.935185195s", Some(68_935_185)),
            ("1h59m42.397575445s", Some(7_182_397_575)),
            ("6h8m56.709429288s", Some(22_136_709_429)),
            ("", None),
            ("s", None),
            ("1", None),
            ("-1s", None),
            ("1.2.3s", None),
            ("1d", None),
            ("99999999999999999999h", None),
        ] {
            assert_eq!(duration_micros(text), micros, "{text}");
        }
    }

    #[test]
    fn sizes_of_both_bases_are_read() {
        for (text, bytes) in [
            ("0 B", Some(0)),
            ("3.7 GiB", Some(3_972_844_748)),
            ("5.4 TiB", Some(5_937_362_789_990)),
            ("230.3 MiB", Some(241_487_052)),
            ("15KB", Some(15_000)),
            ("12", Some(12)),
            ("", None),
            ("GiB", None),
            ("1.0 XiB", None),
            ("999999999 EiB", None),
        ] {
            assert_eq!(size_bytes(text), bytes, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,40}") {
            let _ = duration_micros(&text);
            let _ = size_bytes(&text);
        }
    }
}
