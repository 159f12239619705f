//! The service: asks the store for what the formulas need, and keeps the answers for a while.

mod ahead;
mod asking;

pub use ahead::{NodeForecast, SatelliteForecast};

use std::{
    collections::{BTreeMap, BTreeSet},
    mem::size_of,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use piecewatch_cache::{Cache, Kept, Settings, Stats};
use piecewatch_model::{ByteHours, Grain, MicroUsd, NodeName, Period, SatelliteId, Timestamp};
use piecewatch_store::{Reader, Readers, Topics, Window};

use crate::{
    Account, Claim, Error, Estimate, HeldPercent, LEVEL_HOLDS_MAX, Month, Result, Shares, Storage,
    StorageSource, Stored, Traffic, Usage,
};

/// A month is finished so long after its end: its last lines are in the database by then. What comes
/// later, a poll or an import, is told by [`Ledger::refresh`].
const FINISHED_AFTER_MICROS: i64 = Grain::Day.micros();
/// How far back a satellite's last known storage may lie when a node's total is shared out.
const STORED_LATELY_MICROS: i64 = 62 * Grain::Day.micros();
/// How many commits are looked at in one step.
const COMMITS_MAX: u32 = 1_000;

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

/// Something that was true at an instant.
#[derive(Debug, Clone)]
struct AsOf<T> {
    at: Timestamp,
    what: Arc<T>,
}

type OfNode<T> = Cache<NodeName, AsOf<T>, Error>;
type OfMonth<T> = Cache<(NodeName, Period), AsOf<T>, Error>;
/// Its computation asks the others, whose errors are shared already.
type OfMonths<T> = Cache<(NodeName, Period), AsOf<T>, Arc<Error>>;

/// Answers what nodes earn. Share it between threads; each question blocks until it is answered, and
/// holds a connection only while it asks the database.
#[derive(Debug)]
pub struct Ledger {
    readers: Readers,
    accounts: OfNode<Account>,
    traffic: OfMonth<Traffic>,
    storage: OfMonths<Storage>,
    storage_totals: OfMonth<Stored>,
    /// The newest commit that was looked at; `None` before the first look.
    seen: Mutex<Option<i64>>,
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
                |_, account| account.what.weight(),
            ),
            traffic: Cache::new(share("traffic", settings.traffic, 3), clock, |_, traffic| {
                traffic.what.weight()
            }),
            storage: Cache::new(share("storage", settings.storage, 2), clock, |_, storage| {
                storage.what.weight()
            }),
            storage_totals: Cache::new(
                share("storage_total", settings.storage_total, 1),
                clock,
                |_, total| (size_of::<Stored>() + total.what.gaps.len() * 64 + 128) as u64,
            ),
            seen: Mutex::new(None),
        }
    }

    /// What a node earns in a month. `now` is the present: a month that runs is looked at until then.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn month(&self, node: &NodeName, period: Period, now: Timestamp) -> Result<Month> {
        let account = self.account(node, now)?;
        let traffic = self.traffic(node, period, now)?;
        let storage = self.storage(node, period, now)?;
        let as_of = account.at.min(traffic.at).min(storage.at);
        let month = (node, period, as_of);
        Ok(Month::of(month, &account.what, &traffic.what, &storage.what))
    }

    /// What a node's storage earns in a month before anything is held back, by satellite, with the
    /// byte-hours that earn it.
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
        let account = self.account(node, now)?;
        let storage = self.storage(node, period, now)?;
        let earned = |(satellite, byte_hours): (&SatelliteId, &ByteHours)| {
            let usage = Usage { storage: *byte_hours, ..Usage::default() };
            let prices = account.what.price(*satellite, period).prices;
            let estimate = Estimate::of(&usage, &prices, HeldPercent::NONE);
            (*satellite, *byte_hours, estimate.earnings.storage)
        };
        Ok(storage.what.satellites.iter().map(earned).collect())
    }

    /// Forgets what has changed since the last time: call it before a question, or now and then.
    /// What nodes report, an import and a collector that catches up change what is kept; lines that
    /// come live do not, or nothing would ever be kept. The first time everything is forgotten: what
    /// was asked before may be older than the first commit that is looked at.
    ///
    /// # Errors
    ///
    /// When the database cannot be read; then everything is forgotten.
    pub fn refresh(&self) -> Result<()> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let looked = self.look(*seen);
        if looked.is_err() {
            self.clear();
        }
        *seen = looked.map_err(|error| Arc::new(Error::from(error)))?;
        Ok(())
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

    /// Forgets what the commits after `seen` have changed, and gives the newest.
    fn look(&self, seen: Option<i64>) -> piecewatch_store::Result<Option<i64>> {
        let reader = self.readers.get()?;
        let mut newest = seen;
        loop {
            let commits = reader.commits_since(newest.unwrap_or(0), COMMITS_MAX)?;
            for commit in &commits {
                // Some were pruned before they were seen: they may have changed anything.
                if newest.is_some_and(|newest| commit.seq > newest + 1) {
                    self.clear();
                }
                newest = Some(commit.seq);
                if seen.is_some() {
                    self.invalidate(&commit.node, commit.topics, commit.at);
                }
            }
            if commits.len() < COMMITS_MAX as usize {
                break;
            }
        }
        if seen.is_none() {
            self.clear();
        }
        Ok(newest)
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

    fn account(&self, node: &NodeName, now: Timestamp) -> Result<AsOf<Account>> {
        self.accounts.get(node, || {
            let account = asking::account(&self.readers.get()?, node)?;
            Ok((AsOf { at: now, what: Arc::new(account) }, Kept::ForTtl))
        })
    }

    fn traffic(&self, node: &NodeName, period: Period, now: Timestamp) -> Result<AsOf<Traffic>> {
        self.traffic.get(&(node.clone(), period), || {
            let traffic = asking::traffic(&self.readers.get()?, node, month(period))?;
            Ok((AsOf { at: now, what: Arc::new(traffic) }, kept(period, now)))
        })
    }

    fn storage(&self, node: &NodeName, period: Period, now: Timestamp) -> Result<AsOf<Storage>> {
        self.storage
            .get(&(node.clone(), period), || {
                let storage = self.find_storage(node, period, now)?;
                Ok((AsOf { at: now, what: Arc::new(storage) }, kept(period, now)))
            })
            // What it asked of the other caches failed, and that error is shared already.
            .map_err(|error| Arc::clone(&*error))
    }

    /// The total of the node, from snapshots of its space: read once for all satellites.
    fn storage_total(
        &self,
        node: &NodeName,
        period: Period,
        now: Timestamp,
    ) -> Result<AsOf<Stored>> {
        self.storage_totals.get(&(node.clone(), period), || {
            let levels = asking::levels(&self.readers.get()?, node, period)?;
            let stored = Stored::of(&levels, period, now, LEVEL_HOLDS_MAX);
            Ok((AsOf { at: now, what: Arc::new(stored) }, kept(period, now)))
        })
    }

    /// As the satellites told the node; where they did not, the node's total is shared out.
    fn find_storage(
        &self,
        node: &NodeName,
        period: Period,
        now: Timestamp,
    ) -> Result<Storage, Arc<Error>> {
        let days = asking::storage_days(&self.reader()?, node, month(period)).map_err(shared)?;
        if !days.is_empty() {
            let mut satellites: BTreeMap<SatelliteId, ByteHours> = BTreeMap::new();
            for day in &days {
                let sum = satellites.entry(day.satellite).or_default();
                *sum = *sum + day.byte_hours;
            }
            return Ok(Storage { days, satellites, source: StorageSource::Satellites });
        }
        let total = self.storage_total(node, period, now)?.what;
        if total.covered_micros == 0 {
            return Ok(Storage::default());
        }
        let claims = self.claims(node, period, now)?;
        let Shares { basis, shares } = Shares::of(total.byte_hours, &claims);
        let source = StorageSource::Snapshots { basis, total };
        Ok(Storage { days, satellites: shares.into_iter().collect(), source })
    }

    /// Which satellites share a node's total, and what is known of each.
    fn claims(&self, node: &NodeName, period: Period, now: Timestamp) -> Result<Vec<Claim>> {
        let account = self.account(node, now)?.what;
        let traffic = self.traffic(node, period, now)?.what;
        let lately =
            Window { from: period.start().plus_micros(-STORED_LATELY_MICROS), to: period.start() };
        let days = asking::storage_days(&self.reader()?, node, lately).map_err(shared)?;
        // Oldest first: the last one of a satellite stays.
        let stored: BTreeMap<SatelliteId, u64> =
            days.iter().filter_map(|day| Some((day.satellite, day.average?.get()))).collect();
        let satellites: BTreeSet<SatelliteId> = account
            .satellites()
            .filter(|satellite| !account.is_over(*satellite, period))
            .chain(stored.keys().copied())
            .chain(traffic.logged.keys().flatten().copied())
            .chain(traffic.booked.iter().map(|row| row.satellite))
            .collect();
        let claim = |satellite| Claim {
            satellite,
            stored: stored.get(&satellite).copied(),
            downloaded: traffic.downloaded(satellite),
        };
        Ok(satellites.into_iter().map(claim).collect())
    }

    fn reader(&self) -> Result<Reader> {
        self.readers.get().map_err(shared)
    }
}

fn shared(error: piecewatch_store::Error) -> Arc<Error> {
    Arc::new(Error::from(error))
}

/// The days of a month.
const fn month(period: Period) -> Window {
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
