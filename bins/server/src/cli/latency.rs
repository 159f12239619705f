//! What can be asked about how long transfers take.

use clap::{Args, ValueEnum};
use piecewatch_model::Action;

use super::{FormArgs, NodesArgs};
use crate::window::Length;

/// Show how long transfers take.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  piecewatch latency --db nodes.db
      the last 24 hours, each node and action, and all nodes together
  piecewatch latency --db nodes.db --node attic --window 7d --by day
      how it changed, day by day
  piecewatch latency --db nodes.db --by satellite --action GET
      by whom the downloads were
  piecewatch latency --db nodes.db --action PUT --histogram
      how they are spread, each bar twice as wide as the one before; --histogram linear draws bars
      of one width

No node logs how long a transfer took. It is the time from its start to its end, by the clock named \
beside it; transfers that were measured by two clocks are never added up. Only transfers that succeeded \
count. Of n values in ascending order the 95th percentile is the one with the number n × 0.95, rounded \
up. A value shown is at most 0.8 % off; counts are exact.

The window ends at the newest record and begins at the first one at the earliest. It is widened to five \
minutes, or to hours or days where it is longer than two days or begins before what is kept so finely; the \
answer says to what.")]
pub struct LatencyArgs {
    /// Of which nodes.
    #[command(flatten)]
    pub of: NodesArgs,
    /// How far back from the newest record: 90m, 24h, 7d
    #[arg(long, value_name = "LENGTH", default_value = "24h")]
    pub window: Length,
    /// Show this action only: GET, PUT, GET_AUDIT, …
    #[arg(long, value_name = "ACTION", value_parser = action)]
    pub action: Option<Action>,
    /// What to tell apart
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = By::Node)]
    pub by: By,
    /// Draw how the latencies of all these nodes are spread; in CSV a row for each bar, and no other
    #[arg(long, value_name = "SCALE", value_enum, num_args = 0..=1, default_missing_value = "log",
        conflicts_with = "by")]
    pub histogram: Option<Spread>,
    /// How the answer is written.
    #[command(flatten)]
    pub form: FormArgs,
}

/// What is told apart, beside actions and clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// A line for each node
    Node,
    /// A line for each satellite, nodes together
    Satellite,
    /// A line for each hour, nodes together
    Hour,
    /// A line for each day, nodes together
    Day,
}

/// How the bars of a histogram follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Spread {
    /// Each bar is twice as wide as the one before
    Log,
    /// All bars are as wide; the last one holds all that took longer
    Linear,
}

/// An action by its name, in letters of any size.
pub(super) fn action(name: &str) -> Result<Action, String> {
    if name.is_empty() {
        return Err("an action has a name, such as GET".to_owned());
    }
    Ok(Action::from_name(&name.to_uppercase()))
}
