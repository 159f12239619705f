//! What must be known to read a month's figures, in sentences.

use piecewatch_finance::{
    CompletedBy, GapPlace, LogCover, Month, SatelliteMonth, ShareBasis, StorageSource, Stored,
};
use piecewatch_model::{ByteCount, MicroUsd, Timestamp};

use super::name;
use crate::money::usd;

/// A figure of the node's own that differs by less from ours was told a moment earlier or later.
const DIFFERS_MIN: i64 = 10_000;

/// What must be known to read the figures of a month.
pub(super) fn of_month(month: &Month, now: Timestamp) -> Vec<String> {
    let mut notes = of_log_storage(month);
    if let Some(names) = named(month, lacks_storage) {
        notes.push(format!(
            "What is stored for {names} was not told in this month yet: like the node itself, the \
            node estimate counts nothing for it."
        ));
    }
    notes.extend(of_prices(month));
    notes.extend(of_completion(month));
    notes.extend(month.satellites.iter().filter_map(of_difference));
    notes.extend(of_offline_days(month));
    notes.extend(of_log(month, now));
    notes
}

/// What must be known to read a forecast.
pub(super) fn of_forecast(month: &Month, now: Timestamp) -> Vec<String> {
    let mut notes = of_log_storage(month);
    if let Some(names) = named(month, lacks_storage) {
        notes.push(format!(
            "What is stored for {names} was not told in this month yet: the forecast goes by the \
            space that is used, else by the month before."
        ));
    }
    notes.extend(of_prices(month));
    notes.extend(of_completion(month));
    notes.extend(of_log(month, now));
    notes
}

/// The satellites of which something is so.
fn named(month: &Month, is: impl Fn(&SatelliteMonth) -> bool) -> Option<String> {
    let names: Vec<String> = month.satellites.iter().filter(|of| is(of)).map(name).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// Where nothing was moved either, there may be nothing.
fn lacks_storage(of: &SatelliteMonth) -> bool {
    of.node.is_some_and(|node| node.lacks_storage() && node.usage.downloaded().get() > 0)
}

fn of_prices(month: &Month) -> Vec<String> {
    let has_estimate = |of: &SatelliteMonth| of.estimate().is_some();
    let prices = named(month, |of| has_estimate(of) && !of.price.source.is_sure()).map(|names| {
        format!(
            "The node has not told what {names} paid then: prices that are known otherwise were \
            taken."
        )
    });
    let held = named(month, |of| has_estimate(of) && of.held_percent.is_none()).map(|names| {
        format!("It is not known when the node joined {names}: nothing was taken to be held back.")
    });
    prices.into_iter().chain(held).collect()
}

/// What the days of the node lack, and what completed them.
fn of_completion(month: &Month) -> Vec<String> {
    let by = |of: &SatelliteMonth| of.node.map(|node| node.completed_by);
    let has_days = |of: &SatelliteMonth| {
        of.node.is_some_and(|node| node.days.bandwidth + node.days.storage > 0)
    };
    let is_after = |of: &SatelliteMonth| matches!(by(of), Some(CompletedBy::PreviousMonth(_)));
    let after = named(month, |of| is_after(of) && has_days(of));
    let alone = named(month, |of| is_after(of) && !has_days(of));
    let while_it_ran = named(month, |of| matches!(by(of), Some(CompletedBy::RunningMonth(_))));
    let calculated = named(month, |of| of.node.is_some_and(|node| node.days.calculated > 0));
    let after = after.map(|names| {
        format!(
            "What the node booked for {names} after it was last asked in the month is known from \
            its own estimate."
        )
    });
    let alone = alone.map(|names| {
        format!(
            "What the node booked for {names} is known from its own estimate alone, not by day."
        )
    });
    let while_it_ran = while_it_ran.map(|names| {
        format!(
            "For {names} the node's own estimate holds more than the days that it told: it counts."
        )
    });
    let calculated = calculated.map(|names| {
        format!(
            "The node has interpolated the storage of some days for {names}; its rule is not \
            published."
        )
    });
    [after, alone, while_it_ran, calculated].into_iter().flatten().collect()
}

fn of_difference(of: &SatelliteMonth) -> Option<String> {
    let (ours, theirs) = (of.node?.estimate.earnings.payout, of.told?.payout);
    let differs = (ours - theirs).get().abs() >= DIFFERS_MIN && ours > MicroUsd::default();
    differs.then(|| {
        format!(
            "For {} the node itself said {} when it was last asked, and {} follows from what it \
            booked.",
            name(of),
            usd(theirs),
            usd(ours)
        )
    })
}

fn of_offline_days(month: &Month) -> Option<String> {
    let days = month.satellites.iter().find_map(|of| of.node)?.offline_days;
    match days {
        0 => None,
        1 => Some("On 1 day the node moved nothing for any satellite.".to_owned()),
        days => Some(format!("On {days} days the node moved nothing for any satellite.")),
    }
}

/// Storage that stands with the log's downloads; the other figures have their own.
fn of_log_storage(month: &Month) -> Vec<String> {
    if month.satellites.iter().all(|of| of.log.is_none()) {
        return Vec::new();
    }
    match &month.storage {
        StorageSource::Satellites => Vec::new(),
        StorageSource::Unknown => vec![
            "A log does not tell what is stored: the log estimate is of downloads alone. Ask the \
            node itself (piecewatch poll)."
                .to_owned(),
        ],
        StorageSource::Snapshots { basis, total } => of_snapshots(*basis, total),
    }
}

fn of_snapshots(basis: ShareBasis, total: &Stored) -> Vec<String> {
    let by = match basis {
        ShareBasis::Stored => "by what it stored for each lately",
        ShareBasis::Downloads => "by what was downloaded for each",
        ShareBasis::Even => "evenly",
    };
    let mut notes = vec![format!(
        "In the log estimate, storage is that of the node as a whole, shared out to the satellites \
        {by}."
    )];
    notes.extend(total.gaps.iter().map(|gap| {
        let (from, to) = (minute(gap.from), minute(gap.to));
        let when = match gap.place {
            GapPlace::Before => format!("before {to}"),
            GapPlace::Between => format!("from {from} to {to}"),
            GapPlace::After => format!("after {from}"),
        };
        format!("What the node stored {when} is not known, and not in the log estimate.")
    }));
    notes
}

/// What of the month the log covers, and how far it is from the node's books.
fn of_log(month: &Month, now: Timestamp) -> Vec<String> {
    let Some(log) = month.log else { return Vec::new() };
    let mut notes = Vec::new();
    if !log.is_whole(month.period, now) {
        let (from, to) = (minute(log.from), minute(log.to));
        notes.push(format!("Of this month the log tells from {from} to {to} only."));
    }
    if log.without_satellite > ByteCount::default() {
        notes.push(format!(
            "The log tells {} of downloads without their satellite: they are in no figure.",
            log.without_satellite
        ));
    }
    notes.extend(of_log_error(month, &log));
    notes
}

/// By how much the log is wrong, all satellites together.
fn of_log_error(month: &Month, cover: &LogCover) -> Option<String> {
    let errors = month.satellites.iter().filter_map(|of| of.log?.error);
    let (log, booked) = errors.fold((0_u64, 0_u64), |(log, booked), error| {
        (log.saturating_add(error.log.get()), booked.saturating_add(error.booked.get()))
    });
    if booked == 0 {
        return None;
    }
    // A float is for drawing only.
    let percent = (log as f64 - booked as f64) / booked as f64 * 100.0;
    let words = if percent < 0.0 { "less" } else { "more" };
    let days = match cover.compared_days {
        1 => "On the day of which both tell in whole".to_owned(),
        days => format!("On the {days} days of which both tell in whole"),
    };
    let percent = percent.abs();
    Some(format!("{days}, the log tells {percent:.1} % {words} downloads than the node booked."))
}

/// An instant to the minute.
pub(super) fn minute(instant: Timestamp) -> String {
    let text = instant.to_string();
    text.split_at_checked(16).map_or(text.clone(), |(minute, _)| minute.replace('T', " "))
}

/// When figures were told, for a heading.
pub(super) fn as_of(told_at: Option<Timestamp>) -> String {
    told_at.map(|told_at| format!(", as of {} UTC", minute(told_at))).unwrap_or_default()
}
