//! The most frequent of more keys than are kept: space-saving counters (Metwally, Agrawal and El
//! Abbadi, 2005).

use std::hash::{BuildHasher, Hash};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// What is kept beside the count of a key, from the moment on at which the key is kept.
pub(crate) trait Tally: Default {
    /// Adds what another counter has kept of the same key.
    fn merge(&mut self, other: &Self);

    /// The bytes it has allocated, besides its own size.
    fn allocated(&self) -> usize;
}

/// A key and what is known of it.
#[derive(Debug)]
struct Slot<K, T> {
    key: K,
    /// How often it came, at most.
    count: u64,
    /// By how much that may be too high: the count of the key whose place it took.
    over: u64,
    /// Where it is in the heap.
    place: u32,
    tally: T,
}

/// Counters of at most so many keys. A key that comes when all are taken takes the place of the
/// rarest, and its count with it: no count is too low, and none is too high by more than all that
/// were counted divided by the number of counters.
#[derive(Debug)]
pub(crate) struct SpaceSaving<K, T> {
    max: usize,
    hasher: RandomState,
    /// Slots by their keys.
    places: HashTable<u32>,
    slots: Vec<Slot<K, T>>,
    /// Slots, a heap with the rarest at the top.
    heap: Vec<u32>,
    /// The highest count with which a key has lost its place; 0 while nothing was lost.
    lost: u64,
    counted: u64,
}

/// What is known of a key.
#[derive(Debug)]
pub(crate) struct Counter<'a, K, T> {
    pub(crate) key: &'a K,
    pub(crate) at_least: u64,
    pub(crate) at_most: u64,
    pub(crate) tally: &'a T,
}

impl<K: Hash + Eq, T: Tally> SpaceSaving<K, T> {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            max,
            hasher: RandomState::default(),
            places: HashTable::new(),
            slots: Vec::new(),
            heap: Vec::new(),
            lost: 0,
            counted: 0,
        }
    }

    /// Counts a key once and gives its tally.
    pub(crate) fn count(&mut self, key: K) -> &mut T {
        self.counted += 1;
        let hash = self.hasher.hash_one(&key);
        let slots = &self.slots;
        let known = self.places.find(hash, |&slot| slots[slot as usize].key == key).copied();
        let slot = match known {
            Some(slot) => slot,
            None if self.slots.len() < self.max => self.add(key, hash),
            None => self.replace_rarest(key, hash),
        };
        let counter = &mut self.slots[slot as usize];
        counter.count += 1;
        let place = counter.place as usize;
        self.sink(place);
        &mut self.slots[slot as usize].tally
    }

    /// How many were counted.
    pub(crate) const fn counted(&self) -> u64 {
        self.counted
    }

    /// How often a key that is not kept may have come, at most.
    pub(crate) const fn lost(&self) -> u64 {
        self.lost
    }

    /// What is kept, in no order.
    pub(crate) fn counters(&self) -> impl Iterator<Item = Counter<'_, K, T>> {
        self.slots.iter().map(|slot| Counter {
            key: &slot.key,
            at_least: slot.count - slot.over,
            at_most: slot.count,
            tally: &slot.tally,
        })
    }

    /// The bytes it has allocated; `of_key` says those of a key, besides its own size.
    pub(crate) fn allocated(&self, of_key: impl Fn(&K) -> usize) -> usize {
        let inner = self.slots.iter().map(|slot| of_key(&slot.key) + slot.tally.allocated());
        self.places.allocation_size()
            + self.slots.capacity() * size_of::<Slot<K, T>>()
            + self.heap.capacity() * size_of::<u32>()
            + inner.sum::<usize>()
    }

    fn add(&mut self, key: K, hash: u64) -> u32 {
        let slot = self.slots.len() as u32;
        self.slots.push(Slot { key, count: 0, over: 0, place: slot, tally: T::default() });
        self.heap.push(slot);
        self.remember(slot, hash);
        // It counts nothing yet: it belongs at the top.
        let mut at = slot as usize;
        while at > 0 {
            self.swap(at, (at - 1) / 2);
            at = (at - 1) / 2;
        }
        slot
    }

    fn replace_rarest(&mut self, key: K, hash: u64) -> u32 {
        let slot = self.heap[0];
        let rarest = self.hasher.hash_one(&self.slots[slot as usize].key);
        if let Ok(entry) = self.places.find_entry(rarest, |&other| other == slot) {
            entry.remove();
        }
        let counter = &mut self.slots[slot as usize];
        self.lost = self.lost.max(counter.count);
        counter.over = counter.count;
        counter.key = key;
        counter.tally = T::default();
        self.remember(slot, hash);
        slot
    }

    fn remember(&mut self, slot: u32, hash: u64) {
        let (slots, hasher) = (&self.slots, &self.hasher);
        let hash_of = |&slot: &u32| hasher.hash_one(&slots[slot as usize].key);
        self.places.insert_unique(hash, slot, hash_of);
    }

    /// Moves a slot whose count has grown down to its place.
    fn sink(&mut self, mut at: usize) {
        let count = |of: &Self, at: usize| of.slots[of.heap[at] as usize].count;
        loop {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            if left >= self.heap.len() {
                return;
            }
            let right_is_rarer = right < self.heap.len() && count(self, right) < count(self, left);
            let child = if right_is_rarer { right } else { left };
            if count(self, at) <= count(self, child) {
                return;
            }
            self.swap(at, child);
            at = child;
        }
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.heap.swap(a, b);
        for at in [a, b] {
            self.slots[self.heap[at] as usize].place = at as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[derive(Debug, Default)]
    struct Nothing;

    impl Tally for Nothing {
        fn merge(&mut self, _other: &Self) {}

        fn allocated(&self) -> usize {
            0
        }
    }

    /// Against counting everything: whatever the order, no bound is crossed.
    #[test]
    fn true_counts_are_within_the_bounds() {
        for seed in 0..40 {
            let mut random = fastrand::Rng::with_seed(seed);
            let (keys, max) = (random.u32(1..60), random.usize(1..40));
            let mut kept = SpaceSaving::<u32, Nothing>::new(max);
            let mut truth: HashMap<u32, u64> = HashMap::new();
            for _ in 0..random.u32(1..3000) {
                // Some keys are far more frequent than others.
                let key = random.u32(0..keys).min(random.u32(0..keys));
                kept.count(key);
                *truth.entry(key).or_default() += 1;
            }
            let counted: u64 = truth.values().sum();
            assert_eq!(kept.counted(), counted);
            assert!(kept.lost() <= counted / max as u64, "seed {seed}");
            let mut unseen = truth.clone();
            for counter in kept.counters() {
                let count = unseen.remove(counter.key).unwrap();
                assert!((counter.at_least..=counter.at_most).contains(&count), "seed {seed}");
                assert!(counter.at_most - counter.at_least <= kept.lost(), "seed {seed}");
            }
            assert!(unseen.values().all(|&count| count <= kept.lost()), "seed {seed}");
            if truth.len() <= max {
                assert_eq!(kept.lost(), 0, "nothing was lost: every count is exact");
            }
        }
    }
}
