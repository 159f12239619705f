//! `status`, asked by another process before, while and after a collector runs.

use std::fs;

use serde_json::{Value, json};

use crate::{
    program::Bench,
    running::{Collector, NodeLog, node, status},
};

const CONFIGURED: &str = "[[node]]\nname = \"attic\"\nsource = \"node.log\"\n";

/// The exit code and what is said of a collector's health, by the configuration and by the database.
fn healthy(bench: &Bench) -> (Option<i32>, String) {
    let ended = bench.run(["status", "--healthy", "--config", "collector.toml"]);
    assert_eq!(ended.out, "");
    (ended.code, ended.err)
}

fn table(bench: &Bench) -> String {
    let ended = bench.run(["status", "--config", "collector.toml"]);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    ended.out
}

/// The file in which the collector reports.
fn report(bench: &Bench) -> std::path::PathBuf {
    let names = fs::read_dir(bench.path("nodes.db.locks")).unwrap();
    let mut paths = names.map(|entry| entry.unwrap().path());
    paths.find(|path| path.extension().is_some_and(|name| name == "report")).unwrap()
}

#[test]
fn a_collector_is_shown_before_while_and_after_it_runs() {
    let bench = Bench::new();
    bench.write("collector.toml", CONFIGURED);
    NodeLog::new(&bench, "node.log", 1).write(3_000);
    let before = bench.run(["status", "--config", "collector.toml"]);
    assert_eq!(before.code, Some(1));
    assert!(before.err.contains("there is no database"), "{}", before.err);
    assert_eq!(healthy(&bench).0, Some(1));

    let collector = Collector::live(&bench);
    assert_eq!(healthy(&bench), (Some(0), String::new()));
    let shown = collector.until("all lines are told", |status| {
        node(status, "attic")["lines"] == 3_000 && node(status, "attic")["known"].is_object()
    });
    let attic = node(&shown, "attic");
    assert_eq!(attic["followed_by"]["process"], collector.id());
    assert!(attic["log"]["noticing"].is_string(), "{attic:#}");
    assert_eq!(shown["collectors"][0]["trouble"], serde_json::Value::Null);
    let text = table(&bench);
    for words in ["NODE", "live, ", "3,000", &format!("process {}", collector.id())] {
        assert!(text.contains(words), "{words}: {text}");
    }

    collector.signal("TERM");
    assert_eq!(collector.ended().0, Some(0));
    let names = |folder: &str| fs::read_dir(bench.path(folder)).unwrap().count();
    let before = (names("."), names("nodes.db.locks"));
    let text = table(&bench);
    assert!(text.contains("none runs") && text.contains("not followed"), "{text}");
    let shown = status(&bench).unwrap();
    let last_at = &node(&shown, "attic")["known"]["last_at"];
    assert!(last_at.as_str().unwrap().starts_with("20"), "{last_at}");
    let (code, why) = healthy(&bench);
    assert_eq!(code, Some(1));
    assert!(why.contains("no collector follows a node"), "{why}");
    assert_eq!((names("."), names("nodes.db.locks")), before, "asking leaves nothing");
}

#[test]
fn what_a_node_waits_for_is_told_until_it_is_there() {
    let bench = Bench::new();
    bench.write("collector.toml", CONFIGURED);
    let collector = Collector::start(&bench);
    collector.until("it waits", |status| node(status, "attic")["log"]["state"] == "waiting");
    let text = table(&bench);
    assert!(text.contains("attic: waiting: ") && text.contains("node.log"), "{text}");
    // A file that comes later is no fault of the collector.
    assert_eq!(healthy(&bench), (Some(0), String::new()));
    NodeLog::new(&bench, "node.log", 2).write(100);
    collector.until("it is live", |status| node(status, "attic")["log"]["state"] == "live");

    // Another node is configured, and the collector was not told.
    let two = format!("{CONFIGURED}[[node]]\nname = \"shed\"\nsource = \"shed.log\"\n");
    bench.write("collector.toml", two);
    let (code, why) = healthy(&bench);
    assert_eq!(code, Some(1));
    assert!(why.contains("nobody follows node shed"), "{why}");
    assert!(table(&bench).contains("shed"), "a node that is configured is shown");
}

/// Changes what a collector that stands still has reported.
fn reported(bench: &Bench, change: impl FnOnce(&mut Value)) {
    let path = report(bench);
    let mut told = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut told);
    fs::write(path, told.to_string()).unwrap();
}

#[test]
fn catching_up_is_shown_with_what_is_left() {
    let bench = Bench::new();
    bench.write("collector.toml", CONFIGURED);
    NodeLog::new(&bench, "node.log", 4).write(100);
    let collector = Collector::live(&bench);
    // A log that takes long enough to look at is too long for a test.
    collector.signal("STOP");
    reported(&bench, |told| {
        told["nodes"][0]["following"] = json!({
            "state": "catching_up",
            "read_bytes": 4_321_000_000_u64,
            "total_bytes": 10_000_000_000_u64,
            "lines_per_second": 123_456,
            "seconds_left": 200,
        });
    });
    let text = table(&bench);
    assert!(text.contains("catching up, 43.2 %, 3 min 20 s left"), "{text}");
    assert!(text.contains("attic: 4.32 GB of 10.0 GB read, 123,456 lines/s"), "{text}");
    // What is not read yet is no silence.
    assert!(!text.contains("No transfers"), "{text}");
    assert_eq!(healthy(&bench), (Some(0), String::new()));
    assert_eq!(node(&status(&bench).unwrap(), "attic")["log"]["seconds_left"], 200);
}

#[test]
fn a_collector_that_hangs_or_cannot_write_is_not_well() {
    let bench = Bench::new();
    bench.write("collector.toml", CONFIGURED);
    NodeLog::new(&bench, "node.log", 3).write(100);
    let collector = Collector::live(&bench);
    // It stands still, and its reports grow old; here they are made old.
    collector.signal("STOP");
    let reported_at = json!("2026-08-19T14:03:27Z");
    let mut now = Value::Null;
    reported(&bench, |told| now = std::mem::replace(&mut told["reported_at"], reported_at));
    let (code, why) = healthy(&bench);
    assert_eq!(code, Some(1));
    assert!(why.contains("has not reported for"), "{why}");
    assert!(table(&bench).contains("has not reported for"));

    reported(&bench, |told| {
        told["reported_at"] = now;
        told["blocked"] = "the disk is full".into();
    });
    let (code, why) = healthy(&bench);
    assert_eq!(code, Some(1));
    assert!(why.contains("cannot write what it reads: the disk is full"), "{why}");

    // What another version writes in another form is as good as nothing, for three minutes.
    fs::write(report(&bench), "[]").unwrap();
    assert_eq!(healthy(&bench), (Some(0), String::new()));
    let text = table(&bench);
    assert!(text.contains(&format!("followed by process {}", collector.id())), "{text}");
}
