//! Values as a node writes them, and tables that differ from version to version.

use piecewatch_model::{ByteCount, ByteHours, MicroUsd, Period, SatelliteId, Timestamp};
use rusqlite::{Connection, Row, types::Type};

/// A table as it is in this version of the node.
pub(super) struct Table {
    name: &'static str,
    columns: Vec<String>,
}

impl Table {
    /// `None` when there is no such table.
    pub(super) fn of(
        connection: &Connection,
        name: &'static str,
    ) -> rusqlite::Result<Option<Self>> {
        let mut columns = connection.prepare("SELECT name FROM pragma_table_info(?1)")?;
        let columns: Vec<String> =
            columns.query_map([name], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok((!columns.is_empty()).then_some(Self { name, columns }))
    }

    pub(super) fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|known| known == column)
    }

    /// Asks for these columns of every row; those that this version does not have are NULL.
    pub(super) fn select(&self, columns: &[&str]) -> String {
        let columns: Vec<&str> =
            columns.iter().map(|&column| if self.has(column) { column } else { "NULL" }).collect();
        format!("SELECT {} FROM {}", columns.join(", "), self.name)
    }
}

fn unknown(column: usize, kind: Type, what: &str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, kind, what.into())
}

pub(super) fn satellite(row: &Row<'_>, column: usize) -> rusqlite::Result<SatelliteId> {
    row.get(column).map(SatelliteId::new)
}

/// A count; nothing where there is none, or where it is below zero.
pub(super) fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let count: Option<i64> = row.get(column)?;
    Ok(count.map_or(0, |count| u64::try_from(count).unwrap_or(0)))
}

pub(super) fn bytes(row: &Row<'_>, column: usize) -> rusqlite::Result<ByteCount> {
    count(row, column).map(ByteCount::new)
}

/// Byte-hours, which a node has as a float.
pub(super) fn byte_hours(row: &Row<'_>, column: usize) -> rusqlite::Result<ByteHours> {
    let amount: f64 = row.get(column)?;
    if !amount.is_finite() {
        return Err(unknown(column, Type::Real, "no number of byte-hours"));
    }
    // Saturates at both ends.
    Ok(ByteHours::new(amount.round() as u64))
}

pub(super) fn money(row: &Row<'_>, column: usize) -> rusqlite::Result<MicroUsd> {
    Ok(MicroUsd::new(row.get::<_, Option<i64>>(column)?.unwrap_or(0)))
}

pub(super) fn period(row: &Row<'_>, column: usize) -> rusqlite::Result<Period> {
    let text = row.get_ref(column)?.as_str()?;
    text.parse().map_err(|_| unknown(column, Type::Text, "no month"))
}

/// A time as text: `2024-05-01 00:00:00`, with a fraction or none, `+00:00` or nothing at the end.
/// `None` where there is none: a node writes the year 1 for that, too.
pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    let Some(text) = row.get_ref(column)?.as_str_or_null()? else { return Ok(None) };
    let instant = instant(text).ok_or_else(|| unknown(column, Type::Text, "no time"))?;
    Ok((instant.as_micros() >= 0).then_some(instant))
}

fn instant(text: &str) -> Option<Timestamp> {
    let (date, time) = text.split_at_checked(10)?;
    let time = time.strip_prefix([' ', 'T']).or_else(|| time.is_empty().then_some("00:00:00"))?;
    let zone = if time.contains(['+', '-', 'Z']) { "" } else { "Z" };
    format!("{date}T{time}{zone}").parse().ok()
}

/// The date of an instant, as SQLite writes it.
pub(super) fn date(instant: Timestamp) -> String {
    let (year, month, day) = instant.date();
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_time_is_read() {
        let expected = Some(Timestamp::from_civil((2024, 5, 1), 6, 7, 8));
        for text in [
            "2024-05-01 06:07:08",
            "2024-05-01 06:07:08+00:00",
            "2024-05-01 08:07:08+02:00",
            "2024-05-01T06:07:08Z",
        ] {
            assert_eq!(instant(text), expected, "{text}");
        }
        let fraction = expected.map(|at| at.plus_micros(123_456));
        assert_eq!(instant("2024-05-01 06:07:08.123456789+00:00"), fraction);
        assert_eq!(instant("2024-05-01"), Some(Timestamp::from_civil((2024, 5, 1), 0, 0, 0)));
        assert!(instant("0001-01-01 00:00:00+00:00").unwrap().as_micros() < 0);
        for text in ["", "yesterday", "2024-05-01 6", "2024-13-01 00:00:00"] {
            assert_eq!(instant(text), None, "{text}");
        }
    }
}
