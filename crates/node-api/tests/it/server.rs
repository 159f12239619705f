//! A tiny server that answers as it is told, well or badly, on a port of its own.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use piecewatch_node_api::{Address, Backoff, Client, Limits};

/// No request of ours is longer.
const REQUEST_MAX: usize = 4_096;

/// What is done to answer.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Sends this.
    Send(Vec<u8>),
    /// Sends this again and again, with a pause between, until nobody listens any more.
    Repeat(Vec<u8>, Duration),
    /// Does nothing until the other side has left.
    Hang,
    /// Breaks off: what comes next is a reset.
    Reset,
}

/// A server; ends with the process.
pub(crate) struct Server {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

impl Server {
    /// Answers each request by its target and its number, from 0.
    pub(crate) fn start(answer: impl Fn(&str, usize) -> Vec<Step> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(AtomicUsize::new(0));
        let (counted, answer) = (Arc::clone(&requests), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (counted, answer) = (Arc::clone(&counted), Arc::clone(&answer));
                thread::spawn(move || {
                    let Some(target) = peeked_target(&stream) else { return };
                    let number = counted.fetch_add(1, Ordering::SeqCst);
                    let steps = answer(&target, number);
                    // The other side may leave whenever it has enough.
                    let _ = done(stream, steps);
                });
            }
        });
        Self { address, requests }
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    pub(crate) fn address(&self) -> Address {
        format!("http://{}", self.address).parse().unwrap()
    }

    /// A client whose patience suits a test.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.address(), LIMITS)
    }
}

pub(crate) const LIMITS: Limits = Limits {
    connect: Duration::from_millis(500),
    answer: Duration::from_millis(400),
    answer_max_bytes: 256 << 10,
    metrics_max_bytes: 1 << 20,
    attempts_max: 3,
    backoff: Backoff { first: Duration::from_millis(10), max: Duration::from_millis(20) },
};

/// What is asked for; the request stays unread.
fn peeked_target(stream: &TcpStream) -> Option<String> {
    let mut head = [0; REQUEST_MAX];
    loop {
        let length = stream.peek(&mut head).ok().filter(|length| *length > 0)?;
        let text = String::from_utf8_lossy(&head[..length]);
        if text.contains("\r\n\r\n") {
            return text.split(' ').nth(1).map(str::to_owned);
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn done(mut stream: TcpStream, steps: Vec<Step>) -> std::io::Result<()> {
    // A connection that is closed with bytes unread is reset.
    if !steps.iter().any(|step| matches!(step, Step::Reset)) {
        let _ = stream.read(&mut [0; REQUEST_MAX])?;
    }
    for step in steps {
        match step {
            Step::Send(bytes) => stream.write_all(&bytes)?,
            Step::Repeat(bytes, pause) => loop {
                stream.write_all(&bytes)?;
                thread::sleep(pause);
            },
            Step::Hang => loop {
                match stream.read(&mut [0; 64]) {
                    Ok(0) => return Ok(()),
                    Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                    Ok(_) | Err(_) => {}
                }
            },
            // What was sent before is to arrive before.
            Step::Reset => thread::sleep(Duration::from_millis(20)),
        }
    }
    Ok(())
}

/// A whole answer.
pub(crate) fn answer(status: &str, kind: &str, body: &[u8]) -> Vec<Step> {
    vec![Step::Send(head(status, kind, body.len())), Step::Send(body.to_vec())]
}

/// The head of an answer that announces so many bytes.
pub(crate) fn head(status: &str, kind: &str, length: usize) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n")
        .into_bytes()
}

/// A whole answer of JSON.
pub(crate) fn json(body: impl AsRef<[u8]>) -> Vec<Step> {
    answer("200 OK", "application/json", body.as_ref())
}

/// What a node answers for what it does not know: its dashboard's page.
pub(crate) fn web_page() -> Vec<Step> {
    answer("200 OK", "text/html; charset=utf-8", b"<!DOCTYPE html><html></html>")
}
