//! The server as it sees itself: for the status, for the page of metrics, and minute by minute.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use piecewatch_broadcast::Statistics;
use piecewatch_collector::pipeline::{BATCHES_MAX, BATCHES_PATIENT, PipelineState, WriterState};
use piecewatch_model::NodeName;
use piecewatch_store::Readers;
use serde_json::{Value, json};

use super::{
    alerts::Alerts,
    answers::Answers,
    api::Problem,
    nodes::Nodes,
    own::{Firing, Moment, Own, OwnFigures, Sampler},
    pool::Pool,
    status::Status,
};
use crate::{
    Result,
    clock::{self, Stopwatch},
};

/// What the server asks itself.
pub(crate) struct Itself {
    pub(super) own: Own,
    pub(super) readers: Readers,
    pub(super) nodes: Option<Arc<Nodes>>,
    pub(super) alerts: Arc<Alerts>,
    pub(super) answers: Arc<Answers<Problem>>,
    pub(super) pool: Pool,
    /// What the hub did, as it told last.
    pub(super) hub: Mutex<Statistics>,
    /// How long the start took, in milliseconds.
    pub(super) started: Arc<OnceLock<u64>>,
    pub(super) since: Stopwatch,
    pub(super) sampler: Mutex<Sampler>,
    /// What those wrote who follow nodes in the server's place.
    pub(super) written: Mutex<Written>,
}

/// What only grows of writers, of which some may end: what they wrote stays written.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// As it was told last, of those who lived.
    told: WriterState,
    /// Of all since the server began.
    all: WriterState,
}

impl Written {
    /// Takes what those tell together who live, and puts in its place what was written in all.
    fn add(&mut self, now: &mut WriterState) {
        let (told, all) = (&self.told, &mut self.all);
        // Less than before is what is left without those who ended.
        all.commits += now.commits.saturating_sub(told.commits);
        all.records += now.records.saturating_sub(told.records);
        all.committing += now.committing.saturating_sub(told.committing);
        self.told = now.clone();
        (now.commits, now.records, now.committing) = (all.commits, all.records, all.committing);
    }
}

impl Itself {
    /// Takes what the hub tells.
    pub(crate) fn note_hub(&self, statistics: Statistics) {
        *held(&self.hub) = statistics;
    }

    /// How full the queues are, 0 to 1: that of batches that are to be written, and that of questions.
    pub(crate) fn pressure(&self) -> f64 {
        let own = self.nodes.as_ref().and_then(|nodes| nodes.state());
        let batches = own.map_or(0, |state| state.waiting);
        pressure(batches, self.pool.crowding())
    }

    /// Everything, now.
    pub(crate) fn figures(&self) -> OwnFigures {
        let moment = Moment {
            startup: self.started.get().copied().map(Duration::from_millis),
            pipeline: self.pipeline(),
            hub: held(&self.hub).clone(),
            alerts: self.firing(),
            channels: self.alerts.channels(),
            caches: vec![self.answers.stats()],
        };
        self.own.figures(moment, clock::now(), self.since.elapsed())
    }

    /// How the server is, and how fresh what is known of these nodes is; of all where none is named.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub(crate) fn status(&self, nodes: &[NodeName]) -> Result<Value> {
        let mut known = self.readers.get()?.nodes()?;
        known.retain(|node| nodes.is_empty() || nodes.contains(&node.name));
        let mut status = Status::of(&self.figures(), &known, self.since.elapsed()).to_value();
        status["waiting_questions"] = self.pool.waiting().into();
        status["alert_channels"] = self.alerts.status();
        if let Some(heartbeat) = self.alerts.heartbeat() {
            status["heartbeat"] = heartbeat;
        }
        Ok(status)
    }

    /// Writes down how the minute was.
    pub(crate) fn sample(&self) {
        let figures = self.figures();
        if let Err(error) = held(&self.sampler).sample(&figures, self.since.elapsed()) {
            tracing::warn!("how the last minute was is not written down: {error}");
        }
    }

    /// How logs are read and what is read is written: here, or as others tell it who do so.
    fn pipeline(&self) -> Option<PipelineState> {
        let Some(nodes) = &self.nodes else {
            // Held while it is asked: what was told before must not be added after what was told later.
            let mut written = held(&self.written);
            let followed = piecewatch_collector::followed(&self.own.db, clock::now());
            let mut followed = followed.unwrap_or_else(|error| {
                tracing::debug!("it is not known how nodes are followed: {error}");
                None
            })?;
            written.add(&mut followed.writer);
            return Some(followed);
        };
        nodes.state().map(|state| (*state).clone())
    }

    fn firing(&self) -> Vec<Firing> {
        let mut counts = BTreeMap::new();
        let active = self.alerts.active(&[]);
        for alert in active.as_object().into_iter().flat_map(|all| all.values()) {
            let node = alert["node"].as_str().and_then(|name| name.parse::<NodeName>().ok());
            let level = if alert["level"] == "critical" { "critical" } else { "warning" };
            if alert["state"] == "firing" {
                *counts.entry((node, level)).or_insert(0) += 1;
            }
        }
        counts.into_iter().map(|((node, level), count)| Firing { node, level, count }).collect()
    }
}

/// So many batches wait, and the queue of questions is so full. Until the next commit some batches wait always.
fn pressure(batches: usize, crowding: f64) -> f64 {
    let beyond = |waiting: usize| waiting.saturating_sub(BATCHES_PATIENT) as f64;
    (beyond(batches) / beyond(BATCHES_MAX)).max(crowding).min(1.0)
}

/// Nothing is left half done while one of these is held.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The schema of a status.
pub(super) fn schema() -> Value {
    let object = json!({"type": "object"});
    json!({
        "type": "object",
        "required": [
            "version", "at", "since", "uptime_seconds", "process", "machine", "database", "nodes",
            "caches", "http", "hub", "alerts_firing", "waiting_questions", "alert_channels",
        ],
        "properties": {
            "version": {"type": "string"},
            "at": {"type": "string", "format": "date-time"},
            "since": {"type": "string", "format": "date-time"},
            "uptime_seconds": {"type": "integer", "minimum": 0},
            "startup_ms": {"type": "integer", "minimum": 0},
            "process": object, "machine": object, "database": object, "pipeline": object,
            "nodes": {"type": "object", "additionalProperties": object},
            "caches": object, "http": object, "hub": object,
            "alerts_firing": {"type": "integer", "minimum": 0},
            "waiting_questions": {"type": "integer", "minimum": 0},
            "alert_channels": object, "heartbeat": object,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fuller_queue_presses_and_batches_that_wait_for_the_next_commit_do_not() {
        let half = BATCHES_PATIENT.midpoint(BATCHES_MAX);
        for (batches, crowding, expected) in [
            (0, 0.0, 0.0),
            (BATCHES_PATIENT, 0.0, 0.0),
            (half, 0.0, 0.5),
            (half, 0.75, 0.75),
            (BATCHES_MAX, 0.25, 1.0),
            (0, 1.5, 1.0),
        ] {
            let found = pressure(batches, crowding);
            assert!((found - expected).abs() < 0.01, "{batches} {crowding}: {found}");
        }
    }

    #[test]
    fn what_was_written_stays_written_when_one_of_those_who_write_ends() {
        let mut written = Written::default();
        // Two write; one ends; the other goes on; one begins anew.
        let told = [2_000, 2_100, 1_050, 1_060, 1_160];
        let sums = told.map(|records| {
            let mut now = WriterState {
                commits: records / 10,
                records,
                committing: Duration::from_millis(records),
                ..WriterState::default()
            };
            written.add(&mut now);
            assert_eq!(now.committing, Duration::from_millis(now.records));
            (now.records, now.commits)
        });
        assert_eq!(sums, [(2_000, 200), (2_100, 210), (2_100, 210), (2_110, 211), (2_210, 221)]);
    }
}
