//! Asks nodes until told to stop: a task for each, and one thread that writes.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use piecewatch_collector::{
    config::Polling,
    signals::{Signal, signals},
};
use piecewatch_model::{NodeName, Report};
use piecewatch_node_api::Gate;
use piecewatch_store::{NodeLock, Writer};
use tokio::{
    runtime::Runtime,
    sync::{
        Notify,
        mpsc::{self, Sender},
        oneshot,
    },
    task::{Id, JoinError, JoinSet},
    time::{Instant, sleep_until, timeout},
};

use super::{
    at_once,
    ids::Ids,
    node::Node,
    plan::Plan,
    schedule::{Lane, Place, Schedule},
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
    let result = runtime.block_on(async {
        let mut asking = Asking::start(plan, writer, polling)?;
        let ended = tokio::select! {
            _ = stop => Ok(()),
            ended = asking.ended() => ended,
        };
        asking.stop().await.and(ended)
    });
    tracing::info!("stopped");
    result
}

/// Nodes that are asked: tasks of the runtime in which it was started, and a thread that writes.
pub(crate) struct Asking {
    tasks: Tasks,
    /// Held for as long as the nodes are asked.
    _locks: Vec<NodeLock>,
    is_ending: Arc<AtomicBool>,
    written: oneshot::Receiver<Result<()>>,
    has_writer: bool,
}

impl Asking {
    /// Begins to ask; in a runtime.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub(super) fn start(plan: Plan, writer: Writer, polling: &Polling) -> Result<Self> {
        let (reports, waiting) = mpsc::channel(writing::WAITING_MAX);
        let is_ending = Arc::new(AtomicBool::new(false));
        let (ended, written) = oneshot::channel();
        let ending = Arc::clone(&is_ending);
        let write = move || {
            // Nobody waits for it any more when it took too long.
            let _ = ended.send(writing::run(writer, waiting, &ending));
        };
        thread::Builder::new().name("reports".to_owned()).spawn(write).map_err(Error::Start)?;
        match plan.nodes.len() {
            1 => tracing::info!("started: asking 1 node"),
            nodes => tracing::info!("started: asking {nodes} nodes"),
        }
        let (nodes, ids, locks) = plan.into_parts();
        let tasks = Tasks::start(nodes, &ids, &reports, polling);
        Ok(Self { tasks, _locks: locks, is_ending, written, has_writer: true })
    }

    /// Waits until what should not end does: what writes, with its error, or a task.
    pub(crate) async fn ended(&mut self) -> Result<()> {
        tokio::select! {
            result = &mut self.written => {
                self.has_writer = false;
                writer_ended(result)
            }
            name = self.tasks.ended() => {
                Err(Error::Ended { what: format!("what asks {name}") })
            }
        }
    }

    /// Stops asking and writes what was answered, for as long as there is time.
    ///
    /// # Errors
    ///
    /// What ended the writer.
    pub(crate) async fn stop(mut self) -> Result<()> {
        // Their sockets close, and their end of the channel too.
        self.tasks.running.shutdown().await;
        drop(self.tasks);
        self.is_ending.store(true, Ordering::Relaxed);
        if !self.has_writer {
            return Ok(());
        }
        timeout(LAST_WRITES_MAX, self.written).await.map_or(Ok(()), writer_ended)
    }
}

/// What became of the thread that writes; a panic is no end like any other.
fn writer_ended(result: Result<Result<()>, oneshot::error::RecvError>) -> Result<()> {
    result.unwrap_or_else(|_| Err(Error::Ended { what: "what writes".to_owned() }))
}

/// Ends when a signal says to stop.
pub(super) fn stop_signal() -> Result<oneshot::Receiver<()>> {
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

/// A task for each node.
struct Tasks {
    running: JoinSet<()>,
    names: HashMap<Id, NodeName>,
}

impl Tasks {
    fn start(
        nodes: Vec<Node>,
        ids: &Arc<Ids>,
        reports: &Sender<Report>,
        polling: &Polling,
    ) -> Self {
        let gate = Arc::new(Gate::new(at_once(nodes.len())));
        let of = u32::try_from(nodes.len()).unwrap_or(u32::MAX);
        let began = Instant::now();
        let (mut running, mut names) = (JoinSet::new(), HashMap::new());
        for (at, node) in (0..).zip(nodes) {
            let (seed, place) = (fastrand::u64(..), Place { at, of });
            let schedule = Schedule::new(node.parts(), place, polling, Duration::ZERO, seed);
            let name = node.name.clone();
            let following = Following {
                telling: Mutex::new(Telling::new(node.name.clone())),
                node,
                schedule: Mutex::new(schedule),
                answered: Notify::new(),
                began,
                gate: Arc::clone(&gate),
                ids: Arc::clone(ids),
                reports: reports.clone(),
            };
            names.insert(running.spawn(following.run()).id(), name);
        }
        Self { running, names }
    }

    /// Waits until a task ends, which none should, and gives whose it was.
    async fn ended(&mut self) -> String {
        let id = match self.running.join_next_with_id().await {
            Some(Ok((id, ()))) => Some(id),
            Some(Err(error)) => Some(JoinError::id(&error)),
            None => None,
        };
        let name = id.and_then(|id| self.names.get(&id));
        name.map_or_else(|| "the nodes".to_owned(), ToString::to_string)
    }
}

/// A node that is asked for ever. What is cheap for it and what is dear are asked side by side.
struct Following {
    node: Node,
    schedule: Mutex<Schedule>,
    telling: Mutex<Telling>,
    /// Wakes what waits for the node's dashboard.
    answered: Notify,
    began: Instant,
    gate: Arc<Gate>,
    ids: Arc<Ids>,
    reports: Sender<Report>,
}

impl Following {
    async fn run(self) {
        tokio::join!(self.ask(Lane::Cheap), self.ask(Lane::Dear));
    }

    /// Asks part after part of a lane.
    async fn ask(&self, lane: Lane) {
        loop {
            let next = held(&self.schedule).next(lane);
            let Some((part, due)) = next else {
                self.answered.notified().await;
                continue;
            };
            let due = self.began + due;
            if Instant::now() < due {
                // The dashboard may fail until then, and this wait for it.
                sleep_until(due).await;
                continue;
            }
            let report = self.node.ask(part, &self.gate, &self.ids).await;
            held(&self.telling).tell(&report.poll);
            let now = self.began.elapsed();
            if report.poll.error.is_none() {
                held(&self.schedule).answered(part, now);
                self.answered.notify_waiters();
            } else {
                held(&self.schedule).failed(part, now);
            }
            if self.reports.send(report).await.is_err() {
                // The writer has ended, which ends everything, and says why.
                std::future::pending::<()>().await;
            }
        }
    }
}

/// Nothing is left half done while one of these is held.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::{TcpListener, TcpStream},
    };

    use piecewatch_collector::config::Discovery;
    use piecewatch_model::PollPart;
    use piecewatch_node_api::{Address, Client, Limits};

    use super::{super::node::Places, *};

    #[tokio::test]
    async fn a_task_that_panics_or_ends_is_named() {
        for panics in [true, false] {
            let mut running = JoinSet::new();
            let mut names = HashMap::new();
            let well = running.spawn(std::future::pending()).id();
            names.insert(well, "attic".parse().unwrap());
            let ill = running.spawn(async move { assert!(!panics, "a fault") }).id();
            names.insert(ill, "shed".parse().unwrap());
            assert_eq!(Tasks { running, names }.ended().await, "shed");
        }
    }

    #[tokio::test]
    async fn a_writer_that_panics_is_an_error() {
        let (ended, written) = oneshot::channel::<Result<()>>();
        drop(ended);
        let error = writer_ended(written.await).unwrap_err();
        assert_eq!(error.exit_code(), 1);
        assert!(error.to_string().contains("what writes ended"), "{error}");
    }

    /// A node that shows its dashboard, and hangs when it is asked for a satellite.
    fn slow_by_satellite() -> Address {
        const US1: &str = "12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S";
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let serve = |mut stream: TcpStream| {
            let mut head = [0; 4_096];
            let length = stream.read(&mut head).unwrap_or(0);
            if !head[..length].starts_with(b"GET /api/sno/ ") {
                let _ = stream.read(&mut head);
                return;
            }
            let body = format!(r#"{{"nodeID":"1a","satellites":[{{"id":"{US1}"}}]}}"#);
            let length = body.len();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
            let _ = stream.write_all((head + &body).as_bytes());
        };
        thread::spawn(move || {
            for stream in listener.incoming().map_while(std::io::Result::ok) {
                thread::spawn(move || serve(stream));
            }
        });
        address.parse().unwrap()
    }

    #[tokio::test]
    async fn what_is_dear_and_slow_does_not_delay_what_is_cheap() {
        let hour = Duration::from_secs(3_600);
        let polling = Polling {
            dashboard_every: Duration::from_millis(50),
            satellites_every: hour,
            paystubs_every: hour,
            timeout: hour,
            jitter_percent: 10,
            discovery: Discovery::Off,
        };
        let client = Client::new(slow_by_satellite(), Limits { answer: hour, ..Limits::default() });
        let places = Places { dashboard: Some(client), ..Places::default() };
        let node = Node::new("attic".parse().unwrap(), places, &polling);
        let (reports, mut brought) = mpsc::channel(1);
        let _tasks = Tasks::start(vec![node], &Arc::default(), &reports, &polling);
        for _ in 0..10 {
            let report = timeout(Duration::from_secs(10), brought.recv()).await.unwrap().unwrap();
            assert_eq!((report.poll.part, report.poll.error), (PollPart::Dashboard, None));
        }
    }
}
