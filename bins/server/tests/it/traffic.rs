//! `piecewatch sizes` and `piecewatch countries` against the simulator's truth and known addresses.

use std::{collections::BTreeMap, path::Path};

use serde_json::Value;

use crate::program::Bench;

fn rows<'a>(answer: &'a Value, list: &str) -> &'a [Value] {
    answer[list].as_array().unwrap()
}

fn sum(rows: &[Value], of: &str, column: &str) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for row in rows {
        let key = row[of].as_str().unwrap().to_owned();
        *sums.entry(key).or_default() += row[column].as_u64().unwrap();
    }
    sums
}

#[test]
fn sizes_are_all_transfers_by_action_and_class() {
    let bench = Bench::new();
    let truth = bench.simulate("node.log", 20_000, &["--seed", "3"]);
    bench.done(["import", "--db", "n.db", "--node", "attic", "node.log"]);
    let all = ["sizes", "--db", "n.db", "--window", "99d"];
    let answer = bench.json(all.iter().chain(&["--json"]));
    let sizes = rows(&answer, "sizes");
    let all_of = rows(&truth, "transfers");
    assert_eq!(sum(sizes, "action", "bytes"), sum(all_of, "action", "bytes"));
    // What some lines do not tell, nobody knows.
    let log = String::from_utf8_lossy(&bench.read("node.log")).into_owned();
    let mut known = sum(all_of, "action", "count");
    let has_no_size = |line: &&str| line.contains("\tdownloaded\t") && !line.contains("\"size\"");
    for line in log.lines().filter(has_no_size) {
        let (_, action) = line.split_once("\"action\": \"").unwrap();
        let (action, _) = action.split_once('"').unwrap();
        *known.get_mut(action).unwrap() -= 1;
    }
    assert_eq!(sum(sizes, "action", "count"), known);
    for row in sizes {
        let (count, bytes) = (row["count"].as_u64().unwrap(), row["bytes"].as_u64().unwrap());
        assert!(bytes >= count * row["from_bytes"].as_u64().unwrap(), "{row}");
        if let Some(above) = row["to_bytes"].as_u64() {
            assert!(bytes < count * above, "{row}");
        }
    }

    let table = bench.done(all);
    assert!(table.starts_with("attic   ") && table.contains("≥ 1 MiB"), "{table}");
    let csv = bench.done(all.iter().chain(&["--csv"]));
    let heading = "from,to,action,outcome,from_bytes,to_bytes,count,bytes\n";
    assert!(csv.starts_with(heading), "{csv}");
    assert_eq!(csv.lines().count(), 1 + sizes.len());
}

#[test]
fn countries_are_those_of_the_addresses() {
    let bench = Bench::new();
    bench.simulate("node.log", 3_000, &["--seed", "3"]);
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/countries.mmdb");
    let geoip = fixture.to_str().unwrap();
    bench.done(["import", "--db", "n.db", "--node", "attic", "--geoip", geoip, "node.log"]);
    bench.done(["import", "--db", "n.db", "--node", "barn", "node.log"]);
    let all = ["countries", "--db", "n.db", "--window", "99d"];
    let answer = bench.json(all.iter().chain(&["--json"]));
    let nodes = rows(&answer, "nodes");
    assert_eq!((&nodes[0]["node"], &nodes[1]["node"]), (&"attic".into(), &"barn".into()));
    let of_attic = rows(&nodes[0], "countries");
    assert!(of_attic.iter().any(|row| row["country"] == "DE"), "{of_attic:#?}");
    let moved = |row: &Value| row["uploads"].as_u64().unwrap() + row["downloads"].as_u64().unwrap();
    assert!(of_attic.is_sorted_by_key(|row| std::cmp::Reverse(moved(row))), "{of_attic:#?}");
    assert!(rows(&nodes[1], "countries").is_empty(), "nobody looked its addresses up");

    let table = bench.done(all);
    assert!(table.contains("\nbarn   ") && table.contains("import --geoip FILE"), "{table}");
    let csv = bench.done(all.iter().chain(&["--csv"]));
    let heading = "from,to,node,country,uploads,upload_bytes,downloads,download_bytes\n";
    assert!(csv.starts_with(heading), "{csv}");
    assert_eq!(csv.lines().count(), 1 + of_attic.len());
    let one = bench.json(all.iter().chain(&["--node", "barn", "--json"]));
    assert_eq!(rows(&one, "nodes").len(), 1);
}

#[test]
fn of_nothing_the_forms_are_the_same() {
    let bench = Bench::new();
    let config = piecewatch_store::StoreConfig::default();
    drop(piecewatch_store::Store::open(&bench.path("n.db"), config).unwrap());
    for (command, list) in [("sizes", "sizes"), ("countries", "nodes")] {
        let answer = bench.json([command, "--db", "n.db", "--json"]);
        assert!(answer["from"].is_null() && rows(&answer, list).is_empty(), "{answer:#}");
        assert_eq!(bench.done([command, "--db", "n.db", "--csv"]).lines().count(), 1);
        let text = bench.done([command, "--db", "n.db"]);
        assert_eq!(text, "n.db holds no log of these nodes.\n");
    }
}
