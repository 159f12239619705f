//! Earnings for machines: one flat row for each node, month and satellite. Money is in millionths of
//! a dollar; what is not known is null, in CSV empty.

use piecewatch_finance::{
    Figure, HeldPercent, Month, NodeForecast, PerTerabyte, Profit, SatelliteMonth, StorageSource,
};
use piecewatch_model::{MicroUsd, Timestamp};
use serde::Serialize;

use super::{notes, satellite_name};

/// A month of a node, in JSON.
#[derive(Serialize)]
pub(super) struct MonthRow<'a> {
    node: &'a str,
    period: String,
    as_of: String,
    storage_source: &'static str,
    log_estimate_micro_usd: Option<i64>,
    node_estimate_micro_usd: Option<i64>,
    paid_micro_usd: Option<i64>,
    cost_micro_usd: Option<i64>,
    profit_micro_usd: Option<i64>,
    held_average_bytes: u64,
    per_tb_month_micro_usd: Option<i64>,
    per_tb_downloaded_micro_usd: Option<i64>,
    notes: Vec<String>,
    satellites: Vec<SatelliteRow>,
}

impl<'a> MonthRow<'a> {
    pub(super) fn of(month: &'a Month, cost: Option<MicroUsd>, now: Timestamp) -> Self {
        let total = |figure| {
            let total = month.total(figure);
            (total.known > 0).then_some(total.amount.get())
        };
        let profit = cost.and_then(|cost| profit(month, cost, now));
        let per_tb = per_terabyte(month, now);
        Self {
            node: month.node.as_str(),
            period: month.period.to_string(),
            as_of: month.as_of.to_string(),
            storage_source: storage_source(&month.storage),
            log_estimate_micro_usd: total(Figure::LogEstimate),
            node_estimate_micro_usd: total(Figure::NodeEstimate),
            paid_micro_usd: total(Figure::Paid),
            cost_micro_usd: profit.map(|profit| profit.cost.get()),
            profit_micro_usd: profit.map(|profit| profit.profit.get()),
            held_average_bytes: per_tb.held_average.get(),
            per_tb_month_micro_usd: per_tb.held_month.map(MicroUsd::get),
            per_tb_downloaded_micro_usd: per_tb.downloaded.map(MicroUsd::get),
            notes: notes::of(month),
            satellites: of_month(month).collect(),
        }
    }
}

const fn storage_source(source: &StorageSource) -> &'static str {
    match source {
        StorageSource::Unknown => "unknown",
        StorageSource::Satellites => "satellites",
        StorageSource::Snapshots { basis, .. } => match basis {
            piecewatch_finance::ShareBasis::Stored => "snapshots_by_stored",
            piecewatch_finance::ShareBasis::Downloads => "snapshots_by_downloads",
            piecewatch_finance::ShareBasis::Even => "snapshots_evenly",
        },
    }
}

/// The surest figure of which all is known, or most.
pub(super) fn surest(month: &Month) -> Option<(Figure, MicroUsd)> {
    Figure::ALL.into_iter().rev().find_map(|figure| {
        let total = month.total(figure);
        (total.known > 0).then_some((figure, total.amount))
    })
}

/// By the surest figure; `None` where there is none.
pub(super) fn profit(month: &Month, cost: MicroUsd, now: Timestamp) -> Option<Profit> {
    let (_, earned) = surest(month)?;
    Some(Profit::of(earned, cost, month.period, now))
}

/// By what was earned before anything is held back: what is held back is not less earned.
pub(crate) fn per_terabyte(month: &Month, now: Timestamp) -> PerTerabyte {
    let gross = month.breakdowns().map(|of| of.earnings.gross()).sum();
    let usage = month.usage();
    PerTerabyte::of(gross, usage.storage, usage.downloaded(), (month.period, now))
}

/// A satellite in a month of a node.
#[derive(Serialize)]
pub(super) struct SatelliteRow {
    node: String,
    period: String,
    satellite: String,
    satellite_id: String,
    joined_at: Option<String>,
    /// By which figure usage, components and held amount are told.
    based_on: Option<&'static str>,
    storage_byte_hours: Option<u64>,
    egress_bytes: Option<u64>,
    repair_audit_bytes: Option<u64>,
    price_source: &'static str,
    price_storage_cents: u32,
    price_egress_cents: u32,
    price_repair_cents: u32,
    price_audit_cents: u32,
    storage_micro_usd: Option<i64>,
    egress_micro_usd: Option<i64>,
    repair_audit_micro_usd: Option<i64>,
    held_percent: Option<u8>,
    held_micro_usd: Option<i64>,
    log_estimate_micro_usd: Option<i64>,
    node_estimate_micro_usd: Option<i64>,
    /// The node's own figure, as it told it last.
    node_says_micro_usd: Option<i64>,
    paid_micro_usd: Option<i64>,
    distributed_micro_usd: Option<i64>,
    disposed_micro_usd: Option<i64>,
    surge_percent: Option<u32>,
    codes: Option<String>,
    /// By how much the log's downloads differ from what the node booked, in hundredths of a percent.
    log_error_hundredths_of_percent: Option<i64>,
    held_so_far_micro_usd: i64,
    held_return_micro_usd: Option<i64>,
    held_return_due_at: Option<String>,
}

pub(super) fn of_month(month: &Month) -> impl Iterator<Item = SatelliteRow> {
    month.satellites.iter().map(|of| satellite_row(month, of))
}

fn satellite_row(month: &Month, of: &SatelliteMonth) -> SatelliteRow {
    let standing = of.standing.as_ref();
    let breakdown = of.breakdown();
    let earnings = breakdown.map(|of| of.earnings);
    let figure = |figure| of.figure(figure).map(MicroUsd::get);
    let usage = breakdown.map(|of| of.usage);
    let (prices, paid) = (&of.price.prices, of.paid.as_ref());
    let address = standing.and_then(|standing| standing.address.as_deref());
    SatelliteRow {
        node: month.node.to_string(),
        period: month.period.to_string(),
        satellite: satellite_name(of.satellite, address),
        satellite_id: of.satellite.to_string(),
        joined_at: standing.and_then(|standing| standing.joined_at).map(|at| at.to_string()),
        based_on: breakdown.map(|of| of.figure.name()),
        storage_byte_hours: usage.map(|usage| usage.storage.get()),
        egress_bytes: usage.map(|usage| usage.egress.get()),
        repair_audit_bytes: usage.map(|usage| usage.repair_audit().get()),
        price_source: of.price.source.name(),
        price_storage_cents: prices.storage.get(),
        price_egress_cents: prices.egress.get(),
        price_repair_cents: prices.repair.get(),
        price_audit_cents: prices.audit.get(),
        storage_micro_usd: earnings.map(|earnings| earnings.storage.get()),
        egress_micro_usd: earnings.map(|earnings| earnings.egress.get()),
        repair_audit_micro_usd: earnings.map(|earnings| earnings.repair_audit.get()),
        held_percent: of.held_percent.map(HeldPercent::get),
        held_micro_usd: earnings.map(|earnings| earnings.held.get()),
        log_estimate_micro_usd: figure(Figure::LogEstimate),
        node_estimate_micro_usd: figure(Figure::NodeEstimate),
        node_says_micro_usd: of.told.map(|told| told.payout.get()),
        paid_micro_usd: figure(Figure::Paid),
        distributed_micro_usd: paid.map(|paid| paid.distributed.get()),
        disposed_micro_usd: paid.map(|paid| paid.disposed.get()),
        surge_percent: paid.map(|paid| paid.surge_percent),
        codes: paid.map(|paid| paid.codes.to_string()),
        log_error_hundredths_of_percent: of
            .log
            .and_then(|log| log.error)
            .and_then(|error| error.hundredths_of_percent()),
        held_so_far_micro_usd: of.held.kept().get(),
        held_return_micro_usd: of.held_return.map(|due| due.amount.get()),
        held_return_due_at: of.held_return.map(|due| due.due_at.to_string()),
    }
}

/// A forecast for one satellite of a node.
#[derive(Serialize)]
pub(super) struct ForecastRow {
    node: String,
    period: String,
    satellite: String,
    satellite_id: String,
    based_on: &'static str,
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

pub(super) fn of_forecast(node: &NodeForecast) -> impl Iterator<Item = ForecastRow> {
    node.satellites.iter().map(|of| {
        let expected = &of.forecast.expected.earnings;
        ForecastRow {
            node: node.node.to_string(),
            period: node.period.to_string(),
            satellite: satellite_name(of.satellite, None),
            satellite_id: of.satellite.to_string(),
            based_on: of.figure.name(),
            so_far_micro_usd: of.forecast.so_far.earnings.payout.get(),
            forecast_micro_usd: expected.payout.get(),
            low_micro_usd: of.forecast.low.get(),
            high_micro_usd: of.forecast.high.get(),
            confidence: of.forecast.confidence,
            forecast_storage_micro_usd: expected.storage.get(),
            forecast_egress_micro_usd: expected.egress.get(),
            forecast_repair_audit_micro_usd: expected.repair_audit.get(),
            forecast_held_micro_usd: expected.held.get(),
            node_expects_micro_usd: of.node_expects.map(MicroUsd::get),
        }
    })
}

/// A past month of a node and satellite: expected, paid, and why they differ.
#[derive(Serialize)]
pub(super) struct ReconciledRow {
    node: String,
    period: String,
    satellite: String,
    satellite_id: String,
    node_estimate_micro_usd: Option<i64>,
    paid_micro_usd: Option<i64>,
    distributed_micro_usd: Option<i64>,
    difference_micro_usd: Option<i64>,
    remainder_micro_usd: Option<i64>,
    /// Each reason, with its amount where it has one, set apart by `; `.
    reasons: String,
}

pub(super) fn of_reconciled(month: &Month) -> impl Iterator<Item = ReconciledRow> {
    month.satellites.iter().filter(|of| of.node.is_some() || of.paid.is_some()).map(|of| {
        let reconciliation = of.reconciliation();
        let address = of.standing.as_ref().and_then(|standing| standing.address.as_deref());
        let reasons = reconciliation.as_ref().map(|known| {
            let words = known.reasons.iter().map(|reason| match reason.amount {
                Some(amount) => format!("{} {}", reason.cause.name(), amount.get()),
                None => reason.cause.name().to_owned(),
            });
            words.collect::<Vec<_>>().join("; ")
        });
        ReconciledRow {
            node: month.node.to_string(),
            period: month.period.to_string(),
            satellite: satellite_name(of.satellite, address),
            satellite_id: of.satellite.to_string(),
            node_estimate_micro_usd: of.figure(Figure::NodeEstimate).map(MicroUsd::get),
            paid_micro_usd: of.figure(Figure::Paid).map(MicroUsd::get),
            distributed_micro_usd: of.paid.as_ref().map(|paid| paid.distributed.get()),
            difference_micro_usd: reconciliation.as_ref().map(|known| known.difference.get()),
            remainder_micro_usd: reconciliation.as_ref().map(|known| known.remainder.get()),
            reasons: reasons.unwrap_or_default(),
        }
    })
}
