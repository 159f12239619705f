//! What a node booked for one satellite on one day: the basis of what it is paid.

use crate::{ByteCount, ByteHours, SatelliteId, Timestamp};

/// What was moved for one satellite on one UTC day, as the node booked it: for downloads the amounts
/// of the signed orders, which are paid, whatever became of the transfers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DailyBandwidth {
    /// The satellite.
    pub satellite: SatelliteId,
    /// The beginning of the UTC day.
    pub day: Timestamp,
    /// Downloads of customers.
    pub get: ByteCount,
    /// Audits.
    pub get_audit: ByteCount,
    /// Downloads for repair.
    pub get_repair: ByteCount,
    /// Uploads of customers.
    pub put: ByteCount,
    /// Uploads for repair.
    pub put_repair: ByteCount,
}

/// What was stored for one satellite on one UTC day, as the satellite reported it to the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DailyStorage {
    /// The satellite.
    pub satellite: SatelliteId,
    /// The beginning of the UTC day.
    pub day: Timestamp,
    /// Bytes times the hours for which they were held. Zero for a day that the node has
    /// interpolated ([`StorageBasis::Calculated`]).
    pub byte_hours: ByteHours,
    /// The hours that `byte_hours` covers, in seconds; `None` where the node does not tell. The
    /// running day, and the first of a month, cover less or more than 24.
    pub covered_seconds: Option<u32>,
    /// The average of the bytes held, where the node tells it.
    pub average: Option<ByteCount>,
    /// From where the node has it.
    pub basis: StorageBasis,
}

/// From where a node has the storage of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StorageBasis {
    /// The satellite reported it.
    Reported,
    /// The node interpolated it between reports (v1.162 and later; its rule is not published).
    Calculated,
}

impl StorageBasis {
    /// The number under which a database knows it.
    pub const fn code(self) -> u8 {
        match self {
            Self::Reported => 0,
            Self::Calculated => 1,
        }
    }

    /// What a number stands for; `None` for one that stands for nothing.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Reported),
            1 => Some(Self::Calculated),
            _ => None,
        }
    }

    /// In one lower-case word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Calculated => "calculated",
        }
    }
}
