//! The service that keeps answers: the same as without it, asked once, and never of before an import.

use std::{
    collections::BTreeMap,
    fmt::Debug,
    sync::{
        Arc, Barrier,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use piecewatch_analytics::{
    InWindow, Observatory, ObservatorySettings,
    compare::compare_of,
    connectivity::connectivity_of,
    countries::peers_of,
    distribution::{BarScale, bars},
    errors::top_errors_of,
    hot_pieces::hot_pieces_of,
    latency::{NodesOf, latency_curves_of, latency_of, merged_latencies},
    outlook::outlook_of,
    rate::{concurrency_of, in_flight_series_of, last_minute_of, rate_series_of},
    reputation::reputation_of,
    storage::{node_work_of, storage_of, stored_days_of},
    success::{success_of, success_series_of},
    tally::Tally,
};
use piecewatch_model::{
    Action, ByteCount, Clock, Fact, FailureClass, Grain, KnownSatellite, Latency, Lifecycle,
    LifecycleEvent, MicroUsd, NodeName, Outcome, Record, Scores, Space, Timestamp, Transfer,
};
use piecewatch_store::{Ending, LatencyFilter, Nodes, Reader, SlowFilter, StoreConfig, Window};

use crate::written::{Database, Log, NOW, ago, last, node, transfer};

const ANY: LatencyFilter = LatencyFilter { satellite: None, action: None };
const SLOW: SlowFilter = SlowFilter { action: None, ending: None };
const FAILED: [Ending; 2] = [Ending::Failed, Ending::Canceled];
const SCALE: BarScale = BarScale::Logarithmic { halvings: 1 };

fn still() -> Duration {
    Duration::ZERO
}

fn observatory(database: &Database, clock: fn() -> Duration) -> Observatory {
    let settings = ObservatorySettings::default();
    Observatory::new(database.readers(), &settings, clock)
}

fn measured(at: Timestamp, micros: u64) -> Transfer {
    Transfer { latency: Some(Latency { micros, clock: Clock::Arrival }), ..transfer(at) }
}

fn records(transfers: impl IntoIterator<Item = Transfer>) -> Vec<Record> {
    transfers.into_iter().map(Record::Transfer).collect()
}

/// How many requests of a node ended in the last day.
fn ended(observatory: &Observatory, of: &str) -> u64 {
    let success = observatory.success(Nodes::Of(&[node(of)]), Some(last(86_400))).unwrap();
    success.tallies.values().map(|tally| tally.count()).sum()
}

fn space(used: u64) -> Fact {
    let bytes = |bytes| Some(ByteCount::new(bytes));
    Fact::Space(Space {
        used: bytes(used),
        trash: bytes(0),
        available: bytes(1_000_000 - used),
        total: bytes(1_000_000),
        ..Space::default()
    })
}

fn used(observatory: &Observatory, of: &str) -> Option<u64> {
    let storage = observatory.storage(&node(of), NOW).unwrap();
    storage.what.capacity.used.map(|told| told.bytes.get())
}

/// Two nodes of which everything is known that is asked for, over a day and a half.
fn lively() -> Database {
    let mut database = Database::new();
    for (name, micros) in [("n1", 40_000), ("n2", 90_000)] {
        let mut log = Log::new(name);
        let moved = (0..3_000_u64).map(|at| {
            let transfer = measured(ago(40 * at as i64 + 20), micros + at * 7_919 % 50_000);
            match at % 10 {
                0 => Transfer { action: Action::Put, ..transfer },
                1 => Transfer {
                    outcome: Outcome::Failed(FailureClass::Disk),
                    error: Some("input/output error".into()),
                    latency: None,
                    ..transfer
                },
                _ => transfer,
            }
        });
        let mut told = records(moved);
        for (hours, version) in [(30, "1.120.4"), (3, "1.122.1")] {
            let event = LifecycleEvent::Version(version.into());
            told.push(Record::Lifecycle(Box::new(Lifecycle { at: ago(hours * 3600), event })));
        }
        told.push(Record::Scores(Box::new(Scores {
            at: ago(5_000),
            satellite: KnownSatellite::ALL[0].id(),
            audit: 0.99,
            online: 0.97,
            suspension: 1.0,
            audit_delta: 0.0,
            online_delta: 0.0,
            suspension_delta: 0.0,
            audits_total: 100,
            audits_passed: 99,
        })));
        log.append(&mut database, told);
        database.report(&node(name), ago(300), vec![space(400_000)]);
    }
    database
}

/// An answer in a form that shows everything of it.
fn shown(answer: impl Debug) -> String {
    format!("{answer:?}")
}

fn compared() -> [NodeName; 2] {
    [node("n2"), node("n1")]
}

fn earnings() -> BTreeMap<NodeName, MicroUsd> {
    BTreeMap::from([(node("n2"), "1.5".parse().unwrap())])
}

/// Every question, asked of the observatory.
fn asked(of: &Observatory, window: Window, now: Timestamp) -> BTreeMap<&'static str, String> {
    let (all, n1, hour) = (Nodes::All, node("n1"), Grain::Hour);
    let fine = Grain::FiveMinutes;
    BTreeMap::from([
        ("latency", shown(of.latency(all, window, &ANY, fine).unwrap())),
        ("bars", shown(of.latency_bars(all, window, &ANY, fine, SCALE).unwrap())),
        (
            "latency_series",
            shown(of.latency_series(all, window, &ANY, hour, NodesOf::Apart).unwrap()),
        ),
        ("slowest", shown(of.slowest(all, window, &SLOW, hour, 5).unwrap())),
        ("success", shown(of.success(all, Some(window)).unwrap())),
        ("success_series", shown(of.success_series(all, window, hour).unwrap())),
        ("rates", shown(of.rates(all, window, Grain::Minute).unwrap())),
        ("last_minute", shown(of.last_minute(all, now).unwrap())),
        ("concurrency", shown(of.concurrency(all, window, hour).unwrap())),
        ("in_flight_series", shown(of.in_flight_series(all, window, Grain::Minute).unwrap())),
        ("sizes", shown(of.sizes(all, window).unwrap())),
        ("hot_pieces", shown(of.hot_pieces(&n1, window, 5).unwrap())),
        ("peers", shown(of.peers(&n1, window).unwrap())),
        ("errors", shown(of.errors(all, window, &FAILED, 10).unwrap())),
        ("troubles", shown(of.troubles(all, window, 10).unwrap())),
        ("storage", shown(of.storage(&n1, now).unwrap())),
        ("stored_days", shown(of.stored_days(&n1, window, now).unwrap())),
        ("work", shown(of.work(&n1, window).unwrap())),
        ("reputation", shown(of.reputation(&n1, window, now).unwrap())),
        ("connectivity", shown(of.connectivity(&n1, window, now).unwrap())),
        ("comparison", shown(of.comparison(&compared(), window, &earnings()).unwrap())),
        ("outlook", shown(of.outlook(&n1, now).unwrap())),
    ])
}

/// Every question, asked of the database without it. `window` and `now` are whole minutes.
fn cold(reader: &Reader, window: Window, now: Timestamp) -> BTreeMap<&'static str, String> {
    let (all, n1, hour) = (Nodes::All, node("n1"), Grain::Hour);
    let fine = Grain::FiveMinutes;
    fn within<T: Debug>(window: Window, grain: Grain, what: T) -> String {
        shown(InWindow { window: window.widened(grain), what })
    }
    let latency = latency_of(reader, all, window.widened(fine), &ANY, fine).unwrap();
    let merged = merged_latencies(&latency.measured.rows, |row| row.action.clone());
    let drawn: BTreeMap<_, _> =
        merged.into_iter().map(|(of, histogram)| (of, bars(&histogram, SCALE))).collect();
    let curves = latency_curves_of(reader, all, window, &ANY, hour, NodesOf::Apart).unwrap();
    let marked = success_series_of(reader, all, window, hour).unwrap();
    let rates = rate_series_of(reader, all, window, Grain::Minute).unwrap();
    let concurrency = concurrency_of(reader, all, window, hour).unwrap();
    let in_flight = in_flight_series_of(reader, all, window, Grain::Minute).unwrap();
    let month = Window { from: now.plus_micros(-30 * Grain::Day.micros()), to: now };
    let storage = storage_of(reader, &n1, now).unwrap();
    let days = stored_days_of(reader, &n1, window, now).unwrap();
    let reputation = reputation_of(reader, &n1, window, now).unwrap();
    BTreeMap::from([
        ("latency", shown(latency)),
        ("bars", within(window, fine, drawn)),
        ("latency_series", shown(curves)),
        ("slowest", shown(reader.slowest(all, window, &SLOW, hour, 5).unwrap())),
        ("success", shown(success_of(reader, all, Some(window)).unwrap())),
        ("success_series", shown(marked)),
        ("rates", shown(rates)),
        ("last_minute", shown(last_minute_of(reader, all, now).unwrap())),
        ("concurrency", shown(concurrency)),
        ("in_flight_series", shown(in_flight)),
        ("sizes", within(window, hour, reader.sizes(all, window).unwrap())),
        (
            "hot_pieces",
            shown(hot_pieces_of(reader, &n1, window.widened(Grain::FiveMinutes), 5).unwrap()),
        ),
        ("peers", shown(peers_of(reader, &n1, window).unwrap())),
        ("errors", shown(top_errors_of(reader, all, window, &FAILED, 10).unwrap())),
        ("troubles", shown(reader.trouble_counts(all, window.widened(hour), 10).unwrap())),
        ("storage", within(month, Grain::Minute, storage)),
        ("stored_days", within(window, Grain::Day, days)),
        ("work", shown(node_work_of(reader, &n1, window).unwrap())),
        ("reputation", within(window, Grain::Minute, reputation)),
        ("connectivity", shown(connectivity_of(reader, &n1, window, now).unwrap())),
        ("comparison", shown(compare_of(reader, &compared(), window, &earnings()).unwrap())),
        ("outlook", shown(outlook_of(reader, &n1, ago(3600)).unwrap())),
    ])
}

#[test]
fn answers_are_those_of_the_database_and_asked_for_once() {
    let database = lively();
    let observatory = observatory(&database, still);
    // Seventeen seconds before midnight: the newest hour that is over ended at eleven.
    let (window, now) = (Window { from: ago(40_003), to: ago(17) }, ago(17));
    let first = asked(&observatory, window, now);
    let expected = cold(&database.reader(), window.widened(Grain::Minute), NOW);
    for (question, answer) in &expected {
        // At 23:59:43 the last whole minute began at 23:58, at midnight it is the same.
        assert_eq!(&first[question], answer, "{question}");
    }
    assert_eq!(first.len(), expected.len());
    assert!(first["success"].contains("1.122.1") && first["outlook"].contains("1.122.1"));
    // Everybody who asks within the minute gets the same, and nothing is asked for it.
    let before = database.readers().asked();
    let later = Window { from: ago(40_002), to: ago(11) };
    assert_eq!(asked(&observatory, later, ago(11)), first);
    let mut after = database.readers().asked();
    // Which hour is the newest that is over is asked each time.
    *after.get_mut("nodes").unwrap() -= 1;
    assert_eq!(after, before);
}

#[test]
fn the_order_in_which_nodes_are_named_makes_no_other_question() {
    let database = lively();
    let observatory = observatory(&database, still);
    let (n1, n2) = (node("n1"), node("n2"));
    let success =
        |nodes: &[NodeName]| observatory.success(Nodes::Of(nodes), Some(last(600))).unwrap();
    let both = success(&[n1.clone(), n2.clone()]);
    assert!(Arc::ptr_eq(&both, &success(&[n2.clone(), n1.clone(), n2.clone()])));
    assert!(!Arc::ptr_eq(&both, &success(&[n1])));
}

/// What comes live is seen when the time is over, or nothing would ever be kept; what is imported at
/// once, by those who asked of that node.
#[test]
fn an_import_is_seen_at_once_and_live_lines_when_the_time_is_over() {
    static SECONDS: AtomicU64 = AtomicU64::new(0);
    let mut database = Database::new();
    let (mut one, mut two) = (Log::new("n1"), Log::new("n2"));
    one.append(&mut database, records([measured(ago(80_000), 5_000)]));
    two.append(&mut database, records([measured(ago(80_000), 5_000)]));
    let observatory =
        observatory(&database, || Duration::from_secs(SECONDS.load(Ordering::Relaxed)));
    observatory.refresh().unwrap();
    let all = || {
        let answer = observatory.latency(Nodes::All, last(86_400), &ANY, Grain::Hour).unwrap();
        answer.measured.rows.iter().map(|row| row.histogram.count()).sum::<u64>()
    };
    assert_eq!((ended(&observatory, "n1"), ended(&observatory, "n2"), all()), (1, 1, 2));

    one.append(&mut database, records([measured(ago(60), 5_000)]));
    observatory.refresh().unwrap();
    assert_eq!((ended(&observatory, "n1"), all()), (1, 2), "kept");
    SECONDS.store(30, Ordering::Relaxed);
    assert_eq!((ended(&observatory, "n1"), all()), (1, 3), "latencies are kept for 30 seconds");
    SECONDS.store(60, Ordering::Relaxed);
    assert_eq!((ended(&observatory, "n1"), ended(&observatory, "n2"), all()), (2, 1, 3));

    let computed = |name: &str| {
        let stats = observatory.stats();
        stats.iter().find(|stats| stats.name == name).unwrap().computations
    };
    observatory.outlook(&node("n1"), NOW).unwrap();
    let before = (computed("success"), computed("outlook"));
    one.append(&mut database, records([measured(ago(50_000), 5_000)]));
    observatory.refresh().unwrap();
    assert_eq!((ended(&observatory, "n1"), all()), (3, 4), "an import changes what was");
    assert_eq!(ended(&observatory, "n2"), 1);
    assert_eq!(computed("success"), before.0 + 1, "and nothing of another node");
    let outlook = observatory.outlook(&node("n1"), NOW).unwrap();
    assert_eq!(computed("outlook"), before.1 + 1, "nor of what is usual");
    let reader = database.reader();
    // The newest record is of the last minute before midnight.
    assert_eq!(*outlook, outlook_of(&reader, &node("n1"), ago(3_600)).unwrap());
}

#[test]
fn a_report_is_seen_at_once_in_what_is_made_of_reports() {
    let mut database = lively();
    let observatory = observatory(&database, still);
    observatory.refresh().unwrap();
    let window = last(40_000);
    let first = asked(&observatory, window, NOW);
    assert_eq!(used(&observatory, "n1"), Some(400_000));
    database.report(&node("n1"), ago(1), vec![space(500_000)]);
    observatory.refresh().unwrap();
    assert_eq!(used(&observatory, "n1"), Some(500_000));
    let asked_before = database.readers().asked();
    let second = asked(&observatory, window, NOW);
    let changed: Vec<&str> = first
        .iter()
        .filter(|(question, answer)| second[*question] != **answer)
        .map(|(question, _)| *question)
        .collect();
    assert_eq!(changed, ["comparison", "connectivity", "storage"]);
    // What is made of the log alone was not asked anew.
    let count = |asked: &BTreeMap<&str, u64>, of: &str| asked.get(of).copied().unwrap_or(0);
    let asked_after = database.readers().asked();
    for question in ["errors", "slowest transfers", "transfers"] {
        assert_eq!(count(&asked_after, question), count(&asked_before, question), "{question}");
    }
    let reader = database.reader();
    assert_eq!(
        second["comparison"],
        shown(compare_of(&reader, &compared(), window, &earnings()).unwrap())
    );
}

#[test]
fn many_threads_that_ask_at_once_ask_the_database_once() {
    const THREADS: usize = 64;
    let database = lively();
    let observatory = observatory(&database, still);
    let before = database.readers().asked();
    let barrier = Barrier::new(THREADS);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (observatory, barrier) = (&observatory, &barrier);
            scope.spawn(move || {
                barrier.wait();
                // Each with a window of its own, within one minute.
                let window = Window { from: ago(40_000), to: ago(1 + thread as i64 % 50) };
                observatory.latency(Nodes::All, window, &ANY, Grain::Hour).unwrap();
                observatory.errors(Nodes::All, window, &FAILED, 10).unwrap();
                observatory.troubles(Nodes::All, window, 10).unwrap();
                observatory.slowest(Nodes::All, window, &SLOW, Grain::Hour, 5).unwrap();
                observatory.sizes(Nodes::All, window).unwrap();
                observatory.outlook(&node("n1"), window.to).unwrap();
            });
        }
    });
    let asked = database.readers().asked();
    let each = [
        "latencies",
        "errors",
        "counts of troubles",
        "slowest transfers",
        "sizes",
        "latency of each hour",
    ];
    for question in each {
        let count = |asked: &BTreeMap<&str, u64>| asked.get(question).copied().unwrap_or(0);
        assert_eq!(count(&asked) - count(&before), 1, "{question}");
    }
}

#[test]
fn what_could_not_be_answered_is_asked_anew() {
    let config = StoreConfig {
        readers: 1,
        busy_timeout: Duration::from_millis(300),
        ..StoreConfig::default()
    };
    let mut database = Database::with(config);
    Log::new("n1").append(&mut database, records([transfer(ago(600))]));
    let observatory = observatory(&database, still);
    let held = database.reader();
    let failed = observatory.success(Nodes::All, Some(last(3_600))).unwrap_err();
    assert!(failed.to_string().contains("n.db"), "{failed}");
    assert!(observatory.refresh().is_err());
    drop(held);
    let answer = observatory.success(Nodes::All, Some(last(3_600))).unwrap();
    assert_eq!(answer.tallies.len(), 1);
    observatory.refresh().unwrap();
}

/// Predecessor fault 31: one slow client delays everybody, since what is sent waits for all of them.
/// Here somebody keeps the only connection, and somebody else waits for it; whoever asks for what is
/// kept waits for neither.
#[test]
fn who_is_slow_delays_nobody_who_asks_for_what_is_known() {
    let config =
        StoreConfig { readers: 1, busy_timeout: Duration::from_secs(5), ..StoreConfig::default() };
    let mut database = Database::with(config);
    Log::new("n1").append(&mut database, records([transfer(ago(600))]));
    let observatory = observatory(&database, still);
    let kept = observatory.success(Nodes::All, Some(last(3_600))).unwrap();
    let slow = database.reader();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| observatory.sizes(Nodes::All, last(3_600)).unwrap());
        for _ in 0..1_000 {
            // Without an answer at hand this would fail after five seconds.
            let again = observatory.success(Nodes::All, Some(last(3_600))).unwrap();
            assert!(Arc::ptr_eq(&again, &kept));
        }
        assert!(!waiting.is_finished(), "it waits for the one that is slow");
        drop(slow);
        assert_eq!(waiting.join().unwrap().what.len(), 1);
    });
}

#[test]
fn what_is_kept_never_weighs_more_than_it_may() {
    let database = lively();
    let settings = ObservatorySettings { weight_max: 256 << 10, ..ObservatorySettings::default() };
    let observatory = Observatory::new(database.readers(), &settings, still);
    let weight = || observatory.stats().iter().map(|stats| stats.weight).sum::<u64>();
    let mut heaviest = 0;
    for hours in 1..40 {
        asked(&observatory, last(hours * 3_600), ago(hours * 60));
        heaviest = heaviest.max(weight());
    }
    assert!(heaviest <= settings.weight_max, "{heaviest}");
    assert!(heaviest > settings.weight_max / 4, "{heaviest}: the bound says something");
    assert!(observatory.stats().iter().any(|stats| stats.evictions > 0));
    observatory.clear();
    assert_eq!(weight(), 0);
}

/// Four nodes of six satellites: what a dashboard asks in a minute.
#[test]
fn all_that_is_kept_of_a_realistic_run_is_less_than_five_megabytes() {
    let mut database = Database::new();
    let names = ["a", "b", "c", "d"];
    let actions = [Action::Get, Action::Put, Action::GetRepair, Action::PutRepair];
    let mut rows_weigh = 0;
    for (number, name) in (1_u64..).zip(names) {
        let moved = (0..20_000_u64).map(|at| {
            let chance = (at + number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            // From 10 ms to 10 s, as many in each doubling.
            let micros =
                (10_000.0 * 1_000_f64.powf((chance >> 32) as f64 / 4_294_967_296.0)) as u64;
            Transfer {
                satellite: Some(KnownSatellite::ALL[(at % 4) as usize].id()),
                action: actions[(at / 4 % 4) as usize].clone(),
                ..measured(ago(4 * at as i64 + 20), micros)
            }
        });
        Log::new(name).append(&mut database, records(moved));
        database.report(&node(name), ago(300), vec![space(400_000)]);
    }
    let observatory = observatory(&database, still);
    let window = last(86_400);
    for grain in [Grain::FiveMinutes, Grain::Hour] {
        for nodes_of in [NodesOf::Together, NodesOf::Apart] {
            observatory.latency_series(Nodes::All, window, &ANY, grain, nodes_of).unwrap();
        }
        let latency = observatory.latency(Nodes::All, window, &ANY, grain).unwrap();
        let buckets = |row: &piecewatch_store::LatencyRow| row.histogram.buckets().count() * 16;
        rows_weigh += latency.measured.rows.iter().map(buckets).sum::<usize>() as u64;
        observatory.success_series(Nodes::All, window, grain).unwrap();
    }
    observatory.rates(Nodes::All, window, Grain::Minute).unwrap();
    observatory.success(Nodes::All, Some(window)).unwrap();
    observatory.last_minute(Nodes::All, NOW).unwrap();
    observatory.slowest(Nodes::All, window, &SLOW, Grain::Hour, 100).unwrap();
    observatory.errors(Nodes::All, window, &FAILED, 100).unwrap();
    for name in names {
        let (node, month) = (node(name), last(30 * 86_400));
        observatory.storage(&node, NOW).unwrap();
        observatory.stored_days(&node, month, NOW).unwrap();
        observatory.work(&node, window).unwrap();
        observatory.reputation(&node, month, NOW).unwrap();
        observatory.connectivity(&node, window, NOW).unwrap();
        observatory.hot_pieces(&node, window, 100).unwrap();
        observatory.outlook(&node, NOW).unwrap();
    }
    let stats = observatory.stats();
    let weight: u64 = stats.iter().map(|stats| stats.weight).sum();
    assert!(weight < 5_000_000, "{weight}: {stats:#?}");
    assert!(weight > rows_weigh && rows_weigh > 200_000, "{rows_weigh}: {stats:#?}");
    assert!(stats.iter().all(|stats| stats.evictions == 0), "there is room for all: {stats:#?}");
}

#[test]
fn an_overview_tells_what_success_and_the_last_minute_tell() {
    let database = lively();
    let observatory = observatory(&database, still);
    let nodes = database.reader().nodes().unwrap().into_iter();
    let nodes: Vec<_> = nodes.map(|node| (node.name, node.records)).collect();
    for seconds in [600, 40_000, 100_000] {
        let window = last(seconds);
        let overview = observatory.overview(&nodes, window, NOW).unwrap();
        let success = observatory.success(Nodes::All, Some(window)).unwrap();
        assert_eq!(
            (Some(overview.window), &overview.acceptance),
            (success.window, &success.acceptance)
        );
        let mut tallies: BTreeMap<(NodeName, Action), Tally> = BTreeMap::new();
        for ((node, _, action), tally) in &success.tallies {
            tallies.entry((node.clone(), action.clone())).or_default().merge(tally);
        }
        assert_eq!(overview.tallies, tallies, "{seconds}");
    }
    for seconds in [100, 130, 1_000, 50_000] {
        let now = ago(seconds);
        let overview = observatory.overview(&nodes, last(600), now).unwrap();
        let all = observatory.last_minute(Nodes::All, now).unwrap();
        let (bits, pieces) = overview.rates.values().fold((0.0, 0.0), |(bits, pieces), rates| {
            let both = [rates.ingress, rates.egress];
            (
                bits + both.iter().map(|flow| flow.bits_per_second).sum::<f64>(),
                pieces + both.iter().map(|flow| flow.pieces_per_second).sum::<f64>(),
            )
        });
        let rates = all.rates.unwrap();
        let near = |a: f64, b: f64| (a - b).abs() < 1e-6 * b.max(1.0);
        let expected = rates.ingress.bits_per_second + rates.egress.bits_per_second;
        assert!(near(bits, expected), "{seconds}: {bits} {expected}");
        let expected = rates.ingress.pieces_per_second + rates.egress.pieces_per_second;
        assert!(near(pieces, expected) && pieces > 0.0, "{seconds}: {pieces} {expected}");
        assert_eq!((overview.rates.len(), overview.minute.from), (all.nodes, all.at));
    }
    // After the last record nothing is known.
    let ahead = observatory.overview(&nodes, last(600), NOW.plus_micros(3_600_000_000)).unwrap();
    assert!(ahead.rates.is_empty());
}
