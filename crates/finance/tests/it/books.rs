//! A database of simulated nodes, and a ledger over it.

use std::{slice, time::Duration};

use piecewatch_finance::{Figure, Ledger, LedgerSettings};
use piecewatch_model::{
    Action, Batch, ByteCount, ByteHours, DailyBandwidth, DailyStorage, Fact, Fingerprinter,
    KnownSatellite, LineCounts, MicroUsd, NodeEstimate, NodeName, Outcome, Period, PieceId, Poll,
    PollPart, Record, Report, SatelliteId, Space, Standing, Start, StorageBasis, Timestamp,
    Transfer,
};
use piecewatch_simulator::{Account, AccountConfig, EstimatedMonth};

use piecewatch_store::{Readers, Store, StoreConfig, Writer};

/// When most tests ask.
pub(crate) const NOW: Timestamp = Timestamp::from_civil((2026, 8, 19), 14, 3, 27);

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
        self.log_for(Some(us1()), node, (from, sizes), now);
    }

    /// The same for any satellite, or none.
    pub(crate) fn log_for(
        &mut self,
        satellite: Option<SatelliteId>,
        node: &NodeName,
        (from, sizes): (Timestamp, &[u64]),
        now: Timestamp,
    ) {
        let transfer = |(at, size): (i64, &u64)| Transfer {
            at: from.plus_micros(at * 1_000_000),
            satellite,
            piece: PieceId::new([7; 32]),
            action: Action::Get,
            outcome: Outcome::Success,
            size: Some(ByteCount::new(*size)),
            offset: None,
            remote: None,
            country: None,
            latency: None,
            error: None,
            error_text: None,
        };
        // Each call is a log of its own.
        let mut content = Fingerprinter::new();
        content.feed(format!("{satellite:?} {from} {now} {sizes:?}\n").as_bytes());
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

/// What the node itself estimates for a satellite and month, as a poll would bring it.
fn estimate(
    satellite: SatelliteId,
    period: Period,
    told: EstimatedMonth,
    expected: Option<MicroUsd>,
) -> Fact {
    let money = |cents: f64| MicroUsd::new((cents * 10_000.0).round() as i64);
    Fact::Estimate(NodeEstimate {
        satellite,
        period,
        egress: ByteCount::new(told.egress_bytes),
        egress_payout: money(told.egress_cents),
        repair_audit: ByteCount::new(told.repair_audit_bytes),
        repair_audit_payout: money(told.repair_audit_cents),
        storage: ByteHours::new((told.byte_months * 720.0).round() as u64),
        storage_payout: money(told.storage_cents),
        held_percent: told.held_percent as u8,
        held: money(told.held_cents),
        payout: money(told.payout_cents),
        expected,
    })
}

/// The node's estimates for the running month, and on days 1 to 28 for the one before.
pub(crate) fn estimates(account: &Account, now: Timestamp) -> Vec<Fact> {
    let period = Period::containing(now).unwrap();
    let before = period.plus_months(-1).filter(|_| now.date().2 <= 28);
    let mut facts = Vec::new();
    for satellite in account.satellites(now) {
        let Some(told) = account.estimate(satellite, now) else { continue };
        let expected = MicroUsd::new(told.expected_cents * 10_000);
        facts.push(estimate(satellite, period, told.current, Some(expected)));
        facts.extend(before.map(|before| estimate(satellite, before, told.previous, None)));
    }
    facts
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
    facts.extend(estimates(account, now));
    facts
}

pub(crate) fn august() -> Period {
    "2026-08".parse().unwrap()
}

pub(crate) fn us1() -> SatelliteId {
    KnownSatellite::ALL[0].id()
}

pub(crate) fn day(of_month: u8) -> Timestamp {
    Timestamp::from_civil((2026, 8, of_month), 0, 0, 0)
}

pub(crate) fn downloads(satellite: SatelliteId, day: Timestamp, bytes: u64) -> Fact {
    let nothing = ByteCount::default();
    Fact::Bandwidth(DailyBandwidth {
        satellite,
        day,
        get: ByteCount::new(bytes),
        get_audit: nothing,
        get_repair: nothing,
        put: nothing,
        put_repair: nothing,
    })
}

pub(crate) fn stored(satellite: SatelliteId, day: Timestamp, bytes: u64) -> Fact {
    Fact::Storage(DailyStorage {
        satellite,
        day,
        byte_hours: ByteHours::new(bytes * 24),
        covered_seconds: Some(86_400),
        average: Some(ByteCount::new(bytes)),
        basis: StorageBasis::Reported,
    })
}

/// A day that the node interpolated.
pub(crate) fn calculated(satellite: SatelliteId, day: Timestamp, bytes: u64) -> Fact {
    Fact::Storage(DailyStorage {
        satellite,
        day,
        byte_hours: ByteHours::default(),
        covered_seconds: None,
        average: Some(ByteCount::new(bytes)),
        basis: StorageBasis::Calculated,
    })
}

/// What the node itself estimates: use alone, nothing held back.
pub(crate) fn estimated(
    satellite: SatelliteId,
    period: Period,
    (egress, storage): (u64, u64),
    expected: Option<MicroUsd>,
) -> Fact {
    let nothing = MicroUsd::default();
    Fact::Estimate(NodeEstimate {
        satellite,
        period,
        egress: ByteCount::new(egress),
        egress_payout: nothing,
        repair_audit: ByteCount::default(),
        repair_audit_payout: nothing,
        storage: ByteHours::new(storage),
        storage_payout: nothing,
        held_percent: 0,
        held: nothing,
        payout: nothing,
        expected,
    })
}

pub(crate) fn used(bytes: u64) -> Fact {
    Fact::Space(Space { used: Some(ByteCount::new(bytes)), ..Space::default() })
}

pub(crate) fn joined(satellite: SatelliteId, at: &str) -> Fact {
    Fact::Standing(Standing {
        joined_at: Some(at.parse().unwrap()),
        ..Standing::unknown(satellite)
    })
}

pub(crate) fn node_payout(ledger: &Ledger, period: Period, now: Timestamp) -> Option<MicroUsd> {
    let month = ledger.month(&attic(), period, now).unwrap();
    month.satellites.iter().find(|of| of.satellite == us1())?.figure(Figure::NodeEstimate)
}
