//! `piecewatch serve` as browsers and other programs meet it.

mod doors;
mod ends;
mod running;

use std::fs::OpenOptions;
use std::io::Write;

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
        bench.simulate("whole.log", lines, &[]);
        let whole = bench.read("whole.log");
        let end = whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(written);
        let end = end.map_or(whole.len(), |(at, _)| at + 1);
        bench.write("node.log", &whole[..end]);
        Self { bench, rest: whole[end..].to_vec() }
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

/// The arguments of a server with that node.
pub(crate) const ATTIC: [&str; 4] = ["--db", "nodes.db", "--node", "attic=node.log"];
