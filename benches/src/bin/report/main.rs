//! Measures the figures that `perf-reports/README.md` sets limits for, all in one run, and writes a
//! report on them.
//!
//! What is compared is measured in turns, round by round, so that whatever else the machine does
//! meets both; ratios are taken within a round. Time on one thread is processor time.

mod analytics;
mod earnings;
mod import;
mod importing;
mod instructions;
mod parsing;
mod profile;
mod program;

use std::{fs, io::Write, path::PathBuf};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand, ValueEnum};
use piecewatch_benches::{
    clock,
    document::{self, Report},
    machine::{self, Machine},
    series::Series,
};

/// Measure, and write a report
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    work: Option<Aside>,
    /// The commit that is measured
    #[arg(long, default_value = "unknown")]
    commit: String,
    /// What to measure; import and earnings, one report each, unless told
    #[arg(long)]
    subject: Option<About>,
    /// The folder of reports
    #[arg(long, default_value = "perf-reports")]
    out: PathBuf,
    /// The program; the one beside this one unless told otherwise
    #[arg(long)]
    program: Option<PathBuf>,
    /// What to say on the figures, as Markdown: it goes into the report
    #[arg(long, requires = "subject")]
    notes: Option<PathBuf>,
    /// Rounds of each measurement
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// A folder of histories that were made before, for analytics; they are made unless told
    #[arg(long)]
    histories: Option<PathBuf>,
    /// Lines of the shorter log; the longer one has four times as many
    #[arg(long, default_value_t = 1_000_000)]
    lines: u64,
}

/// What a report may be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum About {
    /// Lines to what they say, and into a database
    Import,
    /// What nodes earn, and the cache
    Earnings,
    /// Questions with 1, 10 and 100 M transfers: an hour, and 19 GB of files; only when named
    Analytics,
}

/// What is done in a process of its own.
#[derive(Debug, Subcommand)]
enum Aside {
    /// One piece of work, done so many times: to count its instructions
    #[command(hide = true)]
    Work { kind: instructions::Kind, input: PathBuf, times: usize },
    /// Tells how many bytes of memory a ledger takes over the books in a folder
    #[command(hide = true)]
    Ledgers { folder: PathBuf },
    /// Makes the histories of 1, 10 and 100 M transfers in a folder, to measure them more than once
    Histories { folder: PathBuf },
    /// Asks a question of a history many times: to profile it
    #[command(hide = true)]
    Ask { database: PathBuf, question: String, days: i64 },
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    match &cli.work {
        Some(Aside::Work { kind, input, times }) => instructions::work(*kind, input, *times),
        Some(Aside::Ledgers { folder }) => {
            Ok(writeln!(std::io::stdout(), "{}", earnings::memory(folder)?)?)
        }
        Some(Aside::Histories { folder }) => analytics::make(folder).map(drop),
        Some(Aside::Ask { database, question, days }) => {
            analytics::ask_often(database, question, *days)
        }
        None => match cli.subject {
            Some(about) => report(&cli, about),
            None => {
                [About::Import, About::Earnings].iter().try_for_each(|about| report(&cli, *about))
            }
        },
    }
}

/// A measurement: what was told so far, and where to put files that nobody keeps.
#[derive(Debug)]
struct Run {
    rounds: usize,
    lines: u64,
    scratch: tempfile::TempDir,
    program: PathBuf,
    histories: Option<PathBuf>,
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

    fn find_program(&mut self) -> Result<()> {
        self.program = self.program.canonicalize().with_context(|| {
            let path = self.program.display();
            format!("{path}: build the program first (`just perf` does)")
        })?;
        Ok(())
    }

    /// The median of a figure so far; `None` where it was not measured.
    fn median(&self, name: &str) -> Option<f64> {
        let series = self.series.iter().find(|series| series.name == name)?;
        Some(series.spread()?.median)
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

fn report(cli: &Cli, about: About) -> Result<()> {
    let machine = Machine::look();
    let date = clock::today();
    let program = match &cli.program {
        Some(path) => path.clone(),
        None => std::env::current_exe()?.with_file_name("piecewatch"),
    };
    let mut run = Run {
        rounds: cli.rounds.max(1),
        lines: cli.lines,
        scratch: tempfile::tempdir()?,
        program,
        histories: cli.histories.clone(),
        series: Vec::new(),
    };
    let since = clock::Stopwatch::start();
    let subject = match about {
        About::Import => import::measure(&mut run)?,
        About::Earnings => earnings::measure(&mut run)?,
        About::Analytics => analytics::measure(&mut run)?,
    };
    let (year, month, day) = date.date();
    let folder = format!("{year}-{month:02}-{day:02}-{}-{}", cli.commit, subject.name);
    let folder = cli.out.join(folder);
    let notes = match &cli.notes {
        Some(path) => fs::read_to_string(path).with_context(|| path.display().to_string())?,
        None => String::new(),
    };
    let report = Report {
        command: format!("just perf --subject {}", subject.name),
        subject,
        commit: cli.commit.clone(),
        rounds: run.rounds,
        machine,
        load_at_end: machine::load(),
        seconds: since.elapsed().as_secs_f64(),
        series: run.series,
    };
    report.write(&folder, &notes)?;
    say(&format!("written to {}", folder.display()));
    Ok(())
}

/// Tells whoever waits how far it is.
fn say(what: &str) {
    // Nobody may be there to read it.
    let _ = writeln!(std::io::stderr(), "report: {what}");
}
