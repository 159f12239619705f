//! `piecewatch reputation` on a simulated node that was asked, and on one of which there is a log.

use piecewatch_model::SatelliteId;
use piecewatch_simulator::{ApiServer, ApiVersion, NodeApi, Port, SimulatedTime};

use crate::{
    earnings::{account, now},
    program::Bench,
};

#[test]
fn scores_are_those_of_the_node_and_a_sentence_says_what_was_decided() {
    let now = now();
    let bench = Bench::new();
    let account = account(5, now);
    let api = NodeApi::new(account.clone(), ApiVersion::V1_162);
    let server = ApiServer::start(api, Port::Dashboard, SimulatedTime::new(now)).unwrap();
    let node = format!("attic={}", server.url());
    bench.done(["poll", "--once", "--db", "n.db", "--node", &node]);
    let answer = bench.json(["reputation", "--db", "n.db", "--json"]);
    let nodes = &answer["nodes"];
    assert_eq!(answer["thresholds"]["audit"]["limit"], 0.96);
    let rows = nodes[0]["satellites"].as_array().unwrap();
    let standings = account.standings(now);
    assert_eq!(rows.len(), standings.len());
    for row in rows {
        let id: SatelliteId = row["satellite_id"].as_str().unwrap().parse().unwrap();
        let standing = standings.iter().find(|standing| standing.satellite == id).unwrap();
        let scores = standing.scores.unwrap();
        assert_eq!(row["audit"].as_f64(), Some(scores.audit), "{row}");
        assert_eq!(row["suspension"].as_f64(), Some(scores.suspension), "{row}");
        let online = row["online"].as_f64().unwrap();
        assert!((online - scores.online).abs() < 0.05, "a window later at most: {row}");
        assert!(row["days_joined"].as_u64().unwrap() > 0, "{row}");
    }
    let connection = &nodes[0]["connection"];
    assert_eq!(connection["last_poll"]["state"], "well", "{nodes}");
    // It may still be finding out.
    let quic = connection["quic"]["quic"].as_str().unwrap();
    assert!(["OK", "Misconfigured", "Disabled", "Refreshing"].contains(&quic), "{connection}");
    for (check, field) in [("last_poll", "at"), ("last_ping", "at"), ("version", "minimum")] {
        assert!(connection[check][field].is_string(), "{check} {field}: {connection}");
    }
    assert!(connection["port"]["port"].is_u64(), "{connection}");
    // It has no log: nobody knows of restarts.
    assert_eq!(nodes[0]["connection"]["restarts"]["state"], "unknown", "{nodes}");
    let table = bench.done(["reputation", "--db", "n.db"]);
    for words in ["attic", "SATELLITE", "AUDIT", "us1", "CONNECTION", "quic", "version"] {
        assert!(table.contains(words), "{words}: {table}");
    }
    let csv = bench.done(["reputation", "--db", "n.db", "--csv"]);
    assert!(csv.starts_with("from,to,node,satellite,satellite_id,state,told_at,audit,"), "{csv}");
    assert_eq!(csv.lines().count(), 1 + standings.len());
}

#[test]
fn a_log_alone_tells_scores_and_their_changes() {
    let bench = Bench::new();
    let truth = bench.simulate("node.log", 40_000, &["--seed", "2"]);
    assert!(truth["scores"].as_u64().unwrap() > 1, "{}", truth["scores"]);
    bench.done(["import", "--db", "n.db", "--node", "attic", "node.log"]);
    let answer = bench.json(["reputation", "--db", "n.db", "--window", "99d", "--json"]);
    let nodes = &answer["nodes"];
    let rows = nodes[0]["satellites"].as_array().unwrap();
    let told: usize = rows.iter().map(|row| row["history"].as_array().unwrap().len()).sum();
    assert!(!rows.is_empty() && told as u64 <= truth["scores"].as_u64().unwrap(), "{nodes}");
    assert!(rows.iter().all(|row| row["joined_at"].is_null()), "no log tells it: {nodes}");
    assert_eq!(nodes[0]["connection"]["port"]["state"], "unknown", "{nodes}");
    // Each start that the log tells, with the version that it told.
    let log = String::from_utf8_lossy(&bench.read("node.log")).into_owned();
    let told = log.lines().filter(|line| line.contains("Configuration loaded")).count();
    let restarts = &nodes[0]["connection"]["restarts"];
    let starts = restarts["starts"].as_array().unwrap();
    assert_eq!((starts.len(), restarts["count"].as_u64()), (told, Some(told as u64)), "{restarts}");
    assert!(told > 0 && starts.iter().all(|start| start["version"].is_string()), "{restarts}");
    assert!(starts.is_sorted_by_key(|start| start["at"].as_str()), "{restarts}");
    assert!(nodes[0]["connection"]["failed_pings"]["count"].is_u64(), "{nodes}");
    let table = bench.done(["reputation", "--db", "n.db"]);
    assert!(table.contains("Its log begins at "), "{table}");
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
}

#[test]
fn of_a_time_of_which_nothing_is_kept_nothing_is_called_well() {
    let bench = Bench::new();
    // The log is of 2023; trouble, scores and restarts are kept for a year.
    bench.simulate("node.log", 20_000, &["--vocabulary", "2023", "--seed", "3"]);
    bench.done(["import", "--db", "n.db", "--node", "attic", "node.log"]);
    let answer = bench.json(["reputation", "--db", "n.db", "--json"]);
    let checks = answer["nodes"][0]["connection"].as_object().unwrap();
    assert!(checks.values().all(|check| check["state"] != "well"), "{checks:?}");
    let table = bench.done(["reputation", "--db", "n.db"]);
    assert!(table.contains("No scores are known of that time"), "{table}");
}

#[test]
fn a_node_that_sees_its_router_only_is_told_so() {
    const REMOTE: &str = "\"remote_address\": \"";
    let bench = Bench::new();
    bench.simulate("node.log", 4_000, &["--seed", "2"]);
    let log = String::from_utf8_lossy(&bench.read("node.log")).into_owned();
    let mut alike = String::with_capacity(log.len());
    for line in log.lines() {
        // Whatever address the line has, the router puts its own there.
        let place = line.find(REMOTE).map(|at| at + REMOTE.len());
        match place.and_then(|from| Some((from, from + line[from..].find('"')?))) {
            Some((from, to)) => {
                alike.push_str(&line[..from]);
                alike.push_str("192.168.1.1:4000");
                alike.push_str(&line[to..]);
            }
            None => alike.push_str(line),
        }
        alike.push('\n');
    }
    bench.write("alike.log", alike);
    bench.done(["import", "--db", "n.db", "--node", "attic", "--keep-raw", "alike.log"]);
    bench.done(["import", "--db", "m.db", "--node", "attic", "--keep-raw", "node.log"]);
    let peers = |db: &str| {
        let answer = bench.json(["reputation", "--db", db, "--json"]);
        answer["nodes"][0]["peers"]["state"].as_str().unwrap().to_owned()
    };
    assert_eq!((peers("n.db").as_str(), peers("m.db").as_str()), ("one_address", "varied"));
    let table = bench.done(["reputation", "--db", "n.db"]);
    assert!(table.contains("Nearly all peers have the address 192.168.1.1"), "{table}");
}
