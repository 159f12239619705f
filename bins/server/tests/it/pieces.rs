//! `piecewatch pieces` against the lines of a simulated log.

use std::collections::BTreeMap;

use piecewatch_model::Timestamp;
use serde_json::Value;

use crate::program::Bench;

/// How often each piece was downloaded by clients in the hour before the newest line about a
/// transfer, widened to whole five minutes: counted line by line.
fn counted(log: &str) -> BTreeMap<String, u64> {
    let mut downloads: Vec<(Timestamp, String)> = Vec::new();
    let mut newest = Timestamp::from_seconds(0);
    for line in log.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        let [time, _, logger, message, fields] = columns[..] else { continue };
        let (Ok(at), Ok(fields)) = (time.parse(), serde_json::from_str::<Value>(fields)) else {
            continue;
        };
        newest = newest.max(at);
        let ended = ["downloaded", "download canceled", "download failed"].contains(&message);
        if logger == "piecestore" && ended && fields["action"] == "GET" {
            downloads.push((at, fields["piece_id"].as_str().unwrap().to_owned()));
        }
    }
    let first = (newest.as_seconds() - 3_600).div_euclid(300) * 300;
    let mut counts = BTreeMap::new();
    for (_, piece) in downloads.into_iter().filter(|(at, _)| at.as_seconds() >= first) {
        *counts.entry(piece).or_default() += 1;
    }
    counts
}

#[test]
fn the_pieces_of_the_last_hour_are_those_of_the_lines() {
    let bench = Bench::new();
    bench.simulate("node.log", 4_000, &["--seed", "5"]);
    bench.done(["import", "--db", "n.db", "--node", "attic", "--keep-raw", "node.log"]);
    let log = String::from_utf8_lossy(&bench.read("node.log")).into_owned();
    let expected = counted(&log);
    assert!((101..1_000).contains(&expected.len()), "{}", expected.len());
    let answer = bench.json(["pieces", "--db", "n.db", "--limit", "1000", "--json"]);
    assert_eq!(answer["nodes"][0]["downloads"], expected.values().sum::<u64>());
    assert_eq!(answer["to"].as_str().unwrap().len(), "2026-08-19T00:00:00Z".len(), "{answer}");
    let rows = &answer["pieces"];
    let found: BTreeMap<String, u64> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            assert_eq!(row["downloads_at_least"], row["downloads_at_most"]);
            let count = row["downloads_at_least"].as_u64().unwrap();
            (row["piece"].as_str().unwrap().to_owned(), count)
        })
        .collect();
    assert_eq!(found, expected);

    let table = bench.done(["pieces", "--db", "n.db", "--limit", "3"]);
    assert!(table.starts_with("attic   ") && table.contains("downloads by clients"), "{table}");
    let csv = bench.done(["pieces", "--db", "n.db", "--limit", "3", "--csv"]);
    assert!(csv.starts_with("from,to,node,piece,downloads_at_least,"), "{csv}");
    assert_eq!(csv.lines().count(), 4);
}

#[test]
fn where_single_transfers_are_kept_no_longer_it_is_said() {
    let bench = Bench::new();
    bench.simulate("node.log", 1_000, &["--vocabulary", "2025"]);
    bench.done(["import", "--db", "n.db", "--node", "attic", "node.log"]);
    let text = bench.done(["pieces", "--db", "n.db"]);
    assert!(text.contains("UTC   – downloads by clients"), "{text}");
    assert!(text.contains("kept for 48 hours"), "{text}");
    let answer = bench.json(["pieces", "--db", "n.db", "--window", "24h", "--json"]);
    assert!(answer["nodes"][0]["downloads"].is_null(), "{answer}");
}
