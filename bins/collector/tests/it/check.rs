//! `check`, `config` and the exit codes, with the real program and real sources.

use std::{io::Write, net::TcpListener, thread};

use piecewatch_simulator::{Config, Encoding, Simulator, Vocabulary};
use serde_json::Value;

use crate::program::Bench;

fn log(encoding: Encoding, vocabulary: Vocabulary, lines: u64) -> Vec<u8> {
    let mut log = Vec::new();
    let config = Config { seed: 11, encoding, vocabulary, ..Config::default() };
    Simulator::new(config).write(lines, &mut log).unwrap();
    log
}

fn checked(bench: &Bench, node: &str) -> Value {
    let ended = bench.run(["check", "--json", "--node", node]);
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    let answer: Value = serde_json::from_str(&ended.out).unwrap();
    answer["nodes"][0].clone()
}

#[test]
fn a_file_is_described_with_those_beside_it() {
    let bench = Bench::new();
    let (old, new) = (Vocabulary::Y2025, Vocabulary::Y2026);
    bench.write("node.log.1", log(Encoding::Console, old, 500));
    bench.write("node.log", log(Encoding::DockerJson, new, 3_000));
    bench.write("notes.txt", "nothing of a node\n");
    bench.write("node-2.log", log(Encoding::Console, old, 100));
    let node = checked(&bench, "attic=node.log");
    assert_eq!(node["encodings"], serde_json::json!(["docker-json"]));
    assert_eq!(node["words_of"], "v1.146 and later");
    assert_eq!(node["rotated_files"], 1);
    assert!(node["first_at"].as_str().unwrap().starts_with("2025-09-14"), "{node}");
    assert!(node["last_at"].as_str().unwrap().starts_with("2026-08-19"), "{node}");

    let table = bench.run(["check", "--node", "attic=node.log"]).out;
    assert!(table.contains("docker-json") && table.contains("v1.146 and later"), "{table}");
}

#[test]
fn a_source_that_cannot_be_followed_is_told_beside_the_others() {
    let bench = Bench::new();
    bench.write("node.log", log(Encoding::Json, Vocabulary::Y2026, 300));
    bench.write("notes.txt", "nothing of a node\n");
    let nodes = ["attic=node.log", "shed=missing.log", "roof=notes.txt"];
    let arguments = ["check", "--json"]
        .into_iter()
        .chain(nodes.map(|node| ["--node", node]).into_iter().flatten());
    let ended = bench.run(arguments);
    assert_eq!(ended.code, Some(1));
    assert_eq!(ended.err, "error: 2 of 3 nodes cannot be followed as configured\n");
    let answer: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(answer["nodes"][0]["encodings"][0], "json");
    assert!(answer["nodes"][1]["error"].as_str().unwrap().contains("does not exist"));
    assert!(answer["nodes"][2]["error"].as_str().unwrap().contains("no storage node log"));
}

#[test]
fn alerts_of_nodes_that_there_are_not_are_warned_of() {
    let bench = Bench::new();
    bench.write("node.log", "");
    let config = "[[node]]\nname = \"attic\"\nsource = \"node.log\"\n\
        [[alerts.node]]\nname = \"attic\"\nmuted = [\"disk\"]\n\
        [[alerts.node]]\nname = \"barn\"\nmuted = [\"disk\"]\n\
        [[alerts.channel]]\nname = \"phone\"\nkind = \"ntfy\"\nurl = \"https://ntfy.sh/t\"\n\
        nodes = [\"attic\", \"atic\"]\n";
    bench.write("collector.toml", config);
    let expected = [
        "the alert channel phone names atic, which is no node that is known here; did you mean attic?",
        "a section [[alerts.node]] names barn, which is no node that is known here",
    ];
    let ended = bench.run(["check", "--json", "--config", "collector.toml"]);
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    let answer: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(answer["warnings"], serde_json::json!(expected));
    let text = bench.run(["check", "--config", "collector.toml"]).out;
    let told = text.lines().filter_map(|line| line.strip_prefix("warning: "));
    assert_eq!(told.collect::<Vec<_>>(), expected);
}

#[test]
fn a_node_that_has_written_nothing_yet_is_fine() {
    let bench = Bench::new();
    bench.write("node.log", "");
    assert_eq!(checked(&bench, "attic=node.log")["lines"], 0);
}

#[cfg(unix)]
#[test]
fn a_command_is_run_and_its_lines_are_looked_at() {
    let bench = Bench::new();
    bench.write("node.log", log(Encoding::JournalJson, Vocabulary::Y2023, 800));
    let node = |command: &str| format!("[[node]]\nname = \"attic\"\ncommand = {command}\n");
    bench.write("collector.toml", node("[\"cat\", \"node.log\"]"));
    let ended = bench.run(["check", "--json", "--config", "collector.toml"]);
    let answer: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(answer["nodes"][0]["encodings"][0], "journal-json", "{}", ended.out);
    assert_eq!(answer["nodes"][0]["words_of"], "v1.83 to v1.145");

    for (command, words) in [
        ("[\"no-such-program\"]", "there is no program no-such-program"),
        ("[\"sh\", \"-c\", \"echo no such container >&2\"]", "no such container"),
        ("[\"true\"]", "true prints nothing and ends"),
    ] {
        bench.write("collector.toml", node(command));
        let ended = bench.run(["check", "--config", "collector.toml"]);
        assert_eq!(ended.code, Some(1));
        assert!(ended.out.contains(words), "{}", ended.out);
    }
}

#[test]
fn a_host_is_listened_to() {
    let bench = Bench::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let sender = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let log = log(Encoding::Console, Vocabulary::Y2026, 1_000);
        // Who has heard enough hangs up.
        let _ = stream.write_all(&log);
    });
    assert_eq!(checked(&bench, &format!("attic:{address}"))["lines"], 1_000);
    sender.join().unwrap();

    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ended = bench.run(["check", "--node", &format!("attic=tcp://{closed}")]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.out.contains(&format!("cannot connect to {closed}")), "{}", ended.out);
}

#[test]
fn wrong_usage_and_wrong_configuration_end_with_2() {
    let bench = Bench::new();
    bench.write("collector.toml", "bd = \"nodes.db\"\n");
    for arguments in [
        &["run"][..],
        &["run", "--config", "collector.toml"],
        &["run", "--config", "missing.toml"],
        &["check", "--node", "attic"],
        &["status", "--config", "collector.toml"],
        &["status", "--json", "--healthy"],
        &["config"],
        &["walk"],
    ] {
        let ended = bench.run(arguments);
        assert_eq!(ended.code, Some(2), "{arguments:?}: {}", ended.err);
        assert!(!ended.err.is_empty() && ended.out.is_empty(), "{arguments:?}");
    }
    assert_eq!(bench.run(["status", "--db", "missing.db"]).code, Some(1));
}

#[test]
fn the_default_is_printed() {
    let printed = Bench::new().run(["config", "--print-default"]);
    assert_eq!(printed.code, Some(0));
    assert_eq!(printed.out, piecewatch_collector::config::Config::default_text());
}
