//! Small integers for names that come again and again.

pub(crate) mod room;

use std::{borrow::Borrow, collections::HashMap, hash::Hash};

use foldhash::fast::RandomState;
use piecewatch_model::{Action, Country, Direction, NodeName, SatelliteId};
use rusqlite::{Connection, OptionalExtension, ToSql, params};

use crate::query::{Question, nodes};

/// The most nodes of a database: their number has 12 bits in the key of a transfer.
pub const NODES_MAX: u16 = 4095;
/// What stands for the text of an error for which there was no room, or that was let go to make some:
/// a database knows 10,000 texts at once.
pub const FURTHER_ERRORS: &str = "(further errors)";
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
pub(crate) const TEMPLATE_FURTHER: i64 = 1;

/// One dictionary: a table of ids and names, and those names that were used lately.
#[derive(Debug)]
struct Dictionary<K: ToOwned + ?Sized> {
    known: HashMap<K::Owned, i64, RandomState>,
    /// What the running transaction has looked up: forgotten when it is rolled back.
    fresh: Vec<K::Owned>,
    /// What the running transaction has found out about the room for new names.
    room: Option<Room>,
    max: i64,
    statements: Statements,
}

/// What a dictionary asks its table, and how it adds to it.
#[derive(Debug)]
pub(crate) struct Statements {
    pub(crate) select: &'static str,
    pub(crate) newest: &'static str,
    /// How many there are, where that is not the number of the newest since some were let go.
    taken: Option<&'static str>,
    insert: &'static str,
}

/// How many new names a table takes, and the number of the newest.
#[derive(Debug, Clone, Copy)]
struct Room {
    left: i64,
    newest: i64,
}

impl<K> Dictionary<K>
where
    K: ToOwned + ToSql + Hash + Eq + ?Sized,
    K::Owned: Borrow<K> + Clone + Hash + Eq,
{
    fn new(max: i64, statements: Statements) -> Self {
        let (known, fresh, room) = (HashMap::default(), Vec::new(), None);
        Self { known, fresh, room, max, statements }
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
                let Room { left, newest } = self.room(connection)?;
                if left <= 0 {
                    return Ok(None);
                }
                let id = newest + 1;
                let mut insert = connection.prepare_cached(self.statements.insert)?;
                match label {
                    Some(label) => insert.execute(params![id, key, label()])?,
                    None => insert.execute(params![id, key])?,
                };
                self.room = Some(Room { left: left - 1, newest: id });
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

    /// Nobody else writes while the transaction runs: it counts once.
    fn room(&mut self, connection: &Connection) -> rusqlite::Result<Room> {
        match self.room {
            Some(room) => Ok(room),
            None => {
                let number = |sql| -> rusqlite::Result<i64> {
                    connection.prepare_cached(sql)?.query_row([], |row| row.get(0))
                };
                let newest = number(self.statements.newest)?;
                let taken = self.statements.taken.map_or(Ok(newest), number)?;
                Ok(*self.room.insert(Room { left: self.max - taken, newest }))
            }
        }
    }

    fn keep(&mut self) {
        self.fresh.clear();
        self.room = None;
    }

    fn forget(&mut self) {
        for key in self.fresh.drain(..) {
            self.known.remove(key.borrow());
        }
        self.room = None;
    }

    fn forget_all(&mut self) {
        self.known.clear();
        self.keep();
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
    taken: None,
    insert: "INSERT INTO nodes (id, name) VALUES (?1, ?2)",
};

pub(crate) const SATELLITES: Statements = Statements {
    select: "SELECT id FROM satellites WHERE raw = ?1",
    newest: "SELECT coalesce(max(id), 0) FROM satellites",
    taken: None,
    insert: "INSERT INTO satellites (id, raw, name) VALUES (?1, ?2, ?3)",
};

pub(crate) const ACTIONS: Statements = Statements {
    select: "SELECT id FROM actions WHERE name = ?1",
    newest: "SELECT coalesce(max(id), 0) FROM actions",
    taken: None,
    insert: "INSERT INTO actions (id, name) VALUES (?1, ?2)",
};

pub(crate) const COUNTRIES: Statements = Statements {
    select: "SELECT id FROM countries WHERE code = ?1",
    newest: "SELECT coalesce(max(id), 0) FROM countries",
    taken: None,
    insert: "INSERT INTO countries (id, code) VALUES (?1, ?2)",
};

pub(crate) const TEMPLATES_TAKEN: Question =
    Question { name: "writer: how many error texts", sql: "SELECT count(*) FROM templates" };

pub(crate) const TEMPLATES: Statements = Statements {
    select: "SELECT id FROM templates WHERE template = ?1",
    newest: "SELECT coalesce(max(id), 0) FROM templates",
    taken: Some(TEMPLATES_TAKEN.sql),
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

    /// The transaction was committed: what it looked up is so. Of texts this holds for the transaction
    /// only, since a pruning, of whatever process, lets some go. To look them up anew costs
    /// microseconds for each text that comes.
    pub(crate) fn keep(&mut self) {
        self.nodes.keep();
        self.satellites.keep();
        self.actions.keep();
        self.countries.keep();
        self.templates.forget_all();
    }

    /// The transaction was rolled back: what it added is not there.
    pub(crate) fn forget(&mut self) {
        self.nodes.forget();
        self.satellites.forget();
        self.actions.forget();
        self.countries.forget();
        self.templates.forget_all();
    }
}
