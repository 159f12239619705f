//! What can be asked about pieces.

use clap::Args;

use super::{FormArgs, NodesArgs};
use crate::window::Length;

/// Show which pieces are downloaded most.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  piecewatch pieces --db nodes.db
      the pieces that clients downloaded most in the last hour
  piecewatch pieces --db nodes.db --node attic --limit 100 --csv
      a hundred of one node, for a spreadsheet

The window ends at the newest record of each node, and reaches back as far as single transfers are kept. \
Downloads by clients (GET) count, whether they succeeded or not; audits and repairs do not.")]
pub struct PiecesArgs {
    /// Of which nodes.
    #[command(flatten)]
    pub of: NodesArgs,
    /// How far back from the newest record of a node: 10m, 24h
    #[arg(long, value_name = "LENGTH", default_value = "1h")]
    pub window: Length,
    /// Show at most so many pieces
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub limit: u16,
    /// How the answer is written.
    #[command(flatten)]
    pub form: FormArgs,
}
