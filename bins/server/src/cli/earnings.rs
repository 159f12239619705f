//! What can be asked about earnings.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use piecewatch_model::{NodeName, Period};

use super::FormArgs;

/// Show what nodes earn.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  piecewatch earnings --db nodes.db
      this month so far, each node and satellite
  piecewatch earnings --db nodes.db --node attic --period 2026-10
      a past month of one node
  piecewatch earnings --db nodes.db --months 12 --csv > earnings.csv
      the last twelve months, for a spreadsheet
  piecewatch earnings forecast --db nodes.db
      what this month will have earned at its end
  piecewatch earnings reconcile --db nodes.db --months 6
      what was expected, what was paid, and why the two differ

There are three figures for a month, and they are never mixed. The log estimate is what the log alone \
can say. The node estimate is computed from what the node itself booked, by the node's own rules, and \
equals its dashboard. Paid is what the satellites state.

Money is in US dollars, in JSON and CSV in millionths of one. A TB is 10^12 bytes and a month of storage 720 hours, as satellites count."
)]
pub struct EarningsArgs {
    /// Another question than what a month earned.
    #[command(subcommand)]
    pub command: Option<EarningsCommand>,
    /// Of what.
    #[command(flatten)]
    pub of: EarningsOf,
    /// The month (YYYY-MM); this one unless given
    #[arg(long, value_name = "MONTH", conflicts_with = "months")]
    pub period: Option<Period>,
    /// So many months up to this one, a line for each
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=240))]
    pub months: Option<u16>,
    /// How the answer is written.
    #[command(flatten)]
    pub form: FormArgs,
}

/// A question about earnings.
#[derive(Debug, Subcommand)]
pub enum EarningsCommand {
    /// Show what this month will have earned at its end
    Forecast(ForecastArgs),
    /// Compare what was expected with what was paid
    Reconcile(ReconcileArgs),
}

/// Show what this month will have earned at its end.
#[derive(Debug, Args)]
#[command(after_help = "\
Traffic is taken to go on at its rate so far, storage at its newest level. The confidence grows with the \
time that has passed and falls with how much days differ; the range is where the month most likely ends.")]
pub struct ForecastArgs {
    /// Of what.
    #[command(flatten)]
    pub of: EarningsOf,
    /// How the answer is written.
    #[command(flatten)]
    pub form: FormArgs,
}

/// Compare what was expected with what was paid.
#[derive(Debug, Args)]
pub struct ReconcileArgs {
    /// Of what.
    #[command(flatten)]
    pub of: EarningsOf,
    /// One month (YYYY-MM)
    #[arg(long, value_name = "MONTH", conflicts_with = "months")]
    pub period: Option<Period>,
    /// So many months before this one
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u16).range(1..=240))]
    pub months: u16,
    /// How the answer is written.
    #[command(flatten)]
    pub form: FormArgs,
}

/// Of what a question about earnings is.
#[derive(Debug, Args)]
pub struct EarningsOf {
    /// The database
    #[arg(long, value_name = "FILE", env = "PIECEWATCH_DB", required_unless_present = "config")]
    pub db: Option<PathBuf>,
    /// The configuration: names the database, and what nodes cost (monthly_cost_usd)
    #[arg(long, value_name = "FILE", env = "PIECEWATCH_CONFIG")]
    pub config: Option<PathBuf>,
    /// Show this node only; may be given several times
    #[arg(long, value_name = "NAME")]
    pub node: Vec<NodeName>,
}
