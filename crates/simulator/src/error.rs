//! What can go wrong: a name that is none, and a file that cannot be written.

use std::{io, path::PathBuf};

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No encoding has this name.
    #[error("unknown encoding {0:?}")]
    Encoding(String),
    /// No vocabulary has this name.
    #[error("unknown vocabulary {0:?}")]
    Vocabulary(String),
    /// No rotation has this name.
    #[error("unknown rotation {0:?}")]
    Rotation(String),
    /// No compression has this name.
    #[error("unknown compression {0:?}")]
    Compression(String),
    /// No version of the node's API has this number.
    #[error("unknown version of a node {0:?}")]
    ApiVersion(String),
    /// No port can be listened on.
    #[error("cannot listen on a port of this machine")]
    Listen(#[source] io::Error),
    /// A live log cannot be written or rotated.
    #[error("cannot {doing} {path}")]
    File {
        /// What was tried.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
