//! Questions of a dashboard, over 30 days of four nodes: with nothing of the file in the reader's
//! own cache, and again with the same reader.

#![expect(clippy::unwrap_used, reason = "a bench that cannot run stops")]

use std::{hint::black_box, path::Path};

use criterion::{
    BatchSize, BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime,
};
use piecewatch_benches::{import, write_log};
use piecewatch_model::{NodeName, Timestamp};
use piecewatch_simulator::{Config, Vocabulary};
use piecewatch_store::{Nodes, Reader, Store, StoreConfig, TransferFilter, Window};
use tempfile::TempDir;

/// Some 250,000 transfers a node.
const LINES: u64 = 520_000;
const LINES_PER_TRANSFER: f64 = 2.1;
const DAYS: i64 = 30;
const DAY_MICROS: i64 = 24 * 3600 * 1_000_000;

fn questions(criterion: &mut Criterion) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("bench.db");
    let from = Vocabulary::Y2026.start();
    let now = from.plus_micros(DAYS * DAY_MICROS);
    for seed in 1..=4 {
        fill(&folder, &path, seed, now);
    }
    let open = || {
        let Store { writer, readers } = Store::open(&path, StoreConfig::default()).unwrap();
        drop(writer);
        readers.get().unwrap()
    };
    let last_day = Window { from: now.plus_micros(-DAY_MICROS), to: now };
    let all_days = Window { from, to: now };
    let node: NodeName = "bench1".parse().unwrap();

    let mut group = criterion.benchmark_group("store");
    group.sample_size(20);
    cold_and_warm(&mut group, "traffic-24h", &open, |reader| {
        reader.traffic_totals(Nodes::All, Some(last_day)).unwrap().rows.len()
    });
    cold_and_warm(&mut group, "traffic-30d", &open, |reader| {
        reader.traffic_totals(Nodes::All, Some(all_days)).unwrap().rows.len()
    });
    cold_and_warm(&mut group, "sources", &open, |reader| {
        reader.sources(&node).unwrap().checkpoints.len()
    });
    cold_and_warm(&mut group, "transfers-page", &open, |reader| {
        let filter = TransferFilter::default();
        reader.transfers(Nodes::All, last_day, &filter, None, 100).unwrap().rows.len()
    });
    group.finish();
}

/// Adds the log of one more node: 30 days up to `now`.
fn fill(folder: &TempDir, path: &Path, seed: u64, now: Timestamp) {
    let log = folder.path().join("node.log");
    let seconds = (DAYS * DAY_MICROS / 1_000_000) as f64;
    let transfers_per_second = LINES as f64 / LINES_PER_TRANSFER / seconds;
    let config = Config { seed, transfers_per_second, ..Config::default() };
    write_log(&log, config, LINES).unwrap();
    let node: NodeName = format!("bench{seed}").parse().unwrap();
    import(&node, &log, path, now).unwrap();
}

fn cold_and_warm(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    open: &impl Fn() -> Reader,
    ask: impl Fn(&Reader) -> usize,
) {
    group.bench_function(format!("{name}/cold"), |bencher| {
        bencher.iter_batched(
            open,
            |reader| (black_box(ask(&reader)), reader),
            BatchSize::PerIteration,
        );
    });
    let reader = open();
    group.bench_function(format!("{name}/warm"), |bencher| bencher.iter(|| ask(&reader)));
}

criterion_group!(benches, questions);
criterion_main!(benches);
