//! Measures the figures that `perf-reports/README.md` sets limits for, all in one run, and writes a
//! report on them.
//!
//! What is compared is measured in turns, round by round, so that whatever else the machine does
//! meets both; ratios are taken within a round. Time on one thread is processor time.

mod document;
mod importing;
mod instructions;
mod parsing;
mod profile;
mod program;
mod series;

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use piecewatch_benches::{
    clock,
    machine::{self, Machine},
};

use self::{document::Report, series::Series};

/// Measure, and write a report
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    work: Option<Work>,
    /// The commit that is measured
    #[arg(long, default_value = "unknown")]
    commit: String,
    /// What the report is about: the end of its folder's name
    #[arg(long, default_value = "import")]
    subject: String,
    /// The folder of reports
    #[arg(long, default_value = "perf-reports")]
    out: PathBuf,
    /// The program; the one beside this one unless told otherwise
    #[arg(long)]
    program: Option<PathBuf>,
    /// What to say on the figures, as Markdown: it goes into the report
    #[arg(long)]
    notes: Option<PathBuf>,
    /// Rounds of each measurement
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Lines of the shorter log; the longer one has four times as many
    #[arg(long, default_value_t = 1_000_000)]
    lines: u64,
}

/// One piece of work, done so many times: to count its instructions.
#[derive(Debug, Subcommand)]
enum Work {
    #[command(hide = true)]
    Work { kind: instructions::Kind, input: PathBuf, times: usize },
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    match &cli.work {
        Some(Work::Work { kind, input, times }) => instructions::work(*kind, input, *times),
        None => report(&cli),
    }
}

/// A measurement: what was told so far, and where to put files that nobody keeps.
#[derive(Debug)]
struct Run {
    rounds: usize,
    lines: u64,
    scratch: tempfile::TempDir,
    program: PathBuf,
    series: Vec<Series>,
}

impl Run {
    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// Removes a database and what belongs to it.
    fn remove_database(&self, name: &str) {
        for suffix in ["", "-wal", "-shm"] {
            // What is not there is gone.
            let _ = fs::remove_file(self.path(&format!("{name}{suffix}")));
        }
    }

    fn push(&mut self, name: &str, unit: &'static str, value: f64) {
        match self.series.iter_mut().find(|series| series.name == name) {
            Some(series) => series.values.push(value),
            None => {
                self.series.push(Series { name: name.to_owned(), unit, values: vec![value] });
            }
        }
    }
}

fn report(cli: &Cli) -> Result<()> {
    let machine = Machine::look();
    let date = clock::today();
    let mut run = Run {
        rounds: cli.rounds.max(1),
        lines: cli.lines,
        scratch: tempfile::tempdir()?,
        program: program(cli.program.as_deref())?,
        series: Vec::new(),
    };
    let since = clock::Stopwatch::start();
    say("parsing");
    parsing::measure(&mut run)?;
    say("importing");
    let transfers = importing::measure(&mut run)?;
    say("counting instructions");
    let counted = instructions::measure(&mut run)?;
    say("profiling");
    let profile = profile::take(&run)?;
    let (_, month, day) = date.date();
    let folder = format!("{}-{month:02}-{day:02}-{}-{}", date.date().0, cli.commit, cli.subject);
    let folder = cli.out.join(folder);
    let notes = match &cli.notes {
        Some(path) => fs::read_to_string(path).with_context(|| path.display().to_string())?,
        None => String::new(),
    };
    let report = Report {
        commit: cli.commit.clone(),
        rounds: run.rounds,
        lines: run.lines,
        transfers,
        machine,
        load_at_end: machine::load(),
        seconds: since.elapsed().as_secs_f64(),
        has_instructions: counted,
        has_profile: profile.is_some(),
        series: run.series,
    };
    report.write(&folder, &notes, profile.as_deref())?;
    say(&format!("written to {}", folder.display()));
    Ok(())
}

fn program(given: Option<&Path>) -> Result<PathBuf> {
    let path = match given {
        Some(path) => path.to_owned(),
        None => std::env::current_exe()?.with_file_name("piecewatch"),
    };
    path.canonicalize()
        .with_context(|| format!("{}: build the program first (`just perf` does)", path.display()))
}

/// Tells whoever waits how far it is.
fn say(what: &str) {
    // Nobody may be there to read it.
    let _ = writeln!(std::io::stderr(), "report: {what}");
}
