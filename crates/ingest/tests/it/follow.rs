//! Logs that are written while they are read: every line once, whatever becomes of the files.

use std::{
    fs,
    io::Write,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use piecewatch_ingest::{BatchInterval, FollowConfig, Noticing, Source, State};
use piecewatch_model::Timestamp;
use piecewatch_simulator::{
    Compression, Config, Encoding, LiveConfig, LiveLog, Rotation, Vocabulary, Writes,
};

use crate::following::{Stored, config, now, wait_until};

fn simulated(seed: u64) -> Config {
    Config { seed, vocabulary: Vocabulary::Y2023, ..Config::default() }
}

fn assert_truth(stored: &Stored, log: &LiveLog, name: &str) {
    let truth = log.truth();
    stored.wait_for_lines(truth.lines);
    let kept = stored.kept();
    assert_eq!(kept.totals(), truth.transfers, "{name}");
    assert_eq!(kept.counts.started, truth.started, "{name}");
    assert_eq!(kept.counts.told_twice, truth.told_twice, "{name}");
}

/// Writes and rotates; the pauses are as long as a look, shorter and longer.
fn write_in_rounds(log: &mut LiveLog, rounds: u64, mut between: impl FnMut(u64)) {
    for round in 0..rounds {
        log.write(150 + 40 * round).unwrap();
        thread::sleep(Duration::from_millis(round * 13 % 60));
        log.rotate().unwrap();
        between(round);
    }
    log.write(100).unwrap();
    log.flush().unwrap();
}

fn check_rotation(rotation: Rotation) {
    for compression in Compression::ALL {
        for (writes, encoding) in
            [(Writes::Lines, Encoding::Console), (Writes::Halves, Encoding::DockerJson)]
        {
            let name = format!("{rotation} {compression} {writes:?}");
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("node.log");
            let live = LiveConfig { rotation, compression, writes, ..LiveConfig::new(path) };
            let mut log = LiveLog::create(Config { encoding, ..simulated(7) }, live).unwrap();

            // Followed all the time.
            let stored = Stored::default();
            let following = stored.follow(Source::File(log.source()));
            write_in_rounds(&mut log, 6, |_| {});
            assert_truth(&stored, &log, &format!("{name}, live"));
            drop(following);

            // Not followed while it is written and rotated.
            write_in_rounds(&mut log, 3, |_| {});
            let following = stored.follow(Source::File(log.source()));
            assert_truth(&stored, &log, &format!("{name}, afterwards"));
            drop(following);

            // Sometimes the one, sometimes the other.
            let mut following = None;
            write_in_rounds(&mut log, 6, |round| {
                following = (round % 2 == 0)
                    .then(|| stored.follow(Source::File(log_source(&folder, rotation))));
            });
            drop(following);
            let _following = stored.follow(Source::File(log.source()));
            assert_truth(&stored, &log, &format!("{name}, now and then"));
        }
    }
}

fn log_source(folder: &tempfile::TempDir, rotation: Rotation) -> std::path::PathBuf {
    folder.path().join(if rotation == Rotation::Dated { "node-*.log" } else { "node.log" })
}

#[test]
fn a_log_that_is_renamed_loses_nothing() {
    check_rotation(Rotation::Rename);
}

/// Predecessor fault 8.
#[test]
fn a_renamed_log_that_is_still_written_loses_nothing() {
    check_rotation(Rotation::RenameHeld);
}

#[test]
fn a_log_that_is_gone_between_stop_and_start_loses_nothing() {
    check_rotation(Rotation::StopMoveStart);
}

#[test]
fn a_log_that_is_copied_and_cut_loses_nothing() {
    check_rotation(Rotation::CopyTruncate);
}

#[test]
fn a_log_named_by_date_loses_nothing() {
    check_rotation(Rotation::Dated);
}

#[test]
fn a_link_that_moves_loses_nothing() {
    check_rotation(Rotation::Symlink);
}

/// What it has told the start of, and not the end, is counted by its own clock, and only while it is read.
#[test]
fn an_audit_that_does_not_end_is_known_as_long_as_the_log_is_read() {
    let piece = "ZKLYCEWKDO64V6WCGGZZUI64JWTYN37YCR6E44VZQB3YLL7OJC5Q";
    let line = |time: &str, message: &str, action: &str| {
        let fields =
            format!(r#"{{"Piece ID": "{piece}", "Action": "{action}", "Offset": 0, "Size": 256}}"#);
        format!("2022-08-11T{time}Z\tINFO\tpiecestore\t{message}\t{fields}\n")
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.log");
    let mut log = fs::File::create(&path).unwrap();
    let mut write = |line: String| log.write_all(line.as_bytes()).unwrap();
    let stored = Stored::default();
    let following = stored.follow(Source::File(path.clone()));
    let seconds = || {
        let now = now();
        let since = following.control.open_audit(now)?;
        Some((now.as_micros() - since.as_micros()) / 1_000_000)
    };
    write(line("10:00:00.250", "download started", "GET_AUDIT"));
    write(line("10:03:20.250", "download started", "GET"));
    stored.wait_for_lines(2);
    assert!(
        wait_until(|| seconds().is_some_and(|seconds| (200..260).contains(&seconds))),
        "{:?}",
        seconds()
    );
    write(line("10:03:40.250", "downloaded", "GET"));
    assert!(
        wait_until(|| seconds().is_some_and(|seconds| (220..280).contains(&seconds))),
        "{:?}",
        seconds()
    );
    write(line("10:03:41.250", "downloaded", "GET_AUDIT"));
    assert!(wait_until(|| seconds().is_none()), "{:?}", seconds());
    // One that never ends is given up after half an hour, and none goes on in a log that is not there.
    write(line("10:04:00.000", "download started", "GET_AUDIT"));
    write(line("10:04:10.000", "download started", "GET"));
    assert!(wait_until(|| seconds().is_some()));
    write(line("10:34:10.000", "download started", "GET"));
    assert!(wait_until(|| seconds().is_none()), "{:?}", seconds());
    write(line("10:34:11.000", "download started", "GET_AUDIT"));
    assert!(wait_until(|| seconds().is_some()));
    fs::remove_file(&path).unwrap();
    assert!(wait_until(|| seconds().is_none()), "{:?}", seconds());
}

/// A node that hangs may say nothing more; whoever begins to read its log then knows it all the same.
#[test]
fn an_audit_that_hangs_is_known_after_a_restart_though_no_line_comes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.log");
    let audit = r#"{"Piece ID": "ZKLYCEWKDO64V6WCGGZZUI64JWTYN37YCR6E44VZQB3YLL7OJC5Q", "Action": "GET_AUDIT"}"#;
    let line = format!("2022-08-11T10:00:00Z\tINFO\tpiecestore\tdownload started\t{audit}\n");
    fs::write(&path, line).unwrap();
    let stored = Stored::default();
    for _ in 0..2 {
        let following = stored.follow(Source::File(path.clone()));
        assert!(wait_until(|| following.control.open_audit(now()).is_some()));
        stored.wait_for_lines(1);
    }
}

#[test]
fn a_log_may_come_late_and_go_away() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.log");
    let stored = Stored::default();
    let following = stored.follow(Source::File(path.clone()));
    let reason = |state: State| {
        if let State::Waiting { reason } = state { reason } else { format!("{state:?}") }
    };
    assert!(wait_until(|| following.control.state() != State::Starting));
    let said = reason(following.control.state());
    assert!(said.contains("node.log") && said.contains("not"), "{said}");

    let mut log = LiveLog::create(simulated(1), LiveConfig::new(path.clone())).unwrap();
    log.write(200).unwrap();
    stored.wait_for_lines(200);
    assert!(wait_until(|| matches!(following.control.state(), State::Live { .. })));

    fs::remove_file(&path).unwrap();
    log.write(50).unwrap();
    stored.wait_for_lines(250);
    assert!(wait_until(|| reason(following.control.state()).contains("node.log")));
    let mut next = LiveLog::create(simulated(2), LiveConfig::new(path)).unwrap();
    next.write(70).unwrap();
    stored.wait_for_lines(320);
}

#[test]
fn a_log_that_was_cut_and_has_grown_past_its_old_size_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.log");
    let mut log = LiveLog::create(simulated(1), LiveConfig::new(path.clone())).unwrap();
    log.write(300).unwrap();
    let stored = Stored::default();
    let _following = stored.follow(Source::File(path.clone()));
    stored.wait_for_lines(300);

    let other = folder.path().join("other");
    let mut next = LiveLog::create(simulated(2), LiveConfig::new(other.clone())).unwrap();
    next.write(900).unwrap();
    // In one step: no look finds the file shorter than it was.
    let bytes = fs::read(&other).unwrap();
    assert!(bytes.len() as u64 > fs::metadata(&path).unwrap().len());
    fs::write(&path, &bytes).unwrap();
    stored.wait_for_lines(1_200);
}

/// A node never opens its log anew: after logrotate with `create` it writes to the renamed file for
/// as long as it runs.
#[test]
fn a_log_that_was_renamed_before_it_was_followed_is_followed_while_the_new_one_is_empty() {
    let folder = tempfile::tempdir().unwrap();
    let renamed = folder.path().join("node.log.1");
    let mut log = LiveLog::create(simulated(4), LiveConfig::new(renamed)).unwrap();
    log.write(100).unwrap();
    let path = folder.path().join("node.log");
    fs::write(&path, "").unwrap();
    let stored = Stored::default();
    let _following = stored.follow(Source::File(path));
    stored.wait_for_lines(100);
    for lines in [150, 200, 250] {
        log.write(50).unwrap();
        stored.wait_for_lines(lines);
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_and_a_folder_are_no_logs_and_keep_nobody_from_stopping() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe.log");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    for path in [pipe, folder.path().to_owned()] {
        let following = Stored::default().follow(Source::File(path));
        let is_told = || matches!(following.control.state(), State::Waiting { reason } if reason.contains("is no regular file"));
        assert!(wait_until(is_told), "{:?}", following.control.state());
    }
}

#[test]
fn a_line_is_taken_when_its_end_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.log");
    let live = LiveConfig { writes: Writes::Halves, ..LiveConfig::new(path.clone()) };
    let mut log = LiveLog::create(simulated(3), live).unwrap();
    let stored = Stored::default();
    let _following = stored.follow(Source::File(path));
    log.write(10).unwrap();
    stored.wait_for_lines(9);
    log.flush().unwrap();
    stored.wait_for_lines(10);
}

#[test]
fn how_growth_is_noticed_is_found_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.log");
    let mut log = LiveLog::create(simulated(3), LiveConfig::new(path.clone())).unwrap();
    let stored = Stored::default();
    let noticed = |noticing| State::Live { noticing };
    for (notifier, expected) in [
        (piecewatch_ingest::Notifier::new(), Noticing::Notified),
        (piecewatch_ingest::Notifier::silent(), Noticing::Polled),
    ] {
        let source = Source::File(path.clone());
        let config = piecewatch_ingest::FollowConfig {
            notifier,
            source,
            poll_interval: Duration::from_millis(if expected == Noticing::Polled {
                50
            } else {
                5_000
            }),
            ..crate::following::config()
        };
        let following = stored.follow_with(config);
        let is_so = wait_until(|| {
            log.write(1).unwrap();
            thread::sleep(Duration::from_millis(300));
            following.control.state() == noticed(expected)
        });
        assert!(is_so, "{:?}", following.control.state());
        stored.wait_for_lines(log.truth().lines);
    }
}

/// Whoever looks calls in what was read when he is about to: it need not wait for the interval.
#[test]
fn what_was_read_is_given_when_it_is_called_in() {
    let folder = tempfile::tempdir().unwrap();
    let live = LiveConfig::new(folder.path().join("node.log"));
    let mut log = LiveLog::create(simulated(3), live).unwrap();
    log.write(10).unwrap();
    let stored = Stored::default();
    let interval = BatchInterval::new(Duration::from_secs(3600));
    let source = Source::File(log.source());
    let config = FollowConfig { source, batch_interval: interval.clone(), ..config() };
    let following = stored.follow_with(config);
    let mut before = 10;
    stored.wait_for_lines(before);
    for _ in 0..3 {
        log.write(10).unwrap();
        thread::sleep(Duration::from_millis(120));
        assert_eq!(stored.kept().counts.lines(), before, "the hour has not passed");
        interval.call_in();
        stored.wait_for_lines(log.truth().lines);
        before = log.truth().lines;
    }
    drop(following);
}

/// What the follower does when it asks for the time: it has measured the file by then, and not read it.
static WHILE_LOOKING: Mutex<Option<Box<dyn FnOnce() + Send>>> = Mutex::new(None);

fn now_while_looking() -> Timestamp {
    if let Some(act) = WHILE_LOOKING.lock().unwrap().take() {
        act();
    }
    now()
}

/// Whoever stops a node and then what follows it finds the last lines stored.
#[test]
fn what_was_written_before_the_stop_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let live = LiveConfig::new(folder.path().join("node.log"));
    let mut log = LiveLog::create(simulated(3), live).unwrap();
    let stored = Stored::default();
    let source = Source::File(log.source());
    let config = FollowConfig {
        source,
        poll_interval: Duration::from_secs(5),
        now: now_while_looking,
        ..config()
    };
    let following = stored.follow_with(config);
    let is_notified = wait_until(|| {
        log.write(1).unwrap();
        thread::sleep(Duration::from_millis(300));
        following.control.state() == State::Live { noticing: Noticing::Notified }
    });
    assert!(is_notified, "{:?}", following.control.state());

    let log = Arc::new(Mutex::new(log));
    let (of_follower, control) = (Arc::clone(&log), following.control.clone());
    let mut writing = log.lock().unwrap();
    *WHILE_LOOKING.lock().unwrap() = Some(Box::new(move || {
        of_follower.lock().unwrap().write(100).unwrap();
        control.stop();
    }));
    writing.write(1).unwrap();
    drop(writing);
    assert!(wait_until(|| WHILE_LOOKING.lock().unwrap().is_none()));
    drop(following);
    assert_eq!(stored.kept().counts.lines(), log.lock().unwrap().truth().lines);
}
