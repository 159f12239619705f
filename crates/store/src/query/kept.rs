//! From when on are the finer sums whole?

use std::collections::BTreeMap;

use piecewatch_model::{NodeName, Timestamp};

use super::{Nodes, Question, nodes::selected};
use crate::{Reader, Result};

pub(crate) const FROM: Question = Question {
    name: "kept from",
    sql: "SELECT transfers, minutes, latency_hours, details FROM kept_from WHERE node = ?1",
};

/// The first instants from which on what is kept for a while is whole; `None` where nothing was ever
/// removed or left out.
///
/// It is what happened, not what is configured: what [`Writer::prune`](crate::Writer::prune) removed,
/// and what [`Writer::append`](crate::Writer::append) did not write since it was too old already. More
/// that is kept from now on brings nothing back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KeptFrom {
    /// Single transfers; a whole hour.
    pub transfers: Option<Timestamp>,
    /// Traffic and what moved by the minute, and latencies by five minutes; a whole hour.
    pub minutes: Option<Timestamp>,
    /// Latencies and the slowest transfers by the hour; a whole day.
    pub latency_hours: Option<Timestamp>,
    /// Sizes, countries and errors by the hour, and events of the log; a whole day.
    pub details: Option<Timestamp>,
}

impl KeptFrom {
    /// From when on all of several nodes are whole: the latest of each.
    #[must_use]
    pub fn together(self, other: Self) -> Self {
        Self {
            transfers: self.transfers.max(other.transfers),
            minutes: self.minutes.max(other.minutes),
            latency_hours: self.latency_hours.max(other.latency_hours),
            details: self.details.max(other.details),
        }
    }
}

impl Reader {
    /// From when on what is kept of each of these nodes is whole.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn kept_from_of_each(&self, nodes: Nodes<'_>) -> Result<BTreeMap<NodeName, KeptFrom>> {
        self.ask(FROM.name, |connection| {
            let mut kept = BTreeMap::new();
            let mut statement = connection.prepare_cached(FROM.sql)?;
            for (id, info) in selected(connection, nodes)? {
                let mut rows = statement.query([id])?;
                let mut from = KeptFrom::default();
                if let Some(row) = rows.next()? {
                    let at = |column| -> rusqlite::Result<Option<Timestamp>> {
                        Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_micros))
                    };
                    from = KeptFrom {
                        transfers: at(0)?,
                        minutes: at(1)?,
                        latency_hours: at(2)?,
                        details: at(3)?,
                    };
                }
                kept.insert(info.name, from);
            }
            Ok(kept)
        })
    }

    /// From when on what is kept of all these nodes together is whole.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn kept_from(&self, nodes: Nodes<'_>) -> Result<KeptFrom> {
        let each = self.kept_from_of_each(nodes)?;
        Ok(each.into_values().fold(KeptFrom::default(), KeptFrom::together))
    }
}
