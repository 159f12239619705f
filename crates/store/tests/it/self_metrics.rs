//! How the server itself was: written, read, kept for a week; and which questions were slow.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use piecewatch_model::{ByteCount, Record, Timestamp};
use piecewatch_store::{
    Measuring, Nodes, PipelineMetrics, SelfMetrics, SlowQuestion, TransferFilter, Window,
};

use crate::fixture::{Database, HOUR, Log, NOW, seconds, transfer};

const MINUTE: i64 = 60;
const DAY: i64 = 24 * 3600;

/// Every figure another one, so that none is read in the place of another.
fn metrics() -> SelfMetrics {
    SelfMetrics {
        measured_micros: 60_000_001,
        cpu_micros: 2,
        resident: ByteCount::new(3),
        disk_read: Some(ByteCount::new(4)),
        disk_written: Some(ByteCount::new(5)),
        pipeline: Some(PipelineMetrics {
            waiting: 6,
            lines: 7,
            commits: 8,
            committing_micros: 9,
            longest_commit_micros: 10,
        }),
        cache_hits: 11,
        cache_misses: 12,
        questions: 13,
        slow_questions: 14,
        requests: 15,
        slow_requests: 16,
        clients: 17,
        frames: 18,
        frame_bytes: ByteCount::new(19),
        events: 20,
        load_thousandths: Some(21),
        memory_available: Some(ByteCount::new(22)),
        network_received: Some(ByteCount::new(23)),
        network_sent: Some(ByteCount::new(24)),
    }
}

fn all(database: &Database) -> Vec<(Timestamp, SelfMetrics)> {
    let window = Window { from: seconds(-100 * DAY), to: seconds(100 * DAY) };
    database.readers.get().unwrap().self_metrics(window).unwrap()
}

#[test]
fn a_minute_is_read_as_it_was_written() {
    let mut database = Database::new();
    let nothing = SelfMetrics::default();
    database.writer.self_metrics(seconds(59), &nothing).unwrap();
    database.writer.self_metrics(seconds(61), &metrics()).unwrap();
    assert_eq!(all(&database), [(HOUR, nothing.clone()), (seconds(MINUTE), metrics())]);
    let reader = database.readers.get().unwrap();
    let window = Window { from: seconds(MINUTE), to: seconds(MINUTE + 1) };
    assert_eq!(reader.self_metrics(window).unwrap(), [(seconds(MINUTE), metrics())]);
    // A second one for the minute takes its place.
    database.writer.self_metrics(seconds(119), &nothing).unwrap();
    assert_eq!(all(&database), [(HOUR, nothing.clone()), (seconds(MINUTE), nothing)]);
}

#[test]
fn minutes_are_kept_for_a_week() {
    let mut database = Database::new();
    for minute in 0..120 {
        database.writer.self_metrics(seconds(minute * MINUTE), &metrics()).unwrap();
    }
    let mut rows = 0;
    let now = seconds(7 * DAY + 3600 + 59);
    loop {
        let pruned = database.writer.prune(now, 7).unwrap();
        rows += pruned.rows;
        if !pruned.more {
            break;
        }
        assert!(pruned.rows <= 7, "{pruned:?}");
    }
    assert_eq!(rows, 60, "the cut falls on a whole hour");
    let left: Vec<Timestamp> = all(&database).into_iter().map(|(at, _)| at).collect();
    assert_eq!(left.first(), Some(&seconds(3600)));
    assert_eq!(left.len(), 60);
}

/// The clock of the test goes on by a second whenever it is read.
fn clock() -> Duration {
    static READS: AtomicU64 = AtomicU64::new(0);
    Duration::from_secs(READS.fetch_add(1, Ordering::Relaxed))
}

#[test]
fn slow_questions_are_told_and_others_are_not() {
    for (slow_after, slow) in [(1, 1), (60, 0)] {
        let mut database = Database::new();
        database.append(&Log::new("n1", 1).batch(vec![Record::Transfer(transfer(HOUR))]));
        let told: Arc<Mutex<Vec<SlowQuestion>>> = Arc::default();
        let keep = Arc::clone(&told);
        let measuring = || Measuring {
            clock,
            slow_after: Duration::from_secs(slow_after),
            tell: Box::new({
                let keep = Arc::clone(&keep);
                move |question| keep.lock().unwrap().push(question)
            }),
        };
        let reader = database.readers.get().unwrap();
        reader.nodes().unwrap();
        assert!(database.readers.measure(measuring()));
        assert!(!database.readers.measure(measuring()), "it is measured already");
        drop(reader);
        database.readers.get().unwrap().nodes().unwrap();
        let stats = database.readers.question_stats()["nodes"];
        assert_eq!((stats.count, stats.slow), (2, slow), "counted before it was measured, too");
        // Tests run at once, and others may read this clock between.
        assert!(stats.took_max >= Duration::from_secs(1) && stats.took >= stats.took_max);
        let told = told.lock().unwrap();
        assert_eq!(told.len() as u64, slow);
        assert!(told.iter().all(|question| question.name == "nodes"), "{told:?}");
        // It is slow by the clock of the test; its statement took next to nothing.
        let statement = |question: &SlowQuestion| question.statement.clone().unwrap_or_default();
        assert!(told.iter().all(|of| statement(of).contains("FROM nodes")), "{told:?}");
    }
}

/// As long as it takes to read through many rows one by one.
#[test]
fn a_slow_question_tells_its_statement_with_its_parameters() {
    let mut database = Database::new();
    let mut log = Log::new("n1", 1);
    let count = 200_000_i64;
    let records = (0..count).map(|at| Record::Transfer(transfer(seconds(at / 100)))).collect();
    database.append_at(&log.batch(records), NOW);
    let told: Arc<Mutex<Vec<SlowQuestion>>> = Arc::default();
    let keep = Arc::clone(&told);
    database.readers.measure(Measuring {
        clock,
        slow_after: Duration::from_millis(1),
        tell: Box::new(move |question| keep.lock().unwrap().push(question)),
    });
    let reader = database.readers.get().unwrap();
    let window = Window { from: HOUR, to: NOW };
    // The last of so many: all of them are read.
    let filter = TransferFilter::default();
    reader.transfers(Nodes::All, window, &filter, None, 200_000).unwrap();
    let told = told.lock().unwrap();
    let statement = told[0].statement.as_deref().unwrap();
    assert!(statement.contains("FROM transfers"), "{statement}");
    assert!(!statement.contains('?'), "parameters stand in their places: {statement}");
}
