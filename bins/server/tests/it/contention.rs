//! A collector, imports and pruning at once on one database: all finish, the totals are the truth,
//! and what a node logs is committed as soon as otherwise.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use piecewatch_model::{Head, NodeName};
use piecewatch_simulator::{Config, LiveConfig, LiveLog};
use piecewatch_store::{Readers, Store, StoreConfig};
use serde_json::Value;

use crate::{
    program::Bench,
    summary::{Counts, counts_of_summary, counts_of_truth},
};

/// The most that a line may wait longer for its commit than it does otherwise.
const DELAY_MAX: Duration = Duration::from_secs(1);
/// A machine that does other things may take its processors away for that long: then once more.
const TRIES: u32 = 3;
/// How long the lag is measured while nothing else is done.
const QUIET: Duration = Duration::from_secs(2);
/// How long anything may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program of the package beside this one; `cargo test --workspace` builds it.
fn collector() -> Option<PathBuf> {
    let name = format!("piecewatch-collector{}", std::env::consts::EXE_SUFFIX);
    let path = Path::new(env!("CARGO_BIN_EXE_piecewatch")).with_file_name(name);
    let is_there = path.exists();
    if !is_there {
        eprintln!("not tested: {} is not built", path.display());
    }
    is_there.then_some(path)
}

fn follow(bench: &Bench, collector: &Path) -> Child {
    let mut command = Command::new(collector);
    command
        .args(["run", "--db", "n.db", "--node", "attic=live.log"])
        .current_dir(bench.path(""))
        .env("PIECEWATCH_PERFORMANCE_COMMIT_INTERVAL_MS", "100")
        .stdin(Stdio::null())
        .stderr(fs::File::create(bench.path("collector.log")).unwrap());
    command.spawn().unwrap()
}

#[expect(clippy::disallowed_methods, reason = "a lag is a time of this machine")]
fn now() -> Instant {
    Instant::now()
}

/// A node that writes 200 lines a second, and when it has written how many bytes.
struct Node {
    written: Arc<Mutex<Vec<(u64, Instant)>>>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<LiveLog>,
}

impl Node {
    fn start(path: PathBuf) -> Self {
        let written = Arc::<Mutex<Vec<(u64, Instant)>>>::default();
        let stop = Arc::<AtomicBool>::default();
        let of_thread = (Arc::clone(&written), Arc::clone(&stop));
        let mut log = LiveLog::create(Config::default(), LiveConfig::new(path)).unwrap();
        // More than the beginning by which it is known.
        log.write(100).unwrap();
        let thread = thread::spawn(move || {
            let (written, stop) = of_thread;
            while !stop.load(Ordering::Relaxed) {
                log.write(10).unwrap();
                written.lock().unwrap().push((log.bytes(), now()));
                thread::sleep(Duration::from_millis(50));
            }
            log
        });
        Self { written, stop, thread }
    }

    fn stop(self) -> LiveLog {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// Looks how far the log of a node is committed.
struct Watcher {
    readers: Readers,
    node: NodeName,
    /// The beginning of the log; other logs of the node may be there too.
    head: Option<Head>,
}

impl Watcher {
    fn start(bench: &Bench) -> Self {
        let Store { writer, readers } =
            Store::open(&bench.path("n.db"), StoreConfig::default()).unwrap();
        drop(writer);
        let mut watcher = Self { readers, node: "attic".parse().unwrap(), head: None };
        let begin = now();
        while watcher.head.is_none() {
            assert!(begin.elapsed() < PATIENCE, "the collector commits nothing");
            let known = watcher.readers.get().unwrap().sources(&watcher.node).unwrap();
            let read = known.checkpoints.iter().find(|checkpoint| checkpoint.head.len == 4_096);
            watcher.head = read.map(|checkpoint| checkpoint.head);
        }
        watcher
    }

    fn committed(&self) -> u64 {
        let known = self.readers.get().unwrap().sources(&self.node).unwrap();
        let own = known.checkpoints.iter().filter(|stored| Some(stored.head) == self.head);
        own.map(|stored| stored.offset).max().unwrap_or(0)
    }

    /// The longest time from a write to its commit while `goes_on`.
    fn lag(&self, node: &Node, mut goes_on: impl FnMut() -> bool) -> Duration {
        let mut longest = Duration::ZERO;
        node.written.lock().unwrap().clear();
        while goes_on() {
            let (committed, at) = (self.committed(), now());
            node.written.lock().unwrap().retain(|(bytes, written_at)| {
                longest = longest.max(at.saturating_duration_since(*written_at));
                *bytes > committed
            });
            thread::sleep(Duration::from_millis(5));
        }
        longest
    }
}

fn add(into: &mut Counts, truth: &Value) {
    for (key, (count, bytes)) in counts_of_truth(truth) {
        let sum = into.entry(key).or_default();
        (sum.0, sum.1) = (sum.0 + count, sum.1 + bytes);
    }
}

/// The lag of a collector that is alone, and of one beside imports and pruning; the totals are held
/// to the truth.
fn measure(collector: &Path) -> (Duration, Duration) {
    let bench = Bench::new();
    let old = bench.simulate("old.log", 200_000, &["--seed", "7", "--vocabulary", "2025"]);
    let shed = bench.simulate("shed.log", 200_000, &["--seed", "8"]);
    let before = bench.simulate("before.log", 100_000, &["--seed", "9", "--vocabulary", "2025"]);
    // What there is to prune.
    bench.done(["import", "--db", "n.db", "--node", "old", "--keep-raw", "old.log"]);

    let node = Node::start(bench.path("live.log"));
    let mut following = follow(&bench, collector);
    let watcher = Watcher::start(&bench);
    let quiet_since = now();
    let alone = watcher.lag(&node, || quiet_since.elapsed() < QUIET);

    let start = |arguments: &[&str]| {
        let mut command = bench.command(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap()
    };
    let mut beside: Vec<Child> = [
        &["import", "--db", "n.db", "--node", "attic", "before.log"][..],
        &["import", "--db", "n.db", "--node", "shed", "--keep-raw", "shed.log"],
        &["db", "prune", "--db", "n.db"],
    ]
    .map(start)
    .into();
    // The log itself is imported again and again: each time there is something new in it.
    let again = ["import", "--db", "n.db", "--node", "attic", "live.log"];
    let mut importing = start(&again);
    let begin = now();
    let together = watcher.lag(&node, || {
        assert!(begin.elapsed() < PATIENCE, "imports and pruning do not end");
        if let Some(status) = importing.try_wait().unwrap() {
            assert_eq!(status.code(), Some(0));
            importing = start(&again);
        }
        beside.iter_mut().any(|child| child.try_wait().unwrap().is_none())
    });
    beside.push(importing);
    for child in &mut beside {
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }

    let log = node.stop();
    let begin = now();
    while watcher.committed() < log.bytes() {
        assert!(begin.elapsed() < PATIENCE, "not all of the live log is committed");
        thread::sleep(Duration::from_millis(10));
    }
    let id = following.id().to_string();
    assert!(Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success());
    assert_eq!(following.wait().unwrap().code(), Some(0));

    let mut attic = Counts::new();
    add(&mut attic, &before);
    add(&mut attic, &serde_json::from_str(&log.truth().to_json()).unwrap());
    let summary = bench.json(["summary", "--db", "n.db", "--json"]);
    for (name, expected) in
        [("attic", attic), ("old", counts_of_truth(&old)), ("shed", counts_of_truth(&shed))]
    {
        let nodes = summary["nodes"].as_array().unwrap();
        let node = nodes.iter().find(|node| node["node"] == name).unwrap();
        assert_eq!(counts_of_summary(node), expected, "{name}");
    }
    assert!(bench.done(["db", "check", "--db", "n.db"]).starts_with("n.db is sound."));
    (alone, together)
}

#[test]
fn beside_imports_and_pruning_a_collector_is_not_delayed() {
    let Some(collector) = collector() else { return };
    let mut found = Vec::new();
    for _ in 0..TRIES {
        let (alone, together) = measure(&collector);
        eprintln!("lag alone {alone:?}, together {together:?}");
        if together < alone + DELAY_MAX {
            return;
        }
        found.push((alone, together));
    }
    panic!("the lag alone and together: {found:?}");
}
