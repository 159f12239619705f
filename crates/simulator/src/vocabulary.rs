//! The words that nodes used over the years.

use std::{fmt, str::FromStr};

use piecewatch_model::Timestamp;

use crate::{Error, Result};

/// The words of a log: messages, levels, names and order of fields, form of times
/// (docs/LOG-FORMATS.md, Versions).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Vocabulary {
    /// v0.14 to v0.25: milliseconds, `SatelliteID`, starts and failures at INFO, nothing canceled.
    Y2019,
    /// v1.53 to v1.71: milliseconds, starts at INFO, downloads without size.
    Y2022,
    /// v1.86 to v1.98: whole seconds, races lost with only a piece id and a twin at DEBUG.
    Y2023,
    /// v1.122 to v1.145: starts at DEBUG, reasons of cancellations, failures told twice.
    Y2025,
    /// v1.147 and later: names in snake_case, disconnects at WARN.
    Y2026,
    /// [`Vocabulary::Y2025`] and [`Vocabulary::Y2026`] side by side, as in a fleet.
    Mixed,
}

impl Vocabulary {
    /// Every vocabulary.
    pub const ALL: [Self; 6] =
        [Self::Y2019, Self::Y2022, Self::Y2023, Self::Y2025, Self::Y2026, Self::Mixed];

    /// The name: the year, or `mixed`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Y2019 => "2019",
            Self::Y2022 => "2022",
            Self::Y2023 => "2023",
            Self::Y2025 => "2025",
            Self::Y2026 => "2026",
            Self::Mixed => "mixed",
        }
    }

    /// When a log in these words begins, unless the configuration says otherwise.
    pub const fn start(self) -> Timestamp {
        let date = match self {
            Self::Y2019 => (2019, 9, 4),
            Self::Y2022 => (2022, 8, 11),
            Self::Y2023 => (2023, 11, 5),
            Self::Y2025 => (2025, 9, 14),
            Self::Y2026 => (2026, 8, 19),
            Self::Mixed => (2026, 1, 10),
        };
        Timestamp::from_civil(date, 0, 0, 0)
    }

    /// The eras that the words are from.
    pub(crate) const fn eras(self) -> &'static [Era] {
        match self {
            Self::Y2019 => &[Era::Y2019],
            Self::Y2022 => &[Era::Y2022],
            Self::Y2023 => &[Era::Y2023],
            Self::Y2025 => &[Era::Y2025],
            Self::Y2026 => &[Era::Y2026],
            Self::Mixed => &[Era::Y2025, Era::Y2026],
        }
    }
}

impl fmt::Display for Vocabulary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Vocabulary {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|vocabulary| vocabulary.name() == text)
            .ok_or_else(|| Error::Vocabulary(text.to_owned()))
    }
}

/// The words of one line. They are ordered by age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Era {
    /// v0.14 to v0.25.
    Y2019,
    /// v1.53 to v1.71.
    Y2022,
    /// v1.86 to v1.98.
    Y2023,
    /// v1.122 to v1.145.
    Y2025,
    /// v1.147 and later.
    Y2026,
}

impl Era {
    /// Whether times have milliseconds; else they are whole seconds.
    pub(crate) fn has_millis(self) -> bool {
        self <= Self::Y2022
    }

    /// The grain of a line's own time, in microseconds.
    pub(crate) fn grain_micros(self) -> i64 {
        if self.has_millis() { 1_000 } else { 1_000_000 }
    }

    /// Whether fields are named in snake_case.
    pub(crate) fn is_snake(self) -> bool {
        self == Self::Y2026
    }

    /// Whether a line names its process.
    pub(crate) fn has_process(self) -> bool {
        self >= Self::Y2022
    }

    /// A version of the era, as the node would tell it.
    pub(crate) fn version(self) -> &'static str {
        match self {
            Self::Y2019 => "v0.21.3",
            Self::Y2022 => "v1.60.3",
            Self::Y2023 => "v1.95.1",
            Self::Y2025 => "v1.137.5",
            Self::Y2026 => "v1.162.3",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for vocabulary in Vocabulary::ALL {
            assert_eq!(vocabulary.to_string().parse::<Vocabulary>().unwrap(), vocabulary);
        }
        assert!("2020".parse::<Vocabulary>().is_err());
    }
}
