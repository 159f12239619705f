//! One of the simulated nodes: its log of a month, what it does from then on, and its own dashboard.

use std::{
    fs::{File, OpenOptions},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use piecewatch_model::{ByteCount, Timestamp};
use piecewatch_simulator::{
    Account, AccountConfig, ApiServer, ApiVersion, Config, Encoding, Incident, IncidentKind, Luck,
    NodeApi, Port, Rhythm, SimulatedTime, Simulator,
};

use crate::{Error, Result};

const HOUR_MICROS: i64 = 3_600_000_000;
/// How far back the logs go.
const DAYS: i64 = 30;
/// How busy the nodes were, and are now: a month of the latter would take minutes to write.
const TRANSFERS_PER_SECOND: f64 = 0.04;
const LIVE_TRANSFERS_PER_SECOND: f64 = 0.16;
const TERABYTE: u64 = 1_000_000_000_000;

/// What there is to a node.
pub(super) struct Plan {
    name: &'static str,
    seed: u64,
    terabytes: u64,
    monthly_cost_usd: &'static str,
    /// How busy it is, times the usual.
    share: f64,
    /// What went wrong, and so many hours ago from when to when.
    incident: Option<(IncidentKind, i64, i64)>,
}

/// A node on an old disk, one that lost its line, and one that is well.
pub(super) const NODES: [Plan; 3] = [
    Plan {
        name: "attic",
        seed: 1,
        terabytes: 8,
        monthly_cost_usd: "2.10",
        share: 1.0,
        incident: Some((IncidentKind::SlowDisk(12), 60, 54)),
    },
    Plan {
        name: "cellar",
        seed: 2,
        terabytes: 4,
        monthly_cost_usd: "1.40",
        share: 0.6,
        incident: Some((IncidentKind::LostConnection, 230, 227)),
    },
    Plan {
        name: "shed",
        seed: 3,
        terabytes: 16,
        monthly_cost_usd: "3.75",
        share: 1.5,
        incident: None,
    },
];

/// A simulated node.
pub(super) struct Node {
    plan: &'static Plan,
    log: PathBuf,
    file: File,
    simulator: Simulator,
    dashboard: ApiServer,
    time: SimulatedTime,
    /// The next line, whose time has not come.
    next: Vec<u8>,
}

impl Node {
    /// Writes the log of its month, and opens its dashboard.
    pub(super) fn make(plan: &'static Plan, folder: &Path, now: Timestamp) -> Result<Self> {
        let hours_ago = |hours: i64| now.plus_micros(-hours * HOUR_MICROS);
        let incident =
            |(kind, from, to)| Incident { kind, from: hours_ago(from), to: hours_ago(to) };
        let config = Config {
            seed: plan.seed,
            start: Some(hours_ago(DAYS * 24)),
            // In Docker, as most nodes are: its times are fine enough to tell how long transfers took.
            encoding: Encoding::DockerJson,
            transfers_per_second: TRANSFERS_PER_SECOND * plan.share,
            rhythm: Rhythm::DayAndWeek,
            incidents: plan.incident.map(incident).into_iter().collect(),
            ..Config::default()
        };
        let mut simulator = Simulator::new(config);
        let log = folder.join(format!("{}.log", plan.name));
        let failed = |source| Error::Write { path: log.clone(), source };
        let mut file = BufWriter::with_capacity(1 << 18, File::create(&log).map_err(failed)?);
        let mut next = Vec::new();
        while simulator.now() <= now {
            file.write_all(&next).map_err(failed)?;
            next.clear();
            simulator.next_line(&mut next);
        }
        file.flush().map_err(failed)?;
        let account = Account::of_log(
            &simulator,
            AccountConfig {
                seed: plan.seed,
                now,
                size: Some(ByteCount::new(plan.terabytes * TERABYTE * 6 / 10)),
                luck: Luck::Good,
                ..AccountConfig::default()
            },
        );
        let time = SimulatedTime::new(now);
        let api = NodeApi::new(account, ApiVersion::V1_162);
        let dashboard =
            ApiServer::start(api, Port::Dashboard, time.clone()).map_err(Error::Simulated)?;
        simulator.set_transfers_per_second(LIVE_TRANSFERS_PER_SECOND * plan.share);
        let file = OpenOptions::new().append(true).open(&log).map_err(failed)?;
        Ok(Self { plan, log, file, simulator, dashboard, time, next })
    }

    /// Does what it does up to now.
    pub(super) fn live_until(&mut self, now: Timestamp) -> Result<()> {
        self.time.set_now(now);
        let mut due = Vec::new();
        while self.simulator.now() <= now {
            due.append(&mut self.next);
            self.simulator.next_line(&mut self.next);
        }
        self.file.write_all(&due).map_err(|source| Error::Write { path: self.log.clone(), source })
    }

    pub(super) fn name(&self) -> &'static str {
        self.plan.name
    }

    pub(super) fn log(&self) -> &Path {
        &self.log
    }

    /// The address of its dashboard.
    pub(super) fn url(&self) -> String {
        self.dashboard.url()
    }

    pub(super) fn monthly_cost_usd(&self) -> &'static str {
        self.plan.monthly_cost_usd
    }
}
