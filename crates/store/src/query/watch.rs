//! Does somebody in another process watch?

use std::time::Duration;

use piecewatch_model::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use super::{Question, time};
use crate::{Error, Result, Writer};

pub(crate) const UNTIL: Question =
    Question { name: "until when somebody watches", sql: "SELECT until FROM watch WHERE id = 1" };

const WATCH: &str = "INSERT INTO watch (id, until) VALUES (1, ?1)
ON CONFLICT (id) DO UPDATE SET until = excluded.until";

/// Nobody says longer before that he will watch: what is later is of a clock gone wrong.
const AHEAD_MAX: Duration = Duration::from_secs(60);

impl Writer {
    /// Says that somebody watches what others write, for so long from now on, a minute at most: say
    /// it again before that. Who writes commits more often then.
    ///
    /// # Errors
    ///
    /// When the database cannot be written.
    pub fn watch(&mut self, now: Timestamp, time: Duration) -> Result<()> {
        let micros = i64::try_from(time.min(AHEAD_MAX).as_micros()).unwrap_or(i64::MAX);
        let written = self
            .connection
            .prepare_cached(WATCH)
            .and_then(|mut statement| statement.execute([now.plus_micros(micros).as_micros()]));
        written.map_err(|error| Error::of(&self.path, "saying that somebody watches", error))?;
        Ok(())
    }

    /// Whether somebody in another process watches at this instant.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn is_watched(&self, now: Timestamp) -> Result<bool> {
        let latest = now.plus_micros(i64::try_from(AHEAD_MAX.as_micros()).unwrap_or(i64::MAX));
        let until =
            until(&self.connection).map_err(|error| Error::of(&self.path, UNTIL.name, error))?;
        Ok(until.is_some_and(|until| now < until && until <= latest))
    }
}

fn until(connection: &Connection) -> rusqlite::Result<Option<Timestamp>> {
    connection.prepare_cached(UNTIL.sql)?.query_row([], |row| time(row, 0)).optional()
}
