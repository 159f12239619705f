//! How long a transfer took, and by which clock that is known.

/// How long a transfer took: its end less its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Latency {
    /// Microseconds.
    pub micros: u64,
    /// The clock that both ends were read from.
    pub clock: Clock,
}

/// The clock behind a latency. No node ever logged a duration of a transfer, so it is the
/// difference of two times, and as good as the clock that gave them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Clock {
    /// The line's own milliseconds: nodes before v1.83.
    LineMillis,
    /// The nanoseconds at which Docker received the line.
    DockerNanos,
    /// The microseconds at which journald received the line.
    JournalMicros,
    /// The moment at which a live reader saw the line.
    Arrival,
    /// The line's own whole seconds: nodes since v1.83. Stored, but never part of a distribution.
    WholeSeconds,
}

impl Clock {
    /// Every clock, in the order of its code.
    pub const ALL: [Self; 5] = [
        Self::LineMillis,
        Self::DockerNanos,
        Self::JournalMicros,
        Self::Arrival,
        Self::WholeSeconds,
    ];

    /// Whether the clock is fine enough for a histogram: anything below a second.
    pub const fn is_honest(self) -> bool {
        match self {
            Self::LineMillis | Self::DockerNanos | Self::JournalMicros | Self::Arrival => true,
            Self::WholeSeconds => false,
        }
    }

    /// The number under which a database knows the clock: 1 to 5.
    pub const fn code(self) -> u8 {
        match self {
            Self::LineMillis => 1,
            Self::DockerNanos => 2,
            Self::JournalMicros => 3,
            Self::Arrival => 4,
            Self::WholeSeconds => 5,
        }
    }

    /// The clock of this code; `None` for a number that is none.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|clock| clock.code() == code)
    }

    /// A short name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LineMillis => "line ms",
            Self::DockerNanos => "docker ns",
            Self::JournalMicros => "journal µs",
            Self::Arrival => "arrival",
            Self::WholeSeconds => "whole seconds",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_round_trip_and_only_whole_seconds_are_dishonest() {
        for clock in Clock::ALL {
            assert_eq!(Clock::from_code(clock.code()), Some(clock));
            assert_eq!(clock.is_honest(), clock != Clock::WholeSeconds);
        }
        assert_eq!(Clock::from_code(0), None);
    }
}
