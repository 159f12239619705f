//! The thread that writes: what was read goes into the database in one transaction every few
//! seconds, and nothing is dropped when it cannot.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvError, after, never, select};
use piecewatch_model::{Batch, Timestamp};
use piecewatch_store::{Appended, Error as StoreError, Retention, Writer};

use super::{
    batches::Given,
    pacing::Pacing,
    reader::Run,
    unwritten::{self, Ticket},
};
use crate::{Result, clock};

/// What a transaction holds at most, in records: others wait for the database that long.
const RECORDS_MAX: usize = 10_000;
/// How many rows go in one step of pruning: some milliseconds, between which batches are written.
const PRUNED_MAX: u32 = 2_000;
/// How long to wait before a transaction is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// How often a writer without work shows that it is alive.
const ALIVE_EVERY: Duration = Duration::from_secs(5);

/// Batches on their way to the writer: all of them are stored in one transaction, or none.
#[derive(Debug)]
pub(super) struct Message {
    /// Who has read them.
    pub(super) run: Run,
    /// In which of its runs.
    pub(super) number: u64,
    pub(super) batches: Vec<Batch>,
    /// That each of them is held for whoever looks; empty where nobody may.
    pub(super) tickets: Vec<Ticket>,
}

/// What the writer does, for all to see.
#[derive(Debug)]
pub(super) struct Writing {
    shared: Mutex<Shared>,
    pacing: Arc<Pacing>,
    is_alive: AtomicBool,
    is_ending: AtomicBool,
    is_pruning_due: AtomicBool,
    commits: AtomicU64,
}

#[derive(Debug)]
struct Shared {
    state: WriterState,
    longest: Longest,
    retention: Option<Retention>,
}

/// The longest commit of this minute, and of the one before.
#[derive(Debug, Default)]
struct Longest {
    minute: u64,
    now: Duration,
    before: Duration,
}

impl Longest {
    fn turn(&mut self, uptime: Duration) {
        let minute = uptime.as_secs() / 60;
        if minute != self.minute {
            self.before = if minute == self.minute + 1 { self.now } else { Duration::ZERO };
            (self.minute, self.now) = (minute, Duration::ZERO);
        }
    }

    fn add(&mut self, took: Duration, uptime: Duration) {
        self.turn(uptime);
        self.now = self.now.max(took);
    }

    fn get(&mut self, uptime: Duration) -> Duration {
        self.turn(uptime);
        self.now.max(self.before)
    }
}

/// What becomes of batches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WriterState {
    /// When the last transaction was committed.
    pub committed_at: Option<Timestamp>,
    /// How many were.
    pub commits: u64,
    /// How many records they held.
    pub records: u64,
    /// How long they took together.
    pub committing: Duration,
    /// How long the longest of the last one to two minutes took.
    pub longest_commit: Duration,
    /// Why none can be, in words for the operator; `None` when all is well.
    pub blocked: Option<String>,
}

impl Writing {
    pub(super) fn new(pacing: Arc<Pacing>) -> Self {
        let state = WriterState::default();
        Self {
            shared: Mutex::new(Shared { state, longest: Longest::default(), retention: None }),
            pacing,
            is_alive: AtomicBool::new(true),
            is_ending: AtomicBool::new(false),
            is_pruning_due: AtomicBool::new(false),
            commits: AtomicU64::new(0),
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn state(&self) -> WriterState {
        let mut shared = self.shared();
        let longest_commit = shared.longest.get(clock::uptime());
        WriterState { commits: self.commits(), longest_commit, ..shared.state.clone() }
    }

    /// How many transactions were committed.
    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Whether the writer has done something since this was asked last.
    pub(super) fn was_alive(&self) -> bool {
        self.is_alive.swap(false, Ordering::Relaxed)
    }

    /// Lets the writer remove what is beyond its retention, step by step.
    pub(super) fn prune(&self) {
        self.is_pruning_due.store(true, Ordering::Relaxed);
    }

    /// Changes the pace of commits and the retention.
    pub(super) fn change(&self, commit_interval: Duration, retention: &Retention) {
        self.pacing.configure(commit_interval);
        self.shared().retention = Some(retention.clone());
    }

    /// Lets the writer give up what it cannot write: everything is to end.
    pub(super) fn end(&self) {
        self.is_ending.store(true, Ordering::Relaxed);
    }

    /// How long to wait for the next commit; a new retention goes to the writer.
    fn next(&self, writer: &mut Writer) -> Duration {
        if let Some(retention) = self.shared().retention.take() {
            writer.keep(retention);
        }
        match writer.is_watched(clock::now()) {
            Ok(is_watched) => self.pacing.follow(is_watched),
            Err(error) => tracing::debug!(%error, "whether somebody watches is not known"),
        }
        self.pacing.commit_interval()
    }

    /// Waits before the next try; `false` when everything is to end.
    fn waits(&self, time: Duration) -> bool {
        const STEPS: u32 = 10;
        for _ in 0..STEPS {
            if self.is_ending.load(Ordering::Relaxed) {
                return false;
            }
            self.is_alive.store(true, Ordering::Relaxed);
            thread::sleep(time / STEPS);
        }
        true
    }

    fn committed(&self, records: usize, took: Duration) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        let mut shared = self.shared();
        shared.state.records += records as u64;
        shared.state.committing += took;
        shared.longest.add(took, clock::uptime());
        shared.state.committed_at = Some(clock::now());
        if let Some(reason) = shared.state.blocked.take() {
            tracing::info!(was = reason, "the database can be written again");
        }
    }

    fn blocked(&self, error: &StoreError) {
        let mut shared = self.shared();
        let reason = error.to_string();
        if shared.state.blocked.as_ref() != Some(&reason) {
            tracing::error!("reading waits: {reason}");
            shared.state.blocked = Some(reason);
        }
    }
}

/// Writes what comes until nobody can send any more.
///
/// # Errors
///
/// When the database is damaged or gone, or cannot hold what is read. Otherwise it tries again until it can
/// write, or is told to end: what is not stored then is read again.
pub(super) fn run(mut writer: Writer, given: Given, writing: &Writing) -> Result<()> {
    let Given { messages, mut bell } = given;
    // Whether nobody can give more than what waits.
    let mut is_last = false;
    let mut gathered = Gathered::default();
    // Fires when the next commit may be; `None` when that is now: the first batch after a pause is
    // not kept waiting.
    let mut due: Option<Receiver<Instant>> = None;
    // The uptime at which the next step of pruning may be.
    let mut rested_at = Duration::ZERO;
    loop {
        writing.is_alive.store(true, Ordering::Relaxed);
        gathered.take_waiting(&messages);
        if due.as_ref().is_some_and(|due| due.try_recv().is_ok()) {
            due = None;
        }
        let is_due = due.is_none() || gathered.records >= RECORDS_MAX;
        if is_due && !gathered.is_empty() {
            let (records, begin) = (gathered.records, clock::uptime());
            match gathered.write(&mut writer) {
                Ok(()) => writing.committed(records, clock::uptime() - begin),
                Err(error) if is_final(&error) => return Err(error.into()),
                Err(error) => {
                    writing.blocked(&error);
                    if !writing.waits(RETRY) {
                        // Readers that wait for room can end now.
                        messages.iter().for_each(drop);
                        return Ok(());
                    }
                    continue;
                }
            }
            due = Some(after(writing.next(&mut writer)));
            continue;
        }
        let is_pruning_due = writing.is_pruning_due.load(Ordering::Relaxed);
        let rest = rested_at.saturating_sub(clock::uptime());
        if is_pruning_due && rest.is_zero() {
            let begin = clock::uptime();
            prune(&mut writer, writing);
            // Half of the time belongs to others who write.
            let end = clock::uptime();
            rested_at = end + (end - begin);
        } else {
            // Until the next commit is due, a message is taken when many wait: each would wake a thread.
            let next = if due.is_none() || is_last { messages.clone() } else { never() };
            select! {
                recv(next) -> message => match message {
                    Ok(message) => gathered.add(message),
                    Err(RecvError) if gathered.is_empty() => break,
                    // Nothing more comes that could go with it.
                    Err(RecvError) => due = None,
                },
                recv(bell) -> rung => if rung.is_err() {
                    (bell, is_last) = (never(), true);
                },
                recv(due.clone().unwrap_or_else(never)) -> _ => due = None,
                default(if is_pruning_due { rest } else { ALIVE_EVERY }) => {}
            }
        }
    }
    // Whoever opens the database next has less to do. It is no harm when somebody reads it now.
    if let Err(error) = writer.checkpoint() {
        tracing::debug!(%error, "the write-ahead log stays");
    }
    Ok(())
}

/// Whether trying again cannot help.
const fn is_final(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Corrupt { .. }
            | StoreError::NotADatabase { .. }
            | StoreError::Gone { .. }
            | StoreError::TooManyNodes { .. }
    )
}

/// What is to be written in one transaction.
#[derive(Debug, Default)]
struct Gathered {
    batches: Vec<Batch>,
    /// Who has read each of them, and in which of its runs.
    readers: Vec<(Run, u64, Option<Ticket>)>,
    records: usize,
}

impl Gathered {
    fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// Takes what waits, as far as it fits.
    fn take_waiting(&mut self, messages: &Receiver<Message>) {
        while self.records < RECORDS_MAX
            && let Ok(message) = messages.try_recv()
        {
            self.add(message);
        }
    }

    /// Takes batches, unless their reader is beginning anew: then they are read again.
    fn add(&mut self, message: Message) {
        let Message { run, number, batches, tickets } = message;
        if run.is_over(number) {
            return;
        }
        let mut tickets = tickets.into_iter();
        for batch in batches {
            self.records += batch.records.len();
            self.batches.push(batch);
            self.readers.push((run.clone(), number, tickets.next()));
        }
    }

    /// Stores everything and is empty, or nothing.
    fn write(&mut self, writer: &mut Writer) -> Result<(), StoreError> {
        unwritten::committing(self.readers.iter().filter_map(|(.., ticket)| ticket.as_ref()));
        let appended = writer.append(&self.batches, clock::now())?;
        let mut committed = Vec::new();
        for ((run, number, ticket), appended) in self.readers.drain(..).zip(appended) {
            match appended {
                Appended::Committed => committed.extend(ticket),
                // Somebody else has read on in the same log: an import.
                Appended::Moved => run.begin_anew(number),
            }
        }
        unwritten::committed(committed, writer.newest_commit());
        self.batches.clear();
        self.records = 0;
        Ok(())
    }
}

/// One step of pruning.
fn prune(writer: &mut Writer, writing: &Writing) {
    match writer.prune(clock::now(), PRUNED_MAX) {
        Ok(pruned) => {
            if !pruned.more {
                writing.is_pruning_due.store(false, Ordering::Relaxed);
            }
            if pruned.rows > 0 {
                tracing::debug!(rows = pruned.rows, "pruned");
            }
        }
        Err(error) => {
            tracing::warn!("{error}");
            writing.is_pruning_due.store(false, Ordering::Relaxed);
        }
    }
}
