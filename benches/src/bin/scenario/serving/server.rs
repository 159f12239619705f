//! The server as a process.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use piecewatch_benches::clock::Stopwatch;
use piecewatch_model::NodeName;

/// The longest that a server may take to listen, and to end.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(10);

/// What a server is started with.
#[derive(Debug)]
pub(super) struct Begin<'a> {
    pub(super) program: &'a Path,
    pub(super) database: &'a Path,
    pub(super) sources: &'a [(NodeName, PathBuf)],
    /// Settings, by the names that they have in the environment behind `PIECEWATCH_`.
    pub(super) settings: &'a [(&'static str, String)],
}

/// A server at work. It is killed when dropped.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    /// Where it listens.
    pub(super) address: String,
    said: Receiver<String>,
}

impl Server {
    /// Starts one on a port that is free, and waits until it listens.
    pub(super) fn start(begin: &Begin<'_>) -> Result<Self> {
        let mut command = Command::new(begin.program);
        command.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(begin.database);
        for (name, source) in begin.sources {
            command.arg("--node").arg(format!("{name}={}", source.display()));
        }
        for (name, value) in begin.settings {
            command.env(format!("PIECEWATCH_{name}"), value);
        }
        let child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut child = child.with_context(|| format!("starting {}", begin.program.display()))?;
        let errors = BufReader::new(child.stderr.take().context("it has no output")?);
        let (say, said) = channel();
        thread::spawn(move || {
            // It must never wait for somebody to read what it says.
            for line in errors.lines().map_while(std::result::Result::ok) {
                let _ = say.send(line);
            }
        });
        let mut server = Self { child, address: String::new(), said };
        let watch = Stopwatch::start();
        let mut before = String::new();
        while server.address.is_empty() {
            ensure!(watch.elapsed() < PATIENCE, "the server does not listen: {before}");
            match server.said.recv_timeout(PATIENCE) {
                Ok(line) => {
                    if let Some((_, address)) = line.split_once("listening on http://") {
                        let end = address.find(|c: char| c.is_whitespace() || c == '\u{1b}');
                        server.address = address[..end.unwrap_or(address.len())].to_owned();
                    }
                    before = before + &line + "\n";
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    bail!("the server does not listen: {before}")
                }
            }
        }
        Ok(server)
    }

    /// Its number among the processes.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Fails, with what it said last, when it has ended.
    pub(super) fn check(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("the server ended ({status}): {}", self.words()),
        }
    }

    /// What it said since this was asked last.
    pub(super) fn words(&self) -> String {
        self.said.try_iter().collect::<Vec<_>>().join("\n")
    }

    /// Tells it to end, as systemd does.
    pub(super) fn stop(mut self) -> Result<()> {
        self.check()?;
        self.terminate()?;
        let watch = Stopwatch::start();
        while watch.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "the server ended with {status}: {}", self.words());
                return Ok(());
            }
            thread::sleep(PAUSE);
        }
        bail!("the server did not end: {}", self.words())
    }

    #[cfg(unix)]
    fn terminate(&self) -> Result<()> {
        use rustix::process::{Pid, Signal, kill_process};
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let pid = pid.context("the server has no process id")?;
        Ok(kill_process(pid, Signal::TERM)?)
    }

    #[cfg(not(unix))]
    fn terminate(&mut self) -> Result<()> {
        Ok(self.child.kill()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended needs no end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
