//! What the operating system tells of the process and of the machine.

use std::{
    path::Path,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use sysinfo::{
    MemoryRefreshKind, Networks, Pid, ProcessRefreshKind, ProcessesToUpdate, System,
    get_current_pid,
};

/// The share of a core is over at least so long: the clock of CPU time is a coarse one.
const SHARE_OVER_MIN: Duration = Duration::from_secs(5);

/// Asks the operating system; share it.
#[derive(Debug)]
pub(crate) struct Machine(Mutex<Asked>);

#[derive(Debug)]
struct Asked {
    system: System,
    networks: Networks,
    process: Option<Pid>,
    /// The uptime and the CPU time from which on the share is counted, and what it was before.
    share_since: (Duration, Duration),
    share: Option<f64>,
}

/// The process. `None` is what this system does not tell.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct ProcessFigures {
    /// CPU time since its start.
    pub(crate) cpu: Duration,
    /// CPU time a second, over the last seconds: 1 is a whole core. `None` at first.
    pub(crate) cpu_share: Option<f64>,
    pub(crate) resident_bytes: u64,
    pub(crate) virtual_bytes: u64,
    pub(crate) threads: Option<u64>,
    pub(crate) open_files: Option<u64>,
    pub(crate) open_files_max: Option<u64>,
    /// What it read from disks since its start; what the system had in memory is not in it.
    pub(crate) disk_read_bytes: Option<u64>,
    pub(crate) disk_written_bytes: Option<u64>,
}

/// The machine.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct MachineFigures {
    pub(crate) cpus: u64,
    /// Over 1, 5 and 15 minutes; `None` where the system has none.
    pub(crate) load: Option<[f64; 3]>,
    pub(crate) memory_bytes: u64,
    /// What is free for programs.
    pub(crate) memory_available_bytes: u64,
    /// Through every interface but the loopback.
    pub(crate) network_received_bytes: u64,
    pub(crate) network_sent_bytes: u64,
}

impl Machine {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Asked {
            system: System::new(),
            networks: Networks::new_with_refreshed_list(),
            process: get_current_pid().ok(),
            share_since: Default::default(),
            share: None,
        }))
    }

    /// How both are; `uptime` is a time that never jumps.
    pub(crate) fn figures(&self, uptime: Duration) -> (ProcessFigures, MachineFigures) {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (asked.process(uptime), asked.machine())
    }
}

impl Asked {
    fn process(&mut self, uptime: Duration) -> ProcessFigures {
        let Some(id) = self.process else { return ProcessFigures::default() };
        let kind = ProcessRefreshKind::nothing().with_cpu().with_memory().with_disk_usage();
        self.system.refresh_processes_specifics(
            ProcessesToUpdate::Some(&[id]),
            true,
            kind.with_tasks(),
        );
        let Some(process) = self.system.process(id) else { return ProcessFigures::default() };
        let cpu = Duration::from_millis(process.accumulated_cpu_time());
        let (since, cpu_before) = self.share_since;
        let over = uptime.saturating_sub(since);
        if since.is_zero() {
            self.share_since = (uptime, cpu);
        } else if over >= SHARE_OVER_MIN {
            let spent = cpu.saturating_sub(cpu_before);
            self.share = Some(spent.as_secs_f64() / over.as_secs_f64());
            self.share_since = (uptime, cpu);
        }
        let disk = process.disk_usage();
        let number = |count: Option<usize>| count.map(|count| count as u64);
        ProcessFigures {
            cpu,
            cpu_share: self.share,
            resident_bytes: process.memory(),
            virtual_bytes: process.virtual_memory(),
            threads: process.tasks().map(|tasks| tasks.len().max(1) as u64),
            open_files: number(process.open_files()),
            open_files_max: number(process.open_files_limit()),
            disk_read_bytes: Some(disk.total_read_bytes),
            disk_written_bytes: Some(disk.total_written_bytes),
        }
    }

    fn machine(&mut self) -> MachineFigures {
        self.system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
        self.networks.refresh(true);
        let outside =
            || self.networks.iter().filter(move |(name, _)| is_outside(name)).map(|(_, data)| data);
        let load = System::load_average();
        let has_load = cfg!(unix);
        MachineFigures {
            cpus: std::thread::available_parallelism().map_or(1, |cpus| cpus.get() as u64),
            load: has_load.then_some([load.one, load.five, load.fifteen]),
            memory_bytes: self.system.total_memory(),
            memory_available_bytes: self.system.available_memory(),
            network_received_bytes: outside().map(|data| data.total_received()).sum(),
            network_sent_bytes: outside().map(|data| data.total_transmitted()).sum(),
        }
    }
}

/// Whether what passes an interface leaves the machine. On Linux those that a device is behind: bridges,
/// containers, bonds and tunnels count the same bytes again.
fn is_outside(name: &str) -> bool {
    if cfg!(target_os = "linux") {
        Path::new("/sys/class/net").join(name).join("device").exists()
    } else {
        name != "lo0"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_told() {
        let machine = Machine::new();
        let (first, of_machine) = machine.figures(Duration::from_secs(1));
        assert!(first.resident_bytes > 1_000_000, "{first:?}");
        assert!(first.virtual_bytes >= first.resident_bytes);
        assert_eq!(first.cpu_share, None);
        assert!(of_machine.memory_bytes > of_machine.memory_available_bytes);
        assert!(of_machine.memory_available_bytes > 0 && of_machine.cpus > 0);
        let mut sum = 0_u64;
        while machine.figures(Duration::from_secs(2)).0.cpu < first.cpu + Duration::from_millis(50)
        {
            sum = (0..100_000_u64).fold(sum, |sum, number| sum.wrapping_mul(31) ^ number);
        }
        assert_ne!(sum, 1);
        let (later, _) = machine.figures(Duration::from_secs(11));
        let share = later.cpu_share.unwrap();
        let spent = (later.cpu - first.cpu).as_secs_f64();
        assert!((share - spent / 10.0).abs() < 1e-9, "{share} of {spent} s");
        if cfg!(target_os = "linux") {
            assert!(later.threads.unwrap() >= 1 && later.open_files.unwrap() >= 3, "{later:?}");
        }
    }
}
