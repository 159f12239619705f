//! What did the nodes store for the satellites, day by day?

use piecewatch_model::{ByteHours, DailyStorage, StorageBasis};

use super::{
    Nodes, Question, Reported, Window, code, maybe_bytes,
    nodes::Names,
    number,
    reported::{reported, within},
    time,
};
use crate::{Reader, Result};

pub(crate) const DAILY: Question = Question {
    name: "daily storage",
    sql: "SELECT told_at, day, satellite, byte_hours, covered_seconds, average, basis
FROM satellite_storage_daily
WHERE node = ?1 AND day >= ?2 AND day < ?3 ORDER BY day, satellite",
};

impl Reader {
    /// What nodes stored for each satellite on the days that begin in a window, oldest first.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn daily_storage(
        &self,
        nodes: Nodes<'_>,
        window: Window,
    ) -> Result<Vec<Reported<DailyStorage>>> {
        self.ask(DAILY.name, |connection| {
            let names = Names::read(connection)?;
            reported(connection, DAILY, nodes, within(window), |row| {
                Ok(DailyStorage {
                    satellite: names.named_satellite(row.get(2)?),
                    day: time(row, 1)?,
                    byte_hours: ByteHours::new(number(row, 3)?),
                    covered_seconds: row.get(4)?,
                    average: maybe_bytes(row, 5)?,
                    basis: code(row, 6, StorageBasis::from_code)?,
                })
            })
        })
    }
}
