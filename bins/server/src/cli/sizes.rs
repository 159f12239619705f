//! What can be asked about the sizes of transfers.

use clap::Args;

use super::{FormArgs, NodesArgs};
use crate::window::Length;

/// Show how large transfers are.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  piecewatch sizes --db nodes.db
      the last day of all nodes together, by action and size
  piecewatch sizes --db nodes.db --node attic --window 30d
      a month of one node
  piecewatch sizes --db nodes.db --csv > sizes.csv
      by action, outcome and size, for a spreadsheet

The window ends at the newest record and is widened to whole hours. Transfers whose log tells no size \
are left out. Sizes are kept for a year.")]
pub struct SizesArgs {
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
