//! A thread that removes what has expired without being asked for.

use std::{
    io,
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread::{self, JoinHandle},
    time::Duration,
};

/// Sweeps caches every minute until it is dropped, which stops it at once.
///
/// ```
/// use std::{sync::Arc, time::Duration};
///
/// use piecewatch_cache::{Cache, Settings, Sweeper};
///
/// let settings = Settings { name: "traffic", ttl: Duration::from_secs(60), weight_max: 1000 };
/// let traffic: Cache<u8, u8, ()> = Cache::new(settings, || Duration::ZERO, |_, _| 1);
/// let traffic = Arc::new(traffic);
/// let swept = Arc::clone(&traffic);
/// let sweeper = Sweeper::start(Sweeper::EVERY, move || swept.sweep())?;
/// drop(sweeper);
/// assert_eq!(Arc::strong_count(&traffic), 1);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Sweeper {
    // Both are there until the sweeper is dropped.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sweeper {
    /// A minute: what has expired is gone within five, however long a sweep waits for a processor.
    pub const EVERY: Duration = Duration::from_secs(60);

    /// Calls `sweep` every so often on a thread of its own, the first time after one such while.
    /// `sweep` is to call [`Cache::sweep`](crate::Cache::sweep) of each cache.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn start(every: Duration, sweep: impl Fn() + Send + 'static) -> io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let thread = thread::Builder::new().name("sweeper".to_owned()).spawn(move || {
            while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                sweep();
            }
        })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of `sweep` was told when it happened.
            let _ = thread.join();
        }
    }
}
