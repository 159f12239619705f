//! Small integers for names that come again and again.

use std::{borrow::Borrow, collections::HashMap, hash::Hash};

use foldhash::fast::RandomState;
use piecewatch_model::{Action, Country, Direction, NodeName, SatelliteId};
use rusqlite::{Connection, OptionalExtension, ToSql, params};

use crate::query::nodes;

/// The most nodes of a database: their number has 12 bits in the key of a transfer.
pub const NODES_MAX: u16 = 4095;
/// A log may hold anything: the dictionaries that it fills are bounded.
const SATELLITES_MAX: i64 = 1_000;
const ACTIONS_MAX: i64 = 250;
// Questions tell an action as eight bits of a number (`query::kind`).
const _: () = assert!(ACTIONS_MAX < 1 << 8);
const COUNTRIES_MAX: i64 = 26 * 26;
const TEMPLATES_MAX: i64 = 10_000;

/// Stands for "none" and for those beyond the bound.
pub(crate) const SATELLITE_NONE: i64 = 0;
/// Ids that the first migration sets aside for what is beyond the bound.
const ACTION_FURTHER: i64 = 10;
const TEMPLATE_FURTHER: i64 = 1;

/// One dictionary: a table of ids and names, and those names that were used lately.
#[derive(Debug)]
struct Dictionary<K: ToOwned + ?Sized> {
    known: HashMap<K::Owned, i64, RandomState>,
    /// What the running transaction has looked up: forgotten when it is rolled back.
    fresh: Vec<K::Owned>,
    max: i64,
    statements: Statements,
}

/// What a dictionary asks its table, and how it adds to it.
#[derive(Debug)]
pub(crate) struct Statements {
    pub(crate) select: &'static str,
    pub(crate) newest: &'static str,
    insert: &'static str,
}

impl<K> Dictionary<K>
where
    K: ToOwned + ToSql + Hash + Eq + ?Sized,
    K::Owned: Borrow<K> + Clone + Hash + Eq,
{
    fn new(max: i64, statements: Statements) -> Self {
        Self { known: HashMap::default(), fresh: Vec::new(), max, statements }
    }

    /// The id of a name, which is added if it is new; `None` if there is no room for it. `label` is
    /// the second column of a dictionary that has one.
    fn id(
        &mut self,
        connection: &Connection,
        key: &K,
        label: Option<&dyn Fn() -> String>,
    ) -> rusqlite::Result<Option<i64>> {
        if let Some(&id) = self.known.get(key) {
            return Ok(Some(id));
        }
        let id = match self.stored(connection, key)? {
            Some(id) => id,
            None => {
                let newest: i64 = connection
                    .prepare_cached(self.statements.newest)?
                    .query_row([], |row| row.get(0))?;
                if newest >= self.max {
                    return Ok(None);
                }
                let id = newest + 1;
                let mut insert = connection.prepare_cached(self.statements.insert)?;
                match label {
                    Some(label) => insert.execute(params![id, key, label()])?,
                    None => insert.execute(params![id, key])?,
                };
                id
            }
        };
        self.known.insert(key.to_owned(), id);
        self.fresh.push(key.to_owned());
        Ok(Some(id))
    }

    fn stored(&self, connection: &Connection, key: &K) -> rusqlite::Result<Option<i64>> {
        connection
            .prepare_cached(self.statements.select)?
            .query_row([key], |row| row.get(0))
            .optional()
    }

    fn keep(&mut self) {
        self.fresh.clear();
    }

    fn forget(&mut self) {
        for key in self.fresh.drain(..) {
            self.known.remove(key.borrow());
        }
    }
}

/// The ids of the actions by which bytes come to a node. Further actions, whose
/// names nobody knows, count as downloads, as [`Action::direction`] has it of names that it does not know.
pub(crate) fn uploads(connection: &Connection) -> rusqlite::Result<Vec<i64>> {
    let mut names = connection.prepare_cached(nodes::ACTIONS.sql)?;
    let mut rows = names.query([])?;
    let mut uploads = Vec::new();
    while let Some(row) = rows.next()? {
        match Action::from_name(row.get_ref(1)?.as_str()?).direction() {
            Direction::Upload => uploads.push(row.get(0)?),
            Direction::Download => {}
        }
    }
    Ok(uploads)
}

pub(crate) const NODES: Statements = Statements {
    select: "SELECT id FROM nodes WHERE name = ?1",
    newest: "SELECT coalesce(max(id), 0) FROM nodes",
    insert: "INSERT INTO nodes (id, name) VALUES (?1, ?2)",
};

pub(crate) const SATELLITES: Statements = Statements {
    select: "SELECT id FROM satellites WHERE raw = ?1",
    newest: "SELECT coalesce(max(id), 0) FROM satellites",
    insert: "INSERT INTO satellites (id, raw, name) VALUES (?1, ?2, ?3)",
};

pub(crate) const ACTIONS: Statements = Statements {
    select: "SELECT id FROM actions WHERE name = ?1",
    newest: "SELECT coalesce(max(id), 0) FROM actions",
    insert: "INSERT INTO actions (id, name) VALUES (?1, ?2)",
};

pub(crate) const COUNTRIES: Statements = Statements {
    select: "SELECT id FROM countries WHERE code = ?1",
    newest: "SELECT coalesce(max(id), 0) FROM countries",
    insert: "INSERT INTO countries (id, code) VALUES (?1, ?2)",
};

pub(crate) const TEMPLATES: Statements = Statements {
    select: "SELECT id FROM templates WHERE template = ?1",
    newest: "SELECT coalesce(max(id), 0) FROM templates",
    insert: "INSERT INTO templates (id, template) VALUES (?1, ?2)",
};

/// Every dictionary that a writer fills.
#[derive(Debug)]
pub(crate) struct Dictionaries {
    nodes: Dictionary<str>,
    satellites: Dictionary<[u8]>,
    actions: Dictionary<str>,
    countries: Dictionary<str>,
    templates: Dictionary<str>,
}

impl Dictionaries {
    pub(crate) fn new() -> Self {
        Self {
            nodes: Dictionary::new(NODES_MAX.into(), NODES),
            satellites: Dictionary::new(SATELLITES_MAX, SATELLITES),
            actions: Dictionary::new(ACTIONS_MAX, ACTIONS),
            countries: Dictionary::new(COUNTRIES_MAX, COUNTRIES),
            templates: Dictionary::new(TEMPLATES_MAX, TEMPLATES),
        }
    }

    /// `None` when there is no room for another node.
    pub(crate) fn node(
        &mut self,
        connection: &Connection,
        node: &NodeName,
    ) -> rusqlite::Result<Option<u16>> {
        let id = self.nodes.id(connection, node.as_str(), None)?;
        Ok(id.map(|id| u16::try_from(id).expect("a node's id is at most NODES_MAX")))
    }

    pub(crate) fn satellite(
        &mut self,
        connection: &Connection,
        satellite: Option<&SatelliteId>,
    ) -> rusqlite::Result<i64> {
        let Some(satellite) = satellite else { return Ok(SATELLITE_NONE) };
        let name = || match satellite.known() {
            Some(known) => known.name.to_owned(),
            None => satellite.to_string(),
        };
        let id = self.satellites.id(connection, satellite.as_bytes(), Some(&name))?;
        Ok(id.unwrap_or(SATELLITE_NONE))
    }

    /// Whether a satellite has a number already.
    pub(crate) fn knows_satellite(
        &self,
        connection: &Connection,
        satellite: &SatelliteId,
    ) -> rusqlite::Result<bool> {
        let raw = &satellite.as_bytes()[..];
        let is_known = self.satellites.known.contains_key(raw);
        Ok(is_known || self.satellites.stored(connection, raw)?.is_some())
    }

    pub(crate) fn action(
        &mut self,
        connection: &Connection,
        action: &Action,
    ) -> rusqlite::Result<i64> {
        match action.code() {
            Some(code) => Ok(code.into()),
            None => Ok(self.actions.id(connection, action.name(), None)?.unwrap_or(ACTION_FURTHER)),
        }
    }

    pub(crate) fn country(
        &mut self,
        connection: &Connection,
        country: Option<&Country>,
    ) -> rusqlite::Result<Option<i64>> {
        match country {
            Some(country) => self.countries.id(connection, country.code(), None),
            None => Ok(None),
        }
    }

    pub(crate) fn template(
        &mut self,
        connection: &Connection,
        template: &str,
    ) -> rusqlite::Result<i64> {
        Ok(self.templates.id(connection, template, None)?.unwrap_or(TEMPLATE_FURTHER))
    }

    /// The transaction was committed: what it looked up is so.
    pub(crate) fn keep(&mut self) {
        self.nodes.keep();
        self.satellites.keep();
        self.actions.keep();
        self.countries.keep();
        self.templates.keep();
    }

    /// The transaction was rolled back: what it added is not there.
    pub(crate) fn forget(&mut self) {
        self.nodes.forget();
        self.satellites.forget();
        self.actions.forget();
        self.countries.forget();
        self.templates.forget();
    }
}
