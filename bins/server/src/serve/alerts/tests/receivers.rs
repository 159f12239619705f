//! A mail server and a webhook receiver: small, but real ones, on sockets of this machine.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// Longer than anything here takes, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(60);

/// What arrived.
#[derive(Debug, Default)]
struct Arrived {
    messages: Mutex<Vec<String>>,
    more: Condvar,
}

impl Arrived {
    fn add(&self, message: String) {
        self.messages.lock().unwrap().push(message);
        self.more.notify_all();
    }
}

/// Something on a socket that takes messages.
#[derive(Debug)]
pub(super) struct Receiver {
    pub(super) address: SocketAddr,
    arrived: Arc<Arrived>,
    /// The statuses of the next answers; after them everything is taken.
    pub(super) answers: Arc<Mutex<VecDeque<u16>>>,
    /// How many connections are open.
    open: Arc<AtomicUsize>,
}

impl Receiver {
    fn new(serve: fn(TcpStream, &Arrived, &Mutex<VecDeque<u16>>)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let arrived = Arc::new(Arrived::default());
        let answers = Arc::new(Mutex::new(VecDeque::new()));
        let open = Arc::new(AtomicUsize::new(0));
        let (of_thread, to_answer) = (Arc::clone(&arrived), Arc::clone(&answers));
        let counted = Arc::clone(&open);
        // It ends with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (arrived, answers) = (Arc::clone(&of_thread), Arc::clone(&to_answer));
                let open = Arc::clone(&counted);
                open.fetch_add(1, Ordering::Relaxed);
                thread::spawn(move || {
                    serve(stream, &arrived, &answers);
                    open.fetch_sub(1, Ordering::Relaxed);
                });
            }
        });
        Self { address, arrived, answers, open }
    }

    /// Takes mail: `from`, `to` and the text of each.
    pub(super) fn mail() -> Self {
        Self::new(smtp)
    }

    /// Takes calls: the first line, the headers and the body of each.
    pub(super) fn http() -> Self {
        Self::new(http)
    }

    /// Takes everything from now on, when what a sender has left that is gone was answered as before.
    pub(super) fn take_all(&self) {
        let step = Duration::from_millis(10);
        // For a while, since a connection may still be on its way.
        let mut rested = 0;
        for _ in 0..PATIENCE.as_millis() / step.as_millis() {
            rested = if self.open.load(Ordering::Relaxed) == 0 { rested + 1 } else { 0 };
            if rested == 5 {
                self.answers.lock().unwrap().clear();
                return;
            }
            thread::sleep(step);
        }
        panic!("somebody still sends");
    }

    /// The messages, as soon as there are so many.
    pub(super) fn wait(&self, count: usize) -> Vec<String> {
        let messages = self.arrived.messages.lock().unwrap();
        let is_short = |messages: &mut Vec<String>| messages.len() < count;
        let (messages, waited) =
            self.arrived.more.wait_timeout_while(messages, PATIENCE, is_short).unwrap();
        assert!(!waited.timed_out(), "{count} were expected: {messages:#?}");
        messages.clone()
    }
}

fn smtp(stream: TcpStream, arrived: &Arrived, answers: &Mutex<VecDeque<u16>>) {
    let mut out = stream.try_clone().unwrap();
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let mut say = |text: &str| out.write_all(format!("{text}\r\n").as_bytes()).is_ok();
    say("220 mail.test ESMTP");
    let mut mail = String::new();
    while let Some(line) = lines.next() {
        let word = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        let is_on = match word.as_str() {
            "EHLO" => say("250-mail.test\r\n250 AUTH PLAIN LOGIN"),
            "AUTH" => {
                mail.push_str(&format!("{line}\n"));
                say("235 welcome")
            }
            "MAIL" | "RCPT" => {
                mail.push_str(&format!("{line}\n"));
                match answers.lock().unwrap().pop_front() {
                    Some(status) => say(&format!("{status} not now")),
                    None => say("250 ok"),
                }
            }
            "DATA" => {
                say("354 go on");
                for line in lines.by_ref().take_while(|line| line != ".") {
                    mail.push_str(&format!("{line}\n"));
                }
                arrived.add(std::mem::take(&mut mail));
                say("250 taken")
            }
            "QUIT" => {
                say("221 bye");
                return;
            }
            "RSET" | "NOOP" => {
                mail.clear();
                say("250 ok")
            }
            _ => say("502 what?"),
        };
        if !is_on {
            return;
        }
    }
}

fn http(stream: TcpStream, arrived: &Arrived, answers: &Mutex<VecDeque<u16>>) {
    let mut out = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
        });
        let mut body = vec![0; length.unwrap_or(0)];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let status = answers.lock().unwrap().pop_front().unwrap_or(200);
        let message = format!("{head}{}", String::from_utf8_lossy(&body));
        // What is refused repeats what was sent: a bad server would.
        let said = if status == 200 { "ok".to_owned() } else { message.clone() };
        if status == 200 {
            arrived.add(message);
        }
        let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{said}", said.len());
        if out.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}
