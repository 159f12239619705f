//! From the bytes of a storage node's log to batches of records.
//!
//! 1. **Files** (`archive`, `content`): [`find_archives`] finds the logs that paths mean, in the order
//!    in which they were written. What a file holds is known by its first bytes, never by its name:
//!    gzip, zstd or plain.
//! 2. **Parts** (`chunk`): the content is cut at the ends of lines into parts of a mebibyte. What is
//!    too long for a line is skipped and counted; a line that Docker has split stays in one part.
//! 3. **Columns** (`decode`): each line is console, JSON, Docker, journald, or of another program.
//! 4. **What it says** (`transfer`, `event`): logger and message tell what a line is about. The fields
//!    of a transfer are read by hand (`fields`), all else by `serde_json` (`payload`); where both can
//!    read a line, they agree. [`Parser`] is these two steps, for whoever has lines already.
//! 5. **Order** (`assembler`, `pairing`): parts are parsed side by side, and then taken in their order:
//!    starts meet their ends, and an event that two lines tell counts once.
//! 6. **Batches** (`import`): [`Import`] gives records with the place up to which they were read. A
//!    writer stores both at once, or neither.
//! 7. **While they are written** (`follow`): [`follow()`] reads what files grow by, through every kind
//!    of rotation, and what others send: `docker logs`, journald, a command, a socket. What each
//!    [`Source`] promises stands there. [`inspect()`] says what a log is, without reading all of it.
//!
//! # What is promised
//!
//! - Any bytes may be in a log. A line that is not understood costs one counter, and every line is
//!   counted in exactly one field of [`LineCounts`](piecewatch_model::LineCounts).
//! - A line counts once, however often its file is given: under another name, compressed, as an older
//!   copy, grown, or on standard input. A source is known by its first 4,096 bytes and confirmed by
//!   the 1,024 before the place reached.
//! - A log in rotated pieces gives the counts, bytes and, when the pieces are given together, the
//!   latencies of the log in one.
//! - What was read before an error is in the batches. A last line without its end is left unread in a
//!   plain file, as its rest may follow, and is a line in an archive.
//! - The records are the same for any number of threads.
//!
//! # What is not
//!
//! - Concatenated and filtered copies are new sources: their lines count again.
//! - An older copy is compared at its beginning and at the last power of two within it. One of less
//!   than 64 bytes, which is less than any line about a transfer, cannot be told from a new source.
//! - A rotated piece without one line that has a time is not known for a log: of a stack trace that
//!   a rotation cut off, the rest is not counted. No transfer is in such a piece.
//! - When a piece is imported without the one before it, a transfer that began there has no latency,
//!   and an event of which the two lines stand on either side of the cut counts twice. Given again,
//!   the piece before it is looked at for these (its last 16 MiB) and adds nothing.
//!
//! # Example
//!
//! ```
//! use std::{num::NonZeroUsize, sync::atomic::AtomicU64};
//!
//! use piecewatch_ingest::{Flow, Import, ImportConfig, Status, find_archives};
//!
//! let folder = tempfile::tempdir()?;
//! let piece = "ZKLYCEWKDO64V6WCGGZZUI64JWTYN37YCR6E44VZQB3YLL7OJC5Q";
//! let line = |time: &str, message: &str| {
//!     let fields = format!(r#"{{"Piece ID": "{piece}", "Action": "PUT", "Size": 2048}}"#);
//!     format!("2022-08-11T10:00:{time}Z\tINFO\tpiecestore\t{message}\t{fields}\n")
//! };
//! // A transfer that begins in one file and ends in the next.
//! std::fs::write(folder.path().join("node.log.1"), line("01.250", "upload started"))?;
//! std::fs::write(folder.path().join("node.log"), line("01.750", "uploaded"))?;
//!
//! let config = ImportConfig { node: "nas".parse()?, workers: NonZeroUsize::MIN, countries: None, time_zone: None };
//! let mut import = Import::new(config, Vec::new(), 0);
//! let mut records = Vec::new();
//! let (archives, errors) = find_archives(&[folder.path().to_owned()]);
//! assert!(errors.is_empty());
//! // The second time nothing is new.
//! for expected in [Status::Imported, Status::AlreadyImported] {
//!     for archive in &archives {
//!         let report = import.file(archive, &AtomicU64::new(0), |batch| {
//!             records.extend(batch.records);
//!             Flow::Continue
//!         })?;
//!         assert_eq!(report.status, expected);
//!     }
//! }
//!
//! let [piecewatch_model::Record::Transfer(transfer)] = &records[..] else { panic!("one upload") };
//! assert_eq!(transfer.size.unwrap().get(), 2048);
//! assert_eq!(transfer.latency.unwrap().micros, 500_000);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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
mod follow;
mod identity;
mod import;
mod inspect;
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
pub use follow::{
    BatchInterval, Called, Control, FollowConfig, LogFiles, Noticing, Notifier, Source,
    SourceError, StartAt, State, follow,
};
pub use import::{FileReport, Import, ImportConfig, Status};
pub use inspect::{Encoding, Inspection, Inspector, Vocabulary, inspect};
pub use parsed::{Ended, Parsed, Stamp, Started, Telling, Unparsed};
pub use parser::Parser;
pub use pipeline::Flow;
