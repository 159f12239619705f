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
    pipeline::{PipelineState, WriterState},
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
        // Of what somebody reads who hangs nobody knows how it is now.
        let catches_up = |node: &&NodeName| {
            self.report(node).is_some_and(|(report, told)| {
                matches!(told.following, Told::CatchingUp { .. })
                    || age(report.reported_at.0, now) > REPORT_AGE_MAX
            })
        };
        let unreadable = |node: &NodeName| match &self.report(node)?.1.following {
            Told::Waiting { reason } | Told::Disconnected { reason, .. } => {
                Some((node.clone(), reason.clone()))
            }
            Told::Starting | Told::Moved { .. } | Told::CatchingUp { .. } | Told::Live { .. } => {
                None
            }
        };
        let open_audit = |node: &NodeName| Some((node.clone(), self.report(node)?.1.open_audit?.0));
        Filling {
            followed: nodes.clone().cloned().collect(),
            catching_up: nodes.clone().filter(catches_up).cloned().collect(),
            open_audits: nodes.clone().filter_map(open_audit).collect(),
            unreadable: nodes.filter_map(unreadable).collect(),
            blocked: self.reports.iter().find_map(|report| report.trouble(now)),
            ..Filling::default()
        }
    }

    /// How those are who follow nodes, as if they were one process; `None` when nobody does.
    pub(super) fn pipeline(&self, now: Timestamp) -> Option<PipelineState> {
        let state = |of: &Follower| Some(self.report(&of.node)?.1.state(of.node.clone()));
        let sum = |figure: fn(&Report) -> u64| self.reports.iter().map(figure).sum::<u64>();
        let longest = self.reports.iter().map(|of| of.longest_commit_micros).max();
        let writer = WriterState {
            committed_at: self.reports.iter().filter_map(|of| of.committed_at).max().map(|at| at.0),
            commits: sum(|of| of.commits),
            records: sum(|of| of.records),
            committing: Duration::from_micros(sum(|of| of.committing_micros)),
            longest_commit: Duration::from_micros(longest.unwrap_or(0)),
            blocked: self.reports.iter().find_map(|report| report.trouble(now)),
        };
        Some(PipelineState {
            since: self.reports.iter().map(|report| report.since).min()?.0,
            writer,
            waiting: usize::try_from(sum(|of| of.waiting)).unwrap_or(usize::MAX),
            nodes: self.followers.iter().filter_map(state).collect(),
        })
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

#[cfg(test)]
mod tests {
    use piecewatch_ingest::{Noticing, State};

    use super::*;
    use crate::pipeline::NodeState;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000 + seconds)
    }

    fn followed(node: &str, state: State) -> NodeState {
        NodeState {
            node: node.parse().unwrap(),
            source: format!("{node}.log"),
            since: at(0),
            state,
            lines: 7,
            speed: None,
            silence: None,
            open_audit: Some(at(3)),
        }
    }

    /// What a process reports, as it is read by others.
    fn told(process: u32, state: &PipelineState) -> Report {
        let report = Report { process, ..Report::of(state, at(60)) };
        serde_json::from_slice(&serde_json::to_vec(&report).unwrap()).unwrap()
    }

    #[test]
    fn several_processes_are_told_as_one_and_every_state_as_it_is() {
        let reason = || "it is not there".to_owned();
        let nodes = [
            followed("attic", State::Starting),
            followed("barn", State::Waiting { reason: reason() }),
            followed("cellar", State::Moved { reason: reason() }),
            followed("den", State::CatchingUp { read_bytes: 1, total_bytes: 9 }),
            followed("loft", State::Live { noticing: Noticing::Streamed }),
            followed("shed", State::Live { noticing: Noticing::Polled }),
            followed(
                "yard",
                State::Disconnected { reason: reason(), retry: Duration::from_secs(8) },
            ),
        ];
        let writer = |commits: u32, blocked: Option<&str>| WriterState {
            committed_at: Some(at(commits.into())),
            commits: commits.into(),
            records: 10 * u64::from(commits),
            committing: Duration::from_millis(100) * commits,
            longest_commit: Duration::from_millis(9) * commits,
            blocked: blocked.map(str::to_owned),
        };
        let pipeline = |since, writer, waiting, nodes: &[NodeState]| PipelineState {
            since: at(since),
            writer,
            waiting,
            nodes: nodes.to_vec(),
        };
        let one = pipeline(20, writer(3, None), 1, &nodes[..4]);
        let other = pipeline(10, writer(5, Some("the disk is full")), 2, &nodes[4..]);
        let of = |process, state: &PipelineState| {
            let holder = Holder { program: "collector".to_owned(), process, since: at(0) };
            let follower =
                |of: &NodeState| Follower { node: of.node.clone(), holder: holder.clone() };
            state.nodes.iter().map(follower).collect::<Vec<_>>()
        };
        let following = Following {
            followers: [of(1, &one), of(2, &other)].concat(),
            reports: vec![told(1, &one), told(2, &other)],
        };
        let mut both = writer(8, None);
        both.committed_at = Some(at(5));
        both.longest_commit = Duration::from_millis(45);
        both.blocked = Some("process 2 cannot write what it reads: the disk is full".to_owned());
        assert_eq!(following.pipeline(at(70)), Some(pipeline(10, both, 3, &nodes)));
        let nobody = Following { followers: Vec::new(), reports: Vec::new() };
        assert_eq!(nobody.pipeline(at(70)), None);
    }
}
