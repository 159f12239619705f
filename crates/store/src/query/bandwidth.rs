//! What did the nodes move for the satellites, day by day, as they book it?

use piecewatch_model::DailyBandwidth;

use super::{
    Nodes, Question, Reported, Window, bytes,
    nodes::Names,
    reported::{reported, within},
    time,
};
use crate::{Reader, Result};

pub(crate) const DAILY: Question = Question {
    name: "daily bandwidth",
    sql: "SELECT told_at, day, satellite, get, get_audit, get_repair, put, put_repair
FROM satellite_bandwidth_daily
WHERE node = ?1 AND day >= ?2 AND day < ?3 ORDER BY day, satellite",
};

impl Reader {
    /// What nodes booked for each satellite on the days that begin in a window, oldest first.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn daily_bandwidth(
        &self,
        nodes: Nodes<'_>,
        window: Window,
    ) -> Result<Vec<Reported<DailyBandwidth>>> {
        self.ask(DAILY.name, |connection| {
            let names = Names::read(connection)?;
            reported(connection, DAILY, nodes, within(window), |row| {
                Ok(DailyBandwidth {
                    satellite: names.named_satellite(row.get(2)?),
                    day: time(row, 1)?,
                    get: bytes(row, 3)?,
                    get_audit: bytes(row, 4)?,
                    get_repair: bytes(row, 5)?,
                    put: bytes(row, 6)?,
                    put_repair: bytes(row, 7)?,
                })
            })
        })
    }
}
