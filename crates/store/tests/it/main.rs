//! The store as its users see it: real files, real transactions.

mod append;
mod fixture;
mod open;
