//! What did the satellites state that they paid?

use std::ops::RangeInclusive;

use piecewatch_model::{ByteHours, MicroUsd, Paystub, PaystubCodes, Period};

use super::{
    Nodes, Question, Reported, bytes,
    nodes::Names,
    number,
    reported::{months, period, reported},
    time,
};
use crate::{Reader, Result};

pub(crate) const MONTHLY: Question = Question {
    name: "paystubs",
    sql:
        "SELECT told_at, period, satellite, created_at, codes, usage_at_rest, usage_get, usage_put,
    usage_get_repair, usage_put_repair, usage_get_audit, comp_at_rest, comp_get, comp_put,
    comp_get_repair, comp_put_repair, comp_get_audit, surge_percent, held, owed, disposed, paid,
    distributed
FROM paystubs
WHERE node = ?1 AND period BETWEEN ?2 AND ?3 ORDER BY period, satellite",
};

impl Reader {
    /// The statements of satellites for these months, oldest first.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn paystubs(
        &self,
        nodes: Nodes<'_>,
        periods: RangeInclusive<Period>,
    ) -> Result<Vec<Reported<Paystub>>> {
        self.ask(MONTHLY.name, |connection| {
            let names = Names::read(connection)?;
            reported(connection, MONTHLY, nodes, months(periods), |row| {
                let money = |column| row.get(column).map(MicroUsd::new);
                Ok(Paystub {
                    satellite: names.named_satellite(row.get(2)?),
                    period: period(row, 1)?,
                    created_at: time(row, 3)?,
                    codes: PaystubCodes::from_text(row.get_ref(4)?.as_str()?),
                    usage_at_rest: ByteHours::new(number(row, 5)?),
                    usage_get: bytes(row, 6)?,
                    usage_put: bytes(row, 7)?,
                    usage_get_repair: bytes(row, 8)?,
                    usage_put_repair: bytes(row, 9)?,
                    usage_get_audit: bytes(row, 10)?,
                    comp_at_rest: money(11)?,
                    comp_get: money(12)?,
                    comp_put: money(13)?,
                    comp_get_repair: money(14)?,
                    comp_put_repair: money(15)?,
                    comp_get_audit: money(16)?,
                    surge_percent: row.get(17)?,
                    held: money(18)?,
                    owed: money(19)?,
                    disposed: money(20)?,
                    paid: money(21)?,
                    distributed: money(22)?,
                })
            })
        })
    }
}
