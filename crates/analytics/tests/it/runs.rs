//! Work on the pieces: simulated logs against their truth and a reading of the text that shares no
//! code, and single cases.

use std::collections::BTreeMap;

use piecewatch_analytics::{
    runs::{Run, RunEnding},
    storage::{NodeWork, node_work_of},
    work::Task,
};
use piecewatch_model::{
    ByteCount, Compaction, KnownSatellite, Lifecycle, LifecycleEvent, Maintenance, MaintenanceKind,
    Phase, Record, Timestamp,
};
use piecewatch_simulator::{Config, Level, Mix, Simulator, Truth};
use piecewatch_store::Window;

use crate::node::{DAY, Node, at, bytes};

const MINUTE: i64 = 60;
const HOUR: i64 = 3_600;

fn work(node: &Node, from: Timestamp, to: Timestamp) -> NodeWork {
    node_work_of(&node.reader(), &node.name, Window { from, to }).unwrap()
}

/// A log of some days, with far more work than usual.
fn simulated() -> (String, Truth, Timestamp) {
    let config = Config {
        seed: 5,
        start: Some(at(0)),
        transfers_per_second: 0.02,
        level: Level::Info,
        mix: Mix::Adverse,
        ..Config::default()
    };
    let mut simulator = Simulator::new(config);
    let mut log = Vec::new();
    let truth = simulator.write(12_000, &mut log).unwrap();
    (String::from_utf8_lossy(&log).into_owned(), truth, simulator.now())
}

/// The value of a field in a line, as text.
fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(&format!("\"{name}\": "))?;
    Some(rest.split([',', '}']).next()?.trim_matches('"'))
}

fn number(line: &str, name: &str) -> u64 {
    field(line, name).unwrap().parse().unwrap()
}

fn lines_of<'a>(log: &'a str, message: &str) -> Vec<&'a str> {
    log.lines().filter(|line| line.contains(&format!("\t{message}\t"))).collect()
}

fn of(work: &NodeWork, task: Task) -> Vec<&Run> {
    work.ended.iter().filter(|run| run.task == task).collect()
}

fn ended(runs: &[&Run], ending: RunEnding) -> usize {
    runs.iter().filter(|run| run.ending == ending).count()
}

#[test]
fn compactions_are_those_of_the_simulated_node() {
    let (log, truth, now) = simulated();
    let mut node = Node::new();
    node.imports(log.as_bytes(), now);
    let work = work(&node, at(0), now.plus_micros(1));
    let runs = of(&work, Task::Compaction);
    let ends = lines_of(&log, "finished compaction");
    let failures = ends.iter().filter(|line| field(line, "error").is_some()).count();
    assert!(ends.len() > 50 && failures > 0, "or this tests nothing: {}", ends.len());
    assert_eq!(ended(&runs, RunEnding::Finished), ends.len() - failures);
    assert_eq!(ended(&runs, RunEnding::Failed), failures);
    // The truth counts beginnings and ends; whatever began ended, was interrupted or is open.
    let begun = runs.iter().filter(|run| run.compaction.unwrap().before.is_some()).count();
    let open = work.running.iter().filter(|running| running.work.task == Task::Compaction).count();
    assert_eq!((begun + open + ends.len()) as u64, truth.compactions);

    let mut by_store: BTreeMap<(String, String), &str> = BTreeMap::new();
    for line in &ends {
        let of = |name| field(line, name).unwrap().to_owned();
        by_store.insert((of("satellite"), of("store")), line);
    }
    assert_eq!(work.hash_stores.len(), by_store.len());
    for run in &runs {
        let did = run.compaction.unwrap();
        if run.ending == RunEnding::Finished {
            assert!(run.duration_micros.is_some() && did.after.is_some(), "{run:?}");
        }
    }
    let reclaimed = runs.iter().filter(|run| run.bytes.is_some()).count();
    assert!(reclaimed * 2 > runs.len(), "most tell what they reclaimed");
}

#[test]
fn garbage_collection_and_walks_are_those_of_the_simulated_node() {
    let (log, _, now) = simulated();
    let mut node = Node::new();
    node.imports(log.as_bytes(), now);
    let work = work(&node, at(0), now.plus_micros(1));
    let check = |kind, message, examined, affected: Option<&str>| {
        let lines = lines_of(&log, message);
        assert!(lines.len() > 10, "{message}: {}", lines.len());
        let runs = of(&work, Task::Maintenance(kind));
        assert_eq!(ended(&runs, RunEnding::Finished), lines.len(), "{message}");
        let finished = || runs.iter().filter(|run| run.ending == RunEnding::Finished);
        let pieces: u64 = finished().filter_map(|run| run.examined).sum();
        assert_eq!(pieces, lines.iter().map(|line| number(line, examined)).sum::<u64>());
        if let Some(affected) = affected {
            let pieces: u64 = finished().filter_map(|run| run.affected).sum();
            assert_eq!(pieces, lines.iter().map(|line| number(line, affected)).sum::<u64>());
        }
        let summary = work.tasks.iter().find(|of| of.task == Task::Maintenance(kind)).unwrap();
        assert_eq!(summary.finished, lines.len() as u64);
    };
    check(
        MaintenanceKind::Retain,
        "Moved pieces to trash during retain",
        "pieces_count",
        Some("deleted_pieces"),
    );
    let walks = "used-space-filewalker completed";
    check(MaintenanceKind::UsedSpaceWalker, walks, "total_pieces_count", None);
    let collected = lines_of(&log, "expired pieces collection completed");
    let runs = of(&work, Task::Maintenance(MaintenanceKind::ExpiredPieces));
    assert_eq!(
        runs.iter().filter_map(|run| run.affected).sum::<u64>(),
        collected.iter().map(|line| number(line, "count")).sum::<u64>()
    );
    let moved = lines_of(&log, "processed a bunch of pieces");
    let migration = work.migration.unwrap().moved.unwrap();
    assert_eq!(migration.pieces, moved.iter().map(|line| number(line, "successes")).sum::<u64>());
    let size: u64 = moved.iter().map(|line| number(line, "size")).sum();
    assert_eq!(migration.bytes, ByteCount::new(size));
}

fn maintenance(second: i64, kind: MaintenanceKind, phase: Phase) -> Maintenance {
    Maintenance {
        at: at(second),
        kind,
        phase,
        satellite: Some(KnownSatellite::ALL[0].id()),
        store: None,
        duration_micros: None,
        examined: None,
        affected: None,
        failed: None,
        bytes: None,
    }
}

fn record(maintenance: Maintenance) -> Record {
    Record::Maintenance(Box::new(maintenance))
}

/// Walks that began on four days and took 10, 20, 30 and 60 minutes, and one that began on the fifth.
fn walks() -> Vec<Record> {
    let walker = MaintenanceKind::UsedSpaceWalker;
    let mut records = Vec::new();
    for (day, minutes) in [(0, 10), (1, 20), (2, 30), (3, 60)] {
        records.push(record(maintenance(day * DAY, walker, Phase::Started)));
        records.push(record(maintenance(day * DAY + minutes * MINUTE, walker, Phase::Finished)));
    }
    records.push(record(maintenance(4 * DAY, walker, Phase::Started)));
    records
}

#[test]
fn what_runs_tells_how_long_it_will_take() {
    let mut node = Node::new();
    node.logs(walks(), at(5 * DAY));
    let minutes = |minutes: i64| Some(minutes.unsigned_abs() * 60_000_000);
    let after = |passed: i64| {
        let now = at(4 * DAY + passed * MINUTE);
        let work = work(&node, at(3 * DAY + 12 * HOUR), now);
        let [running] = work.running.as_slice() else { panic!("{work:?}") };
        running.clone()
    };
    // The median of 10, 20, 30 and 60 minutes is 25.
    let running = after(10);
    assert_eq!(running.usual_micros, minutes(25));
    assert_eq!((running.left_micros(), running.is_overdue()), (minutes(15), false));
    let late = after(40);
    assert_eq!((late.left_micros(), late.is_overdue()), (None, true));
}

#[test]
fn a_window_is_compared_with_what_was_before_it() {
    let mut node = Node::new();
    node.logs(walks(), at(5 * DAY));
    let work = work(&node, at(3 * DAY), at(3 * DAY + 2 * HOUR));
    assert_eq!(work.running, []);
    let [summary] = work.tasks.as_slice() else { panic!("{work:?}") };
    assert_eq!((summary.finished, summary.median_micros), (1, Some(3_600_000_000)));
    assert_eq!(summary.before_micros, Some(20 * 60_000_000), "10, 20 and 30 minutes");
}

/// Of one day only: two earlier walks tell nothing of what is usual.
#[test]
fn too_few_runs_are_no_measure() {
    let mut node = Node::new();
    node.logs(walks(), at(5 * DAY));
    let work = work(&node, at(2 * DAY), at(2 * DAY + 10 * MINUTE));
    assert_eq!((work.running[0].usual_micros, work.running[0].left_micros()), (None, None));
}

#[test]
fn a_restart_interrupts_and_a_failure_is_told_once() {
    let retain = MaintenanceKind::Retain;
    let nobody =
        |second, phase| Maintenance { satellite: None, ..maintenance(second, retain, phase) };
    let mut node = Node::new();
    let started = Lifecycle { at: at(50), event: LifecycleEvent::Configured };
    let records = vec![
        record(maintenance(10, retain, Phase::Started)),
        Record::Lifecycle(Box::new(started)),
        record(maintenance(60, retain, Phase::Started)),
        record(nobody(70, Phase::Failed)),
        record(nobody(71, Phase::Failed)),
    ];
    node.logs(records, at(DAY));
    let work = work(&node, at(0), at(DAY));
    let endings: Vec<_> =
        work.ended.iter().map(|run| (run.began_at, run.ended_at, run.ending)).collect();
    let expected =
        [(Some(at(10)), at(50), RunEnding::Interrupted), (Some(at(60)), at(70), RunEnding::Failed)];
    assert_eq!(endings[..2], expected);
    assert_eq!(work.running, []);
}

#[test]
fn what_a_compaction_reclaimed_is_told_by_its_steps_else_by_the_counters() {
    let compaction = |second, phase, reclaimed| {
        Record::Compaction(Box::new(Compaction {
            at: at(second),
            satellite: KnownSatellite::ALL[0].id(),
            store: "s1".into(),
            phase,
            duration_micros: (phase == Phase::Finished).then_some(7_000_000),
            logs: bytes(1_000),
            live: bytes(900),
            trash: bytes(100),
            reclaimable: bytes(100),
            reclaimed: bytes(reclaimed),
            rewritten: bytes(10 * reclaimed),
            table_load: Some(0.25),
            trash_share: Some(0.1),
            error: None,
        }))
    };
    let step = |second, examined, reclaimed| {
        record(Maintenance {
            store: Some("s1".into()),
            examined,
            bytes: bytes(reclaimed),
            ..maintenance(second, MaintenanceKind::CompactionStep, Phase::Progress)
        })
    };
    let mut node = Node::new();
    let records = vec![
        compaction(10, Phase::Started, 500),
        step(12, None, 77),
        step(13, Some(9), 33),
        step(14, Some(9), 11),
        compaction(17, Phase::Finished, 700),
        compaction(30, Phase::Started, 700),
        compaction(37, Phase::Finished, 1_000),
    ];
    node.logs(records, at(DAY));
    let work = work(&node, at(0), at(DAY));
    let told: Vec<_> = work
        .ended
        .iter()
        .map(|run| (run.duration_micros, run.bytes, run.compaction.unwrap().rewritten))
        .collect();
    let took = Some(7_000_000);
    assert_eq!(told, [(took, bytes(44), bytes(77)), (took, bytes(300), bytes(3_000))]);
    let state = work.hash_stores[0].state;
    assert_eq!((state.dead(), state.pieces()), (bytes(100), bytes(800)));
    assert_eq!(state.dead_share(), Some(0.1));
}

/// 240 GB a day, and 1,000 GB found by a walk two hours before the end.
#[test]
fn a_migration_tells_when_it_is_done() {
    let mut node = Node::new();
    let moved = |hour: i64| {
        record(Maintenance {
            satellite: None,
            affected: Some(50_000),
            bytes: bytes(10_000_000_000),
            ..maintenance(hour * HOUR, MaintenanceKind::Migration, Phase::Progress)
        })
    };
    let mut records: Vec<Record> = (0..=10).map(moved).collect();
    records.push(record(Maintenance {
        bytes: bytes(1_000_000_000_000),
        ..maintenance(8 * HOUR, MaintenanceKind::UsedSpaceWalker, Phase::Finished)
    }));
    records.push(record(Maintenance {
        failed: Some(4),
        ..maintenance(9 * HOUR, MaintenanceKind::Migration, Phase::Failed)
    }));
    node.logs(records, at(DAY));
    let migration = work(&node, at(0), at(DAY)).migration.unwrap();
    assert_eq!((migration.moved.unwrap().pieces, migration.failures), (550_000, 4));
    assert_eq!(migration.moved.unwrap().per_day, Some(240e9));
    assert_eq!(migration.left, bytes(980_000_000_000));
    // 980 at 10 an hour.
    assert_eq!(migration.done_at(), Some(at(108 * HOUR)));
}

/// As in a real node's log of v1.137: a broken piece every ten minutes, and nothing moved.
#[test]
fn a_migration_that_only_fails_is_told() {
    let migration = MaintenanceKind::Migration;
    let mut node = Node::new();
    node.logs(vec![record(maintenance(HOUR, migration, Phase::Queued))], at(DAY));
    let queued = work(&node, at(0), at(DAY)).migration.unwrap();
    assert_eq!((queued.moved, queued.failures, queued.failed_at), (None, 0, None));
    assert_eq!(queued.queued.into_iter().collect::<Vec<_>>(), [KnownSatellite::ALL[0].id()]);

    let failed = |minute: i64| {
        let failed = maintenance(minute * 60, migration, Phase::Failed);
        record(Maintenance { failed: Some(1), ..failed })
    };
    node.logs((1..=3).map(|times| failed(times * 10)).collect(), at(DAY));
    let failing = work(&node, at(0), at(DAY)).migration.unwrap();
    assert_eq!((failing.moved, failing.failures), (None, 3));
    assert_eq!((failing.failed_at, failing.done_at()), (Some(at(1_800)), None));
    assert_eq!(work(&Node::new(), at(0), at(DAY)).migration, None);
}
