//! When a batch is given away.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender, TrySendError, after, bounded, never};
use piecewatch_model::Timestamp;

/// The shortest time between two batches of a log that grows all the time. Clones share it, and it
/// may be changed while a log is followed: while somebody looks, batches come closer. Whoever knows
/// when he will look calls them in just before.
#[derive(Debug, Clone)]
pub struct BatchInterval(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    micros: AtomicU64,
    followers: Mutex<Vec<Follower>>,
}

#[derive(Debug)]
struct Follower {
    calls: Sender<Call>,
    /// Whether it has nothing to give, and hears no call; gone with it.
    rests: Weak<AtomicBool>,
}

/// That batches are called in. Whoever follows holds it until he has given what there was.
#[derive(Debug, Clone)]
pub(super) struct Call {
    _until_answered: Arc<()>,
}

/// A call, for whoever called.
#[derive(Debug, Clone, Default)]
pub struct Called(Weak<()>);

impl Called {
    /// Whether everybody who heard the call has given what he had.
    pub fn is_answered(&self) -> bool {
        self.0.strong_count() == 0
    }
}

impl BatchInterval {
    /// An interval that begins as this.
    pub fn new(interval: Duration) -> Self {
        Self(Arc::new(Shared {
            micros: AtomicU64::new(micros(interval)),
            followers: Mutex::default(),
        }))
    }

    /// What it is now.
    pub fn get(&self) -> Duration {
        Duration::from_micros(self.0.micros.load(Ordering::Relaxed))
    }

    /// Changes it, for every clone; it holds from the next batch on.
    pub fn set(&self, interval: Duration) {
        self.0.micros.store(micros(interval), Ordering::Relaxed);
    }

    /// Calls in what was read, and what a file that grows has grown by: every follower of this
    /// interval gives its batch now instead of when the interval has passed. Waits for nobody. What is
    /// given says when all have done so.
    pub fn call_in(&self) -> Called {
        let until_answered = Arc::new(());
        let called = Called(Arc::downgrade(&until_answered));
        let call = Call { _until_answered: until_answered };
        self.followers().retain(|Follower { calls, rests }| {
            let Some(rests) = rests.upgrade() else { return false };
            if rests.load(Ordering::Acquire) {
                return true;
            }
            // Full: it has not come to the call before. Whoever waited for that one waited enough.
            !matches!(calls.try_send(call.clone()), Err(TrySendError::Disconnected(_)))
        });
        called
    }

    fn followers(&self) -> MutexGuard<'_, Vec<Follower>> {
        self.0.followers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<Duration> for BatchInterval {
    fn from(interval: Duration) -> Self {
        Self::new(interval)
    }
}

fn micros(interval: Duration) -> u64 {
    u64::try_from(interval.as_micros()).unwrap_or(u64::MAX)
}

/// Gives a batch away at once after a pause, and then not before a while has passed or batches are
/// called in: a quiet log is shown as it is written, and a busy one costs few transactions.
#[derive(Debug)]
pub(super) struct Pace {
    interval: BatchInterval,
    calls: Receiver<Call>,
    rests: Arc<AtomicBool>,
    /// The call that is being answered.
    call: Option<Call>,
    /// Fires when the next batch may go; `None` when it may go at once.
    due: Option<Receiver<Instant>>,
}

impl Pace {
    pub(super) fn new(interval: BatchInterval) -> Self {
        let (sender, calls) = bounded(1);
        let rests = Arc::new(AtomicBool::new(false));
        interval.followers().push(Follower { calls: sender, rests: Arc::downgrade(&rests) });
        Self { interval, calls, rests, call: None, due: None }
    }

    /// Has something when batches are called in. Tell then that one may go.
    pub(super) fn calls(&self) -> Receiver<Call> {
        if self.rests.swap(false, Ordering::AcqRel) {
            self.pass_over();
        }
        self.calls.clone()
    }

    /// There is nothing to give: calls are not for us, and nobody waits until we hear one.
    pub(super) fn rest(&self) {
        self.rests.store(true, Ordering::Release);
        self.pass_over();
    }

    /// A call of before is none for what is read now.
    fn pass_over(&self) {
        // There may be none.
        drop(self.calls.try_recv());
    }

    /// Whether a batch may go now. A call that has just come is for whoever waits for calls: he takes
    /// note of when they come.
    pub(super) fn is_due(&mut self) -> bool {
        if self.due.as_ref().is_some_and(|due| due.try_recv().is_ok()) {
            self.due = None;
        }
        self.due.is_none()
    }

    /// Fires when a batch may go that may not go now. Tell then that it has.
    pub(super) fn due(&self) -> Receiver<Instant> {
        self.due.clone().unwrap_or_else(never)
    }

    /// A batch that could not go before may go now.
    pub(super) fn fired(&mut self) {
        self.due = None;
    }

    /// A batch is called in, and may go now. Tell when what there was is given.
    pub(super) fn called(&mut self, call: Call) {
        self.call = Some(call);
        self.fired();
    }

    /// What there was is given.
    pub(super) fn answered(&mut self) {
        self.call = None;
    }

    /// A batch has gone.
    pub(super) fn gone(&mut self) {
        self.due = Some(after(self.interval.get()));
    }
}

/// How far apart calls come.
#[derive(Debug)]
pub(super) struct Calls {
    last: Option<Timestamp>,
    apart: Duration,
}

/// The longest time that calls are waited for.
const CALLED_INTERVAL: Duration = Duration::from_millis(100);

impl Default for Calls {
    fn default() -> Self {
        Self { last: None, apart: CALLED_INTERVAL }
    }
}

impl Calls {
    /// One came.
    pub(super) fn heard(&mut self, now: Timestamp) {
        let last = self.last.replace(now);
        let micros = last.map_or(0, |last| now.as_micros() - last.as_micros());
        let apart = Duration::from_micros(u64::try_from(micros).unwrap_or_default());
        // Between others nobody looked, or the clock was set.
        if !apart.is_zero() && apart <= CALLED_INTERVAL {
            self.apart = apart;
        }
    }

    /// How long a file that has grown each time is left alone, since it is looked at when the next call
    /// comes: none does after a window in which nothing came, and then a line would be as late as this.
    pub(super) fn rest(&self) -> Duration {
        (self.apart * 5 / 4).min(CALLED_INTERVAL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_does_not_come_is_waited_for_a_little_longer_than_for_others() {
        let millis = Duration::from_millis;
        let mut calls = Calls::default();
        assert_eq!(calls.rest(), millis(100));
        let mut at = Timestamp::from_seconds(1_000_000_000);
        // After a pause the time between calls is what it was, and a clock may be set back.
        for (after, rest) in
            [(0, 100), (20, 25), (76, 95), (90, 100), (20, 25), (5_000, 25), (-9, 25)]
        {
            at = at.plus_micros(after * 1_000);
            calls.heard(at);
            assert_eq!(calls.rest(), millis(rest), "{after} ms");
        }
    }

    #[test]
    fn the_first_batch_after_a_pause_goes_at_once_and_a_changed_interval_holds_from_the_next_on() {
        let interval = BatchInterval::new(Duration::from_secs(3600));
        let mut pace = Pace::new(interval.clone());
        assert!(pace.is_due(), "nothing went before");
        pace.gone();
        assert!(!pace.is_due());
        pace.fired();
        interval.set(Duration::from_millis(1));
        pace.gone();
        pace.due().recv_timeout(Duration::from_secs(5)).unwrap();
        pace.fired();
        assert!(pace.is_due());
    }

    #[test]
    fn what_is_called_in_goes_before_its_time_and_once() {
        let interval = BatchInterval::new(Duration::from_secs(3600));
        let (mut one, mut other) = (Pace::new(interval.clone()), Pace::new(interval.clone()));
        drop(Pace::new(interval.clone()));
        one.gone();
        other.gone();
        interval.clone().call_in();
        interval.call_in();
        assert_eq!(interval.followers().len(), 2, "who is gone is not called any more");
        for pace in [&mut one, &mut other] {
            assert!(!pace.is_due(), "nobody has heard the call");
            let call = pace.calls().try_recv().unwrap();
            pace.called(call);
            assert!(pace.is_due());
            pace.gone();
            assert!(!pace.is_due());
            assert!(pace.calls().is_empty());
        }
    }

    #[test]
    fn a_call_is_answered_when_all_who_heard_it_have_given_what_they_had() {
        let interval = BatchInterval::new(Duration::from_secs(3600));
        assert!(interval.call_in().is_answered(), "nobody follows");
        let (mut one, busy) = (Pace::new(interval.clone()), Pace::new(interval.clone()));
        let first = interval.call_in();
        let call = one.calls().try_recv().unwrap();
        one.called(call);
        one.answered();
        assert!(!first.is_answered(), "the other one has not heard it");
        let second = interval.call_in();
        let call = one.calls().try_recv().unwrap();
        one.called(call);
        assert!(!second.is_answered());
        one.answered();
        assert!(second.is_answered(), "who has not come to an older call is waited for once");
        drop(busy);
        let third = interval.call_in();
        assert!(first.is_answered(), "who is gone is not waited for");
        let call = one.calls().try_recv().unwrap();
        one.called(call);
        drop(one);
        assert!(third.is_answered());
    }

    #[test]
    fn who_rests_is_not_waited_for_and_hears_no_call_of_before() {
        let interval = BatchInterval::new(Duration::from_secs(3600));
        let pace = Pace::new(interval.clone());
        let before = interval.call_in();
        assert!(!before.is_answered());
        pace.rest();
        assert!(before.is_answered(), "a call that waits is given up");
        assert!(interval.call_in().is_answered());
        assert!(pace.calls().try_recv().is_err());
        let called = interval.call_in();
        assert!(!called.is_answered());
        drop(pace.calls().try_recv().unwrap());
        assert!(called.is_answered());
        pace.rest();
        drop(pace);
        interval.call_in();
        assert!(interval.followers().is_empty(), "who is gone is forgotten, though it rested");
    }
}
