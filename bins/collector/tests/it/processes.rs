//! Which process follows what, through everything that happens to processes.

use std::{fs, time::Duration};

use crate::{
    program::Bench,
    running::{Collector, NodeLog, node, transfers, wait},
};

/// Within this time a collector ends that is asked to.
const STOP_MAX: Duration = Duration::from_secs(5);

/// Nodes that are followed, as the configuration says it.
fn nodes(nodes: &[(&str, &str)]) -> String {
    let node =
        |(name, log): &(&str, &str)| format!("[[node]]\nname = \"{name}\"\nsource = \"{log}\"\n");
    nodes.iter().map(node).collect()
}

/// Follows nodes, and commits often: a test has no seconds to wait.
fn configure(bench: &Bench, followed: &[(&str, &str)]) {
    let often = "[performance]\ncommit_interval_ms = 100\n";
    bench.write("collector.toml", format!("{often}{}", nodes(followed)));
}

#[test]
fn a_second_collector_is_refused_until_the_first_is_dead() {
    let bench = Bench::new();
    let written = NodeLog::new(&bench, "node.log", 1).write(2_000);
    configure(&bench, &[("attic", "node.log")]);
    let first = Collector::live(&bench);

    let second = bench.run(["run", "--config", "collector.toml"]);
    assert_eq!(second.code, Some(1));
    let status = crate::running::status(&bench).unwrap();
    let since = node(&status, "attic")["followed_by"]["since"].as_str().unwrap().to_owned();
    let holder = format!("piecewatch-collector (process {}, since {since})", first.id());
    assert!(second.err.contains(&holder), "{}\n{holder}", second.err);
    // The same node into another database is nobody's business.
    let other = bench.run(["status", "--db", "nodes.db", "--healthy"]);
    assert_eq!(other.code, Some(0), "{}", other.err);

    first.kill();
    let reports = || {
        let names = fs::read_dir(bench.path("nodes.db.locks")).unwrap();
        let is_report = |name: &String| name.ends_with(".report");
        names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(is_report)
            .count()
    };
    assert_eq!(reports(), 1, "what a killed process leaves");
    let third = Collector::live(&bench);
    assert_eq!(reports(), 1, "the next one removes it");
    wait("all is stored", || transfers(&bench, "attic") == written);
    third.signal("TERM");
    assert_eq!(third.ended().0, Some(0));
    assert_eq!((reports(), transfers(&bench, "attic")), (0, written));
}

#[test]
fn a_reload_changes_what_is_other_and_disturbs_nobody_else() {
    let bench = Bench::new();
    let mut logs = [1, 2, 3, 4, 5].map(|seed| NodeLog::new(&bench, &format!("{seed}.log"), seed));
    let mut written = logs.each_mut().map(|log| log.write(500));
    configure(&bench, &[("attic", "1.log"), ("shed", "2.log"), ("roof", "3.log")]);
    let collector = Collector::live(&bench);
    let before = crate::running::status(&bench).unwrap();

    configure(&bench, &[("attic", "1.log"), ("shed", "4.log"), ("cellar", "5.log")]);
    // What attic costs is nothing to who follows its log.
    let text = bench.read("collector.toml");
    bench
        .write("collector.toml", text.replacen("[[node]]", "[[node]]\nmonthly_cost_usd = 3.50", 1));
    collector.signal("HUP");
    let after = collector.until("the new nodes are live", |status| {
        let state = |name| &node(status, name)["log"]["state"];
        let is_other = node(status, "shed")["source"] != node(&before, "shed")["source"];
        is_other && state("cellar") == "live" && state("shed") == "live"
    });
    assert!(node(&after, "roof")["followed_by"].is_null(), "{after:#}");
    assert_eq!(node(&after, "attic")["followed_by"], node(&before, "attic")["followed_by"]);
    for log in [0, 2, 3, 4] {
        written[log] = logs[log].write(500);
    }
    let expected =
        [("attic", written[0]), ("shed", written[1] + written[3]), ("cellar", written[4])];
    for (name, count) in expected {
        wait(name, || transfers(&bench, name) == count);
    }

    // What is wrong changes nothing, and is told.
    bench.write("collector.toml", "[[node]]\nname = \"attic\"\nsuorce = \"1.log\"\n");
    collector.signal("HUP");
    collector.says("the configuration stays as it was");
    assert!(bench.read("collector.log").contains("suorce"));
    written[0] = logs[0].write(500);
    wait("attic goes on", || transfers(&bench, "attic") == written[0]);
    collector.signal("TERM");
    assert_eq!(collector.ended().0, Some(0));
    assert!(transfers(&bench, "roof") < written[2], "roof was followed no longer");
}

#[test]
fn asked_to_stop_it_commits_what_was_in_the_log() {
    let bench = Bench::new();
    let mut log = NodeLog::new(&bench, "node.log", 6);
    log.write(1_000);
    // The next commit would be seconds away.
    bench.write("collector.toml", nodes(&[("attic", "node.log")]));
    let collector = Collector::live(&bench);
    // More than once, since the first lines after a pause are committed at once.
    let mut written = 0;
    for _ in 0..5 {
        written = log.write(200);
    }
    collector.signal("TERM");
    let (code, took) = collector.ended();
    assert_eq!(code, Some(0));
    assert!(took < STOP_MAX, "{took:?}");
    assert_eq!(transfers(&bench, "attic"), written);
}

#[test]
fn asked_to_stop_while_it_catches_up_it_ends_soon_and_goes_on_later() {
    let bench = Bench::new();
    let mut log = NodeLog::new(&bench, "node.log", 7);
    let written = log.write(120_000);
    configure(&bench, &[("attic", "node.log")]);
    let collector = Collector::start(&bench);
    wait("something is stored", || {
        bench.path("nodes.db.locks").exists() && transfers(&bench, "attic") > 0
    });
    collector.signal("TERM");
    let (code, took) = collector.ended();
    assert_eq!(code, Some(0), "{}", bench.read("collector.log"));
    assert!(took < STOP_MAX, "{took:?}");
    assert!(transfers(&bench, "attic") < written, "it was not catching up any more");

    let collector = Collector::live(&bench);
    wait("the rest is stored", || transfers(&bench, "attic") == written);
    collector.signal("TERM");
    assert_eq!(collector.ended().0, Some(0));
    assert_eq!(transfers(&bench, "attic"), written);
}

#[test]
fn a_damaged_database_ends_it_with_what_to_do() {
    let bench = Bench::new();
    NodeLog::new(&bench, "node.log", 8).write(5_000);
    configure(&bench, &[("attic", "node.log")]);
    let collector = Collector::live(&bench);
    collector.signal("TERM");
    assert_eq!(collector.ended().0, Some(0));

    let mut bytes = fs::read(bench.path("nodes.db")).unwrap();
    bytes[8192..].chunks_mut(4096).for_each(|page| page[..64].fill(0xaa));
    bench.write("nodes.db", &bytes);
    for arguments in [["run", "--config", "collector.toml"], ["status", "--db", "nodes.db"]] {
        let ended = bench.run(arguments);
        assert_eq!(ended.code, Some(1));
        assert!(ended.err.contains("nodes.db is damaged"), "{}", ended.err);
        assert!(ended.err.contains("restore a backup"), "{}", ended.err);
    }
    assert!(fs::read(bench.path("nodes.db")).unwrap() == bytes, "the file was touched");
}

#[cfg(unix)]
#[test]
fn a_database_that_is_deleted_ends_it_and_the_next_one_begins_anew() {
    let bench = Bench::new();
    let mut log = NodeLog::new(&bench, "node.log", 9);
    log.write(1_000);
    configure(&bench, &[("attic", "node.log")]);
    let collector = Collector::live(&bench);
    for ending in ["", "-wal", "-shm"] {
        fs::remove_file(bench.path(&format!("nodes.db{ending}"))).unwrap();
    }
    let written = log.write(1_000);
    assert_eq!(collector.ended().0, Some(1));
    let told = bench.read("collector.log");
    assert!(told.contains("nodes.db was deleted, moved or replaced"), "{told}");

    let collector = Collector::live(&bench);
    wait("all is stored", || transfers(&bench, "attic") == written);
    drop(collector);
}
