//! Lines about transfers: which message means what.

use piecewatch_model::{
    Action, ByteCount, Direction, FailureClass, Outcome, Record, Rejected, Timestamp, Transfer,
    TransferStarted, template,
};

use crate::{
    Ended, Parsed, Stamp, Started, Telling,
    decode::{Columns, Level},
    failure::FailureMemo,
    fields::{self, Fields, SatelliteMemo},
    payload::Payload,
};

/// What a message of the transfer logger says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Message {
    Started(Direction),
    Ended(Direction, Ending),
    Rejected,
    /// `upload internal error` has no piece: beside it stands the `upload failed` that has, or, when
    /// a request could not even be read, there was no piece.
    InternalError,
}

/// The four ways in which a line tells an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Success,
    Canceled,
    RaceLost,
    Failed,
}

impl Message {
    /// The meaning of a message; `None` for those that are not about the course of a transfer.
    pub(crate) fn from_text(message: &[u8]) -> Option<Self> {
        use Direction::{Download, Upload};
        Some(match message {
            b"uploaded" => Self::Ended(Upload, Ending::Success),
            b"downloaded" => Self::Ended(Download, Ending::Success),
            b"upload started" => Self::Started(Upload),
            b"download started" => Self::Started(Download),
            b"upload canceled" => Self::Ended(Upload, Ending::Canceled),
            b"download canceled" => Self::Ended(Download, Ending::Canceled),
            b"upload canceled (race lost or node shutdown)" => {
                Self::Ended(Upload, Ending::RaceLost)
            }
            b"download canceled (race lost or node shutdown)" => {
                Self::Ended(Download, Ending::RaceLost)
            }
            b"upload failed" => Self::Ended(Upload, Ending::Failed),
            b"download failed" => Self::Ended(Download, Ending::Failed),
            b"upload rejected, too many requests" => Self::Rejected,
            b"upload internal error" => Self::InternalError,
            _ => return None,
        })
    }

    /// The message with which `text` begins, of those that are told of a piece; gives what follows it.
    pub(crate) fn beginning(text: &[u8]) -> Option<(Self, &[u8])> {
        let (direction, verb) = match text.strip_prefix(b"download") {
            Some(verb) => (Direction::Download, verb),
            None => (Direction::Upload, text.strip_prefix(b"upload")?),
        };
        if let Some(rest) = verb.strip_prefix(b"ed") {
            return Some((Self::Ended(direction, Ending::Success), rest));
        }
        if let Some(rest) = verb.strip_prefix(b" started") {
            return Some((Self::Started(direction), rest));
        }
        if let Some(rest) = verb.strip_prefix(b" failed") {
            return Some((Self::Ended(direction, Ending::Failed), rest));
        }
        let rest = verb.strip_prefix(b" canceled")?;
        match rest.strip_prefix(b" (race lost or node shutdown)") {
            Some(rest) => Some((Self::Ended(direction, Ending::RaceLost), rest)),
            None => Some((Self::Ended(direction, Ending::Canceled), rest)),
        }
    }
}

/// Whether a logger is the one of the transfers: `piecestore`, or `piecestore:endpoint` and the like
/// in the modular binary, but not the disk's monitor and the cache.
pub(crate) fn is_transfer_logger(logger: &[u8]) -> bool {
    match logger.strip_prefix(b"piecestore") {
        Some(b"") => true,
        Some(rest) => rest.starts_with(b":") && rest != b":monitor" && rest != b":cache",
        None => false,
    }
}

/// What lines about transfers have in common, remembered to make the next one cheaper.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) satellites: SatelliteMemo,
    pub(crate) failures: FailureMemo,
}

/// What a line with such a message says. `None` when its payload is broken.
pub(crate) fn parse(
    message: Message,
    columns: &Columns<'_>,
    stamp: Stamp,
    at: Timestamp,
    memory: &mut Memory,
) -> Option<Parsed> {
    if message == Message::InternalError {
        return Some(Parsed::ToldTwice);
    }
    let satellites = &mut memory.satellites;
    let fields = match fields::whole(&columns.members, satellites) {
        Some(fields) => fields,
        None => fields::from_payload(&Payload::from_members(&columns.members)?, satellites),
    };
    Some(said(Line { message, level: columns.level, stamp, at }, fields, &mut memory.failures))
}

/// A line about a transfer, but for its fields.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    pub(crate) message: Message,
    pub(crate) level: Level,
    pub(crate) stamp: Stamp,
    pub(crate) at: Timestamp,
}

/// What a line with these fields says.
pub(crate) fn said(line: Line, fields: Fields<'_>, failures: &mut FailureMemo) -> Parsed {
    match line.message {
        Message::Started(direction) => started(direction, line, fields),
        Message::Ended(direction, ending) => ended(direction, ending, line, fields, failures),
        Message::Rejected => Parsed::Record(Record::Rejected(Rejected {
            at: line.at,
            live_requests: fields.live_requests.and_then(|number| u32::try_from(number).ok()),
            limit: fields.request_limit.and_then(|number| u32::try_from(number).ok()),
        })),
        Message::InternalError => Parsed::ToldTwice,
    }
}

fn started(direction: Direction, line: Line, fields: Fields<'_>) -> Parsed {
    let Some(piece) = fields.piece else { return Parsed::Other };
    let start = TransferStarted {
        at: line.at,
        satellite: fields.satellite,
        piece,
        action: fields.action.unwrap_or(Action::unnamed(direction)),
        offset: fields.offset,
        remote: fields.remote,
        available: fields.available.map(ByteCount::new),
    };
    Parsed::Started(Started { start, stamp: line.stamp })
}

fn ended(
    direction: Direction,
    ending: Ending,
    line: Line,
    fields: Fields<'_>,
    failures: &mut FailureMemo,
) -> Parsed {
    let Some(piece) = fields.piece else { return Parsed::Other };
    let text = fields.error.or(fields.reason);
    let error = text.as_deref().map(template);
    let error_text = match (text.as_deref(), error.as_deref()) {
        (Some(text), Some(template)) if text != template => Some(beginning(text)),
        (Some(_), Some(_)) | (None, _) | (_, None) => None,
    };
    let outcome = match ending {
        Ending::Success => Outcome::Success,
        Ending::Canceled | Ending::RaceLost => Outcome::Canceled,
        Ending::Failed => Outcome::Failed(match (&text, &error) {
            (Some(text), Some(template)) => failures.class(text, template),
            (None, _) | (_, None) => FailureClass::Other,
        }),
    };
    let telling = match (ending, direction) {
        (Ending::RaceLost, _) => Telling::First,
        (Ending::Failed, Direction::Upload) | (Ending::Canceled, Direction::Download)
            if line.level == Level::Debug =>
        {
            Telling::PerhapsSecond
        }
        (Ending::Success | Ending::Canceled | Ending::Failed, _) => Telling::Once,
    };
    let transfer = Transfer {
        at: line.at,
        satellite: fields.satellite,
        piece,
        action: fields.action.unwrap_or(Action::unnamed(direction)),
        outcome,
        size: fields.size.map(ByteCount::new),
        offset: fields.offset,
        remote: fields.remote,
        country: None,
        latency: None,
        error: error.map(String::into_boxed_str),
        error_text,
    };
    Parsed::Ended(Ended { transfer, stamp: line.stamp, telling })
}

/// As much of an error's text as is kept.
fn beginning(text: &str) -> Box<str> {
    let most = Transfer::ERROR_TEXT_MAX.min(text.len());
    let end = (0..=most).rev().find(|&at| text.is_char_boundary(at));
    text[..end.unwrap_or(0)].into()
}

#[cfg(test)]
mod agreement;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        for (text, kept) in [("ä".repeat(600), 1024), ("aä".repeat(400), 1024), ("x".into(), 1)] {
            let cut = beginning(&text);
            assert!(text.starts_with(&*cut));
            assert_eq!(cut.len(), kept);
        }
        // Three bytes a character: 341 of them are 1023.
        assert_eq!(beginning(&"€".repeat(400)).len(), 1023);
    }
}
