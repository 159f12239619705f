//! What the program says of itself, on standard error: for people, for journald, or as JSON.

mod human;
mod limit;

use std::io::{self, IsTerminal};

pub use limit::{RateLimit, report_suppressed};
use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter, Layer, Registry, fmt, fmt::MakeWriter, layer::SubscriberExt, util::SubscriberInitExt,
};

use self::human::{Prioritised, WholeSeconds};
use crate::config::{LogConfig, LogFormat};

/// Where what we say goes, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surroundings {
    /// A terminal: with time and colours.
    Terminal,
    /// journald: it has the time itself, and reads how grave a line is from its beginning.
    Journal,
    /// A file or another program: with time, without colours.
    Plain,
}

impl Surroundings {
    /// Where standard error goes.
    pub fn of_stderr() -> Self {
        if std::env::var_os("JOURNAL_STREAM").is_some() {
            Self::Journal
        } else if io::stderr().is_terminal()
            && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty())
        {
            Self::Terminal
        } else {
            Self::Plain
        }
    }
}

/// Begins to log to standard error. A second call changes nothing: what is first in a process counts.
pub fn start(config: &LogConfig) {
    let subscriber = subscriber(config, Surroundings::of_stderr(), io::stderr);
    // An embedding program has a log of its own already.
    let _ = subscriber.try_init();
}

/// What logs as configured to a writer.
pub fn subscriber<W>(
    config: &LogConfig,
    surroundings: Surroundings,
    writer: W,
) -> impl Subscriber + Send + Sync + for<'a> tracing_subscriber::registry::LookupSpan<'a>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = EnvFilter::builder().parse_lossy(&config.level);
    let lines = fmt::layer::<Registry>().with_writer(writer);
    let lines = match (config.format, surroundings) {
        (LogFormat::Json, _) => lines.json().flatten_event(true).with_timer(WholeSeconds).boxed(),
        (LogFormat::Human, Surroundings::Journal) => lines
            .with_ansi(false)
            .event_format(Prioritised(fmt::format().compact().without_time().with_target(false)))
            .boxed(),
        (LogFormat::Human, surroundings) => lines
            .with_ansi(surroundings == Surroundings::Terminal)
            .event_format(fmt::format().compact().with_timer(WholeSeconds).with_target(false))
            .boxed(),
    };
    Registry::default()
        .with(lines)
        .with(config.rate_limit_per_minute.map(RateLimit::new))
        .with(filter)
}
