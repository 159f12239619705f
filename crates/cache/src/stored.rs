//! What lies in `quick_cache`, and what that is told of it.

use std::{hash::Hash, time::Duration};

use quick_cache::{DefaultHashBuilder, Lifecycle, OptionsBuilder, Weighter, sync};

/// How many entries a cache of ours holds, roughly. It decides how many keys `quick_cache` remembers
/// beyond those that it holds: half of it, at some 50 bytes each.
const ENTRIES: usize = 1024;

/// The values of a cache.
pub(crate) type Values<K, V> =
    sync::Cache<K, Stored<V>, StoredWeight, DefaultHashBuilder, Displacing>;

/// Room for values that together weigh `weight_max` at most.
pub(crate) fn values<K: Hash + Eq, V: Clone>(weight_max: u64) -> Values<K, V> {
    // Every shard has its part of the weight and takes no value that is heavier than that, nor than
    // what is kept for those that are asked for often. With one shard, all of it for the latter,
    // the bound is exact and whatever fits is taken. Our caches hold few and large values: a
    // second lock would gain nothing.
    let options = OptionsBuilder::new()
        .shards(1)
        .hot_allocation(1.0)
        .estimated_items_capacity(ENTRIES)
        .weight_capacity(weight_max)
        .build()
        .expect("both capacities are set");
    sync::Cache::with_options(options, StoredWeight, DefaultHashBuilder::default(), Displacing)
}

/// A value, and until when it may be given out.
#[derive(Debug, Clone)]
pub(crate) struct Stored<V> {
    pub(crate) value: V,
    /// Told once, outside of all locks.
    pub(crate) weight: u64,
    /// `None` is for good.
    pub(crate) until: Option<Duration>,
}

impl<V> Stored<V> {
    pub(crate) fn has_expired(&self, now: Duration) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

/// The weight that is stored beside the value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StoredWeight;

impl<K, V> Weighter<K, Stored<V>> for StoredWeight {
    fn weight(&self, _: &K, stored: &Stored<V>) -> u64 {
        // What weighs nothing would never be displaced.
        stored.weight.max(1)
    }
}

/// Hands out what had to go when a value was stored, so that it is counted, and dropped outside of
/// all locks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Displacing;

/// What had to go.
pub(crate) struct Displaced<K, V>(pub(crate) Vec<(K, Stored<V>)>);

impl<K, V> Default for Displaced<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K, V> Lifecycle<K, Stored<V>> for Displacing {
    type RequestState = Displaced<K, V>;

    fn on_evict(&self, displaced: &mut Displaced<K, V>, key: K, stored: Stored<V>) {
        displaced.0.push((key, stored));
    }
}
