//! Which stretch of time a question is about.

use std::str::FromStr;

use piecewatch_model::{NodeName, Timestamp};
use piecewatch_store::{Nodes, Reader, Window};

use crate::Result;

/// A length of time as it is written on the command line: `90m`, `24h`, `7d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length {
    micros: i64,
}

impl FromStr for Length {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused =
            || format!("{text:?} is no length: a number and m, h or d are needed, as in 24h");
        let unit = text.chars().next_back().ok_or_else(refused)?;
        let seconds = match unit {
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return Err(refused()),
        };
        let digits = &text[..text.len() - unit.len_utf8()];
        // `parse` would take a sign.
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(refused());
        }
        let too_long = || format!("{text:?} is too long: no log reaches back so far");
        let count: i64 = digits.parse().map_err(|_| too_long())?;
        if count == 0 {
            return Err(format!("{text:?} is too short: nothing happens in no time"));
        }
        let micros = count.checked_mul(seconds * 1_000_000).ok_or_else(too_long)?;
        Ok(Self { micros })
    }
}

impl Length {
    /// In microseconds; above 0.
    pub const fn micros(self) -> i64 {
        self.micros
    }

    /// The instant so long before another.
    pub const fn before(self, end: Timestamp) -> Timestamp {
        end.plus_micros(-self.micros)
    }
}

/// The window of this length that ends at the newest record of nodes, and begins at their first one
/// where that is later; `None` when there is none.
///
/// # Errors
///
/// When the database cannot be read.
pub(crate) fn up_to_newest(
    reader: &Reader,
    nodes: &[NodeName],
    length: Length,
) -> Result<Option<Window>> {
    let reach = reader.reach(Nodes::Of(nodes))?;
    let from = |reach: Window| length.before(reach.to).max(reach.from);
    Ok(reach.map(|reach| Window { from: from(reach), to: reach.to }))
}

/// An instant to the minute, for people: `2026-08-19 14:03`.
pub(crate) fn minute(instant: Timestamp) -> String {
    let text = instant.to_string();
    text.split_at_checked(16).map_or(text.clone(), |(minute, _)| minute.replace('T', " "))
}

/// The day of an instant, for people and machines: `2026-08-19`.
pub(crate) fn day(instant: Timestamp) -> String {
    instant.to_string().chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_or_refused() {
        let end: Timestamp = "2026-08-19T12:00:00Z".parse().unwrap();
        let before =
            |text: &str| text.parse::<Length>().map(|length| length.before(end).to_string());
        assert_eq!(before("90m").as_deref(), Ok("2026-08-19T10:30:00Z"));
        assert_eq!(before("1h").as_deref(), Ok("2026-08-19T11:00:00Z"));
        assert_eq!(before("30d").as_deref(), Ok("2026-07-20T12:00:00Z"));
        for bad in ["", "h", "24", "0h", "-1h", "+1h", "1.5h", "24 h", "1w", "9é"] {
            assert!(bad.parse::<Length>().is_err(), "{bad}");
        }
        for long in ["99999999999d", "99999999999999999999h"] {
            let error = long.parse::<Length>().unwrap_err();
            assert_eq!(error, format!("{long:?} is too long: no log reaches back so far"));
        }
    }
}
