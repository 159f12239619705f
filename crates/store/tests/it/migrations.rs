//! Databases of earlier versions are brought up to date, with all that is in them.

use std::path::Path;

use piecewatch_model::{ByteCount, Clock, Grain, KnownSatellite, Latency, Record, Timestamp};
use piecewatch_store::{
    Nodes, ScoreChanges, ScoreRow, SlowFilter, Store, StoreConfig, TransferFilter, Window,
};
use rusqlite::{Connection, params};

use crate::fixture::{Database, HOUR, Log, NOW, node, seconds};

const FIRST: &str = include_str!("../../migrations/0001_initial.sql");

/// A database as the first version made it.
fn of_version_1(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch(FIRST).unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    connection.pragma_update(None, "application_id", 0x5069_6563).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection
}

const ALL: Window = Window {
    from: Timestamp::from_civil((2026, 8, 1), 0, 0, 0),
    to: Timestamp::from_civil((2026, 9, 1), 0, 0, 0),
};

#[test]
fn version_2_keeps_the_scores_and_snapshots_of_version_1() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("piecewatch.db");
    let us1 = KnownSatellite::ALL[0].id();
    let old = of_version_1(&path);
    old.execute("INSERT INTO nodes (id, name) VALUES (1, 'n1')", []).unwrap();
    let satellite = "INSERT INTO satellites (id, raw, name) VALUES (1, ?1, 'us1')";
    old.execute(satellite, [us1.as_bytes()]).unwrap();
    let scores = "INSERT INTO reputation (node, at, satellite, audit, online, suspension,
        audit_delta, online_delta, suspension_delta, audits_total, audits_passed)
        VALUES (1, ?1, 1, 1.0, 0.998, 1.0, 0.0, -0.002, 0.0, 1000, 999)";
    old.execute(scores, params![HOUR.as_micros()]).unwrap();
    let space = "INSERT INTO storage_snapshots (node, at, available) VALUES (1, ?1, 5)";
    old.execute(space, params![seconds(1).as_micros()]).unwrap();
    drop(old);

    let store = Store::open(&path, StoreConfig::default()).unwrap();
    let reader = store.readers.get().unwrap();
    let scores = reader.scores(Nodes::All, ALL, 10).unwrap();
    let expected = ScoreRow {
        at: HOUR,
        satellite: us1,
        audit: 1.0,
        online: 0.998,
        suspension: 1.0,
        changes: Some(ScoreChanges { audit: 0.0, online: -0.002, suspension: 0.0 }),
        audits: Some((1000, 999)),
    };
    assert_eq!((scores.len(), &scores[0].what, scores[0].lines), (1, &expected, 1));
    let space = reader.space(Nodes::All, ALL, 10).unwrap();
    assert_eq!((space.len(), space[0].available), (1, Some(ByteCount::new(5))));
    assert_eq!((space[0].overused, space[0].reclaimable), (None, None));
    let activity = reader.activity(Nodes::Of(&[node("n1")]), seconds(60)).unwrap();
    assert_eq!(activity[0].scores_at, Some(HOUR), "what was stored before was told by a log");
    assert_eq!(reader.check().unwrap().damage, [""; 0]);
}

/// The steps lead where a new database begins.
#[test]
fn a_database_that_was_brought_up_to_date_has_the_schema_of_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("piecewatch.db");
    drop(of_version_1(&path));
    drop(Store::open(&path, StoreConfig::default()).unwrap());
    let schema = |path: &Path| -> Vec<(String, Option<String>)> {
        let connection = Connection::open(path).unwrap();
        let mut objects =
            connection.prepare("SELECT name, sql FROM sqlite_schema ORDER BY name").unwrap();
        let rows = objects.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    };
    assert_eq!(schema(&path), schema(&Database::new().path()));
}

const SECOND: &str = include_str!("../../migrations/0002_reports.sql");

#[test]
fn version_3_keeps_the_transfers_of_version_2_and_knows_the_slowest_from_then_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("piecewatch.db");
    let old = of_version_1(&path);
    old.execute_batch(SECOND).unwrap();
    old.pragma_update(None, "user_version", 2).unwrap();
    old.execute("INSERT INTO nodes (id, name) VALUES (1, 'n1')", []).unwrap();
    // The first number of its second and node.
    let key = ((HOUR.as_seconds() << 12) | 1) << 17;
    let transfer = "INSERT INTO transfers (key, micros, satellite, action, outcome, latency, clock)
        VALUES (?1, 0, 0, 2, 0, 7000000, 1)";
    old.execute(transfer, [key]).unwrap();
    drop(old);

    let Store { mut writer, readers } = Store::open(&path, StoreConfig::default()).unwrap();
    let reader = readers.get().unwrap();
    let slowest = || {
        let any = SlowFilter::default();
        reader.slowest(Nodes::All, ALL, &any, Grain::Hour, 10).unwrap().rows
    };
    assert_eq!(slowest(), []);
    let page = reader.transfers(Nodes::All, ALL, &TransferFilter::default(), None, 10).unwrap();
    assert_eq!(page.rows.len(), 1);
    let mut second = crate::fixture::transfer(seconds(1));
    second.latency = Some(Latency { micros: 5_000_000, clock: Clock::LineMillis });
    let batch = Log::new("n1", 1).batch(vec![Record::Transfer(second)]);
    writer.append(&[batch], NOW).unwrap();
    assert_eq!(slowest().iter().map(|row| row.at).collect::<Vec<_>>(), [seconds(1)]);
    assert_eq!(reader.check().unwrap().damage, [""; 0]);
}

const THIRD: &str = include_str!("../../migrations/0003_slowest.sql");

/// Two hours of one day, and one of the day before 1970: days are those of UTC on both sides.
#[test]
fn version_4_adds_the_hours_of_version_3_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("piecewatch.db");
    let old = of_version_1(&path);
    old.execute_batch(SECOND).unwrap();
    old.execute_batch(THIRD).unwrap();
    old.pragma_update(None, "user_version", 3).unwrap();
    old.execute("INSERT INTO nodes (id, name) VALUES (1, 'n1')", []).unwrap();
    old.execute("INSERT INTO countries (id, code) VALUES (1, 'DE')", []).unwrap();
    old.execute("INSERT INTO templates (id, template) VALUES (2, 'i/o timeout')", []).unwrap();
    let hour = Grain::Hour.micros();
    for at in [HOUR.as_micros(), HOUR.as_micros() + hour, -hour] {
        let size = "INSERT INTO size_hourly VALUES (1, ?1, 2, 2, 3, 5, 20)";
        let country = "INSERT INTO country_hourly VALUES (1, ?1, 1, 2, 5, 20)";
        old.execute(size, [at]).unwrap();
        old.execute(country, [at]).unwrap();
        for satellite in [0, 1] {
            let traffic = "INSERT INTO traffic_hourly VALUES (1, ?1, ?2, 2, 2, 5, 20)";
            old.execute(traffic, [at, satellite]).unwrap();
        }
        let error = "INSERT INTO error_hourly VALUES (1, ?1, 2, 2, 2, 5, 20, ?1 + 7, ?1 + 9)";
        old.execute(error, [at]).unwrap();
    }
    drop(old);

    let readers = Store::open(&path, StoreConfig::default()).unwrap().readers;
    let reader = readers.get().unwrap();
    // The whole days of these windows are read from the new tables.
    let sizes = reader.sizes(Nodes::All, ALL).unwrap();
    assert_eq!(
        sizes.iter().map(|row| (row.count, row.bytes.get())).collect::<Vec<_>>(),
        [(10, 40)]
    );
    let countries = reader.countries(Nodes::All, ALL).unwrap();
    let countries: Vec<_> = countries.iter().map(|row| (row.country.code(), row.count)).collect();
    assert_eq!(countries, [("DE", 10)]);
    let errors = reader.errors(Nodes::All, ALL, 10).unwrap();
    let [error] = &errors[..] else { panic!("{errors:?}") };
    assert_eq!((&error.template[..], error.count), ("i/o timeout", 10));
    let (first, last) = (HOUR.plus_micros(7), HOUR.plus_micros(hour + 9));
    assert_eq!((error.first_at, error.last_at), (first, last));
    let hours = reader.traffic_series(Nodes::All, ALL, Grain::Hour).unwrap();
    let hours: Vec<_> = hours.iter().map(|point| (point.at, point.count)).collect();
    assert_eq!(hours, [(HOUR, 10), (HOUR.plus_micros(hour), 10)], "satellites are together");
    let day = Grain::Day.micros();
    let before_1970 = Window { from: Timestamp::from_micros(-day), to: Timestamp::from_micros(0) };
    assert_eq!(reader.sizes(Nodes::All, before_1970).unwrap()[0].count, 5);
    assert_eq!(reader.check().unwrap().damage, [""; 0]);
}
