//! Latencies recorded and merged: at most 10 ns a record, 5 ms for a month of hours.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use piecewatch_model::{Histogram, HistogramSum};

/// Hours of 30 days, and series of each: four satellites by six actions.
const HOURS: u64 = 720;
const SERIES: u64 = 24;

/// Latencies as nodes have them: most around 200 ms, some of many seconds. Twelve even numbers make
/// a normal one, whose power is log-normal.
fn latencies(seed: u64, count: usize) -> Vec<u64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut even = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as f64 / f64::from(1_u32 << 31)
    };
    let mut micros = || {
        let normal: f64 = (0..12).map(|_| even()).sum::<f64>() - 6.0;
        (200_000.0 * normal.exp()) as u64
    };
    (0..count).map(|_| micros()).collect()
}

fn recorded(seed: u64, count: usize) -> Histogram {
    let mut sum = HistogramSum::new();
    latencies(seed, count).into_iter().for_each(|micros| sum.record(micros));
    sum.to_histogram()
}

/// Each element is one latency.
fn record(criterion: &mut Criterion) {
    let values = latencies(1, 4096);
    let mut group = criterion.benchmark_group("histogram/record");
    group.throughput(Throughput::Elements(values.len() as u64));
    let mut sum = HistogramSum::new();
    group.bench_function("sum", |bencher| {
        bencher.iter(|| values.iter().for_each(|&micros| sum.record(black_box(micros))));
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
        let series: Vec<Vec<Histogram>> = (0..SERIES)
            .map(|series| {
                (0..HOURS).map(|hour| recorded(series * HOURS + hour, transfers)).collect()
            })
            .collect();
        let stored: Vec<Vec<Vec<u8>>> =
            series.iter().map(|hours| hours.iter().map(Histogram::to_bytes).collect()).collect();
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
            bencher.iter(|| {
                for hours in &stored {
                    let mut sum = HistogramSum::new();
                    hours.iter().for_each(|hour| {
                        sum.merge_bytes(hour).expect("it was written here");
                    });
                    black_box(sum.to_histogram());
                }
            });
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
