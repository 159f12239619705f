//! What did each node do in a window, all actions and fates, in one statement?

use std::collections::BTreeMap;

use piecewatch_model::{Action, ByteCount, Grain, NodeName};
use rusqlite::Row;

use super::{Question, Window, bytes, code, node_name, number, traffic::TrafficRow};
use crate::{Fate, Reader, Result};

/// Of all nodes of a list at once: their names between line feeds, which are in no name. Added up
/// outside of the database, which would sort all rows first.
pub(crate) const TOTALS: Question = Question {
    name: "overview",
    sql: "SELECT n.name, a.name, t.outcome, t.count, t.bytes
FROM nodes AS n CROSS JOIN traffic_node_hourly AS t CROSS JOIN actions AS a
WHERE instr(?1, char(10) || n.name || char(10)) > 0
AND t.node = n.id AND t.at >= ?2 AND t.at < ?3 AND a.id = t.action
UNION ALL
SELECT n.name, a.name, t.outcome, t.count, t.bytes
FROM nodes AS n CROSS JOIN traffic_daily AS t CROSS JOIN actions AS a
WHERE instr(?1, char(10) || n.name || char(10)) > 0
AND t.node = n.id AND t.at >= ?3 AND t.at < ?4 AND a.id = t.action
UNION ALL
SELECT n.name, a.name, t.outcome, t.count, t.bytes
FROM nodes AS n CROSS JOIN traffic_node_hourly AS t CROSS JOIN actions AS a
WHERE instr(?1, char(10) || n.name || char(10)) > 0
AND t.node = n.id AND t.at >= ?4 AND t.at < ?5 AND a.id = t.action",
};

pub(crate) const MINUTES: Question = Question {
    name: "overview, minutes",
    sql: "SELECT n.name, a.name, t.outcome, t.count, t.bytes
FROM nodes AS n CROSS JOIN traffic_minutely AS t CROSS JOIN actions AS a
WHERE instr(?1, char(10) || n.name || char(10)) > 0
AND t.node = n.id AND t.at >= ?2 AND t.at < ?3 AND a.id = t.action",
};

impl Reader {
    /// Counts and bytes of these nodes in a window widened to whole hours, by node, action and fate;
    /// satellites are added up. One statement, however many nodes there are: for the first answer of
    /// a server that has just started. Names that the database does not know are passed over.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn overview(&self, names: &[NodeName], window: Window) -> Result<Vec<TrafficRow>> {
        let window = window.widened(Grain::Hour);
        let (before, days, after) = window.split(Grain::Day);
        self.ask(TOTALS.name, |connection| {
            let mut statement = connection.prepare_cached(TOTALS.sql)?;
            // The three parts follow each other, unless there is only the first.
            let ends = if days.is_empty() && after.is_empty() {
                [before.from, before.to, before.to, before.to]
            } else {
                [before.from, days.from, days.to, after.to]
            };
            let [from, days_from, days_to, to] = ends.map(|end| end.as_micros());
            let rows = statement
                .query_map((between_line_feeds(names), from, days_from, days_to, to), row)?;
            added_up(rows)
        })
    }

    /// The same of whole minutes: of a window widened to those. How far minutes reach back tells
    /// [`Reader::kept_from`].
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn overview_minutes(&self, names: &[NodeName], window: Window) -> Result<Vec<TrafficRow>> {
        let window = window.widened(Grain::Minute);
        self.ask(MINUTES.name, |connection| {
            let mut statement = connection.prepare_cached(MINUTES.sql)?;
            let (from, to) = (window.from.as_micros(), window.to.as_micros());
            let rows = statement.query_map((between_line_feeds(names), from, to), row)?;
            added_up(rows)
        })
    }
}

fn between_line_feeds(names: &[NodeName]) -> String {
    let mut text = String::from("\n");
    for name in names {
        text.push_str(name.as_str());
        text.push('\n');
    }
    text
}

fn row(row: &Row<'_>) -> rusqlite::Result<TrafficRow> {
    Ok(TrafficRow {
        node: node_name(row, 0)?,
        satellite: None,
        action: Action::from_name(row.get_ref(1)?.as_str()?),
        fate: code(row, 2, Fate::from_code)?,
        count: number(row, 3)?,
        bytes: bytes(row, 4)?,
    })
}

/// One row for each node, action and fate, in this order.
fn added_up(
    rows: impl Iterator<Item = rusqlite::Result<TrafficRow>>,
) -> rusqlite::Result<Vec<TrafficRow>> {
    let mut sums = BTreeMap::new();
    for row in rows {
        let row = row?;
        let sum =
            sums.entry((row.node, row.action, row.fate)).or_insert((0_u64, ByteCount::default()));
        *sum = (sum.0 + row.count, sum.1 + row.bytes);
    }
    let rows = sums.into_iter().map(|((node, action, fate), (count, bytes))| TrafficRow {
        node,
        satellite: None,
        action,
        fate,
        count,
        bytes,
    });
    Ok(rows.collect())
}
