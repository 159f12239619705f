//! What is unusual at simulated nodes: what goes wrong is found, and quiet weeks are quiet.

use std::{
    collections::BTreeMap,
    slice,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use piecewatch_analytics::{
    hours::{Ended, Hour, HourLatency, hours_of},
    metric::Metric,
    outlook::{Lookout, Outlook},
    success::Upgrade,
    unusual::{Finding, Kind},
};
use piecewatch_model::{Action, Batch, Grain, Outcome, Record, Timestamp, TroubleKind};
use piecewatch_simulator::{Config, Incident, IncidentKind};
use piecewatch_store::{Appended, Store, StoreConfig};

use crate::weeks::{DAY, WEEK, batches, config, hour, node};

/// What a node did hour by hour, from single records: an oracle beside the sums of the store.
fn counted(batches: &[Batch]) -> Vec<Hour> {
    #[derive(Default)]
    struct Raw {
        ended: [Ended; 3],
        micros: [Vec<u64>; 2],
        pings: u64,
        troubles: u64,
    }
    let mut hours: BTreeMap<Timestamp, Raw> = BTreeMap::new();
    let mut of = |at: Timestamp, change: &mut dyn FnMut(&mut Raw)| {
        change(hours.entry(at.floor(Grain::Hour)).or_default());
    };
    for record in batches.iter().flat_map(|batch| &batch.records) {
        match record {
            Record::Transfer(transfer) => of(transfer.at, &mut |raw| {
                let part = match transfer.action.name() {
                    "GET_AUDIT" => 2,
                    "PUT" | "PUT_REPAIR" => 1,
                    "GET" | "GET_REPAIR" => 0,
                    // What is not known enters no rate.
                    _ => return,
                };
                let ended = &mut raw.ended[part];
                match transfer.outcome {
                    Outcome::Success => {
                        ended.success += 1;
                        ended.bytes = ended.bytes + transfer.size.unwrap_or_default();
                    }
                    Outcome::Canceled => ended.canceled += 1,
                    Outcome::Failed(_) => ended.failed += 1,
                }
                let is_clients = matches!(transfer.action, Action::Get | Action::Put);
                if let (Outcome::Success, Some(took), true) =
                    (transfer.outcome, transfer.latency, is_clients)
                {
                    raw.micros[part].push(took.micros);
                }
            }),
            Record::Trouble(trouble) => of(trouble.at, &mut |raw| {
                let is_ping = trouble.kind == TroubleKind::Ping;
                *(if is_ping { &mut raw.pings } else { &mut raw.troubles }) += 1;
            }),
            // Rejections make an hour known, too.
            Record::Rejected(rejected) => of(rejected.at, &mut |_| {}),
            Record::Compaction(_)
            | Record::Maintenance(_)
            | Record::Orders(_)
            | Record::Scores(_)
            | Record::Lifecycle(_)
            | Record::Space(_) => {}
        }
    }
    let latency = |mut micros: Vec<u64>| {
        micros.sort_unstable();
        let rank = |percent: usize| micros[(micros.len() * percent).div_ceil(100) - 1];
        (!micros.is_empty()).then(|| HourLatency {
            count: micros.len() as u64,
            p50_micros: rank(50),
            p95_micros: rank(95),
        })
    };
    let hour = |(at, raw): (Timestamp, Raw)| {
        let ([downloads, uploads, audits], [down, up]) = (raw.ended, raw.micros);
        Hour {
            at,
            downloads,
            uploads,
            audits,
            pings_failed: raw.pings,
            troubles: raw.troubles,
            download_latency: latency(down),
            upload_latency: latency(up),
        }
    };
    hours.into_iter().map(hour).collect()
}

/// Six weeks of a node in whose last two days something goes wrong for so many hours.
fn with_incident(kind: IncidentKind, from: i64, to: i64) -> Vec<Hour> {
    let incidents = vec![Incident { kind, from: hour(from), to: hour(to) }];
    let transfers_per_second = match kind {
        IncidentKind::LostConnection => 0.03,
        // Audits are rare, and p95 wants some transfers.
        IncidentKind::FailedAudits | IncidentKind::SlowDisk(_) => 0.08,
    };
    counted(&batches(Config { incidents, transfers_per_second, ..config(7) }, 6 * WEEK))
}

fn of_kind(outlook: &Outlook, kind: Kind) -> Option<&Finding> {
    outlook.findings.iter().find(|finding| finding.kind == kind)
}

/// What goes wrong at 14:00 of the last Thursday is found two hours later, and is over two hours
/// after its end.
fn check(kind: IncidentKind, expected: Kind, now: &[&str], then: &[&str]) {
    let (from, to) = (5 * WEEK + 3 * DAY + 14, 5 * WEEK + 3 * DAY + 20);
    let hours = with_incident(kind, from, to);
    let at = |until: i64| Outlook::of(&hours, hour(until));

    assert_eq!(of_kind(&at(from), expected), None, "before");
    let found = at(from + 2);
    let finding = of_kind(&found, expected).expect("two hours later");
    assert_eq!((finding.since, finding.ended), (hour(from), None));
    assert_eq!(found.unusual_now().collect::<Vec<_>>(), [finding], "one thing is wrong");
    let sentence = finding.sentence(hour(from + 2));
    for words in now {
        assert!(sentence.contains(words), "{words}: {sentence}");
    }
    assert!(sentence.contains("since 14:00 UTC") && sentence.ends_with('.'), "{sentence}");

    // At its last hour it is the same thing, since the same time.
    let later = at(to);
    let finding = of_kind(&later, expected).unwrap();
    assert_eq!((finding.since, finding.ended), (hour(from), None));

    let over = at(to + 2);
    let finding = of_kind(&over, expected).expect("it stays known");
    assert_eq!((finding.since, finding.ended), (hour(from), Some(hour(to))));
    assert_eq!(over.unusual_now().count(), 0, "{:?}", over.findings);
    let sentence = finding.sentence(hour(to + 2));
    for words in then {
        assert!(sentence.contains(words), "{words}: {sentence}");
    }
    assert!(sentence.contains("from 14:00 UTC to 20:00 UTC"), "{sentence}");
}

#[test]
fn a_slow_disk_is_found_with_how_slow_and_since_when() {
    check(
        IncidentKind::SlowDisk(4),
        Kind::Slow,
        &["Downloads and uploads take ", "p95 of downloads", " ms, usually ", " at that hour"],
        &["Downloads and uploads took "],
    );
}

#[test]
fn a_lost_connection_is_one_thing_and_not_five() {
    check(
        IncidentKind::LostConnection,
        Kind::Unreachable,
        &["The node and satellites do not reach each other", "0 downloads an hour, usually"],
        &["did not reach each other", "0 uploads an hour"],
    );
}

#[test]
fn audits_that_fail_are_found() {
    check(
        IncidentKind::FailedAudits,
        Kind::AuditsFail,
        &["Audits fail", " failed audits an hour, usually none"],
        &["Audits failed", "at worst "],
    );
}

/// From one version to the next endings are told in other words, so that what is unusual may be the
/// log and not the node.
#[test]
fn an_upgrade_within_a_finding_is_told_with_it() {
    let (from, to) = (5 * WEEK + 3 * DAY + 14, 5 * WEEK + 3 * DAY + 20);
    let hours = with_incident(IncidentKind::SlowDisk(4), from, to);
    let minutes = |from: i64, minutes: i64| hour(from).plus_micros(minutes * 60_000_000);
    let upgrade =
        |at, from: &str, to: &str| Upgrade { at, node: node(), from: from.into(), to: to.into() };
    let all = vec![
        upgrade(hour(-9 * WEEK), "1.110.1", "1.114.6"),
        upgrade(hour(2 * WEEK), "1.114.6", "1.120.4"),
        upgrade(minutes(from, -61), "1.120.4", "1.121.2"),
        upgrade(minutes(from, -20), "1.121.2", "1.122.1"),
        upgrade(minutes(to, 0), "1.122.1", "1.123.4"),
    ];
    let marked = |until: i64| Outlook::of(&hours, hour(until)).with_upgrades(all.clone());
    let over = marked(to + 2);
    assert_eq!(over.upgrades, all[1..], "those in the weeks that tell what is usual");
    let finding = of_kind(&over, Kind::Slow).unwrap();
    assert_eq!(finding.upgrades, all[3..4]);
    let sentence = finding.sentence(hour(to + 2));
    let told = "The node went from version 1.121.2 to 1.122.1 at 13:40 UTC: its log may tell the same in \
                other words since.";
    assert!(sentence.ends_with(told), "{sentence}");
    // While it goes on, everything since it began is within it.
    let during = marked(from + 2);
    assert_eq!(of_kind(&during, Kind::Slow).unwrap().upgrades, all[3..4]);
    let without = Outlook::of(&hours, hour(to + 2));
    let sentence = of_kind(&without, Kind::Slow).unwrap().sentence(hour(to + 2));
    assert!(!sentence.contains("version"), "{sentence}");
}

/// Predecessor fault 28: baselines were never computed, so nothing was ever unusual, and what was
/// said was never taken back. Here logs become sums, sums a baseline, and a baseline a finding that
/// ends; with real logs through the reader and the store. The sums are those that a count of single
/// records gives.
#[test]
fn baselines_come_of_logs_and_findings_end() {
    let (from, to) = (5 * WEEK + 3 * DAY + 14, 5 * WEEK + 3 * DAY + 18);
    let slow = Incident { kind: IncidentKind::SlowDisk(5), from: hour(from), to: hour(to) };
    let batches = batches(Config { incidents: vec![slow], ..config(3) }, from + DAY);
    let folder = tempfile::tempdir().unwrap();
    let Store { mut writer, readers } =
        Store::open(&folder.path().join("n.db"), StoreConfig::default()).unwrap();
    for batch in &batches {
        let appended = writer.append(slice::from_ref(batch), hour(from + DAY)).unwrap();
        assert_eq!(appended, [Appended::Committed]);
    }

    let lookout = Lookout::new(readers.clone(), 1 << 22, || Duration::ZERO);
    let at = |hours: i64| lookout.outlook(&node(), hour(hours).plus_micros(150_000_000)).unwrap();
    let during = at(from + 2);
    let finding = during.unusual_now().next().expect("found after two hours");
    assert_eq!((finding.kind, finding.since), (Kind::Slow, hour(from)));
    let over = at(to + 2);
    assert_eq!(over.unusual_now().count(), 0);
    let found = of_kind(&over, Kind::Slow).map(|finding| (finding.since, finding.ended));
    assert_eq!(found, Some((hour(from), Some(hour(to)))));
    assert!(during.baselines[&Metric::DownloadP95].usual(hour(from)).is_some());

    // Asked again within the hour it is the same answer.
    let computed = lookout.stats().computations;
    assert_eq!(computed, 2);
    let again = lookout.outlook(&node(), hour(to + 2).plus_micros(3_000_000_000)).unwrap();
    assert_eq!((again, lookout.stats().computations), (over.clone(), computed));
    lookout.forget(&node());
    assert_eq!((at(to + 2), lookout.stats().computations), (over, computed + 1));

    // Of a log that has ended it is computed once, however long ago that was.
    static SECONDS: AtomicU64 = AtomicU64::new(0);
    let clock = || Duration::from_secs(SECONDS.load(Ordering::Relaxed));
    let lookout = Lookout::new(readers.clone(), 1 << 22, clock);
    for days in 1..4 {
        lookout.outlook(&node(), hour(from + DAY + days * DAY)).unwrap();
        assert_eq!(lookout.stats().computations, 1, "after {days} days");
        SECONDS.fetch_add(86_400, Ordering::Relaxed);
        lookout.sweep();
    }

    let stored = hours_of(&readers.get().unwrap(), &node(), during.history).unwrap();
    let mut counted = counted(&batches);
    counted.retain(|hour| during.history.from <= hour.at && hour.at < during.history.to);
    assert_eq!(stored.len(), counted.len());
    for (stored, counted) in stored.iter().zip(&counted) {
        let without = |hour: &Hour| Hour { download_latency: None, upload_latency: None, ..*hour };
        assert_eq!(without(stored), without(counted));
        let latencies = |hour: &Hour| [hour.download_latency, hour.upload_latency];
        for pair in latencies(stored).into_iter().zip(latencies(counted)) {
            let (Some(stored), Some(counted)) = pair else {
                assert_eq!(pair.0, pair.1);
                continue;
            };
            assert_eq!(stored.count, counted.count);
            for (stored, counted) in
                [(stored.p50_micros, counted.p50_micros), (stored.p95_micros, counted.p95_micros)]
            {
                assert!(stored.abs_diff(counted) as f64 <= counted as f64 / 127.0, "{pair:?}");
            }
        }
    }
}

/// On no day of six weeks, whatever was drawn; nor at a busier node, whose first weekends are told by
/// days of which most are workdays.
#[test]
fn quiet_weeks_stay_quiet() {
    for (seed, transfers_per_second) in [(1, 0.03), (2, 0.03), (3, 0.03), (4, 0.03), (5, 0.2)] {
        let hours = counted(&batches(Config { transfers_per_second, ..config(seed) }, 6 * WEEK));
        for day in 2..=42 {
            let until = hour(day * DAY);
            let outlook = Outlook::of(&hours, until);
            let sentences: Vec<String> =
                outlook.findings.iter().map(|finding| finding.sentence(until)).collect();
            assert!(sentences.is_empty(), "seed {seed}, day {day}: {sentences:?}");
        }
        // It was looked: at 18:00 there is enough of everything to be judged.
        let outlook = Outlook::of(&hours, hour(6 * WEEK));
        for (metric, evidence) in [(Metric::Downloads, 60.0), (Metric::DownloadP95, 40.0)] {
            let usual = outlook.baselines[&metric].usual(hour(18)).unwrap();
            assert!(usual.evidence >= evidence, "{metric:?} {usual:?}");
        }
    }
}

/// A node that is asked for next to nothing differs a lot from hour to hour, and a young one too.
#[test]
fn tiny_and_young_nodes_do_not_shout() {
    for seed in 1..=4 {
        let tiny = Config { transfers_per_second: 0.002, ..config(seed) };
        let hours = counted(&batches(tiny, 6 * WEEK));
        assert_eq!(Outlook::of(&hours, hour(6 * WEEK)).findings, []);
    }
    let young = counted(&batches(config(5), 5 * DAY));
    for until in 1..=5 * DAY {
        assert_eq!(Outlook::of(&young, hour(until)).findings, [], "{until}");
    }
}

/// What nobody read is not known; it is no hour in which nothing was moved.
#[test]
fn hours_that_nobody_read_are_no_outage() {
    let mut hours = counted(&batches(config(2), 6 * WEEK));
    let (from, to) = (hour(6 * WEEK - 30), hour(6 * WEEK - 10));
    hours.retain(|hour| hour.at < from || hour.at >= to);
    assert_eq!(Outlook::of(&hours, hour(6 * WEEK)).findings, []);
    hours.retain(|hour| hour.at < to);
    let outlook = Outlook::of(&hours, hour(6 * WEEK));
    assert_eq!((outlook.known_until, outlook.findings), (Some(from), vec![]));
}

/// The log ends while something is wrong. Twelve hours later that is still what was known last, and nobody
/// may take it for the present.
#[test]
fn what_was_unusual_when_a_log_ended_is_told_as_of_then() {
    let (from, to) = (5 * WEEK + 3 * DAY + 14, 5 * WEEK + 3 * DAY + 20);
    let mut hours = with_incident(IncidentKind::SlowDisk(4), from, to);
    let end = from + 3;
    hours.retain(|known| known.at < hour(end));
    let at = |until: i64| Outlook::of(&hours, hour(until));
    assert_eq!(at(end).ends_early(), None);
    let later = at(end + 12);
    assert_eq!((later.ends_early(), later.history.to), (Some(hour(end)), hour(end + 12)));
    assert_eq!(later.unusual_now().count(), 1, "it is told, with its time");
    assert_eq!(Outlook::of(&[], hour(end)).ends_early(), None, "of nothing there is no end");
}
