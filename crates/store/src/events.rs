//! What happened to a node besides transfers: one row for each event.

use piecewatch_model::{
    Compaction, Lifecycle, Maintenance, OrdersSettled, Scores, SpaceReport, Trouble,
};
use rusqlite::{Connection, params};

use crate::{
    amount::{bytes, number},
    dictionary::Dictionaries,
};

const COMPACTION: &str =
    "INSERT INTO compactions (node, at, satellite, store, phase, duration, logs,
    live, trash, reclaimable, reclaimed, rewritten, table_load, trash_share, template, lines)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, 1)
ON CONFLICT DO UPDATE SET duration = coalesce(excluded.duration, duration),
    logs = coalesce(excluded.logs, logs), live = coalesce(excluded.live, live),
    trash = coalesce(excluded.trash, trash),
    reclaimable = coalesce(excluded.reclaimable, reclaimable),
    reclaimed = coalesce(excluded.reclaimed, reclaimed),
    rewritten = coalesce(excluded.rewritten, rewritten),
    table_load = coalesce(excluded.table_load, table_load),
    trash_share = coalesce(excluded.trash_share, trash_share),
    template = coalesce(excluded.template, template), lines = lines + 1";

/// A number that no line told stays unknown; a sum with an unknown number is the known one.
const MAINTENANCE: &str = "INSERT INTO maintenance (node, at, kind, satellite, store, phase,
    duration, examined, affected, failed, bytes, lines)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 1)
ON CONFLICT DO UPDATE SET
    duration = coalesce(min(duration + excluded.duration, 1 << 53), duration, excluded.duration),
    examined = coalesce(min(examined + excluded.examined, 1 << 53), examined, excluded.examined),
    affected = coalesce(min(affected + excluded.affected, 1 << 53), affected, excluded.affected),
    failed = coalesce(min(failed + excluded.failed, 1 << 53), failed, excluded.failed),
    bytes = coalesce(min(bytes + excluded.bytes, 1 << 53), bytes, excluded.bytes), lines = lines + 1";

const ORDERS: &str = "INSERT INTO orders (node, at, satellite, count, lines)
VALUES (?1, ?2, ?3, ?4, 1)
ON CONFLICT DO UPDATE SET count = min(count + excluded.count, 1 << 53), lines = lines + 1";

const SCORES: &str = "REPLACE INTO reputation (node, at, satellite, audit, online, suspension,
    audit_delta, online_delta, suspension_delta, audits_total, audits_passed, lines)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 1)";

const TROUBLE: &str = "INSERT INTO troubles (node, at, kind, satellite, template, lines)
VALUES (?1, ?2, ?3, ?4, ?5, 1)
ON CONFLICT DO UPDATE SET lines = lines + 1";

const LIFECYCLE: &str = "INSERT INTO lifecycle (node, at, event, detail, lines)
VALUES (?1, ?2, ?3, ?4, 1)
ON CONFLICT DO UPDATE SET lines = lines + 1";

const SPACE: &str = "INSERT INTO storage_snapshots (node, at, available) VALUES (?1, ?2, ?3)
ON CONFLICT DO UPDATE SET available = excluded.available";

pub(crate) fn write_compaction(
    connection: &Connection,
    dictionaries: &mut Dictionaries,
    node: u16,
    compaction: &Compaction,
) -> rusqlite::Result<()> {
    let satellite = dictionaries.satellite(connection, Some(&compaction.satellite))?;
    let template = match &compaction.error {
        Some(error) => Some(dictionaries.template(connection, error)?),
        None => None,
    };
    connection.prepare_cached(COMPACTION)?.execute(params![
        node,
        compaction.at.as_micros(),
        satellite,
        &*compaction.store,
        compaction.phase.code(),
        compaction.duration_micros.map(number),
        compaction.logs.map(bytes),
        compaction.live.map(bytes),
        compaction.trash.map(bytes),
        compaction.reclaimable.map(bytes),
        compaction.reclaimed.map(bytes),
        compaction.rewritten.map(bytes),
        compaction.table_load,
        compaction.trash_share,
        template,
    ])?;
    Ok(())
}

pub(crate) fn write_maintenance(
    connection: &Connection,
    dictionaries: &mut Dictionaries,
    node: u16,
    work: &Maintenance,
) -> rusqlite::Result<()> {
    let satellite = dictionaries.satellite(connection, work.satellite.as_ref())?;
    connection.prepare_cached(MAINTENANCE)?.execute(params![
        node,
        work.at.as_micros(),
        work.kind.code(),
        satellite,
        work.store.as_deref().unwrap_or(""),
        work.phase.code(),
        work.duration_micros.map(number),
        work.examined.map(number),
        work.affected.map(number),
        work.failed.map(number),
        work.bytes.map(bytes),
    ])?;
    Ok(())
}

pub(crate) fn write_orders(
    connection: &Connection,
    dictionaries: &mut Dictionaries,
    node: u16,
    orders: &OrdersSettled,
) -> rusqlite::Result<()> {
    let satellite = dictionaries.satellite(connection, orders.satellite.as_ref())?;
    connection.prepare_cached(ORDERS)?.execute(params![
        node,
        orders.at.as_micros(),
        satellite,
        number(orders.count),
    ])?;
    Ok(())
}

pub(crate) fn write_scores(
    connection: &Connection,
    dictionaries: &mut Dictionaries,
    node: u16,
    scores: &Scores,
) -> rusqlite::Result<()> {
    let shares = [scores.audit, scores.online, scores.suspension];
    let deltas = [scores.audit_delta, scores.online_delta, scores.suspension_delta];
    // SQLite has no NaN. No satellite has such a score either.
    if !shares.iter().chain(&deltas).all(|score| score.is_finite()) {
        return Ok(());
    }
    let satellite = dictionaries.satellite(connection, Some(&scores.satellite))?;
    connection.prepare_cached(SCORES)?.execute(params![
        node,
        scores.at.as_micros(),
        satellite,
        scores.audit,
        scores.online,
        scores.suspension,
        scores.audit_delta,
        scores.online_delta,
        scores.suspension_delta,
        number(scores.audits_total),
        number(scores.audits_passed),
    ])?;
    Ok(())
}

pub(crate) fn write_trouble(
    connection: &Connection,
    dictionaries: &mut Dictionaries,
    node: u16,
    trouble: &Trouble,
) -> rusqlite::Result<()> {
    let satellite = dictionaries.satellite(connection, trouble.satellite.as_ref())?;
    let template = dictionaries.template(connection, &trouble.text)?;
    connection.prepare_cached(TROUBLE)?.execute(params![
        node,
        trouble.at.as_micros(),
        trouble.kind.code(),
        satellite,
        template,
    ])?;
    Ok(())
}

pub(crate) fn write_lifecycle(
    connection: &Connection,
    node: u16,
    lifecycle: &Lifecycle,
) -> rusqlite::Result<()> {
    connection.prepare_cached(LIFECYCLE)?.execute(params![
        node,
        lifecycle.at.as_micros(),
        lifecycle.event.code(),
        lifecycle.event.detail(),
    ])?;
    Ok(())
}

pub(crate) fn write_space(
    connection: &Connection,
    node: u16,
    space: &SpaceReport,
) -> rusqlite::Result<()> {
    connection.prepare_cached(SPACE)?.execute(params![
        node,
        space.at.as_micros(),
        bytes(space.available),
    ])?;
    Ok(())
}
