//! Storage in CSV: rows of several kinds, told apart by a column.

use piecewatch_analytics::storage::{Cause, GrowthOver, NodeStorage};
use piecewatch_model::ByteCount;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    OfNode, Shown,
    rows::{SpaceFields, name},
    work_rows::{seconds, task_name},
};
use crate::{form::Span, window::day};

/// A node, or something that is told of it.
#[derive(Default, JsonSchema, Serialize)]
pub(crate) struct FlatRow {
    node: String,
    /// `node`, `satellite`, `cause`, `files_cause`, `work` or `day`: what the row is. Only that of the
    /// node has columns after `bytes`.
    row: &'static str,
    /// Which of them: a satellite, a cause, a task.
    name: String,
    /// The day of a satellite's report, or the day.
    at: Option<String>,
    /// How many runs of the work ended well.
    count: Option<u64>,
    /// The median of how long they took.
    seconds: Option<f64>,
    /// What a satellite or all of them reported, of the difference what a cause explains, what the
    /// work came to.
    bytes: Option<i64>,
    used_bytes: Option<u64>,
    trash_bytes: Option<u64>,
    available_bytes: Option<u64>,
    total_bytes: Option<u64>,
    overused_bytes: Option<u64>,
    reclaimable_bytes: Option<u64>,
    other_bytes: Option<u64>,
    reported_bytes: Option<u64>,
    day_bytes_a_day: Option<f64>,
    week_bytes_a_day: Option<f64>,
    month_bytes_a_day: Option<f64>,
    full: &'static str,
    full_at: Option<String>,
    full_earliest_at: Option<String>,
    full_latest_at: Option<String>,
}

/// The rows of each node, that of the node first.
pub(crate) fn flat(shown: &Shown) -> impl Iterator<Item = (Span, FlatRow)> {
    let rows = shown.nodes.iter().flat_map(rows_of);
    rows.map(|row| (Span::of(shown.window), row))
}

fn rows_of(of: &OfNode) -> Vec<FlatRow> {
    let (node, accounts) = (&of.storage.node, &of.storage.accounts);
    let row = |row, name| FlatRow { node: node.to_string(), row, name, ..FlatRow::default() };
    let cause = |kind, of: &Cause| FlatRow {
        bytes: Some(of.bytes),
        ..row(kind, of.kind.name().to_owned())
    };
    let mut rows = vec![of_node(&of.storage)];
    rows.extend(accounts.satellites.iter().map(|of| FlatRow {
        at: Some(day(of.day)),
        bytes: Some(signed(of.bytes)),
        ..row("satellite", name(of.satellite))
    }));
    rows.extend(accounts.causes.iter().map(|of| cause("cause", of)));
    rows.extend(accounts.file_causes.iter().map(|of| cause("files_cause", of)));
    rows.extend(of.work.tasks.iter().map(|of| FlatRow {
        count: Some(of.finished),
        seconds: of.median_micros.map(seconds),
        bytes: of.bytes.map(signed),
        ..row("work", task_name(of.task).to_owned())
    }));
    let days = of.days.days.iter().zip(of.days.total());
    rows.extend(days.map(|(at, total)| FlatRow {
        at: Some(day(*at)),
        bytes: total.map(signed),
        ..row("day", String::new())
    }));
    rows
}

fn of_node(storage: &NodeStorage) -> FlatRow {
    let space = SpaceFields::of(storage);
    let a_day = |over| {
        let growth = storage.growth.iter().find(|growth| growth.over == over)?;
        growth.taken.map(|(_, slope)| slope.per_day)
    };
    FlatRow {
        node: storage.node.to_string(),
        row: "node",
        used_bytes: space.used_bytes,
        trash_bytes: space.trash_bytes,
        available_bytes: space.available_bytes,
        total_bytes: space.total_bytes,
        overused_bytes: space.overused_bytes,
        reclaimable_bytes: space.reclaimable_bytes,
        other_bytes: space.other_bytes,
        reported_bytes: space.reported_bytes,
        day_bytes_a_day: a_day(GrowthOver::Day),
        week_bytes_a_day: a_day(GrowthOver::Week),
        month_bytes_a_day: a_day(GrowthOver::Month),
        full: space.full,
        full_at: space.full_at,
        full_earliest_at: space.full_earliest_at,
        full_latest_at: space.full_latest_at,
        ..FlatRow::default()
    }
}

fn signed(bytes: ByteCount) -> i64 {
    i64::try_from(bytes.get()).unwrap_or(i64::MAX)
}
