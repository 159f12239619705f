//! All satellites together in the running month, `/api/sno/satellites`.

use piecewatch_model::{ByteCount, ByteHours, StandingScores, Timestamp};
use serde::Deserialize;

use super::{
    Read,
    day::{MovedOnDay, StoredOnDay, WireRollup, WireStamp, moved, stored},
    satellite::{WireAudits, scores},
};
use crate::wire::{List, Number, Time, text, time};

/// What a node knows of all satellites together in the running UTC month.
#[derive(Debug, Clone, PartialEq)]
pub struct Satellites {
    /// What was stored, by day.
    pub storage: Vec<StoredOnDay>,
    /// What was moved, by day.
    pub bandwidth: Vec<MovedOnDay>,
    /// What was stored this month, as reported.
    pub stored: Option<ByteHours>,
    /// The average of what was stored; `None` before v1.70.
    pub average: Option<ByteCount>,
    /// What was moved this month in both directions.
    pub moved: Option<ByteCount>,
    /// What was downloaded this month.
    pub egress: Option<ByteCount>,
    /// What was uploaded this month.
    pub ingress: Option<ByteCount>,
    /// When the node joined the first of them.
    pub joined_at: Option<Timestamp>,
    /// The scores of each.
    pub scores: Vec<SatelliteScores>,
}

/// A satellite's scores, where no id is told.
#[derive(Debug, Clone, PartialEq)]
pub struct SatelliteScores {
    /// The satellite's host and port.
    pub address: Box<str>,
    /// Its scores of the node.
    pub scores: StandingScores,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(default)]
    storage_daily: List<WireStamp>,
    #[serde(default)]
    bandwidth_daily: List<WireRollup>,
    storage_summary: Option<Number>,
    average_usage_bytes: Option<Number>,
    bandwidth_summary: Option<Number>,
    egress_summary: Option<Number>,
    ingress_summary: Option<Number>,
    earliest_joined_at: Option<Time>,
    #[serde(default)]
    audits: List<WireAudits>,
}

impl Satellites {
    /// Reads an answer to `/api/sno/satellites`.
    ///
    /// # Errors
    ///
    /// When it is no JSON, or a field is of another kind than nodes write.
    pub fn from_json(bytes: &[u8]) -> Read<Self> {
        let wire: Wire = serde_json::from_slice(bytes)?;
        let named = |audits: WireAudits| {
            let scores = scores(&audits)?;
            Some(SatelliteScores { address: text(audits.satellite_name)?, scores })
        };
        Ok(Self {
            storage: stored(wire.storage_daily),
            bandwidth: moved(wire.bandwidth_daily),
            stored: wire.storage_summary.map(Number::byte_hours),
            average: wire.average_usage_bytes.map(Number::bytes),
            moved: wire.bandwidth_summary.map(Number::bytes),
            egress: wire.egress_summary.map(Number::bytes),
            ingress: wire.ingress_summary.map(Number::bytes),
            joined_at: time(wire.earliest_joined_at),
            scores: wire.audits.0.into_iter().filter_map(named).collect(),
        })
    }

    /// The scores of the satellite with this host and port, as the dashboard names them; `None` when
    /// it has not rated the node.
    pub fn scores_of(&self, address: &str) -> Option<StandingScores> {
        self.scores.iter().find(|of| &*of.address == address).map(|of| of.scores)
    }
}
