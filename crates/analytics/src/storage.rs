//! How is a node's storage: how much is there, when is it full, who says what of it, and what work
//! is done on it?

mod accounts;
mod capacity;
mod causes;
mod days;
mod files;
mod growth;
mod slope;

use std::slice;

use piecewatch_model::{Compaction, DailyStorage, Maintenance, NodeName, Standing, Timestamp};
use piecewatch_store::{Event, Nodes, Reader, Reported, Result, Window};

use crate::{
    hash_store::{HashStore, hash_stores},
    migration::Migration,
    restarts::restarts_of,
    runs::{Run, Running, TaskSummary, running, runs, summaries},
    work::work_of,
};
pub use accounts::{AccountFacts, Accounts, SatelliteAccount};
pub use capacity::{Allotment, Capacity, Told};
pub use causes::{Cause, CauseKind, Overused};
pub use days::{StoredDay, StoredDays};
pub use files::{FileAccount, FilePart, UnknownFiles};
pub use growth::{DiskFull, FULL, Growth, GrowthBasis, GrowthOver};
pub use slope::Slope;

const DAY_MICROS: i64 = 86_400_000_000;
/// A figure that nobody told for so long is not known. What ran before a window is looked at for so
/// long, too: a walk over all pieces takes days, and the node does not begin one every day.
const LATELY_MICROS: i64 = 30 * DAY_MICROS;
/// A node of twenty satellites tells some 700 lines of such work a day.
const EVENTS_MAX: u32 = 30_000;

/// The storage of a node at an instant.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeStorage {
    /// The node.
    pub node: NodeName,
    /// Its space, as it was told last within 30 days.
    pub capacity: Capacity,
    /// How it grew, over each time.
    pub growth: Vec<Growth>,
    /// When it is full.
    pub full: DiskFull,
    /// What node, satellites and files say.
    pub accounts: Accounts,
}

/// The work that a node does on its pieces.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeWork {
    /// The node.
    pub node: NodeName,
    /// From when to when.
    pub window: Window,
    /// What goes on.
    pub running: Vec<Running>,
    /// What ended in the window, the first at first.
    pub ended: Vec<Run>,
    /// The same by task, beside the 30 days before.
    pub tasks: Vec<TaskSummary>,
    /// Each part of the hash store, as it was told last within 30 days before the window, or in it.
    pub hash_stores: Vec<HashStore>,
    /// The migration to the hash store in that time; `None` where there is none.
    pub migration: Option<Migration>,
}

/// Asks how the storage of a node is.
///
/// # Errors
///
/// When the database cannot be read.
pub fn storage_of(reader: &Reader, node: &NodeName, now: Timestamp) -> Result<NodeStorage> {
    let nodes = Nodes::Of(slice::from_ref(node));
    let lately = lately(now, now);
    let capacity = Capacity::of(&reader.newest_space(node, lately)?);
    let over = |over: GrowthOver| {
        let samples = reader.space_samples(node, over.window(now), over.parts())?;
        Ok(Growth::of(over, &samples))
    };
    let growth = GrowthOver::ALL.into_iter().map(over).collect::<Result<Vec<_>>>()?;
    let reports: Vec<DailyStorage> = plain(reader.daily_storage(nodes, lately)?);
    let standings: Vec<Standing> = plain(reader.standings(nodes)?);
    let lines = whats(reader.walks(nodes, lately, EVENTS_MAX)?);
    let stores = hash_stores(&whats(reader.compactions(nodes, lately, EVENTS_MAX)?));
    let traffic = reader.traffic_totals(nodes, Some(lately))?.rows;
    let active = traffic.iter().filter_map(|row| row.satellite).collect();
    let facts = AccountFacts {
        reports: &reports,
        standings: &standings,
        lines: &lines,
        stores: &stores,
        growth: &growth,
        active: &active,
    };
    let accounts = Accounts::of(&capacity, facts, now);
    let full = DiskFull::of(capacity.available, &growth);
    Ok(NodeStorage { node: node.clone(), capacity, growth, full, accounts })
}

/// Asks what a node stored in a window by day, as its satellites report it.
///
/// # Errors
///
/// When the database cannot be read.
pub fn stored_days_of(
    reader: &Reader,
    node: &NodeName,
    window: Window,
    now: Timestamp,
) -> Result<StoredDays> {
    let nodes = Nodes::Of(slice::from_ref(node));
    let window = window.widened(piecewatch_model::Grain::Day);
    let reports: Vec<DailyStorage> = plain(reader.daily_storage(nodes, window)?);
    let standings: Vec<Standing> = plain(reader.standings(nodes)?);
    Ok(StoredDays::of(&reports, &standings, window, now))
}

/// Asks what work a node did in a window, and what goes on at its end.
///
/// # Errors
///
/// When the database cannot be read.
pub fn node_work_of(reader: &Reader, node: &NodeName, window: Window) -> Result<NodeWork> {
    let nodes = Nodes::Of(slice::from_ref(node));
    let reach = lately(window.from, window.to);
    let compactions: Vec<Event<Compaction>> = reader.compactions(nodes, reach, EVENTS_MAX)?;
    let lines: Vec<Event<Maintenance>> = reader.maintenance_runs(nodes, reach, EVENTS_MAX)?;
    let starts: Vec<Timestamp> =
        restarts_of(reader, node, reach)?.into_iter().map(|restart| restart.at).collect();
    let all = runs(&compactions, &lines, &starts);
    let open = work_of(reader, node, window.to)?;
    let in_window = |run: &&Run| run.ended_at >= window.from && run.ended_at < window.to;
    Ok(NodeWork {
        node: node.clone(),
        window,
        running: running(open, &all, window.to),
        ended: all.iter().filter(in_window).cloned().collect(),
        tasks: summaries(&all, window),
        hash_stores: hash_stores(&whats(compactions)),
        migration: Migration::of(&whats(lines)),
    })
}

/// From 30 days before an instant up to another.
pub(crate) const fn lately(from: Timestamp, to: Timestamp) -> Window {
    Window { from: from.plus_micros(-LATELY_MICROS), to }
}

fn plain<T>(rows: Vec<Reported<T>>) -> Vec<T> {
    rows.into_iter().map(|row| row.what).collect()
}

fn whats<T>(events: Vec<Event<T>>) -> Vec<T> {
    events.into_iter().map(|event| event.what).collect()
}
