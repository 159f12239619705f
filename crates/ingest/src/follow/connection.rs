//! What sends lines: a command that runs, or a socket.

use std::{
    io::{self, PipeReader, Read},
    net::{Shutdown, TcpStream, ToSocketAddrs},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use crossbeam_channel::{Receiver, bounded};
use socket2::{SockRef, TcpKeepalive};

/// How much is read at once, in bytes.
const READ_LEN: usize = 1 << 16;
/// How many reads may wait. When nobody takes them the sender waits.
const READS_MAX: usize = 4;
/// How long another host may take to answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a connection without lines is tried: a host that vanished says nothing any more.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// Something that sends lines. Ended when dropped.
#[derive(Debug)]
pub(super) struct Connection {
    sender: Sender,
    /// What was sent, in pieces; closed when there is no more.
    pub(super) pieces: Receiver<io::Result<Vec<u8>>>,
}

#[derive(Debug)]
enum Sender {
    Process(Child),
    Socket(TcpStream),
}

/// Whether what a command says on standard error are lines of the log, as `docker logs` has it, or
/// its own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stderr {
    Lines,
    Words,
}

impl Connection {
    /// Starts a command.
    pub(super) fn run(words: &[String], stderr: Stderr) -> io::Result<Self> {
        let Some((program, arguments)) = words.split_first() else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let (reader, writer) = io::pipe()?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null());
        match stderr {
            Stderr::Lines => command.stderr(writer.try_clone()?),
            Stderr::Words => command.stderr(Stdio::inherit()),
        };
        let child = command.stdout(writer).spawn()?;
        // The command holds the ends of the pipe that are written to; without this one it would
        // never be closed.
        drop(command);
        Ok(Self { sender: Sender::Process(child), pieces: pieces::<PipeReader>(reader)? })
    }

    /// Connects to another host.
    pub(super) fn connect(address: &str) -> io::Result<Self> {
        let mut refused = io::Error::from(io::ErrorKind::NotFound);
        for address in address.to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
                Ok(socket) => {
                    SockRef::from(&socket)
                        .set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE))?;
                    let reader = socket.try_clone()?;
                    return Ok(Self { sender: Sender::Socket(socket), pieces: pieces(reader)? });
                }
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    /// Why there is no more, in words for the operator.
    pub(super) fn ending(&mut self) -> String {
        match &mut self.sender {
            Sender::Process(child) => match child.wait() {
                Ok(status) => format!("the command ended ({status})"),
                Err(error) => format!("the command cannot be waited for: {error}"),
            },
            Sender::Socket(_) => "the other side closed the connection".to_owned(),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // What is gone already cannot be ended; the thread that reads ends with it.
        match &mut self.sender {
            Sender::Process(child) => {
                let _ = child.kill();
                let _ = child.wait();
            }
            Sender::Socket(socket) => {
                let _ = socket.shutdown(Shutdown::Both);
            }
        }
    }
}

/// Reads on a thread of its own: whoever takes the pieces has other things to wait for, too.
fn pieces<R: Read + Send + 'static>(mut input: R) -> io::Result<Receiver<io::Result<Vec<u8>>>> {
    let (sender, pieces) = bounded(READS_MAX);
    thread::Builder::new().name("stream".to_owned()).spawn(move || {
        let mut buffer = vec![0; READ_LEN];
        loop {
            let piece = match input.read(&mut buffer) {
                Ok(0) => return,
                Ok(length) => Ok(buffer[..length].to_vec()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            let is_last = piece.is_err();
            if sender.send(piece).is_err() || is_last {
                return;
            }
        }
    })?;
    Ok(pieces)
}
