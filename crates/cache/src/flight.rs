//! Computations that run, and those who wait for them.
//!
//! `quick_cache` can let others wait too, but when a computation fails its guard hands the work to
//! the next who waits: 64 clients of a broken database would try it 64 times, one after another.
//! Here they share the error.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    thread::{self, ThreadId},
};

/// A computation that runs.
pub(crate) struct Flight<V, E> {
    by: ThreadId,
    outcome: OnceLock<Outcome<V, E>>,
}

/// How a computation ended.
pub(crate) enum Outcome<V, E> {
    Returned(Result<V, Arc<E>>),
    Panicked,
}

impl<V, E> Flight<V, E> {
    /// Whether the thread that asks is the one that computes.
    pub(crate) fn is_ours(&self) -> bool {
        self.by == thread::current().id()
    }

    /// Blocks until the computation has ended.
    pub(crate) fn wait(&self) -> &Outcome<V, E> {
        self.outcome.wait()
    }
}

/// What somebody who found no value has to do.
pub(crate) enum Boarding<'a, K: Hash + Eq, V, E> {
    /// Nothing: the value came meanwhile.
    Landed(V),
    /// Wait for another's computation.
    Joined(Arc<Flight<V, E>>),
    /// Compute it.
    Begun(Pilot<'a, K, V, E>),
}

/// The computations that run, by key. One that was called off is not among them.
pub(crate) struct Flights<K, V, E>(Mutex<HashMap<K, Arc<Flight<V, E>>>>);

impl<K, V, E> Default for Flights<K, V, E> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Hash + Eq, V, E> Flights<K, V, E> {
    /// Joins the computation of a key or begins it; `look` is asked once more whether the value is
    /// there, when no computation can end.
    pub(crate) fn board(&self, key: &K, look: impl FnOnce() -> Option<V>) -> Boarding<'_, K, V, E>
    where
        K: Clone,
    {
        let mut running = self.lock();
        if let Some(value) = look() {
            return Boarding::Landed(value);
        }
        if let Some(flight) = running.get(key) {
            return Boarding::Joined(Arc::clone(flight));
        }
        let flight = Arc::new(Flight { by: thread::current().id(), outcome: OnceLock::new() });
        running.insert(key.clone(), Arc::clone(&flight));
        Boarding::Begun(Pilot { flights: self, key: key.clone(), flight })
    }

    /// Lets what runs for these keys end without being stored or joined; `and` is done when no
    /// computation can begin or end.
    pub(crate) fn call_off(&self, is_stale: impl Fn(&K) -> bool, and: impl FnOnce()) {
        let mut running = self.lock();
        running.retain(|key, _| !is_stale(key));
        and();
    }

    /// Nothing is done under the lock that leaves the table half changed.
    fn lock(&self) -> MutexGuard<'_, HashMap<K, Arc<Flight<V, E>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever computes. When it is dropped without having landed, by a panic, those who wait are woken.
pub(crate) struct Pilot<'a, K: Hash + Eq, V, E> {
    flights: &'a Flights<K, V, E>,
    key: K,
    flight: Arc<Flight<V, E>>,
}

impl<K: Hash + Eq, V, E> Pilot<'_, K, V, E> {
    pub(crate) fn key(&self) -> &K {
        &self.key
    }

    /// Ends the computation. `store` is done unless it was called off.
    pub(crate) fn land(self, outcome: Result<V, Arc<E>>, store: impl FnOnce(K)) {
        self.leave(store);
        let _ = self.flight.outcome.set(Outcome::Returned(outcome));
    }

    fn leave(&self, store: impl FnOnce(K)) {
        let mut running = self.flights.lock();
        // After it was called off another one may run under its key.
        if running.get(&self.key).is_some_and(|flight| Arc::ptr_eq(flight, &self.flight))
            && let Some((key, _)) = running.remove_entry(&self.key)
        {
            store(key);
        }
    }
}

impl<K: Hash + Eq, V, E> Drop for Pilot<'_, K, V, E> {
    fn drop(&mut self) {
        if self.flight.outcome.get().is_none() {
            self.leave(|_| {});
            let _ = self.flight.outcome.set(Outcome::Panicked);
        }
    }
}
