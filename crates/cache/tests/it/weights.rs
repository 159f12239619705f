//! How much a cache holds.

use piecewatch_cache::{Cache, Kept, Settings};
use proptest::prelude::*;

use crate::{
    Broken, settings,
    time::{now, pass, seconds},
};

/// A cache for 1000, in which a value weighs what it says.
fn cache() -> Cache<u16, u64, Broken> {
    Cache::new(settings(seconds(60)), now, |_, weight| *weight)
}

#[test]
fn what_fits_stays() {
    let cache = cache();
    for key in 0..10 {
        cache.get(&key, || Ok((100, Kept::ForTtl))).unwrap();
    }
    let stats = cache.stats();
    assert_eq!((stats.entries, stats.weight, stats.evictions), (10, 1000, 0));
}

#[test]
fn a_value_as_heavy_as_the_cache_is_kept_and_a_heavier_one_given_out() {
    let cache = cache();
    cache.get(&1, || Ok((1000, Kept::ForTtl))).unwrap();
    assert_eq!((cache.stats().entries, cache.stats().weight), (1, 1000));
    assert_eq!(cache.get(&2, || Ok((1001, Kept::ForTtl))), Ok(1001));
    let stats = cache.stats();
    assert_eq!((stats.entries, stats.weight, stats.evictions), (1, 1000, 1));
    assert_eq!(cache.get(&1, || Err(Broken(1))), Ok(1000), "nothing had to go for it");
}

#[test]
fn a_new_value_is_kept_when_the_cache_is_full() {
    let cache = cache();
    for key in 0..100 {
        cache.get(&key, || Ok((100, Kept::ForGood))).unwrap();
        assert_eq!(cache.get(&key, || Err(Broken(1))), Ok(100), "key {key}");
    }
    let stats = cache.stats();
    assert_eq!((stats.entries, stats.weight, stats.evictions), (10, 1000, 90));
}

#[test]
fn what_is_asked_for_often_stays_while_others_pass() {
    let cache = cache();
    for key in 1..1000 {
        cache.get(&0, || Ok((100, Kept::ForTtl))).unwrap();
        cache.get(&key, || Ok((100, Kept::ForTtl))).unwrap();
    }
    assert_eq!(cache.stats().hits, 998);
}

#[test]
fn what_weighs_nothing_has_to_go_as_well() {
    let cache = cache();
    for key in 0..2000 {
        cache.get(&key, || Ok((0, Kept::ForTtl))).unwrap();
    }
    assert_eq!(cache.stats().entries, 1000);
}

#[test]
fn a_cache_without_room_keeps_nothing() {
    let settings = Settings { weight_max: 0, ..settings(seconds(60)) };
    let cache: Cache<u16, u64, Broken> = Cache::new(settings, now, |_, weight| *weight);
    assert_eq!(cache.get(&1, || Ok((0, Kept::ForTtl))), Ok(0));
    assert_eq!(cache.stats().entries, 0);
}

proptest! {
    #[test]
    fn values_never_weigh_more_than_they_may(
        asks in prop::collection::vec((0_u16..40, 0_u64..1200, 0_u64..20), 1..300),
    ) {
        let cache = cache();
        for (key, weight, passes) in asks {
            pass(seconds(passes));
            cache.get(&key, || Ok((weight, Kept::ForTtl))).unwrap();
            prop_assert!(cache.stats().weight <= 1000);
        }
        let stats = cache.stats();
        prop_assert_eq!(
            stats.entries + stats.evictions + stats.expirations,
            stats.computations,
            "each value is there or went for a reason"
        );
    }
}
