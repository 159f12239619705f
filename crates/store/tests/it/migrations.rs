//! Databases of earlier versions are brought up to date, with all that is in them.

use std::path::Path;

use piecewatch_model::{ByteCount, Clock, Grain, KnownSatellite, Latency, Record, Timestamp};
use piecewatch_store::{
    FlowPoint, KeptFrom, LatencyFilter, LatencyPoint, Nodes, ScoreChanges, ScoreRow, SelfMetrics,
    SlowFilter, Slowest, Store, StoreConfig, TransferFilter, Window,
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
fn version_3_knows_the_slowest_of_the_transfers_that_version_2_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("piecewatch.db");
    let old = of_version_1(&path);
    old.execute_batch(SECOND).unwrap();
    old.pragma_update(None, "user_version", 2).unwrap();
    old.execute("INSERT INTO nodes (id, name) VALUES (1, 'n1'), (2, 'n2')", []).unwrap();
    // Of node 1, thirty transfers in each of three hours, of which the single ones of the first are
    // gone; of node 2 one, and all that it ever had.
    let add = |node: i64, second: i64, outcome: i64, latency: i64| {
        let key = ((((HOUR.as_seconds() + second) << 12) | node) << 17) | (latency % 1000);
        let transfer = "INSERT INTO transfers (key, micros, satellite, action, outcome, latency,
            clock) VALUES (?1, 5, 0, 2, ?2, ?3, 1)";
        old.execute(transfer, params![key, outcome, latency]).unwrap();
    };
    for number in 0..30 {
        // Half of the second hour's failed, by two kinds of failure.
        add(1, 3600 + number * 60, [0, 2, 0, 5][number as usize % 4], 7_000_000 + number);
        add(1, 7200 + number * 60, 0, 8_000_000 + number);
    }
    add(2, 10, 1, 9_000_000);
    let counted = "INSERT INTO traffic_hourly (node, at, satellite, action, outcome, count, bytes)
        VALUES (?1, ?2, 0, 2, ?3, ?4, 0)";
    for (node, hour, outcome, count) in
        [(1, 0, 0, 30), (1, 1, 0, 15), (1, 1, 2, 8), (1, 1, 5, 7), (1, 2, 0, 30), (2, 0, 1, 1)]
    {
        let at = seconds(hour * 3600).as_micros();
        old.execute(counted, params![node, at, outcome, count]).unwrap();
    }
    drop(old);

    let Store { mut writer, readers } = Store::open(&path, StoreConfig::default()).unwrap();
    let reader = readers.get().unwrap();
    let of = |nodes: &[&str], window: Window, align: Grain| {
        let nodes: Vec<_> = nodes.iter().map(|name| node(name)).collect();
        let any = SlowFilter::default();
        reader.slowest(Nodes::Of(&nodes), window, &any, align, 100).unwrap()
    };
    let micros = |slowest: &Slowest| -> Vec<u64> {
        slowest.rows.iter().map(|row| row.latency.unwrap().micros).collect()
    };
    let known_from = Some(seconds(3600));
    let hours = of(&["n1"], ALL, Grain::Hour);
    assert_eq!(hours.known_from, known_from);
    assert_eq!(hours.window, Window { from: seconds(3600), to: ALL.to });
    // Ten of the third hour, and of the second ten that succeeded (even numbers) and ten that failed.
    let mut expected: Vec<u64> = (20..30).rev().map(|number| 8_000_000 + number).collect();
    expected.extend((10..30).rev().map(|number| 7_000_000 + number));
    assert_eq!(micros(&hours), expected);
    // By the day nothing is known of the day of which an hour is missing.
    let days = of(&["n1"], ALL, Grain::Day);
    assert_eq!((days.window.from, micros(&days).len()), (seconds(0).ceil(Grain::Day), 0));
    // Before that nothing is, and the window says so.
    let hour = Window { from: HOUR, to: seconds(3600) };
    let before = of(&["n1"], hour, Grain::Hour);
    assert_eq!((before.window.from, before.rows.len()), (hour.to, 0));
    // Of a node whose transfers are all there everything is known, and of both what is of each.
    let whole = of(&["n2"], hour, Grain::Hour);
    assert_eq!((whole.known_from, whole.window, micros(&whole)), (None, hour, vec![9_000_000]));
    assert_eq!(of(&["n1", "n2"], ALL, Grain::Hour).window.from, seconds(3600));

    let page = reader.transfers(Nodes::All, ALL, &TransferFilter::default(), None, 100).unwrap();
    assert_eq!(page.rows.len(), 61);
    let mut second = crate::fixture::transfer(seconds(7201));
    second.latency = Some(Latency { micros: 8_500_000, clock: Clock::LineMillis });
    let batch = Log::new("n1", 1).batch(vec![Record::Transfer(second)]);
    writer.append(&[batch], NOW).unwrap();
    assert_eq!(micros(&of(&["n1"], ALL, Grain::Hour))[..2], [8_500_000, 8_000_029]);
    assert_eq!(reader.check().unwrap().damage, [""; 0]);
}

const THIRD: &str = include_str!("../../migrations/0003_slowest.sql");

/// n1 has two days and lost the minutes of the first, and the latencies by the hour of that; n2 has
/// lost nothing.
#[test]
fn version_4_finds_out_what_the_versions_before_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("piecewatch.db");
    let old = of_version_1(&path);
    old.execute_batch(SECOND).unwrap();
    old.execute_batch(THIRD).unwrap();
    old.pragma_update(None, "user_version", 3).unwrap();
    let day = |days: i64| seconds(days * 86_400);
    let sql = "INSERT INTO nodes (id, name, first_at, last_at) VALUES (?1, ?2, ?3, ?4)";
    old.execute(sql, params![1, "n1", HOUR.as_micros(), day(1).as_micros()]).unwrap();
    old.execute(sql, params![2, "n2", day(1).as_micros(), day(1).as_micros()]).unwrap();
    let traffic = |node: i64, at: Timestamp, tables: &[&str]| {
        for table in tables {
            let more = if *table == "traffic_minutely" { "" } else { "satellite, " };
            let value = if more.is_empty() { "" } else { "0, " };
            let sql = format!(
                "INSERT INTO {table} (node, at, {more}action, outcome, count, bytes)
                VALUES (?1, ?2, {value}2, 0, 1, 1)"
            );
            old.execute(&sql, params![node, at.as_micros()]).unwrap();
        }
    };
    traffic(1, HOUR, &["traffic_hourly"]);
    traffic(1, day(1), &["traffic_hourly", "traffic_minutely"]);
    traffic(2, day(1), &["traffic_hourly", "traffic_minutely"]);
    let latency = "INSERT INTO latency_daily (node, at, satellite, action, clock, histogram)
        VALUES (1, ?1, 0, 2, 1, x'00')";
    let midnight = seconds(-14 * 3600);
    old.execute(latency, [midnight.as_micros()]).unwrap();
    let key = (day(1).as_seconds() << 29) | (1 << 17);
    let transfer = "INSERT INTO transfers (key, micros, satellite, action, outcome)
        VALUES (?1, 0, 0, 2, 0)";
    old.execute(transfer, [key]).unwrap();
    drop(old);

    let reader = Store::open(&path, StoreConfig::default()).unwrap().readers.get().unwrap();
    let kept = |name: &str| reader.kept_from(Nodes::Of(&[node(name)])).unwrap();
    let expected = KeptFrom {
        transfers: Some(day(1)),
        minutes: Some(seconds(3_600)),
        latency_hours: Some(midnight.plus_micros(Grain::Day.micros())),
        details: None,
    };
    assert_eq!(kept("n1"), expected);
    assert_eq!(kept("n2"), KeptFrom::default());
}

const FOURTH: &str = include_str!("../../migrations/0004_kept.sql");

/// Two hours of one day, and one of the day before 1970: days are those of UTC on both sides.
#[test]
fn version_5_adds_the_hours_of_version_4_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("piecewatch.db");
    let old = of_version_1(&path);
    for step in [SECOND, THIRD, FOURTH] {
        old.execute_batch(step).unwrap();
    }
    old.pragma_update(None, "user_version", 4).unwrap();
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

const FIFTH: &str = include_str!("../../migrations/0005_sums_for_long_windows.sql");

#[test]
fn version_6_knows_no_alerts_of_before_and_keeps_what_there_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("piecewatch.db");
    let old = of_version_1(&path);
    for step in [SECOND, THIRD, FOURTH, FIFTH] {
        old.execute_batch(step).unwrap();
    }
    old.pragma_update(None, "user_version", 5).unwrap();
    old.execute("INSERT INTO nodes (id, name) VALUES (1, 'n1')", []).unwrap();
    drop(old);

    let readers = Store::open(&path, StoreConfig::default()).unwrap().readers;
    let reader = readers.get().unwrap();
    assert_eq!(reader.lasting_alerts().unwrap(), []);
    assert_eq!((reader.newest_alert().unwrap(), reader.nodes().unwrap().len()), (0, 1));
    assert_eq!(reader.check().unwrap().damage, [""; 0]);
}

#[test]
fn version_8_has_room_for_how_the_server_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("piecewatch.db");
    drop(of_version_1(&path));
    let Store { mut writer, readers } = Store::open(&path, StoreConfig::default()).unwrap();
    let metrics = SelfMetrics { measured_micros: 60_000_000, ..SelfMetrics::default() };
    writer.self_metrics(HOUR, &metrics).unwrap();
    let reader = readers.get().unwrap();
    assert_eq!(reader.self_metrics(ALL).unwrap(), [(HOUR, metrics)]);
    assert_eq!(reader.check().unwrap().damage, [""; 0]);
}

#[test]
fn version_7_lets_who_watches_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("piecewatch.db");
    drop(of_version_1(&path));
    let mut store = Store::open(&path, StoreConfig::default()).unwrap();
    assert!(!store.writer.is_watched(HOUR).unwrap());
    store.writer.watch(HOUR, std::time::Duration::from_secs(1)).unwrap();
    assert!(store.writer.is_watched(HOUR).unwrap());
    assert_eq!(store.readers.get().unwrap().check().unwrap().damage, [""; 0]);
}

const STEPS_TO_8: [&str; 7] = [
    SECOND,
    THIRD,
    FOURTH,
    FIFTH,
    include_str!("../../migrations/0006_alerts.sql"),
    include_str!("../../migrations/0007_watch.sql"),
    include_str!("../../migrations/0008_self_metrics.sql"),
];

/// What did not succeed has moved nothing, and tells of its minute and hour all the same.
#[test]
fn version_9_adds_up_what_moved_in_the_minutes_and_hours_of_version_8() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("piecewatch.db");
    let old = of_version_1(&path);
    for step in STEPS_TO_8 {
        old.execute_batch(step).unwrap();
    }
    old.pragma_update(None, "user_version", 8).unwrap();
    old.execute("INSERT INTO nodes (id, name) VALUES (1, 'n1')", []).unwrap();
    old.execute("INSERT INTO actions (id, name) VALUES (11, 'PUT_LATER'), (12, 'MOVE')", [])
        .unwrap();
    let (minute, hour) = (Grain::Minute.micros(), Grain::Hour.micros());
    for (table, width) in [("traffic_minutely", minute), ("traffic_node_hourly", hour)] {
        // The action, the outcome, how many and how many bytes: of PUT, PUT_LATER, UPLOAD, GET, MOVE.
        let rows = [(1, 0, 2, 20), (11, 0, 3, 30), (8, 0, 1, 10), (2, 0, 5, 50), (12, 0, 7, 70)];
        let failed = (2, 2, 9, 90);
        for (action, outcome, count, bytes) in rows.into_iter().chain([failed]) {
            let insert = format!("INSERT INTO {table} VALUES (1, ?1, ?2, ?3, ?4, ?5)");
            old.execute(&insert, (HOUR.as_micros(), action, outcome, count, bytes)).unwrap();
        }
        let insert = format!("INSERT INTO {table} VALUES (1, ?1, 2, 2, 1, 10)");
        old.execute(&insert, [HOUR.as_micros() + width]).unwrap();
    }
    drop(old);

    let readers = Store::open(&path, StoreConfig::default()).unwrap().readers;
    let reader = readers.get().unwrap();
    for grain in [Grain::Minute, Grain::Hour] {
        let points = reader.flow_series(Nodes::All, ALL, grain).unwrap();
        let points: Vec<_> = points
            .iter()
            .map(|FlowPoint { at, ingress, egress, .. }| {
                let [ingress, egress] =
                    [ingress, egress].map(|moved| (moved.count, moved.bytes.get()));
                (*at, ingress, egress)
            })
            .collect();
        let next = HOUR.plus_micros(grain.micros());
        assert_eq!(points, [(HOUR, (6, 60), (12, 120)), (next, (0, 0), (0, 0))]);
    }
    let told = reader.told_hours(Nodes::All, ALL).unwrap();
    assert_eq!(told.values().flatten().count(), 2);
    assert_eq!(reader.check().unwrap().damage, [""; 0]);
}

/// SQL cannot add histograms: a function of the program does.
#[test]
fn version_10_adds_up_the_latencies_of_satellites_in_the_hours_of_version_9() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("piecewatch.db");
    let old = of_version_1(&path);
    for step in STEPS_TO_8.into_iter().chain([include_str!("../../migrations/0009_flow.sql")]) {
        old.execute_batch(step).unwrap();
    }
    old.pragma_update(None, "user_version", 9).unwrap();
    old.execute("INSERT INTO nodes (id, name) VALUES (1, 'n1')", []).unwrap();
    // As they were written then: a bucket's distance from the one before, and its count. What is damaged
    // is left out, whatever stands before and behind it.
    let (damaged, later) = ([9, 9, 9, 9, 9], [1, 10, 1, 1, 1]);
    let clock = Clock::DockerNanos.code();
    for (hour, satellite, stored) in [
        (0, 1, [1, 5, 2, 3, 1]),
        (0, 2, [1, 5, 1, 4, 7]),
        (1, 1, [1, 9, 1, 1, 1]),
        (1, 2, damaged),
        (1, 3, later),
    ] {
        old.execute(
            "INSERT INTO latency_hourly VALUES (1, ?1, ?2, 2, ?3, ?4)",
            (HOUR.plus_micros(hour * Grain::Hour.micros()).as_micros(), satellite, clock, stored),
        )
        .unwrap();
    }
    drop(old);

    let readers = Store::open(&path, StoreConfig::default()).unwrap().readers;
    let reader = readers.get().unwrap();
    let series =
        reader.latency_series(Nodes::All, ALL, &LatencyFilter::default(), Grain::Hour).unwrap();
    let buckets = |point: &LatencyPoint| {
        point.histogram.buckets().map(|(low, _, count)| (low, count)).collect::<Vec<_>>()
    };
    let told: Vec<_> = series.points.iter().map(|point| (point.at, buckets(point))).collect();
    let next = HOUR.plus_micros(Grain::Hour.micros());
    assert_eq!(
        told,
        [(HOUR, vec![(5, 3), (8, 1), (9, 7)]), (next, vec![(9, 1), (10, 2), (11, 1)])]
    );
    assert_eq!(reader.check().unwrap().damage, [""; 0]);
}

#[test]
fn version_12_knows_of_no_values_in_the_errors_of_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("piecewatch.db");
    let old = of_version_1(&path);
    let hour = HOUR.as_micros();
    old.execute("INSERT INTO nodes (id, name) VALUES (1, 'n1')", []).unwrap();
    old.execute("INSERT INTO templates (id, template) VALUES (2, 'read # bytes')", []).unwrap();
    old.execute("INSERT INTO error_hourly VALUES (1, ?1, 2, 3, 2, 7, 0, ?1, ?1)", [hour]).unwrap();
    drop(old);
    let readers = Store::open(&path, StoreConfig::default()).unwrap().readers;
    let reader = readers.get().unwrap();
    let errors = reader.errors(Nodes::All, ALL, 9).unwrap();
    assert_eq!((&*errors[0].template, errors[0].count), ("read # bytes", 7));
    let templates = [std::sync::Arc::clone(&errors[0].template)];
    assert!(reader.error_spreads(Nodes::All, ALL, &templates).unwrap().is_empty());
    assert_eq!(reader.check().unwrap().damage, [""; 0]);
}
