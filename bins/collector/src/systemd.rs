//! What a service manager is told: ready, status, reloading, stopping, and that we are alive.
//!
//! Without `NOTIFY_SOCKET`, and on other systems than Linux, nothing is told. A manager that does
//! not listen is no reason to stop: it acts by itself then.

use std::time::Duration;

/// Says that everything is set up, or set up again after [`reloading`].
pub fn ready(status: &str) {
    sent::states(&[sent::State::Ready, sent::State::Status(&one_line(status))]);
}

/// Says what is going on, in a line for `systemctl status`.
pub fn status(text: &str) {
    sent::states(&[sent::State::Status(&one_line(text))]);
}

/// Says that the configuration is read again; [`ready`] ends it.
pub fn reloading() {
    sent::reloading();
}

/// Says that we end.
pub fn stopping() {
    sent::states(&[sent::State::Stopping, sent::State::Status("committing what was read")]);
}

/// Says that we are alive. It is due more often than every [`watchdog_interval`].
pub fn alive() {
    sent::states(&[sent::State::Watchdog]);
}

/// How often to say that we are alive: half of the time after which we count as dead. `None` when
/// nobody watches.
pub fn watchdog_interval() -> Option<Duration> {
    sent::watchdog().map(|limit| limit / 2).filter(|interval| !interval.is_zero())
}

/// A line feed would end the message and begin another.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

#[cfg(target_os = "linux")]
mod sent {
    //! To the socket that systemd names.

    use std::time::Duration;

    pub(super) use sd_notify::NotifyState as State;

    pub(super) fn states(states: &[State<'_>]) {
        if let Err(error) = sd_notify::notify(states) {
            tracing::debug!(%error, "the service manager does not listen");
        }
    }

    pub(super) fn reloading() {
        match State::monotonic_usec_now() {
            Ok(now) => states(&[State::Reloading, now]),
            Err(_) => states(&[State::Reloading]),
        }
    }

    pub(super) fn watchdog() -> Option<Duration> {
        sd_notify::watchdog_enabled()
    }
}

#[cfg(not(target_os = "linux"))]
mod sent {
    //! To nobody.

    use std::time::Duration;

    pub(super) enum State<'a> {
        Ready,
        Stopping,
        Watchdog,
        Status(&'a str),
    }

    pub(super) fn states(states: &[State<'_>]) {
        for state in states {
            let words = match state {
                State::Ready => "ready",
                State::Stopping => "stopping",
                State::Watchdog => "alive",
                State::Status(text) => text,
            };
            tracing::trace!(words, "no service manager to tell");
        }
    }

    pub(super) fn reloading() {}

    pub(super) fn watchdog() -> Option<Duration> {
        None
    }
}
