//! Nodes: from what was given to what is followed.

use std::path::PathBuf;

use jiff::tz::{Offset, TimeZone};
use piecewatch_ingest::{Source, StartAt};
use piecewatch_model::{MicroUsd, NodeName};
use piecewatch_node_api::{Address, Error as AddressError};

use super::{
    Place,
    key::nearest,
    raw::{Given, RawNode, Value, path_in},
};
use crate::Error;

/// A node whose log is followed.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The name under which it is kept.
    pub name: NodeName,
    /// Where its log comes from.
    pub source: Source,
    /// Where reading begins when nothing was read before.
    pub start: StartAt,
    /// The zone of lines that name none; `None` counts them as UTC.
    pub time_zone: Option<TimeZone>,
    /// The address of the node's own dashboard, which the server asks.
    pub api: Option<Address>,
    /// In place of `api`, the folder with the node's own databases.
    pub databases: Option<PathBuf>,
    /// The address of the node's debug endpoint.
    pub metrics: Option<Address>,
    /// What the node costs in a month, not negative; `None` when nobody said.
    pub monthly_cost: Option<MicroUsd>,
}

impl Node {
    /// Whether the log of this node is that of another, read in the same way; what else is known of
    /// a node does not matter for that.
    pub(crate) fn is_followed_as(&self, other: &Self) -> bool {
        (&self.name, &self.source, &self.start, &self.time_zone)
            == (&other.name, &other.source, &other.start, &other.time_zone)
    }
}

/// Checks a node; each thing that is wrong with it goes to `errors`.
pub(crate) fn checked(raw: &RawNode, errors: &mut Vec<Error>) -> Option<Node> {
    let before = errors.len();
    let name = match raw.get("name") {
        Some(given) => keep(named(given), errors),
        None => {
            let wrong = "this node has no name; add `name = \"…\"`, a name of your choice";
            errors.push(raw.place.error(wrong));
            None
        }
    };
    let source = keep(source(raw), errors);
    let start = raw.get("start").and_then(|given| keep(start(given), errors));
    let time_zone = raw.get("time_zone").and_then(|given| keep(time_zone(given), errors));
    let api = raw.get("api").and_then(|given| keep(api(given), errors));
    let databases = raw.get("databases").and_then(|given| keep(databases(given, raw), errors));
    let metrics = raw.get("metrics").and_then(|given| keep(metrics(given), errors));
    let monthly_cost =
        raw.get("monthly_cost_usd").and_then(|given| keep(monthly_cost(given), errors));
    let node = Node {
        name: name?,
        source: source?,
        start: start.unwrap_or_default(),
        time_zone,
        api,
        databases,
        metrics,
        monthly_cost,
    };
    (errors.len() == before).then_some(node)
}

fn keep<T>(result: Result<T, Error>, errors: &mut Vec<Error>) -> Option<T> {
    result.map_err(|error| errors.push(error)).ok()
}

/// The text that was given for a key of a node.
fn text<'a>(given: &'a Given, name: &str, example: &str) -> Result<&'a str, Error> {
    match &given.value {
        Value::Text(text) | Value::Untyped(text) => Ok(text),
        other @ (Value::Number(_)
        | Value::Decimal(_)
        | Value::Switch(_)
        | Value::Texts(_)
        | Value::Other(_)) => {
            let found = other.description();
            let wrong = format!("{name} is a text, but this is {found}; write {name} = {example}");
            Err(given.place.error(wrong))
        }
    }
}

fn named(given: &Given) -> Result<NodeName, Error> {
    let name = text(given, "name", "\"attic\"")?;
    name.parse().map_err(|_| {
        given.place.error(format!(
            "{name:?} is no name for a node; write 1 to {} characters, without spaces at its ends",
            NodeName::MAX_CHARS
        ))
    })
}

fn source(raw: &RawNode) -> Result<Source, Error> {
    match (raw.get("source"), raw.get("command")) {
        (Some(_), Some(command)) => Err(command.place.error(
            "this node has both a source and a command; keep the one from which its log comes",
        )),
        (None, None) => Err(raw.place.error(
            "this node has no source; add `source = \"…\"`: the file it writes to, \"docker:CONTAINER\", \"journald:UNIT\" or \"tcp://HOST:PORT\"",
        )),
        (Some(given), None) => {
            let text = text(given, "source", "\"/var/log/storj/node.log\"")?;
            source_of(text, &given.place)
        }
        (None, Some(given)) => command(given),
    }
}

/// The source that a text names in a place.
pub(crate) fn source_of(text: &str, place: &Place) -> Result<Source, Error> {
    match text.parse::<Source>().map_err(|error| place.error(error.to_string()))? {
        Source::File(_) if text.contains("://") => Err(place.error(format!(
            "{:?} is no source; of addresses only tcp://HOST:PORT is one, and the node's dashboard goes into `api`",
            Address::shown(text)
        ))),
        Source::File(path) => Ok(Source::File(path_in(place, &path.to_string_lossy()))),
        source @ (Source::Docker(_) | Source::Journald(_) | Source::Command(_) | Source::Tcp(_)) => {
            Ok(source)
        }
    }
}

fn command(given: &Given) -> Result<Source, Error> {
    let example = "command = [\"ssh\", \"attic\", \"tail -F -n 0 node.log\"]";
    let words = match &given.value {
        Value::Texts(words) => words,
        other @ (Value::Text(_)
        | Value::Untyped(_)
        | Value::Number(_)
        | Value::Decimal(_)
        | Value::Switch(_)
        | Value::Other(_)) => {
            let found = other.description();
            return Err(given.place.error(format!(
                "command is a list, the program and each of its arguments, but this is {found}; write {example}"
            )));
        }
    };
    match words.first() {
        Some(program) if !program.trim().is_empty() => Ok(Source::Command(words.clone())),
        Some(_) | None => {
            Err(given.place.error(format!("command names no program; write {example}")))
        }
    }
}

fn start(given: &Given) -> Result<StartAt, Error> {
    let text = text(given, "start", "\"beginning\"")?;
    match text {
        "beginning" => Ok(StartAt::Beginning),
        "end" => Ok(StartAt::End),
        time => time.parse().map(StartAt::Time).map_err(|_| {
            given.place.error(format!(
                "start is \"beginning\", \"end\" or a time with its zone, as \"2026-08-19T00:00:00Z\", but this is {text:?}"
            ))
        }),
    }
}

fn time_zone(given: &Given) -> Result<TimeZone, Error> {
    let name = text(given, "time_zone", "\"Europe/Berlin\"")?;
    let zone = offset(name).map(TimeZone::fixed).map_or_else(|| TimeZone::get(name), Ok);
    zone.map_err(|_| {
        let known: Vec<String> = jiff::tz::db().available().map(|zone| zone.to_string()).collect();
        let hint = match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean {near}? An offset is written as +02:00"),
            None => "write one as \"Europe/Berlin\" or \"+02:00\"".to_owned(),
        };
        given.place.error(format!("{name:?} is no time zone; {hint}"))
    })
}

/// An offset in the form `+02:00` or `-0330`.
fn offset(text: &str) -> Option<Offset> {
    let (sign, rest) = match text.as_bytes() {
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (&[h1, h0, b':', m1, m0] | &[h1, h0, m1, m0]) = rest else { return None };
    let digits = [h1, h0, m1, m0].map(|digit| i32::from(digit) - i32::from(b'0'));
    let [h1, h0, m1, m0] = digits.iter().all(|digit| (0..=9).contains(digit)).then_some(digits)?;
    let (hours, minutes) = (h1 * 10 + h0, m1 * 10 + m0);
    if hours > 23 || minutes > 59 {
        return None;
    }
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

fn api(given: &Given) -> Result<Address, Error> {
    address(given, "api", "dashboard", "\"http://192.168.1.20:14002\"")
}

fn metrics(given: &Given) -> Result<Address, Error> {
    address(given, "metrics", "debug endpoint", "\"http://192.168.1.20:5999\"")
}

fn address(given: &Given, name: &str, of: &str, example: &str) -> Result<Address, Error> {
    text(given, name, example)?.parse().map_err(|error: AddressError| {
        let wrong = if let AddressError::Address { text, wrong } = &error {
            format!("{text:?} is no address of a node's {of}: {wrong}; write it as {example}")
        } else {
            error.words()
        };
        given.place.error(wrong)
    })
}

fn databases(given: &Given, raw: &RawNode) -> Result<PathBuf, Error> {
    if raw.get("api").is_some() {
        return Err(given.place.error(
            "this node has both an api and databases; keep the one from which its figures come",
        ));
    }
    let folder = text(given, "databases", "\"/mnt/storj/storage\"")?;
    if folder.trim().is_empty() {
        let wrong = "databases names no folder; name the one with bandwidth.db, or leave it out";
        return Err(given.place.error(wrong));
    }
    Ok(path_in(&given.place, folder))
}

fn monthly_cost(given: &Given) -> Result<MicroUsd, Error> {
    let text = match &given.value {
        Value::Text(text) | Value::Untyped(text) | Value::Decimal(text) => Some(text.clone()),
        Value::Number(number) => number.map(|number| number.to_string()),
        Value::Switch(_) | Value::Texts(_) | Value::Other(_) => None,
    };
    let cost = text.as_deref().and_then(|text| text.parse::<MicroUsd>().ok());
    cost.filter(|cost| *cost >= MicroUsd::default()).ok_or_else(|| {
        let found = text.unwrap_or_else(|| given.value.description());
        given.place.error(format!(
            "monthly_cost_usd is an amount of US dollars, 0 or more, with at most six decimals, but this is {found}; write for instance monthly_cost_usd = 3.50"
        ))
    })
}
