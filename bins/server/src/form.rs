//! How an answer is written: for people, or as JSON or CSV for machines.

use std::io::{self, Write};

use piecewatch_store::Window;
use serde::Serialize;

use crate::{Error, Result, cli::FormArgs};

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Tables and sentences.
    Text,
    /// One JSON value.
    Json,
    /// A heading and rows.
    Csv,
}

impl From<FormArgs> for Form {
    fn from(arguments: FormArgs) -> Self {
        match (arguments.json, arguments.csv) {
            (true, _) => Self::Json,
            (false, true) => Self::Csv,
            (false, false) => Self::Text,
        }
    }
}

/// From when to when an answer is: what JSON begins with, and the first columns of CSV.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Span {
    from: String,
    to: String,
}

impl Span {
    /// That of a window.
    pub(crate) fn of(window: Window) -> Self {
        Self { from: window.from.to_string(), to: window.to.to_string() }
    }
}

/// Writes a value as JSON.
///
/// # Errors
///
/// When `out` cannot be written.
pub(crate) fn json(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}

/// Writes rows as CSV, under a heading.
///
/// # Errors
///
/// When `out` cannot be written.
pub(crate) fn csv(
    out: &mut dyn Write,
    rows: impl IntoIterator<Item = impl Serialize>,
) -> Result<()> {
    let failed = |error: csv::Error| {
        let kind = error.into_kind();
        // Whether the reader went away is seen by the error of the system alone.
        Error::Output(if let csv::ErrorKind::Io(source) = kind {
            source
        } else {
            io::Error::other(format!("{kind:?}"))
        })
    };
    let mut writer = csv::Writer::from_writer(out);
    for row in rows {
        writer.serialize(row).map_err(failed)?;
    }
    writer.flush().map_err(Error::Output)
}
