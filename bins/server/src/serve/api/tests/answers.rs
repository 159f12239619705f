//! Answers hold the figures that the commands print.

use serde_json::Value;

use super::{Bench, POLLED};

/// Without what money looks like, which is in answers over HTTP only.
fn without_shown_money(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let is_shown = |name: &str| {
                name.strip_suffix("_usd")
                    .is_some_and(|name| fields.contains_key(&format!("{name}_micro_usd")))
            };
            let kept = fields.iter().filter(|(name, _)| !is_shown(name));
            kept.map(|(name, value)| (name.clone(), without_shown_money(value))).collect()
        }
        Value::Array(values) => values.iter().map(without_shown_money).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// The names of fields in which two values differ.
fn differences(one: &Value, other: &Value, at: &str, found: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(a), Value::Object(b)) => {
            for name in a.keys().chain(b.keys().filter(|name| !a.contains_key(*name))) {
                let (a, b) = (a.get(name), b.get(name));
                let null = Value::Null;
                let at = format!("{at}.{name}");
                differences(a.unwrap_or(&null), b.unwrap_or(&null), &at, found);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                differences(a, b, &format!("{at}[{index}]"), found);
            }
        }
        (a, b) if a == b => {}
        (a, b) => found.push(format!("{at}: {a} {b}")),
    }
}

fn check(question: &str, answer: &Value, command: &Value, may_differ: &[&str]) {
    let mut found = Vec::new();
    differences(&without_shown_money(answer), command, "", &mut found);
    found.retain(|difference| !may_differ.iter().any(|name| difference.contains(name)));
    assert!(found.is_empty(), "{question}: {found:#?}");
}

#[test]
fn what_is_told_of_logs_is_what_the_commands_tell() {
    let bench = Bench::new();
    for node in ["attic", "barn"] {
        for (path, command, more) in [
            ("satellites", "summary", ""),
            ("latency", "latency", ""),
            ("transfers/slow", "slow", "&limit=20"),
            ("errors", "errors", "&limit=50&canceled=true"),
            ("compare", "compare", ""),
        ] {
            let question = format!("/api/v1/{path}?nodes={node}&window=24h{more}");
            let mut arguments =
                vec![command, "--db", "DB", "--node", node, "--window", "24h", "--json"];
            match command {
                "slow" => arguments.extend(["--limit", "20"]),
                "errors" => arguments.extend(["--limit", "50", "--canceled"]),
                _ => {}
            }
            // In flight is asked by whole hours: its own window says so.
            let may_differ: &[&str] = match command {
                "latency" => &[".in_flight."],
                // The command tells of a day before the first record, too.
                "summary" => &[".from"],
                _ => &[],
            };
            check(&question, &bench.json(&question), &bench.command(&arguments), may_differ);
        }
    }
}

#[test]
fn bars_are_those_of_the_command() {
    let bench = Bench::new();
    for scale in ["log", "linear"] {
        let answer = bench.json(&format!("/api/v1/latency/histogram?nodes=attic&scale={scale}"));
        let command = bench.command(&[
            "latency",
            "--db",
            "DB",
            "--node",
            "attic",
            "--histogram",
            scale,
            "--json",
        ]);
        assert!(!answer["histograms"].as_array().unwrap().is_empty(), "{answer}");
        assert_eq!(answer["histograms"], command["histograms"], "{scale}");
    }
}

#[test]
fn what_is_told_of_money_is_what_the_commands_tell() {
    let bench = Bench::new();
    // The configuration says what a node costs, and these commands have none.
    let may_differ = [".cost_micro_usd", ".profit_micro_usd"];
    let question = "/api/v1/earnings";
    let command = bench.command(&["earnings", "--db", "DB", "--json"]);
    check(question, &bench.json(question)["nodes"], &command, &may_differ);
    let question = "/api/v1/earnings/history?months=4";
    let command = bench.command(&["earnings", "--db", "DB", "--months", "4", "--json"]);
    check(question, &bench.json(question)["months"], &command, &may_differ);
    let question = "/api/v1/earnings/reconciliation";
    let command = bench.command(&["earnings", "reconcile", "--db", "DB", "--json"]);
    assert!(!command.as_array().unwrap().is_empty());
    check(question, &bench.json(question)["months"], &command, &may_differ);
    // A forecast is of the present moment.
    let question = "/api/v1/earnings/forecast";
    let command = bench.command(&["earnings", "forecast", "--db", "DB", "--json"]);
    let of_now = ["forecast", "low_micro", "high_micro", "confidence"];
    let may_differ: Vec<&str> = may_differ.into_iter().chain(of_now).collect();
    check(question, &bench.json(question)["nodes"], &command, &may_differ);
}

#[test]
fn what_is_told_of_storage_and_reputation_is_what_the_commands_tell() {
    let bench = Bench::new();
    let storage = bench.json("/api/v1/storage?nodes=attic");
    let command = bench.command(&["storage", "--db", "DB", "--node", "attic", "--json"]);
    // A moment is taken as the end of its minute where answers are kept.
    let of_now = ["elapsed_seconds", "left_seconds", "full", ".from", ".to"];
    check("storage", &storage, &command, &of_now);
    assert!(storage["nodes"][0]["used_bytes"].as_u64().is_some_and(|bytes| bytes > 0));
    let reputation = bench.json("/api/v1/reputation?nodes=attic");
    let command = bench.command(&["reputation", "--db", "DB", "--node", "attic", "--json"]);
    check("reputation", &reputation, &command, &["sentence", ".from", ".to"]);
    assert!(!reputation["nodes"][0]["satellites"].as_array().unwrap().is_empty());
    let told: usize = reputation["nodes"][0]["satellites"]
        .as_array()
        .unwrap()
        .iter()
        .map(|satellite| satellite["history"].as_array().unwrap().len())
        .sum();
    let history = bench.json("/api/v1/reputation/history?nodes=attic&window=24h");
    assert_eq!(history["scores"].as_array().unwrap().len(), told);
}

/// Sums of `count` by what `key` reads.
fn counts(rows: &Value, outcome: &str) -> u64 {
    let rows = rows.as_array().unwrap().iter();
    let wanted = rows.filter(|row| row["outcome"] == outcome);
    wanted.map(|row| row["count"].as_u64().unwrap()).sum()
}

#[test]
fn an_overview_a_curve_and_satellites_add_up_to_the_same() {
    let bench = Bench::new();
    for node in ["attic", "barn"] {
        let query = format!("nodes={node}&window=999d");
        let overview = bench.json(&format!("/api/v1/overview?{query}"));
        let curve = bench.json(&format!("/api/v1/traffic?{query}&step=1h"));
        let summary = bench.command(&["summary", "--db", "DB", "--node", node, "--json"]);
        for outcome in ["success", "canceled", "failed"] {
            let all = counts(&overview["nodes"][0]["actions"], outcome);
            assert_eq!(all, counts(&summary["nodes"][0]["actions"], outcome), "{node} {outcome}");
            assert_eq!(all, counts(&curve["points"], outcome), "{node} {outcome}");
        }
        for name in ["success_rate", "accepted", "rejected", "acceptance_rate", "audits"] {
            assert_eq!(overview["nodes"][0][name], summary["nodes"][0][name], "{name}");
        }
        let rejected = counts(&curve["points"], "rejected");
        assert_eq!(summary["nodes"][0]["rejected"].as_u64(), Some(rejected));
    }
}

#[test]
fn an_overview_takes_three_statements_before_anything_is_kept() {
    let bench = Bench::new();
    // What is prepared once for a connection is no statement of a question.
    bench.json("/api/v1/openapi.json");
    for (question, most) in [
        ("/api/v1/overview", 3),
        ("/api/v1/overview", 1),
        ("/api/v1/overview?nodes=barn&window=30d", 3),
    ] {
        let before = bench.statements();
        bench.json(question);
        let took = bench.statements() - before;
        assert!((1..=most).contains(&took), "{question}: {took}");
    }
}

#[test]
fn a_window_is_of_what_there_is_and_told() {
    let bench = Bench::new();
    let whole = bench.json("/api/v1/overview?nodes=barn&window=999d");
    let (from, to) = (whole["from"].as_str().unwrap(), whole["to"].as_str().unwrap());
    // Its ends may be exchanged, and lie anywhere.
    for query in [
        "from=0001-01-01T00:00:00Z&to=9999-01-01T00:00:00Z".to_owned(),
        "to=0001-01-01T00:00:00Z&from=9999-01-01T00:00:00Z".to_owned(),
        format!("from={from}&to={to}"),
        format!("from={from}"),
        format!("from={from}&window=999d"),
    ] {
        let answer = bench.json(&format!("/api/v1/overview?nodes=barn&{query}"));
        assert_eq!(answer, whole, "{query}");
    }
    for query in ["to=2001-01-01T00:00:00Z", "from=2100-01-01T00:00:00Z"] {
        let answer = bench.json(&format!("/api/v1/overview?nodes=barn&{query}"));
        assert!(answer["from"].is_null() && answer["to"].is_null(), "{answer}");
        assert!(answer["nodes"].as_array().unwrap().is_empty(), "{answer}");
    }
}

#[test]
fn nodes_tell_how_they_are_known() {
    let mut bench = Bench::new();
    bench.api.parts.configured = ["attic", "loft"].map(|name| name.parse().unwrap()).into();
    let nodes = bench.json("/api/v1/nodes");
    let names: Vec<_> = nodes["nodes"].as_array().unwrap().iter().map(|of| &of["node"]).collect();
    assert!(names.is_sorted_by_key(|name| name.as_str()), "{names:?}");
    let of = |name: &str| names.iter().position(|of| *of == name).map(|at| &nodes["nodes"][at]);
    let [attic, barn, loft, polled] =
        ["attic", "barn", "loft", POLLED].map(|name| of(name).expect(name));
    assert!(attic["lines"].as_u64().unwrap() >= 20_000, "{attic}");
    assert_eq!((&attic["sources"], &polled["sources"]), (&1.into(), &0.into()));
    let [log] = &attic["logs"].as_array().unwrap()[..] else { panic!("{attic}") };
    assert!(log["source"].as_str().unwrap().ends_with(".log"), "{log}");
    // What other programs write into a log.
    assert!(
        log["lines"] == attic["lines"] && log["not_understood"].as_u64().unwrap() < 20,
        "{log}"
    );
    assert!(log["bytes"].as_u64().unwrap() > 100 * log["lines"].as_u64().unwrap(), "{log}");
    assert_eq!(log["stored_at"], attic["stored_at"]);
    assert!(log["lag_seconds"].is_number() && polled["logs"].as_array().unwrap().is_empty());
    assert!(!attic["polls"].as_array().unwrap().is_empty() && attic["version"].is_string());
    assert!(barn["polls"].as_array().unwrap().is_empty() && barn["quic"].is_null());
    assert!(barn["lag_seconds"].as_f64().unwrap() > 0.0 || barn["lag_seconds"].is_number());
    assert!(polled["last_record_at"].is_null() && polled["silence"].is_null(), "{polled}");
    // Configured, and nothing of it is stored yet.
    assert!(loft["last_record_at"].is_null() && loft["lines"] == 0, "{loft}");
    let traffic = bench.json("/api/v1/overview?nodes=loft");
    assert!(traffic["nodes"].as_array().unwrap().is_empty(), "{traffic}");
}
