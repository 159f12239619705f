//! How the collectors of a database are, and what is known of the nodes: asked from outside,
//! changing nothing.

mod gathered;
mod shown;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    path::Path,
};

use piecewatch_model::{NodeName, Timestamp};
use piecewatch_store::{Follower, askers, lost_followers};

use crate::{Error, Result, clock, config::Config, pipeline::PipelineState};
use gathered::{Following, Status};

/// What is wrong with who follows nodes into a database, in a sentence; `None` when all is well: what
/// `status --healthy` judges by.
///
/// # Errors
///
/// When the folder of the locks cannot be read.
pub fn trouble(config: &Config, now: Timestamp) -> Result<Option<String>> {
    Ok(Following::of(&config.db)?.trouble(config, now))
}

/// How those are doing that fill a database at this moment, this process included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filling {
    /// The nodes whose logs are followed.
    pub followed: BTreeSet<NodeName>,
    /// Those of them whose logs are not read up to now.
    pub catching_up: BTreeSet<NodeName>,
    /// Those of them whose logs cannot be read now, with the reason.
    pub unreadable: BTreeMap<NodeName, String>,
    /// Since when the oldest audit goes on that the log of a node leaves open, where all of it is read.
    pub open_audits: BTreeMap<NodeName, Timestamp>,
    /// The nodes whose followers died before giving them up; nobody has gone on with them.
    pub lost: BTreeSet<NodeName>,
    /// The nodes that are asked themselves.
    pub asked: BTreeSet<NodeName>,
    /// Why a process cannot write what it reads, or hangs; `None` when all can.
    pub blocked: Option<String>,
}

/// Who fills a database, as the processes themselves tell it.
///
/// # Errors
///
/// When the folder of the locks cannot be read.
pub fn filling(db: &Path, now: Timestamp) -> Result<Filling> {
    let nodes = |of: Vec<Follower>| of.into_iter().map(|follower| follower.node).collect();
    let (lost, asked) = (nodes(lost_followers(db)?), nodes(askers(db)?));
    Ok(Filling { lost, asked, ..Following::of(db)?.filling(now) })
}

/// How the nodes of a database are followed and written, as the processes that do so told last, and as if they were one:
/// at most ten seconds ago. `None` when nobody does.
///
/// # Errors
///
/// When the folder of the locks cannot be read.
pub fn followed(db: &Path, now: Timestamp) -> Result<Option<PipelineState>> {
    Ok(Following::of(db)?.pipeline(now))
}

/// How the answer looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// For people.
    Text,
    /// One JSON object.
    Json,
    /// Nothing but the exit code.
    ExitCode,
}

/// Writes how the collectors of a database are, and what the database knows of each node.
///
/// # Errors
///
/// When there is no database, or it cannot be read. When only the exit code is asked for,
/// [`Error::Unwell`] if somebody should look.
pub(crate) fn run(config: &Config, answer: Answer, out: &mut dyn Write) -> Result<()> {
    if !config.db.exists() {
        return Err(Error::NoDatabase { path: config.db.clone() });
    }
    let now = clock::now();
    match answer {
        Answer::ExitCode => match trouble(config, now)? {
            Some(trouble) => Err(Error::Unwell { trouble }),
            None => Ok(()),
        },
        Answer::Text => shown::text(&Status::gather(config, now)?, out).map_err(Error::Output),
        Answer::Json => shown::json(&Status::gather(config, now)?, out).map_err(Error::Output),
    }
}
