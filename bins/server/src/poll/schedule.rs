//! When a node is asked what: each part at its pace, after failures with growing pauses.

use std::time::Duration;

use piecewatch_collector::config::Polling;
use piecewatch_model::PollPart;
use piecewatch_node_api::Backoff;

/// The pause after a first failure of what is cheap. A node that restarts is back by then.
const CHEAP_RETRY: Duration = Duration::from_secs(10);
/// The pause after a first failure of what is dear.
const DEAR_RETRY: Duration = Duration::from_secs(60);
/// The longest pause after failures: what is asked twice a day is not done without for a day.
const RETRY_MAX: Duration = Duration::from_secs(3_600);
/// Between the first questions to two nodes; ten times as much for what is dear. One node alone is
/// asked at once.
const APART: Duration = Duration::from_millis(300);
/// Over this time the first questions to all nodes are spread at most; over ten times as much what
/// is dear.
const SPREAD_MAX: Duration = Duration::from_secs(30);

/// When a node is asked what. Times are those since the program began.
#[derive(Debug)]
pub(super) struct Schedule {
    parts: Vec<Timed>,
    /// By how much a pace varies, so that nodes do not fall into step.
    jitter: f64,
    random: fastrand::Rng,
}

#[derive(Debug)]
struct Timed {
    part: PollPart,
    every: Duration,
    due: Duration,
    /// In a row.
    failures: u32,
    /// Whether it was asked at all.
    is_asked: bool,
}

/// What is asked one after another; the two go on side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// What costs a node next to nothing.
    Cheap,
    /// What may take long.
    Dear,
}

impl Lane {
    const fn of(part: PollPart) -> Self {
        if is_cheap(part) { Self::Cheap } else { Self::Dear }
    }
}

/// The place of a node among all, for what is to be spread over time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// From 0.
    pub(super) at: u32,
    pub(super) of: u32,
}

impl Schedule {
    /// The first questions of a node, from `now` on.
    pub(super) fn new(
        parts: Vec<PollPart>,
        place: Place,
        polling: &Polling,
        now: Duration,
        seed: u64,
    ) -> Self {
        let timed = |part| {
            let every = pace(part, polling);
            let spread = APART.saturating_mul(place.of).min(SPREAD_MAX);
            let spread = if is_cheap(part) { spread } else { spread * 10 }.min(every);
            let due = now + spread.mul_f64(f64::from(place.at) / f64::from(place.of.max(1)));
            Timed { part, every, due, failures: 0, is_asked: false }
        };
        let parts = parts.into_iter().map(timed).collect();
        let jitter = f64::from(polling.jitter_percent) / 100.0;
        Self { parts, jitter, random: fastrand::Rng::with_seed(seed) }
    }

    /// What is asked next of a lane, and when. While a node's dashboard has not answered, nothing
    /// dear is asked of it.
    pub(super) fn next(&self, lane: Lane) -> Option<(PollPart, Duration)> {
        let is_down = |timed: &Timed| {
            timed.part == PollPart::Dashboard && (timed.failures > 0 || !timed.is_asked)
        };
        let is_node_down = self.parts.iter().any(is_down);
        let waits =
            |part| is_node_down && matches!(part, PollPart::Satellites | PollPart::Paystubs);
        let of_lane = self.parts.iter().filter(|timed| Lane::of(timed.part) == lane);
        let may = of_lane.filter(|timed| !waits(timed.part));
        may.min_by_key(|timed| timed.due).map(|timed| (timed.part, timed.due))
    }

    /// A part was answered, at `now`.
    pub(super) fn answered(&mut self, part: PollPart, now: Duration) {
        let vary = 1.0 + self.jitter * (2.0 * self.random.f64() - 1.0);
        for timed in self.parts.iter_mut().filter(|timed| timed.part == part) {
            timed.failures = 0;
            timed.is_asked = true;
            timed.due = now + timed.every.mul_f64(vary);
        }
    }

    /// A part was not answered, at `now`.
    pub(super) fn failed(&mut self, part: PollPart, now: Duration) {
        let chance = self.random.f64();
        let first = if is_cheap(part) { CHEAP_RETRY } else { DEAR_RETRY };
        for timed in self.parts.iter_mut().filter(|timed| timed.part == part) {
            timed.failures = timed.failures.saturating_add(1);
            timed.is_asked = true;
            let max = timed.every.min(RETRY_MAX);
            timed.due = now + Backoff { first, max }.pause(timed.failures, chance);
        }
    }
}

/// How often a part is asked.
pub(super) const fn pace(part: PollPart, polling: &Polling) -> Duration {
    match part {
        PollPart::Dashboard | PollPart::Metrics => polling.dashboard_every,
        PollPart::Satellites | PollPart::Databases => polling.satellites_every,
        PollPart::Paystubs => polling.paystubs_every,
    }
}

const fn is_cheap(part: PollPart) -> bool {
    match part {
        PollPart::Dashboard | PollPart::Metrics => true,
        PollPart::Satellites | PollPart::Paystubs | PollPart::Databases => false,
    }
}

#[cfg(test)]
mod tests {
    use piecewatch_collector::config::Discovery;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);
    const API: [PollPart; 3] = [PollPart::Dashboard, PollPart::Satellites, PollPart::Paystubs];

    fn polling() -> Polling {
        Polling {
            dashboard_every: 5 * MINUTE,
            satellites_every: 30 * MINUTE,
            paystubs_every: 720 * MINUTE,
            timeout: MINUTE / 2,
            jitter_percent: 10,
            discovery: Discovery::Off,
        }
    }

    fn schedule(at: u32, of: u32) -> Schedule {
        Schedule::new(API.to_vec(), Place { at, of }, &polling(), Duration::ZERO, 7)
    }

    /// Everything that is asked up to `end` when each answer takes a second.
    fn asked(
        schedule: &mut Schedule,
        end: Duration,
        is_answered: impl Fn(PollPart, Duration) -> bool,
    ) -> Vec<(PollPart, Duration)> {
        let (mut asked, mut now) = (Vec::new(), Duration::ZERO);
        let next = |schedule: &Schedule| {
            let lanes = [Lane::Cheap, Lane::Dear].into_iter();
            lanes.filter_map(|lane| schedule.next(lane)).min_by_key(|(_, due)| *due)
        };
        while let Some((part, due)) = next(schedule)
            && due < end
        {
            now = now.max(due);
            asked.push((part, now));
            now += Duration::from_secs(1);
            if is_answered(part, now) {
                schedule.answered(part, now);
            } else {
                schedule.failed(part, now);
            }
        }
        asked
    }

    #[test]
    fn each_part_has_its_pace() {
        let asked = asked(&mut schedule(0, 1), 24 * 60 * MINUTE, |_, _| true);
        let count = |part| asked.iter().filter(|(of, _)| *of == part).count();
        let [dashboard, satellites, paystubs] = API.map(count);
        // 288, 48 and 2 in a day, less what jitter takes.
        assert!((270..=300).contains(&dashboard), "{dashboard}");
        assert!((43..=53).contains(&satellites), "{satellites}");
        assert!((2..=3).contains(&paystubs), "{paystubs}");
        let first: Vec<PollPart> = asked.iter().take(3).map(|(part, _)| *part).collect();
        assert_eq!(first, API);
    }

    #[test]
    fn without_jitter_a_part_comes_back_after_its_pace() {
        let polling = Polling { jitter_percent: 0, ..polling() };
        let place = Place { at: 0, of: 1 };
        let mut schedule = Schedule::new(API.to_vec(), place, &polling, Duration::ZERO, 7);
        schedule.answered(PollPart::Dashboard, MINUTE);
        assert_eq!(schedule.next(Lane::Cheap), Some((PollPart::Dashboard, 6 * MINUTE)));
    }

    #[test]
    fn nothing_dear_is_asked_before_the_dashboard_has_answered() {
        let mut schedule = schedule(0, 1);
        assert_eq!(schedule.next(Lane::Dear), None);
        schedule.failed(PollPart::Dashboard, MINUTE);
        assert_eq!(schedule.next(Lane::Dear), None);
        schedule.answered(PollPart::Dashboard, MINUTE);
        assert_eq!(schedule.next(Lane::Dear), Some((PollPart::Satellites, Duration::ZERO)));
    }

    #[test]
    fn nodes_begin_one_after_another() {
        let begins: Vec<_> =
            (0..100).filter_map(|at| schedule(at, 100).next(Lane::Cheap)).collect();
        assert!(begins.iter().all(|(part, _)| *part == PollPart::Dashboard));
        let mut times: Vec<_> = begins.iter().map(|(_, due)| *due).collect();
        times.dedup();
        assert_eq!(times.len(), 100);
        assert!(times.is_sorted() && times[99] < Duration::from_secs(30));
    }

    #[test]
    fn a_node_that_is_down_is_asked_for_its_dashboard_alone_after_growing_pauses() {
        let asked = asked(&mut schedule(0, 1), 60 * MINUTE, |_, _| false);
        assert!(asked.iter().all(|(part, _)| *part == PollPart::Dashboard));
        let pauses: Vec<u64> =
            asked.windows(2).map(|two| (two[1].1 - two[0].1).as_secs()).collect();
        for (pause, whole) in pauses.iter().zip([10, 20, 40, 80, 160, 300, 300]) {
            assert!((whole / 2..=whole + 1).contains(pause), "{pauses:?}");
        }
    }

    #[test]
    fn a_node_that_is_back_is_soon_asked_for_everything() {
        let back = 20 * MINUTE;
        let asked = asked(&mut schedule(0, 1), 60 * MINUTE, |_, now| now > back);
        let first = |part| asked.iter().find(|(of, at)| *of == part && *at > back).unwrap().1;
        for part in API {
            assert!(first(part) < back + 6 * MINUTE, "{part:?} at {:?}", first(part));
        }
    }

    #[test]
    fn what_fails_alone_is_retried_at_its_own_pace() {
        let is_answered = |part, _| part != PollPart::Satellites;
        let asked = asked(&mut schedule(0, 1), 24 * 60 * MINUTE, is_answered);
        let satellites = asked.iter().filter(|(part, _)| *part == PollPart::Satellites).count();
        // Never more often than twice its pace, but for the first tries.
        assert!((48..=105).contains(&satellites), "{satellites}");
        let dashboards = asked.iter().filter(|(part, _)| *part == PollPart::Dashboard).count();
        assert!((270..=300).contains(&dashboards), "{dashboards}");
    }
}
