//! What can be asked about storage.

use clap::Args;

use super::{FormArgs, NodesArgs};
use crate::window::Length;

/// Show how much space nodes have, when it is full, and what work they do on it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  piecewatch storage --db nodes.db
      space, growth and the day of the full disk; what runs, and what ran in the last 24 hours
  piecewatch storage --db nodes.db --node attic --window 7d
      the work of a week of one node
  piecewatch storage --db nodes.db --csv > storage.csv
      a row for each node and for what is told of it, for a spreadsheet
  piecewatch storage --db nodes.db --json | jq '.nodes[].days'
      what satellites reported of the last 30 days; null is a gap

Growth is what most pairs of snapshots agree on, over 1, 7 and 30 days, and the range holds 95 of 100. A \
disk is full when less than 5 GB are left: satellites then send no uploads. The last time is the newest \
record of the nodes shown.")]
pub struct StorageArgs {
    /// Of which nodes.
    #[command(flatten)]
    pub of: NodesArgs,
    /// Of which time to show the work, back from the newest record: 90m, 24h, 7d
    #[arg(long, value_name = "LENGTH", default_value = "24h")]
    pub window: Length,
    /// How the answer is written.
    #[command(flatten)]
    pub form: FormArgs,
}
