//! What satellites stated and sent for past months, `/api/heldamount/…`.

use piecewatch_model::{ByteHours, MicroUsd, Payment, Paystub, PaystubCodes, Period, SatelliteId};
use serde::{Deserialize, de::Error};

use super::{PERIODS_MAX, Read, SATELLITES_MAX, at_most};
use crate::wire::{Id, List, Number, Text, Time, or_zero, text, time};

/// Past months cannot be told without their name, so it is read strictly.
#[derive(Debug, Clone, Copy)]
struct Month(Period);

impl<'de> Deserialize<'de> for Month {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Text(text) = Text::deserialize(deserializer)?;
        text.parse().map(Self).map_err(D::Error::custom)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    satellite_id: Id,
    period: Month,
    created: Option<Time>,
    codes: Option<Text>,
    usage_at_rest: Option<Number>,
    usage_get: Option<Number>,
    usage_put: Option<Number>,
    usage_get_repair: Option<Number>,
    usage_put_repair: Option<Number>,
    usage_get_audit: Option<Number>,
    comp_at_rest: Option<Number>,
    comp_get: Option<Number>,
    comp_put: Option<Number>,
    comp_get_repair: Option<Number>,
    comp_put_repair: Option<Number>,
    comp_get_audit: Option<Number>,
    surge_percent: Option<Number>,
    held: Option<Number>,
    owed: Option<Number>,
    disposed: Option<Number>,
    paid: Option<Number>,
    distributed: Option<Number>,
}

/// Reads an answer to `/api/heldamount/paystubs/{period}` or `/{start}/{end}`, of all satellites;
/// none when it is `null`.
///
/// # Errors
///
/// When it is no JSON, a paystub lacks its satellite or month, or there are more than
/// [`SATELLITES_MAX`] satellites state in [`PERIODS_MAX`] months.
pub fn paystubs(bytes: &[u8]) -> Read<Vec<Paystub>> {
    let List(wire) = serde_json::from_slice::<List<Wire>>(bytes)?;
    at_most(SATELLITES_MAX * PERIODS_MAX, wire.len(), "paystubs")?;
    Ok(wire.iter().map(converted).collect())
}

/// Reads an answer to `/api/heldamount/paystubs/{period}?id=…`; `None` when it is `null`: the
/// satellite has stated nothing for the month.
///
/// # Errors
///
/// When it is no JSON, or the paystub lacks its satellite or month.
pub fn paystub(bytes: &[u8]) -> Read<Option<Paystub>> {
    let wire: Option<Wire> = serde_json::from_slice(bytes)?;
    Ok(wire.as_ref().map(converted))
}

/// Reads an answer to `/api/heldamount/periods`: the months for which there are paystubs, oldest
/// first. Nodes list them in the order in which they learnt of them.
///
/// # Errors
///
/// When it is no JSON, a month is none, or there are more than [`PERIODS_MAX`].
pub fn periods(bytes: &[u8]) -> Read<Vec<Period>> {
    let List(months) = serde_json::from_slice::<List<Month>>(bytes)?;
    let mut periods: Vec<Period> = months.into_iter().map(|month| month.0).collect();
    periods.sort();
    periods.dedup();
    at_most(PERIODS_MAX, periods.len(), "months")?;
    Ok(periods)
}

fn converted(wire: &Wire) -> Paystub {
    let (bytes, money) = (Number::bytes, Number::micro_usd);
    let period = wire.period.0;
    Paystub {
        satellite: wire.satellite_id.0,
        period,
        created_at: time(wire.created).unwrap_or_else(|| period.end()),
        codes: wire
            .codes
            .as_ref()
            .map_or_else(PaystubCodes::default, |codes| PaystubCodes::from_text(&codes.0)),
        usage_at_rest: or_zero::<ByteHours>(wire.usage_at_rest, Number::byte_months),
        usage_get: or_zero(wire.usage_get, bytes),
        usage_put: or_zero(wire.usage_put, bytes),
        usage_get_repair: or_zero(wire.usage_get_repair, bytes),
        usage_put_repair: or_zero(wire.usage_put_repair, bytes),
        usage_get_audit: or_zero(wire.usage_get_audit, bytes),
        comp_at_rest: or_zero(wire.comp_at_rest, money),
        comp_get: or_zero(wire.comp_get, money),
        comp_put: or_zero(wire.comp_put, money),
        comp_get_repair: or_zero(wire.comp_get_repair, money),
        comp_put_repair: or_zero(wire.comp_put_repair, money),
        comp_get_audit: or_zero(wire.comp_get_audit, money),
        surge_percent: or_zero(wire.surge_percent, Number::small),
        held: or_zero(wire.held, money),
        owed: or_zero(wire.owed, money),
        disposed: or_zero(wire.disposed, money),
        paid: or_zero(wire.paid, money),
        distributed: or_zero(wire.distributed, money),
    }
}

/// What a satellite paid for a month, as the node's payout page shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct PeriodPayout {
    /// The satellite.
    pub satellite: SatelliteId,
    /// Its host and port.
    pub address: Option<Box<str>>,
    /// For how many months the node had served it.
    pub age_months: u32,
    /// Earned, before surge and held amount.
    pub earned: MicroUsd,
    /// Earned with surge: the whole, not what it adds.
    pub surged: MicroUsd,
    /// The surge in percent; 100 is none.
    pub surge_percent: u32,
    /// Held back.
    pub held: MicroUsd,
    /// How much was held back, in percent.
    pub held_percent: u8,
    /// `surged` less `held`.
    pub after_held: MicroUsd,
    /// Released of what was held back earlier.
    pub disposed: MicroUsd,
    /// Earned and released for the month.
    pub paid: MicroUsd,
    /// Sent.
    pub distributed: MicroUsd,
    /// Where it can be looked up, such as `zksync-era:0x…`; `None` when none was told.
    pub receipt: Option<Box<str>>,
    /// Whether a graceful exit was completed.
    pub is_exit_complete: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePayout {
    #[serde(rename = "satelliteID")]
    satellite: Id,
    #[serde(rename = "satelliteURL")]
    address: Option<Text>,
    age: Option<Number>,
    earned: Option<Number>,
    surge: Option<Number>,
    surge_percent: Option<Number>,
    held: Option<Number>,
    held_percent: Option<Number>,
    after_held: Option<Number>,
    disposed: Option<Number>,
    paid: Option<Number>,
    distributed: Option<Number>,
    receipt: Option<Text>,
    is_exit_complete: Option<bool>,
}

/// Reads an answer to `/api/heldamount/payout-history/{period}`.
///
/// # Errors
///
/// When it is no JSON, an entry lacks its satellite, or there are more than [`SATELLITES_MAX`].
pub fn payouts(bytes: &[u8]) -> Read<Vec<PeriodPayout>> {
    let List(wire) = serde_json::from_slice::<List<WirePayout>>(bytes)?;
    at_most(SATELLITES_MAX, wire.len(), "payouts in a month")?;
    let money = |number| or_zero(number, Number::micro_usd);
    let converted = |wire: WirePayout| PeriodPayout {
        satellite: wire.satellite.0,
        address: text(wire.address),
        age_months: or_zero(wire.age, Number::small),
        earned: money(wire.earned),
        surged: money(wire.surge),
        surge_percent: or_zero(wire.surge_percent, Number::small),
        held: money(wire.held),
        held_percent: or_zero(wire.held_percent, Number::percent),
        after_held: money(wire.after_held),
        disposed: money(wire.disposed),
        paid: money(wire.paid),
        distributed: money(wire.distributed),
        receipt: text(wire.receipt),
        is_exit_complete: wire.is_exit_complete.unwrap_or(false),
    };
    Ok(wire.into_iter().map(converted).collect())
}

impl PeriodPayout {
    /// What was sent for the month; `None` when nothing was.
    pub fn payment(&self, period: Period) -> Option<Payment> {
        if self.distributed == MicroUsd::default() && self.receipt.is_none() {
            return None;
        }
        Some(Payment {
            satellite: self.satellite,
            period,
            amount: self.distributed,
            receipt: self.receipt.clone().unwrap_or_default(),
        })
    }
}
