//! What the crate does, seen from outside: real files in, batches out.

mod golden;
mod reading;
mod truth;
