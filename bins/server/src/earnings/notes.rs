//! What must be known to read a month's figures, in sentences.

use piecewatch_finance::{CompletedBy, GapPlace, Month, SatelliteMonth, ShareBasis, StorageSource};
use piecewatch_model::{MicroUsd, Timestamp};

use super::satellite_name;
use crate::money::usd;

/// A figure of the node's own that differs by less from ours was told a moment earlier or later.
const DIFFERS_MIN: i64 = 10_000;

/// What must be known to read the figures of a month.
pub(super) fn of(month: &Month) -> Vec<String> {
    let mut notes = Vec::new();
    storage(month, &mut notes);
    let named = |is: &dyn Fn(&SatelliteMonth) -> bool| {
        let names: Vec<String> = month.satellites.iter().filter(|of| is(of)).map(name).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let has_estimate = |of: &SatelliteMonth| of.estimate().is_some();
    if let Some(names) = named(&|of| has_estimate(of) && !of.price.source.is_sure()) {
        notes.push(format!(
            "The node has not told what {names} paid then: prices that are known otherwise were taken."
        ));
    }
    if let Some(names) = named(&|of| has_estimate(of) && of.held_percent.is_none()) {
        notes.push(format!(
            "It is not known when the node joined {names}: nothing was taken to be held back."
        ));
    }
    let is_completed =
        |of: &SatelliteMonth| of.node.is_some_and(|node| node.completed_by != CompletedBy::Nothing);
    if let Some(names) = named(&is_completed) {
        notes.push(format!(
            "What the node booked for {names} after it was last asked in the month is known from its own estimate."
        ));
    }
    if let Some(names) = named(&|of| of.node.is_some_and(|node| node.days.calculated > 0)) {
        notes.push(format!(
            "The node has interpolated the storage of some days for {names}; its rule is not published."
        ));
    }
    for of in &month.satellites {
        if let (Some(node), Some(told)) = (of.node, of.told) {
            let (ours, theirs) = (node.estimate.earnings.payout, told.payout);
            if (ours - theirs).get().abs() >= DIFFERS_MIN && ours > MicroUsd::default() {
                let (name, ours, theirs) = (name(of), usd(ours), usd(theirs));
                notes.push(format!(
                    "For {name} the node itself said {theirs} when it was last asked, and {ours} follows from what it booked."
                ));
            }
        }
    }
    log_error(month, &mut notes);
    notes
}

fn storage(month: &Month, notes: &mut Vec<String>) {
    match &month.storage {
        StorageSource::Satellites => {}
        // The node's own estimate, or a statement, tells it in sum.
        StorageSource::Unknown if month.usage().storage.get() > 0 => {}
        StorageSource::Unknown => notes.push(
            "What the node stored is not known, so that storage earns nothing here: ask the node itself (piecewatch poll)."
                .to_owned(),
        ),
        StorageSource::Snapshots { basis, total } => {
            let by = match basis {
                ShareBasis::Stored => "by what it stored for each lately",
                ShareBasis::Downloads => "by what was downloaded for each",
                ShareBasis::Even => "evenly",
            };
            notes.push(format!(
                "Storage is known of the node as a whole, and was shared out to the satellites {by}."
            ));
            for gap in &total.gaps {
                let (from, to) = (minute(gap.from), minute(gap.to));
                notes.push(match gap.place {
                    GapPlace::Before => format!("What it stored before {to} is not known, and not in the figures."),
                    GapPlace::Between => format!("What it stored from {from} to {to} is not known, and not in the figures."),
                    GapPlace::After => format!("What it stored after {from} is not known, and not in the figures."),
                });
            }
        }
    }
}

/// By how much the log is wrong, all satellites together.
fn log_error(month: &Month, notes: &mut Vec<String>) {
    let errors = month.satellites.iter().filter_map(|of| of.log?.error);
    let (log, booked) = errors.fold((0_u64, 0_u64), |(log, booked), error| {
        (log.saturating_add(error.log.get()), booked.saturating_add(error.booked.get()))
    });
    if booked == 0 {
        return;
    }
    // A float is for drawing only.
    let percent = (log as f64 - booked as f64) / booked as f64 * 100.0;
    let words = if percent < 0.0 { "less" } else { "more" };
    notes.push(format!(
        "The log tells {:.1} % {words} downloads than the node booked.",
        percent.abs()
    ));
}

fn name(of: &SatelliteMonth) -> String {
    let address = of.standing.as_ref().and_then(|standing| standing.address.as_deref());
    satellite_name(of.satellite, address)
}

/// An instant to the minute.
pub(super) fn minute(instant: Timestamp) -> String {
    let text = instant.to_string();
    text.split_at_checked(16).map_or(text.clone(), |(minute, _)| minute.replace('T', " "))
}
