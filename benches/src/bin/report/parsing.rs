//! Lines to what they say, beside the bare search for line ends in the same bytes.

use std::hint::black_box;

use anyhow::Result;
use memchr::memchr_iter;
use piecewatch_benches::clock::Stopwatch;
use piecewatch_ingest::{Parsed, Parser};
use piecewatch_simulator::{Encoding, Vocabulary};

use crate::Run;

/// The forms of a log that are measured, by name.
pub(crate) const FORMS: [(&str, Encoding, Vocabulary); 5] = [
    ("console-2026", Encoding::Console, Vocabulary::Y2026),
    ("console-2025", Encoding::Console, Vocabulary::Y2025),
    ("console-2022", Encoding::Console, Vocabulary::Y2022),
    ("json-2026", Encoding::Json, Vocabulary::Y2026),
    ("docker-json-2026", Encoding::DockerJson, Vocabulary::Y2026),
];

const LINES: u64 = 200_000;
/// The search takes a few milliseconds: as many times over as make a time that can be measured.
const SCANS: u32 = 5;

/// Parses each form and searches it, in turns.
pub(crate) fn measure(run: &mut Run) -> Result<()> {
    let logs: Vec<_> = FORMS
        .map(|(name, encoding, vocabulary)| {
            (name, piecewatch_benches::log(encoding, vocabulary, LINES))
        })
        .into();
    let mut parser = Parser::new();
    for _ in 0..run.rounds {
        for (name, (log, lines)) in &logs {
            let watch = Stopwatch::start();
            for _ in 0..SCANS {
                black_box(memchr_iter(b'\n', black_box(log)).fold(0, |sum, end| sum ^ end));
            }
            let scan = watch.processor().as_secs_f64() / f64::from(SCANS);
            let watch = Stopwatch::start();
            black_box(parse(&mut parser, log));
            let parse = watch.processor().as_secs_f64();
            let count = *lines as f64;
            run.push(&format!("parse {name}"), "ns/line", parse * 1e9 / count);
            run.push(&format!("scan {name}"), "ns/line", scan * 1e9 / count);
            run.push(&format!("parse rate {name}"), "lines/s", count / parse);
            run.push(&format!("parse bytes {name}"), "bytes/s", log.len() as f64 / parse);
            run.push(&format!("parse/scan {name}"), "ratio", parse / scan);
        }
    }
    Ok(())
}

/// Parses every line; gives how many transfers ended.
pub(crate) fn parse(parser: &mut Parser, log: &[u8]) -> u64 {
    let mut transfers = 0;
    let mut begin = 0;
    for end in memchr_iter(b'\n', log) {
        let parsed = parser.parse(black_box(&log[begin..end]));
        transfers += u64::from(matches!(parsed, Parsed::Ended(_)));
        begin = end + 1;
    }
    transfers
}
