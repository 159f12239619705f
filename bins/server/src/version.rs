//! Which Piecewatch this is.

use std::sync::LazyLock;

use crate::serve::has_dashboard;

/// The version alone.
pub(crate) const NUMBER: &str = env!("CARGO_PKG_VERSION");

/// The version, the commit, the database's engine, and whether there is a page to look at:
/// `0.1.0 (76de3e6a01 2026-11-21, SQLite 3.53.2, dashboard included)`.
pub(crate) fn text() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let (version, commit) = (env!("CARGO_PKG_VERSION"), env!("PIECEWATCH_COMMIT"));
        let sqlite = piecewatch_store::sqlite_version();
        let page = if has_dashboard() { "dashboard included" } else { "without dashboard" };
        format!("{version} ({commit}, SQLite {sqlite}, {page})")
    });
    &TEXT
}
