//! What can be said about how an answer is written.

use clap::Args;

/// How an answer is written.
#[derive(Debug, Clone, Copy, Args)]
pub struct FormArgs {
    /// Print JSON instead of tables
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Print CSV instead of tables, a flat row for each line
    #[arg(long)]
    pub csv: bool,
}
