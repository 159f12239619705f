//! What the server knows of itself, gathered once and told at `/metrics`, in the status and in the
//! history of the minutes.

mod http;
mod machine;
mod sampler;
mod slow;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use piecewatch_analytics::Observatory;
use piecewatch_broadcast::Statistics;
use piecewatch_cache::Stats;
use piecewatch_collector::pipeline::PipelineState;
use piecewatch_finance::Ledger;
use piecewatch_model::{NodeName, Timestamp};
use piecewatch_store::{QuestionStats, Readers};

pub(crate) use http::Pace;
pub(crate) use http::{CLASSES, HttpCounts, HttpFigures};
pub(crate) use machine::{Machine, MachineFigures, ProcessFigures};
pub(crate) use sampler::Sampler;
pub(crate) use slow::{SlowQuestions, SlowTold};

/// What the server is made of that counts by itself.
#[derive(Debug)]
pub(crate) struct Own {
    /// The database.
    pub(crate) db: PathBuf,
    /// Where questions are asked, and counted.
    pub(crate) readers: Readers,
    pub(crate) observatory: Arc<Observatory>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) http: Arc<HttpFigures>,
    pub(crate) slow: Arc<SlowQuestions>,
    pub(crate) machine: Machine,
    /// When the server began.
    pub(crate) since: Timestamp,
}

/// What others of the server know at the moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Moment {
    /// How long it took until the server answered; `None` while it begins.
    pub(crate) startup: Option<Duration>,
    /// How logs are read, here or by other processes; `None` where nobody does.
    pub(crate) pipeline: Option<PipelineState>,
    /// What the hub did.
    pub(crate) hub: Statistics,
    /// Alerts that fire.
    pub(crate) alerts: Vec<Firing>,
    /// How the channels do that tell of them.
    pub(crate) channels: Vec<ChannelFigures>,
    /// Caches beside those of the observatory and the ledger, such as that of whole answers.
    pub(crate) caches: Vec<Stats>,
}

/// How many alerts of one kind fire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Firing {
    /// At which node; `None` for those of the server.
    pub(crate) node: Option<NodeName>,
    /// `warning` or `critical`.
    pub(crate) level: &'static str,
    pub(crate) count: u64,
}

/// How a channel of alerts does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChannelFigures {
    pub(crate) name: String,
    /// Messages that arrived since the server began.
    pub(crate) delivered: u64,
    /// Those that were given up.
    pub(crate) failed: u64,
    /// Whether the last attempt failed.
    pub(crate) is_failing: bool,
}

/// What the server knows of itself at one instant.
#[derive(Debug, Clone)]
pub(crate) struct OwnFigures {
    pub(crate) at: Timestamp,
    pub(crate) since: Timestamp,
    pub(crate) process: ProcessFigures,
    pub(crate) machine: MachineFigures,
    pub(crate) database: DatabaseFigures,
    pub(crate) questions: BTreeMap<&'static str, QuestionStats>,
    /// The last slow questions, the newest first.
    pub(crate) slow: Vec<SlowTold>,
    /// By what they serve: `analytics`, `earnings` or `answers`.
    pub(crate) caches: Vec<(&'static str, Stats)>,
    pub(crate) http: HttpCounts,
    pub(crate) moment: Moment,
}

/// How large the files of the database are; `None` where they cannot be looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct DatabaseFigures {
    pub(crate) bytes: Option<u64>,
    /// The write-ahead log; 0 when there is none.
    pub(crate) wal_bytes: u64,
}

impl Own {
    /// Gathers everything. It takes less than a millisecond; `uptime` is a time that never jumps.
    pub(crate) fn figures(&self, moment: Moment, now: Timestamp, uptime: Duration) -> OwnFigures {
        let of = |service| move |stats| (service, stats);
        let analytics = self.observatory.stats().into_iter().map(of("analytics"));
        let earnings = self.ledger.stats().into_iter().map(of("earnings"));
        let answers = moment.caches.clone().into_iter().map(of("answers"));
        let (process, machine) = self.machine.figures(uptime);
        OwnFigures {
            at: now,
            since: self.since,
            process,
            machine,
            database: DatabaseFigures::of(&self.db),
            questions: self.readers.question_stats(),
            slow: self.slow.last(),
            caches: analytics.chain(earnings).chain(answers).collect(),
            http: self.http.counts(),
            moment,
        }
    }
}

impl OwnFigures {
    /// How many questions were asked, and how many of them were slow.
    pub(crate) fn asked(&self) -> (u64, u64) {
        let add = |(count, slow), stats: &QuestionStats| (count + stats.count, slow + stats.slow);
        self.questions.values().fold((0, 0), add)
    }

    /// How many asks caches answered from memory, and how many they did not.
    pub(crate) fn cached(&self) -> (u64, u64) {
        let add =
            |(hits, misses), (_, stats): &(&str, Stats)| (hits + stats.hits, misses + stats.misses);
        self.caches.iter().fold((0, 0), add)
    }
}

impl DatabaseFigures {
    fn of(db: &Path) -> Self {
        let len = |path: &Path| path.metadata().ok().map(|file| file.len());
        let mut wal = db.as_os_str().to_owned();
        wal.push("-wal");
        Self { bytes: len(db), wal_bytes: len(Path::new(&wal)).unwrap_or(0) }
    }
}
