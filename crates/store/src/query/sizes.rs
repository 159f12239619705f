//! How large were the transfers?

use piecewatch_model::{Action, ByteCount, Grain, SizeBucket};

use super::{
    Nodes, Question, Sums, Window, add_sums, code,
    nodes::{Names, selected},
};
use crate::{Ending, Reader, Result};

pub(crate) const HOURLY: Question = Question {
    name: "sizes",
    sql: "SELECT sum(count), sum(bytes), action, ending, bucket FROM size_hourly
WHERE node = ?1 AND at >= ?2 AND at < ?3 GROUP BY action, ending, bucket",
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
    /// back a year. Transfers of unknown size are left out.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn sizes(&self, nodes: Nodes<'_>, window: Window) -> Result<Vec<SizeRow>> {
        let window = window.widened(Grain::Hour);
        self.ask(HOURLY.name, |connection| {
            let names = Names::read(connection)?;
            let mut sums = Sums::new();
            for (node, _) in selected(connection, nodes)? {
                add_sums(connection, HOURLY, node, window, &mut sums, |row| {
                    let ending = code(row, 3, Ending::from_code)?;
                    Ok((names.action(row, 2)?, ending, code(row, 4, SizeBucket::from_index)?))
                })?;
            }
            let rows = sums.into_iter().map(|((action, ending, bucket), (count, bytes))| SizeRow {
                action,
                ending,
                bucket,
                count,
                bytes,
            });
            Ok(rows.collect())
        })
    }
}
