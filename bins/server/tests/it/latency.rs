//! `piecewatch latency` and `piecewatch slow` on logs of nodes that told starts and milliseconds.

use piecewatch_store::{Store, StoreConfig};
use serde_json::Value;

use crate::program::Bench;

/// A bench whose `n.db` knows two nodes of 2019, whose lines have milliseconds.
fn imported() -> Bench {
    let bench = Bench::new();
    for (name, seed) in [("attic", "1"), ("barn", "2")] {
        let log = format!("{name}.log");
        bench.simulate(&log, 5_000, &["--vocabulary", "2019", "--seed", seed]);
        bench.done(["import", "--db", "n.db", "--node", name, &log]);
    }
    bench
}

fn rows(answer: &Value) -> &[Value] {
    answer["measured"].as_array().unwrap()
}

fn count(row: &Value) -> u64 {
    row["count"].as_u64().unwrap()
}

#[test]
fn all_nodes_together_are_the_nodes_and_percentiles_are_in_order() {
    let bench = imported();
    let answer = bench.json(["latency", "--db", "n.db", "--window", "1000d", "--json"]);
    // What is older than 90 days is kept by the day.
    assert_eq!(answer["aligned_to"], "days");
    let of = |node: Value, action: &str| {
        let mut rows = rows(&answer).iter();
        rows.find(|row| row["node"] == node && row["action"] == action).map_or(0, count)
    };
    for action in ["GET", "PUT", "GET_AUDIT"] {
        let (attic, barn) = (of("attic".into(), action), of("barn".into(), action));
        assert!(attic > 0, "{action}: {answer:#}");
        assert_eq!(of(Value::Null, action), attic + barn, "{action}");
    }
    for row in rows(&answer) {
        assert_eq!(row["clock"], "line ms", "{row}");
        let columns = ["p50_micros", "p90_micros", "p95_micros", "p99_micros", "max_micros"];
        let told = columns.map(|column| row[column].as_u64().unwrap());
        assert!(told.is_sorted() && told[0] > 0, "{row}");
    }
    assert!(!answer["in_flight"]["actions"].as_array().unwrap().is_empty());
    // The window begins with the first record, not a thousand days before the last.
    assert!(answer["from"].as_str().unwrap().starts_with("2019-"), "{answer:#}");
}

/// Split in any way, each transfer is in one line.
#[test]
fn each_way_to_tell_apart_tells_of_the_same_transfers() {
    let bench = imported();
    let all = |by: &str| {
        let arguments = ["latency", "--db", "n.db", "--window", "1000d", "--json", "--by", by];
        let answer = bench.json(arguments);
        let rows = rows(&answer).iter().filter(|row| by != "node" || !row["node"].is_null());
        rows.map(count).sum::<u64>()
    };
    let by_node = all("node");
    assert!(by_node > 500, "{by_node}");
    assert_eq!((all("satellite"), all("day")), (by_node, by_node));
    let arguments = ["latency", "--db", "n.db", "--window", "1000d", "--json", "--histogram"];
    let answer = bench.json(arguments);
    let bars = answer["histograms"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|histogram| histogram["bars"].as_array().unwrap().iter().map(count));
    assert_eq!(bars.sum::<u64>(), by_node);
    let linear = bench.json(arguments.iter().chain(&["linear"]));
    for histogram in linear["histograms"].as_array().unwrap() {
        let bars = histogram["bars"].as_array().unwrap();
        let width = bars[0]["to_micros"].as_u64().unwrap();
        for (at, bar) in bars.iter().enumerate() {
            assert_eq!(bar["from_micros"].as_u64(), Some(at as u64 * width), "{histogram:#}");
        }
        assert!(bars.len() <= 21, "{histogram:#}");
    }
    let of =
        |histogram: &Value| histogram["bars"].as_array().unwrap().iter().map(count).sum::<u64>();
    let counts: u64 = linear["histograms"].as_array().unwrap().iter().map(of).sum();
    assert_eq!(counts, by_node);
}

#[test]
fn a_table_and_csv_say_the_same() {
    let bench = imported();
    let common = ["latency", "--db", "n.db", "--node", "attic", "--action", "get"];
    let table = bench.done(common);
    for words in ["Latency", "attic", "GET", "line ms", "P50", "P99", "In flight"] {
        assert!(table.contains(words), "{words}: {table}");
    }
    assert!(!table.contains("PUT"), "one action was asked for: {table}");
    let csv = bench.done(common.iter().chain(&["--csv"]));
    let lines: Vec<&str> = csv.lines().collect();
    let heading = "from,to,node,satellite,satellite_id,at,action,clock,count,";
    assert!(lines[0].starts_with(heading), "{csv}");
    assert!(lines.len() == 2 && lines[1].contains(",attic,,,,GET,line ms,"), "{csv}");
    let drawn = bench.done(common.iter().chain(&["--histogram"]));
    assert!(drawn.contains('█'), "{drawn}");
    let bars = bench.done(common.iter().chain(&["--histogram", "--csv"]));
    let mut bars = bars.lines();
    assert_eq!(bars.next(), Some("from,to,action,clock,from_micros,to_micros,count"));
    let answer = bench.json(common.iter().chain(&["--histogram", "--json"]));
    let told = answer["histograms"][0]["bars"].as_array().unwrap();
    assert_eq!(bars.count(), told.len(), "a row for each bar");
}

#[test]
fn csv_has_its_heading_without_rows_too() {
    let bench = imported();
    for command in ["latency", "slow"] {
        let csv = |action: &str| {
            let all = [command, "--db", "n.db", "--window", "1000d", "--csv", "--action", action];
            bench.done(all)
        };
        let (some, none) = (csv("get"), csv("foo"));
        assert!(some.lines().count() > 1, "{some}");
        assert_eq!(none.trim_end(), some.lines().next().unwrap_or_default());
    }
}

/// Lines of 2026 tell whole seconds: percentiles would tell of the clock. Without the lines of starts
/// there is nothing to measure at all.
#[test]
fn what_was_not_measured_is_not_told_and_why() {
    let bench = Bench::new();
    bench.simulate("n.log", 5_000, &["--vocabulary", "2026"]);
    bench.done(["import", "--db", "d.db", "--node", "attic", "n.log"]);
    let log = String::from_utf8_lossy(&bench.read("n.log")).into_owned();
    let without_starts = log.lines().filter(|line| !line.contains("started"));
    let lines: Vec<&str> = without_starts.collect();
    bench.write("n.log", lines.join("\n") + "\n");
    bench.done(["import", "--db", "n.db", "--node", "attic", "n.log"]);
    let answer = bench.json(["latency", "--db", "n.db", "--json"]);
    assert_eq!(rows(&answer).len(), 0);
    assert!(answer["in_flight"]["actions"].as_array().unwrap().is_empty());
    let table = bench.done(["latency", "--db", "n.db"]);
    assert!(table.contains("nothing to measure"), "{table}");
    let table = bench.done(["latency", "--db", "n.db", "--action", "foo"]);
    assert!(table.contains("No transfer of this action is known") && table.contains("GET_REPAIR"));

    let table = bench.done(["latency", "--db", "d.db"]);
    assert!(table.contains("whole seconds only") && table.contains("piecewatch slow"), "{table}");
    let table = bench.done(["slow", "--db", "d.db"]);
    let first = table.lines().nth(3).unwrap();
    let took = first.trim().split("  ").next().unwrap();
    assert!(took.ends_with(" s") && !took.contains('.'), "no digits that nobody measured: {table}");
}

/// The logs are of years ago, of which only days of latencies are kept.
#[test]
fn a_short_window_says_that_it_was_widened_to_days() {
    let bench = imported();
    let table = bench.done(["latency", "--db", "n.db", "--window", "1m"]);
    assert!(table.contains("no less than whole days is kept"), "{table}");
    let table = bench.done(["latency", "--db", "n.db", "--window", "2d"]);
    assert!(!table.contains("Less was asked for"), "{table}");
    let answer = bench.json(["latency", "--db", "n.db", "--window", "1m", "--json"]);
    for end in ["from", "to"] {
        assert!(answer[end].as_str().unwrap().ends_with("T00:00:00Z"), "{answer:#}");
        assert_eq!(answer["in_flight"][end], answer[end], "one window for all of the answer");
    }
}

#[test]
fn of_nothing_the_forms_are_the_same() {
    let bench = Bench::new();
    drop(Store::open(&bench.path("n.db"), StoreConfig::default()).unwrap());
    for (command, list) in [("latency", "measured"), ("slow", "transfers"), ("compare", "nodes")] {
        let answer = bench.json([command, "--db", "n.db", "--json"]);
        assert!(answer["from"].is_null() && answer["to"].is_null(), "{answer:#}");
        assert_eq!(answer[list].as_array().map(Vec::len), Some(0), "{answer:#}");
    }
}

#[test]
fn the_slowest_come_first_and_are_whole() {
    let bench = imported();
    let slow = |more: &[&str]| {
        let common = ["slow", "--db", "n.db", "--window", "1000d", "--json"];
        bench.json(common.iter().chain(more))["transfers"].as_array().unwrap().clone()
    };
    let micros = |row: &Value| row["latency_micros"].as_u64().unwrap();
    let all = slow(&[]);
    assert_eq!(all.len(), 10);
    assert!(all.is_sorted_by_key(|row| std::cmp::Reverse(micros(row))), "{all:#?}");
    // Of one node there is none that is slower than the slowest of all.
    let attic = slow(&["--node", "attic"]);
    assert!(attic.iter().all(|row| row["node"] == "attic" && micros(row) <= micros(&all[0])));
    let audits = slow(&["--action", "get_audit", "--ending", "success"]);
    assert!(!audits.is_empty());
    for row in &audits {
        assert_eq!((&row["action"], &row["outcome"]), (&"GET_AUDIT".into(), &"success".into()));
        assert_eq!(row["piece"].as_str().unwrap().len(), 52);
    }
    let table = bench.done(["slow", "--db", "n.db", "--window", "1000d", "--limit", "12"]);
    assert!(table.contains("The first 10 are exact"), "{table}");
    let csv = bench.done(["slow", "--db", "n.db", "--window", "1000d", "--csv"]);
    let heading = "from,to,at,node,latency_micros,clock,action,outcome,size_bytes,";
    assert!(csv.starts_with(heading), "{csv}");
    assert_eq!(csv.lines().count(), 11);
}

#[test]
fn wrong_questions_are_told_what_to_ask() {
    let bench = Bench::new();
    for command in ["latency", "slow"] {
        let ended = bench.run([command, "--db", "n.db"]);
        assert_eq!(ended.code, Some(1));
        assert!(ended.err.contains("there is no database n.db"), "{}", ended.err);
        for wrong in [&["--window", "0h"][..], &["--action", ""], &["--json", "--csv"]] {
            let ended = bench.run([command, "--db", "n.db"].iter().chain(wrong));
            assert_eq!(ended.code, Some(2), "{command} {wrong:?}: {}", ended.err);
        }
    }
}
