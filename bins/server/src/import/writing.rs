//! The thread that writes: batches in, one transaction for as many as are there.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
};

use piecewatch_ingest::Flow;
use piecewatch_model::{Batch, LineCounts};
use piecewatch_store::{Appended, Writer};

use crate::{Result, clock};

/// How many batches may wait. When the queue is full, reading waits; a log is its own buffer. A
/// batch is up to a few megabytes, so that this bounds the memory of an import.
const WAITING_MAX: usize = 2;

/// The most batches in one transaction: more would make others wait for the database.
const TOGETHER_MAX: usize = 4;

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

/// Writes what comes out of the queue until it is closed, or something is in the way.
pub(super) fn run(writer: &mut Writer, batches: Receiver<Batch>) -> Written {
    let mut written = Written { counts: BTreeMap::new(), moved: false, result: Ok(()) };
    while let Ok(first) = batches.recv() {
        let mut together = vec![first];
        together.extend(batches.try_iter().take(TOGETHER_MAX - 1));
        match writer.append(&together, clock::now()) {
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
    }
    written
}
