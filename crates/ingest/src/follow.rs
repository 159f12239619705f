//! A log while it is written.

mod source;

pub use source::{Source, SourceError, StartAt};
