//! What goes wrong is said in a sentence, costs nothing else, and leaves nothing half-written.

use std::fs;

use crate::program::Bench;

/// Imports the paths into `n.db`, expects an error that says all of this, and that the good log
/// among the paths is imported all the same.
fn check(bench: &Bench, paths: &[&str], said: &[&str]) {
    bench.simulate("good.log", 300, &[]);
    let arguments = ["import", "--db", "n.db", "--node", "attic", "--json", "good.log"];
    let ended = bench.run(arguments.iter().chain(paths));
    assert_eq!(ended.code, Some(1), "{}{}", ended.out, ended.err);
    for part in said {
        assert!(ended.err.contains(part), "{part:?} in {:?}", ended.err);
    }
    assert_eq!(ended.err.lines().count(), paths.len(), "one line each: {}", ended.err);
    assert!(ended.err.lines().all(|line| line.starts_with("error: ")), "{}", ended.err);
    let report: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(report["files"][0]["path"], "good.log");
    assert_eq!(report["lines"], 300);
}

#[test]
fn a_missing_file_is_named() {
    check(
        &Bench::new(),
        &["no.log", "no*.log"],
        &["no.log does not exist", "nothing matches no*.log"],
    );
}

#[test]
fn a_folder_without_logs_is_named() {
    let bench = Bench::new();
    bench.write("photos/cat.txt", "meow\n");
    check(&bench, &["photos"], &["photos holds no storage node log"]);
}

#[test]
fn a_binary_and_an_empty_file_are_named() {
    let bench = Bench::new();
    let noise: Vec<u8> =
        (0..100_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    bench.write("noise.bin", noise);
    bench.write("empty.log", "");
    check(
        &bench,
        &["noise.bin", "empty.log"],
        &["noise.bin is no storage node log", "empty.log is empty"],
    );
}

#[test]
#[cfg(unix)]
fn a_file_without_the_right_to_read_it_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    let path = bench.write("secret.log", "x\n");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(&path).is_ok() {
        eprintln!("not tested: the superuser may read everything");
        return;
    }
    check(
        &bench,
        &["secret.log"],
        &["cannot open secret.log: Permission denied", "; give this user the right to do that"],
    );
}

#[test]
fn a_compressed_file_that_breaks_off_is_named() {
    let bench = Bench::new();
    bench.write("short.log.gz", [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xff, 0xff]);
    check(&bench, &["short.log.gz"], &["short.log.gz"]);
}

#[test]
fn when_no_path_is_good_no_database_is_made() {
    let bench = Bench::new();
    let ended = bench.run(["import", "--db", "n.db", "--node", "attic", "no.log"]);
    assert_eq!(ended.code, Some(1));
    assert!(bench.names().is_empty(), "{:?}", bench.names());
}

#[test]
fn a_database_that_is_none_is_left_alone() {
    let bench = Bench::new();
    bench.simulate("node.log", 100, &[]);
    let text = "these are my notes, keep them\n".repeat(100);
    bench.write("n.db", &text);
    let commands: [&[&str]; 4] = [
        &["import", "--db", "n.db", "--node", "attic", "node.log"],
        &["summary", "--db", "n.db"],
        &["db", "check", "--db", "n.db"],
        &["db", "prune", "--db", "n.db"],
    ];
    for command in commands {
        let ended = bench.run(command);
        assert_eq!(ended.code, Some(1), "{command:?}");
        assert!(ended.err.contains("n.db is not a database"), "{command:?}: {}", ended.err);
        assert_eq!(bench.read("n.db"), text.as_bytes(), "{command:?}");
    }
}

#[test]
fn countries_that_are_none_are_named_before_anything_is_read() {
    let bench = Bench::new();
    bench.simulate("node.log", 100, &[]);
    let arguments =
        ["import", "--db", "n.db", "--node", "attic", "--geoip", "node.log", "node.log"];
    let ended = bench.run(arguments);
    assert_eq!(ended.code, Some(1));
    assert!(ended.err.contains("node.log is no database of countries"), "{}", ended.err);
    assert!(!bench.path("n.db").exists());
}

#[test]
fn a_database_in_a_folder_that_is_not_there_is_an_error() {
    let bench = Bench::new();
    bench.simulate("node.log", 100, &[]);
    let ended = bench.run(["import", "--db", "no/n.db", "--node", "attic", "node.log"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.err.contains("no/n.db"), "{}", ended.err);
    assert!(!bench.path("no").exists());
}
