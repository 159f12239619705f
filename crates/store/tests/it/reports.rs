//! What nodes report goes in once, whatever is told again, and comes out by question.

mod facts;
mod used_space;

use std::time::Duration;

use piecewatch_model::{
    DailyBandwidth, Fact, LifecycleEvent, Paystub, PollPart, Quantiles, Record, Report,
    SatelliteId, Scores, Space, Standing, Timestamp,
};
use piecewatch_store::{
    Appended, Error, Nodes, PollRow, PriceRow, Reported, ScoreRow, SpaceRow, Topics, Window,
};
use rusqlite::{Connection, types::Value};

use self::facts::*;
use crate::fixture::{Database, HOUR, Log, NOW, node, seconds, transfers};

fn told<T>(what: T) -> Reported<T> {
    Reported { node: node("n1"), at: HOUR, what }
}

#[test]
fn what_is_reported_comes_back_whole() {
    let mut database = Database::new();
    let report = everything("n1", HOUR);
    store(&mut database, &report);
    let reader = reader(&database);
    let (all, months) = (Nodes::All, JULY..=AUGUST);
    assert_eq!(reader.statuses(all).unwrap(), [told(status("1.140.0"))]);
    assert_eq!(reader.standings(all).unwrap(), [told(standing(us1()))]);
    assert_eq!(reader.daily_bandwidth(all, MONTH).unwrap(), [told(bandwidth(us1(), 18, 5))]);
    assert_eq!(reader.daily_storage(all, MONTH).unwrap(), [told(storage(us1(), 18, 24))]);
    let of_august =
        PriceRow { node: node("n1"), satellite: us1(), period: AUGUST, prices: prices(200) };
    assert_eq!(reader.prices(all).unwrap(), [of_august]);
    assert_eq!(reader.estimates(all, months.clone()).unwrap(), [told(estimate(AUGUST, 8))]);
    assert_eq!(reader.paystubs(all, months.clone()).unwrap(), [told(paystub(JULY))]);
    assert_eq!(reader.payments(all, months).unwrap(), [told(payment("zksync-era:0x1", 40))]);
    assert_eq!(reader.quantiles(all, MONTH).unwrap(), [told(quantiles(3.0))]);
    let space = SpaceRow {
        node: node("n1"),
        at: HOUR,
        used: Some(bytes(3_993)),
        available: Some(bytes(1_000)),
        trash: Some(bytes(7)),
        total: Some(bytes(5_000)),
        overused: Some(bytes(0)),
        reclaimable: Some(bytes(11)),
    };
    assert_eq!(reader.space(all, MONTH, 9).unwrap(), [space]);
    let poll = PollRow {
        node: node("n1"),
        part: PollPart::Dashboard,
        last: report.poll,
        succeeded_at: Some(HOUR),
        failing_since: None,
    };
    assert_eq!(reader.polls(all).unwrap(), [poll]);

    assert_eq!(reader.paystubs(all, AUGUST..=AUGUST).unwrap(), []);
    let nobody = node("n2");
    assert_eq!(reader.statuses(Nodes::Of(&[nobody])).unwrap(), []);
    let before = Window { from: MONTH.from, to: day(18) };
    assert_eq!(reader.daily_bandwidth(all, before).unwrap(), []);
}

#[test]
fn views_tell_months_and_dollars() {
    let mut database = Database::new();
    store(&mut database, &everything("n1", HOUR));
    let connection = Connection::open(database.path()).unwrap();
    let check = |columns: &str, view: &str, expected: &str| {
        let sql = format!("SELECT concat_ws(' ', {columns}) FROM {view}");
        let row: String = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
        assert_eq!(row, expected, "{view}");
    };
    check("month, node, satellite, egress_usd, storage_usd", "v_prices", "2026-08 n1 us1 2.0 1.49");
    check("month, satellite, codes, disposed_usd", "v_paystubs", "2026-07 us1 E:X -1.5e-05");
    check("month, amount_usd, receipt", "v_payouts", "2026-07 4.0e-05 zksync-era:0x1");
    check(
        "date, satellite, get, told",
        "v_satellite_bandwidth",
        "2026-08-18 us1 5 2026-08-19T14:00:00Z",
    );
    check("date, basis", "v_satellite_storage", "2026-08-18 calculated");
    check(
        "node, part, last, succeeded",
        "v_polls",
        "n1 dashboard 2026-08-19T14:00:00Z 2026-08-19T14:00:00Z",
    );
    check("measure, action, p50", "v_node_quantiles", "first_byte GET_CONVERT 3.0");
    check(
        "satellite, joined, suspended, online",
        "v_standings",
        "us1 2024-02-03T04:05:06Z 2026-08-03T00:00:00Z 1.0",
    );
    check(
        "node, version, quic, started",
        "v_node_status",
        "n1 1.140.0 Misconfigured 2026-08-01T00:00:00Z",
    );
}

/// Every row of every table but the list of commits.
fn content(database: &Database) -> Vec<(String, Vec<Vec<Value>>)> {
    let connection = Connection::open(database.path()).unwrap();
    let sql = "SELECT name FROM sqlite_schema
        WHERE type = 'table' AND name NOT IN ('commits', 'sqlite_sequence') ORDER BY name";
    let mut tables = connection.prepare(sql).unwrap();
    let tables = tables.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let rows = |table: &str| {
        let mut rows = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = rows.column_count();
        let rows = rows.query_map([], |row| (0..columns).map(|at| row.get(at)).collect()).unwrap();
        rows.map(Result::unwrap).collect()
    };
    tables.map(Result::unwrap).map(|table| (table.clone(), rows(&table))).collect()
}

#[test]
fn the_same_report_twice_changes_nothing() {
    let mut database = Database::new();
    let reports = [
        everything("n1", HOUR),
        everything("n1", seconds(300)),
        failed("n1", seconds(600), "connection refused"),
    ];
    for report in &reports {
        store(&mut database, report);
        let before = content(&database);
        store(&mut database, report);
        assert_eq!(content(&database), before);
    }
    let commits = reader(&database).commits_since(0, 10).unwrap();
    assert_eq!(commits.len(), 6, "that it was stored is told each time");
    assert!(commits.iter().all(|commit| commit.topics == Topics::REPORTED));
    assert!(commits.iter().all(|commit| commit.node == node("n1") && commit.keys.is_none()));
}

/// Predecessor fault 26: its forecast deletes the figures of the running month and does not write
/// them back.
#[test]
fn later_figures_take_the_place_of_earlier_ones_of_the_same_and_of_no_others() {
    let mut database = Database::new();
    let at = |at, facts| report("n1", at, PollPart::Satellites, facts);
    let months = JULY..=AUGUST;
    store(
        &mut database,
        &at(
            HOUR,
            vec![
                Fact::Bandwidth(bandwidth(us1(), 18, 5)),
                Fact::Bandwidth(bandwidth(eu1(), 18, 6)),
                Fact::Bandwidth(bandwidth(us1(), 19, 1)),
                Fact::Storage(storage(us1(), 19, 1)),
                Fact::Estimate(estimate(JULY, 3)),
                Fact::Estimate(estimate(AUGUST, 4)),
                Fact::Paystub(Paystub { distributed: usd(0), ..paystub(JULY) }),
                Fact::Payment(payment("eth:0x1", 10)),
            ],
        ),
    );
    let later = seconds(60);
    store(
        &mut database,
        &at(
            later,
            vec![
                Fact::Bandwidth(bandwidth(us1(), 19, 2)),
                Fact::Storage(storage(us1(), 19, 12)),
                Fact::Estimate(estimate(AUGUST, 5)),
                Fact::Paystub(paystub(JULY)),
                Fact::Payment(payment("eth:0x2", 20)),
            ],
        ),
    );
    let reader = reader(&database);
    let all = Nodes::All;
    let moved = reader.daily_bandwidth(all, MONTH).unwrap();
    let moved: Vec<_> =
        moved.iter().map(|row| (row.at, row.what.satellite, row.what.get.get())).collect();
    assert_eq!(moved, [(HOUR, us1(), 5), (HOUR, eu1(), 6), (later, us1(), 2)]);
    let stored = reader.daily_storage(all, MONTH).unwrap();
    assert_eq!((stored.len(), stored[0].what.byte_hours.get()), (1, 12));
    let payouts: Vec<_> = reader.estimates(all, months.clone()).unwrap();
    let payouts: Vec<_> = payouts.iter().map(|row| row.what.payout.get()).collect();
    assert_eq!(payouts, [3, 5], "of July what was told last of July");
    let paid = reader.paystubs(all, months.clone()).unwrap();
    assert_eq!((paid.len(), paid[0].what.distributed), (1, usd(17)));
    let sent = reader.payments(all, months).unwrap();
    let sent: Vec<_> = sent.iter().map(|row| row.what.amount.get()).collect();
    assert_eq!(sent, [10, 20], "two payments for one month");
}

#[test]
fn rows_come_node_by_node_and_then_in_time() {
    let mut database = Database::new();
    for name in ["n2", "n1"] {
        let facts = [19, 18].map(|at| Fact::Bandwidth(bandwidth(us1(), at, 1)));
        store(&mut database, &report(name, HOUR, PollPart::Satellites, facts.to_vec()));
    }
    let rows = reader(&database).daily_bandwidth(Nodes::All, MONTH).unwrap();
    let rows: Vec<_> = rows.iter().map(|row| (row.node.as_str(), row.what.day)).collect();
    assert_eq!(rows, [("n1", day(18)), ("n1", day(19)), ("n2", day(18)), ("n2", day(19))]);
}

#[test]
fn prices_are_kept_month_by_month_as_they_were_told_last() {
    let mut database = Database::new();
    let july = Timestamp::from_civil((2026, 7, 31), 23, 59, 0);
    for (at, egress) in [(july, 2_000), (day(1), 1_000), (day(2), 200)] {
        let facts = vec![Fact::Prices(us1(), prices(egress))];
        store(&mut database, &report("n1", at, PollPart::Satellites, facts));
    }
    let rows = reader(&database).prices(Nodes::All).unwrap();
    let rows: Vec<_> = rows.iter().map(|row| (row.period, row.prices.egress.get())).collect();
    assert_eq!(rows, [(JULY, 2_000), (AUGUST, 200)]);
}

#[test]
fn a_node_that_is_only_polled_is_listed_and_has_no_records() {
    let mut database = Database::new();
    store(&mut database, &failed("n2", HOUR, "connection refused"));
    database.append(&Log::new("n1", 1).batch(transfers([HOUR])));
    store(&mut database, &everything("n1", seconds(500)));
    let reader = reader(&database);
    let nodes = reader.nodes().unwrap();
    let nodes: Vec<_> = nodes.iter().map(|node| (node.name.as_str(), node.records)).collect();
    assert_eq!(nodes, [("n1", Some((HOUR, HOUR))), ("n2", None)]);
    let polls = reader.polls(Nodes::Of(&[node("n2")])).unwrap();
    assert_eq!(polls[0].last.error.as_deref(), Some("connection refused"));
}

#[test]
fn since_when_polls_fail_is_known_until_one_succeeds() {
    let mut database = Database::new();
    let mut at = |report: Report| {
        store(&mut database, &report);
        let row = reader(&database).polls(Nodes::All).unwrap().remove(0);
        (row.succeeded_at, row.failing_since)
    };
    let good = |second| report("n1", seconds(second), PollPart::Dashboard, Vec::new());
    assert_eq!(at(failed("n1", seconds(0), "timeout")), (None, Some(seconds(0))));
    assert_eq!(at(failed("n1", seconds(1), "html")), (None, Some(seconds(0))));
    assert_eq!(at(good(2)), (Some(seconds(2)), None));
    assert_eq!(at(failed("n1", seconds(3), "timeout")), (Some(seconds(2)), Some(seconds(3))));
    assert_eq!(at(failed("n1", seconds(4), "timeout")), (Some(seconds(2)), Some(seconds(3))));
    assert_eq!(at(good(5)), (Some(seconds(5)), None));
}

/// Predecessor fault 22: its reputation parser expects a shape that no node sends, so that scores
/// and suspensions never show.
#[test]
fn a_standing_is_put_together_from_what_each_part_of_the_polls_tells() {
    let mut database = Database::new();
    let mut tell = |at, part, standing: Standing| {
        store(&mut database, &report("n1", at, part, vec![Fact::Standing(standing)]));
        reader(&database).standings(Nodes::All).unwrap().remove(0).what
    };
    let unknown = Standing::unknown(us1());
    let joined_at = Some(Timestamp::from_civil((2024, 2, 3), 4, 5, 6));
    let (dashboard, satellites) = (PollPart::Dashboard, PollPart::Satellites);
    tell(
        seconds(0),
        satellites,
        Standing { joined_at, scores: Some(scores(0.9)), ..unknown.clone() },
    );
    let suspended = Standing { suspended_at: Some(day(3)), ..unknown.clone() };
    let told = tell(seconds(1), dashboard, suspended);
    assert_eq!((told.joined_at, told.scores), (joined_at, Some(scores(0.9))));
    assert_eq!(told.suspended_at, Some(day(3)));
    let told = tell(seconds(2), satellites, Standing { joined_at, ..unknown.clone() });
    assert_eq!(told.suspended_at, Some(day(3)), "not told is not lifted");
    let told = tell(seconds(3), dashboard, unknown.clone());
    assert_eq!((told.suspended_at, told.joined_at), (None, joined_at), "lifted");
    let offline = Standing { offline_suspended_at: Some(day(4)), ..unknown.clone() };
    tell(seconds(4), PollPart::Databases, offline);
    let told = tell(seconds(5), dashboard, unknown.clone());
    assert_eq!(told.offline_suspended_at, Some(day(4)), "the dashboard does not tell");
    let told = tell(seconds(6), PollPart::Databases, unknown);
    assert_eq!(told.offline_suspended_at, None);
}

#[test]
fn scores_enter_the_history_when_they_differ_from_those_before() {
    let mut database = Database::new();
    let in_log = Scores {
        at: seconds(10),
        satellite: us1(),
        audit: 1.0,
        online: 0.9,
        suspension: 0.99,
        audit_delta: 0.0,
        online_delta: -0.1,
        suspension_delta: 0.0,
        audits_total: 3,
        audits_passed: 3,
    };
    database.append(&Log::new("n1", 1).batch(vec![Record::Scores(in_log.into())]));
    let poll = |second, satellite, online, audits| {
        let standing =
            Standing { scores: Some(scores(online)), audits, ..Standing::unknown(satellite) };
        report("n1", seconds(second), PollPart::Satellites, vec![Fact::Standing(standing)])
    };
    for report in [
        poll(20, us1(), 0.9, None),
        poll(30, us1(), 0.95, Some((7, 6))),
        poll(40, us1(), 0.95, None),
        poll(40, eu1(), 0.95, None),
        poll(50, us1(), 0.9, None),
        poll(60, us1(), f64::NAN, None),
    ] {
        store(&mut database, &report);
    }
    let reader = reader(&database);
    let rows = reader.scores(Nodes::All, MONTH, 10).unwrap();
    let row = |row: &ScoreRow| (row.at, row.satellite, row.online, row.audits);
    let rows: Vec<_> = rows.iter().map(|event| (row(&event.what), event.lines)).collect();
    assert_eq!(
        rows,
        [
            ((seconds(50), us1(), 0.9, None), 0),
            ((seconds(40), eu1(), 0.95, None), 0),
            ((seconds(30), us1(), 0.95, Some((7, 6))), 0),
            ((seconds(10), us1(), 0.9, Some((3, 3))), 1),
        ]
    );
    let standings = reader.standings(Nodes::All).unwrap();
    assert_eq!(standings[0].what.scores, Some(scores(0.9)), "what is no number is not told");
}

#[test]
fn another_version_is_an_event() {
    let mut database = Database::new();
    for (second, version) in [(0, "1.140.0"), (300, "1.140.0"), (600, "1.141.2"), (900, "1.140.0")]
    {
        let facts = vec![Fact::Status(status(version))];
        store(&mut database, &report("n1", seconds(second), PollPart::Dashboard, facts));
    }
    let events = reader(&database).lifecycle(Nodes::All, MONTH, 10).unwrap();
    let events: Vec<_> =
        events.into_iter().map(|event| (event.what.at, event.what.event, event.lines)).collect();
    let version = |text: &str| LifecycleEvent::Version(text.into());
    assert_eq!(
        events,
        [
            (seconds(900), version("1.140.0"), 0),
            (seconds(600), version("1.141.2"), 0),
            (HOUR, LifecycleEvent::MinimumVersion("1.120.1".into()), 0),
            (HOUR, version("1.140.0"), 0),
        ]
    );
}

/// A log that is silent is silent, whatever the node tells beside it. How full it is is known.
#[test]
fn a_report_is_no_sign_of_the_log() {
    let mut database = Database::new();
    database.append(&Log::new("n1", 1).batch(transfers([HOUR])));
    store(&mut database, &everything("n1", seconds(600)));
    store(&mut database, &everything("n2", seconds(600)));
    let [logged, polled] = reader(&database).activity(Nodes::All, NOW).unwrap().try_into().unwrap();
    assert_eq!((logged.stored_at, logged.transfer_at()), (Some(NOW), Some(HOUR)));
    assert_eq!(polled.stored_at, None);
    for activity in [logged, polled] {
        assert_eq!((activity.scores_at, activity.version), (None, None));
        assert_eq!((activity.started, activity.stopped), (None, None));
        let space = activity.space.unwrap();
        assert_eq!((space.at, space.bytes), (seconds(600), bytes(1_000)));
    }
}

#[test]
fn absurd_numbers_and_what_is_no_number_do_not_stop_the_polls() {
    let mut database = Database::new();
    let all = bytes(u64::MAX);
    let facts = vec![
        Fact::Quantiles(quantiles(f64::NAN)),
        Fact::Quantiles(Quantiles { sum: f64::INFINITY, ..quantiles(1.0) }),
        Fact::Bandwidth(DailyBandwidth { get: all, put: all, ..bandwidth(us1(), 1, 0) }),
        Fact::Storage(storage(us1(), 1, u64::MAX)),
        Fact::Space(Space { used: Some(all), ..Space::default() }),
        Fact::Estimate(estimate(AUGUST, i64::MIN)),
        Fact::Estimate(estimate(JULY, i64::MAX)),
    ];
    store(&mut database, &report("n1", HOUR, PollPart::Satellites, facts));
    let reader = reader(&database);
    assert_eq!(reader.quantiles(Nodes::All, MONTH).unwrap(), []);
    let connection = Connection::open(database.path()).unwrap();
    let sql = "SELECT sum(get + put) * 16 FROM satellite_bandwidth_daily";
    let sum: i64 = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    assert!(sum > 0);
    let payouts: Vec<_> = reader.estimates(Nodes::All, JULY..=AUGUST).unwrap();
    let payouts: Vec<_> = payouts.iter().map(|row| row.what.payout.get()).collect();
    assert_eq!(payouts, [1 << 53, -(1 << 53)]);
}

/// A log and a dashboard are read by two processes, or by two threads of one.
#[test]
fn a_report_and_an_append_at_the_same_time_are_both_stored() {
    const ROUNDS: i64 = 50;
    let mut database = Database::new();
    let mut other = database.again();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..ROUNDS {
                other.writer.report(&everything("n1", seconds(round)), NOW).unwrap();
            }
        });
        let mut log = Log::new("n1", 1);
        for round in 0..ROUNDS {
            let batch = log.batch(transfers([seconds(round)]));
            assert_eq!(database.writer.append(&[batch], NOW).unwrap(), [Appended::Committed]);
        }
    });
    assert_eq!(database.count(Nodes::All, None), ROUNDS as u64);
    let reader = reader(&database);
    assert_eq!(
        reader.used_space(Nodes::All, MONTH, Duration::ZERO).unwrap().len(),
        ROUNDS as usize
    );
    assert_eq!(reader.commits_since(0, 1000).unwrap().len(), 2 * ROUNDS as usize);
    assert_eq!(reader.check().unwrap().damage, [""; 0]);
}

#[test]
fn a_report_that_cannot_be_stored_leaves_nothing_and_can_be_given_again() {
    let mut database = Database::with(piecewatch_store::StoreConfig {
        busy_timeout: std::time::Duration::from_millis(10),
        ..Default::default()
    });
    let other = Connection::open(database.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let report = everything("n1", HOUR);
    let error = database.writer.report(&report, NOW).unwrap_err();
    assert!(matches!(error, Error::Busy { .. }), "{error}");
    other.execute_batch("ROLLBACK").unwrap();
    // The numbers of the node and of the satellite were not kept from the time that failed.
    store(&mut database, &report);
    let patient = database.again().readers.get().unwrap();
    assert_eq!(patient.standings(Nodes::All).unwrap(), [told(standing(us1()))]);
    std::fs::remove_file(database.path()).unwrap();
    assert!(matches!(database.writer.report(&report, NOW), Err(Error::Gone { .. })));
}

/// Predecessor fault 23: it keeps single transfers for two days and adds up a month from them.
#[test]
fn quantiles_go_after_a_year_and_figures_stay() {
    let mut database = Database::new();
    store(&mut database, &everything("n1", HOUR));
    let later = seconds(400 * 86_400);
    while database.writer.prune(later, 1).unwrap().more {}
    let reader = reader(&database);
    assert_eq!(reader.quantiles(Nodes::All, MONTH).unwrap(), []);
    assert_eq!(reader.scores(Nodes::All, MONTH, 10).unwrap(), []);
    assert_eq!(reader.daily_bandwidth(Nodes::All, MONTH).unwrap().len(), 1);
    assert_eq!(reader.paystubs(Nodes::All, JULY..=JULY).unwrap().len(), 1);
    assert_eq!(reader.space(Nodes::All, MONTH, 9).unwrap().len(), 1);
    // What is too old already is not written again.
    database.writer.report(&everything("n1", HOUR), later).unwrap();
    let reader = database.readers.get().unwrap();
    assert_eq!(reader.quantiles(Nodes::All, MONTH).unwrap(), []);
    assert_eq!(reader.lifecycle(Nodes::All, MONTH, 9).unwrap(), []);
}

#[test]
fn a_satellite_too_many_is_passed_over_and_does_not_stand_for_another() {
    let mut database = Database::new();
    let connection = Connection::open(database.path()).unwrap();
    let sql = "INSERT INTO satellites (id, raw, name) VALUES (1000, zeroblob(32), 'the last')";
    connection.execute(sql, []).unwrap();
    let report = everything("n1", HOUR);
    let of_satellites = report
        .facts
        .iter()
        .filter(|fact| !matches!(fact, Fact::Status(_) | Fact::Space(_) | Fact::Quantiles(_)));
    let of_satellites = of_satellites.count();
    assert_eq!(database.writer.report(&report, NOW).unwrap(), of_satellites);
    let reader = reader(&database);
    assert_eq!(reader.daily_bandwidth(Nodes::All, MONTH).unwrap(), []);
    assert_eq!(reader.standings(Nodes::All).unwrap(), []);
    assert_eq!(reader.statuses(Nodes::All).unwrap().len(), 1, "the rest is stored");
    let poll = reader.polls(Nodes::All).unwrap().remove(0);
    let error = poll.last.error.expect("it is not silent");
    assert!(error.starts_with(&format!("{of_satellites} facts on ")), "{error}");
    assert!(error.ends_with("there is no room for more satellites"), "{error}");
}

#[test]
fn one_node_cannot_fill_what_all_share() {
    let mut database = Database::new();
    let made_up = |at: u16| {
        let mut id = [7; 32];
        id[..2].copy_from_slice(&at.to_be_bytes());
        SatelliteId::new(id)
    };
    let tells = |ids: std::ops::Range<u16>| {
        let facts = ids.map(|at| Fact::Standing(Standing::unknown(made_up(at)))).collect();
        report("n1", HOUR, PollPart::Satellites, facts)
    };
    // However it goes about it: at once, or a few with each poll.
    assert_eq!(database.writer.report(&tells(0..40), NOW).unwrap(), 0);
    assert_eq!(database.writer.report(&tells(40..100), NOW).unwrap(), 36);
    assert_eq!(database.writer.report(&tells(100..200), NOW).unwrap(), 100);
    assert_eq!(database.writer.report(&tells(0..64), NOW).unwrap(), 0, "these are known");
    assert_eq!(reader(&database).standings(Nodes::All).unwrap().len(), 64);
    // Others have room, and so has this one for what others know.
    let other = vec![Fact::Standing(Standing::unknown(us1()))];
    store(&mut database, &report("n2", HOUR, PollPart::Satellites, other.clone()));
    let told = report("n1", HOUR, PollPart::Satellites, other);
    assert_eq!(database.writer.report(&told, NOW).unwrap(), 0);
}

#[test]
fn what_was_asked_earlier_does_not_take_the_place_of_what_was_asked_later() {
    let mut database = Database::new();
    let told = |at, version: &str, address: &str| {
        let address = Some(address.into());
        let standing = Standing { address, ..Standing::unknown(us1()) };
        let facts = vec![Fact::Status(status(version)), Fact::Standing(standing)];
        report("n1", at, PollPart::Satellites, facts)
    };
    let known = |database: &Database| {
        let reader = reader(database);
        let status = reader.statuses(Nodes::All).unwrap().remove(0).what;
        let standing = reader.standings(Nodes::All).unwrap().remove(0).what;
        (status.version.unwrap().to_string(), standing.address.unwrap().to_string())
    };
    let pair = |version: &str, address: &str| (version.to_owned(), address.to_owned());
    store(&mut database, &told(seconds(60), "1.150.1", "later:1"));
    store(&mut database, &told(seconds(50), "1.149.0", "earlier:1"));
    assert_eq!(known(&database), pair("1.150.1", "later:1"));
    // What a clock told that was ahead by years keeps nothing out once it is right again.
    store(&mut database, &told(NOW.plus_micros(1 << 50), "1.151.0", "ahead:1"));
    store(&mut database, &told(seconds(70), "1.152.0", "right:1"));
    assert_eq!(known(&database), pair("1.152.0", "right:1"));
}

#[test]
fn how_often_was_asked_is_counted_by_question() {
    let database = Database::new();
    let readers = database.readers.clone();
    assert!(readers.asked().is_empty());
    for _ in 0..3 {
        readers.get().unwrap().used_space(Nodes::All, MONTH, Duration::ZERO).unwrap();
    }
    database.readers.get().unwrap().prices(Nodes::All).unwrap();
    let asked: Vec<_> = readers.asked().into_iter().collect();
    assert_eq!(asked, [("prices", 1), ("used space", 3)]);
}
