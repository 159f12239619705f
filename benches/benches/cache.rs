//! A hit in the cache beside a plain get of `quick_cache`, and 64 threads that miss one key.

use std::{
    hint::black_box,
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use piecewatch_benches::clock::{Stopwatch, coarse, precise};
use piecewatch_cache::{Cache, Kept, Settings};

/// Nodes and the beginning of a window, as services have them.
type Key = (u32, i64);
type Value = Arc<[u64]>;
type Clock = fn() -> Duration;
type Ours = Cache<Key, Value, ()>;

/// As many as fit into every cache here.
const KEYS: u32 = 512;
const THREADS: u64 = 64;

fn key(number: u32) -> Key {
    (number % 20, i64::from(number) * 3_600_000_000)
}

fn value(number: u32) -> Value {
    Arc::from([u64::from(number); 16])
}

/// Keys in an order that no processor foresees.
fn order() -> Vec<Key> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        u32::try_from(state >> 33).unwrap_or_default() % KEYS
    };
    (0..4096).map(|_| key(next())).collect()
}

fn ours(clock: Clock) -> Ours {
    let settings =
        Settings { name: "bench", ttl: Duration::from_secs(3600), weight_max: u64::from(KEYS) * 2 };
    Cache::new(settings, clock, |_, _| 1)
}

/// Each element is one get.
fn hits(criterion: &mut Criterion) {
    let order = order();
    let mut group = criterion.benchmark_group("cache/hit");
    group.throughput(Throughput::Elements(order.len() as u64));

    let plain: quick_cache::sync::Cache<Key, Value> =
        quick_cache::sync::Cache::new(KEYS as usize * 2);
    for number in 0..KEYS {
        plain.insert(key(number), value(number));
    }
    group.bench_function("plain", |bencher| {
        bencher.iter(|| {
            for key in &order {
                black_box(plain.get(black_box(key)));
            }
        });
    });

    let clocks: [(&str, Clock); 2] = [("coarse", coarse), ("precise", precise)];
    for (name, clock) in clocks {
        let cache = ours(clock);
        for number in 0..KEYS {
            let _ = cache.get(&key(number), || Ok((value(number), Kept::ForTtl)));
        }
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                for key in &order {
                    let _ = black_box(cache.get(black_box(key), || Err(())));
                }
            });
        });
        assert_eq!(cache.stats().computations, u64::from(KEYS), "{name}: all of it fits");
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
            let cache = ours(coarse);
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
                                Ok((value(0), Kept::ForTtl))
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
