//! What can end the work, in a sentence or two: what is wrong, where, and what to do.

use std::{error::Error as _, io, path::PathBuf};

use crate::config::Place;

/// What ended the work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something in the configuration is wrong.
    #[error("{place}: {wrong}")]
    Config {
        /// Where it was said.
        place: Place,
        /// What is wrong, and what to write instead.
        wrong: String,
    },
    /// A configuration file cannot be read.
    #[error("cannot read the configuration {}: {source}{hint}", path.display())]
    ConfigFile {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
        /// What to do about it.
        hint: &'static str,
    },
    /// There is nothing to follow.
    #[error(
        "no node is named; add a [[node]] with `name` and `source` to the file that --config names, or say --node NAME=SOURCE"
    )]
    NoNode,
    /// Results cannot be written.
    #[error("cannot write the result")]
    Output(#[source] io::Error),
    /// The signals of the system cannot be received.
    #[error("cannot receive signals")]
    Signals(#[source] io::Error),
    /// The system gives no thread.
    #[error("cannot start a thread")]
    Thread(#[source] io::Error),
    /// Some sources cannot be followed; which and why was told in their place.
    #[error("{failed} of {nodes} nodes cannot be followed as configured")]
    Check {
        /// How many cannot.
        failed: usize,
        /// How many there are.
        nodes: usize,
    },
    /// There is no database.
    #[error("there is no database {}; name another file, or start the collector: piecewatch-collector run", path.display())]
    NoDatabase {
        /// Where it should be.
        path: PathBuf,
    },
    /// Somebody should look at a collector.
    #[error("{trouble}")]
    Unwell {
        /// What is the matter.
        trouble: String,
    },
    /// A log cannot be read. The text holds its causes.
    #[error("{0}")]
    Source(piecewatch_ingest::Error),
    /// Some things failed, each by itself.
    #[error("{} errors", .0.len())]
    Several(Vec<Error>),
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] piecewatch_store::Error),
}

/// The result of a command.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// What the process ends with: 2 when it was asked wrongly, 1 when the work failed.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Config { .. } | Self::ConfigFile { .. } | Self::NoNode => 2,
            Self::Several(errors) => errors.iter().map(Self::exit_code).max().unwrap_or(1),
            Self::Output(_)
            | Self::Signals(_)
            | Self::Thread(_)
            | Self::Check { .. }
            | Self::NoDatabase { .. }
            | Self::Unwell { .. }
            | Self::Source(_)
            | Self::Store(_) => 1,
        }
    }

    /// Whether the reader of our output went away.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(source) if source.kind() == io::ErrorKind::BrokenPipe)
    }

    /// What to tell: a line for each thing that failed, with its causes as far as
    /// they say more.
    pub fn lines(&self) -> Vec<String> {
        if let Self::Several(errors) = self {
            return errors.iter().flat_map(Self::lines).collect();
        }
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            let words = error.to_string();
            if !text.contains(&words) {
                text.push_str(": ");
                text.push_str(&words);
            }
            cause = error.source();
        }
        vec![text]
    }
}
