//! A disk that takes no more: the collector says so and waits, goes on by itself when there is room,
//! and no line is lost or counted twice.

use std::{
    fs,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use crate::{crash, fleet::Fleet, program::Bench, service::signal, totals};

/// A disk of a few blocks in a namespace of its own: it is gone with the shell. As a service manager
/// does, the shell begins again what was killed.
const SCRIPT: &str = r#"
    set -e
    limit=$1; shift
    mount -t tmpfs -o size="${limit}k" none disk || exit 77
    : > mounted
    while [ ! -e ended ]; do
        "$0" "$@" 2>> collector.log &
        echo $! > process
        code=0; wait $! || code=$?
        echo $code >> codes
        sleep 0.1
    done &
    while [ ! -e room ]; do sleep 0.02; done
    mount -o remount,size=64m disk
    wait
    cp -r disk/nodes.db* .
"#;

/// What the collector says of a disk that takes no more.
const FULL: &str = "the disk that holds disk/nodes.db is full: free some space";
/// How long anything may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// A shell with a small disk; ended when dropped, should the test fail.
struct Shell<'a> {
    bench: &'a Bench,
    child: Child,
}

impl<'a> Shell<'a> {
    /// `None` where no disk can be mounted.
    fn start(bench: &'a Bench, limit: u32, nodes: &[String]) -> Option<Self> {
        fs::create_dir(bench.path("disk")).unwrap();
        let collector = crash::run(bench, "disk/nodes.db", nodes);
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", SCRIPT]);
        command.arg(collector.get_program()).arg(limit.to_string()).args(collector.get_args());
        for (name, value) in collector.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let log = fs::File::create(bench.path("shell.log")).unwrap();
        command.current_dir(bench.path(".")).stderr(Stdio::from(log));
        let child = match command.spawn() {
            Ok(child) => child,
            Err(error) => {
                eprintln!("not tested: there is no `unshare`: {error}");
                return None;
            }
        };
        let mut shell = Self { bench, child };
        while !bench.path("mounted").exists() {
            if shell.child.try_wait().unwrap().is_some() {
                eprintln!("not tested: no file system may be mounted here");
                return None;
            }
            thread::sleep(Duration::from_millis(10));
        }
        Some(shell)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.bench.path(name)).unwrap_or_default()
    }

    /// Waits until the collector has said this so many times.
    fn wait_for(&self, words: &str, times: usize) {
        let step = Duration::from_millis(20);
        for _ in 0..PATIENCE.as_millis() / step.as_millis() {
            if self.text("collector.log").matches(words).count() >= times {
                return;
            }
            thread::sleep(step);
        }
        panic!("the collector does not say {words:?}:\n{}", self.text("collector.log"));
    }

    fn signal(&self, name: &str) {
        signal(self.text("process").trim(), name);
    }
}

impl Drop for Shell<'_> {
    fn drop(&mut self) {
        for name in ["ended", "room"] {
            self.bench.write(name, "");
        }
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            self.signal("TERM");
            let _ = self.child.wait();
        }
    }
}

#[test]
fn a_full_disk_is_waited_for_and_costs_nothing() {
    // Too little for a few transactions, and for many.
    for (seed, limit) in [(1, 600), (2, 2_000)] {
        check(seed, limit, |shell| shell.wait_for(FULL, 1), "the database can be written again");
    }
}

#[test]
fn killed_where_the_disk_is_full_a_collector_costs_nothing() {
    for (seed, limit) in [(3, 600), (4, 1_500)] {
        let kill = |shell: &Shell<'_>| {
            shell.wait_for(FULL, 1);
            shell.signal("KILL");
            // Begun again, it finds no room for anything.
            shell.wait_for(FULL, 2);
        };
        check(seed, limit, kill, "following 4 nodes");
    }
}

/// Lets a collector follow nodes into a small disk, and makes room after `meanwhile`.
fn check(seed: u64, limit: u32, meanwhile: impl Fn(&Shell<'_>), then: &str) {
    let mut bench = Bench::new();
    let fleet = Fleet::start(&bench.path("."), seed as usize, seed);
    let nodes = fleet.arguments();
    let Some(mut shell) = Shell::start(&bench, limit, &nodes) else { return };
    meanwhile(&shell);
    bench.write("room", "");
    shell.wait_for(then, 1);
    bench.write("ended", "");
    shell.signal("TERM");
    let output = shell.child.wait().unwrap();
    let (codes, log) = (shell.text("codes"), shell.text("collector.log"));
    assert!(output.success(), "{limit}: {}{log}", shell.text("shell.log"));
    assert_eq!(codes.lines().last(), Some("0"), "{limit}: {codes}{log}");
    drop(shell);

    let written = fleet.stop();
    let mut last = crash::start(&bench, &nodes);
    crash::wait_for(&bench, &written);
    signal(&last.id().to_string(), "TERM");
    assert!(last.wait().unwrap().success());
    let found = totals::differences(&bench.path("nodes.db"), &written);
    if !found.is_empty() {
        bench.keep();
        panic!("{}:\n{}", bench.path(".").display(), found.join("\n"));
    }
}
