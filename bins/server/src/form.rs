//! How an answer is written: for people, or as JSON or CSV for machines.

use std::io::{self, Write};

use piecewatch_model::Timestamp;
use piecewatch_store::Window;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{Error, Result, cli::FormArgs};

const SECOND_MICROS: i64 = 1_000_000;

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

/// From when to when an answer is, widened to whole seconds: what JSON begins with, and the first
/// columns of CSV. `None` where there is nothing to answer of.
#[derive(Debug, Clone, Default, JsonSchema, Serialize)]
pub(crate) struct Span {
    from: Option<String>,
    to: Option<String>,
}

impl Span {
    /// That of a window.
    pub(crate) fn of(window: Window) -> Self {
        Self::over([window])
    }

    /// From the first beginning to the last end.
    pub(crate) fn over(windows: impl IntoIterator<Item = Window>) -> Self {
        let together =
            |a: Window, b: Window| Window { from: a.from.min(b.from), to: a.to.max(b.to) };
        let Some(Window { from, to }) = windows.into_iter().reduce(together) else {
            return Self::default();
        };
        let from = Timestamp::from_seconds(from.as_seconds());
        let past = to.as_micros().rem_euclid(SECOND_MICROS);
        let to = if past == 0 { to } else { to.plus_micros(SECOND_MICROS - past) };
        Self { from: Some(from.to_string()), to: Some(to.to_string()) }
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

fn failed(error: csv::Error) -> Error {
    let kind = error.into_kind();
    // Whether the reader went away is seen by the error of the system alone.
    Error::Output(if let csv::ErrorKind::Io(source) = kind {
        source
    } else {
        io::Error::other(format!("{kind:?}"))
    })
}

/// Writes rows as CSV, under a heading that stands there even where there are no rows: who reads the table by a
/// program needs no other case for nothing.
///
/// # Errors
///
/// When `out` cannot be written.
pub(crate) fn csv<R: Serialize + Default>(
    out: &mut dyn Write,
    rows: impl IntoIterator<Item = R>,
) -> Result<()> {
    out.write_all(&heading::<R>()?).map_err(Error::Output)?;
    csv_rows(out, rows)
}

/// The heading of rows of a type, with the end of its line: that of a row in which nothing is known.
///
/// # Errors
///
/// When the row cannot be written, which is a fault of its type.
pub(crate) fn heading<R: Serialize + Default>() -> Result<Vec<u8>> {
    let mut text = Vec::new();
    let mut writer = csv::Writer::from_writer(&mut text);
    writer.serialize(R::default()).and_then(|()| Ok(writer.flush()?)).map_err(failed)?;
    drop(writer);
    let end = text.iter().position(|byte| *byte == b'\n').map_or(text.len(), |at| at + 1);
    text.truncate(end);
    Ok(text)
}

/// Writes rows as CSV without a heading: what comes after one.
///
/// # Errors
///
/// When `out` cannot be written.
pub(crate) fn csv_rows(
    out: &mut dyn Write,
    rows: impl IntoIterator<Item = impl Serialize>,
) -> Result<()> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(out);
    for row in rows {
        writer.serialize(row).map_err(failed)?;
    }
    writer.flush().map_err(Error::Output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_of_whole_seconds_and_hold_every_window() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let window = |from: &str, to: &str| Window { from: at(from), to: at(to) };
        let span = Span::over([
            window("2026-08-19T00:00:01.5Z", "2026-08-19T00:00:09.000001Z"),
            window("2026-08-19T00:00:03Z", "2026-08-19T00:00:08Z"),
        ]);
        assert_eq!(span.from.as_deref(), Some("2026-08-19T00:00:01Z"));
        assert_eq!(span.to.as_deref(), Some("2026-08-19T00:00:10Z"));
        let exact = Span::of(window("2026-08-19T00:00:03Z", "2026-08-19T00:00:08Z"));
        assert_eq!(exact.to.as_deref(), Some("2026-08-19T00:00:08Z"));
    }
}
