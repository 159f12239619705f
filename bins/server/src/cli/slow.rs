//! What can be asked about the transfers that took longest.

use clap::{Args, ValueEnum};
use piecewatch_model::Action;

use super::{FormArgs, NodesArgs, latency::action};
use crate::window::Length;

/// Show the transfers that took longest.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  piecewatch slow --db nodes.db
      the ten slowest of the last 24 hours
  piecewatch slow --db nodes.db --node attic --action GET_AUDIT --window 30d
      the audits that took longest in a month
  piecewatch slow --db nodes.db --ending success --limit 50 --csv
      for a spreadsheet

Of each node, action and ending the ten slowest of every hour are kept for 90 days, and of every day for \
ever, so the first ten of a list are exact for any window. Further ones are the slowest of those that \
are kept. The window ends at the newest record and is widened to whole hours, or to whole days where \
those are no longer kept.")]
pub struct SlowArgs {
    /// Of which nodes.
    #[command(flatten)]
    pub of: NodesArgs,
    /// How far back from the newest record: 90m, 24h, 7d
    #[arg(long, value_name = "LENGTH", default_value = "24h")]
    pub window: Length,
    /// Show this action only: GET, PUT, GET_AUDIT, …
    #[arg(long, value_name = "ACTION", value_parser = action)]
    pub action: Option<Action>,
    /// Show only those that ended so
    #[arg(long, value_name = "ENDING", value_enum)]
    pub ending: Option<Ended>,
    /// How many
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub limit: u16,
    /// How the answer is written.
    #[command(flatten)]
    pub form: FormArgs,
}

/// How a transfer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Ended {
    /// All bytes were moved
    Success,
    /// The other side stopped
    Canceled,
    /// It broke
    Failed,
}

impl From<Ended> for piecewatch_store::Ending {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Success => Self::Success,
            Ended::Canceled => Self::Canceled,
            Ended::Failed => Self::Failed,
        }
    }
}
