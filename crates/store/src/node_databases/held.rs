//! `heldamount.db`: the statements of the satellites, and what they sent.

use piecewatch_model::{Fact, Payment, Paystub, PaystubCodes};
use rusqlite::{Connection, Row};

use super::value::{Table, byte_hours, bytes, count, money, period, satellite, time};

/// In the order of [`paystub`].
const PAYSTUB: [&str; 22] = [
    "satellite_id",
    "period",
    "created_at",
    "codes",
    "usage_at_rest",
    "usage_get",
    "usage_put",
    "usage_get_repair",
    "usage_put_repair",
    "usage_get_audit",
    "comp_at_rest",
    "comp_get",
    "comp_put",
    "comp_get_repair",
    "comp_put_repair",
    "comp_get_audit",
    "surge_percent",
    "held",
    "owed",
    "disposed",
    "paid",
    "distributed",
];

/// All of them: a row a month and satellite. Before 2020-12 there was no `distributed`, and all
/// that was paid was sent.
pub(super) fn read(connection: &Connection) -> rusqlite::Result<Option<Vec<Fact>>> {
    let Some(paystubs) = Table::of(connection, "paystubs")? else { return Ok(None) };
    let mut facts = Vec::new();
    let is_distributed = paystubs.has("distributed");
    let mut statement = connection.prepare(&paystubs.select(&PAYSTUB))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let mut paystub = paystub(row)?;
        if !is_distributed {
            paystub.distributed = paystub.paid;
        }
        facts.push(Fact::Paystub(paystub));
    }
    let Some(payments) = Table::of(connection, "payments")? else { return Ok(Some(facts)) };
    let columns = ["satellite_id", "period", "amount", "receipt"];
    let mut statement = connection.prepare(&payments.select(&columns))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let receipt: Option<Box<str>> = row.get(3)?;
        facts.push(Fact::Payment(Payment {
            satellite: satellite(row, 0)?,
            period: period(row, 1)?,
            amount: money(row, 2)?,
            receipt: receipt.unwrap_or_default(),
        }));
    }
    Ok(Some(facts))
}

fn paystub(row: &Row<'_>) -> rusqlite::Result<Paystub> {
    let period = period(row, 1)?;
    let codes: Option<String> = row.get(3)?;
    Ok(Paystub {
        satellite: satellite(row, 0)?,
        period,
        // Statements are made after the month.
        created_at: time(row, 2)?.unwrap_or(period.end()),
        codes: PaystubCodes::from_text(&codes.unwrap_or_default()),
        usage_at_rest: byte_hours(row, 4)?,
        usage_get: bytes(row, 5)?,
        usage_put: bytes(row, 6)?,
        usage_get_repair: bytes(row, 7)?,
        usage_put_repair: bytes(row, 8)?,
        usage_get_audit: bytes(row, 9)?,
        comp_at_rest: money(row, 10)?,
        comp_get: money(row, 11)?,
        comp_put: money(row, 12)?,
        comp_get_repair: money(row, 13)?,
        comp_put_repair: money(row, 14)?,
        comp_get_audit: money(row, 15)?,
        surge_percent: u32::try_from(count(row, 16)?).unwrap_or(u32::MAX),
        held: money(row, 17)?,
        owed: money(row, 18)?,
        disposed: money(row, 19)?,
        paid: money(row, 20)?,
        distributed: money(row, 21)?,
    })
}
