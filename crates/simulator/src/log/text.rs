//! Small forms: escapes, times, sizes and durations as Go writes them.

use std::io::Write;

use piecewatch_model::Timestamp;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Escaped by everybody.
const ALWAYS: u8 = 1;
/// Escaped by Docker too.
const DOCKER: u8 = 2;

/// Who escapes a byte.
const ESCAPED: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 32 {
        table[byte] = ALWAYS;
        byte += 1;
    }
    table[b'"' as usize] = ALWAYS;
    table[b'\\' as usize] = ALWAYS;
    table[b'<' as usize] = DOCKER;
    table[b'>' as usize] = DOCKER;
    table[b'&' as usize] = DOCKER;
    table
};

/// Appends text as zap escapes it in a JSON string: `<`, `>` and `&` stay.
pub(crate) fn push_escaped(text: &[u8], out: &mut Vec<u8>) {
    push_lossy(text, ALWAYS, out);
}

/// Appends text as Docker escapes it: `<`, `>` and `&` as `\u00..`.
pub(crate) fn push_docker(text: &[u8], out: &mut Vec<u8>) {
    push_lossy(text, ALWAYS | DOCKER, out);
}

fn push_lossy(text: &[u8], mask: u8, out: &mut Vec<u8>) {
    // Nearly always all of it is UTF-8, which is found faster in one go.
    if std::str::from_utf8(text).is_ok() {
        return push_utf8(text, mask, out);
    }
    for chunk in text.utf8_chunks() {
        push_utf8(chunk.valid().as_bytes(), mask, out);
        for _ in chunk.invalid() {
            out.extend_from_slice(b"\\ufffd");
        }
    }
}

fn push_utf8(mut text: &[u8], mask: u8, out: &mut Vec<u8>) {
    while let Some(at) = text.iter().position(|&byte| ESCAPED[usize::from(byte)] & mask != 0) {
        out.extend_from_slice(&text[..at]);
        let byte = text[at];
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => {
                let (high, low) = (usize::from(byte >> 4), usize::from(byte & 15));
                out.extend_from_slice(&[b'\\', b'u', b'0', b'0', HEX[high], HEX[low]]);
            }
        }
        text = &text[at + 1..];
    }
    out.extend_from_slice(text);
}

/// Appends `2026-08-19T14:03:27` of local microseconds since 1970.
pub(crate) fn push_time(local: i64, out: &mut Vec<u8>) {
    let (year, month, day) = Timestamp::from_micros(local).date();
    let second = day_micros(local) / 1_000_000;
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let _ = write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
}

/// The time of day, in microseconds.
pub(crate) fn day_micros(local: i64) -> i64 {
    local.rem_euclid(86_400_000_000)
}

/// Appends a whole number.
pub(crate) fn push_int(number: i64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = number.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
}

/// A duration as Go writes it: `1h59m42.397575445s`, `346.279855ms`, `162.857µs`, `0s`.
pub(crate) fn duration(nanos: u64) -> String {
    let fraction = |value: u64, digits: usize| {
        let scale = 10_u64.pow(digits as u32);
        let text = format!("{}.{:0digits$}", value / scale, value % scale);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    match nanos {
        0 => "0s".to_owned(),
        1..1_000 => format!("{nanos}ns"),
        1_000..1_000_000 => format!("{}µs", fraction(nanos, 3)),
        1_000_000..1_000_000_000 => format!("{}ms", fraction(nanos, 6)),
        _ => {
            let minutes = nanos / 60_000_000_000;
            let seconds = fraction(nanos % 60_000_000_000, 9);
            match (minutes / 60, minutes % 60) {
                (0, 0) => format!("{seconds}s"),
                (0, minutes) => format!("{minutes}m{seconds}s"),
                (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
            }
        }
    }
}

/// A size as the hash store writes it: one decimal, and the next unit from two thirds of it on.
pub(crate) fn size(bytes: u64) -> String {
    for (power, unit) in [(4, "TiB"), (3, "GiB"), (2, "MiB"), (1, "KiB")] {
        let scale = 1_u64 << (10 * power);
        if bytes >= scale / 3 * 2 {
            return format!("{:.1} {unit}", bytes as f64 / scale as f64);
        }
    }
    format!("{bytes} B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_are_those_of_real_lines() {
        for (nanos, text) in [
            (0, "0s"),
            (162_857, "162.857µs"),
            (346_279_855, "346.279855ms"),
            (16_013_995_522, "16.013995522s"),
            (600_000_000_000, "10m0s"),
            (7_182_397_575_445, "1h59m42.397575445s"),
        ] {
            assert_eq!(duration(nanos), text);
        }
        for (bytes, text) in
            [(0, "0 B"), (67_108_864, "64.0 MiB"), (879_609_302_221, "0.8 TiB"), (512, "512 B")]
        {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn docker_escapes_more_than_zap() {
        let text = b"a\t\"->\"\xe9\n";
        let mut zap = Vec::new();
        push_escaped(text, &mut zap);
        assert_eq!(zap, br#"a\t\"->\"\ufffd\n"#);
        let mut docker = Vec::new();
        push_docker(text, &mut docker);
        assert_eq!(docker, br#"a\t\"-\u003e\"\ufffd\n"#);
    }
}
