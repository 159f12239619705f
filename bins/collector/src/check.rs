//! Looks at each source, and says what is there.

mod listening;
mod shown;

use std::{io::Write, path::Path};

use piecewatch_ingest::{Inspection, LogFiles, Source, find_archives, inspect};
use piecewatch_model::Timestamp;

use crate::{
    Error, Result,
    config::{Config, Node},
};

/// How the answer looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// For people.
    Text,
    /// One JSON object.
    Json,
}

/// What was found of a node.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    pub(crate) node: &'a Node,
    /// What the log is, or why it cannot be read.
    pub(crate) log: Result<Log, String>,
}

/// What a log is.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) inspection: Inspection,
    /// The file that was looked at.
    pub(crate) file: Option<std::path::PathBuf>,
    /// How many rotated files lie beside it.
    pub(crate) siblings: Option<usize>,
    /// When the oldest of them begins.
    pub(crate) oldest_at: Option<Timestamp>,
}

/// Looks at the source of every node, side by side, and writes what is there to `out`.
///
/// # Errors
///
/// [`Error::Check`] when one cannot be followed; what is wrong with it is in the answer.
pub(crate) fn run(config: &Config, form: Form, out: &mut dyn Write) -> Result<()> {
    let found: Vec<Found<'_>> = std::thread::scope(|scope| {
        let looking: Vec<_> = config
            .nodes
            .iter()
            .map(|node| scope.spawn(move || Found { node, log: look(&node.source) }))
            .collect();
        let joined = looking.into_iter().map(|thread| thread.join());
        joined.map(|found| found.expect("looking does not panic")).collect()
    });
    match form {
        Form::Text => shown::text(config, &found, out),
        Form::Json => shown::json(config, &found, out),
    }
    .map_err(Error::Output)?;
    let (failed, nodes) = (found.iter().filter(|found| found.log.is_err()).count(), found.len());
    if failed == 0 { Ok(()) } else { Err(Error::Check { failed, nodes }) }
}

fn look(source: &Source) -> Result<Log, String> {
    match source {
        Source::File(path) => match file(path) {
            // A node that was just set up has written nothing yet.
            Err(piecewatch_ingest::Error::Empty { .. }) => Ok(Log::default()),
            log => log.map_err(|error| error.to_string()),
        },
        Source::Docker(container) => {
            listening::command("docker", &["logs", "-f", "--tail", "1000", container])
        }
        Source::Journald(unit) => {
            listening::command("journalctl", &["-o", "json", "-f", "-n", "1000", "-u", unit])
        }
        Source::Command(words) => {
            let (program, arguments) = words.split_first().expect("a command names its program");
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            listening::command(program, &arguments)
        }
        Source::Tcp(address) => listening::tcp(address),
    }
}

/// Looks at the file that is written, and for those beside it.
fn file(path: &Path) -> Result<Log, piecewatch_ingest::Error> {
    let pattern = || path.display().to_string();
    let none = |_| piecewatch_ingest::Error::NoMatch { pattern: pattern() };
    let LogFiles { live, rotated } = LogFiles::find(path).map_err(none)?;
    let inspection = inspect(&live)?;
    // What is named as if it were rotated away, and is no log, is passed over when it is followed.
    let rotated = find_archives(&rotated).0;
    let oldest_at = match rotated.first() {
        Some(oldest) => inspect(oldest.path())?.first_at.min(inspection.first_at),
        None => inspection.first_at,
    };
    Ok(Log { inspection, file: Some(live), siblings: Some(rotated.len()), oldest_at })
}
