//! What the benches share: logs to run on, made once and always the same.

use piecewatch_simulator::{Config, Encoding, Simulator, Vocabulary};

/// A simulated log of this many lines, and how many it has.
///
/// # Panics
///
/// Never: writing to memory does not fail.
pub fn log(encoding: Encoding, vocabulary: Vocabulary, lines: u64) -> (Vec<u8>, u64) {
    let mut log = Vec::new();
    let config = Config { seed: 1, encoding, vocabulary, ..Config::default() };
    let truth = Simulator::new(config).write(lines, &mut log).expect("memory takes every write");
    (log, truth.lines)
}
