//! What can be asked about where the other sides are.

use clap::Args;

use super::{FormArgs, NodesArgs};
use crate::window::Length;

/// Show where the other sides are.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  piecewatch countries --db nodes.db
      the last day of each node
  piecewatch countries --db nodes.db --node attic --window 30d
      a month of one node
  piecewatch countries --db nodes.db --csv > countries.csv
      by node and country, for a spreadsheet

Addresses are looked up when a log is read: by the file that import --geoip names, or geoip in the \
configuration. XP is a private network, ZZ what the file does not know. The window ends at the newest \
record and is widened to whole hours. Countries are kept for a year.")]
pub struct CountriesArgs {
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
