//! On what the figures were measured.

use std::{fs, process::Command};

use serde::Serialize;

/// The machine at the start of a run.
#[derive(Debug, Serialize)]
pub struct Machine {
    /// How many cores there are.
    pub cores: usize,
    /// Its name.
    pub processor: String,
    /// The release of Linux.
    pub kernel: String,
    /// How much there is, with its unit.
    pub memory: String,
    /// What `rustc --version` tells.
    pub compiler: String,
    /// The load average over 1, 5 and 15 minutes.
    pub load: String,
}

impl Machine {
    /// Looks at what the system tells; what it does not tell is a dash.
    pub fn look() -> Self {
        Self {
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get),
            processor: field("/proc/cpuinfo", "model name"),
            kernel: line("/proc/sys/kernel/osrelease"),
            memory: field("/proc/meminfo", "MemTotal"),
            compiler: compiler(),
            load: load(),
        }
    }
}

/// The load average now.
pub fn load() -> String {
    line("/proc/loadavg").split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// The memory that this process has in use, in bytes; 0 where the system does not tell.
pub fn resident() -> u64 {
    let text = field("/proc/self/status", "VmRSS");
    let kib: u64 = text.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or_default();
    kib * 1024
}

fn line(path: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().next().unwrap_or("-").to_owned()
}

fn field(path: &str, name: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.split_once(':'));
    value.map_or_else(|| "-".to_owned(), |(_, value)| value.trim().to_owned())
}

fn compiler() -> String {
    let output = Command::new("rustc").arg("--version").output();
    output.map_or_else(
        |_| "-".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
