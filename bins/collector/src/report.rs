//! What a running collector tells other processes: a small file beside the locks of its database.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use piecewatch_ingest::{Noticing, State};
use piecewatch_model::{NodeName, Timestamp};
use piecewatch_store::{Follower, followers, locks_folder};
use serde::{Deserialize, Serialize};

use crate::{
    Result,
    pipeline::{NodeState, PipelineState},
};

/// How files of reports end.
const EXTENSION: &str = "report";

/// How a collector was when it told so last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) version: String,
    pub(crate) process: u32,
    pub(crate) since: Moment,
    pub(crate) reported_at: Moment,
    /// The last transaction.
    pub(crate) committed_at: Option<Moment>,
    pub(crate) commits: u64,
    /// What was committed, and how long that took; 0 of a version that does not tell.
    #[serde(default)]
    pub(crate) records: u64,
    #[serde(default)]
    pub(crate) committing_micros: u64,
    #[serde(default)]
    pub(crate) longest_commit_micros: u64,
    /// How many batches wait to be committed.
    #[serde(default)]
    pub(crate) waiting: u64,
    /// Why nothing can be written.
    pub(crate) blocked: Option<String>,
    pub(crate) nodes: Vec<NodeReport>,
}

/// How the following of a node was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct NodeReport {
    pub(crate) name: String,
    pub(crate) source: String,
    /// Since when it is followed.
    pub(crate) since: Moment,
    pub(crate) following: Following,
    /// How many lines were read since then.
    pub(crate) lines: u64,
    /// Since when the oldest audit goes on that the log leaves open.
    #[serde(default)]
    pub(crate) open_audit: Option<Moment>,
}

/// [`State`], as it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(crate) enum Following {
    Starting,
    Waiting {
        reason: String,
    },
    Moved {
        reason: String,
    },
    CatchingUp {
        read_bytes: u64,
        total_bytes: u64,
        lines_per_second: Option<u64>,
        seconds_left: Option<u64>,
    },
    Live {
        noticing: String,
    },
    Disconnected {
        reason: String,
        retry_seconds: u64,
    },
}

/// A time as it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct Moment(pub(crate) Timestamp);

impl From<Moment> for String {
    fn from(Moment(at): Moment) -> Self {
        at.to_string()
    }
}

impl TryFrom<String> for Moment {
    type Error = piecewatch_model::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Report {
    /// What is told of a pipeline of this process.
    pub(crate) fn of(state: &PipelineState, now: Timestamp) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            process: std::process::id(),
            since: Moment(state.since),
            reported_at: Moment(now),
            committed_at: state.writer.committed_at.map(Moment),
            commits: state.writer.commits,
            records: state.writer.records,
            committing_micros: micros(state.writer.committing),
            longest_commit_micros: micros(state.writer.longest_commit),
            waiting: state.waiting as u64,
            blocked: state.writer.blocked.clone(),
            nodes: state.nodes.iter().map(NodeReport::of).collect(),
        }
    }

    /// The reports of the processes that follow nodes into a database now.
    ///
    /// # Errors
    ///
    /// When the folder of the locks cannot be read.
    pub(crate) fn all(db: &Path) -> Result<Vec<Self>> {
        let followers = followers(db)?;
        let reports = files(&locks_folder(db)?).into_iter().filter_map(|path| Self::read(&path));
        Ok(reports.filter(|report| report.is_of_one_of(&followers)).collect())
    }

    /// `None` for what another version has written in another form.
    fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    /// Whether its process lives: ids of processes are given again, but none follows a node since
    /// the same instant.
    fn is_of_one_of(&self, followers: &[Follower]) -> bool {
        self.nodes.iter().any(|node| {
            followers.iter().any(|Follower { node: name, holder }| {
                node.name == name.as_str()
                    && node.since.0 == holder.since
                    && self.process == holder.process
            })
        })
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

impl NodeReport {
    /// How the following of a node was, as far as it is told.
    pub(crate) fn state(&self, node: NodeName) -> NodeState {
        NodeState {
            node,
            source: self.source.clone(),
            since: self.since.0,
            state: self.following.state(),
            lines: self.lines,
            speed: None,
            silence: None,
            open_audit: self.open_audit.map(|Moment(at)| at),
        }
    }

    fn of(node: &NodeState) -> Self {
        let following = match node.state.clone() {
            State::Starting => Following::Starting,
            State::Waiting { reason } => Following::Waiting { reason },
            State::Moved { reason } => Following::Moved { reason },
            State::CatchingUp { read_bytes, total_bytes } => Following::CatchingUp {
                read_bytes,
                total_bytes,
                lines_per_second: node.speed.map(|speed| speed.lines_per_second),
                seconds_left: node.speed.and_then(|speed| speed.left(read_bytes, total_bytes)),
            },
            State::Live { noticing } => Following::Live { noticing: noticing.name().to_owned() },
            State::Disconnected { reason, retry } => {
                Following::Disconnected { reason, retry_seconds: retry.as_secs() }
            }
        };
        Self {
            name: node.node.as_str().to_owned(),
            source: node.source.clone(),
            since: Moment(node.since),
            following,
            lines: node.lines,
            open_audit: node.open_audit.map(Moment),
        }
    }
}

impl Following {
    fn state(&self) -> State {
        match self.clone() {
            Self::Starting => State::Starting,
            Self::Waiting { reason } => State::Waiting { reason },
            Self::Moved { reason } => State::Moved { reason },
            Self::CatchingUp { read_bytes, total_bytes, .. } => {
                State::CatchingUp { read_bytes, total_bytes }
            }
            Self::Live { noticing } => {
                let known = [Noticing::Notified, Noticing::Streamed];
                let told = known.into_iter().find(|of| of.name() == noticing);
                State::Live { noticing: told.unwrap_or(Noticing::Polled) }
            }
            Self::Disconnected { reason, retry_seconds } => {
                State::Disconnected { reason, retry: Duration::from_secs(retry_seconds) }
            }
        }
    }
}

/// The file in which this process reports; removed when dropped.
#[derive(Debug)]
pub(crate) struct ReportFile {
    path: PathBuf,
}

impl ReportFile {
    /// The file of a process that follows nodes into a database; what dead processes have left is
    /// removed. To be called when locks are held.
    ///
    /// # Errors
    ///
    /// When the folder of the locks cannot be read.
    pub(crate) fn new(db: &Path, since: Timestamp) -> Result<Self> {
        let folder = locks_folder(db)?;
        let followers = followers(db)?;
        for path in files(&folder) {
            if !Report::read(&path).is_some_and(|report| report.is_of_one_of(&followers)) {
                // Whoever else begins at this moment removes it, too.
                let _ = fs::remove_file(path);
            }
        }
        // In a container every process may have the same id.
        let name = format!("{}-{}", std::process::id(), since.as_micros());
        Ok(Self { path: folder.join(name).with_extension(EXTENSION) })
    }

    /// Replaces what was told before, in one step.
    pub(crate) fn write(&self, report: &Report) -> io::Result<()> {
        let new = self.path.with_extension("new");
        fs::write(&new, serde_json::to_vec(report)?)?;
        fs::rename(new, &self.path)
    }
}

impl Drop for ReportFile {
    fn drop(&mut self) {
        // What stays is of a dead process, and the next one removes it.
        let _ = fs::remove_file(&self.path);
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let is_report = |path: &PathBuf| path.extension().is_some_and(|name| name == EXTENSION);
    entries.map(|entry| entry.path()).filter(is_report).collect()
}
