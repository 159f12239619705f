//! The most frequent keys of a stretch of time that moves on: counters for each few minutes, which
//! are put together when they are asked.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
};

use foldhash::fast::RandomState;
use piecewatch_model::Timestamp;
use piecewatch_store::Window;

use crate::space_saving::{SpaceSaving, Tally};

/// How long a window and its parts are, and how many keys are kept of a part.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    pub(crate) window_micros: i64,
    pub(crate) part_micros: i64,
    pub(crate) keys_max: usize,
}

/// Space-saving counters of a window that ends now, widened to whole parts.
#[derive(Debug)]
pub(crate) struct Sliding<K, T> {
    extent: Extent,
    /// The oldest first; a part in which nothing happened is not there.
    parts: VecDeque<Part<K, T>>,
}

#[derive(Debug)]
struct Part<K, T> {
    /// Its beginning, in parts since 1970.
    number: i64,
    counters: SpaceSaving<K, T>,
}

/// What is known of a key in the window.
#[derive(Debug, Clone)]
pub(crate) struct Frequent<K, T> {
    pub(crate) key: K,
    pub(crate) at_least: u64,
    pub(crate) at_most: u64,
    pub(crate) tally: T,
}

/// The most frequent keys of the window.
#[derive(Debug, Clone)]
pub(crate) struct Listing<K, T> {
    pub(crate) window: Window,
    pub(crate) counted: u64,
    /// How far a count may be off, and how often a key that is not listed may have come.
    pub(crate) error_max: u64,
    pub(crate) keys: Vec<Frequent<K, T>>,
}

impl<K: Hash + Eq + Ord + Clone, T: Tally> Sliding<K, T> {
    pub(crate) const fn new(extent: Extent) -> Self {
        Self { extent, parts: VecDeque::new() }
    }

    /// Counts a key at an instant and gives its tally in that part; `None`, and nothing is counted,
    /// when the instant is not in the window that ends at `now`, a part of grace for clocks aside.
    pub(crate) fn count(&mut self, key: K, at: Timestamp, now: Timestamp) -> Option<&mut T> {
        self.forget(now);
        let (first, last) = self.numbers(now);
        let number = self.number(at);
        if number < first || number > last.saturating_add(1) {
            return None;
        }
        let place = self.parts.partition_point(|part| part.number < number);
        if self.parts.get(place).is_none_or(|part| part.number != number) {
            let counters = SpaceSaving::new(self.extent.keys_max);
            self.parts.insert(place, Part { number, counters });
        }
        Some(self.parts[place].counters.count(key))
    }

    /// Gives back what is older than the window that ends at `now`.
    pub(crate) fn forget(&mut self, now: Timestamp) {
        let (first, _) = self.numbers(now);
        while self.parts.front().is_some_and(|part| part.number < first) {
            self.parts.pop_front();
        }
    }

    /// At most so many keys of the window that ends at `now`, by how often each came at least.
    pub(crate) fn top(&self, limit: usize, now: Timestamp) -> Listing<K, T> {
        self.top_with(&Self::new(self.extent), limit, now)
    }

    /// The same, together with what another one of the same extent has counted.
    pub(crate) fn top_with(&self, other: &Self, limit: usize, now: Timestamp) -> Listing<K, T> {
        let (first, last) = self.numbers(now);
        let all = || self.parts.iter().chain(&other.parts);
        let parts = || all().filter(|part| (first..=last).contains(&part.number));
        let error_max = parts().map(|part| part.counters.lost()).sum();
        let mut sums: HashMap<&K, Frequent<(), T>, RandomState> = HashMap::default();
        for part in parts() {
            for counter in part.counters.counters() {
                let sum = sums.entry(counter.key).or_insert_with(|| Frequent {
                    key: (),
                    at_least: 0,
                    // In any part in which it is not kept, it may have been lost.
                    at_most: error_max,
                    tally: T::default(),
                });
                sum.at_least += counter.at_least;
                sum.at_most += counter.at_most - part.counters.lost();
                sum.tally.merge(counter.tally);
            }
        }
        let mut keys: Vec<(&K, Frequent<(), T>)> = sums.into_iter().collect();
        keys.sort_unstable_by(|(a, of_a), (b, of_b)| {
            (of_b.at_least, of_b.at_most).cmp(&(of_a.at_least, of_a.at_most)).then(a.cmp(b))
        });
        keys.truncate(limit);
        let keys = keys.into_iter().map(|(key, of)| Frequent {
            key: key.clone(),
            at_least: of.at_least,
            at_most: of.at_most,
            tally: of.tally,
        });
        Listing {
            window: Window { from: self.begin(first), to: now },
            counted: parts().map(|part| part.counters.counted()).sum(),
            error_max,
            keys: keys.collect(),
        }
    }

    /// The bytes it has allocated; `of_key` says those of a key, besides its own size.
    pub(crate) fn allocated(&self, of_key: impl Fn(&K) -> usize) -> usize {
        let parts = self.parts.iter().map(|part| part.counters.allocated(&of_key));
        self.parts.capacity() * size_of::<Part<K, T>>() + parts.sum::<usize>()
    }

    /// The first and the last part of the window that ends at `now`.
    const fn numbers(&self, now: Timestamp) -> (i64, i64) {
        (self.number(now.plus_micros(-self.extent.window_micros)), self.number(now))
    }

    const fn number(&self, at: Timestamp) -> i64 {
        at.as_micros().div_euclid(self.extent.part_micros)
    }

    const fn begin(&self, number: i64) -> Timestamp {
        Timestamp::from_micros(number.saturating_mul(self.extent.part_micros))
    }
}
