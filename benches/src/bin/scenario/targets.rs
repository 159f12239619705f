//! What the figures of a scenario are held to.

use crate::{measure::Measured, phases::Figures, plan::Scenario};

/// A figure with its limit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Target {
    pub(crate) what: String,
    pub(crate) limit: String,
    pub(crate) value: String,
    pub(crate) is_met: bool,
}

/// Memory of the collector.
const MEMORY_MAX: f64 = 25e6;
/// Noise of the allocator and of page caches is below this in an hour.
const GROWTH_MAX: f64 = 1e6;
/// How much later others may be while one node bursts.
const DELAY_MAX_MS: f64 = 1_000.0;

/// The targets of a scenario.
pub(crate) fn targets(scenario: Scenario, figures: &[Figures], measured: &Measured) -> Vec<Target> {
    let mut targets = Vec::new();
    let mut at_most = |what: String, value: f64, most: f64, shown: fn(f64) -> String| {
        targets.push(Target {
            what,
            limit: format!("≤ {}", shown(most)),
            value: shown(value),
            is_met: value <= most,
        });
    };
    match scenario {
        Scenario::Ingest => {
            for phase in figures {
                if phase.name.starts_with("200 ") {
                    at_most(format!("CPU, {}", phase.name), phase.cpu_percent, 1.0, percent);
                }
                at_most(
                    format!("memory, {}", phase.name),
                    phase.rss_bytes_max,
                    MEMORY_MAX,
                    megabytes,
                );
            }
        }
        Scenario::Idle => {
            if let Some(idle) = figures.last() {
                at_most("CPU, nothing written".to_owned(), idle.cpu_percent, 0.1, percent);
                at_most("memory".to_owned(), idle.rss_bytes_max, MEMORY_MAX, megabytes);
            }
        }
        Scenario::Disk => {
            if let Some(disk) = figures.last() {
                let what = "written to the disk in a day".to_owned();
                at_most(what, disk.disk_bytes_per_day, 10e9, gigabytes);
            }
        }
        Scenario::Fleet => {
            if let [steady, burst] = figures {
                let delay = (burst.others_max_ms - steady.others_max_ms).max(0.0);
                let what = "how much later the others are in a burst".to_owned();
                at_most(what, delay, DELAY_MAX_MS, millis);
            }
        }
        Scenario::Soak => {
            if let Some(soak) = figures.last() {
                let what = "growth of memory in an hour".to_owned();
                at_most(what, soak.rss_bytes_per_hour, GROWTH_MAX, megabytes);
                at_most("memory".to_owned(), soak.rss_bytes_max, MEMORY_MAX, megabytes);
            }
        }
    }
    for (what, count) in [
        ("events lost", measured.difference.lost),
        ("events doubled", measured.difference.doubled),
        ("bytes too many or too few", measured.difference.bytes),
    ] {
        targets.push(Target {
            what: what.to_owned(),
            limit: "0".to_owned(),
            value: count.to_string(),
            is_met: count == 0,
        });
    }
    targets.push(Target {
        what: "ends when told to, within 5 s".to_owned(),
        limit: "exit status 0".to_owned(),
        value: format!(
            "{}, {}",
            measured.status,
            millis(measured.stopped_after.as_secs_f64() * 1e3)
        ),
        is_met: measured.status.success() && measured.stopped_after.as_secs() < 5,
    });
    targets
}

/// A share of one core.
pub(crate) fn percent(value: f64) -> String {
    format!("{value:.2} %")
}

/// Bytes as megabytes.
pub(crate) fn megabytes(bytes: f64) -> String {
    format!("{:.1} MB", bytes / 1e6)
}

/// Bytes as gigabytes.
pub(crate) fn gigabytes(bytes: f64) -> String {
    format!("{:.2} GB", bytes / 1e9)
}

/// Milliseconds.
pub(crate) fn millis(ms: f64) -> String {
    format!("{ms:.0} ms")
}
