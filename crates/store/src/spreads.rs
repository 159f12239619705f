//! What the placeholders of error texts stood for, gathered and written by day.

use piecewatch_model::{Grain, Spreads, Transfer};
use rusqlite::{Connection, OptionalExtension};

use crate::{
    dictionary::TEMPLATE_FURTHER,
    rollup::{Map, sorted},
    transfers::TransferRow,
};

pub(crate) const STORED: &str =
    "SELECT spreads FROM error_spreads WHERE node = ?1 AND at = ?2 AND template = ?3";

pub(crate) const WRITE: &str = "INSERT INTO error_spreads (node, at, template, spreads)
VALUES (?1, ?2, ?3, ?4)
ON CONFLICT DO UPDATE SET spreads = excluded.spreads";

/// Those of some transfers, by node, day and template.
#[derive(Debug, Default)]
pub(crate) struct ErrorSpreads(Map<3, Spreads>);

impl ErrorSpreads {
    /// Adds what the text of a transfer has beyond its template.
    pub(crate) fn add(&mut self, row: &TransferRow<'_>, transfer: &Transfer) {
        if let (Some(template), Some(text)) = (row.template, &transfer.error_text)
            && template != TEMPLATE_FURTHER
        {
            let day = row.at.floor(Grain::Day).as_micros();
            let (_, spreads) = Spreads::of(text);
            self.0.entry([row.node.into(), day, template]).or_default().merge(&spreads);
        }
    }

    /// Adds them to those in the database. Most bring nothing new.
    pub(crate) fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut stored = connection.prepare_cached(STORED)?;
        let mut write = connection.prepare_cached(WRITE)?;
        for (key, spreads) in sorted(&self.0) {
            let before: Option<Vec<u8>> = stored.query_row(*key, |row| row.get(0)).optional()?;
            // One that is damaged is begun anew.
            let mut all =
                before.as_deref().map(Spreads::from_bytes).and_then(Result::ok).unwrap_or_default();
            all.merge(spreads);
            let bytes = all.to_bytes();
            if before.is_none_or(|before| before != bytes) {
                let &[node, at, template] = key;
                write.execute((node, at, template, bytes))?;
            }
        }
        Ok(())
    }
}
