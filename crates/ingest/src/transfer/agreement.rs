//! The two ways to read a transfer, held against each other on every line there is.

use std::{fs, path::Path};

use piecewatch_model::Clock;
use piecewatch_simulator::{Config, Encoding, LongLines, Simulator, Vocabulary};

use super::*;
use crate::decode::{TimeReader, console, docker, journal, json};

/// How many lines about transfers were read.
#[derive(Debug, Default)]
struct Compared {
    /// Both ways.
    both: u64,
    /// Only the slow way: all of them list the causes of an error that has several.
    slow_only: u64,
}

impl Compared {
    /// Reads the line both ways, if it is about a transfer.
    fn line(&mut self, line: &[u8]) {
        let mut text = Vec::new();
        let line = match line.first() {
            Some(b'{') if line.starts_with(docker::BEGINNING) => {
                let entry = docker::decode(line, &mut text).unwrap();
                if entry.is_fragment { return } else { &text }
            }
            Some(b'{') => match journal::json(line) {
                Some(entry) => {
                    text = entry.line;
                    &text
                }
                None => line,
            },
            Some(_) | None => journal::short(line).map_or(line, |entry| entry.line),
        };
        let mut times = TimeReader::new();
        let columns = match line.first() {
            Some(b'{') => json::decode(line, &mut times),
            Some(_) | None => console::decode(line, &mut times),
        };
        if let Some(columns) = columns
            && is_transfer_logger(&columns.logger)
            && let Some(message) = Message::from_text(&columns.message)
        {
            self.columns(message, &columns);
        }
    }

    fn columns(&mut self, message: Message, columns: &Columns<'_>) {
        let members = &columns.members;
        let fast = fields::whole(members, &mut SatelliteMemo::default());
        let slow = Payload::from_members(members)
            .map(|payload| fields::from_payload(&payload, &mut SatelliteMemo::default()));
        let slow = slow.unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(members)));
        match fast {
            Some(fast) => {
                assert_eq!(fast, slow, "{}", String::from_utf8_lossy(members));
                self.both += 1;
            }
            None => {
                let text = String::from_utf8_lossy(members);
                assert!(text.contains("\"errorCauses\""), "only the slow way can read {text}");
                self.slow_only += 1;
            }
        }
        // With the slow way alone, the line says the same.
        let at = Timestamp::from_micros(1);
        let stamp = Stamp { micros: 2, clock: Clock::DockerNanos };
        let parsed = parse(message, columns, stamp, at, &mut Memory::default());
        let line = Line { message, level: columns.level, stamp, at };
        assert_eq!(parsed, Some(said(line, slow, &mut FailureMemo::default())));
    }

    fn lines(&mut self, log: &[u8]) {
        log.split(|&byte| byte == b'\n').for_each(|line| self.line(line));
    }
}

#[test]
fn both_ways_agree_on_every_transfer_of_the_fixtures() {
    let mut compared = Compared::default();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "log") {
            compared.lines(&fs::read(path).unwrap());
        }
    }
    assert!(compared.both > 200, "{compared:?}");
    assert_eq!(compared.slow_only, 0, "a fixture has no such error");
}

#[test]
fn both_ways_agree_on_simulated_transfers_of_every_encoding_and_vocabulary() {
    for encoding in Encoding::ALL {
        for vocabulary in Vocabulary::ALL {
            let config = Config {
                seed: 11,
                encoding,
                vocabulary,
                long_lines: LongLines::Never,
                ..Config::default()
            };
            let mut log = Vec::new();
            let truth = Simulator::new(config).write(3_000, &mut log).unwrap();
            let mut compared = Compared::default();
            compared.lines(&log);
            let expected = truth.transfers_total().count + truth.started + truth.rejected;
            let name = format!("{encoding} {vocabulary}: {compared:?}");
            assert!(compared.both + compared.slow_only >= expected, "{name} of {expected}");
            assert!(
                compared.slow_only * 100 < compared.both,
                "{name}: the fast way is the usual one"
            );
        }
    }
}
