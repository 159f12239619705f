//! What a disk, a power cut, an editor or a wrong path makes of a log.

use std::{fs, io::Write, path::PathBuf};

use piecewatch_ingest::{Archive, Error, FileReport, Status, find_archives};
use piecewatch_simulator::{Encoding, Vocabulary};

use crate::reading::{Folder, Taken, gzip, line, line_begin, simulated, uploaded, zstd};

/// Three uploads among other bytes; whatever those are, the three are found and all is counted.
fn check(log: &[u8], lines: u64, unparsed: u64) -> Taken {
    let taken = Taken::of(log);
    assert_eq!(taken.counts.transfers, 3, "{:?}", String::from_utf8_lossy(log));
    assert_eq!(taken.counts.lines(), lines);
    assert_eq!(taken.counts.unparsed, unparsed);
    taken
}

fn three() -> [String; 3] {
    [uploaded(1, 'A'), uploaded(2, 'B'), uploaded(3, 'C')]
}

#[test]
fn carriage_returns_do_no_harm() {
    check(three().concat().replace('\n', "\r\n").as_bytes(), 3, 0);
}

#[test]
fn a_byte_order_mark_costs_nothing() {
    let taken = check(format!("\u{feff}{}", three().concat()).as_bytes(), 3, 0);
    let json = r#"{"L":"INFO","T":"2026-08-19T14:03:27Z","N":"trust","M":"x"}"#;
    assert_eq!(Taken::of(format!("\u{feff}{json}\n").as_bytes()).counts.other, 1);
    assert_eq!(taken.counts.skipped_bytes, 0);
}

#[test]
fn a_power_cut_costs_the_line_it_cut() {
    let [one, two, three] = three();
    let nuls = "\0".repeat(5_000);
    let taken = check(format!("{one}{nuls}{two}{three}").as_bytes(), 3, 0);
    assert_eq!(taken.counts.skipped_bytes, 5_000);
    // Half a line, the block, and what was written next: one physical line.
    for cut in [30, 60, 120] {
        let half = &uploaded(9, 'D')[..cut];
        let taken = check(format!("{one}{half}{nuls}{two}{three}").as_bytes(), 3, 0);
        assert_eq!(taken.counts.skipped_bytes, 5_000);
    }
    check(format!("{one}{two}{three}{nuls}\n").as_bytes(), 4, 0);
}

#[test]
fn a_file_that_begins_with_a_large_block_of_nul_is_a_log() {
    let folder = Folder::new();
    for size in [1 << 20, 3 << 20, (5 << 20) + 7] {
        let log = [vec![0; size], three().concat().into_bytes()].concat();
        assert!(Archive::open(&folder.write("node.log", &log)).is_ok());
        let taken = check(&log, 3, 0);
        assert_eq!(taken.counts.skipped_bytes as usize, size);
    }
}

#[test]
fn an_end_that_a_power_cut_took_after_it_was_read_is_not_read_again() {
    let (mut log, _) = simulated(Encoding::Console, Vocabulary::Y2026, 3_000);
    let folder = Folder::new();
    let mut taken = Taken::default();
    taken.import_one(&folder.write("node.log", &log));
    let before = taken.counts.transfers;
    let end = log.len();
    log[end - 500..].fill(0);
    log.extend_from_slice(three().concat().as_bytes());
    for path in [folder.write("node.log", &log), folder.write("copy.gz", &gzip(&log))] {
        let mut taken = taken.clone();
        assert_eq!(taken.import_one(&path).status, Status::Resumed);
        assert_eq!(taken.counts.transfers, before + 3);
        assert_eq!(taken.import_one(&path).status, Status::AlreadyImported);
    }
}

#[test]
fn a_piece_of_a_docker_line_that_nothing_goes_on_from_takes_no_other_line_along() {
    let object = |text: &str| {
        let text = text.replace('\t', "\\t").replace('"', "\\\"").replace('\n', "\\n");
        format!("{{\"log\":\"{text}\",\"stream\":\"stdout\",\"time\":\"2026-08-19T14:03:27Z\"}}\n")
    };
    let [one, two, three] = three();
    let torn = "Error: out of";
    let log = [object(&one), object(torn), object(&two), object(torn), three].concat();
    check(log.as_bytes(), 5, 0);
}

#[test]
fn white_space_behind_a_line_does_no_harm() {
    check(three().concat().replace('\n', " \t \n").as_bytes(), 3, 0);
}

#[test]
fn two_clients_that_lose_one_piece_are_two_transfers_told_twice() {
    let lost = "upload canceled (race lost or node shutdown)";
    let time = "2023-11-05T00:00:01Z";
    let first = line(time, "INFO", lost, 'A', r#""action": "PUT""#);
    let second = line(
        time,
        "DEBUG",
        "upload failed",
        'A',
        r#""action": "PUT", "error": "context canceled""#,
    );
    let download =
        line(time, "DEBUG", "download canceled", 'A', r#""action": "GET", "error": "x""#);
    let log = [first.clone(), first, download, second.clone(), second].concat();
    let taken = Taken::of(log.as_bytes());
    assert_eq!((taken.counts.transfers, taken.counts.told_twice), (3, 2));
}

#[test]
fn bytes_that_are_no_text_cost_their_line_at_most() {
    let [one, two, three] = three();
    let log = [one.as_bytes(), b"\xff\xfe\x80 junk\n", two.as_bytes(), three.as_bytes()].concat();
    check(&log, 4, 1);
    // Within a field they are replaced.
    let failed = line(
        "2026-08-19T14:03:27Z",
        "ERROR",
        "upload failed",
        'D',
        "\"error\": \"bad m\u{1}sage\"",
    );
    let failed: Vec<u8> = failed.bytes().map(|byte| if byte == 1 { 0xe9 } else { byte }).collect();
    let taken = Taken::of(&failed);
    let error = taken.transfers().next().unwrap().error.clone().unwrap();
    assert!(error.contains('\u{fffd}'), "{error}");
}

#[test]
fn a_line_that_is_too_long_costs_one_line() {
    let [one, two, three] = three();
    let long = "x".repeat(1_500_000);
    let taken = check(format!("{one}{two}{long}\n{three}").as_bytes(), 4, 1);
    assert_eq!(taken.counts.skipped_bytes, 1_500_001);
    // Up to a mebibyte it is looked at.
    let log = line(
        "2026-08-19T14:03:27Z",
        "INFO",
        "uploaded",
        'D',
        &format!("\"x\": \"{}\"", "y".repeat(1_000_000)),
    );
    assert_eq!(Taken::of(log.as_bytes()).counts.transfers, 1);
}

#[test]
fn a_hundred_megabytes_on_one_line_cost_one_line() {
    let folder = Folder::new();
    let path = folder.path().join("node.log.zst");
    let mut out = zstd::Encoder::new(fs::File::create(&path).unwrap(), 1).unwrap();
    out.write_all(uploaded(1, 'A').as_bytes()).unwrap();
    let part = vec![b'x'; 1 << 20];
    for _ in 0..100 {
        out.write_all(&part).unwrap();
    }
    out.write_all(format!("\n{}", uploaded(2, 'B')).as_bytes()).unwrap();
    out.finish().unwrap();
    let mut taken = Taken::default();
    taken.import_one(&path);
    assert_eq!((taken.counts.transfers, taken.counts.unparsed), (2, 1));
    assert_eq!(taken.counts.skipped_bytes, (100 << 20) + 1);
}

#[test]
fn a_line_that_is_too_long_is_not_taken_before_its_end() {
    let folder = Folder::new();
    let mut taken = Taken::default();
    let mut log = uploaded(1, 'A').into_bytes();
    log.extend(vec![b'x'; 2_500_000]);
    let report = taken.import_one(&folder.write("node.log", &log));
    assert_eq!((report.unread_bytes, taken.counts.lines()), (2_500_000, 1));
    log.extend(b"more\n");
    log.extend(uploaded(2, 'B').into_bytes());
    let report = taken.import_one(&folder.write("node.log", &log));
    assert_eq!((report.unread_bytes, taken.counts.lines()), (0, 3));
    assert_eq!((taken.counts.transfers, taken.counts.skipped_bytes), (2, 2_500_005));
}

/// A `docker logs` file in which each long line is split at 16 KiB, cut at every physical line.
#[test]
fn a_line_that_docker_split_is_taken_once_and_whole() {
    let folder = Folder::new();
    let error =
        format!("\"error\": \"file does not exist\", \"errorVerbose\": \"{}\"", "y".repeat(40_000));
    let failed = line("2026-08-19T14:00:01Z", "ERROR", "download failed", 'D', &error);
    let parts: Vec<String> = failed
        .as_bytes()
        .chunks(16_384)
        .map(|part| {
            let text = serde_json::to_string(std::str::from_utf8(part).unwrap()).unwrap();
            format!(
                "{{\"log\":{text},\"stream\":\"stdout\",\"time\":\"2026-08-19T14:00:01.5Z\"}}\n"
            )
        })
        .collect();
    assert_eq!(parts.len(), 3);
    // Nothing in a part alone shows that a node wrote it.
    let whole = r#"{"log":"2026-08-19T14:00:00Z\tINFO\ttrust\tx\n","stream":"stdout","time":"2026-08-19T14:00:00Z"}"#;
    let whole = format!("{whole}\n");
    let mut taken = Taken::default();
    let mut log = whole.clone();
    for transfers in 1..=3 {
        for part in &parts {
            log += part;
            taken.import_one(&folder.write("node.log", log.as_bytes()));
        }
        assert_eq!((taken.counts.transfers, taken.counts.continuation), (transfers, 2 * transfers));
    }
    assert_eq!(taken.counts.unparsed, 0);
    // Across the boundaries of the parts that are parsed side by side.
    let taken = Taken::of(format!("{whole}{}", parts.concat().repeat(100)).as_bytes());
    assert_eq!((taken.counts.transfers, taken.counts.continuation), (100, 200));
}

#[test]
fn an_archive_that_breaks_off_keeps_what_was_read() {
    let (log, _) = simulated(Encoding::Console, Vocabulary::Y2026, 12_000);
    let whole = Taken::of(&log);
    for archive in [gzip(&log), zstd(&log)] {
        for share in [20, 50, 90] {
            let folder = Folder::new();
            let truncated = folder.write("node.log", &archive[..archive.len() * share / 100]);
            let mut taken = Taken::default();
            let mut import = taken.begin(2);
            let error = taken.file(&mut import, &Archive::open(&truncated).unwrap()).unwrap_err();
            assert!(matches!(error, Error::Io { doing: "read", .. }), "{error}");
            let lines = taken.counts.lines();
            assert!(lines > 10_000 * share as u64 / 100 && lines < 12_000, "{lines} of {share} %");
            assert_eq!(taken.checkpoints[0].offset as usize, line_begin(&log, lines as usize));
            assert!(whole.records.starts_with(&taken.records));
            // Once the archive is complete, only its rest is read.
            let complete = folder.write("node.log", &archive);
            assert_eq!(taken.import_one(&complete).status, Status::Resumed);
            assert_eq!((taken.counts, taken.totals()), (whole.counts, whole.totals()));
        }
    }
}

fn refusal(path: PathBuf) -> Error {
    let (found, mut errors) = find_archives(&[path]);
    assert!(found.is_empty() && errors.len() == 1, "{found:?} {errors:?}");
    errors.remove(0)
}

/// Predecessor fault 13: a file that is missing was no error.
#[test]
fn what_is_no_log_is_refused_with_a_reason() {
    let folder = Folder::new();
    let empty_folder = folder.path().join("empty");
    fs::create_dir(&empty_folder).unwrap();
    assert!(matches!(refusal(empty_folder.clone()), Error::NoLogs { .. }));
    fs::write(empty_folder.join("photo.jpg"), [0xff, 0xd8, 0xff]).unwrap();
    fs::write(empty_folder.join("empty.log"), b"").unwrap();
    assert!(matches!(refusal(empty_folder), Error::NoLogs { .. }));
    assert!(matches!(refusal(folder.path().join("missing.log")), Error::Missing { .. }));
    assert!(matches!(refusal(folder.path().join("node.log.[0-9]")), Error::NoMatch { .. }));
    assert!(matches!(refusal(folder.write("empty.log", b"")), Error::Empty { .. }));
    let binary: Vec<u8> = (0..50_000_u32).map(|at| (at * at / 7) as u8).collect();
    assert!(matches!(refusal(folder.write("binary", &binary)), Error::NotALog { .. }));
    assert!(matches!(refusal(folder.write("b.gz", &gzip(&binary))), Error::NotALog { .. }));
    assert!(matches!(refusal(folder.write("b.zst", &zstd(b""))), Error::NotALog { .. }));
    let cut_short = folder.write("cut.gz", &gzip(uploaded(1, 'A').as_bytes())[..30]);
    assert!(matches!(refusal(cut_short), Error::Io { doing: "read", .. }));
}

#[test]
fn encodings_that_lack_the_date_or_the_fields_are_refused_by_name() {
    let folder = Folder::new();
    let pretty = "14:03:27.412\tINFO\tuploaded\n\tprocess: storagenode\n\tsize: 1\n".repeat(20);
    let google = r#"{"severity":"INFO","message":"uploaded","timestamp":"2026-08-19T14:03:27Z"}"#;
    for (name, text) in [("pretty", pretty), ("gcloudlogging", format!("{google}\n").repeat(20))] {
        let error = refusal(folder.write(name, text.as_bytes()));
        let is_named = matches!(&error, Error::Encoding { encoding, .. } if *encoding == name);
        assert!(is_named, "{error}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_reported_beside_the_others() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new();
    let locked = folder.write("node.log.1", uploaded(1, 'A').as_bytes());
    folder.write("node.log", uploaded(2, 'B').as_bytes());
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(&locked).is_ok() {
        // The superuser may read everything.
        return;
    }
    let (found, errors) = find_archives(&[folder.path()]);
    assert_eq!(found.len(), 1);
    assert!(matches!(errors[..], [Error::Io { doing: "open", .. }]), "{errors:?}");
}

#[test]
fn a_log_without_a_line_to_keep_is_known_all_the_same() {
    let folder = Folder::new();
    let log = "2026-08-19T14:03:27Z\tINFO\ttrust\tScheduling next refresh\t{\"after\": \"5h\"}\n";
    let path = folder.write("node.log", log.repeat(3).as_bytes());
    let mut taken = Taken::default();
    assert_eq!(taken.import_one(&path).status, Status::Imported);
    let again = FileReport { status: Status::AlreadyImported, unread_bytes: 0 };
    assert_eq!(taken.import_one(&path), again);
    assert_eq!((taken.counts.other, taken.records.len()), (3, 0));
}
