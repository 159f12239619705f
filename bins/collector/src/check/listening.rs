//! Listens for some seconds to what a program prints or another host sends.

use std::{
    io::{self, BufRead, BufReader, Read},
    net::{TcpStream, ToSocketAddrs},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use piecewatch_ingest::Inspector;

use super::Log;
use crate::clock;

/// How long we wait for a line, and for a connection.
const PATIENCE: Duration = Duration::from_secs(4);
/// How long we listen once lines come.
const ATTENTION: Duration = Duration::from_secs(2);
/// As many lines are enough to know a log.
const LINES_MAX: u64 = 1_000;
/// What is longer is no line to look at, in bytes.
const LINE_LEN_MAX: u64 = 1 << 20;
/// How much is quoted of what a program complained of.
const COMPLAINT_LINES: usize = 2;

/// Runs a program, and looks at the first lines that it prints on either stream.
pub(super) fn command(program: &str, arguments: &[&str]) -> Result<Log, String> {
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = Ended(child.map_err(|error| {
        if error.kind() == io::ErrorKind::NotFound {
            format!("there is no program {program}; install it, or name it with its path")
        } else {
            format!("cannot run {program}: {error}")
        }
    })?);
    let (sender, lines) = crossbeam_channel::bounded(64);
    let out = child.0.stdout.take().expect("it is piped");
    let err = child.0.stderr.take().expect("it is piped");
    let readers = [reader(out, sender.clone()), reader(err, sender)];
    readers.into_iter().collect::<io::Result<()>>().map_err(|error| error.to_string())?;
    look(&lines, &format!("{program} prints"))
}

/// Connects to another host, and looks at the first lines that it sends.
pub(super) fn tcp(address: &str) -> Result<Log, String> {
    let cannot = |error: io::Error| {
        format!(
            "cannot connect to {address}: {error}; is the sender running, and is the port open?"
        )
    };
    let addresses: Vec<_> = address.to_socket_addrs().map_err(cannot)?.collect();
    let mut refused = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in addresses {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => {
                let (sender, lines) = crossbeam_channel::bounded(64);
                let ours = stream.try_clone().map_err(cannot)?;
                reader(ours, sender).map_err(cannot)?;
                let log = look(&lines, "the sender sends");
                // The reader's end: it may wait for a line for ever.
                let _ = stream.shutdown(std::net::Shutdown::Both);
                return log;
            }
            Err(error) => refused = error,
        }
    }
    Err(cannot(refused))
}

/// A program that is ended when we have heard enough.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Sends lines until nobody wants more.
fn reader(input: impl Read + Send + 'static, lines: Sender<Vec<u8>>) -> io::Result<()> {
    thread::Builder::new().name("listening".to_owned()).spawn(move || {
        let mut input = BufReader::new(input);
        loop {
            let mut line = Vec::new();
            match input.by_ref().take(LINE_LEN_MAX).read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) if lines.send(line).is_err() => return,
                Ok(_) => {}
            }
        }
    })?;
    Ok(())
}

fn look(lines: &Receiver<Vec<u8>>, who: &str) -> Result<Log, String> {
    let mut inspector = Inspector::new();
    let mut complaints = Vec::new();
    let mut until = clock::uptime() + PATIENCE;
    let has_ended = loop {
        let left = until.saturating_sub(clock::uptime());
        match lines.recv_timeout(left) {
            Ok(line) => {
                let (before, understood) = {
                    let found = inspector.found();
                    (found.lines, found.understood)
                };
                inspector.line(&line);
                if before == 0 {
                    until = until.min(clock::uptime() + ATTENTION);
                }
                let is_complaint = inspector.found().understood == understood;
                if is_complaint && complaints.len() < COMPLAINT_LINES {
                    complaints.push(String::from_utf8_lossy(line.trim_ascii()).into_owned());
                }
                if inspector.found().lines >= LINES_MAX {
                    break false;
                }
            }
            Err(RecvTimeoutError::Timeout) => break false,
            Err(RecvTimeoutError::Disconnected) => break true,
        }
    };
    let inspection = inspector.found().clone();
    if inspection.understood > 0 {
        return Ok(Log { oldest_at: inspection.first_at, inspection, ..Log::default() });
    }
    let said = complaints.join(" ");
    match (inspection.lines, has_ended) {
        (0, true) => Err(format!("{who} nothing and ends")),
        // A quiet node is no fault.
        (0, false) => Ok(Log::default()),
        _ => Err(format!("{who} nothing that a node writes: {said}")),
    }
}
