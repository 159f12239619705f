//! What was read and is not in the database yet, for whoever shows it in the same process.
//!
//! A batch is read long before it is stored: the writer commits every two seconds or less often. Whoever
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
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use piecewatch_ingest::Called;
use piecewatch_model::{Batch, NodeName};

use super::pacing::Pacing;
pub use tally::{NEWEST_MAX, Tally};

/// How many committed batches wait for whoever looks.
pub const COMMITTED_MAX: usize = 2_048;

/// What a pipeline has read and not yet stored. Cheap to clone; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Unwritten(Arc<Shared>);

/// Who is told that there is something new. It is called on the threads that read and write: it does
/// not wait for anything.
pub struct Listener {
    /// A batch of this node with transfers in it was read, or turned out not to count.
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
    dropped: AtomicU64,
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

    /// Whether somebody looks: then batches come every 20 ms, or when they are called in, and are
    /// committed every two seconds at least, and what is committed is held until it is taken.
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

    /// Whoever looks is about to: what was logged until now is read, and told, at once. What is given
    /// says when that is done.
    pub fn call_in(&self) -> Called {
        // Not with the batches locked: those who are called hold some.
        let pacing = self.held().pacing.clone();
        pacing.map(|pacing| pacing.call_in()).unwrap_or_default()
    }

    /// Where the pipeline is. Ask before the database.
    pub fn place(&self) -> Place {
        self.held().place
    }

    /// How many batches were held and then not stored: somebody else has read on in their log, and what
    /// they hold is in the database, or is read again.
    pub fn dropped(&self) -> u64 {
        // Under the lock: whoever finds such a batch not held any more finds it counted.
        let _held = self.held();
        self.0.dropped.load(Ordering::Relaxed)
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
        let place = Place { process, last: newest, forgotten: newest };
        // Numbers go on: tickets of a pipeline before this one remove nothing of it.
        *held = Held { place, next: held.next, pacing: Some(pacing), ..Held::default() };
    }

    /// Holds a batch that goes to the writer.
    pub(super) fn hold(&self, batch: &Batch) -> Ticket {
        let tally = Arc::new(Tally::of(batch));
        let mut held = self.held();
        let number = held.next;
        held.next += 1;
        let node = batch.node.clone();
        let is_empty = tally.is_empty();
        held.batches.insert(number, HeldBatch { node, stage: Stage::Waiting, tally });
        drop(held);
        if !is_empty {
            self.tell_read(&batch.node);
        }
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
            self.unwritten.0.dropped.fetch_add(1, Ordering::Relaxed);
            drop(held);
            if let Some(gone) = gone.filter(|gone| !gone.tally.is_empty()) {
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

#[cfg(test)]
mod tests {
    use piecewatch_model::{
        Action, Fingerprinter, LineCounts, Outcome, PieceId, Record, Start, Timestamp, Transfer,
    };
    use piecewatch_store::{Nodes, Readers, Store, StoreConfig, Writer};

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_755_612_300);

    /// A log that is read batch by batch.
    struct Log {
        content: Fingerprinter,
        start: Start,
    }

    impl Log {
        fn new(seed: u8) -> Self {
            let mut content = Fingerprinter::new();
            content.feed(&[seed; 5000]);
            Self { content, start: Start::Beginning { known: 0 } }
        }

        fn batch(&mut self, transfers: usize) -> Batch {
            let transfer = Transfer {
                at: NOW,
                satellite: None,
                piece: PieceId::new([7; 32]),
                action: Action::Get,
                outcome: Outcome::Success,
                size: None,
                offset: None,
                remote: None,
                country: None,
                latency: None,
                error: None,
                error_text: None,
            };
            self.content.feed(&[b'x'; 100]);
            let end = self.content.checkpoint();
            let start = std::mem::replace(&mut self.start, Start::from(&end));
            Batch {
                node: "n1".parse().unwrap(),
                source: "node.log".into(),
                start,
                end,
                records: vec![Record::Transfer(transfer); transfers],
                counts: LineCounts::default(),
            }
        }
    }

    /// Who looks: what the database held at the newest commit that it saw.
    struct Viewer {
        readers: Readers,
        seen: i64,
        base: u64,
    }

    impl Viewer {
        fn total(&mut self, unwritten: &Unwritten) -> u64 {
            loop {
                let place = unwritten.place();
                let reader = self.readers.get().unwrap();
                let read = reader.at_one_state(|reader| {
                    let rows = reader.traffic_totals(Nodes::All, None)?.rows;
                    let stored: u64 = rows.iter().map(|row| row.count).sum();
                    Ok((reader.newest_commit()?, reader.commits_since(self.seen, 1_000)?, stored))
                });
                let (to, commits, stored) = read.unwrap();
                let own = commits.iter().filter(|commit| commit.process == place.process);
                let own = own.map(|commit| commit.seq).max();
                let look = Look { from: self.seen, to, place, own };
                let Some(passed) = unwritten.looked(look) else { continue };
                let is_held = |commit: &piecewatch_store::Commit| {
                    commit.process == place.process
                        && place.forgotten < commit.seq
                        && commit.seq <= place.last
                };
                if commits.iter().all(is_held) {
                    self.base += passed.iter().map(|unseen| count(&unseen.tally)).sum::<u64>();
                } else {
                    self.base = stored;
                }
                self.seen = to;
                let mut total = self.base;
                if unwritten.after(self.seen, |_, tally| total += count(tally)).is_some() {
                    return total;
                }
            }
        }
    }

    fn count(tally: &Tally) -> u64 {
        tally.minutes.values().map(|(count, _)| count).sum()
    }

    /// What may happen between two looks. Whoever looks counts what was read, stored or not, exactly:
    /// after each step, within a commit too.
    #[test]
    fn a_batch_counts_once_wherever_it_is() {
        for seed in 0..60 {
            let mut random = fastrand::Rng::with_seed(seed);
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("nodes.db");
            let open = || Store::open(&path, StoreConfig::default()).unwrap();
            let Store { mut writer, readers } = open();
            let mut other: Writer = open().writer;
            let (mut log, mut foreign) = (Log::new(1), Log::new(2));
            other.append(&[foreign.batch(3)], NOW).unwrap();
            let unwritten = Unwritten::new();
            unwritten.watch(random.bool());
            let pacing = Arc::new(Pacing::new(std::time::Duration::from_secs(1)));
            unwritten.begin(writer.process(), other.newest_commit(), pacing);
            let mut viewer = Viewer { readers, seen: other.newest_commit(), base: 3 };
            let mut truth = 3;
            let mut waiting: Vec<(Batch, Ticket)> = Vec::new();
            let mut check = |truth: u64, step: u32| {
                assert_eq!(viewer.total(&unwritten), truth, "seed {seed}, step {step}");
            };
            for step in 0..60 {
                match random.u8(..10) {
                    0..5 => {
                        let batch = log.batch(random.usize(1..5));
                        truth += batch.records.len() as u64;
                        let ticket = unwritten.hold(&batch);
                        waiting.push((batch, ticket));
                    }
                    5 => {
                        let batch = foreign.batch(random.usize(1..5));
                        truth += batch.records.len() as u64;
                        other.append(&[batch], NOW).unwrap();
                    }
                    6 if !waiting.is_empty() => {
                        // The reader begins anew: what it had read does not count.
                        let gone = waiting.drain(..).map(|(batch, _)| batch);
                        let gone: Vec<Batch> = gone.collect();
                        log.start = gone[0].start;
                        truth -= gone.iter().map(|batch| batch.records.len() as u64).sum::<u64>();
                        log = Log { content: log.content, start: log.start };
                    }
                    7 => unwritten.watch(random.bool()),
                    _ => {
                        let (batches, tickets): (Vec<Batch>, Vec<Ticket>) =
                            waiting.drain(..).unzip();
                        committing(tickets.iter());
                        check(truth, step);
                        writer.append(&batches, NOW).unwrap();
                        if random.bool() {
                            check(truth, step);
                        }
                        if random.bool() {
                            let batch = foreign.batch(1);
                            truth += 1;
                            other.append(&[batch], NOW).unwrap();
                            check(truth, step);
                        }
                        committed(tickets, writer.newest_commit());
                    }
                }
                if random.u8(..3) > 0 {
                    check(truth, step);
                }
            }
            let tickets: Vec<Ticket> = waiting.into_iter().map(|(_, ticket)| ticket).collect();
            drop(tickets);
            assert!(unwritten.len() <= COMMITTED_MAX);
        }
    }

    #[test]
    fn what_is_committed_is_held_up_to_a_bound_and_not_at_all_while_nobody_looks() {
        let unwritten = Unwritten::new();
        let mut log = Log::new(1);
        let mut commit = |seq: i64, batches: usize| {
            let tickets: Vec<Ticket> =
                (0..batches).map(|_| unwritten.hold(&log.batch(1))).collect();
            committing(tickets.iter());
            committed(tickets, seq);
        };
        commit(1, 10);
        assert_eq!((unwritten.len(), unwritten.place().forgotten), (0, 1));
        unwritten.watch(true);
        commit(2, COMMITTED_MAX - 1);
        assert_eq!((unwritten.len(), unwritten.place().forgotten), (COMMITTED_MAX - 1, 1));
        commit(3, 2);
        assert_eq!((unwritten.len(), unwritten.place().forgotten), (COMMITTED_MAX, 2));
        assert_eq!(unwritten.after(1, |_, _| {}), None, "who saw the first has to look");
        let mut added = 0;
        unwritten.after(2, |_, _| added += 1).unwrap();
        assert_eq!(added, 2);
        unwritten.watch(false);
        assert!(unwritten.is_empty());
    }
}
