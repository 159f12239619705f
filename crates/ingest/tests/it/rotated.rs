//! A log in rotated pieces equals the log in one.

use std::path::PathBuf;

use piecewatch_ingest::Status;
use piecewatch_simulator::{Config, Encoding, Simulator, Vocabulary};

use crate::reading::{Folder, Taken, gzip, line_begin, simulated, uploaded, zstd};

/// Cuts a log as logrotate does: the oldest piece has the highest number, some are compressed.
fn rotate(folder: &Folder, log: &[u8], lines: [usize; 3]) -> Vec<PathBuf> {
    let [one, two, three] = lines.map(|line| line_begin(log, line));
    vec![
        folder.write("node.log.3.gz", &gzip(&log[..one])),
        folder.write("node.log.2.zst", &zstd(&log[one..two])),
        folder.write("node.log.1", &log[two..three]),
        folder.write("node.log", &log[three..]),
    ]
}

fn assert_equal(pieces: &Taken, whole: &Taken) {
    assert_eq!(pieces.counts, whole.counts);
    assert_eq!(pieces.totals(), whole.totals());
    assert!(pieces.records == whole.records, "the same records in the same order");
}

/// Predecessor fault 8: the lines between the end of the old file and the first look at the new one
/// were lost.
#[test]
fn pieces_imported_as_a_folder_or_by_a_pattern_equal_the_whole() {
    for (encoding, vocabulary) in [
        (Encoding::Console, Vocabulary::Y2022),
        (Encoding::Console, Vocabulary::Y2023),
        (Encoding::DockerJson, Vocabulary::Y2023),
        (Encoding::JournalJson, Vocabulary::Y2026),
    ] {
        let folder = Folder::new();
        let (log, truth) = simulated(encoding, vocabulary, 6_000);
        let whole = Taken::of(&log);
        assert_eq!(whole.totals(), truth.transfers);
        rotate(&folder, &log, [1_500, 1_700, 4_000]);
        folder.write("notes.txt", b"not a log");
        folder.write(".hidden.log", &log);
        for named in [folder.path(), folder.path().join("node.log*")] {
            let mut pieces = Taken::default();
            let reports = pieces.import(&[named]);
            assert_eq!(reports.len(), 4);
            assert!(reports.iter().all(|(_, report)| report.status == Status::Imported));
            assert_equal(&pieces, &whole);
        }
    }
}

/// Every cut, also between the two lines that tell one event, and between a start and its end.
#[test]
fn a_cut_at_any_line_changes_nothing() {
    let (log, _) = simulated(Encoding::Console, Vocabulary::Y2023, 260);
    let whole = Taken::of(&log);
    assert!(whole.counts.told_twice > 0);
    for cut in 10..250 {
        let folder = Folder::new();
        let at = line_begin(&log, cut);
        let paths = [folder.write("node.log.1", &log[..at]), folder.write("node.log", &log[at..])];
        let mut pieces = Taken::default();
        // In the order given, since pieces this short may begin in the same second.
        let mut import = pieces.begin(1);
        for path in &paths {
            let archive = piecewatch_ingest::Archive::open(path).unwrap();
            pieces.file(&mut import, &archive).unwrap();
        }
        assert_equal(&pieces, &whole);

        // The same in two runs, when the second sees the first piece again.
        let mut pieces = Taken::default();
        for run in [&paths[..1], &paths[..]] {
            let mut import = pieces.begin(1);
            for path in run {
                let archive = piecewatch_ingest::Archive::open(path).unwrap();
                pieces.file(&mut import, &archive).unwrap();
            }
        }
        assert_equal(&pieces, &whole);
    }
}

#[test]
fn a_piece_of_each_run_adds_up_and_gives_no_wrong_latency() {
    let (log, truth) = simulated(Encoding::DockerJson, Vocabulary::Y2026, 6_000);
    let whole = Taken::of(&log);
    let folder = Folder::new();
    let mut pieces = Taken::default();
    for path in rotate(&folder, &log, [1_501, 1_703, 4_002]) {
        assert_eq!(pieces.import_one(&path).status, Status::Imported);
    }
    assert_eq!(pieces.counts, whole.counts);
    assert_eq!(pieces.totals(), truth.transfers);
    let mut missing = 0;
    for (piece, whole) in pieces.transfers().zip(whole.transfers()) {
        match piece.latency {
            Some(_) => assert_eq!(piece, whole),
            None => missing += u32::from(whole.latency.is_some()),
        }
    }
    // Only the few that were open at the three cuts.
    assert!((1..100).contains(&missing), "{missing}");
}

#[test]
fn a_rotation_between_two_imports_is_seen_through() {
    let (log, _) = simulated(Encoding::Console, Vocabulary::Y2026, 6_000);
    let whole = Taken::of(&log);
    let folder = Folder::new();
    let (early, late) = (line_begin(&log, 2_000), line_begin(&log, 4_500));
    let mut taken = Taken::default();
    taken.import_one(&folder.write("node.log", &log[..early]));
    // The file grew, was renamed and compressed, and another one began.
    folder.write("node.log.1.gz", &gzip(&log[..late]));
    folder.write("node.log", &log[late..]);
    let reports = taken.import(&[folder.path()]);
    let statuses: Vec<Status> = reports.iter().map(|(_, report)| report.status).collect();
    assert_eq!(statuses, [Status::Resumed, Status::Imported]);
    assert_equal(&taken, &whole);
    // Nothing is new, however it is asked for.
    for again in [folder.path(), folder.path().join("*.log*")] {
        for (_, report) in taken.import(&[again]) {
            assert_eq!(report.status, Status::AlreadyImported);
        }
    }
    assert_eq!(taken.counts, whole.counts);
}

/// Numbered files change their names with each rotation: who follows a log meets all of them again.
#[test]
fn older_pieces_met_again_under_other_names_change_nothing() {
    let config = Config { vocabulary: Vocabulary::Y2023, ..Config::default() };
    let (mut simulator, mut log) = (Simulator::new(config), Vec::new());
    simulator.write(1_000, &mut log).unwrap();
    simulator.restart();
    simulator.write(3_100, &mut log).unwrap();
    let whole = Taken::of(&log);
    for cut in 4_000..4_030 {
        let folder = Folder::new();
        let [one, two] = [2_000, cut].map(|line| line_begin(&log, line));
        let mut taken = Taken::default();
        // The node restarts in it, and nothing goes on across that.
        taken.import_one(&folder.write("node.log.1", &log[..one]));
        let mut import = taken.begin(1);
        let mut statuses = Vec::new();
        for (name, bytes) in [
            ("node.log.1", &log[..one]),
            ("node.log", &log[one..two]),
            ("node.log.2", &log[..one]),
            ("node.log.1", &log[one..two]),
            ("node.log", &log[two..]),
        ] {
            let path = folder.write(name, bytes);
            let archive = piecewatch_ingest::Archive::open(&path).unwrap();
            statuses.push(taken.file(&mut import, &archive).unwrap().status);
        }
        let (new, known) = (Status::Imported, Status::AlreadyImported);
        assert_eq!(statuses, [known, new, known, known, new]);
        assert_equal(&taken, &whole);
    }
}

/// Between the look at a piece that is known and the reading of what comes after it.
#[test]
fn a_known_piece_that_is_renamed_or_removed_meanwhile_is_looked_for_once_more() {
    let (log, _) = simulated(Encoding::Console, Vocabulary::Y2023, 2_100);
    let whole = Taken::of(&log);
    for cut in 2_000..2_030 {
        for is_removed in [false, true] {
            let folder = Folder::new();
            let at = line_begin(&log, cut);
            let known = folder.write("node.log.1", &log[..at]);
            let new = folder.write("node.log", &log[at..]);
            let mut taken = Taken::default();
            taken.import_one(&known);
            let mut import = taken.begin(1);
            let open = |path: &PathBuf| piecewatch_ingest::Archive::open(path).unwrap();
            taken.file(&mut import, &open(&known)).unwrap();
            std::fs::remove_file(&known).unwrap();
            let (archive, progress) = (open(&new), std::sync::atomic::AtomicU64::new(0));
            let refused = import.file(&archive, &progress, |_| piecewatch_ingest::Flow::Stop);
            assert!(refused.is_err(), "{refused:?}");
            if !is_removed {
                let renamed = folder.write("node.log.2.gz", &gzip(&log[..at]));
                taken.file(&mut import, &open(&renamed)).unwrap();
            }
            if is_removed {
                assert!(import.file(&archive, &progress, |_| panic!("nothing is read")).is_err());
            }
            taken.file(&mut import, &archive).unwrap();
            assert_eq!(taken.counts.lines(), whole.counts.lines());
            if !is_removed {
                assert_equal(&taken, &whole);
            }
        }
    }
}

#[test]
fn of_pieces_that_begin_in_one_second_the_names_tell_which_is_older() {
    for names in [
        &["node.log.10", "node.log.9", "node.log.2", "node.log.1", "node.log"][..],
        &["node-20260101.log", "node-20260102.log", "node-20260103.log"],
        &["node.log-20260101", "node.log-20260102", "node.log"],
        &["node-000009.log", "node-000010.log"],
        &["node.log.2026-01-01", "node.log.2026-01-02", "node.log"],
    ] {
        let folder = Folder::new();
        let mut expected = Vec::new();
        for (at, name) in names.iter().enumerate() {
            let lines = uploaded(0, char::from(b'A' + at as u8));
            expected.push(if at == 0 {
                folder.write(&format!("{name}.gz"), &gzip(lines.as_bytes()))
            } else {
                folder.write(name, lines.as_bytes())
            });
        }
        let reports = Taken::default().import(&[folder.path()]);
        let found: Vec<PathBuf> = reports.into_iter().map(|(path, _)| path).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn a_file_named_several_times_is_one() {
    let (log, _) = simulated(Encoding::Console, Vocabulary::Y2026, 500);
    let folder = Folder::new();
    let path = folder.write("node.log", &log);
    let mut taken = Taken::default();
    let reports = taken.import(&[path.clone(), folder.path(), path, folder.path().join("n*")]);
    assert_eq!(reports.len(), 1);
    assert_eq!(taken.counts, Taken::of(&log).counts);
}
