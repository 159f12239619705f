//! Simulated nodes with random histories: what the crate computes of their books equals the second
//! calculation and what the nodes answer.

use std::collections::BTreeMap;

use piecewatch_finance::{CompletedBy, Earnings, Estimate, HeldPercent, Usage};
use piecewatch_model::{MicroUsd, Period, SatelliteId, Timestamp};
use piecewatch_simulator::{Account, EstimatedMonth};

use crate::{
    books::{Books, NOW, account, attic, august, estimates, facts},
    oracle,
};

const NODES: u64 = 1_500;

/// The second calculation's month of a satellite.
fn month_of(
    account: &Account,
    satellite: SatelliteId,
    period: Period,
    now: Timestamp,
) -> oracle::Month {
    let mut days: BTreeMap<u8, oracle::Day> = BTreeMap::new();
    let within = |day: Timestamp| day >= period.start() && day < period.end();
    let empty = |day| oracle::Day { day, get: 0, get_repair: 0, get_audit: 0, at_rest_total: 0.0 };
    for row in account.bandwidth(now) {
        if row.satellite == satellite && within(row.day) {
            let day = row.day.date().2;
            let of_day = days.entry(day).or_insert_with(|| empty(day));
            of_day.get += row.get.get() as i64;
            of_day.get_repair += row.get_repair.get() as i64;
            of_day.get_audit += row.get_audit.get() as i64;
        }
    }
    for row in account.storage(now) {
        if row.satellite == satellite && within(row.day) {
            let day = row.day.date().2;
            let of_day = days.entry(day).or_insert_with(|| empty(day));
            of_day.at_rest_total += row.byte_hours.get() as f64;
        }
    }
    let prices = account.prices_of(satellite, period).unwrap();
    let standing = account.standings(now).into_iter().find(|of| of.satellite == satellite);
    let joined = standing.and_then(|standing| standing.joined_at).unwrap().date();
    oracle::Month {
        year: period.year().into(),
        month: period.month(),
        joined,
        prices: [prices.egress, prices.repair, prices.audit, prices.storage]
            .map(|price| price.get().into()),
        days: days.into_values().collect(),
    }
}

fn ours(account: &Account, satellite: SatelliteId, period: Period, now: Timestamp) -> Estimate {
    let bandwidth: Vec<_> =
        account.bandwidth(now).into_iter().filter(|row| row.satellite == satellite).collect();
    let storage: Vec<_> =
        account.storage(now).into_iter().filter(|row| row.satellite == satellite).collect();
    let usage = Usage::of_days(period, &bandwidth, &storage);
    let prices = account.prices_of(satellite, period).unwrap();
    let standing = account.standings(now).into_iter().find(|of| of.satellite == satellite).unwrap();
    Estimate::of(&usage, &prices, HeldPercent::of(standing.joined_at.unwrap(), period))
}

/// A node's cents as micro-dollars.
fn micro_usd(cents: f64) -> MicroUsd {
    MicroUsd::new((cents * 10_000.0).round() as i64)
}

#[test]
fn estimates_of_simulated_nodes_equal_the_second_calculation() {
    let mut compared = 0;
    for seed in 0..NODES {
        // Another day and another length of month for each.
        let now = Timestamp::from_civil((2026, 8, 19), 14, 3, 27)
            .plus_micros(i64::try_from(seed % 365).unwrap() * 86_400_000_000);
        let account = account(seed, 1 + (seed % 6) as usize, now);
        let period = Period::containing(now).unwrap();
        for period in [Some(period), period.plus_months(-1)].into_iter().flatten() {
            for satellite in account.satellites(now) {
                let theirs = oracle::answer(&month_of(&account, satellite, period, now));
                let estimate = ours(&account, satellite, period, now);
                oracle::check(&estimate.earnings, &theirs, &format!("seed {seed} {period}"));
                compared += 1;
            }
        }
    }
    assert!(compared > 8_000, "{compared}");
}

/// A node's sums of all satellites against ours: a tie may fall to the other side, a hundredth of a
/// cent for each.
fn check(name: &str, (ours, theirs): (Earnings, EstimatedMonth), satellites: usize) {
    for (part, ours, theirs) in [
        ("egress", ours.egress, theirs.egress_cents),
        ("repair and audit", ours.repair_audit, theirs.repair_audit_cents),
        ("storage", ours.storage, theirs.storage_cents),
        ("held", ours.held, theirs.held_cents),
        ("payout", ours.payout, theirs.payout_cents),
    ] {
        let difference = (ours - micro_usd(theirs)).get().abs();
        let ties = 100 * i64::try_from(satellites).unwrap();
        assert!(difference <= ties, "{name}: {part} {ours}, the node {theirs} cents");
    }
}

/// What goes through the database and the ledger is what the node itself answers, to the cent and
/// by component; and nothing where it answers nothing, as of a satellite that disqualified it.
#[test]
fn what_the_ledger_tells_of_a_stored_node_is_what_the_node_answers() {
    let now = NOW;
    let period = august();
    let (mut earning, mut disqualified) = (0, 0);
    for seed in 0..60 {
        let account = account(seed, 6, now);
        let mut books = Books::new();
        books.report(&attic(), now, facts(&account, now));
        let month = books.ledger().month(&attic(), period, now).unwrap();
        for of in &month.satellites {
            let Some(answer) = account.estimate(of.satellite, now) else {
                assert_eq!(of.node, None, "seed {seed}: the node answers nothing");
                disqualified += 1;
                continue;
            };
            let ours = of.node.map(|node| node.estimate.earnings).unwrap_or_default();
            check(&format!("seed {seed}"), (ours, answer.current), 1);
            earning += usize::from(ours.payout.get() > 0);
        }
        let all = account.estimate_all(now).current;
        check(&format!("seed {seed}, all"), (month.node_earnings(), all), month.satellites.len());
    }
    assert!(earning > 90, "{earning} satellites paid something");
    assert!(disqualified > 5, "{disqualified} satellites had disqualified the node");
}

/// The node is asked on the 19th by day, and on the 5th of the next month for its estimate alone.
#[test]
fn a_month_that_the_nodes_estimate_completes_is_what_the_node_answers() {
    let later = Timestamp::from_civil((2026, 9, 5), 9, 30, 0);
    let (mut completed, mut compared) = (0, 0);
    for seed in 0..60 {
        let account = account(seed, 6, NOW);
        let mut books = Books::new();
        books.report(&attic(), NOW, facts(&account, NOW));
        books.report(&attic(), later, estimates(&account, later));
        let month = books.ledger().month(&attic(), august(), later).unwrap();
        for of in &month.satellites {
            let (Some(answer), Some(node)) = (account.estimate(of.satellite, later), of.node)
            else {
                continue;
            };
            // The node takes the prices of now for the month before, and these may have changed.
            let september = august().plus_months(1).unwrap();
            let prices =
                [august(), september].map(|of_month| account.prices_of(of.satellite, of_month));
            if prices[0] != prices[1] {
                continue;
            }
            completed += usize::from(matches!(node.completed_by, CompletedBy::PreviousMonth(_)));
            compared += 1;
            check(&format!("seed {seed}"), (node.estimate.earnings, answer.previous), 1);
        }
    }
    assert!(completed > 100 && compared >= completed, "{completed} of {compared}");
}
