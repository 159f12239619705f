//! How the server itself was, by the minute: written by it, kept for a week.

use piecewatch_model::{ByteCount, Grain, Timestamp};
use rusqlite::{Connection, Row, TransactionBehavior, params};

use crate::{
    Error, Reader, Result, Window, Writer,
    query::{Question, bytes, maybe_bytes, maybe_number, number, time},
};

pub(crate) const IN_WINDOW: Question = Question {
    name: "self metrics",
    sql: "SELECT at, measured, cpu, resident, disk_read, disk_written, waiting, lines, commits,
    committing, longest_commit, cache_hits, cache_misses, questions, slow_questions, requests,
    slow_requests, clients, frames, frame_bytes, events, load, memory_available, network_received,
    network_sent
FROM self_metrics WHERE at >= ?1 AND at < ?2 ORDER BY at",
};

/// Of two servers that write for one minute, the later one is kept.
const KEEP: &str = "INSERT OR REPLACE INTO self_metrics (at, measured, cpu, resident, disk_read,
    disk_written, waiting, lines, commits, committing, longest_commit, cache_hits, cache_misses,
    questions, slow_questions, requests, slow_requests, clients, frames, frame_bytes, events, load,
    memory_available, network_received, network_sent)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
    ?21, ?22, ?23, ?24, ?25)";

/// How the server was in a minute. Counts and times are those of the minute, or of so much of it as
/// was measured; `None` is what cannot be measured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SelfMetrics {
    /// The time that the counts are of, in microseconds: less than a minute after a start.
    pub measured_micros: u64,
    /// The CPU time that the process took, in microseconds.
    pub cpu_micros: u64,
    /// The memory of the process at the end.
    pub resident: ByteCount,
    /// What the process read from disks.
    pub disk_read: Option<ByteCount>,
    /// What the process wrote to disks.
    pub disk_written: Option<ByteCount>,
    /// What of reading and writing, by this process or by those that it follows; `None` where nobody does.
    pub pipeline: Option<PipelineMetrics>,
    /// Asks that caches answered from memory.
    pub cache_hits: u64,
    /// Asks that they did not.
    pub cache_misses: u64,
    /// Questions to the database.
    pub questions: u64,
    /// Those of them that were slow.
    pub slow_questions: u64,
    /// Requests over HTTP.
    pub requests: u64,
    /// Those of them that were slow.
    pub slow_requests: u64,
    /// Clients of the hub at the end.
    pub clients: u64,
    /// Frames that they were given.
    pub frames: u64,
    /// Bytes of the frames.
    pub frame_bytes: ByteCount,
    /// Changes that the hub was told.
    pub events: u64,
    /// The load of the machine over a minute, in thousandths.
    pub load_thousandths: Option<u64>,
    /// The memory of the machine that is free for programs.
    pub memory_available: Option<ByteCount>,
    /// What the machine received over its network.
    pub network_received: Option<ByteCount>,
    /// What the machine sent.
    pub network_sent: Option<ByteCount>,
}

/// How reading and writing went in a minute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PipelineMetrics {
    /// Batches that waited for the writer at the end.
    pub waiting: u64,
    /// Lines of logs that were read.
    pub lines: u64,
    /// Transactions that were committed.
    pub commits: u64,
    /// The time that they took together, in microseconds.
    pub committing_micros: u64,
    /// The time that the longest of them took, in microseconds.
    pub longest_commit_micros: u64,
}

impl Writer {
    /// Stores how the server was in the minute that holds `at`, in one transaction.
    ///
    /// # Errors
    ///
    /// When the database cannot be written.
    pub fn self_metrics(&mut self, at: Timestamp, metrics: &SelfMetrics) -> Result<()> {
        let of = metrics;
        let pipeline = of.pipeline.as_ref();
        let part = |part: fn(&PipelineMetrics) -> u64| pipeline.map(|of| part(of) as i64);
        let whole = |bytes: Option<ByteCount>| bytes.map(|bytes| bytes.get() as i64);
        let run = |connection: &mut Connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.prepare_cached(KEEP)?.execute(params![
                at.floor(Grain::Minute).as_micros(),
                of.measured_micros as i64,
                of.cpu_micros as i64,
                of.resident.get() as i64,
                whole(of.disk_read),
                whole(of.disk_written),
                part(|of| of.waiting),
                part(|of| of.lines),
                part(|of| of.commits),
                part(|of| of.committing_micros),
                part(|of| of.longest_commit_micros),
                of.cache_hits as i64,
                of.cache_misses as i64,
                of.questions as i64,
                of.slow_questions as i64,
                of.requests as i64,
                of.slow_requests as i64,
                of.clients as i64,
                of.frames as i64,
                of.frame_bytes.get() as i64,
                of.events as i64,
                of.load_thousandths.map(|load| load as i64),
                whole(of.memory_available),
                whole(of.network_received),
                whole(of.network_sent),
            ])?;
            transaction.commit()
        };
        run(&mut self.connection)
            .map_err(|error| Error::of(&self.path, "storing how the server is", error))
    }
}

impl Reader {
    /// How the server was in each minute of a window that was written down, by the beginning of the
    /// minute, oldest first. It reaches back a week.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn self_metrics(&self, window: Window) -> Result<Vec<(Timestamp, SelfMetrics)>> {
        self.ask(IN_WINDOW.name, |connection| {
            let mut statement = connection.prepare_cached(IN_WINDOW.sql)?;
            let times = (window.from.as_micros(), window.to.as_micros());
            let rows = statement.query_map(times, |row| Ok((time(row, 0)?, metrics(row)?)))?;
            rows.collect()
        })
    }
}

fn metrics(row: &Row<'_>) -> rusqlite::Result<SelfMetrics> {
    let pipeline = match maybe_number(row, 6)? {
        Some(waiting) => Some(PipelineMetrics {
            waiting,
            lines: number(row, 7)?,
            commits: number(row, 8)?,
            committing_micros: number(row, 9)?,
            longest_commit_micros: number(row, 10)?,
        }),
        None => None,
    };
    Ok(SelfMetrics {
        measured_micros: number(row, 1)?,
        cpu_micros: number(row, 2)?,
        resident: bytes(row, 3)?,
        disk_read: maybe_bytes(row, 4)?,
        disk_written: maybe_bytes(row, 5)?,
        pipeline,
        cache_hits: number(row, 11)?,
        cache_misses: number(row, 12)?,
        questions: number(row, 13)?,
        slow_questions: number(row, 14)?,
        requests: number(row, 15)?,
        slow_requests: number(row, 16)?,
        clients: number(row, 17)?,
        frames: number(row, 18)?,
        frame_bytes: bytes(row, 19)?,
        events: number(row, 20)?,
        load_thousandths: maybe_number(row, 21)?,
        memory_available: maybe_bytes(row, 22)?,
        network_received: maybe_bytes(row, 23)?,
        network_sent: maybe_bytes(row, 24)?,
    })
}
