//! Expired values go unasked.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use piecewatch_cache::{Cache, Kept, Sweeper};

use crate::{
    Broken, settings,
    time::{now, pass, seconds},
    wait_until,
};

#[test]
fn a_sweep_removes_what_has_expired_and_nothing_else() {
    let cache: Cache<u8, u32, Broken> = Cache::new(settings(seconds(60)), now, |_, _| 10);
    cache.get(&1, || Ok((1, Kept::ForTtl))).unwrap();
    cache.get(&2, || Ok((2, Kept::ForGood))).unwrap();
    pass(seconds(30));
    cache.get(&3, || Ok((3, Kept::ForTtl))).unwrap();
    pass(seconds(30));
    cache.sweep();
    let stats = cache.stats();
    assert_eq!((stats.entries, stats.weight), (2, 20));
    assert_eq!((stats.expirations, stats.evictions, stats.hits, stats.misses), (1, 0, 0, 3));
    assert_eq!(cache.get(&3, || Err(Broken(1))), Ok(3));
}

#[test]
fn swept_every_minute_what_has_expired_is_gone_within_five() {
    let cache: Cache<u8, u32, Broken> = Cache::new(settings(seconds(61)), now, |_, _| 1);
    cache.get(&1, || Ok((1, Kept::ForTtl))).unwrap();
    while cache.stats().entries > 0 {
        pass(Sweeper::EVERY);
        cache.sweep();
        assert!(now() < seconds(61 + 5 * 60));
    }
}

#[test]
fn a_sweeper_removes_what_has_expired_without_being_asked() {
    static NOW: AtomicU64 = AtomicU64::new(0);
    let now = || Duration::from_secs(NOW.load(SeqCst));
    let cache: Arc<Cache<u8, u32, Broken>> =
        Arc::new(Cache::new(settings(seconds(60)), now, |_, _| 1));
    for key in 0..100 {
        cache.get(&key, || Ok((1, Kept::ForTtl))).unwrap();
    }
    let swept = Arc::clone(&cache);
    let sweeper = Sweeper::start(Duration::from_millis(1), move || swept.sweep()).unwrap();
    assert_eq!(cache.stats().entries, 100);
    NOW.store(60, SeqCst);
    wait_until(|| cache.stats().entries == 0);
    assert_eq!(cache.stats().expirations, 100);
    drop(sweeper);
    assert_eq!(Arc::strong_count(&cache), 1, "its thread has ended");
}

/// It would hang for the hour otherwise.
#[test]
fn a_sweeper_stops_at_once() {
    drop(Sweeper::start(seconds(3600), || {}).unwrap());
}
