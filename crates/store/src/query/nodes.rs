//! Which nodes are there, and from when to when do their records reach?

use std::collections::HashMap;

use piecewatch_model::{Action, NodeName, SatelliteId, Timestamp};
use rusqlite::{Connection, Row};

use super::{Nodes, Question, Window, node_name};
use crate::{Reader, Result};

pub(crate) const ALL: Question =
    Question { name: "nodes", sql: "SELECT id, name, first_at, last_at FROM nodes ORDER BY name" };

pub(crate) const SATELLITES: Question =
    Question { name: "satellites", sql: "SELECT id, raw FROM satellites" };

pub(crate) const ACTIONS: Question =
    Question { name: "actions", sql: "SELECT id, name FROM actions" };

pub(crate) const IDS: Question =
    Question { name: "the numbers of nodes", sql: "SELECT id FROM nodes" };

/// A node that the database knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeInfo {
    /// Its name.
    pub name: NodeName,
    /// The times of its oldest and its newest record; `None` before the first, and for a node that
    /// is only polled. Records from more than a day after they were stored do not count: a clock
    /// was wrong.
    pub records: Option<(Timestamp, Timestamp)>,
}

impl Reader {
    /// Every node, by name.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn nodes(&self) -> Result<Vec<NodeInfo>> {
        self.ask(ALL.name, |connection| {
            Ok(selected(connection, Nodes::All)?.into_iter().map(|(_, info)| info).collect())
        })
    }

    /// The stretch from the oldest to the newest record of these nodes, `None` when there are
    /// none. A window that is to end at the newest record ends at its `to`.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn reach(&self, nodes: Nodes<'_>) -> Result<Option<Window>> {
        self.ask(ALL.name, |connection| Ok(reach(&selected(connection, nodes)?)))
    }
}

/// The number of every node.
pub(crate) fn ids(connection: &Connection) -> rusqlite::Result<Vec<i64>> {
    connection.prepare_cached(IDS.sql)?.query_map([], |row| row.get(0))?.collect()
}

/// The nodes that are asked for, by name.
pub(crate) fn selected(
    connection: &Connection,
    nodes: Nodes<'_>,
) -> rusqlite::Result<Vec<(u16, NodeInfo)>> {
    let mut statement = connection.prepare_cached(ALL.sql)?;
    let mut rows = statement.query([])?;
    let mut selected = Vec::new();
    while let Some(row) = rows.next()? {
        let name = node_name(row, 1)?;
        let wanted = match nodes {
            Nodes::All => true,
            Nodes::Of(names) => names.contains(&name),
        };
        if wanted {
            let (first, last): (Option<i64>, Option<i64>) = (row.get(2)?, row.get(3)?);
            let records = first.map(Timestamp::from_micros).zip(last.map(Timestamp::from_micros));
            selected.push((row.get(0)?, NodeInfo { name, records }));
        }
    }
    Ok(selected)
}

pub(crate) fn reach(nodes: &[(u16, NodeInfo)]) -> Option<Window> {
    let times = || nodes.iter().filter_map(|(_, info)| info.records);
    let from = times().map(|(first, _)| first).min()?;
    let to = times().map(|(_, last)| last).max()?.plus_micros(1);
    Some(Window { from, to })
}

/// What the ids of satellites and actions stand for.
pub(crate) struct Names {
    satellites: HashMap<i64, SatelliteId>,
    actions: HashMap<i64, Action>,
}

impl Names {
    pub(crate) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut satellites = connection.prepare_cached(SATELLITES.sql)?;
        let satellites =
            satellites.query_map([], |row| Ok((row.get(0)?, SatelliteId::new(row.get(1)?))))?;
        let mut actions = connection.prepare_cached(ACTIONS.sql)?;
        let actions = actions
            .query_map([], |row| Ok((row.get(0)?, Action::from_name(row.get_ref(1)?.as_str()?))))?;
        Ok(Self {
            satellites: satellites.collect::<Result<_, _>>()?,
            actions: actions.collect::<Result<_, _>>()?,
        })
    }

    /// `None` for "not told".
    pub(crate) fn satellite(&self, id: i64) -> Option<SatelliteId> {
        self.satellites.get(&id).copied()
    }

    /// Of an event that always names one. Satellites beyond the bound of the dictionary are told as
    /// an id of zeros.
    pub(crate) fn named_satellite(&self, id: i64) -> SatelliteId {
        self.satellite(id).unwrap_or(SatelliteId::new([0; 32]))
    }

    pub(crate) fn action(&self, row: &Row<'_>, column: usize) -> rusqlite::Result<Action> {
        let id: i64 = row.get(column)?;
        self.action_of(id).ok_or(rusqlite::Error::IntegralValueOutOfRange(column, id))
    }

    pub(crate) fn action_of(&self, id: i64) -> Option<Action> {
        self.actions.get(&id).cloned()
    }

    /// The id of a satellite, `None` if there is no such in the database.
    pub(crate) fn satellite_id(&self, satellite: &SatelliteId) -> Option<i64> {
        self.satellites.iter().find(|(_, known)| *known == satellite).map(|(&id, _)| id)
    }

    /// The id of an action, `None` if there is no such in the database.
    pub(crate) fn action_id(&self, action: &Action) -> Option<i64> {
        self.actions.iter().find(|(_, known)| *known == action).map(|(&id, _)| id)
    }
}
