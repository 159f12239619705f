//! A log while it is written.

mod arrival;
mod audit;
mod connection;
mod control;
mod cursor;
mod file;
mod files;
mod lines;
mod notice;
mod pace;
mod rotated;
mod source;
mod start;
mod stream;
mod tail;
mod told;

use std::{num::NonZeroUsize, path, time::Duration};

use jiff::tz::TimeZone;
use piecewatch_model::{Batch, Checkpoint, NodeName, Timestamp};

pub use control::{Control, Noticing, State};
pub use files::LogFiles;
pub use notice::Notifier;
pub use pace::{BatchInterval, Called};
pub use source::{Source, SourceError, StartAt};

use crate::{Countries, Flow, Import, ImportConfig};
use file::FileFollower;
use stream::StreamFollower;

/// What to follow, and how.
#[derive(Debug, Clone)]
pub struct FollowConfig {
    /// The node whose log it is.
    pub node: NodeName,
    /// Where the log comes from.
    pub source: Source,
    /// Where to begin when nothing of the node was read before.
    pub start: StartAt,
    /// Where to look up countries; `None` leaves them unknown.
    pub countries: Option<Countries>,
    /// The zone of lines that name none; `None` counts them as UTC.
    pub time_zone: Option<TimeZone>,
    /// The shortest time between two batches of a log that grows all the time. A file that grows is
    /// looked at no less often than that.
    pub batch_interval: BatchInterval,
    /// How often a file is looked at of which nothing is told.
    pub poll_interval: Duration,
    /// Who tells that files have changed.
    pub notifier: Notifier,
    /// What time it is.
    pub now: fn() -> Timestamp,
}

/// Follows a source until it is stopped, and gives what is read to `sink`: batches of which all are
/// to be stored in one transaction, or none. It runs on the thread of the caller.
///
/// `checkpoints` are those stored for the node, and `newest_checkpoint` the number of the newest of
/// them, 0 if there are none. Nothing ends it but `control` and `sink`: what cannot be read is waited
/// for, and [`Control::state`] says so.
///
/// When a batch turns out to begin where somebody else has read on, stop, and follow again with the
/// checkpoints as they are then.
pub fn follow(
    config: &FollowConfig,
    checkpoints: Vec<Checkpoint>,
    newest_checkpoint: i64,
    control: &Control,
    sink: impl FnMut(Vec<Batch>) -> Flow,
) {
    let is_new = checkpoints.is_empty();
    let known = checkpoints.clone();
    let import = ImportConfig {
        node: config.node.clone(),
        workers: NonZeroUsize::MIN,
        countries: config.countries.clone(),
        time_zone: config.time_zone.clone(),
    };
    let import = Import::new(import, checkpoints, newest_checkpoint);
    match &config.source {
        Source::File(path) => {
            // Notifications name files by their whole paths.
            let path = path::absolute(path).unwrap_or_else(|_| path.clone());
            FileFollower::new(config, &path, import, control, sink).run(is_new);
        }
        Source::Docker(_) | Source::Journald(_) | Source::Command(_) | Source::Tcp(_) => {
            StreamFollower::new(config, &known, import, control, sink).run();
        }
    }
}
