//! How long it takes from a line to the frame that tells of it.

use std::{collections::BTreeMap, time::Duration};

use super::{
    watcher::{Sighting, Update},
    writer::Step,
};

/// Latencies are counted by a tenth of a millisecond.
const BUCKET_MICROS: u128 = 100;

/// Latencies, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Latencies {
    buckets: BTreeMap<u32, u64>,
    count: u64,
}

impl Latencies {
    pub(super) fn add(&mut self, latency: Duration, times: u64) {
        let bucket = u32::try_from(latency.as_micros().div_ceil(BUCKET_MICROS)).unwrap_or(u32::MAX);
        *self.buckets.entry(bucket).or_default() += times;
        self.count += times;
    }

    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// The latency below which this share lies, in milliseconds; 0 where there is none.
    pub(super) fn quantile(&self, share: f64) -> f64 {
        let wanted = ((share * self.count as f64).ceil() as u64).max(1);
        let mut so_far = 0;
        for (bucket, times) in &self.buckets {
            so_far += times;
            if so_far >= wanted {
                return f64::from(*bucket) * BUCKET_MICROS as f64 / 1e3;
            }
        }
        0.0
    }
}

/// What clients saw of what was written.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) latencies: Latencies,
    /// The same by the second in which it was seen.
    pub(super) by_second: BTreeMap<u64, Latencies>,
    /// Events that a client did not see, times clients.
    pub(super) unseen: u64,
}

/// Holds what was written by each node to what each client saw. An event is seen with the first update
/// whose count reaches it.
pub(super) fn seen(
    written: &[Vec<Step>],
    clients: &[Vec<Sighting>],
    counts: &BTreeMap<Update, Vec<u64>>,
) -> Seen {
    let mut seen = Seen::default();
    for sightings in clients {
        let mut next = vec![0_usize; written.len()];
        for Sighting { at, update } in sightings {
            let Some(counts) = told(counts, update) else { continue };
            for ((steps, next), count) in written.iter().zip(&mut next).zip(counts) {
                while let Some(step) = steps.get(*next).filter(|step| step.transfers <= *count) {
                    let latency = at.saturating_sub(step.at);
                    seen.latencies.add(latency, step.more);
                    seen.by_second.entry(at.as_secs()).or_default().add(latency, step.more);
                    *next += 1;
                }
            }
        }
        for (steps, next) in written.iter().zip(next) {
            seen.unseen += steps[next..].iter().map(|step| step.more).sum::<u64>();
        }
    }
    seen
}

/// What an update told; what the one before told where nobody noted it, which is no more.
fn told<'a>(counts: &'a BTreeMap<Update, Vec<u64>>, update: &Update) -> Option<&'a Vec<u64>> {
    let (found, counts) = counts.range(..=update.clone()).next_back()?;
    (found.0 == update.0).then_some(counts)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn quantiles_are_those_of_the_events() {
        let mut latencies = Latencies::default();
        latencies.add(ms(10), 98);
        latencies.add(ms(30), 1);
        latencies.add(Duration::from_micros(50_010), 1);
        assert_eq!([0.5, 0.99, 1.0].map(|share| latencies.quantile(share)), [10.0, 30.0, 50.1]);
        assert_eq!((latencies.count(), Latencies::default().quantile(0.5)), (100, 0.0));
    }

    #[test]
    fn an_event_is_seen_with_the_first_update_that_counts_it() {
        let view: Arc<str> = "v1".into();
        let update = |seq| (Arc::clone(&view), seq);
        let counts = BTreeMap::from([(update(1), vec![10, 0]), (update(3), vec![12, 4])]);
        let step = |transfers, more, at| Step { transfers, more, at: ms(at) };
        let written = [
            vec![step(11, 1, 1_000), step(12, 1, 1_010), step(15, 3, 1_900)],
            vec![step(4, 4, 900)],
        ];
        // The second update was noted by nobody: it tells no less than the first.
        let sightings = [(1, 950), (2, 1_050), (3, 1_100)];
        let sightings = sightings.map(|(seq, at)| Sighting { at: ms(at), update: update(seq) });
        let seen = seen(&written, &[sightings.into()], &counts);
        assert_eq!((seen.latencies.count(), seen.unseen), (6, 3));
        assert_eq!(
            [0.1, 0.3, 0.9].map(|share| seen.latencies.quantile(share)),
            [90.0, 100.0, 200.0]
        );
        assert_eq!(seen.by_second.keys().collect::<Vec<_>>(), [&1]);
    }
}
