//! Writes the logs of nodes that are not there: live, at a rate, with rotation, and the truth beside
//! them.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Context, Result};
use clap::Parser;
use piecewatch_benches::{
    Every, Load, LoadConfig,
    clock::{self, Stopwatch},
};
use piecewatch_model::NodeName;
use piecewatch_simulator::{Compression, Encoding, Mix, Rotation, Vocabulary, Writes};
use signal_hook::consts::TERM_SIGNALS;

/// The pause between two looks at what is due.
const STEP: Duration = Duration::from_millis(10);

/// Write logs of nodes live; the truth is written to NAME.truth.json at the end
///
/// It ends after --seconds, after --lines, or when it is told to (SIGTERM, Ctrl-C).
#[derive(Debug, Parser)]
struct Cli {
    /// The folder of the logs: NAME.log, or NAME-20260101.log when they are dated
    #[arg(long)]
    folder: PathBuf,
    /// How many nodes: node1, node2 and so on
    #[arg(long, default_value_t = 1)]
    nodes: usize,
    /// A name of a node instead; may be given several times
    #[arg(long = "name")]
    names: Vec<NodeName>,
    /// The seed of the first node; each further one has the next
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Lines a second of each node
    #[arg(long, default_value_t = 50.0)]
    rate: f64,
    /// How lines are wrapped
    #[arg(long, default_value = "console")]
    encoding: Encoding,
    /// The words of the logs
    #[arg(long, default_value = "2026")]
    vocabulary: Vocabulary,
    /// Ten times as much trouble and maintenance, and restarts
    #[arg(long)]
    adverse: bool,
    /// rename, rename-held, stop-move-start, copy-truncate, dated or symlink; several are dealt out
    /// to the nodes in turn
    #[arg(long = "rotation", default_value = "rename")]
    rotations: Vec<Rotation>,
    /// Seconds between rotations of all logs
    #[arg(long, conflicts_with = "rotate_lines")]
    rotate_seconds: Option<f64>,
    /// Lines between rotations of each log
    #[arg(long)]
    rotate_lines: Option<u64>,
    /// When rotated files are compressed: never, at-once or later
    #[arg(long, default_value = "never")]
    compression: Compression,
    /// How many rotated files are kept [default: all]
    #[arg(long)]
    keep: Option<usize>,
    /// Let each write end in the middle of a line
    #[arg(long)]
    halves: bool,
    /// Let all logs begin with the same 4 KiB
    #[arg(long)]
    first_bytes_same: bool,
    /// End after so many seconds
    #[arg(long)]
    seconds: Option<f64>,
    /// End after so many lines of all nodes
    #[arg(long)]
    lines: Option<u64>,
    /// Let the first node write so many lines as fast as it can
    #[arg(long)]
    burst: Option<u64>,
    /// The second of the burst
    #[arg(long, default_value_t = 10.0)]
    burst_at: f64,
}

impl Cli {
    fn load(&self) -> Result<LoadConfig> {
        let names = if self.names.is_empty() {
            let numbered = (1..=self.nodes).map(|number| format!("node{number}").parse());
            numbered.collect::<Result<_, _>>()?
        } else {
            self.names.clone()
        };
        let every = match (self.rotate_seconds, self.rotate_lines) {
            (Some(seconds), _) => Every::Time(
                Duration::try_from_secs_f64(seconds).context("--rotate-seconds is no time")?,
            ),
            (None, Some(lines)) => Every::Lines(lines),
            (None, None) => Every::Never,
        };
        Ok(LoadConfig {
            folder: self.folder.clone(),
            names,
            seed: self.seed,
            lines_per_second: self.rate,
            encoding: self.encoding,
            vocabulary: self.vocabulary,
            mix: if self.adverse { Mix::Adverse } else { Mix::Realistic },
            start: clock::now(),
            rotations: self.rotations.clone(),
            every,
            compression: self.compression,
            keep: self.keep,
            writes: if self.halves { Writes::Halves } else { Writes::Lines },
            same_first_bytes: self.first_bytes_same,
        })
    }
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let stopped = Arc::new(AtomicBool::new(false));
    for signal in TERM_SIGNALS {
        signal_hook::flag::register(*signal, Arc::clone(&stopped))?;
    }
    let mut load = Load::create(&cli.load()?)?;
    let watch = Stopwatch::start();
    let mut last = Duration::ZERO;
    let mut burst = cli.burst;
    while !stopped.load(Ordering::Relaxed)
        && cli.seconds.is_none_or(|seconds| last.as_secs_f64() < seconds)
        && cli.lines.is_none_or(|lines| load.lines() < lines)
    {
        thread::sleep(STEP);
        let now = watch.elapsed();
        if now.as_secs_f64() >= cli.burst_at
            && let Some(lines) = burst.take()
        {
            load.burst(0, lines);
        }
        load.advance(now - last, |_, _| {})?;
        last = now;
    }
    load.flush()?;
    load.write_truths()
}
