//! A log into a database, beside its two halves and the limit: the same rows with nothing else.

#![expect(clippy::unwrap_used, reason = "a bench that cannot run stops")]

use std::path::PathBuf;

use criterion::{BatchSize, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use piecewatch_benches::{Rows, append, batches, import, write_log};
use piecewatch_model::NodeName;
use piecewatch_simulator::Config;
use tempfile::TempDir;

const LINES: u64 = 500_000;

fn imports(criterion: &mut Criterion) {
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("node.log");
    let config = Config::default();
    let truth = write_log(&log, config.clone(), LINES).unwrap();
    let node: NodeName = "bench".parse().unwrap();
    let batches = batches(&node, &log).unwrap();
    // Young enough for every sum.
    let now = config.vocabulary.start().plus_micros(24 * 3600 * 1_000_000);
    let whole = folder.path().join("whole.db");
    import(&node, &log, &whole, now).unwrap();
    let rows = Rows::read(&whole).unwrap();

    let mut group = criterion.benchmark_group("import");
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(truth.lines));
    group.bench_function("whole", |bencher| {
        bencher.iter_batched(
            fresh,
            |(folder, path)| {
                import(&node, &log, &path, now).unwrap();
                folder
            },
            BatchSize::PerIteration,
        );
    });
    group.throughput(Throughput::Elements(rows.len() as u64));
    group.bench_function("append", |bencher| {
        bencher.iter_batched(
            fresh,
            |(folder, path)| {
                append(&batches, &path, now).unwrap();
                folder
            },
            BatchSize::PerIteration,
        );
    });
    group.bench_function("limit", |bencher| {
        bencher.iter_batched(
            || {
                let (folder, path) = fresh();
                (folder, Rows::prepare(&path).unwrap())
            },
            |(folder, connection)| {
                rows.insert(connection).unwrap();
                folder
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

/// A place for a database; the folder goes when it is dropped, which is not measured.
fn fresh() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("bench.db");
    (folder, path)
}

criterion_group!(benches, imports);
criterion_main!(benches);
