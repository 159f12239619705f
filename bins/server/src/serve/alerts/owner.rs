//! One process looks after the alerts of a database: two would tell everything twice.

use std::{
    fs::{self, File, TryLockError},
    path::Path,
};

use piecewatch_store::locks_folder;

use crate::{Error, Result};

/// Beside the locks of nodes; held for as long as this lives, and freed with the process.
const LOCK: &str = "alerts.alertlock";

/// The right to look after alerts, or the wish to.
#[derive(Debug)]
pub(super) struct Owner {
    file: File,
    is_ours: std::sync::atomic::AtomicBool,
}

impl Owner {
    /// # Errors
    ///
    /// When the file of the lock cannot be made.
    pub(super) fn of(db: &Path) -> Result<Self> {
        let folder = locks_folder(db)?;
        let path = folder.join(LOCK);
        let open = || {
            fs::create_dir_all(&folder)?;
            File::options().read(true).write(true).create(true).truncate(false).open(&path)
        };
        let file = open().map_err(|source| Error::Write { path: path.clone(), source })?;
        Ok(Self { file, is_ours: false.into() })
    }

    /// Whether this process has it; it takes it as soon as it is free. Where the file system has no locks
    /// nobody else can know of it, either.
    pub(super) fn is_ours(&self) -> bool {
        use std::sync::atomic::Ordering;
        if self.is_ours.load(Ordering::Relaxed) {
            return true;
        }
        let is_ours = !matches!(self.file.try_lock(), Err(TryLockError::WouldBlock));
        self.is_ours.store(is_ours, Ordering::Relaxed);
        is_ours
    }
}
