//! `piecewatch serve`: watches nodes and tells browsers.

pub(crate) mod alerts;
mod api;
mod live;
mod metrics;
