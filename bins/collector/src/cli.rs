//! What can be said on the command line, and the help that explains it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::{check::Form, config::Sayings, status::Answer, version};

/// Follows the logs of Storj storage nodes and keeps what they say in one database.
#[derive(Debug, Parser)]
#[command(
    name = "piecewatch-collector",
    version = version::text(),
    arg_required_else_help = true,
    after_help = "\
Examples:
  piecewatch-collector config --print-default > collector.toml
  piecewatch-collector check --config collector.toml
  piecewatch-collector run --config collector.toml

Exit codes: 0 done, 1 the work failed, 2 wrong usage or configuration."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Follow the logs of nodes until told to stop
    Run(RunArgs),
    /// Look at the configuration and at each source, and say what is there
    Check(CheckArgs),
    /// Say how a running collector is, and what is known of its nodes
    Status(StatusArgs),
    /// Print a configuration
    Config(ConfigArgs),
}

/// What is followed, and where it is kept.
#[derive(Debug, Args)]
#[command(next_help_heading = "Configuration")]
pub struct FollowArgs {
    /// The configuration; what is said here besides wins over it
    #[arg(long, value_name = "FILE", env = "PIECEWATCH_CONFIG")]
    pub config: Option<PathBuf>,
    /// The database; created if it is not there [env: PIECEWATCH_DB]
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// A node and the source of its log; can be said again
    ///
    /// A source is a file, a pattern, `docker:CONTAINER`, `journald:UNIT` or `tcp://HOST:PORT`.
    /// NAME:PATH[:URL] and NAME:HOST:PORT[:URL] are understood too; URL is that of the node's own
    /// dashboard. A node that the configuration has by the same name is replaced.
    #[arg(long = "node", value_name = "NAME=SOURCE")]
    pub nodes: Vec<String>,
}

/// Follow the logs of nodes until told to stop.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  piecewatch-collector run --config collector.toml
      as it is configured
  piecewatch-collector run --db nodes.db --node attic=/var/log/storj/node.log
      a node whose log is a file, through all its rotations
  piecewatch-collector run --db nodes.db --node attic=docker:storagenode --node shed=tcp://shed:9999
      two nodes, in a container and on another host

SIGTERM and Ctrl-C commit what was read and end; a second one ends at once, which is safe. SIGHUP reads \
the configuration again.")]
pub struct RunArgs {
    /// What is followed.
    #[command(flatten)]
    pub follow: FollowArgs,
}

/// Look at the configuration and at each source, and say what is there.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  piecewatch-collector check --config collector.toml
      the configuration, and each source as this user can read it
  piecewatch-collector check --node attic=docker:storagenode
      a source alone

Nothing is written. Commands, containers and hosts are listened to for some seconds. The exit code is 1 \
when a source cannot be followed.")]
pub struct CheckArgs {
    /// What is followed.
    #[command(flatten)]
    pub follow: FollowArgs,
    /// Print one JSON object instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Say how a running collector is, and what is known of its nodes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  piecewatch-collector status --db nodes.db
  piecewatch-collector status --config collector.toml --json
  piecewatch-collector status --config collector.toml --healthy
      nothing but the exit code: 0 when a live process follows every node that is configured (with \
--db alone: any node), has reported within three minutes and can write; otherwise 1 and a sentence

The database is not written, and a collector is not disturbed.")]
pub struct StatusArgs {
    /// The configuration that the collector runs with
    #[arg(long, value_name = "FILE", env = "PIECEWATCH_CONFIG")]
    pub config: Option<PathBuf>,
    /// The database [env: PIECEWATCH_DB]
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// Print one JSON object instead of a table
    #[arg(long, conflicts_with = "healthy")]
    pub json: bool,
    /// Print nothing: the exit code says whether all is well
    #[arg(long)]
    pub healthy: bool,
}

/// Print a configuration.
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = "\
Examples:
  piecewatch-collector config --print-default > collector.toml"
)]
pub struct ConfigArgs {
    /// The default, with what every key means
    #[arg(long, required = true)]
    pub print_default: bool,
}

impl FollowArgs {
    /// What was said, with the environment.
    pub(crate) fn sayings(&self) -> Sayings {
        Sayings {
            file: self.config.clone(),
            variables: std::env::vars_os().collect(),
            db: self.db.clone(),
            nodes: self.nodes.clone(),
        }
    }
}

impl CheckArgs {
    /// How the answer is to look.
    pub(crate) fn form(&self) -> Form {
        if self.json { Form::Json } else { Form::Text }
    }
}

impl StatusArgs {
    /// How the answer is to look.
    pub(crate) fn answer(&self) -> Answer {
        match (self.healthy, self.json) {
            (true, _) => Answer::ExitCode,
            (false, true) => Answer::Json,
            (false, false) => Answer::Text,
        }
    }

    /// What was said, with the environment.
    pub(crate) fn sayings(&self) -> Sayings {
        Sayings {
            file: self.config.clone(),
            variables: std::env::vars_os().collect(),
            db: self.db.clone(),
            nodes: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }
}
