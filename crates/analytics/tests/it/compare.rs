//! Nodes side by side: values, ranks and scores worked out by hand, and by a count of single records.

use std::slice;

use piecewatch_analytics::{
    compare::{Comparison, Criterion, NodeFigures, Place, compare, compare_of},
    hours::{Ended, hours_of},
    success::success_of,
    tally::Share,
};
use piecewatch_model::{
    Action, ByteCount, Clock, Fact, Histogram, KnownSatellite, Latency, MicroUsd, NodeName,
    Outcome, Poll, PollPart, Record, Report, Space, Standing, StandingScores, Timestamp, Transfer,
};
use piecewatch_store::{Appended, Nodes, SpaceRow, Store, StoreConfig, Window, Writer};

use crate::{
    weeks::{DAY, batches, config, hour, node},
    written::{Database, Log, ago, last, transfer},
};

const WINDOW: Window = Window {
    from: Timestamp::from_civil((2026, 8, 18), 14, 0, 0),
    to: Timestamp::from_civil((2026, 8, 19), 14, 0, 0),
};

fn ended(success: u64, canceled: u64, failed: u64) -> Ended {
    Ended { success, canceled, failed, bytes: ByteCount::new(success * 1_000) }
}

fn space(used: u64, trash: u64, total: u64) -> Option<SpaceRow> {
    Some(SpaceRow {
        node: "any".parse().unwrap(),
        at: WINDOW.to,
        used: Some(ByteCount::new(used)),
        available: None,
        trash: Some(ByteCount::new(trash)),
        total: Some(ByteCount::new(total)),
        overused: None,
        reclaimable: None,
    })
}

fn histogram(micros: impl IntoIterator<Item = u64>) -> Histogram {
    let mut histogram = Histogram::new();
    micros.into_iter().for_each(|micros| histogram.record(micros));
    histogram
}

fn compared<const N: usize>(nodes: [(&str, NodeFigures); N]) -> Comparison {
    let name = |name: &str| name.parse::<NodeName>().unwrap();
    compare(nodes.into_iter().map(|(node, of)| (name(node), of)).collect(), WINDOW)
}

fn places(comparison: &Comparison, criterion: Criterion) -> Vec<Option<Place>> {
    comparison.nodes.iter().map(|node| node.standings.get(&criterion).copied()).collect()
}

fn near_bests(comparison: &Comparison, criterion: Criterion) -> Vec<f64> {
    let places = places(comparison, criterion).into_iter();
    places.map(|place| place.unwrap().near_best.unwrap()).collect()
}

fn place(value: f64, near_best: f64, rank: usize) -> Option<Place> {
    Some(Place { value, near_best: Some(near_best), rank: Some(rank) })
}

#[test]
fn ties_share_a_rank_and_who_is_not_known_has_none() {
    let with =
        |success| NodeFigures { downloads: ended(success, 100 - success, 0), ..Default::default() };
    let nodes = compared([
        ("a", with(80)),
        ("b", NodeFigures::default()),
        ("c", with(80)),
        ("d", with(60)),
        ("e", with(40)),
    ]);
    let expected = [
        place(0.8, 1.0, 1),
        None,
        place(0.8, 1.0, 1),
        place(0.6, 0.6 / 0.8, 3),
        place(0.4, 0.5, 4),
    ];
    assert_eq!(places(&nodes, Criterion::DownloadSuccess), expected);
    assert_eq!(places(&nodes, Criterion::UploadSuccess), [None; 5]);
    // Whether b did nothing or nobody read, nobody knows.
    assert_eq!(places(&nodes, Criterion::Operations)[1], None);
    assert_eq!(places(&nodes, Criterion::Operations)[4], place(100.0, 1.0, 1));
    assert_eq!(nodes.window, WINDOW);
}

#[test]
fn with_nobody_to_compare_with_there_is_a_value_and_no_rank() {
    let alone = NodeFigures { audit_score: Some(0.99), ..NodeFigures::default() };
    let nodes = compared([("a", alone), ("b", NodeFigures::default())]);
    let value = Some(Place { value: 0.99, near_best: None, rank: None });
    assert_eq!(places(&nodes, Criterion::AuditScore), [value, None]);
    assert!(nodes.nodes.iter().all(|node| node.overall.is_none()));
}

/// Audits: 90 passed, 10 failed, 100 canceled: 0.9. Used 500 of 1000 with 150 trash: 0.5, and 0.45
/// since 50 of the trash are beyond a tenth.
#[test]
fn values_are_those_worked_out_by_hand() {
    let node = NodeFigures {
        earnings_per_tb: Some(MicroUsd::new(1_490_000)),
        downloads: ended(900, 50, 50),
        uploads: ended(70, 20, 10),
        audits: ended(90, 100, 10),
        space: space(500, 150, 1_000),
        online_score: Some(0.97),
        ..NodeFigures::default()
    };
    let nodes = compared([("a", node)]);
    for (criterion, value) in [
        (Criterion::EarningsPerTb, 1_490_000.0),
        (Criterion::DownloadSuccess, 0.9),
        (Criterion::UploadSuccess, 0.7),
        (Criterion::AuditSuccess, 0.9),
        (Criterion::Operations, 1_300.0),
        (Criterion::StorageUtilisation, 0.5),
        (Criterion::StorageEfficiency, 0.45),
        (Criterion::OnlineScore, 0.97),
    ] {
        let found = nodes.nodes[0].standings[&criterion].value;
        assert!((found - value).abs() < 1e-12, "{criterion:?}: {found}");
    }
}

/// Predecessor fault 29: a comparison took its percentiles of the newest 10,000 rows, whatever had
/// become of them, by a rule of its own. Here 30,000 old transfers of 1 s weigh as much as 10,000 new
/// ones of 1 ms, and the median is the middle one. That failures have no latency, the store sees to:
/// `a_comparison_is_what_single_records_give`.
#[test]
fn percentiles_are_of_all_transfers_by_one_rule() {
    let micros = std::iter::repeat_n(1_000_000, 30_000).chain(std::iter::repeat_n(1_000, 10_000));
    let of = |micros| NodeFigures {
        latencies: [(Clock::DockerNanos, micros)].into(),
        ..NodeFigures::default()
    };
    let nodes = compared([("a", of(histogram(micros))), ("b", of(histogram(1..=99)))]);
    let value = |at: usize, criterion| places(&nodes, criterion)[at].unwrap().value;
    assert!((value(0, Criterion::LatencyP50) / 1e6 - 1.0).abs() < Histogram::ERROR_MAX);
    // Nearest rank: the 50th, the 95th and the 99th of 99; below 128 µs the histogram is exact.
    assert_eq!(value(1, Criterion::LatencyP50), 50.0);
    assert_eq!(value(1, Criterion::LatencyP95), 95.0);
    assert_eq!(value(1, Criterion::LatencyP99), 99.0);
    // Shorter is better.
    let ranks: Vec<_> = places(&nodes, Criterion::LatencyP50)
        .into_iter()
        .map(|place| place.unwrap().rank)
        .collect();
    assert_eq!(ranks, [Some(2), Some(1)]);
}

#[test]
fn latencies_of_another_clock_are_not_compared() {
    let of = |clocks: &[(Clock, u64)]| NodeFigures {
        latencies: clocks.iter().map(|&(clock, micros)| (clock, histogram([micros]))).collect(),
        ..NodeFigures::default()
    };
    let nodes = compared([
        ("a", of(&[(Clock::DockerNanos, 100)])),
        ("b", of(&[(Clock::Arrival, 5)])),
        ("c", of(&[(Clock::Arrival, 5), (Clock::DockerNanos, 80)])),
        ("d", of(&[(Clock::DockerNanos, 120)])),
    ]);
    assert_eq!(nodes.clock, Some(Clock::DockerNanos));
    let expected = [place(100.0, 0.8, 2), None, place(80.0, 1.0, 1), place(120.0, 80.0 / 120.0, 3)];
    assert_eq!(places(&nodes, Criterion::LatencyP50), expected);
}

/// Earnings weigh 20, downloads 15, uploads 10, audit scores 10, online scores 5: 60 of 100.
/// a: 20·1 + 15·1 + 10·0.5 + 10·1 + 5·1 = 55 of 60. b: 20·0.5 + 15·0.5 + 10·1 + 10·1 + 5·1 = 42.5.
/// c knows earnings, downloads and uploads only: 45 of 100 are too few.
#[test]
fn the_overall_score_is_a_mean_by_stated_weights_of_what_is_known() {
    let with = |money, down, up| NodeFigures {
        earnings_per_tb: Some(MicroUsd::new(money)),
        downloads: ended(down, 100 - down, 0),
        uploads: ended(up, 100 - up, 0),
        ..NodeFigures::default()
    };
    let scored =
        |figures| NodeFigures { audit_score: Some(1.0), online_score: Some(0.9), ..figures };
    let nodes = compared([
        ("a", scored(with(2_000_000, 80, 40))),
        ("b", scored(with(1_000_000, 40, 80))),
        ("c", with(2_000_000, 80, 80)),
    ]);
    let overall: Vec<_> = nodes.nodes.iter().map(|node| node.overall).collect();
    let (a, b) = (overall[0].unwrap(), overall[1].unwrap());
    assert!((a.score - 55.0 / 60.0).abs() < 1e-12 && (b.score - 42.5 / 60.0).abs() < 1e-12);
    assert_eq!((a.rank, b.rank, overall[2]), (1, 2, None));
    assert!((a.known - 0.6).abs() < 1e-12);
    assert_eq!(Criterion::ALL.into_iter().map(Criterion::weight).sum::<u32>(), 100);
}

/// Below 0.96 a satellite disqualifies. From there to 0.98 is half of the way to 1.0.
#[test]
fn a_score_counts_from_where_a_satellite_disqualifies() {
    let with = |audit, online| NodeFigures {
        downloads: ended(90, 10, 0),
        uploads: ended(90, 10, 0),
        audits: ended(100, 0, 0),
        earnings_per_tb: Some(MicroUsd::new(1_000_000)),
        audit_score: Some(audit),
        online_score: Some(online),
        ..NodeFigures::default()
    };
    let nodes = compared([("a", with(1.0, 1.0)), ("b", with(0.98, 0.8)), ("c", with(0.955, 0.55))]);
    let is_near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found}");
    for (found, expected) in
        near_bests(&nodes, Criterion::AuditScore).into_iter().zip([1.0, 0.5, 0.0])
    {
        is_near(found, expected);
    }
    for (found, expected) in
        near_bests(&nodes, Criterion::OnlineScore).into_iter().zip([1.0, 0.5, 0.0])
    {
        is_near(found, expected);
    }
    // 70 of 100 are known, and 15 of those are of scores.
    let overall = nodes.nodes.iter().map(|node| node.overall.unwrap().score);
    for (found, expected) in overall.zip([1.0, 62.5 / 70.0, 55.0 / 70.0]) {
        is_near(found, expected);
    }
    // Not even the best is well when it is about to be disqualified.
    let nodes = compared([("a", with(0.95, 0.9)), ("b", with(0.94, 0.9))]);
    assert_eq!(near_bests(&nodes, Criterion::AuditScore), [0.0; 2]);
}

#[test]
fn losses_and_nothing_are_no_part_of_a_best() {
    let earning = |micros| NodeFigures {
        earnings_per_tb: Some(MicroUsd::new(micros)),
        ..NodeFigures::default()
    };
    let nodes = compared([("a", earning(-5)), ("b", earning(0)), ("c", earning(-5))]);
    let expected = [place(-5.0, 0.0, 2), place(0.0, 1.0, 1), place(-5.0, 0.0, 2)];
    assert_eq!(places(&nodes, Criterion::EarningsPerTb), expected);
    assert!(compared([]).nodes.is_empty());
}

/// A satellite's scores, and whether the node has left it.
fn standing(satellite: usize, audit: f64, online: f64, exited_at: Option<Timestamp>) -> Fact {
    let scores = Some(StandingScores { audit, online, suspension: 1.0 });
    let satellite = KnownSatellite::ALL[satellite].id();
    Fact::Standing(Standing { scores, exited_at, ..Standing::unknown(satellite) })
}

fn report(writer: &mut Writer, at: Timestamp, facts: Vec<Fact>) {
    let poll = Poll {
        at,
        part: PollPart::Satellites,
        took_micros: 1,
        requests: 1,
        bytes: ByteCount::new(1),
        error: None,
    };
    writer.report(&Report { node: node(), poll, facts }, at).unwrap();
}

/// Of what is stored of a simulated day and a report: transfers that failed took time, too, and have
/// no part in latencies.
#[test]
fn a_comparison_is_what_single_records_give() {
    let folder = tempfile::tempdir().unwrap();
    let Store { mut writer, readers } =
        Store::open(&folder.path().join("n.db"), StoreConfig::default()).unwrap();
    let batches = batches(config(11), DAY);
    for batch in &batches {
        let appended = writer.append(slice::from_ref(batch), hour(DAY)).unwrap();
        assert_eq!(appended, [Appended::Committed]);
    }
    let of = |used, total| {
        let (used, total) = (Some(ByteCount::new(used)), Some(ByteCount::new(total)));
        Fact::Space(Space { used, total, trash: Some(ByteCount::new(0)), ..Space::default() })
    };
    report(&mut writer, hour(11), vec![of(300, 1_000)]);
    let left = Some(hour(2));
    let facts = vec![
        of(400, 1_000),
        standing(4, 0.999, 0.95, None),
        standing(5, 0.97, 0.99, None),
        standing(6, 0.1, 0.1, left),
    ];
    report(&mut writer, hour(12), facts);

    // Half an hour more is widened to the hour.
    let window = Window { from: hour(1), to: hour(13).plus_micros(-1_800_000_000) };
    let earnings = [(node(), MicroUsd::new(1_500_000))].into();
    let answer = compare_of(&readers.get().unwrap(), &[node()], window, &earnings).unwrap();
    let window = Window { from: hour(1), to: hour(13) };
    assert_eq!((answer.window, answer.clock), (window, Some(Clock::LineMillis)));
    assert_eq!(answer.latency_window, window);
    let value = |criterion| answer.nodes[0].standings[&criterion].value;

    let records = batches.iter().flat_map(|batch| &batch.records);
    let transfers: Vec<_> = records
        .filter_map(|record| match record {
            Record::Transfer(transfer) => Some(transfer),
            Record::Rejected(_)
            | Record::Compaction(_)
            | Record::Maintenance(_)
            | Record::Orders(_)
            | Record::Scores(_)
            | Record::Trouble(_)
            | Record::Lifecycle(_)
            | Record::Space(_) => None,
        })
        .filter(|transfer| window.from <= transfer.at && transfer.at < window.to)
        .collect();
    assert_eq!(value(Criterion::Operations), transfers.len() as f64);
    let (mut good, mut all) = (Vec::new(), 0);
    for transfer in transfers.iter().filter(|transfer| transfer.action == Action::Get) {
        let Some(latency) = transfer.latency else { continue };
        all += 1;
        if transfer.outcome == Outcome::Success {
            good.push(latency.micros);
        }
    }
    assert!(all > good.len(), "some that did not succeed have a latency");
    good.sort_unstable();
    for (criterion, percent) in
        [(Criterion::LatencyP50, 50), (Criterion::LatencyP95, 95), (Criterion::LatencyP99, 99)]
    {
        let exact = good[(good.len() * percent).div_ceil(100) - 1] as f64;
        let found = value(criterion);
        assert!((found / exact - 1.0).abs() <= Histogram::ERROR_MAX, "{found} {exact}");
    }
    assert_eq!(value(Criterion::StorageUtilisation), 0.4);
    assert_eq!(value(Criterion::EarningsPerTb), 1_500_000.0);
    // The log tells scores, too: those of other satellites, all above these.
    assert_eq!((value(Criterion::AuditScore), value(Criterion::OnlineScore)), (0.97, 0.95));
}

/// Lines of some versions tell of lost races without naming an action, and of nothing that was won.
/// Hours, a comparison and the tallies of a summary leave them out of every rate alike.
#[test]
fn lost_races_without_an_action_enter_no_rate() {
    let mut database = Database::new();
    let ended = |action: Action, outcome: Outcome, seconds: i64| Transfer {
        action,
        outcome,
        ..transfer(ago(seconds))
    };
    let won = (0..90).map(|at| ended(Action::Get, Outcome::Success, 100 + at));
    let canceled = (0..10).map(|at| ended(Action::Get, Outcome::Canceled, 200 + at));
    let lost = (0..50).flat_map(|at| {
        [Action::Download, Action::Upload].map(|of| ended(of, Outcome::Canceled, 300 + at))
    });
    let records = won.chain(canceled).chain(lost).map(Record::Transfer).collect();
    Log::new("n1").append(&mut database, records);
    let reader = database.reader();
    let n1 = [crate::written::node("n1")];
    let answer = compare_of(&reader, &n1, last(3_600), &Default::default()).unwrap();
    let value = |of| answer.nodes[0].standings.get(&of).map(|place| place.value);
    assert_eq!(value(Criterion::DownloadSuccess), Some(0.9));
    assert_eq!(value(Criterion::UploadSuccess), None);
    assert_eq!(value(Criterion::Operations), Some(200.0));
    let hours = hours_of(&reader, &n1[0], last(3_600)).unwrap();
    assert_eq!((hours[0].downloads.success, hours[0].downloads.count()), (90, 100));
    assert_eq!(hours[0].uploads.count(), 0);
    let success = success_of(&reader, Nodes::All, Some(last(3_600))).unwrap();
    let rates: Vec<_> = success
        .tallies
        .iter()
        .filter_map(|((_, _, action), tally)| tally.success(action))
        .collect();
    assert_eq!(rates, [Share { part: 90, whole: 100 }]);
}

/// Hours of latencies are kept for 90 days. Half a year later they are told of the day.
#[test]
fn latencies_of_which_no_hours_are_kept_are_told_of_days() {
    let mut database = Database::new();
    let measured = |hour: i64| Transfer {
        latency: Some(Latency { micros: 5_000, clock: Clock::LineMillis }),
        ..transfer(ago(hour * 3_600 + 60))
    };
    let records = (0..24).map(|hour| Record::Transfer(measured(hour))).collect();
    Log::new("n1").append(&mut database, records);
    database.prune(ago(-180 * 86_400));
    let n1 = [crate::written::node("n1")];
    let reader = database.reader();
    let answer = compare_of(&reader, &n1, last(7_200), &Default::default()).unwrap();
    assert_eq!((answer.window, answer.latency_window), (last(7_200), last(86_400)));
    let p50 = answer.nodes[0].standings[&Criterion::LatencyP50].value;
    assert!((p50 / 5_000.0 - 1.0).abs() < Histogram::ERROR_MAX, "{p50}");
}

/// Scores that a node told after the window say nothing of it; those that it told before hold.
#[test]
fn scores_are_those_that_held_at_the_end_of_the_window() {
    let folder = tempfile::tempdir().unwrap();
    let Store { mut writer, readers } =
        Store::open(&folder.path().join("n.db"), StoreConfig::default()).unwrap();
    report(&mut writer, hour(9), vec![standing(0, 1.0, 0.99, None), standing(1, 0.99, 0.9, None)]);
    report(&mut writer, hour(60 * DAY), vec![standing(0, 0.97, 0.5, None)]);
    let left = Some(hour(50 * DAY));
    report(&mut writer, hour(60 * DAY), vec![standing(1, 0.99, 0.9, left)]);
    let scores = |hours: i64| {
        let window = Window { from: hour(hours - DAY), to: hour(hours) };
        let answer =
            compare_of(&readers.get().unwrap(), &[node()], window, &Default::default()).unwrap();
        let value = |criterion| answer.nodes[0].standings.get(&criterion).map(|of| of.value);
        value(Criterion::AuditScore).zip(value(Criterion::OnlineScore))
    };
    assert_eq!(scores(9), None, "nothing was told yet");
    assert_eq!(scores(10), Some((0.99, 0.9)));
    assert_eq!(scores(40 * DAY), Some((0.99, 0.9)), "not left yet, and nothing new was told");
    assert_eq!(scores(60 * DAY), Some((1.0, 0.99)), "left");
    assert_eq!(scores(61 * DAY), Some((0.97, 0.5)));
}

/// A satellite that disqualified a node is its worst: also where the node left after that.
#[test]
fn being_disqualified_is_no_way_out_of_a_comparison() {
    let folder = tempfile::tempdir().unwrap();
    let Store { mut writer, readers } =
        Store::open(&folder.path().join("n.db"), StoreConfig::default()).unwrap();
    for exited_at in [None, Some(hour(8))] {
        let Fact::Standing(of) = standing(1, 0.94, 0.9, exited_at) else { unreachable!() };
        let lost = Fact::Standing(Standing { disqualified_at: Some(hour(7)), ..of });
        report(&mut writer, hour(9), vec![standing(0, 1.0, 1.0, None), lost]);
        let window = Window { from: hour(0), to: hour(10) };
        let answer =
            compare_of(&readers.get().unwrap(), &[node()], window, &Default::default()).unwrap();
        assert_eq!(answer.nodes[0].standings[&Criterion::AuditScore].value, 0.94);
    }
}
