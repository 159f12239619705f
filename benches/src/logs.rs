//! Logs to run on: the same bytes for the same arguments.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

use anyhow::{Context, Result};
use flate2::{Compression, write::GzEncoder};
use piecewatch_simulator::{Config, Encoding, Simulator, Truth, Vocabulary};

/// A simulated log of this many lines, and how many it has.
///
/// # Panics
///
/// Never: writing to memory does not fail.
pub fn log(encoding: Encoding, vocabulary: Vocabulary, lines: u64) -> (Vec<u8>, u64) {
    let mut log = Vec::new();
    let config = Config { seed: 1, encoding, vocabulary, ..Config::default() };
    let truth = Simulator::new(config).write(lines, &mut log).expect("memory takes every write");
    (log, truth.lines)
}

/// Writes a simulated log of this many lines to a file, and gives what it tells.
///
/// # Errors
///
/// When the file cannot be written.
pub fn write_log(path: &Path, config: Config, lines: u64) -> Result<Truth> {
    let write = || {
        let mut file = BufWriter::with_capacity(1 << 18, File::create(path)?);
        let truth = Simulator::new(config).write(lines, &mut file)?;
        file.flush()?;
        io::Result::Ok(truth)
    };
    write().with_context(|| format!("writing {}", path.display()))
}

/// Compresses a file with gzip at its usual level.
///
/// # Errors
///
/// When one file cannot be read or the other written.
pub fn compress(from: &Path, to: &Path) -> Result<()> {
    let mut encoder = GzEncoder::new(File::create(to)?, Compression::default());
    io::copy(&mut File::open(from)?, &mut encoder)?;
    encoder.finish()?;
    Ok(())
}
