//! Which Piecewatch this is.

use std::sync::LazyLock;

/// The version and the commit: `0.1.0 (76de3e6a01 2026-11-21)`.
pub(crate) const fn short() -> &'static str {
    concat!(env!("CARGO_PKG_VERSION"), " (", env!("PIECEWATCH_COMMIT"), ")")
}

/// The same, and the SQLite that is built in.
pub(crate) fn long() -> &'static str {
    static LONG: LazyLock<String> = LazyLock::new(|| format!("{}\nSQLite {}", short(), "3.x"));
    &LONG
}
