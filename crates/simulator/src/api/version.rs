//! The versions of the node's API between which answers differ.

use std::{fmt, str::FromStr};

use crate::{Error, Result};

/// A version of a node, and with it the form of its answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ApiVersion {
    /// v1.37: no port and no QUIC on the dashboard; storage without hours.
    V1_37,
    /// v1.71: averages and hours of storage.
    V1_71,
    /// v1.121: the last one to tell what each satellite's pieces use.
    V1_121,
    /// v1.142: tells when the node was vetted; `available` is still what was allotted.
    V1_142,
    /// v1.143: `used` is everything on the disk, `available` what is left for pieces.
    V1_143,
    /// v1.162: storage that was not reported is interpolated.
    V1_162,
}

impl ApiVersion {
    /// Every version, the oldest first.
    pub const ALL: [Self; 6] =
        [Self::V1_37, Self::V1_71, Self::V1_121, Self::V1_142, Self::V1_143, Self::V1_162];

    /// The number, without a `v`.
    pub const fn number(self) -> &'static str {
        match self {
            Self::V1_37 => "1.37.1",
            Self::V1_71 => "1.71.2",
            Self::V1_121 => "1.121.3",
            Self::V1_142 => "1.142.7",
            Self::V1_143 => "1.143.6",
            Self::V1_162 => "1.162.3",
        }
    }

    /// The lowest version that the network accepts at the time, without a `v`.
    pub(crate) const fn allowed(self) -> &'static str {
        match self {
            Self::V1_37 | Self::V1_71 => "1.24.0",
            Self::V1_121 => "1.99.0",
            Self::V1_142 | Self::V1_143 => "1.126.2",
            Self::V1_162 => "1.146.2",
        }
    }
}

/// The number, without a `v`.
impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.number())
    }
}

/// The number, whole.
impl FromStr for ApiVersion {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|version| version.number() == text)
            .ok_or_else(|| Error::ApiVersion(text.to_owned()))
    }
}
