//! Once a minute: how the server was since the minute before, for its history.

use std::time::Duration;

use piecewatch_model::{ByteCount, Timestamp};
use piecewatch_store::{PipelineMetrics, Result, SelfMetrics, Writer};

use super::OwnFigures;

/// Makes minutes of what only grows, and writes them.
///
/// It has a writer of its own: a transaction of one row a minute, which waits for others who write.
/// Give it a thread that may wait, not the runtime's.
#[derive(Debug)]
pub(crate) struct Sampler {
    writer: Writer,
    /// What was known at the minute before.
    before: Option<(Duration, Counts)>,
}

/// What only grows while the process runs.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    cpu: u64,
    disk_read: Option<u64>,
    disk_written: Option<u64>,
    /// `None` while it is not known how logs are read and written.
    written: Option<WrittenCounts>,
    hits: u64,
    misses: u64,
    questions: u64,
    slow_questions: u64,
    requests: u64,
    slow_requests: u64,
    frames: u64,
    frame_bytes: u64,
    events: u64,
    received: u64,
    sent: u64,
}

/// What was read and written.
#[derive(Debug, Clone, Copy, Default)]
struct WrittenCounts {
    lines: u64,
    commits: u64,
    committing: u64,
}

impl Sampler {
    pub(crate) const fn new(writer: Writer) -> Self {
        Self { writer, before: None }
    }

    /// Writes how the server was since the last call: to be called about once a minute. The first
    /// call writes nothing; it is from where the first minute is counted.
    ///
    /// # Errors
    ///
    /// When the database cannot be written; then the next minute is longer.
    pub(crate) fn sample(&mut self, figures: &OwnFigures, uptime: Duration) -> Result<()> {
        let now = Counts::of(figures);
        if let Some((since, before)) = &self.before {
            let minute = minute(figures, &now, before, uptime.saturating_sub(*since));
            // What is told at the end of a minute is of that minute, not of the one that begins.
            let at: Timestamp = figures.at.plus_micros(-1);
            self.writer.self_metrics(at, &minute)?;
        }
        self.before = Some((uptime, now));
        Ok(())
    }
}

impl Counts {
    fn of(figures: &OwnFigures) -> Self {
        let (questions, slow_questions) = figures.asked();
        let (hits, misses) = figures.cached();
        let written = figures.moment.pipeline.as_ref().map(|of| WrittenCounts {
            lines: of.nodes.iter().map(|node| node.lines).sum(),
            commits: of.writer.commits,
            committing: micros(of.writer.committing),
        });
        Self {
            cpu: micros(figures.process.cpu),
            disk_read: figures.process.disk_read_bytes,
            disk_written: figures.process.disk_written_bytes,
            written,
            hits,
            misses,
            questions,
            slow_questions,
            requests: figures.http.all(),
            slow_requests: figures.http.slow,
            frames: figures.moment.hub.frames,
            frame_bytes: figures.moment.hub.bytes,
            events: figures.moment.hub.events,
            received: figures.machine.network_received_bytes,
            sent: figures.machine.network_sent_bytes,
        }
    }
}

/// A count that went back began anew: a node was taken up again, a network interface is gone.
fn minute(figures: &OwnFigures, now: &Counts, before: &Counts, measured: Duration) -> SelfMetrics {
    let since = |count: fn(&Counts) -> u64| count(now).saturating_sub(count(before));
    let since_known = |count: fn(&Counts) -> Option<u64>| {
        let (now, before) = count(now).zip(count(before))?;
        Some(ByteCount::new(now.saturating_sub(before)))
    };
    let machine = &figures.machine;
    // Of a minute at whose beginning nobody told nothing is known to be of it.
    let written = |count: fn(&WrittenCounts) -> u64| {
        let both = now.written.as_ref().zip(before.written.as_ref());
        both.map_or(0, |(now, before)| count(now).saturating_sub(count(before)))
    };
    let pipeline = figures.moment.pipeline.as_ref().map(|of| PipelineMetrics {
        waiting: of.waiting as u64,
        lines: written(|of| of.lines),
        commits: written(|of| of.commits),
        committing_micros: written(|of| of.committing),
        longest_commit_micros: micros(of.writer.longest_commit),
    });
    SelfMetrics {
        measured_micros: micros(measured),
        cpu_micros: since(|of| of.cpu),
        resident: ByteCount::new(figures.process.resident_bytes),
        disk_read: since_known(|of| of.disk_read),
        disk_written: since_known(|of| of.disk_written),
        pipeline,
        cache_hits: since(|of| of.hits),
        cache_misses: since(|of| of.misses),
        questions: since(|of| of.questions),
        slow_questions: since(|of| of.slow_questions),
        requests: since(|of| of.requests),
        slow_requests: since(|of| of.slow_requests),
        clients: figures.moment.hub.clients as u64,
        frames: since(|of| of.frames),
        frame_bytes: ByteCount::new(since(|of| of.frame_bytes)),
        events: since(|of| of.events),
        load_thousandths: machine.load.map(|[one, ..]| (one * 1000.0).round() as u64),
        memory_available: Some(ByteCount::new(machine.memory_available_bytes)),
        network_received: Some(ByteCount::new(since(|of| of.received))),
        network_sent: Some(ByteCount::new(since(|of| of.sent))),
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use piecewatch_broadcast::Statistics;
    use piecewatch_model::Grain;
    use piecewatch_store::{QuestionStats, Store, StoreConfig, Window};

    use super::*;
    use crate::serve::own::{DatabaseFigures, HttpCounts, MachineFigures, Moment, ProcessFigures};

    const HOUR: Timestamp = Timestamp::from_civil((2026, 8, 19), 14, 0, 0);

    /// After so many seconds of a server that does so much in each.
    fn figures(seconds: u64) -> OwnFigures {
        let question =
            QuestionStats { count: 3 * seconds, slow: seconds, ..QuestionStats::default() };
        OwnFigures {
            at: HOUR.plus_micros(seconds as i64 * 1_000_000),
            since: HOUR,
            process: ProcessFigures {
                cpu: Duration::from_millis(20 * seconds),
                resident_bytes: 1 << 20,
                disk_read_bytes: Some(100 * seconds),
                ..ProcessFigures::default()
            },
            machine: MachineFigures {
                load: Some([0.25, 0.0, 0.0]),
                network_sent_bytes: 7 * seconds,
                ..MachineFigures::default()
            },
            database: DatabaseFigures::default(),
            questions: BTreeMap::from([("nodes", question)]),
            slow: Vec::new(),
            caches: Vec::new(),
            http: HttpCounts { answers: [0, seconds, 0, seconds, 0], ..HttpCounts::default() },
            moment: Moment {
                hub: Statistics { clients: 4, frames: 5 * seconds, ..Statistics::default() },
                ..Moment::default()
            },
        }
    }

    #[test]
    fn a_minute_is_what_was_done_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nodes.db");
        let Store { writer, readers } = Store::open(&path, StoreConfig::default()).unwrap();
        let mut sampler = Sampler::new(writer);
        for (seconds, uptime) in [(10, 10), (60, 60), (120, 121)] {
            sampler.sample(&figures(seconds), Duration::from_secs(uptime)).unwrap();
        }
        let window = Window { from: HOUR, to: HOUR.plus_micros(Grain::Hour.micros()) };
        let minutes = readers.get().unwrap().self_metrics(window).unwrap();
        let [(first, one), (second, other)] = &minutes[..] else { panic!("{minutes:?}") };
        assert_eq!((*first, *second), (HOUR, HOUR.plus_micros(60_000_000)));
        assert_eq!((one.measured_micros, other.measured_micros), (50_000_000, 61_000_000));
        assert_eq!((one.cpu_micros, other.cpu_micros), (1_000_000, 1_200_000));
        assert_eq!((one.requests, other.requests), (100, 120));
        assert_eq!((one.questions, one.slow_questions), (150, 50));
        assert_eq!((one.frames, one.clients), (250, 4));
        assert_eq!(one.disk_read, Some(ByteCount::new(5_000)));
        assert_eq!(one.disk_written, None, "what is not told stays unknown");
        assert_eq!(one.pipeline, None);
        assert_eq!(one.network_sent, Some(ByteCount::new(350)));
        assert_eq!(one.load_thousandths, Some(250));
    }

    /// A node was taken up again: its lines begin anew.
    #[test]
    fn what_begins_anew_is_not_below_zero() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nodes.db");
        let Store { writer, readers } = Store::open(&path, StoreConfig::default()).unwrap();
        let mut sampler = Sampler::new(writer);
        sampler.sample(&figures(60), Duration::from_secs(60)).unwrap();
        let less = OwnFigures { at: HOUR.plus_micros(120_000_000), ..figures(1) };
        sampler.sample(&less, Duration::from_secs(120)).unwrap();
        let window = Window { from: HOUR, to: HOUR.plus_micros(Grain::Hour.micros()) };
        let minutes = readers.get().unwrap().self_metrics(window).unwrap();
        assert_eq!((minutes.len(), minutes[0].1.frames), (1, 0));
    }
}
