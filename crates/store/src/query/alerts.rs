//! What are operators told of, and did they hear of it?

use piecewatch_model::{NodeName, SatelliteId};
use rusqlite::{Connection, Params, Row, types::Type};

use super::{
    Question, Window, node_name,
    reported::{maybe_time, unknown},
    time,
};
use crate::{
    Reader, Result,
    alert::{Alert, AlertDelivery, AlertLevel, AlertNotice, DeliveryState},
};

pub(crate) const LASTING: Question = Question {
    name: "alerts, lasting",
    sql: "SELECT id, rule, node, satellite, level, worst, sentence, value, threshold, began_at,
    fired_at, seen_at, acknowledged_at, acknowledged_by, resolved_at, notified_at, notified_level
FROM alerts INDEXED BY alerts_resolved WHERE resolved_at IS NULL ORDER BY id",
};

pub(crate) const OF_WINDOW: Question = Question {
    name: "alerts",
    sql: "SELECT id, rule, node, satellite, level, worst, sentence, value, threshold, began_at,
    fired_at, seen_at, acknowledged_at, acknowledged_by, resolved_at, notified_at, notified_level
FROM alerts INDEXED BY alerts_fired
WHERE fired_at < ?2 AND coalesce(resolved_at, ?2) >= ?1 ORDER BY fired_at DESC, id DESC LIMIT ?3",
};

pub(crate) const ONE: Question = Question {
    name: "alerts, one",
    sql: "SELECT id, rule, node, satellite, level, worst, sentence, value, threshold, began_at,
    fired_at, seen_at, acknowledged_at, acknowledged_by, resolved_at, notified_at, notified_level
FROM alerts WHERE id = ?1",
};

pub(crate) const NEWEST: Question =
    Question { name: "alerts, newest", sql: "SELECT max(id) FROM alerts" };

pub(crate) const DELIVERIES: Question = Question {
    name: "alert deliveries",
    sql: "SELECT alert, at, channel, notice, state, attempts, tried_at, error
FROM alert_deliveries WHERE alert = ?1 ORDER BY at, channel",
};

pub(crate) const WAITING: Question = Question {
    name: "alert deliveries, waiting",
    sql: "SELECT alert, at, channel, notice, state, attempts, tried_at, error
FROM alert_deliveries WHERE state = 'waiting' ORDER BY at",
};

impl Reader {
    /// The incidents that last, by their number.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn lasting_alerts(&self) -> Result<Vec<Alert>> {
        self.ask(LASTING.name, |connection| all(connection, LASTING, (), alert))
    }

    /// The incidents that lasted at any time of a window, the newest first, at most `limit`. Resolved
    /// ones reach back 90 days.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn alerts(&self, window: Window, limit: u32) -> Result<Vec<Alert>> {
        let parameters = (window.from.as_micros(), window.to.as_micros(), limit);
        self.ask(OF_WINDOW.name, |connection| all(connection, OF_WINDOW, parameters, alert))
    }

    /// The incident of a number; `None` where there is none.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn alert(&self, id: i64) -> Result<Option<Alert>> {
        self.ask(ONE.name, |connection| Ok(all(connection, ONE, (id,), alert)?.pop()))
    }

    /// The number of the newest incident; 0 where there is none.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn newest_alert(&self) -> Result<i64> {
        self.ask(NEWEST.name, |connection| {
            let newest = connection
                .prepare_cached(NEWEST.sql)?
                .query_row([], |row| row.get::<_, Option<i64>>(0))?;
            Ok(newest.unwrap_or(0))
        })
    }

    /// What became of the messages about an incident, the oldest first.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn alert_deliveries(&self, alert: i64) -> Result<Vec<AlertDelivery>> {
        self.ask(DELIVERIES.name, |connection| all(connection, DELIVERIES, (alert,), delivery))
    }

    /// The messages that are still to be sent, the oldest first.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn waiting_alert_deliveries(&self) -> Result<Vec<AlertDelivery>> {
        self.ask(WAITING.name, |connection| all(connection, WAITING, (), delivery))
    }
}

fn all<T>(
    connection: &Connection,
    question: Question,
    parameters: impl Params,
    read: fn(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    let mut statement = connection.prepare_cached(question.sql)?;
    statement.query_map(parameters, read)?.collect()
}

fn alert(row: &Row<'_>) -> rusqlite::Result<Alert> {
    Ok(Alert {
        id: row.get(0)?,
        rule: row.get(1)?,
        node: node(row, 2)?,
        satellite: satellite(row, 3)?,
        level: word(row, 4, AlertLevel::from_name)?,
        worst: word(row, 5, AlertLevel::from_name)?,
        sentence: row.get(6)?,
        value: row.get(7)?,
        threshold: row.get(8)?,
        began_at: time(row, 9)?,
        fired_at: time(row, 10)?,
        seen_at: time(row, 11)?,
        acknowledged_at: maybe_time(row, 12)?,
        acknowledged_by: row.get(13)?,
        resolved_at: maybe_time(row, 14)?,
        notified_at: maybe_time(row, 15)?,
        notified_level: match row.get_ref(16)?.as_str_or_null()? {
            Some(_) => Some(word(row, 16, AlertLevel::from_name)?),
            None => None,
        },
    })
}

fn delivery(row: &Row<'_>) -> rusqlite::Result<AlertDelivery> {
    Ok(AlertDelivery {
        alert: row.get(0)?,
        at: time(row, 1)?,
        channel: row.get(2)?,
        notice: word(row, 3, AlertNotice::from_name)?,
        state: word(row, 4, DeliveryState::from_name)?,
        attempts: row.get(5)?,
        tried_at: maybe_time(row, 6)?,
        error: row.get(7)?,
    })
}

fn word<T>(
    row: &Row<'_>,
    column: usize,
    from_name: impl FnOnce(&str) -> Option<T>,
) -> rusqlite::Result<T> {
    let name = row.get_ref(column)?.as_str()?;
    from_name(name).ok_or_else(|| unknown(column, name))
}

fn node(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<NodeName>> {
    match row.get_ref(column)?.as_str()? {
        "" => Ok(None),
        _ => node_name(row, column).map(Some),
    }
}

fn satellite(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<SatelliteId>> {
    let text = row.get_ref(column)?.as_str()?;
    if text.is_empty() {
        return Ok(None);
    }
    let damaged =
        |error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error));
    text.parse().map(Some).map_err(damaged)
}
