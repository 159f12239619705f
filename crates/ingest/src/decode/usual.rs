//! Lines about transfers as nodes write nearly all of them, read in one pass from the first byte to
//! the last.
//!
//! At anything unusual this gives up, and the line goes the general way: to columns, then to their
//! meaning. Where both can read a line, they agree.

use piecewatch_model::{Clock, Timestamp};

use super::{Level, LineTime, TimeReader};
use crate::{
    fields::{self, Fields, SatelliteMemo},
    transfer::Message,
};

/// How the quotes and TABs of a line are written.
pub(crate) trait Spelling {
    const QUOTE: &'static [u8];
    const TAB: &'static [u8];
    /// What stands around the columns of the JSON encoding.
    const BEFORE_LEVEL: &'static [u8];
    const LEVEL_TO_TIME: &'static [u8];
    const TIME_TO_MESSAGE: &'static [u8];
    const MESSAGE_TO_FIELDS: &'static [u8];
    /// Whether escapes within strings are escaped once more.
    const IS_NESTED: bool;
}

/// A line that stands for itself.
pub(crate) struct Plain;

impl Spelling for Plain {
    const QUOTE: &'static [u8] = br#"""#;
    const TAB: &'static [u8] = b"\t";
    const BEFORE_LEVEL: &'static [u8] = br#"{"L":""#;
    const LEVEL_TO_TIME: &'static [u8] = br#"","T":""#;
    const TIME_TO_MESSAGE: &'static [u8] = br#"","N":"piecestore","M":""#;
    const MESSAGE_TO_FIELDS: &'static [u8] = br#"","#;
    const IS_NESTED: bool = false;
}

/// A line within a JSON string, as Docker keeps it: it is read where it is, for taking the escapes
/// out would cost more than all the rest.
pub(crate) struct Nested;

impl Spelling for Nested {
    const QUOTE: &'static [u8] = br#"\""#;
    const TAB: &'static [u8] = br"\t";
    const BEFORE_LEVEL: &'static [u8] = br#"{\"L\":\""#;
    const LEVEL_TO_TIME: &'static [u8] = br#"\",\"T\":\""#;
    const TIME_TO_MESSAGE: &'static [u8] = br#"\",\"N\":\"piecestore\",\"M\":\""#;
    const MESSAGE_TO_FIELDS: &'static [u8] = br#"\","#;
    const IS_NESTED: bool = true;
}

/// A line about a transfer.
#[derive(Debug)]
pub(crate) struct TransferLine<'a> {
    pub(crate) time: LineTime,
    pub(crate) level: Level,
    pub(crate) message: Message,
    pub(crate) fields: Fields<'a>,
}

/// Reads a line that is nothing but a transfer's.
pub(crate) fn line<'a>(
    line: &'a [u8],
    times: &mut TimeReader,
    satellites: &mut SatelliteMemo,
) -> Option<TransferLine<'a>> {
    let (transfer, rest) = beginning::<Plain>(line, times, satellites)?;
    rest.is_empty().then_some(transfer)
}

/// Reads such a line in an object of Docker, given from where its text begins, and the time at
/// which Docker received it.
pub(crate) fn docker<'a>(
    text: &'a [u8],
    times: &mut TimeReader,
    arrivals: &mut TimeReader,
    satellites: &mut SatelliteMemo,
) -> Option<(TransferLine<'a>, LineTime)> {
    let (transfer, rest) = beginning::<Nested>(text, times, satellites)?;
    let rest = rest.strip_prefix(br#"\n","stream":"std"#)?;
    let rest = rest.strip_prefix(b"out").or_else(|| rest.strip_prefix(b"err"))?;
    let time = rest.strip_prefix(br#"","time":""#)?;
    let (received, length) = arrivals.read(time)?;
    (time[length..] == *b"\"}").then_some(())?;
    Some((transfer, LineTime { at: received.at, clock: Clock::DockerNanos }))
}

/// Reads the line with which `text` begins; gives what follows it.
fn beginning<'a, S: Spelling>(
    text: &'a [u8],
    times: &mut TimeReader,
    satellites: &mut SatelliteMemo,
) -> Option<(TransferLine<'a>, &'a [u8])> {
    let (time, level, message, members) = match text.first()? {
        b'{' => json_columns::<S>(text, times)?,
        _ => console_columns::<S>(text, times)?,
    };
    let (fields, rest) = fields::scan::<S>(members, satellites)?;
    Some((TransferLine { time, level, message, fields }, rest.strip_prefix(b"}")?))
}

type ColumnsAndRest<'a> = (LineTime, Level, Message, &'a [u8]);

/// `time TAB LEVEL TAB piecestore TAB message TAB {`
fn console_columns<'a, S: Spelling>(
    text: &'a [u8],
    times: &mut TimeReader,
) -> Option<ColumnsAndRest<'a>> {
    let (time, length) = times.read(text)?;
    let (level, rest) = Level::beginning(text[length..].strip_prefix(S::TAB)?)?;
    let rest = rest.strip_prefix(S::TAB)?.strip_prefix(b"piecestore")?.strip_prefix(S::TAB)?;
    let (message, rest) = Message::beginning(rest)?;
    Some((time, level, message, rest.strip_prefix(S::TAB)?.strip_prefix(b"{")?))
}

/// `{"L":"LEVEL","T":"time","N":"piecestore","M":"message",`
fn json_columns<'a, S: Spelling>(
    text: &'a [u8],
    times: &mut TimeReader,
) -> Option<ColumnsAndRest<'a>> {
    let (level, rest) = Level::beginning(text.strip_prefix(S::BEFORE_LEVEL)?)?;
    let rest = rest.strip_prefix(S::LEVEL_TO_TIME)?;
    let (time, length) = times.read(rest)?;
    let (message, rest) = Message::beginning(rest[length..].strip_prefix(S::TIME_TO_MESSAGE)?)?;
    Some((time, level, message, rest.strip_prefix(S::MESSAGE_TO_FIELDS)?))
}
