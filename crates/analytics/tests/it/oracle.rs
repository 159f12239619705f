//! Answers from stored sums against a naive recomputation from every single transfer.
//!
//! The recomputation keeps the transfers in a list, filters, sorts and counts: it shares no code with
//! what it is compared to, and knows nothing of buckets.

use std::collections::{BTreeMap, BTreeSet};

use piecewatch_analytics::{
    distribution::Distribution,
    latency::{latency_series, live_latencies, merged_latencies},
    rate::rate_series_of,
    success::{Acceptance, acceptance, success_series, tallies},
    transfer_size::{SizeClass, size_classes},
};
use piecewatch_model::{
    Action, ByteCount, Clock, FailureClass, Grain, KnownSatellite, Latency, NodeName, Outcome,
    PieceId, Record, Rejected, Timestamp, Transfer,
};
use piecewatch_store::{Ending, LatencyFilter, Nodes, SlowFilter, TransferFilter, Window};

use crate::written::{Database, Log, NOW, ago, node, transfer};

const NODES: [&str; 3] = ["attic", "barn", "cellar"];
const SEEDS: u64 = 6;
const RECORDS: usize = 6_000;
const DAY: i64 = 86_400;

/// Numbers that only look like chance.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % end
    }

    fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize].clone()
    }

    fn transfer(&mut self) -> Transfer {
        let second = self.below(3 * DAY as u64) as i64;
        // Some fall exactly on the edge of a bucket.
        let second = if self.below(8) == 0 { second / 300 * 300 } else { second };
        let micros = 1_u64 << (5 + self.below(25));
        let latency = Latency {
            micros: micros + self.below(micros),
            clock: self.one_of(&[Clock::LineMillis, Clock::Arrival, Clock::WholeSeconds]),
        };
        Transfer {
            satellite: self
                .one_of(&[None, Some(0), Some(1)])
                .map(|at| KnownSatellite::ALL[at].id()),
            piece: PieceId::new([self.below(256) as u8; 32]),
            action: self.one_of(&[Action::Get, Action::Put, Action::GetAudit, Action::PutRepair]),
            outcome: self.one_of(&[
                Outcome::Success,
                Outcome::Success,
                Outcome::Success,
                Outcome::Canceled,
                Outcome::Failed(FailureClass::Missing),
                Outcome::Failed(FailureClass::Network),
            ]),
            size: (self.below(10) > 0).then(|| ByteCount::new(1 << self.below(24))),
            latency: (self.below(4) > 0).then_some(latency),
            ..transfer(ago(3 * DAY).plus_micros(second * 1_000_000 + self.below(1_000_000) as i64))
        }
    }
}

/// Everything that happened, one by one.
struct Truth {
    transfers: Vec<(NodeName, Transfer)>,
    rejected: Vec<(NodeName, Timestamp)>,
}

/// A database and what is in it; batches are of any size and in no order.
fn written(seed: u64) -> (Database, Truth, Dice) {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut database = Database::new();
    let mut logs = NODES.map(Log::new);
    let mut truth = Truth { transfers: Vec::new(), rejected: Vec::new() };
    while truth.transfers.len() < RECORDS {
        let of = dice.below(3) as usize;
        let mut records = Vec::new();
        for _ in 0..dice.below(900) {
            let transfer = dice.transfer();
            if dice.below(20) == 0 {
                truth.rejected.push((node(NODES[of]), transfer.at));
                let (live_requests, limit) = (None, None);
                records.push(Record::Rejected(Rejected { at: transfer.at, live_requests, limit }));
            } else {
                truth.transfers.push((node(NODES[of]), transfer.clone()));
                records.push(Record::Transfer(transfer));
            }
        }
        logs[of].append(&mut database, records);
    }
    (database, truth, dice)
}

impl Truth {
    fn within<'a>(
        &'a self,
        nodes: &'a [NodeName],
        window: Window,
    ) -> impl Iterator<Item = &'a (NodeName, Transfer)> + Clone {
        self.transfers.iter().filter(move |(node, transfer)| {
            nodes.contains(node) && window.from <= transfer.at && transfer.at < window.to
        })
    }

    /// The latencies that may be shown, by clock.
    fn latencies(
        &self,
        nodes: &[NodeName],
        window: Window,
        wanted: impl Fn(&Transfer) -> bool,
    ) -> BTreeMap<Clock, Vec<u64>> {
        let mut found: BTreeMap<Clock, Vec<u64>> = BTreeMap::new();
        for (_, transfer) in self.within(nodes, window).filter(|(_, transfer)| wanted(transfer)) {
            if let (Some(latency), Outcome::Success) = (transfer.latency, transfer.outcome)
                && latency.clock != Clock::WholeSeconds
            {
                found.entry(latency.clock).or_default().push(latency.micros);
            }
        }
        found
    }
}

/// The same as a person would tell it: sort, and count to the place.
fn check_distribution(told: Distribution, values: &mut [u64], what: &str) {
    values.sort_unstable();
    assert_eq!(told.count, values.len() as u64, "{what}");
    let close = |told: u64, truth: f64| {
        // Half a microsecond, since whole ones are told.
        assert!((told as f64 - truth).abs() <= truth * 0.008 + 0.5, "{what}: {told}, not {truth}");
    };
    let place = |percent: usize| (values.len() * percent).div_ceil(100).max(1) - 1;
    for (percent, told) in [(50, told.p50), (90, told.p90), (95, told.p95), (99, told.p99)] {
        close(told, values[place(percent)] as f64);
    }
    close(told.max, *values.last().unwrap() as f64);
    let sum: u128 = values.iter().copied().map(u128::from).sum();
    close(told.mean, sum as f64 / values.len() as f64);
}

/// Some of the nodes, and a window of whole buckets.
fn question(dice: &mut Dice, grain: Grain) -> (Vec<NodeName>, Window) {
    let chosen = dice.below(7) + 1;
    let nodes = NODES.iter().enumerate().filter(|(at, _)| chosen & (1 << at) != 0);
    let nodes = nodes.map(|(_, name)| node(name)).collect();
    let reach = match grain {
        Grain::Minute | Grain::FiveMinutes => 2 * DAY,
        Grain::Hour | Grain::Day => 3 * DAY,
    };
    let width = grain.micros() / 1_000_000;
    let buckets = (reach / width) as u64;
    let from = dice.below(buckets) as i64 + 1;
    let length = dice.below(from as u64) as i64 + 1;
    let window = Window { from: ago(from * width), to: ago((from - length) * width) };
    (nodes, window)
}

const GRAINS: [Grain; 3] = [Grain::FiveMinutes, Grain::Hour, Grain::Day];

#[test]
fn latencies_are_those_of_every_transfer_within_the_stated_error() {
    for seed in 1..=SEEDS {
        let (database, truth, mut dice) = written(seed);
        let reader = database.reader();
        for round in 0..30 {
            let grain = GRAINS[round % 3];
            let (nodes, window) = question(&mut dice, grain);
            let what = format!("seed {seed}, round {round}");
            let any = LatencyFilter::default();
            let found = reader.latencies(Nodes::Of(&nodes), window, &any, grain).unwrap();
            assert_eq!((found.window, found.grain), (window, grain), "{what}");

            let mut all = truth.latencies(&nodes, window, |_| true);
            let merged = merged_latencies(&found.rows, |_| ());
            assert_eq!(merged.len(), all.len(), "{what}");
            for ((_, clock), histogram) in merged {
                let told = Distribution::of(&histogram).unwrap();
                check_distribution(told, all.get_mut(&clock).unwrap(), &what);
            }
            let by_action = merged_latencies(&found.rows, |row| row.action.clone());
            for ((action, clock), histogram) in by_action {
                let mut of = truth.latencies(&nodes, window, |transfer| transfer.action == action);
                let told = Distribution::of(&histogram).unwrap();
                check_distribution(told, of.get_mut(&clock).unwrap(), &format!("{what}, {action}"));
            }
            if grain != Grain::FiveMinutes {
                let satellite = Some(KnownSatellite::ALL[1].id());
                let filter = LatencyFilter { satellite, action: Some(Action::Put) };
                let found = reader.latencies(Nodes::Of(&nodes), window, &filter, grain).unwrap();
                let mut of = truth.latencies(&nodes, window, |transfer| {
                    transfer.satellite == satellite && transfer.action == Action::Put
                });
                let merged = merged_latencies(&found.rows, |_| ());
                assert_eq!(merged.len(), of.len(), "{what}");
                for ((_, clock), histogram) in merged {
                    let told = Distribution::of(&histogram).unwrap();
                    check_distribution(told, of.get_mut(&clock).unwrap(), &what);
                }
            }
        }
    }
}

#[test]
fn each_point_of_a_series_is_the_distribution_of_its_bucket() {
    let (database, truth, mut dice) = written(11);
    let reader = database.reader();
    for grain in GRAINS {
        let (nodes, window) = question(&mut dice, grain);
        let any = LatencyFilter::default();
        let found = reader.latency_series(Nodes::Of(&nodes), window, &any, grain).unwrap();
        let series = latency_series(&found.points, |_| ());
        let mut told = 0;
        for ((_, clock), points) in series {
            assert!(points.is_sorted_by_key(|(at, _)| *at));
            for (at, distribution) in points {
                let bucket = Window { from: at, to: at.plus_micros(grain.micros()) };
                let mut values = truth.latencies(&nodes, bucket, |_| true).remove(&clock).unwrap();
                check_distribution(distribution, &mut values, &format!("{grain:?} {at}"));
                told += values.len();
            }
        }
        let all: usize = truth.latencies(&nodes, window, |_| true).values().map(Vec::len).sum();
        assert_eq!(told, all, "{grain:?}");
    }
}

#[test]
fn counts_and_bytes_of_endings_are_exactly_those_of_every_transfer() {
    for seed in 1..=SEEDS {
        let (database, truth, mut dice) = written(seed);
        let reader = database.reader();
        for round in 0..10 {
            let (nodes, window) = question(&mut dice, Grain::Hour);
            let totals = reader.traffic_totals(Nodes::Of(&nodes), Some(window)).unwrap();
            let told = tallies(&totals.rows, |row| (row.node.clone(), row.action.clone()));
            let mut naive: BTreeMap<(NodeName, Action), Vec<&Transfer>> = BTreeMap::new();
            for (node, transfer) in truth.within(&nodes, window) {
                naive.entry((node.clone(), transfer.action.clone())).or_default().push(transfer);
            }
            assert_eq!(told.len(), naive.len());
            for (key, transfers) in naive {
                let what = format!("seed {seed}, round {round}, {key:?}");
                let count = |wanted: &[Outcome]| {
                    let of = transfers.iter().filter(|t| wanted.contains(&t.outcome));
                    of.clone().count() as u64
                };
                let success = count(&[Outcome::Success]);
                let canceled = count(&[Outcome::Canceled]);
                let missing = count(&[Outcome::Failed(FailureClass::Missing)]);
                let network = count(&[Outcome::Failed(FailureClass::Network)]);
                let tally = &told[&key];
                let bytes: u64 = transfers
                    .iter()
                    .filter(|t| t.outcome == Outcome::Success)
                    .filter_map(|t| t.size)
                    .map(ByteCount::get)
                    .sum();
                assert_eq!(
                    (tally.success.count, tally.success.bytes.get()),
                    (success, bytes),
                    "{what}"
                );
                assert_eq!(
                    (tally.canceled.count, tally.failed().count),
                    (canceled, missing + network)
                );
                let audits = tally.audits();
                assert_eq!(
                    (audits.unrecoverable, audits.recoverable),
                    (missing, network),
                    "{what}"
                );
                let of_canceled = if key.1 == Action::GetAudit { 0 } else { canceled };
                let whole = success + of_canceled + missing + network;
                let share = tally.success(&key.1).map(|share| (share.part, share.whole));
                assert_eq!(share, (whole > 0).then_some((success, whole)), "{what}");
            }
            for (name, told) in acceptance(&totals.rows) {
                let of_node = [name.clone()];
                let uploads = [Action::Put, Action::PutRepair];
                let accepted = truth.within(&of_node, window);
                let accepted = accepted.filter(|(_, t)| uploads.contains(&t.action)).count() as u64;
                let within = |at: Timestamp| window.from <= at && at < window.to;
                let rejected = truth.rejected.iter().filter(|(n, at)| *n == name && within(*at));
                assert_eq!(told, Acceptance { accepted, rejected: rejected.count() as u64 });
            }
        }
    }
}

#[test]
fn series_of_endings_and_sizes_count_every_transfer_once() {
    let (database, truth, mut dice) = written(21);
    let reader = database.reader();
    for grain in [Grain::Minute, Grain::Hour, Grain::Day] {
        let (nodes, window) = question(&mut dice, grain);
        let points = reader.traffic_series(Nodes::Of(&nodes), window, grain).unwrap();
        let series = success_series(&points);
        let keys: BTreeSet<_> =
            series.points.iter().map(|p| (p.at, p.node.clone(), p.action.clone())).collect();
        assert_eq!(keys.len(), series.points.len(), "each once");
        for point in &series.points {
            let bucket = Window { from: point.at, to: point.at.plus_micros(grain.micros()) };
            let of_node = [point.node.clone()];
            let of = truth.within(&of_node, bucket).filter(|(_, t)| t.action == point.action);
            assert_eq!(point.tally.count(), of.count() as u64, "{grain:?} {point:?}");
        }
        let told: u64 = series.points.iter().map(|point| point.tally.count()).sum();
        assert_eq!(told, truth.within(&nodes, window).count() as u64);
    }
    let (nodes, window) = question(&mut dice, Grain::Hour);
    let classes = size_classes(&reader.sizes(Nodes::Of(&nodes), window).unwrap());
    let limits = [0, 1 << 10, 1 << 12, 1 << 14, 1 << 16, 1 << 18, 1 << 20, u64::MAX];
    for (class, ends) in SizeClass::ALL.into_iter().zip(limits.windows(2)) {
        for ending in [Ending::Success, Ending::Canceled, Ending::Failed] {
            let of: Vec<u64> = truth
                .within(&nodes, window)
                .filter(|(_, t)| t.action == Action::Put && Ending::of(t.outcome) == ending)
                .filter_map(|(_, t)| t.size.map(ByteCount::get))
                .filter(|size| ends[0] <= *size && *size < ends[1])
                .collect();
            let told = classes.get(&(Action::Put, ending, class)).copied().unwrap_or_default();
            let expected = (of.len() as u64, of.iter().sum::<u64>());
            assert_eq!((told.count, told.bytes.get()), expected, "{class} {ending:?}");
        }
    }
}

#[test]
fn rates_are_what_moved_in_each_hour_over_its_seconds() {
    let (database, truth, mut dice) = written(31);
    let reader = database.reader();
    let (nodes, _) = question(&mut dice, Grain::Hour);
    // The first and the last hour of the records are covered in part.
    let window = Window { from: ago(3 * DAY - 3600), to: ago(3600) };
    let series = rate_series_of(&reader, Nodes::Of(&nodes), window, Grain::Hour).unwrap().points;
    assert_eq!(series.len(), 70);
    for point in series {
        let hour = Window { from: point.at, to: point.at.plus_micros(Grain::Hour.micros()) };
        let moved = |uploads: bool| -> (f64, f64) {
            let of = truth.within(&nodes, hour).filter(|(_, t)| {
                let is_upload = matches!(t.action, Action::Put | Action::PutRepair);
                t.outcome == Outcome::Success && is_upload == uploads
            });
            let bytes: u64 = of.clone().filter_map(|(_, t)| t.size).map(ByteCount::get).sum();
            (bytes as f64 * 8.0 / 3600.0, of.count() as f64 / 3600.0)
        };
        let rates = point.rates.unwrap();
        for (flow, (bits, pieces)) in [(rates.ingress, moved(true)), (rates.egress, moved(false))] {
            assert!((flow.bits_per_second - bits).abs() <= bits * 1e-9, "{}", point.at);
            assert!((flow.pieces_per_second - pieces).abs() <= pieces * 1e-9, "{}", point.at);
        }
        assert_eq!(point.nodes, nodes.len());
    }
}

#[test]
fn the_slowest_are_those_of_every_transfer() {
    for seed in 1..=SEEDS {
        let (database, truth, mut dice) = written(seed);
        let reader = database.reader();
        for round in 0..20 {
            let grain = [Grain::Hour, Grain::Day][round % 2];
            let (nodes, window) = question(&mut dice, grain);
            let filter = SlowFilter {
                action: dice.one_of(&[None, Some(Action::Get), Some(Action::GetAudit)]),
                ending: dice.one_of(&[None, Some(Ending::Success), Some(Ending::Failed)]),
            };
            let found = reader.slowest(Nodes::Of(&nodes), window, &filter, grain, 10).unwrap();
            let told: Vec<_> = found
                .rows
                .iter()
                .map(|row| (row.latency.unwrap().micros, row.at, row.node.clone()))
                .collect();
            let mut naive: Vec<_> = truth
                .within(&nodes, window)
                .filter(|(_, t)| filter.action.as_ref().is_none_or(|action| *action == t.action))
                .filter(|(_, t)| filter.ending.is_none_or(|ending| ending == Ending::of(t.outcome)))
                .filter_map(|(node, t)| Some((t.latency?.micros, t.at, node.clone())))
                .collect();
            naive.sort_by(|a, b| (b.0, a.1, &a.2).cmp(&(a.0, b.1, &b.2)));
            naive.truncate(10);
            assert_eq!(told, naive, "seed {seed}, round {round}, {filter:?}");
        }
    }
}

/// What is read and not yet stored is merged in, and nothing counts twice.
#[test]
fn stored_and_live_together_are_everything() {
    let (mut database, mut truth, mut dice) = written(41);
    let nodes = [node("attic")];
    let window = Window { from: ago(DAY), to: NOW };
    let live: Vec<Record> = (0..500).map(|_| Record::Transfer(dice.transfer())).collect();
    let any = LatencyFilter::default();
    let stored = database.reader().latencies(Nodes::Of(&nodes), window, &any, Grain::Hour).unwrap();
    let live_rows = live_latencies(&nodes[0], &live, window);
    let both = merged_latencies(stored.rows.iter().chain(&live_rows), |row| row.action.clone());
    for record in &live {
        let Record::Transfer(transfer) = record else { unreachable!("only transfers were made") };
        truth.transfers.push((nodes[0].clone(), transfer.clone()));
    }
    for ((action, clock), histogram) in &both {
        let mut of = truth.latencies(&nodes, window, |transfer| transfer.action == *action);
        let told = Distribution::of(histogram).unwrap();
        check_distribution(told, of.get_mut(clock).unwrap(), action.name());
    }
    let mut log = Log::new("attic, of a second process");
    log.append_as(&mut database, &nodes[0], live);
    let stored = database.reader().latencies(Nodes::Of(&nodes), window, &any, Grain::Hour).unwrap();
    assert_eq!(merged_latencies(&stored.rows, |row| row.action.clone()), both);
}

/// The list that the other tests compare with is what the raw listing tells, page by page.
#[test]
fn the_truth_is_what_the_pages_of_transfers_hold() {
    let (database, truth, _) = written(51);
    let reader = database.reader();
    let nodes = NODES.map(node);
    // Single transfers reach back two days.
    let window = Window { from: ago(2 * DAY), to: NOW };
    let mut told = Vec::new();
    let mut next = None;
    loop {
        let any = TransferFilter::default();
        let page = reader.transfers(Nodes::All, window, &any, next, 997).unwrap();
        let transfers = page.rows.into_iter().filter(|row| row.piece.is_some());
        told.extend(
            transfers.map(|row| (row.at, row.node, row.size, row.latency.map(|l| l.micros))),
        );
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    let naive = truth.within(&nodes, window);
    let mut naive: Vec<_> =
        naive.map(|(node, t)| (t.at, node.clone(), t.size, t.latency.map(|l| l.micros))).collect();
    naive.sort();
    told.sort();
    assert_eq!(told, naive);
}
