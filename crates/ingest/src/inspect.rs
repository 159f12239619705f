//! What kind of log something is, told by some of its lines.

use std::{
    collections::BTreeSet,
    fmt,
    io::{BufRead, BufReader, Read},
    path::Path,
};

use piecewatch_model::{Clock, LifecycleEvent, Record, Timestamp};

use crate::{
    Archive, Error, Parsed, Parser, Result,
    archive::SAMPLE_LEN,
    chunk::{LINE_LEN_MAX, LastLine},
    content::Content,
    decode::{Columns, TimeReader, console, docker, journal, json},
};

/// How much of the end of a file is read, in bytes.
const TAIL_LEN: u64 = 1 << 20;

/// How a line is wrapped (docs/LOG-FORMATS.md, Encodings).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Encoding {
    /// What a node writes unless told otherwise.
    Console,
    /// `log.encoding: json`.
    Json,
    /// The files of Docker's json-file driver.
    DockerJson,
    /// `journalctl -o short`.
    JournalShort,
    /// `journalctl -o json`.
    JournalJson,
}

impl Encoding {
    /// The name in kebab-case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Json => "json",
            Self::DockerJson => "docker-json",
            Self::JournalShort => "journal-short",
            Self::JournalJson => "journal-json",
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The words of lines about transfers, as far as they tell how old the node's version is
/// (docs/LOG-FORMATS.md, Versions).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Vocabulary {
    /// Before v1.83: times have milliseconds.
    Milliseconds,
    /// v1.83 to v1.145: times are whole seconds, fields are called `Piece ID`.
    Spaced,
    /// v1.146 and later: fields are called `piece_id`.
    SnakeCase,
}

impl Vocabulary {
    /// The versions that write so.
    pub const fn versions(self) -> &'static str {
        match self {
            Self::Milliseconds => "before v1.83",
            Self::Spaced => "v1.83 to v1.145",
            Self::SnakeCase => "v1.146 and later",
        }
    }
}

impl fmt::Display for Vocabulary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.versions())
    }
}

/// What some lines of a log tell about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inspection {
    /// How many lines were looked at.
    pub lines: u64,
    /// How many of them a node, or what runs it, writes.
    pub understood: u64,
    /// How they are wrapped; one log may mix several.
    pub encodings: BTreeSet<Encoding>,
    /// The words of the last transfer; `None` without one.
    pub vocabulary: Option<Vocabulary>,
    /// The version that the node told last.
    pub version: Option<Box<str>>,
    /// The time of the first line that has one.
    pub first_at: Option<Timestamp>,
    /// The time of the last line that has one.
    pub last_at: Option<Timestamp>,
    /// How many transfers started. Without starts nothing can be said about latencies.
    pub starts: u64,
    /// How many transfers ended.
    pub ends: u64,
}

/// Looks at lines one after the other.
#[derive(Debug, Default)]
pub struct Inspector {
    parser: Parser,
    found: Inspection,
    docker_text: Vec<u8>,
}

impl Inspector {
    /// An inspector that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks at a line, given without its line feed.
    pub fn line(&mut self, line: &[u8]) {
        let line = line.trim_ascii_end();
        if line.is_empty() {
            return;
        }
        let found = &mut self.found;
        found.lines += 1;
        let parsed = self.parser.parse(line);
        match &parsed {
            Parsed::Unparsed(_) => return,
            Parsed::Started(_) => found.starts += 1,
            Parsed::Ended(_) => found.ends += 1,
            Parsed::Record(Record::Lifecycle(lifecycle)) => {
                if let LifecycleEvent::Version(version) = &lifecycle.event {
                    found.version = Some(version.clone());
                }
            }
            Parsed::Record(_)
            | Parsed::Undated(_)
            | Parsed::ToldTwice
            | Parsed::Continuation
            | Parsed::Other => {}
        }
        found.understood += 1;
        found.last_at = self.parser.last_at();
        found.first_at = found.first_at.or(found.last_at);
        let is_transfer = matches!(parsed, Parsed::Started(_) | Parsed::Ended(_));
        let (encoding, vocabulary) = form(line, &mut self.docker_text);
        found.encodings.extend(encoding);
        if is_transfer && vocabulary.is_some() {
            found.vocabulary = vocabulary;
        }
    }

    /// Begins elsewhere in the same log.
    fn leap(&mut self) {
        self.parser.forget();
    }

    /// What was found.
    pub fn found(&self) -> &Inspection {
        &self.found
    }
}

/// Looks at a file: its first mebibytes, and its last one unless it is compressed.
///
/// # Errors
///
/// Those of [`Archive::open`].
pub fn inspect(path: &Path) -> Result<Inspection> {
    Archive::open(path)?;
    let content = Content::open(path)?;
    let mut inspector = Inspector::new();
    let read = |input: Box<dyn Read + Send>, inspector: &mut Inspector| {
        lines(input.take(SAMPLE_LEN), |line| inspector.line(line)).map_err(Error::io("read", path))
    };
    read(content.read_from(0)?, &mut inspector)?;
    let is_plain = content.last_line() == LastLine::Unread;
    let tail_at = content.disk_len()?.saturating_sub(TAIL_LEN);
    if is_plain && tail_at >= SAMPLE_LEN {
        inspector.leap();
        let mut tail = BufReader::new(content.read_from(tail_at)?);
        // It begins within a line.
        tail.skip_until(b'\n').map_err(Error::io("read", path))?;
        read(Box::new(tail), &mut inspector)?;
    }
    Ok(inspector.found)
}

/// Gives each whole line to `take`; what is too long for one, and what may have no end yet, is
/// passed over.
fn lines(input: impl Read, mut take: impl FnMut(&[u8])) -> std::io::Result<()> {
    let mut input = BufReader::with_capacity(1 << 16, input);
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = input.by_ref().take(LINE_LEN_MAX as u64).read_until(b'\n', &mut line)?;
        match line.strip_suffix(b"\n") {
            Some(line) => take(&line[line.iter().take_while(|&&byte| byte == 0).count()..]),
            None if length < LINE_LEN_MAX => return Ok(()),
            None => drop(input.skip_until(b'\n')?),
        }
    }
}

/// How a line is wrapped, and the words in it if it is about a piece.
fn form(line: &[u8], docker_text: &mut Vec<u8>) -> (Option<Encoding>, Option<Vocabulary>) {
    let times = &mut TimeReader::new();
    if let Some(entry) = journal::short(line) {
        return (Some(Encoding::JournalShort), words_of(entry.line, times));
    }
    if line.first() != Some(&b'{') {
        let columns = console::decode(line, times);
        let encoding = columns.is_some().then_some(Encoding::Console);
        return (encoding, columns.as_ref().and_then(words));
    }
    if let Some(columns) = json::decode(line, times) {
        return (Some(Encoding::Json), words(&columns));
    }
    if let Some(entry) = journal::json(line) {
        return (Some(Encoding::JournalJson), words_of(&entry.line, times));
    }
    docker_text.clear();
    match docker::decode(line, docker_text) {
        Some(_) => (Some(Encoding::DockerJson), words_of(docker_text, times)),
        None => (None, None),
    }
}

/// The words of a line that was wrapped in another.
fn words_of(line: &[u8], times: &mut TimeReader) -> Option<Vocabulary> {
    let columns = json::decode(line, times).or_else(|| console::decode(line, times));
    columns.as_ref().and_then(words)
}

fn words(columns: &Columns<'_>) -> Option<Vocabulary> {
    let has = |name: &[u8]| memchr::memmem::find(&columns.members, name).is_some();
    if has(b"\"piece_id\"") {
        Some(Vocabulary::SnakeCase)
    } else if !has(b"\"Piece ID\"") {
        None
    } else if columns.at.is_some_and(|time| time.clock == Clock::LineMillis) {
        Some(Vocabulary::Milliseconds)
    } else {
        Some(Vocabulary::Spaced)
    }
}

#[cfg(test)]
mod tests {
    use piecewatch_simulator::{Config, Encoding as Wrapped, Simulator, Vocabulary as Era};

    use super::*;

    fn log(encoding: Wrapped, vocabulary: Era, lines: u64) -> Vec<u8> {
        let mut log = Vec::new();
        let config = Config { seed: 7, encoding, vocabulary, ..Config::default() };
        Simulator::new(config).write(lines, &mut log).unwrap();
        log
    }

    #[test]
    fn every_encoding_and_every_vocabulary_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.log");
        let mut versions = 0;
        for (wrapped, encoding) in [
            (Wrapped::Console, Encoding::Console),
            (Wrapped::Spaces, Encoding::Console),
            (Wrapped::Json, Encoding::Json),
            (Wrapped::DockerJson, Encoding::DockerJson),
            (Wrapped::JournalShort, Encoding::JournalShort),
            (Wrapped::JournalCat, Encoding::Console),
            (Wrapped::JournalJson, Encoding::JournalJson),
        ] {
            for (era, vocabulary) in [
                (Era::Y2019, Vocabulary::Milliseconds),
                (Era::Y2022, Vocabulary::Milliseconds),
                (Era::Y2023, Vocabulary::Spaced),
                (Era::Y2025, Vocabulary::Spaced),
                (Era::Y2026, Vocabulary::SnakeCase),
            ] {
                std::fs::write(&path, log(wrapped, era, 2_000)).unwrap();
                let found = inspect(&path).unwrap();
                let name = format!("{wrapped} {era}: {found:?}");
                assert!(found.encodings.contains(&encoding), "{name}");
                assert_eq!(found.vocabulary, Some(vocabulary), "{name}");
                assert!(found.ends > 0, "{name}");
                assert!(found.first_at < found.last_at, "{name}");
                // Its updater tells the version every quarter of an hour; 2019 had none.
                versions += usize::from(found.version.is_some());
            }
        }
        assert!(versions > 0);
    }

    #[test]
    fn the_end_of_a_long_file_is_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.log");
        let mut bytes = log(Wrapped::Console, Era::Y2025, 25_000);
        bytes.extend(log(Wrapped::Console, Era::Y2026, 100));
        assert!(bytes.len() as u64 > SAMPLE_LEN + TAIL_LEN, "{}", bytes.len());
        std::fs::write(&path, &bytes).unwrap();
        let found = inspect(&path).unwrap();
        assert_eq!(found.vocabulary, Some(Vocabulary::SnakeCase));
        assert!(found.first_at < Some(Era::Y2025.start().plus_micros(3_600_000_000)), "{found:?}");
        assert!(found.last_at >= Some(Era::Y2026.start()), "{found:?}");
    }
}
