//! One process looks after the alerts of a database: two would tell everything twice.

use std::{
    fs::{self, File, TryLockError},
    path::Path,
    sync::{Mutex, MutexGuard},
};

use piecewatch_store::locks_folder;

use super::locked;
use crate::{Error, Result};

/// Beside the locks of nodes; held for as long as this lives, and freed with the process.
const LOCK: &str = "alerts.alertlock";

/// Who looks after alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    /// This process.
    Ours,
    /// This process from now on: what another one has left is not read yet.
    Taken,
    /// Another process.
    Others,
}

/// The right to look after alerts, or the wish to.
#[derive(Debug)]
pub(super) struct Owner {
    file: File,
    right: Mutex<Right>,
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
        Ok(Self { file, right: Mutex::new(Right::Others) })
    }

    /// Who has it; this process takes it as soon as it is free. It is `Taken` until whoever asks makes it
    /// `Ours`, and nobody else looks after alerts until then. Where the file system has no locks nobody
    /// else can know of it, either.
    pub(super) fn right(&self) -> MutexGuard<'_, Right> {
        let mut right = locked(&self.right);
        if *right == Right::Others && !matches!(self.file.try_lock(), Err(TryLockError::WouldBlock))
        {
            *right = Right::Taken;
        }
        right
    }
}
