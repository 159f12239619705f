//! Is the database sound?

use std::path::Path;

use rusqlite::Connection;

use crate::{Error, Result};

/// Small tables that every start reads anyway: damage to a file rarely spares all of them.
const LOOKED_AT: [&str; 6] =
    ["nodes", "satellites", "actions", "templates", "names", "checkpoints"];

/// The check at every start: that the file is as long as it says, that the schema can be read, and
/// that the small tables are sound. Takes no longer with a larger database.
pub(crate) fn look(connection: &Connection, path: &Path) -> Result<()> {
    let doing = "checking the small tables";
    let failed = |error| Error::of(path, doing, error);
    for table in LOOKED_AT {
        let verdict: String = connection
            .query_row("SELECT * FROM pragma_quick_check(?1) LIMIT 1", [table], |row| row.get(0))
            .map_err(failed)?;
        if verdict != "ok" {
            return Err(Error::Corrupt { path: path.to_owned(), doing, damage: verdict });
        }
    }
    Ok(())
}
