//! Pruning, backups, checks.

use std::{fs, thread};

use piecewatch_model::{ByteCount, Clock, Latency, Record, SpaceReport, Timestamp, Transfer};
use piecewatch_store::{Error, KeptFrom, Nodes, Retention, Store, StoreConfig, Window};
use rusqlite::Connection;

use crate::fixture::{Database, HOUR, Log, NOW, node, seconds, transfer, transfers};

const DAY: i64 = 86_400;

fn rows(database: &Database, table: &str) -> i64 {
    let connection = Connection::open(database.path()).unwrap();
    let sql = format!("SELECT count(*) FROM {table}");
    connection.query_row(&sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn pruning_goes_in_bounded_steps_and_keeps_the_sums() {
    let mut database = Database::new();
    let times = (0..1000).map(|at| seconds(-at * 10));
    database.append(&Log::new("n1", 1).batch(transfers(times)));
    let later = seconds(2 * DAY).plus_micros(1);
    let mut steps = Vec::new();
    loop {
        let pruned = database.writer.prune(later, 100).unwrap();
        steps.push(pruned.rows);
        assert!(pruned.rows <= 101, "{pruned:?}");
        if !pruned.more {
            break;
        }
    }
    assert_eq!(rows(&database, "transfers"), 1, "the cut falls on a whole hour");
    assert_eq!(rows(&database, "traffic_minutely"), 1);
    assert_eq!(rows(&database, "flow_minutely"), 1);
    assert!(steps.len() >= 10, "{steps:?}");
    assert_eq!(database.count(Nodes::All, None), 1000);
    let all = Window { from: seconds(-DAY), to: seconds(DAY) };
    assert_eq!(database.count(Nodes::All, Some(all)), 1000);
    assert_eq!(database.writer.prune(later, 100).unwrap().rows, 0, "nothing is left to do");
}

#[test]
fn a_year_later_only_hours_and_days_of_traffic_are_left() {
    let mut database = Database::new();
    let latency = Some(Latency { micros: 70, clock: Clock::DockerNanos });
    let timed = Record::Transfer(Transfer { latency, ..transfer(HOUR) });
    database.append(&Log::new("n1", 1).batch(vec![timed]));
    let later = seconds(400 * DAY);
    while database.writer.prune(later, 1).unwrap().more {}
    for (table, kept) in [
        ("transfers", 0),
        ("traffic_minutely", 0),
        ("flow_minutely", 0),
        ("flow_hourly", 1),
        ("latency_hourly", 0),
        ("latency_node_hourly", 0),
        ("latency_daily", 1),
        ("size_hourly", 0),
        ("size_daily", 0),
        ("traffic_hourly", 1),
        // The newest one: whoever saw an older one last notices that some are missing.
        ("commits", 1),
    ] {
        assert_eq!(rows(&database, table), kept, "{table}");
    }
    assert_eq!(database.count(Nodes::All, None), 1);
}

/// A longer retention brings nothing back, and a node whose records are all newer has lost nothing.
#[test]
fn from_when_on_what_is_kept_is_whole_is_what_was_removed_and_not_what_is_configured() {
    let mut database = Database::new();
    database.append(&Log::new("n1", 1).batch(transfers([seconds(-30 * 3600), HOUR])));
    database.append(&Log::new("n2", 2).batch(transfers([HOUR])));
    let kept = |database: &Database, name: &str| {
        database.readers.get().unwrap().kept_from(Nodes::Of(&[node(name)])).unwrap()
    };
    assert_eq!(kept(&database, "n1"), KeptFrom::default(), "nothing was removed yet");
    let day = std::time::Duration::from_secs(DAY as u64);
    let of = |days: u32| Retention {
        transfers: day * days,
        minutes: day * days,
        ..Retention::default()
    };
    let now = seconds(1_800);
    let cut = Some(seconds(-DAY));
    for days in [1, 9] {
        database.writer.keep(of(days));
        while database.writer.prune(now, 10).unwrap().more {}
        let expected = KeptFrom { transfers: cut, minutes: cut, ..KeptFrom::default() };
        assert_eq!(kept(&database, "n1"), expected, "{days} days");
        assert_eq!(kept(&database, "n2"), KeptFrom::default());
    }
    let all = database.readers.get().unwrap().kept_from(Nodes::All).unwrap();
    assert_eq!(all, kept(&database, "n1"), "what is whole of all nodes");
}

/// An old log that is read now: what is beyond its retention enters the coarser sums only.
#[test]
fn what_a_writer_leaves_out_is_as_gone_as_what_was_pruned() {
    let mut database = Database::new();
    let now = seconds(100 * DAY);
    database.append_at(&Log::new("n1", 1).batch(transfers([HOUR])), now);
    let kept = database.readers.get().unwrap().kept_from(Nodes::All).unwrap();
    let midnight = |days: i64| seconds(days * DAY - 14 * 3600);
    let expected = KeptFrom {
        transfers: Some(seconds(98 * DAY)),
        minutes: Some(seconds(98 * DAY)),
        latency_hours: Some(midnight(10)),
        details: None,
    };
    assert_eq!(kept, expected);
    for (table, kept) in [("traffic_minutely", 0), ("flow_minutely", 0), ("flow_hourly", 1)] {
        assert_eq!(rows(&database, table), kept, "{table}");
    }
}

#[test]
fn of_old_snapshots_the_last_of_each_day_stays() {
    let mut database = Database::new();
    let space = |at: Timestamp| {
        Record::Space(SpaceReport { at, available: ByteCount::new(at.as_seconds() as u64) })
    };
    let records = (0..96).map(|hour| space(seconds(hour * 1800))).collect();
    database.append(&Log::new("n1", 1).batch(records));
    let later = seconds(91 * DAY);
    while database.writer.prune(later, 7).unwrap().more {}
    let reader = database.readers.get().unwrap();
    let all = Window { from: HOUR, to: later };
    let left = reader.space(Nodes::All, all, 100).unwrap();
    let times: Vec<_> = left.iter().filter(|row| row.at < seconds(10 * 3600)).collect();
    assert_eq!(times.len(), 1, "{left:?}");
    assert_eq!(times[0].at.to_string(), "2026-08-19T23:30:00Z");
}

#[test]
fn a_backup_is_whole_while_a_writer_writes() {
    let mut database = Database::new();
    let mut log = Log::new("n1", 1);
    database.append(&log.batch(transfers((0..20_000).map(|at| seconds(at / 10)))));
    let copies: Vec<_> =
        (0..3).map(|number| database.folder.path().join(format!("{number}.db"))).collect();
    let readers = database.readers.clone();
    thread::scope(|scope| {
        let backup = scope.spawn(|| {
            for copy in &copies {
                readers.get().unwrap().backup(copy).unwrap();
            }
        });
        for at in 0.. {
            database.append(&log.batch(transfers((0..100).map(|_| seconds(at)))));
            if backup.is_finished() && at > 10 {
                break;
            }
        }
    });
    for copy in &copies {
        let store = Store::open(copy, StoreConfig::default()).unwrap();
        let reader = store.readers.get().unwrap();
        let totals = reader.traffic_totals(Nodes::All, None).unwrap();
        let count: u64 = totals.rows.iter().map(|row| row.count).sum();
        assert!(count >= 20_000 && count.is_multiple_of(100), "whole transactions: {count}");
        assert_eq!(reader.check().unwrap().damage, [""; 0]);
        assert_eq!(reader.differences(NOW, &Default::default()).unwrap(), []);
    }
    let error = database.readers.get().unwrap().backup(&copies[0]).unwrap_err();
    assert!(matches!(error, Error::BackupExists { .. }), "{error}");
    assert_eq!(database.readers.get().unwrap().check().unwrap().damage, [""; 0]);
}

#[test]
fn a_backup_that_cannot_be_written_leaves_nothing() {
    let database = Database::new();
    let nowhere = database.folder.path().join("no/such/folder.db");
    assert!(matches!(
        database.readers.get().unwrap().backup(&nowhere).unwrap_err(),
        Error::File { .. }
    ));
}

#[test]
fn a_check_finds_damage_that_opening_does_not_and_tells_what_takes_the_room() {
    let mut database = Database::new();
    database.append(&Log::new("n1", 1).batch(transfers((0..50_000).map(|at| seconds(at / 10)))));
    let check = database.readers.get().unwrap().check().unwrap();
    assert_eq!((check.damage.len(), check.sizes[0].name.as_str()), (0, "transfers"));
    let path = database.path();
    let Database { folder, mut writer, readers } = database;
    writer.checkpoint().unwrap();
    drop((writer, readers));

    let mut bytes = fs::read(&path).unwrap();
    // A page among those of the transfers.
    let page = bytes.len() / 2 / 8192 * 8192;
    bytes[page..page + 64].fill(0xaa);
    fs::write(&path, &bytes).unwrap();
    let store = Store::open(&path, StoreConfig::default()).unwrap();
    assert!(!store.readers.get().unwrap().check().unwrap().damage.is_empty());
    drop((store, folder));
}
