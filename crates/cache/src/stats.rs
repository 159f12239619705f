//! What a cache did, in numbers.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// What a cache did since it was made, and what it holds. The numbers are read one after another:
/// while others use the cache they may be some asks apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// The cache's name.
    pub name: &'static str,
    /// Asks that were answered from memory.
    pub hits: u64,
    /// Asks that were not: they computed or waited.
    pub misses: u64,
    /// Those of `misses` that waited for another's computation, or are waiting.
    pub waits: u64,
    /// Computations that began.
    pub computations: u64,
    /// Those of `computations` that returned an error.
    pub errors: u64,
    /// The time that `computations` took together, in microseconds, as exact as the clock is.
    /// Neither what is still running nor what panicked is in it.
    pub computing_micros: u64,
    /// The time that the longest of them took, in microseconds.
    pub computing_micros_max: u64,
    /// Values that had to go before their time because of their weight, and those too heavy to be
    /// stored at all.
    pub evictions: u64,
    /// Values that went since they had expired.
    pub expirations: u64,
    /// Values that went since they were invalidated.
    pub invalidations: u64,
    /// Values in memory now, with those that have expired and were not swept yet.
    pub entries: u64,
    /// What they weigh together.
    pub weight: u64,
}

/// A number that many threads count up.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// What a cache counts.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) hits: Counter,
    pub(crate) misses: Counter,
    pub(crate) waits: Counter,
    pub(crate) computations: Counter,
    pub(crate) errors: Counter,
    pub(crate) evictions: Counter,
    pub(crate) expirations: Counter,
    pub(crate) invalidations: Counter,
    computing_micros: Counter,
    computing_micros_max: AtomicU64,
}

impl Counters {
    /// A computation took so long.
    pub(crate) fn took(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.computing_micros.add(micros);
        self.computing_micros_max.fetch_max(micros, Relaxed);
    }

    pub(crate) fn stats(&self, name: &'static str, entries: u64, weight: u64) -> Stats {
        Stats {
            name,
            hits: self.hits.get(),
            misses: self.misses.get(),
            waits: self.waits.get(),
            computations: self.computations.get(),
            errors: self.errors.get(),
            computing_micros: self.computing_micros.get(),
            computing_micros_max: self.computing_micros_max.load(Relaxed),
            evictions: self.evictions.get(),
            expirations: self.expirations.get(),
            invalidations: self.invalidations.get(),
            entries,
            weight,
        }
    }
}
