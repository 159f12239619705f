//! The service: asks the store for what the formulas need, and keeps the answers for a while.

mod ahead;
mod asking;
mod stored;

pub use ahead::{NodeForecast, SatelliteForecast};

use std::{mem::size_of, sync::Arc, time::Duration};

use piecewatch_cache::{Cache, Kept, Settings, Stats};
use piecewatch_model::{ByteHours, Grain, MicroUsd, NodeName, Period, SatelliteId, Timestamp};
use piecewatch_store::{Change, Changes, Reader, Readers, Topics, Window};

use crate::{
    Account, Error, Estimate, HeldPercent, Month, Result, Storage, Stored, Traffic, Usage,
};

/// A month is finished so long after its end: its last lines are in the database by then. What
/// comes later, a poll or an import, is told by [`Ledger::refresh`].
const FINISHED_AFTER_MICROS: i64 = Grain::Day.micros();

/// How long the ledger keeps what, and how much of it. A time of zero keeps nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerSettings {
    /// Standings, prices and payments of a node.
    pub satellites: Duration,
    /// What a node moved in a month.
    pub traffic: Duration,
    /// What a node stored in a month, by satellite.
    pub storage: Duration,
    /// What a node stored in a month in all.
    pub storage_total: Duration,
    /// How many bytes all of it may take.
    pub weight_max: u64,
}

impl Default for LedgerSettings {
    fn default() -> Self {
        Self {
            satellites: Duration::from_secs(300),
            traffic: Duration::from_secs(60),
            storage: Duration::from_secs(60),
            storage_total: Duration::from_secs(60),
            weight_max: 4 << 20,
        }
    }
}

type OfNode<T> = Cache<NodeName, Arc<T>, Error>;
type OfMonth<T> = Cache<(NodeName, Period), Arc<T>, Error>;
/// Its computation asks the others, whose errors are shared already.
type OfMonths<T> = Cache<(NodeName, Period), Arc<T>, Arc<Error>>;

/// Answers what nodes earn. Share it between threads; each question blocks until it is answered,
/// and holds a connection only while it asks the database.
#[derive(Debug)]
pub struct Ledger {
    readers: Readers,
    accounts: OfNode<Account>,
    traffic: OfMonth<Traffic>,
    storage: OfMonths<Storage>,
    storage_totals: OfMonth<Stored>,
    changes: Changes,
}

impl Ledger {
    /// A ledger over a database. `clock` tells the time since any fixed moment and never goes back.
    pub fn new(readers: Readers, settings: LedgerSettings, clock: fn() -> Duration) -> Self {
        // By what a part of a node's month weighs: some 40 rows of days, or a few satellites.
        let share = |name, ttl, eighths: u64| Settings {
            name,
            ttl,
            weight_max: settings.weight_max / 8 * eighths,
        };
        Self {
            readers,
            accounts: Cache::new(
                share("satellites", settings.satellites, 2),
                clock,
                |_, account| account.weight(),
            ),
            traffic: Cache::new(share("traffic", settings.traffic, 3), clock, |_, traffic| {
                traffic.weight()
            }),
            storage: Cache::new(share("storage", settings.storage, 2), clock, |_, storage| {
                storage.weight()
            }),
            storage_totals: Cache::new(
                share("storage_total", settings.storage_total, 1),
                clock,
                |_, total| (size_of::<Stored>() + total.gaps.len() * 64 + 128) as u64,
            ),
            changes: Changes::default(),
        }
    }

    /// What a node earns in a month. `now` is the present: a month that runs is looked at until
    /// then.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn month(&self, node: &NodeName, period: Period, now: Timestamp) -> Result<Month> {
        let account = self.account(node)?;
        let traffic = self.traffic(node, period, now)?;
        let storage = self.storage(node, period, now)?;
        Ok(Month::of((node, period, now), &account, &traffic, &storage))
    }

    /// What a node's storage earns in a month before anything is held back, by satellite, with the
    /// byte-hours that earn it. Satellites that owe nothing for the month are left out.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn storage_earnings(
        &self,
        node: &NodeName,
        period: Period,
        now: Timestamp,
    ) -> Result<Vec<(SatelliteId, ByteHours, MicroUsd)>> {
        let account = self.account(node)?;
        let storage = self.storage(node, period, now)?;
        let earned = |(satellite, byte_hours): (&SatelliteId, &ByteHours)| {
            let usage = Usage { storage: *byte_hours, ..Usage::default() };
            let prices = account.price(*satellite, period).prices;
            let estimate = Estimate::of(&usage, &prices, HeldPercent::NONE);
            (*satellite, *byte_hours, estimate.earnings.storage)
        };
        let owes = |(satellite, _): &(&SatelliteId, &ByteHours)| {
            !account.is_over(**satellite, period, now)
        };
        Ok(storage.satellites.iter().filter(owes).map(earned).collect())
    }

    /// Forgets what has changed since the last time: call it before a question, or now and then.
    /// What nodes report, an import and a collector that catches up change what is kept; lines that
    /// come live do not, or nothing would ever be kept. The first time everything is forgotten:
    /// what was asked before may be older than the first commit that is looked at.
    ///
    /// # Errors
    ///
    /// When the database cannot be read; then everything is forgotten.
    pub fn refresh(&self) -> Result<()> {
        let forget = |change: Change<'_>| match change {
            Change::Anything => self.clear(),
            Change::Of(commit) => self.invalidate(&commit.node, commit.topics, commit.at),
        };
        self.changes.look(&self.readers, forget).map_err(shared)
    }

    /// Forgets everything: after a change of configuration.
    pub fn clear(&self) {
        self.storage_totals.clear();
        self.traffic.clear();
        self.accounts.clear();
        // Last, since it is made of the others.
        self.storage.clear();
    }

    /// Removes what is too old to be given out: call it at least every five minutes, or give the
    /// ledger to a [`Sweeper`](piecewatch_cache::Sweeper).
    pub fn sweep(&self) {
        self.accounts.sweep();
        self.traffic.sweep();
        self.storage.sweep();
        self.storage_totals.sweep();
    }

    /// What the caches did and hold.
    pub fn stats(&self) -> [Stats; 4] {
        [
            self.accounts.stats(),
            self.traffic.stats(),
            self.storage.stats(),
            self.storage_totals.stats(),
        ]
    }

    /// Forgets of a node what a commit may have changed. What is stored is forgotten of all months:
    /// how it is shared out depends on the satellites that the node knows.
    fn invalidate(&self, node: &NodeName, topics: Topics, at: Timestamp) {
        let from = if topics.contains(Topics::PAST) {
            None
        } else if topics.contains(Topics::REPORTED) {
            // A node reports of the running month and of the one before.
            Period::containing(at).and_then(|period| period.plus_months(-1))
        } else {
            return;
        };
        let is_stale = |(of, period): &(NodeName, Period)| {
            of == node && from.is_none_or(|from| *period >= from)
        };
        self.storage_totals.invalidate(is_stale);
        self.traffic.invalidate(is_stale);
        self.accounts.invalidate(|of| of == node);
        // Last, since it is made of the others.
        self.storage.invalidate(|(of, _)| of == node);
    }

    fn account(&self, node: &NodeName) -> Result<Arc<Account>> {
        self.accounts.get(node, || {
            let account = asking::account(&self.readers.get()?, node)?;
            Ok((Arc::new(account), Kept::ForTtl))
        })
    }

    fn traffic(&self, node: &NodeName, period: Period, now: Timestamp) -> Result<Arc<Traffic>> {
        self.traffic.get(&(node.clone(), period), || {
            let traffic = asking::traffic(&self.readers.get()?, node, period)?;
            Ok((Arc::new(traffic), kept(period, now)))
        })
    }

    fn reader(&self) -> Result<Reader> {
        self.readers.get().map_err(shared)
    }
}

fn shared(error: piecewatch_store::Error) -> Arc<Error> {
    Arc::new(Error::from(error))
}

/// The days of a month.
const fn days_of(period: Period) -> Window {
    Window { from: period.start(), to: period.end() }
}

/// How long the figures of a month are kept.
fn kept(period: Period, now: Timestamp) -> Kept {
    if now >= period.end().plus_micros(FINISHED_AFTER_MICROS) {
        Kept::ForGood
    } else {
        Kept::ForTtl
    }
}
