//! How large were the transfers?

use std::collections::BTreeMap;

use piecewatch_model::{Action, ByteCount, Grain, SizeBucket};

use super::{
    Nodes, Question, Window, bytes, code,
    nodes::{Names, selected},
    number, of_each_node,
};
use crate::{Ending, Reader, Result};

/// `?4` is not used.
pub(crate) const HOURLY: Question = Question {
    name: "sizes",
    sql: "SELECT action, ending, bucket, sum(count), sum(bytes) FROM size_hourly
WHERE node = ?1 AND at >= ?2 AND at < ?3 AND ?4 = 0 GROUP BY action, ending, bucket",
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
    /// How much they moved, together.
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
            let nodes = selected(connection, nodes)?;
            let mut sums: BTreeMap<_, (u64, ByteCount)> = BTreeMap::new();
            of_each_node(connection, HOURLY, &nodes, window, 0, |_, row| {
                let ending = code(row, 1, Ending::from_code)?;
                let bucket = code(row, 2, SizeBucket::from_index)?;
                let sum = sums.entry((names.action(row, 0)?, ending, bucket)).or_default();
                *sum = (sum.0 + number(row, 3)?, sum.1 + bytes(row, 4)?);
                Ok(())
            })?;
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
