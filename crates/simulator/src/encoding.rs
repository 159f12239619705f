//! The forms in which a node's log reaches a reader.

use std::{fmt, str::FromStr};

use crate::{Error, Result};

/// How lines are wrapped and escaped (docs/LOG-FORMATS.md, Encodings).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Encoding {
    /// Columns joined by TABs, the payload as JSON: what a node writes unless told otherwise.
    Console,
    /// The same after a forum or a terminal: each TAB became one space, or a run of them.
    Spaces,
    /// `log.encoding: json`.
    Json,
    /// The console form in the files of Docker's json-file driver.
    DockerJson,
    /// The console form as `journalctl -o short` prints it.
    JournalShort,
    /// The console form as `journalctl -o cat` prints it.
    JournalCat,
    /// The console form as `journalctl -o json --all` prints it.
    JournalJson,
}

impl Encoding {
    /// Every encoding.
    pub const ALL: [Self; 7] = [
        Self::Console,
        Self::Spaces,
        Self::Json,
        Self::DockerJson,
        Self::JournalShort,
        Self::JournalCat,
        Self::JournalJson,
    ];

    /// The name in kebab-case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Spaces => "spaces",
            Self::Json => "json",
            Self::DockerJson => "docker-json",
            Self::JournalShort => "journal-short",
            Self::JournalCat => "journal-cat",
            Self::JournalJson => "journal-json",
        }
    }

    /// Whether the lines went through journald.
    pub(crate) const fn is_journal(self) -> bool {
        matches!(self, Self::JournalShort | Self::JournalCat | Self::JournalJson)
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Encoding {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|encoding| encoding.name() == text)
            .ok_or_else(|| Error::Encoding(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for encoding in Encoding::ALL {
            assert_eq!(encoding.to_string().parse::<Encoding>().unwrap(), encoding);
        }
        assert!("pretty".parse::<Encoding>().is_err());
    }
}
