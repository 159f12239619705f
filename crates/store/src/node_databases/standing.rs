//! `reputation.db` and `satellites.db`: how the node stands with the satellites.

use std::collections::BTreeMap;

use piecewatch_model::{SatelliteId, Standing, StandingScores, Timestamp};
use rusqlite::{Connection, Row};

use super::value::{Table, count, satellite, time};

/// The status of a satellite from which the node has gone by graceful exit.
const EXITED: i64 = 3;

/// What `reputation.db` tells, by satellite.
pub(super) fn read_reputation(
    connection: &Connection,
) -> rusqlite::Result<Option<BTreeMap<SatelliteId, Standing>>> {
    let Some(reputation) = Table::of(connection, "reputation")? else { return Ok(None) };
    let columns = [
        "satellite_id",
        "joined_at",
        "vetted_at",
        "disqualified_at",
        "suspended_at",
        "offline_suspended_at",
        "audit_reputation_score",
        "online_score",
        "audit_unknown_reputation_score",
        "audit_total_count",
        "audit_success_count",
    ];
    let mut statement = connection.prepare(&reputation.select(&columns))?;
    let standings = statement.query_map([], |row| Ok((satellite(row, 0)?, standing(row)?)))?;
    standings.collect::<Result<_, _>>().map(Some)
}

fn standing(row: &Row<'_>) -> rusqlite::Result<Standing> {
    let (audit, online): (Option<f64>, Option<f64>) = (row.get(6)?, row.get(7)?);
    let scores = audit.zip(online).zip(row.get(8)?);
    let audits: Option<i64> = row.get(9)?;
    Ok(Standing {
        joined_at: time(row, 1)?,
        vetted_at: time(row, 2)?,
        disqualified_at: time(row, 3)?,
        suspended_at: time(row, 4)?,
        offline_suspended_at: time(row, 5)?,
        scores: scores.map(|((audit, online), suspension)| StandingScores {
            audit,
            online,
            suspension,
        }),
        audits: match audits {
            Some(_) => Some((count(row, 9)?, count(row, 10)?)),
            None => None,
        },
        ..Standing::unknown(satellite(row, 0)?)
    })
}

/// What `satellites.db` tells of a satellite.
pub(super) struct Known {
    pub(super) address: Option<Box<str>>,
    pub(super) exited_at: Option<Timestamp>,
}

/// What `satellites.db` tells, by satellite.
pub(super) fn read_satellites(
    connection: &Connection,
) -> rusqlite::Result<Option<BTreeMap<SatelliteId, Known>>> {
    let Some(satellites) = Table::of(connection, "satellites")? else { return Ok(None) };
    let exits = match Table::of(connection, "satellite_exit_progress")? {
        Some(exits) => finished(connection, &exits)?,
        None => BTreeMap::new(),
    };
    let mut statement =
        connection.prepare(&satellites.select(&["node_id", "address", "status"]))?;
    let known = statement.query_map([], |row| {
        let satellite = satellite(row, 0)?;
        let address: Option<Box<str>> = row.get(1)?;
        let exit = exits.get(&satellite);
        // The status goes on when its data are removed, or it is no longer trusted: the receipt stays.
        let exited = row.get::<_, Option<i64>>(2)? == Some(EXITED);
        let exit = exit.filter(|exit| exited || exit.has_receipt);
        let known = Known {
            address: address.filter(|address| !address.is_empty()),
            exited_at: exit.map(|exit| exit.finished_at),
        };
        Ok((satellite, known))
    })?;
    known.collect::<Result<_, _>>().map(Some)
}

/// A graceful exit that came to an end, by success or failure.
struct Exit {
    finished_at: Timestamp,
    /// The satellite has confirmed it.
    has_receipt: bool,
}

fn finished(
    connection: &Connection,
    exits: &Table,
) -> rusqlite::Result<BTreeMap<SatelliteId, Exit>> {
    let mut statement = connection.prepare(&exits.select(&[
        "satellite_id",
        "finished_at",
        "completion_receipt",
    ]))?;
    let mut rows = statement.query([])?;
    let mut finished = BTreeMap::new();
    while let Some(row) = rows.next()? {
        if let Some(finished_at) = time(row, 1)? {
            let receipt: Option<Vec<u8>> = row.get(2)?;
            let has_receipt = receipt.is_some_and(|receipt| !receipt.is_empty());
            finished.insert(satellite(row, 0)?, Exit { finished_at, has_receipt });
        }
    }
    Ok(finished)
}
