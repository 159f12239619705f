//! Lines that an operator should look at.

use piecewatch_model::{Record, SatelliteId, Timestamp, Trouble, TroubleKind as Kind, template};

use super::Event;
use crate::decode::Level;

/// Trouble that a line of the node tells: known messages, and whatever is at level ERROR or above.
pub(super) fn parse(event: &Event<'_>) -> Option<Record> {
    let kind = kind_of_message(event)
        .or_else(|| (event.level >= Level::Error).then(|| kind_of_error(event)))?;
    let mut text = event.message.trim_end_matches([' ', ':']).to_owned();
    if let Some(error) = event.error() {
        text.push_str(": ");
        text.push_str(error);
    }
    Some(record(event.at, kind, event.satellite(), &text))
}

/// Trouble that a line of another program tells, or of the node when it is beyond logging.
pub(crate) fn foreign(at: Timestamp, kind: Kind, line: &[u8]) -> Record {
    record(at, kind, None, &String::from_utf8_lossy(line))
}

fn record(at: Timestamp, kind: Kind, satellite: Option<SatelliteId>, text: &str) -> Record {
    Record::Trouble(Box::new(Trouble {
        at,
        kind,
        satellite,
        text: template(text).into_boxed_str(),
    }))
}

fn kind_of_message(event: &Event<'_>) -> Option<Kind> {
    Some(match event.message {
        "ping satellite failed"
        | "failed PingMe request to satellite"
        | "checkin callback failed" => Kind::Ping,
        "Your node is still considered to be online but encountered an error." => Kind::Quic,
        "Disk space is less than requested. Allocated space is"
        | "Used more space than allocated. Allocated space is"
        | "Total disk space is less than required minimum"
        | "Total disk space (minus reserved bytes) is less than required minimum"
        | "unable to get disk space info, using zeros"
        | "error seeking on piecereader"
        | "error reading from piecereader" => Kind::Disk,
        "version not allowed/outdated" | "outdated software version" => Kind::Version,
        "failed to settle orders for satellite"
        | "failed to add order"
        | "failed to unlock orders file"
        | "Corrupted order detected in orders file"
        | "skipping order settlement for untrusted satellite. Order will be archived" => {
            Kind::Orders
        }
        "file found in trash" | "trashed record was read" => Kind::TrashRead,
        "system clock is out of sync with satellite" => Kind::Clock,
        "failure during run" | "unexpected shutdown of a runner" | "Failed preflight check." => {
            Kind::Fatal
        }
        _ => return None,
    })
}

/// The kind of a line that only its level shows to be trouble.
fn kind_of_error(event: &Event<'_>) -> Kind {
    if event.level == Level::Fatal {
        return Kind::Fatal;
    }
    if event.logger == "piecestore:monitor" {
        return Kind::Disk;
    }
    let of_database =
        |text: &str| text.contains("database") || text.contains(" db") || text.contains("sqlite");
    if of_database(event.message) || event.error().is_some_and(of_database) {
        return Kind::Database;
    }
    Kind::Other
}
