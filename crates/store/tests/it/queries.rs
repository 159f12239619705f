//! What goes in comes out: each question, once.

use std::sync::Arc;

use piecewatch_model::{
    Action, ByteCount, Clock, Compaction, Country, FailureClass, Grain, KnownSatellite, Latency,
    Lifecycle, LifecycleEvent, Maintenance, MaintenanceKind, OrdersSettled, Outcome, Phase,
    PieceId, Record, Rejected, Scores, SizeBucket, SpaceReport, Timestamp, Trouble, TroubleKind,
    template,
};
use piecewatch_store::{
    Ending, Event, Fate, LatencyFilter, Measuring, Nodes, ScoreChanges, ScoreRow, Topics,
    TransferFilter, Window,
};

use crate::fixture::{Database, HOUR, Log, node, seconds, transfer, transfers};

const ALL: Window = Window {
    from: Timestamp::from_civil((2026, 8, 1), 0, 0, 0),
    to: Timestamp::from_civil((2026, 9, 1), 0, 0, 0),
};

fn us1() -> piecewatch_model::SatelliteId {
    KnownSatellite::ALL[0].id()
}

fn compaction(at: Timestamp) -> Compaction {
    Compaction {
        at,
        satellite: us1(),
        store: "s0".into(),
        phase: Phase::Finished,
        duration_micros: Some(5_000_000),
        logs: Some(ByteCount::new(1 << 40)),
        live: None,
        trash: None,
        reclaimable: None,
        reclaimed: Some(ByteCount::new(0)),
        rewritten: None,
        table_load: Some(0.25),
        trash_share: None,
        error: Some("no space left on device".into()),
    }
}

fn maintenance(at: Timestamp, affected: Option<u64>) -> Maintenance {
    Maintenance {
        at,
        kind: MaintenanceKind::Retain,
        phase: Phase::Finished,
        satellite: None,
        store: None,
        duration_micros: None,
        examined: None,
        affected,
        failed: Some(1),
        bytes: None,
    }
}

fn scores(at: Timestamp) -> Scores {
    Scores {
        at,
        satellite: us1(),
        audit: 1.0,
        online: 0.998,
        suspension: 1.0,
        audit_delta: 0.0,
        online_delta: -0.002,
        suspension_delta: 0.0,
        audits_total: 1000,
        audits_passed: 999,
    }
}

fn of_n1<T>(what: T, lines: u64) -> Event<T> {
    Event { node: node("n1"), what, lines }
}

#[test]
fn events_come_back_as_they_went_in_newest_first() {
    let mut database = Database::new();
    let started = Lifecycle { at: seconds(5), event: LifecycleEvent::Version("1.137.5".into()) };
    let trouble = Trouble {
        at: seconds(6),
        kind: TroubleKind::Disk,
        satellite: None,
        text: "disk is slow".into(),
    };
    let orders = OrdersSettled { at: seconds(7), satellite: Some(us1()), count: 40 };
    let records = vec![
        Record::Compaction(Box::new(compaction(seconds(1)))),
        Record::Compaction(Box::new(compaction(seconds(2)))),
        Record::Maintenance(Box::new(maintenance(seconds(3), None))),
        Record::Maintenance(Box::new(maintenance(seconds(3), Some(2)))),
        Record::Maintenance(Box::new(maintenance(seconds(3), Some(3)))),
        Record::Scores(Box::new(scores(seconds(4)))),
        Record::Lifecycle(Box::new(started.clone())),
        Record::Trouble(Box::new(trouble.clone())),
        Record::Trouble(Box::new(trouble.clone())),
        Record::Orders(orders),
        Record::Orders(orders),
    ];
    database.append(&Log::new("n1", 1).batch(records));
    let reader = database.readers.get().unwrap();
    let all = Nodes::All;
    assert_eq!(
        reader.compactions(all, ALL, 10).unwrap(),
        [of_n1(compaction(seconds(2)), 1), of_n1(compaction(seconds(1)), 1)]
    );
    assert_eq!(reader.compactions(all, ALL, 1).unwrap().len(), 1);
    let work = Maintenance { failed: Some(3), ..maintenance(seconds(3), Some(5)) };
    assert_eq!(reader.maintenance(all, ALL, 10).unwrap(), [of_n1(work, 3)]);
    let told = ScoreRow {
        at: seconds(4),
        satellite: us1(),
        audit: 1.0,
        online: 0.998,
        suspension: 1.0,
        changes: Some(ScoreChanges { audit: 0.0, online: -0.002, suspension: 0.0 }),
        audits: Some((1000, 999)),
    };
    assert_eq!(reader.scores(all, ALL, 10).unwrap(), [of_n1(told, 1)]);
    assert_eq!(reader.lifecycle(all, ALL, 10).unwrap(), [of_n1(started, 1)]);
    assert_eq!(reader.troubles(all, ALL, 10).unwrap(), [of_n1(trouble, 2)]);
    let both = OrdersSettled { count: 80, ..orders };
    assert_eq!(reader.orders(all, ALL, 10).unwrap(), [of_n1(both, 2)]);
    let before = Window { from: ALL.from, to: HOUR };
    assert_eq!(reader.troubles(all, before, 10).unwrap(), []);
    assert_eq!(reader.troubles(Nodes::Of(&[node("n2")]), ALL, 10).unwrap(), []);
}

#[test]
fn scores_that_are_no_numbers_do_not_stop_the_log() {
    let mut database = Database::new();
    let scores = Scores { audit: f64::NAN, ..scores(seconds(0)) };
    database.append(&Log::new("n1", 1).batch(vec![Record::Scores(Box::new(scores))]));
    assert_eq!(database.readers.get().unwrap().scores(Nodes::All, ALL, 1).unwrap(), []);
}

#[test]
fn space_is_told_newest_first() {
    let mut database = Database::new();
    let space = |at, available| {
        Record::Space(SpaceReport { at: seconds(at), available: ByteCount::new(available) })
    };
    database.append(&Log::new("n1", 1).batch(vec![space(0, 5), space(300, 4), space(300, 3)]));
    let rows = database.readers.get().unwrap().space(Nodes::All, ALL, 10).unwrap();
    let rows: Vec<_> = rows.iter().map(|row| (row.at, row.available, row.used)).collect();
    let bytes = |bytes| Some(ByteCount::new(bytes));
    assert_eq!(rows, [(seconds(300), bytes(3), None), (seconds(0), bytes(5), None)]);
}

#[test]
fn a_transfer_comes_back_whole() {
    let mut database = Database::new();
    let mut first = transfer(HOUR.plus_micros(992_001));
    first.remote = Some("[2a01:4f8::1]:28967".parse().unwrap());
    first.country = Country::from_code("DE");
    first.latency = Some(Latency { micros: 1_234_567, clock: Clock::DockerNanos });
    first.outcome = Outcome::Failed(FailureClass::Network);
    first.error = Some("write tcp <addr>-><addr>: write: broken pipe".into());
    let rejected = Rejected { at: seconds(1), live_requests: None, limit: None };
    let records = vec![Record::Transfer(first.clone()), Record::Rejected(rejected)];
    database.append(&Log::new("n1", 1).batch(records));
    let reader = database.readers.get().unwrap();
    let page = reader.transfers(Nodes::All, ALL, &TransferFilter::default(), None, 10).unwrap();
    assert_eq!(page.next, None);
    let [second, stored] = &page.rows[..] else { panic!("{page:?}") };
    assert_eq!(
        (second.fate, second.piece, &second.action),
        (Fate::Rejected, None, &Action::Upload)
    );
    assert_eq!(stored.at, first.at);
    assert_eq!(stored.node, node("n1"));
    assert_eq!(stored.satellite, first.satellite);
    assert_eq!(stored.piece, Some(first.piece));
    assert_eq!((&stored.action, stored.fate), (&first.action, Fate::Ended(first.outcome)));
    assert_eq!((stored.size, stored.offset), (first.size, first.offset));
    assert_eq!((stored.remote, stored.country), (first.remote, first.country));
    assert_eq!(stored.latency, first.latency);
    assert_eq!(stored.error.as_deref(), first.error.as_deref());
}

#[test]
fn pages_of_transfers_follow_each_other_without_gap_or_overlap() {
    let mut database = Database::new();
    for (name, seed) in [("n1", 1), ("n2", 2)] {
        let mut records = transfers((0..250).map(|at| seconds(at / 10)));
        for (at, record) in records.iter_mut().enumerate() {
            if let Record::Transfer(transfer) = record {
                transfer.piece = PieceId::new([at as u8; 32]);
                transfer.action = if at % 2 == 0 { Action::Get } else { Action::Put };
                transfer.country = Country::from_code(if at % 5 == 0 { "DE" } else { "FR" });
            }
        }
        database.append(&Log::new(name, seed).batch(records));
    }
    let reader = database.readers.get().unwrap();
    let count = |nodes: Nodes<'_>, window: Window, filter: &TransferFilter, limit: usize| {
        let (mut pieces, mut next, mut last) = (Vec::new(), None, ALL.to);
        loop {
            let page = reader.transfers(nodes, window, filter, next, limit).unwrap();
            for row in page.rows {
                assert!(row.at <= last, "newest first");
                last = row.at;
                pieces.push((row.node, row.piece));
            }
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        let found = pieces.len();
        pieces.sort();
        pieces.dedup();
        assert_eq!(pieces.len(), found, "none twice");
        found
    };
    let any = TransferFilter::default();
    assert_eq!(count(Nodes::All, ALL, &any, 7), 500);
    assert_eq!(count(Nodes::Of(&[node("n2")]), ALL, &any, 100), 250);
    assert_eq!(count(Nodes::All, Window { from: seconds(5), to: seconds(10) }, &any, 9), 100);
    let gets = TransferFilter { action: Some(Action::Get), ..any.clone() };
    assert_eq!(count(Nodes::All, ALL, &gets, 10), 250);
    let piece = TransferFilter { piece: Some(PieceId::new([9; 32])), ..any.clone() };
    assert_eq!(count(Nodes::All, ALL, &piece, 10), 2);
    let ended = |ending| TransferFilter { ending: Some(ending), ..TransferFilter::default() };
    assert_eq!(count(Nodes::All, ALL, &ended(Ending::Success), 10), 500);
    assert_eq!(count(Nodes::All, ALL, &ended(Ending::Failed), 10), 0);
    let country = |code| TransferFilter { country: Country::from_code(code), ..any.clone() };
    assert_eq!(count(Nodes::All, ALL, &country("DE"), 10), 100);
    assert_eq!(count(Nodes::All, ALL, &country("SE"), 10), 0, "nobody came from there");
    let unknown = TransferFilter { action: Some(Action::from_name("NEW")), ..any };
    assert_eq!(count(Nodes::All, ALL, &unknown, 10), 0);
}

#[test]
fn a_filter_that_few_pass_ends_a_page_early() {
    let mut database = Database::new();
    database.append(&Log::new("n1", 1).batch(transfers((0..110_000).map(|at| seconds(at / 100)))));
    let reader = database.readers.get().unwrap();
    let canceled = Fate::Ended(Outcome::Canceled);
    let filter = TransferFilter { fate: Some(canceled), ..TransferFilter::default() };
    let page = reader.transfers(Nodes::All, ALL, &filter, None, 10).unwrap();
    assert!(page.rows.is_empty() && page.next.is_some(), "{:?}", page.next);
    let page = reader.transfers(Nodes::All, ALL, &filter, page.next, 10).unwrap();
    assert!(page.rows.is_empty() && page.next.is_none(), "{:?}", page.next);
}

#[test]
fn latencies_are_told_by_action_and_clock() {
    let mut database = Database::new();
    let latency = |at, micros, clock, outcome| {
        let mut transfer = transfer(seconds(at));
        transfer.latency = Some(Latency { micros, clock });
        transfer.outcome = outcome;
        Record::Transfer(transfer)
    };
    let records = vec![
        latency(0, 100, Clock::LineMillis, Outcome::Success),
        latency(0, 50, Clock::Arrival, Outcome::Success),
        latency(310, 120, Clock::LineMillis, Outcome::Success),
        latency(0, 1_000_000, Clock::WholeSeconds, Outcome::Success),
        latency(0, 110, Clock::LineMillis, Outcome::Canceled),
    ];
    let mut log = Log::new("n1", 1);
    for record in records {
        database.append(&log.batch(vec![record]));
    }
    let reader = database.readers.get().unwrap();
    let of = |action| LatencyFilter { action: Some(action), ..LatencyFilter::default() };
    let rows = |window: Window, align: Grain| -> Vec<(Clock, Vec<u64>)> {
        let found = reader.latencies(Nodes::All, window, &of(Action::Get), align).unwrap();
        let values = |row: &piecewatch_store::LatencyRow| {
            (row.clock, row.histogram.buckets().map(|(low, _, _)| low).collect())
        };
        found.rows.iter().map(values).collect()
    };
    let first = Window { from: HOUR, to: seconds(300) };
    let (line, arrival) = (Clock::LineMillis, Clock::Arrival);
    assert_eq!(rows(first, Grain::FiveMinutes), [(line, vec![100]), (arrival, vec![50])]);
    let both = [(line, vec![100, 120]), (arrival, vec![50])];
    assert_eq!(rows(first, Grain::Hour), both, "widened to the hour");
    assert_eq!(rows(ALL, Grain::Day), both);
    let put = reader.latencies(Nodes::All, ALL, &of(Action::Put), Grain::Hour).unwrap();
    assert_eq!(put.rows, []);
}

#[test]
fn sizes_countries_and_errors_are_told() {
    let mut database = Database::new();
    let mut canceled = transfer(seconds(1));
    canceled.outcome = Outcome::Canceled;
    canceled.country = Country::from_code("DE");
    canceled.error = Some("context canceled".into());
    let mut records = transfers([seconds(0), seconds(2)]);
    records.push(Record::Transfer(canceled));
    database.append(&Log::new("n1", 1).batch(records));
    let reader = database.readers.get().unwrap();
    let sizes = reader.sizes(Nodes::All, ALL).unwrap();
    let sizes: Vec<_> = sizes.iter().map(|row| (row.ending, row.bucket, row.count)).collect();
    let bucket = SizeBucket::of(ByteCount::new(1000));
    assert_eq!(sizes, [(Ending::Success, bucket, 2), (Ending::Canceled, bucket, 1)]);
    let countries = reader.countries(Nodes::All, ALL).unwrap();
    let countries: Vec<_> = countries.iter().map(|row| (row.country.code(), row.count)).collect();
    assert_eq!(countries, [("DE", 1)]);
    let errors = reader.errors(Nodes::All, ALL, 10).unwrap();
    let errors: Vec<_> = errors
        .iter()
        .map(|row| (&*row.template, row.outcome, row.count, row.first_at, row.last_at))
        .collect();
    let at = seconds(1);
    assert_eq!(errors, [("context canceled", Outcome::Canceled, 1, at, at)]);
}

/// Over two days, two nodes and several transactions; what is beyond the day of the window is not told.
#[test]
fn what_the_placeholders_of_errors_stood_for_is_kept_by_day() {
    let mut database = Database::new();
    let failed = |at: Timestamp, text: String| {
        let mut transfer = transfer(at);
        transfer.outcome = Outcome::Failed(FailureClass::Network);
        transfer.error = Some(template(&text).into());
        transfer.error_text = Some(text.into());
        Record::Transfer(transfer)
    };
    let text = |bytes: i64, host: i64| format!("wrote {bytes} of 2048 bytes to 10.0.0.{host}:7");
    let next_day = 86_400;
    let mut logs = [Log::new("n1", 1), Log::new("n2", 2)];
    for round in 0..5 {
        for (log, host) in logs.iter_mut().zip([round % 3, 9]) {
            let today = failed(seconds(round), text(5 + round, host));
            let tomorrow = failed(seconds(next_day + round), text(900, 100 + round));
            database.append(&log.batch(vec![today, tomorrow]));
        }
    }
    let reader = database.readers.get().unwrap();
    let known: Arc<str> = template(&text(1, 1)).into();
    let asked = [Arc::clone(&known), "never seen".into()];
    let told = |nodes: Nodes<'_>, window: Window| {
        let spreads = reader.error_spreads(nodes, window, &asked).unwrap();
        assert!(spreads.len() < 2, "{spreads:?}");
        spreads.get(&known).map(|spreads| spreads.within(&known))
    };
    let hour = Window { from: HOUR, to: seconds(60) };
    let of_today = "wrote (5..9) of 2048 bytes to [4 addresses]";
    assert_eq!(told(Nodes::All, hour).as_deref(), Some(of_today));
    let of_one = told(Nodes::Of(&["n1".parse().unwrap()]), hour);
    assert_eq!(of_one.as_deref(), Some("wrote (5..9) of 2048 bytes to [3 addresses]"));
    let of_both = "wrote (5..900) of 2048 bytes to [9 addresses]";
    assert_eq!(told(Nodes::All, ALL).as_deref(), Some(of_both));
    let before = Window { from: seconds(-5 * next_day), to: seconds(-4 * next_day) };
    assert_eq!(told(Nodes::All, before), None);
}

#[test]
fn commits_tell_who_wrote_what() {
    let mut database = Database::new();
    let mut other = database.again();
    database.append(&Log::new("n1", 1).batch(transfers([HOUR, seconds(1)])));
    // An hour ago is not the past.
    let space = SpaceReport { at: seconds(-3600), available: ByteCount::new(1) };
    let batch = Log::new("n2", 2).batch(vec![Record::Space(space)]);
    other.writer.append(&[batch], HOUR).unwrap();
    let reader = database.readers.get().unwrap();
    let commits = reader.commits_since(0, 10).unwrap();
    let told: Vec<_> = commits
        .iter()
        .map(|commit| (commit.seq, commit.process, commit.node.as_str(), commit.topics))
        .collect();
    assert_eq!(
        told,
        [
            (1, database.writer.process(), "n1", Topics::TRANSFERS.and(Topics::PAST)),
            (2, other.writer.process(), "n2", Topics::SPACE),
        ]
    );
    assert!(commits[0].keys.is_some() && commits[1].keys.is_none());
    assert_eq!(reader.commits_since(1, 10).unwrap(), commits[1..]);
}

#[test]
fn nodes_are_told_with_the_reach_of_their_records() {
    let mut database = Database::new();
    database.append(&Log::new("n2", 2).batch(vec![]));
    database.append(&Log::new("n1", 1).batch(transfers([seconds(5), HOUR])));
    let reader = database.readers.get().unwrap();
    let nodes = reader.nodes().unwrap();
    let nodes: Vec<_> = nodes.iter().map(|node| (node.name.as_str(), node.records)).collect();
    assert_eq!(nodes, [("n1", Some((HOUR, seconds(5)))), ("n2", None)]);
    assert_eq!(reader.reach(Nodes::Of(&[node("n2")])).unwrap(), None);
}

#[test]
fn views_are_pleasant() {
    let mut database = Database::new();
    let mut first = transfer(HOUR.plus_micros(5));
    first.country = Country::from_code("DE");
    database.append(&Log::new("n1", 1).batch(vec![Record::Transfer(first)]));
    let connection = rusqlite::Connection::open(database.path()).unwrap();
    let sql = "SELECT concat_ws(' ', time, node, satellite, action, outcome, size, address, port,
        country) FROM v_transfers";
    let row: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(row, "2026-08-19T14:00:00.000005Z n1 us1 GET success 1000 79.127.226.103 50338 DE");
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'view'";
    let mut views = connection.prepare(sql).unwrap();
    let views = views.query_map([], |row| row.get::<_, String>(0)).unwrap();
    for view in views.map(Result::unwrap) {
        let sql = format!("SELECT count(*) FROM (SELECT * FROM {view})");
        let _: u32 = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
    }
}

#[test]
fn an_overview_adds_up_to_the_totals_of_the_nodes_asked_for() {
    let mut database = Database::new();
    // From an hour before midnight on, over three days and into a fourth.
    let at = |number: i64| seconds(82_800 + number * 600);
    for (name, first) in [("n1", 0), ("n2", 7)] {
        let log = (first..first + 500).map(|number| {
            let mut transfer = transfer(at(number));
            if number % 3 == 0 {
                transfer.outcome = Outcome::Canceled;
            }
            Record::Transfer(transfer)
        });
        database.append(&Log::new(name, 1).batch(log.collect()));
    }
    let reader = database.readers.get().unwrap();
    let names = [node("n1"), node("n2"), node("n3")];
    for (from, to) in [(0, 500), (1, 3), (0, 13), (5, 300), (7, 153), (400, 600)] {
        for names in [&names[..], &names[..1], &names[1..], &names[2..]] {
            let window = Window { from: at(from), to: at(to) };
            let mut expected = std::collections::BTreeMap::new();
            for row in reader.traffic_totals(Nodes::Of(names), Some(window)).unwrap().rows {
                let sum = expected.entry((row.node, row.action, row.fate)).or_insert((0, 0));
                *sum = (sum.0 + row.count, sum.1 + row.bytes.get());
            }
            let rows = reader.overview(names, window).unwrap().into_iter();
            let found: Vec<_> = rows
                .map(|row| ((row.node, row.action, row.fate), (row.count, row.bytes.get())))
                .collect();
            assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{from} to {to}");
        }
    }
    let minute = Window { from: at(30), to: at(31) };
    let counts: Vec<u64> =
        reader.overview_minutes(&names, minute).unwrap().iter().map(|row| row.count).collect();
    assert_eq!(counts, [1, 1], "one of each node in these ten minutes");
}

#[test]
fn the_statements_of_a_question_are_counted_where_it_is_measured() {
    let database = Database::new();
    let statements = || database.readers.question_stats()["nodes"].statements;
    database.readers.get().unwrap().nodes().unwrap();
    assert_eq!(statements(), 0);
    let clock = || std::time::Duration::ZERO;
    let slow_after = std::time::Duration::MAX;
    database.readers.measure(Measuring { clock, slow_after, tell: Box::new(|_| {}) });
    database.readers.get().unwrap().nodes().unwrap();
    assert_eq!(statements(), 1, "the beginning of the transaction does not count");
}
