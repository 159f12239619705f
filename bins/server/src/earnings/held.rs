//! What the satellites hold back: how much, until when, and when half of it comes back.

use std::collections::BTreeMap;

use piecewatch_finance::{HeldFate, HeldPercent, Month, MonthState, ReturnState, SatelliteMonth};
use piecewatch_model::{MicroUsd, Timestamp};

use super::name;
use crate::money::usd;

/// How things are held now, in sentences: nothing of a month that does not run.
pub(super) fn lines(month: &Month, now: Timestamp) -> Vec<String> {
    let mut lines = Vec::new();
    if MonthState::of(month.period, now) != MonthState::Running {
        return lines;
    }
    let is_kept = |of: &&SatelliteMonth| of.held_fate == HeldFate::Kept;
    let kept: MicroUsd = month.satellites.iter().filter(is_kept).map(|of| of.held.kept()).sum();
    if kept > MicroUsd::default() {
        lines.push(format!("Held back so far by all satellites together: {} USD.", usd(kept)));
    }
    for of in &month.satellites {
        let Some(due) = of.held_return.filter(|due| due.amount > MicroUsd::default()) else {
            continue;
        };
        let (name, amount, period) = (name(of), usd(due.amount), due.period);
        lines.push(match due.state(now) {
            ReturnState::Ahead => {
                format!("{name} returns {amount} of it with the statement for {period}.")
            }
            ReturnState::Due | ReturnState::Returned => {
                format!("{name} owes {amount} of it since {period}.")
            }
        });
    }
    lines.extend(shares(month));
    lines.extend(month.satellites.iter().filter_map(gone));
    lines
}

/// Which share is held back until when: `us1, eu1 hold back 75 %, 50 % from 2026-12.`
fn shares(month: &Month) -> Vec<String> {
    let mut alike: BTreeMap<(HeldPercent, Option<String>), Vec<String>> = BTreeMap::new();
    for of in month.satellites.iter().filter(|of| of.held_fate == HeldFate::Kept) {
        let Some(percent) = of.held_percent.filter(|percent| percent.get() > 0) else { continue };
        let next = of.next_drop.map(|next| format!(", {} from {}", next.percent, next.period));
        alike.entry((percent, next)).or_default().push(name(of));
    }
    let line = |((percent, next), names): ((HeldPercent, Option<String>), Vec<String>)| {
        let verb = if names.len() == 1 { "holds" } else { "hold" };
        format!("{} {verb} back {percent}{}.", names.join(", "), next.unwrap_or_default())
    };
    alike.into_iter().rev().map(line).collect()
}

/// What becomes of what a satellite held that the node has left, or that disqualified it.
fn gone(of: &SatelliteMonth) -> Option<String> {
    let kept = of.held.kept();
    if kept <= MicroUsd::default() {
        return None;
    }
    let (name, kept) = (name(of), usd(kept));
    match of.held_fate {
        HeldFate::Kept => None,
        HeldFate::Returning { period } => Some(format!(
            "{name}, which the node has left, returns the {kept} that it held back with the \
            statement for {period}."
        )),
        HeldFate::Lost => {
            Some(format!("The {kept} that {name} held back are lost: they do not come back."))
        }
    }
}
