//! An account that agrees with a log: what a node books is at least what its log tells.

use std::collections::BTreeMap;

use piecewatch_model::{Action, Outcome, SatelliteId};
use piecewatch_simulator::{
    Account, AccountConfig, ApiVersion, Config, Level, Mix, NodeApi, Simulator, Vocabulary,
};

use crate::document;

/// A log over some days, told at this rate.
fn simulated(config: Config, lines: u64) -> Simulator {
    let mut simulator = Simulator::new(config);
    simulator.write(lines, &mut std::io::sink()).unwrap();
    simulator
}

/// What was booked by satellite and action.
fn booked(simulator: &Simulator) -> BTreeMap<(SatelliteId, Action), u64> {
    let mut sums = BTreeMap::new();
    for day in simulator.booked() {
        for (action, bytes) in [
            (Action::Get, day.get),
            (Action::GetAudit, day.get_audit),
            (Action::GetRepair, day.get_repair),
            (Action::Put, day.put),
            (Action::PutRepair, day.put_repair),
        ] {
            *sums.entry((day.satellite, action)).or_default() += bytes.get();
        }
    }
    sums
}

#[test]
fn what_downloads_tell_is_at_most_what_was_booked() {
    for vocabulary in Vocabulary::ALL {
        for mix in [Mix::Transfers, Mix::Realistic, Mix::Adverse] {
            let config =
                Config { vocabulary, mix, transfers_per_second: 0.02, ..Config::default() };
            let simulator = simulated(config, 8_000);
            let booked = booked(&simulator);
            let mut told = 0;
            for (key, total) in &simulator.truth().transfers {
                let Some(satellite) = key.satellite else { continue };
                let Some(sum) = booked.get(&(satellite, key.action.clone())) else { continue };
                if key.outcome == Outcome::Success {
                    assert!(total.bytes <= *sum, "{vocabulary} {key:?}: {} > {sum}", total.bytes);
                    told += total.bytes;
                }
            }
            // From 2023 on lines tell the sizes of both directions: nearly all of it is told.
            let sum: u64 = booked.values().sum();
            let nearly_all = told * 100 > sum * 80;
            let tells_sizes = vocabulary >= Vocabulary::Y2023 && mix != Mix::Adverse;
            assert!(!tells_sizes || nearly_all, "{vocabulary} {mix:?}: {told} of {sum}");
            // Races that are lost cost something, too.
            assert!(vocabulary == Vocabulary::Y2019 || told < sum, "{vocabulary} {mix:?}");
        }
    }
}

#[test]
fn what_is_booked_does_not_depend_on_what_is_logged() {
    let of = |level| {
        let config = Config {
            vocabulary: Vocabulary::Y2025,
            level,
            mix: Mix::Transfers,
            transfers_per_second: 1.0,
            ..Config::default()
        };
        let lines = if level == Level::Debug { 4_000 } else { 2_000 };
        simulated(config, lines).booked()
    };
    let (debug, info) = (of(Level::Debug), of(Level::Info));
    assert!(!debug.is_empty() && !info.is_empty());
    assert_eq!(debug[0].day, info[0].day);
}

#[test]
fn the_api_of_a_node_agrees_with_its_log() {
    // A line a minute: the log crosses the end of a month.
    let start = Some("2026-07-29T00:00:00Z".parse().unwrap());
    let config = Config { start, transfers_per_second: 0.02, ..Config::default() };
    let simulator = simulated(config, 20_000);
    let account =
        Account::of_log(&simulator, AccountConfig { months: 2, ..AccountConfig::default() });
    let now = simulator.now();
    assert_eq!(account.config().now, now);

    let first = simulator.booked()[0].day;
    let days = account.bandwidth(now).into_iter().filter(|day| day.day >= first);
    assert_eq!(days.collect::<Vec<_>>(), simulator.booked());
    assert_eq!(account.space(now).available, Some(simulator.available()));

    let month = "2026-08-01T00:00:00Z".parse().unwrap();
    let of_month = simulator.booked().into_iter().filter(|day| day.day >= month);
    let sum: u64 = of_month
        .map(|day| [day.get, day.get_audit, day.get_repair, day.put, day.put_repair])
        .flat_map(|bytes| bytes.map(piecewatch_model::ByteCount::get))
        .sum();
    assert!(sum > 0);
    let api = NodeApi::new(account.clone(), ApiVersion::V1_143);
    assert_eq!(document(&api, "/api/sno/", now)["bandwidth"]["used"], sum);

    // The statement of July, when it comes, is about what was booked in July.
    let later = "2026-08-20T00:00:00Z".parse().unwrap();
    let july =
        account.paystubs(later).into_iter().filter(|stub| stub.period.to_string() == "2026-07");
    let paid: u64 = july.map(|stub| stub.usage_get.get()).sum();
    let booked = account.bandwidth(now).into_iter().filter(|day| day.day < month);
    let booked = booked.filter(|day| day.day >= "2026-07-01T00:00:00Z".parse().unwrap());
    let booked: u64 = booked.map(|day| day.get.get()).sum();
    assert!(paid <= booked && paid * 1_000 >= booked * 990, "{paid} of {booked}");
}

#[test]
fn a_log_longer_than_the_history_lengthens_it() {
    let config = Config { transfers_per_second: 0.001, mix: Mix::Transfers, ..Config::default() };
    let simulator = simulated(config, 12_000);
    let account =
        Account::of_log(&simulator, AccountConfig { months: 0, ..AccountConfig::default() });
    let first = simulator.booked()[0].day;
    let days = account.bandwidth(simulator.now()).into_iter().filter(|day| day.day >= first);
    assert_eq!(days.collect::<Vec<_>>(), simulator.booked());
    assert!(account.config().months >= 1, "the log is {} long", account.config().months);
}
