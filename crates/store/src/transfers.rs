//! Single transfers: their key, which is ordered by time, and their rows.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
};

use piecewatch_model::{Latency, PieceId, Timestamp};
use rusqlite::{CachedStatement, Connection, params};

/// `second | node | sequence`, 63 bits.
const SEQUENCE_BITS: u32 = 17;
const NODE_BITS: u32 = 12;
const SEQUENCE_MAX: i64 = (1 << SEQUENCE_BITS) - 1;
/// The last second of a key, in the year 2512; room for spilling is left above it.
const SECOND_MAX: i64 = (1 << 34) - 1 - (1 << 20);

pub(crate) const NEWEST: &str = "SELECT max(key) FROM transfers";

pub(crate) const NEWEST_OF_SECOND: &str =
    "SELECT max(key) FROM transfers WHERE key BETWEEN ?1 AND ?2";

const INSERT: &str = "INSERT INTO transfers (key, micros, satellite, action, outcome, size, offset,
    remote, port, country, template, latency, clock, piece)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";

/// A transfer, or an upload turned away, with the ids of the dictionaries.
#[derive(Debug, Clone)]
pub(crate) struct TransferRow<'a> {
    pub(crate) at: Timestamp,
    pub(crate) node: u16,
    pub(crate) satellite: i64,
    pub(crate) action: i64,
    pub(crate) outcome: u8,
    pub(crate) size: Option<u64>,
    pub(crate) offset: Option<u64>,
    pub(crate) remote: Option<SocketAddr>,
    pub(crate) country: Option<i64>,
    pub(crate) template: Option<i64>,
    pub(crate) latency: Option<Latency>,
    pub(crate) piece: Option<&'a PieceId>,
}

/// The first key of a second, of any node.
pub(crate) const fn first_key(second: i64) -> i64 {
    clamp(second) << (NODE_BITS + SEQUENCE_BITS)
}

/// The node of a key.
pub(crate) const fn node_of(key: i64) -> u16 {
    (key >> SEQUENCE_BITS) as u16 & ((1 << NODE_BITS) - 1)
}

/// The instant of a transfer by its key and the rest of its time.
pub(crate) const fn time_of(key: i64, micros: i64) -> Timestamp {
    Timestamp::from_seconds(key >> (NODE_BITS + SEQUENCE_BITS)).plus_micros(micros)
}

/// Times before 1970 or after the last second keep their order only among themselves.
const fn clamp(second: i64) -> i64 {
    if second < 0 {
        0
    } else if second > SECOND_MAX {
        SECOND_MAX
    } else {
        second
    }
}

const fn key(second: i64, node: u16, sequence: i64) -> i64 {
    (((second << NODE_BITS) | node as i64) << SEQUENCE_BITS) | sequence
}

/// Gives out the numbers within a second and node, continued from the database.
///
/// Logs of whole seconds give many transfers one time, and batches and processes share a second, so
/// the number is looked up: once for each second and node of a transaction, unless the second is
/// newer than everything in the database, as it is in a log that is read in its order.
#[derive(Debug)]
struct Sequences {
    /// The newest key in the database before this transaction; `None` when it has none.
    newest: Option<i64>,
    next: BTreeMap<(i64, u16), i64>,
    /// The second and node last used, and their next number: a log stays there for a while.
    last: Option<(i64, u16, i64)>,
}

impl Sequences {
    fn new(connection: &Connection) -> rusqlite::Result<Self> {
        let newest = connection.prepare_cached(NEWEST)?.query_row([], |row| row.get(0))?;
        Ok(Self { newest, next: BTreeMap::new(), last: None })
    }

    /// A free key of this second and node; of the next second with room when this one is full.
    fn take(
        &mut self,
        newest: &mut CachedStatement<'_>,
        second: i64,
        node: u16,
    ) -> rusqlite::Result<i64> {
        if let Some((last_second, last_node, next)) = &mut self.last
            && (*last_second, *last_node) == (second, node)
            && *next <= SEQUENCE_MAX
        {
            *next += 1;
            return Ok(key(second, node, *next - 1));
        }
        if let Some((second, node, next)) = self.last.take() {
            self.next.insert((second, node), next);
        }
        for second in second.. {
            let next = match self.next.get(&(second, node)) {
                Some(&next) => next,
                None if self.newest < Some(key(second, node, 0)) => 0,
                None => next_in_database(newest, second, node)?,
            };
            if next <= SEQUENCE_MAX {
                self.last = Some((second, node, next + 1));
                return Ok(key(second, node, next));
            }
            self.next.insert((second, node), next);
        }
        unreachable!("there are more seconds than a table has rows")
    }
}

fn next_in_database(
    newest: &mut CachedStatement<'_>,
    second: i64,
    node: u16,
) -> rusqlite::Result<i64> {
    let first = key(second, node, 0);
    let newest: Option<i64> = newest.query_row([first, first + SEQUENCE_MAX], |row| row.get(0))?;
    Ok(newest.map_or(0, |newest| newest - first + 1))
}

/// Inserts transfers, and gives the first and last key of each node in the order of the nodes'
/// first appearance by time. Sorts them: rows in the order of their keys go to the end of the table.
pub(crate) fn insert(
    connection: &Connection,
    rows: &mut [TransferRow<'_>],
) -> rusqlite::Result<BTreeMap<u16, (i64, i64)>> {
    let mut keys: BTreeMap<u16, (i64, i64)> = BTreeMap::new();
    rows.sort_by_key(|row| (clamp(row.at.as_seconds()), row.node));
    let mut newest = connection.prepare_cached(NEWEST_OF_SECOND)?;
    let mut insert = connection.prepare_cached(INSERT)?;
    let mut sequences = Sequences::new(connection)?;
    for row in rows {
        let key = sequences.take(&mut newest, clamp(row.at.as_seconds()), row.node)?;
        insert_row(&mut insert, key, row)?;
        let (first, last) = keys.entry(row.node).or_insert((key, key));
        *first = key.min(*first);
        *last = key.max(*last);
    }
    Ok(keys)
}

fn insert_row(
    insert: &mut CachedStatement<'_>,
    key: i64,
    row: &TransferRow<'_>,
) -> rusqlite::Result<()> {
    let micros = row.at.as_micros().saturating_sub(time_of(key, 0).as_micros());
    let (v4, v6);
    let remote: Option<&[u8]> = match row.remote.map(|remote| remote.ip()) {
        Some(IpAddr::V4(address)) => {
            v4 = address.octets();
            Some(&v4)
        }
        Some(IpAddr::V6(address)) => {
            v6 = address.octets();
            Some(&v6)
        }
        None => None,
    };
    insert.execute(params![
        key,
        micros,
        row.satellite,
        row.action,
        row.outcome,
        row.size.map(|size| size as i64),
        row.offset.map(|offset| offset as i64),
        remote,
        row.remote.map(|remote| remote.port()),
        row.country,
        row.template,
        row.latency.map(|latency| latency.micros as i64),
        row.latency.map(|latency| latency.clock.code()),
        row.piece.map(PieceId::as_bytes),
    ])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_holds_second_node_and_number_and_is_ordered_by_time() {
        let at = Timestamp::from_seconds(1_755_612_207).plus_micros(992_000);
        let key = key(at.as_seconds(), 4095, SEQUENCE_MAX);
        assert_eq!((node_of(key), time_of(key, 992_000)), (4095, at));
        assert!(key < first_key(at.as_seconds() + 1) && key >= first_key(at.as_seconds()));
    }

    #[test]
    fn times_out_of_range_are_kept_exactly_beside_the_key() {
        for at in [-1, i64::MIN, 253_402_300_799_999_999, i64::MAX].map(Timestamp::from_micros) {
            let key = key(clamp(at.as_seconds()), 1, 0);
            let micros = at.as_micros().saturating_sub(time_of(key, 0).as_micros());
            assert!(key >= 0, "{at:?}");
            assert_eq!(time_of(key, micros), at);
        }
    }
}
