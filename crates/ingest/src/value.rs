//! Values that the node writes as text: durations and sizes.

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
