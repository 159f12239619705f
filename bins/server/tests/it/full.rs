//! A disk that takes no more: the import says so, what was stored is whole, and with space the rest
//! follows.

use std::process::Command;

use serde_json::Value;

use crate::{
    program::{Bench, Ended, program},
    summary::{counts_of_summary, counts_of_truth},
};

/// The database of so many lines needs 2.4 MB.
const LINES: u64 = 60_000;

/// Imports with single transfers, which take the most room.
const IMPORT: [&str; 8] =
    ["import", "--db", "disk/n.db", "--node", "attic", "--keep-raw", "node.log", "--json"];
const CHECK: [&str; 4] = ["db", "check", "--db", "disk/n.db"];
const SUMMARY: [&str; 4] = ["summary", "--db", "disk/n.db", "--json"];

/// A log and its truth, and a folder for the database.
fn bench() -> (Bench, Value) {
    let bench = Bench::new();
    let truth = bench.simulate("node.log", LINES, &[]);
    std::fs::create_dir(bench.path("disk")).unwrap();
    (bench, truth)
}

/// Checks the import that came to the limit: what it said of its own, and which words of the store.
fn check_failed(ended: &Ended, words: &str, limit: u32) {
    assert_eq!(ended.code, Some(1), "{limit}: {}{}", ended.out, ended.err);
    assert_eq!(ended.err.lines().count(), 1, "{limit}: {}", ended.err);
    assert!(ended.err.starts_with("error: "), "{limit}: {}", ended.err);
    for part in [words, "nothing is lost, it can be done again"] {
        assert!(ended.err.contains(part), "{limit}: {part:?} in {}", ended.err);
    }
    let report: Value = serde_json::from_str(&ended.out).unwrap();
    assert!(report["lines"].as_u64().unwrap() < LINES, "{limit}: {report}");
    for file in report["files"].as_array().unwrap() {
        assert_eq!(file["status"], "incomplete", "{limit}: {report}");
    }
}

fn check_sound(check: &Ended) {
    assert_eq!(check.code, Some(0), "{}", check.err);
    assert!(check.out.starts_with("disk/n.db is sound."), "{}", check.out);
}

/// Not even an empty database had room: there is a file without anything in it.
fn check_nothing_made(check: &Ended) {
    assert_eq!(check.code, Some(1), "{}", check.out);
    assert!(check.err.contains("disk/n.db is empty and no database"), "{}", check.err);
}

fn check_truth(summary: &Value, truth: &Value, limit: u32) {
    let node = &summary["nodes"][0];
    assert_eq!(counts_of_summary(node), counts_of_truth(truth), "{limit}");
    assert_eq!(node["rejected"], truth["rejected"], "{limit}");
}

/// A limit on the size of files, as a user's or that of FAT32: there is space, but not for this file.
#[test]
fn a_file_that_may_not_grow_ends_the_import_and_costs_nothing() {
    // Too little for an empty database, for one transaction, for all of them.
    for limit in [300, 1_200, 2_400] {
        let (bench, truth) = bench();
        let script = format!("trap '' XFSZ; ulimit -f {limit} || exit 77; exec \"$0\" \"$@\"");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).arg(program().get_program()).args(IMPORT);
        let ended = Ended::of(shell.current_dir(bench.path("")));
        check_failed(&ended, "the disk that holds disk/n.db failed: ", limit);
        match limit {
            300 => check_nothing_made(&bench.run(CHECK)),
            _ => check_sound(&bench.run(CHECK)),
        }
        bench.done(IMPORT);
        check_truth(&bench.json(SUMMARY), &truth, limit);
    }
}

/// A disk of a few blocks, in a namespace of its own: it is gone with the shell.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_ends_the_import_and_costs_nothing() {
    const SCRIPT: &str = r#"
        limit=$1; shift
        mount -t tmpfs -o size="${limit}k" none disk || exit 77
        "$0" "$@" > first.out 2> first.err
        echo $? > first.code
        set -e
        mount -o remount,size=64m disk
        code=0; "$0" db check --db disk/n.db > check.out 2> check.err || code=$?
        echo $code > check.code
        "$0" "$@" > second.out
        "$0" summary --db disk/n.db --json > summary.out
    "#;
    for limit in [128, 1_200, 2_048] {
        let (bench, truth) = bench();
        let mut shell = Command::new("unshare");
        shell.args(["--map-root-user", "--mount", "sh", "-c", SCRIPT]);
        shell.arg(program().get_program()).arg(limit.to_string()).args(IMPORT);
        let Ok(output) = shell.current_dir(bench.path("")).output() else {
            eprintln!("not tested: there is no `unshare`");
            return;
        };
        if !bench.path("first.code").exists() {
            let said = String::from_utf8_lossy(&output.stderr);
            eprintln!("not tested: no file system may be mounted here: {said}");
            return;
        }
        let text = |name: &str| String::from_utf8(bench.read(name)).unwrap();
        let ended = |name: &str| {
            let part = |part: &str| text(&format!("{name}.{part}"));
            Ended { code: part("code").trim().parse().ok(), out: part("out"), err: part("err") }
        };
        let first = ended("first");
        check_failed(&first, "the disk that holds disk/n.db is full: free some space", limit);
        assert!(output.status.success(), "{limit}: {}", String::from_utf8_lossy(&output.stderr));
        match limit {
            128 => check_nothing_made(&ended("check")),
            _ => check_sound(&ended("check")),
        }
        check_truth(&serde_json::from_str(&text("summary.out")).unwrap(), &truth, limit);
    }
}
