//! A limit for each place in the program that logs.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tracing::{Event, Level, Metadata, Subscriber, callsite::Identifier};
use tracing_subscriber::{Layer, layer::Context};

use crate::clock;

const MINUTE: Duration = Duration::from_secs(60);
/// The reports of what was left out are never left out.
const REPORT_TARGET: &str = "piecewatch_collector::suppressed";

/// Leaves out what a call site says too often: a token bucket for each, as large as what is allowed
/// in a minute, filled evenly. Errors are never left out.
#[derive(Debug)]
pub struct RateLimit {
    per_minute: u32,
    sites: Mutex<HashMap<Identifier, Site>>,
}

#[derive(Debug)]
struct Site {
    metadata: &'static Metadata<'static>,
    bucket: Bucket,
    suppressed: u64,
}

/// How much a call site may still say.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Bucket {
    /// What is left, in parts: a minute of time is as many parts as a minute's lines cost.
    left: Duration,
    filled_at: Duration,
}

impl Bucket {
    const fn full(now: Duration) -> Self {
        Self { left: MINUTE, filled_at: now }
    }

    /// Takes what a line costs, if it is there.
    fn take(&mut self, per_minute: u32, now: Duration) -> bool {
        let passed = now.saturating_sub(self.filled_at);
        self.left = MINUTE.min(self.left + passed);
        self.filled_at = now.max(self.filled_at);
        match self.left.checked_sub(MINUTE / per_minute) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }
}

impl RateLimit {
    /// A limit of so many lines a minute, at least one, for each call site.
    pub fn new(per_minute: u32) -> Self {
        Self { per_minute: per_minute.max(1), sites: Mutex::default() }
    }

    /// Takes how many lines each call site was denied since the last time.
    fn take_suppressed(&self) -> Vec<(&'static Metadata<'static>, u64)> {
        let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        let mut suppressed: Vec<_> = sites
            .values_mut()
            .filter(|site| site.suppressed > 0)
            .map(|site| (site.metadata, std::mem::take(&mut site.suppressed)))
            .collect();
        suppressed.sort_by_key(|(metadata, _)| (metadata.file(), metadata.line()));
        suppressed
    }
}

impl<S: Subscriber> Layer<S> for RateLimit {
    fn event_enabled(&self, event: &Event<'_>, _context: Context<'_, S>) -> bool {
        let metadata = event.metadata();
        if *metadata.level() == Level::ERROR || metadata.target() == REPORT_TARGET {
            return true;
        }
        let now = clock::uptime();
        let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        let site = sites.entry(metadata.callsite()).or_insert_with(|| Site {
            metadata,
            bucket: Bucket::full(now),
            suppressed: 0,
        });
        let is_allowed = site.bucket.take(self.per_minute, now);
        site.suppressed += u64::from(!is_allowed);
        is_allowed
    }
}

/// Logs how many lines each call site was denied since the last report, a line for each. To be
/// called now and then, and at the end.
pub fn report_suppressed() {
    let suppressed = tracing::dispatcher::get_default(|dispatch| {
        dispatch.downcast_ref::<RateLimit>().map(RateLimit::take_suppressed).unwrap_or_default()
    });
    for (metadata, lines) in suppressed {
        let place = metadata.module_path().unwrap_or_else(|| metadata.target());
        let line = metadata.line().unwrap_or_default();
        tracing::warn!(target: REPORT_TARGET, lines, at = format!("{place}:{line}"), "left out lines like those before");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_a_minutes_worth_and_fills_evenly() {
        let at = Duration::from_secs;
        let mut bucket = Bucket::full(at(100));
        let taken = |bucket: &mut Bucket, now| (0..100).filter(|_| bucket.take(6, now)).count();
        assert_eq!(taken(&mut bucket, at(100)), 6);
        assert_eq!(taken(&mut bucket, at(109)), 0);
        assert_eq!(taken(&mut bucket, at(110)), 1);
        assert_eq!(taken(&mut bucket, at(131)), 2);
        // Longer silence saves up a minute's worth, no more.
        assert_eq!(taken(&mut bucket, at(10_000)), 6);
    }
}
