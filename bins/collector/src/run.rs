//! From the start of the service to its end: signals, the service manager, the configuration anew.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, never, select, tick};

use crate::{
    Result,
    config::Config,
    logging::report_suppressed,
    pipeline::Pipeline,
    signals::{Signal, signals},
    systemd,
};

/// How often it is told how everything is, if there is something new to tell.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// How often it is told what was left out of the log, and which nodes are silent.
const REPORT_EVERY: Duration = Duration::from_secs(60);

/// Runs until a signal asks to stop. `reload` reads the configuration again.
///
/// # Errors
///
/// When the database cannot be opened, another process follows one of the nodes, or the database
/// turns out to be damaged, or is not where it was.
pub(crate) fn run(config: Config, reload: impl Fn() -> Result<Config>) -> Result<()> {
    let signals = signals()?;
    let mut pipeline = Pipeline::start(config)?;
    let watchdog = systemd::watchdog_interval().map_or_else(never, tick);
    let (tells, reports) = (tick(TELL_EVERY), tick(REPORT_EVERY));
    tracing::info!("started: {}", pipeline.headline());
    let mut headline = pipeline.headline();
    systemd::ready(&headline);
    loop {
        match next(&signals, &watchdog, &tells, &reports, pipeline.ended()) {
            Due::Signal(Signal::Stop) | Due::Ended => break,
            Due::Signal(Signal::Reload) => {
                systemd::reloading();
                match reload() {
                    Ok(config) => pipeline.reload(config),
                    Err(error) => {
                        for line in error.lines() {
                            tracing::error!("the configuration stays as it was: {line}");
                        }
                    }
                }
                systemd::ready(&pipeline.headline());
            }
            // A writer that hangs is not alive, though this thread is.
            Due::Watchdog if pipeline.is_alive() => systemd::alive(),
            Due::Watchdog => tracing::error!("the writer hangs"),
            Due::Tell => {
                pipeline.tell();
                let now = pipeline.headline();
                if now != headline {
                    systemd::status(&now);
                    headline = now;
                }
            }
            Due::Report => {
                report_suppressed();
                pipeline.look_for_silence();
            }
        }
    }
    systemd::stopping();
    let stopped = pipeline.stop();
    tracing::info!("stopped");
    report_suppressed();
    stopped
}

/// What is to be done next.
enum Due {
    Signal(Signal),
    Watchdog,
    Tell,
    Report,
    /// The writer has ended by itself.
    Ended,
}

fn next(
    signals: &Receiver<Signal>,
    watchdog: &Receiver<Instant>,
    tells: &Receiver<Instant>,
    reports: &Receiver<Instant>,
    ended: &Receiver<()>,
) -> Due {
    select! {
        // Who sends signals lives as long as the process.
        recv(signals) -> signal => Due::Signal(signal.unwrap_or(Signal::Stop)),
        recv(watchdog) -> _ => Due::Watchdog,
        recv(tells) -> _ => Due::Tell,
        recv(reports) -> _ => Due::Report,
        recv(ended) -> _ => Due::Ended,
    }
}
