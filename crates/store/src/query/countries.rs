//! From where and to where?

use piecewatch_model::{Action, ByteCount, Country, Grain};
use rusqlite::types::Type;

use super::{
    Nodes, Question, Sums, Window, add_sums,
    nodes::{Names, selected},
};
use crate::{Reader, Result};

pub(crate) const HOURLY: Question = Question {
    name: "countries",
    sql: "SELECT sum(t.count), sum(t.bytes), c.code, t.action
FROM country_hourly AS t JOIN countries AS c ON c.id = t.country
WHERE t.node = ?1 AND t.at >= ?2 AND t.at < ?3 GROUP BY t.country, t.action",
};

/// Transfers to or from one country.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountryRow {
    /// The country.
    pub country: Country,
    /// What they were for.
    pub action: Action,
    /// How many.
    pub count: u64,
    /// The bytes of all of them together: of downloads that succeeded those that were moved, of others
    /// those that were asked for (since v1.99).
    pub bytes: ByteCount,
}

impl Reader {
    /// Where the other sides of the transfers of nodes were, in a window widened to whole hours;
    /// reaches back a year. Transfers whose address nobody looked up are left out.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn countries(&self, nodes: Nodes<'_>, window: Window) -> Result<Vec<CountryRow>> {
        let window = window.widened(Grain::Hour);
        self.ask(HOURLY.name, |connection| {
            let names = Names::read(connection)?;
            let mut sums = Sums::new();
            for (node, _) in selected(connection, nodes)? {
                add_sums(connection, HOURLY, node, window, &mut sums, |row| {
                    let country = Country::from_code(row.get_ref(2)?.as_str()?);
                    let damaged = rusqlite::Error::InvalidColumnType(2, "code".into(), Type::Text);
                    Ok((country.ok_or(damaged)?, names.action(row, 3)?))
                })?;
            }
            let rows = sums.into_iter().map(|((country, action), (count, bytes))| CountryRow {
                country,
                action,
                count,
                bytes,
            });
            Ok(rows.collect())
        })
    }
}
