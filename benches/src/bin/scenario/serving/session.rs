//! A server with its nodes and browsers, and phases in which it is measured.

use std::{path::Path, thread, time::Duration};

use anyhow::{Context, Result, ensure};
use piecewatch_benches::clock;
use tokio::runtime::Runtime;

use super::{
    Run,
    latency::{self, Latencies},
    server::{Begin, Server},
    watcher::{Counted, Watchers, Wish},
    writer::Writer,
};
use crate::usage::{Observer, Usage};

/// The longest that clients may take to see a first overview.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(10);
/// How long after a phase what was written in it may still come.
const GRACE: Duration = Duration::from_millis(1_500);
const SECOND: Duration = Duration::from_secs(1);

/// What a second was like.
#[derive(Debug, Clone)]
pub(super) struct Second {
    /// Of which phase.
    pub(super) phase: String,
    /// Since the program was started.
    pub(super) at: Duration,
    pub(super) cpu_percent: f64,
    pub(super) rss_bytes: f64,
    pub(super) frames: u64,
    pub(super) frame_bytes: u64,
    /// Of the transfers that were seen in this second.
    pub(super) median_ms: f64,
    pub(super) p99_ms: f64,
}

/// A stretch of time with one load.
#[derive(Debug, Clone)]
pub(super) struct Phase {
    pub(super) name: String,
    /// Of all nodes together.
    pub(super) transfers_per_second: f64,
    /// Seconds before it is measured.
    pub(super) warm_up: u64,
    /// Seconds that are measured.
    pub(super) seconds: u64,
}

/// What a phase was like.
#[derive(Debug)]
pub(super) struct Figures {
    /// Of one core.
    pub(super) cpu_percent: f64,
    pub(super) rss_bytes_max: f64,
    pub(super) latencies: Latencies,
    /// Transfers that ended.
    pub(super) events: u64,
    /// Times clients.
    pub(super) unseen: u64,
    /// What clients counted in it.
    pub(super) counted: Counted,
}

impl Figures {
    /// Frames, of one for each event and client.
    pub(super) fn sends_percent(&self, clients: usize) -> f64 {
        self.counted.frames as f64 / (self.events as f64 * clients as f64).max(1.0) * 100.0
    }
}

/// All of it, at work.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) runtime: Runtime,
    pub(super) server: Server,
    writer: Writer,
    observer: Observer,
    nodes: Vec<String>,
    watchers: Option<Watchers>,
}

impl Session {
    /// Starts a server on a fresh database of nodes of which each has a log of an hour.
    pub(super) fn start(
        run: &mut Run,
        nodes: usize,
        settings: &[(&'static str, String)],
    ) -> Result<Self> {
        let folder = run.folder()?;
        let (writer, sources) = Writer::begin(&folder, nodes)?;
        let database = folder.join("piecewatch.db");
        let (program, database): (&Path, &Path) = (&run.program, &database);
        let server = Server::start(&Begin { program, database, sources: &sources, settings })?;
        Ok(Self {
            runtime: runtime()?,
            writer,
            observer: Observer::new(server.id()),
            server,
            nodes: sources.into_iter().map(|(name, _)| name.to_string()).collect(),
            watchers: None,
        })
    }

    /// Lets so many clients watch in place of those that did, and waits until each has seen something.
    pub(super) fn watch(&mut self, wishes: &[Wish], clients: usize) -> Result<()> {
        self.watchers = None;
        if clients == 0 {
            return Ok(());
        }
        let connecting = Watchers::connect(&self.server.address, wishes, clients, &self.nodes);
        let watchers = self.runtime.block_on(connecting)?;
        let since = clock::precise();
        while watchers.shown() < clients {
            self.server.check()?;
            let why = watchers.why();
            ensure!(why.is_none(), "a client ended: {}", why.unwrap_or_default());
            ensure!(clock::precise() - since < PATIENCE, "there is no overview");
            thread::sleep(PAUSE);
        }
        self.watchers = Some(watchers);
        Ok(())
    }

    /// What the server uses now.
    pub(super) fn usage(&mut self) -> Result<Usage> {
        self.server.check()?;
        self.observer.look()
    }

    /// From now on so many transfers a second end.
    pub(super) fn set_rate(&self, transfers_per_second: f64) -> Result<()> {
        self.writer.set_rate(transfers_per_second)
    }

    /// Measures a phase. The rate stays afterwards.
    pub(super) fn phase(&mut self, run: &mut Run, phase: &Phase) -> Result<Figures> {
        crate::say(&format!("{}: {} s", phase.name, phase.warm_up + phase.seconds));
        self.set_rate(phase.transfers_per_second)?;
        thread::sleep(Duration::from_secs(phase.warm_up));
        let (from, begin, first) = (clock::precise(), self.usage()?, self.counted());
        let mut seconds = Vec::new();
        let mut last = (begin, first);
        for second in 1..=phase.seconds {
            let due = from + SECOND * u32::try_from(second).unwrap_or(u32::MAX);
            thread::sleep(due.saturating_sub(clock::precise()));
            let (at, usage, counted) = (clock::precise(), self.usage()?, self.counted());
            seconds.push(Second {
                phase: phase.name.clone(),
                at,
                cpu_percent: (usage.cpu_ns - last.0.cpu_ns) as f64 / 1e7,
                rss_bytes: usage.rss_bytes as f64,
                frames: counted.frames - last.1.frames,
                frame_bytes: counted.bytes - last.1.bytes,
                median_ms: 0.0,
                p99_ms: 0.0,
            });
            last = (usage, counted);
        }
        let to = clock::precise();
        let seen = self.seen(from, to);
        for second in &mut seconds {
            if let Some(latencies) = seen.by_second.get(&second.at.as_secs()) {
                second.median_ms = latencies.quantile(0.5);
                second.p99_ms = latencies.quantile(0.99);
            }
        }
        let counted = difference(last.1, first);
        if let Some(why) = self.watchers.as_ref().and_then(Watchers::why) {
            crate::say(&format!("a client ended: {why}"));
        }
        let figures = Figures {
            cpu_percent: (last.0.cpu_ns - begin.cpu_ns) as f64 / 1e7 / (to - from).as_secs_f64(),
            rss_bytes_max: seconds.iter().map(|second| second.rss_bytes).fold(0.0, f64::max),
            latencies: seen.latencies,
            events: self.writer.between(from, to).iter().flatten().map(|step| step.more).sum(),
            unseen: seen.unseen,
            counted,
        };
        run.over_time.extend(seconds);
        Ok(figures)
    }

    /// What clients saw of what was written between two instants, once there was time to.
    fn seen(&self, from: Duration, to: Duration) -> latency::Seen {
        let Some(watchers) = &self.watchers else { return latency::Seen::default() };
        thread::sleep(GRACE);
        let written = self.writer.between(from, to);
        watchers.look(|sightings, counts| latency::seen(&written, sightings, counts))
    }

    fn counted(&self) -> Counted {
        self.watchers.as_ref().map(Watchers::counted).unwrap_or_default()
    }

    /// Ends all of it; the server must end well.
    pub(super) fn stop(self) -> Result<()> {
        let Self { runtime, server, writer, watchers, .. } = self;
        writer.stop()?;
        drop(watchers);
        runtime.shutdown_background();
        server.stop()
    }
}

/// A runtime for clients: one thread does for them.
pub(super) fn runtime() -> Result<Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(1).enable_all().build().context("no runtime")
}

const fn difference(to: Counted, from: Counted) -> Counted {
    Counted {
        frames: to.frames - from.frames,
        bytes: to.bytes - from.bytes,
        snapshot_bytes: to.snapshot_bytes - from.snapshot_bytes,
        gaps: to.gaps - from.gaps,
        ended: to.ended - from.ended,
    }
}
