//! The node and its log, joined.

use std::io::{self, Write};

use piecewatch_model::{ByteCount, DailyBandwidth, Timestamp};

use crate::{
    Config, Encoding, Truth,
    log::Log,
    node::{self, Node},
    truth::Clocks,
};

/// A node that is not there, writing its log.
#[derive(Debug, Clone)]
pub struct Simulator {
    node: Node,
    log: Log,
    truth: Truth,
    clocks: Clocks,
}

impl Simulator {
    /// How many satellites the node of a log serves.
    pub const SATELLITES: usize = node::SATELLITES.len();

    /// A node at the beginning of its log.
    pub fn new(config: Config) -> Self {
        let grain_micros = config.vocabulary.eras()[0].grain_micros();
        let has_arrival = matches!(config.encoding, Encoding::DockerJson | Encoding::JournalJson);
        Self {
            log: Log::new(&config),
            clocks: Clocks { grain_micros, has_arrival },
            node: Node::new(config),
            truth: Truth::default(),
        }
    }

    /// Appends the next line with its newline, and counts it. A line that Docker or journald
    /// splits is appended with all of its parts.
    pub fn next_line(&mut self, out: &mut Vec<u8>) {
        let told = self.node.next_told();
        let written = self.log.write(&told, out);
        self.truth.nul_bytes += written.nul_bytes;
        self.truth.book(told.kind, told.stamp, written.lines, self.clocks);
    }

    /// Writes lines until there are `lines` more, or some more than that when the last one is
    /// split, and gives the totals of everything since the beginning.
    ///
    /// # Errors
    ///
    /// Those of `out`. What was not written is then counted all the same.
    pub fn write(&mut self, lines: u64, out: &mut impl Write) -> io::Result<Truth> {
        const CHUNK: usize = 64 * 1024;
        let end = self.truth.lines.saturating_add(lines);
        let mut buffer = Vec::with_capacity(CHUNK + 8 * 1024);
        while self.truth.lines < end {
            self.next_line(&mut buffer);
            if buffer.len() >= CHUNK {
                out.write_all(&buffer)?;
                buffer.clear();
            }
        }
        out.write_all(&buffer)?;
        Ok(self.truth.clone())
    }

    /// Draws everything that is not planned yet from another seed: so two logs begin with the same
    /// bytes and go on differently.
    pub fn reseed(&mut self, seed: u64) {
        self.node.reseed(seed);
        self.log.reseed(seed);
    }

    /// The node is so busy from here on, in transfers a second on average; what has begun ends as it
    /// was drawn.
    pub fn set_transfers_per_second(&mut self, rate: f64) {
        self.node.set_transfers_per_second(rate);
    }

    /// The node's process ends in one of the usual ways and begins again: the next lines tell of it,
    /// and what was open has no end.
    pub fn restart(&mut self) {
        self.node.restart();
    }

    /// What the node has booked for its satellites so far, by UTC day, then satellite: of each
    /// download the amount of the largest order that was signed, whatever became of it, and of each
    /// upload what was received. Actions that nobody knows are not booked, nor what was open when
    /// the node restarted.
    pub fn booked(&self) -> Vec<DailyBandwidth> {
        self.node.booked()
    }

    /// What time it is for the node: that of its last line, or a little later.
    pub const fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.node.now())
    }

    /// What the node has left for pieces, as the starts of its transfers tell.
    pub fn available(&self) -> ByteCount {
        ByteCount::new(self.node.space().max(0).unsigned_abs())
    }

    /// The totals of what was written so far.
    pub const fn truth(&self) -> &Truth {
        &self.truth
    }
}
