//! Follows a source on a thread, and stands in for the store that takes what it reads.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    thread::{self, JoinHandle},
    time::Duration,
};

use piecewatch_ingest::{Control, Flow, FollowConfig, Notifier, Source, StartAt, follow};
use piecewatch_model::{Batch, Checkpoint, LineCounts, Record, Start, Timestamp};
use piecewatch_simulator::{Total, TransferKey};

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was stored of a node, whoever read it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stored(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) checkpoints: Vec<(i64, Checkpoint)>,
    pub(crate) records: Vec<Record>,
    pub(crate) counts: LineCounts,
    pub(crate) sources: Vec<Arc<str>>,
}

impl Kept {
    fn newest(&self) -> i64 {
        self.checkpoints.last().map_or(0, |(number, _)| *number)
    }

    /// Takes a batch as a writer does: only where its beginning is the end of what is stored.
    fn store(&mut self, batch: Batch) {
        let end = batch.end;
        match batch.start {
            Start::Beginning { .. } => self.checkpoints.push((self.newest() + 1, end)),
            Start::Checkpoint { .. } => {
                let begun =
                    |(_, stored): &&mut (i64, Checkpoint)| batch.start == Start::from(stored);
                let (_, stored) = self
                    .checkpoints
                    .iter_mut()
                    .rev()
                    .find(begun)
                    .unwrap_or_else(|| panic!("nothing is stored up to {:?}", batch.start));
                *stored = end;
            }
        }
        self.counts += batch.counts;
        self.records.extend(batch.records);
        self.sources.push(batch.source);
    }

    /// Counts and bytes, as the simulator states them.
    pub(crate) fn totals(&self) -> BTreeMap<TransferKey, Total> {
        let mut totals = BTreeMap::<TransferKey, Total>::new();
        for record in &self.records {
            if let Record::Transfer(transfer) = record {
                let key = TransferKey {
                    satellite: transfer.satellite,
                    action: transfer.action.clone(),
                    outcome: transfer.outcome,
                };
                let total = totals.entry(key).or_default();
                total.count += 1;
                total.bytes += transfer.size.map_or(0, |size| size.get());
            }
        }
        totals
    }
}

impl Stored {
    pub(crate) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap()
    }

    /// Follows a source from where it is stored to.
    pub(crate) fn follow(&self, source: Source) -> Following {
        self.follow_with(FollowConfig { source, ..config() })
    }

    pub(crate) fn follow_with(&self, config: FollowConfig) -> Following {
        let control = Control::new();
        let (stored, of_thread) = (self.clone(), control.clone());
        let thread = thread::spawn(move || {
            let (checkpoints, newest) = {
                let kept = stored.kept();
                let checkpoints = kept.checkpoints.iter().map(|(_, stored)| stored.clone());
                (checkpoints.collect(), kept.newest())
            };
            follow(&config, checkpoints, newest, &of_thread, |batches| {
                batches.into_iter().for_each(|batch| stored.kept().store(batch));
                Flow::Continue
            });
        });
        Following { control, thread: Some(thread) }
    }

    /// Waits until so many lines are stored, and a moment longer for lines too many.
    pub(crate) fn wait_for_lines(&self, lines: u64) {
        let is_there = wait_until(|| self.kept().counts.lines() >= lines);
        thread::sleep(Duration::from_millis(50));
        let (found, sources) = {
            let kept = self.kept();
            (kept.counts.lines(), kept.sources.clone())
        };
        assert!(is_there && found == lines, "{found} of {lines} lines from {sources:?}");
    }
}

/// A source that is followed; not any more when dropped.
pub(crate) struct Following {
    pub(crate) control: Control,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Following {
    fn drop(&mut self) {
        self.control.stop();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !thread::panicking()
        {
            panic!("the follower panicked");
        }
    }
}

/// Whether something comes true while one is patient.
pub(crate) fn wait_until(mut is_true: impl FnMut() -> bool) -> bool {
    let step = Duration::from_millis(5);
    (0..PATIENCE.as_millis() / step.as_millis()).any(|_| {
        let is_true = is_true();
        if !is_true {
            thread::sleep(step);
        }
        is_true
    })
}

/// A node whose batches come quickly.
pub(crate) fn config() -> FollowConfig {
    FollowConfig {
        node: "n1".parse().unwrap(),
        source: Source::File("node.log".into()),
        start: StartAt::Beginning,
        countries: None,
        time_zone: None,
        batch_interval: Duration::from_millis(50).into(),
        poll_interval: Duration::from_millis(50),
        notifier: Notifier::new(),
        now,
    }
}

#[expect(clippy::disallowed_methods, reason = "the time of arrival is a time of this machine")]
pub(crate) fn now() -> Timestamp {
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_micros(since_1970.as_micros() as i64)
}
