//! A forecast of a node, for machines.

use piecewatch_finance::{Earnings, NodeForecast, SatelliteForecast};
use piecewatch_model::{MicroUsd, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::{ALL, NotesRow};
use crate::earnings::{Books, based_on, name_in, notes};

/// A forecast of a node, in JSON.
#[derive(JsonSchema, Serialize)]
pub(crate) struct ForecastRow {
    node: String,
    period: String,
    /// `log_estimate` or `node_estimate`; `mixed` where it is one for some satellites and the other for others.
    based_on: Option<&'static str>,
    #[serde(flatten)]
    amounts: Amounts,
    #[serde(flatten)]
    whole: WholeRow,
    notes: Vec<String>,
    satellites: Vec<SatelliteRow>,
}

impl ForecastRow {
    pub(crate) fn of(books: &Books, node: &NodeForecast) -> Self {
        Self {
            node: node.node.to_string(),
            period: node.period.to_string(),
            based_on: based_on(&node.figures()),
            amounts: amounts_of_all(node),
            whole: WholeRow::of(books, node),
            notes: notes::of_forecast(&node.month, books.now),
            satellites: node.satellites.iter().map(|of| satellite_row(node, of)).collect(),
        }
    }
}

/// A row of a forecast in CSV.
pub(crate) type ForecastRows = (NamedRow, Amounts, WholeRow, NotesRow);

/// The rows of a forecast in CSV: its satellites, then all of them together.
pub(crate) fn of_forecast(books: &Books, node: &NodeForecast) -> Vec<ForecastRows> {
    let of_satellite = |of| {
        let SatelliteRow { name, amounts } = satellite_row(node, of);
        (name, amounts, WholeRow::default(), NotesRow::default())
    };
    let mut rows: Vec<ForecastRows> = node.satellites.iter().map(of_satellite).collect();
    let all = NamedRow {
        node: node.node.to_string(),
        period: node.period.to_string(),
        satellite: ALL.to_owned(),
        based_on: based_on(&node.figures()),
        ..NamedRow::default()
    };
    let notes = NotesRow::of(&notes::of_forecast(&node.month, books.now));
    rows.push((all, amounts_of_all(node), WholeRow::of(books, node), notes));
    rows
}

/// A forecast for one satellite of a node.
#[derive(JsonSchema, Serialize)]
struct SatelliteRow {
    #[serde(flatten)]
    name: NamedRow,
    #[serde(flatten)]
    amounts: Amounts,
}

/// Of what a forecast is.
#[derive(Default, JsonSchema, Serialize)]
pub(crate) struct NamedRow {
    node: String,
    period: String,
    satellite: String,
    satellite_id: Option<String>,
    based_on: Option<&'static str>,
    price_source: Option<&'static str>,
}

/// What is forecast, and from when on.
#[derive(Default, JsonSchema, Serialize)]
pub(crate) struct Amounts {
    as_of: Option<String>,
    so_far_micro_usd: i64,
    forecast_micro_usd: i64,
    low_micro_usd: i64,
    high_micro_usd: i64,
    confidence: f64,
    forecast_storage_micro_usd: i64,
    forecast_egress_micro_usd: i64,
    forecast_repair_audit_micro_usd: i64,
    forecast_held_micro_usd: i64,
    node_expects_micro_usd: Option<i64>,
}

impl Amounts {
    fn of(
        as_of: Option<Timestamp>,
        (so_far, expected): (&Earnings, &Earnings),
        (low, high): (MicroUsd, MicroUsd),
        confidence: f64,
        node_expects: Option<MicroUsd>,
    ) -> Self {
        Self {
            as_of: as_of.as_ref().map(Timestamp::to_string),
            so_far_micro_usd: so_far.payout.get(),
            forecast_micro_usd: expected.payout.get(),
            low_micro_usd: low.get(),
            high_micro_usd: high.get(),
            confidence,
            forecast_storage_micro_usd: expected.storage.get(),
            forecast_egress_micro_usd: expected.egress.get(),
            forecast_repair_audit_micro_usd: expected.repair_audit.get(),
            forecast_held_micro_usd: expected.held.get(),
            node_expects_micro_usd: node_expects.map(MicroUsd::get),
        }
    }
}

fn amounts_of_all(node: &NodeForecast) -> Amounts {
    let total = node.total();
    let earnings = (&total.so_far, &total.expected);
    let range = (total.low, total.high);
    Amounts::of(node.as_of, earnings, range, total.confidence, node.node_expects())
}

fn satellite_row(node: &NodeForecast, of: &SatelliteForecast) -> SatelliteRow {
    let forecast = &of.forecast;
    let in_month = node.month.satellites.iter().find(|month| month.satellite == of.satellite);
    let earnings = (&forecast.so_far.earnings, &forecast.expected.earnings);
    let range = (forecast.low, forecast.high);
    SatelliteRow {
        name: NamedRow {
            node: node.node.to_string(),
            period: node.period.to_string(),
            satellite: name_in(&node.month, of.satellite),
            satellite_id: Some(of.satellite.to_string()),
            based_on: Some(of.figure.name()),
            price_source: in_month.map(|of| of.price.source.name()),
        },
        amounts: Amounts::of(
            Some(of.told_at),
            earnings,
            range,
            forecast.confidence,
            of.node_expects,
        ),
    }
}

/// What is told of all satellites together.
#[derive(Default, JsonSchema, Serialize)]
pub(crate) struct WholeRow {
    cost_micro_usd: Option<i64>,
    profit_micro_usd: Option<i64>,
}

impl WholeRow {
    fn of(books: &Books, node: &NodeForecast) -> Self {
        let profit = books.profit_ahead(node);
        Self {
            cost_micro_usd: profit.map(|profit| profit.cost.get()),
            profit_micro_usd: profit.map(|profit| profit.profit.get()),
        }
    }
}
