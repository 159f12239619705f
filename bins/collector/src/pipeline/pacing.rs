//! How closely batches and commits follow each other: closer while somebody looks.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use piecewatch_ingest::{BatchInterval, Called};

/// How long what was read may wait before the writer has it, where lines come all the time.
const AT_REST: Duration = Duration::from_secs(1);
/// The same while somebody in this process looks. Where lines come all the time he calls batches in when
/// he is about to.
const LOOKED_AT: Duration = Duration::from_millis(20);
/// The same while somebody in another process does, who sees commits only.
const FOLLOWED: Duration = Duration::from_millis(100);
/// The longest time between two commits while somebody in this process looks: what was read and not
/// stored is added to each thing he is shown, so it must not become too much.
const COMMIT_LOOKED_AT: Duration = Duration::from_secs(2);
/// The same while somebody in another process does.
const COMMIT_FOLLOWED: Duration = Duration::from_millis(200);

/// The pace of a pipeline.
#[derive(Debug)]
pub(super) struct Pacing {
    interval: BatchInterval,
    pace: Mutex<Pace>,
}

#[derive(Debug)]
struct Pace {
    commit_interval: Duration,
    is_looked_at: bool,
    is_followed: bool,
}

impl Pacing {
    pub(super) fn new(commit_interval: Duration) -> Self {
        let pace = Pace { commit_interval, is_looked_at: false, is_followed: false };
        Self { interval: BatchInterval::new(pace.batch_interval()), pace: Mutex::new(pace) }
    }

    /// By what readers give their batches.
    pub(super) fn batch_interval(&self) -> BatchInterval {
        self.interval.clone()
    }

    /// Readers give what they have read now. What is given says when they have.
    pub(super) fn call_in(&self) -> Called {
        self.interval.call_in()
    }

    /// How long to wait between two commits.
    pub(super) fn commit_interval(&self) -> Duration {
        self.pace().commit_interval()
    }

    /// Changes the pace that is configured.
    pub(super) fn configure(&self, commit_interval: Duration) {
        self.change(|pace| pace.commit_interval = commit_interval);
    }

    /// Somebody in this process looks, or does no more.
    pub(super) fn look(&self, is_looked_at: bool) {
        self.change(|pace| pace.is_looked_at = is_looked_at);
    }

    /// Somebody in another process looks, or does no more.
    pub(super) fn follow(&self, is_followed: bool) {
        self.change(|pace| pace.is_followed = is_followed);
    }

    fn change(&self, change: impl FnOnce(&mut Pace)) {
        let mut pace = self.pace();
        change(&mut pace);
        self.interval.set(pace.batch_interval());
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pace {
    fn batch_interval(&self) -> Duration {
        let longest = match (self.is_looked_at, self.is_followed) {
            (true, _) => LOOKED_AT,
            (false, true) => FOLLOWED,
            (false, false) => AT_REST,
        };
        longest.min(self.commit_interval)
    }

    fn commit_interval(&self) -> Duration {
        let longest = match (self.is_looked_at, self.is_followed) {
            (_, true) => COMMIT_FOLLOWED,
            (true, false) => COMMIT_LOOKED_AT,
            (false, false) => Duration::MAX,
        };
        longest.min(self.commit_interval)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_and_commits_come_closer_while_somebody_looks_and_never_seldomer_than_configured() {
        let millis = Duration::from_millis;
        let pacing = Pacing::new(millis(5_000));
        let paces = || (pacing.batch_interval().get(), pacing.commit_interval());
        assert_eq!(paces(), (millis(1_000), millis(5_000)));
        pacing.look(true);
        assert_eq!(paces(), (millis(20), millis(2_000)));
        pacing.follow(true);
        assert_eq!(paces(), (millis(20), millis(200)));
        pacing.look(false);
        assert_eq!(paces(), (millis(100), millis(200)));
        pacing.configure(millis(50));
        assert_eq!(paces(), (millis(50), millis(50)));
        pacing.configure(millis(5_000));
        pacing.follow(false);
        assert_eq!(paces(), (millis(1_000), millis(5_000)));
    }
}
