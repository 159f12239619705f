//! Batches go in once, or not at all.

use piecewatch_model::{
    Action, ByteCount, FailureClass, KnownSatellite, Outcome, Record, Rejected, Start, Timestamp,
};
use piecewatch_store::{
    Appended, Error, Fate, NODES_MAX, Nodes, OldTransfers, Store, StoreConfig, Window,
};

use crate::fixture::{Database, HOUR, Log, NOW, node, seconds, transfer, transfers};

#[test]
fn records_are_counted_by_node_satellite_action_and_fate() {
    let mut database = Database::new();
    let mut log = Log::new("n1", 1);
    let mut lost = transfer(seconds(1));
    lost.outcome = Outcome::Canceled;
    lost.satellite = None;
    let mut broken = transfer(seconds(2));
    broken.action = Action::from_name("GET_CONVERT");
    broken.outcome = Outcome::Failed(FailureClass::Disk);
    broken.size = None;
    let rejected = Rejected { at: seconds(3), live_requests: Some(7), limit: Some(7) };
    let mut records = transfers([seconds(0), seconds(0)]);
    records.extend([Record::Transfer(lost), Record::Transfer(broken), Record::Rejected(rejected)]);
    database.append(&log.batch(records));

    let totals = database.readers.get().unwrap().traffic_totals(Nodes::All, None).unwrap();
    let us1 = Some(KnownSatellite::ALL[0].id());
    let rows: Vec<_> = totals
        .rows
        .iter()
        .map(|row| (row.satellite, row.action.name(), row.fate, row.count, row.bytes.get()))
        .collect();
    assert_eq!(
        rows,
        [
            (None, "GET", Fate::Ended(Outcome::Canceled), 1, 1000),
            (None, "UPLOAD", Fate::Rejected, 1, 0),
            (us1, "GET", Fate::Ended(Outcome::Success), 2, 2000),
            (us1, "GET_CONVERT", Fate::Ended(Outcome::Failed(FailureClass::Disk)), 1, 0),
        ]
    );
    assert_eq!(
        totals.window,
        Some(Window { from: seconds(0), to: seconds(3).plus_micros(1) }),
        "from the oldest to the newest record"
    );
}

/// Predecessor fault 13: it counts a log that is read twice twice.
#[test]
fn the_same_batch_is_stored_once() {
    let mut database = Database::new();
    let mut log = Log::new("n1", 1);
    let first = log.batch(transfers([seconds(0)]));
    let second = log.batch(transfers([seconds(1)]));
    database.append(&first);
    database.append(&second);
    let again = database.writer.append(std::slice::from_ref(&second), NOW).unwrap();
    assert_eq!(again, [Appended::Moved]);
    // Another process, which found the same log and does not know that it was read.
    let mut other = database.again();
    let again = other.writer.append(&[first, second], NOW).unwrap();
    assert_eq!(again, [Appended::Moved, Appended::Moved]);
    assert_eq!(database.count(Nodes::All, None), 2);
}

#[test]
fn of_two_processes_on_one_source_one_goes_on_and_the_other_looks_again() {
    let mut database = Database::new();
    let Store { writer: mut other, readers } = database.again();
    let mut log = Log::new("n1", 1);
    let first = log.batch(transfers([seconds(0)]));
    let second = log.batch(transfers([seconds(1)]));
    database.append(&first);
    let sources = readers.get().unwrap().sources(&node("n1")).unwrap();
    assert_eq!((sources.checkpoints.as_slice(), sources.newest), (&[first.end.clone()][..], 1));
    assert_eq!(other.append(std::slice::from_ref(&second), NOW).unwrap(), [Appended::Committed]);
    let moved = database.writer.append(std::slice::from_ref(&second), NOW).unwrap();
    assert_eq!(moved, [Appended::Moved]);
    let sources = readers.get().unwrap().sources(&node("n1")).unwrap();
    assert_eq!(sources.checkpoints, std::slice::from_ref(&second.end));
    let [known] = &sources.logs[..] else { panic!("{sources:?}") };
    assert_eq!((&*known.name, known.bytes), (&*second.source, second.end.offset));
    assert_eq!((known.lines, known.unparsed, known.stored_at), (sources.lines, 0, NOW));
    assert_eq!(database.count(Nodes::All, None), 2);
}

#[test]
fn a_source_that_somebody_else_began_in_the_meantime_is_not_begun_again() {
    let mut database = Database::new();
    let mut other = database.again();
    database.append(&Log::new("n1", 1).batch(transfers([seconds(0)])));
    let begin = |seed: u8, known: i64| {
        let mut log = Log::new("n1", seed);
        log.known = known;
        log.batch(transfers([seconds(1)]))
    };
    let mut append = |batch| other.writer.append(&[batch], NOW).unwrap()[0];
    assert_eq!(append(begin(1, 0)), Appended::Moved, "the same beginning");
    assert_eq!(append(begin(2, 0)), Appended::Committed, "another beginning");
    assert_eq!(append(begin(1, 1)), Appended::Committed, "known, and found to be another content");
    let mut short = begin(3, 0);
    short.end.head.len = 100;
    assert_eq!(append(short), Appended::Moved, "too short to be told from what is known");
    let of_another_node = Log::new("n2", 1).batch(transfers([seconds(1)]));
    assert_eq!(append(of_another_node), Appended::Committed);
}

#[test]
fn one_writer_begins_several_sources_at_once() {
    let mut database = Database::new();
    let mut short = Log::new("n1", 1).batch(transfers([seconds(0)]));
    short.end.head.len = 100;
    let batches = [
        Log::new("n1", 2).batch(transfers([seconds(0)])),
        short,
        Log::new("n1", 3).batch(transfers([seconds(0)])),
    ];
    assert_eq!(database.writer.append(&batches, NOW).unwrap(), [Appended::Committed; 3]);
}

/// Predecessor fault 30: it loses batches under lock contention.
#[test]
fn a_database_that_another_process_locks_loses_nothing() {
    let config = StoreConfig {
        busy_timeout: std::time::Duration::from_millis(500),
        ..StoreConfig::default()
    };
    let mut database = Database::with(config);
    let other = rusqlite::Connection::open(database.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let batch = Log::new("n1", 1).batch(transfers([seconds(0)]));
    let error = database.writer.append(std::slice::from_ref(&batch), NOW).unwrap_err();
    assert!(matches!(error, Error::Busy { .. }), "{error}");
    other.execute_batch("ROLLBACK").unwrap();
    database.append(&batch);
    assert_eq!(database.count(Nodes::All, None), 1);
}

#[test]
fn more_transfers_in_a_second_than_a_key_can_number_are_all_kept() {
    const COUNT: u32 = 131_072 + 10;
    let mut database = Database::new();
    let mut log = Log::new("n1", 1);
    let mut records = transfers((0..COUNT).map(|_| seconds(0)));
    records.extend(transfers((0..5).map(|_| seconds(1))));
    database.append(&log.batch(records));
    database.append(&log.batch(transfers([seconds(0), seconds(1)])));
    let connection = rusqlite::Connection::open(database.path()).unwrap();
    let at = |at: Timestamp| -> u32 {
        let sql = "SELECT count(*) FROM transfers WHERE (key >> 29) * 1000000 + micros = ?1";
        connection.query_row(sql, [at.as_micros()], |row| row.get(0)).unwrap()
    };
    assert_eq!((at(seconds(0)), at(seconds(1))), (COUNT + 1, 6));
}

#[test]
fn a_second_goes_on_where_another_writer_left_it() {
    let mut database = Database::new();
    let mut other = database.again();
    for seed in 0..4 {
        database.append(&Log::new("n1", seed).batch(transfers([HOUR, HOUR])));
        let mut batch = Log::new("n2", seed).batch(transfers([HOUR, HOUR]));
        batch.start = Start::Beginning { known: i64::MAX };
        assert_eq!(other.writer.append(&[batch], NOW).unwrap(), [Appended::Committed]);
    }
    let connection = rusqlite::Connection::open(database.path()).unwrap();
    let count: u32 =
        connection.query_row("SELECT count(*) FROM transfers", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 16);
}

#[test]
fn transfers_older_than_their_retention_enter_the_sums_only() {
    let week = NOW.plus_micros(7 * 24 * 3600 * 1_000_000);
    for (old_transfers, kept) in [(OldTransfers::SumOnly, 1), (OldTransfers::Keep, 3)] {
        let mut database = Database::with(StoreConfig { old_transfers, ..StoreConfig::default() });
        database
            .append_at(&Log::new("n1", 1).batch(transfers([seconds(0), seconds(1), week])), week);
        assert_eq!(database.count(Nodes::All, None), 3);
        let connection = rusqlite::Connection::open(database.path()).unwrap();
        let sql =
            "SELECT (SELECT count(*) FROM transfers), (SELECT count(*) FROM traffic_minutely)";
        let counts: (u32, u32) =
            connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert_eq!(counts, (kept, 1), "what is beyond its retention is not written");
    }
}

#[test]
fn absurd_numbers_do_not_stop_the_log() {
    let mut database = Database::new();
    let mut log = Log::new("n1", 1);
    let absurd = [i64::MIN, i64::MAX, 0].map(|micros| {
        let mut absurd = transfer(Timestamp::from_micros(micros));
        absurd.size = Some(ByteCount::new(u64::MAX));
        absurd.offset = Some(u64::MAX);
        Record::Transfer(absurd)
    });
    for _ in 0..3 {
        database.append(&log.batch(absurd.to_vec()));
    }
    database.append(&log.batch(transfers([seconds(0)])));
    let connection = rusqlite::Connection::open(database.path()).unwrap();
    let sql = "SELECT sum(count) FROM traffic_hourly";
    assert_eq!(connection.query_row(sql, [], |row| row.get::<_, u32>(0)).unwrap(), 10);
    // Records of a wrong clock are not of the time that is known, which is what is told of it.
    assert_eq!(database.count(Nodes::All, None), 7);
    let reach = database.readers.get().unwrap().reach(Nodes::All).unwrap().unwrap();
    assert_eq!(reach.to, seconds(0).plus_micros(1), "a wrong clock does not end the windows");
}

#[test]
fn a_node_too_many_is_refused_and_named() {
    let mut database = Database::new();
    let connection = rusqlite::Connection::open(database.path()).unwrap();
    connection
        .execute("INSERT INTO nodes (id, name) VALUES (?1, 'the last')", [NODES_MAX])
        .unwrap();
    let batch = Log::new("n1", 1).batch(vec![]);
    let error = database.writer.append(&[batch], NOW).unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no room for node n1: a database holds at most 4095 nodes"
    );
}
