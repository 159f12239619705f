//! The slowest transfers are found without looking at the others, and stay known when those are gone.

use piecewatch_model::{
    Action, Clock, Country, FailureClass, Grain, Latency, Outcome, PieceId, Record, Timestamp,
    Transfer,
};
use piecewatch_store::{
    Ending, LatencyFilter, Nodes, Retention, SlowFilter, Slowest, StoreConfig, TransferFilter,
    Window,
};

use crate::fixture::{Database, HOUR, Log, NOW, node, seconds, transfer};

fn slow(at: Timestamp, micros: u64) -> Transfer {
    Transfer { latency: Some(Latency { micros, clock: Clock::LineMillis }), ..transfer(at) }
}

fn records(transfers: impl IntoIterator<Item = Transfer>) -> Vec<Record> {
    transfers.into_iter().map(Record::Transfer).collect()
}

fn micros(slowest: &Slowest) -> Vec<u64> {
    slowest.rows.iter().map(|row| row.latency.unwrap().micros).collect()
}

const DAY_MICROS: i64 = 24 * 3600 * 1_000_000;
const DAY: Window = Window {
    from: Timestamp::from_civil((2026, 8, 19), 0, 0, 0),
    to: Timestamp::from_civil((2026, 8, 20), 0, 0, 0),
};

#[test]
fn a_slow_transfer_comes_back_whole() {
    let mut database = Database::new();
    let mut first = slow(HOUR.plus_micros(992_001), 1_234_567);
    first.remote = Some("[2a01:4f8::1]:28967".parse().unwrap());
    first.country = Country::from_code("DE");
    first.outcome = Outcome::Failed(FailureClass::Network);
    first.error = Some("write: broken pipe".into());
    database.append(&Log::new("n1", 1).batch(records([first])));
    let reader = database.readers.get().unwrap();
    let page = reader.transfers(Nodes::All, DAY, &TransferFilter::default(), None, 10).unwrap();
    let slowest = reader.slowest(Nodes::All, DAY, &SlowFilter::default(), Grain::Hour, 10).unwrap();
    assert_eq!((slowest.rows, slowest.window, slowest.grain), (page.rows, DAY, Grain::Hour));
}

#[test]
fn they_are_asked_for_by_node_action_ending_and_hour() {
    let mut database = Database::new();
    let kind = |at, micros, action, outcome| Transfer { action, outcome, ..slow(at, micros) };
    let success = Outcome::Success;
    let of_n1 = [
        kind(seconds(0), 100, Action::Get, success),
        kind(seconds(1), 400, Action::Put, success),
        kind(seconds(2), 900, Action::Get, Outcome::Canceled),
        kind(seconds(3600), 300, Action::Get, success),
        transfer(seconds(3)),
    ];
    let of_n2 = [kind(seconds(0), 200, Action::Get, success)];
    database.append(&Log::new("n1", 1).batch(records(of_n1)));
    database.append(&Log::new("n2", 2).batch(records(of_n2)));
    let reader = database.readers.get().unwrap();
    let check = |nodes: Nodes<'_>, window: Window, filter: &SlowFilter, expected: &[u64]| {
        let slowest = reader.slowest(nodes, window, filter, Grain::Minute, 10).unwrap();
        assert_eq!(micros(&slowest), expected, "{filter:?}");
    };
    let any = SlowFilter::default();
    check(Nodes::All, DAY, &any, &[900, 400, 300, 200, 100]);
    check(Nodes::Of(&[node("n1")]), DAY, &any, &[900, 400, 300, 100]);
    let hour = Window { from: seconds(5), to: seconds(6) };
    check(Nodes::All, hour, &any, &[900, 400, 200, 100]);
    let gets = SlowFilter { action: Some(Action::Get), ..any.clone() };
    check(Nodes::All, DAY, &gets, &[900, 300, 200, 100]);
    check(Nodes::All, DAY, &SlowFilter { ending: Some(Ending::Success), ..gets }, &[300, 200, 100]);
    let unknown = SlowFilter { action: Some(Action::from_name("NEW")), ending: None };
    check(Nodes::All, DAY, &unknown, &[]);
    let limited = reader.slowest(Nodes::All, DAY, &any, Grain::Day, 2).unwrap();
    assert_eq!(micros(&limited), [900, 400]);
}

/// However many come, and in whatever order and batches.
#[test]
fn ten_of_an_hour_action_and_ending_are_kept() {
    let mut database = Database::new();
    let mut log = Log::new("n1", 1);
    for part in 0..20_u64 {
        // Each number from 0 to 1999 once, in no order.
        let of_part = (0..100_u64).map(|at| (part * 100 + at) * 7 % 2000);
        let transfers = of_part.map(|number| {
            let piece = PieceId::new([number as u8; 32]);
            Transfer { piece, ..slow(seconds((number % 3600) as i64), number) }
        });
        database.append(&log.batch(records(transfers)));
    }
    let reader = database.readers.get().unwrap();
    let any = SlowFilter::default();
    for align in [Grain::Hour, Grain::Day] {
        let slowest = reader.slowest(Nodes::All, DAY, &any, align, 100).unwrap();
        assert_eq!(micros(&slowest), (1990..2000).rev().collect::<Vec<_>>(), "{align:?}");
    }
    let connection = rusqlite::Connection::open(database.path()).unwrap();
    for table in ["slow_hourly", "slow_daily", "v_slowest"] {
        let sql = format!("SELECT count(*) FROM {table}");
        let rows: u32 = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
        assert_eq!(rows as usize, Slowest::EXACT, "{table}");
    }
    assert_eq!(reader.differences(NOW, &Retention::default()).unwrap(), []);
}

#[test]
fn they_outlive_single_transfers_and_then_their_hours() {
    let mut database = Database::new();
    database.append(&Log::new("n1", 1).batch(records([slow(HOUR, 5_000_000)])));
    let after = |days: i64| NOW.plus_micros(days * DAY_MICROS);
    let found = |database: &Database, align: Grain| {
        let reader = database.readers.get().unwrap();
        reader.slowest(Nodes::All, DAY, &SlowFilter::default(), align, 10).unwrap().rows.len()
    };
    let hour = Window { from: HOUR, to: seconds(3600) };
    let of_hour = |database: &Database| {
        let reader = database.readers.get().unwrap();
        let any = SlowFilter::default();
        reader.slowest(Nodes::All, hour, &any, Grain::Hour, 10).unwrap().rows.len()
    };
    while database.writer.prune(after(10), 1000).unwrap().more {}
    let raw = |database: &Database| {
        let reader = database.readers.get().unwrap();
        let any = TransferFilter::default();
        reader.transfers(Nodes::All, DAY, &any, None, 10).unwrap().rows.len()
    };
    assert_eq!((raw(&database), of_hour(&database), found(&database, Grain::Hour)), (0, 1, 1));
    while database.writer.prune(after(100), 1000).unwrap().more {}
    assert_eq!((of_hour(&database), found(&database, Grain::Day)), (0, 1));
}

/// An import of an old log keeps of it what is still kept.
#[test]
fn old_logs_tell_their_slowest_too() {
    let mut database = Database::with(StoreConfig::default());
    let batch = Log::new("n1", 1).batch(records([slow(HOUR, 5_000_000)]));
    database.append_at(&batch, NOW.plus_micros(400 * DAY_MICROS));
    let reader = database.readers.get().unwrap();
    let any = SlowFilter::default();
    let slowest = reader.slowest(Nodes::All, DAY, &any, Grain::Day, 10).unwrap();
    assert_eq!(micros(&slowest), [5_000_000]);
    let connection = rusqlite::Connection::open(database.path()).unwrap();
    let sql = "SELECT count(*) FROM slow_hourly";
    assert_eq!(connection.query_row(sql, [], |row| row.get::<_, u32>(0)).unwrap(), 0);
}

#[test]
fn latencies_are_told_by_node_and_satellite_and_over_time() {
    let mut database = Database::new();
    let other = Transfer { satellite: None, ..slow(seconds(301), 90) };
    let of_n1 = [slow(HOUR, 100), slow(seconds(3600), 110), other];
    database.append(&Log::new("n1", 1).batch(records(of_n1)));
    database.append(&Log::new("n2", 2).batch(records([slow(seconds(1), 120)])));
    let reader = database.readers.get().unwrap();
    let us1 = transfer(HOUR).satellite;
    let rows = |filter: &LatencyFilter, align: Grain| {
        let found = reader.latencies(Nodes::All, DAY, filter, align).unwrap();
        assert_eq!(found.window, DAY);
        let values = found.rows.iter().map(|row| {
            let values: Vec<u64> = row.histogram.buckets().map(|(low, _, _)| low).collect();
            (row.node.to_string(), row.satellite, values)
        });
        (found.grain, values.collect::<Vec<_>>())
    };
    let (any, of_us1) = (LatencyFilter::default(), LatencyFilter { satellite: us1, action: None });
    let (n1, n2) = ("n1".to_owned(), "n2".to_owned());
    let apart = vec![
        (n1.clone(), None, vec![90]),
        (n1.clone(), us1, vec![100, 110]),
        (n2.clone(), us1, vec![120]),
    ];
    assert_eq!(rows(&any, Grain::Hour), (Grain::Hour, apart.clone()));
    assert_eq!(rows(&any, Grain::Day), (Grain::Day, apart));
    let together = vec![(n1.clone(), None, vec![90, 100, 110]), (n2.clone(), None, vec![120])];
    assert_eq!(rows(&any, Grain::Minute), (Grain::FiveMinutes, together));
    let of_us1_alone = vec![(n1, us1, vec![100, 110]), (n2, us1, vec![120])];
    assert_eq!(rows(&of_us1, Grain::FiveMinutes), (Grain::Hour, of_us1_alone));

    let points = |filter: &LatencyFilter, grain: Grain| {
        let found = reader.latency_series(Nodes::All, DAY, filter, grain).unwrap();
        let values = found.points.iter().map(|point| {
            let values: Vec<u64> = point.histogram.buckets().map(|(low, _, _)| low).collect();
            ((point.at.as_seconds() - HOUR.as_seconds()), point.node.to_string(), values)
        });
        values.collect::<Vec<_>>()
    };
    let point = |at: i64, node: &str, values: &[u64]| (at, node.to_owned(), values.to_vec());
    assert_eq!(
        points(&any, Grain::FiveMinutes),
        [
            point(0, "n1", &[100]),
            point(0, "n2", &[120]),
            point(300, "n1", &[90]),
            point(3600, "n1", &[110])
        ]
    );
    assert_eq!(
        points(&any, Grain::Hour),
        [point(0, "n1", &[90, 100]), point(0, "n2", &[120]), point(3600, "n1", &[110])]
    );
    assert_eq!(
        points(&of_us1, Grain::Minute),
        [point(0, "n1", &[100]), point(0, "n2", &[120]), point(3600, "n1", &[110])]
    );
}
