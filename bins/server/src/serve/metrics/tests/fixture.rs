//! The example log in a database, beside a node of which lines come, and what both report.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use clap::Parser;
use piecewatch_analytics::{Observatory, ObservatorySettings};
use piecewatch_broadcast::Statistics;
use piecewatch_collector::{
    config::ExporterNames,
    pipeline::{NodeState, PipelineState, WriterState},
};
use piecewatch_finance::{Ledger, LedgerSettings};
use piecewatch_ingest::{Noticing, State};
use piecewatch_model::{
    Action, Batch, ByteCount, ByteHours, Checkpoint, Clock, DailyBandwidth, DailyStorage, Fact,
    Fingerprinter, Grain, KnownSatellite, Latency, LineCounts, MicroUsd, NodeEstimate, NodeStatus,
    Outcome, Paystub, PaystubCodes, Period, PieceId, Poll, PollPart, Quic, Record, Report, Space,
    Standing, StandingScores, Start, StorageBasis, Timestamp, Transfer,
};
use piecewatch_store::{
    Appended, LatencyFilter, NodeInfo, Nodes, Readers, Store, StoreConfig, Window, Writer,
};
use tempfile::TempDir;

use super::{Form, Metrics, Page};
use crate::{
    Cli, Colour, clock,
    serve::own::{
        ChannelFigures, Firing, HttpFigures, Machine, Moment, Own, OwnFigures, SlowQuestions,
    },
};

/// Long after the example log, which is whole days of the past then.
const NOW: Timestamp = Timestamp::from_civil((2026, 8, 20), 12, 0, 0);
const SECOND: i64 = 1_000_000;

/// A file of the tree.
pub(super) fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name).canonicalize().unwrap()
}

/// A database, removed when dropped.
pub(super) struct Bench {
    folder: TempDir,
    writer: Writer,
    readers: Readers,
    content: Fingerprinter,
    position: Option<Checkpoint>,
    /// The time of the newest record of the example.
    pub(super) newest: Timestamp,
    /// The present.
    pub(super) now: Timestamp,
}

impl Bench {
    pub(super) fn empty(now: Timestamp) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::over(folder, now)
    }

    fn over(folder: TempDir, now: Timestamp) -> Self {
        let path = folder.path().join("nodes.db");
        let Store { writer, readers } = Store::open(&path, StoreConfig::default()).unwrap();
        let mut content = Fingerprinter::new();
        content.feed(&[7; 5000]);
        Self { folder, writer, readers, content, position: None, newest: now, now }
    }

    /// The example as `demo`, and `live`, whose newest record is a second old.
    pub(super) fn of_example() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("nodes.db");
        let log = shipped("docs/example/node.log.gz");
        let words =
            ["piecewatch", "import", "--node", "demo", "--db"].map(std::ffi::OsString::from);
        let cli = Cli::try_parse_from(words.into_iter().chain([db.into(), log.into()])).unwrap();
        crate::run(&cli, &mut Vec::new(), Colour::Off).unwrap();
        let mut bench = Self::over(folder, NOW);
        let nodes = bench.readers.get().unwrap().nodes().unwrap();
        bench.newest = nodes[0].records.unwrap().1;
        bench.append(NOW.plus_micros(-SECOND));
        bench.append_of(NOW.plus_micros(-2 * SECOND), Action::Put);
        for (part, facts) in [
            (PollPart::Dashboard, vec![status(), space()]),
            (PollPart::Satellites, satellite()),
            (PollPart::Paystubs, vec![paystub()]),
        ] {
            bench.report(part, facts);
        }
        bench
    }

    fn report(&mut self, part: PollPart, facts: Vec<Fact>) {
        let at = self.now.plus_micros(-60 * SECOND);
        let (took_micros, requests, bytes) = (1_500_000, 3, ByteCount::new(4_096));
        let poll = Poll { at, part, took_micros, requests, bytes, error: None };
        let report = Report { node: "demo".parse().unwrap(), poll, facts };
        self.writer.report(&report, self.now).unwrap();
    }

    /// A download of the node `live` that ended then.
    pub(super) fn append(&mut self, at: Timestamp) {
        self.append_of(at, Action::Get);
    }

    fn append_of(&mut self, at: Timestamp, action: Action) {
        let transfer = Transfer {
            at,
            satellite: Some(KnownSatellite::ALL[0].id()),
            piece: PieceId::new([7; 32]),
            action,
            outcome: Outcome::Success,
            size: Some(ByteCount::new(1000)),
            offset: Some(0),
            remote: None,
            country: None,
            latency: Some(Latency { micros: 1_500_000, clock: Clock::LineMillis }),
            error: None,
            error_text: None,
        };
        self.content.feed(format!("{at}\n").as_bytes());
        let end = self.content.checkpoint();
        let known = self.readers.get().unwrap().sources(&"live".parse().unwrap()).unwrap().newest;
        let start = match &self.position {
            Some(position) => Start::from(position),
            None => Start::Beginning { known },
        };
        self.position = Some(end.clone());
        let batch = Batch {
            node: "live".parse().unwrap(),
            source: Arc::from("live.log"),
            start,
            end,
            records: vec![Record::Transfer(transfer)],
            counts: LineCounts { transfers: 1, ..LineCounts::default() },
        };
        assert_eq!(self.writer.append(&[batch], self.now).unwrap(), [Appended::Committed]);
    }

    /// What a server that has just begun tells.
    pub(super) fn page(&self, form: Form, names: ExporterNames) -> Page {
        Page::parse(&self.text(form, names))
    }

    pub(super) fn text(&self, form: Form, names: ExporterNames) -> String {
        self.metrics(names).page(form, &self.own(), self.now).unwrap()
    }

    pub(super) fn page_of(&self, metrics: &Metrics, form: Form) -> Page {
        Page::parse(&metrics.page(form, &self.own(), self.now).unwrap())
    }

    pub(super) fn metrics(&self, names: ExporterNames) -> Metrics {
        let Own { observatory, ledger, .. } = self.services();
        Metrics::new(self.readers.clone(), observatory, ledger, names)
    }

    fn services(&self) -> Own {
        let readers = || self.readers.clone();
        let settings = ObservatorySettings::default();
        Own {
            db: self.folder.path().join("nodes.db"),
            readers: readers(),
            observatory: Arc::new(Observatory::new(readers(), &settings, clock::coarse)),
            ledger: Arc::new(Ledger::new(readers(), LedgerSettings::default(), clock::coarse)),
            http: Arc::new(HttpFigures::default()),
            slow: Arc::new(SlowQuestions::default()),
            machine: Machine::new(),
            since: NOW.plus_micros(-3600 * SECOND),
        }
    }

    pub(super) fn own(&self) -> OwnFigures {
        let writer = WriterState {
            committed_at: Some(self.now),
            commits: 2,
            records: 9,
            committing: Duration::from_millis(30),
            ..WriterState::default()
        };
        let node = NodeState {
            node: "live".parse().unwrap(),
            source: "live.log".to_owned(),
            since: NOW,
            state: State::Live { noticing: Noticing::Notified },
            lines: 9,
            speed: None,
            silence: None,
            open_audit: None,
        };
        let moment = Moment {
            startup: Some(Duration::from_millis(250)),
            pipeline: Some(PipelineState { since: NOW, writer, waiting: 0, nodes: vec![node] }),
            hub: Statistics { clients: 3, ..Statistics::default() },
            alerts: vec![Firing {
                node: Some("demo".parse().unwrap()),
                level: "critical",
                count: 2,
            }],
            channels: vec![ChannelFigures {
                name: "phone".to_owned(),
                delivered: 7,
                failed: 1,
                is_failing: true,
            }],
            caches: Vec::new(),
        };
        self.services().figures(moment, self.now, Duration::from_secs(3600))
    }

    pub(super) fn nodes(&self) -> Vec<NodeInfo> {
        self.readers.get().unwrap().nodes().unwrap()
    }

    /// Every latency that is stored, as the middle of its bucket in microseconds, and how often.
    pub(super) fn latencies(&self) -> Vec<(f64, u64)> {
        let reader = self.readers.get().unwrap();
        let all = Window { from: self.newest.floor(Grain::Day), to: self.now };
        let all = reader.latencies(Nodes::All, all, &LatencyFilter::default(), Grain::Day).unwrap();
        let buckets = all.rows.iter().flat_map(|row| row.histogram.buckets());
        buckets.map(|(low, high, count)| ((low + high) as f64 / 2.0, count)).collect()
    }
}

fn us1() -> piecewatch_model::SatelliteId {
    KnownSatellite::ALL[0].id()
}

fn status() -> Fact {
    Fact::Status(NodeStatus {
        node_id: Some("12abc".into()),
        version: Some("1.150.3".into()),
        allowed_version: Some("1.140.0".into()),
        is_up_to_date: Some(true),
        started_at: Some(Timestamp::from_civil((2026, 1, 1), 0, 0, 0)),
        last_pinged_at: Some(NOW),
        last_quic_pinged_at: Some(NOW),
        quic: Some(Quic::Misconfigured),
        port: Some(28967),
    })
}

fn space() -> Fact {
    let bytes = |bytes| Some(ByteCount::new(bytes));
    Fact::Space(Space {
        used: bytes(3_400_000_000_000),
        trash: bytes(50_000_000_000),
        available: bytes(550_000_000_000),
        total: bytes(4_000_000_000_000),
        overused: bytes(0),
        reclaimable: bytes(0),
    })
}

/// What us1 thinks of the node, and what was moved and stored for it on two days of the month.
fn satellite() -> Vec<Fact> {
    let gb = |gb: u64| ByteCount::new(gb * 1_000_000_000);
    let standing = Standing {
        joined_at: Some(Timestamp::from_civil((2025, 1, 1), 0, 0, 0)),
        vetted_at: Some(Timestamp::from_civil((2025, 3, 1), 0, 0, 0)),
        scores: Some(StandingScores { audit: 0.999, online: 0.875, suspension: 1.0 }),
        ..Standing::unknown(us1())
    };
    let bandwidth = |day: Timestamp, [get, get_repair, get_audit, put, put_repair]: [u64; 5]| {
        Fact::Bandwidth(DailyBandwidth {
            satellite: us1(),
            day,
            get: gb(get),
            get_audit: gb(get_audit),
            get_repair: gb(get_repair),
            put: gb(put),
            put_repair: gb(put_repair),
        })
    };
    let usd = MicroUsd::new;
    let today = NOW.floor(Grain::Day);
    vec![
        Fact::Standing(standing),
        bandwidth(Timestamp::from_civil((2026, 8, 3), 0, 0, 0), [3, 0, 1, 2, 1]),
        bandwidth(today, [4, 1, 0, 4, 2]),
        Fact::Storage(DailyStorage {
            satellite: us1(),
            day: today,
            byte_hours: ByteHours::new(24_000_000_000),
            covered_seconds: Some(86_400),
            average: None,
            basis: StorageBasis::Reported,
        }),
        Fact::Estimate(NodeEstimate {
            satellite: us1(),
            period: Period::new(2026, 8).unwrap(),
            egress: gb(7),
            egress_payout: usd(100_000),
            repair_audit: gb(2),
            repair_audit_payout: usd(100_000),
            storage: ByteHours::new(72_000_000_000_000),
            storage_payout: usd(300_000),
            held_percent: 0,
            held: usd(0),
            payout: usd(500_000),
            expected: Some(usd(800_000)),
        }),
    ]
}

fn paystub() -> Fact {
    let (nothing, usd) = (MicroUsd::default(), MicroUsd::new);
    Fact::Paystub(Paystub {
        satellite: us1(),
        period: Period::new(2026, 7).unwrap(),
        created_at: Timestamp::from_civil((2026, 8, 5), 0, 0, 0),
        codes: PaystubCodes::default(),
        usage_at_rest: ByteHours::new(1),
        usage_get: ByteCount::new(1),
        usage_put: ByteCount::new(0),
        usage_get_repair: ByteCount::new(0),
        usage_put_repair: ByteCount::new(0),
        usage_get_audit: ByteCount::new(0),
        comp_at_rest: usd(1_750_000),
        comp_get: nothing,
        comp_put: nothing,
        comp_get_repair: nothing,
        comp_put_repair: nothing,
        comp_get_audit: nothing,
        surge_percent: 0,
        held: usd(250_000),
        owed: usd(1_500_000),
        disposed: nothing,
        paid: usd(1_500_000),
        distributed: usd(1_500_000),
    })
}
