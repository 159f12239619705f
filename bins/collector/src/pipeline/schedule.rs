//! When what runs by itself is due: at times of its own, never all at once.

use std::time::Duration;

/// Work that comes again and again, each time after a slightly different while: several processes,
/// and several kinds of work, do not meet at the same moment for ever.
#[derive(Debug)]
pub(super) struct Schedule<T> {
    random: fastrand::Rng,
    jitter_percent: u8,
    /// What is due at which uptime.
    due: Vec<(T, Duration, Duration)>,
}

impl<T: Copy> Schedule<T> {
    /// Begins at this uptime: each work is first due within its period.
    pub(super) fn new(
        work: impl IntoIterator<Item = (T, Duration)>,
        jitter_percent: u8,
        seed: u64,
        now: Duration,
    ) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let due = work
            .into_iter()
            .map(|(work, period)| (work, period, now + period.mul_f64(random.f64())))
            .collect();
        Self { random, jitter_percent, due }
    }

    /// How long until something is due.
    pub(super) fn wait(&self, now: Duration) -> Duration {
        let next = self.due.iter().map(|(_, _, due)| *due).min().unwrap_or(Duration::MAX);
        next.saturating_sub(now)
    }

    /// What is due now; it is due again after its period.
    pub(super) fn take(&mut self, now: Duration) -> Option<T> {
        let jitter = f64::from(self.jitter_percent) / 100.0;
        let factor = 1.0 + jitter * (2.0 * self.random.f64() - 1.0);
        let (work, period, due) = self.due.iter_mut().find(|(_, _, due)| *due <= now)?;
        *due = now + period.mul_f64(factor);
        Some(*work)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_secs(100);

    #[test]
    fn work_begins_within_its_period_and_comes_back_with_jitter() {
        let mut firsts = Vec::new();
        for seed in 0..50 {
            let mut schedule = Schedule::new([('a', PERIOD), ('b', PERIOD)], 15, seed, PERIOD);
            let mut now = PERIOD;
            let mut times = Vec::new();
            for _ in 0..20 {
                now += schedule.wait(now);
                times.push((schedule.take(now), now));
            }
            let of = |work| -> Vec<Duration> {
                let times = times.iter().filter(|(taken, _)| *taken == Some(work));
                times.map(|(_, at)| *at).collect()
            };
            for work in ['a', 'b'] {
                let times = of(work);
                assert!(times.len() >= 7 && times[0] <= 2 * PERIOD, "{times:?}");
                for pair in times.windows(2) {
                    let gap = (pair[1] - pair[0]).as_secs_f64();
                    assert!((85.0..=115.0).contains(&gap), "{gap}");
                }
                firsts.push(times[0]);
            }
        }
        firsts.sort();
        let spread = firsts[firsts.len() - 1] - firsts[0];
        assert!(spread > PERIOD.mul_f64(0.8), "they begin at different times: {spread:?}");
    }
}
