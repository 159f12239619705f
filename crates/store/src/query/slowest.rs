//! Which transfers took longest?

use std::cmp::Reverse;

use piecewatch_model::{
    Action, ByteCount, Clock, Country, Grain, Latency, NodeName, PieceId, Timestamp,
};
use rusqlite::{Connection, Row};

use super::{
    NodeInfo, Nodes, Question, Window, code, maybe_number,
    nodes::{Names, selected},
    transfers::{COUNTRY, TEMPLATE, name_of, remote},
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
    /// Where they were looked for: the window asked for, widened to whole buckets of the grain.
    pub window: Window,
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
    /// The first [`Slowest::EXACT`] are exact. Of equally slow ones the earlier comes first.
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
        let window = window.widened(grain);
        let (before, days, after) = window.split(Grain::Day);
        self.ask("slowest transfers", |connection| {
            let names = Names::read(connection)?;
            let mut rows = Vec::new();
            let action = match &filter.action {
                Some(action) => match names.action_id(action) {
                    Some(id) => id,
                    None => return Ok(Slowest { window, grain, rows }),
                },
                None => 0,
            };
            let ending = filter.ending.map_or(-1, |ending| i64::from(ending.code()));
            for (id, NodeInfo { name, .. }) in selected(connection, nodes)? {
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
            Ok(Slowest { window, grain, rows })
        })
    }
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
        error: name_of(connection, TEMPLATE, row.get(11)?)?,
    })
}
