//! What keeps the database in order, beside the writer.

use std::{sync::Arc, thread::JoinHandle, time::Duration};

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};
use piecewatch_store::Upkeep as StoreUpkeep;

use super::{schedule::Schedule, writer::Writing};
use crate::{Result, clock, config::Config};

/// How often the length of the write-ahead log is looked at. It grows by gigabytes in minutes while
/// old logs are read.
const LOG_EVERY: Duration = Duration::from_secs(2);

/// A thread for upkeep; it ends when told to, or when dropped.
#[derive(Debug)]
pub(super) struct Upkeep {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    Checkpoint,
    Log,
    Optimize,
    Prune,
}

impl Upkeep {
    pub(super) fn start(
        store: StoreUpkeep,
        config: &Config,
        writing: Arc<Writing>,
    ) -> Result<Self> {
        let periods = [
            (Work::Checkpoint, config.upkeep.checkpoint_every),
            (Work::Log, LOG_EVERY),
            (Work::Optimize, config.upkeep.optimize_every),
            (Work::Prune, config.upkeep.prune_every),
        ];
        let (jitter, seed) = (config.upkeep.jitter_percent, fastrand::u64(..));
        let (stop, stopping) = bounded(0);
        let thread = super::spawn("upkeep", move || {
            let mut schedule = Schedule::new(periods, jitter, seed, clock::uptime());
            let mut seen = Seen::default();
            let next =
                |schedule: &Schedule<Work>| stopping.recv_timeout(schedule.wait(clock::uptime()));
            while next(&schedule) == Err(RecvTimeoutError::Timeout) {
                while let Some(work) = schedule.take(clock::uptime()) {
                    let done = match work {
                        Work::Prune => {
                            writing.prune();
                            Ok(())
                        }
                        Work::Optimize => store.optimize(),
                        Work::Checkpoint => seen.checkpoint(&store, &writing),
                        Work::Log => seen.log(&store, &writing),
                    };
                    if let Err(error) = done {
                        tracing::warn!(?work, "{error}");
                    }
                }
            }
        })?;
        Ok(Self { stop, thread })
    }

    /// Ends it, when it is done with what it is at.
    pub(super) fn stop(self) {
        drop(self.stop);
        self.thread.join().expect("upkeep does not panic");
    }
}

/// How many commits there were when something was looked at: without new ones there is nothing to do.
#[derive(Debug, Default)]
struct Seen {
    by_checkpoint: u64,
    by_log: u64,
}

impl Seen {
    fn checkpoint(
        &mut self,
        store: &StoreUpkeep,
        writing: &Writing,
    ) -> piecewatch_store::Result<()> {
        let commits = writing.commits();
        if commits != self.by_checkpoint {
            let state = store.checkpoint()?;
            tracing::debug!(pages = state.pages, waiting = state.waiting(), "checkpoint");
            self.by_checkpoint = commits;
        }
        Ok(())
    }

    /// Checkpoints out of turn when the log has grown long.
    fn log(&mut self, store: &StoreUpkeep, writing: &Writing) -> piecewatch_store::Result<()> {
        let commits = writing.commits();
        if commits != self.by_log {
            self.by_log = commits;
            if store.log()?.waiting() >= StoreUpkeep::CHECKPOINT_PAGES {
                store.checkpoint()?;
            }
        }
        Ok(())
    }
}
