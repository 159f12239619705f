//! The figures of each phase: what lies between its first and its last second.

use std::time::Duration;

use crate::{
    measure::{Measured, Row},
    plan::Plan,
    statistics::{quantile, slope},
};

/// Seconds of a day and of an hour.
const DAY: f64 = 86_400.0;
const HOUR: f64 = 3_600.0;

/// What a phase was like.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figures {
    pub(crate) name: String,
    pub(crate) seconds: f64,
    pub(crate) lines_per_second: f64,
    /// Of one core, by the scheduler's account and by ticks.
    pub(crate) cpu_percent: f64,
    pub(crate) cpu_percent_by_ticks: f64,
    pub(crate) rss_bytes_max: f64,
    pub(crate) rss_bytes_per_hour: f64,
    pub(crate) disk_bytes_per_day: f64,
    pub(crate) written_bytes_per_day: f64,
    pub(crate) switches_per_second: f64,
    pub(crate) threads_max: u64,
    pub(crate) lag_median_ms: f64,
    pub(crate) lag_p99_ms: f64,
    pub(crate) lag_max_ms: f64,
    pub(crate) others_max_ms: f64,
}

/// The figures of all phases that were measured.
pub(crate) fn figures(plan: &Plan, measured: &Measured) -> Vec<Figures> {
    let phases = plan.phases.iter().zip(&measured.lags).enumerate();
    phases
        .filter_map(|(number, (phase, lags))| figures_of(number, &phase.name, lags, &measured.rows))
        .collect()
}

fn figures_of(number: usize, name: &str, lags: &[f64], rows: &[Row]) -> Option<Figures> {
    let first = rows.iter().position(|row| row.phase == number && row.counts)?;
    let counted: Vec<_> = rows.iter().filter(|row| row.phase == number && row.counts).collect();
    // What was used so far when the phase began: as the second before ended.
    let (base, last) = (rows.get(first.checked_sub(1)?)?, *counted.last()?);
    let seconds = (last.at.saturating_sub(base.at)).as_secs_f64();
    let (from, to) = (base.usage, last.usage);
    let rate = |from: u64, to: u64| to.saturating_sub(from) as f64 / seconds;
    let most = |value: fn(&Row) -> f64| counted.iter().map(|row| value(row)).fold(0.0, f64::max);
    let memory: Vec<_> = counted
        .iter()
        .map(|row| (row.at.as_secs_f64() / HOUR, row.usage.rss_bytes as f64))
        .collect();
    Some(Figures {
        name: name.to_owned(),
        seconds,
        lines_per_second: rate(base.lines, last.lines),
        cpu_percent: rate(from.cpu_ns, to.cpu_ns) / 1e7,
        // A tick is a hundredth of a second.
        cpu_percent_by_ticks: rate(from.cpu_ticks, to.cpu_ticks),
        rss_bytes_max: most(|row| row.usage.rss_bytes as f64),
        rss_bytes_per_hour: slope(&memory),
        disk_bytes_per_day: rate(from.disk_bytes, to.disk_bytes) * DAY,
        written_bytes_per_day: rate(from.written_bytes, to.written_bytes) * DAY,
        switches_per_second: rate(from.waits + from.preemptions, to.waits + to.preemptions),
        threads_max: counted.iter().map(|row| row.usage.threads).max().unwrap_or(0),
        lag_median_ms: quantile(lags, 0.5),
        lag_p99_ms: quantile(lags, 0.99),
        lag_max_ms: most(|row| row.lag_max_ms),
        others_max_ms: most(|row| row.others_max_ms),
    })
}

/// The share of one core that was used in each second, with the seconds.
pub(crate) fn cpu_percents(rows: &[Row]) -> Vec<(f64, f64)> {
    rows.windows(2)
        .map(|pair| {
            let [before, after] = pair else { return (0.0, 0.0) };
            let time = after.at.saturating_sub(before.at).max(Duration::from_millis(1));
            let used = after.usage.cpu_ns.saturating_sub(before.usage.cpu_ns);
            (after.at.as_secs_f64(), used as f64 / 1e7 / time.as_secs_f64())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::Usage;

    fn row(second: u64, counts: bool) -> Row {
        let usage = Usage {
            // 2 % of a core, 1,000 bytes to the disk and 3 switches a second; 10 bytes more memory.
            cpu_ns: 5 + second * 20_000_000,
            cpu_ticks: second * 2,
            rss_bytes: 1_000 + second * 10,
            disk_bytes: second * 1_000,
            waits: second * 2,
            preemptions: second,
            threads: 4,
            ..Usage::default()
        };
        Row {
            at: Duration::from_secs(second),
            phase: 0,
            counts,
            usage,
            lines: second * 50,
            waiting: 0,
            lag_median_ms: 1.0,
            lag_max_ms: second as f64,
            others_max_ms: 0.5,
        }
    }

    #[test]
    fn only_what_counts_counts() {
        let rows: Vec<_> = (1..=10).map(|second| row(second, second > 4)).collect();
        let figures = figures_of(0, "a", &[3.0, 1.0, 2.0], &rows).unwrap();
        assert_eq!((figures.seconds, figures.lines_per_second), (6.0, 50.0));
        assert_eq!((figures.cpu_percent, figures.cpu_percent_by_ticks), (2.0, 2.0));
        assert_eq!((figures.rss_bytes_max, figures.threads_max), (1_100.0, 4));
        assert!((figures.rss_bytes_per_hour - 36_000.0).abs() < 1e-6);
        assert_eq!((figures.disk_bytes_per_day, figures.switches_per_second), (86.4e6, 3.0));
        assert_eq!((figures.lag_median_ms, figures.lag_max_ms), (2.0, 10.0));
        assert!(figures_of(1, "b", &[], &rows).is_none());
        assert_eq!(cpu_percents(&rows)[0], (2.0, 2.0));
    }
}
