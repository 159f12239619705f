//! When did a node restart, in which version, and was it asked to?

use piecewatch_model::{Lifecycle, LifecycleEvent, NodeName, Timestamp};
use piecewatch_store::{Nodes, Reader, Result, Window};

/// A node that restarts every minute writes some twenty thousand such lines in three days.
const EVENTS_MAX: u32 = 20_000;

/// A start of a node's process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restart {
    /// When it began.
    pub at: Timestamp,
    /// The version that it told, or the one before it did; `None` where none is known.
    pub version: Option<Box<str>>,
    /// How the process before it ended.
    pub before: Ending,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It was asked to stop.
    Asked,
    /// It was not, or could not say so: it crashed, was killed, or the power went.
    Unasked,
    /// Nothing is known of a process before.
    Unknown,
}

impl Ending {
    /// In one lower-case word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Unasked => "unasked",
            Self::Unknown => "unknown",
        }
    }
}

/// The starts that events tell, the oldest first. The order of the events does not matter.
pub fn restarts(events: &[Lifecycle]) -> Vec<Restart> {
    let mut events: Vec<&Lifecycle> = events.iter().collect();
    // Within a second of the log, a process stops before the next begins.
    events.sort_by_key(|event| (event.at, event.event != LifecycleEvent::Stopping));
    let mut restarts: Vec<Restart> = Vec::new();
    let mut version: Option<Box<str>> = None;
    let mut before = Ending::Unknown;
    // Whether the process has read its configuration and not yet taken up its work.
    let mut begins = false;
    for Lifecycle { at, event } in events {
        match event {
            // One start is told twice.
            LifecycleEvent::Started(_) if begins => begins = false,
            LifecycleEvent::Configured | LifecycleEvent::Started(_) => {
                restarts.push(Restart { at: *at, version: version.clone(), before });
                begins = matches!(event, LifecycleEvent::Configured);
                before = Ending::Unasked;
            }
            LifecycleEvent::Version(told) => {
                version = Some(told.clone());
                if let Some(restart) = restarts.last_mut() {
                    restart.version.clone_from(&version);
                }
            }
            LifecycleEvent::Stopping => before = Ending::Asked,
            LifecycleEvent::MinimumVersion(_)
            | LifecycleEvent::Spawned(_)
            | LifecycleEvent::Exited(_) => {}
        }
    }
    restarts
}

/// Asks for the starts of a node in a window.
///
/// # Errors
///
/// When the database cannot be read.
pub fn restarts_of(reader: &Reader, node: &NodeName, window: Window) -> Result<Vec<Restart>> {
    let events = reader.lifecycle(Nodes::Of(std::slice::from_ref(node)), window, EVENTS_MAX)?;
    let events: Vec<Lifecycle> = events.into_iter().map(|event| event.what).collect();
    Ok(restarts(&events))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_seconds(1_755_612_000 + second)
    }

    fn version(text: &str) -> LifecycleEvent {
        LifecycleEvent::Version(text.into())
    }

    #[test]
    fn a_start_is_counted_once_with_its_version_and_how_the_one_before_it_ended() {
        let started = || LifecycleEvent::Started("12abc".into());
        let mut events = vec![
            (0, LifecycleEvent::Configured),
            (1, version("1.140.0")),
            (2, started()),
            (50, LifecycleEvent::Stopping),
            (50, LifecycleEvent::Configured),
            (52, started()),
            (53, version("1.141.0")),
            (54, LifecycleEvent::MinimumVersion("1.100.0".into())),
            (80, LifecycleEvent::Exited("signal: killed".into())),
            (81, LifecycleEvent::Spawned("spawned: node".into())),
            (82, started()),
        ];
        let expected = [
            (0, "1.140.0", Ending::Unknown),
            (50, "1.141.0", Ending::Asked),
            (82, "1.141.0", Ending::Unasked),
        ]
        .map(|(second, version, before)| Restart {
            at: at(second),
            version: Some(version.into()),
            before,
        });
        for _ in 0..2 {
            let told: Vec<Lifecycle> = events
                .iter()
                .map(|(second, event)| Lifecycle { at: at(*second), event: event.clone() })
                .collect();
            assert_eq!(restarts(&told), expected);
            // Newest first, as a database gives them.
            events.reverse();
        }
    }
}
