//! How commands open a database.

use std::path::Path;

use piecewatch_store::{Reader, Store, StoreConfig};

use crate::{Error, Result};

/// Opens a database that is there, to ask it.
pub(crate) fn read(path: &Path) -> Result<Reader> {
    // Opening would make one.
    if !path.try_exists().unwrap_or(true) {
        return Err(Error::NoDatabase { path: path.to_owned() });
    }
    let store = Store::open(path, StoreConfig { readers: 1, ..StoreConfig::default() })?;
    Ok(store.readers.get()?)
}
