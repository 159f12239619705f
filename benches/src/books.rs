//! The books of simulated nodes: a year of what they reported and what their logs told, and all that
//! is asked of a ledger over it.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use piecewatch_finance::{Ledger, LedgerSettings};
use piecewatch_model::{
    ByteCount, ByteHours, Fact, MicroUsd, NodeEstimate, NodeName, Period, Poll, PollPart, Report,
    SatelliteId, Space, Timestamp,
};
use piecewatch_simulator::{Account, AccountConfig, Config, EstimatedMonth, Luck};
use piecewatch_store::{Readers, Store, StoreConfig, Writer};
use rusqlite::{Connection, params};

use crate::{import, write_log};

const FILE: &str = "books.db";
const NODES: u64 = 4;
const SATELLITES: usize = 6;
const MONTHS: i32 = 12;
/// What each node holds: 8 TB.
pub(crate) const SIZE: u64 = 8_000_000_000_000;
/// How often a dashboard is asked.
const SNAPSHOT_MICROS: i64 = 5 * 60 * 1_000_000;
/// Few transfers, yet every satellite and action on every day: what a month is summed from is as
/// much as with many.
const TRANSFERS_AN_HOUR: u64 = 20;
const LINES_PER_TRANSFER: f64 = 1.95;
/// What one step of pruning removes at most.
const PRUNED_MAX: u32 = 100_000;

/// What the books tell of what the nodes stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The days by satellite, as the nodes' API gives them, beside the snapshots.
    Days,
    /// Snapshots of the nodes' space alone: each of the last 90 days, before them one a day, as the
    /// retention keeps them.
    Snapshots,
    /// All snapshots of the year.
    EverySnapshot,
}

/// A database of four nodes, six satellites and twelve months.
#[derive(Debug)]
pub struct Books {
    readers: Readers,
    nodes: Vec<NodeName>,
    periods: Vec<Period>,
    now: Timestamp,
}

impl Books {
    /// Makes the database, a file in this folder: the same for the same arguments.
    ///
    /// # Errors
    ///
    /// When something cannot be written.
    pub fn make(folder: &Path, told: Told) -> Result<Self> {
        let path = folder.join(FILE);
        let (now, periods, nodes) = (now(), periods()?, nodes()?);
        for (node, seed) in nodes.iter().zip(1..) {
            let account = Account::random(&AccountConfig {
                seed,
                satellites: SATELLITES,
                size: Some(ByteCount::new(SIZE)),
                luck: Luck::Good,
                ..AccountConfig::default()
            });
            read_log(node, seed, (periods[0].start(), now), folder)?;
            let mut writer = open(&path)?.writer;
            for period in &periods {
                report(&mut writer, node, &account, *period, told)?;
            }
            drop(writer);
            add_snapshots(&path, node, &account, periods[0].start(), now)?;
        }
        if told != Told::EverySnapshot {
            let mut writer = open(&path)?.writer;
            while writer.prune(now, PRUNED_MAX)?.more {}
        }
        Self::open(folder)
    }

    /// Opens what was made before in this folder.
    ///
    /// # Errors
    ///
    /// When it cannot be opened.
    pub fn open(folder: &Path) -> Result<Self> {
        let readers = open(&folder.join(FILE))?.readers;
        Ok(Self { readers, nodes: nodes()?, periods: periods()?, now: now() })
    }

    /// A ledger that has nothing in its caches.
    pub fn ledger(&self, clock: fn() -> Duration) -> Ledger {
        Ledger::new(self.readers.clone(), LedgerSettings::default(), clock)
    }

    /// Asks for the storage earnings of each node and month.
    ///
    /// # Errors
    ///
    /// When the database cannot be read, or a satellite is missing.
    pub fn storage_earnings(&self, ledger: &Ledger) -> Result<()> {
        for (node, period) in self.months() {
            let known = ledger.storage_earnings(node, period, self.now)?.len();
            ensure!(known >= SATELLITES, "{node} {period}: {known} satellites");
        }
        Ok(())
    }

    /// Asks for all that each node earned in each month.
    ///
    /// # Errors
    ///
    /// When the database cannot be read, or a satellite is missing.
    pub fn all_earnings(&self, ledger: &Ledger) -> Result<()> {
        for (node, period) in self.months() {
            let known = ledger.month(node, period, self.now)?.satellites.len();
            ensure!(known >= SATELLITES, "{node} {period}: {known} satellites");
        }
        Ok(())
    }

    fn months(&self) -> impl Iterator<Item = (&NodeName, Period)> {
        let of = |node| self.periods.iter().map(move |period| (node, *period));
        self.nodes.iter().flat_map(of)
    }
}

/// The present of the books.
pub(crate) fn now() -> Timestamp {
    AccountConfig::default().now
}

/// The running month and those before it, oldest first.
fn periods() -> Result<Vec<Period>> {
    let last = Period::containing(now()).context("the present lies in a month")?;
    Ok((0..MONTHS).rev().filter_map(|before| last.plus_months(-before)).collect())
}

fn nodes() -> Result<Vec<NodeName>> {
    (1..=NODES).map(|number| Ok(format!("bench{number}").parse()?)).collect()
}

fn open(path: &Path) -> Result<Store> {
    Ok(Store::open(path, StoreConfig::default())?)
}

/// Reads a log that reaches over all of the time, or nearly.
fn read_log(
    node: &NodeName,
    seed: u64,
    (from, to): (Timestamp, Timestamp),
    folder: &Path,
) -> Result<()> {
    let hours = from.as_micros().abs_diff(to.as_micros()) / 3_600_000_000;
    let config = Config {
        seed,
        start: Some(from),
        transfers_per_second: TRANSFERS_AN_HOUR as f64 / 3_600.0,
        ..Config::default()
    };
    let log = folder.join("books.log");
    let lines = (hours * TRANSFERS_AN_HOUR) as f64 * LINES_PER_TRANSFER;
    write_log(&log, config, lines as u64)?;
    import(node, &log, &folder.join(FILE), to)?;
    Ok(())
}

/// What the node told when a month ended, of that month and the one before it.
pub(crate) fn report(
    writer: &mut Writer,
    node: &NodeName,
    account: &Account,
    period: Period,
    told: Told,
) -> Result<()> {
    let at = period.end().plus_micros(-SNAPSHOT_MICROS).min(account.config().now);
    let from = period.plus_months(-1).map_or(period.start(), Period::start);
    let lately = |day: Timestamp| day >= from;
    let bandwidth = account.bandwidth(at).into_iter().filter(|row| lately(row.day));
    let mut facts: Vec<Fact> = bandwidth.map(Fact::Bandwidth).collect();
    if told == Told::Days {
        let storage = account.storage(at).into_iter().filter(|row| lately(row.day));
        facts.extend(storage.map(Fact::Storage));
    }
    facts.extend(account.standings(at).into_iter().map(Fact::Standing));
    facts.extend(account.paystubs(at).into_iter().map(Fact::Paystub));
    facts.extend(account.payments(at).into_iter().map(Fact::Payment));
    let prices = account.prices(at).into_iter();
    facts.extend(prices.map(|(satellite, prices)| Fact::Prices(satellite, prices)));
    for satellite in account.satellites(at) {
        let estimate = account.estimate(satellite, at).map(|of| (of.current, of.expected_cents));
        facts.extend(estimate.map(|(month, expected)| {
            Fact::Estimate(as_told(satellite, period, &month, expected as f64))
        }));
    }
    let part = PollPart::Satellites;
    let bytes = ByteCount::new(1);
    let poll = Poll { at, part, took_micros: 1, requests: 1, bytes, error: None };
    writer.report(&Report { node: node.clone(), poll, facts }, at)?;
    Ok(())
}

fn as_told(
    satellite: SatelliteId,
    period: Period,
    month: &EstimatedMonth,
    expected_cents: f64,
) -> NodeEstimate {
    let cents = |cents: f64| MicroUsd::new((cents * 10_000.0).round() as i64);
    NodeEstimate {
        satellite,
        period,
        egress: ByteCount::new(month.egress_bytes),
        egress_payout: cents(month.egress_cents),
        repair_audit: ByteCount::new(month.repair_audit_bytes),
        repair_audit_payout: cents(month.repair_audit_cents),
        storage: ByteHours::new((month.byte_months * 720.0).round() as u64),
        storage_payout: cents(month.storage_cents),
        held_percent: month.held_percent as u8,
        held: cents(month.held_cents),
        payout: cents(month.payout_cents),
        expected: Some(cents(expected_cents)),
    }
}

/// Adds a snapshot for each five minutes, without the 400,000 transactions of so many reports.
pub(crate) fn add_snapshots(
    path: &Path,
    node: &NodeName,
    account: &Account,
    from: Timestamp,
    to: Timestamp,
) -> Result<()> {
    let mut connection = Connection::open(path)?;
    let id: i64 =
        connection
            .query_one("SELECT id FROM nodes WHERE name = ?1", [node.as_str()], |row| row.get(0))?;
    let transaction = connection.transaction()?;
    let mut insert = transaction.prepare(
        "INSERT OR REPLACE INTO storage_snapshots
             (node, at, used, available, trash, total, overused, reclaimable)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    let mut at = from;
    while at < to {
        let Space { used, trash, available, total, overused, reclaimable } = account.space(at);
        let [used, available, trash, total, overused, reclaimable] =
            [used, available, trash, total, overused, reclaimable]
                .map(|bytes| bytes.map(|bytes| bytes.get() as i64));
        insert.execute(params![
            id,
            at.as_micros(),
            used,
            available,
            trash,
            total,
            overused,
            reclaimable
        ])?;
        at = at.plus_micros(SNAPSHOT_MICROS);
    }
    drop(insert);
    transaction.commit()?;
    Ok(())
}
