//! What a process uses, as Linux tells it in `/proc`.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// What a process has used since it began, and what it has now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Processor time of all threads that were seen, in nanoseconds, by the scheduler's own account.
    pub(crate) cpu_ns: u64,
    /// Processor time in ticks of a hundredth of a second, with threads that lived too shortly to be
    /// seen.
    pub(crate) cpu_ticks: u64,
    /// Memory that is resident, in bytes.
    pub(crate) rss_bytes: u64,
    /// The most that ever was.
    pub(crate) peak_bytes: u64,
    /// Bytes that went, or will go, to the disk.
    pub(crate) disk_bytes: u64,
    /// Bytes given to the system to write, wherever they went.
    pub(crate) written_bytes: u64,
    /// How often a thread waited.
    pub(crate) waits: u64,
    /// How often a thread was made to wait.
    pub(crate) preemptions: u64,
    /// How many threads there are.
    pub(crate) threads: u64,
}

/// Looks at one process again and again.
#[derive(Debug)]
pub(crate) struct Observer {
    folder: PathBuf,
    /// What each thread had used when it was last seen: what one has used counts when it has ended.
    threads: BTreeMap<u64, Thread>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Thread {
    cpu_ns: u64,
    waits: u64,
    preemptions: u64,
}

impl Observer {
    pub(crate) fn new(process: u32) -> Self {
        Self { folder: Path::new("/proc").join(process.to_string()), threads: BTreeMap::new() }
    }

    /// What the process has used so far.
    pub(crate) fn look(&mut self) -> Result<Usage> {
        self.look_at_threads()?;
        let status = self.read("status")?;
        let io = self.read("io")?;
        let sum = |value: fn(&Thread) -> u64| self.threads.values().map(value).sum::<u64>();
        Ok(Usage {
            cpu_ns: sum(|thread| thread.cpu_ns),
            cpu_ticks: ticks(&self.read("stat")?).context("/proc/…/stat has no times")?,
            rss_bytes: field(&status, "VmRSS:") * 1024,
            peak_bytes: field(&status, "VmHWM:") * 1024,
            disk_bytes: field(&io, "write_bytes:"),
            written_bytes: field(&io, "wchar:"),
            waits: sum(|thread| thread.waits),
            preemptions: sum(|thread| thread.preemptions),
            threads: field(&status, "Threads:"),
        })
    }

    fn look_at_threads(&mut self) -> Result<()> {
        let tasks = self.folder.join("task");
        let entries = fs::read_dir(&tasks).with_context(|| tasks.display().to_string())?;
        for entry in entries {
            let folder = entry?.path();
            let Some(id) = folder.file_name().and_then(|name| name.to_str()?.parse().ok()) else {
                continue;
            };
            // A thread may end while it is looked at.
            let Ok(schedule) = fs::read_to_string(folder.join("schedstat")) else { continue };
            let Ok(status) = fs::read_to_string(folder.join("status")) else { continue };
            let thread = Thread {
                cpu_ns: first_number(&schedule),
                waits: field(&status, "voluntary_ctxt_switches:"),
                preemptions: field(&status, "nonvoluntary_ctxt_switches:"),
            };
            self.threads.insert(id, thread);
        }
        Ok(())
    }

    fn read(&self, name: &str) -> Result<String> {
        let path = self.folder.join(name);
        fs::read_to_string(&path).with_context(|| path.display().to_string())
    }
}

/// User and system time in `stat`: fields 14 and 15, counted behind the name, which may hold anything.
fn ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let (user, system) = (fields.next()?, fields.next()?);
    Some(user.parse::<u64>().ok()? + system.parse::<u64>().ok()?)
}

/// The number behind a name; 0 where there is none.
fn field(text: &str, name: &str) -> u64 {
    text.lines().find_map(|line| line.strip_prefix(name)).map_or(0, first_number)
}

fn first_number(text: &str) -> u64 {
    text.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_stand_behind_a_name_that_may_hold_anything() {
        let stat = "71 (a) b (c)) S 1 71 71 0 -1 4194560 183 102 7 8 751 126 0 0 20 0 4 0 1216";
        assert_eq!(ticks(stat), Some(751 + 126));
        assert_eq!(ticks("71 (a) S 1"), None);
    }

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let status = "VmPeak:\t  9 kB\nVmHWM:\t  4096 kB\nVmRSS:\t  2048 kB\nThreads:\t3\n\
            voluntary_ctxt_switches:\t17\nnonvoluntary_ctxt_switches:\t4\n";
        assert_eq!(field(status, "VmRSS:"), 2048);
        assert_eq!(field(status, "voluntary_ctxt_switches:"), 17);
        assert_eq!(field(status, "nonvoluntary_ctxt_switches:"), 4);
        let io = "rchar: 1\nwchar: 22\nread_bytes: 3\nwrite_bytes: 44\ncancelled_write_bytes: 5\n";
        assert_eq!((field(io, "write_bytes:"), field(io, "wchar:")), (44, 22));
        assert_eq!(
            (field(io, "none:"), first_number("751690586 126404782 52\n")),
            (0, 751_690_586)
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_is_seen_with_threads_that_have_ended() {
        let mut observer = Observer::new(std::process::id());
        let before = observer.look().unwrap();
        let (ready, waiting) = std::sync::mpsc::channel();
        let (end, ending) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            let sum = (0..5_000_000_u64).fold(0, |sum, number| std::hint::black_box(sum ^ number));
            ready.send(sum).unwrap();
            ending.recv().unwrap_err();
        });
        waiting.recv().unwrap();
        let during = observer.look().unwrap();
        drop(end);
        thread.join().unwrap();
        let after = observer.look().unwrap();
        assert!(during.cpu_ns > before.cpu_ns && after.cpu_ns >= during.cpu_ns);
        assert!(after.rss_bytes > 1 << 20 && after.peak_bytes >= after.rss_bytes);
        assert!(during.threads > 1);
    }

    #[test]
    fn a_process_that_is_gone_is_named() {
        let error = Observer::new(u32::MAX).look().unwrap_err();
        assert!(error.to_string().contains("/proc/4294967295/task"), "{error}");
    }
}
