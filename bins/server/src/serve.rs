//! `piecewatch serve`: watches nodes and tells browsers.

mod alerts;
mod api;
mod live;
mod metrics;
