//! `piecewatch storage` on simulated nodes: their dashboards in every version, and a log alone.

use std::{
    collections::BTreeSet,
    time::{SystemTime, UNIX_EPOCH},
};

use piecewatch_model::{ByteCount, KnownSatellite, SatelliteId, Timestamp};
use piecewatch_simulator::{
    Account, AccountConfig, ApiServer, ApiVersion, Luck, NodeApi, Port, SimulatedTime,
};
use piecewatch_store::{Store, StoreConfig};
use serde_json::{Value, json};

use crate::program::Bench;

/// The program reads the clock, so the nodes live now.
#[expect(clippy::disallowed_methods, reason = "the program that is tested reads the clock, too")]
fn now() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_micros(i64::try_from(since_1970.as_micros()).unwrap())
}

fn account(now: Timestamp) -> Account {
    let size = Some(ByteCount::new(7_000_000_000_000));
    let config = AccountConfig { seed: 5, now, months: 3, satellites: 4, size, luck: Luck::Good };
    Account::random(&config)
}

/// A folder whose `nodes.db` knows what the node answered in this version.
fn asked(account: &Account, version: ApiVersion, now: Timestamp) -> Bench {
    let bench = Bench::new();
    let api = NodeApi::new(account.clone(), version);
    let server = ApiServer::start(api, Port::Dashboard, SimulatedTime::new(now)).unwrap();
    let node = format!("attic={}", server.url());
    bench.done(["poll", "--once", "--db", "nodes.db", "--node", &node]);
    bench
}

/// Predecessor fault 20: took the free space that new versions tell for all of it, and the trash of
/// old ones for free.
#[test]
fn shares_are_right_whatever_the_version() {
    let now = now();
    let account = account(now);
    let truth = account.space(now);
    let bytes = |told: Option<ByteCount>| told.unwrap().get() as f64;
    for version in ApiVersion::ALL {
        let bench = asked(&account, version, now);
        let storage = bench.json(["storage", "--db", "nodes.db", "--json"]);
        let node = &storage["nodes"][0];
        // The node is asked some moments later, and old versions do not tell what else is taken.
        let is_near = |name: &str, expected: f64, tolerance: f64| {
            let value = node[name].as_f64().unwrap();
            assert!((value - expected).abs() <= tolerance * expected, "{name} {version:?}: {node}");
        };
        is_near("used_share", bytes(truth.used) / bytes(truth.total), 0.02);
        is_near("trash_share", bytes(truth.trash) / bytes(truth.total), 0.02);
        is_near("total_bytes", bytes(truth.total), 0.0);
        let share = |name: &str| node[name].as_f64().unwrap();
        let other = share("other_bytes") / share("total_bytes");
        let all = share("used_share") + share("trash_share") + share("available_share") + other;
        let overused = share("overused_bytes") / share("total_bytes");
        assert!((all - 1.0 - overused).abs() < 1e-9, "{version:?}: {node}");
    }
}

#[test]
fn a_table_tells_space_and_who_says_what_of_it() {
    let now = now();
    let bench = asked(&account(now), ApiVersion::V1_162, now);
    let out = bench.done(["storage", "--db", "nodes.db"]);
    for words in ["attic", "pieces", "trash", "free", "allotted", "the node", "satellites", "us1"] {
        assert!(out.contains(words), "{words}: {out}");
    }
    assert!(out.contains("When it is full is not known yet."), "one snapshot is no growth: {out}");
}

#[test]
fn gaps_in_reports_are_null() {
    let now = now();
    let bench = asked(&account(now), ApiVersion::V1_143, now);
    let storage = bench.json(["storage", "--db", "nodes.db", "--json"]);
    let days = storage["nodes"][0]["days"].as_array().unwrap();
    assert!(days.len() >= 30, "{}", days.len());
    assert!(days.last().unwrap()["bytes"].is_null(), "nobody has reported this day: {days:?}");
    let known: Vec<&Value> = days.iter().filter(|day| day["bytes"].is_u64()).collect();
    for day in known {
        let satellites = day["satellites"].as_object().unwrap().values();
        let sum: u64 = satellites.map(|of| of["bytes"].as_u64().unwrap()).sum();
        assert_eq!(day["bytes"].as_u64(), Some(sum));
    }
}

#[test]
fn of_a_log_alone_the_work_is_told() {
    let bench = Bench::new();
    bench.simulate("node.log", 60_000, &["--seed", "3"]);
    bench.done(["import", "--db", "n.db", "--node", "attic", "node.log"]);
    let out = bench.done(["storage", "--db", "n.db", "--window", "7d"]);
    for words in ["HASH STORE", "compaction", "retain", "used space walker", "Migration"] {
        assert!(out.contains(words), "{words}: {out}");
    }
    assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
    let storage = bench.json(["storage", "--db", "n.db", "--window", "7d", "--json"]);
    assert!(storage["from"].as_str() < storage["to"].as_str(), "{storage}");
    let node = &storage["nodes"][0];
    assert!(node["used_bytes"].is_null() && node["total_bytes"].is_null(), "{node}");
    let log = bench.read("node.log");
    let log = String::from_utf8_lossy(&log);
    let finished = log.lines().filter(|line| line.contains("\tfinished compaction\t")).count();
    let ended = node["ended"].as_array().unwrap().iter();
    let compactions =
        ended.filter(|run| run["task"] == "compaction" && run["ending"] != "interrupted");
    let compactions: Vec<&Value> = compactions.collect();
    assert_eq!(compactions.len(), finished);
    assert!(finished > 0);
    // What a compaction found and left is told with it, and of all of them how long they took.
    for run in compactions.iter().filter(|run| run["began_at"].is_string()) {
        for state in ["before", "after"] {
            let fields = ["pieces_bytes", "dead_bytes", "trash_bytes", "table_load"];
            assert!(fields.iter().all(|field| run[state][field].is_number()), "{state}: {run}");
        }
    }
    assert!(out.contains("before: ") && out.contains(" dead, "), "{out}");
    let tasks = node["tasks"].as_array().unwrap();
    let task = tasks.iter().find(|task| task["task"] == "compaction").unwrap();
    let told = ["finished", "failed"].map(|ending| task[ending].as_u64().unwrap());
    assert_eq!(told.iter().sum::<u64>(), finished as u64, "{task}");
    assert!(task["median_seconds"].as_f64() <= task["longest_seconds"].as_f64(), "{task}");
    assert!(task["median_seconds"].is_f64() && task["before_seconds"].is_null(), "{task}");

    // What no walk has found yet is no part of a sum that is told as that of the whole node, nor is a
    // part of a hash store that was not compacted.
    let named = |line: &str| {
        let mut all = KnownSatellite::ALL.iter().map(|known| known.id());
        all.find(|id| line.contains(&id.to_string()))
    };
    let of = |words: &str| -> BTreeSet<SatelliteId> {
        log.lines().filter(|line| line.contains(words)).filter_map(named).collect()
    };
    let of_part = |store: &str| {
        let lines = log.lines().filter(|line| line.contains("\tfinished compaction\t"));
        let part = format!("\"store\": \"{store}\"");
        lines.filter(|line| line.contains(&part)).filter_map(named).collect::<BTreeSet<_>>()
    };
    let (walked, [s0, s1]) = (of("\tused-space-filewalker completed\t"), ["s0", "s1"].map(of_part));
    let served: BTreeSet<SatelliteId> = of("\tpiecestore\t")
        .into_iter()
        .chain(s0.iter().copied())
        .chain(s1.iter().copied())
        .collect();
    assert!(!walked.is_empty());
    let hash_stored: BTreeSet<SatelliteId> = s0.union(&s1).copied().collect();
    let missing = served.difference(&walked).count()
        + hash_stored.difference(&s0).count()
        + hash_stored.difference(&s1).count();
    assert_eq!(node["files_missing"].as_array().unwrap().len(), missing, "{node}");
    assert_eq!(node["files_pieces_bytes"].is_null(), missing > 0);
    assert_eq!(out.contains("its files, in part"), missing > 0, "{out}");
}

/// What a real node (v1.137) wrote at the end of a compaction.
fn compacted(satellite: &str, store: &str) -> String {
    format!(
        "{}\tINFO\thashstore\tfinished compaction\t{{\"Process\": \"storagenode\", \"satellite\": \
         \"{satellite}\", \"store\": \"{store}\", \"duration\": \"100.031853ms\", \"stats\": \
         {{\"NumLogs\":11,\"LenLogs\":\"3.7 GiB\",\"Table\":{{\"NumSet\":1782,\"LenSet\":\
         \"3.7 GiB\",\"LenTrash\":\"0 B\",\"Load\":0.05}}}}}}\n",
        now(),
    )
}

/// A real node's log: of three satellites one part of two each was compacted.
#[test]
fn a_part_of_a_hash_store_that_was_not_compacted_is_named() {
    let log = [
        compacted("1wFTAgs9DP5RSnCqKV1eLf6N9wtk4EAtmN5DpSxcs8EjT69tGE", "s0"),
        compacted("121RTSDpyNZVcEU84Ticf2L1ntiuUimbWgfATz21tuvgk3vzoA6", "s1"),
        compacted("12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S", "s1"),
    ];
    let bench = Bench::new();
    bench.write("node.log", log.concat());
    bench.done(["import", "--db", "n.db", "--node", "attic", "node.log"]);
    let out = bench.done(["storage", "--db", "n.db"]);
    assert!(out.contains("its files, in part"), "{out}");
    let words = out.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in ["ap1 s0", "us1 s0", "saltlake s1"] {
        assert!(words.contains(part), "{part}: {out}");
    }
    let storage = bench.json(["storage", "--db", "n.db", "--json"]);
    let missing = storage["nodes"][0]["files_missing"].as_array().unwrap();
    assert_eq!(missing.len(), 3, "{missing:?}");
    assert!(missing.contains(&json!({ "satellite": "us1", "part": "s0" })), "{missing:?}");
}

#[test]
fn why_the_node_counts_other_than_its_files_and_its_satellites_is_told() {
    let now = now();
    let bench = asked(&account(now), ApiVersion::V1_162, now);
    bench.write("node.log", compacted("12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S", "s0"));
    bench.done(["import", "--db", "nodes.db", "--node", "attic", "node.log"]);
    let node = &bench.json(["storage", "--db", "nodes.db", "--json"])["nodes"][0];
    let bytes = |value: &Value| value.as_i64().unwrap();
    let sum = |causes: &Value| -> i64 { causes.as_object().unwrap().values().map(bytes).sum() };
    let found = 3.7 * f64::from(1 << 30);
    assert_eq!(bytes(&node["files_causes"]["unknown_files"]), sum(&node["files_causes"]));
    let difference = bytes(&node["used_bytes"]) as f64 - found;
    assert!((sum(&node["files_causes"]) as f64 - difference).abs() < 1e6, "{node}");
    let difference = bytes(&node["taken_bytes"]) - bytes(&node["reported_bytes"]);
    assert_eq!(sum(&node["causes"]), difference);
    let out = bench.done(["storage", "--db", "nodes.db"]);
    let less_or_more = if difference < 0 { "less" } else { "more" };
    let amount = ByteCount::new(difference.unsigned_abs());
    let heading = format!("takes of its disk {amount} {less_or_more} than what satellites report:");
    assert!(out.contains(&heading), "{heading} {out}");
    assert!(out.contains("more than what was found in its files:"), "{out}");
    assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
}

/// A real node's lines (v1.137): a broken piece is tried again and again, and nothing is moved.
#[test]
fn a_migration_that_moves_nothing_is_told() {
    let line = |message: &str, error: &str| {
        let now = now();
        let satellite = "12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S";
        format!(
            "{now}\tINFO\tpiecemigrate:chore\t{message}\t{{\"Process\": \"storagenode\", {error}\
             \"sat\": \"{satellite}\"}}\n",
        )
    };
    let failed = line("couldn't migrate", "\"error\": \"hash mismatch: source=\", ");
    let bench = Bench::new();
    bench.write("node.log", [line("enqueued for migration", ""), failed].concat());
    bench.done(["import", "--db", "n.db", "--node", "attic", "node.log"]);
    let out = bench.done(["storage", "--db", "n.db"]);
    let words = out.split_whitespace().collect::<Vec<_>>().join(" ");
    let told = "Migration to the hash store: nothing was moved; the pieces of us1 are to be; 1 \
         attempt failed, the last at ";
    assert!(words.contains(told), "{out}");
    let storage = bench.json(["storage", "--db", "n.db", "--json"]);
    let migration = &storage["nodes"][0]["migration"];
    assert_eq!((&migration["failures"], &migration["queued"]), (&json!(1), &json!(["us1"])));
    assert!(migration["from"].is_null() && migration["failed_at"].is_string(), "{migration}");
}

#[test]
fn csv_has_a_row_for_each_node_and_rows_for_what_is_told_of_it() {
    let now = now();
    let bench = asked(&account(now), ApiVersion::V1_162, now);
    bench.simulate("node.log", 100, &[]);
    bench.done(["import", "--db", "nodes.db", "--node", "barn", "node.log"]);
    let out = bench.done(["storage", "--db", "nodes.db", "--csv"]);
    let lines: Vec<&str> = out.lines().collect();
    let heading = "from,to,node,row,name,at,count,seconds,bytes,used_bytes,trash_bytes,";
    assert!(lines[0].starts_with(heading), "{out}");
    let of_kind = |kind: &str| -> Vec<&str> {
        let kind = format!(",{kind},");
        lines[1..].iter().filter(|line| line.contains(&kind)).copied().collect()
    };
    let nodes = of_kind("node");
    assert_eq!(nodes.len(), 2, "{out}");
    let (attic, barn) = ("Z,attic,node,,,,,,", "Z,barn,node,,,,,,,,");
    assert!(nodes[0].contains(attic) && nodes[1].contains(barn), "{out}");
    // The same as in JSON, each in a row of its own.
    let node = &bench.json(["storage", "--db", "nodes.db", "--json"])["nodes"][0];
    for (name, bytes) in node["satellites"].as_object().unwrap() {
        let row = |line: &&&str| {
            line.contains(&format!(",attic,satellite,{name},"))
                && line.contains(&format!(",{bytes},"))
        };
        assert_eq!(of_kind("satellite").iter().filter(row).count(), 1, "{name}: {out}");
    }
    for (name, bytes) in node["causes"].as_object().unwrap() {
        let row = format!(",attic,cause,{name},,,,{bytes},");
        assert!(out.contains(&row), "{row}: {out}");
    }
    let days = of_kind("day").into_iter().filter(|line| line.contains(",attic,")).count();
    assert_eq!(Some(days), node["days"].as_array().map(Vec::len), "{out}");
}

#[test]
fn an_empty_database_says_how_to_fill_it() {
    let bench = Bench::new();
    drop(Store::open(&bench.path("n.db"), StoreConfig::default()).unwrap());
    let out = bench.done(["storage", "--db", "n.db"]);
    assert!(out.contains("piecewatch poll --once --db n.db --node NAME="), "{out}");
    let unknown = bench.run(["storage", "--db", "n.db", "--node", "nobody"]);
    assert_eq!(unknown.code, Some(1), "{}", unknown.err);
    let wrong = bench.run(["storage", "--db", "n.db", "--window", "soon"]);
    assert_eq!(wrong.code, Some(2), "{}", wrong.err);
}
