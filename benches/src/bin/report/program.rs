//! The program itself as a process, and what it used.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, ensure};

use crate::Run;

/// What GNU time tells of a process: seconds on the clock, in user and in system mode, and the most
/// memory in KiB.
const FORMAT: &str = "%e %U %S %M";

/// What an import used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Used {
    /// Seconds on the clock.
    pub(crate) elapsed: f64,
    /// Seconds of processor time of all threads.
    pub(crate) processor: f64,
    /// The most memory, in bytes.
    pub(crate) memory: f64,
}

/// Imports a log into a fresh database with `piecewatch import`.
pub(crate) fn import(run: &Run, log: &Path, keep_raw: bool) -> Result<Used> {
    run.remove_database("program.db");
    let usage = run.path("usage");
    let mut command = Command::new("/usr/bin/time");
    command.args(["--format", FORMAT, "--output"]).arg(&usage);
    command.arg(&run.program).args(["import", "--json", "--node", "bench", "--db"]);
    command.arg(run.path("program.db"));
    if keep_raw {
        command.arg("--keep-raw");
    }
    let output = command.arg(log).output().context("GNU time is needed")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = fs::read_to_string(&usage)?;
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let &[elapsed, user, system, kib] = numbers.as_slice() else {
        anyhow::bail!("GNU time told {text:?}");
    };
    Ok(Used { elapsed, processor: user + system, memory: kib * 1024.0 })
}
