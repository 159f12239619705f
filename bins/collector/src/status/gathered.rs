//! What is gathered for a status: who follows what, what they report, what the database knows.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use piecewatch_analytics::{
    restarts::{Restart, restarts_of},
    silence::Silence,
    work::{OpenWork, work_of},
};
use piecewatch_model::{NodeName, Timestamp};
use piecewatch_store::{Activity, Follower, Holder, Nodes, Reader, Readers, Window, followers};

use super::Filling;
use crate::{
    Result,
    config::Config,
    report::{Following as Told, NodeReport, Report},
    shape::length,
};

/// A collector reports once a minute at least: one that has not for so long hangs.
const REPORT_AGE_MAX: Duration = Duration::from_secs(180);
/// How long to wait for a process that keeps the database locked.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How far back the last restart is looked for.
const RESTART_REACH_MICROS: i64 = 30 * 24 * 3600 * 1_000_000;

/// Who follows nodes into a database, and what they report.
#[derive(Debug)]
pub(super) struct Following {
    pub(super) followers: Vec<Follower>,
    pub(super) reports: Vec<Report>,
}

/// Everything that is shown.
#[derive(Debug)]
pub(super) struct Status {
    pub(super) db: PathBuf,
    pub(super) now: Timestamp,
    pub(super) following: Following,
    /// Those that are configured, followed or known.
    pub(super) nodes: BTreeMap<NodeName, Option<Known>>,
}

/// What the database knows of a node.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) activity: Activity,
    /// The times of its oldest and its newest record.
    pub(super) records: Option<(Timestamp, Timestamp)>,
    pub(super) silence: Silence,
    pub(super) restart: Option<Restart>,
    pub(super) work: Vec<OpenWork>,
}

impl Following {
    pub(super) fn of(db: &Path) -> Result<Self> {
        Ok(Self { followers: followers(db)?, reports: Report::all(db)? })
    }

    pub(super) fn holder(&self, node: &NodeName) -> Option<&Holder> {
        self.followers
            .iter()
            .find(|follower| follower.node == *node)
            .map(|follower| &follower.holder)
    }

    /// What the process that follows a node reports of it, and of itself.
    pub(super) fn report(&self, node: &NodeName) -> Option<(&Report, &NodeReport)> {
        let holder = self.holder(node)?;
        self.reports.iter().filter(|report| report.process == holder.process).find_map(|report| {
            let is_it =
                |told: &&NodeReport| node.as_str() == told.name && told.since.0 == holder.since;
            Some((report, report.nodes.iter().find(is_it)?))
        })
    }

    /// What is told of the nodes that are followed, and of those who follow them.
    pub(super) fn filling(&self, now: Timestamp) -> Filling {
        let nodes = self.followers.iter().map(|follower| &follower.node);
        let catches_up = |node: &&NodeName| {
            let report = self.report(node);
            report.is_some_and(|(_, told)| matches!(told.following, Told::CatchingUp { .. }))
        };
        let unreadable = |node: &NodeName| match &self.report(node)?.1.following {
            Told::Waiting { reason } | Told::Disconnected { reason, .. } => {
                Some((node.clone(), reason.clone()))
            }
            Told::Starting | Told::Moved { .. } | Told::CatchingUp { .. } | Told::Live { .. } => {
                None
            }
        };
        // Whoever hangs does not know that it has ended.
        let open_audit = |node: &NodeName| {
            let (report, told) = self.report(node)?;
            let is_new = age(report.reported_at.0, now) <= REPORT_AGE_MAX;
            Some((node.clone(), told.open_audit.filter(|_| is_new)?.0))
        };
        Filling {
            followed: nodes.clone().cloned().collect(),
            catching_up: nodes.clone().filter(catches_up).cloned().collect(),
            open_audits: nodes.clone().filter_map(open_audit).collect(),
            unreadable: nodes.filter_map(unreadable).collect(),
            blocked: self.reports.iter().find_map(|report| report.trouble(now)),
            ..Filling::default()
        }
    }

    /// What is wrong, in a sentence; `None` when every node that is configured is followed, or any
    /// where none is, and all that is read can be written.
    pub(super) fn trouble(&self, config: &Config, now: Timestamp) -> Option<String> {
        let db = config.db.display();
        if self.followers.is_empty() {
            return Some(format!(
                "no collector follows a node into {db}; start one: piecewatch-collector run"
            ));
        }
        let configured = config.nodes.iter().map(|node| &node.name);
        for node in configured.clone() {
            if self.holder(node).is_none() {
                return Some(format!(
                    "nobody follows node {node} into {db}; start the collector, or reload it, and look at its log"
                ));
            }
        }
        let followed = self.followers.iter().map(|follower| &follower.node);
        let asked: Vec<_> =
            if config.nodes.is_empty() { followed.collect() } else { configured.collect() };
        asked.into_iter().find_map(|node| {
            let holder = self.holder(node)?;
            let Some((report, _)) = self.report(node) else {
                // Between the lock and the first report lie milliseconds.
                let age = age(holder.since, now);
                return (age > REPORT_AGE_MAX)
                    .then(|| format!("{holder} follows node {node} and has never reported"));
            };
            report.trouble(now)
        })
    }
}

impl Report {
    /// What is wrong with a process, in a sentence.
    pub(super) fn trouble(&self, now: Timestamp) -> Option<String> {
        let process = self.process;
        let age = age(self.reported_at.0, now);
        if age > REPORT_AGE_MAX {
            let age = length(age);
            return Some(format!(
                "process {process} lives and has not reported for {age}: it hangs, or cannot write beside the database"
            ));
        }
        let reason = self.blocked.as_ref()?;
        Some(format!("process {process} cannot write what it reads: {reason}"))
    }
}

impl Status {
    pub(super) fn gather(config: &Config, now: Timestamp) -> Result<Self> {
        let readers = Readers::open_existing(&config.db, BUSY_TIMEOUT)?;
        let reader = readers.get()?;
        let following = Following::of(&config.db)?;
        let mut records: BTreeMap<_, _> =
            reader.nodes()?.into_iter().map(|node| (node.name, node.records)).collect();
        let mut nodes = BTreeMap::new();
        for activity in reader.activity(Nodes::All, now)? {
            let records = records.remove(&activity.node).flatten();
            nodes.insert(activity.node.clone(), Some(known(&reader, activity, records, now)?));
        }
        let others = config.nodes.iter().map(|node| &node.name);
        for name in others.chain(following.followers.iter().map(|follower| &follower.node)) {
            nodes.entry(name.clone()).or_insert(None);
        }
        Ok(Self { db: config.db.clone(), now, following, nodes })
    }
}

fn known(
    reader: &Reader,
    activity: Activity,
    records: Option<(Timestamp, Timestamp)>,
    now: Timestamp,
) -> Result<Known> {
    let window = Window { from: now.plus_micros(-RESTART_REACH_MICROS), to: now };
    Ok(Known {
        silence: Silence::of(&activity, now),
        restart: restarts_of(reader, &activity.node, window)?.pop(),
        work: work_of(reader, &activity.node, now)?,
        records,
        activity,
    })
}

/// How long ago something was.
pub(super) fn age(at: Timestamp, now: Timestamp) -> Duration {
    Duration::from_micros(u64::try_from(now.as_micros() - at.as_micros()).unwrap_or(0))
}
