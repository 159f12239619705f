//! Gets that hit: of the cache, and of a plain `quick_cache` with the same keys and values.

use std::{hint::black_box, sync::Arc, time::Duration};

use piecewatch_cache::{Cache, Kept, Settings};

/// Nodes and the beginning of a window, as services have them.
pub type Key = (u32, i64);
/// What is kept of a key.
pub type Value = Arc<[u64]>;
/// The cache that is measured.
pub type Ours = Cache<Key, Value, ()>;
/// What it is measured against.
pub type Plain = quick_cache::sync::Cache<Key, Value>;

/// How many keys there are: as many as fit into every cache here.
pub const KEYS: u32 = 512;

fn key(number: u32) -> Key {
    (number % 20, i64::from(number) * 3_600_000_000)
}

/// The value of the key of this number.
pub fn value(number: u32) -> Value {
    Arc::from([u64::from(number); 16])
}

/// Keys in an order that no processor foresees.
pub fn order() -> Vec<Key> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        u32::try_from(state >> 33).unwrap_or_default() % KEYS
    };
    (0..4096).map(|_| key(next())).collect()
}

/// A cache without a value, by this clock.
pub fn empty(clock: fn() -> Duration) -> Ours {
    let settings =
        Settings { name: "bench", ttl: Duration::from_secs(3600), weight_max: u64::from(KEYS) * 2 };
    Cache::new(settings, clock, |_, _| 1)
}

/// A cache with the values of all keys.
pub fn ours(clock: fn() -> Duration) -> Ours {
    let cache = empty(clock);
    for number in 0..KEYS {
        let _ = cache.get(&key(number), || Ok((value(number), Kept::ForTtl)));
    }
    cache
}

/// The same without ages and statistics.
pub fn plain() -> Plain {
    let cache = Plain::new(KEYS as usize * 2);
    for number in 0..KEYS {
        cache.insert(key(number), value(number));
    }
    cache
}

/// Gets each of these keys.
#[inline]
pub fn get_ours(cache: &Ours, order: &[Key]) {
    for key in order {
        let _ = black_box(cache.get(black_box(key), || Err(())));
    }
}

/// Gets each of these keys.
#[inline]
pub fn get_plain(cache: &Plain, order: &[Key]) {
    for key in order {
        black_box(cache.get(black_box(key)));
    }
}
