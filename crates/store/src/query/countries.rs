//! From where and to where?

use std::collections::BTreeMap;

use piecewatch_model::{Action, ByteCount, Country, Grain};
use rusqlite::types::Type;

use super::{
    Nodes, Question, Window, bytes,
    nodes::{Names, selected},
    number, of_each_node,
};
use crate::{Reader, Result};

/// `?4` is not used.
pub(crate) const HOURLY: Question = Question {
    name: "countries",
    sql: "SELECT c.code, t.action, sum(t.count), sum(t.bytes)
FROM country_hourly AS t JOIN countries AS c ON c.id = t.country
WHERE t.node = ?1 AND t.at >= ?2 AND t.at < ?3 AND ?4 = 0 GROUP BY t.country, t.action",
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
    /// How much they moved, together.
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
            let nodes = selected(connection, nodes)?;
            let mut sums: BTreeMap<_, (u64, ByteCount)> = BTreeMap::new();
            of_each_node(connection, HOURLY, &nodes, window, 0, |_, row| {
                let country = Country::from_code(row.get_ref(0)?.as_str()?)
                    .ok_or(rusqlite::Error::InvalidColumnType(0, "code".to_owned(), Type::Text))?;
                let sum = sums.entry((country, names.action(row, 1)?)).or_default();
                *sum = (sum.0 + number(row, 2)?, sum.1 + bytes(row, 3)?);
                Ok(())
            })?;
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
