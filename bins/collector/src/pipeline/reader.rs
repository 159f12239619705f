//! The thread that follows the log of one node.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use crossbeam_channel::SendTimeoutError;
use piecewatch_ingest::{
    BatchInterval, Control, Countries, Flow, FollowConfig, Notifier, State, follow,
};
use piecewatch_model::Timestamp;
use piecewatch_store::{KnownSources, Readers};

use super::{batches::Batches, unwritten::Unwritten, writer::Message};
use crate::{Result, clock, config::Node};

/// How long a reader that is to end waits for room in the channel.
const STOP_WITHIN: Duration = Duration::from_millis(500);
/// How long to wait before the database is asked again that could not answer.
const RETRY: Duration = Duration::from_secs(1);

/// What a reader needs.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) node: Node,
    pub(super) countries: Option<Countries>,
    pub(super) notifier: Notifier,
    pub(super) batch_interval: BatchInterval,
    pub(super) poll_interval: Duration,
    pub(super) readers: Readers,
    pub(super) batches: Batches,
    /// Where what was read is held for whoever looks.
    pub(super) unwritten: Option<Unwritten>,
}

/// A thread that follows a node.
#[derive(Debug)]
pub(super) struct Reader {
    run: Run,
    thread: JoinHandle<()>,
}

/// What a reader does now. When somebody else has read on in its log it begins anew, from what is
/// stored then; each time is a run of its own.
#[derive(Debug, Clone)]
pub(super) struct Run(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    now: Mutex<Now>,
    lines: AtomicU64,
}

#[derive(Debug)]
struct Now {
    number: u64,
    /// The last run that was told to begin anew.
    over: u64,
    control: Control,
    is_stopping: bool,
}

impl Reader {
    pub(super) fn start(reading: Reading) -> Result<Self> {
        let run = Run::new();
        let of_thread = run.clone();
        // The system shows 15 bytes of a thread's name.
        let name = format!("log {}", reading.node.name);
        let thread = super::spawn(&name, move || read(&reading, &of_thread))?;
        Ok(Self { run, thread })
    }

    pub(super) fn state(&self) -> State {
        self.run.now().control.state()
    }

    /// Since when the oldest audit goes on that the log leaves open.
    pub(super) fn open_audit(&self) -> Option<Timestamp> {
        self.run.now().control.open_audit(clock::now())
    }

    pub(super) fn lines(&self) -> u64 {
        self.run.0.lines.load(Ordering::Relaxed)
    }

    /// Tells it to give away what it has read, and to end.
    pub(super) fn tell_to_stop(&self) {
        let mut now = self.run.now();
        now.is_stopping = true;
        now.control.stop();
    }

    /// Tells it to end, and waits until it has.
    pub(super) fn stop(self) {
        self.tell_to_stop();
        self.thread.join().expect("a reader does not panic");
    }
}

impl Run {
    /// Before the first of its runs.
    pub(super) fn new() -> Self {
        let now = Now { number: 0, over: 0, control: Control::new(), is_stopping: false };
        Self(Arc::new(Shared { now: Mutex::new(now), lines: AtomicU64::new(0) }))
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.0.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of this run and its control; `None` when the reader is to end.
    fn begin(&self) -> Option<(u64, Control)> {
        let mut now = self.now();
        if now.is_stopping {
            return None;
        }
        now.number += 1;
        now.control = Control::new();
        Some((now.number, now.control.clone()))
    }

    /// Lets the reader begin anew, unless it has already.
    pub(super) fn begin_anew(&self, number: u64) {
        let mut now = self.now();
        now.over = now.over.max(number);
        if now.number == number {
            now.control.stop();
        }
    }

    /// Whether what was read in this run does not count: it was told to begin anew.
    pub(super) fn is_over(&self, number: u64) -> bool {
        number <= self.now().over
    }
}

/// Follows until it is to end.
fn read(reading: &Reading, run: &Run) {
    let node = &reading.node;
    let config = FollowConfig {
        node: node.name.clone(),
        source: node.source.clone(),
        start: node.start,
        countries: reading.countries.clone(),
        time_zone: node.time_zone.clone(),
        batch_interval: reading.batch_interval.clone(),
        poll_interval: reading.poll_interval,
        notifier: reading.notifier.clone(),
        now: clock::now,
    };
    while let Some((number, control)) = run.begin() {
        let known = reading.readers.get().and_then(|reader| reader.sources(&node.name));
        let KnownSources { checkpoints, newest, lines: _, logs: _ } = match known {
            Ok(known) => known,
            Err(error) => {
                tracing::warn!(node = %node.name, "{error}");
                std::thread::sleep(RETRY);
                continue;
            }
        };
        let mut is_taken = true;
        follow(&config, checkpoints, newest, &control, |batches| {
            let lines: u64 = batches.iter().map(|batch| batch.counts.lines()).sum();
            run.0.lines.fetch_add(lines, Ordering::Relaxed);
            let holds = reading.unwritten.iter();
            let tickets = holds.flat_map(|of| batches.iter().map(|batch| of.hold(batch))).collect();
            let mut message = Message { run: run.clone(), number, batches, tickets };
            loop {
                match reading.batches.give(message, STOP_WITHIN) {
                    Ok(()) => return Flow::Continue,
                    // What is not taken is read again.
                    Err(SendTimeoutError::Timeout(_)) if run.now().is_stopping => {
                        return Flow::Stop;
                    }
                    Err(SendTimeoutError::Timeout(not_taken)) => message = not_taken,
                    Err(SendTimeoutError::Disconnected(_)) => {
                        is_taken = false;
                        return Flow::Stop;
                    }
                }
            }
        });
        if !is_taken {
            // The writer has ended; so will everything.
            return;
        }
    }
}
