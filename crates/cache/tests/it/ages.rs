//! How long a value is given out.

use std::sync::Arc;

use piecewatch_cache::{Cache, Kept};

use crate::{
    Broken, settings,
    time::{now, pass, seconds},
};

/// A cache with an age of a minute.
fn cache() -> Cache<u8, u32, Broken> {
    Cache::new(settings(seconds(60)), now, |_, _| 1)
}

#[test]
fn a_value_is_given_out_until_its_age_is_the_ttl() {
    let cache = cache();
    assert_eq!(cache.get(&1, || Ok((10, Kept::ForTtl))), Ok(10));
    pass(seconds(59));
    assert_eq!(cache.get(&1, || Ok((11, Kept::ForTtl))), Ok(10));
    pass(seconds(1));
    assert_eq!(cache.get(&1, || Ok((12, Kept::ForTtl))), Ok(12));
    let stats = cache.stats();
    assert_eq!((stats.hits, stats.misses, stats.computations), (1, 2, 2));
    assert_eq!((stats.expirations, stats.evictions), (1, 0), "the old value was not displaced");
}

#[test]
fn giving_a_value_out_does_not_make_it_younger() {
    let cache = cache();
    cache.get(&1, || Ok((10, Kept::ForTtl))).unwrap();
    for _ in 0..5 {
        pass(seconds(11));
        assert_eq!(cache.get(&1, || Ok((11, Kept::ForTtl))), Ok(10));
    }
    pass(seconds(11));
    assert_eq!(cache.get(&1, || Ok((12, Kept::ForTtl))), Ok(12));
}

#[test]
fn an_age_counts_from_the_beginning_of_the_computation() {
    let cache = cache();
    let slowly = || {
        pass(seconds(40));
        Ok((10, Kept::ForTtl))
    };
    cache.get(&1, slowly).unwrap();
    pass(seconds(19));
    assert_eq!(cache.get(&1, || Ok((11, Kept::ForTtl))), Ok(10));
    pass(seconds(1));
    assert_eq!(cache.get(&1, || Ok((12, Kept::ForTtl))), Ok(12));
    assert_eq!(cache.stats().computing_micros, 40_000_000);
    assert_eq!(cache.stats().computing_micros_max, 40_000_000);
}

#[test]
fn a_value_that_is_too_old_when_it_comes_is_given_out_once() {
    let cache = cache();
    let too_slowly = || {
        pass(seconds(60));
        Ok((10, Kept::ForTtl))
    };
    assert_eq!(cache.get(&1, too_slowly), Ok(10));
    assert_eq!(cache.stats().entries, 0);
}

#[test]
fn the_figures_of_a_finished_month_have_no_age() {
    let cache = cache();
    cache.get(&1, || Ok((10, Kept::ForGood))).unwrap();
    pass(seconds(400 * 24 * 3600));
    cache.sweep();
    assert_eq!(cache.get(&1, || Ok((11, Kept::ForGood))), Ok(10));
    cache.invalidate(|key| *key == 1);
    assert_eq!(cache.get(&1, || Ok((12, Kept::ForGood))), Ok(12));
}

#[test]
fn a_ttl_of_zero_turns_the_cache_off() {
    let cache: Cache<u8, u32, Broken> = Cache::new(settings(seconds(0)), now, |_, _| 1);
    assert_eq!(cache.get(&1, || Ok((10, Kept::ForTtl))), Ok(10));
    assert_eq!(cache.get(&1, || Ok((11, Kept::ForGood))), Ok(11));
    assert_eq!(cache.get(&1, || Err(Broken(1))), Err(Arc::new(Broken(1))));
    let stats = cache.stats();
    assert_eq!((stats.hits, stats.misses, stats.computations, stats.errors), (0, 3, 3, 1));
    assert_eq!(stats.entries, 0);
}

#[test]
fn an_error_is_not_stored() {
    let cache = cache();
    assert_eq!(cache.get(&1, || Err(Broken(1))), Err(Arc::new(Broken(1))));
    assert_eq!(cache.get(&1, || Ok((10, Kept::ForTtl))), Ok(10));
    // Nor does it bring the expired value back.
    pass(seconds(60));
    assert_eq!(cache.get(&1, || Err(Broken(2))), Err(Arc::new(Broken(2))));
    assert_eq!(cache.stats().errors, 2);
}

#[test]
fn debug_tells_of_the_cache_and_not_of_its_values() {
    struct Secret;
    let cache: Cache<u8, Arc<Secret>, ()> = Cache::new(settings(seconds(60)), now, |_, _| 7);
    cache.get(&1, || Ok((Arc::new(Secret), Kept::ForTtl))).unwrap_or_else(|_| panic!("it is ok"));
    let told = format!("{cache:?}");
    assert!(told.contains("tested") && told.contains("entries: 1, weight: 7"), "{told}");
    assert!(!told.contains("Secret"), "{told}");
}
