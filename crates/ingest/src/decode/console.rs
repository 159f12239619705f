//! The console encoding: `time TAB LEVEL [TAB logger] [TAB caller] TAB message [TAB {payload}]`,
//! also with its TABs turned into spaces, as text pasted into a forum has them.

use std::borrow::Cow;

use memchr::{memchr, memmem, memrchr};

use super::{Columns, Level, TimeReader};

/// The first parts of the names of loggers, up to `.` or `:`. Only needed where single spaces
/// separate the columns: there, nothing else tells a logger from the first word of a message.
const LOGGERS: [&str; 35] = [
    "bandwidth",
    "blobscache",
    "checker",
    "cleanup",
    "collector",
    "console",
    "contact",
    "db",
    "debug",
    "filestore",
    "filewalker",
    "forgetsatellite",
    "gracefulexit",
    "hashstore",
    "healthcheck",
    "identity",
    "lazyfilewalker",
    "nodestats",
    "orders",
    "ordersfilestore",
    "piecedeleter",
    "pieceexpiration",
    "piecemigrate",
    "pieces",
    "piecestore",
    "preflight",
    "process",
    "reputation",
    "retain",
    "server",
    "servers",
    "services",
    "storagenodedb",
    "trust",
    "version",
];

/// Splits a line; `None` when it does not begin with a time and a level, or a level alone.
pub(crate) fn decode<'a>(line: &'a [u8], times: &mut TimeReader) -> Option<Columns<'a>> {
    let (at, rest) = match line.first()? {
        b'0'..=b'9' => {
            let (time, length) = times.read(line)?;
            let (separator, rest) = line[length..].split_first()?;
            match separator {
                b'\t' => (Some(time), rest),
                b' ' => return spaces(Some(time), rest),
                _ => return None,
            }
        }
        _ => (None, line),
    };
    let (level, rest) = Level::before_tab(rest)?;
    let (head, members) = split_payload(rest);
    let (logger, message) =
        logger_and_message(head, |text| memchr(b'\t', text).map(|at| (at, at + 1)));
    Some(columns(at, level, logger, message, members))
}

fn columns<'a>(
    at: Option<super::LineTime>,
    level: Level,
    logger: &'a [u8],
    message: &'a [u8],
    members: &'a [u8],
) -> Columns<'a> {
    Columns {
        at,
        level,
        logger: Cow::Borrowed(logger),
        message: Cow::Borrowed(message.trim_ascii_end()),
        members: Cow::Borrowed(members),
    }
}

/// The payload is what follows the last TAB, if it is an object: JSON escapes its own TABs.
fn split_payload(rest: &[u8]) -> (&[u8], &[u8]) {
    if rest.ends_with(b"}")
        && let Some(tab) = memrchr(b'\t', rest)
        && rest[tab + 1] == b'{'
    {
        return (&rest[..tab], &rest[tab + 2..rest.len() - 1]);
    }
    (rest, b"")
}

/// Splits `[logger] [caller] message` at what `separator` finds: begin and end of a separator.
fn logger_and_message(
    head: &[u8],
    separator: impl Fn(&[u8]) -> Option<(usize, usize)>,
) -> (&[u8], &[u8]) {
    let split = |text| -> Option<(&[u8], &[u8])> {
        let (end, begin) = separator(text)?;
        Some((&text[..end], &text[begin..]))
    };
    match split(head) {
        None => (b"", head),
        Some((caller, message)) if is_caller(caller) => (b"", message),
        Some((logger, rest)) => match split(rest) {
            Some((caller, message)) if is_caller(caller) => (logger, message),
            Some(_) | None => (logger, rest),
        },
    }
}

/// `piecestore/endpoint.go:367`
fn is_caller(text: &[u8]) -> bool {
    match memmem::find(text, b".go:") {
        Some(at) => at + 4 < text.len() && text[at + 4..].iter().all(u8::is_ascii_digit),
        None => false,
    }
}

/// A line whose TABs have become spaces; `rest` begins after the time and one space.
fn spaces(at: Option<super::LineTime>, rest: &[u8]) -> Option<Columns<'_>> {
    let rest = rest.trim_ascii_start();
    let level_end = rest.iter().position(|&byte| byte == b' ' || byte == b'\t')?;
    let level = Level::from_name(&rest[..level_end])?;
    let rest = rest[level_end..].trim_ascii();
    let (head, members) = match memmem::find(rest, b" {\"") {
        Some(at) if rest.ends_with(b"}") => {
            (rest[..at].trim_ascii_end(), &rest[at + 2..rest.len() - 1])
        }
        Some(_) | None => (rest, &b""[..]),
    };
    let wide = |text: &[u8]| {
        let end = (1..text.len()).find(|&at| text[at] == b'\t' || text[at - 1..=at] == *b"  ")?;
        let end = if text[end] == b'\t' { end } else { end - 1 };
        let begin = end + text[end..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        Some((end, begin))
    };
    let single = |text: &[u8]| {
        let end = memchr(b' ', text)?;
        (is_logger(&text[..end]) || is_caller(&text[..end])).then_some((end, end + 1))
    };
    let (logger, message) = if wide(head).is_some() {
        logger_and_message(head, wide)
    } else {
        logger_and_message(head, single)
    };
    Some(columns(at, level, logger, message, members))
}

fn is_logger(word: &[u8]) -> bool {
    let end = word.iter().position(|&byte| byte == b'.' || byte == b':').unwrap_or(word.len());
    std::str::from_utf8(&word[..end]).is_ok_and(|stem| LOGGERS.binary_search(&stem).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Option<(&str, &str, &str)>) {
        let mut times = TimeReader::new();
        let found = decode(line.as_bytes(), &mut times);
        let found = found.as_ref().map(|columns| {
            let text = |bytes| std::str::from_utf8(bytes).unwrap();
            (text(&columns.logger), text(&columns.message), text(&columns.members))
        });
        assert_eq!(found, expected, "{line}");
    }

    #[test]
    fn three_four_and_five_columns_are_told_apart() {
        let time = "2026-08-19T14:03:27Z\tINFO";
        check(
            &format!("{time}\tConfiguration loaded\t{{\"process\": \"storagenode\"}}"),
            Some(("", "Configuration loaded", "\"process\": \"storagenode\"")),
        );
        check(
            &format!("{time}\tpiecestore\tuploaded\t{{\"size\": 1}}"),
            Some(("piecestore", "uploaded", "\"size\": 1")),
        );
        check(
            &format!("{time}\tpiecestore\tpiecestore/endpoint.go:367\tuploaded\t{{\"size\": 1}}"),
            Some(("piecestore", "uploaded", "\"size\": 1")),
        );
        check(&format!("{time}\tcmd/root.go:12\tNode started"), Some(("", "Node started", "")));
        check(
            &format!("{time}\ttrust\ta message\twith a TAB {{}}"),
            Some(("trust", "a message\twith a TAB {}", "")),
        );
        check(
            &format!("{time}\tcontact:service\tping satellite failed \t{{\"a\": 1}}"),
            Some(("contact:service", "ping satellite failed", "\"a\": 1")),
        );
        check(
            "INFO\tpiecestore\tuploaded\t{\"size\": 1}",
            Some(("piecestore", "uploaded", "\"size\": 1")),
        );
    }

    #[test]
    fn spaces_instead_of_tabs_are_understood() {
        check(
            "2022-08-22T03:57:02.545+0200 ERROR piecestore download failed {\"Process\": \"storagenode\"}",
            Some(("piecestore", "download failed", "\"Process\": \"storagenode\"")),
        );
        check(
            "2022-08-22T03:57:02.545+0200    INFO    lazyfilewalker.gc-filewalker    starting subprocess    {\"a\": 1}",
            Some(("lazyfilewalker.gc-filewalker", "starting subprocess", "\"a\": 1")),
        );
        check(
            "2019-10-07T08:54:02.437Z INFO db.migration.23 Split into multiple sqlite databases",
            Some(("db.migration.23", "Split into multiple sqlite databases", "")),
        );
        check(
            "2026-08-19T14:03:27Z INFO Configuration loaded {\"a\": 1}",
            Some(("", "Configuration loaded", "\"a\": 1")),
        );
    }

    #[test]
    fn what_has_no_level_is_no_event() {
        for line in [
            "",
            "2026-08-19T14:03:27Z",
            "2026-08-19T14:03:27Z\tNOTICE\tx",
            "downloading storagenode",
            "INFORM\tx\ty",
        ] {
            check(line, None);
        }
    }

    #[test]
    fn the_loggers_are_sorted() {
        assert!(LOGGERS.is_sorted());
    }
}
