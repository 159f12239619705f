//! Which file a name means at the moment.

use std::fs;

/// Which file it is, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Identity(u64, u64);

impl Identity {
    #[cfg(unix)]
    pub(crate) fn of(metadata: &fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self(metadata.dev(), metadata.ino())
    }

    /// The time at which a file was made stands for it, where nothing better can be had.
    #[cfg(not(unix))]
    pub(crate) fn of(metadata: &fs::Metadata) -> Self {
        let made = metadata.created().unwrap_or(std::time::UNIX_EPOCH);
        let since = made.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Self(since.as_secs(), since.subsec_nanos().into())
    }
}
