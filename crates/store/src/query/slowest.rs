//! Which transfers took longest?

use std::cmp::Reverse;

use piecewatch_model::{
    Action, ByteCount, Clock, Country, Grain, Latency, NodeName, PieceId, Timestamp,
};
use rusqlite::{Connection, Row};

use super::{
    NodeInfo, Nodes, Question, Window, code, maybe_number,
    nodes::{Names, selected},
    transfers::{COUNTRY, error_text, name_of, remote},
};
use crate::{Ending, Fate, Reader, Result, StoredTransfer, slowest::KEPT};

/// `?4` is the id of an action, 0 for all, `?5` an ending, -1 for all.
pub(crate) const HOURLY: Question = Question {
    name: "slowest, hours",
    sql: "SELECT latency, clock, ended_at, satellite, action, outcome, size, offset, remote, port,
    country, template, piece
FROM slow_hourly
WHERE node = ?1 AND at >= ?2 AND at < ?3 AND (?4 = 0 OR action = ?4) AND (?5 = -1 OR ending = ?5)
ORDER BY latency DESC, ended_at, piece LIMIT ?6",
};

pub(crate) const DAILY: Question = Question {
    name: "slowest, days",
    sql: "SELECT latency, clock, ended_at, satellite, action, outcome, size, offset, remote, port,
    country, template, piece
FROM slow_daily
WHERE node = ?1 AND at >= ?2 AND at < ?3 AND (?4 = 0 OR action = ?4) AND (?5 = -1 OR ending = ?5)
ORDER BY latency DESC, ended_at, piece LIMIT ?6",
};

/// `NULL` where they are known of all time.
pub(crate) const FROM: Question =
    Question { name: "slowest, since when", sql: "SELECT slowest_from FROM nodes WHERE id = ?1" };

/// Which slow transfers are wanted; `None` for any.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct SlowFilter {
    /// Of this action.
    pub action: Option<Action>,
    /// That ended so.
    pub ending: Option<Ending>,
}

/// The slowest transfers of a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slowest {
    /// Where they were looked for: the window asked for, widened to whole buckets of the grain, from
    /// [`known_from`](Self::known_from) on. Empty where nothing of it is known.
    pub window: Window,
    /// From when on they are known of all these nodes; `None`: of all time. A database that an older
    /// program wrote knows them as far back as it had kept single transfers.
    pub known_from: Option<Timestamp>,
    /// To what the window was aligned: hours or days.
    pub grain: Grain,
    /// The slowest first; each has a latency, by any clock.
    pub rows: Vec<StoredTransfer>,
}

impl Slowest {
    /// How many at the head of the list are certainly the slowest.
    ///
    /// Of each node, action and ending the ten slowest of an hour are kept, and of a day. An eleventh
    /// and later row are of the slowest that are kept: when one hour had many slow transfers, some
    /// that were slower than these may be missing.
    pub const EXACT: usize = KEPT;
}

impl Reader {
    /// The slowest transfers of nodes together, at most `limit`, in a window widened to whole hours,
    /// or to whole days where `align` says so. Hours reach back 90 days, days for ever, longer than
    /// single transfers are kept.
    ///
    /// The first [`Slowest::EXACT`] are exact for the window that is told. Of equally slow ones the earlier comes first.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn slowest(
        &self,
        nodes: Nodes<'_>,
        window: Window,
        filter: &SlowFilter,
        align: Grain,
        limit: usize,
    ) -> Result<Slowest> {
        let grain = align.max(Grain::Hour);
        let asked = window.widened(grain);
        self.ask("slowest transfers", |connection| {
            let names = Names::read(connection)?;
            let nodes = selected(connection, nodes)?;
            let known_from = known_from(connection, &nodes)?;
            let first = known_from.map_or(asked.from, |from| from.ceil(grain));
            let window = Window { from: first.max(asked.from).min(asked.to), to: asked.to };
            let mut slowest = Slowest { window, known_from, grain, rows: Vec::new() };
            let action = match &filter.action {
                Some(action) => match names.action_id(action) {
                    Some(id) => id,
                    None => return Ok(slowest),
                },
                None => 0,
            };
            let ending = filter.ending.map_or(-1, |ending| i64::from(ending.code()));
            let (before, days, after) = window.split(Grain::Day);
            let rows = &mut slowest.rows;
            for (id, NodeInfo { name, .. }) in nodes {
                for (question, part) in [(HOURLY, before), (DAILY, days), (HOURLY, after)] {
                    let mut statement = connection.prepare_cached(question.sql)?;
                    let (from, to) = (part.from.as_micros(), part.to.as_micros());
                    let mut found =
                        statement.query((id, from, to, action, ending, limit as i64))?;
                    while let Some(row) = found.next()? {
                        rows.push(read(connection, &names, &name, row)?);
                    }
                }
            }
            let micros = |row: &StoredTransfer| row.latency.map(|latency| latency.micros);
            rows.sort_by_key(|row| (Reverse(micros(row)), row.at, row.piece));
            rows.truncate(limit);
            Ok(slowest)
        })
    }
}

/// From when on the slowest transfers are known of all these nodes.
fn known_from(
    connection: &Connection,
    nodes: &[(u16, NodeInfo)],
) -> rusqlite::Result<Option<Timestamp>> {
    let mut statement = connection.prepare_cached(FROM.sql)?;
    let mut latest = None;
    for (id, _) in nodes {
        latest = latest.max(statement.query_row([id], |row| row.get::<_, Option<i64>>(0))?);
    }
    Ok(latest.map(Timestamp::from_micros))
}

fn read(
    connection: &Connection,
    names: &Names,
    node: &NodeName,
    row: &Row<'_>,
) -> rusqlite::Result<StoredTransfer> {
    let country = name_of(connection, COUNTRY, row.get(10)?)?;
    Ok(StoredTransfer {
        at: Timestamp::from_micros(row.get(2)?),
        node: node.clone(),
        satellite: names.satellite(row.get(3)?),
        piece: row.get::<_, Option<[u8; 32]>>(12)?.map(PieceId::new),
        action: names.action(row, 4)?,
        fate: code(row, 5, Fate::from_code)?,
        size: maybe_number(row, 6)?.map(ByteCount::new),
        offset: maybe_number(row, 7)?,
        remote: remote(row, 8)?,
        country: country.and_then(|code| Country::from_code(&code)),
        latency: Some(Latency {
            micros: row.get::<_, i64>(0)? as u64,
            clock: code(row, 1, Clock::from_code)?,
        }),
        error: error_text(connection, row.get(11)?)?,
    })
}
