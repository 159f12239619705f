//! How logs are rotated, by name.

use std::{fmt, str::FromStr};

use crate::{Error, Result};

/// How a log is rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rotation {
    /// The file is renamed and an empty one is there at once: Docker, and programs that rotate their
    /// own logs.
    Rename,
    /// The file is renamed and an empty one is there at once, but the node keeps its handle: some
    /// lines more go to the renamed file, until the node opens the new one. logrotate with `create`
    /// and a signal.
    RenameHeld,
    /// The node stops, the file is renamed, the node starts: until its first line there is no file.
    StopMoveStart,
    /// The file is copied and emptied, and the node never knows: logrotate with `copytruncate`.
    CopyTruncate,
    /// A file for each day, which keeps its name: `node-20260101.log`.
    Dated,
    /// The name is a symbolic link to a numbered file, and is moved to the next one.
    Symlink,
}

impl Rotation {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Rename,
        Self::RenameHeld,
        Self::StopMoveStart,
        Self::CopyTruncate,
        Self::Dated,
        Self::Symlink,
    ];

    /// The name, as in `copy-truncate`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rename => "rename",
            Self::RenameHeld => "rename-held",
            Self::StopMoveStart => "stop-move-start",
            Self::CopyTruncate => "copy-truncate",
            Self::Dated => "dated",
            Self::Symlink => "symlink",
        }
    }
}

impl fmt::Display for Rotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Rotation {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|rotation| rotation.name() == text)
            .ok_or_else(|| Error::Rotation(text.to_owned()))
    }
}

/// When a rotated file is compressed with gzip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Compression {
    /// Never.
    Never,
    /// As soon as the node writes to the next file.
    AtOnce,
    /// One rotation later: logrotate with `delaycompress`.
    Later,
}

impl Compression {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Never, Self::AtOnce, Self::Later];

    /// The name, as in `at-once`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::AtOnce => "at-once",
            Self::Later => "later",
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Compression {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|compression| compression.name() == text)
            .ok_or_else(|| Error::Compression(text.to_owned()))
    }
}
