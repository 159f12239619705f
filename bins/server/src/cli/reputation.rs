//! What can be asked about reputation.

use clap::Args;

use super::{FormArgs, NodesArgs};
use crate::window::Length;

/// Show what satellites think of nodes, and how nodes are reached.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  piecewatch reputation --db nodes.db
      the scores of each node and satellite, and what changed in the last day
  piecewatch reputation --db nodes.db --node attic --window 30d
      a month of one node
  piecewatch reputation --db nodes.db --json | jq '.nodes[].worst'
      for machines

Below an audit score of 0.96 a satellite disqualifies a node for good; below a suspension or online score \
of 0.6 it suspends it. `look` wants to be looked at when there is time, `trouble` now. The window ends at \
the newest record or poll.")]
pub struct ReputationArgs {
    /// Of which nodes.
    #[command(flatten)]
    pub of: NodesArgs,
    /// How far back changes, failures and restarts are counted: 90m, 24h, 7d
    #[arg(long, value_name = "LENGTH", default_value = "24h")]
    pub window: Length,
    /// How the answer is written.
    #[command(flatten)]
    pub form: FormArgs,
}
