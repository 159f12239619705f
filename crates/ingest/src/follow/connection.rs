//! What sends lines: a command that runs, or a socket.

#[cfg(unix)]
use std::os::unix::process::CommandExt;
use std::{
    io::{self, PipeReader, Read},
    net::{Shutdown, TcpStream, ToSocketAddrs},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::Duration,
};

use crossbeam_channel::{Receiver, Sender, bounded, select};
use socket2::{SockRef, TcpKeepalive};

/// How much is read at once, in bytes.
const READ_LEN: usize = 1 << 16;
/// How many reads may wait. When nobody takes them the sender waits.
const READS_MAX: usize = 4;
/// How long another host may take to answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long to wait for a command that closed its output or was killed, and how often it is looked at
/// meanwhile.
const END_LOOKS: u32 = 40;
const END_LOOK_EVERY: Duration = Duration::from_millis(5);
/// How often a connection without lines is tried: a host that vanished says nothing any more.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// Something that sends lines. Ended when dropped.
#[derive(Debug)]
pub(super) struct Connection {
    origin: Origin,
    /// What was sent, in pieces; closed when there is no more.
    pub(super) pieces: Receiver<io::Result<Vec<u8>>>,
}

#[derive(Debug)]
enum Origin {
    /// A command. It leads a process group, with all that it starts itself.
    Process {
        child: Child,
        has_ended: bool,
    },
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
        #[cfg(unix)]
        command.process_group(0);
        let child = command.stdout(writer).spawn()?;
        // The command holds the ends of the pipe that are written to; without this one it would
        // never be closed.
        drop(command);
        let origin = Origin::Process { child, has_ended: false };
        let (give, pieces) = bounded(READS_MAX);
        // From here on the command is ended with it, whatever fails.
        let connection = Self { origin, pieces };
        read_all::<PipeReader>(reader, give)?;
        Ok(connection)
    }

    /// Connects to another host; `None` when it is to stop before that. Names and hosts may take
    /// their time to answer, so they are asked on a thread of their own.
    pub(super) fn connect(address: &str, stopping: &Receiver<()>) -> io::Result<Option<Self>> {
        let (give, answer) = bounded(1);
        let address = address.to_owned();
        thread::Builder::new().name("connect".to_owned()).spawn(move || {
            // When nobody waits any more the socket is closed again.
            let _ = give.send(open(&address));
        })?;
        let socket = select! {
            recv(stopping) -> _ => return Ok(None),
            recv(answer) -> socket => socket.expect("the thread answers before it ends")?,
        };
        SockRef::from(&socket).set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE))?;
        let reader = socket.try_clone()?;
        let (give, pieces) = bounded(READS_MAX);
        read_all(reader, give)?;
        Ok(Some(Self { origin: Origin::Socket(socket), pieces }))
    }

    /// Why there is no more, in words for the operator.
    pub(super) fn ending(&mut self) -> String {
        match &mut self.origin {
            Origin::Process { child, has_ended } => match ended(child) {
                Some(status) => {
                    *has_ended = true;
                    format!("the command ended ({status})")
                }
                None => "the command closed its output".to_owned(),
            },
            Origin::Socket(_) => "the other side closed the connection".to_owned(),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // What is gone already cannot be ended; the thread that reads ends with it.
        match &mut self.origin {
            Origin::Process { has_ended: true, .. } => {}
            Origin::Process { child, has_ended: false } => {
                kill(child);
                if ended(child).is_none() {
                    tracing::warn!(process = child.id(), "a command cannot be ended");
                }
            }
            Origin::Socket(socket) => {
                let _ = socket.shutdown(Shutdown::Both);
            }
        }
    }
}

/// How a command has ended; `None` when it does not.
fn ended(child: &mut Child) -> Option<ExitStatus> {
    for _ in 0..END_LOOKS {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        thread::sleep(END_LOOK_EVERY);
    }
    None
}

/// Kills a command and all that it has started: a pipeline of a shell, what `ssh` was put before.
#[cfg(unix)]
fn kill(child: &mut Child) {
    use rustix::process::{Pid, Signal, kill_process_group};

    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    // What has ended already cannot be killed, and need not be.
    let _ = group.map(|group| kill_process_group(group, Signal::KILL));
}

#[cfg(not(unix))]
fn kill(child: &mut Child) {
    // What has ended already cannot be killed, and need not be.
    let _ = child.kill();
}

fn open(address: &str) -> io::Result<TcpStream> {
    let mut refused = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
            Ok(socket) => return Ok(socket),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

/// Reads on a thread of its own: whoever takes the pieces has other things to wait for, too.
fn read_all<R: Read + Send + 'static>(
    mut input: R,
    pieces: Sender<io::Result<Vec<u8>>>,
) -> io::Result<()> {
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
            if pieces.send(piece).is_err() || is_last {
                return;
            }
        }
    })?;
    Ok(())
}
