//! `piecewatch import`: each line once, and what is said about it.

use std::{fs, io::Write, process::Stdio};

use serde_json::Value;

use crate::program::Bench;

const IMPORT: [&str; 5] = ["import", "--db", "n.db", "--node", "attic"];

fn import(bench: &Bench, paths: &[&str]) -> Value {
    bench.json(IMPORT.iter().chain(&["--json"]).chain(paths))
}

fn file(report: &Value) -> &Value {
    assert_eq!(report["files"].as_array().unwrap().len(), 1, "{report}");
    &report["files"][0]
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

/// What the database holds, whatever the way it got in.
fn summary(bench: &Bench) -> Value {
    bench.json(["summary", "--db", "n.db", "--json"])
}

#[test]
fn the_report_tells_of_every_line() {
    let bench = Bench::new();
    let truth = bench.simulate("node.log", 20_000, &[]);
    let report = import(&bench, &["node.log"]);
    assert_eq!((&report["node"], &report["lines"]), (&"attic".into(), &truth["lines"]));
    let file = file(&report);
    assert_eq!((&file["path"], &file["status"]), (&"node.log".into(), &"imported".into()));
    let parts =
        ["transfers", "started", "rejected", "told_twice", "continuation", "other", "unparsed"];
    let about_the_node: u64 = file["maintenance"].as_object().unwrap().values().map(number).sum();
    let sum = parts.iter().map(|part| number(&file[part])).sum::<u64>() + about_the_node;
    assert_eq!(file["lines"], sum);
    let transfers: u64 =
        truth["transfers"].as_array().unwrap().iter().map(|entry| number(&entry["count"])).sum();
    assert_eq!((&report["transfers"], &file["transfers"]), (&transfers.into(), &transfers.into()));
    for same in ["started", "rejected", "told_twice"] {
        assert_eq!(file[same], truth[same], "{same}");
    }
    assert!(report["elapsed_s"].as_f64().unwrap() > 0.0);
    assert!(report["lines_per_s"].as_f64().unwrap() > 0.0);
}

#[test]
fn a_second_time_nothing_is_new() {
    let bench = Bench::new();
    bench.simulate("node.log", 5_000, &[]);
    import(&bench, &["node.log"]);
    let before = summary(&bench);
    fs::rename(bench.path("node.log"), bench.path("node.log.1")).unwrap();
    let again = import(&bench, &["node.log.1"]);
    assert_eq!(file(&again)["status"], "already imported");
    assert_eq!((&again["lines"], &again["transfers"]), (&0.into(), &0.into()));
    assert_eq!(summary(&bench), before);
}

#[test]
fn of_a_grown_log_only_the_rest_is_read() {
    let bench = Bench::new();
    let truth = bench.simulate("whole.log", 5_000, &[]);
    let whole = bench.read("whole.log");
    // Half a line is left for later.
    bench.write("node.log", &whole[..whole.len() / 2]);
    let first = import(&bench, &["node.log"]);
    bench.write("node.log", &whole);
    let second = import(&bench, &["node.log"]);
    assert_eq!(file(&second)["status"], "resumed");
    assert_eq!(number(&first["lines"]) + number(&second["lines"]), number(&truth["lines"]));
    let grown = summary(&bench);
    fs::remove_file(bench.path("n.db")).unwrap();
    import(&bench, &["whole.log"]);
    assert_eq!(summary(&bench), grown);
}

#[test]
fn standard_input_is_a_source() {
    let bench = Bench::new();
    let truth = bench.simulate("node.log", 2_000, &[]);
    let mut child = bench
        .command(IMPORT.iter().chain(&["--json", "-"]))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&bench.read("node.log")).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["lines"], &file(&report)["path"]), (&truth["lines"], &"-".into()));
    // And is known again as the file it was.
    assert_eq!(file(&import(&bench, &["node.log"]))["status"], "already imported");
}

#[test]
fn a_folder_is_read_in_the_order_of_its_content() {
    let bench = Bench::new();
    let truth = bench.simulate("whole.log", 6_000, &[]);
    let whole = bench.read("whole.log");
    let line_end = |from: usize| from + whole[from..].iter().position(|&b| b == b'\n').unwrap() + 1;
    let (one, two) = (line_end(whole.len() / 3), line_end(whole.len() * 2 / 3));
    // The names sort the wrong way round.
    bench.write("logs/node.log", &whole[two..]);
    bench.write("logs/node.log.1", &whole[one..two]);
    bench.write("logs/node.log.2", &whole[..one]);
    bench.write("logs/notes.txt", "remember the milk\n");
    let report = import(&bench, &["logs"]);
    assert_eq!(report["lines"], truth["lines"]);
    let paths: Vec<&str> = report["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["path"].as_str().unwrap())
        .collect();
    assert_eq!(paths, ["logs/node.log.2", "logs/node.log.1", "logs/node.log"]);
}

#[test]
fn two_imports_at_once_count_once() {
    let bench = Bench::new();
    let truth = bench.simulate("node.log", 60_000, &[]);
    let start = || {
        bench.command(IMPORT.iter().chain(&["--json", "node.log"])).stdout(Stdio::piped()).spawn()
    };
    let children = [start().unwrap(), start().unwrap()];
    let lines: u64 = children
        .map(|child| {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success());
            let report: Value = serde_json::from_slice(&output.stdout).unwrap();
            number(&report["lines"])
        })
        .iter()
        .sum();
    assert_eq!(lines, number(&truth["lines"]), "each line was stored by one of them");
}

#[test]
fn the_text_names_the_node_and_the_status() {
    let bench = Bench::new();
    bench.simulate("node.log", 2_000, &[]);
    let text = bench.done(IMPORT.iter().chain(&["node.log"]));
    assert!(text.starts_with("attic   2,0"), "{text}");
    assert!(text.contains("imported") && text.contains("n.db"), "{text}");
    assert!(bench.done(IMPORT.iter().chain(&["node.log"])).contains("already imported"));
}
