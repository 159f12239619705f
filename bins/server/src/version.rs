//! Which Piecewatch this is.

/// The version and the commit: `0.1.0 (76de3e6a01 2026-11-21)`.
pub(crate) const fn text() -> &'static str {
    concat!(env!("CARGO_PKG_VERSION"), " (", env!("PIECEWATCH_COMMIT"), ")")
}
