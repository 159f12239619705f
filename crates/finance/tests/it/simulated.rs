//! Simulated nodes with random histories: what the crate computes of their books equals the second
//! calculation and what the nodes answer.

use std::collections::BTreeMap;

use piecewatch_finance::{Earnings, Estimate, HeldPercent, Usage};
use piecewatch_model::{MicroUsd, Period, SatelliteId, Timestamp};
use piecewatch_simulator::Account;

use crate::{
    books::{Books, account, attic, facts},
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

/// What goes through the database and the ledger is what the node itself answers, to the cent and
/// by component.
#[test]
fn what_the_ledger_tells_of_a_stored_node_is_what_the_node_answers() {
    let now = Timestamp::from_civil((2026, 8, 19), 14, 3, 27);
    let period: Period = "2026-08".parse().unwrap();
    let mut earning = 0;
    for seed in 0..40 {
        let account = account(seed, 6, now);
        let mut books = Books::new();
        books.report(&attic(), now, facts(&account, now));
        let month = books.ledger().month(&attic(), period, now).unwrap();
        let mut sum = Earnings::default();
        for of in &month.satellites {
            let Some(answer) = account.estimate(of.satellite, now) else { continue };
            let ours = of.node.map(|node| node.estimate.earnings).unwrap_or_default();
            let theirs = answer.current;
            for (name, ours, theirs) in [
                ("egress", ours.egress, theirs.egress_cents),
                ("repair and audit", ours.repair_audit, theirs.repair_audit_cents),
                ("storage", ours.storage, theirs.storage_cents),
                ("held", ours.held, theirs.held_cents),
                ("payout", ours.payout, theirs.payout_cents),
            ] {
                // A tie may fall to the other side: a hundredth of a cent.
                let difference = (ours - micro_usd(theirs)).get().abs();
                assert!(difference <= 100, "seed {seed}: {name} {ours}, the node {theirs} cents");
            }
            sum = sum + ours;
            earning += usize::from(ours.payout.get() > 0);
        }
        let all = account.estimate_all(now).current;
        let ties = 100 * i64::try_from(month.satellites.len()).unwrap();
        assert!((sum.payout - micro_usd(all.payout_cents)).get().abs() <= ties, "seed {seed}");
    }
    assert!(earning > 60, "{earning} satellites paid something");
}
