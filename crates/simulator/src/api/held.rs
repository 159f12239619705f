//! `/api/heldamount/…`: statements, payments and what was held.

use piecewatch_model::{MicroUsd, Paystub, Period, Timestamp};

use super::{NodeApi, Refusal};
use crate::{
    account::{SatelliteAccount, held_percent},
    calendar::{month_of, to_the_minute},
    json::Json,
};

const PAYOUTS: &str = "consoleapi payouts";
/// A satellite that was gone before there was a list of trusted ones; nodes name it themselves.
const STEFAN_BENTEN: &str = "stefan-benten";

impl NodeApi {
    /// One month: of all satellites a list, of one its statement, or `null` where there is none.
    pub(super) fn paystubs(
        &self,
        period: &str,
        id: Option<&str>,
        now: Timestamp,
    ) -> Result<Json, Refusal> {
        let mut stubs = self.account.paystubs(now);
        stubs.retain(|stub| stub.period.to_string() == period);
        let Some(id) = id else {
            return Ok(Json::list_or_null(stubs.iter().map(paystub).collect()));
        };
        let id = Refusal::bad_id(PAYOUTS, id)?;
        Ok(stubs.iter().find(|stub| stub.satellite == id).map_or(Json::Null, paystub))
    }

    /// The months from `start` to `end`, both included.
    pub(super) fn paystubs_of_range(
        &self,
        (start, end): (&str, &str),
        id: Option<&str>,
        now: Timestamp,
    ) -> Result<Json, Refusal> {
        let bad = |what: &str| Refusal {
            status: 400,
            text: format!("{PAYOUTS}: wrong period format: {what} has wrong format"),
        };
        let id = id.map(|id| Refusal::bad_id(PAYOUTS, id)).transpose()?;
        let first: Period = start.parse().map_err(|_| bad("period start"))?;
        let last: Period = end.parse().map_err(|_| bad("period end"))?;
        if last < first {
            return Err(bad("period"));
        }
        let mut stubs = self.account.paystubs(now);
        stubs.retain(|stub| (first..=last).contains(&stub.period));
        stubs.retain(|stub| id.is_none_or(|id| stub.satellite == id));
        Ok(Json::list_or_null(stubs.iter().map(paystub).collect()))
    }

    /// The months that have statements, in the order in which their first one came.
    pub(super) fn periods(&self, id: Option<&str>, now: Timestamp) -> Result<Json, Refusal> {
        let id = id.map(|id| Refusal::bad_id(PAYOUTS, id)).transpose()?;
        let mut stubs = self.account.paystubs(now);
        stubs.retain(|stub| id.is_none_or(|id| stub.satellite == id));
        stubs.sort_by_key(|stub| stub.created_at);
        let mut periods: Vec<Period> = Vec::new();
        for stub in &stubs {
            if !periods.contains(&stub.period) {
                periods.push(stub.period);
            }
        }
        Ok(Json::list_or_null(periods.iter().map(|period| period.to_string().into()).collect()))
    }

    /// What was held in the first nine statements of each satellite.
    pub(super) fn held_history(&self, now: Timestamp) -> Json {
        let named = self.account.satellites.iter().filter(|of| of.is_joined(now));
        let named = named.filter(|of| of.is_trusted(now) || is_stefan_benten(of));
        let histories = named.filter_map(|satellite| {
            let all = satellite.statements.iter().map(|statement| &statement.paystub);
            let stubs: Vec<&Paystub> = all.filter(|stub| stub.created_at <= now).collect();
            (!stubs.is_empty()).then(|| held_history(satellite, &stubs))
        });
        Json::list_or_null(histories.collect())
    }

    /// What every satellite paid for a month.
    pub(super) fn payout_history(&self, period: &str, now: Timestamp) -> Json {
        let payouts = self.account.satellites.iter().filter_map(|satellite| {
            let statement = satellite.statements.iter().find(|statement| {
                let stub = &statement.paystub;
                stub.created_at <= now && stub.period.to_string() == period
            })?;
            let sent = statement.sent.as_ref().filter(|(at, _)| *at <= now);
            let receipt = sent.map_or("", |(_, payment)| &payment.receipt);
            Some(payout_of_period(satellite, &statement.paystub, receipt, now))
        });
        Json::list_or_null(payouts.collect())
    }
}

fn is_stefan_benten(satellite: &SatelliteAccount) -> bool {
    satellite.id.known().is_some_and(|known| known.name == STEFAN_BENTEN)
}

/// At rest in byte-months: the API divides the byte-hours by 720.
fn paystub(stub: &Paystub) -> Json {
    let money = |amount: MicroUsd| Json::from(amount.get());
    Json::Object(vec![
        ("satelliteId", stub.satellite.to_string().into()),
        ("period", stub.period.to_string().into()),
        ("created", stub.created_at.into()),
        ("codes", stub.codes.to_string().into()),
        ("usageAtRest", (stub.usage_at_rest.get() as f64 / 720.0).into()),
        ("usageGet", stub.usage_get.get().into()),
        ("usagePut", stub.usage_put.get().into()),
        ("usageGetRepair", stub.usage_get_repair.get().into()),
        ("usagePutRepair", stub.usage_put_repair.get().into()),
        ("usageGetAudit", stub.usage_get_audit.get().into()),
        ("compAtRest", money(stub.comp_at_rest)),
        ("compGet", money(stub.comp_get)),
        ("compPut", money(stub.comp_put)),
        ("compGetRepair", money(stub.comp_get_repair)),
        ("compPutRepair", money(stub.comp_put_repair)),
        ("compGetAudit", money(stub.comp_get_audit)),
        ("surgePercent", i64::from(stub.surge_percent).into()),
        ("held", money(stub.held)),
        ("owed", money(stub.owed)),
        ("disposed", money(stub.disposed)),
        ("paid", money(stub.paid)),
        ("distributed", money(stub.distributed)),
    ])
}

/// Counts rows, not months; rows after the ninth are in no sum, not even the total.
fn held_history(satellite: &SatelliteAccount, stubs: &[&Paystub]) -> Json {
    let held =
        |from: usize| -> i64 { stubs.iter().skip(from).take(3).map(|stub| stub.held.get()).sum() };
    let disposed: i64 = stubs.iter().map(|stub| stub.disposed.get()).sum();
    let name = if is_stefan_benten(satellite) { STEFAN_BENTEN } else { satellite.address.as_ref() };
    Json::Object(vec![
        ("satelliteID", satellite.id.to_string().into()),
        ("satelliteName", name.into()),
        ("holdForFirstPeriod", held(0).into()),
        ("holdForSecondPeriod", held(3).into()),
        ("holdForThirdPeriod", held(6).into()),
        ("totalHeld", (held(0) + held(3) + held(6)).into()),
        ("totalDisposed", disposed.into()),
        ("joinedAt", to_the_minute(satellite.joined_at).into()),
    ])
}

fn payout_of_period(
    satellite: &SatelliteAccount,
    stub: &Paystub,
    receipt: &str,
    now: Timestamp,
) -> Json {
    let surge_percent = if stub.surge_percent == 0 { 100 } else { i64::from(stub.surge_percent) };
    let earned = stub.earned().get();
    let surge = earned * surge_percent / 100;
    let age = month_of(now).months_since(month_of(satellite.joined_at));
    let exited = satellite.exited_at.is_some_and(|at| at <= now);
    Json::Object(vec![
        ("satelliteID", satellite.id.to_string().into()),
        ("satelliteURL", satellite.address.as_ref().into()),
        ("age", i64::from(age).into()),
        ("earned", earned.into()),
        ("surge", surge.into()),
        ("surgePercent", surge_percent.into()),
        ("held", stub.held.get().into()),
        ("heldPercent", held_percent(satellite.joined_at, stub.period.start()).into()),
        ("afterHeld", (surge - stub.held.get()).into()),
        ("disposed", stub.disposed.get().into()),
        ("paid", stub.paid.get().into()),
        ("receipt", receipt.into()),
        ("isExitComplete", exited.into()),
        ("distributed", stub.distributed.get().into()),
    ])
}
