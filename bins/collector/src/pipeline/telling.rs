//! What is told while nodes are followed: to other processes in a file, and to the log.

use std::{path::Path, time::Duration};

use piecewatch_ingest::State;
use piecewatch_model::Timestamp;

use super::{NodeState, PipelineState};
use crate::{
    Result, clock,
    report::{Report, ReportFile},
    shape::{length, percent},
};

/// Numbers are not told more often than this: a file is written for each time.
const NUMBERS_EVERY: Duration = Duration::from_secs(10);
/// It is told at least so often, so that silence says something.
const REPORT_EVERY: Duration = Duration::from_secs(60);
/// How often the log tells how far a node is that catches up.
const PROGRESS_EVERY: Duration = Duration::from_secs(10);

/// Tells how a pipeline is.
#[derive(Debug)]
pub(super) struct Telling {
    file: ReportFile,
    /// What was told last, and when.
    told: Option<(PipelineState, Duration)>,
    progress_at: Duration,
}

impl Telling {
    /// # Errors
    ///
    /// When the folder of the locks cannot be read.
    pub(super) fn new(db: &Path, since: Timestamp) -> Result<Self> {
        let file = ReportFile::new(db, since)?;
        Ok(Self { file, told: None, progress_at: clock::uptime() })
    }

    /// Tells what is due.
    pub(super) fn tell(&mut self, state: PipelineState) {
        let uptime = clock::uptime();
        if uptime.saturating_sub(self.progress_at) >= PROGRESS_EVERY {
            self.progress_at = uptime;
            state.nodes.iter().for_each(progress);
        }
        if !self.is_due(&state, uptime) {
            return;
        }
        if let Err(error) = self.file.write(&Report::of(&state, clock::now())) {
            tracing::warn!("other programs cannot be told how this one is: {error}");
        }
        self.told = Some((state, uptime));
    }

    fn is_due(&self, state: &PipelineState, uptime: Duration) -> bool {
        let Some((told, at)) = &self.told else { return true };
        let age = uptime.saturating_sub(*at);
        age >= REPORT_EVERY || !is_alike(told, state) || (age >= NUMBERS_EVERY && told != state)
    }
}

/// Whether two states differ in numbers only: whether there is one at all is more than a number.
fn is_alike(one: &PipelineState, other: &PipelineState) -> bool {
    let is_same = |one: &NodeState, other: &NodeState| {
        (&one.node, &one.source, one.since) == (&other.node, &other.source, other.since)
            && std::mem::discriminant(&one.state) == std::mem::discriminant(&other.state)
            && one.speed.is_some() == other.speed.is_some()
            && (one.lines > 0) == (other.lines > 0)
    };
    one.writer.blocked.is_some() == other.writer.blocked.is_some()
        && one.writer.committed_at.is_some() == other.writer.committed_at.is_some()
        && one.nodes.len() == other.nodes.len()
        && one.nodes.iter().zip(&other.nodes).all(|(one, other)| is_same(one, other))
}

/// Logs how far a node is that catches up.
fn progress(state: &NodeState) {
    let State::CatchingUp { read_bytes, total_bytes } = state.state else { return };
    let node = &state.node;
    let done = percent(read_bytes, total_bytes);
    let Some(speed) = state.speed else {
        tracing::info!(%node, "catching up: {done}");
        return;
    };
    let lines = speed.lines_per_second;
    match speed.left(read_bytes, total_bytes) {
        Some(left) => {
            let left = length(Duration::from_secs(left));
            tracing::info!(%node, "catching up: {done}, {lines} lines/s, {left} left");
        }
        None => tracing::info!(%node, "catching up: {done}, waiting for the database"),
    }
}
