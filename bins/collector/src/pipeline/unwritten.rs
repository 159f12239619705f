//! What was read and is not in the database yet, for whoever shows it in the same process.
//!
//! A batch is read long before it is stored: the writer commits every second or less often. Whoever
//! looks at both, the database and this, must count each batch once, and must not stop the writer to
//! do so. So each batch that is held here says where it is:
//!
//! 1. *Waiting*: it goes to the writer.
//! 2. *Being committed*: whether it is in the database, only the database knows. It is, for whoever
//!    reads a state that lists a commit of this writer after the one before.
//! 3. *Committed*, with the number of the commit. It is in every state that lists that number, and in
//!    none before. It stays here until whoever looks has taken it, if somebody does.
//! 4. *Gone*: somebody else has read on in the log, and what this batch holds is stored by him; or the
//!    reader begins anew.
//!
//! [`Unwritten::after`] tells what is to be added to a state of the database, by the number of the
//! newest commit that it lists.
//!
//! What waits is bounded by the channel to the writer and by what one transaction takes; of what is
//! committed the last [`COMMITTED_MAX`] batches are held, and none while nobody looks. Of a batch the
//! sums by the minute and 50 transfers are held, whatever its size.

mod tally;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use piecewatch_model::{Batch, NodeName};

use super::pacing::Pacing;
pub use tally::{NEWEST_MAX, Tally};

/// How many committed batches wait for whoever looks.
pub const COMMITTED_MAX: usize = 1_024;

/// What a pipeline has read and not yet stored. Cheap to clone; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Unwritten(Arc<Shared>);

/// Who is told that there is something new. It is called on the threads that read and write: it does
/// not wait for anything.
pub struct Listener {
    /// A batch of this node was read, or turned out not to count.
    pub read: Box<dyn Fn(&NodeName) + Send + Sync>,
    /// Something was committed.
    pub committed: Box<dyn Fn() + Send + Sync>,
}

/// What whoever looks is to ask the database with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// [`process`](piecewatch_store::Commit::process) of the commits that this pipeline makes.
    pub process: i64,
    /// The newest commit of this pipeline of which the batches are known; before its first one the
    /// newest of anybody at its start.
    pub last: i64,
    /// Batches of commits up to this one are not held any more.
    pub forgotten: i64,
}

#[derive(Default)]
struct Shared {
    held: Mutex<Held>,
    is_watched: AtomicBool,
    listener: OnceLock<Listener>,
}

#[derive(Debug)]
struct Held {
    place: Place,
    next: u64,
    batches: BTreeMap<u64, HeldBatch>,
    committed: usize,
    pacing: Option<Arc<Pacing>>,
}

#[derive(Debug)]
struct HeldBatch {
    node: NodeName,
    stage: Stage,
    tally: Arc<Tally>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    /// Its commit will have a number after this one.
    Committing {
        after: i64,
    },
    /// Whoever looks found it in the database.
    Found,
    Committed(i64),
}

/// What is not in a state of the database.
#[derive(Debug, Clone, PartialEq)]
pub struct Unseen {
    /// Of which node.
    pub node: NodeName,
    /// What is to be added.
    pub tally: Arc<Tally>,
}

/// What became known of the database when it was looked at.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// The newest commit that the look before saw.
    pub from: i64,
    /// The newest commit that this look saw.
    pub to: i64,
    /// [`Unwritten::place`] before the look.
    pub place: Place,
    /// The newest commit of this pipeline after `from` that this look saw.
    pub own: Option<i64>,
}

impl Default for Held {
    fn default() -> Self {
        let place = Place { process: 0, last: i64::MIN, forgotten: i64::MIN };
        Self { place, next: 0, batches: BTreeMap::new(), committed: 0, pacing: None }
    }
}

impl Unwritten {
    /// Nothing, until a pipeline is started with it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells this listener from now on. The first one stays.
    pub fn listen(&self, listener: Listener) {
        let _ = self.0.listener.set(listener);
    }

    /// Whether somebody looks: then batches come every 20 ms and are committed every second at most,
    /// and what is committed is held until it is taken.
    pub fn watch(&self, is_watched: bool) {
        self.0.is_watched.store(is_watched, Ordering::Relaxed);
        let mut held = self.held();
        if let Some(pacing) = &held.pacing {
            pacing.look(is_watched);
        }
        if !is_watched {
            held.forget_committed(0);
        }
    }

    /// Whether somebody looks.
    pub fn is_watched(&self) -> bool {
        self.0.is_watched.load(Ordering::Relaxed)
    }

    /// Where the pipeline is. Ask before the database.
    pub fn place(&self) -> Place {
        self.held().place
    }

    /// How many batches are held.
    pub fn len(&self) -> usize {
        self.held().batches.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes note that the database was looked at, and gives the batches that `look` passed: those of
    /// commits after `from` up to `to` of which it was known before the look that they are there. What
    /// that look saw beyond them it must have read from the database.
    ///
    /// One looks at a time, and each look goes on where the one before ended. `None` when some of those
    /// batches are not held any more since the look began: look again, from the same place.
    pub fn looked(&self, look: Look) -> Option<Vec<Unseen>> {
        let mut held = self.held();
        if held.place.forgotten > look.place.forgotten.max(look.from) {
            return None;
        }
        let mut passed = Vec::new();
        let mut released = 0;
        held.batches.retain(|_, batch| match &mut batch.stage {
            Stage::Committed(seq) if *seq <= look.to => {
                if *seq > look.from && *seq <= look.place.last {
                    let tally = Arc::clone(&batch.tally);
                    passed.push(Unseen { node: batch.node.clone(), tally });
                }
                released += 1;
                false
            }
            Stage::Committing { after } if look.own.is_some_and(|own| own > *after) => {
                batch.stage = Stage::Found;
                true
            }
            Stage::Waiting | Stage::Committing { .. } | Stage::Found | Stage::Committed(_) => true,
        });
        held.committed -= released;
        Some(passed)
    }

    /// What is to be added to a state of the database that was [`looked`](Self::looked) at and in
    /// which `seen` is the newest commit. `None` when batches of later commits are not held any more:
    /// look again.
    pub fn after(&self, seen: i64, mut add: impl FnMut(&NodeName, &Arc<Tally>)) -> Option<()> {
        let held = self.held();
        if held.place.forgotten > seen {
            return None;
        }
        for batch in held.batches.values() {
            let is_new = match batch.stage {
                Stage::Waiting | Stage::Committing { .. } => true,
                Stage::Found => false,
                Stage::Committed(seq) => seq > seen,
            };
            if is_new {
                add(&batch.node, &batch.tally);
            }
        }
        Some(())
    }

    /// A pipeline begins, of which these are the process and the newest commit before its first.
    pub(super) fn begin(&self, process: i64, newest: i64, pacing: Arc<Pacing>) {
        let mut held = self.held();
        pacing.look(self.is_watched());
        *held = Held::default();
        held.place = Place { process, last: newest, forgotten: newest };
        held.pacing = Some(pacing);
    }

    /// Holds a batch that goes to the writer.
    pub(super) fn hold(&self, batch: &Batch) -> Ticket {
        let tally = Arc::new(Tally::of(batch));
        let mut held = self.held();
        let number = held.next;
        held.next += 1;
        let node = batch.node.clone();
        held.batches.insert(number, HeldBatch { node, stage: Stage::Waiting, tally });
        drop(held);
        self.tell_read(&batch.node);
        Ticket { number, unwritten: self.clone() }
    }

    fn tell_read(&self, node: &NodeName) {
        if let Some(listener) = self.0.listener.get() {
            (listener.read)(node);
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Forgets the oldest committed batches but so many.
    fn forget_committed(&mut self, but: usize) {
        let mut surplus = self.committed.saturating_sub(but);
        if surplus == 0 {
            return;
        }
        self.committed -= surplus;
        let forgotten = &mut self.place.forgotten;
        self.batches.retain(|_, batch| match batch.stage {
            Stage::Committed(seq) if surplus > 0 => {
                surplus -= 1;
                *forgotten = seq.max(*forgotten);
                false
            }
            Stage::Waiting | Stage::Committing { .. } | Stage::Found | Stage::Committed(_) => true,
        });
    }
}

/// That a batch is held. Without it the batch is not: it was dropped on its way.
#[derive(Debug)]
pub(super) struct Ticket {
    number: u64,
    unwritten: Unwritten,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut held = self.unwritten.held();
        let is_held = |batch: &HeldBatch| match batch.stage {
            Stage::Waiting | Stage::Committing { .. } | Stage::Found => true,
            Stage::Committed(_) => false,
        };
        if held.batches.get(&self.number).is_some_and(is_held) {
            let gone = held.batches.remove(&self.number);
            drop(held);
            if let Some(gone) = gone {
                self.unwritten.tell_read(&gone.node);
            }
        }
    }
}

/// Marks what is about to be committed: the next commit of the writer is theirs.
pub(super) fn committing<'a>(tickets: impl Iterator<Item = &'a Ticket>) {
    let mut tickets = tickets.peekable();
    let Some(unwritten) = tickets.peek().map(|ticket| ticket.unwritten.clone()) else { return };
    let mut held = unwritten.held();
    let after = held.place.last;
    for ticket in tickets {
        if let Some(batch) = held.batches.get_mut(&ticket.number)
            && batch.stage == Stage::Waiting
        {
            batch.stage = Stage::Committing { after };
        }
    }
}

/// Marks what is committed, with the number of the commit.
pub(super) fn committed(tickets: Vec<Ticket>, seq: i64) {
    let Some(unwritten) = tickets.first().map(|ticket| ticket.unwritten.clone()) else { return };
    let mut held = unwritten.held();
    for ticket in &tickets {
        let Some(batch) = held.batches.get_mut(&ticket.number) else { continue };
        if batch.stage == Stage::Found {
            held.batches.remove(&ticket.number);
        } else {
            batch.stage = Stage::Committed(seq);
            held.committed += 1;
        }
    }
    held.place.last = seq;
    let kept = if unwritten.is_watched() { COMMITTED_MAX } else { 0 };
    held.forget_committed(kept);
    drop(held);
    // They stay held until they are taken: a ticket removes only what is not committed.
    drop(tickets);
    if let Some(listener) = unwritten.0.listener.get() {
        (listener.committed)();
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("held", &self.held).finish_non_exhaustive()
    }
}
