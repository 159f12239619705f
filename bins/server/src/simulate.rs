//! `piecewatch simulate`: the log of a node that is not there, and what it tells in truth.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use piecewatch_simulator::{Config, Simulator, Truth};

use crate::{Error, Result, cli::SimulateArgs, table::number};

/// Writes the log and its truth.
pub(crate) fn run(arguments: &SimulateArgs, out: &mut dyn Write) -> Result<()> {
    let log = &arguments.out;
    let truth_file = with_suffix(log, ".truth.json");
    for path in [log, &truth_file] {
        let replaceable = arguments.force && path.is_file();
        if path.exists() && !replaceable {
            return Err(Error::Exists { path: path.clone(), hint: ", or give --force" });
        }
    }
    let config = Config {
        seed: arguments.seed,
        encoding: arguments.encoding,
        vocabulary: arguments.vocabulary,
        ..Config::default()
    };
    let mut simulator = Simulator::new(config);
    let truth = write_whole(log, |file| simulator.write(arguments.lines, file))?;
    write_whole(&truth_file, |file| file.write_all(truth.to_json().as_bytes()))?;
    tell(arguments, &truth, &truth_file, out).map_err(Error::Output)
}

fn tell(
    arguments: &SimulateArgs,
    truth: &Truth,
    truth_file: &Path,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    let (lines, transfers) = (number(truth.lines), number(truth.transfers_total().count));
    writeln!(out, "{}: {lines} lines, {transfers} transfers", arguments.out.display())?;
    writeln!(out, "{}: what they tell in truth", truth_file.display())
}

/// Writes a file under another name first, so that one that is there is whole.
fn write_whole<T>(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<T>,
) -> Result<T> {
    let part = with_suffix(path, ".part");
    let written = File::create(&part).and_then(|file| {
        let mut file = BufWriter::with_capacity(1 << 18, file);
        let result = write(&mut file)?;
        file.flush()?;
        fs::rename(&part, path)?;
        Ok(result)
    });
    written.map_err(|source| {
        // What is half written is of no use; if it cannot be removed either, its name says so.
        let _ = fs::remove_file(&part);
        Error::Write { path: path.to_owned(), source }
    })
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}
