//! How the server was, minute by minute.

use piecewatch_model::{ByteCount, Grain, Timestamp};
use piecewatch_store::{SelfMetrics, Window};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Reply,
    ask::{Ask, Sheet, written},
};
use crate::form::{Span, csv_rows};

/// The minutes of a window that were written down.
#[derive(JsonSchema, Serialize)]
pub(super) struct Root {
    #[serde(flatten)]
    span: Span,
    minutes: Vec<Row>,
}

/// A minute. Counts are those of the minute; null is what cannot be measured.
#[derive(Default, JsonSchema, Serialize)]
struct Row {
    /// Its beginning.
    at: String,
    /// The time that the counts are of: less than a minute after a start.
    measured_micros: u64,
    cpu_micros: u64,
    /// Of a core.
    cpu_percent: Option<f64>,
    /// At the end of the minute.
    resident_bytes: u64,
    disk_read_bytes: Option<u64>,
    disk_written_bytes: Option<u64>,
    /// Batches that waited for the writer at the end of the minute. This and the next four are those of
    /// other processes where they read and write, and null where nobody does.
    waiting_batches: Option<u64>,
    lines: Option<u64>,
    commits: Option<u64>,
    /// Of all commits together.
    commit_micros: Option<u64>,
    longest_commit_micros: Option<u64>,
    cache_hits: u64,
    cache_misses: u64,
    /// To the database.
    queries: u64,
    slow_queries: u64,
    /// Over HTTP.
    requests: u64,
    slow_requests: u64,
    /// Browsers that watched at the end of the minute.
    clients: u64,
    /// That browsers were given.
    frames: u64,
    /// Of the frames.
    frame_bytes: u64,
    /// Changes that browsers could be told.
    events: u64,
    /// Of the machine, as are those that follow.
    load_1m: Option<f64>,
    memory_available_bytes: Option<u64>,
    network_received_bytes: Option<u64>,
    network_sent_bytes: Option<u64>,
}

/// What is told of a window.
struct Told {
    window: Window,
    minutes: Vec<(Timestamp, SelfMetrics)>,
}

pub(super) fn history(ask: &Ask<'_>) -> Reply {
    let Window { from, to } = ask.until(ask.now);
    let window = Window { from: from.floor(Grain::Minute), to };
    let minutes = ask.parts.readers.get()?.self_metrics(window)?;
    ask.reply(
        Told { window, minutes },
        |told| {
            let minutes = told.minutes.iter().map(row).collect();
            written(&Root { span: Span::of(told.window), minutes })
        },
        Sheet::of::<Row>(|told, out| csv_rows(out, told.minutes.iter().map(row))),
    )
}

fn row((at, of): &(Timestamp, SelfMetrics)) -> Row {
    let pipeline = of.pipeline.as_ref();
    Row {
        at: at.to_string(),
        measured_micros: of.measured_micros,
        cpu_micros: of.cpu_micros,
        cpu_percent: percent(of.cpu_micros, of.measured_micros),
        resident_bytes: of.resident.get(),
        disk_read_bytes: of.disk_read.map(ByteCount::get),
        disk_written_bytes: of.disk_written.map(ByteCount::get),
        waiting_batches: pipeline.map(|of| of.waiting),
        lines: pipeline.map(|of| of.lines),
        commits: pipeline.map(|of| of.commits),
        commit_micros: pipeline.map(|of| of.committing_micros),
        longest_commit_micros: pipeline.map(|of| of.longest_commit_micros),
        cache_hits: of.cache_hits,
        cache_misses: of.cache_misses,
        queries: of.questions,
        slow_queries: of.slow_questions,
        requests: of.requests,
        slow_requests: of.slow_requests,
        clients: of.clients,
        frames: of.frames,
        frame_bytes: of.frame_bytes.get(),
        events: of.events,
        load_1m: of.load_thousandths.map(|load| load as f64 / 1e3),
        memory_available_bytes: of.memory_available.map(ByteCount::get),
        network_received_bytes: of.network_received.map(ByteCount::get),
        network_sent_bytes: of.network_sent.map(ByteCount::get),
    }
}

/// To hundredths: a float is for reading only.
fn percent(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| (part as f64 / whole as f64 * 1e4).round() / 1e2)
}
