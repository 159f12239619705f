//! Which Piecewatch this is.

use std::sync::LazyLock;

/// The version alone.
pub(crate) const NUMBER: &str = env!("CARGO_PKG_VERSION");

/// The version, the commit and the database's engine:
/// `0.1.0 (76de3e6a01 2026-11-21, SQLite 3.53.2)`.
pub(crate) fn text() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let (version, commit) = (env!("CARGO_PKG_VERSION"), env!("PIECEWATCH_COMMIT"));
        format!("{version} ({commit}, SQLite {})", piecewatch_store::sqlite_version())
    });
    &TEXT
}
