//! What can keep earnings from being told. Formulas cannot fail; asking the database can.

/// A question that the ledger could not answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] piecewatch_store::Error),
}

/// The result of a question to the ledger. The error is shared by all who waited for the answer.
pub type Result<T, E = std::sync::Arc<Error>> = std::result::Result<T, E>;
