//! The files that a log left behind: numbered, compressed and removed.

use std::{
    ffi::OsString,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use flate2::write::GzEncoder;

use super::{Compression, failed};
use crate::Result;

/// The rotated files of one log.
#[derive(Debug)]
pub(super) struct Rotated {
    compression: Compression,
    keep: Option<usize>,
    /// The oldest first.
    files: Vec<PathBuf>,
}

impl Rotated {
    pub(super) const fn new(compression: Compression, keep: Option<usize>) -> Self {
        Self { compression, keep, files: Vec::new() }
    }

    /// The oldest first.
    pub(super) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Adds the youngest one, under the name that it has.
    pub(super) fn push(&mut self, path: PathBuf) {
        self.files.push(path);
    }

    /// Makes `node.log.2` of `node.log.1` and so on; gives the name that is free then.
    pub(super) fn shift(&mut self, log: &Path) -> Result<PathBuf> {
        let oldest = self.files.len() + 1;
        for (at, file) in self.files.iter_mut().enumerate() {
            let mut name = with_suffix(log, &format!(".{}", oldest - at));
            if file.extension().is_some_and(|extension| extension == "gz") {
                name = with_suffix(&name, ".gz");
            }
            fs::rename(&*file, &name).map_err(failed("rename", file))?;
            *file = name;
        }
        Ok(with_suffix(log, ".1"))
    }

    /// Removes what is too old, and compresses what is to be compressed by now.
    pub(super) fn tidy(&mut self) -> Result<()> {
        let extra = self.keep.map_or(0, |keep| self.files.len().saturating_sub(keep));
        for file in self.files.drain(..extra) {
            fs::remove_file(&file).map_err(failed("remove", &file))?;
        }
        let younger = match self.compression {
            Compression::Never => return Ok(()),
            Compression::AtOnce => 0,
            Compression::Later => 1,
        };
        if let Some(file) = self.files.iter_mut().rev().nth(younger) {
            let compressed = with_suffix(file, ".gz");
            compress(file, &compressed).map_err(failed("compress", file))?;
            *file = compressed;
        }
        Ok(())
    }
}

/// As gzip does: both files are there until the compressed one is whole.
fn compress(from: &Path, to: &Path) -> io::Result<()> {
    let mut encoder = GzEncoder::new(File::create(to)?, flate2::Compression::default());
    io::copy(&mut File::open(from)?, &mut encoder)?;
    encoder.finish()?;
    fs::remove_file(from)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}
