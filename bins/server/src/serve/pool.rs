//! Where questions are asked of the database: on threads that may wait, as many at once as there are
//! connections to read with.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use super::live::Job;
use tokio::{
    sync::{Mutex, MutexGuard, Semaphore, TryAcquireError},
    time::{Instant, timeout_at},
};

/// How many may wait for each that is asked; one more is told to come again.
const WAITING_PER_PERMIT: usize = 64;

/// A bounded number of questions at once. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Pool {
    permits: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    waiting_max: usize,
    deadline: Duration,
}

/// The turn of one of those who ask the same.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    pool: &'a Pool,
    deadline: Instant,
    _held: MutexGuard<'a, ()>,
}

impl Turn<'_> {
    /// Asks, as [`Pool::ask`].
    ///
    /// # Errors
    ///
    /// When there is no answer in time, or too many wait.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Unanswered> {
        self.pool.ask_until(self.deadline, question).await
    }
}

/// Why a question was not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unanswered {
    /// Too many wait already.
    #[error("too many questions wait already")]
    Crowded,
    /// The deadline passed. What was begun goes on, and its answer is there the next time.
    #[error("the answer takes too long")]
    Late,
    /// The question ended in a panic, which is a fault of this program; it was logged.
    #[error("the question could not be answered")]
    Fallen,
}

/// One that waits, until it is dropped.
struct Waiting(Arc<AtomicUsize>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pool {
    /// So many questions at once, each with so much time, its waiting included.
    pub(crate) fn new(at_once: u32, deadline: Duration) -> Self {
        let at_once = at_once as usize;
        Self {
            permits: Arc::new(Semaphore::new(at_once)),
            waiting: Arc::default(),
            waiting_max: at_once * WAITING_PER_PERMIT,
            deadline,
        }
    }

    /// How many questions wait now.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// How full the queue is, 0 to 1.
    pub(crate) fn crowding(&self) -> f64 {
        self.waiting() as f64 / self.waiting_max as f64
    }

    /// Asks.
    ///
    /// # Errors
    ///
    /// When there is no answer in time, or too many wait.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Unanswered> {
        self.ask_until(self.deadline(), question).await
    }

    /// When the time of whoever asks now is over.
    fn deadline(&self) -> Instant {
        Instant::now() + self.deadline
    }

    /// Waits until it is one's turn to ask; what is asked then has the time that is left.
    ///
    /// # Errors
    ///
    /// When the time is over before.
    pub(crate) async fn turn<'a>(&'a self, turn: &'a Mutex<()>) -> Result<Turn<'a>, Unanswered> {
        let deadline = self.deadline();
        let held = timeout_at(deadline, turn.lock()).await.map_err(|_| Unanswered::Late)?;
        Ok(Turn { pool: self, deadline, _held: held })
    }

    async fn ask_until<T: Send + 'static>(
        &self,
        deadline: Instant,
        question: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Unanswered> {
        let permit = match Arc::clone(&self.permits).try_acquire_owned() {
            Ok(permit) => permit,
            Err(TryAcquireError::NoPermits) => {
                if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.waiting_max {
                    self.waiting.fetch_sub(1, Ordering::Relaxed);
                    return Err(Unanswered::Crowded);
                }
                let _waiting = Waiting(Arc::clone(&self.waiting));
                let acquired = timeout_at(deadline, Arc::clone(&self.permits).acquire_owned());
                acquired.await.map_err(|_| Unanswered::Late)?.map_err(|_| Unanswered::Fallen)?
            }
            Err(TryAcquireError::Closed) => return Err(Unanswered::Fallen),
        };
        // Whoever asked may go: the permit belongs to what runs.
        let running = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            question()
        });
        match timeout_at(deadline, running).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(Unanswered::Fallen),
            Err(_) => Err(Unanswered::Late),
        }
    }
}

impl Pool {
    /// Gives jobs to the pool; what finds no thread in time is dropped.
    pub(crate) fn runs(&self) -> impl Fn(Job) + Send + Sync + 'static {
        let pool = self.clone();
        move |job| {
            let pool = pool.clone();
            tokio::spawn(async move {
                if let Err(unanswered) = pool.ask(job).await {
                    tracing::debug!("a state was not made: {unanswered}");
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread};

    use super::*;

    #[tokio::test]
    async fn no_more_run_at_once_than_there_are_permits_and_who_waits_too_long_is_told() {
        let pool = Pool::new(1, Duration::from_millis(50));
        let (release, held) = mpsc::channel::<()>();
        let first = {
            let pool = pool.clone();
            tokio::spawn(async move { pool.ask(move || held.recv().is_ok()).await })
        };
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!(pool.ask(|| 2).await, Err(Unanswered::Late));
        assert_eq!(first.await.unwrap(), Err(Unanswered::Late));
        // What was begun goes on and holds its permit until it ends.
        assert_eq!(pool.ask(|| 3).await, Err(Unanswered::Late));
        release.send(()).unwrap();
        assert_eq!(pool.ask(|| 4).await, Ok(4));
        assert_eq!(pool.waiting(), 0);
    }

    /// The one whose turn it is asks what stalls; the last of those who wait is told as soon as the first.
    #[tokio::test]
    async fn who_waits_for_a_turn_waits_no_longer_than_the_deadline() {
        let pool = Pool::new(8, Duration::from_millis(200));
        let same = Arc::new(Mutex::new(()));
        let (began, mut releases) = (Instant::now(), Vec::new());
        let mut asked = tokio::task::JoinSet::new();
        for _ in 0..10 {
            let (release, held) = mpsc::channel::<()>();
            releases.push(release);
            let (pool, same) = (pool.clone(), Arc::clone(&same));
            asked.spawn(async move {
                let turn = pool.turn(&same).await?;
                turn.ask(move || held.recv().is_ok()).await
            });
        }
        while let Some(answer) = asked.join_next().await {
            assert_eq!(answer.unwrap(), Err(Unanswered::Late));
        }
        assert!(began.elapsed() < Duration::from_millis(1_000), "not ten times the deadline");
        drop(releases);
    }

    #[tokio::test]
    async fn a_crowd_is_told_at_once() {
        let pool = Pool::new(1, Duration::from_secs(10));
        let (release, held) = mpsc::channel::<()>();
        let mut asked = vec![{
            let pool = pool.clone();
            tokio::spawn(async move { pool.ask(move || held.recv().is_ok()).await })
        }];
        tokio::time::sleep(Duration::from_millis(10)).await;
        for _ in 0..WAITING_PER_PERMIT {
            let pool = pool.clone();
            asked.push(tokio::spawn(async move { pool.ask(|| true).await }));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!(pool.waiting(), WAITING_PER_PERMIT);
        assert_eq!(pool.ask(|| true).await, Err(Unanswered::Crowded));
        release.send(()).unwrap();
        for asked in asked {
            assert_eq!(asked.await.unwrap(), Ok(true));
        }
    }

    #[tokio::test]
    async fn a_panic_is_no_end_of_the_pool() {
        let pool = Pool::new(1, Duration::from_secs(10));
        let fallen = pool.ask(|| -> u8 { panic!("a fault in a test") }).await;
        assert_eq!(fallen, Err(Unanswered::Fallen));
        assert!(pool.ask(|| thread::current().name().is_some()).await.unwrap());
    }
}
