//! The thread that writes reports: nothing is dropped when it cannot, and it is said.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use piecewatch_model::Report;
use piecewatch_store::{Error as StoreError, Writer};
use tokio::sync::mpsc::Receiver;

use crate::{Result, clock};

/// How many reports wait for the database. When it cannot be written and so many wait, nodes are not
/// asked until it can: what they would answer now, they answer later.
pub(super) const WAITING_MAX: usize = 64;
/// How long another process that writes is waited for before that is told; then again.
pub(super) const BUSY_MAX: Duration = Duration::from_secs(2);
/// How long to wait before a report is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Writes what comes until nobody can send any more, or `is_ending` and the database cannot be
/// written: nodes tell again what is lost then.
///
/// # Errors
///
/// When the database is damaged or gone.
pub(super) fn run(
    mut writer: Writer,
    mut reports: Receiver<Report>,
    is_ending: &AtomicBool,
) -> Result<()> {
    let mut crowded = BTreeSet::new();
    while let Some(report) = reports.blocking_recv() {
        let Some(passed_over) = write(&mut writer, &report, is_ending)? else { return Ok(()) };
        let of = (report.node.clone(), report.poll.part);
        if passed_over == 0 {
            crowded.remove(&of);
        } else if crowded.insert(of) {
            tracing::warn!(node = %report.node, part = report.poll.part.name(), "{}", no_room(passed_over));
        }
    }
    // Whoever opens the database next has less to do. It is no harm when somebody reads it now.
    if let Err(error) = writer.checkpoint() {
        tracing::debug!(%error, "the write-ahead log stays");
    }
    Ok(())
}

/// What is said of facts that the store passed over.
pub(super) fn no_room(passed_over: usize) -> String {
    format!("{passed_over} facts were not stored: there is no room for more satellites")
}

/// Writes a report, however long that takes, and gives how many of its facts were passed over;
/// `None` when everything is to end before it could.
fn write(writer: &mut Writer, report: &Report, is_ending: &AtomicBool) -> Result<Option<usize>> {
    let mut told: Option<String> = None;
    loop {
        let error = match writer.report(report, clock::now()) {
            Ok(passed_over) => {
                if let Some(was) = told {
                    tracing::info!(was, "the database can be written again");
                }
                return Ok(Some(passed_over));
            }
            Err(error) if is_final(&error) => return Err(error.into()),
            Err(error) => error,
        };
        if let StoreError::TooManyNodes { .. } = error {
            // The others are to be written all the same.
            tracing::error!(node = %report.node, "{error}");
            return Ok(Some(0));
        }
        let reason = error.to_string();
        if told.as_ref() != Some(&reason) {
            tracing::error!("reports wait: {reason}");
            told = Some(reason);
        }
        if !waits(is_ending) {
            return Ok(None);
        }
    }
}

/// Waits before the next try; `false` when everything is to end.
fn waits(is_ending: &AtomicBool) -> bool {
    const STEPS: u32 = 10;
    for _ in 0..STEPS {
        if is_ending.load(Ordering::Relaxed) {
            return false;
        }
        thread::sleep(RETRY / STEPS);
    }
    true
}

/// Whether trying again cannot help.
const fn is_final(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Corrupt { .. } | StoreError::NotADatabase { .. } | StoreError::Gone { .. }
    )
}
