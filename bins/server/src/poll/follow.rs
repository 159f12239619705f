//! Asks nodes until told to stop: a task for each, and one thread that writes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use piecewatch_collector::{
    config::Polling,
    signals::{Signal, signals},
};
use piecewatch_model::Report;
use piecewatch_store::Writer;
use tokio::{
    runtime::Runtime,
    sync::{
        Semaphore,
        mpsc::{self, Sender},
        oneshot,
    },
    task::JoinSet,
    time::{Instant, sleep_until, timeout},
};

use super::{
    at_once,
    node::{Brought, Node},
    plan::Plan,
    schedule::{Place, Schedule},
    telling::Telling,
    writing,
};
use crate::{Error, Result};

/// How long the writer has to write what waits when everything is to end. All in all a stop takes
/// less than five seconds.
const LAST_WRITES_MAX: Duration = Duration::from_secs(4);

/// Asks until a signal says to stop, or the database is damaged or gone.
pub(super) fn run(runtime: &Runtime, plan: Plan, writer: Writer, polling: &Polling) -> Result<()> {
    let stop = stop_signal()?;
    let (reports, waiting) = mpsc::channel(writing::WAITING_MAX);
    let is_ending = Arc::new(AtomicBool::new(false));
    let (ended, mut written) = oneshot::channel();
    let ending = Arc::clone(&is_ending);
    let write = move || {
        // Nobody waits for it any more when it took too long.
        let _ = ended.send(writing::run(writer, waiting, &ending));
    };
    thread::Builder::new().name("writer".to_owned()).spawn(write).map_err(Error::Start)?;
    match plan.nodes.len() {
        1 => tracing::info!("started: asking 1 node"),
        nodes => tracing::info!("started: asking {nodes} nodes"),
    }
    let result = runtime.block_on(async {
        let mut tasks = start(plan, reports, polling);
        let early = tokio::select! {
            _ = stop => None,
            result = &mut written => Some(result),
        };
        // Their sockets close, and their end of the channel too.
        tasks.shutdown().await;
        is_ending.store(true, Ordering::Relaxed);
        match early {
            Some(result) => Some(result),
            None => timeout(LAST_WRITES_MAX, written).await.ok(),
        }
    });
    tracing::info!("stopped");
    match result {
        Some(Ok(written)) => written,
        // A thread that panicked has said so itself.
        Some(Err(_)) | None => Ok(()),
    }
}

/// Ends when a signal says to stop.
fn stop_signal() -> Result<oneshot::Receiver<()>> {
    let signals = signals()?;
    let (stop, stopped) = oneshot::channel();
    let listen = move || {
        // Who sends signals lives as long as the process.
        while let Ok(Signal::Reload) = signals.recv() {
            tracing::info!("the configuration is read at the start alone: start anew to change it");
        }
        let _ = stop.send(());
    };
    thread::Builder::new().name("stop".to_owned()).spawn(listen).map_err(Error::Start)?;
    Ok(stopped)
}

/// Starts a task for each node.
fn start(plan: Plan, reports: Sender<Report>, polling: &Polling) -> JoinSet<()> {
    let gate = Arc::new(Semaphore::new(at_once(plan.nodes.len())));
    let of = u32::try_from(plan.nodes.len()).unwrap_or(u32::MAX);
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for (at, node) in (0..).zip(plan.nodes) {
        let seed = fastrand::u64(..);
        let schedule = Schedule::new(node.parts(), Place { at, of }, polling, Duration::ZERO, seed);
        tasks.spawn(follow(node, schedule, began, Arc::clone(&gate), reports.clone()));
    }
    tasks
}

/// Asks one node, part after part, for ever.
async fn follow(
    mut node: Node,
    mut schedule: Schedule,
    began: Instant,
    gate: Arc<Semaphore>,
    reports: Sender<Report>,
) {
    let mut telling = Telling::new(node.name.clone());
    while let Some((part, due)) = schedule.next() {
        sleep_until(began + due).await;
        let brought = node.ask(part, &gate).await;
        let report = match brought {
            Brought::Report(report) => report,
            Brought::NotFound(poll) => {
                tracing::debug!(node = %node.name, error = poll.error, "no dashboard was found");
                schedule.failed(part, began.elapsed());
                continue;
            }
        };
        telling.tell(&report.poll);
        if report.poll.error.is_none() {
            schedule.answered(part, began.elapsed());
        } else {
            schedule.failed(part, began.elapsed());
        }
        // The writer has ended: so does everything.
        if reports.send(report).await.is_err() {
            return;
        }
    }
}
