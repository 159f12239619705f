//! What can be wrong with a text that should be a value of this crate.

/// A text could not be read as the value it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A node name is empty, too long or holds a control character.
    #[error(
        "{0:?} is no node name: 1 to 64 characters are needed, none of them a control character"
    )]
    NodeName(String),
    /// A satellite id is not base58check of a version byte 0 and 32 bytes.
    #[error("{0:?} is no satellite id: 49 to 51 base58 characters with a checksum are needed")]
    SatelliteId(String),
    /// A piece id is not base32 of 32 bytes.
    #[error("{0:?} is no piece id: 52 base32 characters are needed")]
    PieceId(String),
    /// A period is not `YYYY-MM`.
    #[error("{0:?} is no period: YYYY-MM is needed")]
    Period(String),
    /// A time is not RFC 3339 with a zone.
    #[error("{0:?} is no time: RFC 3339 is needed, as in 2026-08-19T14:03:27Z")]
    Timestamp(String),
    /// An amount of money is not dollars with at most six decimals.
    #[error("{0:?} is no amount: dollars with at most six decimals are needed")]
    MicroUsd(String),
    /// A stored histogram is damaged.
    #[error("a stored histogram is damaged: {0}")]
    Histogram(&'static str),
    /// What placeholders stood for is damaged as it is stored.
    #[error("what the placeholders of a text stood for is damaged as it is stored")]
    Spreads,
}

/// The result of reading a value of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
