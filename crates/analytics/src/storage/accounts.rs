//! What a node says that it holds, beside what its satellites say and what is in its files: how far
//! are they apart, and why?

use std::collections::{BTreeMap, BTreeSet};

use piecewatch_model::{ByteCount, DailyStorage, Maintenance, SatelliteId, Standing, Timestamp};

use super::{
    capacity::{Allotment, Capacity, Told},
    days::{LATE_MICROS, known},
    files::FileAccount,
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
    /// Why what the node takes of its disk is more than what the satellites report; empty where one
    /// of the two is not known. The parts are the whole difference.
    pub causes: Vec<Cause>,
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

/// A part of the difference between what a node takes and what its satellites report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cause {
    /// What it is.
    pub kind: CauseKind,
    /// How many bytes; negative where it makes the node's figure smaller.
    pub bytes: i64,
}

/// Why a node takes more than its satellites report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CauseKind {
    /// Deleted pieces that are kept for a week. Nobody pays for them.
    Trash,
    /// What is dead in the hash store's log files, and will be freed by compactions.
    Dead,
    /// What else is taken besides pieces and trash: tables of the hash store, and what of its dead
    /// bytes the log does not tell.
    Other,
    /// Pieces that satellites do not count: garbage that no bloom filter has named yet, pieces of
    /// satellites that are gone, and what came since the day of the reports.
    Garbage,
    /// The same, where satellites have reported nothing: most of it is what they do not tell.
    Unreported,
    /// Satellites count more than the node does: its own count is behind. A walk over its pieces
    /// sets it right.
    NodeCountsLess,
}

impl CauseKind {
    /// In lower-case words joined by `_`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trash => "trash",
            Self::Dead => "dead",
            Self::Other => "other",
            Self::Garbage => "garbage",
            Self::Unreported => "unreported",
            Self::NodeCountsLess => "node_counts_less",
        }
    }
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
        let mut accounts =
            Self { node: capacity.used, satellites, unreported, files, causes: Vec::new() };
        if let (Some(whole), Some(reported)) = (capacity.whole, accounts.reported()) {
            accounts.causes = accounts.causes(&whole, reported);
        }
        accounts
    }

    /// What all satellites that reported say together; `None` where none did.
    pub fn reported(&self) -> Option<ByteCount> {
        let satellites = &self.satellites;
        (!satellites.is_empty()).then(|| satellites.iter().map(|of| of.bytes).sum())
    }

    fn causes(&self, whole: &Allotment, reported: ByteCount) -> Vec<Cause> {
        let dead = self.files.hash_store_dead.unwrap_or_default().min(whole.other);
        let rest = signed(whole.used) - signed(reported);
        let rest_is = match rest {
            ..0 => CauseKind::NodeCountsLess,
            _ if self.unreported.is_empty() => CauseKind::Garbage,
            _ => CauseKind::Unreported,
        };
        let causes = [
            (CauseKind::Trash, signed(whole.trash)),
            (CauseKind::Dead, signed(dead)),
            (CauseKind::Other, signed(whole.other) - signed(dead)),
            (rest_is, rest),
        ];
        let causes = causes.into_iter().filter(|(_, bytes)| *bytes != 0);
        causes.map(|(kind, bytes)| Cause { kind, bytes }).collect()
    }
}

fn signed(bytes: ByteCount) -> i64 {
    i64::try_from(bytes.get()).unwrap_or(i64::MAX)
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
