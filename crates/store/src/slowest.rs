//! The slowest transfers of each hour and day: picked in memory, merged with those in the database.

use std::{cmp::Reverse, net::IpAddr};

use piecewatch_model::{Grain, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use crate::{
    retention::Cuts,
    rollup::{Key, Map, ending, sorted},
    transfers::TransferRow,
};

/// How many are kept of each node, hour or day, action and ending. A busy node has some seven such
/// groups in an hour: 70 rows, where it has tens of thousands of transfers.
pub(crate) const KEPT: usize = 10;

/// A transfer as the tables hold it, in the order in which they are kept: the slowest first, of
/// equally slow ones the earliest. The rest makes the order one of all transfers, so that what is
/// kept does not depend on how they came.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slow {
    latency: Reverse<i64>,
    ended_at: i64,
    piece: Option<Vec<u8>>,
    offset: Option<i64>,
    satellite: i64,
    clock: u8,
    outcome: u8,
    size: Option<i64>,
    remote: Option<Vec<u8>>,
    port: Option<u16>,
    country: Option<i64>,
    template: Option<i64>,
}

impl Slow {
    pub(crate) const fn latency(&self) -> i64 {
        self.latency.0
    }

    fn of(row: &TransferRow<'_>, latency: i64, clock: u8) -> Self {
        Self {
            latency: Reverse(latency),
            ended_at: row.at.as_micros(),
            piece: row.piece.map(|piece| piece.as_bytes().to_vec()),
            offset: row.offset.map(|offset| offset as i64),
            satellite: row.satellite,
            clock,
            outcome: row.outcome,
            size: row.size.map(|size| size as i64),
            remote: row.remote.map(|remote| match remote.ip() {
                IpAddr::V4(address) => address.octets().to_vec(),
                IpAddr::V6(address) => address.octets().to_vec(),
            }),
            port: row.remote.map(|remote| remote.port()),
            country: row.country,
            template: row.template,
        }
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            latency: Reverse(row.get(0)?),
            clock: row.get(1)?,
            ended_at: row.get(2)?,
            satellite: row.get(3)?,
            outcome: row.get(4)?,
            size: row.get(5)?,
            offset: row.get(6)?,
            remote: row.get(7)?,
            port: row.get(8)?,
            country: row.get(9)?,
            template: row.get(10)?,
            piece: row.get(11)?,
        })
    }
}

/// The slowest transfers of each group: node, hour or day, action, ending.
type Groups = Map<4, Vec<Slow>>;

/// The slowest of some transfers.
#[derive(Debug, Default)]
pub(crate) struct Slowest {
    hours: Groups,
}

impl Slowest {
    /// Takes a transfer if it is among the slowest so far of its hour.
    pub(crate) fn add(&mut self, row: &TransferRow<'_>) {
        let (Some(latency), Some(ending)) = (row.latency, ending(row.outcome)) else { return };
        let hour = row.at.floor(Grain::Hour).as_micros();
        let group = self.hours.entry([row.node.into(), hour, row.action, ending]).or_default();
        let micros = latency.micros as i64;
        if group.len() == KEPT && group.last().is_some_and(|last| last.latency() > micros) {
            return;
        }
        group.push(Slow::of(row, micros, latency.clock.code()));
        trim(group);
    }

    /// The slowest of each hour, the slowest first.
    pub(crate) const fn hours(&self) -> &Groups {
        &self.hours
    }

    /// The slowest of each day, the slowest first.
    pub(crate) fn days(&self) -> Groups {
        let mut days = Groups::default();
        for (&[node, hour, action, ending], slow) in &self.hours {
            let day = Timestamp::from_micros(hour).floor(Grain::Day).as_micros();
            days.entry([node, day, action, ending]).or_default().extend_from_slice(slow);
        }
        days.values_mut().for_each(trim);
        days
    }

    /// Merges them with those in the database.
    pub(crate) fn write(&self, connection: &Connection, cuts: &Cuts) -> rusqlite::Result<()> {
        HOURLY.write(connection, &self.hours, cuts.latency_hours.as_micros())?;
        DAILY.write(connection, &self.days(), i64::MIN)
    }
}

/// Sorts a group and leaves as many as are kept.
fn trim(group: &mut Vec<Slow>) {
    group.sort_unstable();
    group.truncate(KEPT);
}

/// A table of the slowest. The place of a transfer among those of its group is part of the key.
pub(crate) struct SlowTable {
    /// The latency of the last one that is kept of a full group.
    pub(crate) last: &'static str,
    pub(crate) select: &'static str,
    replace: &'static str,
}

pub(crate) const HOURLY: SlowTable = SlowTable {
    last: "SELECT latency FROM slow_hourly
WHERE node = ?1 AND at = ?2 AND action = ?3 AND ending = ?4 AND place = ?5",
    select:
        "SELECT latency, clock, ended_at, satellite, outcome, size, offset, remote, port, country,
    template, piece
FROM slow_hourly WHERE node = ?1 AND at = ?2 AND action = ?3 AND ending = ?4 ORDER BY place",
    replace: "REPLACE INTO slow_hourly (node, at, action, ending, place, latency, clock, ended_at,
    satellite, outcome, size, offset, remote, port, country, template, piece)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
};

pub(crate) const DAILY: SlowTable = SlowTable {
    last: "SELECT latency FROM slow_daily
WHERE node = ?1 AND at = ?2 AND action = ?3 AND ending = ?4 AND place = ?5",
    select:
        "SELECT latency, clock, ended_at, satellite, outcome, size, offset, remote, port, country,
    template, piece
FROM slow_daily WHERE node = ?1 AND at = ?2 AND action = ?3 AND ending = ?4 ORDER BY place",
    replace: "REPLACE INTO slow_daily (node, at, action, ending, place, latency, clock, ended_at,
    satellite, outcome, size, offset, remote, port, country, template, piece)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
};

impl SlowTable {
    fn write(&self, connection: &Connection, groups: &Groups, cut: i64) -> rusqlite::Result<()> {
        let mut last = connection.prepare_cached(self.last)?;
        for (key, slow) in sorted(groups) {
            let [node, at, action, ending] = *key;
            let Some(slowest) = slow.first().filter(|_| at >= cut) else { continue };
            let place = KEPT as i64 - 1;
            let last: Option<i64> =
                last.query_row([node, at, action, ending, place], |row| row.get(0)).optional()?;
            // Of most groups nothing new is among the slowest.
            if last.is_none_or(|last| slowest.latency() >= last) {
                self.merge(connection, key, slow)?;
            }
        }
        Ok(())
    }

    /// Writes the places of a group at which another transfer is now.
    fn merge(&self, connection: &Connection, key: &Key<4>, slow: &[Slow]) -> rusqlite::Result<()> {
        let stored: Vec<Slow> = {
            let mut select = connection.prepare_cached(self.select)?;
            let rows = select.query_map(params_from_iter(key), Slow::read)?;
            rows.collect::<Result<_, _>>()?
        };
        let mut merged = [&stored[..], slow].concat();
        trim(&mut merged);
        let mut replace = connection.prepare_cached(self.replace)?;
        for (place, slow) in merged.iter().enumerate() {
            if stored.get(place) == Some(slow) {
                continue;
            }
            replace.execute(params![
                key[0],
                key[1],
                key[2],
                key[3],
                place as i64,
                slow.latency.0,
                slow.clock,
                slow.ended_at,
                slow.satellite,
                slow.outcome,
                slow.size,
                slow.offset,
                slow.remote,
                slow.port,
                slow.country,
                slow.template,
                slow.piece,
            ])?;
        }
        Ok(())
    }
}
