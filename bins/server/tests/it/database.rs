//! `piecewatch db`.

use std::fs;

use crate::program::Bench;

/// A database of a log from 2026 and one from 2019, which is beyond all that is kept for a time.
fn filled() -> Bench {
    let bench = Bench::new();
    bench.simulate("node.log", 3_000, &[]);
    bench.simulate("old.log", 3_000, &["--vocabulary", "2019"]);
    bench.done(["import", "--db", "n.db", "--node", "attic", "--keep-raw", "old.log", "node.log"]);
    bench
}

fn summary(bench: &Bench, db: &str) -> serde_json::Value {
    bench.json(["summary", "--db", db, "--json"])
}

#[test]
fn a_sound_database_is_said_to_be_sound() {
    let bench = filled();
    let told = bench.done(["db", "check", "--db", "n.db"]);
    assert!(told.starts_with("n.db is sound.\n"), "{told}");
    assert!(told.contains("traffic_hourly"), "and what takes its room: {told}");
    let (_, whole) =
        told.split_once("  Questions that read something whole, each on purpose: ").unwrap();
    assert!(whole.starts_with("nodes; "), "{told}");
    assert!(whole.lines().all(|line| line.chars().count() <= 80), "{told}");
}

#[test]
fn damage_is_found_and_is_an_error() {
    let bench = filled();
    let mut bytes = bench.read("n.db");
    let middle = bytes.len() / 2;
    bytes[middle..middle + 20_000].fill(0xa5);
    bench.write("n.db", &bytes);
    let ended = bench.run(["db", "check", "--db", "n.db"]);
    assert_eq!(ended.code, Some(1), "{}", ended.out);
    assert!(ended.err.contains("n.db is damaged"), "{}", ended.err);
    assert!(ended.err.contains("import the logs again"), "it says what to do: {}", ended.err);
    assert_eq!(bench.read("n.db"), bytes, "it was left alone");
}

#[test]
fn a_backup_holds_the_same_and_replaces_nothing() {
    let bench = filled();
    assert!(bench.done(["db", "backup", "--db", "n.db", "copy.db"]).starts_with("copy.db: "));
    assert_eq!(summary(&bench, "copy.db"), summary(&bench, "n.db"));
    bench.done(["db", "check", "--db", "copy.db"]);
    let ended = bench.run(["db", "backup", "--db", "n.db", "copy.db"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.err.contains("copy.db exists already"), "{}", ended.err);
    // What the copy has is known, so that after a loss only the rest is read.
    let again = bench.json(["import", "--db", "copy.db", "--node", "attic", "--json", "node.log"]);
    assert_eq!(again["files"][0]["status"], "already imported");
}

#[test]
fn pruning_removes_single_transfers_and_leaves_the_sums() {
    let bench = filled();
    let before = summary(&bench, "n.db");
    let told = bench.done(["db", "prune", "--db", "n.db"]);
    assert!(told.ends_with("rows removed\n"), "{told}");
    assert_eq!(summary(&bench, "n.db"), before);
    let told = bench.done(["db", "prune", "--db", "n.db"]);
    assert_eq!(told, "n.db: nothing is older than it is kept for\n");
    bench.done(["db", "check", "--db", "n.db"]);
}

#[test]
fn a_newer_database_is_refused_untouched() {
    let bench = filled();
    let mut bytes = bench.read("n.db");
    // `user_version`, by the file format of SQLite.
    bytes[60..64].copy_from_slice(&9_999_u32.to_be_bytes());
    bench.write("n.db", &bytes);
    for name in ["n.db-wal", "n.db-shm"] {
        let _ = fs::remove_file(bench.path(name));
    }
    let commands: [&[&str]; 3] = [
        &["summary", "--db", "n.db"],
        &["db", "prune", "--db", "n.db"],
        &["import", "--db", "n.db", "--node", "attic", "node.log"],
    ];
    for command in commands {
        let ended = bench.run(command);
        assert_eq!(ended.code, Some(1), "{command:?}");
        assert!(ended.err.contains("run a newer Piecewatch"), "{command:?}: {}", ended.err);
        assert_eq!(bench.read("n.db"), bytes, "{command:?}");
    }
}

#[test]
fn no_command_makes_a_database_but_import() {
    let bench = Bench::new();
    let commands: [&[&str]; 3] = [
        &["db", "check", "--db", "n.db"],
        &["db", "backup", "--db", "n.db", "copy.db"],
        &["db", "prune", "--db", "n.db"],
    ];
    for command in commands {
        let ended = bench.run(command);
        assert_eq!(ended.code, Some(1), "{command:?}");
        assert!(ended.err.starts_with("error: there is no database n.db; "), "{}", ended.err);
    }
    assert!(bench.names().is_empty());
}
