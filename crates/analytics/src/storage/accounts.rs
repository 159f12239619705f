//! What a node says that it holds, beside what its satellites say and what is in its files: how far
//! are they apart, and why?

use std::collections::{BTreeMap, BTreeSet};

use piecewatch_model::{ByteCount, DailyStorage, Maintenance, SatelliteId, Standing, Timestamp};

use super::{
    capacity::{Capacity, Told},
    causes::{Cause, CauseKind, Overused, against_files, against_satellites},
    days::{LATE_MICROS, known},
    files::FileAccount,
    growth::Growth,
};
use crate::hash_store::HashStore;

/// What three parties say of the pieces of a node.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Accounts {
    /// The node: pieces without trash.
    pub node: Option<Told>,
    /// Each satellite, for the newest day that it reported.
    pub satellites: Vec<SatelliteAccount>,
    /// Satellites that the node serves and that reported nothing lately.
    pub unreported: Vec<SatelliteId>,
    /// The files: what walks and compactions have found.
    pub files: FileAccount,
    /// Why what the node takes of its disk is more or less than what the satellites report; empty
    /// where one of the two is not known. The parts are the whole difference.
    pub causes: Vec<Cause>,
    /// Why the pieces that the node counts are more or less than those in its files; empty where one
    /// of the two is not known. The parts are the whole difference.
    pub file_causes: Vec<Cause>,
    /// What the node takes beyond its allotment, and what of it needs no doing; `None` where it takes
    /// no more than it was allotted.
    pub overused: Option<Overused>,
}

/// What a satellite says that a node holds for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SatelliteAccount {
    /// The satellite.
    pub satellite: SatelliteId,
    /// The beginning of the UTC day.
    pub day: Timestamp,
    /// The average of that day.
    pub bytes: ByteCount,
}

/// What is known beside the newest space of a node.
#[derive(Debug, Clone, Copy)]
pub struct AccountFacts<'a> {
    /// The days that satellites reported lately.
    pub reports: &'a [DailyStorage],
    /// How the node stands with its satellites.
    pub standings: &'a [Standing],
    /// The lines of its walks and of its migration.
    pub lines: &'a [Maintenance],
    /// The parts of its hash store.
    pub stores: &'a [HashStore],
    /// How it grew.
    pub growth: &'a [Growth],
    /// The satellites that had traffic lately: where the node did not report which ones it serves,
    /// these are, and those with a part of the hash store.
    pub active: &'a BTreeSet<SatelliteId>,
}

impl Accounts {
    /// What is said in reports of days, in the newest space, in the lines of walks and of the migration,
    /// and by the hash store.
    pub fn of(capacity: &Capacity, facts: AccountFacts<'_>, now: Timestamp) -> Self {
        let (satellites, unreported) = satellites(facts.reports, facts.standings, now);
        let standings = facts.standings.iter();
        let reported: BTreeSet<SatelliteId> =
            standings.filter(|of| !is_gone(of)).map(|of| of.satellite).collect();
        let compacted = facts.stores.iter().map(|store| store.satellite);
        let served = match facts.standings {
            [] => facts.active.iter().copied().chain(compacted).collect(),
            [..] => reported,
        };
        let files = FileAccount::of(facts.lines, facts.stores, &served);
        let node = capacity.used;
        let file_causes =
            node.map_or_else(Vec::new, |node| against_files(node, &files, facts.growth));
        let causes = Vec::new();
        let overused = Overused::of(capacity);
        let mut accounts =
            Self { node, satellites, unreported, files, causes, file_causes, overused };
        if let (Some(whole), Some(reported)) = (capacity.whole, accounts.reported()) {
            let dead = accounts.files.hash_store_dead.unwrap_or_default();
            let is_told = accounts.unreported.is_empty();
            let rest = if is_told { CauseKind::Garbage } else { CauseKind::Unreported };
            accounts.causes = against_satellites(&whole, reported, dead, rest);
        }
        accounts
    }

    /// What all satellites that reported say together; `None` where none did.
    pub fn reported(&self) -> Option<ByteCount> {
        let satellites = &self.satellites;
        (!satellites.is_empty()).then(|| satellites.iter().map(|of| of.bytes).sum())
    }
}

/// Whether the node has left a satellite, or was disqualified by it.
const fn is_gone(standing: &Standing) -> bool {
    standing.exited_at.is_some() || standing.disqualified_at.is_some()
}

/// The newest day of each satellite that is not too old, and who reported none.
fn satellites(
    reports: &[DailyStorage],
    standings: &[Standing],
    now: Timestamp,
) -> (Vec<SatelliteAccount>, Vec<SatelliteId>) {
    let mut newest: BTreeMap<SatelliteId, SatelliteAccount> = BTreeMap::new();
    for report in reports {
        let Some(bytes) = known(report).and_then(|day| day.bytes()) else { continue };
        let account = SatelliteAccount { satellite: report.satellite, day: report.day, bytes };
        let of = newest.entry(report.satellite).or_insert(account);
        if account.day > of.day {
            *of = account;
        }
    }
    // Of satellites that the node has left, the last report stays and tells nothing of now.
    for standing in standings.iter().filter(|of| is_gone(of)) {
        newest.remove(&standing.satellite);
    }
    let late = now.plus_micros(-LATE_MICROS);
    let (fresh, old): (Vec<_>, Vec<_>) = newest.into_values().partition(|of| of.day >= late);
    let mut unreported: Vec<SatelliteId> = old.into_iter().map(|of| of.satellite).collect();
    let served = standings.iter().filter(|of| !is_gone(of)).map(|of| of.satellite);
    unreported.extend(served.filter(|id| reports.iter().all(|report| report.satellite != *id)));
    (fresh, unreported)
}
