//! Lets a collector or a server follow nodes that are not there, and measures what it costs and how late
//! it is.
//!
//! The collector runs as a process of its own; what it uses is read from `/proc` each second, and what
//! it has committed from its database. At the end it must have each transfer once. Those of the server are in
//! [`serving`].

mod collector;
mod document;
mod lag;
mod measure;
mod phases;
mod plan;
mod plot;
mod serving;
mod statistics;
mod stored;
mod targets;
mod usage;

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum, builder::PossibleValue};
use piecewatch_benches::{
    clock,
    machine::{self, Machine},
};

use self::{document::Document, measure::Setting, plan::Scenario};

/// Measure a collector or a server that follows logs
#[derive(Debug, Parser)]
struct Cli {
    /// What happens
    scenario: What,
    /// The collector, or the server; the one beside this program unless told otherwise
    #[arg(long, alias = "collector")]
    program: Option<PathBuf>,
    /// How often a server is measured [default: that of the scenario]
    #[arg(long)]
    rounds: Option<usize>,
    /// A folder of histories that `report histories` made, for startup
    #[arg(long)]
    histories: Option<PathBuf>,
    /// How long each phase is measured, in seconds [default: that of the scenario]
    #[arg(long)]
    seconds: Option<u64>,
    /// Where logs and database are for the time, on the disk that is measured
    #[arg(long)]
    folder: Option<PathBuf>,
    /// The commit that is measured
    #[arg(long, default_value = "unknown")]
    commit: String,
    /// The folder of reports
    #[arg(long, default_value = "perf-reports")]
    out: PathBuf,
    /// What to say on the figures, as Markdown: it goes into the report
    #[arg(long)]
    notes: Option<PathBuf>,
    /// Further arguments of the collector
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// A scenario of the collector or of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Collector(Scenario),
    Server(serving::Name),
}

impl ValueEnum for What {
    fn value_variants<'a>() -> &'a [Self] {
        static ALL: LazyLock<Vec<What>> = LazyLock::new(|| {
            let collector = Scenario::value_variants().iter().copied().map(What::Collector);
            let server = serving::Name::value_variants().iter().copied().map(What::Server);
            collector.chain(server).collect()
        });
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::Collector(scenario) => scenario.to_possible_value(),
            Self::Server(name) => name.to_possible_value(),
        }
    }
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let notes = match &cli.notes {
        Some(path) => fs::read_to_string(path).with_context(|| path.display().to_string())?,
        None => String::new(),
    };
    let scratch = match &cli.folder {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir(),
    }?;
    match cli.scenario {
        What::Collector(scenario) => collect(cli, scenario, notes, scratch.path()),
        What::Server(name) => {
            let options = serving::Options {
                program: cli.program,
                histories: cli.histories,
                seconds: cli.seconds,
                rounds: cli.rounds,
                commit: cli.commit,
                out: cli.out,
                notes,
            };
            let folder = serving::measure(name, options, scratch.path())?;
            say(&format!("written to {}", folder.display()));
            Ok(())
        }
    }
}

/// Measures a scenario of the collector.
fn collect(cli: Cli, scenario: Scenario, notes: String, scratch: &Path) -> Result<()> {
    let machine = Machine::look();
    let setting = Setting {
        program: program(cli.program.as_deref())?,
        arguments: cli.arguments,
        plan: scenario.plan(cli.seconds),
    };
    let seconds: u64 = setting.plan.phases.iter().map(|phase| phase.warm_up + phase.seconds).sum();
    say(&format!("{}: {seconds} s", scenario.name()));
    let measured = measure::measure(&setting, scratch)?;
    let figures = phases::figures(&setting.plan, &measured);
    let targets = targets::targets(scenario, &figures, &measured);
    let missed = targets.iter().filter(|target| !target.is_met).count();
    let (year, month, day) = clock::today().date();
    let folder = cli.out.join(format!("{year}-{month:02}-{day:02}-{}-collector", cli.commit));
    let document = Document {
        scenario,
        commit: cli.commit,
        machine,
        load_at_end: machine::load(),
        plan: setting.plan,
        measured,
        figures,
        targets,
        notes,
    };
    document.write(&folder)?;
    say(&format!("targets missed: {missed}; written to {}", folder.display()));
    Ok(())
}

fn program(given: Option<&Path>) -> Result<PathBuf> {
    let path = match given {
        Some(path) => path.to_owned(),
        None => std::env::current_exe()?.with_file_name("piecewatch-collector"),
    };
    path.canonicalize().with_context(|| {
        format!("{}: build the collector first (`just scenario` does)", path.display())
    })
}

/// Tells whoever waits how far it is.
fn say(what: &str) {
    // Nobody may be there to read it.
    let _ = writeln!(std::io::stderr(), "scenario: {what}");
}
