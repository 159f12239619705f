//! From the start of the service to its end: signals, the service manager, the configuration anew.

use std::time::Duration;

use crossbeam_channel::{Receiver, never, select, tick};
use piecewatch_store::{Store, StoreConfig};

use crate::{
    Result,
    config::Config,
    logging::report_suppressed,
    signals::{Signal, signals},
    systemd,
};

/// How often it is told what was left out of the log.
const REPORT_EVERY: Duration = Duration::from_secs(60);

/// Runs until a signal asks to stop. `reload` reads the configuration again.
///
/// # Errors
///
/// When the database cannot be opened.
pub(crate) fn run(mut config: Config, reload: impl Fn() -> Result<Config>) -> Result<()> {
    let signals = signals()?;
    let settings = StoreConfig { retention: config.retention.clone(), ..StoreConfig::default() };
    let _store = Store::open(&config.db, settings)?;
    let watchdog = systemd::watchdog_interval().map_or_else(never, tick);
    let reports = tick(REPORT_EVERY);
    tracing::info!(db = %config.db.display(), nodes = config.nodes.len(), "started");
    systemd::ready(&following(&config));
    loop {
        match next(&signals, &watchdog, &reports) {
            Due::Signal(Signal::Stop) => break,
            Due::Signal(Signal::Reload) => {
                systemd::reloading();
                match reload() {
                    Ok(read) => config = read,
                    Err(error) => {
                        for line in error.lines() {
                            tracing::error!("the configuration stays as it was: {line}");
                        }
                    }
                }
                systemd::ready(&following(&config));
            }
            Due::Watchdog => systemd::alive(),
            Due::Report => report_suppressed(),
        }
    }
    systemd::stopping();
    tracing::info!("stopped");
    report_suppressed();
    Ok(())
}

/// What is to be done next.
enum Due {
    Signal(Signal),
    Watchdog,
    Report,
}

fn next(
    signals: &Receiver<Signal>,
    watchdog: &Receiver<std::time::Instant>,
    reports: &Receiver<std::time::Instant>,
) -> Due {
    select! {
        // Who sends signals lives as long as the process.
        recv(signals) -> signal => Due::Signal(signal.unwrap_or(Signal::Stop)),
        recv(watchdog) -> _ => Due::Watchdog,
        recv(reports) -> _ => Due::Report,
    }
}

fn following(config: &Config) -> String {
    match config.nodes.len() {
        1 => "following 1 node".to_owned(),
        nodes => format!("following {nodes} nodes"),
    }
}
