//! The lines of the logger `piecestore` in the words of each era.

use piecewatch_model::Direction;

use super::{SATELLITES, failure::Failure, transfer::Transfer};
use crate::{
    event::{Event, Key, Severity, Value, key, same},
    vocabulary::Era,
};

const LOGGER: &str = "piecestore";
const PIECE: Key = key("Piece ID", "piece_id");
const SATELLITE: Key = key("Satellite ID", "satellite_id");
/// Until v0.25.
const SATELLITE_2019: Key = same("SatelliteID");
const ACTION: Key = key("Action", "action");
const OFFSET: Key = key("Offset", "offset");
const SIZE: Key = key("Size", "size");
const REMOTE: Key = key("Remote Address", "remote_address");
const SPACE: Key = key("Available Space", "available_space");

/// What the last line of a transfer says besides which transfer it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub(super) severity: Severity,
    pub(super) message: &'static str,
    /// `None` to leave the size out.
    pub(super) size: Option<u64>,
}

/// How the last line of a transfer ends.
#[derive(Debug, Clone)]
pub(super) enum Tail<'a> {
    Nothing,
    Reason(String),
    Error(&'a Failure),
}

/// `upload started`, `download started`.
pub(super) fn started(transfer: &Transfer, space: i64) -> Event {
    let era = transfer.era;
    let severity = if era >= Era::Y2025 { Severity::Debug } else { Severity::Info };
    match transfer.direction {
        Direction::Upload => {
            let event = named(transfer, severity, "upload started");
            match era {
                Era::Y2019 => event,
                Era::Y2022 => event.with(SPACE, space),
                Era::Y2023 => event.with(SPACE, space).with(REMOTE, Value::Remote(transfer.remote)),
                Era::Y2025 | Era::Y2026 => {
                    event.with(REMOTE, Value::Remote(transfer.remote)).with(SPACE, space)
                }
            }
        }
        Direction::Download => {
            ranged(named(transfer, severity, "download started"), transfer, Some(transfer.size))
        }
    }
}

/// The last line of a transfer.
pub(super) fn ended(transfer: &Transfer, line: Line, tail: Tail<'_>) -> Event {
    let Line { severity, message, size } = line;
    let event = named(transfer, severity, message);
    let remote = Value::Remote(transfer.remote);
    match (transfer.direction, transfer.era) {
        (Direction::Download, _) => tailed(ranged(event, transfer, size), transfer.era, tail),
        (Direction::Upload, era @ Era::Y2019) => tailed(event, era, tail),
        // The error came before the size until v1.98.
        (Direction::Upload, era @ Era::Y2022) => sized(tailed(event, era, tail), size),
        (Direction::Upload, era @ Era::Y2023) => {
            sized(tailed(event, era, tail), size).with(REMOTE, remote)
        }
        (Direction::Upload, era @ (Era::Y2025 | Era::Y2026)) => {
            tailed(sized(event.with(REMOTE, remote), size), era, tail)
        }
    }
}

/// v1.86 to v1.98.
pub(super) fn race_lost(transfer: &Transfer) -> Event {
    let message = match transfer.direction {
        Direction::Upload => "upload canceled (race lost or node shutdown)",
        Direction::Download => "download canceled (race lost or node shutdown)",
    };
    Event::new(transfer.era, Severity::Info, LOGGER, message)
        .with(PIECE, Value::Piece(transfer.piece))
}

/// Before v0.14.
pub(super) fn before_satellites(transfer: &Transfer, failure: Option<&Failure>) -> Event {
    let upload = transfer.direction == Direction::Upload;
    let message = match (upload, failure) {
        (true, None) => "uploaded",
        (false, None) => "downloaded",
        (true, Some(_)) => "upload failed",
        (false, Some(_)) => "download failed",
    };
    let event = Event::new(transfer.era, Severity::Info, LOGGER, message)
        .with(PIECE, Value::Piece(transfer.piece));
    match failure {
        None => event.with(ACTION, transfer.action),
        Some(failure) => event.with(same("error"), failure.text.clone()),
    }
}

/// The second line about a failed upload.
pub(super) fn internal_error(era: Era, severity: Severity, failure: &Failure) -> Event {
    failure.told(Event::new(era, severity, LOGGER, "upload internal error"))
}

/// `upload rejected, too many requests`.
pub(super) fn rejected(era: Era, live: u64, limit: u64) -> Event {
    let severity = if era >= Era::Y2025 { Severity::Info } else { Severity::Error };
    let event = Event::new(era, severity, LOGGER, "upload rejected, too many requests")
        .with(key("live requests", "live_requests"), live);
    if era == Era::Y2019 { event } else { event.with(key("requestLimit", "request_limit"), limit) }
}

/// `file found in trash`.
pub(super) fn found_in_trash(transfer: &Transfer) -> Event {
    let event = named(transfer, Severity::Warn, "file found in trash");
    ranged(event, transfer, Some(transfer.size))
}

fn named(transfer: &Transfer, severity: Severity, message: &'static str) -> Event {
    let satellite = if transfer.era == Era::Y2019 { SATELLITE_2019 } else { SATELLITE };
    Event::new(transfer.era, severity, LOGGER, message)
        .with(PIECE, Value::Piece(transfer.piece))
        .with(satellite, SATELLITES[transfer.satellite])
        .with(ACTION, transfer.action)
}

/// The fields of downloads since v1.72.
fn ranged(event: Event, transfer: &Transfer, size: Option<u64>) -> Event {
    if transfer.era < Era::Y2023 {
        return event;
    }
    sized(event.with(OFFSET, transfer.offset), size).with(REMOTE, Value::Remote(transfer.remote))
}

fn sized(event: Event, size: Option<u64>) -> Event {
    match size {
        Some(size) => event.with(SIZE, size),
        None => event,
    }
}

fn tailed(event: Event, era: Era, tail: Tail<'_>) -> Event {
    match tail {
        // Reasons came in v1.113.
        Tail::Reason(reason) if era >= Era::Y2025 => event.with(same("reason"), reason),
        Tail::Nothing | Tail::Reason(_) => event,
        Tail::Error(failure) => failure.told(event),
    }
}

#[cfg(test)]
mod tests;
