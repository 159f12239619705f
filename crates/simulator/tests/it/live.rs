//! Live logs: all files of one, in order and decompressed, are what the simulator writes.

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use flate2::read::GzDecoder;
use piecewatch_simulator::{
    Compression, Config, LiveConfig, LiveLog, Rotation, Simulator, Truth, Writes,
};
use tempfile::TempDir;

fn whole(lines: u64) -> (Vec<u8>, Truth) {
    let mut log = Vec::new();
    let truth = Simulator::new(Config::default()).write(lines, &mut log).unwrap();
    (log, truth)
}

/// A log in a folder of its own.
fn live(change: impl FnOnce(&mut LiveConfig)) -> (TempDir, LiveLog) {
    let folder = tempfile::tempdir().unwrap();
    let mut config = LiveConfig::new(folder.path().join("node.log"));
    change(&mut config);
    let log = LiveLog::create(Config::default(), config).unwrap();
    (folder, log)
}

fn read(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut file = File::open(path).unwrap();
    if path.extension().is_some_and(|extension| extension == "gz") {
        GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    } else {
        file.read_to_end(&mut bytes).unwrap();
    }
    bytes
}

fn read_all(log: &LiveLog) -> Vec<u8> {
    log.files().iter().flat_map(|path| read(path)).collect()
}

fn names(folder: &TempDir) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

#[test]
fn all_files_together_are_the_log_of_the_simulator() {
    let (expected, truth) = whole(1_000);
    for rotation in Rotation::ALL {
        for compression in Compression::ALL {
            for writes in [Writes::Lines, Writes::Halves, Writes::Chunks] {
                let context = format!("{rotation}, {compression}, {writes:?}");
                let (_folder, mut log) = live(|config| {
                    (config.rotation, config.compression, config.writes) =
                        (rotation, compression, writes);
                });
                // The third one is rotated before a held file is let go.
                for lines in [400, 300, 5, 295] {
                    log.write(lines).unwrap();
                    log.rotate().unwrap();
                }
                log.flush().unwrap();
                assert!(read_all(&log) == expected, "{context}");
                assert_eq!((log.truth(), log.bytes()), (&truth, expected.len() as u64));
            }
        }
    }
}

#[test]
fn old_files_are_numbered_compressed_and_removed() {
    let names_after = |compression, keep| {
        let (folder, mut log) =
            live(|config| (config.compression, config.keep) = (compression, keep));
        for _ in 0..4 {
            log.write(10).unwrap();
            log.rotate().unwrap();
        }
        names(&folder)
    };
    let all = ["node.log", "node.log.1", "node.log.2", "node.log.3", "node.log.4"];
    assert_eq!(names_after(Compression::Never, None), all);
    let later = ["node.log", "node.log.1", "node.log.2.gz"];
    assert_eq!(names_after(Compression::Later, Some(2)), later);
    assert_eq!(names_after(Compression::AtOnce, Some(1)), ["node.log", "node.log.1.gz"]);
    assert_eq!(names_after(Compression::AtOnce, Some(0)), ["node.log"]);
}

#[test]
fn a_renamed_file_is_written_to_while_it_is_held() {
    let (folder, mut log) = live(|config| {
        (config.rotation, config.compression) = (Rotation::RenameHeld, Compression::AtOnce);
    });
    log.write(100).unwrap();
    log.rotate().unwrap();
    assert_eq!(names(&folder), ["node.log", "node.log.1"]);
    log.write(20).unwrap();
    let (old, new) = (folder.path().join("node.log.1"), folder.path().join("node.log"));
    assert_eq!((read(&old), read(&new)), (whole(120).0, Vec::new()));
    log.write(1).unwrap();
    assert_eq!(names(&folder), ["node.log", "node.log.1.gz"]);
    assert_eq!(read(&new).iter().filter(|&&byte| byte == b'\n').count(), 1);
}

#[test]
fn a_stopped_node_has_no_file_until_it_writes() {
    let (folder, mut log) = live(|config| config.rotation = Rotation::StopMoveStart);
    log.write(10).unwrap();
    log.rotate().unwrap();
    assert_eq!(names(&folder), ["node.log.1"]);
    log.write(1).unwrap();
    assert_eq!(names(&folder), ["node.log", "node.log.1"]);
}

#[test]
fn a_truncated_file_is_the_same_file() {
    let (folder, mut log) = live(|config| config.rotation = Rotation::CopyTruncate);
    let path = folder.path().join("node.log");
    let mut held = File::open(&path).unwrap();
    log.write(10).unwrap();
    log.rotate().unwrap();
    assert_eq!(held.metadata().unwrap().len(), 0);
    log.write(5).unwrap();
    let mut text = Vec::new();
    held.read_to_end(&mut text).unwrap();
    assert!(whole(15).0.ends_with(&text) && !text.is_empty());
}

#[test]
fn dated_files_keep_their_names() {
    let (folder, mut log) =
        live(|config| (config.rotation, config.keep) = (Rotation::Dated, Some(2)));
    for _ in 0..13 {
        log.write(3).unwrap();
        log.rotate().unwrap();
    }
    let expected = ["node-20260830.log", "node-20260831.log", "node-20260901.log"];
    assert_eq!(names(&folder), expected);
    assert_eq!(name(&log.source()), "node-*.log");
}

#[cfg(unix)]
#[test]
fn the_link_moves_to_the_next_file() {
    let (folder, mut log) = live(|config| config.rotation = Rotation::Symlink);
    log.write(10).unwrap();
    log.rotate().unwrap();
    log.write(5).unwrap();
    assert_eq!(names(&folder), ["node-000000.log", "node-000001.log", "node.log"]);
    assert_eq!(fs::read_link(log.source()).unwrap(), PathBuf::from("node-000001.log"));
    assert!(whole(15).0.ends_with(&read(&log.source())));
}

#[test]
fn half_a_line_waits_for_its_rest() {
    let (folder, mut log) = live(|config| config.writes = Writes::Halves);
    let path = folder.path().join("node.log");
    let expected = whole(30).0;
    for _ in 0..30 {
        log.write(1).unwrap();
        let text = read(&path);
        assert!(expected.starts_with(&text) && !text.ends_with(b"\n"));
    }
    log.flush().unwrap();
    assert!(read(&path) == expected);
}

#[test]
fn two_nodes_may_begin_with_the_same_bytes() {
    let begun = |seed| {
        let (folder, mut log) = live(|_| {});
        while log.bytes() < 4_096 {
            log.write(1).unwrap();
        }
        log.reseed(seed);
        log.write(200).unwrap();
        (read(&folder.path().join("node.log")), log.truth().clone())
    };
    let ((one, truth), (two, _), (again, _)) = (begun(1), begun(2), begun(1));
    assert_eq!(one[..4_096], two[..4_096]);
    assert!(one != two && one == again);
    assert_eq!(one.iter().filter(|&&byte| byte == b'\n').count() as u64, truth.lines);
}

#[test]
fn a_restart_is_told_in_the_log() {
    let (folder, mut log) = live(|_| {});
    log.write(100).unwrap();
    let before = log.truth().background;
    log.restart();
    log.write(100).unwrap();
    assert!(log.truth().background > before);
    let text = String::from_utf8_lossy(&read(&folder.path().join("node.log"))).into_owned();
    assert!(text.contains("Configuration loaded") && text.contains("Public server started on"));
}

#[test]
fn what_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logs/node.log");
    let error = LiveLog::create(Config::default(), LiveConfig::new(path.clone())).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot open {}", path.display()));
}

#[test]
fn names_round_trip() {
    for rotation in Rotation::ALL {
        assert_eq!(rotation.name().parse::<Rotation>().unwrap(), rotation);
    }
    for compression in Compression::ALL {
        assert_eq!(compression.name().parse::<Compression>().unwrap(), compression);
    }
    let error = "logrotate".parse::<Rotation>().unwrap_err();
    assert_eq!(error.to_string(), "unknown rotation \"logrotate\"");
}
