//! What did the placeholders of error texts stand for?

use std::{collections::BTreeMap, sync::Arc};

use piecewatch_model::{Grain, Spreads};
use rusqlite::OptionalExtension;

use super::{Nodes, Question, Window, nodes::selected};
use crate::{Reader, Result, dictionary::TEMPLATES, spreads::STORED};

pub(crate) const OF_DAY: Question = Question { name: "error spreads", sql: STORED };

pub(crate) const FIRST: Question = Question {
    name: "error spreads, the first day",
    sql: "SELECT at FROM error_spreads WHERE node = ?1 ORDER BY at LIMIT 1",
};

pub(crate) const TEMPLATE: Question =
    Question { name: "the number of a template", sql: TEMPLATES.select };

impl Reader {
    /// What the placeholders of these templates stood for in the texts of transfers of nodes, in a window
    /// widened to whole days, nodes together; templates of which nothing is known are left out. It is known
    /// of a year, as errors are.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn error_spreads(
        &self,
        nodes: Nodes<'_>,
        window: Window,
        templates: &[Arc<str>],
    ) -> Result<BTreeMap<Arc<str>, Spreads>> {
        let window = window.widened(Grain::Day);
        self.ask(OF_DAY.name, |connection| {
            let mut number = connection.prepare_cached(TEMPLATE.sql)?;
            let mut first = connection.prepare_cached(FIRST.sql)?;
            let mut of_day = connection.prepare_cached(OF_DAY.sql)?;
            let mut numbers: Vec<(&Arc<str>, i64)> = Vec::new();
            for template in templates {
                let id = number.query_row([&**template], |row| row.get(0)).optional()?;
                numbers.extend(id.map(|id| (template, id)));
            }
            let mut found: BTreeMap<Arc<str>, Spreads> = BTreeMap::new();
            for (node, _) in selected(connection, nodes)? {
                let first: Option<i64> = first.query_row([node], |row| row.get(0)).optional()?;
                let Some(first) = first else { continue };
                let days = (first.max(window.from.as_micros())..window.to.as_micros())
                    .step_by(Grain::Day.micros() as usize);
                for day in days {
                    for (template, id) in &numbers {
                        let key = (node, day, id);
                        let stored: Option<Vec<u8>> =
                            of_day.query_row(key, |row| row.get(0)).optional()?;
                        // One that is damaged tells nothing.
                        let spreads = stored.as_deref().map(Spreads::from_bytes);
                        if let Some(Ok(spreads)) = spreads {
                            found.entry(Arc::clone(template)).or_default().merge(&spreads);
                        }
                    }
                }
            }
            Ok(found)
        })
    }
}
