//! Earnings for machines: in JSON a node with its satellites, in CSV a row for each of both.
//!
//! The row of a node is named `all`. Money is in millionths of a dollar; what is not known is null,
//! in CSV empty.

mod forecast;
mod month;
mod reconcile;

pub(crate) use forecast::{ForecastRow, ForecastRows, of_forecast};
pub(crate) use month::{MonthRow, MonthRows, of_month};
pub(crate) use reconcile::{ReconciledRow, of_reconciled};

use schemars::JsonSchema;
use serde::Serialize;

/// How the row of a whole node is called among those of satellites.
const ALL: &str = "all";

/// The last column of CSV.
#[derive(Default, JsonSchema, Serialize)]
pub(crate) struct NotesRow {
    /// Sentences, one after another.
    notes: Option<String>,
}

impl NotesRow {
    fn of(notes: &[String]) -> Self {
        Self { notes: (!notes.is_empty()).then(|| notes.join(" ")) }
    }
}
