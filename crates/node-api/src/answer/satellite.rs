//! A satellite in the running month, `/api/sno/satellite/{id}`.

use piecewatch_model::{
    ByteCount, ByteHours, DailyBandwidth, DailyStorage, Fact, Prices, SatelliteId, Standing,
    StandingScores, Timestamp,
};
use serde::Deserialize;

use super::{
    DashboardSatellite, Read,
    day::{WireRollup, WireStamp, moved, stored},
    price,
};
use crate::wire::{Id, List, Number, Text, Time, or_zero, text, time};

/// What a node knows of a satellite in the running UTC month.
#[derive(Debug, Clone, PartialEq)]
pub struct Satellite {
    /// Its id.
    pub id: SatelliteId,
    /// What was stored, by day.
    pub storage: Vec<DailyStorage>,
    /// What was moved, by day.
    pub bandwidth: Vec<DailyBandwidth>,
    /// What was stored this month, as reported.
    pub stored: Option<ByteHours>,
    /// The average of what was stored; `None` before v1.70.
    pub average: Option<ByteCount>,
    /// What was moved this month in both directions.
    pub moved: Option<ByteCount>,
    /// What was downloaded this month, by customers, for repair and for audits.
    pub egress: Option<ByteCount>,
    /// What was uploaded this month, by customers and for repair.
    pub ingress: Option<ByteCount>,
    /// Its host and port.
    pub address: Option<Box<str>>,
    /// Its scores of the node; `None` when it has not rated it.
    pub scores: Option<StandingScores>,
    /// When the node could be reached in the last 30 days.
    pub audit_history: Option<AuditHistory>,
    /// What it pays; `None` when the answer does not tell, or tells nothing but zeros, which is what
    /// a node writes that has no prices yet.
    pub prices: Option<Prices>,
    /// When the node joined it.
    pub joined_at: Option<Timestamp>,
    /// When it vetted the node; `None` when it did not, and before v1.131.
    pub vetted_at: Option<Timestamp>,
}

/// When a node could be reached.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditHistory {
    /// The share of the time, 0 to 1.
    pub score: f64,
    /// Windows of twelve hours, oldest first.
    pub windows: Vec<OnlineWindow>,
}

/// Twelve hours in which a node was audited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnlineWindow {
    /// When they began.
    pub start: Timestamp,
    /// How often the node was audited.
    pub audits: u64,
    /// How often it could be reached for that.
    pub reached: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    id: Id,
    #[serde(default)]
    storage_daily: List<WireStamp>,
    #[serde(default)]
    bandwidth_daily: List<WireRollup>,
    storage_summary: Option<Number>,
    average_usage_bytes: Option<Number>,
    bandwidth_summary: Option<Number>,
    egress_summary: Option<Number>,
    ingress_summary: Option<Number>,
    audits: Option<WireAudits>,
    audit_history: Option<WireHistory>,
    price_model: Option<WirePrices>,
    node_joined_at: Option<Time>,
    vetted_at: Option<Time>,
}

/// The scores of one satellite.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireAudits {
    audit_score: Option<Number>,
    suspension_score: Option<Number>,
    online_score: Option<Number>,
    pub(super) satellite_name: Option<Text>,
}

#[derive(Deserialize)]
struct WireHistory {
    score: Option<Number>,
    #[serde(default)]
    windows: List<WireWindow>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireWindow {
    window_start: Time,
    total_count: Option<Number>,
    online_count: Option<Number>,
}

/// Here the keys begin with capitals; those of `/pricing` do not.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WirePrices {
    egress_bandwidth: Option<Number>,
    repair_bandwidth: Option<Number>,
    audit_bandwidth: Option<Number>,
    disk_space: Option<Number>,
}

impl Satellite {
    /// Reads an answer to `/api/sno/satellite/{id}`.
    ///
    /// # Errors
    ///
    /// When it is no JSON, or does not name a satellite.
    pub fn from_json(bytes: &[u8]) -> Read<Self> {
        let wire: Wire = serde_json::from_slice(bytes)?;
        let id = wire.id.0;
        Ok(Self {
            id,
            storage: stored(wire.storage_daily).into_iter().map(|day| day.of(id)).collect(),
            bandwidth: moved(wire.bandwidth_daily).into_iter().map(|day| day.of(id)).collect(),
            stored: wire.storage_summary.map(Number::byte_hours),
            average: wire.average_usage_bytes.map(Number::bytes),
            moved: wire.bandwidth_summary.map(Number::bytes),
            egress: wire.egress_summary.map(Number::bytes),
            ingress: wire.ingress_summary.map(Number::bytes),
            scores: wire.audits.as_ref().and_then(scores),
            address: wire.audits.and_then(|audits| text(audits.satellite_name)),
            audit_history: wire.audit_history.map(history),
            prices: wire.price_model.and_then(prices),
            joined_at: time(wire.node_joined_at),
            vetted_at: time(wire.vetted_at),
        })
    }

    /// How the node stands with it, with what the dashboard tells of the same satellite.
    pub fn standing(&self, dashboard: &DashboardSatellite) -> Standing {
        let told = dashboard.standing();
        Standing {
            address: told.address.or_else(|| self.address.clone()),
            joined_at: self.joined_at,
            vetted_at: self.vetted_at.or(told.vetted_at),
            scores: self.scores,
            ..told
        }
    }

    /// Everything that it tells of the month. How the node stands with it needs the dashboard too.
    pub fn facts(&self) -> Vec<Fact> {
        let bandwidth = self.bandwidth.iter().copied().map(Fact::Bandwidth);
        let storage = self.storage.iter().copied().map(Fact::Storage);
        let prices = self.prices.map(|prices| Fact::Prices(self.id, prices));
        bandwidth.chain(storage).chain(prices).collect()
    }
}

/// All three scores, or none: a satellite that has not rated the node has told none.
pub(super) fn scores(wire: &WireAudits) -> Option<StandingScores> {
    Some(StandingScores {
        audit: wire.audit_score?.float(),
        online: wire.online_score?.float(),
        suspension: wire.suspension_score?.float(),
    })
}

fn history(wire: WireHistory) -> AuditHistory {
    let window = |window: WireWindow| {
        Some(OnlineWindow {
            start: window.window_start.0?,
            audits: or_zero(window.total_count, Number::unsigned),
            reached: or_zero(window.online_count, Number::unsigned),
        })
    };
    AuditHistory {
        score: or_zero(wire.score, Number::float),
        windows: wire.windows.0.into_iter().filter_map(window).collect(),
    }
}

fn prices(wire: WirePrices) -> Option<Prices> {
    let prices = price::of_numbers([
        wire.egress_bandwidth,
        wire.repair_bandwidth,
        wire.audit_bandwidth,
        wire.disk_space,
    ]);
    let all = [prices.egress, prices.repair, prices.audit, prices.storage];
    all.iter().any(|price| price.get() > 0).then_some(prices)
}
