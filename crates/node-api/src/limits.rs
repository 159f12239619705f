//! How much of a node's answer is waited for and taken, and how often it is asked again.

use std::time::Duration;

/// How much of a node's answer is waited for and taken, and how often it is asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long a connection may take. On a home network it takes milliseconds; five seconds let a
    /// disk or a radio wake.
    pub connect: Duration,
    /// How long one whole answer may take, from the connection to its last byte, redirects included:
    /// so an answer that trickles ends too. Nodes on busy disks have been seen to need ten seconds
    /// for a satellite.
    pub answer: Duration,
    /// The longest answer, in bytes. The longest real one is the paystubs of seven years on eight
    /// satellites, 0.4 MB.
    pub answer_max_bytes: u64,
    /// The longest answer of a debug endpoint, in bytes, which is read line by line: tens of
    /// thousands of series are some megabytes.
    pub metrics_max_bytes: u64,
    /// How often one question is asked at most, at least once.
    pub attempts_max: u32,
    /// How long to wait between attempts.
    pub backoff: Backoff,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            answer: Duration::from_secs(30),
            answer_max_bytes: 8 << 20,
            metrics_max_bytes: 32 << 20,
            attempts_max: 3,
            // A node that restarts is back within seconds.
            backoff: Backoff { first: Duration::from_millis(500), max: Duration::from_secs(10) },
        }
    }
}

/// Pauses that double with each failure, up to a longest one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The pause after the first failure.
    pub first: Duration,
    /// The longest pause.
    pub max: Duration,
}

impl Backoff {
    /// The pause after so many failures in a row. `chance`, 0 to 1, shortens it by up to a half, so
    /// that those who failed together do not all come back together.
    pub fn pause(self, failures: u32, chance: f64) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        let whole = self.first.saturating_mul(1 << doublings).min(self.max);
        whole.mul_f64(1.0 - chance.clamp(0.0, 1.0) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let backoff = Backoff { first: Duration::from_secs(30), max: Duration::from_secs(300) };
        let pauses = [1, 2, 3, 4, 5, u32::MAX].map(|failures| backoff.pause(failures, 0.0));
        assert_eq!(pauses.map(|pause| pause.as_secs()), [30, 60, 120, 240, 300, 300]);
        assert_eq!(backoff.pause(1, 1.0).as_secs(), 15);
        assert_eq!(backoff.pause(0, 0.5).as_millis(), 22_500);
    }
}
