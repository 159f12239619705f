//! The dashboard, `/api/sno/`: who the node is, how it is, how much space it has.

use std::fmt;

use piecewatch_model::{
    ByteCount, Fact, NodeStatus, Quic, SatelliteId, Space, Standing, Timestamp,
};
use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};

use super::{Read, SATELLITES_MAX, at_most};
use crate::wire::{Id, List, Number, Text, Time, text, time};

/// What a node tells of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Dashboard {
    /// The node's id, base58check.
    pub node_id: Box<str>,
    /// How its process is; its id is in here too.
    pub status: NodeStatus,
    /// How much space it has.
    pub space: Space,
    /// What it moved for all satellites this month, in both directions.
    pub moved: Option<ByteCount>,
    /// Where it is paid, `0x…`.
    pub wallet: Option<Box<str>>,
    /// How it may be paid there, such as `zksync`.
    pub wallet_features: Vec<Box<str>>,
    /// The satellites that it serves: those that it trusts and that have rated it.
    pub satellites: Vec<DashboardSatellite>,
}

/// A satellite on the dashboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DashboardSatellite {
    /// Its id.
    pub id: SatelliteId,
    /// Its host and port.
    pub address: Option<Box<str>>,
    /// When it disqualified the node; `None` when it did not.
    pub disqualified_at: Option<Timestamp>,
    /// Since when it has suspended the node for audits with unknown errors; `None` when it has not.
    pub suspended_at: Option<Timestamp>,
    /// When it vetted the node; `None` when it did not, and before v1.131.
    pub vetted_at: Option<Timestamp>,
    /// What the node stores for it; `None` from v1.122 on.
    pub stored: Option<ByteCount>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(rename = "nodeID")]
    node_id: Option<Text>,
    wallet: Option<Text>,
    #[serde(default)]
    wallet_features: List<Text>,
    #[serde(default)]
    satellites: List<WireSatellite>,
    disk_space: Option<WireSpace>,
    bandwidth: Option<WireBandwidth>,
    last_pinged: Option<Time>,
    version: Option<Text>,
    allowed_version: Option<Text>,
    up_to_date: Option<bool>,
    started_at: Option<Time>,
    configured_port: Option<Port>,
    quic_status: Option<Text>,
    last_quic_pinged_at: Option<Time>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireSatellite {
    id: Id,
    url: Option<Text>,
    disqualified: Option<Time>,
    suspended: Option<Time>,
    vetted_at: Option<Time>,
    current_storage_used: Option<Number>,
}

#[derive(Deserialize)]
struct WireSpace {
    used: Option<Number>,
    available: Option<Number>,
    overused: Option<Number>,
    allocated: Option<Number>,
    trash: Option<Number>,
    reclaimable: Option<Number>,
}

#[derive(Deserialize)]
struct WireBandwidth {
    used: Option<Number>,
}

/// A port, which nodes write between quotes; `None` for what is none.
#[derive(Debug, Clone, Copy)]
struct Port(Option<u16>);

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Ports;
        impl Visitor<'_> for Ports {
            type Value = Port;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a port")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Port, E> {
                Ok(Port(text.trim_start_matches(':').parse().ok()))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Port, E> {
                Ok(Port(u16::try_from(number).ok()))
            }

            fn visit_i64<E: Error>(self, _: i64) -> Result<Port, E> {
                Ok(Port(None))
            }

            fn visit_f64<E: Error>(self, _: f64) -> Result<Port, E> {
                Ok(Port(None))
            }
        }
        deserializer.deserialize_any(Ports)
    }
}

impl Dashboard {
    /// Reads an answer to `/api/sno/`.
    ///
    /// # Errors
    ///
    /// When it is no JSON, does not name a node, or names more than [`SATELLITES_MAX`] satellites.
    pub fn from_json(bytes: &[u8]) -> Read<Self> {
        let wire: Wire = serde_json::from_slice(bytes)?;
        at_most(SATELLITES_MAX, wire.satellites.0.len(), "satellites")?;
        let node_id = text(wire.node_id).ok_or_else(|| serde_json::Error::custom("no nodeID"))?;
        let version = |version| text(version).map(|text| text.trim_start_matches('v').into());
        let status = NodeStatus {
            node_id: Some(node_id.clone()),
            version: version(wire.version),
            allowed_version: version(wire.allowed_version),
            is_up_to_date: wire.up_to_date,
            started_at: time(wire.started_at),
            last_pinged_at: time(wire.last_pinged),
            last_quic_pinged_at: time(wire.last_quic_pinged_at),
            quic: wire.quic_status.and_then(|state| Quic::from_name(&state.0)),
            port: wire.configured_port.and_then(|port| port.0),
        };
        Ok(Self {
            node_id,
            status,
            space: wire.disk_space.map(space).unwrap_or_default(),
            moved: wire.bandwidth.and_then(|bandwidth| bandwidth.used).map(Number::bytes),
            wallet: text(wire.wallet),
            wallet_features: wire.wallet_features.0.into_iter().map(|text| text.0).collect(),
            satellites: wire.satellites.0.into_iter().map(satellite).collect(),
        })
    }

    /// How the node is and how much space it has. How it stands with its satellites is told with the
    /// satellites, whole.
    pub fn facts(&self) -> Vec<Fact> {
        let mut facts = vec![Fact::Status(self.status.clone())];
        if self.space != Space::default() {
            facts.push(Fact::Space(self.space));
        }
        facts
    }
}

impl DashboardSatellite {
    /// How the node stands with this satellite, as far as the dashboard tells.
    pub fn standing(&self) -> Standing {
        Standing {
            address: self.address.clone(),
            disqualified_at: self.disqualified_at,
            suspended_at: self.suspended_at,
            vetted_at: self.vetted_at,
            ..Standing::unknown(self.id)
        }
    }
}

fn satellite(wire: WireSatellite) -> DashboardSatellite {
    DashboardSatellite {
        id: wire.id.0,
        address: text(wire.url),
        disqualified_at: time(wire.disqualified),
        suspended_at: time(wire.suspended),
        vetted_at: time(wire.vetted_at),
        stored: wire.current_storage_used.map(Number::bytes),
    }
}

/// One meaning for all versions. Up to v1.142 `available` is what was allotted, and `used` is pieces
/// without trash. From v1.143 on, when `allocated` is there, `available` is what is left, and `used`
/// includes the trash.
fn space(wire: WireSpace) -> Space {
    let bytes = |number: Option<Number>| number.map(Number::unsigned);
    let (used, available, trash) = (bytes(wire.used), bytes(wire.available), bytes(wire.trash));
    let (used, available, total) = match bytes(wire.allocated) {
        Some(allocated) => {
            let used = used.map(|used| used.saturating_sub(trash.unwrap_or(0)));
            (used, available, Some(allocated))
        }
        None => {
            let taken = |total: u64| Some(total.saturating_sub(used?).saturating_sub(trash?));
            (used, available.and_then(taken), available)
        }
    };
    Space {
        used: used.map(ByteCount::new),
        trash: trash.map(ByteCount::new),
        available: available.map(ByteCount::new),
        total: total.map(ByteCount::new),
        overused: wire.overused.map(Number::bytes),
        reclaimable: wire.reclaimable.map(Number::bytes),
    }
}
