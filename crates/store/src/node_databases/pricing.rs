//! `pricing.db`: what the satellites pay now.

use piecewatch_model::{CentsPerTb, Fact, Prices};
use rusqlite::Connection;

use super::value::{Table, count, satellite};

/// A row a satellite.
pub(super) fn read(connection: &Connection) -> rusqlite::Result<Option<Vec<Fact>>> {
    let Some(pricing) = Table::of(connection, "pricing")? else { return Ok(None) };
    let columns = [
        "satellite_id",
        "egress_bandwidth_price",
        "repair_bandwidth_price",
        "audit_bandwidth_price",
        "disk_space_price",
    ];
    let mut statement = connection.prepare(&pricing.select(&columns))?;
    let facts = statement.query_map([], |row| {
        let cents = |column| {
            count(row, column)
                .map(|cents| CentsPerTb::new(u32::try_from(cents).unwrap_or(u32::MAX)))
        };
        let prices =
            Prices { egress: cents(1)?, repair: cents(2)?, audit: cents(3)?, storage: cents(4)? };
        Ok(Fact::Prices(satellite(row, 0)?, prices))
    })?;
    facts.collect::<Result<_, _>>().map(Some)
}
