//! What may be opened, and what is refused and left alone.

use std::{fs, path::Path, thread, time::Duration};

use piecewatch_store::{Error, Nodes, Readers, Store, StoreConfig};
use rusqlite::Connection;

use crate::fixture::{Database, Log, NOW, seconds, transfers};

/// Opens a file, which is expected to be refused and not to change, nor to get company.
fn refused(path: &Path) -> Error {
    let names = |path: &Path| {
        let entries = fs::read_dir(path.parent().unwrap()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = (fs::read(path).unwrap(), names(path));
    let error = Store::open(path, StoreConfig::default()).unwrap_err();
    assert!(before == (fs::read(path).unwrap(), names(path)), "{error}: the file was touched");
    error
}

/// A database with something in it, closed.
fn closed() -> Database {
    let mut database = Database::new();
    database.append(&Log::new("n1", 1).batch(transfers((0..50_000).map(|at| seconds(at / 20)))));
    database
}

/// Closes the connections and leaves the folder.
fn close(database: Database) -> tempfile::TempDir {
    let Database { folder, mut writer, readers } = database;
    writer.checkpoint().unwrap();
    drop((writer, readers));
    folder
}

#[test]
fn what_was_written_is_there_when_opened_again() {
    let folder = close(closed());
    let path = folder.path().join("piecewatch.db");
    let store = Store::open(&path, StoreConfig::default()).unwrap();
    let totals = store.readers.get().unwrap().traffic_totals(Nodes::All, None).unwrap();
    assert_eq!(totals.rows.iter().map(|row| row.count).sum::<u64>(), 50_000);
}

#[cfg(unix)]
#[test]
fn a_database_that_is_not_where_it_was_is_not_written_any_more() {
    let mut database = Database::new();
    let mut log = Log::new("n1", 1);
    let batches = [log.batch(transfers([seconds(1)]))];
    let (path, away) = (database.path(), database.folder.path().join("away.db"));
    fs::rename(&path, &away).unwrap();
    let gone = |error: Error| matches!(error, Error::Gone { .. });
    assert!(gone(database.writer.append(&batches, NOW).unwrap_err()));
    // Nor is it when another stands in its place.
    fs::write(&path, []).unwrap();
    assert!(gone(database.writer.append(&batches, NOW).unwrap_err()));
    fs::rename(&away, &path).unwrap();
    database.append(&batches[0]);
    assert_eq!(database.count(Nodes::All, None), 1);
}

#[test]
fn what_a_killed_process_left_half_done_is_taken_back() {
    let folder = close(closed());
    let path = folder.path().join("piecewatch.db");
    // A database is made with a rollback journal: what a killed process leaves is the file half
    // changed, and the journal to take that back by.
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "journal_mode", "DELETE").unwrap();
    connection
        .execute_batch("PRAGMA cache_size = 10; BEGIN IMMEDIATE; UPDATE transfers SET size = 0;")
        .unwrap();
    let left = tempfile::tempdir().unwrap();
    let copy = left.path().join("piecewatch.db");
    fs::copy(&path, &copy).unwrap();
    fs::copy(folder.path().join("piecewatch.db-journal"), copy.with_extension("db-journal"))
        .unwrap();
    drop(connection);

    let store = Store::open(&copy, StoreConfig::default()).unwrap();
    let totals = store.readers.get().unwrap().traffic_totals(Nodes::All, None).unwrap();
    assert_eq!(totals.rows.iter().map(|row| row.count).sum::<u64>(), 50_000);
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.log");
    for content in ["2026-08-19T14:03:27Z\tINFO\tpiecestore\tdownloaded\n".repeat(100), "x".into()]
    {
        fs::write(&path, content).unwrap();
        assert!(matches!(refused(&path), Error::NotADatabase { .. }));
    }
}

#[test]
fn a_database_of_another_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for mode in ["DELETE", "WAL"] {
        let path = folder.path().join(mode);
        let other = Connection::open(&path).unwrap();
        other.pragma_update(None, "journal_mode", mode).unwrap();
        other.execute_batch("PRAGMA application_id = 7; CREATE TABLE t (x)").unwrap();
        drop(other);
        assert!(matches!(refused(&path), Error::Foreign { application_id: 7, .. }));
    }
}

#[test]
fn a_database_of_another_program_that_is_in_use_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.db");
    let other = Connection::open(&path).unwrap();
    other.pragma_update(None, "journal_mode", "WAL").unwrap();
    other.execute_batch("CREATE TABLE t (x)").unwrap();
    assert!(matches!(refused(&path), Error::Foreign { application_id: 0, .. }));
}

#[test]
fn a_newer_schema_is_refused() {
    let database = closed();
    let path = database.path();
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = refused(&path);
    assert!(matches!(error, Error::Newer { found: 99, .. }), "{error}");
    let folder = close(database);
    assert!(matches!(refused(&path), Error::Newer { found: 99, .. }));
    drop(folder);
}

#[test]
fn a_damaged_database_is_refused() {
    for damage in ["truncated", "holes"] {
        let folder = close(closed());
        let path = folder.path().join("piecewatch.db");
        let mut bytes = fs::read(&path).unwrap();
        match damage {
            "truncated" => bytes.truncate(bytes.len() / 2),
            // Every page but the first, which holds the schema.
            _ => bytes[8192..].chunks_mut(8192).for_each(|page| page[..64].fill(0xaa)),
        }
        fs::write(&path, &bytes).unwrap();
        let error = Store::open(&path, StoreConfig::default()).unwrap_err();
        assert!(matches!(error, Error::Corrupt { .. }), "{damage}: {error}");
        assert!(error.to_string().contains("restore a backup"), "{error}");
        assert!(fs::read(&path).unwrap() == bytes, "{damage}: the file was touched");
    }
}

#[test]
fn several_processes_make_one_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("piecewatch.db");
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| Store::open(&path, StoreConfig::default()).unwrap());
        }
    });
}

#[test]
fn a_folder_that_is_not_there_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let error = Store::open(&folder.path().join("no/such.db"), StoreConfig::default()).unwrap_err();
    assert!(error.to_string().contains("check that it and its folder exist"), "{error}");
}

/// The names in the folder of a file, and what the file holds.
fn surroundings(path: &Path) -> (Vec<std::ffi::OsString>, Vec<u8>) {
    let entries = fs::read_dir(path.parent().unwrap()).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    (names, fs::read(path).unwrap())
}

const PATIENCE: Duration = Duration::from_secs(1);

#[test]
fn a_database_is_asked_without_touching_it_whether_it_is_in_use_or_not() {
    let database = closed();
    let path = database.path();
    let in_use = Readers::open_existing(&path, PATIENCE).unwrap();
    let uploads = |readers: &Readers| {
        let totals = readers.get().unwrap().traffic_totals(Nodes::All, None).unwrap();
        totals.rows.iter().map(|row| row.count).sum::<u64>()
    };
    assert_eq!(uploads(&in_use), 50_000);
    drop(in_use);

    let folder = close(database);
    // A name that means something else in a URI.
    let odd = folder.path().join("a 100% odd?name#1.db");
    fs::rename(&path, &odd).unwrap();
    let before = surroundings(&odd);
    assert_eq!(uploads(&Readers::open_existing(&odd, PATIENCE).unwrap()), 50_000);
    assert!(surroundings(&odd) == before, "the folder was touched");
}

#[test]
fn what_cannot_be_asked_is_refused_and_not_touched() {
    let folder = close(closed());
    let path = folder.path().join("piecewatch.db");
    let refused = |path: &Path| {
        let before = surroundings(path);
        let error = Readers::open_existing(path, PATIENCE).unwrap_err();
        assert!(surroundings(path) == before, "{error}: the folder was touched");
        error
    };
    let missing = folder.path().join("missing.db");
    let error = Readers::open_existing(&missing, PATIENCE).unwrap_err();
    assert!(matches!(error, Error::File { .. }) && !missing.exists(), "{error}");
    fs::write(&missing, "").unwrap();
    assert!(matches!(refused(&missing), Error::NotADatabase { .. }), "an empty file");
    fs::write(&missing, "no database").unwrap();
    assert!(matches!(refused(&missing), Error::NotADatabase { .. }));

    let version = |version: u32| {
        let connection = Connection::open(&path).unwrap();
        connection.pragma_update(None, "user_version", version).unwrap();
    };
    version(99);
    assert!(matches!(refused(&path), Error::Newer { found: 99, .. }));
    version(0);
    let error = refused(&path);
    assert!(matches!(error, Error::Older { found: 0, .. }), "{error}");
    version(1);
    let error = refused(&path);
    assert!(matches!(error, Error::Older { found: 1, known: 12, .. }), "{error}");
    version(12);
    let mut bytes = fs::read(&path).unwrap();
    bytes[8192..].chunks_mut(4096).for_each(|page| page[..64].fill(0xaa));
    fs::write(&path, &bytes).unwrap();
    let error = refused(&path);
    assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
}
