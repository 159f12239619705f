//! Which single transfers were there?

use std::net::{IpAddr, SocketAddr};

use piecewatch_model::{
    Action, ByteCount, Clock, Country, Latency, NodeName, PieceId, SatelliteId, Timestamp,
};
use rusqlite::{Connection, OptionalExtension, Row};

use super::{
    NodeInfo, Nodes, Question, Window, code, maybe_number,
    nodes::{Names, selected},
};
use crate::{
    Ending, Fate, Reader, Result,
    dictionary::FURTHER_ERRORS,
    transfers::{first_key, node_of, time_of},
};

pub(crate) const NEWEST: Question = Question {
    name: "transfers",
    sql: "SELECT t.key, t.micros, t.satellite, t.action, t.outcome, t.size, t.offset, t.remote,
    t.port, t.country, t.template, t.latency, t.clock, t.piece
FROM transfers AS t
WHERE t.key >= ?1 AND t.key < ?2 ORDER BY t.key DESC",
};

/// Names are looked up for the rows that are wanted, not for those that are looked at.
pub(crate) const COUNTRY: Question =
    Question { name: "a country", sql: "SELECT code FROM countries WHERE id = ?1" };

pub(crate) const COUNTRY_ID: Question =
    Question { name: "the number of a country", sql: "SELECT id FROM countries WHERE code = ?1" };

pub(crate) const TEMPLATE: Question =
    Question { name: "an error text", sql: "SELECT template FROM templates WHERE id = ?1" };

/// How many rows a page may look at: some 20 ms. A filter that few rows pass gives short pages.
pub(super) const EXAMINED_MAX: usize = 100_000;

/// Which transfers are wanted; `None` for any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TransferFilter {
    /// Of this satellite.
    pub satellite: Option<SatelliteId>,
    /// Of this action.
    pub action: Option<Action>,
    /// That ended so, for this reason.
    pub fate: Option<Fate>,
    /// That ended so, for whatever reason.
    pub ending: Option<Ending>,
    /// Of this piece.
    pub piece: Option<PieceId>,
    /// With the other side in this country.
    pub country: Option<Country>,
}

/// A place in the list of transfers, from which the next page goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransferCursor(i64);

impl TransferCursor {
    /// The place as a number, to be given to somebody who will come back with it.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The place of this number; any number is a place.
    pub const fn new(number: i64) -> Self {
        Self(number)
    }
}

/// Transfers, newest first, and where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferPage {
    /// The transfers; fewer than asked for, or none, when few pass the filter.
    pub rows: Vec<StoredTransfer>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<TransferCursor>,
}

/// A transfer, or an upload turned away, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTransfer {
    /// When the line was written.
    pub at: Timestamp,
    /// The node.
    pub node: NodeName,
    /// The satellite; `None` where the log does not tell.
    pub satellite: Option<SatelliteId>,
    /// The piece; `None` when it was turned away.
    pub piece: Option<PieceId>,
    /// What it was for.
    pub action: Action,
    /// What became of it.
    pub fate: Fate,
    /// Bytes; `None` where the log does not tell.
    pub size: Option<ByteCount>,
    /// Where in the piece a download began, in bytes.
    pub offset: Option<u64>,
    /// The other side.
    pub remote: Option<SocketAddr>,
    /// Where the other side is.
    pub country: Option<Country>,
    /// How long it took; `None` when its start was not seen.
    pub latency: Option<Latency>,
    /// The template of the error or of the reason of a cancellation.
    pub error: Option<String>,
}

impl Reader {
    /// The transfers of nodes in a window, newest first, at most `limit`, from a place on.
    ///
    /// The order is by second, then by node, then by the place in the log.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn transfers(
        &self,
        nodes: Nodes<'_>,
        window: Window,
        filter: &TransferFilter,
        from: Option<TransferCursor>,
        limit: usize,
    ) -> Result<TransferPage> {
        self.ask(NEWEST.name, |connection| {
            let names = Names::read(connection)?;
            let nodes = selected(connection, nodes)?;
            let end = first_key(window.to.as_seconds().saturating_add(1));
            let below = from.map_or(end, |TransferCursor(key)| key.min(end));
            let Some(wanted) = Wanted::new(connection, &names, filter)? else {
                return Ok(TransferPage { rows: Vec::new(), next: None });
            };
            let first = first_key(window.from.as_seconds());
            page(connection, &names, &nodes, first..below, limit, |row| {
                let at = time_of(row.get(0)?, row.get(1)?);
                Ok(window.from <= at && at < window.to && wanted.passes(row)?)
            })
        })
    }
}

/// Rows of a range of keys until the page is full or enough were looked at.
fn page(
    connection: &Connection,
    names: &Names,
    nodes: &[(u16, NodeInfo)],
    keys: std::ops::Range<i64>,
    limit: usize,
    mut passes: impl FnMut(&Row<'_>) -> rusqlite::Result<bool>,
) -> rusqlite::Result<TransferPage> {
    let mut found = Vec::new();
    let mut statement = connection.prepare_cached(NEWEST.sql)?;
    let mut rows = statement.query([keys.start, keys.end])?;
    let mut examined = 0;
    while let Some(row) = rows.next()? {
        let key: i64 = row.get(0)?;
        examined += 1;
        let node = nodes.iter().find(|(id, _)| *id == node_of(key));
        if let Some((_, info)) = node
            && passes(row)?
        {
            found.push(read(connection, names, &info.name, row)?);
        }
        if found.len() >= limit || examined == EXAMINED_MAX {
            return Ok(TransferPage { rows: found, next: Some(TransferCursor(key)) });
        }
    }
    Ok(TransferPage { rows: found, next: None })
}

/// A filter in the numbers of the database.
struct Wanted {
    satellite: Option<i64>,
    action: Option<i64>,
    outcome: Option<u8>,
    ending: Option<Ending>,
    piece: Option<PieceId>,
    country: Option<i64>,
}

impl Wanted {
    /// `None` when nothing can pass, since the database does not know what is asked for.
    fn new(
        connection: &Connection,
        names: &Names,
        filter: &TransferFilter,
    ) -> rusqlite::Result<Option<Self>> {
        let satellite = filter.satellite.as_ref().map(|of| names.satellite_id(of));
        let action = filter.action.as_ref().map(|of| names.action_id(of));
        let country = match filter.country {
            Some(country) => Some(country_id(connection, country)?),
            None => None,
        };
        if [satellite, action, country].contains(&Some(None)) {
            return Ok(None);
        }
        Ok(Some(Self {
            satellite: satellite.flatten(),
            action: action.flatten(),
            outcome: filter.fate.map(Fate::code),
            ending: filter.ending,
            piece: filter.piece,
            country: country.flatten(),
        }))
    }

    fn passes(&self, row: &Row<'_>) -> rusqlite::Result<bool> {
        Ok(self.satellite.is_none_or(|wanted| row.get(2) == Ok(wanted))
            && self.action.is_none_or(|wanted| row.get(3) == Ok(wanted))
            && self.outcome.is_none_or(|wanted| row.get(4) == Ok(wanted))
            && match self.ending {
                Some(wanted) => match code(row, 4, Fate::from_code)? {
                    Fate::Ended(outcome) => Ending::of(outcome) == wanted,
                    Fate::Rejected => false,
                },
                None => true,
            }
            && (self.country.is_none() || row.get::<_, Option<i64>>(9)? == self.country)
            && match &self.piece {
                Some(piece) => row.get_ref(13)?.as_blob_or_null()? == Some(piece.as_bytes()),
                None => true,
            })
    }
}

fn country_id(connection: &Connection, country: Country) -> rusqlite::Result<Option<i64>> {
    let mut statement = connection.prepare_cached(COUNTRY_ID.sql)?;
    statement.query_row([country.code()], |row| row.get(0)).optional()
}

pub(crate) fn name_of(
    connection: &Connection,
    question: Question,
    id: Option<i64>,
) -> rusqlite::Result<Option<String>> {
    match id {
        Some(id) => {
            connection.prepare_cached(question.sql)?.query_row([id], |row| row.get(0)).optional()
        }
        None => Ok(None),
    }
}

/// The template of an error, where there is one.
pub(crate) fn error_text(
    connection: &Connection,
    template: Option<i64>,
) -> rusqlite::Result<Option<String>> {
    let known = name_of(connection, TEMPLATE, template)?;
    Ok(known.or_else(|| template.map(|_| FURTHER_ERRORS.to_owned())))
}

fn read(
    connection: &Connection,
    names: &Names,
    node: &NodeName,
    row: &Row<'_>,
) -> rusqlite::Result<StoredTransfer> {
    let country = name_of(connection, COUNTRY, row.get(9)?)?;
    let clock = match row.get::<_, Option<i64>>(12)? {
        Some(_) => Some(code(row, 12, Clock::from_code)?),
        None => None,
    };
    Ok(StoredTransfer {
        at: time_of(row.get(0)?, row.get(1)?),
        node: node.clone(),
        satellite: names.satellite(row.get(2)?),
        piece: row.get::<_, Option<[u8; 32]>>(13)?.map(PieceId::new),
        action: names.action(row, 3)?,
        fate: code(row, 4, Fate::from_code)?,
        size: maybe_number(row, 5)?.map(ByteCount::new),
        offset: maybe_number(row, 6)?,
        remote: remote(row, 7)?,
        country: country.and_then(|code| Country::from_code(&code)),
        latency: maybe_number(row, 11)?.zip(clock).map(|(micros, clock)| Latency { micros, clock }),
        error: error_text(connection, row.get(10)?)?,
    })
}

pub(crate) fn remote(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<SocketAddr>> {
    let Some(address) = address(row, column)? else { return Ok(None) };
    Ok(Some(SocketAddr::new(address, row.get(column + 1)?)))
}

pub(super) fn address(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<IpAddr>> {
    let Some(address) = row.get_ref(column)?.as_blob_or_null()? else { return Ok(None) };
    Ok(match (<[u8; 4]>::try_from(address), <[u8; 16]>::try_from(address)) {
        (Ok(v4), _) => Some(IpAddr::from(v4)),
        (_, Ok(v6)) => Some(IpAddr::from(v6)),
        (Err(_), Err(_)) => None,
    })
}
