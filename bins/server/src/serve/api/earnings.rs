//! What nodes earn, earned, will have earned and were paid.

use std::sync::Arc;

use piecewatch_finance as finance;
use piecewatch_model::Period;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Problem, Reply,
    ask::{Ask, Sheet},
    money::written,
};
use crate::{
    earnings::{
        Books, months_up_to,
        rows::{self, ForecastRow, MonthRow, ReconciledRow},
    },
    form::csv_rows,
};

/// A month of each node.
#[derive(JsonSchema, Serialize)]
pub(super) struct Month<'a> {
    period: String,
    nodes: Vec<MonthRow<'a>>,
}

/// Several months of each node.
#[derive(JsonSchema, Serialize)]
pub(super) struct History<'a> {
    /// The first month.
    from: Option<String>,
    /// The last one.
    to: Option<String>,
    /// Node by node, oldest first.
    months: Vec<MonthRow<'a>>,
}

/// What each node will have earned.
#[derive(JsonSchema, Serialize)]
pub(super) struct Forecasts {
    period: String,
    nodes: Vec<ForecastRow>,
}

/// What was expected and paid.
#[derive(JsonSchema, Serialize)]
pub(super) struct Reconciliation {
    /// The first month.
    from: Option<String>,
    /// The last one.
    to: Option<String>,
    months: Vec<ReconciledRow>,
}

/// Months, and the books that they are in.
struct Known<T> {
    books: Books,
    periods: Vec<Period>,
    of: Vec<T>,
}

impl<T> Known<T> {
    fn from(&self) -> Option<String> {
        self.periods.first().map(Period::to_string)
    }

    fn to(&self) -> Option<String> {
        self.periods.last().map(Period::to_string)
    }
}

type Months = Known<finance::Month>;

fn books(ask: &Ask<'_>) -> Books {
    let (ledger, costs) = (Arc::clone(&ask.parts.ledger), ask.parts.costs.clone());
    Books::over(ledger, ask.names(), costs, ask.now)
}

fn months(books: Books, periods: Vec<Period>) -> Result<Months, Problem> {
    let of = books.months(&periods)?;
    Ok(Known { books, periods, of })
}

pub(super) fn month(ask: &Ask<'_>) -> Reply {
    let books = books(ask);
    let period = ask.query.month("period").map_or_else(|| books.this_month(), Ok)?;
    ask.reply(
        months(books, vec![period])?,
        |known| {
            let nodes = known.of.iter().map(|of| MonthRow::of(&known.books, of)).collect();
            written(&Month { period: known.from().unwrap_or_default(), nodes })
        },
        MONTHS,
    )
}

pub(super) fn history(ask: &Ask<'_>) -> Reply {
    let books = books(ask);
    let last = ask.query.month("period").map_or_else(|| books.this_month(), Ok)?;
    let periods = months_up_to(last, ask.query.count("months"));
    ask.reply(
        months(books, periods)?,
        |known| {
            let months = known.of.iter().map(|of| MonthRow::of(&known.books, of)).collect();
            written(&History { from: known.from(), to: known.to(), months })
        },
        MONTHS,
    )
}

const MONTHS: Sheet<Months> = Sheet::of::<rows::MonthRows>(|known, out| {
    csv_rows(out, known.of.iter().flat_map(|of| rows::of_month(&known.books, of)))
});

pub(super) fn forecast(ask: &Ask<'_>) -> Reply {
    let books = books(ask);
    let period = books.this_month()?;
    let of = books.forecasts(period)?;
    ask.reply(
        Known { books, periods: vec![period], of },
        |known| {
            let nodes = known.of.iter().map(|of| ForecastRow::of(&known.books, of)).collect();
            written(&Forecasts { period: known.from().unwrap_or_default(), nodes })
        },
        Sheet::of::<rows::ForecastRows>(|known: &Known<finance::NodeForecast>, out| {
            csv_rows(out, known.of.iter().flat_map(|of| rows::of_forecast(&known.books, of)))
        }),
    )
}

pub(super) fn reconciliation(ask: &Ask<'_>) -> Reply {
    let books = books(ask);
    let last = match ask.query.month("period") {
        Some(period) => Some(period),
        None => books.this_month()?.plus_months(-1),
    };
    let months_of = |last| months_up_to(last, ask.query.count("months"));
    ask.reply(
        months(books, last.map(months_of).unwrap_or_default())?,
        |known| {
            let months = known.of.iter().flat_map(rows::of_reconciled).collect();
            written(&Reconciliation { from: known.from(), to: known.to(), months })
        },
        Sheet::of::<ReconciledRow>(|known, out| {
            csv_rows(out, known.of.iter().flat_map(rows::of_reconciled))
        }),
    )
}
