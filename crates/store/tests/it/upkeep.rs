//! Upkeep beside the writer: the write-ahead log is moved by who was told to, and stays bounded.

use std::fs;

use piecewatch_store::{Checkpoints, Nodes, Store, StoreConfig, Upkeep, WalState};

use crate::fixture::{Database, Log, NOW, seconds, transfers};

/// A database whose writer leaves its log alone.
fn database() -> (Database, Upkeep) {
    let config = || StoreConfig { checkpoints: Checkpoints::ByUpkeep, ..StoreConfig::default() };
    let database = Database::with(config());
    let upkeep = Store::open(&database.path(), config()).unwrap().upkeep().unwrap();
    (database, upkeep)
}

fn log_bytes(database: &Database) -> u64 {
    fs::metadata(database.folder.path().join("piecewatch.db-wal")).map_or(0, |file| file.len())
}

#[test]
fn only_upkeep_moves_the_log_and_the_next_transaction_begins_it_anew() {
    let (mut database, upkeep) = database();
    let before = fs::metadata(database.path()).unwrap().len();
    let mut log = Log::new("n1", 1);
    for second in 0..4 {
        let times = (0..30_000).map(|_| seconds(second));
        database.append(&log.batch(transfers(times)));
    }
    // 1,000 pages are 8 MiB: a writer that moves its log would have done so.
    assert!(log_bytes(&database) > 8 << 20);
    assert_eq!(fs::metadata(database.path()).unwrap().len(), before);

    let before_it = upkeep.log().unwrap();
    assert!(before_it.waiting() > 1000, "{before_it:?}");
    assert_eq!(fs::metadata(database.path()).unwrap().len(), before, "looking moves nothing");
    let after = upkeep.checkpoint().unwrap();
    assert_eq!((after.pages, after.waiting()), (before_it.pages, 0));
    assert_eq!(upkeep.log().unwrap(), after);
    assert!(fs::metadata(database.path()).unwrap().len() > before);

    database.append(&log.batch(transfers([seconds(9)])));
    let WalState { pages, moved } = upkeep.checkpoint().unwrap();
    assert!(pages < 100 && pages == moved, "{pages} {moved}");
    assert_eq!(database.count(Nodes::All, None), 120_001);
}

#[test]
fn a_reader_of_an_old_state_holds_the_log_up_and_keeps_nobody_waiting() {
    let (mut database, upkeep) = database();
    let mut log = Log::new("n1", 1);
    database.append(&log.batch(transfers([seconds(0)])));
    upkeep.checkpoint().unwrap();
    let old = rusqlite::Connection::open(database.path()).unwrap();
    old.execute_batch("BEGIN; SELECT count(*) FROM transfers").unwrap();

    // Beyond 64 MiB it is tried to empty the log, and given up.
    let mut second = 1;
    while log_bytes(&database) <= 64 << 20 {
        database.append(&log.batch(transfers((0..100_000).map(|_| seconds(second)))));
        second += 1;
    }
    let held = upkeep.checkpoint().unwrap();
    assert!(held.moved < held.pages, "{held:?}");
    database.append(&log.batch(transfers([seconds(second)])));

    drop(old);
    assert_eq!(upkeep.checkpoint().unwrap(), WalState { pages: 0, moved: 0 });
    assert_eq!(log_bytes(&database), 0);
    let requests = (second as u64 - 1) * 100_000 + 2;
    assert_eq!(database.count(Nodes::All, None), requests);
}

#[test]
fn optimizing_learns_the_shape_of_the_tables() {
    let (mut database, upkeep) = database();
    let mut log = Log::new("n1", 1);
    database.append_at(&log.batch(transfers((0..2_000).map(seconds))), NOW);
    upkeep.optimize().unwrap();
    let connection = rusqlite::Connection::open(database.path()).unwrap();
    let learnt: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'traffic_minutely'", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(learnt, 1);
}
