//! A database of simulated nodes, and a ledger over it.

use std::{slice, time::Duration};

use piecewatch_finance::{Ledger, LedgerSettings};
use piecewatch_model::{
    Action, Batch, ByteCount, Fact, Fingerprinter, KnownSatellite, LineCounts, NodeName, Outcome,
    PieceId, Poll, PollPart, Record, Report, Start, Timestamp, Transfer,
};
use piecewatch_simulator::{Account, AccountConfig};
use piecewatch_store::{Readers, Store, StoreConfig, Writer};

/// A database that is removed when dropped.
pub(crate) struct Books {
    _folder: tempfile::TempDir,
    pub(crate) writer: Writer,
    pub(crate) readers: Readers,
}

impl Books {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("nodes.db"), StoreConfig::default()).unwrap();
        let Store { writer, readers } = store;
        Self { _folder: folder, writer, readers }
    }

    /// A ledger for which no time passes.
    pub(crate) fn ledger(&self) -> Ledger {
        self.ledger_by(|| Duration::ZERO)
    }

    /// A ledger by this clock.
    pub(crate) fn ledger_by(&self, clock: fn() -> Duration) -> Ledger {
        Ledger::new(self.readers.clone(), LedgerSettings::default(), clock)
    }

    /// A ledger that keeps nothing.
    pub(crate) fn forgetful(&self) -> Ledger {
        let never = Duration::ZERO;
        let settings = LedgerSettings {
            satellites: never,
            traffic: never,
            storage: never,
            storage_total: never,
            ..LedgerSettings::default()
        };
        Ledger::new(self.readers.clone(), settings, || Duration::ZERO)
    }

    pub(crate) fn report(&mut self, node: &NodeName, at: Timestamp, facts: Vec<Fact>) {
        let poll = Poll {
            at,
            part: PollPart::Satellites,
            took_micros: 1,
            requests: 1,
            bytes: ByteCount::new(1),
            error: None,
        };
        let report = Report { node: node.clone(), poll, facts };
        self.writer.report(&report, at).unwrap();
    }

    /// Stores downloads of us1 that a log told, one after another from `from`, a second apart.
    pub(crate) fn log(&mut self, node: &NodeName, from: Timestamp, sizes: &[u64], now: Timestamp) {
        let transfer = |(at, size): (i64, &u64)| Transfer {
            at: from.plus_micros(at * 1_000_000),
            satellite: Some(KnownSatellite::ALL[0].id()),
            piece: PieceId::new([7; 32]),
            action: Action::Get,
            outcome: Outcome::Success,
            size: Some(ByteCount::new(*size)),
            offset: None,
            remote: None,
            country: None,
            latency: None,
            error: None,
        };
        // Each call is a log of its own.
        let mut content = Fingerprinter::new();
        content.feed(format!("{from} {now} {sizes:?}\n").as_bytes());
        let known = self.readers.get().unwrap().sources(node).unwrap().newest;
        let batch = Batch {
            node: node.clone(),
            source: "node.log".into(),
            start: Start::Beginning { known },
            end: content.checkpoint(),
            records: (0..).zip(sizes).map(transfer).map(Record::Transfer).collect(),
            counts: LineCounts { transfers: sizes.len() as u64, ..LineCounts::default() },
        };
        self.writer.append(slice::from_ref(&batch), now).unwrap();
    }

    /// How often a question was asked of the database so far.
    pub(crate) fn asked(&self, question: &str) -> u64 {
        self.readers.asked().get(question).copied().unwrap_or_default()
    }

    /// How many questions were asked so far.
    pub(crate) fn asked_in_all(&self) -> u64 {
        self.readers.asked().values().sum()
    }
}

pub(crate) fn attic() -> NodeName {
    "attic".parse().unwrap()
}

pub(crate) fn account(seed: u64, satellites: usize, now: Timestamp) -> Account {
    Account::random(&AccountConfig { seed, now, satellites, ..AccountConfig::default() })
}

/// What a node tells of its account in one poll.
pub(crate) fn facts(account: &Account, now: Timestamp) -> Vec<Fact> {
    let mut facts: Vec<Fact> = account.bandwidth(now).into_iter().map(Fact::Bandwidth).collect();
    facts.extend(account.storage(now).into_iter().map(Fact::Storage));
    facts.extend(account.standings(now).into_iter().map(Fact::Standing));
    facts.extend(account.paystubs(now).into_iter().map(Fact::Paystub));
    facts.extend(account.payments(now).into_iter().map(Fact::Payment));
    let prices = account.prices(now).into_iter();
    facts.extend(prices.map(|(satellite, prices)| Fact::Prices(satellite, prices)));
    facts.push(Fact::Space(account.space(now)));
    facts
}
