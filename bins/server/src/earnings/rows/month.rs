//! A month of a node, for machines.

use piecewatch_finance::{
    Earnings, Figure, HeldFate, HeldPercent, Month, Price, SatelliteMonth, ShareBasis,
    StorageSource, Usage,
};
use piecewatch_model::{MicroUsd, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::{ALL, NotesRow};
use crate::earnings::{Books, held, name, notes};

/// A month of a node, in JSON.
#[derive(JsonSchema, Serialize)]
pub(crate) struct MonthRow<'a> {
    node: &'a str,
    period: String,
    log_estimate_micro_usd: Option<i64>,
    node_estimate_micro_usd: Option<i64>,
    paid_micro_usd: Option<i64>,
    #[serde(flatten)]
    whole: WholeRow,
    notes: Vec<String>,
    satellites: Vec<SatelliteRow>,
}

impl<'a> MonthRow<'a> {
    pub(crate) fn of(books: &Books, month: &'a Month) -> Self {
        let total = |figure| total(month, figure);
        Self {
            node: month.node.as_str(),
            period: month.period.to_string(),
            log_estimate_micro_usd: total(Figure::LogEstimate),
            node_estimate_micro_usd: total(Figure::NodeEstimate),
            paid_micro_usd: total(Figure::Paid),
            whole: WholeRow::of(books, month),
            notes: notes_of(books, month),
            satellites: month.satellites.iter().map(|of| satellite_row(month, of)).collect(),
        }
    }
}

/// A row of a month in CSV.
pub(crate) type MonthRows = (SatelliteRow, WholeRow, NotesRow);

/// The rows of a month in CSV: its satellites, then all of them together.
pub(crate) fn of_month(books: &Books, month: &Month) -> Vec<MonthRows> {
    let of_satellite = |of| (satellite_row(month, of), WholeRow::default(), NotesRow::default());
    let mut rows: Vec<MonthRows> = month.satellites.iter().map(of_satellite).collect();
    let notes = NotesRow::of(&notes_of(books, month));
    rows.push((row_of_all(month), WholeRow::of(books, month), notes));
    rows
}

fn notes_of(books: &Books, month: &Month) -> Vec<String> {
    let notes = held::lines(month, books.now).into_iter();
    notes.chain(notes::of_month(month, books.now)).collect()
}

/// The sum of a figure over the satellites of which it is known; how many are missing is told
/// beside it.
fn total(month: &Month, figure: Figure) -> Option<i64> {
    let total = month.total(figure);
    (total.known > 0).then_some(total.amount.get())
}

/// What is told of all satellites together.
#[derive(Default, JsonSchema, Serialize)]
pub(crate) struct WholeRow {
    /// Satellites of which the figure by which parts are told is not known. Those that owe nothing
    /// are not among them.
    based_on_missing: Option<usize>,
    log_estimate_missing: Option<usize>,
    node_estimate_missing: Option<usize>,
    paid_missing: Option<usize>,
    /// The surest figure that is known of all satellites: profit is by it.
    surest: Option<&'static str>,
    as_of: Option<String>,
    storage_source: Option<&'static str>,
    log_from: Option<String>,
    log_to: Option<String>,
    log_without_satellite_bytes: Option<u64>,
    offline_days: Option<u32>,
    cost_micro_usd: Option<i64>,
    profit_micro_usd: Option<i64>,
    held_average_bytes: Option<u64>,
    per_tb_month_micro_usd: Option<i64>,
    per_tb_downloaded_micro_usd: Option<i64>,
}

impl WholeRow {
    fn of(books: &Books, month: &Month) -> Self {
        let missing = |figure| Some(month.total(figure).missing);
        let (profit, per_tb) = (books.profit(month), books.per_terabyte(month));
        Self {
            based_on_missing: month.basis().and_then(missing),
            log_estimate_missing: missing(Figure::LogEstimate),
            node_estimate_missing: missing(Figure::NodeEstimate),
            paid_missing: missing(Figure::Paid),
            surest: month.surest().map(|total| total.figure.name()),
            as_of: month.as_of.as_ref().map(Timestamp::to_string),
            storage_source: Some(storage_source(&month.storage)),
            log_from: month.log.map(|log| log.from.to_string()),
            log_to: month.log.map(|log| log.to.to_string()),
            log_without_satellite_bytes: month.log.map(|log| log.without_satellite.get()),
            offline_days: month.satellites.iter().find_map(|of| of.node).map(|of| of.offline_days),
            cost_micro_usd: profit.map(|profit| profit.cost.get()),
            profit_micro_usd: profit.map(|profit| profit.profit.get()),
            held_average_bytes: per_tb.map(|per_tb| per_tb.held_average.get()),
            per_tb_month_micro_usd: per_tb.and_then(|per_tb| per_tb.held_month).map(MicroUsd::get),
            per_tb_downloaded_micro_usd: per_tb
                .and_then(|per_tb| per_tb.downloaded)
                .map(MicroUsd::get),
        }
    }
}

const fn storage_source(source: &StorageSource) -> &'static str {
    match source {
        StorageSource::Unknown => "unknown",
        StorageSource::Satellites => "satellites",
        StorageSource::Snapshots { basis, .. } => match basis {
            ShareBasis::Stored => "snapshots_by_stored",
            ShareBasis::Downloads => "snapshots_by_downloads",
            ShareBasis::Even => "snapshots_evenly",
        },
    }
}

/// A satellite in a month of a node, or all of them.
#[derive(Default, JsonSchema, Serialize)]
pub(crate) struct SatelliteRow {
    node: String,
    period: String,
    satellite: String,
    satellite_id: Option<String>,
    joined_at: Option<String>,
    age_months: Option<u32>,
    /// By which figure use, parts and held amount are told: the same for all of the month.
    based_on: Option<&'static str>,
    storage_byte_hours: Option<u64>,
    egress_bytes: Option<u64>,
    repair_audit_bytes: Option<u64>,
    price_source: Option<&'static str>,
    price_storage_cents: Option<u32>,
    price_egress_cents: Option<u32>,
    price_repair_cents: Option<u32>,
    price_audit_cents: Option<u32>,
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
    /// By how much the log's downloads differ from what the node booked, in hundredths of a
    /// percent, on the days of which both tell.
    log_error_hundredths_of_percent: Option<i64>,
    next_held_percent: Option<u8>,
    next_held_percent_from: Option<String>,
    held_so_far_micro_usd: Option<i64>,
    /// `kept`, `returning` or `lost`.
    held_fate: Option<&'static str>,
    held_return_micro_usd: Option<i64>,
    held_return_due_at: Option<String>,
}

impl SatelliteRow {
    /// With use and parts by the month's figure.
    fn with_parts(self, month: &Month, parts: Option<(Usage, Earnings)>) -> Self {
        let Some((usage, earnings)) = parts else { return self };
        let knows_storage = month.knows_storage();
        Self {
            storage_byte_hours: knows_storage.then_some(usage.storage.get()),
            egress_bytes: Some(usage.egress.get()),
            repair_audit_bytes: Some(usage.repair_audit().get()),
            storage_micro_usd: knows_storage.then_some(earnings.storage.get()),
            egress_micro_usd: Some(earnings.egress.get()),
            repair_audit_micro_usd: Some(earnings.repair_audit.get()),
            held_micro_usd: Some(earnings.held.get()),
            ..self
        }
    }

    fn with_price(self, price: &Price) -> Self {
        Self {
            price_source: Some(price.source.name()),
            price_storage_cents: Some(price.prices.storage.get()),
            price_egress_cents: Some(price.prices.egress.get()),
            price_repair_cents: Some(price.prices.repair.get()),
            price_audit_cents: Some(price.prices.audit.get()),
            ..self
        }
    }

    fn with_held(self, of: &SatelliteMonth) -> Self {
        Self {
            next_held_percent: of.next_drop.map(|next| next.percent.get()),
            next_held_percent_from: of.next_drop.map(|next| next.period.to_string()),
            held_so_far_micro_usd: Some(of.held.kept().get()),
            held_fate: Some(match of.held_fate {
                HeldFate::Kept => "kept",
                HeldFate::Returning { .. } => "returning",
                HeldFate::Lost => "lost",
            }),
            held_return_micro_usd: of.held_return.map(|due| due.amount.get()),
            held_return_due_at: of.held_return.map(|due| due.due_at.to_string()),
            ..self
        }
    }
}

fn satellite_row(month: &Month, of: &SatelliteMonth) -> SatelliteRow {
    let joined_at = of.standing.as_ref().and_then(|standing| standing.joined_at);
    let breakdown = month.breakdown(of);
    let figure = |figure| of.figure(figure).map(MicroUsd::get);
    let paid = of.paid.as_ref();
    let error = of.log.and_then(|log| log.error);
    SatelliteRow {
        node: month.node.to_string(),
        period: month.period.to_string(),
        satellite: name(of),
        satellite_id: Some(of.satellite.to_string()),
        joined_at: joined_at.as_ref().map(Timestamp::to_string),
        age_months: of.age_months,
        based_on: breakdown.map(|of| of.figure.name()),
        held_percent: breakdown.and_then(|of| of.held_percent).map(HeldPercent::get),
        log_estimate_micro_usd: figure(Figure::LogEstimate),
        node_estimate_micro_usd: figure(Figure::NodeEstimate),
        node_says_micro_usd: of.told.map(|told| told.payout.get()),
        paid_micro_usd: figure(Figure::Paid),
        distributed_micro_usd: paid.map(|paid| paid.distributed.get()),
        disposed_micro_usd: paid.map(|paid| paid.disposed.get()),
        surge_percent: paid.map(|paid| paid.surge_percent),
        codes: paid.map(|paid| paid.codes.to_string()),
        log_error_hundredths_of_percent: error.and_then(|error| error.hundredths_of_percent()),
        ..SatelliteRow::default()
    }
    .with_parts(month, breakdown.map(|of| (of.usage, of.earnings)))
    .with_price(&of.price)
    .with_held(of)
}

fn row_of_all(month: &Month) -> SatelliteRow {
    let basis = month.basis();
    let earnings = month.breakdowns().map(|of| of.earnings).sum();
    SatelliteRow {
        node: month.node.to_string(),
        period: month.period.to_string(),
        satellite: ALL.to_owned(),
        based_on: basis.map(Figure::name),
        log_estimate_micro_usd: total(month, Figure::LogEstimate),
        node_estimate_micro_usd: total(month, Figure::NodeEstimate),
        paid_micro_usd: total(month, Figure::Paid),
        ..SatelliteRow::default()
    }
    .with_parts(month, basis.map(|_| (month.usage(), earnings)))
}
