//! A hit in the cache beside a plain get of `quick_cache`, and 64 threads that miss one key.

use std::{
    hint::black_box,
    sync::{
        Barrier,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use piecewatch_benches::{
    clock::{Stopwatch, coarse, precise},
    hits,
};
use piecewatch_cache::Kept;

type Clock = fn() -> Duration;

const THREADS: u64 = 64;

/// Each element is one get.
fn hits(criterion: &mut Criterion) {
    let order = hits::order();
    let mut group = criterion.benchmark_group("cache/hit");
    group.throughput(Throughput::Elements(order.len() as u64));

    let plain = hits::plain();
    group.bench_function("plain", |bencher| {
        bencher.iter(|| hits::get_plain(&plain, &order));
    });

    let clocks: [(&str, Clock); 2] = [("coarse", coarse), ("precise", precise)];
    for (name, clock) in clocks {
        let cache = hits::ours(clock);
        group.bench_function(name, |bencher| bencher.iter(|| hits::get_ours(&cache, &order)));
        assert_eq!(cache.stats().computations, u64::from(hits::KEYS), "{name}: all of it fits");
    }
    group.finish();
}

/// The clocks alone: each element is one reading.
fn clocks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cache/clock");
    group.bench_function("coarse", |bencher| bencher.iter(coarse));
    group.bench_function("precise", |bencher| bencher.iter(precise));
    group.finish();
}

/// From all 64 threads asking to all of them having the value, whose computation takes 100 µs.
fn misses(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cache/miss");
    group.throughput(Throughput::Elements(THREADS));
    group.bench_function("64 threads", |bencher| {
        bencher.iter_custom(|rounds| {
            let cache = hits::empty(coarse);
            let (round, ended) = (AtomicU64::new(0), AtomicBool::new(false));
            let barrier = Barrier::new(THREADS as usize + 1);
            let elapsed = thread::scope(|scope| {
                for _ in 0..THREADS {
                    scope.spawn(|| {
                        loop {
                            barrier.wait();
                            if ended.load(Relaxed) {
                                return;
                            }
                            let key = (0, i64::try_from(round.load(Relaxed)).unwrap_or(0));
                            let _ = black_box(cache.get(&key, || {
                                thread::sleep(Duration::from_micros(100));
                                Ok((hits::value(0), Kept::ForTtl))
                            }));
                            barrier.wait();
                        }
                    });
                }
                let stopwatch = Stopwatch::start();
                for number in 0..rounds {
                    round.store(number, Relaxed);
                    barrier.wait();
                    barrier.wait();
                }
                let elapsed = stopwatch.elapsed();
                ended.store(true, Relaxed);
                barrier.wait();
                elapsed
            });
            let stats = cache.stats();
            assert_eq!(stats.computations, rounds, "one computation for each key");
            assert_eq!(stats.hits + stats.misses, rounds * THREADS);
            elapsed
        });
    });
    group.finish();
}

criterion_group!(benches, hits, clocks, misses);
criterion_main!(benches);
