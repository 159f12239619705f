//! How lines look for people and for journald.

use std::fmt;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer, time::FormatTime},
    registry::LookupSpan,
};

use crate::clock;

/// Time in UTC, to the second.
#[derive(Debug, Clone, Copy)]
pub(super) struct WholeSeconds;

impl FormatTime for WholeSeconds {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let now = clock::now();
        write!(writer, "{}", piecewatch_model::Timestamp::from_seconds(now.as_seconds()))
    }
}

/// Lines that begin with how grave they are, in the way of syslog: `<4>`. journald takes it off.
#[derive(Debug)]
pub(super) struct Prioritised<F>(pub(super) F);

impl<S, N, F> FormatEvent<S, N> for Prioritised<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        write!(writer, "<{}>", priority(*event.metadata().level()))?;
        self.0.format_event(context, writer, event)
    }
}

/// The priority of syslog.
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        Level::DEBUG | Level::TRACE => 7,
    }
}
