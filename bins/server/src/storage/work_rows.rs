//! The work on the pieces for machines: what runs, what ran, and how the hash store is.

use piecewatch_analytics::{
    hash_store::{HashStore, StoreState},
    migration::Migration,
    runs::{Run, Running, TaskSummary},
    work::Task,
};
use piecewatch_model::{ByteCount, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::rows::name;

#[derive(JsonSchema, Serialize)]
pub(super) struct RunningRow {
    task: &'static str,
    satellite: Option<String>,
    store: Option<String>,
    since: String,
    elapsed_seconds: f64,
    usual_seconds: Option<f64>,
    left_seconds: Option<f64>,
    examined: Option<u64>,
    affected: Option<u64>,
}

impl RunningRow {
    pub(super) fn of(running: &Running) -> Self {
        let work = &running.work;
        Self {
            task: task_name(work.task),
            satellite: work.satellite.map(name),
            store: work.store.as_deref().map(str::to_owned),
            since: work.since.to_string(),
            elapsed_seconds: seconds(running.elapsed_micros),
            usual_seconds: running.usual_micros.map(seconds),
            left_seconds: running.left_micros().map(seconds),
            examined: work.progress.map(|progress| progress.examined),
            affected: work.progress.map(|progress| progress.affected),
        }
    }
}

/// What ended of a task in the window.
#[derive(JsonSchema, Serialize)]
pub(super) struct TaskRow {
    task: &'static str,
    finished: u64,
    failed: u64,
    interrupted: u64,
    /// Of those that ended well, as for the longest.
    median_seconds: Option<f64>,
    longest_seconds: Option<f64>,
    /// The median of the last 20 that ended well before the window.
    before_seconds: Option<f64>,
    examined: Option<u64>,
    affected: Option<u64>,
    bytes: Option<u64>,
    rewritten_bytes: Option<u64>,
}

impl TaskRow {
    pub(super) fn of(of: &TaskSummary) -> Self {
        Self {
            task: task_name(of.task),
            finished: of.finished,
            failed: of.failed,
            interrupted: of.interrupted,
            median_seconds: of.median_micros.map(seconds),
            longest_seconds: of.longest_micros.map(seconds),
            before_seconds: of.before_micros.map(seconds),
            examined: of.examined,
            affected: of.affected,
            bytes: of.bytes.map(ByteCount::get),
            rewritten_bytes: of.rewritten.map(ByteCount::get),
        }
    }
}

#[derive(JsonSchema, Serialize)]
pub(super) struct RunRow {
    task: &'static str,
    satellite: Option<String>,
    store: Option<String>,
    began_at: Option<String>,
    ended_at: String,
    ending: &'static str,
    seconds: Option<f64>,
    examined: Option<u64>,
    affected: Option<u64>,
    failed: Option<u64>,
    bytes: Option<u64>,
    rewritten_bytes: Option<u64>,
    /// How the part of the hash store was before a compaction, and after it.
    before: Option<StateRow>,
    after: Option<StateRow>,
}

impl RunRow {
    pub(super) fn of(run: &Run) -> Self {
        let rewritten = run.compaction.and_then(|did| did.rewritten);
        Self {
            task: task_name(run.task),
            satellite: run.satellite.map(name),
            store: run.store.as_deref().map(str::to_owned),
            began_at: run.began_at.map(|at| at.to_string()),
            ended_at: run.ended_at.to_string(),
            ending: run.ending.name(),
            seconds: run.duration_micros.map(seconds),
            examined: run.examined,
            affected: run.affected,
            failed: run.failed,
            bytes: run.bytes.map(ByteCount::get),
            rewritten_bytes: rewritten.map(ByteCount::get),
            before: run.compaction.and_then(|did| did.before).as_ref().map(StateRow::of),
            after: run.compaction.and_then(|did| did.after).as_ref().map(StateRow::of),
        }
    }
}

#[derive(JsonSchema, Serialize)]
pub(super) struct HashStoreRow {
    satellite: String,
    store: String,
    #[serde(flatten)]
    state: StateRow,
}

impl HashStoreRow {
    pub(super) fn of(of: &HashStore) -> Self {
        let state = StateRow::of(&of.state);
        Self { satellite: name(of.satellite), store: of.store.to_string(), state }
    }
}

/// How a part of the hash store was at an instant.
#[derive(JsonSchema, Serialize)]
struct StateRow {
    at: String,
    logs_bytes: Option<u64>,
    pieces_bytes: Option<u64>,
    trash_bytes: Option<u64>,
    dead_bytes: Option<u64>,
    reclaimable_bytes: Option<u64>,
    table_load: Option<f64>,
    trash_share: Option<f64>,
}

impl StateRow {
    fn of(state: &StoreState) -> Self {
        let bytes = |bytes: Option<ByteCount>| bytes.map(ByteCount::get);
        Self {
            at: state.at.to_string(),
            logs_bytes: bytes(state.logs),
            pieces_bytes: bytes(state.pieces()),
            trash_bytes: bytes(state.trash),
            dead_bytes: bytes(state.dead()),
            reclaimable_bytes: bytes(state.reclaimable),
            table_load: state.table_load,
            trash_share: state.trash_share,
        }
    }
}

#[derive(JsonSchema, Serialize)]
pub(super) struct MigrationRow {
    /// When the first pieces were moved; null where none were, as for the end.
    from: Option<String>,
    to: Option<String>,
    pieces: u64,
    bytes: u64,
    failures: u64,
    failed_at: Option<String>,
    /// Satellites whose pieces are to be moved.
    queued: Vec<String>,
    bytes_a_day: Option<f64>,
    left_bytes: Option<u64>,
    done_at: Option<String>,
}

impl MigrationRow {
    pub(super) fn of(of: &Migration) -> Self {
        let moved = of.moved;
        let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
        Self {
            from: text(moved.map(|moved| moved.from)),
            to: text(moved.map(|moved| moved.to)),
            pieces: moved.map_or(0, |moved| moved.pieces),
            bytes: moved.map_or(0, |moved| moved.bytes.get()),
            failures: of.failures,
            failed_at: text(of.failed_at),
            queued: of.queued.iter().copied().map(name).collect(),
            bytes_a_day: moved.and_then(|moved| moved.per_day),
            left_bytes: of.left.map(ByteCount::get),
            done_at: text(of.done_at()),
        }
    }
}

pub(crate) fn task_name(task: Task) -> &'static str {
    match task {
        Task::Compaction => "compaction",
        Task::Maintenance(kind) => kind.name(),
    }
}

/// A float is for reading only.
pub(super) fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}
