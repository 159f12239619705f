//! What a node reports of itself, when its dashboard is asked or its own databases are read.

use crate::{
    Action, ByteCount, DailyBandwidth, DailyStorage, NodeEstimate, NodeName, Payment, Paystub,
    Prices, SatelliteId, Timestamp,
};

/// What one poll of a node brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The node.
    pub node: NodeName,
    /// How the poll went.
    pub poll: Poll,
    /// What it brought; what came before something failed is here too.
    pub facts: Vec<Fact>,
}

/// How a poll went: what it asked, what it cost, and whether it failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poll {
    /// When it began.
    pub at: Timestamp,
    /// What was asked.
    pub part: PollPart,
    /// How long it took, in microseconds.
    pub took_micros: u64,
    /// How many requests it made, those included that were tried again.
    pub requests: u32,
    /// How many bytes were answered.
    pub bytes: ByteCount,
    /// Why it failed, in words for an operator; `None` when it did not.
    pub error: Option<Box<str>>,
}

/// What a poll asks of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PollPart {
    /// Its dashboard: cheap.
    Dashboard,
    /// Everything by satellite for the running month: dear.
    Satellites,
    /// Paystubs and payments of past months.
    Paystubs,
    /// The metrics of its debug endpoint.
    Metrics,
    /// Its own databases, in place of all of these.
    Databases,
}

impl PollPart {
    /// Every part.
    pub const ALL: [Self; 5] =
        [Self::Dashboard, Self::Satellites, Self::Paystubs, Self::Metrics, Self::Databases];

    /// The number under which a database knows it.
    pub const fn code(self) -> u8 {
        match self {
            Self::Dashboard => 1,
            Self::Satellites => 2,
            Self::Paystubs => 3,
            Self::Metrics => 4,
            Self::Databases => 5,
        }
    }

    /// What a number stands for; `None` for one that stands for nothing.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.code() == code)
    }

    /// In one lower-case word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dashboard => "dashboard",
            Self::Satellites => "satellites",
            Self::Paystubs => "paystubs",
            Self::Metrics => "metrics",
            Self::Databases => "databases",
        }
    }
}

/// One thing that a node reports.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// How its process is.
    Status(NodeStatus),
    /// How much space it has.
    Space(Space),
    /// How it stands with a satellite.
    Standing(Standing),
    /// What it moved for a satellite on a day.
    Bandwidth(DailyBandwidth),
    /// What it stored for a satellite on a day.
    Storage(DailyStorage),
    /// What a satellite pays now.
    Prices(SatelliteId, Prices),
    /// What it expects from a satellite for a month.
    Estimate(NodeEstimate),
    /// What a satellite states for a month.
    Paystub(Paystub),
    /// What a satellite has sent for a month.
    Payment(Payment),
    /// What it measured of its transfers.
    Quantiles(Quantiles),
}

/// How a node's process is. `None`: not told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeStatus {
    /// The node's id, base58check.
    pub node_id: Option<Box<str>>,
    /// The version that runs, without a leading `v`.
    pub version: Option<Box<str>>,
    /// The lowest version that the network accepts, without a leading `v`.
    pub allowed_version: Option<Box<str>>,
    /// Whether the node counts its version as new enough.
    pub is_up_to_date: Option<bool>,
    /// When the process began.
    pub started_at: Option<Timestamp>,
    /// When something from outside last reached it.
    pub last_pinged_at: Option<Timestamp>,
    /// When something last reached it by QUIC.
    pub last_quic_pinged_at: Option<Timestamp>,
    /// Whether it can be reached by QUIC.
    pub quic: Option<Quic>,
    /// The port that satellites are told.
    pub port: Option<u16>,
}

/// Whether a node can be reached by QUIC (UDP).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Quic {
    /// It can.
    Ok,
    /// It cannot: mostly a router that forwards TCP alone.
    Misconfigured,
    /// It is switched off.
    Disabled,
    /// It is being found out.
    Refreshing,
}

impl Quic {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Ok, Self::Misconfigured, Self::Disabled, Self::Refreshing];

    /// As the node writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Misconfigured => "Misconfigured",
            Self::Disabled => "Disabled",
            Self::Refreshing => "Refreshing",
        }
    }

    /// The state of this name; `None` for a name that is not known.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name().eq_ignore_ascii_case(name))
    }
}

/// The space of a node, with one meaning for all versions. `None`: not told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Space {
    /// Bytes of pieces, without trash.
    pub used: Option<ByteCount>,
    /// Bytes of pieces in the trash.
    pub trash: Option<ByteCount>,
    /// Bytes left for pieces.
    pub available: Option<ByteCount>,
    /// Bytes that the operator allotted to the node.
    pub total: Option<ByteCount>,
    /// Bytes used beyond what was allotted.
    pub overused: Option<ByteCount>,
    /// Bytes that the next compactions of the hash store would free.
    pub reclaimable: Option<ByteCount>,
}

/// How a node stands with a satellite. `None`: not told, or not so.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The satellite.
    pub satellite: SatelliteId,
    /// Host and port of the satellite.
    pub address: Option<Box<str>>,
    /// When the node joined it: by this the held share is counted.
    pub joined_at: Option<Timestamp>,
    /// When the node was vetted.
    pub vetted_at: Option<Timestamp>,
    /// When the node was disqualified.
    pub disqualified_at: Option<Timestamp>,
    /// Since when it is suspended for audits with unknown errors.
    pub suspended_at: Option<Timestamp>,
    /// Since when it is suspended for having been offline.
    pub offline_suspended_at: Option<Timestamp>,
    /// When a graceful exit was completed.
    pub exited_at: Option<Timestamp>,
    /// The satellite's scores.
    pub scores: Option<StandingScores>,
    /// Audits so far, and those of them that were passed.
    pub audits: Option<(u64, u64)>,
}

impl Standing {
    /// Nothing is known but the satellite.
    pub const fn unknown(satellite: SatelliteId) -> Self {
        Self {
            satellite,
            address: None,
            joined_at: None,
            vetted_at: None,
            disqualified_at: None,
            suspended_at: None,
            offline_suspended_at: None,
            exited_at: None,
            scores: None,
            audits: None,
        }
    }
}

/// A satellite's scores of a node, each 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StandingScores {
    /// Share of audits passed; below 0.96 the node is disqualified.
    pub audit: f64,
    /// Share of time the node could be reached; below 0.6 it is suspended.
    pub online: f64,
    /// Share of audits with a known outcome; below 0.6 the node is suspended.
    pub suspension: f64,
}

/// What a node's debug endpoint tells of its transfers: quantiles of its last ones, from a small
/// reservoir. They cannot be added to others.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantiles {
    /// What was measured.
    pub measure: Measure,
    /// Of which transfers.
    pub action: Action,
    /// How many since the node's process began.
    pub count: u64,
    /// Their sum since then, in the unit of the measure.
    pub sum: f64,
    /// The smallest of the last ones.
    pub min: f64,
    /// Of the last ones, 10 % are not above it.
    pub p10: f64,
    /// Of the last ones, 50 % are not above it.
    pub p50: f64,
    /// Of the last ones, 90 % are not above it.
    pub p90: f64,
    /// Of the last ones, 99 % are not above it.
    pub p99: f64,
    /// The largest of the last ones.
    pub max: f64,
}

/// What a node measures of its transfers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Measure {
    /// How long transfers took that succeeded, in microseconds.
    Duration,
    /// How long it took until the first byte was sent, in microseconds.
    FirstByte,
    /// What was booked for payment, in bytes.
    OrderAmount,
}

impl Measure {
    /// Every measure.
    pub const ALL: [Self; 3] = [Self::Duration, Self::FirstByte, Self::OrderAmount];

    /// The number under which a database knows it.
    pub const fn code(self) -> u8 {
        match self {
            Self::Duration => 1,
            Self::FirstByte => 2,
            Self::OrderAmount => 3,
        }
    }

    /// What a number stands for; `None` for one that stands for nothing.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|measure| measure.code() == code)
    }

    /// In lower-case words joined by `_`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Duration => "duration",
            Self::FirstByte => "first_byte",
            Self::OrderAmount => "order_amount",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_stand_for_one_thing() {
        for part in PollPart::ALL {
            assert_eq!(PollPart::from_code(part.code()), Some(part));
        }
        for measure in Measure::ALL {
            assert_eq!(Measure::from_code(measure.code()), Some(measure));
        }
        for quic in Quic::ALL {
            assert_eq!(Quic::from_name(quic.name()), Some(quic));
        }
        assert_eq!(PollPart::from_code(0), None);
        assert_eq!(Measure::from_code(9), None);
        assert_eq!(Quic::from_name("Sideways"), None);
    }
}
