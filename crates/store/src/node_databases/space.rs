//! `piece_spaced_used.db`: how much the blob store holds.

use std::{fs, path::Path};

use piecewatch_model::{ByteCount, Fact, Space};
use rusqlite::{Connection, types::ValueRef};

use super::value::{Table, bytes};

/// Whether a node with this storage folder keeps pieces in its hash store: it has a folder for a
/// satellite there. A node whose databases lie elsewhere cannot be told.
pub(super) fn is_in_hash_store(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder.join("hashstore")) else { return false };
    entries.flatten().any(|entry| entry.file_name() != "meta" && entry.path().is_dir())
}

/// A row a satellite, one for the trash of all, and one without a satellite for the sum.
pub(super) fn read(connection: &Connection) -> rusqlite::Result<Option<Vec<Fact>>> {
    let Some(space) = Table::of(connection, "piece_space_used")? else { return Ok(None) };
    let mut statement = connection.prepare(&space.select(&["satellite_id", "total"]))?;
    let mut rows = statement.query([])?;
    let (mut used, mut trash) = (None, None);
    while let Some(row) = rows.next()? {
        let bytes = bytes(row, 1)?;
        match row.get_ref(0)? {
            ValueRef::Text(b"trashtotal") | ValueRef::Blob(b"trashtotal") => trash = Some(bytes),
            ValueRef::Blob(_) => used = Some(used.unwrap_or(ByteCount::default()) + bytes),
            ValueRef::Null | ValueRef::Text(_) | ValueRef::Integer(_) | ValueRef::Real(_) => {}
        }
    }
    // A node that has not counted yet has no rows.
    let space = Space { used, trash, ..Space::default() };
    Ok(Some(used.map(|_| Fact::Space(space)).into_iter().collect()))
}
