//! What a node answers on its public port: whether all is well with its satellites.

use piecewatch_model::{SatelliteId, Timestamp};
use serde::{Deserialize, de::Error};

use super::Read;
use crate::wire::{Id, List, Number, Time, time};

/// Whether all is well with a node's satellites. Two things are told by an answer at all: the node
/// runs, and its public port can be reached from here.
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    /// Whether no satellite has disqualified or suspended the node or could not reach it for more
    /// than a tenth of the time. Also not so while there are no satellites yet.
    pub is_all_well: bool,
    /// Each satellite; none unless the node is configured to tell (`healthcheck.details`).
    pub satellites: Vec<SatelliteHealth>,
}

/// Whether all is well with a satellite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SatelliteHealth {
    /// The satellite.
    pub satellite: SatelliteId,
    /// The share of the time in which it could reach the node, 0 to 1.
    pub online: Option<f64>,
    /// When it disqualified the node; `None` when it did not.
    pub disqualified_at: Option<Timestamp>,
    /// Since when it has suspended the node; `None` when it has not.
    pub suspended_at: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wire {
    #[serde(default)]
    statuses: List<WireStatus>,
    all_healthy: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireStatus {
    online_score: Option<Number>,
    #[serde(rename = "SatelliteID")]
    satellite: Id,
    disqualified_at: Option<Time>,
    suspended_at: Option<Time>,
}

impl Health {
    /// Reads an answer of the public port.
    ///
    /// # Errors
    ///
    /// When it is no JSON, or does not tell whether all is well.
    pub fn from_json(bytes: &[u8]) -> Read<Self> {
        let wire: Wire = serde_json::from_slice(bytes)?;
        let converted = |status: WireStatus| SatelliteHealth {
            satellite: status.satellite.0,
            online: status.online_score.map(Number::float),
            disqualified_at: time(status.disqualified_at),
            suspended_at: time(status.suspended_at),
        };
        Ok(Self {
            is_all_well: wire
                .all_healthy
                .ok_or_else(|| serde_json::Error::custom("no AllHealthy"))?,
            satellites: wire.statuses.0.into_iter().map(converted).collect(),
        })
    }
}
