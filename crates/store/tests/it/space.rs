//! What is known of the space of a node, out of snapshots that tell different parts of it.

use piecewatch_model::{
    ByteCount, Fact, Maintenance, MaintenanceKind, Phase, Poll, PollPart, Record, Report, Space,
    SpaceReport, Timestamp,
};
use piecewatch_store::{NewestSpace, Nodes, Window};

use crate::fixture::{Database, Log, NOW, node, seconds};

const MINUTE: i64 = 60;

fn asked(database: &mut Database, at: Timestamp, space: Space) {
    let poll = Poll {
        at,
        part: PollPart::Dashboard,
        took_micros: 1,
        requests: 1,
        bytes: ByteCount::new(1),
        error: None,
    };
    let report = Report { node: node("n1"), poll, facts: vec![Fact::Space(space)] };
    database.writer.report(&report, NOW).unwrap();
}

fn told(minute: i64, available: u64) -> Record {
    let at = seconds(minute * MINUTE);
    Record::Space(SpaceReport { at, available: ByteCount::new(available) })
}

fn all_there_is() -> Window {
    Window { from: seconds(-MINUTE), to: seconds(60 * MINUTE) }
}

/// Two polls, and a log that tells every five minutes what is left.
fn database() -> Database {
    let mut database = Database::new();
    database.append(
        &Log::new("n1", 1).batch((0..12).map(|at| told(at * 5, 900 - at as u64)).collect()),
    );
    for (minute, used) in [(7, 100), (31, 110)] {
        let space = Space {
            used: Some(ByteCount::new(used)),
            trash: Some(ByteCount::new(5)),
            total: (minute == 7).then_some(ByteCount::new(1_000)),
            ..Space::default()
        };
        asked(&mut database, seconds(minute * MINUTE), space);
    }
    database
}

#[test]
fn each_figure_is_the_newest_that_was_told_of_it() {
    let database = database();
    let reader = database.readers.get().unwrap();
    let newest = reader.newest_space(&node("n1"), all_there_is()).unwrap();
    let (held, left, whole) = (newest.held.unwrap(), newest.left.unwrap(), newest.whole.unwrap());
    assert_eq!((held.at, held.used), (seconds(31 * MINUTE), Some(ByteCount::new(110))));
    assert_eq!((left.at, left.available), (seconds(55 * MINUTE), Some(ByteCount::new(889))));
    assert_eq!((whole.at, whole.total), (seconds(7 * MINUTE), Some(ByteCount::new(1_000))));

    let before = Window { from: seconds(0), to: seconds(7 * MINUTE) };
    let newest = reader.newest_space(&node("n1"), before).unwrap();
    assert_eq!((newest.held, newest.whole), (None, None), "a log tells what is left alone");
    assert_eq!(newest.left.unwrap().at, seconds(5 * MINUTE));
    assert_eq!(reader.newest_space(&node("n2"), before).unwrap(), NewestSpace::default());
}

#[test]
fn samples_are_the_last_of_each_part_that_tells() {
    let database = database();
    let reader = database.readers.get().unwrap();
    let hour = Window { from: seconds(0), to: seconds(60 * MINUTE) };
    let samples = reader.space_samples(&node("n1"), hour, 4).unwrap();
    let left: Vec<u64> = samples.left.iter().map(|row| row.available.unwrap().get()).collect();
    assert_eq!(left, [898, 895, 892, 889], "at 10, 25, 40 and 55 minutes");
    let held: Vec<u64> = samples.held.iter().map(|row| row.used.unwrap().get()).collect();
    assert_eq!(held, [100, 110], "parts of which nothing is known have none");
    let nobody = reader.space_samples(&node("n2"), hour, 4).unwrap();
    assert_eq!((nobody.held.len(), nobody.left.len()), (0, 0));
}

#[test]
fn runs_are_told_without_what_is_told_all_the_time() {
    let work = |second, kind, phase| {
        Record::Maintenance(Box::new(Maintenance {
            at: seconds(second),
            kind,
            phase,
            satellite: None,
            store: None,
            duration_micros: None,
            examined: None,
            affected: None,
            failed: None,
            bytes: None,
        }))
    };
    let mut database = Database::new();
    let records = vec![
        work(1, MaintenanceKind::Retain, Phase::Queued),
        work(2, MaintenanceKind::Retain, Phase::Started),
        work(3, MaintenanceKind::Retain, Phase::Progress),
        work(4, MaintenanceKind::ReadCheck, Phase::Finished),
        work(5, MaintenanceKind::WriteCheck, Phase::Finished),
        work(6, MaintenanceKind::Delete, Phase::Progress),
        work(7, MaintenanceKind::Migration, Phase::Progress),
        work(8, MaintenanceKind::CompactionStep, Phase::Progress),
        work(9, MaintenanceKind::Retain, Phase::Failed),
    ];
    database.append(&Log::new("n1", 1).batch(records));
    let reader = database.readers.get().unwrap();
    let runs = reader.maintenance_runs(Nodes::All, all_there_is(), 10).unwrap();
    let runs: Vec<(Timestamp, MaintenanceKind)> =
        runs.iter().map(|event| (event.what.at, event.what.kind)).collect();
    let expected = [
        (seconds(9), MaintenanceKind::Retain),
        (seconds(8), MaintenanceKind::CompactionStep),
        (seconds(7), MaintenanceKind::Migration),
        (seconds(2), MaintenanceKind::Retain),
    ];
    assert_eq!(runs, expected);
    assert_eq!(reader.maintenance_runs(Nodes::All, all_there_is(), 1).unwrap().len(), 1);
}
