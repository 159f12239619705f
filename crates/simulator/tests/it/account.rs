//! Random accounts: the same from the same seed, and as different as nodes are.

use std::collections::BTreeSet;

use piecewatch_model::{ByteCount, Period, Timestamp};
use piecewatch_simulator::{Account, AccountConfig, ApiVersion, Luck, NodeApi};

use crate::at;

fn accounts(count: u64) -> impl Iterator<Item = Account> {
    let config = AccountConfig { satellites: 6, ..AccountConfig::default() };
    (0..count).map(move |seed| Account::random(&AccountConfig { seed, ..config }))
}

#[test]
fn the_same_seed_gives_the_same_node() {
    let config = AccountConfig { seed: 9, ..AccountConfig::default() };
    let account = Account::random(&config);
    assert_eq!(account, Account::random(&config));
    assert_ne!(account, Account::random(&AccountConfig { seed: 10, ..config }));
    // One answer, byte for byte: a change of what is drawn shows here.
    let api = NodeApi::new(account, ApiVersion::V1_143);
    let again = NodeApi::new(Account::random(&config), ApiVersion::V1_143);
    for path in ["/api/sno/", "/api/sno/satellites", "/api/sno/estimated-payout"] {
        assert_eq!(api.answer(path, config.now), again.answer(path, config.now));
    }
    assert_eq!(
        api.answer_debug("/metrics", config.now),
        again.answer_debug("/metrics", config.now)
    );
}

#[test]
fn nodes_are_of_every_age_size_and_fate() {
    let now = AccountConfig::default().now;
    let month = Period::containing(now).unwrap();
    let (mut ages, mut sizes) = (BTreeSet::new(), BTreeSet::new());
    let mut seen = BTreeSet::new();
    for account in accounts(400) {
        for standing in account.standings(now) {
            let joined = Period::containing(standing.joined_at.unwrap()).unwrap();
            ages.insert(month.months_since(joined));
            let fates = [
                ("disqualified", standing.disqualified_at),
                ("suspended", standing.suspended_at),
                ("suspended offline", standing.offline_suspended_at),
                ("exited", standing.exited_at),
            ];
            seen.extend(fates.iter().filter(|(_, at)| at.is_some()).map(|(fate, _)| *fate));
        }
        let space = account.space(now);
        sizes.insert(space.used.unwrap().get().checked_ilog10());
        for (fate, holds) in [
            ("overused", space.overused != Some(ByteCount::new(0))),
            (
                "gone",
                account
                    .paystubs(now)
                    .iter()
                    .any(|stub| !account.satellites(now).contains(&stub.satellite)),
            ),
            ("surged", account.paystubs(now).iter().any(|stub| stub.surge_percent > 100)),
            ("never paid", account.payments(now).is_empty()),
        ] {
            if holds {
                seen.insert(fate);
            }
        }
    }
    for age in [0, 1, 3, 9, 14, 15, 16, 80] {
        assert!(ages.contains(&age), "no node is {age} months old: {ages:?}");
    }
    for size in [None, Some(7), Some(10), Some(13)] {
        assert!(sizes.contains(&size), "no node has 10^{size:?} bytes: {sizes:?}");
    }
    for fate in [
        "disqualified",
        "suspended",
        "suspended offline",
        "exited",
        "overused",
        "gone",
        "surged",
        "never paid",
    ] {
        assert!(seen.contains(fate), "no node is {fate}");
    }
}

#[test]
fn storage_has_the_gaps_and_hours_of_real_nodes() {
    let now = AccountConfig::default().now;
    let (mut hours, mut missing) = (BTreeSet::new(), 0);
    for account in accounts(60) {
        let days = account.storage(now);
        hours.extend(days.iter().filter_map(|day| day.covered_seconds).map(|of| of / 3_600));
        for satellite in account.satellites(now) {
            let of: Vec<_> = days.iter().filter(|day| day.satellite == satellite).collect();
            for two in of.windows(2) {
                missing += usize::from(two[1].day > two[0].day.plus_micros(86_400_000_000));
            }
        }
    }
    for expected in [5, 22, 23, 24, 25, 48] {
        assert!(hours.contains(&expected), "{hours:?}");
    }
    assert!(missing > 10, "{missing}");
}

#[test]
fn days_without_any_traffic_have_no_entry_and_others_have() {
    let now = AccountConfig::default().now;
    let days = 86_400_000_000_i64;
    let (mut with, mut without) = (0, 0);
    for account in accounts(60) {
        let booked: BTreeSet<(Timestamp, _)> =
            account.bandwidth(now).iter().map(|day| (day.day, day.satellite)).collect();
        for satellite in account.satellites(now) {
            for ago in 1..30 {
                let day = at("2026-08-19T00:00:00Z").plus_micros(-ago * days);
                if booked.contains(&(day, satellite)) { with += 1 } else { without += 1 }
            }
        }
        assert!(account.bandwidth(now).iter().all(|day| {
            let all = [day.get, day.get_audit, day.get_repair, day.put, day.put_repair];
            all.into_iter().sum::<ByteCount>() > ByteCount::new(0)
        }));
    }
    assert!(with > 3_000 && without > 300, "{with} {without}");
}

#[test]
fn figures_grow_with_time_and_are_never_taken_back() {
    let account = Account::random(&AccountConfig { luck: Luck::Good, ..AccountConfig::default() });
    let sums = |now: &str| {
        let now = at(now);
        let moved: ByteCount =
            account.bandwidth(now).iter().map(|day| day.get + day.put + day.get_repair).sum();
        let stored: u64 = account.storage(now).iter().map(|day| day.byte_hours.get()).sum();
        (moved, stored, account.paystubs(now).len(), account.payments(now).len())
    };
    let times = [
        "2026-08-18T23:59:59Z",
        "2026-08-19T00:00:00Z",
        "2026-08-19T12:00:00Z",
        "2026-08-20T12:00:00Z",
        "2026-09-01T00:30:00Z",
        "2026-09-28T00:00:00Z",
    ];
    let sums: Vec<_> = times.into_iter().map(sums).collect();
    for two in sums.windows(2) {
        assert!(two[0].0 < two[1].0 && two[0].1 <= two[1].1, "{two:?}");
        assert!(two[0].2 <= two[1].2 && two[0].3 <= two[1].3, "{two:?}");
    }
    assert!(sums[0].1 < sums[5].1 && sums[0].2 < sums[5].2);
}

#[test]
fn prices_change_in_the_months_in_which_they_did() {
    let account = Account::random(&AccountConfig { seed: 4, ..AccountConfig::default() });
    let us1 = account.satellites(AccountConfig::default().now)[0];
    let cents = |period: &str| {
        let prices = account.prices_of(us1, period.parse().unwrap()).unwrap();
        [prices.egress, prices.repair, prices.audit, prices.storage].map(|price| price.get())
    };
    assert_eq!(cents("2021-09"), [2_000, 1_000, 1_000, 150]);
    assert_eq!(cents("2023-06"), [2_000, 1_000, 1_000, 150]);
    assert_eq!(cents("2023-12"), [200, 200, 200, 150]);
    assert_eq!(cents("2025-01"), [200, 200, 200, 150]);
}
