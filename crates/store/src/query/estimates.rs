//! What do the nodes themselves expect to be paid?

use std::ops::RangeInclusive;

use piecewatch_model::{ByteHours, MicroUsd, NodeEstimate, Period};

use super::{
    Nodes, Question, Reported, bytes,
    nodes::Names,
    number,
    reported::{months, period, reported},
};
use crate::{Reader, Result};

pub(crate) const MONTHLY: Question = Question {
    name: "estimates",
    sql: "SELECT told_at, period, satellite, egress, egress_payout, repair_audit,
    repair_audit_payout, storage, storage_payout, held_percent, held, payout, expected
FROM estimates
WHERE node = ?1 AND period BETWEEN ?2 AND ?3 ORDER BY period, satellite",
};

impl Reader {
    /// What nodes computed for each satellite and month, oldest first.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn estimates(
        &self,
        nodes: Nodes<'_>,
        periods: RangeInclusive<Period>,
    ) -> Result<Vec<Reported<NodeEstimate>>> {
        self.ask(MONTHLY.name, |connection| {
            let names = Names::read(connection)?;
            reported(connection, MONTHLY, nodes, months(periods), |row| {
                let money = |column| row.get(column).map(MicroUsd::new);
                Ok(NodeEstimate {
                    satellite: names.named_satellite(row.get(2)?),
                    period: period(row, 1)?,
                    egress: bytes(row, 3)?,
                    egress_payout: money(4)?,
                    repair_audit: bytes(row, 5)?,
                    repair_audit_payout: money(6)?,
                    storage: ByteHours::new(number(row, 7)?),
                    storage_payout: money(8)?,
                    held_percent: row.get(9)?,
                    held: money(10)?,
                    payout: money(11)?,
                    expected: row.get::<_, Option<i64>>(12)?.map(MicroUsd::new),
                })
            })
        })
    }
}
