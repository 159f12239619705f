//! `storage_usage.db`: what was stored, by day, as the satellites reported it.

use std::collections::BTreeMap;

use piecewatch_model::{DailyStorage, Fact, Grain, SatelliteId, StorageBasis, Timestamp};
use rusqlite::Connection;

use super::value::{Table, byte_hours, satellite, time};

/// Days from `first` on.
///
/// A row says when its interval ended: its hours are those since the end of the row before it. One
/// that ended in the year 1 is not complete, and comes again. Old versions keep no ends.
pub(super) fn read(
    connection: &Connection,
    first: Timestamp,
) -> rusqlite::Result<Option<Vec<Fact>>> {
    let Some(usage) = Table::of(connection, "storage_usage")? else { return Ok(None) };
    let Some(day) = ["timestamp", "interval_start"].into_iter().find(|column| usage.has(column))
    else {
        return Ok(None);
    };
    let ends = usage.has("interval_end_time");
    let sql = usage.select(&["satellite_id", day, "at_rest_total", "interval_end_time"]);
    let mut statement = connection.prepare(&format!("{sql} ORDER BY satellite_id, {day}"))?;
    let mut rows = statement.query([])?;
    let mut days = BTreeMap::<(Timestamp, SatelliteId), DailyStorage>::new();
    let mut before: Option<(SatelliteId, Timestamp)> = None;
    while let Some(row) = rows.next()? {
        let (satellite, Some(day)) = (satellite(row, 0)?, time(row, 1)?) else { continue };
        let end = time(row, 3)?;
        if ends && end.is_none() {
            continue;
        }
        let start = before.filter(|(known, _)| *known == satellite).map(|(_, end)| end);
        before = end.map(|end| (satellite, end));
        let seconds = end.zip(start).map(|(end, start)| end.as_seconds() - start.as_seconds());
        let day = day.floor(Grain::Day);
        if day < first {
            continue;
        }
        let storage = DailyStorage {
            satellite,
            day,
            byte_hours: byte_hours(row, 2)?,
            covered_seconds: seconds
                .and_then(|seconds| u32::try_from(seconds).ok())
                .filter(|seconds| *seconds > 0),
            average: None,
            basis: StorageBasis::Reported,
        };
        days.insert((day, satellite), storage);
    }
    Ok(Some(days.into_values().map(Fact::Storage).collect()))
}
