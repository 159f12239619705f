//! From the bytes of a storage node's log to batches of records.

mod archive;
mod assembler;
mod chunk;
mod content;
mod countries;
mod decode;
mod error;
mod event;
mod failure;
mod fields;
mod import;
mod pairing;
mod parsed;
mod parser;
mod payload;
mod pipeline;
mod transfer;
mod value;

pub use archive::{Archive, find_archives};
pub use countries::Countries;
pub use error::{Error, Result};
pub use import::{FileReport, Import, ImportConfig, Status};
pub use parsed::{Ended, Parsed, Stamp, Started, Telling, Unparsed};
pub use parser::Parser;
pub use pipeline::Flow;
