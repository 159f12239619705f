//! `piecewatch earnings` on simulated nodes that `piecewatch poll` has asked.

use std::time::{SystemTime, UNIX_EPOCH};

use piecewatch_model::{Period, Timestamp};
use piecewatch_simulator::{
    Account, AccountConfig, ApiServer, ApiVersion, Luck, NodeApi, Port, SimulatedTime,
};
use serde_json::Value;

use crate::program::Bench;

/// The program reads the clock, so the nodes live now.
#[expect(clippy::disallowed_methods, reason = "the program that is tested reads the clock, too")]
pub(crate) fn now() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_micros(i64::try_from(since_1970.as_micros()).unwrap())
}

fn account(seed: u64, now: Timestamp) -> Account {
    let config =
        AccountConfig { seed, now, months: 12, satellites: 4, size: None, luck: Luck::Good };
    Account::random(&config)
}

fn serve(account: &Account, now: Timestamp) -> ApiServer {
    let api = NodeApi::new(account.clone(), ApiVersion::V1_162);
    ApiServer::start(api, Port::Dashboard, SimulatedTime::new(now)).unwrap()
}

/// A folder whose `nodes.db` knows what two nodes answered at `now`.
fn asked(accounts: &[(&str, Account)], now: Timestamp) -> Bench {
    let bench = Bench::new();
    let servers: Vec<ApiServer> = accounts.iter().map(|(_, account)| serve(account, now)).collect();
    let mut arguments = vec!["poll".to_owned(), "--once".into(), "--db".into(), "nodes.db".into()];
    for ((name, _), server) in accounts.iter().zip(&servers) {
        arguments.push("--node".into());
        arguments.push(format!("{name}={}", server.url()));
    }
    let ended = bench.run(arguments);
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    bench
}

fn json(bench: &Bench, arguments: &[&str]) -> Value {
    let ended = bench.run(arguments);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    serde_json::from_str(&ended.out).unwrap()
}

/// To the cent, what the node itself says; the program is asked some seconds later.
#[test]
fn what_is_shown_is_what_the_nodes_say() {
    let now = now();
    let (attic, barn) = (account(5, now), account(6, now));
    let bench = asked(&[("attic", attic.clone()), ("barn", barn)], now);
    let months = json(&bench, &["earnings", "--db", "nodes.db", "--json"]);
    assert_eq!(months.as_array().unwrap().len(), 2);
    let satellites = months[0]["satellites"].as_array().unwrap();
    assert_eq!((&months[0]["node"], satellites.len()), (&Value::from("attic"), 4));
    for row in satellites {
        let id = row["satellite_id"].as_str().unwrap().parse().unwrap();
        let theirs = attic.estimate(id, now).unwrap().current.payout_cents * 10_000.0;
        let ours = row["node_estimate_micro_usd"].as_f64().unwrap();
        assert!((ours - theirs).abs() <= 100.0, "{ours} {theirs}: {row}");
        assert_eq!(row["node_says_micro_usd"].as_f64().unwrap(), theirs.round());
    }
}

#[test]
fn a_table_has_a_line_for_each_satellite_and_says_what_it_is() {
    let now = now();
    let bench = asked(&[("attic", account(5, now))], now);
    let ended = bench.run(["earnings", "--db", "nodes.db"]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    for words in ["attic", "so far", "NODE ESTIMATE", "us1", "eu1", "ap1", "saltlake", "all"] {
        assert!(ended.out.contains(words), "{words}: {}", ended.out);
    }
}

#[test]
fn past_months_are_paid_and_the_differences_explained() {
    let now = now();
    let bench = asked(&[("attic", account(5, now))], now);
    let last = Period::containing(now).unwrap().plus_months(-3).unwrap().to_string();
    let months = json(&bench, &["earnings", "--db", "nodes.db", "--period", &last, "--json"]);
    assert!(months[0]["paid_micro_usd"].as_i64().unwrap() > 0, "{months}");
    // The running month and the one before are known of a node that is asked for the first time.
    let rows =
        json(&bench, &["earnings", "reconcile", "--db", "nodes.db", "--months", "3", "--json"]);
    let rows = rows.as_array().unwrap();
    assert!(rows.len() >= 8, "{rows:?}");
    for row in rows {
        if row["node_estimate_micro_usd"].is_null() || row["paid_micro_usd"].is_null() {
            continue;
        }
        let of = |name: &str| row[name].as_i64().unwrap();
        let difference = of("paid_micro_usd") - of("node_estimate_micro_usd");
        assert_eq!(of("difference_micro_usd"), difference);
    }
}

#[test]
fn a_month_is_forecast_beside_what_the_node_expects() {
    let now = now();
    let bench = asked(&[("attic", account(5, now))], now);
    let rows = json(&bench, &["earnings", "forecast", "--db", "nodes.db", "--json"]);
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 4);
    for row in rows {
        let of = |name: &str| row[name].as_i64().unwrap();
        assert!(of("so_far_micro_usd") <= of("forecast_micro_usd"), "{row}");
        assert!(of("low_micro_usd") <= of("forecast_micro_usd"), "{row}");
        assert!(of("forecast_micro_usd") <= of("high_micro_usd"), "{row}");
        assert!(row["node_expects_micro_usd"].is_i64(), "{row}");
    }
}

#[test]
fn csv_has_a_heading_and_a_row_for_each_satellite_and_month() {
    let now = now();
    let bench = asked(&[("a, \"b\"", account(5, now))], now);
    let ended = bench.run(["earnings", "--db", "nodes.db", "--months", "2", "--csv"]);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let lines: Vec<&str> = ended.out.lines().collect();
    assert!(lines[0].starts_with("node,period,satellite,satellite_id,"), "{}", lines[0]);
    assert_eq!(lines.len(), 1 + 2 * 4, "{}", ended.out);
    assert!(lines[1].starts_with("\"a, \"\"b\"\"\",20"), "{}", lines[1]);
}

#[test]
fn what_a_node_costs_is_set_against_what_it_earns() {
    let now = now();
    let bench = asked(&[("attic", account(5, now))], now);
    bench.write(
        "watch.toml",
        "db = \"nodes.db\"\n[[node]]\nname = \"attic\"\nsource = \"node.log\"\nmonthly_cost_usd = 3.50\n",
    );
    let month = Period::containing(now).unwrap().plus_months(-2).unwrap().to_string();
    let months =
        json(&bench, &["earnings", "--config", "watch.toml", "--period", &month, "--json"]);
    let of = |name: &str| months[0][name].as_i64().unwrap();
    assert_eq!(of("cost_micro_usd"), 3_500_000);
    assert_eq!(of("profit_micro_usd"), of("paid_micro_usd") - 3_500_000);
}

#[test]
fn wrong_questions_are_told_what_to_ask() {
    let bench = Bench::new();
    let ended = bench.run(["earnings", "--db", "nodes.db"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.err.contains("there is no database nodes.db"), "{}", ended.err);
    let ended = bench.run(["earnings", "--db", "nodes.db", "--period", "2026-13"]);
    assert_eq!(ended.code, Some(2), "{}", ended.err);
    let ended = bench.run(["earnings", "--db", "nodes.db", "--json", "--csv"]);
    assert_eq!(ended.code, Some(2), "{}", ended.err);
}
