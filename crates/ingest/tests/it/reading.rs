//! Reads files as an importer does, and keeps what the tests look at.

use std::{
    collections::BTreeMap,
    fs,
    io::Read,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use piecewatch_ingest::{
    Archive, Countries, Error, FileReport, Flow, Import, ImportConfig, find_archives,
};
use piecewatch_model::{Batch, Checkpoint, LineCounts, Record, Start, Transfer};
use piecewatch_simulator::{Config, Encoding, Simulator, Total, TransferKey, Truth, Vocabulary};

/// Stands in for a store: what was read, and how far.
#[derive(Debug, Default, Clone)]
pub(crate) struct Taken {
    pub(crate) checkpoints: Vec<Checkpoint>,
    pub(crate) records: Vec<Record>,
    pub(crate) counts: LineCounts,
    /// The names of the sources of the batches, one after the other.
    pub(crate) sources: Vec<String>,
    pub(crate) countries: Option<Countries>,
}

impl Taken {
    /// Imports files on `workers` threads; gives what became of each, in order.
    pub(crate) fn import_with(
        &mut self,
        paths: &[PathBuf],
        workers: usize,
    ) -> Vec<(PathBuf, FileReport)> {
        let (archives, errors) = find_archives(paths);
        assert!(errors.is_empty(), "{errors:?}");
        let mut import = self.begin(workers);
        archives
            .iter()
            .map(|archive| (archive.path().to_owned(), self.file(&mut import, archive).unwrap()))
            .collect()
    }

    pub(crate) fn import(&mut self, paths: &[PathBuf]) -> Vec<(PathBuf, FileReport)> {
        self.import_with(paths, 2)
    }

    /// Imports one file, and gives what became of it.
    pub(crate) fn import_one(&mut self, path: &Path) -> FileReport {
        let reports = self.import(&[path.to_owned()]);
        assert_eq!(reports.len(), 1);
        reports[0].1
    }

    /// Begins an import that knows what is stored so far.
    pub(crate) fn begin(&self, workers: usize) -> Import {
        let config = ImportConfig {
            node: "n1".parse().unwrap(),
            workers: NonZeroUsize::new(workers).unwrap(),
            countries: self.countries.clone(),
            time_zone: None,
        };
        Import::new(config, self.checkpoints.clone(), 0)
    }

    /// Reads one file; when nothing goes wrong, its bytes on disk are counted once.
    pub(crate) fn file(
        &mut self,
        import: &mut Import,
        archive: &Archive,
    ) -> Result<FileReport, Error> {
        let progress = AtomicU64::new(0);
        let mut is_first = true;
        let report = import.file(archive, &progress, |batch| {
            self.store(batch, std::mem::take(&mut is_first));
            Flow::Continue
        })?;
        assert_eq!(progress.load(Ordering::Relaxed), archive.disk_len(), "{archive:?}");
        Ok(report)
    }

    /// Reads bytes as standard input.
    pub(crate) fn stream(&mut self, bytes: impl Read + Send) -> Result<FileReport, Error> {
        let mut import = self.begin(2);
        self.stream_into(&mut import, bytes)
    }

    pub(crate) fn stream_into(
        &mut self,
        import: &mut Import,
        bytes: impl Read + Send,
    ) -> Result<FileReport, Error> {
        let mut is_first = true;
        import.stream(Path::new("standard input"), bytes, &AtomicU64::new(0), |batch| {
            self.store(batch, std::mem::take(&mut is_first));
            Flow::Continue
        })
    }

    /// Takes a batch as a writer does: only where its beginning is the end of what is stored.
    fn store(&mut self, batch: Batch, is_first: bool) {
        let stored = self.checkpoints.iter().position(|stored| batch.start == Start::from(stored));
        match (batch.start, stored) {
            (Start::Beginning { known: 0 }, None) => {
                assert!(is_first, "a batch begins where the one before ended");
                self.checkpoints.push(batch.end);
            }
            (_, Some(at)) => self.checkpoints[at] = batch.end,
            (start, None) => panic!("nothing is stored up to {start:?}"),
        }
        self.counts += batch.counts;
        self.records.extend(batch.records);
        self.sources.push(batch.source.to_string());
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

    /// What a log holds that is read in one go.
    pub(crate) fn of(log: &[u8]) -> Self {
        let folder = Folder::new();
        let mut taken = Self::default();
        taken.import_one(&folder.write("whole.log", log));
        taken
    }
}

/// A folder for files, gone with the test.
#[derive(Debug)]
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().to_owned()
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }
}

/// The path of a fixture.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// A simulated log, and what is in it.
pub(crate) fn simulated(
    encoding: Encoding,
    vocabulary: Vocabulary,
    lines: u64,
) -> (Vec<u8>, Truth) {
    let mut log = Vec::new();
    let config = Config { seed: 5, encoding, vocabulary, ..Config::default() };
    let truth = Simulator::new(config).write(lines, &mut log).unwrap();
    (log, truth)
}

/// Where line number `line` of a log begins.
pub(crate) fn line_begin(log: &[u8], line: usize) -> usize {
    if line == 0 {
        return 0;
    }
    let ends = log.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    ends.into_iter().nth(line - 1).unwrap()
}

/// A line about a transfer, with its line feed. The piece is told by a letter; `fields` follow it.
pub(crate) fn line(time: &str, level: &str, message: &str, piece: char, fields: &str) -> String {
    let piece = format!("{piece}KLYCEWKDO64V6WCGGZZUI64JWTYN37YCR6E44VZQB3YLL7OJC5Q");
    format!("{time}\t{level}\tpiecestore\t{message}\t{{\"piece_id\": \"{piece}\", {fields}}}\n")
}

/// The end of an upload of 100 bytes.
pub(crate) fn uploaded(second: u32, piece: char) -> String {
    let time = format!("2026-08-19T14:{:02}:{:02}Z", second / 60, second % 60);
    line(&time, "INFO", "uploaded", piece, "\"action\": \"PUT\", \"size\": 100")
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::read::GzEncoder::new(bytes, flate2::Compression::fast());
    let mut out = Vec::new();
    encoder.read_to_end(&mut out).unwrap();
    out
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}
