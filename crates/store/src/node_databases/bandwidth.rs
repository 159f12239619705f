//! `bandwidth.db`: what was moved, by day. The same day may be there twice, under two forms of its
//! time: `2024-05-01 00:00:00`, and `2024-05-01 00:00:00+00:00` since v1.104.

use std::collections::BTreeMap;

use piecewatch_model::{Action, ByteCount, DailyBandwidth, Fact, SatelliteId, Timestamp};
use rusqlite::{Connection, Row};

use super::value::{Table, bytes, date, satellite};

/// Since v1.104. A time in UTC begins with its date, so that the key finds the rows; the day
/// before is looked at, too, for a time with another zone.
const DAYS: &str = "SELECT date(interval_start) AS day, satellite_id, sum(get_total),
    sum(get_audit_total), sum(get_repair_total), sum(put_total), sum(put_repair_total)
FROM bandwidth_usage
WHERE interval_start >= date(?1, '-1 day') AND day >= ?1 GROUP BY day, satellite_id";

/// Before: a row for each transfer, until it is added to those of its hour.
const TRANSFERS: &str = "SELECT date(created_at) AS day, satellite_id, action, sum(amount)
FROM bandwidth_usage
WHERE created_at >= date(?1, '-1 day') AND day >= ?1 GROUP BY day, satellite_id, action";

const HOURS: &str = "SELECT date(interval_start) AS day, satellite_id, action, sum(amount)
FROM bandwidth_usage_rollups
WHERE interval_start >= date(?1, '-1 day') AND day >= ?1 GROUP BY day, satellite_id, action";

type Days = BTreeMap<(Timestamp, SatelliteId), DailyBandwidth>;

/// Days from `first` on.
pub(super) fn read(
    connection: &Connection,
    first: Timestamp,
) -> rusqlite::Result<Option<Vec<Fact>>> {
    let Some(usage) = Table::of(connection, "bandwidth_usage")? else { return Ok(None) };
    let mut days = Days::new();
    if usage.has("get_total") {
        each(connection, DAYS, first, |row| {
            let day = of_day(&mut days, row)?;
            day.get = bytes(row, 2)?;
            day.get_audit = bytes(row, 3)?;
            day.get_repair = bytes(row, 4)?;
            day.put = bytes(row, 5)?;
            day.put_repair = bytes(row, 6)?;
            Ok(())
        })?;
    } else if usage.has("action") {
        each(connection, TRANSFERS, first, |row| add(of_day(&mut days, row)?, row))?;
        if Table::of(connection, "bandwidth_usage_rollups")?.is_some() {
            each(connection, HOURS, first, |row| add(of_day(&mut days, row)?, row))?;
        }
    } else {
        return Ok(None);
    }
    Ok(Some(days.into_values().map(Fact::Bandwidth).collect()))
}

fn each(
    connection: &Connection,
    sql: &str,
    first: Timestamp,
    mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([date(first)])?;
    while let Some(row) = rows.next()? {
        read(row)?;
    }
    Ok(())
}

/// The day of a row, whose first columns are date and satellite.
fn of_day<'a>(days: &'a mut Days, row: &Row<'_>) -> rusqlite::Result<&'a mut DailyBandwidth> {
    let day = super::value::time(row, 0)?.unwrap_or(Timestamp::from_micros(0));
    let satellite = satellite(row, 1)?;
    let none = ByteCount::default();
    Ok(days.entry((day, satellite)).or_insert(DailyBandwidth {
        satellite,
        day,
        get: none,
        get_audit: none,
        get_repair: none,
        put: none,
        put_repair: none,
    }))
}

/// Adds an amount to what its action is of. What was deleted was not moved, and what came from a
/// node that left is in none of a node's own sums.
fn add(day: &mut DailyBandwidth, row: &Row<'_>) -> rusqlite::Result<()> {
    let code: i64 = row.get(2)?;
    let action =
        Action::NAMED.into_iter().find(|action| action.code().map(i64::from) == Some(code));
    let amount = bytes(row, 3)?;
    let sum = match action {
        Some(Action::Get) => &mut day.get,
        Some(Action::GetAudit) => &mut day.get_audit,
        Some(Action::GetRepair) => &mut day.get_repair,
        Some(Action::Put) => &mut day.put,
        Some(Action::PutRepair) => &mut day.put_repair,
        Some(
            Action::Delete
            | Action::PutGracefulExit
            | Action::Upload
            | Action::Download
            | Action::Other(_),
        )
        | None => return Ok(()),
    };
    *sum = *sum + amount;
    Ok(())
}
