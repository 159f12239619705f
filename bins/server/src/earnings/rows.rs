//! Earnings for machines. In JSON a node holds its satellites; CSV has a row for each satellite, and one
//! named `all` for the node. Money is in millionths of a dollar; what is not known is null, in CSV
//! empty.

mod forecast;
mod month;
mod reconcile;

pub(super) use forecast::{ForecastRow, of_forecast};
pub(super) use month::{MonthRow, of_month};
pub(super) use reconcile::of_reconciled;

/// How the row of a whole node is called among those of satellites.
const ALL: &str = "all";
