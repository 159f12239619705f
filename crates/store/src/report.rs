//! What a node reports of itself, beside its log.

mod figures;
mod newest;

use std::collections::BTreeSet;

use piecewatch_model::{Fact, Period, Report, SatelliteId, StandingScores, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    amount::{bytes, number},
    dictionary::{Dictionaries, SATELLITE_NONE},
    query::commits::Topics,
    retention::Cuts,
};

/// Unknown changes and audits are NULL. The rows of a log lie where they are.
const SCORES: &str = "INSERT INTO reputation (node, at, satellite, audit, online, suspension,
    audits_total, audits_passed, lines)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0) ON CONFLICT DO NOTHING";

pub(crate) const NEWEST_SCORES: &str = "SELECT audit, online, suspension FROM reputation
WHERE node = ?1 AND at <= ?2 AND satellite = ?3 ORDER BY at DESC LIMIT 1";

const VERSION: &str = "INSERT INTO lifecycle (node, at, event, detail, lines)
VALUES (?1, ?2, ?3, ?4, 0) ON CONFLICT DO NOTHING";

pub(crate) const NEWEST_VERSION: &str = "SELECT detail FROM lifecycle
WHERE node = ?1 AND at <= ?2 AND event = ?3 ORDER BY at DESC LIMIT 1";

/// What is not told leaves what the log told at the same instant.
const SPACE: &str = "INSERT INTO storage_snapshots
    (node, at, used, available, trash, total, overused, reclaimable)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT DO UPDATE SET used = coalesce(excluded.used, used),
    available = coalesce(excluded.available, available), trash = coalesce(excluded.trash, trash),
    total = coalesce(excluded.total, total), overused = coalesce(excluded.overused, overused),
    reclaimable = coalesce(excluded.reclaimable, reclaimable)";

/// The most satellites that reports of one node may add to those that the database knows. Storj has
/// run eleven; without a bound one made-up node could take the room of all.
const SATELLITES_OF_NODE_MAX: usize = 64;

/// The satellites of which a node has told; asked when it tells of one that nobody knows.
pub(crate) const SATELLITES_OF_NODE: &str = "SELECT satellite FROM standings WHERE node = ?1
UNION SELECT satellite FROM prices WHERE node = ?1
UNION SELECT satellite FROM estimates WHERE node = ?1
UNION SELECT satellite FROM paystubs WHERE node = ?1
UNION SELECT satellite FROM payouts WHERE node = ?1
UNION SELECT satellite FROM satellite_bandwidth_daily WHERE node = ?1
UNION SELECT satellite FROM satellite_storage_daily WHERE node = ?1";

/// Writes one report within a transaction. Gives how many facts were passed over since there is no
/// room for their satellites; how the poll went says so, too.
pub(crate) fn write(
    connection: &Connection,
    dictionaries: &mut Dictionaries,
    node: u16,
    report: &Report,
    cuts: &Cuts,
    now: Timestamp,
) -> rusqlite::Result<usize> {
    let mut told = Told {
        connection,
        dictionaries,
        node,
        at: report.poll.at,
        now,
        cuts,
        refused: BTreeSet::new(),
        passed_over: 0,
    };
    for fact in &report.facts {
        match fact {
            Fact::Status(status) => told.status(status)?,
            Fact::Space(space) => told.space(space)?,
            Fact::Standing(standing) => told.standing(standing, report.poll.part)?,
            Fact::Bandwidth(bandwidth) => told.bandwidth(bandwidth)?,
            Fact::Storage(storage) => told.storage(storage)?,
            Fact::Prices(satellite, prices) => told.prices(satellite, prices)?,
            Fact::Estimate(estimate) => told.estimate(estimate)?,
            Fact::Paystub(paystub) => told.paystub(paystub)?,
            Fact::Payment(payment) => told.payment(payment)?,
            Fact::Quantiles(quantiles) => told.quantiles(quantiles)?,
        }
    }
    told.poll(&report.poll)?;
    Ok(told.passed_over)
}

/// What a report changes. One of the whole history, as the first reading of a node's databases brings
/// it, changes what is known of the past.
pub(crate) fn topics(report: &Report, now: Timestamp) -> Topics {
    let month_before = Period::containing(now).and_then(|period| period.plus_months(-1));
    let is_past = |fact: &Fact| {
        let day = match fact {
            Fact::Bandwidth(bandwidth) => bandwidth.day,
            Fact::Storage(storage) => storage.day,
            Fact::Status(_)
            | Fact::Space(_)
            | Fact::Standing(_)
            | Fact::Prices(..)
            | Fact::Estimate(_)
            | Fact::Paystub(_)
            | Fact::Payment(_)
            | Fact::Quantiles(_) => return false,
        };
        month_before.is_some_and(|before| day < before.start())
    };
    if report.facts.iter().any(is_past) {
        Topics::REPORTED.and(Topics::PAST)
    } else {
        Topics::REPORTED
    }
}

/// A report that is being written.
struct Told<'a> {
    connection: &'a Connection,
    dictionaries: &'a mut Dictionaries,
    node: u16,
    /// When the poll began: the time of all that it brought.
    at: Timestamp,
    /// When it is written.
    now: Timestamp,
    cuts: &'a Cuts,
    /// Satellites for which there is no room.
    refused: BTreeSet<SatelliteId>,
    /// How many facts they had.
    passed_over: usize,
}

impl Told<'_> {
    /// The number of a satellite; `None`, and counted, when there is no room for another: its
    /// figures would stand under the number of all that are unknown, one in place of the other.
    fn satellite(&mut self, satellite: &SatelliteId) -> rusqlite::Result<Option<i64>> {
        if !self.refused.contains(satellite) {
            if self.may_be_added(satellite)? {
                let id = self.dictionaries.satellite(self.connection, Some(satellite))?;
                if id != SATELLITE_NONE {
                    return Ok(Some(id));
                }
            }
            self.refused.insert(*satellite);
        }
        self.passed_over += 1;
        Ok(None)
    }

    /// Whether a satellite is known, or the node may bring another.
    fn may_be_added(&mut self, satellite: &SatelliteId) -> rusqlite::Result<bool> {
        if self.dictionaries.knows_satellite(self.connection, satellite)? {
            return Ok(true);
        }
        let mut told = self.connection.prepare_cached(SATELLITES_OF_NODE)?;
        let told = told.query_map([self.node], |_| Ok(()))?;
        Ok(told.count() < SATELLITES_OF_NODE_MAX)
    }

    fn space(&self, space: &piecewatch_model::Space) -> rusqlite::Result<()> {
        self.connection.prepare_cached(SPACE)?.execute(params![
            self.node,
            self.at.as_micros(),
            space.used.map(bytes),
            space.available.map(bytes),
            space.trash.map(bytes),
            space.total.map(bytes),
            space.overused.map(bytes),
            space.reclaimable.map(bytes),
        ])?;
        Ok(())
    }

    /// Adds scores that differ from those that were told before.
    fn scores(
        &self,
        satellite: i64,
        scores: &StandingScores,
        audits: Option<(u64, u64)>,
    ) -> rusqlite::Result<()> {
        if self.at < self.cuts.details {
            return Ok(());
        }
        let at = self.at.as_micros();
        let told = [scores.audit, scores.online, scores.suspension];
        let newest: Option<[f64; 3]> = self
            .connection
            .prepare_cached(NEWEST_SCORES)?
            .query_row((self.node, at, satellite), |row| {
                Ok([row.get(0)?, row.get(1)?, row.get(2)?])
            })
            .optional()?;
        if newest == Some(told) {
            return Ok(());
        }
        let (total, passed) = audits.map(|(total, passed)| (number(total), number(passed))).unzip();
        self.connection
            .prepare_cached(SCORES)?
            .execute(params![self.node, at, satellite, told[0], told[1], told[2], total, passed])?;
        Ok(())
    }

    /// Adds a version, or another event of this code, that differs from the one before it.
    fn version(&self, event: u8, version: Option<&str>) -> rusqlite::Result<()> {
        let Some(version) = version.filter(|_| self.at >= self.cuts.details) else { return Ok(()) };
        let at = self.at.as_micros();
        let newest: Option<String> = self
            .connection
            .prepare_cached(NEWEST_VERSION)?
            .query_row((self.node, at, event), |row| row.get(0))
            .optional()?;
        if newest.as_deref() != Some(version) {
            self.connection.prepare_cached(VERSION)?.execute((self.node, at, event, version))?;
        }
        Ok(())
    }
}
