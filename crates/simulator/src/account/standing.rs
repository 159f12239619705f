//! How a node stands with a satellite.

use piecewatch_model::{Standing, StandingScores, Timestamp};

use super::SatelliteAccount;
use crate::{
    calendar::{DAY_SECONDS, day_of},
    rng::Rng,
};

/// How often a satellite looked in half a day whether the node can be reached, and how often it
/// could.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OnlineWindow {
    pub(crate) start: Timestamp,
    pub(crate) total: u64,
    pub(crate) online: u64,
}

impl SatelliteAccount {
    /// The half days of the last thirty days in which the satellite looked.
    pub(crate) fn online_windows(&self, now: Timestamp) -> Vec<OnlineWindow> {
        const WINDOW: i64 = DAY_SECONDS / 2;
        let last = now.as_seconds().div_euclid(WINDOW);
        let first = (last - 60).max(self.joined_at.as_seconds().div_euclid(WINDOW) + 1);
        let suspended = self.offline_suspended_at;
        let window = |number: i64| {
            let mut rng = Rng::new(self.salt ^ number.unsigned_abs() << 16);
            let start = Timestamp::from_seconds(number * WINDOW);
            // Some half days are without any look.
            let total = if rng.one_in(9) { 0 } else { rng.between(4, 60) };
            let is_off = suspended.is_some_and(|at| start <= at);
            let missed = if is_off { total / 2 } else { total * rng.below(3) / 60 };
            (total > 0).then_some(OnlineWindow { start, total, online: total - missed })
        };
        (first..=last).filter_map(window).collect()
    }

    /// The average of the windows; 1 when there is none.
    pub(crate) fn online_score(&self, now: Timestamp) -> f64 {
        let windows = self.online_windows(now);
        let sum: f64 = windows.iter().map(|of| of.online as f64 / of.total as f64).sum();
        if windows.is_empty() { 1.0 } else { sum / windows.len() as f64 }
    }

    /// Audits so far, and those of them that were passed.
    pub(crate) fn audits(&self, now: Timestamp) -> (u64, u64) {
        let days = (day_of(now) - day_of(self.joined_at)).max(0).unsigned_abs();
        let total = days * (self.salt % 90 + 3);
        (total, total - (total as f64 * (1.0 - self.audit_score)) as u64)
    }

    pub(super) fn standing(&self, now: Timestamp) -> Standing {
        let by_now = |at: Option<Timestamp>| at.filter(|at| *at <= now);
        Standing {
            satellite: self.id,
            address: Some(self.address.clone()),
            joined_at: Some(self.joined_at),
            vetted_at: by_now(self.vetted_at),
            disqualified_at: by_now(self.disqualified_at),
            suspended_at: by_now(self.suspended_at),
            offline_suspended_at: by_now(self.offline_suspended_at),
            exited_at: by_now(self.exited_at),
            scores: Some(StandingScores {
                audit: self.audit_score,
                online: self.online_score(now),
                suspension: self.suspension_score,
            }),
            audits: Some(self.audits(now)),
        }
    }
}
