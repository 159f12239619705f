//! What did the satellites send?

use std::ops::RangeInclusive;

use piecewatch_model::{MicroUsd, Payment, Period};

use super::{
    Nodes, Question, Reported,
    nodes::Names,
    reported::{months, period, reported},
};
use crate::{Reader, Result};

pub(crate) const MONTHLY: Question = Question {
    name: "payments",
    sql: "SELECT told_at, period, satellite, receipt, amount FROM payouts
WHERE node = ?1 AND period BETWEEN ?2 AND ?3 ORDER BY period, satellite, receipt",
};

impl Reader {
    /// What satellites sent for these months, oldest first.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn payments(
        &self,
        nodes: Nodes<'_>,
        periods: RangeInclusive<Period>,
    ) -> Result<Vec<Reported<Payment>>> {
        self.ask(MONTHLY.name, |connection| {
            let names = Names::read(connection)?;
            reported(connection, MONTHLY, nodes, months(periods), |row| {
                Ok(Payment {
                    satellite: names.named_satellite(row.get(2)?),
                    period: period(row, 1)?,
                    amount: row.get(4).map(MicroUsd::new)?,
                    receipt: row.get(3)?,
                })
            })
        })
    }
}
