//! A database that is written record by record.

use std::slice;

use piecewatch_model::{
    Action, Batch, ByteCount, Checkpoint, Fact, Fingerprinter, KnownSatellite, LineCounts,
    NodeName, Outcome, PieceId, Poll, PollPart, Record, Report, Start, Timestamp, Transfer,
};
use piecewatch_store::{Appended, Reader, Readers, Retention, Store, StoreConfig, Window, Writer};
use tempfile::TempDir;

/// The time of the tests: all records are of the three days before.
pub(crate) const NOW: Timestamp = Timestamp::from_civil((2026, 8, 20), 0, 0, 0);

pub(crate) fn node(name: &str) -> NodeName {
    name.parse().unwrap()
}

/// An instant so many seconds before the tests' time.
pub(crate) fn ago(seconds: i64) -> Timestamp {
    NOW.plus_micros(-seconds * 1_000_000)
}

/// The last so many seconds.
pub(crate) fn last(seconds: i64) -> Window {
    Window { from: ago(seconds), to: NOW }
}

/// A successful download of 1,000 bytes from us1 that was not measured.
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

/// A database that goes when dropped.
pub(crate) struct Database {
    writer: Writer,
    readers: Readers,
    _folder: TempDir,
}

impl Database {
    pub(crate) fn new() -> Self {
        Self::with(StoreConfig::default())
    }

    pub(crate) fn with(config: StoreConfig) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let Store { writer, readers } = Store::open(&folder.path().join("n.db"), config).unwrap();
        Self { writer, readers, _folder: folder }
    }

    pub(crate) fn readers(&self) -> Readers {
        self.readers.clone()
    }

    /// Stores what a poll of a node's dashboard brought.
    pub(crate) fn report(&mut self, node: &NodeName, at: Timestamp, facts: Vec<Fact>) {
        let poll = Poll {
            at,
            part: PollPart::Dashboard,
            took_micros: 1_200,
            requests: 1,
            bytes: ByteCount::new(900),
            error: None,
        };
        self.writer.report(&Report { node: node.clone(), poll, facts }, at).unwrap();
    }

    /// Keeps what comes, and what is there at the next pruning, for so long.
    pub(crate) fn keep(&mut self, retention: Retention) {
        self.writer.keep(retention);
    }

    pub(crate) fn prune(&mut self, now: Timestamp) {
        while self.writer.prune(now, 1_000).unwrap().more {}
    }

    pub(crate) fn reader(&self) -> Reader {
        self.readers.get().unwrap()
    }
}

/// The log of a node, of which one part after another is stored.
pub(crate) struct Log {
    node: NodeName,
    content: Fingerprinter,
    position: Option<Checkpoint>,
}

impl Log {
    pub(crate) fn new(name: &str) -> Self {
        let mut content = Fingerprinter::new();
        content.feed(format!("the log of {name}\n").repeat(500).as_bytes());
        Self { node: node(name), content, position: None }
    }

    pub(crate) fn append(&mut self, database: &mut Database, records: Vec<Record>) {
        self.append_as(database, &self.node.clone(), records);
    }

    /// Stores records as those of another node than the log is named after.
    pub(crate) fn append_as(
        &mut self,
        database: &mut Database,
        node: &NodeName,
        records: Vec<Record>,
    ) {
        self.content.feed(format!("{records:?}\n").as_bytes());
        let end = self.content.checkpoint();
        let start = match &self.position {
            Some(position) => Start::from(position),
            None => Start::Beginning { known: database.reader().sources(node).unwrap().newest },
        };
        self.position = Some(end.clone());
        let counts = LineCounts { transfers: records.len() as u64, ..LineCounts::default() };
        let source = format!("{}.log", self.node).as_str().into();
        let batch = Batch { node: node.clone(), source, start, end, records, counts };
        let appended = database.writer.append(slice::from_ref(&batch), NOW).unwrap();
        assert_eq!(appended, [Appended::Committed]);
    }
}
