//! `/api/sno/estimated-payout`: what the node reckons that it earns.

use piecewatch_model::Timestamp;

use super::{NodeApi, Refusal};
use crate::{
    account::{EstimatedMonth, EstimatedPayout},
    json::Json,
};

impl NodeApi {
    pub(super) fn estimated_payout(
        &self,
        id: Option<&str>,
        now: Timestamp,
    ) -> Result<Json, Refusal> {
        let Some(id) = id else {
            return Ok(payout(&self.account.estimate_all(now)));
        };
        let id = Refusal::bad_id("consoleapi payouts", id)?;
        let estimate = self.account.estimate(id, now).ok_or_else(|| {
            let of = "consoleapi storagenode: console: estimationservice";
            let known = self.account.satellite(id).is_some_and(|of| of.is_disqualified(now));
            let why = if known {
                "node was disqualified on satellite"
            } else {
                "pricing: sql: no rows in result set"
            };
            Refusal { status: 500, text: format!("{of}: {why}") }
        })?;
        Ok(payout(&estimate))
    }
}

fn payout(estimate: &EstimatedPayout) -> Json {
    Json::Object(vec![
        ("currentMonth", month(&estimate.current)),
        ("previousMonth", month(&estimate.previous)),
        ("currentMonthExpectations", estimate.expected_cents.into()),
    ])
}

fn month(month: &EstimatedMonth) -> Json {
    Json::Object(vec![
        ("egressBandwidth", month.egress_bytes.into()),
        ("egressBandwidthPayout", month.egress_cents.into()),
        ("egressRepairAudit", month.repair_audit_bytes.into()),
        ("egressRepairAuditPayout", month.repair_audit_cents.into()),
        ("diskSpace", month.byte_months.into()),
        ("diskSpacePayout", month.storage_cents.into()),
        ("heldRate", month.held_percent.into()),
        ("payout", month.payout_cents.into()),
        ("held", month.held_cents.into()),
    ])
}
