//! How the server was, minute by minute.

use piecewatch_model::{ByteCount, Timestamp};
use piecewatch_store::{PipelineMetrics, SelfMetrics, Store, StoreConfig};
use serde_json::{Value, json};

use super::{Bench, schemas};
use crate::clock;

const PATH: &str = "/api/v1/status/history";
const MINUTE_MICROS: i64 = 60_000_000;

/// A minute of a server that reads logs.
fn reading() -> SelfMetrics {
    SelfMetrics {
        measured_micros: 60_000_000,
        cpu_micros: 1_500_000,
        resident: ByteCount::new(40 << 20),
        disk_read: Some(ByteCount::new(1_000)),
        disk_written: Some(ByteCount::new(2_000)),
        pipeline: Some(PipelineMetrics {
            waiting: 2,
            lines: 900,
            commits: 60,
            committing_micros: 120_000,
            longest_commit_micros: 9_000,
        }),
        cache_hits: 8,
        clients: 3,
        requests: 70,
        load_thousandths: Some(1_250),
        network_received: Some(ByteCount::new(5_000)),
        network_sent: Some(ByteCount::new(6_000)),
        ..SelfMetrics::default()
    }
}

/// An hour, a minute and no time ago a minute was written down; the last one was of a server that follows.
fn bench() -> (Bench, [Timestamp; 3]) {
    let bench = Bench::empty();
    let now = clock::now();
    let path = bench.folder.path().join("nodes.db");
    let mut writer = Store::open(&path, StoreConfig::default()).unwrap().writer;
    let ats = [90, 10, 5].map(|minutes| now.plus_micros(-minutes * MINUTE_MICROS));
    writer.self_metrics(ats[0], &reading()).unwrap();
    writer.self_metrics(ats[1], &reading()).unwrap();
    let following = SelfMetrics { pipeline: None, disk_read: None, ..reading() };
    writer.self_metrics(ats[2], &following).unwrap();
    (bench, ats.map(|at| at.floor(piecewatch_model::Grain::Minute)))
}

#[test]
fn each_minute_that_was_written_down_is_told() {
    let (bench, ats) = bench();
    let answer = bench.json(PATH);
    let minutes = answer["minutes"].as_array().unwrap();
    let told: Vec<&str> = minutes.iter().map(|minute| minute["at"].as_str().unwrap()).collect();
    assert_eq!(told, ats.map(|at| at.to_string()));
    for (name, expected) in [
        ("cpu_percent", json!(2.5)),
        ("resident_bytes", json!(40 << 20)),
        ("disk_read_bytes", json!(1_000)),
        ("disk_written_bytes", json!(2_000)),
        ("network_received_bytes", json!(5_000)),
        ("network_sent_bytes", json!(6_000)),
        ("load_1m", json!(1.25)),
        ("clients", json!(3)),
        ("commits", json!(60)),
        ("commit_micros", json!(120_000)),
        ("longest_commit_micros", json!(9_000)),
        ("waiting_batches", json!(2)),
        ("requests", json!(70)),
        ("memory_available_bytes", Value::Null),
    ] {
        assert_eq!(minutes[0][name], expected, "{name}");
    }
    let following = &minutes[2];
    assert_eq!([&following["commits"], &following["disk_read_bytes"]], [&Value::Null; 2]);
    let validator = schemas::validator(&schemas::document(&bench), "StatusHistory");
    assert!(validator.is_valid(&answer), "{answer}");
}

#[test]
fn a_window_holds_its_minutes_and_csv_tells_as_many() {
    let (bench, ats) = bench();
    let of_window = |query: String| {
        let minutes = bench.json(&format!("{PATH}?{query}"))["minutes"].as_array().unwrap().len();
        let (heading, rows) = bench.csv(&format!("{PATH}?format=csv&{query}"));
        assert_eq!((heading[0].as_str(), rows.len()), ("at", minutes));
        minutes
    };
    assert_eq!(of_window("window=1h".to_owned()), 2);
    assert_eq!(of_window("window=7d".to_owned()), 3);
    assert_eq!(of_window(format!("from={}&to={}", ats[0], ats[1])), 1, "the end is not in it");
    // The minute that holds the beginning is told, too.
    let inside = ats[1].plus_micros(30_000_000);
    assert_eq!(of_window(format!("from={inside}")), 2);
    assert_eq!(bench.ask(&format!("{PATH}?nodes=attic")).err().unwrap().status(), 400);
}
