//! What can be asked about nodes side by side.

use clap::Args;

use super::{FormArgs, NodesArgs};
use crate::window::Length;

/// Show nodes side by side, and what is unusual at them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  piecewatch compare --db nodes.db
      the last day of every node
  piecewatch compare --db nodes.db --node attic --node barn --window 7d
      a week of two nodes
  piecewatch compare --db nodes.db --csv > nodes.csv
      a row for each node and criterion, for a spreadsheet

#1 is the best. Nodes of which something is not known have no rank in it. The overall score is a mean of \
how near a node comes to the best one, by weights: earnings for a TB 20; downloads 15; uploads, audits, \
p95 and the audit score 10 each; p50, p99, space used, efficiency and the online score 5 each. It takes \
half of the weights to have a score. Scores of satellites count from where they disqualify or suspend: \
an audit score of 0.96 or less is worth nothing.

The window ends at the newest record of all these nodes and is widened to whole hours. Nodes whose logs end \
earlier are named below. Earnings are those of the month in which it ends. Latencies are of downloads by \
clients that succeeded, by one clock, and of whole days where hours of them are no longer kept.")]
pub struct CompareArgs {
    /// Of which nodes.
    #[command(flatten)]
    pub of: NodesArgs,
    /// How far back from the newest record: 90m, 24h, 7d
    #[arg(long, value_name = "LENGTH", default_value = "24h")]
    pub window: Length,
    /// How the answer is written.
    #[command(flatten)]
    pub form: FormArgs,
}
