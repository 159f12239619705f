//! The rotated files of a log, of which what is unread is read.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::SystemTime,
};

use piecewatch_model::{Batch, NodeName};

use super::{Control, State, files::Files};
use crate::{Archive, Error, Flow, Status, import::Import};

/// The rotated files of a log, and what is known of them.
#[derive(Debug)]
pub(super) struct Rotated {
    node: NodeName,
    /// Files that hold nothing new, by size and time of their last change.
    settled: HashMap<PathBuf, Change>,
    /// Files that could not be read when they were last tried, by the same.
    broken: HashMap<PathBuf, Change>,
}

impl Rotated {
    pub(super) fn new(node: NodeName) -> Self {
        Self { node, settled: HashMap::new(), broken: HashMap::new() }
    }

    /// Whether all of them were read, for all that is known.
    pub(super) fn is_read(&mut self, files: &Files, live: &Path) -> bool {
        self.unread(files, live).is_some_and(|unread| unread.is_empty())
    }

    /// Reads what is unread in the files beside the one that is written, oldest first. `None` when one
    /// cannot be read just now: what comes after it is not read before it.
    pub(super) fn read(
        &mut self,
        files: &Files,
        live: &Path,
        import: &mut Import,
        control: &Control,
        sink: &mut impl FnMut(Vec<Batch>) -> Flow,
    ) -> Option<Flow> {
        let archives = self.unread(files, live)?;
        if !files.is_written(live) {
            // One of them is what is written now: it comes after this one.
            return Some(Flow::Continue);
        }
        let total_bytes = archives.iter().map(|(archive, _)| archive.disk_len()).sum();
        let progress = AtomicU64::new(0);
        let mut last_read: Option<&Archive> = None;
        for (archive, change) in &archives {
            let report = import.file(archive, &progress, |batch| {
                let read_bytes = progress.load(Ordering::Relaxed);
                control.set(State::CatchingUp { read_bytes, total_bytes });
                control.give(sink, batch)
            });
            let (node, path) = (&self.node, archive.path());
            match report {
                Ok(report) if report.status == Status::Incomplete => return Some(Flow::Stop),
                Ok(report) => {
                    if report.status != Status::AlreadyImported {
                        let status = report.status.name();
                        tracing::info!(%node, file = %path.display(), status, "read a rotated log");
                    }
                    last_read = Some(archive);
                }
                // The compressed form of a file that was read; it is not complete yet.
                Err(_) if last_read.is_some_and(|last| last.is_compressed_as(archive)) => continue,
                Err(error) if self.broken.get(path) == Some(change) => {
                    tracing::warn!(%node, "{error}");
                }
                Err(_) => {
                    self.broken.insert(path.to_owned(), *change);
                    return None;
                }
            }
            self.settled.insert(path.to_owned(), *change);
        }
        // Whoever is told to stop meanwhile still reads the end of the file that is written.
        Some(Flow::Continue)
    }

    /// The files beside the one that is written of which it is not known that all is read, in the
    /// order in which they were written. `None` when one was renamed meanwhile.
    fn unread(&mut self, files: &Files, live: &Path) -> Option<Vec<(Archive, Change)>> {
        let siblings = files.siblings(live);
        let mut archives = Vec::new();
        for path in &siblings {
            let change = change_of(path)?;
            if self.settled.get(path) == Some(&change) {
                continue;
            }
            match Archive::open(path) {
                Ok(archive) => archives.push((archive, change)),
                Err(Error::Missing { .. }) => return None,
                Err(Error::Empty { .. } | Error::NotALog { .. }) => {
                    self.settled.insert(path.clone(), change);
                }
                Err(error) => tracing::warn!(node = %self.node, "{error}"),
            }
        }
        // A folder that is read while names in it change may hide one.
        if files.siblings(live) != siblings {
            return None;
        }
        self.settled.retain(|path, _| siblings.contains(path));
        self.broken.retain(|path, _| siblings.contains(path));
        archives.sort_by(|(one, _), (other, _)| one.written_before(other));
        Some(archives)
    }
}

/// What changes when a file does: its size, and the time of its last change.
type Change = (u64, Option<SystemTime>);

fn change_of(path: &Path) -> Option<Change> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.len(), metadata.modified().ok()))
}
