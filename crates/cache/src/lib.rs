//! A bounded cache: each value has an age, and each key one computation at a time.
//!
//! A dashboard asks the same costly questions over and over, and many clients ask them at once. A
//! [`Cache`] answers from memory for as long as an answer may be old ([`Settings::ttl`]), within a
//! bounded weight, and when an answer is missing lets one of those who ask compute it while the
//! others wait. What goes wrong is told to all who waited, and forgotten.
//!
//! ```
//! use std::{sync::Arc, time::Duration};
//!
//! use piecewatch_cache::{Cache, Kept, Settings};
//!
//! // A binary gives its monotonic clock; here no time passes.
//! let clock = || Duration::ZERO;
//! let settings =
//!     Settings { name: "earnings", ttl: Duration::from_secs(60), weight_max: 1 << 20 };
//! let weight = |_: &u16, report: &Arc<str>| report.len() as u64;
//! let earnings: Cache<u16, Arc<str>, std::fmt::Error> = Cache::new(settings, clock, weight);
//!
//! for _ in 0..3 {
//!     let report = earnings.get(&2026, || Ok(("a long report".into(), Kept::ForTtl)))?;
//!     assert_eq!(&*report, "a long report");
//! }
//! let stats = earnings.stats();
//! assert_eq!((stats.hits, stats.misses, stats.computations), (2, 1, 1));
//!
//! earnings.invalidate(|year| *year == 2026);
//! assert_eq!(earnings.stats().entries, 0);
//! # Ok::<(), Arc<std::fmt::Error>>(())
//! ```
//!
//! # What it leaves to those who use it
//!
//! - **When to invalidate**: after a change of configuration, a new answer of a node's API or an
//!   import, and after it is committed. What was being computed at that time reaches those who
//!   waited for it and nobody else. Live ingest invalidates nothing, or nothing would ever hit: the
//!   age is there for it.
//! - **`as_of`**: an answer that tells how old it is carries the time in its value; the cache knows
//!   a monotonic clock only and hands values out as they were given to it.
//! - **Connections**: take one inside the computation. Those who hit or wait then hold none.
//! - **Sweeping**: a value that has expired is never given out, but goes only when it is replaced
//!   or swept. A [`Sweeper`] does that on a thread of its own.
//! - **Cheap clones**: a value is cloned for each who asks; put what is large into an `Arc`.
//!
//! # Limits
//!
//! All of it blocks and is meant for threads, not for tasks. A computation may ask for other keys
//! and other caches as long as they do not ask back: two computations that wait for each other wait
//! for ever, and only the shortest such circle, a key within its own computation, is noticed.

mod cache;
mod flight;
mod stats;
mod stored;
mod sweeper;

pub use cache::{Cache, Kept, Settings};
pub use stats::Stats;
pub use sweeper::Sweeper;
