//! What do nodes do, at a glance: sums by action, and how fast bytes move now.

use std::collections::BTreeMap;

use piecewatch_model::{Action, Direction, Grain, NodeName, Outcome, Timestamp};
use piecewatch_store::{Fate, Reader, Result, TrafficRow, Window};

use crate::{
    rate::{Rates, last_minute},
    success::{Acceptance, acceptance, tallies},
    tally::{Amount, Tally},
};

/// What nodes did in a window, and how fast bytes move in the last minute.
#[derive(Debug, Clone, PartialEq)]
pub struct Overview {
    /// What the sums cover: the window asked for, widened to whole hours.
    pub window: Window,
    /// How transfers ended, by node and action.
    pub tallies: BTreeMap<(NodeName, Action), Tally>,
    /// The uploads that each node took up and turned away.
    pub acceptance: BTreeMap<NodeName, Acceptance>,
    /// The last minute that is stored.
    pub minute: Window,
    /// The rates of each node in it. A node whose records do not reach over all of it is not here:
    /// nothing is known, which is not 0.
    pub rates: BTreeMap<NodeName, Rates>,
}

/// Puts together what was asked: the sums of a window, and those of its last minute with the nodes
/// whose records reach over it.
pub fn overview(
    window: Window,
    totals: &[TrafficRow],
    minute: Window,
    moved: &[TrafficRow],
    covered: impl IntoIterator<Item = NodeName>,
) -> Overview {
    let mut rates: BTreeMap<NodeName, Rates> =
        covered.into_iter().map(|node| (node, Rates::default())).collect();
    let seconds = (minute.to.as_micros() - minute.from.as_micros()) as f64 / 1e6;
    for row in moved.iter().filter(|row| row.fate == Fate::Ended(Outcome::Success)) {
        let Some(rates) = rates.get_mut(&row.node) else { continue };
        let amount = Amount { count: row.count, bytes: row.bytes };
        match row.action.direction() {
            Direction::Upload => rates.ingress.add(amount, seconds),
            Direction::Download => rates.egress.add(amount, seconds),
        }
    }
    let tallies = tallies(totals, |row| (row.node.clone(), row.action.clone()));
    Overview { window, tallies, acceptance: acceptance(totals), minute, rates }
}

/// Asks for it, of nodes with the times of their first and last records: two statements, however many
/// nodes there are, so that a server that has just started answers at once.
///
/// # Errors
///
/// When the database cannot be read.
pub fn overview_of(
    reader: &Reader,
    nodes: &[(NodeName, Option<(Timestamp, Timestamp)>)],
    window: Window,
    now: Timestamp,
) -> Result<Overview> {
    let window = window.widened(Grain::Hour);
    let names: Vec<NodeName> = nodes.iter().map(|(name, _)| name.clone()).collect();
    let totals = reader.overview(&names, window)?;
    let minute = last_minute(now);
    let covered = nodes.iter().filter_map(|(name, records)| {
        let (first, last) = (*records)?;
        (first <= minute.from && last >= minute.to).then(|| name.clone())
    });
    // Where nothing is known, nothing is asked.
    let covered: Vec<NodeName> = covered.collect();
    let moved = match covered.is_empty() {
        true => Vec::new(),
        false => reader.overview_minutes(&covered, minute)?,
    };
    Ok(overview(window, &totals, minute, &moved, covered))
}
