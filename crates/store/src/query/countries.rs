//! From where and to where?

use piecewatch_model::{Action, ByteCount, Country, Grain};
use rusqlite::types::Type;

use super::{
    Nodes, Question, Sums, Window, add_sums,
    nodes::{Names, selected},
    transfers::{COUNTRY, name_of},
};
use crate::{Reader, Result};

/// Added up outside of the database, which would sort all rows first.
pub(crate) const HOURLY: Question = Question {
    name: "countries, hours",
    sql: "SELECT count, bytes, country, action FROM country_hourly
WHERE node = ?1 AND at >= ?2 AND at < ?3",
};

pub(crate) const DAILY: Question = Question {
    name: "countries, days",
    sql: "SELECT count, bytes, country, action FROM country_daily
WHERE node = ?1 AND at >= ?2 AND at < ?3",
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
    /// reaches back a year. Transfers whose address nobody looked up are left out. Whole days are read
    /// from the sums of days.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn countries(&self, nodes: Nodes<'_>, window: Window) -> Result<Vec<CountryRow>> {
        let window = window.widened(Grain::Hour);
        self.ask("countries", |connection| {
            let names = Names::read(connection)?;
            let mut sums: Sums<(i64, i64)> = Sums::new();
            for (node, _) in selected(connection, nodes)? {
                for (question, part) in window.parts(HOURLY, DAILY) {
                    add_sums(connection, question, node, part, &mut sums, |row| {
                        Ok((row.get(2)?, row.get(3)?))
                    })?;
                }
            }
            let mut rows = Vec::new();
            for ((country, action), (count, bytes)) in sums {
                let code = name_of(connection, COUNTRY, Some(country))?;
                let damaged = rusqlite::Error::InvalidColumnType(2, "code".into(), Type::Text);
                let unknown = rusqlite::Error::IntegralValueOutOfRange(3, action);
                rows.push(CountryRow {
                    country: code.and_then(|code| Country::from_code(&code)).ok_or(damaged)?,
                    action: names.action_of(action).ok_or(unknown)?,
                    count,
                    bytes,
                });
            }
            rows.sort_by(|a, b| (a.country, &a.action).cmp(&(b.country, &b.action)));
            Ok(rows)
        })
    }
}
