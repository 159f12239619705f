//! Latencies recorded and merged: at most 10 ns a record, 5 ms for a month of hours.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use piecewatch_benches::latencies;
use piecewatch_model::{Histogram, HistogramSum};

/// Each element is one latency.
fn record(criterion: &mut Criterion) {
    let values = latencies::micros(1, 4096);
    let mut group = criterion.benchmark_group("histogram/record");
    group.throughput(Throughput::Elements(values.len() as u64));
    let mut sum = HistogramSum::new();
    group.bench_function("sum", |bencher| {
        bencher.iter(|| latencies::record(&mut sum, &values));
    });
    let mut histogram = Histogram::new();
    group.bench_function("kept form", |bencher| {
        bencher.iter(|| values.iter().for_each(|&micros| histogram.record(black_box(micros))));
    });
    group.finish();
}

/// Each round is a month: 24 series of 720 hours, by how many transfers an hour has.
fn merge(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("histogram/merge");
    group.sample_size(20);
    for transfers in [100, 1_000, 10_000] {
        let series = latencies::month(transfers);
        let stored = latencies::stored(&series);
        group.bench_function(BenchmarkId::new("sum", transfers), |bencher| {
            bencher.iter(|| {
                for hours in &series {
                    let mut sum = HistogramSum::new();
                    hours.iter().for_each(|hour| sum.merge(hour));
                    black_box(sum.to_histogram());
                }
            });
        });
        group.bench_function(BenchmarkId::new("sum of stored bytes", transfers), |bencher| {
            bencher.iter(|| latencies::merge(&stored));
        });
        group.bench_function(BenchmarkId::new("kept form", transfers), |bencher| {
            bencher.iter(|| {
                for hours in &series {
                    let mut sum = Histogram::new();
                    hours.iter().for_each(|hour| sum.merge(hour));
                    black_box(&sum);
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, record, merge);
criterion_main!(benches);
