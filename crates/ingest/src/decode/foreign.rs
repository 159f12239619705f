//! Lines in the same stream that the node's logger did not write: supervisors, crashes, the entry
//! script of the Docker image.

use jiff::tz::TimeZone;
use memchr::{memchr, memmem};
use piecewatch_model::{Timestamp, TroubleKind};

/// What a line without columns is.
#[derive(Debug, PartialEq)]
pub(crate) enum Foreign {
    /// A supervisor started the process.
    Spawned,
    /// A supervisor saw the process end.
    Exited,
    /// Something is wrong; what follows the prefix is the text.
    Trouble(TroubleKind),
    /// A part of the line before: a stack trace.
    Continuation,
    /// A line that is known to mean nothing.
    Other,
    /// The `pretty` encoding, which has neither date nor logger.
    Pretty,
    /// Nothing known.
    Unknown,
}

/// What a line is that has no columns.
pub(crate) fn classify(line: &[u8]) -> Foreign {
    if is_entry_script(line) || memmem::find(line, b"logfile turned over").is_some() {
        return Foreign::Other;
    }
    if line.trim_ascii().is_empty() || is_stack_trace(line) {
        return Foreign::Continuation;
    }
    let begins =
        |beginnings: &[&str]| beginnings.iter().any(|text| line.starts_with(text.as_bytes()));
    if begins(&["Error: "]) {
        return Foreign::Trouble(TroubleKind::Fatal);
    }
    if begins(&["panic: ", "fatal error: ", "runtime: out of memory", "unexpected fault address"])
        || is_signal(line)
    {
        return Foreign::Trouble(TroubleKind::Panic);
    }
    if is_pretty(line) {
        return Foreign::Pretty;
    }
    if is_systemd(line) {
        return classify_systemd(line);
    }
    Foreign::Unknown
}

/// `SIGBUS: bus error`, `SIGSEGV: segmentation violation`: how Go tells of a signal that ends it.
fn is_signal(line: &[u8]) -> bool {
    memchr(b':', line).is_some_and(|end| {
        line.starts_with(b"SIG") && line[..end].iter().all(u8::is_ascii_uppercase)
    })
}

/// A line of supervisord, `2026-08-19 14:03:21,456 INFO spawned: …`: its time, which names no zone and
/// is of this one, and its text. `None` is UTC.
pub(crate) fn supervisord<'a>(
    line: &'a [u8],
    zone: Option<&TimeZone>,
) -> Option<(Timestamp, &'a [u8])> {
    let (civil, rest) = line.split_first_chunk::<19>()?;
    if civil[10] != b' ' {
        return None;
    }
    let rest = rest.strip_prefix(b",")?;
    let (millis, rest) = rest.split_first_chunk::<3>()?;
    let mut text = [b'Z'; 24];
    text[..19].copy_from_slice(civil);
    text[10] = b'T';
    text[19] = b'.';
    text[20..23].copy_from_slice(millis);
    let (at, length) = Timestamp::from_rfc3339(&text)?;
    let at = zone.map_or(at, |zone| instant(at, zone));
    (length == text.len()).then(|| (at, rest.trim_ascii_start()))
}

/// When clocks of a zone show what clocks of UTC show at this instant. A time that they show twice, in
/// autumn, is the first; one that they skip, in spring, is as if they had not been put forward yet.
fn instant(shown: Timestamp, zone: &TimeZone) -> Timestamp {
    let shown_at = jiff::Timestamp::from_microsecond(shown.as_micros());
    let at = shown_at.and_then(|shown| {
        zone.to_ambiguous_timestamp(TimeZone::UTC.to_datetime(shown)).compatible()
    });
    // Outside of the years 1 to 9999 there are no zones.
    at.map_or(shown, |at| Timestamp::from_micros(at.as_microsecond()))
}

/// What a line of supervisord says; `text` begins with its level.
pub(crate) fn classify_supervisord(text: &[u8]) -> Foreign {
    let message = memchr(b' ', text).map_or(text, |level_end| &text[level_end + 1..]);
    // The updater is restarted by every update; only the node itself matters.
    let of_node = memmem::find(message, b"storagenode-updater").is_none();
    if message.starts_with(b"spawned: ") && of_node {
        Foreign::Spawned
    } else if message.starts_with(b"exited: ") && of_node {
        Foreign::Exited
    } else {
        Foreign::Other
    }
}

/// What systemd or journald say about the node's unit.
pub(crate) fn classify_systemd(line: &[u8]) -> Foreign {
    if line.starts_with(b"Suppressed ") {
        Foreign::Trouble(TroubleKind::LinesDropped)
    } else if memmem::find(line, b"Main process exited").is_some() {
        Foreign::Exited
    } else if line.starts_with(b"Started ") {
        Foreign::Spawned
    } else {
        Foreign::Other
    }
}

/// Whether a line is of systemd or journald, where no prefix says so (`journalctl -o cat`).
fn is_systemd(line: &[u8]) -> bool {
    let has = |text: &str| memmem::find(line, text.as_bytes()).is_some();
    let begins = |text: &str| line.starts_with(text.as_bytes());
    let of_unit = ["Starting ", "Started ", "Stopping ", "Stopped "].into_iter().any(begins)
        && has(".service");
    let by_unit = memchr(b' ', line).is_some_and(|end| line[..end].ends_with(b".service:"));
    of_unit || by_unit || (begins("Suppressed ") && has(" messages from "))
}

/// Stack frames, goroutine headers, registers: what follows an ERROR with `log.stack`, and a crash.
fn is_stack_trace(line: &[u8]) -> bool {
    const BEGINNINGS: [&str; 12] = [
        "goroutine ",
        "created by ",
        "[signal ",
        "storj.io/",
        "github.com/",
        "golang.org/",
        "go.uber.org/",
        "runtime.",
        "main.",
        "net/http.",
        "--- ",
        "exit status ",
    ];
    // A frame's file stands indented below its function.
    line.first().is_some_and(u8::is_ascii_whitespace)
        || BEGINNINGS.iter().any(|text| line.starts_with(text.as_bytes()))
        || is_go_frame(line)
        || is_register(line)
}

/// `database/sql.(*DB).Close(...)`: a function of some package, with its arguments.
fn is_go_frame(line: &[u8]) -> bool {
    let Some(open) = memchr(b'(', line) else { return false };
    let name = &line[..open];
    memchr(b'.', name).is_some()
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._/-*".contains(byte))
        && (line.ends_with(b")") || name.ends_with(b"."))
}

/// `rax    0x0`: a crash prints the registers of the processor.
fn is_register(line: &[u8]) -> bool {
    line.len() < 40
        && line.first().is_some_and(|byte| byte.is_ascii_lowercase())
        && memmem::find(line, b"    0x").is_some()
}

/// What the entry script of the Docker image and its `wget` print.
fn is_entry_script(line: &[u8]) -> bool {
    const BEGINNINGS: [&str; 14] = [
        "downloading storagenode",
        "downloading storagenode-updater",
        "Connecting to ",
        "Resolving ",
        "HTTP request sent",
        "Length: ",
        "Saving to: ",
        "saving to ",
        "Archive: ",
        "  inflating: ",
        "storagenode ",
        "version ",
        "wget: ",
        "--20",
    ];
    BEGINNINGS.iter().any(|text| line.starts_with(text.as_bytes()))
        || memmem::find(line, b"%[").is_some()
        || memmem::find(line, b"|*****").is_some()
        || memmem::find(line, b"K .......... ").is_some()
        || line.ends_with(b" saved")
}

/// `15:04:05.000 TAB LEVEL TAB message`
fn is_pretty(line: &[u8]) -> bool {
    matches!(line, [h1, h0, b':', m1, m0, b':', s1, s0, b'.', _, _, _, b'\t', ..]
        if [h1, h0, m1, m0, s1, s0].into_iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_lines_are_known() {
        let check =
            |line: &str, expected| assert_eq!(classify(line.as_bytes()), expected, "{line}");
        check("", Foreign::Continuation);
        check(
            "\t/go/src/storj.io/storj/storagenode/piecestore/endpoint.go:706",
            Foreign::Continuation,
        );
        check(
            "storj.io/storj/storagenode/piecestore.(*Endpoint).Download.func3",
            Foreign::Continuation,
        );
        check("database/sql.(*DB).Close(...)", Foreign::Continuation);
        check("goroutine 1 [running]:", Foreign::Continuation);
        check("Error: piecestore monitor: timed out", Foreign::Trouble(TroubleKind::Fatal));
        check("panic: runtime error: index out of range", Foreign::Trouble(TroubleKind::Panic));
        check("fatal error: concurrent map writes", Foreign::Trouble(TroubleKind::Panic));
        check("SIG_DFL -- used to refer to the system default signal handler", Foreign::Unknown);
        check("SIGBUS: bus error", Foreign::Trouble(TroubleKind::Panic));
        check("downloading storagenode", Foreign::Other);
        check(
            "storagenode.service: Main process exited, code=exited, status=1/FAILURE",
            Foreign::Exited,
        );
        check("Started storagenode.service - Storj storage node.", Foreign::Spawned);
        check(
            "Suppressed 18211 messages from storagenode.service",
            Foreign::Trouble(TroubleKind::LinesDropped),
        );
        check("14:03:27.412\tINFO\tuploaded", Foreign::Pretty);
        check("alex@puffin ~/Projects %", Foreign::Unknown);
        check("\u{0}\u{1}\u{2}", Foreign::Unknown);
    }

    #[test]
    fn supervisord_lines_have_a_time_without_a_zone() {
        let (at, text) =
            supervisord(b"2026-08-19 14:03:21,456 INFO spawned: 'storagenode' with pid 52", None)
                .unwrap();
        assert_eq!(at.to_string(), "2026-08-19T14:03:21.456Z");
        assert_eq!(classify_supervisord(text), Foreign::Spawned);
        assert_eq!(
            classify_supervisord(b"WARN exited: storagenode (exit status 1; not expected)"),
            Foreign::Exited
        );
        assert_eq!(
            classify_supervisord(b"INFO exited: storagenode-updater (exit status 0)"),
            Foreign::Other
        );
        assert_eq!(supervisord(b"2026-08-19T14:03:21,456 INFO x", None), None);
    }

    #[test]
    fn a_time_without_a_zone_is_of_the_zone_that_is_given() {
        let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        for (shown, expected) in [
            ("2026-01-19 14:03:21,456", "2026-01-19T13:03:21.456Z"),
            ("2026-08-19 14:03:21,456", "2026-08-19T12:03:21.456Z"),
            // Skipped: from 2 o'clock clocks go to 3.
            ("2026-03-29 01:59:59,999", "2026-03-29T00:59:59.999Z"),
            ("2026-03-29 02:30:00,000", "2026-03-29T01:30:00Z"),
            ("2026-03-29 03:00:00,000", "2026-03-29T01:00:00Z"),
            // Shown twice: from 3 o'clock clocks go to 2.
            ("2026-10-25 02:30:00,000", "2026-10-25T00:30:00Z"),
            ("2026-10-25 03:00:00,000", "2026-10-25T02:00:00Z"),
        ] {
            let line = format!("{shown} INFO x");
            let (at, text) = supervisord(line.as_bytes(), Some(&berlin)).unwrap();
            assert_eq!((at.to_string().as_str(), text), (expected, &b"INFO x"[..]), "{shown}");
        }
        for shown in ["0000-01-01 00:00:00,000", "9999-12-31 23:59:59,999"] {
            let line = format!("{shown} INFO x");
            assert!(supervisord(line.as_bytes(), Some(&berlin)).is_some(), "{shown}");
        }
    }
}
