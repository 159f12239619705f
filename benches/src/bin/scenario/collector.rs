//! The collector as a process.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use piecewatch_benches::clock::Stopwatch;
use piecewatch_model::NodeName;

/// The longest that a collector may take to end.
const STOP_MAX: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(10);

/// A collector at work. It is killed when dropped.
#[derive(Debug)]
pub(crate) struct Collector {
    child: Child,
    /// What it says.
    log: PathBuf,
}

impl Collector {
    /// Starts one on a database and these nodes; what it says goes to a file.
    pub(crate) fn start(
        program: &Path,
        more: &[String],
        database: &Path,
        sources: &[(NodeName, PathBuf)],
        log: PathBuf,
    ) -> Result<Self> {
        let mut command = Command::new(program);
        command.arg("run").arg("--db").arg(database).args(more);
        for (name, source) in sources {
            command.arg("--node").arg(format!("{name}={}", source.display()));
        }
        let out = File::create(&log).with_context(|| log.display().to_string())?;
        command.stdout(out.try_clone()?).stderr(out);
        let child = command.spawn().with_context(|| format!("starting {}", program.display()))?;
        Ok(Self { child, log })
    }

    /// Its number among the processes.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Fails, with what it said last, when it has ended.
    pub(crate) fn check(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("the collector ended ({status}): {}", self.last_words()),
        }
    }

    /// Tells it to end, as systemd does; gives how it ended and how long that took.
    pub(crate) fn stop(mut self) -> Result<(ExitStatus, Duration)> {
        self.check()?;
        let watch = Stopwatch::start();
        self.terminate()?;
        while watch.elapsed() < STOP_MAX {
            if let Some(status) = self.child.try_wait()? {
                return Ok((status, watch.elapsed()));
            }
            thread::sleep(PAUSE);
        }
        bail!("the collector did not end within {} s: {}", STOP_MAX.as_secs(), self.last_words())
    }

    #[cfg(unix)]
    fn terminate(&self) -> Result<()> {
        use rustix::process::{Pid, Signal, kill_process};
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let pid = pid.context("the collector has no process id")?;
        Ok(kill_process(pid, Signal::TERM)?)
    }

    #[cfg(not(unix))]
    fn terminate(&mut self) -> Result<()> {
        Ok(self.child.kill()?)
    }

    fn last_words(&self) -> String {
        const SHOWN: usize = 20;
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(SHOWN)..].join("\n")
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        // One that has ended needs no end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
