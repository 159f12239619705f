//! Many threads at once, while time passes and the data behind the values change.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use piecewatch_cache::{Cache, Kept, Settings};

use crate::Broken;

const KEYS: usize = 12;
const TTL: u64 = 100;
const THREADS: u64 = 8;
const ASKS: u32 = 5_000;

/// In microseconds, moved by all threads.
static NOW: AtomicU64 = AtomicU64::new(0);

fn now() -> Duration {
    Duration::from_micros(NOW.load(SeqCst))
}

/// A value that knows where it comes from.
#[derive(Clone)]
struct Told {
    key: usize,
    /// Of the data from which it was computed.
    version: u64,
    began: u64,
    /// When it was there for others, or `RUNNING`.
    landed: Arc<AtomicU64>,
}

const RUNNING: u64 = u64::MAX;

/// What values are computed from: a version for each key.
#[derive(Default)]
struct Data {
    committed: [AtomicU64; KEYS],
    /// The versions of which the cache was told.
    invalidated: [AtomicU64; KEYS],
}

/// A random sequence of which each thread has its own.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

fn compute(data: &Data, key: usize, random: &mut Random) -> Result<(Told, Kept), Broken> {
    let began = NOW.load(SeqCst);
    let version = data.committed[key].load(SeqCst);
    if random.below(4) == 0 {
        thread::yield_now();
    }
    if random.below(20) == 0 {
        return Err(Broken(u32::try_from(key).unwrap()));
    }
    let landed = Arc::new(AtomicU64::new(RUNNING));
    Ok((Told { key, version, began, landed }, Kept::ForTtl))
}

fn ask(cache: &Cache<usize, Told, Broken>, data: &Data, random: &mut Random) {
    let key = usize::try_from(random.below(KEYS as u64)).unwrap();
    let version_min = data.invalidated[key].load(SeqCst);
    let asked = NOW.load(SeqCst);
    let mut computed = false;
    let answer = cache.get(&key, || {
        computed = true;
        compute(data, key, random)
    });
    match answer {
        Ok(told) => {
            assert_eq!(told.key, key);
            assert!(told.version >= version_min, "a value from before an invalidation");
            // Older is only what was still being computed when it was asked for.
            let in_time = told.began + TTL > asked;
            assert!(in_time || told.landed.load(SeqCst) >= asked, "a value that had expired");
            if computed {
                told.landed.store(NOW.load(SeqCst), SeqCst);
            }
        }
        Err(error) => assert_eq!(*error, Broken(u32::try_from(key).unwrap())),
    }
}

fn change(cache: &Cache<usize, Told, Broken>, data: &Data, random: &mut Random) {
    let key = usize::try_from(random.below(KEYS as u64)).unwrap();
    let version = data.committed[key].fetch_add(1, SeqCst) + 1;
    cache.invalidate(|stale| *stale == key);
    data.invalidated[key].fetch_max(version, SeqCst);
}

#[test]
fn no_thread_is_ever_given_a_value_that_is_wrong_stale_or_expired() {
    // Room for two thirds of the keys.
    let settings = Settings { name: "stressed", ttl: Duration::from_micros(TTL), weight_max: 8 };
    let cache = Cache::new(settings, now, |_, _| 1);
    let data = Data::default();
    thread::scope(|scope| {
        for seed in 0..THREADS {
            let (cache, data) = (&cache, &data);
            scope.spawn(move || {
                let mut random = Random(seed);
                for _ in 0..ASKS {
                    ask(cache, data, &mut random);
                    match random.below(50) {
                        0 => change(cache, data, &mut random),
                        1 => cache.sweep(),
                        2..10 => _ = NOW.fetch_add(random.below(30), SeqCst),
                        10.. => {}
                    }
                }
            });
        }
    });
    let stats = cache.stats();
    assert_eq!(stats.hits + stats.misses, THREADS * u64::from(ASKS));
    assert_eq!(stats.computations, stats.misses - stats.waits);
    assert!(stats.weight <= 8);
    // All of it took place.
    assert!(stats.hits > 0 && stats.errors > 0 && stats.evictions > 0, "{stats:?}");
    assert!(stats.expirations > 0 && stats.invalidations > 0, "{stats:?}");
}
