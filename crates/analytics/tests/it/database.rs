//! A database in a folder of its own, filled record by record.

use std::sync::Arc;

use piecewatch_model::{
    Action, Batch, ByteCount, Fact, Fingerprinter, KnownSatellite, LineCounts, NodeName, Outcome,
    PieceId, Poll, PollPart, Record, Report, Start, Timestamp, Transfer,
};
use piecewatch_store::{Appended, Reader, Readers, Store, StoreConfig};
use tempfile::TempDir;

/// 2026-08-19T14:00:00Z: the beginning of what tests store.
pub(crate) const START: Timestamp = Timestamp::from_civil((2026, 8, 19), 14, 0, 0);

pub(crate) fn node() -> NodeName {
    "attic".parse().unwrap()
}

/// So many seconds after the beginning.
pub(crate) fn second(second: i64) -> Timestamp {
    START.plus_micros(second * 1_000_000)
}

pub(crate) struct Database {
    store: Store,
    _folder: TempDir,
    logs: u16,
}

impl Database {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("n.db"), StoreConfig::default()).unwrap();
        Self { store, _folder: folder, logs: 0 }
    }

    /// Stores records as those of a log of its own.
    pub(crate) fn log(&mut self, node: &NodeName, records: Vec<Record>, now: Timestamp) {
        self.logs += 1;
        let mut content = Fingerprinter::new();
        content.feed(&self.logs.to_le_bytes().repeat(2_500));
        content.feed(b"\n");
        let known = self.store.readers.get().unwrap().sources(node).unwrap().newest;
        let batch = Batch {
            node: node.clone(),
            source: Arc::from("node.log"),
            start: Start::Beginning { known },
            end: content.checkpoint(),
            counts: LineCounts { transfers: records.len() as u64, ..LineCounts::default() },
            records,
        };
        assert_eq!(self.store.writer.append(&[batch], now).unwrap(), [Appended::Committed]);
    }

    /// Stores what a poll of the dashboard brought.
    pub(crate) fn poll(&mut self, node: &NodeName, at: Timestamp, facts: Vec<Fact>) {
        self.told(node, at, facts, None);
    }

    /// Stores a poll that failed.
    pub(crate) fn failed_poll(&mut self, node: &NodeName, at: Timestamp, error: &str) {
        self.told(node, at, Vec::new(), Some(error.into()));
    }

    fn told(&mut self, node: &NodeName, at: Timestamp, facts: Vec<Fact>, error: Option<Box<str>>) {
        let poll = Poll {
            at,
            part: PollPart::Dashboard,
            took_micros: 1_200,
            requests: 1,
            bytes: ByteCount::new(900),
            error,
        };
        self.store.writer.report(&Report { node: node.clone(), poll, facts }, at).unwrap();
    }

    pub(crate) fn readers(&self) -> Readers {
        self.store.readers.clone()
    }

    pub(crate) fn ask<T>(&self, question: impl FnOnce(&Reader) -> T) -> T {
        question(&self.store.readers.get().unwrap())
    }
}

/// A successful download of 1,000 bytes for us1.
pub(crate) fn download(at: Timestamp, piece: PieceId) -> Transfer {
    Transfer {
        at,
        satellite: Some(KnownSatellite::ALL[0].id()),
        piece,
        action: Action::Get,
        outcome: Outcome::Success,
        size: Some(ByteCount::new(1000)),
        offset: Some(0),
        remote: None,
        country: None,
        latency: None,
        error: None,
        error_text: None,
    }
}

/// The piece of a number.
pub(crate) fn piece(number: u64) -> PieceId {
    let mut id = [0; 32];
    id[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    id[24..].copy_from_slice(&number.to_le_bytes());
    PieceId::new(id)
}
