//! What the ledger keeps, and when it forgets it.

use std::{
    mem::size_of,
    sync::{
        Barrier,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use piecewatch_model::{DailyBandwidth, DailyStorage, KnownSatellite, NodeName, Period, Timestamp};

use crate::books::{
    Books, NOW, account, attic, august, day, downloads, facts, joined, node_payout, us1, used,
};

#[test]
fn what_is_kept_is_not_asked_again_and_what_is_reported_is_not_missed() {
    let mut books = Books::new();
    books.report(&attic(), NOW, vec![downloads(us1(), day(5), 1_000_000_000_000)]);
    let ledger = books.ledger();
    ledger.refresh().unwrap();
    assert_eq!(node_payout(&ledger, august(), NOW), Some("2".parse().unwrap()));
    let asked = books.asked_in_all();
    assert_eq!(node_payout(&ledger, august(), NOW), Some("2".parse().unwrap()));
    assert_eq!(books.asked_in_all(), asked, "the second answer asks nothing");
    books.report(&attic(), NOW, vec![downloads(us1(), day(5), 3_000_000_000_000)]);
    ledger.refresh().unwrap();
    assert_eq!(node_payout(&ledger, august(), NOW), Some("6".parse().unwrap()));
}

/// Live ingest forgets nothing, or nothing would ever be kept; an import does.
#[test]
fn an_import_is_seen_at_once_and_live_lines_when_the_time_is_over() {
    let mut books = Books::new();
    books.log(&attic(), day(2), &[1_000], NOW);
    let ledger = books.ledger();
    ledger.refresh().unwrap();
    let logged = || {
        let month = ledger.month(&attic(), august(), NOW).unwrap();
        month.satellites[0].log.unwrap().usage.egress.get()
    };
    assert_eq!(logged(), 1_000);
    books.log(&attic(), NOW.plus_micros(-1_000_000), &[500], NOW);
    ledger.refresh().unwrap();
    assert_eq!(logged(), 1_000, "kept for a minute");
    books.log(&attic(), day(3), &[200], NOW);
    ledger.refresh().unwrap();
    assert_eq!(logged(), 1_700, "an import changes what was");
}

/// Predecessor fault 19: it keeps figures of past months without end, and empty answers too.
#[test]
fn a_finished_month_is_kept_until_something_is_told_of_it() {
    let mut books = Books::new();
    let june: Period = "2026-06".parse().unwrap();
    let in_june = |of_month: u8| Timestamp::from_civil((2026, 6, of_month), 0, 0, 0);
    static SECONDS: AtomicU64 = AtomicU64::new(0);
    let ledger = books.ledger_by(|| Duration::from_secs(SECONDS.load(Ordering::Relaxed)));
    ledger.refresh().unwrap();
    assert_eq!(node_payout(&ledger, june, NOW), None, "an empty answer");
    books.report(&attic(), in_june(30), vec![downloads(us1(), in_june(5), 1_000_000_000_000)]);
    ledger.refresh().unwrap();
    assert_eq!(node_payout(&ledger, june, NOW), Some("2".parse().unwrap()));
    // Its account is asked anew after five minutes, the month itself is not.
    SECONDS.store(3_600, Ordering::Relaxed);
    let bandwidth = books.asked("daily bandwidth");
    assert_eq!(node_payout(&ledger, june, NOW), Some("2".parse().unwrap()));
    assert_eq!(books.asked("daily bandwidth"), bandwidth);
    // A report of now says nothing of June; one that tells of June does.
    books.report(&attic(), NOW, vec![used(1)]);
    ledger.refresh().unwrap();
    assert_eq!(node_payout(&ledger, june, NOW), Some("2".parse().unwrap()));
    assert_eq!(books.asked("daily bandwidth"), bandwidth);
    books.report(&attic(), NOW, vec![downloads(us1(), in_june(6), 1_000_000_000_000)]);
    ledger.refresh().unwrap();
    assert_eq!(node_payout(&ledger, june, NOW), Some("4".parse().unwrap()));
}

#[test]
fn many_threads_that_ask_at_once_ask_the_database_once() {
    const THREADS: usize = 64;
    let account = account(1, 6, NOW);
    let mut books = Books::new();
    books.report(&attic(), NOW, facts(&account, NOW));
    let ledger = books.ledger();
    let barrier = Barrier::new(THREADS);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                barrier.wait();
                ledger.month(&attic(), august(), NOW).unwrap()
            });
        }
    });
    for question in ["daily bandwidth", "daily storage", "standings", "paystubs"] {
        assert_eq!(books.asked(question), 1, "{question}");
    }
}

/// An import while nobody looks, whose commit is pruned with all but the newest.
#[test]
fn commits_that_were_pruned_before_they_were_seen_are_noticed() {
    let mut books = Books::new();
    books.log(&attic(), day(2), &[1_000], NOW);
    let ledger = books.ledger();
    ledger.refresh().unwrap();
    let logged = || {
        let month = ledger.month(&attic(), august(), NOW).unwrap();
        month.satellites[0].log.unwrap().usage.egress.get()
    };
    assert_eq!(logged(), 1_000);
    books.log(&attic(), day(3), &[200], NOW);
    // A commit that changes nothing of what is kept is the newest one.
    books.log(&attic(), NOW.plus_micros(-1_000_000), &[30], NOW);
    let later = NOW.plus_micros(2 * 86_400_000_000);
    while books.writer.prune(later, 1_000).unwrap().more {}
    let left = books.readers.get().unwrap().commits_since(0, 10).unwrap();
    assert_eq!(left.len(), 1, "{left:?}");
    ledger.refresh().unwrap();
    assert_eq!(logged(), 1_230);
}

#[test]
fn what_was_asked_before_the_first_look_is_forgotten_by_it() {
    let mut books = Books::new();
    books.log(&attic(), day(2), &[1_000], NOW);
    let ledger = books.ledger();
    let logged = || {
        let month = ledger.month(&attic(), august(), NOW).unwrap();
        month.satellites[0].log.unwrap().usage.egress.get()
    };
    assert_eq!(logged(), 1_000);
    // Live lines: a commit by which nothing is forgotten.
    books.log(&attic(), NOW.plus_micros(-1_000_000), &[500], NOW);
    let later = NOW.plus_micros(2 * 86_400_000_000);
    while books.writer.prune(later, 1_000).unwrap().more {}
    ledger.refresh().unwrap();
    assert_eq!(logged(), 1_500);
}

/// How a node's total is shared out depends on the satellites that it knows, in all months.
#[test]
fn a_satellite_that_a_node_joins_changes_the_shares_of_all_months() {
    let mut books = Books::new();
    let in_june = |of_month: u8| Timestamp::from_civil((2026, 6, of_month), 0, 0, 0);
    let june: Period = "2026-06".parse().unwrap();
    books.report(&attic(), in_june(1), vec![used(1_000), joined(us1(), "2024-01-05T00:00:00Z")]);
    let ledger = books.ledger();
    ledger.refresh().unwrap();
    let shares = || ledger.storage_earnings(&attic(), june, NOW).unwrap().len();
    assert_eq!(shares(), 1);
    let other = KnownSatellite::ALL[1].id();
    books.report(&attic(), NOW, vec![joined(other, "2024-01-05T00:00:00Z")]);
    ledger.refresh().unwrap();
    assert_eq!(shares(), 2);
}

/// Four nodes of six satellites, a year: what a dashboard asks.
#[test]
fn all_that_is_kept_of_a_realistic_run_is_less_than_five_megabytes() {
    let mut books = Books::new();
    let nodes: Vec<NodeName> = ["a", "b", "c", "d"].map(|name| name.parse().unwrap()).into();
    // What is kept cannot weigh less than the rows that it holds.
    let mut rows_weigh = 0;
    let first = august().plus_months(-11).unwrap().start();
    for (seed, node) in (0..).zip(&nodes) {
        let account = account(seed, 6, NOW);
        let moved = account.bandwidth(NOW).iter().filter(|row| row.day >= first).count();
        let stored = account.storage(NOW).iter().filter(|row| row.day >= first).count();
        rows_weigh += moved * size_of::<DailyBandwidth>() + stored * size_of::<DailyStorage>();
        books.report(node, NOW, facts(&account, NOW));
    }
    let rows_weigh = rows_weigh as u64;
    assert!(rows_weigh > 100_000, "{rows_weigh}");
    let ledger = books.ledger();
    for node in &nodes {
        for before in 0..12 {
            let period = august().plus_months(-before).unwrap();
            ledger.month(node, period, NOW).unwrap();
        }
    }
    let stats = ledger.stats();
    let entries = stats.each_ref().map(|stats| (stats.name, stats.entries));
    // A total is asked for only where satellites told nothing of a month.
    let [satellites, traffic, storage, (_, totals)] = entries;
    assert_eq!(
        [satellites, traffic, storage],
        [("satellites", 4), ("traffic", 48), ("storage", 48)]
    );
    assert!(totals <= 48, "{stats:?}");
    let weight: u64 = stats.iter().map(|stats| stats.weight).sum();
    assert!(weight < 5_000_000, "{stats:?}");
    assert!(weight >= rows_weigh, "{rows_weigh}: {stats:?}");
    assert!(stats.iter().all(|stats| stats.evictions == 0), "there is room for all: {stats:?}");
}
