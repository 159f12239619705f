//! `piecewatch serve`: watches nodes and tells browsers.

mod alerts;
mod api;
mod live;
#[cfg_attr(not(test), expect(dead_code, reason = "the server asks for it"))]
mod metrics;
#[cfg_attr(not(test), expect(dead_code, reason = "the server asks for it"))]
mod own;
#[cfg_attr(not(test), expect(dead_code, reason = "the server asks for it"))]
mod status;
