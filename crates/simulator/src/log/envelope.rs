//! What Docker and journald put around a line.

use std::io::Write;

use super::{
    journal_time,
    text::{push_docker, push_escaped, push_int, push_time},
};
use crate::{
    Encoding,
    event::{Stamp, Writer},
};

/// Docker cuts what a process writes after so many bytes without a newline.
const DOCKER_MAX: usize = 16 * 1024;
/// journald does so after its `LineMax`.
const JOURNAL_MAX: usize = 48 * 1024;

/// Appends a line in its envelope, and gives how many physical lines that made.
pub(super) fn wrap(
    encoding: Encoding,
    writer: Writer,
    stamp: Stamp,
    line: &[u8],
    out: &mut Vec<u8>,
) -> u64 {
    let max = match encoding {
        Encoding::Console | Encoding::Spaces | Encoding::Json => usize::MAX,
        Encoding::DockerJson => DOCKER_MAX,
        Encoding::JournalShort | Encoding::JournalCat | Encoding::JournalJson => JOURNAL_MAX,
    };
    let mut lines = 0;
    let mut rest = line;
    loop {
        let (part, after) = rest.split_at(cut(rest, max));
        rest = after;
        match encoding {
            Encoding::Console | Encoding::Spaces | Encoding::Json | Encoding::JournalCat => {
                out.extend_from_slice(part);
            }
            Encoding::DockerJson => docker(part, rest.is_empty(), stamp, lines, out),
            Encoding::JournalShort => {
                journal_prefix(writer, stamp, out);
                out.extend_from_slice(part);
            }
            Encoding::JournalJson => journal_object(writer, stamp, part, out),
        }
        out.push(b'\n');
        lines += 1;
        if rest.is_empty() {
            return lines;
        }
    }
}

/// Where to cut: at `max`, but not within a character.
fn cut(line: &[u8], max: usize) -> usize {
    if line.len() <= max {
        return line.len();
    }
    let continues = |at: usize| line[at] & 0xC0 == 0x80;
    (max.saturating_sub(3)..=max).rev().find(|&at| !continues(at)).unwrap_or(max)
}

fn docker(part: &[u8], is_last: bool, stamp: Stamp, part_no: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"log\":\"");
    push_docker(part, out);
    out.extend_from_slice(if is_last { b"\\n" } else { b"" });
    out.extend_from_slice(b"\",\"stream\":\"stdout\",\"time\":\"");
    push_time(stamp.arrival, out);
    // Go cuts zeros at the end of a fraction; this one never ends in one.
    let micros = stamp.arrival.rem_euclid(1_000_000);
    let nanos = micros * 1_000 + 1 + (micros * 7 % 89) * 10 + part_no.min(8) as i64;
    let _ = write!(out, ".{nanos:09}Z\"}}");
}

/// Program and process id.
const fn identity(writer: Writer) -> (&'static str, &'static str) {
    match writer {
        Writer::Node => ("storagenode", "1842"),
        Writer::Systemd => ("systemd", "1"),
        Writer::Journald => ("systemd-journald", "310"),
    }
}

fn journal_prefix(writer: Writer, stamp: Stamp, out: &mut Vec<u8>) {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (month, day, second) = journal_time(stamp.arrival);
    let month = MONTHS[usize::from(month - 1)];
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let (program, pid) = identity(writer);
    let _ =
        write!(out, "{month} {day:02} {hour:02}:{minute:02}:{second:02} nas {program}[{pid}]: ");
}

fn journal_object(writer: Writer, stamp: Stamp, part: &[u8], out: &mut Vec<u8>) {
    let (program, pid) = identity(writer);
    let unit = match writer {
        Writer::Node => "\"_SYSTEMD_UNIT\":\"storagenode.service\"",
        Writer::Systemd => "\"_SYSTEMD_UNIT\":\"init.scope\",\"UNIT\":\"storagenode.service\"",
        Writer::Journald => "\"_SYSTEMD_UNIT\":\"systemd-journald.service\"",
    };
    let at = stamp.arrival;
    let _ = write!(
        out,
        "{{\"__CURSOR\":\"s=3f0c;i={at:x};b=9d1e;t={at:x}\",\"__REALTIME_TIMESTAMP\":\"{at}\",\
         \"_BOOT_ID\":\"9d1e6f0a6c2b4a57a1c2b3d4e5f60718\",\"_HOSTNAME\":\"nas\",\
         \"PRIORITY\":\"6\",\"_TRANSPORT\":\"stdout\",\"MESSAGE\":"
    );
    if std::str::from_utf8(part).is_ok() {
        out.push(b'"');
        push_escaped(part, out);
        out.push(b'"');
    } else {
        // journalctl shows what is not UTF-8 as an array of its bytes.
        out.push(b'[');
        for (at, &byte) in part.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            push_int(i64::from(byte), out);
        }
        out.push(b']');
    }
    let _ = write!(
        out,
        ",\"SYSLOG_IDENTIFIER\":\"{program}\",\"_PID\":\"{pid}\",{unit},\"_UID\":\"1000\"}}"
    );
}
