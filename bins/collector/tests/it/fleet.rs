//! Nodes that write their logs on threads of their own, each in another way, while somebody reads.

use std::{
    ops::RangeInclusive,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use piecewatch_model::{NodeName, Timestamp};
use piecewatch_simulator::{
    Compression, Config, Encoding, LiveConfig, LiveLog, Rotation, Vocabulary, Writes,
};

/// The same beginning is as long as this: more than the beginning by which a log is known, which is
/// 4 KiB.
const SAME_BYTES: u64 = 6_000;
/// How long a node waits between two writes, in milliseconds.
const PAUSE_MS: RangeInclusive<u64> = 2..=40;
/// How many lines it writes at once. More than a panic has: of a file that holds nothing else nobody
/// could tell that it is a log.
const LINES: RangeInclusive<u64> = 10..=20;
/// Of so many writes one is followed by a rotation: in every other fleet files are so short that two
/// begin in one second.
const WRITES_BETWEEN_ROTATIONS: [u32; 2] = [25, 5];
/// Of so many writes one is followed by a restart of the node.
const WRITES_BETWEEN_RESTARTS: u32 = 100;

/// Four nodes that write.
pub(crate) struct Fleet {
    nodes: Vec<Writing>,
    stop: Arc<AtomicBool>,
}

struct Writing {
    name: NodeName,
    manner: String,
    source: String,
    thread: JoinHandle<LiveLog>,
}

/// A node that has written all it will.
pub(crate) struct Written {
    pub(crate) name: NodeName,
    /// How it wrote, for people.
    pub(crate) manner: String,
    pub(crate) log: LiveLog,
}

/// Each of the 18 pairs of a rotation and a compression, neighbours with different rotations.
fn pair(number: usize) -> (Rotation, Compression) {
    let (rotation, round) = (number % Rotation::ALL.len(), number / Rotation::ALL.len());
    let compression = (rotation + round) % Compression::ALL.len();
    (Rotation::ALL[rotation], Compression::ALL[compression])
}

impl Fleet {
    /// Begins to write below a folder. Another number gives other pairs of rotation and compression,
    /// another seed other lines at other times.
    pub(crate) fn start(folder: &Path, number: usize, seed: u64) -> Self {
        let stop = Arc::<AtomicBool>::default();
        let between_rotations = WRITES_BETWEEN_ROTATIONS[number % WRITES_BETWEEN_ROTATIONS.len()];
        let node = |at: usize| {
            let (rotation, compression) = pair(4 * number + at);
            // The third begins with the same bytes as the second.
            let (log_seed, vocabulary, encoding, writes) = match at {
                0 => (seed, Vocabulary::Y2023, Encoding::Console, Writes::Lines),
                1 => (seed + 1, Vocabulary::Mixed, Encoding::DockerJson, Writes::Halves),
                2 => (seed + 1, Vocabulary::Mixed, Encoding::DockerJson, Writes::Lines),
                _ => (seed + 3, Vocabulary::Y2025, Encoding::JournalJson, Writes::Chunks),
            };
            let path = folder.join(format!("n{at}.log"));
            let live = LiveConfig { rotation, compression, writes, ..LiveConfig::new(path) };
            let simulated = Config {
                seed: log_seed,
                vocabulary,
                encoding,
                start: Some(six_hours_ago()),
                ..Config::default()
            };
            let log = LiveLog::create(simulated, live).unwrap();
            let source = log.source().to_string_lossy().into_owned();
            let (stop, random) = (Arc::clone(&stop), fastrand::Rng::with_seed(seed + at as u64));
            Writing {
                name: format!("n{at}").parse().unwrap(),
                manner: format!("{rotation}, {compression}, {vocabulary}, {encoding}, {writes:?}"),
                source,
                thread: thread::spawn(move || write(log, random, between_rotations, &stop)),
            }
        };
        Self { nodes: (0..4).map(node).collect(), stop }
    }

    /// What a collector is told to follow them.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let node = |node: &Writing| ["--node".to_owned(), format!("{}={}", node.name, node.source)];
        self.nodes.iter().flat_map(node).collect()
    }

    /// Ends the writing, at the end of a line.
    pub(crate) fn stop(mut self) -> Vec<Written> {
        self.stop.store(true, Ordering::Relaxed);
        let ended = |node: Writing| Written {
            name: node.name,
            manner: node.manner,
            log: node.thread.join().unwrap(),
        };
        std::mem::take(&mut self.nodes).into_iter().map(ended).collect()
    }
}

impl Drop for Fleet {
    /// When a test fails: nobody writes into a folder that is gone.
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for node in std::mem::take(&mut self.nodes) {
            let _ = node.thread.join();
        }
    }
}

fn write(
    mut log: LiveLog,
    mut random: fastrand::Rng,
    between_rotations: u32,
    stop: &AtomicBool,
) -> LiveLog {
    while log.bytes() < SAME_BYTES {
        log.write(1).unwrap();
    }
    log.reseed(random.u64(..));
    while !stop.load(Ordering::Relaxed) {
        log.write(random.u64(LINES)).unwrap();
        if random.u32(..between_rotations) == 0 {
            log.rotate().unwrap();
        }
        if random.u32(..WRITES_BETWEEN_RESTARTS) == 0 {
            log.restart();
        }
        thread::sleep(Duration::from_millis(random.u64(PAUSE_MS)));
    }
    log.write(1).unwrap();
    log.flush().unwrap();
    log
}

/// Everything that is written is young enough to be kept, and nothing is from the future.
fn six_hours_ago() -> Timestamp {
    now().plus_micros(-6 * 3_600_000_000)
}

#[expect(clippy::disallowed_methods, reason = "a log that is kept is of the time of this machine")]
pub(crate) fn now() -> Timestamp {
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_seconds(since_1970.as_secs() as i64)
}
