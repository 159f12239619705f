//! Logs that are written live, and when each transfer was.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, TryRecvError, channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use piecewatch_benches::{Every, Load, LoadConfig, clock};
use piecewatch_model::{Grain, NodeName, Timestamp};
use piecewatch_simulator::{Compression, Encoding, Mix, Rotation, Vocabulary, Writes};

/// Between two looks at what is due to be written.
const STEP: Duration = Duration::from_millis(2);
/// How far back logs begin, in microseconds: browsers are shown the minutes of the last hour. Not before
/// today, since they are told of the transfers of today.
const BEFORE: i64 = 3600 * 1_000_000;
/// How long before now they end, in microseconds: a log runs by its own clock, and what is ahead of now
/// would be the newest for as long, so that no list of the newest would change.
const GAP: i64 = 300 * 1_000_000;
/// Lines that a node wrote in each second of that time.
const LINES_BEFORE: f64 = 2.0;
/// The same of the time that is measured, by the clock of the logs.
const LINES: f64 = 100.0;

/// What a node had written by some instant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written {
    /// Transfers that had ended, all of them.
    pub(super) transfers: u64,
    /// Just before the last of them was written.
    pub(super) at: Duration,
}

/// What each node wrote, one step after another.
pub(super) type Steps = Arc<Mutex<Vec<Vec<Written>>>>;

/// A thread that writes logs.
#[derive(Debug)]
pub(super) struct Writer {
    rates: Option<Sender<f64>>,
    thread: Option<JoinHandle<Result<()>>>,
    steps: Steps,
    /// Transfers a second are shared among so many.
    nodes: usize,
}

impl Writer {
    /// Begins logs of so many nodes in a folder, with a quiet hour before now in them. Nothing more is
    /// written until a rate is told.
    pub(super) fn begin(folder: &Path, nodes: usize) -> Result<(Self, Vec<(NodeName, PathBuf)>)> {
        let names = (1..=nodes).map(|number| format!("node{number}").parse());
        let names: Vec<NodeName> = names.collect::<std::result::Result<_, _>>()?;
        let now = clock::now();
        let before = before(folder, &names, now)?;
        let mut load = Load::create(&config(folder, &names, now, (1, LINES)))?;
        // No log is empty when it is found.
        load.advance(Duration::from_secs(1), |_, _| {})?;
        load.set_rate(0.0);
        let sources = load.sources();
        let steps: Steps = Arc::new(Mutex::new(vec![Vec::new(); nodes]));
        let (rates, told) = channel();
        let noted = Arc::clone(&steps);
        let thread = thread::spawn(move || write(load, &before, &told, &noted));
        Ok((Self { rates: Some(rates), thread: Some(thread), steps, nodes }, sources))
    }

    /// From now on so many transfers a second end, in all.
    pub(super) fn set_rate(&self, transfers_per_second: f64) -> Result<()> {
        // About half of the lines are starts.
        let lines = transfers_per_second * 2.0 / self.nodes as f64;
        let rates = self.rates.as_ref().context("it writes no more")?;
        rates.send(lines).context("logs cannot be written any more")
    }

    /// What was written from an instant on until another.
    pub(super) fn between(&self, from: Duration, to: Duration) -> Vec<Vec<Step>> {
        let steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        let of_node = |steps: &Vec<Written>| {
            let mut before = 0;
            let mut found = Vec::new();
            for Written { transfers, at } in steps {
                if (from..to).contains(at) {
                    found.push(Step { transfers: *transfers, more: transfers - before, at: *at });
                }
                before = *transfers;
            }
            found
        };
        steps.iter().map(of_node).collect()
    }

    /// Ends it.
    pub(super) fn stop(mut self) -> Result<()> {
        self.rates = None;
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(ended)) => ended,
            Some(Err(_)) | None => bail!("the writer of logs panicked"),
        }
    }
}

/// What was written at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// Transfers that had ended, all of them.
    pub(super) transfers: u64,
    /// Of them, those of this step.
    pub(super) more: u64,
    /// Just before it was written.
    pub(super) at: Duration,
}

fn config(
    folder: &Path,
    names: &[NodeName],
    start: Timestamp,
    (seed, lines): (u64, f64),
) -> LoadConfig {
    LoadConfig {
        folder: folder.to_owned(),
        names: names.to_owned(),
        seed,
        lines_per_second: lines,
        encoding: Encoding::Console,
        vocabulary: Vocabulary::Y2026,
        mix: Mix::Realistic,
        start,
        rotations: vec![Rotation::Rename],
        every: Every::Never,
        compression: Compression::Never,
        keep: None,
        writes: Writes::Lines,
        same_first_bytes: false,
    }
}

/// Writes what nodes did before, as rotated parts of their logs, and tells how many transfers ended.
fn before(folder: &Path, names: &[NodeName], now: Timestamp) -> Result<Vec<u64>> {
    let start = now.plus_micros(-BEFORE).max(now.floor(Grain::Day));
    let micros = (now.as_micros() - GAP - start.as_micros()).max(0).unsigned_abs();
    let mut load = Load::create(&config(folder, names, start, (10_001, LINES_BEFORE)))?;
    load.advance(Duration::from_micros(micros), |_, _| {})?;
    load.flush()?;
    let counts = load.truths().map(|(_, truth)| truth.transfers_total().count).collect();
    for (_, log) in load.sources() {
        fs::rename(&log, log.with_extension("log.1"))?;
    }
    Ok(counts)
}

/// `before` is how many transfers of each node had ended before.
fn write(mut load: Load, before: &[u64], rates: &Receiver<f64>, steps: &Steps) -> Result<()> {
    let mut last = clock::precise();
    let mut new = Vec::new();
    loop {
        match rates.try_recv() {
            Ok(rate) => load.set_rate(rate),
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => return Ok(()),
        }
        let at = clock::precise();
        load.advance(at - last, |node, truth| {
            new.push((node, before[node] + truth.transfers_total().count));
        })?;
        last = at;
        if !new.is_empty() {
            let mut steps = steps.lock().unwrap_or_else(PoisonError::into_inner);
            for (node, transfers) in new.drain(..) {
                let steps: &mut Vec<Written> = &mut steps[node];
                // Starts and other lines end nothing.
                if steps.last().is_none_or(|last| last.transfers < transfers) {
                    steps.push(Written { transfers, at });
                }
            }
        }
        thread::sleep(STEP);
    }
}
