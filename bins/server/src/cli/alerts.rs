//! `piecewatch alerts`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{FormArgs, NodesArgs};
use crate::window::Length;

/// See of what operators are told, and test how.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  piecewatch alerts test --config piecewatch.toml
      a test message through each channel, a call of the heartbeat, and what came back
  piecewatch alerts test --config piecewatch.toml --channel phone
      through one of them
  piecewatch alerts list --db nodes.db --window 30d
      what there was in a month, how long it lasted, and whether the messages arrived")]
pub struct AlertsArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: AlertsCommand,
}

/// What can be done with alerts.
#[derive(Debug, Subcommand)]
pub enum AlertsCommand {
    /// Send a test message through each channel, call the heartbeat, and say what came back
    Test(AlertsTestArgs),
    /// Show the alerts that last, and those of before
    List(AlertsListArgs),
}

/// Send a test message.
#[derive(Debug, Args)]
pub struct AlertsTestArgs {
    /// The configuration
    #[arg(long, value_name = "FILE", env = "PIECEWATCH_CONFIG")]
    pub config: PathBuf,
    /// Through this channel alone
    #[arg(long, value_name = "NAME")]
    pub channel: Option<String>,
}

/// Show alerts.
#[derive(Debug, Args)]
pub struct AlertsListArgs {
    /// Of which nodes.
    #[command(flatten)]
    pub of: NodesArgs,
    /// How far back from now: 24h, 7d
    #[arg(long, value_name = "LENGTH", default_value = "7d")]
    pub window: Length,
    /// In which form.
    #[command(flatten)]
    pub form: FormArgs,
}
