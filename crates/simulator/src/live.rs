//! A log written live: appended to a file as a node does, and rotated as real ones are.

mod rotated;
mod rotation;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use piecewatch_model::{Grain, Timestamp};

use crate::{Config, Error, Result, Simulator, Truth};

pub use rotation::{Compression, Rotation};

use rotated::Rotated;

/// So many lines go to a renamed file before the node opens the new one.
const HELD_LINES: u64 = 20;

/// The most that is written at once by [`Writes::Chunks`].
const CHUNK: usize = 64 * 1024;

/// Where a live log is, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveConfig {
    /// The file, in a folder that exists. [`LiveLog::source`] is what to follow.
    pub path: PathBuf,
    /// How it is rotated.
    pub rotation: Rotation,
    /// When rotated files are compressed.
    pub compression: Compression,
    /// How many rotated files are kept; `None` for all.
    pub keep: Option<usize>,
    /// In what parts lines reach the file.
    pub writes: Writes,
}

impl LiveConfig {
    /// Renamed when rotated, all files kept as they are, a write for each line.
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            rotation: Rotation::Rename,
            compression: Compression::Never,
            keep: None,
            writes: Writes::Lines,
        }
    }
}

/// In what parts lines reach the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Writes {
    /// Each line with one write, as a node does.
    Lines,
    /// Each write ends in the middle of a line; the rest of the last one waits for the next call.
    Halves,
    /// As many lines at once as fit into 64 KiB: what costs least.
    Chunks,
}

/// A node that is not there, appending its log to a file.
///
/// It reads no clock: the caller decides when there are more lines, and when the log is rotated.
///
/// ```
/// use piecewatch_simulator::{Config, LiveConfig, LiveLog};
///
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("node.log");
/// let mut log = LiveLog::create(Config::default(), LiveConfig::new(path.clone()))?;
/// log.write(100)?;
/// log.rotate()?;
/// log.write(10)?;
/// assert_eq!(log.files(), [folder.path().join("node.log.1"), path]);
/// assert_eq!(log.truth().lines, 110);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct LiveLog {
    simulator: Simulator,
    config: LiveConfig,
    /// The day on which the log begins.
    day: Timestamp,
    rotations: u64,
    /// The name of the file that the next line goes to, unless the renamed one is held.
    path: PathBuf,
    /// `None` while the node is stopped.
    file: Option<File>,
    /// How many lines still go to the renamed file; `None` when none is held.
    held_lines: Option<u64>,
    rotated: Rotated,
    /// Lines that are not written yet, or half of one.
    buffer: Vec<u8>,
    bytes: u64,
}

impl LiveLog {
    /// Begins a log. One that is there already is appended to.
    ///
    /// # Errors
    ///
    /// [`Error::File`]: the file cannot be made.
    pub fn create(simulated: Config, config: LiveConfig) -> Result<Self> {
        let start = simulated.start.unwrap_or_else(|| simulated.vocabulary.start());
        let mut log = Self {
            simulator: Simulator::new(simulated),
            day: start.floor(Grain::Day),
            rotations: 0,
            path: config.path.clone(),
            file: None,
            held_lines: None,
            rotated: Rotated::new(config.compression, config.keep),
            buffer: Vec::new(),
            bytes: 0,
            config,
        };
        log.begin_file()?;
        Ok(log)
    }

    /// Appends lines until there are so many more, or some more than that when the last one is
    /// split.
    ///
    /// # Errors
    ///
    /// [`Error::File`]: the file cannot be written. What was not written is counted all the same.
    pub fn write(&mut self, lines: u64) -> Result<()> {
        let end = self.truth().lines.saturating_add(lines);
        while self.truth().lines < end {
            if self.held_lines == Some(0) {
                self.let_go()?;
            }
            let begin = self.buffer.len();
            self.simulator.next_line(&mut self.buffer);
            self.held_lines = self.held_lines.map(|lines| lines - 1);
            match self.config.writes {
                Writes::Lines => self.flush()?,
                Writes::Halves => self.append(begin.midpoint(self.buffer.len()))?,
                Writes::Chunks if self.buffer.len() >= CHUNK => self.flush()?,
                Writes::Chunks => {}
            }
        }
        match self.config.writes {
            Writes::Lines | Writes::Chunks => self.flush(),
            Writes::Halves => Ok(()),
        }
    }

    /// Writes the rest of a half line.
    ///
    /// # Errors
    ///
    /// As for [`LiveLog::write`].
    pub fn flush(&mut self) -> Result<()> {
        self.append(self.buffer.len())
    }

    /// Rotates the log, at the end of a line.
    ///
    /// # Errors
    ///
    /// [`Error::File`]: a file cannot be renamed, copied, compressed or removed.
    pub fn rotate(&mut self) -> Result<()> {
        self.flush()?;
        if self.held_lines.is_some() {
            self.let_go()?;
        }
        self.rotations += 1;
        match self.config.rotation {
            Rotation::Rename => {
                self.file = None;
                self.rename()?;
                self.begin_file()?;
            }
            Rotation::RenameHeld => {
                self.rename()?;
                open(&self.path)?;
                self.held_lines = Some(HELD_LINES);
                // It is compressed when nobody writes to it any more.
                return Ok(());
            }
            Rotation::StopMoveStart => {
                self.file = None;
                self.rename()?;
            }
            Rotation::CopyTruncate => self.copy_and_truncate()?,
            Rotation::Dated | Rotation::Symlink => {
                self.rotated.push(self.path.clone());
                self.begin_file()?;
            }
        }
        self.rotated.tidy()
    }

    /// The node's process ends in one of the usual ways and begins again: the next lines tell of it.
    pub fn restart(&mut self) {
        self.simulator.restart();
    }

    /// Draws what comes from another seed; see [`Simulator::reseed`].
    pub fn reseed(&mut self, seed: u64) {
        self.simulator.reseed(seed);
    }

    /// The totals of what was written so far, and of the half line that waits.
    pub const fn truth(&self) -> &Truth {
        self.simulator.truth()
    }

    /// How many bytes were written so far.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What to follow: the file, or the pattern of all its names.
    pub fn source(&self) -> PathBuf {
        match self.config.rotation {
            Rotation::Dated => self.named("*"),
            Rotation::Rename
            | Rotation::RenameHeld
            | Rotation::StopMoveStart
            | Rotation::CopyTruncate
            | Rotation::Symlink => self.config.path.clone(),
        }
    }

    /// The files of the log that are there, the oldest first.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files = self.rotated.files().to_vec();
        if self.file.is_some() {
            files.push(self.path.clone());
        }
        files
    }

    /// Writes the first bytes of what waits.
    fn append(&mut self, len: usize) -> Result<()> {
        if len == 0 {
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(open(&self.path)?),
        };
        file.write_all(&self.buffer[..len]).map_err(failed("write", &self.path))?;
        self.buffer.drain(..len);
        self.bytes += len as u64;
        Ok(())
    }

    /// Opens the file after so many rotations.
    fn begin_file(&mut self) -> Result<()> {
        match self.config.rotation {
            Rotation::Dated => {
                let days = i64::try_from(self.rotations).unwrap_or(i64::MAX);
                let day = self.day.plus_micros(days.saturating_mul(Grain::Day.micros()));
                let (year, month, day) = day.date();
                self.path = self.named(&format!("{year:04}{month:02}{day:02}"));
                self.file = Some(open(&self.path)?);
            }
            Rotation::Symlink => {
                self.path = self.named(&format!("{:06}", self.rotations));
                self.file = Some(open(&self.path)?);
                self.move_link()?;
            }
            Rotation::Rename
            | Rotation::RenameHeld
            | Rotation::StopMoveStart
            | Rotation::CopyTruncate => self.file = Some(open(&self.path)?),
        }
        Ok(())
    }

    fn rename(&mut self) -> Result<()> {
        let name = self.rotated.shift(&self.path)?;
        fs::rename(&self.path, &name).map_err(failed("rename", &self.path))?;
        self.rotated.push(name);
        Ok(())
    }

    fn copy_and_truncate(&mut self) -> Result<()> {
        let name = self.rotated.shift(&self.path)?;
        fs::copy(&self.path, &name).map_err(failed("copy", &self.path))?;
        self.rotated.push(name);
        // Another program does it, with a handle of its own.
        let file = OpenOptions::new().write(true).open(&self.path);
        file.and_then(|file| file.set_len(0)).map_err(failed("truncate", &self.path))
    }

    /// The node opens the new file and leaves the renamed one alone.
    fn let_go(&mut self) -> Result<()> {
        self.flush()?;
        self.held_lines = None;
        self.begin_file()?;
        self.rotated.tidy()
    }

    /// Lets the link point at the file, in one step: it is always there.
    fn move_link(&self) -> Result<()> {
        let link = &self.config.path;
        let new = link.with_extension("new");
        let target = self.path.file_name().map_or(self.path.as_path(), Path::new);
        symlink(target, &new).map_err(failed("link", &new))?;
        fs::rename(&new, link).map_err(failed("rename", &new))
    }

    /// `node-WORD.log`, where the log is `node.log`.
    fn named(&self, word: &str) -> PathBuf {
        let path = &self.config.path;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        let dot = if extension.is_empty() { "" } else { "." };
        path.with_file_name(format!("{stem}-{word}{dot}{extension}"))
    }
}

fn open(path: &Path) -> Result<File> {
    OpenOptions::new().create(true).append(true).open(path).map_err(failed("open", path))
}

#[cfg(unix)]
fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(windows)]
fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_file(target, link)
}

/// What could not be done with a file.
fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::File { doing, path, source }
}
