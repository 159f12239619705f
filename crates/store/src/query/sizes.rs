//! How large were the transfers?

use piecewatch_model::{Action, ByteCount, Grain, SizeBucket};

use super::{
    Nodes, Question, Sums, Window, add_sums, code,
    nodes::{Names, selected},
};
use crate::{Ending, Reader, Result};

/// Added up outside of the database, which would sort all rows first.
pub(crate) const HOURLY: Question = Question {
    name: "sizes, hours",
    sql: "SELECT count, bytes, action, ending, bucket FROM size_hourly
WHERE node = ?1 AND at >= ?2 AND at < ?3",
};

pub(crate) const DAILY: Question = Question {
    name: "sizes, days",
    sql: "SELECT count, bytes, action, ending, bucket FROM size_daily
WHERE node = ?1 AND at >= ?2 AND at < ?3",
};

/// Transfers of one class of sizes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SizeRow {
    /// What they were for.
    pub action: Action,
    /// How they ended.
    pub ending: Ending,
    /// How large they were.
    pub bucket: SizeBucket,
    /// How many.
    pub count: u64,
    /// The bytes of all of them together: of downloads that succeeded those that were moved, of others
    /// those that were asked for (since v1.99).
    pub bytes: ByteCount,
}

impl Reader {
    /// The sizes of the transfers of nodes together, in a window widened to whole hours; they reach
    /// back a year. Transfers of unknown size are left out. Whole days are read from the sums of days.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn sizes(&self, nodes: Nodes<'_>, window: Window) -> Result<Vec<SizeRow>> {
        let window = window.widened(Grain::Hour);
        self.ask("sizes", |connection| {
            let names = Names::read(connection)?;
            let mut sums = Sums::new();
            for (node, _) in selected(connection, nodes)? {
                for (question, part) in window.parts(HOURLY, DAILY) {
                    add_sums(connection, question, node, part, &mut sums, |row| {
                        let ending = code(row, 3, Ending::from_code)?;
                        Ok((row.get(2)?, ending, code(row, 4, SizeBucket::from_index)?))
                    })?;
                }
            }
            let row = |((action, ending, bucket), (count, bytes))| {
                let unknown = rusqlite::Error::IntegralValueOutOfRange(2, action);
                let action = names.action_of(action).ok_or(unknown)?;
                Ok(SizeRow { action, ending, bucket, count, bytes })
            };
            let mut rows: Vec<SizeRow> =
                sums.into_iter().map(row).collect::<rusqlite::Result<_>>()?;
            rows.sort_by(|a, b| {
                (&a.action, a.ending, a.bucket).cmp(&(&b.action, b.ending, b.bucket))
            });
            Ok(rows)
        })
    }
}
