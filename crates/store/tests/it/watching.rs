//! What those who look at a database as it is written are told: which commit is the newest, what one
//! state of it holds, and that somebody watches.

use std::time::Duration;

use piecewatch_model::{Grain, Timestamp};
use piecewatch_store::Nodes;

use crate::fixture::{Database, HOUR, Log, NOW, node, seconds, transfers};

#[test]
fn a_writer_knows_the_number_of_its_newest_commit() {
    let mut database = Database::new();
    let newest = |database: &Database| database.readers.get().unwrap().newest_commit().unwrap();
    assert_eq!((newest(&database), database.writer.newest_commit()), (0, 0));
    let mut log = Log::new("n1", 1);
    let batch = log.batch(transfers([seconds(3)]));
    database.append(&batch);
    assert_eq!((newest(&database), database.writer.newest_commit()), (1, 1));
    // Another process writes of two nodes in one transaction.
    let mut other = database.again();
    assert_eq!(other.writer.newest_commit(), 1, "of anybody, before its first");
    let batches =
        [log.batch(transfers([seconds(60)])), Log::new("n2", 2).batch(transfers([seconds(7)]))];
    other.writer.append(&batches, NOW).unwrap();
    assert_eq!((newest(&database), other.writer.newest_commit()), (3, 3));
    assert_eq!(database.writer.newest_commit(), 1);
    // What was read twice is stored once, and is no commit.
    database.writer.append(&batches, NOW).unwrap();
    assert_eq!((newest(&database), database.writer.newest_commit()), (3, 1));

    let commits = database.readers.get().unwrap().commits_since(0, 10).unwrap();
    let from: Vec<_> = commits.iter().map(|commit| (commit.node.as_str(), commit.from())).collect();
    let (n1, n2) = ("n1", "n2");
    assert_eq!(from, [(n1, Some(seconds(3))), (n1, Some(seconds(60))), (n2, Some(seconds(7)))]);
}

#[test]
fn questions_of_one_state_do_not_see_what_is_written_between_them() {
    let mut database = Database::new();
    let mut log = Log::new("n1", 1);
    database.append(&log.batch(transfers([seconds(3)])));
    let mut other = database.again();
    let reader = database.readers.get().unwrap();
    let window = piecewatch_store::Window { from: HOUR, to: NOW };
    let counted = |reader: &piecewatch_store::Reader| {
        let points = reader.traffic_series(Nodes::Of(&[node("n1")]), window, Grain::Minute)?;
        Ok(points.iter().map(|point| point.count).sum::<u64>())
    };
    let seen = reader
        .at_one_state(|reader| {
            let newest = reader.newest_commit()?;
            let batch = log.batch(transfers([seconds(4)]));
            other.writer.append(&[batch], NOW)?;
            Ok((newest, counted(reader)?, reader.newest_commit()?))
        })
        .unwrap();
    assert_eq!(seen, (1, 1, 1));
    assert_eq!((counted(&reader).unwrap(), reader.newest_commit().unwrap()), (2, 2));
    let failed = reader
        .at_one_state(|_| Err::<(), _>(piecewatch_store::Error::Gone { path: database.path() }));
    assert!(failed.is_err());
    assert_eq!(reader.newest_commit().unwrap(), 2, "the next question is one of its own");
}

#[test]
fn who_watches_is_seen_by_other_writers_for_as_long_as_he_says() {
    let mut database = Database::new();
    let other = database.again();
    let after = |seconds: i64| NOW.plus_micros(seconds * 1_000_000);
    let is_watched = |at: Timestamp| other.writer.is_watched(at).unwrap();
    assert!(!is_watched(NOW));
    database.writer.watch(NOW, Duration::from_secs(15)).unwrap();
    assert!(is_watched(NOW) && is_watched(after(14)) && !is_watched(after(15)));
    database.writer.watch(after(10), Duration::from_secs(15)).unwrap();
    assert!(is_watched(after(24)) && !is_watched(after(25)));
    // No longer than a minute ahead, and a clock that was far ahead says nothing.
    database.writer.watch(NOW, Duration::from_secs(3_600)).unwrap();
    assert!(is_watched(after(59)) && !is_watched(after(60)));
    assert!(!is_watched(after(-3_600)));
    assert_eq!(database.readers.get().unwrap().newest_commit().unwrap(), 0, "it is no commit");
}
