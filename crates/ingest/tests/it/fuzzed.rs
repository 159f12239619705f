//! Any bytes at all may be in a log: nothing panics, and every line is counted.

use std::{fs, path::Path};

use piecewatch_ingest::{Error, FileReport, Parser, Status};
use piecewatch_model::LineCounts;
use proptest::prelude::*;

use crate::reading::{Taken, fixture};

/// All lines of the fixtures.
fn lines() -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    for entry in fs::read_dir(fixture("")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "log") {
            let text = fs::read(path).unwrap();
            lines.extend(text.split(|&byte| byte == b'\n').map(<[u8]>::to_vec));
        }
    }
    lines
}

/// A change to a line, by numbers that stand for places in it.
#[derive(Debug, Clone)]
enum Damage {
    Flip(usize, u8),
    Truncate(usize),
    Splice(usize, usize, usize),
    Drop(usize, usize),
    Repeat(usize, usize),
    Swap,
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        (any::<usize>(), 0..8_u8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        any::<usize>().prop_map(Damage::Truncate),
        (any::<usize>(), any::<usize>(), any::<usize>())
            .prop_map(|(at, other, from)| Damage::Splice(at, other, from)),
        (any::<usize>(), 1..40_usize).prop_map(|(at, length)| Damage::Drop(at, length)),
        (any::<usize>(), 1..40_usize).prop_map(|(at, length)| Damage::Repeat(at, length)),
        Just(Damage::Swap),
    ]
}

fn damaged(mut line: Vec<u8>, damages: &[Damage], lines: &[Vec<u8>]) -> Vec<u8> {
    for damage in damages {
        let length = line.len();
        let place = |at: usize| at % (length + 1);
        match *damage {
            Damage::Flip(at, bit) if length > 0 => line[at % length] ^= 1 << bit,
            Damage::Flip(..) => {}
            Damage::Truncate(at) => line.truncate(place(at)),
            Damage::Splice(at, other, from) => {
                let other = &lines[other % lines.len()];
                line.truncate(place(at));
                line.extend_from_slice(&other[from % (other.len() + 1)..]);
            }
            Damage::Drop(at, count) => {
                let at = place(at);
                line.drain(at..(at + count).min(length));
            }
            Damage::Repeat(at, count) => {
                let at = place(at);
                let part = line[at..(at + count).min(length)].to_vec();
                line.splice(at..at, part);
            }
            // The payload in front of the rest: another order of everything.
            Damage::Swap => {
                if let Some(brace) = line.iter().position(|&byte| byte == b'{') {
                    line.rotate_left(brace);
                }
            }
        }
    }
    line
}

/// Imports bytes twice: each line is counted once, and the second time nothing is new.
fn check_counts(bytes: &[u8]) {
    let mut taken = Taken::default();
    let report = match taken.stream(bytes) {
        Ok(report) => report,
        Err(Error::NotALog { .. } | Error::Empty { .. } | Error::Encoding { .. }) => return,
        // A broken archive, by chance or by the hand of the fuzzer.
        Err(Error::Io { .. }) => return,
        Err(error) => panic!("{error}"),
    };
    if !bytes.starts_with(&[0x1f, 0x8b]) && !bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        let read = &bytes[..bytes.len() - usize::try_from(report.unread_bytes).unwrap()];
        let ends = read.iter().filter(|&&byte| byte == b'\n').count() as u64;
        assert_eq!(taken.counts.lines(), ends);
    }
    if !taken.checkpoints.is_empty() {
        taken.counts = LineCounts::default();
        let FileReport { status, .. } = taken.stream(bytes).unwrap();
        assert_eq!(status, Status::AlreadyImported);
        assert_eq!(taken.counts, LineCounts::default());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_bytes_are_a_line(lines in prop::collection::vec(any::<Vec<u8>>(), 0..4)) {
        let mut parser = Parser::new();
        for line in lines {
            let _ = parser.parse(&line);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damaged_lines_are_read_or_refused(
        damages in prop::collection::vec(prop::collection::vec(damage(), 1..5), 32),
        first: usize,
    ) {
        let lines = lines();
        let mut parser = Parser::new();
        for (at, damages) in damages.iter().enumerate() {
            let line = lines[first.wrapping_add(at * 7) % lines.len()].clone();
            let _ = parser.parse(&damaged(line, damages, &lines));
        }
    }

    #[test]
    fn every_line_of_a_damaged_log_is_counted_once(
        damages in prop::collection::vec(prop::collection::vec(damage(), 0..3), 1..24),
        first: usize,
    ) {
        let lines = lines();
        let mut log = Vec::new();
        for (at, damages) in damages.iter().enumerate() {
            let line = lines[first.wrapping_add(at) % lines.len()].clone();
            log.extend(damaged(line, damages, &lines));
            log.push(b'\n');
        }
        log.pop();
        check_counts(&log);
    }

    #[test]
    fn every_line_of_any_bytes_is_counted_once(bytes: Vec<u8>, tail in "[{}\"\\\\n\r\n\0 -~]{0,200}") {
        let mut log = lines()[0].clone();
        log.extend([b"\n", &bytes[..], tail.as_bytes()].concat());
        check_counts(&log);
    }
}

/// What coverage-guided fuzzing found worth keeping runs through again.
#[test]
fn the_kept_corpus_is_read_or_refused() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let inputs = |target: &str| {
        let entries = fs::read_dir(corpus.join(target)).unwrap();
        entries.map(|entry| fs::read(entry.unwrap().path()).unwrap())
    };
    let mut count = 0;
    for input in inputs("line") {
        let mut parser = Parser::new();
        for line in input.split(|&byte| byte == b'\n') {
            let _ = parser.parse(line);
        }
        count += 1;
    }
    for input in inputs("stream") {
        check_counts(&input);
        count += 1;
    }
    assert!(count > 100, "{count} inputs are left of the corpus");
}
