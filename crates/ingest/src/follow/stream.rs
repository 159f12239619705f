//! A log that somebody sends: what a command prints, or another host.

use std::{io, sync::Arc, time::Duration};

use crossbeam_channel::{never, select};
use memchr::{memchr, memchr_iter, memmem};
use piecewatch_model::{Batch, Checkpoint, Clock, Head, LineCounts};

use super::{
    Control, FollowConfig, Noticing, Source, State,
    arrival::Arrival,
    connection::{Connection, Stderr},
    cursor::{self, Reached, Replay},
    pace::Pace,
};
use crate::{
    Flow, Parser,
    assembler::{Batcher, ParsedChunk},
    chunk::LINE_LEN_MAX,
    decode::LineTime,
    import::Import,
    pipeline,
};

/// How long to wait after the first failure; twice as long after each further one.
const RETRY_MIN: Duration = Duration::from_secs(1);
/// The longest time to wait.
const RETRY_MAX: Duration = Duration::from_secs(60);

/// Follows one stream through all of its interruptions.
pub(super) struct StreamFollower<'a, S> {
    config: &'a FollowConfig,
    control: &'a Control,
    import: Import,
    parser: Parser,
    pace: Pace,
    /// How far the stream was taken; nothing of it is stored at an offset of 0.
    place: Checkpoint,
    batcher: Batcher,
    /// The beginning of a line of which the rest is awaited.
    rest: Vec<u8>,
    /// Whether the rest of a line that is too long is passed over.
    is_skipping: bool,
    sink: S,
}

impl<'a, S: FnMut(Vec<Batch>) -> Flow> StreamFollower<'a, S> {
    pub(super) fn new(
        config: &'a FollowConfig,
        checkpoints: &[Checkpoint],
        import: Import,
        control: &'a Control,
        sink: S,
    ) -> Self {
        let name: Arc<str> = config.source.to_string().into();
        let head = Head::of_stream(&name);
        let stored = checkpoints.iter().rfind(|checkpoint| checkpoint.head == head).cloned();
        let batcher = import.batcher(name, stored.as_ref());
        Self {
            config,
            control,
            parser: pipeline::new_parser(config.countries.as_ref()),
            import,
            pace: Pace::new(config.batch_interval),
            place: stored.unwrap_or_else(|| Checkpoint::of_stream(head, 0, None)),
            batcher,
            rest: Vec::new(),
            is_skipping: false,
            sink,
        }
    }

    /// Follows until it is to stop.
    pub(super) fn run(mut self) {
        let mut retry = RETRY_MIN;
        while !self.control.is_stopped() {
            let before = self.place.offset;
            let reason = match self.connect() {
                Ok(connection) => match self.read(connection) {
                    Ok(reason) => reason,
                    Err(Stopped) => return,
                },
                Err(error) => error.to_string(),
            };
            if self.place.offset > before {
                retry = RETRY_MIN;
            }
            let (node, source) = (&self.config.node, &self.config.source);
            tracing::warn!(%node, %source, retry_seconds = retry.as_secs(), "{reason}");
            self.control.set(State::Disconnected { reason, retry });
            select! {
                recv(self.control.stopping) -> _ => return,
                default(retry) => {}
            }
            retry = RETRY_MAX.min(retry * 2);
        }
    }

    fn connect(&self) -> io::Result<Connection> {
        let stderr = match &self.config.source {
            Source::Tcp(address) => return Connection::connect(address),
            Source::Docker(_) => Stderr::Lines,
            Source::Journald(_) | Source::Command(_) | Source::File(_) => Stderr::Words,
        };
        let cursor = self.place.cursor.as_deref();
        let command = cursor::command(&self.config.source, cursor, self.config.start);
        Connection::run(&command, stderr).map_err(|error| {
            let program = command.first().map_or("", String::as_str);
            io::Error::new(error.kind(), format!("cannot run {program}: {error}"))
        })
    }

    /// Reads until the connection ends, and says why it did.
    fn read(&mut self, mut connection: Connection) -> Result<String, Stopped> {
        self.control.set(State::Live { noticing: Noticing::Streamed });
        let reached = self.place.cursor.as_deref().and_then(Reached::from_cursor);
        let mut replay = Replay::up_to(reached);
        let mut last_words = String::new();
        self.rest.clear();
        self.is_skipping = false;
        let reason = loop {
            let due = if self.batcher.has_some() { self.pace.due() } else { never() };
            select! {
                recv(self.control.stopping) -> _ => {
                    self.close()?;
                    return Err(Stopped);
                }
                recv(due) -> _ => self.pace.fired(),
                recv(connection.pieces) -> piece => match piece {
                    Ok(Ok(piece)) => self.take(&piece, &mut replay, &mut last_words)?,
                    Ok(Err(error)) => break format!("the connection broke: {error}"),
                    Err(_) => break connection.ending(),
                },
            }
            if self.batcher.has_some() && self.pace.is_due() {
                self.pace.gone();
                self.close()?;
            }
        };
        self.close()?;
        Ok(if last_words.is_empty() { reason } else { format!("{reason}: {last_words}") })
    }

    /// Takes what was sent, line by line.
    fn take(
        &mut self,
        piece: &[u8],
        replay: &mut Replay,
        last_words: &mut String,
    ) -> Result<(), Stopped> {
        let mut parsed = ParsedChunk {
            lines: Vec::new(),
            counts: LineCounts::default(),
            end: self.place.clone(),
        };
        let mut begin = 0;
        for end in memchr_iter(b'\n', piece) {
            let mut line = std::mem::take(&mut self.rest);
            line.extend_from_slice(&piece[begin..end]);
            begin = end + 1;
            if std::mem::take(&mut self.is_skipping) {
                parsed.counts.unparsed += 1;
                parsed.counts.skipped_bytes += line.len() as u64 + 1;
            } else {
                self.line(&line, replay, last_words, &mut parsed);
            }
            line.clear();
            self.rest = line;
        }
        self.rest.extend_from_slice(&piece[begin..]);
        if self.rest.len() > LINE_LEN_MAX {
            self.is_skipping = true;
            self.rest.clear();
        }
        if self.place == parsed.end && parsed.counts == LineCounts::default() {
            return Ok(());
        }
        parsed.end = self.place.clone();
        match self.batcher.push(parsed, &mut self.import.assembler) {
            Some(batch) => self.give(batch),
            None => Ok(()),
        }
    }

    /// Takes one line, unless it was taken before.
    fn line(
        &mut self,
        line: &[u8],
        replay: &mut Replay,
        last_words: &mut String,
        parsed: &mut ParsedChunk,
    ) {
        let Some(told) = Told::by(&self.config.source, line) else {
            *last_words = String::from_utf8_lossy(&line[..line.len().min(200)]).into();
            return;
        };
        let mut cursor = self.place.cursor.take();
        match told.goes_on {
            GoesOn::At(at) if replay.is_known(at) => {
                self.place.cursor = cursor;
                return;
            }
            GoesOn::At(at) => {
                let reached = cursor.as_deref().and_then(Reached::from_cursor);
                cursor = Some(Reached::after(reached, at).to_cursor());
            }
            GoesOn::Cursor(named) => cursor = Some(named.into()),
            GoesOn::Nowhere => {}
        }
        let said = match told.received {
            Some(received) => self.parser.parse_received(told.text, received),
            None => self.parser.parse(told.text),
        };
        pipeline::take(said, parsed);
        let offset = self.place.offset + line.len() as u64 + 1;
        self.place = Checkpoint::of_stream(self.place.head, offset, cursor);
    }

    fn close(&mut self) -> Result<(), Stopped> {
        match self.batcher.close() {
            Some(batch) => self.give(batch),
            None => Ok(()),
        }
    }

    fn give(&mut self, batch: Batch) -> Result<(), Stopped> {
        match (self.sink)(vec![batch]) {
            Flow::Continue => Ok(()),
            Flow::Stop => Err(Stopped),
        }
    }
}

/// The follower is to end.
struct Stopped;

/// What stands around a line of the log.
struct Told<'a> {
    text: &'a [u8],
    /// When somebody received it.
    received: Option<LineTime>,
    goes_on: GoesOn<'a>,
}

/// By what a stream finds the place behind a line again.
enum GoesOn<'a> {
    /// It says everything again, and the time tells what is known.
    At(Arrival),
    /// By these words.
    Cursor(&'a str),
    /// Not at all.
    Nowhere,
}

impl<'a> Told<'a> {
    /// What a source tells around a line; `None` when it is no line of the log.
    fn by(source: &Source, line: &'a [u8]) -> Option<Self> {
        let bare = Self { text: line, received: None, goes_on: GoesOn::Nowhere };
        let stamped = Arrival::take(line).filter(|(_, text)| Arrival::begins_line(text));
        match source {
            Source::Docker(_) => {
                // Without a time they are Docker's own words.
                let (at, text) = Arrival::take(line)?;
                let received = Some(at.line_time(Clock::DockerNanos));
                Some(Self { text, received, goes_on: GoesOn::At(at) })
            }
            Source::Journald(_) => {
                let goes_on = journal_member(line, b"\"__CURSOR\":\"")
                    .map_or(GoesOn::Nowhere, GoesOn::Cursor);
                Some(Self { goes_on, ..bare })
            }
            Source::Command(_) => {
                if let Some((at, text)) = stamped {
                    let received = Some(at.line_time(Clock::Arrival));
                    return Some(Self { text, received, goes_on: GoesOn::At(at) });
                }
                let at = journal_member(line, b"\"__REALTIME_TIMESTAMP\":\"")
                    .and_then(|micros| micros.parse::<i64>().ok()?.checked_mul(1_000));
                let goes_on = at.map_or(GoesOn::Nowhere, |nanos| GoesOn::At(Arrival { nanos }));
                Some(Self { goes_on, ..bare })
            }
            Source::Tcp(_) => match stamped {
                Some((at, text)) => {
                    let received = Some(at.line_time(Clock::Arrival));
                    Some(Self { text, received, ..bare })
                }
                None => Some(bare),
            },
            Source::File(_) => Some(bare),
        }
    }
}

/// The text of a member of an object of `journalctl -o json`.
fn journal_member<'a>(line: &'a [u8], key: &[u8]) -> Option<&'a str> {
    let line = line.strip_prefix(b"{")?;
    let begin = memmem::find(line, key)? + key.len();
    let end = begin + memchr(b'"', &line[begin..])?;
    std::str::from_utf8(&line[begin..end]).ok()
}
