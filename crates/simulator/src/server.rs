//! A node's answers on a real socket: a small HTTP/1.1 server for tests and demonstrations.

mod connection;

use std::{
    collections::BTreeMap,
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
};

use piecewatch_model::Timestamp;

use crate::{Answer, Error, NodeApi, Result};

/// So many clients are served at once; one more is turned away with a status of 503.
const CONNECTIONS_MAX: usize = 64;

/// Which of a node's ports is listened on. All of them are asked by HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Port {
    /// That of the dashboard: [`NodeApi::answer`].
    Dashboard,
    /// That which satellites and customers reach: [`NodeApi::answer_public`].
    Public,
    /// That for debugging: [`NodeApi::answer_debug`].
    Debug,
}

/// What time it is for simulated nodes. Clones share it.
#[derive(Debug, Clone)]
pub struct SimulatedTime(Arc<AtomicI64>);

impl SimulatedTime {
    /// It is this late.
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(now.as_micros())))
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::Relaxed))
    }

    /// Lets it be another time for everybody who shares this one.
    pub fn set_now(&self, now: Timestamp) {
        self.0.store(now.as_micros(), Ordering::Relaxed);
    }
}

/// Serves one port of a node on 127.0.0.1, in threads of its own. Dropping it ends them.
///
/// ```
/// use std::{io::{Read, Write}, net::TcpStream};
///
/// use piecewatch_simulator::{
///     Account, AccountConfig, ApiServer, ApiVersion, NodeApi, Port, SimulatedTime,
/// };
///
/// let config = AccountConfig::default();
/// let api = NodeApi::new(Account::random(&config), ApiVersion::V1_162);
/// let server = ApiServer::start(api, Port::Dashboard, SimulatedTime::new(config.now))?;
/// let mut stream = TcpStream::connect(server.address())?;
/// stream.write_all(b"GET /api/sno/ HTTP/1.1\r\nhost: node\r\nconnection: close\r\n\r\n")?;
/// let mut answer = String::new();
/// stream.read_to_string(&mut answer)?;
/// assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ApiServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// Accepts connections, and ends with the threads that serve them.
    accepting: Option<JoinHandle<Vec<JoinHandle<()>>>>,
}

/// What the threads of a server share.
#[derive(Debug)]
struct Shared {
    api: Mutex<Arc<NodeApi>>,
    port: Port,
    time: SimulatedTime,
    is_stopping: AtomicBool,
    requests: AtomicU64,
    /// The connections that are open, by number.
    open: Mutex<BTreeMap<u64, TcpStream>>,
}

impl ApiServer {
    /// Listens on a free port.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn start(api: NodeApi, port: Port, time: SimulatedTime) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(Error::Listen)?;
        let address = listener.local_addr().map_err(Error::Listen)?;
        let shared = Arc::new(Shared {
            api: Mutex::new(Arc::new(api)),
            port,
            time,
            is_stopping: AtomicBool::new(false),
            requests: AtomicU64::new(0),
            open: Mutex::new(BTreeMap::new()),
        });
        let accepting = thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        });
        Ok(Self { address, shared, accepting: Some(accepting) })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same as a URL, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many requests were answered so far.
    pub fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::Relaxed)
    }

    /// Answers for another node from now on, or for the same one with a newer account.
    pub fn set_api(&self, api: NodeApi) {
        *held(&self.shared.api) = Arc::new(api);
    }
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        self.shared.is_stopping.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts. If this fails, so has that one.
        drop(TcpStream::connect(self.address));
        let serving = self.accepting.take().map(JoinHandle::join);
        for stream in held(&self.shared.open).values() {
            // One that the client has closed needs no more.
            let _ = stream.shutdown(Shutdown::Both);
        }
        for thread in serving.into_iter().flatten().flatten() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// The answer, and what time it is for the node.
    fn answer(&self, path_and_query: &str) -> (Answer, Timestamp) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let api = Arc::clone(&held(&self.api));
        let now = self.time.now();
        let answer = match self.port {
            Port::Dashboard => api.answer(path_and_query, now),
            Port::Public => api.answer_public(now),
            Port::Debug => api.answer_debug(path_and_query, now),
        };
        (answer, now)
    }
}

/// A client that is served. Its connection ends with this, whatever happened.
struct Client {
    shared: Arc<Shared>,
    number: u64,
}

impl Drop for Client {
    fn drop(&mut self) {
        held(&self.shared.open).remove(&self.number);
    }
}

/// Nothing is left half done while one of these is held, so a panic does no harm.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a thread for each client until the server stops. Gives those that may still run.
fn accept(listener: &TcpListener, shared: &Arc<Shared>) -> Vec<JoinHandle<()>> {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    for (number, stream) in (0_u64..).zip(listener.incoming()) {
        if shared.is_stopping.load(Ordering::SeqCst) {
            break;
        }
        threads.retain(|thread| !thread.is_finished());
        let Ok(stream) = stream else { continue };
        if threads.len() >= CONNECTIONS_MAX {
            connection::turn_away(stream);
            continue;
        }
        // What is known to the server can be ended by it.
        let Ok(known) = stream.try_clone() else { continue };
        held(&shared.open).insert(number, known);
        let client = Client { shared: Arc::clone(shared), number };
        threads.push(thread::spawn(move || {
            connection::serve(stream, |path_and_query| client.shared.answer(path_and_query));
        }));
    }
    threads
}
