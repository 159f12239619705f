//! The scenarios: how many nodes do what, for how long.

use std::time::Duration;

use clap::ValueEnum;
use piecewatch_benches::Every;
use piecewatch_simulator::Rotation;

/// A scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// 4 nodes at 100, 200 and 400 transfers a second in all
    Ingest,
    /// 4 nodes that write nothing any more
    Idle,
    /// 4 nodes at 15 transfers a second each: what goes to the disk
    Disk,
    /// 100 nodes at 50 lines a second each, then 100,000 lines of one of them at once
    Fleet,
    /// 4 nodes at 400 transfers a second in all for an hour, rotated every minute in four ways
    Soak,
}

/// What a scenario does.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) title: &'static str,
    pub(crate) nodes: usize,
    pub(crate) rotations: Vec<Rotation>,
    pub(crate) every: Every,
    pub(crate) phases: Vec<Phase>,
}

/// A stretch of time with one load.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Phase {
    pub(crate) name: String,
    /// Of all nodes together.
    pub(crate) transfers_per_second: f64,
    /// Seconds before it is measured.
    pub(crate) warm_up: u64,
    /// Seconds that are measured.
    pub(crate) seconds: u64,
    /// Lines that the first node writes at its beginning as fast as it can.
    pub(crate) burst: u64,
}

impl Phase {
    fn steady(transfers_per_second: f64, warm_up: u64, seconds: u64) -> Self {
        let name = format!("{transfers_per_second} transfers/s");
        Self { name, transfers_per_second, warm_up, seconds, burst: 0 }
    }
}

impl Scenario {
    /// The name of its files.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Idle => "idle",
            Self::Disk => "disk",
            Self::Fleet => "fleet",
            Self::Soak => "soak",
        }
    }

    /// What it does; with the last phases as long as told.
    pub(crate) fn plan(self, seconds: Option<u64>) -> Plan {
        let long = |usual: u64| seconds.unwrap_or(usual);
        let mut plan = Plan {
            title: "",
            nodes: 4,
            rotations: vec![Rotation::Rename],
            every: Every::Never,
            phases: Vec::new(),
        };
        match self {
            Self::Ingest => {
                plan.title = "Following 4 nodes";
                plan.phases =
                    [100.0, 200.0, 400.0].map(|rate| Phase::steady(rate, 10, long(60))).into();
            }
            Self::Idle => {
                plan.title = "Following 4 nodes that write nothing";
                let name = "nothing written".to_owned();
                plan.phases = vec![
                    Phase::steady(200.0, 0, 10),
                    Phase { name, ..Phase::steady(0.0, 15, long(120)) },
                ];
            }
            Self::Disk => {
                plan.title = "Following 4 nodes of 15 transfers a second: the disk";
                plan.phases = vec![Phase::steady(60.0, 30, long(600))];
            }
            Self::Fleet => {
                plan.title = "Following 100 nodes, and a burst of one";
                plan.nodes = 100;
                let steady = Phase::steady(2_500.0, 15, long(60));
                let name = "100,000 lines of one node".to_owned();
                let burst = Phase { name, warm_up: 0, burst: 100_000, ..steady.clone() };
                plan.phases = vec![steady, burst];
            }
            Self::Soak => {
                plan.title = "Following 4 nodes for long, rotated every minute";
                plan.rotations = vec![
                    Rotation::Rename,
                    Rotation::RenameHeld,
                    Rotation::CopyTruncate,
                    Rotation::Dated,
                ];
                plan.every = Every::Time(Duration::from_secs(60));
                plan.phases = vec![Phase::steady(400.0, 60, long(3_600))];
            }
        }
        plan
    }
}
