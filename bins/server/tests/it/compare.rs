//! `piecewatch compare` on simulated nodes.

use piecewatch_model::Grain;
use piecewatch_simulator::{
    Config, Encoding, Incident, IncidentKind, Level, Rhythm, Simulator, Vocabulary,
};
use serde_json::Value;

use crate::{earnings::now, program::Bench};

/// A folder whose `nodes.db` holds the logs of nodes of today, by name and seed, and their truths.
fn imported(nodes: &[(&str, u64, Encoding)]) -> (Bench, Vec<Value>) {
    let bench = Bench::new();
    let truths = nodes.iter().map(|&(node, seed, encoding)| {
        // Latencies by the hour reach back 90 days, so the nodes live now.
        let start = Some(now().plus_micros(-2 * 3_600_000_000));
        let mut log = Vec::new();
        let config = Config { seed, encoding, start, ..Config::default() };
        let truth = Simulator::new(config).write(20_000, &mut log).unwrap();
        bench.write("node.log", log);
        bench.done(["import", "--db", "nodes.db", "--node", node, "node.log"]);
        serde_json::from_str(&truth.to_json()).unwrap()
    });
    let truths = truths.collect();
    (bench, truths)
}

const DOCKER: Encoding = Encoding::DockerJson;

/// How many transfers of these actions ended so; all for an empty outcome.
fn count(truth: &Value, actions: &[&str], outcome: &str) -> u64 {
    let rows = truth["transfers"].as_array().unwrap().iter();
    let wanted = rows.filter(|row| actions.contains(&row["action"].as_str().unwrap()));
    let wanted = wanted.filter(|row| outcome.is_empty() || row["outcome"] == outcome);
    wanted.map(|row| row["count"].as_u64().unwrap()).sum()
}

#[test]
fn rates_are_those_of_the_truth_and_ranks_follow_them() {
    let (bench, truths) = imported(&[("attic", 3, DOCKER), ("barn", 4, DOCKER)]);
    let answer = bench.json(["compare", "--db", "nodes.db", "--window", "7d", "--json"]);
    assert_eq!(answer["latency_clock"], "docker ns");
    let mut rates = Vec::new();
    for (node, truth) in answer["nodes"].as_array().unwrap().iter().zip(&truths) {
        let criteria = &node["criteria"];
        let downloads = ["GET", "GET_REPAIR"];
        for (name, actions, left_out) in [
            ("download_success", &downloads[..], ""),
            ("upload_success", &["PUT", "PUT_REPAIR"][..], ""),
            ("audit_success", &["GET_AUDIT"][..], "canceled"),
        ] {
            let canceled = if left_out.is_empty() { 0 } else { count(truth, actions, left_out) };
            let whole = count(truth, actions, "") - canceled;
            let rate = count(truth, actions, "success") as f64 / whole as f64;
            let shown = criteria[name]["value"].as_f64().unwrap();
            assert!((shown - rate).abs() < 1e-12, "{name}: {shown} {rate}");
        }
        let transfers: u64 = truth["transfers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["count"].as_u64().unwrap())
            .sum();
        assert_eq!(criteria["operations"]["value"].as_f64().unwrap(), transfers as f64);
        assert!(
            criteria["latency_p95"]["value"].as_f64() > criteria["latency_p50"]["value"].as_f64()
        );
        // Nobody has asked these nodes what they earn or how much space they have.
        assert!(criteria["earnings_per_tb"].is_null() && criteria["storage_utilisation"].is_null());
        let place = &criteria["download_success"];
        rates.push((place["value"].as_f64().unwrap(), place["rank"].as_u64().unwrap()));
    }
    rates.sort_by(|a, b| b.0.total_cmp(&a.0));
    assert_eq!((rates[0].1, rates[1].1), (1, 2));
}

#[test]
fn a_table_has_a_column_for_each_node_and_says_when() {
    let (bench, _) = imported(&[("attic", 3, DOCKER), ("barn", 4, Encoding::Console)]);
    let text = bench.done(["compare", "--db", "nodes.db"]);
    for words in ["attic", "barn", "downloads that succeed", "#1", "#2", " UTC\n", "docker ns"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    // The log of the barn has whole seconds: its latencies are not known, and it is not the last.
    let line = text.lines().find(|line| line.contains("latency p50")).unwrap();
    assert!(line.contains('–') && line.contains(" ms") && !line.contains('#'), "{text}");
    // Nothing can be usual of an hour of log.
    assert!(!text.contains("Unusual"), "{text}");
}

#[test]
fn csv_has_a_row_for_each_node_and_criterion_and_for_what_is_more() {
    let (bench, _) = imported(&[("attic", 3, DOCKER), ("barn", 4, DOCKER)]);
    let text = bench.done(["compare", "--db", "nodes.db", "--csv", "--node", "barn"]);
    let lines: Vec<&str> = text.lines().collect();
    let heading = "from,to,node,row,name,value,better,near_best,rank,weight,since,sentence";
    assert_eq!(lines[0], heading);
    assert_eq!(lines.len(), 1 + 12 + 1, "{text}");
    assert!(lines[1..].iter().all(|line| line.contains("Z,barn,")), "{text}");
    // Alone it has nobody to be compared with.
    assert!(lines.iter().any(|line| line.contains(",latency_p50,") && line.contains(",lower,,,5")));
    assert!(lines[13].contains(",overall,overall,,higher,,"), "{text}");
}

/// The log of the barn ends twelve hours before that of the attic: nothing of it is the present.
#[test]
fn a_node_whose_log_ended_is_said_to_be_silent() {
    let bench = Bench::new();
    for (node, hours) in [("attic", 2), ("barn", 14)] {
        let start = Some(now().plus_micros(-hours * 3_600_000_000));
        let mut log = Vec::new();
        let config = Config { seed: 3, encoding: DOCKER, start, ..Config::default() };
        Simulator::new(config).write(5_000, &mut log).unwrap();
        bench.write("node.log", log);
        bench.done(["import", "--db", "nodes.db", "--node", node, "node.log"]);
    }
    let text = bench.done(["compare", "--db", "nodes.db"]);
    assert!(text.contains("Silent") && text.contains("barn: No lines have come since"), "{text}");
    assert!(!text.contains("attic: No lines"), "{text}");
    let answer = bench.json(["compare", "--db", "nodes.db", "--json"]);
    let silences = answer["nodes"].as_array().unwrap().iter().map(|node| &node["silence"]["kind"]);
    assert_eq!(silences.collect::<Vec<_>>(), ["lively", "no_lines"]);
    assert!(answer["nodes"][1]["known_until"].is_string(), "{answer:#}");
    let csv = bench.done(["compare", "--db", "nodes.db", "--csv"]);
    assert!(csv.contains(",barn,silence,no_lines,"), "{csv}");
    // In the last hour of the attic nothing is known of the barn: not nothing, and no rank.
    let text = bench.done(["compare", "--db", "nodes.db", "--window", "1h"]);
    let transfers = text.lines().find(|line| line.contains("  transfers")).unwrap();
    assert!(transfers.trim_end().ends_with('–') && !transfers.contains('#'), "{text}");
}

/// The logs are of 2019: hours of latencies are no longer kept, days are.
#[test]
fn old_latencies_are_of_whole_days_and_it_is_said() {
    let bench = Bench::new();
    for (node, seed) in [("attic", "1"), ("barn", "2")] {
        bench.simulate("n.log", 3_000, &["--vocabulary", "2019", "--seed", seed]);
        bench.done(["import", "--db", "n.db", "--node", node, "n.log"]);
    }
    let text = bench.done(["compare", "--db", "n.db", "--window", "1h"]);
    assert!(text.contains("latency p95") && text.contains("of whole days"), "{text}");
    let answer = bench.json(["compare", "--db", "n.db", "--window", "1h", "--json"]);
    assert!(answer["latency_from"].as_str().unwrap().ends_with("T00:00:00Z"), "{answer:#}");
    assert!(answer["nodes"][0]["criteria"]["latency_p50"]["value"].as_f64().unwrap() > 0.0);
}

#[test]
fn rates_over_an_upgrade_are_marked() {
    let (bench, _) = imported(&[("attic", 3, DOCKER), ("barn", 4, DOCKER)]);
    // The attic and the barn told one version, at their start.
    let hours_ago = |hours: i64| now().plus_micros(-hours * 3_600_000_000);
    let told = |hours, version| {
        let fields = format!("{{\"Version\": \"{version}\"}}");
        format!("{}\tINFO\tVersion info\t{fields}\n", hours_ago(hours))
    };
    bench.write("more.log", [told(4, "1.140.3"), told(1, "1.141.2")].concat());
    bench.done(["import", "--db", "nodes.db", "--node", "cellar", "more.log"]);
    let answer = bench.json(["compare", "--db", "nodes.db", "--window", "12h", "--json"]);
    let upgrades = |node: usize| answer["nodes"][node]["upgrades"].as_array().unwrap().clone();
    let newest = upgrades(2).pop().unwrap();
    assert!(upgrades(0).is_empty(), "{answer:#}");
    assert_eq!((&newest["from"], &newest["to"]), (&"1.140.3".into(), &"1.141.2".into()));
    let text = bench.done(["compare", "--db", "nodes.db", "--window", "12h"]);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("cellar: Version 1.141.2 since ")
            && words.contains(" UTC, 1.140.3 before: rates of before and after do not compare."),
        "{text}"
    );
    let csv = bench.done(["compare", "--db", "nodes.db", "--window", "12h", "--csv"]);
    assert!(csv.contains(",cellar,upgrade,version,"), "{csv}");
}

/// Five weeks of a node whose transfers take ten times as long at the end.
#[test]
fn what_is_unusual_and_what_changes_is_told_in_figures() {
    let bench = Bench::new();
    let start = now().plus_micros(-35 * 24 * 3_600_000_000).floor(Grain::Hour);
    let end = now().plus_micros(-3_600_000_000);
    let from = end.plus_micros(-5 * 3_600_000_000);
    let slow = Incident { kind: IncidentKind::SlowDisk(10), from, to: now() };
    let config = Config {
        seed: 3,
        start: Some(start),
        vocabulary: Vocabulary::Y2022,
        encoding: Encoding::Console,
        level: Level::Info,
        utc_offset_minutes: Some(0),
        // p50 wants some transfers.
        transfers_per_second: 0.08,
        rhythm: Rhythm::Steady,
        incidents: vec![slow],
        ..Config::default()
    };
    let (mut simulator, mut log) = (Simulator::new(config), Vec::new());
    while simulator.now() < end {
        simulator.next_line(&mut log);
    }
    bench.write("node.log", log);
    bench.done(["import", "--db", "n.db", "--node", "attic", "node.log"]);
    let node = &bench.json(["compare", "--db", "n.db", "--json"])["nodes"][0];
    let unusual = node["unusual"].as_array().unwrap();
    let slow = unusual.iter().find(|of| of["kind"] == "slow");
    let slow = slow.unwrap_or_else(|| panic!("{node:#}"));
    let departures = slow["departures"].as_array().unwrap();
    let p50 = departures.iter().find(|of| of["metric"] == "download_p50").unwrap();
    let number = |of: &Value, name: &str| of[name].as_f64().unwrap();
    assert_eq!((&p50["unit"], &p50["side"]), (&"micros".into(), &"above".into()), "{slow}");
    assert!(number(p50, "factor") > 3.0, "{p50}");
    let latest = &p50["latest"];
    assert!(number(latest, "value") > number(latest, "high"), "{p50}");
    assert!(number(latest, "low") < number(latest, "usual") && number(latest, "z") > 5.0, "{p50}");
    let trends = node["trends"].as_array().unwrap();
    let downloads = trends.iter().find(|trend| trend["metric"] == "downloads").unwrap();
    assert!(number(downloads, "low") <= number(downloads, "high"), "{downloads}");
    assert!(number(downloads, "center") > 10.0, "{downloads}");
    assert!(downloads["days"].as_u64() >= Some(28), "{downloads}");
}

#[test]
fn wrong_questions_are_told_what_to_ask() {
    let bench = Bench::new();
    let ended = bench.run(["compare", "--db", "nodes.db"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.err.contains("there is no database nodes.db"), "{}", ended.err);
    let (bench, _) = imported(&[("attic", 3, DOCKER)]);
    let ended = bench.run(["compare", "--db", "nodes.db", "--node", "cellar"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.err.contains("cellar") && ended.err.contains("attic"), "{}", ended.err);
}
