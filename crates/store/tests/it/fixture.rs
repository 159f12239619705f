//! A database in a folder of its own, and logs that are told record by record.

use std::{path::PathBuf, sync::Arc};

use piecewatch_model::{
    Action, Batch, ByteCount, Checkpoint, Fingerprinter, KnownSatellite, LineCounts, NodeName,
    Outcome, PieceId, Record, Start, Timestamp, Transfer,
};
use piecewatch_store::{Appended, Nodes, Readers, Store, StoreConfig, Window, Writer};
use tempfile::TempDir;

/// 2026-08-19T14:00:00Z.
pub(crate) const HOUR: Timestamp = Timestamp::from_civil((2026, 8, 19), 14, 0, 0);
/// The time of the tests, when it does not matter.
pub(crate) const NOW: Timestamp = Timestamp::from_civil((2026, 8, 19), 16, 0, 0);

pub(crate) fn node(name: &str) -> NodeName {
    name.parse().unwrap()
}

pub(crate) fn seconds(seconds: i64) -> Timestamp {
    HOUR.plus_micros(seconds * 1_000_000)
}

/// A database that is removed when dropped.
pub(crate) struct Database {
    pub(crate) folder: TempDir,
    pub(crate) writer: Writer,
    pub(crate) readers: Readers,
}

impl Database {
    pub(crate) fn new() -> Self {
        Self::with(StoreConfig::default())
    }

    pub(crate) fn with(config: StoreConfig) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let Store { writer, readers } =
            Store::open(&folder.path().join("piecewatch.db"), config).unwrap();
        Self { folder, writer, readers }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("piecewatch.db")
    }

    /// A second process on the same file.
    pub(crate) fn again(&self) -> Store {
        Store::open(&self.path(), StoreConfig::default()).unwrap()
    }

    /// Appends a batch that is expected to be stored.
    pub(crate) fn append(&mut self, batch: &Batch) {
        self.append_at(batch, NOW);
    }

    pub(crate) fn append_at(&mut self, batch: &Batch, now: Timestamp) {
        let appended = self.writer.append(std::slice::from_ref(batch), now).unwrap();
        assert_eq!(appended, [Appended::Committed]);
    }

    /// How many requests the sums of a window count.
    pub(crate) fn count(&self, nodes: Nodes<'_>, window: Option<Window>) -> u64 {
        let totals = self.readers.get().unwrap().traffic_totals(nodes, window).unwrap();
        totals.rows.iter().map(|row| row.count).sum()
    }
}

/// A source that is read batch by batch.
pub(crate) struct Log {
    node: NodeName,
    content: Fingerprinter,
    position: Option<Checkpoint>,
    /// The newest checkpoint that its reader knows of.
    pub(crate) known: i64,
}

impl Log {
    /// Logs of different seeds are different contents.
    pub(crate) fn new(name: &str, seed: u8) -> Self {
        let mut content = Fingerprinter::new();
        content.feed(&[seed; 5000]);
        Self { node: node(name), content, position: None, known: 0 }
    }

    /// The next batch, which holds these records.
    pub(crate) fn batch(&mut self, records: Vec<Record>) -> Batch {
        let lines = records.len() as u64;
        for record in &records {
            self.content.feed(format!("{record:?}\n").as_bytes());
        }
        self.content.feed(b"\n");
        let end = self.content.checkpoint();
        let start = match &self.position {
            Some(position) => Start::from(position),
            None => Start::Beginning { known: self.known },
        };
        self.position = Some(end.clone());
        Batch {
            node: self.node.clone(),
            source: Arc::from("node.log"),
            start,
            end,
            records,
            counts: LineCounts { transfers: lines, ..LineCounts::default() },
        }
    }
}

/// A successful download of 1,000 bytes from us1.
pub(crate) fn transfer(at: Timestamp) -> Transfer {
    Transfer {
        at,
        satellite: Some(KnownSatellite::ALL[0].id()),
        piece: PieceId::new([7; 32]),
        action: Action::Get,
        outcome: Outcome::Success,
        size: Some(ByteCount::new(1000)),
        offset: Some(0),
        remote: Some(([79, 127, 226, 103], 50338).into()),
        country: None,
        latency: None,
        error: None,
        error_text: None,
    }
}

/// Downloads at these times.
pub(crate) fn transfers(times: impl IntoIterator<Item = Timestamp>) -> Vec<Record> {
    times.into_iter().map(|at| Record::Transfer(transfer(at))).collect()
}
