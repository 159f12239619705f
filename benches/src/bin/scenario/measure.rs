//! A scenario as it runs: logs are written, a collector follows them, and both are watched.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitStatus,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use piecewatch_benches::{
    Load, LoadConfig,
    clock::{self, Stopwatch},
};
use piecewatch_model::NodeName;
use piecewatch_simulator::{Compression, Encoding, Mix, Vocabulary, Writes};

use crate::{
    collector::Collector,
    lag::Lag,
    plan::{Phase, Plan},
    statistics::quantile,
    stored::{Difference, Stored},
    usage::{Observer, Usage},
};

/// Between two looks at what is due to be written.
const STEP: Duration = Duration::from_millis(10);
/// Between two looks at what was committed: as exact as lags are.
const POLL: Duration = Duration::from_millis(50);
/// The longest that a collector may take to make its database, and to catch up at the end.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many steps of writing may wait to be seen; more than a poll lets come together.
const SEEN_LATER_MAX: usize = 1 << 16;
/// Old files kept by a rotation: a log of an hour need not stay.
const KEPT: usize = 10;

/// What is run.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) program: PathBuf,
    /// Further arguments of the program.
    pub(crate) arguments: Vec<String>,
    pub(crate) plan: Plan,
}

/// What one second was like.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Since the start.
    pub(crate) at: Duration,
    /// Which phase of the plan.
    pub(crate) phase: usize,
    /// Whether it counts, or warms up.
    pub(crate) counts: bool,
    pub(crate) usage: Usage,
    /// Lines written so far.
    pub(crate) lines: u64,
    /// Transfers that are written and not committed.
    pub(crate) waiting: u64,
    pub(crate) lag_median_ms: f64,
    pub(crate) lag_max_ms: f64,
    /// The longest lag of all nodes but the first.
    pub(crate) others_max_ms: f64,
}

/// What was found.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) rows: Vec<Row>,
    /// The lags of each phase while it counts, in milliseconds.
    pub(crate) lags: Vec<Vec<f64>>,
    pub(crate) difference: Difference,
    pub(crate) caught_up: Duration,
    pub(crate) status: ExitStatus,
    pub(crate) stopped_after: Duration,
}

/// A node wrote: its number, its transfers so far, when; and the lines of all nodes.
#[derive(Debug)]
struct Wrote {
    node: usize,
    transfers: u64,
    lines: u64,
    at: Duration,
}

/// What the thread that writes is told.
#[derive(Debug)]
enum Order {
    LinesPerSecond(f64),
    Burst(u64),
}

/// Runs a scenario in a folder.
pub(crate) fn measure(setting: &Setting, folder: &Path) -> Result<Measured> {
    let Plan { nodes, phases, .. } = &setting.plan;
    let mut load = Load::create(&load_config(&setting.plan, folder)?)?;
    // No log is empty when it is found.
    load.advance(Duration::from_secs(1), |_, _| {})?;
    let sources = load.sources();
    let database = folder.join("piecewatch.db");
    let log = folder.join("collector.txt");
    let (program, arguments) = (&setting.program, &setting.arguments);
    let mut collector = Collector::start(program, arguments, &database, &sources, log)?;
    let stored = wait_for_database(&database, &mut collector)?;

    let watch = Stopwatch::start();
    let (orders, to_do) = sync_channel(4);
    let (wrote, seen) = sync_channel(SEEN_LATER_MAX);
    let writing = thread::spawn(move || {
        write(load, &to_do, &wrote, watch).inspect_err(|error| crate::say(&format!("{error:#}")))
    });
    let mut session = Session {
        watch,
        observer: Observer::new(collector.id()),
        collector,
        stored,
        numbers: sources.into_iter().enumerate().map(|(at, (name, _))| (name, at)).collect(),
        lag: Lag::new(*nodes),
        writing,
        wrote: seen,
        lines: 0,
        rows: Vec::new(),
        lags: vec![Vec::new(); phases.len()],
    };
    for (at, phase) in phases.iter().enumerate() {
        let lines_per_second = phase.transfers_per_second * 2.0 / *nodes as f64;
        orders.send(Order::LinesPerSecond(lines_per_second)).context("the writer has ended")?;
        session.run(at, phase, &orders)?;
    }
    drop(orders);
    session.finish()
}

fn load_config(plan: &Plan, folder: &Path) -> Result<LoadConfig> {
    let names = (1..=plan.nodes).map(|number| format!("node{number}").parse());
    let first = plan.phases.first().map_or(0.0, |phase| phase.transfers_per_second);
    Ok(LoadConfig {
        folder: folder.to_owned(),
        names: names.collect::<Result<_, _>>()?,
        seed: 1,
        lines_per_second: first * 2.0 / plan.nodes as f64,
        encoding: Encoding::Console,
        vocabulary: Vocabulary::Y2026,
        mix: Mix::Realistic,
        start: clock::now(),
        rotations: plan.rotations.clone(),
        every: plan.every,
        compression: Compression::Later,
        keep: Some(KEPT),
        writes: Writes::Lines,
        same_first_bytes: false,
    })
}

fn wait_for_database(database: &Path, collector: &mut Collector) -> Result<Stored> {
    let watch = Stopwatch::start();
    loop {
        collector.check()?;
        // It is there before its tables are.
        let opened = if database.exists() { Stored::open(database).map(Some) } else { Ok(None) };
        match opened {
            Ok(Some(stored)) => return Ok(stored),
            Err(error) if watch.elapsed() > PATIENCE => return Err(error),
            Ok(None) if watch.elapsed() > PATIENCE => bail!("the collector makes no database"),
            Ok(None) | Err(_) => thread::sleep(POLL),
        }
    }
}

/// Writes logs until nobody gives orders any more.
fn write(
    mut load: Load,
    orders: &Receiver<Order>,
    wrote: &SyncSender<Wrote>,
    watch: Stopwatch,
) -> Result<Load> {
    use std::sync::mpsc::TryRecvError::{Disconnected, Empty};
    let mut last = watch.elapsed();
    let mut lines = load.lines();
    loop {
        match orders.try_recv() {
            Ok(Order::LinesPerSecond(rate)) => load.set_rate(rate),
            Ok(Order::Burst(lines)) => load.burst(0, lines),
            Err(Empty) => {}
            Err(Disconnected) => break,
        }
        let now = watch.elapsed();
        load.advance(now - last, |node, truth| {
            let transfers = truth.transfers_total().count;
            // Who no longer looks has ended already, and says why.
            let _ = wrote.send(Wrote { node, transfers, lines, at: watch.elapsed() });
        })?;
        last = now;
        lines = load.lines();
        thread::sleep(STEP);
    }
    load.flush()?;
    Ok(load)
}

#[derive(Debug)]
struct Session {
    watch: Stopwatch,
    collector: Collector,
    observer: Observer,
    stored: Stored,
    numbers: BTreeMap<NodeName, usize>,
    lag: Lag,
    writing: JoinHandle<Result<Load>>,
    wrote: Receiver<Wrote>,
    lines: u64,
    rows: Vec<Row>,
    lags: Vec<Vec<f64>>,
}

impl Session {
    fn run(&mut self, number: usize, phase: &Phase, orders: &SyncSender<Order>) -> Result<()> {
        let begin = self.watch.elapsed();
        if phase.burst > 0 {
            orders.send(Order::Burst(phase.burst)).context("the writer has ended")?;
        }
        for second in 0..phase.warm_up + phase.seconds {
            ensure!(!self.writing.is_finished(), "logs cannot be written any more");
            self.watch_until(begin + Duration::from_secs(second + 1))?;
            self.sample(number, second >= phase.warm_up)?;
        }
        Ok(())
    }

    fn watch_until(&mut self, until: Duration) -> Result<()> {
        loop {
            let left = until.saturating_sub(self.watch.elapsed());
            if left.is_zero() {
                return Ok(());
            }
            thread::sleep(left.min(POLL));
            self.look()?;
        }
    }

    /// Sees what was written and what was committed.
    fn look(&mut self) -> Result<()> {
        // What is committed was written: it must be seen in this order.
        let changed = self.stored.changed()?;
        let now = self.watch.elapsed();
        for Wrote { node, transfers, lines, at } in self.wrote.try_iter() {
            self.lag.wrote(node, transfers, at);
            self.lines = lines;
        }
        for (name, transfers) in changed {
            if let Some(node) = self.numbers.get(&name) {
                self.lag.committed(*node, transfers, now);
            }
        }
        Ok(())
    }

    fn sample(&mut self, phase: usize, counts: bool) -> Result<()> {
        self.collector.check()?;
        let at = self.watch.elapsed();
        let millis = |(node, lag): (usize, Duration)| (node, lag.as_secs_f64() * 1e3);
        let found: Vec<_> = self.lag.take().into_iter().map(millis).collect();
        let all = || found.iter().copied().chain(self.lag.ages(at).map(millis));
        let lags: Vec<f64> = found.iter().map(|(_, lag)| *lag).collect();
        self.rows.push(Row {
            at,
            phase,
            counts,
            usage: self.observer.look()?,
            lines: self.lines,
            waiting: self.lag.waiting(),
            lag_median_ms: quantile(&lags, 0.5),
            lag_max_ms: all().map(|(_, lag)| lag).fold(0.0, f64::max),
            others_max_ms: all()
                .filter(|(node, _)| *node > 0)
                .map(|(_, lag)| lag)
                .fold(0.0, f64::max),
        });
        if counts {
            self.lags[phase].extend(lags);
        }
        Ok(())
    }

    /// Waits until all is committed, stops the collector, and holds its database to the truth.
    fn finish(mut self) -> Result<Measured> {
        while !self.writing.is_finished() {
            thread::sleep(STEP);
            self.look()?;
        }
        let end = self.watch.elapsed();
        self.look()?;
        while self.lag.waiting() > 0 && self.watch.elapsed() - end < PATIENCE {
            thread::sleep(POLL);
            self.look()?;
        }
        let caught_up = self.watch.elapsed() - end;
        let (status, stopped_after) = self.collector.stop()?;
        let Ok(load) = self.writing.join() else { bail!("the writer of logs panicked") };
        let difference = self.stored.compare(load?.truths())?;
        Ok(Measured {
            rows: self.rows,
            lags: self.lags,
            difference,
            caught_up,
            status,
            stopped_after,
        })
    }
}
