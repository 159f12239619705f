//! What an import says when it is done.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::Path,
    sync::Arc,
    time::Duration,
};

use piecewatch_ingest::{FileReport, Status};
use piecewatch_model::{LineCounts, NodeName};
use serde::Serialize;

use crate::{
    Colour,
    table::{Align, Cell, Style, Table, number},
};

/// What an import did.
#[derive(Debug)]
pub(super) struct Report {
    /// The node whose log it was.
    pub(super) node: NodeName,
    /// What became of the files.
    pub(super) files: Files,
    /// How long it took.
    pub(super) elapsed: Duration,
}

/// What became of the files, in the order in which they were read.
#[derive(Debug, Default)]
pub(super) struct Files(Vec<File>);

impl Files {
    /// Adds what an attempt did to what those before it did.
    pub(super) fn add(
        &mut self,
        reports: Vec<(String, FileReport)>,
        counts: &BTreeMap<Arc<str>, LineCounts>,
    ) {
        for (path, report) in reports {
            let counts = counts.get(path.as_str()).copied().unwrap_or_default();
            let FileReport { status, unread_bytes } = report;
            match self.0.iter_mut().find(|file| file.path == path) {
                // What an earlier attempt stored is no news to the next one, but is to the user.
                Some(file) => {
                    let nothing_before = file.counts.lines() == 0;
                    if nothing_before || file.status == Status::Incomplete {
                        file.status = match status {
                            Status::AlreadyImported if !nothing_before => Status::Imported,
                            Status::AlreadyImported
                            | Status::Imported
                            | Status::Resumed
                            | Status::Incomplete => status,
                        };
                    }
                    file.counts += counts;
                    file.unread_bytes = unread_bytes;
                }
                None => self.0.push(File { path, counts, status, unread_bytes }),
            }
        }
    }

    fn total(&self) -> LineCounts {
        let mut total = LineCounts::default();
        for file in &self.0 {
            total += file.counts;
        }
        total
    }
}

/// What became of one file.
#[derive(Debug, Clone)]
struct File {
    /// Its name.
    path: String,
    /// What its lines were, of those that were new and are stored.
    counts: LineCounts,
    /// How much of it was new.
    status: Status,
    /// Bytes of a last line that is not finished.
    unread_bytes: u64,
}

#[derive(Serialize)]
struct Root<'a> {
    node: &'a str,
    files: Vec<FileObject<'a>>,
    lines: u64,
    transfers: u64,
    elapsed_s: f64,
    lines_per_s: f64,
}

/// One file; `lines` is the sum of the fields that follow it, but for `skipped_bytes`.
#[derive(Serialize)]
struct FileObject<'a> {
    path: &'a str,
    lines: u64,
    transfers: u64,
    started: u64,
    rejected: u64,
    maintenance: Maintenance,
    told_twice: u64,
    continuation: u64,
    other: u64,
    unparsed: u64,
    skipped_bytes: u64,
    status: &'static str,
}

/// The lines about the node itself, by kind.
#[derive(Serialize)]
struct Maintenance {
    compactions: u64,
    maintenance: u64,
    orders: u64,
    scores: u64,
    troubles: u64,
    lifecycle: u64,
}

impl Report {
    /// Lines in a second; 0 when there was nothing to read.
    fn lines_per_s(&self) -> f64 {
        let seconds = self.elapsed.as_secs_f64();
        if seconds > 0.0 { (self.files.total().lines() as f64 / seconds).round() } else { 0.0 }
    }

    /// Writes one JSON object.
    pub(super) fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        let total = self.files.total();
        let root = Root {
            node: self.node.as_str(),
            files: self.files.0.iter().map(File::object).collect(),
            lines: total.lines(),
            transfers: total.transfers,
            elapsed_s: (self.elapsed.as_secs_f64() * 1e6).round() / 1e6,
            lines_per_s: self.lines_per_s(),
        };
        serde_json::to_writer_pretty(&mut *out, &root)?;
        writeln!(out)
    }

    /// Writes tables for people.
    pub(super) fn write_text(
        &self,
        db: &Path,
        out: &mut dyn Write,
        colour: Colour,
    ) -> io::Result<()> {
        // Then the errors say it all.
        if self.files.0.is_empty() {
            return Ok(());
        }
        let total = self.files.total();
        let node = Style::Bold.paint(self.node.as_str(), colour);
        let lines = number(total.lines());
        let files = match self.files.0.len() {
            1 => "1 file".to_owned(),
            n => format!("{} files", number(n as u64)),
        };
        writeln!(
            out,
            "{node}   {lines} new lines of {files} in {:.2} s ({} lines/s), into {}",
            self.elapsed.as_secs_f64(),
            number(self.lines_per_s() as u64),
            db.display(),
        )?;
        writeln!(out)?;
        self.files_table().write(out, colour)?;
        if total.lines() == 0 {
            return Ok(());
        }
        writeln!(out)?;
        lines_table(&total).write(out, colour)?;
        if total.skipped_bytes > 0 {
            let skipped = number(total.skipped_bytes);
            writeln!(out, "\n  {skipped} bytes are no text of a log and were passed over.")?;
        }
        Ok(())
    }

    fn files_table(&self) -> Table {
        let mut table = Table::new([
            ("FILE", Align::Left),
            ("NEW LINES", Align::Right),
            ("TRANSFERS", Align::Right),
            ("STATUS", Align::Left),
            ("", Align::Left),
        ]);
        for file in &self.files.0 {
            let style = match file.status {
                Status::Imported | Status::Resumed => Style::Plain,
                Status::AlreadyImported => Style::Dim,
                Status::Incomplete => Style::Alert,
            };
            table.row([
                Cell::styled(file.path.clone(), style),
                Cell::styled(number(file.counts.lines()), style),
                Cell::styled(number(file.counts.transfers), style),
                Cell::styled(file.status.name(), style),
                Cell::from(match file.unread_bytes {
                    0 => String::new(),
                    n => format!(
                        "its last line is unfinished, and left for later ({} bytes)",
                        number(n)
                    ),
                }),
            ]);
        }
        table
    }
}

impl File {
    fn object(&self) -> FileObject<'_> {
        let counts = &self.counts;
        FileObject {
            path: &self.path,
            lines: counts.lines(),
            transfers: counts.transfers,
            started: counts.started,
            rejected: counts.rejected,
            maintenance: Maintenance {
                compactions: counts.compactions,
                maintenance: counts.maintenance,
                orders: counts.orders,
                scores: counts.scores,
                troubles: counts.troubles,
                lifecycle: counts.lifecycle,
            },
            told_twice: counts.told_twice,
            continuation: counts.continuation,
            other: counts.other,
            unparsed: counts.unparsed,
            skipped_bytes: counts.skipped_bytes,
            status: self.status.name(),
        }
    }
}

/// What the lines were; kinds of which there is none are left out.
fn lines_table(total: &LineCounts) -> Table {
    let mut table = Table::new([("LINES", Align::Right), ("THAT TELL OF", Align::Left)]);
    let kinds = [
        (total.transfers, "uploads and downloads that ended: the transfers"),
        (total.started, "uploads and downloads that began"),
        (total.rejected, "uploads that were rejected"),
        (total.compactions, "compactions of the hash store"),
        (total.maintenance, "garbage collection, trash, file walkers, migration"),
        (total.orders, "orders that were settled"),
        (total.scores, "scores that satellites gave"),
        (total.troubles, "trouble"),
        (total.lifecycle, "starts, stops and versions of the node"),
        (total.told_twice, "events that another line tells already"),
        (total.continuation, "more on the line before: stack traces, split lines"),
        (total.other, "something else, well-formed"),
        (total.unparsed, "nothing that a node writes: not understood"),
    ];
    for (lines, what) in kinds {
        if lines > 0 {
            table.row([Cell::from(number(lines)), Cell::from(what)]);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let counts = LineCounts {
            transfers: 3,
            started: 4,
            rejected: 1,
            compactions: 2,
            maintenance: 5,
            orders: 6,
            scores: 7,
            troubles: 8,
            lifecycle: 9,
            told_twice: 10,
            continuation: 11,
            other: 12,
            unparsed: 13,
            skipped_bytes: 1_000,
        };
        let report = |status| FileReport { status, unread_bytes: 0 };
        let mut files = Files::default();
        files.add(
            vec![
                ("node.log".into(), report(Status::Imported)),
                ("node.log.1".into(), report(Status::AlreadyImported)),
            ],
            &BTreeMap::from([("node.log".into(), counts)]),
        );
        Report { node: "attic".parse().unwrap(), files, elapsed: Duration::from_millis(500) }
    }

    #[test]
    fn a_second_attempt_does_not_hide_the_first() {
        let mut files = report().files;
        let counts = LineCounts { transfers: 1, ..LineCounts::default() };
        let again = FileReport { status: Status::AlreadyImported, unread_bytes: 0 };
        let resumed = FileReport { status: Status::Resumed, unread_bytes: 0 };
        files.add(
            vec![("node.log".into(), again), ("node.log.1".into(), resumed)],
            &BTreeMap::from([("node.log.1".into(), counts)]),
        );
        let told: Vec<_> =
            files.0.iter().map(|file| (file.status.name(), file.counts.lines())).collect();
        assert_eq!(told, [("imported", 91), ("resumed", 1)]);
    }

    #[test]
    fn lines_are_the_sum_of_their_parts() {
        let mut out = Vec::new();
        report().write_json(&mut out).unwrap();
        let root: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!((&root["lines"], &root["lines_per_s"]), (&91.into(), &182.0.into()));
        let file = root["files"][0].as_object().unwrap();
        let sum = |object: &serde_json::Map<String, serde_json::Value>| -> u64 {
            object.values().filter_map(serde_json::Value::as_u64).sum()
        };
        let parts = sum(file) + sum(file["maintenance"].as_object().unwrap());
        assert_eq!(parts - 91 - 1_000, 91, "what is left without `lines` and `skipped_bytes`");
        assert_eq!(root["files"][1]["status"], "already imported");
    }

    #[test]
    fn the_text_names_files_and_kinds() {
        let mut out = Vec::new();
        report().write_text(Path::new("n.db"), &mut out, Colour::Off).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.starts_with(
                "attic   91 new lines of 2 files in 0.50 s (182 lines/s), into n.db\n"
            )
        );
        assert!(text.contains("  node.log.1          0          0  already imported\n"), "{text}");
        assert!(text.contains("     13  nothing that a node writes"), "{text}");
    }
}
