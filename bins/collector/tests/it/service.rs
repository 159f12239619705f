//! The program under a service manager: a real socket is told, and real signals are sent.

use std::{
    io::{BufRead, BufReader},
    os::unix::{net::UnixDatagram, process::ExitStatusExt},
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::program::Bench;

/// Longer than anything takes that does happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A program and the socket it tells its state.
struct Service {
    manager: UnixDatagram,
    child: Child,
}

impl Service {
    fn start(bench: &Bench) -> Self {
        bench.write("node.log", "");
        let config = "[[node]]\nname = \"attic\"\nsource = \"node.log\"\n";
        bench.write("collector.toml", config);
        let socket = bench.path("notify");
        let manager = UnixDatagram::bind(&socket).unwrap();
        manager.set_read_timeout(Some(PATIENCE)).unwrap();
        let child = bench
            .command(["run", "--config", "collector.toml"])
            .env("NOTIFY_SOCKET", &socket)
            .env("WATCHDOG_USEC", "200000")
            .spawn()
            .unwrap();
        Self { manager, child }
    }

    /// Waits for the message that has these words, and gives it whole.
    fn told(&self, words: &str) -> String {
        let mut buffer = [0; 4096];
        loop {
            let length = self.manager.recv(&mut buffer).unwrap();
            let message = String::from_utf8(buffer[..length].to_vec()).unwrap();
            if message.contains(words) {
                return message;
            }
        }
    }

    fn signal(&self, name: &str) {
        signal(&self.child.id().to_string(), name);
    }
}

/// Sends a signal to a process of this id.
pub(crate) fn signal(id: &str, name: &str) {
    assert!(Command::new("kill").args(["-s", name, id]).status().unwrap().success());
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn readiness_watchdog_reload_and_stop_are_told() {
    let bench = Bench::new();
    let mut service = Service::start(&bench);
    let ready = service.told("READY=1");
    assert!(ready.contains("STATUS="), "{ready}");
    // The database is there, the node is taken, and it has reported.
    let status = bench.run(["status", "--json", "--config", "collector.toml"]);
    assert!(status.out.contains("\"followed_by\": {"), "{}{}", status.out, status.err);
    assert!(status.out.contains("\"state\""), "{}", status.out);
    service.told("WATCHDOG=1");

    let two = "[[node]]\nname = \"attic\"\nsource = \"node.log\"\n\
        [[node]]\nname = \"shed\"\nsource = \"shed.log\"\n";
    bench.write("shed.log", "");
    bench.write("collector.toml", two);
    service.signal("HUP");
    let reloading = service.told("RELOADING=1");
    let since = reloading.lines().find_map(|line| line.strip_prefix("MONOTONIC_USEC="));
    assert!(since.unwrap().parse::<u64>().unwrap() > 0, "{reloading}");
    assert!(service.told("READY=1").contains("2 nodes"));

    // A configuration that is wrong changes nothing, and stops nothing.
    bench.write("collector.toml", "nonsense");
    service.signal("HUP");
    service.told("RELOADING=1");
    assert!(service.told("READY=1").contains("2 nodes"));

    // What changes is told: the log is not where it is said to be.
    bench.write("collector.toml", two.replace("shed.log", "no.log"));
    service.signal("HUP");
    service.told("STATUS=following 2 nodes, 1 waiting");

    service.signal("TERM");
    service.told("STOPPING=1");
    assert_eq!(service.child.wait().unwrap().code(), Some(0));
}

#[test]
fn ctrl_c_is_a_stop_too() {
    let bench = Bench::new();
    let mut service = Service::start(&bench);
    service.told("READY=1");
    service.signal("INT");
    service.told("STOPPING=1");
    let status = service.child.wait().unwrap();
    assert_eq!((status.code(), status.signal()), (Some(0), None));
}

/// The environment variable with which a test plays a program that does not stop by itself.
const PLAYS_STUCK: &str = "PLAYS_STUCK";

#[test]
fn a_second_signal_to_stop_ends_what_is_stuck() {
    if std::env::var_os(PLAYS_STUCK).is_some() {
        let signals = piecewatch_collector::signals::signals().unwrap();
        println!("listening");
        assert_eq!(signals.recv(), Ok(piecewatch_collector::signals::Signal::Stop));
        println!("stopping");
        loop {
            std::thread::park();
        }
    }
    let myself = std::env::current_exe().unwrap();
    let name = "service::a_second_signal_to_stop_ends_what_is_stuck";
    let mut child = Command::new(myself)
        .args(["--exact", "--nocapture", name])
        .env(PLAYS_STUCK, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said = |words: &str| lines.any(|line| line.unwrap().ends_with(words));
    assert!(said("listening"));
    signal(&child.id().to_string(), "TERM");
    assert!(said("stopping"));
    signal(&child.id().to_string(), "INT");
    assert_eq!(child.wait().unwrap().code(), Some(1));
}
