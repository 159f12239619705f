//! Statements follow the satellites' rules, and the API tells them as they are.

use std::collections::BTreeMap;

use piecewatch_model::{MicroUsd, Paystub, PaystubCodes, Period, SatelliteId, Timestamp};
use piecewatch_simulator::{Account, AccountConfig, ApiVersion, NodeApi};

use crate::document;

const COUNT: u64 = 300;

fn accounts() -> impl Iterator<Item = (Account, Timestamp)> {
    (0..COUNT).map(|seed| {
        let config = AccountConfig { seed, satellites: 5, ..AccountConfig::default() };
        (Account::random(&config), config.now)
    })
}

/// The statements of each satellite, the oldest first, with when the node joined it.
fn histories() -> Vec<(Timestamp, Vec<Paystub>)> {
    let mut all = Vec::new();
    for (account, now) in accounts() {
        let mut stubs: BTreeMap<SatelliteId, Vec<Paystub>> = BTreeMap::new();
        for stub in account.paystubs(now) {
            stubs.entry(stub.satellite).or_default().push(stub);
        }
        for standing in account.standings(now) {
            let stubs = stubs.remove(&standing.satellite).unwrap_or_default();
            all.push((standing.joined_at.unwrap(), stubs));
        }
    }
    all
}

fn has(stub: &Paystub, code: PaystubCodes) -> bool {
    stub.codes.contains(code)
}

/// Joined well within a month: at its ends a satellite counts otherwise than a calendar.
fn is_mid_month(joined: Timestamp) -> bool {
    let (_, _, day) = joined.date();
    (2..=27).contains(&day)
}

#[test]
fn a_share_is_held_by_age_and_half_of_it_comes_back_in_month_16() {
    let (mut held, mut returned) = (0, 0);
    for (joined, stubs) in histories().into_iter().filter(|(joined, _)| is_mid_month(*joined)) {
        let first = Period::containing(joined).unwrap();
        let mut held_so_far = 0;
        for stub in &stubs {
            let month = stub.period.months_since(first);
            let (gone, zero) =
                (has(stub, PaystubCodes::GRACEFUL_EXIT), stub.owed == MicroUsd::new(0));
            let percent = match month {
                0..=2 => 75,
                3..=5 => 50,
                6..=8 => 25,
                _ => 0,
            };
            let surged = i128::from(stub.earned().get())
                * if stub.surge_percent == 0 { 100 } else { i128::from(stub.surge_percent) };
            let expected = surged * percent / 10_000;
            if !gone && !zero {
                // Components are cut one by one, the sum as a whole: a few millionths.
                let off = i128::from(stub.held.get()) - expected;
                assert!((0..=40).contains(&off), "{stub:?}: {expected}");
                held += u32::from(expected > 0);
                let owed = surged / 100 - expected + i128::from(stub.disposed.get());
                assert!((i128::from(stub.owed.get()) - owed).abs() <= 40, "{stub:?}");
            }
            assert_eq!(has(stub, PaystubCodes::IN_WITHHOLDING), month < 15, "{stub:?}");
            if month == 15 && !gone && !zero {
                assert_eq!(stub.disposed.get(), held_so_far / 2, "{stub:?}");
                returned += u32::from(held_so_far > 1);
            } else if month < 15 && !gone {
                assert_eq!(stub.disposed, MicroUsd::new(0), "{stub:?}");
            }
            held_so_far += stub.held.get();
        }
    }
    assert!(held > 500 && returned > 50, "{held} {returned}");
}

#[test]
fn codes_have_their_consequences() {
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    for (_, stubs) in histories() {
        let mut held = 0;
        let mut disposed = 0;
        for stub in &stubs {
            let nothing = MicroUsd::new(0);
            let exited = has(stub, PaystubCodes::GRACEFUL_EXIT);
            if has(stub, PaystubCodes::OFFLINE) {
                assert_eq!([stub.earned(), stub.held, stub.owed, stub.disposed], [nothing; 4]);
                *seen.entry("O").or_default() += 1;
            } else if has(stub, PaystubCodes::DISQUALIFIED) && !exited {
                assert_eq!([stub.held, stub.owed, stub.disposed], [nothing; 3]);
                *seen.entry("D").or_default() += 1;
            } else if exited {
                assert_eq!((stub.held, stub.disposed.get()), (nothing, held - disposed));
                *seen.entry("X").or_default() += 1;
            }
            if has(stub, PaystubCodes::SANCTIONED) {
                assert_eq!(stub.paid, nothing);
                *seen.entry("S").or_default() += 1;
            } else {
                assert_eq!(stub.paid, stub.owed);
            }
            if has(stub, PaystubCodes::EXITING) {
                *seen.entry("I").or_default() += 1;
            }
            held += stub.held.get();
            disposed += stub.disposed.get();
        }
    }
    for code in ["O", "D", "X", "S", "I"] {
        assert!(seen.contains_key(code), "{seen:?}");
    }
}

#[test]
fn what_is_sent_never_exceeds_what_was_paid_and_is_paid_with_a_receipt() {
    let mut late = 0;
    for (account, now) in accounts() {
        let stubs = account.paystubs(now);
        let mut open: BTreeMap<SatelliteId, i64> = BTreeMap::new();
        for stub in &stubs {
            let open = open.entry(stub.satellite).or_default();
            *open += stub.paid.get() - stub.distributed.get();
            assert!(*open >= 0, "{stub:?}");
            late += u32::from(stub.distributed > stub.paid);
            if stub.period < "2020-12".parse().unwrap() {
                assert_eq!(stub.distributed, stub.paid);
            }
        }
        for payment in account.payments(now) {
            let of = |stub: &&Paystub| {
                (stub.satellite, stub.period) == (payment.satellite, payment.period)
            };
            assert_eq!(stubs.iter().find(of).unwrap().distributed, payment.amount);
            let chain = payment.receipt.split(':').next().unwrap();
            assert!(["", "eth", "zksync", "zksync-era", "polygon"].contains(&chain), "{chain}");
        }
    }
    assert!(late > 50, "{late} payments were more than their month's");
}

#[test]
fn the_api_tells_statements_as_they_are() {
    for (account, now) in accounts().take(30) {
        let api = NodeApi::new(account, ApiVersion::V1_162);
        let stubs = api.account().paystubs(now);
        let all = document(&api, "/api/heldamount/paystubs/2010-01/2026-12", now);
        assert_eq!(all.as_array().map_or(0, Vec::len), stubs.len());
        for (told, stub) in all.as_array().into_iter().flatten().zip(&stubs) {
            let id = stub.satellite;
            assert_eq!(told["satelliteId"], id.to_string());
            assert_eq!(told["period"], stub.period.to_string());
            assert_eq!(told["codes"], stub.codes.to_string());
            assert_eq!(told["created"], stub.created_at.to_string());
            let byte_hours = told["usageAtRest"].as_f64().unwrap() * 720.0;
            let truth = stub.usage_at_rest.get() as f64;
            assert!((byte_hours - truth).abs() <= truth * 1e-12);
            for (key, money) in [
                ("compAtRest", stub.comp_at_rest),
                ("compGet", stub.comp_get),
                ("compGetRepair", stub.comp_get_repair),
                ("compGetAudit", stub.comp_get_audit),
                ("held", stub.held),
                ("owed", stub.owed),
                ("disposed", stub.disposed),
                ("paid", stub.paid),
                ("distributed", stub.distributed),
            ] {
                assert_eq!(told[key], money.get(), "{key}");
            }
            let path = format!("/api/heldamount/paystubs/{}?id={id}", stub.period);
            assert_eq!(document(&api, &path, now), *told);
        }
        check_months(&api, now, &stubs);
    }
}

/// The answers that are made of statements.
fn check_months(api: &NodeApi, now: Timestamp, stubs: &[Paystub]) {
    let periods = document(api, "/api/heldamount/periods", now);
    let mut told: Vec<&str> =
        periods.as_array().into_iter().flatten().map(|of| of.as_str().unwrap()).collect();
    told.sort_unstable();
    let mut expected: Vec<String> = stubs.iter().map(|stub| stub.period.to_string()).collect();
    expected.dedup();
    assert_eq!(told, expected);
    for period in told {
        let history = document(api, &format!("/api/heldamount/payout-history/{period}"), now);
        let of_period = stubs.iter().filter(|stub| stub.period.to_string() == period);
        let paid: i64 = of_period.map(|stub| stub.paid.get()).sum();
        let rows = history.as_array().unwrap();
        assert_eq!(rows.iter().map(|row| row["paid"].as_i64().unwrap()).sum::<i64>(), paid);
        assert!(rows.iter().all(|row| row["surgePercent"].as_i64().unwrap() >= 100));
    }
    let held = document(api, "/api/heldamount/held-history", now);
    for row in held.as_array().into_iter().flatten() {
        let id = row["satelliteID"].as_str().unwrap();
        let of: Vec<&Paystub> =
            stubs.iter().filter(|stub| stub.satellite.to_string() == id).collect();
        let first_nine: i64 = of.iter().take(9).map(|stub| stub.held.get()).sum();
        assert_eq!(row["totalHeld"], first_nine);
        let disposed: i64 = of.iter().map(|stub| stub.disposed.get()).sum();
        assert_eq!(row["totalDisposed"], disposed);
    }
}
