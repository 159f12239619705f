//! `piecewatch serve` as browsers and other programs meet it.

mod checkers;
mod closes;
mod doors;
mod ends;
mod page;
mod running;
mod slow;
mod watching;

use std::{
    fs::OpenOptions,
    io::Write,
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use piecewatch_model::Timestamp;
use piecewatch_simulator::{Config, Simulator};

use crate::program::Bench;

/// A folder with the log of a node, of which the first part is written.
pub(crate) struct Logged {
    pub(crate) bench: Bench,
    rest: Vec<u8>,
}

impl Logged {
    /// So many lines of which `written` are there already.
    pub(crate) fn new(lines: u64, written: usize) -> Self {
        let bench = Bench::new();
        let mut whole = Vec::new();
        let start = Some(just_now());
        let config = Config { start, transfers_per_second: 1_000.0, ..Config::default() };
        Simulator::new(config).write(lines, &mut whole).unwrap();
        let end = whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(written);
        let end = end.map_or(whole.len(), |(at, _)| at + 1);
        bench.write("node.log", &whole[..end]);
        Self { bench, rest: whole[end..].to_vec() }
    }

    /// How many transfers the lines that are written tell the end of.
    pub(crate) fn ended(&self) -> u64 {
        const ENDS: [&str; 6] = [
            "downloaded",
            "uploaded",
            "download canceled",
            "upload canceled",
            "upload failed",
            "download failed",
        ];
        let written = self.bench.read("node.log");
        let is_end = |line: &&[u8]| {
            let text = String::from_utf8_lossy(line);
            text.split('\t').any(|part| ENDS.contains(&part))
        };
        written.split(|byte| *byte == b'\n').filter(is_end).count() as u64
    }

    /// Writes so many lines more.
    pub(crate) fn write(&mut self, lines: usize) {
        let end = self.rest.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(lines - 1);
        let end = end.map_or(self.rest.len(), |(at, _)| at + 1);
        let written: Vec<u8> = self.rest.drain(..end).collect();
        let path = self.bench.path("node.log");
        OpenOptions::new().append(true).open(path).unwrap().write_all(&written).unwrap();
    }
}

/// Some seconds ago, and today: what browsers see first is what was done since midnight.
fn just_now() -> Timestamp {
    const SECONDS: i64 = 10;
    let now = || {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        i64::try_from(since_1970.as_secs()).unwrap()
    };
    while now().rem_euclid(86_400) < SECONDS {
        thread::sleep(Duration::from_secs(1));
    }
    Timestamp::from_seconds(now() - SECONDS)
}

/// The arguments of a server with that node.
pub(crate) const ATTIC: [&str; 4] = ["--db", "nodes.db", "--node", "attic=node.log"];
