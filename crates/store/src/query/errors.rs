//! What went wrong, and how often?

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet, hash_map::Entry},
    sync::Arc,
};

use piecewatch_model::{Action, ByteCount, Grain, NodeName, Outcome, Timestamp};
use rusqlite::Connection;

use super::{
    Nodes, Question, Window, kind,
    nodes::{Names, selected},
    number,
    transfers::error_text,
};
use crate::{
    Reader, Result,
    dictionary::{FURTHER_ERRORS, TEMPLATE_FURTHER},
    rollup::{Errors, Map, Sum, sorted},
};

/// Added up outside of the database, which would sort all rows first. A day of busy nodes has some ten
/// thousand rows: what one is of is one number ([`kind`]), and the time that is seldom read comes last.
pub(crate) const HOURLY: Question = Question {
    name: "errors, hours",
    sql: "SELECT (template << 16) | (action << 8) | outcome, count, bytes, last_at, first_at FROM error_hourly
WHERE node = ?1 AND at >= ?2 AND at < ?3",
};

pub(crate) const DAILY: Question = Question {
    name: "errors, days",
    sql: "SELECT (template << 16) | (action << 8) | outcome, count, bytes, last_at, first_at FROM error_daily
WHERE node = ?1 AND at >= ?2 AND at < ?3",
};

/// The numbers of the texts that are known: others were let go, or came when there was no room.
pub(crate) const KNOWN: Question =
    Question { name: "error texts that are known", sql: "SELECT id FROM templates" };

/// Transfers that ended with one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorRow {
    /// At which node.
    pub node: NodeName,
    /// The template of the text; rows of one text share it. [`FURTHER_ERRORS`] of those that are not
    /// known one by one.
    pub template: Arc<str>,
    /// What the transfers were for.
    pub action: Action,
    /// How they ended: a cancellation has its text too.
    pub outcome: Outcome,
    /// How many.
    pub count: u64,
    /// The bytes of all of them together: of downloads that succeeded those that were moved, of others
    /// those that were asked for (since v1.99).
    pub bytes: ByteCount,
    /// The first of them in the hours of the window.
    pub first_at: Timestamp,
    /// The last.
    pub last_at: Timestamp,
}

impl Reader {
    /// The texts with which transfers of nodes ended, the most frequent first, at most `limit`, in
    /// a window widened to whole hours; they reach back a year. Whole days are read from the sums of
    /// days.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn errors(&self, nodes: Nodes<'_>, window: Window, limit: u32) -> Result<Vec<ErrorRow>> {
        let window = window.widened(Grain::Hour);
        self.ask("errors", |connection| {
            let names = Names::read(connection)?;
            let known = known(connection)?;
            let mut found = Vec::new();
            for (id, info) in selected(connection, nodes)? {
                let sums = sums(connection, id, window, &known)?;
                let sums = sorted(&sums).into_iter();
                found.extend(sums.map(|([of], errors)| (info.name.clone(), kind(*of), *errors)));
            }
            found.sort_by_key(|(_, _, errors)| Reverse(errors.sum.count));
            found.truncate(limit as usize);
            // The same few texts come again with each action, outcome and node.
            let mut texts: HashMap<i64, Arc<str>> = HashMap::new();
            let row = |(node, [template, action, outcome], errors): (_, [i64; 3], Errors)| {
                let unknown = rusqlite::Error::IntegralValueOutOfRange;
                let known = u8::try_from(outcome).ok().and_then(Outcome::from_code);
                let text = match texts.entry(template) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(new) => {
                        let text = error_text(connection, Some(template))?;
                        new.insert(text.map_or(FURTHER_ERRORS.into(), Arc::from))
                    }
                };
                Ok(ErrorRow {
                    node,
                    template: Arc::clone(text),
                    action: names.action_of(action).ok_or(unknown(0, action))?,
                    outcome: known.ok_or(unknown(0, outcome))?,
                    count: errors.sum.count,
                    bytes: ByteCount::new(errors.sum.bytes),
                    first_at: Timestamp::from_micros(errors.first_at),
                    last_at: Timestamp::from_micros(errors.last_at),
                })
            };
            found.into_iter().map(row).collect()
        })
    }
}

fn known(connection: &Connection) -> rusqlite::Result<HashSet<i64>> {
    let mut statement = connection.prepare_cached(KNOWN.sql)?;
    statement.query_map([], |row| row.get(0))?.collect()
}

/// The errors of a node in a window, by the numbers of their kinds; those of texts that are not
/// known, together.
fn sums(
    connection: &Connection,
    node: u16,
    window: Window,
    known: &HashSet<i64>,
) -> rusqlite::Result<Map<1, Errors>> {
    let mut sums: Map<1, Errors> = Map::default();
    for (question, part) in window.parts(HOURLY, DAILY) {
        let mut statement = connection.prepare_cached(question.sql)?;
        let mut rows = statement.query((node, part.from.as_micros(), part.to.as_micros()))?;
        while let Some(row) = rows.next()? {
            let sum = Sum { count: number(row, 1)?, bytes: number(row, 2)? };
            let last_at = row.get(3)?;
            let mut of = row.get(0)?;
            let [template, action, outcome] = kind(of);
            let is_further = template == TEMPLATE_FURTHER || !known.contains(&template);
            if is_further {
                of = (TEMPLATE_FURTHER << 16) | (action << 8) | outcome;
            }
            match sums.entry([of]) {
                // Those of one text come by time: when it began is told by the first of them. Of
                // several texts, any may have been the first.
                Entry::Occupied(mut all) => {
                    let first_at = if is_further { row.get(4)? } else { all.get().first_at };
                    all.get_mut().add(&Errors { sum, first_at, last_at });
                }
                Entry::Vacant(new) => {
                    new.insert(Errors { sum, first_at: row.get(4)?, last_at });
                }
            }
        }
    }
    Ok(sums)
}
