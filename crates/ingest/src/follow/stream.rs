//! A log that somebody sends: what a command prints, or another host.

use std::{io, sync::Arc, time::Duration};

use crossbeam_channel::{never, select};
use piecewatch_model::{Batch, Checkpoint, Head, LineCounts};

use super::{
    Control, FollowConfig, Noticing, Source, StartAt, State,
    arrival::Arrival,
    connection::{Connection, Stderr},
    cursor::{self, Reached, Replay},
    lines::Lines,
    pace::Pace,
    told::{Place, Told},
};
use crate::{
    Flow, Parser,
    assembler::{Batcher, OpenAudit, ParsedChunk},
    chunk::LINE_LEN_MAX,
    import::Import,
    pairing::OPEN_MICROS_MAX,
    pipeline,
};

/// How long to wait after the first failure; twice as long after each further one.
const RETRY_MIN: Duration = Duration::from_secs(1);
/// The longest time to wait.
const RETRY_MAX: Duration = Duration::from_secs(60);
/// How much is shown of what a command says about itself, in bytes.
const WORDS_LEN_MAX: usize = 200;

/// Follows one stream through all of its interruptions.
pub(super) struct StreamFollower<'a, S> {
    config: &'a FollowConfig,
    control: &'a Control,
    import: Import,
    parser: Parser,
    pace: Pace,
    head: Head,
    /// How many bytes were taken, ever.
    offset: u64,
    /// How far, of a stream that says its lines again.
    reached: Option<Reached>,
    /// How far, in the words of a stream that has words for it.
    cursor: Option<Box<str>>,
    batcher: Batcher,
    /// Whether the lines that are said again have left behind what they do.
    is_warm: bool,
    sink: S,
}

/// What is remembered of a stream from one interruption to the next.
struct Session {
    lines: Lines,
    replay: Replay,
    /// What the command said about itself.
    last_words: String,
}

/// The follower is to end.
struct Stopped;

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
        let stored = checkpoints.iter().rfind(|checkpoint| checkpoint.head == head);
        let batcher = import.batcher(name, stored);
        let cursor = stored.and_then(|stored| stored.cursor.clone());
        Self {
            config,
            control,
            parser: import.new_parser(),
            import,
            pace: Pace::new(config.batch_interval.clone()),
            head,
            offset: stored.map_or(0, |stored| stored.offset),
            reached: cursor.as_deref().and_then(Reached::from_cursor),
            cursor,
            batcher,
            is_warm: false,
            sink,
        }
    }

    /// Follows until it is to stop.
    pub(super) fn run(mut self) {
        let mut retry = RETRY_MIN;
        while !self.control.is_stopped() {
            let before = self.offset;
            let reason = match self.connect() {
                Ok(Some(connection)) => match self.read(connection) {
                    Ok(reason) => reason,
                    Err(Stopped) => return,
                },
                Ok(None) => return,
                Err(error) => error.to_string(),
            };
            if self.offset > before {
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

    /// Begins to be sent lines; `None` when it is to stop before that.
    fn connect(&self) -> io::Result<Option<Connection>> {
        let stderr = match &self.config.source {
            Source::Tcp(address) => return Connection::connect(address, &self.control.stopping),
            Source::Docker(_) => Stderr::Lines,
            Source::Journald(_) | Source::Command(_) | Source::File(_) => Stderr::Words,
        };
        let place = self.place();
        let command =
            cursor::command(&self.config.source, place.cursor.as_deref(), self.config.start);
        Connection::run(&command, stderr).map(Some).map_err(|error| {
            let program = command.first().map_or("", String::as_str);
            io::Error::new(error.kind(), format!("cannot run {program}: {error}"))
        })
    }

    /// Reads until the connection ends, and says why it did.
    fn read(&mut self, mut connection: Connection) -> Result<String, Stopped> {
        self.control.set(State::Live { noticing: Noticing::Streamed });
        let mut session = Session {
            lines: Lines::default(),
            replay: Replay::up_to(self.reached.or_else(|| self.start())),
            last_words: String::new(),
        };
        let reason = loop {
            self.pace.answered();
            let (due, calls) = match self.batcher.has_some() {
                true => (self.pace.due(), self.pace.calls()),
                false => {
                    self.pace.rest();
                    (never(), never())
                }
            };
            select! {
                recv(self.control.stopping) -> _ => {
                    self.close()?;
                    return Err(Stopped);
                }
                recv(due) -> _ => self.pace.fired(),
                recv(calls) -> call => if let Ok(call) = call {
                    self.pace.called(call);
                },
                recv(connection.pieces) -> piece => match piece {
                    Ok(Ok(piece)) => self.take(&piece, &mut session)?,
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
        self.is_warm = true;
        let words = session.last_words;
        Ok(if words.is_empty() { reason } else { format!("{reason}: {words}") })
    }

    /// Where a new stream begins that cannot be asked to: what is older is passed over as if known.
    fn start(&self) -> Option<Reached> {
        if let (Source::Command(_), StartAt::Time(at)) = (&self.config.source, self.config.start) {
            Some(Reached::before(Arrival { nanos: at.as_micros().saturating_mul(1_000) }))
        } else {
            None
        }
    }

    /// How far the stream was taken.
    fn place(&self) -> Checkpoint {
        let cursor = self.reached.map(Reached::to_cursor).or_else(|| self.cursor.clone());
        Checkpoint::of_stream(self.head, self.offset, cursor)
    }

    /// Takes what was sent, line by line.
    fn take(&mut self, piece: &[u8], session: &mut Session) -> Result<(), Stopped> {
        let before = self.place();
        let nothing = || ParsedChunk {
            lines: Vec::new(),
            counts: LineCounts::default(),
            end: before.clone(),
        };
        let (mut new, mut known) = (nothing(), nothing());
        let Session { lines, replay, last_words } = session;
        lines.push(piece, |line, length| {
            let Some(told) = Told::by(&self.config.source, line) else {
                *last_words =
                    String::from_utf8_lossy(&line[..line.len().min(WORDS_LEN_MAX)]).into();
                return;
            };
            if !self.is_known(&told, replay) {
                self.offset += length + 1;
                self.parse(&told, length, &mut new);
            } else if !self.is_warm {
                self.parse(&told, length, &mut known);
            }
        });
        self.import.assembler.warm(known);
        let full = (self.offset != before.offset).then(|| {
            new.end = self.place();
            self.batcher.push(new, &mut self.import.assembler)
        });
        self.note_audit();
        match full.flatten() {
            Some(batch) => self.give(batch),
            None => Ok(()),
        }
    }

    /// What a stream tells again from long ago is read in no time, and what it leaves open meanwhile is of then.
    fn note_audit(&self) {
        let now = self.config.now;
        let is_of_now =
            |open: &OpenAudit| now().as_micros() - open.began_at.as_micros() <= OPEN_MICROS_MAX;
        self.control.note_audit(self.import.assembler.open_audit().filter(is_of_now), now);
    }

    /// Whether a line was taken before; if not, it is now.
    fn is_known(&mut self, told: &Told<'_>, replay: &mut Replay) -> bool {
        match told.place {
            Place::Time(at) if replay.is_known(at, &told.text) => true,
            Place::Time(at) => {
                self.reached = self.reached.or_else(|| at.map(Reached::beginning));
                if let Some(reached) = &mut self.reached {
                    reached.take(at, &told.text);
                }
                false
            }
            // The line of the place itself is the first that is sent.
            Place::Cursor(cursor) if self.cursor.as_deref() == Some(cursor) => true,
            Place::Cursor(cursor) => {
                self.cursor = Some(cursor.into());
                false
            }
            Place::Unknown => false,
        }
    }

    fn parse(&mut self, told: &Told<'_>, length: u64, into: &mut ParsedChunk) {
        if length > LINE_LEN_MAX as u64 {
            into.counts.unparsed += 1;
            into.counts.skipped_bytes += length + 1;
            return;
        }
        match told.received {
            Some(at) => pipeline::take(self.parser.parse_received(&told.text, at), into),
            None => pipeline::parse_line(&mut self.parser, &told.text, into),
        }
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
