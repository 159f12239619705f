//! A server that runs, and what its visitors do: browsers and other programs.

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use piecewatch_broadcast::Mirror;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{
    Error, Message, WebSocket, client, client::IntoClientRequest, protocol::frame::CloseFrame,
};

use crate::program::Bench;

/// How long anything may take before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A server that runs; killed when dropped.
pub(crate) struct Server {
    child: Child,
    /// Where it listens: `127.0.0.1:40123`.
    pub(crate) address: String,
    log: Arc<Mutex<String>>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

/// A browser's WebSocket and what it knows.
pub(crate) struct Page {
    socket: WebSocket<TcpStream>,
    pub(crate) mirror: Mirror,
    /// The frames that came.
    pub(crate) frames: usize,
}

impl Server {
    /// Starts a server on a port that is free, and waits until it listens.
    pub(crate) fn start(bench: &Bench, arguments: &[&str]) -> Self {
        Self::start_with(bench, arguments, |_| {})
    }

    pub(crate) fn start_with(
        bench: &Bench,
        arguments: &[&str],
        change: impl FnOnce(&mut Command),
    ) -> Self {
        Self::start_on(bench, "127.0.0.1:0", arguments, change)
    }

    pub(crate) fn start_on(
        bench: &Bench,
        listen: &str,
        arguments: &[&str],
        change: impl FnOnce(&mut Command),
    ) -> Self {
        let mut command = bench.command(["serve", "--listen", listen].iter().chain(arguments));
        command.env_remove("PIECEWATCH_TOKEN");
        change(&mut command);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let log = Arc::new(Mutex::new(String::new()));
        let written = Arc::clone(&log);
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let mut log = written.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        let mut server = Self { child, address: String::new(), log };
        let since = Instant::now();
        while server.address.is_empty() {
            let log = server.log();
            let listening = log.split("listening on http://").nth(1);
            if let Some(address) = listening.and_then(|rest| rest.split_whitespace().next()) {
                server.address = address.to_owned();
            } else {
                let ended = server.child.try_wait().unwrap();
                assert!(ended.is_none() && since.elapsed() < PATIENCE, "no server: {log}");
                thread::sleep(Duration::from_millis(10));
            }
        }
        server
    }

    /// What it said.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], b"")
    }

    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            let _ = write!(head, "Host: {}\r\n", self.address);
        }
        for (name, value) in headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if method == "POST" {
            let _ = write!(head, "Content-Length: {}\r\n", body.len());
        }
        let mut stream = self.connect();
        stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
        // A server that refuses what it is sent may hang up before all of it came.
        let _ = stream.write_all(body);
        Answer::read(stream)
    }

    /// What it answers, as JSON.
    pub(crate) fn json(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        serde_json::from_slice(&answer.body).unwrap()
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// A page that opens.
    pub(crate) fn open(&self) -> Page {
        self.open_with(&[]).unwrap()
    }

    /// A page with headers of its own; the status when it is refused.
    pub(crate) fn open_with(&self, headers: &[(&'static str, &str)]) -> Result<Page, u16> {
        let mut request = format!("ws://{}/ws", self.address).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match client(request, self.connect()) {
            Ok((socket, _)) => Ok(Page { socket, mirror: Mirror::new(), frames: 0 }),
            Err(error) => {
                let text = error.to_string();
                let status = text.split_whitespace().find_map(|word| word.parse().ok());
                Err(status.unwrap_or_else(|| panic!("no status: {text}")))
            }
        }
    }

    /// Sends a signal by its name: `TERM`, `HUP`.
    pub(crate) fn signal(&self, name: &str) {
        let sent =
            Command::new("kill").args([&format!("-{name}"), &self.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits until it has ended.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let since = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(since.elapsed() < PATIENCE, "it does not end: {}", self.log());
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Answer {
    /// What somebody at an address of this machine answers to a GET.
    pub(crate) fn of(address: &str, path: &str) -> Self {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        Self::read(stream)
    }

    fn read(mut stream: TcpStream) -> Self {
        let mut bytes = Vec::new();
        // What came before a reset counts.
        let _ = stream.read_to_end(&mut bytes);
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(bytes.len());
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let body = bytes.get(end + 4..).unwrap_or_default();
        let mut answer = Self { status, head, body: body.to_vec() };
        if answer.header("transfer-encoding") == Some("chunked") {
            answer.body = unchunked(body);
        }
        answer
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = body.windows(2).position(|window| window == b"\r\n") {
        let length = std::str::from_utf8(&body[..end]).ok();
        let Some(length) = length.and_then(|text| usize::from_str_radix(text, 16).ok()) else {
            break;
        };
        let part = body.get(end + 2..end + 2 + length).unwrap_or_default();
        whole.extend_from_slice(part);
        body = body.get(end + 4 + length..).unwrap_or_default();
    }
    whole
}

impl Page {
    pub(crate) fn say(&mut self, message: &Value) {
        self.socket.send(Message::text(message.to_string())).unwrap();
    }

    pub(crate) fn send(&mut self, message: Message) -> Result<(), Error> {
        self.socket.send(message)
    }

    pub(crate) fn subscribe(&mut self, sub: u32, topic: &str) {
        self.say(&json!({"op": "subscribe", "sub": sub, "topic": topic}));
    }

    /// Takes what comes next; how it was closed when nothing comes any more.
    pub(crate) fn next(&mut self) -> Result<Value, Option<CloseFrame>> {
        let since = Instant::now();
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => {
                    for view in self.mirror.take(text.as_bytes()).unwrap() {
                        self.say(&json!({"op": "resync", "view": view}));
                    }
                    self.frames += 1;
                    return Ok(serde_json::from_str(&text).unwrap());
                }
                Ok(Message::Close(frame)) => return Err(frame),
                // A server that has nothing to say still asks whether somebody is there.
                Ok(_) => {
                    let known = &self.mirror;
                    assert!(
                        since.elapsed() < PATIENCE,
                        "nothing comes, and this is known: {known:?}"
                    );
                }
                Err(Error::ConnectionClosed | Error::AlreadyClosed) => return Err(None),
                Err(Error::Io(_) | Error::Protocol(_)) => return Err(None),
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Waits until the state of a subscription is as expected.
    pub(crate) fn until(&mut self, sub: u32, is_it: impl Fn(&Value) -> bool) -> Value {
        let since = Instant::now();
        loop {
            if let Some(state) = self.mirror.state(sub)
                && is_it(state)
            {
                return state.clone();
            }
            assert!(since.elapsed() < PATIENCE, "not yet: {:?}", self.mirror.state(sub));
            self.next().unwrap();
        }
    }
}
