//! What the node itself computes that it will be paid: in floats, with the node's rounding.

use piecewatch_model::{SatelliteId, Timestamp};

use super::{Account, SatelliteAccount};
use crate::calendar::{days_of, month_of, plus_months};

/// A month in the node's own estimate, as it tells it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct EstimatedMonth {
    /// Bytes that customers downloaded.
    pub egress_bytes: u64,
    /// What they earn, in cents, rounded to hundredths for each satellite.
    pub egress_cents: f64,
    /// Bytes of repair and audits.
    pub repair_audit_bytes: u64,
    /// What they earn at the price of audits, in cents, rounded likewise.
    pub repair_audit_cents: f64,
    /// What was stored: byte-hours through 720.
    pub byte_months: f64,
    /// What that earns, in cents, rounded likewise.
    pub storage_cents: f64,
    /// Which share is held, in percent; 0 for all satellites together.
    pub held_percent: f64,
    /// What is held, in cents, not rounded.
    pub held_cents: f64,
    /// What is left, in cents, rounded likewise.
    pub payout_cents: f64,
}

/// The node's own estimate: for one satellite, or the sums over all.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct EstimatedPayout {
    /// The running month.
    pub current: EstimatedMonth,
    /// The month in which the same day of the month before lies: late in a month that may be the
    /// running one.
    pub previous: EstimatedMonth,
    /// What the running month will have earned if it goes on like this: whole cents, cut.
    pub expected_cents: i64,
}

impl Account {
    /// What the node estimates for one satellite. `None` where it tells an error instead: for a
    /// satellite that it does not know or that disqualified it.
    pub fn estimate(&self, satellite: SatelliteId, now: Timestamp) -> Option<EstimatedPayout> {
        let mut trusted = self.trusted(now).filter(|of| !of.is_disqualified(now));
        trusted.find(|of| of.id == satellite).map(|of| of.estimate(now))
    }

    /// What the node estimates for all satellites together. Those that disqualified it are left
    /// out.
    pub fn estimate_all(&self, now: Timestamp) -> EstimatedPayout {
        let paying = self.trusted(now).filter(|of| !of.is_disqualified(now));
        paying.fold(EstimatedPayout::default(), |sum, of| sum.plus(&of.estimate(now)))
    }
}

impl SatelliteAccount {
    pub(crate) fn is_disqualified(&self, now: Timestamp) -> bool {
        self.disqualified_at.is_some_and(|at| at <= now)
    }

    fn estimate(&self, now: Timestamp) -> EstimatedPayout {
        let current = self.estimate_month(now, now);
        let previous = self.estimate_month(plus_months(now, -1), now);
        let month = month_of(now);
        let since = self.joined_at.max(month.start());
        let past = minutes((now.as_micros() - since.as_micros()) * 1_000);
        // The month ends a nanosecond before the next one.
        let whole = minutes((month.end().as_micros() - since.as_micros()) * 1_000 - 1);
        let expected_cents = (current.payout_cents / past * whole) as i64;
        EstimatedPayout { current, previous, expected_cents }
    }

    /// The month in which `of` lies, at the prices of `now`: the node keeps no others.
    fn estimate_month(&self, of: Timestamp, now: Timestamp) -> EstimatedMonth {
        const TERABYTE: f64 = 1e12;
        let (from, to) = days_of(month_of(of));
        let prices = self.tariff(month_of(now)).told();
        let traffic = self.traffic_sum(from, to, now);
        let repair_audit_bytes = traffic.get_audit + traffic.get_repair;
        let cents = |bytes: u64, price: u32| {
            round2((bytes as i64).wrapping_mul(i64::from(price)) as f64 / TERABYTE)
        };
        let egress_cents = cents(traffic.get, prices.egress.get());
        let repair_audit_cents = cents(repair_audit_bytes, prices.audit.get());
        let rows = self.storage(now).into_iter().filter(|row| (from..=to).contains(&row.day));
        let mut byte_months = 0.0;
        for row in rows {
            byte_months += row.byte_hours;
        }
        byte_months /= 720.0;
        let storage_cents = round2(byte_months * f64::from(prices.storage.get()) / TERABYTE);
        let held_percent = held_percent(self.joined_at, of);
        let held_cents = (storage_cents + egress_cents + repair_audit_cents) * held_percent / 100.0;
        EstimatedMonth {
            egress_bytes: traffic.get,
            egress_cents,
            repair_audit_bytes,
            repair_audit_cents,
            byte_months,
            storage_cents,
            held_percent,
            held_cents,
            payout_cents: round2(storage_cents + egress_cents + repair_audit_cents - held_cents),
        }
    }
}

impl EstimatedPayout {
    fn plus(self, other: &Self) -> Self {
        Self {
            current: self.current.plus(&other.current),
            previous: self.previous.plus(&other.previous),
            expected_cents: self.expected_cents.saturating_add(other.expected_cents),
        }
    }
}

impl EstimatedMonth {
    /// Everything is added but the share that is held.
    fn plus(self, other: &Self) -> Self {
        Self {
            egress_bytes: self.egress_bytes + other.egress_bytes,
            egress_cents: self.egress_cents + other.egress_cents,
            repair_audit_bytes: self.repair_audit_bytes + other.repair_audit_bytes,
            repair_audit_cents: self.repair_audit_cents + other.repair_audit_cents,
            byte_months: self.byte_months + other.byte_months,
            storage_cents: self.storage_cents + other.storage_cents,
            held_percent: 0.0,
            held_cents: self.held_cents + other.held_cents,
            payout_cents: self.payout_cents + other.payout_cents,
        }
    }
}

/// By how many calendar months lie between the month of joining and this one.
pub(crate) fn held_percent(joined_at: Timestamp, of: Timestamp) -> f64 {
    match month_of(of).months_since(month_of(joined_at)) {
        0..=2 => 75.0,
        3..=5 => 50.0,
        6..=8 => 25.0,
        _ => 0.0,
    }
}

/// To hundredths, halves away from zero.
fn round2(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// Nanoseconds in minutes: the whole ones and the rest each made a float, then added.
fn minutes(nanos: i64) -> f64 {
    const MINUTE: i64 = 60_000_000_000;
    (nanos / MINUTE) as f64 + (nanos % MINUTE) as f64 / MINUTE as f64
}
