//! Makes room for new error texts: those that were seen least often are let go.
//!
//! A text that is let go keeps its number, which is never given again. What was stored under that
//! number counts as before, and reads as [`FURTHER_ERRORS`](super::FURTHER_ERRORS).

use std::collections::HashMap;

use foldhash::fast::RandomState;
use rusqlite::Connection;

use super::{TEMPLATE_FURTHER, TEMPLATES_MAX};
use crate::query::{Question, errors};

/// Room is made when nine tenths are taken, and then for half: the sums are read whole for it.
const TAKEN_MAX: usize = TEMPLATES_MAX as usize / 10 * 9;
const LEFT: usize = TEMPLATES_MAX as usize / 2;

/// Hours have the same, and transfers and slow ones are in these.
pub(crate) const OF_TRANSFERS: Question = Question {
    name: "pruning: how often an error text was seen",
    sql: "SELECT template, count, last_at FROM error_daily",
};

pub(crate) const OF_TROUBLES: Question = Question {
    name: "pruning: how often a text of trouble was seen",
    sql: "SELECT template, lines, at FROM troubles",
};

pub(crate) const OF_COMPACTIONS: Question = Question {
    name: "pruning: how often the error of a compaction was seen",
    sql: "SELECT template, lines, at FROM compactions WHERE template IS NOT NULL",
};

pub(crate) const LET_GO: Question =
    Question { name: "pruning: a text that is let go", sql: "DELETE FROM templates WHERE id = ?1" };

/// How often a text was seen, and when last: the order in which they go.
type Seen = (i64, i64);

/// Lets go of texts when there is hardly room for new ones: those that were seen least often, of
/// those that were seen as often the ones that were not seen for longest. Gives how many went.
pub(crate) fn make_room(connection: &Connection) -> rusqlite::Result<usize> {
    let mut seen = known(connection)?;
    if seen.len() <= TAKEN_MAX {
        return Ok(0);
    }
    for question in [OF_TRANSFERS, OF_TROUBLES, OF_COMPACTIONS] {
        let mut statement = connection.prepare_cached(question.sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if let Some((count, last_at)) = seen.get_mut(&row.get(0)?) {
                *count += row.get::<_, i64>(1)?;
                *last_at = row.get::<_, i64>(2)?.max(*last_at);
            }
        }
    }
    // The newest stays, so that its number, and none before it, is given twice.
    let newest = seen.keys().max().copied();
    let mut seen: Vec<(Seen, i64)> = seen.into_iter().map(|(id, seen)| (seen, id)).collect();
    seen.sort_unstable();
    let mut delete = connection.prepare_cached(LET_GO.sql)?;
    let mut gone = 0;
    for &(_, id) in seen.iter().take(seen.len() - LEFT) {
        if id != TEMPLATE_FURTHER && Some(id) != newest {
            gone += delete.execute([id])?;
        }
    }
    Ok(gone)
}

fn known(connection: &Connection) -> rusqlite::Result<HashMap<i64, Seen, RandomState>> {
    let mut statement = connection.prepare_cached(errors::KNOWN.sql)?;
    let ids = statement.query_map([], |row| row.get(0))?;
    ids.map(|id| Ok((id?, (0, i64::MIN)))).collect()
}
