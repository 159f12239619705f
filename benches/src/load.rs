//! The logs of many nodes, written live at a rate.

use std::{fs, path::PathBuf, time::Duration};

use anyhow::{Context, Result};
use piecewatch_model::{NodeName, Timestamp};
use piecewatch_simulator::{
    Compression, Config, Encoding, LiveConfig, LiveLog, Mix, Rotation, Truth, Vocabulary, Writes,
};

/// So many bytes begin the logs of all nodes where their first bytes are the same.
const SAME_BYTES: u64 = 4_096;

/// The most lines of a burst that one step writes to a node: the other nodes get theirs in between.
const BURST_STEP: u64 = 5_000;

/// When logs are rotated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Every {
    /// Never.
    Never,
    /// All at once, after so much time.
    Time(Duration),
    /// Each after so many lines.
    Lines(u64),
}

/// Which logs, and what becomes of them.
#[derive(Debug, Clone)]
pub struct LoadConfig {
    /// Where the logs are.
    pub folder: PathBuf,
    /// The nodes; each has its log in a file of its name.
    pub names: Vec<NodeName>,
    /// The seed of the first node; each further one has the next.
    pub seed: u64,
    /// How many lines a second each node writes.
    pub lines_per_second: f64,
    /// How lines are wrapped.
    pub encoding: Encoding,
    /// The words of the logs.
    pub vocabulary: Vocabulary,
    /// What happens besides transfers that go well.
    pub mix: Mix,
    /// When the logs begin.
    pub start: Timestamp,
    /// How logs are rotated: the first node by the first, and so on, all over again.
    pub rotations: Vec<Rotation>,
    /// When they are rotated.
    pub every: Every,
    /// When rotated files are compressed.
    pub compression: Compression,
    /// How many rotated files are kept; `None` for all.
    pub keep: Option<usize>,
    /// In what parts lines reach the files.
    pub writes: Writes,
    /// Whether all logs begin with the same 4 KiB.
    pub same_first_bytes: bool,
}

/// Nodes that are not there, at work.
#[derive(Debug)]
pub struct Load {
    nodes: Vec<Node>,
    folder: PathBuf,
    lines_per_second: f64,
    every: Every,
    since_rotation: Duration,
}

#[derive(Debug)]
struct Node {
    name: NodeName,
    log: LiveLog,
    /// Lines that are due, with the part of the next one.
    due: f64,
    burst: u64,
    /// The lines at the last rotation.
    rotated_at: u64,
}

impl Load {
    /// Begins the logs.
    ///
    /// # Errors
    ///
    /// When a file cannot be written.
    pub fn create(config: &LoadConfig) -> Result<Self> {
        let count = config.names.len().max(1) as f64;
        let mut nodes = Vec::with_capacity(config.names.len());
        for (at, name) in config.names.iter().enumerate() {
            let rotation = config.rotations.get(at % config.rotations.len().max(1));
            nodes.push(Node {
                name: name.clone(),
                log: begin(config, at as u64, name, rotation.copied())?,
                // Nodes do not write all at the same moment.
                due: at as f64 / count,
                burst: 0,
                rotated_at: 0,
            });
        }
        Ok(Self {
            nodes,
            folder: config.folder.clone(),
            lines_per_second: config.lines_per_second,
            every: config.every,
            since_rotation: Duration::ZERO,
        })
    }

    /// The nodes and what to follow of each.
    pub fn sources(&self) -> Vec<(NodeName, PathBuf)> {
        self.nodes.iter().map(|node| (node.name.clone(), node.log.source())).collect()
    }

    /// The truth of each node.
    pub fn truths(&self) -> impl Iterator<Item = (&NodeName, &Truth)> {
        self.nodes.iter().map(|node| (&node.name, node.log.truth()))
    }

    /// How many lines were written in all.
    pub fn lines(&self) -> u64 {
        self.truths().map(|(_, truth)| truth.lines).sum()
    }

    /// From here on each node writes so many lines a second.
    pub const fn set_rate(&mut self, lines_per_second: f64) {
        self.lines_per_second = lines_per_second;
    }

    /// One node has so many lines more to write as fast as it can.
    pub fn burst(&mut self, node: usize, lines: u64) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.burst += lines;
        }
    }

    /// Writes what is due after so much more time, and tells of each node that wrote.
    ///
    /// # Errors
    ///
    /// When a file cannot be written or rotated.
    pub fn advance(&mut self, time: Duration, mut wrote: impl FnMut(usize, &Truth)) -> Result<()> {
        for (at, node) in self.nodes.iter_mut().enumerate() {
            node.due += self.lines_per_second * time.as_secs_f64();
            let burst = node.burst.min(BURST_STEP);
            let lines = node.due.max(0.0) as u64 + burst;
            if lines == 0 {
                continue;
            }
            let before = node.log.truth().lines;
            node.log.write(lines)?;
            node.burst -= burst;
            // A split line is several.
            node.due -= (node.log.truth().lines - before - burst) as f64;
            wrote(at, node.log.truth());
        }
        self.rotate_if_due(time)
    }

    fn rotate_if_due(&mut self, time: Duration) -> Result<()> {
        match self.every {
            Every::Never => {}
            Every::Time(every) => {
                self.since_rotation += time;
                if self.since_rotation >= every {
                    self.since_rotation = Duration::ZERO;
                    for node in &mut self.nodes {
                        node.log.rotate()?;
                    }
                }
            }
            Every::Lines(every) => {
                for node in &mut self.nodes {
                    let lines = node.log.truth().lines;
                    if lines - node.rotated_at >= every {
                        node.rotated_at = lines;
                        node.log.rotate()?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes the rest of half lines.
    ///
    /// # Errors
    ///
    /// When a file cannot be written.
    pub fn flush(&mut self) -> Result<()> {
        self.nodes.iter_mut().try_for_each(|node| Ok(node.log.flush()?))
    }

    /// Writes the truth of each node to `NAME.truth.json`.
    ///
    /// # Errors
    ///
    /// When a file cannot be written.
    pub fn write_truths(&self) -> Result<()> {
        for (name, truth) in self.truths() {
            let path = self.folder.join(format!("{name}.truth.json"));
            fs::write(&path, truth.to_json()).with_context(|| path.display().to_string())?;
        }
        Ok(())
    }
}

fn begin(
    config: &LoadConfig,
    number: u64,
    name: &NodeName,
    rotation: Option<Rotation>,
) -> Result<LiveLog> {
    let seed = config.seed.wrapping_add(number);
    let simulated = Config {
        seed: if config.same_first_bytes { config.seed } else { seed },
        encoding: config.encoding,
        vocabulary: config.vocabulary,
        mix: config.mix,
        start: Some(config.start),
        // About half of the lines are starts: so the log's own time runs like the real one.
        transfers_per_second: config.lines_per_second / 2.0,
        ..Config::default()
    };
    let live = LiveConfig {
        path: config.folder.join(format!("{name}.log")),
        rotation: rotation.unwrap_or(Rotation::Rename),
        compression: config.compression,
        keep: config.keep,
        writes: config.writes,
    };
    let mut log = LiveLog::create(simulated, live)?;
    if config.same_first_bytes {
        while log.bytes() < SAME_BYTES {
            log.write(1)?;
        }
        log.reseed(seed);
    }
    Ok(log)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(folder: &tempfile::TempDir, change: impl FnOnce(&mut LoadConfig)) -> Load {
        let mut config = LoadConfig {
            folder: folder.path().to_owned(),
            names: ["a", "b"].map(|name| name.parse().unwrap()).into(),
            seed: 1,
            lines_per_second: 50.0,
            encoding: Encoding::Console,
            vocabulary: Vocabulary::Y2026,
            mix: Mix::Realistic,
            start: Vocabulary::Y2026.start(),
            rotations: vec![Rotation::Rename, Rotation::Dated],
            every: Every::Never,
            compression: Compression::Never,
            keep: None,
            writes: Writes::Lines,
            same_first_bytes: false,
        };
        change(&mut config);
        Load::create(&config).unwrap()
    }

    fn advance(load: &mut Load, seconds: u32) {
        for _ in 0..seconds * 100 {
            load.advance(Duration::from_millis(10), |_, _| {}).unwrap();
        }
    }

    #[test]
    fn each_node_writes_at_the_rate() {
        let folder = tempfile::tempdir().unwrap();
        let mut load = load(&folder, |_| {});
        advance(&mut load, 2);
        load.set_rate(10.0);
        advance(&mut load, 1);
        for (name, truth) in load.truths() {
            assert!((109..=111).contains(&truth.lines), "{name}: {}", truth.lines);
        }
        load.write_truths().unwrap();
        let truth = fs::read_to_string(folder.path().join("b.truth.json")).unwrap();
        let lines = load.truths().nth(1).unwrap().1.lines;
        assert!(truth.contains(&format!("\"lines\": {lines},")));
    }

    #[test]
    fn a_burst_comes_in_steps_beside_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let mut load = load(&folder, |_| {});
        load.burst(1, 12_000);
        let mut told = Vec::new();
        for _ in 0..3 {
            let wrote = |node, truth: &Truth| told.push((node, truth.lines));
            load.advance(Duration::from_millis(20), wrote).unwrap();
        }
        let lines = |told: &[(usize, u64)], node| {
            told.iter().filter(|wrote| wrote.0 == node).map(|wrote| wrote.1).collect::<Vec<_>>()
        };
        assert_eq!(lines(&told, 0), [1, 2, 3]);
        let burst = lines(&told, 1);
        assert!(burst[0] < 5_010 && (12_003..12_005).contains(&burst[2]), "{burst:?}");
    }

    #[test]
    fn logs_are_rotated_each_in_its_way() {
        let folder = tempfile::tempdir().unwrap();
        let mut load = load(&folder, |config| config.every = Every::Time(Duration::from_secs(1)));
        advance(&mut load, 2);
        for name in ["a.log", "a.log.2", "b-20260819.log", "b-20260821.log"] {
            assert!(folder.path().join(name).exists(), "{name}");
        }
        let sources: Vec<_> = load.sources().into_iter().map(|(_, path)| path).collect();
        assert_eq!(sources, [folder.path().join("a.log"), folder.path().join("b-*.log")]);
    }

    #[test]
    fn logs_may_begin_with_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let mut load = load(&folder, |config| {
            config.same_first_bytes = true;
            config.rotations = vec![Rotation::Rename];
        });
        advance(&mut load, 2);
        let [a, b] = ["a.log", "b.log"].map(|name| fs::read(folder.path().join(name)).unwrap());
        assert!(a[..4_096] == b[..4_096] && a != b);
    }
}
