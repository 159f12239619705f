//! The cache.

use std::{fmt, hash::Hash, sync::Arc, time::Duration};

use crate::{
    Stats,
    flight::{Boarding, Flights, Outcome, Pilot},
    stats::Counters,
    stored::{Displaced, Stored, Values, values},
};

/// How a cache is called and what bounds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Its name in statistics.
    pub name: &'static str,
    /// How old a value may be when it is given out, counted from when its computation began. Zero
    /// turns the cache off: each ask computes for itself and nothing is stored.
    pub ttl: Duration,
    /// What the values may weigh together, in the unit of the cache's weights. A value that is
    /// heavier alone is given out and not stored.
    pub weight_max: u64,
}

/// How long a value may be given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kept {
    /// For the cache's [`ttl`](Settings::ttl).
    ForTtl,
    /// Until it is invalidated or has to make room: the figures of a month that is over.
    ForGood,
}

/// Values by key, each with an age, computed once for all who ask. The [crate's page](crate) tells
/// what it does and what it does not.
pub struct Cache<K, V, E> {
    settings: Settings,
    clock: fn() -> Duration,
    weight: fn(&K, &V) -> u64,
    values: Values<K, V>,
    flights: Flights<K, V, E>,
    counters: Counters,
}

impl<K: Hash + Eq + Clone, V: Clone, E> Cache<K, V, E> {
    /// An empty cache. `weight` is asked once for each value, and what weighs nothing counts as 1.
    ///
    /// `clock` tells the time since any fixed moment and never goes back. It is read for each hit:
    /// one that is exact to nanoseconds takes longer than all the rest, while one that is exact to
    /// some milliseconds takes a fifth of that and is exact enough for ages of seconds.
    pub fn new(settings: Settings, clock: fn() -> Duration, weight: fn(&K, &V) -> u64) -> Self {
        Self {
            settings,
            clock,
            weight,
            values: values(settings.weight_max),
            flights: Flights::default(),
            counters: Counters::default(),
        }
    }

    /// The value of a key: from memory, from whoever is computing it, or by computing it.
    ///
    /// While it computes or waits no lock is held. A computation that runs is joined however long
    /// it runs already, so that there is one of them; its value counts as old from its beginning.
    ///
    /// # Errors
    ///
    /// What the computation returned, its own or the one it waited for. Errors are not stored:
    /// whoever asks next computes anew.
    ///
    /// # Panics
    ///
    /// When `compute` panics; those who waited then compute for themselves, one after another. And
    /// when a computation asks for the value of its own key, since it would wait for itself.
    pub fn get(
        &self,
        key: &K,
        compute: impl FnOnce() -> Result<(V, Kept), E>,
    ) -> Result<V, Arc<E>> {
        match self.fresh(key) {
            Some(value) => {
                self.counters.hits.add(1);
                Ok(value)
            }
            None => self.missed(key, compute),
        }
    }

    /// The value of a key if there is one that may be given out: for those who may not wait for a
    /// computation. It counts as a hit, and not as a miss.
    pub fn held(&self, key: &K) -> Option<V> {
        let value = self.fresh(key)?;
        self.counters.hits.add(1);
        Some(value)
    }

    /// Removes the values of these keys. What is being computed for them is given to those who wait
    /// for it now, and not stored; whoever asks from now on does not join it.
    ///
    /// `is_stale` is asked under a lock and must not use the cache.
    pub fn invalidate(&self, is_stale: impl Fn(&K) -> bool) {
        // In this order, and with nothing landing in between: no value of before can follow.
        self.flights.call_off(&is_stale, || {
            // Not `retain`, which would ask under the lock that a panic poisons.
            for (key, _) in self.values.iter().filter(|(key, _)| is_stale(key)) {
                let removed = self.values.remove(&key);
                self.counters.invalidations.add(u64::from(removed.is_some()));
            }
        });
    }

    /// Removes all values, as [`invalidate`](Self::invalidate) does.
    pub fn clear(&self) {
        self.invalidate(|_| true);
    }

    /// Removes the values that have expired. Call it at least every five minutes, or let a
    /// [`Sweeper`](crate::Sweeper) do it.
    pub fn sweep(&self) {
        let now = (self.clock)();
        for (key, _) in self.values.iter().filter(|(_, stored)| stored.has_expired(now)) {
            let removed = self.values.remove_if(&key, |stored| stored.has_expired(now));
            self.counters.expirations.add(u64::from(removed.is_some()));
        }
    }

    /// What the cache did and holds.
    pub fn stats(&self) -> Stats {
        let entries = u64::try_from(self.values.len()).unwrap_or(u64::MAX);
        self.counters.stats(self.settings.name, entries, self.values.weight())
    }

    fn fresh(&self, key: &K) -> Option<V> {
        let stored = self.values.get(key)?;
        (!stored.has_expired((self.clock)())).then_some(stored.value)
    }

    fn missed(&self, key: &K, compute: impl FnOnce() -> Result<(V, Kept), E>) -> Result<V, Arc<E>> {
        if self.settings.ttl.is_zero() {
            self.counters.misses.add(1);
            let (computed, ..) = self.timed(compute);
            return computed.map(|(value, _)| value).map_err(|error| self.failed(error));
        }
        loop {
            match self.flights.board(key, || self.fresh(key)) {
                Boarding::Landed(value) => {
                    self.counters.hits.add(1);
                    return Ok(value);
                }
                Boarding::Begun(pilot) => {
                    self.counters.misses.add(1);
                    return self.fly(pilot, compute);
                }
                Boarding::Joined(flight) => {
                    assert!(
                        !flight.is_ours(),
                        "a computation of the cache `{}` asks for the value of its own key",
                        self.settings.name
                    );
                    self.counters.misses.add(1);
                    self.counters.waits.add(1);
                    match flight.wait() {
                        Outcome::Returned(outcome) => return outcome.clone(),
                        // As if it were asked now.
                        Outcome::Panicked => {}
                    }
                }
            }
        }
    }

    fn fly(
        &self,
        pilot: Pilot<'_, K, V, E>,
        compute: impl FnOnce() -> Result<(V, Kept), E>,
    ) -> Result<V, Arc<E>> {
        let (computed, began, ended) = self.timed(compute);
        let (value, kept) = match computed {
            Ok(computed) => computed,
            Err(error) => {
                let error = self.failed(error);
                pilot.land(Err(Arc::clone(&error)), |_| {});
                return Err(error);
            }
        };
        let until = match kept {
            Kept::ForTtl => Some(began.saturating_add(self.settings.ttl)),
            Kept::ForGood => None,
        };
        let weight = (self.weight)(pilot.key(), &value);
        let stored = Stored { value: value.clone(), weight, until };
        // Declared here so that what has to go is dropped when the locks are free again.
        let mut displaced = Displaced::default();
        pilot.land(Ok(value.clone()), |key| {
            if !stored.has_expired(ended) {
                self.values.insert_with_lifecycle(key, stored, &mut displaced);
            }
        });
        let expired = displaced.0.iter().filter(|(_, stored)| stored.has_expired(ended)).count();
        self.counters.expirations.add(expired as u64);
        self.counters.evictions.add((displaced.0.len() - expired) as u64);
        Ok(value)
    }

    fn failed(&self, error: E) -> Arc<E> {
        self.counters.errors.add(1);
        Arc::new(error)
    }

    /// Computes, and tells when that began and ended.
    fn timed<T>(&self, compute: impl FnOnce() -> T) -> (T, Duration, Duration) {
        self.counters.computations.add(1);
        let began = (self.clock)();
        let computed = compute();
        let ended = (self.clock)();
        self.counters.took(ended.saturating_sub(began));
        (computed, began, ended)
    }
}

impl<K: Hash + Eq, V: Clone, E> fmt::Debug for Cache<K, V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("settings", &self.settings)
            .field("entries", &self.values.len())
            .field("weight", &self.values.weight())
            .finish_non_exhaustive()
    }
}
