//! The sums are what a naive addition of the records gives, however they came.

use std::{cmp::Reverse, collections::BTreeMap};

use piecewatch_model::{
    Action, ByteCount, Clock, Country, Direction, Grain, Histogram, KnownSatellite, Latency,
    NodeName, Outcome, Record, Rejected, SatelliteId, Timestamp, Transfer,
};
use piecewatch_store::{
    Ending, Fate, FlowPoint, LatencyFilter, Moved, Nodes, Retention, SlowFilter, Window,
};
use proptest::prelude::*;

use crate::fixture::{Database, HOUR, Log, NOW, node, seconds, transfer, transfers};

fn window(from: Timestamp, to: Timestamp) -> Option<Window> {
    Some(Window { from, to })
}

/// Predecessor fault 14: it writes one hour under two spellings, leaves out what happened exactly
/// at its beginning, and never sums the older hours of a node that is read later.
#[test]
fn an_hour_has_one_row_and_holds_its_first_instant() {
    let mut database = Database::new();
    let mut n1 = Log::new("n1", 1);
    database.append(&n1.batch(transfers([HOUR, HOUR.plus_micros(1), seconds(3599)])));
    database.append(&n1.batch(transfers([HOUR.plus_micros(-1), HOUR, seconds(3600)])));
    // An older hour of another node comes last.
    database.append(&Log::new("n2", 2).batch(transfers([seconds(-7200)])));
    let hour = |node_name: &str, hour: i64| {
        let nodes = [node(node_name)];
        let from = seconds(hour * 3600);
        database.count(Nodes::Of(&nodes), window(from, from.plus_micros(1)))
    };
    assert_eq!([hour("n1", -1), hour("n1", 0), hour("n1", 1)], [1, 4, 1]);
    assert_eq!([hour("n2", -2), hour("n2", 0)], [1, 0]);
    let connection = rusqlite::Connection::open(database.path()).unwrap();
    let sql = "SELECT count(*) FROM traffic_hourly WHERE node = 1 AND at = ?1";
    let rows: u32 = connection.query_row(sql, [HOUR.as_micros()], |row| row.get(0)).unwrap();
    assert_eq!(rows, 1);
}

/// Predecessor fault 15: it misses the last minutes of every hour, since it sums every ten.
#[test]
fn the_last_minutes_of_an_hour_are_there_at_once() {
    let mut database = Database::new();
    let mut log = Log::new("n1", 1);
    for minute in 0..60 {
        database.append(&log.batch(transfers([seconds(minute * 60 + 59)])));
        let counted = database.count(Nodes::All, window(HOUR, seconds(3600)));
        assert_eq!(counted, minute as u64 + 1);
    }
    let reader = database.readers.get().unwrap();
    let hour = Window { from: HOUR, to: seconds(3600) };
    let minutes = reader.traffic_series(Nodes::All, hour, Grain::Minute).unwrap();
    let times: Vec<_> = minutes.iter().map(|point| (point.at, point.count)).collect();
    assert_eq!(times, (0..60).map(|minute| (seconds(minute * 60), 1)).collect::<Vec<_>>());
}

#[test]
fn what_comes_late_enters_the_hour_in_which_it_happened() {
    let mut database = Database::new();
    let mut log = Log::new("n1", 1);
    database.append(&log.batch(transfers([seconds(3600)])));
    database.append(&log.batch(transfers([seconds(10), seconds(-86_400)])));
    assert_eq!(database.count(Nodes::All, window(HOUR, seconds(3600))), 1);
    assert_eq!(database.count(Nodes::All, window(seconds(-86_400), HOUR)), 1);
}

#[test]
fn a_window_of_days_and_hours_is_answered_exactly_and_says_what_it_covers() {
    let mut database = Database::new();
    let hours = 24 * 4;
    let times = (0..hours).map(|hour| seconds(-hour * 3600 + 1800));
    database.append(&Log::new("n1", 1).batch(transfers(times)));
    let reader = database.readers.get().unwrap();
    for (from, to) in [(-50, 0), (-50, -49), (-95, 1), (-38, -14), (-14, 1)] {
        let asked = Window {
            from: seconds(from * 3600).plus_micros(1),
            to: seconds(to * 3600).plus_micros(-1),
        };
        let totals = reader.traffic_totals(Nodes::All, Some(asked)).unwrap();
        let covered = Window { from: seconds(from * 3600), to: seconds(to * 3600) };
        assert_eq!(totals.window, Some(covered));
        let count: u64 = totals.rows.iter().map(|row| row.count).sum();
        assert_eq!(count, (to - from) as u64, "{from} to {to}");
        let of_nodes = reader.node_traffic_totals(Nodes::All, Some(asked)).unwrap();
        assert_eq!(of_nodes.window, totals.window);
        assert!(of_nodes.rows.iter().all(|row| row.satellite.is_none()));
        assert_eq!(of_nodes.rows.iter().map(|row| row.count).sum::<u64>(), count, "{from} to {to}");
    }
}

#[test]
fn nodes_that_are_not_known_count_nothing() {
    let mut database = Database::new();
    database.append(&Log::new("n1", 1).batch(transfers([HOUR])));
    assert_eq!(database.count(Nodes::Of(&[node("n2")]), None), 0);
    assert_eq!(database.count(Nodes::Of(&[node("n1"), node("n2")]), None), 1);
    assert_eq!(database.count(Nodes::Of(&[]), None), 0);
}

/// One record, a node, and the time at which it is stored.
fn any_record() -> impl Strategy<Value = (bool, Record)> {
    let at = (-60_i64 * 3600..7200, 0_i64..3).prop_map(|(second, sub)| {
        // Near the edges of hours and minutes, where a mistake would show.
        let second = if second % 3 == 0 { second / 3600 * 3600 } else { second };
        seconds(second).plus_micros([0, -1, 999_999][sub as usize])
    });
    let action = prop::sample::select(vec!["GET", "PUT", "GET_AUDIT", "GET_REPAIR", "GET_CONVERT"]);
    let outcome = prop::sample::select(Outcome::ALL.to_vec());
    let size = prop::option::of(prop::sample::select(vec![0_u64, 1, 2, 255, 256, 2_319_872]));
    let latency = prop::option::of((0_u64..5_000_000, prop::sample::select(Clock::ALL.to_vec())));
    let rest = (0_usize..4, 0_usize..3, 0_usize..4, any::<bool>(), 0_u8..10);
    (at, action, outcome, size, latency, rest).prop_map(
        |(at, action, outcome, size, latency, (satellite, country, error, second_node, kind))| {
            let satellite = KnownSatellite::ALL.get(satellite.wrapping_sub(1));
            let codes = [None, Some("DE"), Some("US")];
            let errors = [None, Some("EOF"), Some("context canceled"), Some("i/o timeout")];
            let record = if kind == 0 {
                Record::Rejected(Rejected { at, live_requests: None, limit: None })
            } else {
                Record::Transfer(Transfer {
                    action: Action::from_name(action),
                    outcome,
                    satellite: satellite.map(KnownSatellite::id),
                    size: size.map(ByteCount::new),
                    country: codes[country].and_then(Country::from_code),
                    latency: latency.map(|(micros, clock)| Latency { micros, clock }),
                    error: errors[error].map(Into::into),
                    ..transfer(at)
                })
            };
            (second_node, record)
        },
    )
}

type TotalsKey = (NodeName, Option<SatelliteId>, Action, Fate);

/// What a reader of the log would count.
fn naive_totals(records: &[(NodeName, Record)]) -> BTreeMap<TotalsKey, (u64, u64)> {
    let mut totals: BTreeMap<TotalsKey, (u64, u64)> = BTreeMap::new();
    for (node, record) in records {
        let mut add = |satellite, action: &Action, fate, bytes| {
            let key = (node.clone(), satellite, action.clone(), fate);
            let sum = totals.entry(key).or_default();
            *sum = (sum.0 + 1, sum.1 + bytes);
        };
        if let Record::Transfer(t) = record {
            let bytes = t.size.map_or(0, ByteCount::get);
            add(t.satellite, &t.action, Fate::Ended(t.outcome), bytes);
        } else {
            add(None, &Action::Upload, Fate::Rejected, 0);
        }
    }
    totals
}

fn of_transfers(records: &[(NodeName, Record)]) -> impl Iterator<Item = &Transfer> {
    records.iter().filter_map(|(_, record)| {
        if let Record::Transfer(transfer) = record { Some(transfer) } else { None }
    })
}

/// What moved to each node and from it in each bucket in which something ended or was turned away.
fn naive_flows(
    records: &[(NodeName, Record)],
    window: Window,
    grain: Grain,
) -> BTreeMap<(NodeName, Timestamp), [(u64, u64); 2]> {
    let mut flows: BTreeMap<(NodeName, Timestamp), [(u64, u64); 2]> = BTreeMap::new();
    for (node, record) in records {
        let at = if let Record::Transfer(transfer) = record {
            transfer.at
        } else if let Record::Rejected(rejected) = record {
            rejected.at
        } else {
            unreachable!("{record:?}")
        };
        if at < window.from || at >= window.to {
            continue;
        }
        let flow = flows.entry((node.clone(), at.floor(grain))).or_default();
        if let Record::Transfer(t) = record
            && t.outcome == Outcome::Success
        {
            let way = &mut flow[usize::from(t.action.direction() == Direction::Download)];
            *way = (way.0 + 1, way.1 + t.size.map_or(0, ByteCount::get));
        }
    }
    flows
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn sums_equal_a_naive_addition_and_what_is_rebuilt_from_the_transfers(
        records in prop::collection::vec(any_record(), 1..400),
        sizes in prop::collection::vec(1_usize..60, 1..20),
        together in 1_usize..4,
        (from, hours) in (-60_i64..60, 1_i64..120),
    ) {
        let mut database = Database::new();
        let mut logs = [Log::new("n1", 1), Log::new("n2", 2)];
        let names = [node("n1"), node("n2")];
        let records: Vec<(NodeName, Record)> = records
            .into_iter()
            .map(|(second, record)| (names[usize::from(second)].clone(), record))
            .collect();
        // Batches of any size, some of them in one transaction.
        let mut batches = Vec::new();
        let (mut rest, mut sizes) = (&records[..], sizes.into_iter().cycle());
        while !rest.is_empty() {
            let (part, after) = rest.split_at(sizes.next().unwrap().min(rest.len()));
            rest = after;
            for (log, name) in logs.iter_mut().zip(&names) {
                let of_node = part.iter().filter(|(node, _)| node == name);
                batches.push(log.batch(of_node.map(|(_, record)| record.clone()).collect()));
            }
        }
        for batches in batches.chunks(together) {
            database.writer.append(batches, NOW).unwrap();
        }

        let reader = database.readers.get().unwrap();
        let totals = reader.traffic_totals(Nodes::All, None).unwrap().rows;
        let totals: BTreeMap<_, _> = totals
            .into_iter()
            .map(|t| ((t.node, t.satellite, t.action, t.fate), (t.count, t.bytes.get())))
            .collect();
        let naive = naive_totals(&records);
        prop_assert_eq!(&totals, &naive);
        let mut together: BTreeMap<_, (u64, u64)> = BTreeMap::new();
        for ((node, _, action, fate), (count, bytes)) in naive {
            let sum = together.entry((node, action, fate)).or_default();
            *sum = (sum.0 + count, sum.1 + bytes);
        }
        let of_nodes = reader.node_traffic_totals(Nodes::All, None).unwrap().rows;
        let of_nodes: BTreeMap<_, _> = of_nodes
            .into_iter()
            .map(|t| ((t.node, t.action, t.fate), (t.count, t.bytes.get())))
            .collect();
        prop_assert_eq!(of_nodes, together);

        let all = Window { from: seconds(-100 * 3600), to: seconds(100 * 3600) };
        let sizes = reader.sizes(Nodes::All, all).unwrap();
        let failed: u64 =
            sizes.iter().filter(|row| row.ending == Ending::Failed).map(|row| row.count).sum();
        let expected = of_transfers(&records)
            .filter(|t| matches!(t.outcome, Outcome::Failed(_)) && t.size.is_some())
            .count();
        prop_assert_eq!(failed, expected as u64);

        let mut latencies = Histogram::new();
        for t in of_transfers(&records).filter(|t| t.outcome == Outcome::Success) {
            if let Some(latency) = t.latency.filter(|latency| latency.clock.is_honest()) {
                latencies.record(latency.micros);
            }
        }
        for align in [Grain::Hour, Grain::Day] {
            let mut merged = Histogram::new();
            for row in reader.latencies(Nodes::All, all, &LatencyFilter::default(), align).unwrap().rows {
                merged.merge(&row.histogram);
            }
            prop_assert_eq!(&merged, &latencies);
        }

        let mut slow: Vec<_> = of_transfers(&records)
            .filter_map(|t| t.latency.map(|latency| (Reverse(latency.micros), t.at)))
            .collect();
        slow.sort();
        slow.truncate(10);
        for align in [Grain::Hour, Grain::Day] {
            let any = SlowFilter::default();
            let slowest = reader.slowest(Nodes::All, all, &any, align, 10).unwrap();
            let told = slowest.rows.iter();
            let told: Vec<_> =
                told.map(|row| (Reverse(row.latency.unwrap().micros), row.at)).collect();
            prop_assert_eq!(&told, &slow);
        }

        let errors = reader.errors(Nodes::All, all, 1000).unwrap();
        let timeouts: u64 =
            errors.iter().filter(|row| &*row.template == "i/o timeout").map(|row| row.count).sum();
        let expected =
            of_transfers(&records).filter(|t| t.error.as_deref() == Some("i/o timeout")).count();
        prop_assert_eq!(timeouts, expected as u64);

        let germany: u64 = reader
            .countries(Nodes::All, all)
            .unwrap()
            .iter()
            .filter(|row| row.country.code() == "DE")
            .map(|row| row.count)
            .sum();
        let expected = of_transfers(&records)
            .filter(|t| t.country.is_some_and(|country| country.code() == "DE"))
            .count();
        prop_assert_eq!(germany, expected as u64);

        // Hours, whole days and hours again.
        let window = Window { from: seconds(from * 3600), to: seconds((from + hours) * 3600) };
        let within = || of_transfers(&records).filter(|t| window.from <= t.at && t.at < window.to);
        let count = |rows: &mut dyn Iterator<Item = u64>| rows.sum::<u64>();
        let sizes = reader.sizes(Nodes::All, window).unwrap();
        let expected = within().filter(|t| t.size.is_some()).count();
        prop_assert_eq!(count(&mut sizes.iter().map(|row| row.count)), expected as u64);
        let countries = reader.countries(Nodes::All, window).unwrap();
        let expected = within().filter(|t| t.country.is_some()).count();
        prop_assert_eq!(count(&mut countries.iter().map(|row| row.count)), expected as u64);
        let errors = reader.errors(Nodes::All, window, 1000).unwrap();
        let expected = within().filter(|t| t.error.is_some()).count();
        prop_assert_eq!(count(&mut errors.iter().map(|row| row.count)), expected as u64);
        let first = within().filter(|t| t.error.is_some()).map(|t| t.at).min();
        prop_assert_eq!(errors.iter().map(|row| row.first_at).min(), first);
        for grain in [Grain::Hour, Grain::Day] {
            let whole = window.widened(grain);
            let succeeded = of_transfers(&records)
                .filter(|t| whole.from <= t.at && t.at < whole.to && t.outcome == Outcome::Success)
                .count();
            let series = reader.fate_series(Nodes::All, window, grain, Fate::Ended(Outcome::Success)).unwrap();
            prop_assert_eq!(count(&mut series.iter().map(|row| row.count)), succeeded as u64);
        }
        for grain in [Grain::Minute, Grain::FiveMinutes, Grain::Hour, Grain::Day] {
            let whole = match grain {
                Grain::Minute | Grain::FiveMinutes => {
                    let kept_from = NOW.plus_micros(-2 * Grain::Day.micros());
                    Window { from: window.from.max(kept_from), to: window.to }.widened(grain)
                }
                Grain::Hour | Grain::Day => window.widened(grain),
            };
            let points = reader.flow_series(Nodes::All, whole, grain).unwrap();
            let flows: BTreeMap<_, _> = points
                .iter()
                .map(|FlowPoint { at, node, ingress, egress }| {
                    let of = |moved: &Moved| (moved.count, moved.bytes.get());
                    ((node.clone(), *at), [of(ingress), of(egress)])
                })
                .collect();
            prop_assert_eq!(flows.len(), points.len(), "one for each node and bucket");
            prop_assert_eq!(flows, naive_flows(&records, whole, grain));
        }
        let mut told = naive_flows(&records, window, Grain::Hour).into_keys().collect::<Vec<_>>();
        for (node, hours) in reader.told_hours(Nodes::All, window).unwrap() {
            for hour in hours {
                prop_assert_eq!(told.remove(0), (node.clone(), hour));
            }
        }
        prop_assert_eq!(told, []);

        prop_assert_eq!(reader.differences(NOW, &Retention::default()).unwrap(), []);
    }
}

#[test]
fn a_wrong_sum_is_found() {
    let mut database = Database::new();
    let latency = Some(Latency { micros: 70, clock: Clock::DockerNanos });
    let timed = Record::Transfer(Transfer { latency, ..transfer(HOUR) });
    database.append(&Log::new("n1", 1).batch(vec![timed]));
    let other = rusqlite::Connection::open(database.path()).unwrap();
    other
        .execute_batch(
            "UPDATE traffic_hourly SET count = 2; DELETE FROM size_hourly;
            UPDATE flow_hourly SET downloads = 2; DELETE FROM flow_minutely;
            DELETE FROM latency_node_hourly",
        )
        .unwrap();
    let reader = database.readers.get().unwrap();
    let differences = reader.differences(NOW, &Retention::default()).unwrap();
    let tables: Vec<_> =
        differences.iter().map(|d| (d.table, d.stored.is_some(), d.rebuilt.is_some())).collect();
    let expected = [
        ("flow_minutely", false, true),
        ("flow_hourly", true, true),
        ("traffic_hourly", true, true),
        ("size_hourly", false, true),
        ("latency_node_hourly", false, true),
    ];
    assert_eq!(tables, expected);
}
