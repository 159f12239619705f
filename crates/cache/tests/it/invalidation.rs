//! What an invalidation removes, and what it keeps from being stored.

use std::{sync::Barrier, thread, time::Duration};

use piecewatch_cache::{Cache, Kept};

use crate::{Broken, settings, wait_until};

fn cache() -> Cache<u8, u32, Broken> {
    Cache::new(settings(Duration::from_secs(60)), || Duration::ZERO, |_, _| 1)
}

#[test]
fn an_invalidation_removes_the_keys_that_it_names() {
    let cache = cache();
    for key in 0..10 {
        cache.get(&key, || Ok((1, Kept::ForTtl))).unwrap();
    }
    cache.invalidate(|key| key % 2 == 0);
    for key in 0..10 {
        let expected = if key % 2 == 0 { 2 } else { 1 };
        assert_eq!(cache.get(&key, || Ok((2, Kept::ForTtl))), Ok(expected), "key {key}");
    }
    assert_eq!(cache.stats().invalidations, 5);
    cache.clear();
    let stats = cache.stats();
    assert_eq!((stats.entries, stats.weight, stats.invalidations), (0, 0, 15));
    assert_eq!((stats.evictions, stats.expirations), (0, 0));
}

/// Begins to compute 1 for key 1, lets a second thread wait for it, does `meanwhile`, and lets it
/// end. Those two have 1 in any case.
fn while_1_is_computed(cache: &Cache<u8, u32, Broken>, meanwhile: impl FnOnce()) {
    let (begun, go_on) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        let computes = scope.spawn(|| {
            cache.get(&1, || {
                begun.wait();
                go_on.wait();
                Ok((1, Kept::ForTtl))
            })
        });
        begun.wait();
        let waits = scope.spawn(|| cache.get(&1, || Ok((100, Kept::ForTtl))));
        wait_until(|| cache.stats().waits == 1);
        meanwhile();
        go_on.wait();
        assert_eq!(computes.join().unwrap(), Ok(1));
        assert_eq!(waits.join().unwrap(), Ok(1));
    });
}

#[test]
fn a_computation_begun_before_an_invalidation_is_given_out_and_not_stored() {
    let cache = cache();
    while_1_is_computed(&cache, || cache.invalidate(|key| *key == 1));
    assert_eq!(cache.stats().entries, 0);
    assert_eq!(cache.get(&1, || Ok((2, Kept::ForTtl))), Ok(2));
}

#[test]
fn who_asks_after_an_invalidation_does_not_wait_for_what_began_before() {
    let cache = cache();
    while_1_is_computed(&cache, || {
        cache.clear();
        assert_eq!(cache.get(&1, || Ok((2, Kept::ForTtl))), Ok(2));
    });
    // The older value came later, and did not take the place of the newer one.
    assert_eq!(cache.get(&1, || Ok((3, Kept::ForTtl))), Ok(2));
}

#[test]
fn a_computation_begun_after_an_invalidation_is_joined_when_the_one_before_has_ended() {
    let cache = cache();
    let (begun, go_on) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        let mut newer = None;
        while_1_is_computed(&cache, || {
            cache.clear();
            newer = Some(scope.spawn(|| {
                cache.get(&1, || {
                    begun.wait();
                    go_on.wait();
                    Ok((2, Kept::ForTtl))
                })
            }));
            begun.wait();
        });
        // The end of the older one did not end the newer one.
        let waits = scope.spawn(|| cache.get(&1, || Ok((100, Kept::ForTtl))));
        wait_until(|| cache.stats().waits == 2);
        go_on.wait();
        assert_eq!(newer.unwrap().join().unwrap(), Ok(2));
        assert_eq!(waits.join().unwrap(), Ok(2));
    });
    assert_eq!(cache.stats().computations, 2);
}

#[test]
fn an_invalidation_of_other_keys_lets_a_computation_be_stored() {
    let cache = cache();
    while_1_is_computed(&cache, || cache.invalidate(|key| *key == 2));
    assert_eq!(cache.get(&1, || Ok((2, Kept::ForTtl))), Ok(1));
}

#[test]
fn a_cache_works_on_when_an_invalidation_has_panicked() {
    let cache = cache();
    cache.get(&1, || Ok((1, Kept::ForTtl))).unwrap();
    let ended = thread::scope(|scope| {
        scope.spawn(|| cache.invalidate(|_| panic!("as this test wants it"))).join()
    });
    assert!(ended.is_err());
    assert_eq!(cache.get(&1, || Ok((2, Kept::ForTtl))), Ok(1));
    assert_eq!(cache.get(&2, || Ok((2, Kept::ForTtl))), Ok(2));
    cache.clear();
    assert_eq!(cache.stats().entries, 0);
}
