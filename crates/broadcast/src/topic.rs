//! Topics, the nodes that one is asked about, and how often a view of it is renewed.

use std::{sync::Arc, time::Duration};

/// What a hub tells about: `overview`, `alerts`.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicConfig {
    /// The name by which clients subscribe.
    pub name: String,
    /// Updates a second that a client gets at most. `None`: with each window.
    pub max_hz: Option<f64>,
    /// Whether changes wait for the window.
    pub urgency: Urgency,
}

impl TopicConfig {
    /// A topic whose changes go out with each window.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), max_hz: None, urgency: Urgency::Windowed }
    }

    /// A topic that is costly or changes slowly: at most `hz` updates a second.
    #[must_use]
    pub fn limited(name: &str, hz: f64) -> Self {
        Self { max_hz: Some(hz), ..Self::new(name) }
    }

    /// A topic whose changes go out at once, to hidden clients too.
    #[must_use]
    pub fn urgent(name: &str) -> Self {
        Self { urgency: Urgency::AtOnce, ..Self::new(name) }
    }
}

/// Whether changes of a topic wait for the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// They wait, and go out together.
    Windowed,
    /// They go out past the window, and hidden clients get them like the others.
    AtOnce,
}

/// The nodes that a state is of: sorted, each once. Empty: all of them.
pub type Nodes = Arc<[Arc<str>]>;

/// How often a view is renewed at most. Clients that ask for nearly the same rate share a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Every five seconds: what a hidden tab gets.
    EveryFiveSeconds,
    /// Once a second.
    One,
    /// Twice a second.
    Two,
    /// Five times a second.
    Five,
    /// With each window.
    Full,
}

impl Class {
    const LIMITED: [Self; 4] = [Self::Five, Self::Two, Self::One, Self::EveryFiveSeconds];

    /// The fastest class that is no faster than `max_hz`, or the slowest that there is. A rate that
    /// no window exceeds is [`Class::Full`].
    pub(crate) fn at_most(max_hz: Option<f64>, window: Duration) -> Self {
        let Some(max_hz) = max_hz else { return Self::Full };
        if !window.is_zero() && max_hz * window.as_secs_f64() >= 1.0 {
            return Self::Full;
        }
        let fits = |class: &Self| class.hz().is_some_and(|hz| hz <= max_hz);
        Self::LIMITED.into_iter().find(fits).unwrap_or(Self::EveryFiveSeconds)
    }

    /// Updates a second at most. `None`: as many as there are windows.
    #[must_use]
    pub fn hz(self) -> Option<f64> {
        match self {
            Self::EveryFiveSeconds => Some(0.2),
            Self::One => Some(1.0),
            Self::Two => Some(2.0),
            Self::Five => Some(5.0),
            Self::Full => None,
        }
    }

    /// The shortest time between two updates. Zero: only the window counts.
    #[must_use]
    pub fn period(self) -> Duration {
        match self {
            Self::EveryFiveSeconds => Duration::from_secs(5),
            Self::One => Duration::from_secs(1),
            Self::Two => Duration::from_millis(500),
            Self::Five => Duration::from_millis(200),
            Self::Full => Duration::ZERO,
        }
    }
}
