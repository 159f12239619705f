//! Is the database sound, what takes its room, and what serves which question?

use std::path::Path;

use rusqlite::{Connection, ErrorCode};

use crate::{
    Error, Reader, Result, backup,
    dictionary::{self, room},
    gathered, kept, position,
    query::{self, Question},
    rebuild, report, retention, rollup, slowest, transfers, writer,
};

/// Small tables that every start reads anyway: damage to a file rarely spares all of them.
const LOOKED_AT: [&str; 6] =
    ["nodes", "satellites", "actions", "templates", "names", "checkpoints"];

const LOOK: Question =
    Question { name: "check: a small table", sql: "SELECT * FROM pragma_quick_check(?1) LIMIT 1" };

const DAMAGE: Question =
    Question { name: "check: every page", sql: "SELECT * FROM pragma_integrity_check" };

const SIZES: Question = Question {
    name: "check: what takes the room",
    sql: "SELECT name, pgsize FROM dbstat WHERE aggregate = TRUE ORDER BY pgsize DESC, name",
};

/// The check at every start: that the schema can be read, and that the small tables are sound.
/// Takes no longer with a larger database.
pub(crate) fn look(connection: &Connection, path: &Path) -> Result<()> {
    let doing = "checking the small tables";
    let failed = |error| Error::of(path, doing, error);
    for table in LOOKED_AT {
        let verdict: String =
            connection.query_row(LOOK.sql, [table], |row| row.get(0)).map_err(failed)?;
        if verdict != "ok" {
            return Err(Error::Corrupt { path: path.to_owned(), doing, damage: verdict });
        }
    }
    Ok(())
}

/// The result of a full check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What is damaged, in SQLite's words; empty when the database is sound.
    pub damage: Vec<String>,
    /// Every table and index, the largest first; empty when the database is damaged.
    pub sizes: Vec<ObjectSize>,
    /// How each question is answered.
    pub plans: Vec<Plan>,
}

/// The room that a table or an index takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectSize {
    /// Its name.
    pub name: String,
    /// Bytes in the file.
    pub bytes: u64,
}

/// How SQLite answers a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The question.
    pub question: &'static str,
    /// Its SQL.
    pub sql: String,
    /// The steps, as `EXPLAIN QUERY PLAN` tells them, indented under those that need them.
    pub steps: Vec<String>,
}

impl Plan {
    /// Whether it reads a whole table or index. Dictionaries are small and read whole on purpose.
    pub fn scans(&self) -> bool {
        self.steps.iter().any(|step| step.trim_start().starts_with("SCAN "))
    }

    /// Whether it reads this table or index. The primary key of a table is the table.
    pub fn uses(&self, object: &str) -> bool {
        let names = |name: &str| {
            self.steps.iter().any(|step| step.split_whitespace().any(|word| word == name))
        };
        names(object) || self.aliases(object).into_iter().any(names)
    }

    /// What the SQL calls a table (`transfers AS t`); a plan knows the table by that.
    fn aliases(&self, table: &str) -> Vec<&str> {
        let words: Vec<&str> = self.sql.split_whitespace().collect();
        let named = words.windows(3).filter(|words| words[0] == table && words[1] == "AS");
        named.map(|words| words[2]).collect()
    }
}

impl Reader {
    /// Checks every page of the database; takes about as long as reading the file.
    ///
    /// # Errors
    ///
    /// When the database cannot be read. Damage is an answer, not an error.
    pub fn check(&self) -> Result<Check> {
        self.ask("checking the database", |connection| {
            let damage = damage(connection)?;
            // What is damaged cannot be measured.
            let sizes = if damage.is_empty() { sizes(connection)? } else { Vec::new() };
            Ok(Check { damage, sizes, plans: plans(connection)? })
        })
    }

    /// How each statement that the product runs is answered: `docs/indexes.md`.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn plans(&self) -> Result<Vec<Plan>> {
        self.ask("explaining the questions", plans)
    }
}

fn damage(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut check = connection.prepare(DAMAGE.sql)?;
    let lines: rusqlite::Result<Vec<String>> = check.query_map([], |row| row.get(0))?.collect();
    match lines {
        Ok(lines) => Ok(lines.into_iter().filter(|line| line != "ok").collect()),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => {
            Ok(vec![error.to_string()])
        }
        Err(error) => Err(error),
    }
}

fn sizes(connection: &Connection) -> rusqlite::Result<Vec<ObjectSize>> {
    let mut sizes = connection.prepare(SIZES.sql)?;
    let sizes = sizes
        .query_map([], |row| Ok(ObjectSize { name: row.get(0)?, bytes: query::number(row, 1)? }))?;
    sizes.collect()
}

/// What a writer looks up, and what looks after the database.
const UPKEEP: [Question; 45] = [
    writer::RANDOM,
    Question { name: "writer: the position of a source", sql: position::AT },
    Question { name: "writer: sources begun since", sql: position::NEWER },
    Question { name: "writer: a source was read on", sql: position::MOVE_ON },
    Question { name: "writer: the number of a node", sql: dictionary::NODES.select },
    Question { name: "writer: the newest of nodes", sql: dictionary::NODES.newest },
    Question { name: "writer: the number of a satellite", sql: dictionary::SATELLITES.select },
    Question { name: "writer: the newest of satellites", sql: dictionary::SATELLITES.newest },
    Question { name: "writer: the number of an action", sql: dictionary::ACTIONS.select },
    Question { name: "writer: the newest of actions", sql: dictionary::ACTIONS.newest },
    Question { name: "writer: the number of a country", sql: dictionary::COUNTRIES.select },
    Question { name: "writer: the newest of countries", sql: dictionary::COUNTRIES.newest },
    Question { name: "writer: the number of an error text", sql: dictionary::TEMPLATES.select },
    Question { name: "writer: the newest of error texts", sql: dictionary::TEMPLATES.newest },
    dictionary::TEMPLATES_TAKEN,
    Question { name: "writer: the times of a node", sql: gathered::NODE_TIMES },
    Question { name: "writer: the last key of a second", sql: transfers::NEWEST_OF_SECOND },
    Question { name: "writer: the last key", sql: transfers::NEWEST },
    Question { name: "writer: latencies of five minutes", sql: rollup::LATENCY_5MIN.select },
    Question { name: "writer: latencies of an hour", sql: rollup::LATENCY_HOURLY.select },
    Question {
        name: "writer: latencies of an hour, satellites together",
        sql: rollup::LATENCY_NODE_HOURLY.select,
    },
    Question { name: "writer: latencies of a day", sql: rollup::LATENCY_DAILY.select },
    Question { name: "writer: the last of the slowest of an hour", sql: slowest::HOURLY.last },
    Question { name: "writer: the slowest of an hour", sql: slowest::HOURLY.select },
    Question { name: "writer: the last of the slowest of a day", sql: slowest::DAILY.last },
    Question { name: "writer: the slowest of a day", sql: slowest::DAILY.select },
    Question { name: "writer: the scores before", sql: report::NEWEST_SCORES },
    Question { name: "writer: the version before", sql: report::NEWEST_VERSION },
    Question { name: "writer: the satellites of a node", sql: report::SATELLITES_OF_NODE },
    kept::OLDEST,
    Question { name: "pruning: transfers", sql: retention::OLDEST_TRANSFERS },
    Question { name: "pruning: transfers, removed", sql: retention::OLD_TRANSFERS },
    Question { name: "pruning: snapshots of the space", sql: retention::OLD_SNAPSHOTS },
    Question { name: "pruning: messages of alerts", sql: retention::OLD_DELIVERIES },
    Question { name: "pruning: alerts", sql: retention::OLD_ALERTS },
    Question { name: "pruning: commits", sql: retention::OLD_COMMITS },
    Question { name: "pruning: how the server was", sql: retention::OLD_SELF_METRICS },
    room::OF_TRANSFERS,
    room::OF_TROUBLES,
    room::OF_COMPACTIONS,
    room::LET_GO,
    backup::BEGIN,
    LOOK,
    DAMAGE,
    SIZES,
];

fn plans(connection: &Connection) -> rusqlite::Result<Vec<Plan>> {
    // Their plans are the same for each table by node and time.
    let of_each_table = [
        ("pruning: sums and events", retention::oldest_of_node("troubles")),
        ("pruning: sums and events, removed", retention::old_of_node("troubles")),
        ("rebuilding sums: those that are stored", rebuild::of_node("orders", "count")),
    ];
    let questions = query::ALL.iter().chain(&UPKEEP);
    questions
        .map(|question| (question.name, question.sql.to_owned()))
        .chain(of_each_table)
        .map(|(question, sql)| Ok(Plan { question, steps: steps(connection, &sql)?, sql }))
        .collect()
}

/// The plan of a statement.
pub(crate) fn steps(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
    // A plan does not depend on the values.
    let mut rows = statement.raw_query();
    let (mut depths, mut steps) = (Vec::<(i64, usize)>::new(), Vec::new());
    while let Some(row) = rows.next()? {
        let (id, parent): (i64, i64) = (row.get(0)?, row.get(1)?);
        let above = depths.iter().find(|(known, _)| *known == parent);
        let depth = above.map_or(0, |(_, depth)| depth + 1);
        depths.push((id, depth));
        steps.push(format!("{}{}", "  ".repeat(depth), row.get_ref(3)?.as_str()?));
    }
    Ok(steps)
}
