//! What the README promises, on the log that is shipped.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    program::Bench,
    summary::{counts_of_summary, counts_of_truth},
};

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name).canonicalize().unwrap()
}

#[test]
fn the_example_log_gives_its_truth() {
    let bench = Bench::new();
    let log = shipped("docs/example/node.log.gz");
    assert!(fs::metadata(&log).unwrap().len() <= 300_000, "small enough to be cloned by everybody");
    let truth = fs::read(shipped("docs/example/node.log.truth.json")).unwrap();
    let truth: Value = serde_json::from_slice(&truth).unwrap();
    let arguments = ["import", "--db", "demo.db", "--node", "demo", "--json"];
    let report = bench.json(arguments.iter().map(AsRef::as_ref).chain([log.as_os_str()]));
    assert_eq!(report["lines"], truth["lines"]);
    let summary = bench.json(["summary", "--db", "demo.db", "--json"]);
    assert_eq!(counts_of_summary(&summary["nodes"][0]), counts_of_truth(&truth));
}

#[test]
fn the_picture_is_what_the_summary_shows() {
    let bench = Bench::new();
    let log = shipped("docs/example/node.log.gz");
    let arguments = ["import", "--db", "demo.db", "--node", "demo"];
    bench.done(arguments.iter().map(AsRef::as_ref).chain([log.as_os_str()]));
    let picture = fs::read_to_string(shipped("docs/summary.svg")).unwrap();
    for line in bench.done(["summary", "--db", "demo.db"]).lines() {
        assert!(picture.contains(&format!(">{line}<")) || line.is_empty(), "just picture: {line}");
    }
}
