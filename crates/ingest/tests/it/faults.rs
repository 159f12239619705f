//! The faults of the monitor before this one that concern lines and files, one test for each. Their
//! numbers are those of `docs/FAULTS.md`.

use std::fs;

use piecewatch_ingest::{Parsed, Parser, Status, find_archives};
use piecewatch_model::{Action, FailureClass, Outcome, Record, Transfer, TroubleKind};

use crate::reading::{Folder, Taken, line, uploaded};

const TIME: &str = "2026-08-19T14:03:27Z";
const GET: &str = "\"action\": \"GET\", \"offset\": 0, \"size\": 256";

fn transfer(line: &str) -> Transfer {
    let parsed = Parser::new().parse(line.trim_end().as_bytes());
    let Parsed::Ended(ended) = parsed else { panic!("{parsed:?}: {line}") };
    ended.transfer
}

/// Fault 1: `upload canceled` was a success, with the part that had arrived.
#[test]
fn a_canceled_upload_is_no_success() {
    let fields = "\"action\": \"PUT\", \"size\": 4096";
    assert_eq!(
        transfer(&line(TIME, "INFO", "upload canceled", 'A', fields)).outcome,
        Outcome::Canceled
    );
    let lost = "upload canceled (race lost or node shutdown)";
    assert_eq!(transfer(&line(TIME, "INFO", lost, 'A', fields)).outcome, Outcome::Canceled);
}

/// Fault 2: any line with `hashstore` in it was about the hash store, so lost pieces went unseen.
#[test]
fn a_failed_audit_that_names_the_hashstore_is_a_failed_audit() {
    let fields = "\"action\": \"GET_AUDIT\", \"error\": \"hashstore: file does not exist\"";
    let failed = transfer(&line(TIME, "ERROR", "download failed", 'A', fields));
    assert_eq!(failed.action, Action::GetAudit);
    assert_eq!(failed.outcome, Outcome::Failed(FailureClass::Missing));
}

/// Fault 3: lines at level WARN were dropped.
#[test]
fn warnings_about_transfers_count() {
    let fields = "\"action\": \"PUT\", \"size\": 0, \"error\": \"write: broken pipe\"";
    let failed = transfer(&line(TIME, "WARN", "upload failed", 'A', fields));
    assert_eq!(failed.outcome, Outcome::Failed(FailureClass::Network));
    let found = line(TIME, "WARN", "file found in trash", 'A', GET);
    let Parsed::Record(Record::Trouble(trouble)) = Parser::new().parse(found.trim_end().as_bytes())
    else {
        panic!("{found}");
    };
    assert_eq!(trouble.kind, TroubleKind::TrashRead);
}

/// Fault 4: the level was looked for anywhere in the line, and piece ids hold words.
#[test]
fn words_in_a_piece_id_are_no_level() {
    for word in ["INFO", "ERROR", "DEBUG", "WARN"] {
        for level in ["DEBUG", "INFO", "WARN", "ERROR"] {
            let line =
                line(TIME, level, "downloaded", 'A', GET).replace(&"EWKDO"[..word.len()], word);
            assert_eq!(transfer(&line).outcome, Outcome::Success, "{line}");
        }
    }
}

/// Fault 5: a transfer with an IPv6 peer was dropped.
#[test]
fn a_peer_may_have_an_ipv6_address() {
    let fields = format!("{GET}, \"remote_address\": \"[2a01:4f8:10a:1d5::2]:51212\"");
    let remote = transfer(&line(TIME, "INFO", "downloaded", 'A', &fields)).remote.unwrap();
    assert!(remote.is_ipv6());
    assert_eq!(remote.port(), 51_212);
}

/// Fault 6: one byte that is no UTF-8 ended the reading of a log for good.
#[test]
fn a_byte_that_is_no_text_ends_nothing() {
    let log = [uploaded(1, 'A').as_bytes(), b"\xe9\xe9\n", uploaded(2, 'B').as_bytes()].concat();
    let taken = Taken::of(&log);
    assert_eq!((taken.counts.transfers, taken.counts.unparsed), (2, 1));
}

/// Fault 7: half a line at the end of a file was taken as a line.
#[test]
fn half_a_line_waits_for_its_other_half() {
    let folder = Folder::new();
    let log = [uploaded(1, 'A'), uploaded(2, 'B')].concat();
    let mut taken = Taken::default();
    taken.import_one(&folder.write("node.log", &log.as_bytes()[..log.len() - 40]));
    assert_eq!(taken.counts.lines(), 1);
    taken.import_one(&folder.write("node.log", log.as_bytes()));
    assert_eq!((taken.counts.lines(), taken.counts.transfers), (2, 2));
}

/// Fault 8: after a rotation, what was written before the first look at the new file was lost.
#[test]
fn nothing_is_skipped_between_rotated_files() {
    let folder = Folder::new();
    let mut taken = Taken::default();
    let node_log = folder.path().join("node.log");
    let mut second = 0;
    for round in 0..5_u32 {
        // Some lines, a look, some more, a rotation by renaming, and lines in the new file.
        let mut log = fs::read_to_string(&node_log).unwrap_or_default();
        for look in 0..2 {
            for _ in 0..30 {
                log += &uploaded(second, 'A');
                second += 1;
            }
            fs::write(&node_log, &log).unwrap();
            if look == 0 {
                taken.import(&[folder.path()]);
            }
        }
        fs::rename(&node_log, folder.path().join(format!("node.log.{}", 9 - round))).unwrap();
        fs::write(&node_log, uploaded(second, 'B')).unwrap();
        second += 1;
    }
    taken.import(&[folder.path()]);
    assert_eq!(taken.counts.transfers, u64::from(second));
    let mut times: Vec<_> = taken.transfers().map(|transfer| transfer.at).collect();
    times.dedup();
    assert_eq!(times.len(), second as usize, "each line once");
}

/// Fault 9: above 5,000 waiting lines the next ones were lost.
#[test]
fn no_queue_drops_a_line() {
    let log = uploaded(1, 'A').repeat(100_000);
    assert_eq!(Taken::of(log.as_bytes()).counts.transfers, 100_000);
}

/// Fault 10: no position was saved, so whatever was written while nothing ran was lost.
#[test]
fn what_was_written_meanwhile_is_read_next_time() {
    let folder = Folder::new();
    let mut log = String::new();
    let mut taken = Taken::default();
    for second in 0..20 {
        log += &uploaded(2 * second, 'A');
        log += &uploaded(2 * second + 1, 'B');
        let report = taken.import_one(&folder.write("node.log", log.as_bytes()));
        assert_eq!(report.status == Status::Imported, second == 0);
        assert_eq!(taken.counts.transfers, 2 * u64::from(second) + 2);
    }
}

/// Fault 12: an import knew no durations.
#[test]
fn an_import_measures_latencies() {
    let at = |millis: u32| format!("2022-08-11T10:00:00.{millis:03}Z");
    let action = "\"action\": \"GET\"";
    let log = [
        line(&at(5), "INFO", "download started", 'A', action),
        line(&at(251), "INFO", "downloaded", 'A', action),
    ];
    let taken = Taken::of(log.concat().as_bytes());
    let latency = taken.transfers().next().unwrap().latency.unwrap();
    assert_eq!(latency.micros, 246_000);
}

/// Fault 13: an import took the same lines twice, and a file that is missing was no error.
#[test]
fn an_import_repeated_adds_nothing_and_a_missing_file_is_an_error() {
    let folder = Folder::new();
    let path = folder.write("node.log", uploaded(1, 'A').as_bytes());
    let mut taken = Taken::default();
    taken.import_one(&path);
    assert_eq!(taken.import_one(&path).status, Status::AlreadyImported);
    assert_eq!(taken.counts.transfers, 1);
    let (found, errors) = find_archives(&[folder.path().join("nod.log")]);
    assert_eq!((found.len(), errors.len()), (0, 1));
}

/// Fault 17: a cursor of whole seconds lost the events that shared one with the last seen.
#[test]
fn lines_of_one_second_are_told_apart() {
    let folder = Folder::new();
    let line = uploaded(1, 'A');
    let mut taken = Taken::default();
    for lines in 1..=20 {
        taken.import_one(&folder.write("node.log", line.repeat(lines).as_bytes()));
        assert_eq!(taken.counts.transfers, lines as u64);
    }
}

/// Fault 18: what was remembered grew with time and rate.
#[test]
fn starts_without_ends_are_forgotten() {
    // Over an hour of starts, none of which ends: only those of the last half hour still count.
    let start = |second: u32, piece| {
        let time =
            format!("2026-08-19T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60);
        line(&time, "DEBUG", "upload started", piece, "\"action\": \"PUT\"")
    };
    let mut log = start(0, 'A');
    for second in (1..3_700).step_by(10) {
        log += &start(second, 'B');
    }
    log += &uploaded(0, 'A').replace("T14:00:00", "T01:02:00");
    let taken = Taken::of(log.as_bytes());
    assert_eq!(taken.transfers().next().unwrap().latency, None);
}

/// Fault 33: parallel downloads of one piece shared a start; durations below a millisecond were
/// dropped, those above four seconds rounded.
#[test]
fn parallel_downloads_of_one_piece_have_their_own_latencies() {
    let object = |time: &str, message: &str, port: u16| {
        let fields = format!("{GET}, \"remote_address\": \"79.127.219.34:{port}\"");
        let text = serde_json::to_string(&line(TIME, "INFO", message, 'A', &fields)).unwrap();
        let time = format!("2026-08-19T14:03:{time}Z");
        format!("{{\"log\":{text},\"stream\":\"stdout\",\"time\":\"{time}\"}}\n")
    };
    let log = [
        object("20.000000000", "download started", 1),
        object("21.000000000", "download started", 2),
        object("21.000400000", "downloaded", 2),
        object("27.123456000", "downloaded", 1),
    ];
    let taken = Taken::of(log.concat().as_bytes());
    let latencies: Vec<u64> =
        taken.transfers().map(|transfer| transfer.latency.unwrap().micros).collect();
    assert_eq!(latencies, [400, 7_123_456]);
}
