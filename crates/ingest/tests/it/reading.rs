//! Reads files as an importer does, and keeps what the tests look at.

use std::{
    collections::BTreeMap,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::atomic::AtomicU64,
};

use piecewatch_ingest::{FileReport, Flow, Import, ImportConfig, find_archives};
use piecewatch_model::{Checkpoint, LineCounts, Record, Transfer};
use piecewatch_simulator::{Total, TransferKey};

/// Stands in for a store: what was read, and how far.
#[derive(Debug, Default, Clone)]
pub(crate) struct Taken {
    pub(crate) checkpoints: Vec<Checkpoint>,
    pub(crate) records: Vec<Record>,
    pub(crate) counts: LineCounts,
}

impl Taken {
    /// Imports files on `workers` threads; gives what became of each, in order.
    pub(crate) fn import_with(
        &mut self,
        paths: &[PathBuf],
        workers: usize,
    ) -> Vec<(PathBuf, FileReport)> {
        let config = ImportConfig {
            node: "n1".parse().unwrap(),
            workers: NonZeroUsize::new(workers).unwrap(),
            countries: None,
        };
        let (archives, errors) = find_archives(paths);
        assert!(errors.is_empty(), "{errors:?}");
        let mut import = Import::new(config, self.checkpoints.clone(), 0);
        let mut reports = Vec::new();
        for archive in archives {
            let mut place = None;
            let progress = AtomicU64::new(0);
            let report = import
                .file(&archive, &progress, |batch| {
                    let stored = self.checkpoints.iter().position(|checkpoint| {
                        batch.start == piecewatch_model::Start::from(checkpoint)
                    });
                    match stored {
                        Some(at) => self.checkpoints[at] = batch.end,
                        None => {
                            assert!(place.is_none(), "a batch begins where the one before ended");
                            self.checkpoints.push(batch.end);
                        }
                    }
                    place = Some(());
                    self.counts += batch.counts;
                    self.records.extend(batch.records);
                    Flow::Continue
                })
                .unwrap();
            reports.push((archive.path().to_owned(), report));
        }
        reports
    }

    pub(crate) fn import(&mut self, paths: &[PathBuf]) -> Vec<(PathBuf, FileReport)> {
        self.import_with(paths, 2)
    }

    pub(crate) fn transfers(&self) -> impl Iterator<Item = &Transfer> {
        self.records.iter().filter_map(|record| {
            if let Record::Transfer(transfer) = record { Some(transfer) } else { None }
        })
    }

    /// Counts and bytes, as the simulator states them.
    pub(crate) fn totals(&self) -> BTreeMap<TransferKey, Total> {
        let mut totals = BTreeMap::<TransferKey, Total>::new();
        for transfer in self.transfers() {
            let key = TransferKey {
                satellite: transfer.satellite,
                action: transfer.action.clone(),
                outcome: transfer.outcome,
            };
            let total = totals.entry(key).or_default();
            total.count += 1;
            total.bytes += transfer.size.map_or(0, |size| size.get());
        }
        totals
    }
}

/// The path of a fixture.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}
