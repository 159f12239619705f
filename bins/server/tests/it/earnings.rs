//! `piecewatch earnings` on simulated nodes that are asked now, and on those of long ago.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{SystemTime, UNIX_EPOCH},
};

use piecewatch_model::{
    ByteCount, DailyBandwidth, Fact, Grain, KnownSatellite, Paystub, Period, Poll, PollPart,
    Report, SatelliteId, Standing, Timestamp,
};
use piecewatch_simulator::{
    Account, AccountConfig, ApiServer, ApiVersion, Config, Luck, NodeApi, Port, SimulatedTime,
    Simulator,
};
use piecewatch_store::{Store, StoreConfig};
use serde_json::Value;

use crate::program::Bench;

/// The nodes of long ago were asked at the end of August and when its statements were there.
const END_OF_AUGUST: Timestamp = Timestamp::from_civil((2025, 8, 31), 23, 50, 0);
const LONG_AGO: Timestamp = Timestamp::from_civil((2025, 9, 20), 12, 0, 0);

/// The program reads the clock, so the nodes live now.
#[expect(clippy::disallowed_methods, reason = "the program that is tested reads the clock, too")]
pub(crate) fn now() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_micros(i64::try_from(since_1970.as_micros()).unwrap())
}

/// What is asked while no month ends: it is asked again where one did.
fn within_a_month<T>(ask: impl Fn(Timestamp) -> T) -> T {
    loop {
        let began = now();
        let answer = ask(began);
        if Period::containing(began) == Period::containing(now()) {
            return answer;
        }
    }
}

pub(crate) fn account(seed: u64, now: Timestamp) -> Account {
    let config =
        AccountConfig { seed, now, months: 12, satellites: 4, size: None, luck: Luck::Good };
    Account::random(&config)
}

fn serve(account: &Account, now: Timestamp) -> ApiServer {
    let api = NodeApi::new(account.clone(), ApiVersion::V1_162);
    ApiServer::start(api, Port::Dashboard, SimulatedTime::new(now)).unwrap()
}

/// A folder whose `nodes.db` knows what nodes answered at `now`.
fn asked(accounts: &[(&str, Account)], now: Timestamp) -> Bench {
    let bench = Bench::new();
    let servers: Vec<ApiServer> = accounts.iter().map(|(_, account)| serve(account, now)).collect();
    let mut arguments = vec!["poll".to_owned(), "--once".into(), "--db".into(), "nodes.db".into()];
    for ((name, _), server) in accounts.iter().zip(&servers) {
        arguments.push("--node".into());
        arguments.push(format!("{name}={}", server.url()));
    }
    bench.done(arguments);
    bench
}

/// Adds what a node reported at a time.
fn report(bench: &Bench, node: &str, at: Timestamp, facts: Vec<Fact>) {
    let Store { mut writer, .. } =
        Store::open(&bench.path("nodes.db"), StoreConfig::default()).unwrap();
    let poll = Poll {
        at,
        part: PollPart::Satellites,
        took_micros: 1,
        requests: 1,
        bytes: ByteCount::new(1),
        error: None,
    };
    let report = Report { node: node.parse().unwrap(), poll, facts };
    writer.report(&report, at).unwrap();
}

/// A folder whose `nodes.db` knows a node of long ago, whose August was paid.
fn long_ago(seed: u64) -> Bench {
    let bench = Bench::new();
    let account = account(seed, LONG_AGO);
    for at in [END_OF_AUGUST, LONG_AGO] {
        let mut facts: Vec<Fact> = account.bandwidth(at).into_iter().map(Fact::Bandwidth).collect();
        facts.extend(account.storage(at).into_iter().map(Fact::Storage));
        facts.extend(account.standings(at).into_iter().map(Fact::Standing));
        let prices = account.prices(at).into_iter();
        facts.extend(prices.map(|(satellite, prices)| Fact::Prices(satellite, prices)));
        facts.extend(account.paystubs(at).into_iter().map(Fact::Paystub));
        facts.extend(account.payments(at).into_iter().map(Fact::Payment));
        report(&bench, "attic", at, facts);
    }
    bench
}

/// The rows of CSV by their headings.
fn csv(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(|row| row.unwrap()).collect()
}

fn int(of: &Value, name: &str) -> i64 {
    of[name].as_i64().unwrap_or_else(|| panic!("{name}: {of}"))
}

/// To the cent, what the node itself says; the program is asked some seconds later.
#[test]
fn what_is_shown_is_what_the_nodes_say() {
    let (asked_at, attic, months) = within_a_month(|now| {
        let (attic, barn) = (account(5, now), account(6, now));
        let bench = asked(&[("attic", attic.clone()), ("barn", barn)], now);
        (now, attic, bench.json(["earnings", "--db", "nodes.db", "--json"]))
    });
    assert_eq!(months.as_array().unwrap().len(), 2);
    let satellites = months[0]["satellites"].as_array().unwrap();
    assert_eq!((&months[0]["node"], satellites.len()), (&Value::from("attic"), 4));
    for row in satellites {
        let id = row["satellite_id"].as_str().unwrap().parse().unwrap();
        let theirs = attic.estimate(id, asked_at).unwrap().current.payout_cents * 10_000.0;
        let ours = int(row, "node_estimate_micro_usd") as f64;
        assert!((ours - theirs).abs() <= 100.0, "{ours} {theirs}: {row}");
        assert_eq!(int(row, "node_says_micro_usd") as f64, theirs.round());
    }
    let sum: i64 = satellites.iter().map(|row| int(row, "node_estimate_micro_usd")).sum();
    assert_eq!(int(&months[0], "node_estimate_micro_usd"), sum);
    assert_eq!(int(&months[0], "node_estimate_missing"), 0);
}

#[test]
fn a_table_has_a_line_for_each_satellite_and_says_what_it_is() {
    let out = within_a_month(|now| {
        asked(&[("attic", account(5, now))], now).done(["earnings", "--db", "nodes.db"])
    });
    let words = [
        "attic",
        "so far",
        "parts by the node estimate, as of",
        "NODE ESTIMATE",
        "us1",
        "eu1",
        "ap1",
        "saltlake",
        "all",
    ];
    for words in words {
        assert!(out.contains(words), "{words}: {out}");
    }
}

/// Each difference is made up by the amounts of its reasons and what they leave open.
#[test]
fn past_months_are_paid_and_the_differences_explained() {
    let (mut compared, mut explained, mut sent) = (0, 0, 0);
    for seed in 0..6 {
        let bench = long_ago(seed);
        let rows = bench.json([
            "earnings",
            "reconcile",
            "--db",
            "nodes.db",
            "--period",
            "2025-08",
            "--json",
        ]);
        let rows = rows.as_array().unwrap();
        assert_eq!(rows.len(), 4, "{rows:?}");
        for row in rows {
            let of = |name: &str| int(row, name);
            let difference = of("paid_micro_usd") - of("node_estimate_micro_usd");
            assert_eq!(of("difference_micro_usd"), difference);
            let reasons = row["reasons"].as_str().unwrap().split("; ");
            let amounts: Vec<i64> = reasons
                .filter_map(|reason| reason.split_once(' '))
                .map(|(_, amount)| amount.parse().unwrap())
                .collect();
            let sum: i64 = amounts.iter().sum();
            assert_eq!(sum + of("remainder_micro_usd"), difference, "{row}");
            compared += 1;
            explained += amounts.len();
            sent += usize::from(row["receipts"].as_str().unwrap().contains(":0x"));
        }
    }
    assert_eq!(compared, 24);
    assert!(explained >= 24 && sent > 3, "{explained} reasons, {sent} receipts");
}

#[test]
fn a_month_is_forecast_beside_what_the_node_expects() {
    let nodes = within_a_month(|now| {
        let bench = asked(&[("attic", account(5, now))], now);
        bench.json(["earnings", "forecast", "--db", "nodes.db", "--json"])
    });
    let rows = nodes[0]["satellites"].as_array().unwrap();
    assert_eq!(rows.len(), 4);
    for row in rows.iter().chain([&nodes[0]]) {
        let of = |name: &str| int(row, name);
        assert!(of("so_far_micro_usd") <= of("forecast_micro_usd"), "{row}");
        assert!(of("low_micro_usd") <= of("forecast_micro_usd"), "{row}");
        assert!(of("forecast_micro_usd") <= of("high_micro_usd"), "{row}");
        assert!(row["node_expects_micro_usd"].is_i64(), "{row}");
        assert!(row["as_of"].is_string() && row["confidence"].is_f64(), "{row}");
    }
    let sum: i64 = rows.iter().map(|row| int(row, "forecast_micro_usd")).sum();
    assert_eq!(int(&nodes[0], "forecast_micro_usd"), sum);
    assert_eq!(rows[0]["price_source"], "node");
}

/// Figures are never mixed without a word: of some satellites the node was asked, of the others its log alone tells.
#[test]
fn a_forecast_says_on_which_figure_it_is_built() {
    let forecasts = within_a_month(|now| {
        let two = AccountConfig { seed: 5, now, satellites: 2, ..AccountConfig::default() };
        let nodes = [("attic", Account::random(&two)), ("cellar", account(6, now))];
        let bench = asked(&nodes, now);
        let config = Config { start: Some(now.floor(Grain::Hour)), ..Config::default() };
        let (mut simulator, mut log) = (Simulator::new(config), Vec::new());
        for _ in 0..5_000 {
            simulator.next_line(&mut log);
        }
        bench.write("node.log", log);
        for node in ["attic", "barn"] {
            bench.done(["import", "--db", "nodes.db", "--node", node, "node.log"]);
        }
        bench.json(["earnings", "forecast", "--db", "nodes.db", "--json"])
    });
    let based_on = |node: &Value| node["based_on"].as_str().map(str::to_owned);
    let [attic, barn, cellar] = &forecasts.as_array().unwrap()[..] else { panic!("{forecasts}") };
    for (node, figure) in [(attic, "mixed"), (barn, "log_estimate"), (cellar, "node_estimate")] {
        assert_eq!(based_on(node).as_deref(), Some(figure), "{node}");
    }
    let figures: BTreeSet<_> =
        attic["satellites"].as_array().unwrap().iter().map(based_on).collect();
    assert_eq!(figures.len(), 2, "{attic}");
}

#[test]
fn csv_has_a_row_for_each_satellite_and_month_and_one_for_all() {
    let bench = long_ago(5);
    let arguments = ["earnings", "--db", "nodes.db", "--period", "2025-08", "--csv"];
    let out = bench.done(arguments);
    assert!(out.starts_with("node,period,satellite,satellite_id,"), "{out}");
    let rows = csv(&out);
    let satellites: Vec<&str> = rows.iter().map(|row| &*row["satellite"]).collect();
    assert_eq!(satellites.len(), 5, "{satellites:?}");
    assert_eq!(satellites[4], "all");
    let sum = |column: &str| {
        let of = |row: &BTreeMap<String, String>| row[column].parse::<i64>().unwrap();
        (rows[..4].iter().map(of).sum::<i64>(), of(&rows[4]))
    };
    for column in ["node_estimate_micro_usd", "paid_micro_usd", "egress_bytes", "held_micro_usd"] {
        let (parts, all) = sum(column);
        assert_eq!(parts, all, "{column}");
    }
    // What is one figure for the whole node is told once.
    for column in ["per_tb_month_micro_usd", "as_of", "storage_source"] {
        assert!(rows[..4].iter().all(|row| row[column].is_empty()), "{column}: {out}");
        assert!(!rows[4][column].is_empty(), "{column}: {out}");
    }
    let out = within_a_month(|now| {
        let bench = asked(&[("a, \"b\"", account(5, now))], now);
        bench.done(["earnings", "forecast", "--db", "nodes.db", "--csv"])
    });
    let rows = csv(&out);
    assert_eq!((rows.len(), &*rows[0]["node"], &*rows[4]["satellite"]), (5, "a, \"b\"", "all"));
}

#[test]
fn what_a_node_costs_is_set_against_what_it_earns() {
    let bench = long_ago(5);
    bench.write(
        "watch.toml",
        "db = \"nodes.db\"\n[[node]]\nname = \"attic\"\nsource = \"node.log\"\nmonthly_cost_usd = 3.50\n",
    );
    let of_july = ["earnings", "--config", "watch.toml", "--period", "2025-07", "--json"];
    let months = bench.json(of_july);
    let of = |name: &str| int(&months[0], name);
    assert_eq!(of("cost_micro_usd"), 3_500_000);
    assert_eq!(months[0]["surest"], "paid");
    assert_eq!(of("profit_micro_usd"), of("paid_micro_usd") - 3_500_000);
}

fn us1() -> SatelliteId {
    KnownSatellite::ALL[0].id()
}

/// 100 GB for customers.
fn downloads(satellite: SatelliteId, day: Timestamp) -> Fact {
    let nothing = ByteCount::default();
    Fact::Bandwidth(DailyBandwidth {
        satellite,
        day,
        get: ByteCount::new(100_000_000_000),
        get_audit: nothing,
        get_repair: nothing,
        put: nothing,
        put_repair: nothing,
    })
}

/// Of four satellites one has not stated what it pays: the three that have are no whole.
#[test]
fn a_sum_over_some_satellites_is_never_shown_as_the_whole() {
    let bench = Bench::new();
    let august: Period = "2025-08".parse().unwrap();
    let mut facts: Vec<Fact> = KnownSatellite::ALL[..4]
        .iter()
        .map(|known| downloads(known.id(), august.start()))
        .collect();
    let stubs = account(5, LONG_AGO).paystubs(LONG_AGO).into_iter();
    let like: Paystub = stubs.rev().find(|stub| stub.paid.get() > 0).unwrap();
    facts.extend(KnownSatellite::ALL[..3].iter().map(|known| {
        Fact::Paystub(Paystub { satellite: known.id(), period: august, ..like.clone() })
    }));
    report(&bench, "attic", END_OF_AUGUST, facts);
    let of_august = |form: &[&'static str]| {
        let question = ["earnings", "--db", "nodes.db", "--period", "2025-08"];
        question.into_iter().chain(form.iter().copied()).collect::<Vec<_>>()
    };
    let text = bench.done(of_august(&[]));
    assert!(text.contains("(3 of 4)"), "{text}");
    assert!(text.contains("0.80"), "{text}");
    let months = bench.json(of_august(&["--json"]));
    assert_eq!(
        (int(&months[0], "paid_missing"), &months[0]["surest"]),
        (1, &"node_estimate".into())
    );
}

/// Held amounts: how much until when; what is lost is not counted on.
#[test]
fn what_is_held_back_is_told_with_when_it_falls_and_what_is_lost() {
    let eu1 = KnownSatellite::ALL[1].id();
    let (began, out) = within_a_month(|now| {
        let bench = Bench::new();
        let like: Paystub = account(5, LONG_AGO).paystubs(LONG_AGO).pop().unwrap();
        let held = |satellite| {
            let held = "1.25".parse().unwrap();
            let nothing = "0".parse().unwrap();
            Fact::Paystub(Paystub { satellite, held, disposed: nothing, ..like.clone() })
        };
        let standing = |satellite, disqualified_at| {
            let joined_at = Some(now);
            Fact::Standing(Standing { joined_at, disqualified_at, ..Standing::unknown(satellite) })
        };
        let facts = vec![
            standing(us1(), None),
            standing(eu1, Some(now)),
            held(us1()),
            held(eu1),
            downloads(us1(), now),
        ];
        report(&bench, "attic", now, facts);
        (now, bench.done(["earnings", "--db", "nodes.db"]))
    });
    let drops = Period::containing(began).unwrap().plus_months(3).unwrap();
    for words in [
        "Held back so far by all satellites together: 1.25 USD.".to_owned(),
        format!("us1 holds back 75 %, 50 % from {drops}."),
        "The 1.25 that eu1 held back are lost: they do not come back.".to_owned(),
    ] {
        assert!(out.contains(&words), "{words}: {out}");
    }
    assert!(!out.contains("eu1 returns"), "{out}");
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
