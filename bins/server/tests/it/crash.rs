//! An import killed at any instant, and begun again, gives the truth (docs/FAULTS.md, 11: events that
//! waited in a queue were lost at every stop).

use std::{
    fs,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use crate::{
    program::Bench,
    summary::{counts_of_summary, counts_of_truth},
};

const LINES: u64 = 150_000;
/// How many imports are killed at least, and how many of them between their first and last commit.
const KILLS: u32 = 50;
const KILLS_BETWEEN_COMMITS: u32 = 40;
/// A machine whose speed changes makes moments miss; so many may.
const KILLS_MAX: u32 = 400;

const IMPORT: [&str; 7] = ["import", "--db", "n.db", "--node", "attic", "node.log", "--json"];

fn remove_database(bench: &Bench) {
    for name in ["n.db", "n.db-wal", "n.db-shm"] {
        let _ = fs::remove_file(bench.path(name));
    }
}

#[expect(clippy::disallowed_methods, reason = "a moment to kill at is a time of this machine")]
fn time_of_an_import(bench: &Bench) -> Duration {
    let begin = Instant::now();
    bench.done(IMPORT);
    let time = begin.elapsed();
    remove_database(bench);
    time
}

#[test]
fn killed_at_any_moment_and_begun_again_an_import_gives_the_truth() {
    let bench = Bench::new();
    // At level DEBUG with second lines about one event: the memory of them must survive, too.
    let truth = bench.simulate("node.log", LINES, &["--vocabulary", "2023"]);
    let expected = counts_of_truth(&truth);
    let mut time = time_of_an_import(&bench).max(time_of_an_import(&bench));
    let (mut kills, mut between, mut before, mut after) = (0, 0, 0, 0);
    while kills < KILLS || between < KILLS_BETWEEN_COMMITS {
        assert!(kills < KILLS_MAX, "{before} before, {between} between, {after} after the commits");
        // Moments spread evenly, in an order that has no pattern: the golden ratio's multiples.
        let share = (f64::from(kills) * 0.618_033_988_75).fract();
        let mut child = bench.command(IMPORT).stdout(Stdio::null()).spawn().unwrap();
        thread::sleep(time.mul_f64(share));
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;

        let report = bench.json(IMPORT);
        match report["files"][0]["status"].as_str().unwrap() {
            "imported" => before += 1,
            "resumed" => between += 1,
            "already imported" => {
                after += 1;
                // The machine has become faster than it was when the time was taken.
                time = time.mul_f64(0.95);
            }
            other => panic!("{other}"),
        }
        let summary = bench.json(["summary", "--db", "n.db", "--json"]);
        let node = &summary["nodes"][0];
        assert_eq!(counts_of_summary(node), expected, "kill {kills} at {share:.3} of {time:?}");
        assert_eq!(node["rejected"], truth["rejected"], "kill {kills}");
        if kills % 10 == 0 {
            bench.done(["db", "check", "--db", "n.db"]);
        }
        remove_database(&bench);
    }
}
