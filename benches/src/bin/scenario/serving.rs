//! The scenarios of the server: nodes that write, browsers that watch, and what the server makes of it.
//!
//! The server is a process of its own, and what it uses is read from `/proc` each second. Browsers are
//! WebSocket clients of this process, each with a mirror of what it was told; logs are written by a
//! thread of this process, which notes when each transfer was written.

mod aggregate;
mod crowd;
mod hostile;
mod latency;
mod mixed;
mod profile;
mod rates;
mod server;
mod session;
mod startup;
mod switches;
mod told;
mod user;
mod watcher;
mod websocket;
mod writer;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use piecewatch_benches::{
    clock::{self, Stopwatch},
    document::{Report, Subject},
    machine::{self, Machine},
    series::Series,
};
use piecewatch_model::Grain;

use self::session::Second;

/// A scenario of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    /// 5 and 10 browsers at 0, 200 and 400 transfers a second, with windows of 75 and 20 ms
    Websocket,
    /// 600 clients that do not read, talk nonsense or vanish, beside 10 that behave
    Hostile,
    /// 3 to 10 browsers that want 1, 2 or 5 updates a second, or all: what is sent
    Rates,
    /// 1,000 browsers at 5,000 transfers a second
    Crowd,
    /// From the start to the first overview, over histories of 30 days
    Startup,
    /// Each optimisation off and on
    Switches,
    /// 10, 50 and 100 users who ask for a day and a month over HTTP
    Aggregate,
    /// 10 browsers and 10 users at 400 transfers a second, with a profile
    Mixed,
}

impl Name {
    /// The word for it, on the command line and in names of files.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Websocket => "websocket",
            Self::Hostile => "hostile",
            Self::Rates => "rates",
            Self::Crowd => "crowd",
            Self::Startup => "startup",
            Self::Switches => "switches",
            Self::Aggregate => "aggregate",
            Self::Mixed => "mixed",
        }
    }
}

/// What is told on the command line.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) program: Option<PathBuf>,
    pub(crate) histories: Option<PathBuf>,
    pub(crate) seconds: Option<u64>,
    pub(crate) rounds: Option<usize>,
    pub(crate) commit: String,
    pub(crate) out: PathBuf,
    pub(crate) notes: String,
}

/// A measurement as it runs.
#[derive(Debug)]
struct Run {
    program: PathBuf,
    histories: Option<PathBuf>,
    /// How long a phase is measured.
    seconds: u64,
    rounds: usize,
    scratch: PathBuf,
    /// How many folders were taken.
    folders: usize,
    series: Vec<Series>,
    /// What each second was like.
    over_time: Vec<Second>,
}

impl Run {
    /// A folder that nobody has.
    fn folder(&mut self) -> Result<PathBuf> {
        self.folders += 1;
        let folder = self.scratch.join(self.folders.to_string());
        fs::create_dir(&folder).with_context(|| folder.display().to_string())?;
        Ok(folder)
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

/// How long before midnight nothing begins any more, in microseconds: no scenario takes longer.
const MIDNIGHT_BEFORE: i64 = 30 * Grain::Minute.micros();

/// Measures a scenario and writes the report. Gives where.
pub(crate) fn measure(name: Name, options: Options, scratch: &Path) -> Result<PathBuf> {
    let machine = Machine::look();
    let since = Stopwatch::start();
    let date = clock::today();
    let passed = clock::now().as_micros() - date.as_micros();
    ensure!(
        (Grain::Hour.micros()..Grain::Day.micros() - MIDNIGHT_BEFORE).contains(&passed),
        "browsers are shown the transfers of today and the minutes of the last hour: near midnight UTC \
         there are few, and at midnight they are counted anew; measure from 01:00 to 23:30"
    );
    raise_limit()?;
    let (seconds, rounds) = match name {
        Name::Websocket => (15, 3),
        Name::Hostile => (20, 3),
        Name::Rates | Name::Switches => (8, 3),
        Name::Crowd => (20, 2),
        Name::Startup => (0, 7),
        Name::Aggregate => (8, 3),
        Name::Mixed => (20, 3),
    };
    let mut run = Run {
        program: program(options.program.as_deref())?,
        histories: options.histories,
        seconds: options.seconds.unwrap_or(seconds),
        rounds: options.rounds.unwrap_or(rounds).max(1),
        scratch: scratch.to_owned(),
        folders: 0,
        series: Vec::new(),
        over_time: Vec::new(),
    };
    let mut subject = match name {
        Name::Websocket => websocket::measure(&mut run)?,
        Name::Hostile => hostile::measure(&mut run)?,
        Name::Rates => rates::measure(&mut run)?,
        Name::Crowd => crowd::measure(&mut run)?,
        Name::Startup => startup::measure(&mut run)?,
        Name::Switches => switches::measure(&mut run)?,
        Name::Aggregate => aggregate::measure(&mut run)?,
        Name::Mixed => mixed::measure(&mut run)?,
    };
    told::add_over_time(&mut subject, &run.over_time);
    let (year, month, day) = date.date();
    let folder = format!("{year}-{month:02}-{day:02}-{}-{}", options.commit, subject.name);
    let folder = options.out.join(folder);
    let report = Report {
        command: format!("just scenario {}", name.word()),
        subject,
        commit: options.commit,
        rounds: run.rounds,
        machine,
        load_at_end: machine::load(),
        seconds: since.elapsed().as_secs_f64(),
        series: run.series,
    };
    report.write(&folder, &options.notes)?;
    Ok(folder)
}

/// As many files and connections as may be: the server has the limits of whoever starts it.
#[cfg(unix)]
fn raise_limit() -> Result<()> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    Ok(setrlimit(Resource::Nofile, limit)?)
}

#[cfg(not(unix))]
fn raise_limit() -> Result<()> {
    Ok(())
}

fn program(given: Option<&Path>) -> Result<PathBuf> {
    let path = match given {
        Some(path) => path.to_owned(),
        None => std::env::current_exe()?.with_file_name("piecewatch"),
    };
    path.canonicalize().with_context(|| {
        format!("{}: build the server first (`just scenario` does)", path.display())
    })
}

/// The report's head, before it is known what was found.
fn subject(name: Name, title: &'static str, method: String) -> Subject {
    Subject {
        name: name.word(),
        title,
        method,
        targets: Vec::new(),
        tables: String::new(),
        files: std::collections::BTreeMap::new(),
    }
}
