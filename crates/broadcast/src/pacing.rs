//! When changes go out: the window, its width under load, and the pause between urgent ones.

use std::time::Duration;

use crate::config::Switch;

/// The widest window.
pub(crate) const WINDOW_MAX: Duration = Duration::from_secs(1);

/// Urgent changes go out at once, but a storm of them only as often as this.
const URGENT_GAP: Duration = Duration::from_millis(10);

/// How long the states that a window asked for are waited for, so that they go out together. What
/// comes later follows by itself, or goes with the next window.
pub(crate) const GATHER: Duration = Duration::from_millis(5);

/// The load is sampled as often as this, and the window changes once a sample at most.
const SAMPLE: Duration = Duration::from_millis(250);

/// Above it the window doubles.
const LOAD_HIGH: f64 = 0.7;

/// Below it the window halves.
const LOAD_LOW: f64 = 0.3;

/// How far one sample moves the smoothed load.
const SMOOTHING: f64 = 0.3;

/// The most samples that one pause counts for: enough to forget any load.
const SAMPLES_MAX: u128 = 16;

/// The windows of a hub.
#[derive(Debug)]
pub(crate) struct Pacing {
    configured: Duration,
    adaptive: Switch,
    window: Duration,
    load: f64,
    pressure: f64,
    busy: Duration,
    sampled_at: Duration,
    opens_at: Duration,
    urgent_at: Duration,
}

impl Pacing {
    pub(crate) fn new(configured: Duration, adaptive: Switch, now: Duration) -> Self {
        Self {
            configured,
            adaptive,
            window: configured,
            load: 0.0,
            pressure: 0.0,
            busy: Duration::ZERO,
            sampled_at: now,
            opens_at: Duration::ZERO,
            urgent_at: Duration::ZERO,
        }
    }

    /// The width of the window now.
    pub(crate) fn window(&self) -> Duration {
        self.window
    }

    /// The configured width.
    pub(crate) fn configured(&self) -> Duration {
        self.configured
    }

    /// 0 to 1, smoothed.
    pub(crate) fn load(&self) -> f64 {
        self.load
    }

    /// When the next changes may go out: at once after a pause of a window.
    pub(crate) fn opens_at(&self) -> Duration {
        self.opens_at
    }

    /// When the next urgent changes may go out.
    pub(crate) fn urgent_at(&self) -> Duration {
        self.urgent_at
    }

    pub(crate) fn went(&mut self, now: Duration) {
        self.opens_at = now + self.window;
    }

    /// The window that is about to open opens later.
    pub(crate) fn postpone(&mut self, until: Duration) {
        self.opens_at = self.opens_at.max(until);
    }

    pub(crate) fn went_urgently(&mut self, now: Duration) {
        self.urgent_at = now + URGENT_GAP;
    }

    /// How full the application's own queues are, 0 to 1.
    pub(crate) fn press(&mut self, pressure: f64) {
        if pressure.is_finite() {
            self.pressure = pressure.clamp(0.0, 1.0);
        }
    }

    /// The hub worked for `busy` until `now`.
    pub(crate) fn worked(&mut self, busy: Duration, now: Duration) {
        self.busy += busy;
        let passed = now.saturating_sub(self.sampled_at);
        let samples = (passed.as_nanos() / SAMPLE.as_nanos()).min(SAMPLES_MAX);
        if samples == 0 {
            return;
        }
        let share = (self.busy.as_secs_f64() / passed.as_secs_f64()).min(1.0);
        let sample = share.max(self.pressure);
        for _ in 0..samples {
            self.load += (sample - self.load) * SMOOTHING;
            self.adapt();
        }
        self.busy = Duration::ZERO;
        self.sampled_at = now;
    }

    fn adapt(&mut self) {
        if self.adaptive == Switch::Off {
            return;
        }
        let widest = self.configured.max(WINDOW_MAX);
        if self.load > LOAD_HIGH {
            self.window = (self.window * 2).min(widest);
        } else if self.load < LOAD_LOW {
            self.window = (self.window / 2).max(self.configured);
        }
    }
}
