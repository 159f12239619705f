//! Lines in, what they say out: the only place that knows how the parts fit together.

use jiff::tz::TimeZone;
use piecewatch_model::{Clock, LifecycleEvent, Timestamp};

use crate::{
    Countries, Parsed, Stamp, Unparsed,
    decode::{
        Columns, LineTime, TimeReader, console, docker, foreign, foreign::Foreign, journal, json,
        usual,
    },
    event,
    fields::Fields,
    transfer::{self, Message},
};

/// Reads lines of a storage node's log, of any encoding and vocabulary, mixed as they may be.
///
/// A parser remembers what makes the next line cheaper, the pieces of a line that Docker has
/// split, and the last time it saw, which it gives to lines that have none.
///
/// ```
/// use piecewatch_ingest::{Parsed, Parser};
/// use piecewatch_model::{Action, Outcome};
///
/// let line = [
///     "2026-08-19T14:03:29Z",
///     "INFO",
///     "piecestore",
///     "uploaded",
///     r#"{"piece_id": "ZKLYCEWKDO64V6WCGGZZUI64JWTYN37YCR6E44VZQB3YLL7OJC5Q", "action": "PUT", "size": 435200}"#,
/// ]
/// .join("\t");
/// let Parsed::Ended(ended) = Parser::new().parse(line.as_bytes()) else { panic!("an upload ended") };
/// assert_eq!(ended.transfer.action, Action::Put);
/// assert_eq!(ended.transfer.outcome, Outcome::Success);
/// assert_eq!(ended.transfer.size.unwrap().get(), 435_200);
/// ```
#[derive(Debug)]
pub struct Parser {
    times: TimeReader,
    /// The times at which Docker received lines.
    arrivals: TimeReader,
    memory: transfer::Memory,
    countries: Option<Countries>,
    time_zone: Option<TimeZone>,
    last_at: Option<Timestamp>,
    /// The text of a Docker object, and of the fragments before it.
    docker_text: Vec<u8>,
}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
/// The most text of a split Docker line that is kept: what is longer is no event that matters.
const DOCKER_TEXT_MAX: usize = 1 << 20;

impl Default for Parser {
    fn default() -> Self {
        Self::new()
    }
}

impl Parser {
    /// A parser that looks up no countries, and takes times without a zone as UTC.
    pub fn new() -> Self {
        Self {
            times: TimeReader::new(),
            arrivals: TimeReader::new(),
            memory: transfer::Memory::default(),
            countries: None,
            time_zone: None,
            last_at: None,
            docker_text: Vec::new(),
        }
    }

    /// A parser that looks up the country of the other side of each transfer, if there is where to,
    /// and takes times without a zone as of this one; `None` is UTC.
    pub fn with(countries: Option<Countries>, time_zone: Option<TimeZone>) -> Self {
        Self { countries, time_zone, ..Self::new() }
    }

    /// Reads one line, given without its line feed; white space at its end does no harm.
    pub fn parse(&mut self, line: &[u8]) -> Parsed {
        // What a line says is large: it is only moved when there is something to add.
        if self.countries.is_none() {
            return self.read(line);
        }
        let mut parsed = self.read(line);
        self.look_up_country(&mut parsed);
        parsed
    }

    #[inline(never)]
    fn read(&mut self, line: &[u8]) -> Parsed {
        let line = line.trim_ascii_end();
        let mut fields = Fields::default();
        match self.usual(line, &mut fields) {
            Some(line) => transfer::said(line, fields, &mut self.memory.failures),
            None => self.general(line),
        }
    }

    /// A line about a transfer in the form in which nearly all are; its fields go into `fields`.
    fn usual<'a>(&mut self, line: &'a [u8], fields: &mut Fields<'a>) -> Option<transfer::Line> {
        if !self.docker_text.is_empty() {
            return None;
        }
        let (times, satellites) = (&mut self.times, &mut self.memory.satellites);
        let (columns, arrival) = if let Some(text) = line.strip_prefix(docker::BEGINNING) {
            let (columns, rest) = usual::docker(text, times, fields, satellites)?;
            (columns, Some(usual::arrival(rest, &mut self.arrivals)?))
        } else {
            (usual::line(line, times, fields, satellites)?, None)
        };
        let fine = arrival.unwrap_or(columns.time);
        let stamp = Stamp { micros: fine.at.as_micros(), clock: fine.clock };
        let at = columns.time.at;
        self.last_at = Some(at);
        Some(transfer::Line { message: columns.message, level: columns.level, stamp, at })
    }

    /// A line of any form.
    fn general(&mut self, line: &[u8]) -> Parsed {
        // Some editors and shells put it before the first line of what they write.
        let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        match line.first() {
            Some(b'{') => self.object(line),
            Some(_) | None => {
                self.docker_text.clear();
                self.text(line, None)
            }
        }
    }

    /// Reads one line of which somebody else has told when it was received.
    pub(crate) fn parse_received(&mut self, line: &[u8], received: LineTime) -> Parsed {
        let line = line.trim_ascii_end();
        let mut parsed = match line.first() {
            Some(b'{') => match json::decode(line, &mut self.times) {
                Some(columns) => self.columns(&columns, Some(received)),
                None => Parsed::Unparsed(Unparsed::Unknown),
            },
            Some(_) | None => self.text(line, Some(received)),
        };
        self.look_up_country(&mut parsed);
        parsed
    }

    /// The time of the last line that had one.
    pub const fn last_at(&self) -> Option<Timestamp> {
        self.last_at
    }

    /// Forgets what lines have left behind for later lines: begin anywhere else.
    pub fn forget(&mut self) {
        self.last_at = None;
        self.docker_text.clear();
    }

    fn look_up_country(&mut self, parsed: &mut Parsed) {
        if let Some(countries) = &mut self.countries
            && let Parsed::Ended(ended) = parsed
            && let Some(remote) = ended.transfer.remote
        {
            ended.transfer.country = Some(countries.country(remote.ip()));
        }
    }

    /// A line that is an object: of Docker, of journald, or of the node's JSON encoding.
    fn object(&mut self, line: &[u8]) -> Parsed {
        if line.starts_with(docker::BEGINNING) {
            return self.docker(line);
        }
        // Only the very next object goes on where a piece of a line ends.
        let before = std::mem::take(&mut self.docker_text);
        if let Some(columns) = json::decode(line, &mut self.times) {
            return self.columns(&columns, None);
        }
        if let Some(entry) = journal::json(line) {
            let outer = entry.at.map(|at| LineTime { at, clock: Clock::JournalMicros });
            return self.journal(entry.ident.as_bytes(), &entry.line, outer);
        }
        if line.starts_with(b"{\"severity\":") {
            return Parsed::Unparsed(Unparsed::GoogleCloud);
        }
        self.docker_text = before;
        self.docker(line)
    }

    fn docker(&mut self, line: &[u8]) -> Parsed {
        let mut text = std::mem::take(&mut self.docker_text);
        if text.len() > DOCKER_TEXT_MAX {
            text.clear();
        }
        let before = text.len();
        let entry = docker::decode(line, &mut text);
        // A process that dies leaves a piece of a line that nothing goes on from.
        if before > 0 && console::decode(&text[before..], &mut self.times).is_some() {
            text.drain(..before);
        }
        let parsed = match entry {
            None => {
                text.clear();
                Parsed::Unparsed(Unparsed::Unknown)
            }
            Some(entry) if entry.is_fragment => {
                self.docker_text = text;
                return Parsed::Continuation;
            }
            Some(entry) => {
                let outer = entry.at.map(|at| LineTime { at, clock: Clock::DockerNanos });
                let parsed = match text.first() {
                    Some(b'{') => match json::decode(&text, &mut self.times) {
                        Some(columns) => self.columns(&columns, outer),
                        None => Parsed::Unparsed(Unparsed::Unknown),
                    },
                    Some(_) | None => self.text(&text, outer),
                };
                text.clear();
                parsed
            }
        };
        self.docker_text = text;
        parsed
    }

    fn journal(&mut self, ident: &[u8], line: &[u8], outer: Option<LineTime>) -> Parsed {
        if ident.starts_with(b"systemd") {
            return self.foreign(foreign::classify_systemd(line), line, outer.map(|time| time.at));
        }
        match line.first() {
            Some(b'{') => match json::decode(line, &mut self.times) {
                Some(columns) => self.columns(&columns, outer),
                None => Parsed::Unparsed(Unparsed::Unknown),
            },
            Some(_) | None => self.text(line, outer),
        }
    }

    /// A line of text; `outer` is the time at which Docker or journald received it.
    fn text(&mut self, line: &[u8], outer: Option<LineTime>) -> Parsed {
        if let Some(columns) = console::decode(line, &mut self.times) {
            return self.columns(&columns, outer);
        }
        if let Some((at, text)) = foreign::supervisord(line, self.time_zone.as_ref()) {
            let at = outer.map_or(at, |time| time.at);
            return self.foreign(foreign::classify_supervisord(text), text, Some(at));
        }
        if outer.is_none()
            && let Some(entry) = journal::short(line)
        {
            return self.journal(entry.ident, entry.line, None);
        }
        self.foreign(foreign::classify(line), line, outer.map(|time| time.at))
    }

    /// A line with columns: the node's logger wrote it. Without any time (`STORJ_LOG_NOTIME` in a
    /// plain file) it cannot be placed.
    fn columns(&mut self, columns: &Columns<'_>, outer: Option<LineTime>) -> Parsed {
        let Some(own) = columns.at.or(outer) else {
            return Parsed::Unparsed(Unparsed::Unknown);
        };
        self.last_at = Some(own.at);
        if transfer::is_transfer_logger(&columns.logger)
            && let Some(message) = Message::from_text(&columns.message)
        {
            let fine = outer.unwrap_or(own);
            let stamp = Stamp { micros: fine.at.as_micros(), clock: fine.clock };
            return transfer::parse(message, columns, stamp, own.at, &mut self.memory)
                .unwrap_or(Parsed::Unparsed(Unparsed::Unknown));
        }
        event::parse(columns, own.at, &mut self.memory.satellites)
            .map_or(Parsed::Other, Parsed::Record)
    }

    /// A line that the node's logger did not write.
    fn foreign(&mut self, foreign: Foreign, line: &[u8], at: Option<Timestamp>) -> Parsed {
        self.last_at = at.or(self.last_at);
        let placeholder = at.unwrap_or(Timestamp::from_micros(0));
        let words = || String::from_utf8_lossy(&line[..line.len().min(200)]).into();
        let record = match foreign {
            Foreign::Spawned => {
                event::lifecycle_record(placeholder, LifecycleEvent::Spawned(words()))
            }
            Foreign::Exited => {
                event::lifecycle_record(placeholder, LifecycleEvent::Exited(words()))
            }
            Foreign::Trouble(kind) => event::foreign_trouble(placeholder, kind, line),
            Foreign::Continuation => return Parsed::Continuation,
            Foreign::Other => return Parsed::Other,
            Foreign::Pretty => return Parsed::Unparsed(Unparsed::Pretty),
            Foreign::Unknown => return Parsed::Unparsed(Unparsed::Unknown),
        };
        if at.is_some() { Parsed::Record(record) } else { Parsed::Undated(record) }
    }
}

#[cfg(test)]
mod tests {
    use piecewatch_simulator::{Config, Encoding, LongLines, Simulator, Vocabulary};

    use super::*;

    #[test]
    fn usual_lines_say_what_they_say_the_general_way() {
        for encoding in Encoding::ALL {
            for vocabulary in Vocabulary::ALL {
                let long_lines = LongLines::Never;
                let config =
                    Config { seed: 5, encoding, vocabulary, long_lines, ..Config::default() };
                let mut log = Vec::new();
                Simulator::new(config).write(2_000, &mut log).unwrap();
                let (mut parser, mut general) = (Parser::new(), Parser::new());
                let (mut lines, mut usual) = (0, 0);
                for line in log.split(|&byte| byte == b'\n') {
                    assert_eq!(parser.parse(line), general.general(line));
                    assert_eq!(parser.last_at(), general.last_at());
                    lines += 1;
                    usual += usize::from(parser.usual(line, &mut Fields::default()).is_some());
                }
                let is_usual = match encoding {
                    Encoding::Console | Encoding::Json | Encoding::DockerJson => true,
                    Encoding::JournalCat => true,
                    Encoding::Spaces | Encoding::JournalShort | Encoding::JournalJson => false,
                };
                let name = format!("{encoding} {vocabulary}: {usual} of {lines}");
                assert_eq!(usual * 10 > lines * 9, is_usual, "{name}");
            }
        }
    }
}
