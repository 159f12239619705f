//! What to simulate.

use piecewatch_model::Timestamp;

use crate::{Encoding, Incident, Rhythm, Vocabulary};

/// What to simulate. Any value is valid.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Everything that is drawn is drawn from this.
    pub seed: u64,
    /// How lines are wrapped and escaped.
    pub encoding: Encoding,
    /// The words of the log.
    pub vocabulary: Vocabulary,
    /// When the log begins; `None` for a time that suits the vocabulary.
    pub start: Option<Timestamp>,
    /// The zone of the lines' own times, in minutes east of UTC; `None` for UTC in Docker and for
    /// what is usual with the vocabulary elsewhere.
    pub utc_offset_minutes: Option<i16>,
    /// How many transfers begin in a second, on average; held between 0.001 and 100 000.
    pub transfers_per_second: f64,
    /// How that changes over the day and the week.
    pub rhythm: Rhythm,
    /// What goes wrong, and when.
    pub incidents: Vec<Incident>,
    /// The least level that is logged. Above it a node since v1.116 tells no starts.
    pub level: Level,
    /// What happens besides transfers that go well.
    pub mix: Mix,
    /// Which addresses the node sees.
    pub remotes: Remotes,
    /// Whether single lines are longer than a reader should hold in memory.
    pub long_lines: LongLines,
}

impl Default for Config {
    /// A debug log of 15 transfers a second, so that a million lines cover nine hours.
    fn default() -> Self {
        Self {
            seed: 1,
            encoding: Encoding::Console,
            vocabulary: Vocabulary::Y2026,
            start: None,
            utc_offset_minutes: None,
            transfers_per_second: 15.0,
            rhythm: Rhythm::Steady,
            incidents: Vec::new(),
            level: Level::Debug,
            mix: Mix::Realistic,
            remotes: Remotes::Public,
            long_lines: LongLines::Never,
        }
    }
}

/// The least level that is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// Everything.
    Debug,
    /// What a node logs unless told otherwise.
    Info,
}

/// What happens besides transfers that go well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mix {
    /// Transfers end well, are canceled or fail as usual, and nothing else is logged.
    Transfers,
    /// As usual: at least 95 of 100 lines are transfers and their starts.
    Realistic,
    /// A bad day: ten times as much maintenance, trouble, restarts and foreign text.
    Adverse,
}

/// Which addresses the node sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Remotes {
    /// Those of the clients, some of them IPv6.
    Public,
    /// Docker's gateway for every client: `172.17.0.1`.
    DockerGateway,
}

/// Whether single lines are longer than a reader should hold in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LongLines {
    /// No line is longer than 48 KiB.
    Never,
    /// The dump that a slow shutdown logs has a few megabytes.
    Rarely,
}
