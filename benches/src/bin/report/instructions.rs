//! Instructions, counted by callgrind: they repeat exactly, whatever else the machine does.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use piecewatch_benches::{Rows, append, batches, import, log, write_log};
use piecewatch_ingest::Parser;
use piecewatch_model::{NodeName, Timestamp};
use piecewatch_simulator::{Config, Vocabulary};

use crate::{Run, parsing};

const PARSE_LINES: u64 = 20_000;
const IMPORT_LINES: u64 = 100_000;

/// What to do so many times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Parse a file.
    Parse,
    /// Search a file for line ends.
    Scan,
    /// Append the batches of a log to a fresh database.
    Append,
    /// The same without batches: what it costs to make the database.
    AppendNothing,
    /// Insert the rows of a database into a fresh one.
    Limit,
    /// The same without rows.
    LimitNothing,
}

impl Kind {
    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// Does the work, so that its instructions can be counted.
pub(crate) fn work(kind: Kind, input: &Path, times: usize) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let fresh = |number: usize| folder.path().join(format!("{number}.db"));
    match kind {
        Kind::Parse => {
            let log = fs::read(input)?;
            let mut parser = Parser::new();
            for _ in 0..times {
                std::hint::black_box(parsing::parse(&mut parser, &log));
            }
        }
        Kind::Scan => {
            let log = fs::read(input)?;
            for _ in 0..times {
                let ends = memchr::memchr_iter(b'\n', std::hint::black_box(&log));
                std::hint::black_box(ends.fold(0, |sum, end| sum ^ end));
            }
        }
        Kind::Append => {
            let batches = batches(&"bench".parse()?, input)?;
            for number in 0..times {
                append(&batches, &fresh(number), now())?;
            }
        }
        Kind::AppendNothing => {
            for number in 0..times {
                append(&[], &fresh(number), now())?;
            }
        }
        Kind::Limit => {
            let rows = Rows::read(input)?;
            for number in 0..times {
                rows.insert(Rows::prepare(&fresh(number))?)?;
            }
        }
        Kind::LimitNothing => {
            for number in 0..times {
                Rows::default().insert(Rows::prepare(&fresh(number))?)?;
            }
        }
    }
    Ok(())
}

/// Young enough for every sum.
fn now() -> Timestamp {
    Vocabulary::Y2026.start().plus_micros(24 * 3600 * 1_000_000)
}

/// Counts, and says whether it could: callgrind may not be there.
pub(crate) fn measure(run: &mut Run) -> Result<bool> {
    if Command::new("valgrind").arg("--version").output().is_err() {
        return Ok(false);
    }
    for (name, encoding, vocabulary) in parsing::FORMS {
        let (log, lines) = log(encoding, vocabulary, PARSE_LINES);
        let path = run.path("count.log");
        fs::write(&path, log)?;
        let parse = once(run, Kind::Parse, &path)? / lines as f64;
        run.push(&format!("instructions, parse {name}"), "instructions/line", parse);
        let scan = once(run, Kind::Scan, &path)? / lines as f64;
        run.push(&format!("instructions, scan {name}"), "instructions/line", scan);
    }
    let path = run.path("count.log");
    write_log(&path, Config::default(), IMPORT_LINES)?;
    let database = run.path("count.db");
    let node: NodeName = "bench".parse()?;
    import(&node, &path, &database, now())?;
    let transfers = Rows::read(&database)?.len() as f64;
    let append = once(run, Kind::Append, &path)? - once(run, Kind::AppendNothing, &path)?;
    let limit = once(run, Kind::Limit, &database)? - once(run, Kind::LimitNothing, &database)?;
    let (append, limit) = (append / transfers, limit / transfers);
    run.push("instructions, append", "instructions/transfer", append);
    run.push("instructions, limit", "instructions/transfer", limit);
    run.push("instructions, append/limit", "ratio", append / limit);
    Ok(true)
}

/// The instructions of doing it once: of twice, less those of once, which takes the start away.
fn once(run: &Run, kind: Kind, input: &Path) -> Result<f64> {
    Ok(count(run, kind, input, 2)? - count(run, kind, input, 1)?)
}

fn count(run: &Run, kind: Kind, input: &Path, times: usize) -> Result<f64> {
    let out = run.path("callgrind.out");
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--quiet"]);
    command.arg(format!("--callgrind-out-file={}", out.display()));
    command.arg(std::env::current_exe()?).args(["work", &kind.name()]);
    let output = command.arg(input).arg(times.to_string()).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = fs::read_to_string(&out)?;
    let total = text.lines().find_map(|line| line.strip_prefix("summary:"));
    total.and_then(|total| total.trim().parse().ok()).context("callgrind told no total")
}
