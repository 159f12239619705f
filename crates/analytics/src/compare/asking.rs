//! What is to be asked to compare nodes.

use std::{collections::BTreeMap, slice};

use piecewatch_model::{Action, Grain, MicroUsd, NodeName, SatelliteId, Timestamp};
use piecewatch_store::{LatencyFilter, Nodes, Reader, Result, SpaceRow, Window};

use super::{Comparison, NodeFigures, compare};
use crate::{latency::finest_grain, success::upgrades_of};

/// A node reports its space every few minutes; what is older than this is not how it is.
const SPACE_DAYS: i64 = 2;
/// A node logs the scores of each satellite every few hours; what it logged earlier is not how it is.
const SCORES_DAYS: i64 = 7;
/// What a node reported holds until it reports something else. Scores are kept for a year.
const REPORTED_DAYS: i64 = 365;
/// Six times a day, of twenty satellites, are 840 in a week.
const SCORE_ROWS_MAX: u32 = 1_000;

/// Compares nodes in a window widened to whole hours, latencies in whole days where hours of them are
/// no longer kept. What nodes earn for a terabyte and a month is given, since it is no question to the
/// log; a node of which it is not known is left out there. Space and scores are the newest before the
/// window's end.
///
/// # Errors
///
/// When the database cannot be read.
pub fn compare_of(
    reader: &Reader,
    nodes: &[NodeName],
    window: Window,
    earnings_per_tb: &BTreeMap<NodeName, MicroUsd>,
) -> Result<Comparison> {
    let totals = reader.node_traffic_totals(Nodes::Of(nodes), Some(window))?;
    // What is compared is of one time.
    let grain = finest_grain(window, reader.kept_from(Nodes::Of(nodes))?).max(Grain::Hour);
    let end = window.widened(Grain::Hour).to;
    let mut compared = Vec::new();
    for name in nodes {
        let earnings_per_tb = earnings_per_tb.get(name).copied();
        let mut figures = NodeFigures { earnings_per_tb, ..NodeFigures::default() };
        totals.rows.iter().filter(|row| row.node == *name).for_each(|row| figures.count(row));
        let of = Nodes::Of(slice::from_ref(name));
        let gets = LatencyFilter { satellite: None, action: Some(Action::Get) };
        let latencies = reader.latencies(of, window, &gets, grain)?;
        latencies.rows.iter().for_each(|row| figures.measure(row));
        figures.space = space(reader, name, end)?;
        let scores = lowest_scores(reader, of, end)?;
        (figures.audit_score, figures.online_score) = scores.unzip();
        compared.push((name.clone(), figures));
    }
    let hours = window.widened(Grain::Hour);
    let upgrades = upgrades_of(reader, Nodes::Of(nodes), hours)?;
    let comparison = compare(compared, hours);
    Ok(Comparison { latency_window: window.widened(grain), upgrades, ..comparison })
}

const fn before(to: Timestamp, days: i64) -> Window {
    Window { from: to.plus_micros(-days * Grain::Day.micros()), to }
}

/// The newest that tells what is used of what was allotted: the log tells what is left, and no more.
fn space(reader: &Reader, node: &NodeName, to: Timestamp) -> Result<Option<SpaceRow>> {
    let newest = reader.newest_space(node, before(to, SPACE_DAYS))?;
    Ok(newest.whole.filter(|row| row.used.is_some()))
}

/// The lowest audit and online score that a satellite gives, by the newest of its log and its reports
/// before an instant.
///
/// A satellite that the node had left by then does not count: nothing can be lost there any more. One
/// that disqualified it does, with the scores that led to it: of two nodes this is the worse one.
fn lowest_scores(reader: &Reader, node: Nodes<'_>, to: Timestamp) -> Result<Option<(f64, f64)>> {
    let logged_from = before(to, SCORES_DAYS).from;
    let standings = reader.standings(node)?;
    // What was reported last stands in the standings. Of a time before that, or where the log is behind, it
    // is among the scores.
    let is_past = standings.iter().any(|standing| standing.at >= to);
    let reach = if is_past { REPORTED_DAYS } else { SCORES_DAYS };
    let mut newest: BTreeMap<SatelliteId, (Timestamp, f64, f64)> = BTreeMap::new();
    for scores in reader.scores(node, before(to, reach), SCORE_ROWS_MAX)? {
        let of = scores.what;
        if of.changes.is_none() || of.at >= logged_from {
            newest.entry(of.satellite).or_insert((of.at, of.audit, of.online));
        }
    }
    for standing in standings {
        let (told_at, of) = (standing.at, standing.what);
        let has_left = of.exited_at.is_some_and(|at| at < to) && of.disqualified_at.is_none();
        if has_left {
            newest.remove(&of.satellite);
            continue;
        }
        let Some(scores) = of.scores.filter(|_| told_at < to) else { continue };
        let is_newer = newest.get(&of.satellite).is_none_or(|&(at, ..)| at < told_at);
        if is_newer {
            newest.insert(of.satellite, (told_at, scores.audit, scores.online));
        }
    }
    let lowest = |a: (f64, f64), b: (f64, f64)| (a.0.min(b.0), a.1.min(b.1));
    Ok(newest.into_values().map(|(_, audit, online)| (audit, online)).reduce(lowest))
}
