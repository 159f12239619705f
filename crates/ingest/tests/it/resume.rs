//! A source is known by its content: the same lines are taken once, under whatever name they come.

use std::fs;

use piecewatch_ingest::{FileReport, Status};
use piecewatch_simulator::{Encoding, Vocabulary};

use crate::reading::{Folder, Taken, gzip, line, line_begin, simulated, uploaded, zstd};

const NOTHING_NEW: FileReport = FileReport { status: Status::AlreadyImported, unread_bytes: 0 };

fn log() -> Vec<u8> {
    simulated(Encoding::Console, Vocabulary::Y2026, 6_000).0
}

/// Predecessor fault 13: an import had no duplicate detection.
#[test]
fn a_file_is_taken_once_under_any_name_and_compression() {
    let folder = Folder::new();
    let log = log();
    let mut taken = Taken::default();
    let report = taken.import_one(&folder.write("node.log", &log));
    assert_eq!(report, FileReport { status: Status::Imported, unread_bytes: 0 });
    let once = taken.clone();

    let (one, two) = log.split_at(log.len() / 3);
    for (name, bytes) in [
        ("node.log", log.clone()),
        ("renamed", log.clone()),
        ("node.log.gz", gzip(&log)),
        ("members.gz", [gzip(one), gzip(two)].concat()),
        ("node.log.zst", zstd(&log)),
        ("frames.zst", [zstd(one), zstd(two)].concat()),
    ] {
        assert_eq!(taken.import_one(&folder.write(name, &bytes)), NOTHING_NEW, "{name}");
    }
    assert_eq!((taken.records, taken.counts), (once.records, once.counts));
    assert_eq!(taken.checkpoints, once.checkpoints);
}

#[test]
fn every_compression_gives_the_records_of_the_plain_file() {
    let folder = Folder::new();
    let log = log();
    let plain = Taken::of(&log);
    let (one, two) = log.split_at(log.len() / 3);
    for (name, bytes) in [
        ("a.gz", gzip(&log)),
        ("members.gz", [gzip(one), gzip(two), gzip(b"")].concat()),
        ("a.zst", zstd(&log)),
        ("frames.zst", [zstd(one), zstd(two)].concat()),
        // The name says nothing.
        ("gzip-as.log", gzip(&log)),
        ("plain-as.gz", log.clone()),
    ] {
        let mut taken = Taken::default();
        let report = taken.import_one(&folder.write(name, &bytes));
        assert_eq!(report.status, Status::Imported, "{name}");
        assert_eq!((taken.records, taken.counts), (plain.records.clone(), plain.counts), "{name}");
        assert_eq!(taken.checkpoints, plain.checkpoints, "{name}");
    }
}

/// What the first half of a log tells about its second, the hash of every power of two: so an older
/// copy is known once it has 64 bytes, and a line about a transfer has more than that.
#[test]
fn an_older_and_shorter_copy_of_any_length_adds_no_transfer() {
    let folder = Folder::new();
    let log = log();
    let mut taken = Taken::of(&log);
    let once = taken.clone();
    let cuts = [1, 2, 3, 10, 12, 13, 14, 100, 3_000].map(|line| line_begin(&log, line));
    let cuts = cuts.into_iter().chain([log.len() - 1, 200, 4_095, 4_096, 4_097, 5_000]);
    for cut in cuts {
        assert_eq!(taken.import_one(&folder.write("older.log", &log[..cut])), NOTHING_NEW, "{cut}");
        let older = folder.write("older.log.gz", &gzip(&log[..cut]));
        assert_eq!(taken.import_one(&older), NOTHING_NEW, "{cut}");
    }
    assert_eq!(taken.counts, once.counts);
    // Too short to be told from another source: no promise, and nothing that counts is in it.
    assert!(uploaded(0, 'A').len() > 64);
}

#[test]
fn a_grown_file_adds_only_what_is_new() {
    let folder = Folder::new();
    let log = log();
    let whole = Taken::of(&log);
    let mut taken = Taken::default();
    let mut status = Status::Imported;
    for lines in [1, 2, 30, 700, 701, 5_000, 6_000] {
        let grown = folder.write("node.log", &log[..line_begin(&log, lines)]);
        assert_eq!(taken.import_one(&grown), FileReport { status, unread_bytes: 0 }, "{lines}");
        assert_eq!(taken.import_one(&grown), NOTHING_NEW, "{lines}");
        assert_eq!(taken.counts.lines(), lines as u64);
        status = Status::Resumed;
    }
    assert_eq!(taken.counts, whole.counts);
    assert_eq!(taken.totals(), whole.totals());
    // What lines leave behind is there again after each resumption, so nothing else differs either.
    assert!(taken.transfers().eq(whole.transfers()));
    assert_eq!(taken.checkpoints, whole.checkpoints);
}

#[test]
fn a_grown_archive_adds_only_what_is_new() {
    let folder = Folder::new();
    let log = log();
    let half = line_begin(&log, 3_000);
    for grown in [gzip(&log), zstd(&log), [gzip(&log[..half]), gzip(&log[half..])].concat()] {
        let mut taken = Taken::of(&log[..half]);
        let report = taken.import_one(&folder.write("grown", &grown));
        assert_eq!(report.status, Status::Resumed);
        assert_eq!(taken.counts, Taken::of(&log).counts);
    }
}

#[test]
fn two_files_with_the_same_beginning_are_two_sources() {
    let folder = Folder::new();
    let log = log();
    let cut = line_begin(&log, 40);
    assert!(cut > 4_096);
    let begun = std::str::from_utf8(&log[..cut]).unwrap();
    let one = folder.write("one.log", format!("{begun}{}", uploaded(1, 'A').repeat(90)).as_bytes());
    let two = folder.write("two.log", format!("{begun}{}", uploaded(1, 'B').repeat(90)).as_bytes());
    let longer =
        folder.write("three.log", format!("{begun}{}", uploaded(1, 'C').repeat(500)).as_bytes());
    let mut taken = Taken::default();
    for path in [&one, &two, &longer] {
        assert_eq!(taken.import_one(path).status, Status::Imported);
    }
    assert_eq!(taken.checkpoints.len(), 3);
    for path in [&one, &two, &longer] {
        assert_eq!(taken.import_one(path), NOTHING_NEW);
    }
    assert_eq!(taken.counts.lines(), 3 * 40 + 90 + 90 + 500);
}

#[test]
fn a_truncated_file_that_grew_past_its_old_size_is_new() {
    let folder = Folder::new();
    let (old, new) = (uploaded(1, 'A').repeat(50), uploaded(2, 'B').repeat(80));
    let mut taken = Taken::default();
    taken.import_one(&folder.write("node.log", old.as_bytes()));
    let report = taken.import_one(&folder.write("node.log", new.as_bytes()));
    assert_eq!(report.status, Status::Imported);
    assert_eq!(taken.counts.transfers, 130);
}

/// Predecessor fault 7: half a line at the end of a file was taken as a line, and both halves lost.
#[test]
fn an_unterminated_last_line_is_read_once_it_is_complete() {
    let folder = Folder::new();
    let (first, second) = (uploaded(1, 'A'), uploaded(2, 'B'));
    let mut taken = Taken::default();
    for cut in 1..second.len() {
        let path = folder.write("node.log", format!("{first}{}", &second[..cut]).as_bytes());
        let report = taken.import_one(&path);
        assert_eq!(report.unread_bytes, cut as u64);
        let status = if cut == 1 { Status::Imported } else { Status::AlreadyImported };
        assert_eq!((report.status, taken.counts.lines()), (status, 1), "{cut}");
    }
    let path = folder.write("node.log", format!("{first}{second}").as_bytes());
    assert_eq!(taken.import_one(&path).status, Status::Resumed);
    assert_eq!((taken.counts.transfers, taken.counts.lines()), (2, 2));
}

#[test]
fn an_unterminated_last_line_of_an_archive_is_a_line() {
    let folder = Folder::new();
    let log = format!("{}{}", uploaded(1, 'A'), uploaded(2, 'B'));
    let unterminated = &log.as_bytes()[..log.len() - 1];
    for bytes in [gzip(unterminated), zstd(unterminated)] {
        let mut taken = Taken::default();
        let report = taken.import_one(&folder.write("archive", &bytes));
        assert_eq!(report, FileReport { status: Status::Imported, unread_bytes: 0 });
        assert_eq!(taken.counts.transfers, 2);
        // The plain file, still without its end, has nothing new; with it and more, only more.
        assert_eq!(taken.import_one(&folder.write("node.log", unterminated)), NOTHING_NEW);
        let grown = format!("{log}{}", uploaded(3, 'C'));
        assert_eq!(
            taken.import_one(&folder.write("node.log", grown.as_bytes())).status,
            Status::Resumed
        );
        assert_eq!(taken.counts.transfers, 3);
    }
}

#[test]
fn the_plain_file_may_be_read_before_and_after_its_archive() {
    let folder = Folder::new();
    let log = format!("{}{}", uploaded(1, 'A'), uploaded(2, 'B'));
    let half = &log.as_bytes()[..log.len() - 20];
    let unread = uploaded(2, 'B').len() as u64 - 20;
    let mut taken = Taken::default();
    assert_eq!(taken.import_one(&folder.write("node.log", half)).unread_bytes, unread);
    assert_eq!(
        taken.import_one(&folder.write("node.log.gz", &gzip(log.as_bytes()))).status,
        Status::Resumed
    );
    assert_eq!(taken.import_one(&folder.write("node.log", log.as_bytes())), NOTHING_NEW);
    assert_eq!(taken.counts.transfers, 2);
}

#[test]
fn any_number_of_workers_gives_the_same_records() {
    let folder = Folder::new();
    let (log, _) = simulated(Encoding::DockerJson, Vocabulary::Mixed, 20_000);
    assert!(log.len() > 5 << 20, "several parts");
    let path = folder.write("node.log", &log);
    let mut one = Taken::default();
    one.import_with(std::slice::from_ref(&path), 1);
    for workers in [2, 5] {
        let mut many = Taken::default();
        many.import_with(std::slice::from_ref(&path), workers);
        assert_eq!(many.counts, one.counts);
        assert!(many.records == one.records, "{workers} workers");
        assert_eq!(many.checkpoints, one.checkpoints);
    }
}

#[test]
fn a_copy_in_the_same_import_leaves_no_start_behind_twice() {
    let folder = Folder::new();
    let at = |second: u32| format!("2022-08-11T10:00:{second:02}.000Z");
    let action = "\"action\": \"GET\"";
    let start = |second| line(&at(second), "INFO", "download started", 'A', action);
    let end = |second| line(&at(second), "INFO", "downloaded", 'A', action);
    let older = line(&at(0), "INFO", "uploaded", 'B', "\"action\": \"PUT\"");
    let first = format!("{older}{}", start(1));
    let next = format!("{}{}{}", end(3), start(10), end(14));
    let latencies = |taken: &Taken| -> Vec<u64> {
        taken.transfers().filter_map(|transfer| Some(transfer.latency?.micros)).collect()
    };
    let expected = [2_000_000, 4_000_000];

    // The copy comes behind the file, and before the one that follows.
    let paths = [
        folder.write("node.log.1", first.as_bytes()),
        folder.write("node.log.1.gz", &gzip(first.as_bytes())),
        folder.write("node.log", next.as_bytes()),
    ];
    let mut taken = Taken::default();
    taken.import(&paths);
    assert_eq!(latencies(&taken), expected);

    // The file that follows is the copy, grown.
    let grown = folder.write("other.log", format!("{first}{next}").as_bytes());
    let mut taken = Taken::default();
    taken.import(&[paths[0].clone(), grown.clone()]);
    assert_eq!(latencies(&taken), expected);

    // The same, when the copy was imported by an earlier run.
    let mut taken = Taken::default();
    taken.import_one(&paths[0]);
    taken.import(&[paths[1].clone(), grown]);
    assert_eq!(latencies(&taken), expected);
    fs::remove_file(&paths[0]).unwrap();
}
