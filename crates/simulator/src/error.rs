//! What can go wrong: a name that is none.

/// An error of this crate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No encoding has this name.
    #[error("unknown encoding {0:?}")]
    Encoding(String),
    /// No vocabulary has this name.
    #[error("unknown vocabulary {0:?}")]
    Vocabulary(String),
}

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
