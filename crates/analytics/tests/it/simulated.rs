//! What a log says when its node is muted, full, stopped or gone.

use std::{num::NonZeroUsize, path::Path, slice, sync::atomic::AtomicU64};

use piecewatch_analytics::{
    restarts::{Ending, restarts_of},
    silence::Silence,
    work::work_of,
};
use piecewatch_ingest::{Flow, Import, ImportConfig};
use piecewatch_model::{NodeName, Timestamp};
use piecewatch_simulator::{Config, Level, Simulator};
use piecewatch_store::{Appended, Nodes, Readers, Store, StoreConfig, Window};
use tempfile::TempDir;

/// Where the lines change: half a day before the end of a log of a day.
const HOURS: i64 = 24;
const CHANGE: i64 = 12;

fn start() -> Timestamp {
    Timestamp::from_civil((2026, 8, 19), 0, 0, 0)
}

fn hour(hour: i64) -> Timestamp {
    start().plus_micros(hour * 3600 * 1_000_000)
}

/// A day of a node, a transfer in twenty seconds, by its times.
fn log() -> Vec<(Timestamp, String)> {
    let config = Config {
        start: Some(start()),
        transfers_per_second: 0.05,
        level: Level::Info,
        ..Config::default()
    };
    let mut simulator = Simulator::new(config);
    let mut lines = Vec::new();
    let mut last = start();
    while last < hour(HOURS) {
        let mut line = Vec::new();
        simulator.next_line(&mut line);
        let line = String::from_utf8_lossy(&line).into_owned();
        // A line without a time belongs to the one before it.
        let time = line.split('\t').next().and_then(|time| time.parse().ok());
        last = time.unwrap_or(last);
        lines.push((last, line));
    }
    // A node that moves pieces settles their orders every hour; a simulated one does so at random.
    for hours in 1..HOURS {
        let at = hour(hours);
        let line = format!(
            "{at}\tINFO\torders\tfinished\t{{\"satellite_id\": \
             \"12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S\", \"count\": 180}}\n"
        );
        lines.insert(lines.partition_point(|(time, _)| *time < at), (at, line));
    }
    lines
}

/// The log from half of the day on with only those lines that are to stay.
fn changed(stays: impl Fn(&str) -> bool) -> Vec<(Timestamp, String)> {
    log().into_iter().filter(|(at, line)| *at < hour(CHANGE) || stays(line)).collect()
}

struct Stored {
    node: NodeName,
    readers: Readers,
    _folder: TempDir,
}

/// Reads the log, which was followed all the time: its newest lines were stored as they came.
fn store(lines: &[(Timestamp, String)]) -> Stored {
    let folder = tempfile::tempdir().unwrap();
    let Store { mut writer, readers } =
        Store::open(&folder.path().join("n.db"), StoreConfig::default()).unwrap();
    let node: NodeName = "n1".parse().unwrap();
    let config = ImportConfig {
        node: node.clone(),
        workers: NonZeroUsize::MIN,
        countries: None,
        time_zone: None,
    };
    let mut import = Import::new(config, Vec::new(), 0);
    let text: String = lines.iter().map(|(_, line)| line.as_str()).collect();
    let now = lines.last().unwrap().0;
    let sink = |batch| {
        assert_eq!(writer.append(slice::from_ref(&batch), now).unwrap(), [Appended::Committed]);
        Flow::Continue
    };
    import.stream(Path::new("-"), text.as_bytes(), &AtomicU64::new(0), sink).unwrap();
    Stored { node, readers, _folder: folder }
}

fn silence(lines: &[(Timestamp, String)]) -> Silence {
    let stored = store(lines);
    let activity = stored.readers.get().unwrap().activity(Nodes::All, hour(HOURS)).unwrap();
    Silence::of(&activity[0], hour(HOURS))
}

fn is_transfer(line: &str) -> bool {
    line.contains("\tpiecestore\t")
}

/// Whether a time is within ten minutes before the change.
fn is_the_change(since: Option<Timestamp>) -> bool {
    since.is_some_and(|since| {
        since <= hour(CHANGE) && since > hour(CHANGE).plus_micros(-600_000_000)
    })
}

#[test]
fn the_log_as_it_is_tells_of_a_lively_node() {
    assert_eq!(silence(&log()), Silence::Lively);
}

#[test]
fn without_the_lines_of_the_piecestore_the_node_is_muted() {
    let silence = silence(&changed(|line| !is_transfer(line)));
    assert!(matches!(silence, Silence::Muted { .. }), "{silence:?}");
    assert!(is_the_change(silence.since()), "{silence:?}");
}

#[test]
fn without_orders_too_it_has_no_traffic() {
    let orders = |line: &str| line.contains("\torders");
    let silence = silence(&changed(|line| !is_transfer(line) && !orders(line)));
    assert!(matches!(silence, Silence::NoTraffic { .. }), "{silence:?}");
}

/// Without a way to the satellites no pieces move, and what is left of orders fails every hour.
#[test]
fn orders_that_fail_are_no_sign_of_transfers() {
    let mut lines = changed(|line| !is_transfer(line));
    let finished = |line: &str| line.contains("\torders\tfinished\t");
    for (at, line) in &mut lines {
        if *at >= hour(CHANGE) && finished(line) {
            let failed = line
                .replace(
                    "\tINFO\torders\tfinished\t",
                    "\tERROR\torders\tfailed to settle orders for satellite\t",
                )
                .replace(
                    "\"count\": 180",
                    "\"error\": \"order: unable to connect to the satellite\"",
                );
            line.insert_str(0, &failed);
        }
    }
    let silence = silence(&lines);
    assert!(matches!(silence, Silence::NoTraffic { .. }), "{silence:?}");
}

#[test]
fn with_nothing_but_errors_it_logs_errors_only() {
    // A ping that failed now and then is all that such a log holds.
    let mut lines = changed(|line| line.contains("\tERROR\t"));
    lines.push((
        hour(HOURS).plus_micros(-60_000_000),
        "2026-08-19T23:59:00Z\tERROR\tcontact:service\tping satellite failed \t{}\n".to_owned(),
    ));
    lines.retain(|(at, line)| *at < hour(CHANGE) || !is_transfer(line));
    let silence = silence(&lines);
    assert!(matches!(silence, Silence::OnlyErrors { .. }), "{silence:?}");
}

#[test]
fn without_uploads_it_is_full_or_nobody_knows_why() {
    let upload = |line: &str| is_transfer(line) && line.contains("upload");
    let silence = silence(&changed(|line| !upload(line)));
    assert!(matches!(silence, Silence::NoUploads { .. }), "{silence:?}");
    assert!(is_the_change(silence.since()), "{silence:?}");

    // Nodes before v1.116 told what was left at each start of an upload.
    let mut lines = changed(|line| !upload(line));
    let at = lines.iter().position(|(at, _)| *at >= hour(CHANGE)).unwrap();
    let told = hour(CHANGE).plus_micros(-1_000_000);
    let line = format!(
        "{told}\tINFO\tpiecestore\tupload started\t{{\"Piece ID\": \
         \"TQH7VSRZ7BCOLG7UIFFFIFOTT7OF6SQDGWYRPWOBDQEXTC26F3TA\", \"Satellite ID\": \
         \"12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S\", \"Action\": \"PUT\", \
         \"Remote Address\": \"172.17.0.1:48136\", \"Available Space\": 4100000000}}\n"
    );
    lines.insert(at, (told, line));
    let silence = self::silence(&lines);
    assert!(matches!(silence, Silence::FullDisk { .. }), "{silence:?}");
    assert!(silence.explanation().contains("4.1"), "{}", silence.explanation());
}

#[test]
fn a_log_that_ends_tells_whether_its_node_stopped() {
    let mut lines = changed(|_| false);
    let gone = silence(&lines);
    assert!(matches!(gone, Silence::NoLines { .. }) && is_the_change(gone.since()), "{gone:?}");

    let line = "2026-08-19T12:00:00Z\tINFO\tGot a signal from the OS: \"terminated\"\n";
    lines.push((hour(CHANGE), line.to_owned()));
    let stopped = silence(&lines);
    assert!(matches!(stopped, Silence::Stopped { .. }), "{stopped:?}");
    assert_eq!(stopped.since(), Some(hour(CHANGE)));
}

#[test]
fn a_walk_is_open_until_it_ends_or_the_node_restarts() {
    let mut lines = changed(|_| false);
    let walk = "2026-08-19T12:00:00Z\tINFO\tpieces\tused-space-filewalker started\t{\"Satellite \
                ID\": \"12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S\"}\n";
    lines.push((hour(CHANGE), walk.to_owned()));
    let work = |lines: &[(Timestamp, String)]| {
        let stored = store(lines);
        let reader = stored.readers.get().unwrap();
        let work = work_of(&reader, &stored.node, hour(HOURS)).unwrap();
        let window = Window { from: hour(CHANGE), to: hour(HOURS) };
        (work, restarts_of(&reader, &stored.node, window).unwrap())
    };
    let (open, restarts) = work(&lines);
    assert_eq!(open.last().unwrap().since, hour(CHANGE));
    assert_eq!(restarts, []);

    let started = "2026-08-19T12:30:00Z\tINFO\tConfiguration loaded\t{\"Location\": \
                   \"/app/config/config.yaml\"}\n";
    lines.push((hour(CHANGE).plus_micros(1_800_000_000), started.to_owned()));
    let (open, restarts) = work(&lines);
    assert_eq!(open, []);
    // Before the restart it was open, and the restart is not known yet.
    let stored = store(&lines);
    let before = hour(CHANGE).plus_micros(60_000_000);
    let open = work_of(&stored.readers.get().unwrap(), &stored.node, before).unwrap();
    assert_eq!(open.last().map(|work| work.since), Some(hour(CHANGE)));
    assert_eq!(restarts.len(), 1);
    assert_eq!(restarts[0].before, Ending::Unknown);
}
