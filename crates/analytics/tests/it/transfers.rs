//! What is said of transfers, by hand: gaps, upgrades, and what the system before told wrong.

use piecewatch_analytics::{
    distribution::Distribution,
    latency::{finest_grain, latency_of, latency_series, merged_latencies},
    rate::{Rates, concurrency_of, in_flight_series_of, last_minute_of, rate_series_of},
    success::success_of,
};
use piecewatch_model::{
    Action, Clock, FailureClass, Grain, Latency, Lifecycle, LifecycleEvent, NodeName, Outcome,
    Record, Timestamp, Transfer,
};
use piecewatch_store::{KeptFrom, LatencyFilter, Nodes, Retention, SlowFilter, Window};

use crate::written::{Database, Log, NOW, ago, last, node, transfer};

const ANY: LatencyFilter = LatencyFilter { satellite: None, action: None };

fn measured(at: Timestamp, micros: u64) -> Transfer {
    Transfer { latency: Some(Latency { micros, clock: Clock::Arrival }), ..transfer(at) }
}

fn records(transfers: impl IntoIterator<Item = Transfer>) -> Vec<Record> {
    transfers.into_iter().map(Record::Transfer).collect()
}

fn version(at: Timestamp, version: &str) -> Record {
    Record::Lifecycle(Box::new(Lifecycle { at, event: LifecycleEvent::Version(version.into()) }))
}

/// Predecessor fault 5: an event with an IPv6 address is dropped.
#[test]
fn transfers_over_ipv6_are_counted_and_measured() {
    let mut database = Database::new();
    let remote = "[2a01:4f8:c0c:1234::1]:28967".parse().unwrap();
    let over_ipv6 = Transfer { remote: Some(remote), ..measured(ago(600), 5_000) };
    Log::new("n1").append(&mut database, records([over_ipv6]));
    let reader = database.reader();
    let success = success_of(&reader, Nodes::All, Some(last(3600))).unwrap();
    assert_eq!(success.tallies.values().map(|tally| tally.success.count).sum::<u64>(), 1);
    let answer = latency_of(&reader, Nodes::All, last(3600), &ANY, Grain::FiveMinutes).unwrap();
    assert_eq!(answer.measured.rows.len(), 1);
    let any = SlowFilter::default();
    let slowest = reader.slowest(Nodes::All, last(3600), &any, Grain::Hour, 10).unwrap();
    assert_eq!(slowest.rows[0].remote, Some(remote));
}

/// Predecessor fault 16: counters of the last hour never decrease.
#[test]
fn what_left_the_window_is_no_more_counted() {
    let mut database = Database::new();
    let mut log = Log::new("n1");
    log.append(&mut database, records((0..100).map(|at| measured(ago(7_200 + at), 5_000))));
    log.append(&mut database, records([measured(ago(1), 7_000)]));
    let reader = database.reader();
    let counted = |seconds: i64| {
        let success = success_of(&reader, Nodes::All, Some(last(seconds))).unwrap();
        let answer = latency_of(&reader, Nodes::All, last(seconds), &ANY, Grain::FiveMinutes);
        let merged = merged_latencies(&answer.unwrap().measured.rows, |_| ());
        let measured = merged.values().map(|histogram| histogram.count()).sum::<u64>();
        (success.tallies.values().map(|tally| tally.count()).sum::<u64>(), measured)
    };
    assert_eq!((counted(3 * 3600), counted(3600)), ((101, 101), (1, 1)));
    // And of the last minute only what was in it.
    let now = |seconds: i64| last_minute_of(&reader, Nodes::All, ago(seconds)).unwrap();
    let pieces = |seconds: i64| now(seconds).rates.map(|rates| rates.egress.pieces_per_second);
    assert_eq!(pieces(7_190), Some(1.0));
    assert_eq!(pieces(3_600), Some(0.0));
}

/// Predecessor fault 17: events of a second that come after the second was read are lost.
#[test]
fn what_comes_late_in_the_same_second_is_counted() {
    let mut database = Database::new();
    let mut log = Log::new("n1");
    for _ in 0..5 {
        log.append(&mut database, records([measured(ago(600), 5_000), measured(ago(600), 6_000)]));
    }
    let reader = database.reader();
    let success = success_of(&reader, Nodes::All, Some(last(3600))).unwrap();
    assert_eq!(success.tallies.values().map(|tally| tally.count()).sum::<u64>(), 10);
    let answer = latency_of(&reader, Nodes::All, last(3600), &ANY, Grain::FiveMinutes).unwrap();
    assert_eq!(answer.measured.rows[0].histogram.count(), 10);
}

/// Predecessor fault 29: percentiles follow three rules, of the newest 10,000 rows, in one place
/// with failures among them. The values of 1 to 20,000 ms each once: the rank is the value.
#[test]
fn one_rule_of_percentiles_holds_everywhere_and_for_all_rows() {
    let mut database = Database::new();
    let mut log = Log::new("n1");
    for part in 0..4 {
        let values = part * 5_000 + 1..=(part + 1) * 5_000;
        // In no order: the newest are not the slowest.
        let one = |value: u64| measured(ago(3_000 - (value * 7 % 2_000) as i64), value * 1_000);
        log.append(&mut database, records(values.map(one)));
    }
    // Failures take longest, and are not part of it.
    let failed = Outcome::Failed(FailureClass::Network);
    let failures = (0..9_000).map(|_| Transfer { outcome: failed, ..measured(ago(5), 99_000_000) });
    log.append(&mut database, records(failures));
    let reader = database.reader();
    let check = |told: Distribution| {
        assert_eq!(told.count, 20_000);
        let expected = [10_000, 18_000, 19_000, 19_800, 20_000, 10_000];
        let told = [told.p50, told.p90, told.p95, told.p99, told.max, told.mean];
        for (told, expected) in told.into_iter().zip(expected) {
            let off = (told as f64 / 1_000.0 / f64::from(expected) - 1.0).abs();
            assert!(off <= 0.008, "{told} is not {expected} ms");
        }
    };
    for grain in [Grain::FiveMinutes, Grain::Hour, Grain::Day] {
        let answer = latency_of(&reader, Nodes::All, last(86_400), &ANY, grain).unwrap();
        let merged = merged_latencies(&answer.measured.rows, |_| ());
        check(Distribution::of(&merged[&((), Clock::Arrival)]).unwrap());
    }
    let series = reader.latency_series(Nodes::All, last(86_400), &ANY, Grain::Day).unwrap();
    check(latency_series(&series.points, |_| ())[&((), Clock::Arrival)][0].1);
}

#[test]
fn clocks_are_never_merged_and_whole_seconds_never_shown() {
    let mut database = Database::new();
    let by = |clock| Transfer {
        latency: Some(Latency { micros: 2_000_000, clock }),
        ..transfer(ago(600))
    };
    Log::new("n1").append(&mut database, records(Clock::ALL.map(by)));
    let reader = database.reader();
    let answer = latency_of(&reader, Nodes::All, last(3600), &ANY, Grain::Hour).unwrap();
    let merged = merged_latencies(&answer.measured.rows, |_| ());
    let clocks: Vec<Clock> = merged.keys().map(|(_, clock)| *clock).collect();
    let honest: Vec<Clock> = Clock::ALL.into_iter().filter(|c| *c != Clock::WholeSeconds).collect();
    assert_eq!(clocks, honest);
    assert!(merged.values().all(|histogram| histogram.count() == 1));
}

#[test]
fn a_window_is_answered_from_the_finest_sums_that_still_hold_it() {
    let day = 86_400;
    let kept = |minutes: i64, hours: i64| KeptFrom {
        minutes: Some(ago(minutes)),
        latency_hours: Some(ago(hours)),
        ..KeptFrom::default()
    };
    let usual = kept(2 * day, 90 * day);
    for (seconds, kept, grain) in [
        (day, usual, Grain::FiveMinutes),
        (2 * day, usual, Grain::FiveMinutes),
        (2 * day + 1, usual, Grain::Hour),
        (90 * day, usual, Grain::Hour),
        (91 * day, usual, Grain::Day),
        (1_800, kept(3_600, 90 * day), Grain::FiveMinutes),
        (3_600, kept(3_600, 90 * day), Grain::FiveMinutes),
        (3_601, kept(3_600, 90 * day), Grain::Hour),
        (86_400, kept(3_600, 3_600), Grain::Day),
        // Nothing was ever removed: a long window is answered by the hour all the same.
        (2 * day, KeptFrom::default(), Grain::FiveMinutes),
        (900 * day, KeptFrom::default(), Grain::Hour),
    ] {
        assert_eq!(finest_grain(last(seconds), kept), grain, "{seconds} {kept:?}");
    }
}

/// Minutes are kept for a day, of which half has passed, and then for nine: what the answer counts is
/// all there was, to whatever it had to be widened.
#[test]
fn counts_are_exact_however_long_minutes_are_kept() {
    let mut database = Database::new();
    let each = (0..40).map(|hour| measured(ago(hour * 3_600 + 60), 5_000));
    Log::new("n1").append(&mut database, records(each));
    let day = std::time::Duration::from_secs(86_400);
    let of = |days: u32| Retention { minutes: day * days, ..Retention::default() };
    let counted = |database: &Database| {
        let reader = database.reader();
        let window = last(30 * 3_600);
        let grain = finest_grain(window, reader.kept_from(Nodes::All).unwrap());
        let answer = latency_of(&reader, Nodes::All, window, &ANY, grain).unwrap().measured;
        (grain, answer.rows.iter().map(|row| row.histogram.count()).sum::<u64>())
    };
    assert_eq!(counted(&database), (Grain::FiveMinutes, 30));
    for days in [1, 9] {
        database.keep(of(days));
        database.prune(NOW);
        assert_eq!(counted(&database), (Grain::Hour, 30), "{days} days");
    }
}

/// The log holds the minutes from 10 to 4 before now, and nothing moved in one of them.
#[test]
fn before_the_first_and_after_the_last_record_is_a_gap_and_silence_between_is_0() {
    let mut database = Database::new();
    let minutes = [10, 9, 8, 6, 5, 4];
    let each = minutes.map(|minute| transfer(ago(minute * 60)));
    Log::new("n1").append(&mut database, records(each));
    let reader = database.reader();
    let window = last(12 * 60);
    let series = rate_series_of(&reader, Nodes::All, window, Grain::Minute).unwrap();
    assert_eq!((series.window, series.grain), (window, Grain::Minute));
    let bits: Vec<Option<f64>> = series
        .points
        .iter()
        .map(|point| point.rates.map(|rates| (rates.egress.bits_per_second * 60.0).round()))
        .collect();
    let (gap, none, some) = (None, Some(0.0), Some(8_000.0));
    // The minute of the last record is not over.
    assert_eq!(bits, [gap, gap, some, some, some, none, some, some, gap, gap, gap, gap]);
    assert!(series.points.iter().all(|point| point.nodes == usize::from(point.rates.is_some())));
    let is_unknown = |nodes: Nodes<'_>, grain| {
        let series = rate_series_of(&database.reader(), nodes, window, grain).unwrap();
        series.points.iter().all(|point| point.rates.is_none())
    };
    assert!(is_unknown(Nodes::Of(&[node("n2")]), Grain::Minute));
    assert!(!is_unknown(Nodes::All, Grain::Minute) && !is_unknown(Nodes::All, Grain::Hour));
    drop(reader);
    // Minutes are kept for two days; before that is a gap, too, not 0.
    database.prune(NOW.plus_micros(3 * 86_400_000_000));
    let series = rate_series_of(&database.reader(), Nodes::All, window, Grain::Minute).unwrap();
    assert!(series.points.iter().all(|point| point.rates.is_none()));
    let series = rate_series_of(&database.reader(), Nodes::All, window, Grain::Hour).unwrap();
    assert!(series.points[0].rates.is_some(), "hours are kept");
}

/// A download each minute, but for the day when the collector was down: of that day nothing is known,
/// and the days that were half read are divided by the half.
#[test]
fn hours_of_which_no_log_tells_are_no_hours_without_traffic() {
    let mut database = Database::new();
    let of_days = |from: i64, to: i64| (to * 60..from * 60).map(|minute| ago(minute * 60 + 30));
    let times = of_days(60, 36).chain(of_days(12, 0));
    Log::new("n1").append(&mut database, records(times.map(|at| measured(at, 30_000_000))));
    let reader = database.reader();
    let each = |seconds: i64, grain: Grain| -> Vec<Option<f64>> {
        let series = rate_series_of(&reader, Nodes::All, last(seconds), grain).unwrap();
        let pieces = |rates: Rates| (rates.egress.pieces_per_second * 60_000.0).round() / 1_000.0;
        series.points.iter().map(|point| point.rates.map(pieces)).collect()
    };
    // 60 hours ago is the noon of the third day before; a piece a minute wherever a log tells.
    let near_one = |rate: &Option<f64>| rate.is_none_or(|rate| (rate - 1.0).abs() < 0.01);
    let days = each(3 * 86_400, Grain::Day);
    assert!(days.len() == 3 && days.iter().all(|day| day.is_some() && near_one(day)), "{days:?}");
    let hours = each(3 * 86_400, Grain::Hour);
    let known: Vec<usize> = (0..72).filter(|&hour| hours[hour].is_some()).collect();
    let expected: Vec<usize> = (12..36).chain(60..72).collect();
    assert_eq!(known, expected);
    assert!(hours.iter().all(near_one), "{hours:?}");
    // Each takes half a minute: half a one is in flight wherever a log tells.
    let found = concurrency_of(&reader, Nodes::All, last(2 * 86_400), Grain::Hour).unwrap();
    let gets = found.actions[&Action::Get];
    assert!((gets.in_flight - 0.5).abs() < 0.01, "{gets:?}");
    assert!((found.covered - 0.5).abs() < 0.01, "{}", found.covered);
    let over_time = |seconds: i64, grain: Grain| -> Vec<Option<f64>> {
        let series = in_flight_series_of(&reader, Nodes::All, last(seconds), grain).unwrap();
        assert!(series.points.iter().all(|point| point.ingress == point.egress.map(|_| 0.0)));
        series.points.iter().map(|point| point.egress).collect()
    };
    for (seconds, grain, buckets) in [
        (3 * 86_400, Grain::Day, 3),
        (3 * 86_400, Grain::Hour, 72),
        (3_600, Grain::FiveMinutes, 12),
        (3_600, Grain::Minute, 60),
    ] {
        let (found, rates) = (over_time(seconds, grain), each(seconds, grain));
        assert_eq!(found.len(), buckets);
        for (in_flight, rate) in found.into_iter().zip(rates) {
            assert_eq!(in_flight.is_some(), rate.is_some());
            let half = rate.unwrap_or_default() / 2.0;
            assert!((in_flight.unwrap_or_default() - half).abs() < 0.01, "{in_flight:?}, {half}");
        }
    }
    // Of nothing nothing is known.
    let gap = Window { from: ago(30 * 3_600), to: ago(20 * 3_600) };
    let found = concurrency_of(&reader, Nodes::All, gap, Grain::Hour).unwrap();
    assert!(found.actions.is_empty() && found.covered == 0.0, "{found:?}");
}

/// One download of half a second every second is half a one at any time.
#[test]
fn transfers_in_flight_are_how_many_end_times_how_long_they_take() {
    let mut database = Database::new();
    let each = (0..7_200).map(|second| {
        let measured = measured(ago(second + 1), 500_000);
        // Of every second one it was not measured.
        Transfer { latency: measured.latency.filter(|_| second % 2 == 0), ..measured }
    });
    Log::new("n1").append(&mut database, records(each));
    let reader = database.reader();
    let of = |seconds: i64, grain: Grain| {
        let found = concurrency_of(&reader, Nodes::All, last(seconds), grain).unwrap();
        let gets = found.actions[&Action::Get];
        assert!((gets.in_flight - 0.5).abs() < 0.01, "{gets:?}");
        assert_eq!(found.actions.len(), 1);
        (found.window, gets.ended, gets.measured)
    };
    // What is counted is of the window that is told.
    assert_eq!(of(7_200, Grain::FiveMinutes), (last(7_200), 7_200, 3_600));
    assert_eq!(of(240, Grain::FiveMinutes), (last(300), 300, 150));
    assert_eq!(of(240, Grain::Hour), (last(3_600), 3_600, 1_800));
}

/// A slow node of which one transfer in ten is measured, a fast one of which all are, and one of which none is.
#[test]
fn transfers_in_flight_of_several_nodes_are_the_sum_of_what_each_has() {
    let mut database = Database::new();
    let mut log = |name: &str, micros: u64, is_measured: fn(i64) -> bool| {
        let each = (0..7_200).map(|second| {
            let measured = measured(ago(second + 1), micros);
            Transfer { latency: measured.latency.filter(|_| is_measured(second)), ..measured }
        });
        Log::new(name).append(&mut database, records(each));
    };
    log("slow", 10_000_000, |second| second % 10 == 0);
    log("fast", 100_000, |_| true);
    let of = |names: &[&str]| {
        let nodes: Vec<NodeName> = names.iter().map(|name| node(name)).collect();
        let (reader, nodes) = (database.reader(), Nodes::Of(&nodes));
        let found = concurrency_of(&reader, nodes, last(7_200), Grain::FiveMinutes).unwrap();
        let series = in_flight_series_of(&reader, nodes, last(7_200), Grain::Hour).unwrap();
        let average = found.actions[&Action::Get].in_flight;
        for point in series.points {
            assert!((point.egress.unwrap() - average).abs() < average / 100.0, "{point:?}");
        }
        average
    };
    let near = |found: f64, expected: f64| (found - expected).abs() < expected / 100.0;
    assert!(near(of(&["slow"]), 10.0) && near(of(&["fast"]), 0.1));
    assert!(near(of(&["slow", "fast"]), 10.1), "{}", of(&["slow", "fast"]));
    // Of what is not measured anywhere at a node the others tell: 7,200 of 0.1 s and 720 of 10 s.
    Log::new("blind")
        .append(&mut database, records((0..7_200).map(|second| transfer(ago(second + 1)))));
    let mean = (7_200.0 * 0.1 + 720.0 * 10.0) / 7_920.0;
    let with_blind =
        concurrency_of(&database.reader(), Nodes::All, last(7_200), Grain::FiveMinutes);
    assert!(near(with_blind.unwrap().actions[&Action::Get].in_flight, 10.1 + mean));
}

/// Uploads of which no line tells when they began, beside downloads that were measured.
#[test]
fn transfers_of_which_nobody_knows_how_long_they_take_are_a_gap() {
    let mut database = Database::new();
    let each = (0..7_200).map(|second| {
        let get = measured(ago(second + 1), 500_000);
        let put = Transfer { action: Action::Put, latency: None, ..get.clone() };
        let audit = Transfer { action: Action::GetAudit, latency: None, ..get.clone() };
        match second % 4 {
            0 | 2 => get,
            1 => put,
            _ => audit,
        }
    });
    Log::new("n1").append(&mut database, records(each));
    let series = |nodes: Nodes<'_>| {
        let reader = database.reader();
        in_flight_series_of(&reader, nodes, last(7_200), Grain::Hour).unwrap().points
    };
    for point in series(Nodes::All) {
        assert_eq!(point.ingress, None, "it is not known, and not 0");
        // Audits are left out: it is not known how long they took.
        assert!(point.egress.is_some_and(|all| (all - 0.25).abs() < 0.01), "{point:?}");
    }
    let of_another = series(Nodes::Of(&[node("n2")]));
    assert!(of_another.iter().all(|point| point.ingress.is_none() && point.egress.is_none()));
}

#[test]
fn upgrades_within_a_window_are_marked() {
    let mut database = Database::new();
    let told = [
        version(ago(10 * 86_400), "1.120.0"),
        version(ago(7_000), "1.120.0"),
        version(ago(3_000), "1.122.1"),
        version(ago(2_000), "1.122.1"),
        version(ago(1_000), "1.121.0"),
    ];
    let mut log = Log::new("n1");
    log.append(&mut database, told.into());
    log.append(&mut database, records([transfer(ago(7_100)), transfer(ago(10))]));
    // Of a node that told a version for the first time it is not known what it had before.
    Log::new("n2").append(&mut database, vec![version(ago(3_000), "1.122.1")]);
    let reader = database.reader();
    let upgrades = |seconds: i64| -> Vec<(Timestamp, String)> {
        let success = success_of(&reader, Nodes::All, Some(last(seconds))).unwrap();
        let of = success.upgrades.iter();
        of.map(|u| (u.at, format!("{} {} {}", u.node, u.from, u.to))).collect()
    };
    let (first, second) = (
        (ago(3_000), "n1 1.120.0 1.122.1".to_owned()),
        (ago(1_000), "n1 1.122.1 1.121.0".to_owned()),
    );
    assert_eq!(upgrades(3_600), [first, second]);
    assert_eq!(
        success_of(&reader, Nodes::Of(&[node("n2")]), Some(last(3_600))).unwrap().upgrades,
        []
    );
}

/// The version before a window, and the one that was told when it began, of two nodes whose versions meet.
#[test]
fn an_upgrade_at_the_edge_of_a_window_is_of_the_window_that_begins_with_it() {
    let mut database = Database::new();
    for (name, versions) in [("n1", ["1.120.0", "1.121.0"]), ("n2", ["1.121.0", "1.122.1"])] {
        let told = [version(ago(8_000), versions[0]), version(ago(7_200), versions[1])];
        let mut log = Log::new(name);
        log.append(&mut database, told.into());
        log.append(&mut database, records([transfer(ago(10_000)), transfer(ago(10))]));
    }
    let reader = database.reader();
    let of = |from: i64, to: i64| -> Vec<String> {
        let window = Window { from: ago(from), to: ago(to) };
        let success = success_of(&reader, Nodes::All, Some(window)).unwrap();
        let shown =
            |u: &piecewatch_analytics::success::Upgrade| format!("{} {} {}", u.node, u.from, u.to);
        success.upgrades.iter().map(shown).collect()
    };
    assert_eq!(of(7_200, 0), ["n1 1.120.0 1.121.0", "n2 1.121.0 1.122.1"]);
    assert_eq!(of(10_800, 7_200), [""; 0]);
}

/// A node tells its version when it starts: one that ran for 40 days told the old one 40 days ago.
#[test]
fn an_upgrade_after_a_long_run_is_marked() {
    let mut database = Database::new();
    let told = vec![
        version(ago(300 * 86_400), "1.100.0"),
        version(ago(40 * 86_400), "1.120.0"),
        version(ago(1_000), "1.122.1"),
    ];
    Log::new("n1").append(&mut database, told);
    let upgrades = success_of(&database.reader(), Nodes::All, Some(last(3_600))).unwrap().upgrades;
    let told: Vec<_> = upgrades.iter().map(|of| (&*of.from, &*of.to, of.at)).collect();
    assert_eq!(told, [("1.120.0", "1.122.1", ago(1_000))]);
}
