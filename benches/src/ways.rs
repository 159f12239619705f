//! The ways from a log to a database that the program goes.

use std::{
    num::NonZeroUsize,
    path::Path,
    sync::{
        atomic::AtomicU64,
        mpsc::{Receiver, sync_channel},
    },
    thread,
};

use anyhow::{Result, ensure};
use piecewatch_ingest::{Archive, Flow, Import, ImportConfig};
use piecewatch_model::{Batch, NodeName, Timestamp};
use piecewatch_store::{Appended, OldTransfers, Store, StoreConfig, Writer};

/// As the program has it: how many batches may wait, and how many go into one transaction.
const WAITING_MAX: usize = 2;
const TOGETHER_MAX: usize = 4;

/// Imports a log of a node into a database, and closes it: what the program does
/// with `--keep-raw`. `now` decides which sums are still kept. Gives how many lines there were.
///
/// # Errors
///
/// When the log cannot be read or the database not written.
///
/// # Panics
///
/// Never: the thread that writes does not panic.
pub fn import(node: &NodeName, log: &Path, database: &Path, now: Timestamp) -> Result<u64> {
    let Store { mut writer, readers } = open(database)?;
    drop(readers);
    thread::scope(|scope| {
        let (sender, receiver) = sync_channel(WAITING_MAX);
        let writer = &mut writer;
        let writing = scope.spawn(move || write(writer, &receiver, now));
        read(node, log, |batch| match sender.send(batch) {
            Ok(()) => Flow::Continue,
            Err(_) => Flow::Stop,
        })?;
        drop(sender);
        writing.join().expect("the writing thread does not panic")
    })
}

/// The batches of a log, as an import gives them to the thread that writes.
///
/// # Errors
///
/// When the log cannot be read.
pub fn batches(node: &NodeName, log: &Path) -> Result<Vec<Batch>> {
    let mut batches = Vec::new();
    read(node, log, |batch| {
        batches.push(batch);
        Flow::Continue
    })?;
    Ok(batches)
}

/// Writes batches to a database, and closes it: the half of an import that is the store's.
///
/// # Errors
///
/// When the database cannot be written.
pub fn append(batches: &[Batch], database: &Path, now: Timestamp) -> Result<()> {
    let Store { mut writer, readers } = open(database)?;
    drop(readers);
    for together in batches.chunks(TOGETHER_MAX) {
        let appended = writer.append(together, now)?;
        ensure!(!appended.contains(&Appended::Moved), "a fresh database knows the log");
    }
    Ok(())
}

fn open(database: &Path) -> Result<Store> {
    let config = StoreConfig { old_transfers: OldTransfers::Keep, ..StoreConfig::default() };
    Ok(Store::open(database, config)?)
}

fn read(node: &NodeName, log: &Path, sink: impl FnMut(Batch) -> Flow) -> Result<()> {
    let config = ImportConfig {
        node: node.clone(),
        workers: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
        countries: None,
        time_zone: None,
    };
    let mut import = Import::new(config, Vec::new(), 0);
    import.file(&Archive::open(log)?, &AtomicU64::new(0), sink)?;
    Ok(())
}

fn write(writer: &mut Writer, batches: &Receiver<Batch>, now: Timestamp) -> Result<u64> {
    let mut lines = 0;
    while let Ok(first) = batches.recv() {
        let mut together = vec![first];
        together.extend(batches.try_iter().take(TOGETHER_MAX - 1));
        let appended = writer.append(&together, now)?;
        ensure!(!appended.contains(&Appended::Moved), "a fresh database knows the log");
        lines += together.iter().map(|batch| batch.counts.lines()).sum::<u64>();
    }
    Ok(lines)
}
