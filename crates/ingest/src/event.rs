//! Lines about anything but transfers: which logger and message mean what.

mod compaction;
mod maintenance;
mod trouble;

use std::cell::{OnceCell, RefCell};

use piecewatch_model::{
    Lifecycle, LifecycleEvent, OrdersSettled, Record, SatelliteId, Scores, Timestamp,
};

use crate::{
    decode::{Columns, Level},
    fields::SatelliteMemo,
    payload::Payload,
};

/// The names under which lines name their satellite.
const SATELLITE: [&str; 7] = [
    "satellite_id",
    "Satellite ID",
    "SatelliteID",
    "satelliteID",
    "satellite ID",
    "satellite",
    "sat",
];

/// A line that is not about a transfer. Its payload is read when it is needed: for most lines the
/// logger and the message say enough.
struct Event<'a> {
    at: Timestamp,
    level: Level,
    logger: &'a str,
    message: &'a str,
    members: &'a [u8],
    payload: OnceCell<Payload>,
    satellites: RefCell<&'a mut SatelliteMemo>,
}

impl Event<'_> {
    fn payload(&self) -> &Payload {
        self.payload.get_or_init(|| Payload::from_members(self.members).unwrap_or_default())
    }

    fn satellite(&self) -> Option<SatelliteId> {
        self.satellites.borrow_mut().decode(self.payload().text(&SATELLITE)?.as_bytes())
    }

    fn error(&self) -> Option<&str> {
        self.payload().text(&["error", "Error"])
    }
}

/// What a line says; `None` when it is well-formed and says nothing that is kept.
pub(crate) fn parse(
    columns: &Columns<'_>,
    at: Timestamp,
    satellites: &mut SatelliteMemo,
) -> Option<Record> {
    let logger = String::from_utf8_lossy(&columns.logger);
    let message = String::from_utf8_lossy(&columns.message);
    let event = Event {
        at,
        level: columns.level,
        logger: &logger,
        message: message.trim_end(),
        members: &columns.members,
        payload: OnceCell::new(),
        satellites: RefCell::new(satellites),
    };
    let known = match event.logger {
        "" => lifecycle(&event),
        "version" => version(&event),
        "hashstore" => compaction::parse(&event).or_else(|| maintenance::hashstore(&event)),
        "reputation:service" => scores(&event),
        "orders" => orders(&event, "finished", || event.satellite()),
        logger => match logger.strip_prefix("orders.") {
            Some(satellite) => orders(&event, "sending", || satellite.parse().ok()),
            None => maintenance::parse(&event),
        },
    };
    known.or_else(|| trouble::parse(&event))
}

/// The root logger: starts, stops, versions; the updater writes with the same logger.
fn lifecycle(event: &Event<'_>) -> Option<Record> {
    let by_updater =
        || event.payload().text(&["process", "Process"]) == Some("storagenode-updater");
    let kind = match event.message {
        "Configuration loaded" if !by_updater() => LifecycleEvent::Configured,
        "Version info" if !by_updater() => {
            LifecycleEvent::Version(plain_version(event, &["version", "Version"])?)
        }
        "Current binary version" if of_node(event) => {
            LifecycleEvent::Version(plain_version(event, &["version", "Version"])?)
        }
        "Stop/Shutdown request received." => LifecycleEvent::Stopping,
        message if message.starts_with("Got a signal from the OS") && !by_updater() => {
            LifecycleEvent::Stopping
        }
        message => {
            let id = message.strip_prefix("Node ")?.strip_suffix(" started")?;
            LifecycleEvent::Started(short(id))
        }
    };
    Some(lifecycle_record(event.at, kind))
}

/// Whether a line of the updater is about the node and not about the updater itself.
fn of_node(event: &Event<'_>) -> bool {
    event.payload().text(&["service", "Service"]).is_none_or(|service| service == "storagenode")
}

fn version(event: &Event<'_>) -> Option<Record> {
    let kind = match event.message {
        "Running on allowed version." => {
            LifecycleEvent::Version(plain_version(event, &["version", "Version"])?)
        }
        "Allowed minimum version from control server." => LifecycleEvent::MinimumVersion(
            plain_version(event, &["minimum_version", "Minimum Version"])?,
        ),
        _ => return None,
    };
    Some(lifecycle_record(event.at, kind))
}

/// A name or an id as a log tells it, cut at a length that no real one has.
fn short(text: &str) -> Box<str> {
    text.chars().take(100).collect()
}

/// A version without the `v` that some lines put before it.
fn plain_version(event: &Event<'_>, names: &[&str]) -> Option<Box<str>> {
    let version = event.payload().text(names)?;
    Some(short(version.strip_prefix('v').unwrap_or(version)))
}

/// A record about the node's process.
pub(crate) fn lifecycle_record(at: Timestamp, event: LifecycleEvent) -> Record {
    Record::Lifecycle(Box::new(Lifecycle { at, event }))
}

/// Since v1.113 `finished` bears the count; before, the satellite was in the logger's name and the
/// count on `sending`.
fn orders(
    event: &Event<'_>,
    message: &str,
    satellite: impl FnOnce() -> Option<SatelliteId>,
) -> Option<Record> {
    if event.message != message {
        return None;
    }
    let count = event.payload().number(&["count"])?;
    Some(Record::Orders(OrdersSettled { at: event.at, satellite: satellite(), count }))
}

fn scores(event: &Event<'_>) -> Option<Record> {
    if !event.message.starts_with("node scores ") {
        return None;
    }
    let payload = event.payload();
    let delta = |names| payload.float(names).unwrap_or_default();
    Some(Record::Scores(Box::new(Scores {
        at: event.at,
        satellite: event.satellite()?,
        audit: payload.float(&["audit_score", "Audit Score"])?,
        online: payload.float(&["online_score", "Online Score"])?,
        suspension: payload.float(&["suspension_score", "Suspension Score"])?,
        audit_delta: delta(&["audit_score_delta", "Audit Score Delta"]),
        online_delta: delta(&["online_score_delta", "Online Score Delta"]),
        suspension_delta: delta(&["suspension_score_delta", "Suspension Score Delta"]),
        audits_total: payload.number(&["total_audits", "Total Audits"])?,
        audits_passed: payload.number(&["successful_audits", "Successful Audits"])?,
    })))
}

pub(crate) use trouble::foreign as foreign_trouble;
