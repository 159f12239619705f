//! Writes down from when on the finer tables of a node are whole.

use piecewatch_model::Timestamp;
use rusqlite::{Connection, params};

use crate::{OldTransfers, query::Question, retention::Cuts};

/// What is written down never goes back: what was removed once does not come again, even when more
/// is kept from then on. A row that says so already is not written again.
const RAISE: &str = "INSERT INTO kept_from (node, transfers, minutes, latency_hours, details)
VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT DO UPDATE SET
    transfers = max(coalesce(transfers, excluded.transfers), coalesce(excluded.transfers, transfers)),
    minutes = max(coalesce(minutes, excluded.minutes), coalesce(excluded.minutes, minutes)),
    latency_hours =
        max(coalesce(latency_hours, excluded.latency_hours), coalesce(excluded.latency_hours, latency_hours)),
    details = max(coalesce(details, excluded.details), coalesce(excluded.details, details))
WHERE excluded.transfers > coalesce(transfers, -1) OR excluded.minutes > coalesce(minutes, -1)
    OR excluded.latency_hours > coalesce(latency_hours, -1)
    OR excluded.details > coalesce(details, -1)";

pub(crate) const OLDEST: Question = Question {
    name: "pruning: the oldest record of each node",
    sql: "SELECT id, first_at FROM nodes WHERE first_at IS NOT NULL",
};

/// Of a node that told something at `oldest`, what lies before the cuts is not written.
pub(crate) fn left_out(
    connection: &Connection,
    node: u16,
    oldest: Timestamp,
    cuts: &Cuts,
    old_transfers: OldTransfers,
) -> rusqlite::Result<()> {
    let transfers = match old_transfers {
        OldTransfers::SumOnly => Some(cuts.transfers),
        OldTransfers::Keep => None,
    };
    raise(connection, node.into(), oldest, transfers, cuts)
}

/// Of every node what lies before the cuts goes.
pub(crate) fn removed(connection: &Connection, cuts: &Cuts) -> rusqlite::Result<()> {
    let mut nodes = connection.prepare_cached(OLDEST.sql)?;
    let mut nodes = nodes.query([])?;
    while let Some(row) = nodes.next()? {
        let oldest = Timestamp::from_micros(row.get(1)?);
        raise(connection, row.get(0)?, oldest, Some(cuts.transfers), cuts)?;
    }
    Ok(())
}

fn raise(
    connection: &Connection,
    node: i64,
    oldest: Timestamp,
    transfers: Option<Timestamp>,
    cuts: &Cuts,
) -> rusqlite::Result<()> {
    let lost = |cut: Timestamp| (oldest < cut).then(|| cut.as_micros());
    let of = [
        transfers.and_then(lost),
        lost(cuts.minutes),
        lost(cuts.latency_hours),
        lost(cuts.details),
    ];
    let [transfers, minutes, latency_hours, details] = of;
    if of.iter().any(Option::is_some) {
        let mut raise = connection.prepare_cached(RAISE)?;
        raise.execute(params![node, transfers, minutes, latency_hours, details])?;
    }
    Ok(())
}
