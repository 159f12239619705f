//! Pages of transfers hold each of them once.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Bench;

/// Every transfer that a query lists, page after page.
fn all(bench: &Bench, query: &str) -> Vec<Value> {
    let mut found: Vec<Value> = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = bench.json(&format!("/api/v1/transfers?window=9999d&{query}{cursor}"));
        found.extend(page["transfers"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

#[test]
fn pages_hold_each_transfer_once_newest_first() {
    let bench = Bench::new();
    let large = all(&bench, "limit=1000");
    assert!(large.len() > 5_000, "{}", large.len());
    for pair in large.windows(2) {
        let second = |row: &Value| row["at"].as_str().unwrap()[..19].to_owned();
        assert!(second(&pair[0]) >= second(&pair[1]), "{pair:?}");
    }
    let odd = all(&bench, "limit=777");
    assert_eq!(odd, large, "the size of pages changes nothing");
    let distinct: BTreeSet<String> = large.iter().map(Value::to_string).collect();
    // Uploads that were turned away name no piece: some look alike.
    let told = large.iter().filter(|row| !row["piece"].is_null()).count();
    assert!(distinct.len() >= told, "{} of {told}", distinct.len());
}

#[test]
fn a_filter_passes_what_it_names_and_nothing_is_lost() {
    let bench = Bench::new();
    let everything = all(&bench, "limit=1000");
    for (query, field, value) in [
        ("outcome=success", "outcome", "success"),
        ("outcome=canceled", "outcome", "canceled"),
        ("outcome=failed", "outcome", "failed"),
        ("outcome=rejected", "outcome", "rejected"),
        ("action=get_audit", "action", "GET_AUDIT"),
        ("satellite=us1", "satellite", "us1"),
        ("nodes=barn", "node", "barn"),
    ] {
        let wanted: Vec<&Value> = everything.iter().filter(|row| row[field] == value).collect();
        let found = all(&bench, &format!("limit=100&{query}"));
        assert_eq!(found.iter().collect::<Vec<_>>(), wanted, "{query}");
    }
    // Each that failed did so for one reason; what was turned away, or went well, for none.
    let classes = ["network", "missing", "disk", "protocol", "clock", "other"];
    let failed: usize =
        classes.iter().map(|class| all(&bench, &format!("class={class}")).len()).sum();
    assert!(failed > 0);
    assert_eq!(failed, everything.iter().filter(|row| row["outcome"] == "failed").count());
    for outcome in ["rejected", "success", "canceled"] {
        assert_eq!(all(&bench, &format!("class=network&outcome={outcome}")), [] as [Value; 0]);
    }
    assert_eq!(all(&bench, "class=network&outcome=failed"), all(&bench, "class=network"));
    let first = everything.iter().find(|row| row["piece"].is_string()).unwrap();
    let (piece, satellite) = (first["piece"].as_str().unwrap(), first["satellite_id"].as_str());
    let found = all(&bench, &format!("piece={piece}&satellite={}", satellite.unwrap()));
    assert!(found.contains(first) && found.iter().all(|row| row["piece"] == piece));
}

#[test]
fn a_cursor_begins_where_the_page_before_ended_whatever_comes_meanwhile() {
    let bench = Bench::new();
    let before = all(&bench, "limit=1000");
    let page = bench.json("/api/v1/transfers?window=9999d&limit=10");
    let next = page["next"].as_str().unwrap();
    let mut log = Vec::new();
    let start = Some(crate::clock::now().plus_micros(-600_000_000));
    let config = piecewatch_simulator::Config { seed: 9, start, ..Default::default() };
    piecewatch_simulator::Simulator::new(config).write(2_000, &mut log).unwrap();
    let path = bench.folder.path().join("shed.log");
    std::fs::write(&path, log).unwrap();
    let path = path.to_str().unwrap();
    super::command(&bench.folder, &["import", "--db", "DB", "--node", "shed", path]);
    let question =
        format!("/api/v1/transfers?nodes=attic,barn&window=9999d&cursor={next}&limit=50");
    let rows = bench.json(&question);
    assert_eq!(rows["transfers"].as_array().unwrap()[..], before[10..60]);
}
