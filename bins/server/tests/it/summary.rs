//! `piecewatch summary` against the simulator's truth.

use std::{collections::BTreeMap, process::Stdio};

use serde_json::Value;

use crate::program::{Bench, Ended};

pub(crate) type Counts = BTreeMap<(Option<String>, String, String), (u64, u64)>;

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Count and bytes by satellite, action and outcome, as the truth has them.
pub(crate) fn counts_of_truth(truth: &Value) -> Counts {
    let mut counts = Counts::new();
    for entry in truth["transfers"].as_array().unwrap() {
        let satellite = entry["satellite"].as_str().map(str::to_owned);
        let key = (satellite, text(&entry["action"]), text(&entry["outcome"]));
        let sum = counts.entry(key).or_default();
        sum.0 += entry["count"].as_u64().unwrap();
        sum.1 += entry["bytes"].as_u64().unwrap();
    }
    counts
}

/// The same of the satellites of a summary's node.
pub(crate) fn counts_of_summary(node: &Value) -> Counts {
    let mut counts = Counts::new();
    for satellite in node["satellites"].as_array().unwrap() {
        for part in satellite["actions"].as_array().unwrap() {
            let id = satellite["id"].as_str().map(str::to_owned);
            let key = (id, text(&part["action"]), text(&part["outcome"]));
            let sum = (part["count"].as_u64().unwrap(), part["bytes"].as_u64().unwrap());
            assert!(counts.insert(key, sum).is_none(), "each once");
        }
    }
    counts
}

fn imported(lines: u64, more: &[&str]) -> (Bench, Value) {
    let bench = Bench::new();
    let truth = bench.simulate("node.log", lines, more);
    bench.done(["import", "--db", "n.db", "--node", "attic", "node.log"]);
    (bench, truth)
}

#[test]
fn everything_is_the_truth() {
    for vocabulary in ["2019", "2023", "2025", "2026"] {
        let (bench, truth) = imported(5_000, &["--vocabulary", vocabulary]);
        let summary = bench.json(["summary", "--db", "n.db", "--json"]);
        let node = &summary["nodes"][0];
        assert_eq!(node["node"], "attic");
        assert_eq!(counts_of_summary(node), counts_of_truth(&truth), "{vocabulary}");
        assert_eq!(node["rejected"], truth["rejected"], "{vocabulary}");
        let uploads = |of: &&Value| of["action"].as_str().unwrap().starts_with("PUT");
        let ended = truth["transfers"].as_array().unwrap().iter().filter(uploads);
        let ended: u64 = ended.map(|of| of["count"].as_u64().unwrap()).sum();
        let told = node["accepted"].as_u64().unwrap();
        assert!(told >= ended, "uploads without a name count, too: {told} {ended}");
    }
}

#[test]
fn actions_are_the_sum_of_satellites_and_failures_of_their_classes() {
    let (bench, _) = imported(20_000, &["--seed", "3"]);
    let summary = bench.json(["summary", "--db", "n.db", "--json"]);
    let node = &summary["nodes"][0];
    let mut sums: BTreeMap<(String, String), u64> = BTreeMap::new();
    for ((_, action, outcome), (count, _)) in counts_of_summary(node) {
        *sums.entry((action, outcome)).or_default() += count;
    }
    let parts = node["actions"].as_array().unwrap();
    assert_eq!(parts.len(), sums.len());
    let mut failed = 0;
    for part in parts {
        let count = part["count"].as_u64().unwrap();
        assert_eq!(sums[&(text(&part["action"]), text(&part["outcome"]))], count);
        let classes = part.get("by_class").map(|classes| {
            classes.as_object().unwrap().values().filter_map(Value::as_u64).sum::<u64>()
        });
        assert_eq!(classes, (part["outcome"] == "failed").then_some(count));
        failed += u64::from(part["outcome"] == "failed");
    }
    assert!(failed > 0, "something failed, or this tests nothing");
}

#[test]
fn rates_are_success_over_all_that_ended() {
    let (bench, _) = imported(20_000, &["--seed", "3"]);
    let summary = bench.json(["summary", "--db", "n.db", "--json"]);
    let node = &summary["nodes"][0];
    let mut ended: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    for part in node["actions"].as_array().unwrap() {
        let outcomes = ended.entry(text(&part["action"])).or_default();
        outcomes.insert(text(&part["outcome"]), part["count"].as_u64().unwrap());
    }
    let rates = node["success_rate"].as_object().unwrap();
    assert!(rates.contains_key("GET") && rates.contains_key("PUT"), "{rates:?}");
    for (action, rate) in rates {
        let of = |outcome| ended[action].get(outcome).copied().unwrap_or(0);
        let canceled = if action == "GET_AUDIT" { 0 } else { of("canceled") };
        let expected = of("success") as f64 / (of("success") + canceled + of("failed")) as f64;
        assert!((rate.as_f64().unwrap() - expected).abs() < 1e-12, "{action}");
    }
}

#[test]
fn a_window_ends_at_the_newest_record_and_says_what_it_covers() {
    let (bench, _) = imported(2_000, &[]);
    // A year earlier.
    bench.simulate("old.log", 2_000, &["--vocabulary", "2025"]);
    bench.done(["import", "--db", "n.db", "--node", "attic", "old.log"]);
    let counted = |arguments: &[&str]| {
        let common = ["summary", "--db", "n.db", "--json"];
        let summary = bench.json(common.iter().chain(arguments));
        let count: u64 =
            counts_of_summary(&summary["nodes"][0]).values().map(|(count, _)| count).sum();
        (text(&summary["from"]), text(&summary["to"]), count)
    };
    let (first, last, all) = counted(&[]);
    let (from, to, in_hour) = counted(&["--window", "1h"]);
    assert!(from > first && to >= last && in_hour < all, "{from} {to} {in_hour} of {all}");
    let (_, _, in_years) = counted(&["--window", "1000d"]);
    assert_eq!(in_years, all);
    // Together, what is before an hour and what is after it are everything.
    let hour = from.as_str();
    let (_, before_to, before) = counted(&["--to", hour]);
    let (after_from, _, after) = counted(&["--from", hour]);
    assert_eq!((before_to.as_str(), after_from.as_str(), before + after), (hour, hour, all));
    let (_, _, none) = counted(&["--from", "2001-01-01T00:00:00Z", "--to", "2001-01-02T00:00:00Z"]);
    assert_eq!(none, 0);
}

#[test]
fn a_window_that_ends_before_it_begins_is_wrong_usage() {
    let (bench, _) = imported(100, &[]);
    let window = ["--from", "2026-08-20T00:00:00Z", "--to", "2026-08-19T00:00:00Z"];
    let ended = bench.run(["summary", "--db", "n.db"].iter().chain(&window));
    assert_eq!(ended.code, Some(2));
    assert!(ended.err.contains("exchange --from and --to"), "{}", ended.err);
}

#[test]
fn nodes_are_chosen_by_name() {
    let (bench, _) = imported(1_000, &[]);
    bench.simulate("other.log", 1_000, &["--seed", "9"]);
    bench.done(["import", "--db", "n.db", "--node", "barn", "other.log"]);
    let names = |arguments: &[&str]| -> Vec<String> {
        let common = ["summary", "--db", "n.db", "--json"];
        let summary = bench.json(common.iter().chain(arguments));
        summary["nodes"].as_array().unwrap().iter().map(|node| text(&node["node"])).collect()
    };
    assert_eq!(names(&[]), ["attic", "barn"]);
    assert_eq!(names(&["--node", "barn"]), ["barn"]);
    assert_eq!(names(&["--node", "barn", "--node", "attic", "--node", "barn"]), ["barn", "attic"]);
    let ended = bench.run(["summary", "--db", "n.db", "--node", "cellar"]);
    assert_eq!(ended.code, Some(1));
    assert_eq!(ended.err, "error: n.db knows no node named cellar; it knows attic and barn\n");
}

#[test]
fn the_table_is_plain_text_and_holds_what_the_json_holds() {
    let (bench, _) = imported(20_000, &[]);
    let table = bench.done(["summary", "--db", "n.db"]);
    let summary = bench.json(["summary", "--db", "n.db", "--json"]);
    assert!(!table.contains('\u{1b}'), "no colours where there is no terminal");
    assert!(table.lines().all(|line| line == line.trim_end()), "no line ends in spaces");
    assert!(table.starts_with("attic   "), "{table}");
    for part in summary["nodes"][0]["actions"].as_array().unwrap() {
        let digits: String = table.chars().filter(|&char| char != ',').collect();
        let count = part["count"].to_string();
        assert!(digits.split_whitespace().any(|word| word == count), "{count}: {table}");
    }
}

#[test]
fn no_database_is_an_error_and_none_is_made() {
    let bench = Bench::new();
    let ended = bench.run(["summary", "--db", "n.db"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.err.starts_with("error: there is no database n.db; "), "{}", ended.err);
    assert!(bench.names().is_empty());
}

#[test]
fn the_database_may_be_named_by_the_environment() {
    let (bench, _) = imported(100, &[]);
    let mut command = bench.command(["summary", "--json"]);
    let ended = Ended::of(command.env("PIECEWATCH_DB", "n.db").stdin(Stdio::null()));
    assert_eq!(ended.code, Some(0), "{}", ended.err);
}

#[test]
fn audits_are_told_by_whether_they_can_be_passed_the_next_time() {
    let (bench, truth) = imported(40_000, &["--seed", "3"]);
    let summary = bench.json(["summary", "--db", "n.db", "--json"]);
    let sum = |wanted: &dyn Fn(&Value) -> bool| {
        let audits = truth["transfers"].as_array().unwrap().iter();
        let audits = audits.filter(|of| of["action"] == "GET_AUDIT" && wanted(of));
        audits.map(|of| of["count"].as_u64().unwrap()).sum::<u64>()
    };
    let failed = |of: &Value| of["class"].is_string();
    let audits = &summary["nodes"][0]["audits"];
    assert_eq!(audits["unrecoverable"], sum(&|of| of["class"] == "missing"));
    assert_eq!(audits["recoverable"], sum(&|of| failed(of) && of["class"] != "missing"));
    assert_eq!(audits["passed"], sum(&|of| of["outcome"] == "success"));
    assert!(audits["recoverable"].as_u64() > Some(0), "{audits}");
    let text = bench.done(["summary", "--db", "n.db"]);
    assert!(text.contains("may pass the next time: "), "{text}");
}

#[test]
fn an_upgrade_is_told_beside_the_rates() {
    let bench = Bench::new();
    let line = |time: &str, message: &str| format!("2026-08-19T{time}Z\tINFO\t{message}\n");
    let version = |time: &str, version: &str| {
        line(time, &format!("Version info\t{{\"Version\": \"{version}\"}}"))
    };
    let download = |time: &str| {
        let fields = "{\"Piece ID\": \"TQH7VSRZ7BCOLG7UIFFFIFOTT7OF6SQDGWYRPWOBDQEXTC26F3TA\", \
                      \"Satellite ID\": \"12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S\", \
                      \"Action\": \"GET\", \"Size\": 1000}";
        line(time, &format!("piecestore\tdownloaded\t{fields}"))
    };
    let log = [
        version("01:00:00", "1.140.3"),
        download("01:00:01"),
        version("05:00:00", "1.141.2"),
        download("05:00:01"),
    ];
    bench.write("node.log", log.concat());
    bench.done(["import", "--db", "n.db", "--node", "attic", "node.log"]);
    let summary = bench.json(["summary", "--db", "n.db", "--json"]);
    let upgrades = summary["nodes"][0]["upgrades"].as_array().unwrap();
    assert_eq!(upgrades.len(), 1, "{summary}");
    assert_eq!(upgrades[0]["at"], "2026-08-19T05:00:00Z");
    let text = bench.done(["summary", "--db", "n.db"]);
    assert!(text.contains("Version 1.141.2 since 2026-08-19 05:00 UTC, 1.140.3 before"), "{text}");
}
