//! Whether the path of an open database still leads to it: SQLite does not notice when its file is
//! deleted or moved, and goes on writing into what nobody will find.

use std::{
    fs,
    io::{self, ErrorKind},
    path::Path,
};

/// A file, whatever its name becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileId(Option<(u64, u64)>);

impl FileId {
    /// The file to which a path leads.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|metadata| Self(identity(&metadata)))
    }

    /// Whether the path leads to another file now, or to none. A system that cannot say does not
    /// count.
    pub(crate) fn is_gone(self, path: &Path) -> bool {
        match Self::of(path) {
            Ok(now) => now != self,
            Err(error) => error.kind() == ErrorKind::NotFound,
        }
    }
}

#[cfg(unix)]
fn identity(metadata: &fs::Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;

    Some((metadata.dev(), metadata.ino()))
}

/// Windows lets nobody delete or move a database that is open.
#[cfg(not(unix))]
fn identity(_metadata: &fs::Metadata) -> Option<(u64, u64)> {
    None
}
