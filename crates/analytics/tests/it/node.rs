//! A database of one node, told record by record, poll by poll or by a whole log.

use std::{num::NonZeroUsize, path::Path, slice, sync::atomic::AtomicU64};

use piecewatch_ingest::{Flow, Import, ImportConfig};
use piecewatch_model::{
    Batch, ByteCount, Fact, Fingerprinter, LineCounts, NodeName, Poll, PollPart, Record, Report,
    Space, SpaceReport, Start, Timestamp,
};
use piecewatch_store::{Appended, Reader, Readers, Store, StoreConfig, Writer};

pub(crate) const DAY: i64 = 86_400;

/// 2026-08-01T00:00:00Z and so many seconds.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_civil((2026, 8, 1), 0, 0, 0).plus_micros(seconds * 1_000_000)
}

pub(crate) fn bytes(bytes: u64) -> Option<ByteCount> {
    Some(ByteCount::new(bytes))
}

pub(crate) struct Node {
    pub(crate) name: NodeName,
    pub(crate) writer: Writer,
    readers: Readers,
    sources: u32,
    _folder: tempfile::TempDir,
}

impl Node {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let Store { writer, readers } =
            Store::open(&folder.path().join("n.db"), StoreConfig::default()).unwrap();
        Self { name: "n1".parse().unwrap(), writer, readers, sources: 0, _folder: folder }
    }

    pub(crate) fn reader(&self) -> Reader {
        self.readers.get().unwrap()
    }

    /// What a poll at an instant brings.
    pub(crate) fn tells(&mut self, at: Timestamp, facts: Vec<Fact>) {
        let poll = Poll {
            at,
            part: PollPart::Dashboard,
            took_micros: 1,
            requests: 1,
            bytes: ByteCount::new(1),
            error: None,
        };
        self.writer.report(&Report { node: self.name.clone(), poll, facts }, at).unwrap();
    }

    /// What a dashboard tells of space: pieces and what is left of an allotment.
    pub(crate) fn has(&mut self, at: Timestamp, used: u64, total: u64) {
        let space = Space {
            used: bytes(used),
            trash: bytes(0),
            available: bytes(total - used),
            total: bytes(total),
            ..Space::default()
        };
        self.tells(at, vec![Fact::Space(space)]);
    }

    /// What a log holds that was followed all the time.
    pub(crate) fn logs(&mut self, records: Vec<Record>, now: Timestamp) {
        self.sources += 1;
        let mut content = Fingerprinter::new();
        content.feed(format!("a log of its own: {}\n", self.sources).as_bytes());
        let known = self.reader().sources(&self.name).unwrap().newest;
        let batch = Batch {
            node: self.name.clone(),
            source: "node.log".into(),
            start: Start::Beginning { known },
            end: content.checkpoint(),
            records,
            counts: LineCounts::default(),
        };
        let appended = self.writer.append(slice::from_ref(&batch), now).unwrap();
        assert_eq!(appended, [Appended::Committed]);
    }

    /// What a log tells of space.
    pub(crate) fn has_left(&mut self, told: impl IntoIterator<Item = (Timestamp, u64)>) {
        let record =
            |(at, left)| Record::Space(SpaceReport { at, available: ByteCount::new(left) });
        let records: Vec<Record> = told.into_iter().map(record).collect();
        self.logs(records, at(60 * DAY));
    }

    /// Reads a log as it was written.
    pub(crate) fn imports(&mut self, log: &[u8], now: Timestamp) {
        let config = ImportConfig {
            node: self.name.clone(),
            workers: NonZeroUsize::MIN,
            countries: None,
            time_zone: None,
        };
        let mut import = Import::new(config, Vec::new(), 0);
        let writer = &mut self.writer;
        let sink = |batch| {
            assert_eq!(writer.append(slice::from_ref(&batch), now).unwrap(), [Appended::Committed]);
            Flow::Continue
        };
        import.stream(Path::new("-"), log, &AtomicU64::new(0), sink).unwrap();
    }
}

/// Numbers that look like chance, the same each time.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    /// From 0 up to but without 1.
    pub(crate) fn share(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Around 0, with a standard deviation of 1.
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.share()).sum::<f64>() - 6.0
    }
}
