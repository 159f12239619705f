//! `status`, asked by another process before, while and after a collector runs.

use std::{fs, io::Write};

use crate::{
    program::Bench,
    running::{Collector, NodeLog, node, status, wait},
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

#[test]
fn catching_up_is_shown_with_what_is_left() {
    let bench = Bench::new();
    bench.write("collector.toml", CONFIGURED);
    let mut lines = Vec::new();
    let config = piecewatch_simulator::Config::default();
    piecewatch_simulator::Simulator::new(config).write(20_000, &mut lines).unwrap();
    let mut log = fs::File::create(bench.path("node.log")).unwrap();
    (0..40).for_each(|_| log.write_all(&lines).unwrap());
    let collector = Collector::start(&bench);
    let shown = collector.until("it knows its speed", |status| {
        node(status, "attic")["log"]["seconds_left"].is_u64()
    });
    let told = &node(&shown, "attic")["log"];
    assert_eq!(told["state"], "catching_up");
    assert!(told["lines_per_second"].as_u64().unwrap() > 0, "{told}");
    assert!(told["read_bytes"].as_u64() < told["total_bytes"].as_u64(), "{told}");
    let text = table(&bench);
    assert!(text.contains("catching up, ") && text.contains(" left"), "{text}");
}

#[test]
fn a_collector_that_hangs_or_cannot_write_is_not_well() {
    let bench = Bench::new();
    bench.write("collector.toml", CONFIGURED);
    NodeLog::new(&bench, "node.log", 3).write(100);
    let collector = Collector::live(&bench);
    // It stands still: its reports grow old. Here they are made old.
    collector.signal("STOP");
    let told = fs::read_to_string(report(&bench)).unwrap();
    let mut old: serde_json::Value = serde_json::from_str(&told).unwrap();
    old["reported_at"] = "2026-08-19T14:03:27Z".into();
    fs::write(report(&bench), old.to_string()).unwrap();
    let (code, why) = healthy(&bench);
    assert_eq!(code, Some(1));
    assert!(why.contains("has not reported for"), "{why}");
    assert!(table(&bench).contains("has not reported for"));

    let mut blocked: serde_json::Value = serde_json::from_str(&told).unwrap();
    blocked["blocked"] = "the disk is full".into();
    fs::write(report(&bench), blocked.to_string()).unwrap();
    let (code, why) = healthy(&bench);
    assert_eq!(code, Some(1));
    assert!(why.contains("cannot write what it reads: the disk is full"), "{why}");

    // What another version writes in another form is as good as nothing, for three minutes.
    fs::write(report(&bench), "[]").unwrap();
    assert_eq!(healthy(&bench), (Some(0), String::new()));
    collector.signal("CONT");
    wait("it reports again", || healthy(&bench).0 == Some(0));
}
