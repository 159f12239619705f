//! The thread that writes: batches in, one transaction for as many as are there.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use piecewatch_ingest::Flow;
use piecewatch_model::{Batch, LineCounts};
use piecewatch_store::{Appended, Writer, is_followed};

use crate::{
    Result,
    clock::{self, Stopwatch},
};

/// How many batches may wait. When the queue is full, reading waits; a log is its own buffer. A
/// batch is up to a few megabytes, so that this bounds the memory of an import.
const WAITING_MAX: usize = 2;

/// The most batches in one transaction: more would make others wait for the database.
const TOGETHER_MAX: usize = 2;

/// How often it is looked whether another process follows a node into the same database.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Takes batches to the writing thread.
#[derive(Debug)]
pub(super) struct Queue(SyncSender<Batch>);

impl Queue {
    pub(super) fn new() -> (Self, Receiver<Batch>) {
        let (sender, receiver) = sync_channel(WAITING_MAX);
        (Self(sender), receiver)
    }

    /// Gives a batch to the writing thread, as soon as there is room; says to stop when it ended.
    pub(super) fn send(&self, batch: Batch) -> Flow {
        match self.0.send(batch) {
            Ok(()) => Flow::Continue,
            Err(_) => Flow::Stop,
        }
    }
}

/// What was written.
#[derive(Debug)]
pub(super) struct Written {
    /// What the lines were, by the name of their source; stored lines only.
    pub(super) counts: BTreeMap<Arc<str>, LineCounts>,
    /// Whether it ended because another process had read on in a source.
    pub(super) moved: bool,
    /// Whether it ended because the database could not be written.
    pub(super) result: Result<()>,
}

/// Leaves room between the transactions for a process that follows a node into the same database.
struct Manners<'a> {
    db: &'a Path,
    looked: Option<Stopwatch>,
    followed: bool,
}

impl<'a> Manners<'a> {
    fn new(db: &'a Path) -> Self {
        Self { db, looked: None, followed: false }
    }

    /// Half of the time belongs to the other one, if there is one.
    fn pause(&mut self, transaction: Duration) {
        if self.looked.is_none_or(|looked| looked.elapsed() >= LOOK_AGAIN) {
            // Where it cannot be told, an import is slow rather than in the way.
            self.followed = is_followed(self.db).unwrap_or(true);
            self.looked = Some(Stopwatch::start());
        }
        if self.followed {
            thread::sleep(transaction);
        }
    }
}

/// Writes what comes out of the queue until it is closed, or something is in the way.
pub(super) fn run(writer: &mut Writer, db: &Path, batches: Receiver<Batch>) -> Written {
    let mut written = Written { counts: BTreeMap::new(), moved: false, result: Ok(()) };
    let mut manners = Manners::new(db);
    while let Ok(first) = batches.recv() {
        let mut together = vec![first];
        together.extend(batches.try_iter().take(TOGETHER_MAX - 1));
        let since = Stopwatch::start();
        let appended = writer.append(&together, clock::now());
        let transaction = since.elapsed();
        match appended {
            Ok(appended) => {
                for (batch, appended) in together.iter().zip(appended) {
                    match appended {
                        Appended::Committed => {
                            let counts = written.counts.entry(batch.source.clone()).or_default();
                            *counts += batch.counts;
                        }
                        Appended::Moved => written.moved = true,
                    }
                }
            }
            Err(error) => written.result = Err(error.into()),
        }
        if written.moved || written.result.is_err() {
            break;
        }
        manners.pause(transaction);
    }
    written
}

#[cfg(test)]
mod tests {
    use piecewatch_store::{Holder, NodeLock, Store, StoreConfig};

    use super::*;

    #[test]
    fn an_import_leaves_half_of_the_time_to_who_follows_a_node_and_to_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("n.db");
        let _store = Store::open(&db, StoreConfig::default()).unwrap();
        let transaction = Duration::from_millis(300);
        let pause = || {
            let since = Stopwatch::start();
            Manners::new(&db).pause(transaction);
            since.elapsed()
        };
        assert!(pause() < transaction, "nobody follows a node");
        let holder = Holder { program: "piecewatch".into(), process: 1, since: clock::now() };
        let _lock = NodeLock::take(&db, &"attic".parse().unwrap(), &holder).unwrap();
        assert!(pause() >= transaction);
    }
}
