//! What a node expects to be paid, `/api/sno/estimated-payout`.

use piecewatch_model::{
    ByteCount, ByteHours, MicroUsd, NodeEstimate, Period, SatelliteId, Timestamp,
};
use serde::Deserialize;

use super::Read;
use crate::wire::{Number, or_zero};

/// The last day of a month on which the node's previous month is the previous one: it takes a month
/// off today's date, and the 31st of a shorter month is a day of this one (31 March less a month is
/// 3 March).
const SAFE_DAY_MAX: u8 = 28;

/// What a node expects of this month and the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimates {
    /// The running month up to now.
    pub current: MonthEstimate,
    /// The month before. On the 29th to 31st it may be the running one: see [`Months`].
    pub previous: MonthEstimate,
    /// The whole of the running month, by a straight line through what there is. Whole cents.
    pub expected: MicroUsd,
}

/// What a node expects of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonthEstimate {
    /// What customers downloaded.
    pub egress: ByteCount,
    /// What that earns.
    pub egress_payout: MicroUsd,
    /// What was downloaded for repair and audits.
    pub repair_audit: ByteCount,
    /// What that earns.
    pub repair_audit_payout: MicroUsd,
    /// What was stored.
    pub storage: ByteHours,
    /// What that earns.
    pub storage_payout: MicroUsd,
    /// How much of it is held back, in percent; `None` for all satellites together, each of which
    /// holds back a share of its own.
    pub held_percent: Option<u8>,
    /// How much of it is held back.
    pub held: MicroUsd,
    /// What is paid.
    pub payout: MicroUsd,
}

/// Which months an answer is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Months {
    /// The running month.
    pub current: Period,
    /// The month before; `None` on days on which the node may mean another one.
    pub previous: Option<Period>,
}

impl Months {
    /// The months that a node means that was asked at one instant by our clock and answered at
    /// another, by its own if it told. `None` when the month changed in between, or the clocks
    /// differ about it: then nobody knows which one the answer is about.
    pub fn of(asked_at: Timestamp, answered_at: Timestamp) -> Option<Self> {
        let current = Period::containing(asked_at)?;
        if Period::containing(answered_at) != Some(current) {
            return None;
        }
        let is_safe = |at: Timestamp| at.date().2 <= SAFE_DAY_MAX;
        let previous =
            if is_safe(asked_at) && is_safe(answered_at) { current.plus_months(-1) } else { None };
        Some(Self { current, previous })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    current_month: WireMonth,
    previous_month: WireMonth,
    current_month_expectations: Option<Number>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireMonth {
    egress_bandwidth: Option<Number>,
    egress_bandwidth_payout: Option<Number>,
    egress_repair_audit: Option<Number>,
    egress_repair_audit_payout: Option<Number>,
    disk_space: Option<Number>,
    disk_space_payout: Option<Number>,
    held_rate: Option<Number>,
    payout: Option<Number>,
    held: Option<Number>,
}

impl Estimates {
    /// Reads an answer to `/api/sno/estimated-payout?id=…`.
    ///
    /// # Errors
    ///
    /// When it is no JSON, or lacks one of the months.
    pub fn of_satellite(bytes: &[u8]) -> Read<Self> {
        let wire: Wire = serde_json::from_slice(bytes)?;
        Ok(Self {
            current: month(&wire.current_month),
            previous: month(&wire.previous_month),
            expected: or_zero(wire.current_month_expectations, Number::cents),
        })
    }

    /// Reads an answer to `/api/sno/estimated-payout`, of all satellites together.
    ///
    /// # Errors
    ///
    /// When it is no JSON, or lacks one of the months.
    pub fn of_all(bytes: &[u8]) -> Read<Self> {
        let mut all = Self::of_satellite(bytes)?;
        // The node writes 0, whatever its satellites hold back.
        all.current.held_percent = None;
        all.previous.held_percent = None;
        Ok(all)
    }

    /// These estimates as those of a satellite for these months.
    pub fn of_months(&self, satellite: SatelliteId, months: Months) -> Vec<NodeEstimate> {
        let current = self.current.of(satellite, months.current, Some(self.expected));
        let previous = months.previous.map(|period| self.previous.of(satellite, period, None));
        std::iter::once(current).chain(previous).collect()
    }
}

impl MonthEstimate {
    fn of(
        self,
        satellite: SatelliteId,
        period: Period,
        expected: Option<MicroUsd>,
    ) -> NodeEstimate {
        NodeEstimate {
            satellite,
            period,
            egress: self.egress,
            egress_payout: self.egress_payout,
            repair_audit: self.repair_audit,
            repair_audit_payout: self.repair_audit_payout,
            storage: self.storage,
            storage_payout: self.storage_payout,
            held_percent: self.held_percent.unwrap_or(0),
            held: self.held,
            payout: self.payout,
            expected,
        }
    }
}

fn month(wire: &WireMonth) -> MonthEstimate {
    MonthEstimate {
        egress: or_zero(wire.egress_bandwidth, Number::bytes),
        egress_payout: or_zero(wire.egress_bandwidth_payout, Number::cents),
        repair_audit: or_zero(wire.egress_repair_audit, Number::bytes),
        repair_audit_payout: or_zero(wire.egress_repair_audit_payout, Number::cents),
        storage: or_zero(wire.disk_space, Number::byte_months),
        storage_payout: or_zero(wire.disk_space_payout, Number::cents),
        held_percent: Some(or_zero(wire.held_rate, Number::percent)),
        held: or_zero(wire.held, Number::cents),
        payout: or_zero(wire.payout, Number::cents),
    }
}
