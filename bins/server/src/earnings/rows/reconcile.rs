//! What was expected, paid and sent, and why it differs, for machines.

use piecewatch_finance::{Figure, Month, Reason, SatelliteMonth};
use piecewatch_model::{MicroUsd, Payment};
use schemars::JsonSchema;
use serde::Serialize;

use crate::earnings::name;

/// A past month of a node and satellite: expected, paid, and why they differ.
#[derive(Default, JsonSchema, Serialize)]
pub(crate) struct ReconciledRow {
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
    /// What was sent, by receipts; `None` where no payment is known.
    sent_micro_usd: Option<i64>,
    /// The receipts of what was sent, set apart by `; `.
    receipts: String,
}

pub(crate) fn of_reconciled(month: &Month) -> impl Iterator<Item = ReconciledRow> {
    let is_told = |of: &&SatelliteMonth| of.node.is_some() || of.paid.is_some();
    month.satellites.iter().filter(is_told).map(|of| {
        let reconciliation = of.reconciliation();
        let reasons = reconciliation.as_ref().map(|known| known.reasons.iter().map(reason));
        let sent: MicroUsd = of.payments.iter().map(|payment| payment.amount).sum();
        ReconciledRow {
            node: month.node.to_string(),
            period: month.period.to_string(),
            satellite: name(of),
            satellite_id: of.satellite.to_string(),
            node_estimate_micro_usd: of.figure(Figure::NodeEstimate).map(MicroUsd::get),
            paid_micro_usd: of.figure(Figure::Paid).map(MicroUsd::get),
            distributed_micro_usd: of.paid.as_ref().map(|paid| paid.distributed.get()),
            difference_micro_usd: reconciliation.as_ref().map(|known| known.difference.get()),
            remainder_micro_usd: reconciliation.as_ref().map(|known| known.remainder.get()),
            reasons: reasons.map(joined).unwrap_or_default(),
            sent_micro_usd: (!of.payments.is_empty()).then_some(sent.get()),
            receipts: joined(of.payments.iter().filter_map(receipt)),
        }
    })
}

fn reason(reason: &Reason) -> String {
    match reason.amount {
        Some(amount) => format!("{} {}", reason.cause.name(), amount.get()),
        None => reason.cause.name().to_owned(),
    }
}

/// `None` where none was told.
fn receipt(payment: &Payment) -> Option<String> {
    (!payment.receipt.is_empty()).then(|| payment.receipt.to_string())
}

fn joined(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join("; ")
}
