//! What can be asked about errors.

use clap::Args;

use super::{FormArgs, NodesArgs};
use crate::window::Length;

/// Show with which errors transfers end.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  piecewatch errors --db nodes.db
      the errors of the last day, the most frequent first
  piecewatch errors --db nodes.db --node attic --window 7d --canceled
      a week of one node, with the reasons of cancellations
  piecewatch errors --db nodes.db --csv > errors.csv
      by node, action and outcome, for a spreadsheet

Errors that differ only in an address, a number, an id or a path are one: <addr>, #, <id> and <path> \
stand for these. The window ends at the newest record and is widened to whole hours.")]
pub struct ErrorsArgs {
    /// Of which nodes.
    #[command(flatten)]
    pub of: NodesArgs,
    /// How far back from the newest record: 90m, 24h, 7d
    #[arg(long, value_name = "LENGTH", default_value = "24h")]
    pub window: Length,
    /// Show at most so many texts
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub limit: u16,
    /// Show the reasons of cancellations, too: mostly races lost to faster nodes
    #[arg(long)]
    pub canceled: bool,
    /// How the answer is written.
    #[command(flatten)]
    pub form: FormArgs,
}
