//! Which nodes there are, and how they are known.

use std::{cmp::Reverse, collections::BTreeMap};

use piecewatch_analytics::silence::{Silence, silence_of};
use piecewatch_model::{NodeName, NodeStatus, Timestamp};
use piecewatch_store::{Activity, KnownLog, KnownSources, NodeInfo, PollRow, Reported, Window};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Problem, Reply,
    ask::{Ask, Sheet, of, written},
};
use crate::form::csv_rows;

/// How many logs of a node are listed: rotation makes one a day, and those that are over say little.
const LOGS_MAX: usize = 20;
/// A clock that is a day ahead is a clock.
const AHEAD_MICROS: i64 = 24 * 3600 * 1_000_000;

/// The nodes.
#[derive(JsonSchema, Serialize)]
pub(super) struct Root<'a> {
    /// When it was asked.
    at: String,
    nodes: Vec<Node<'a>>,
}

#[derive(JsonSchema, Serialize)]
struct Node<'a> {
    #[serde(flatten)]
    row: Row<'a>,
    /// The logs, archives and files that were read of it, at most 20 of them: that first of which lines were
    /// stored last.
    logs: Vec<Log<'a>>,
    /// How the polls of each part go; none of a node that is not asked.
    polls: Vec<Poll<'a>>,
}

#[derive(Default, JsonSchema, Serialize)]
struct Row<'a> {
    node: &'a str,
    first_record_at: Option<String>,
    last_record_at: Option<String>,
    /// From the last record to now.
    lag_seconds: Option<f64>,
    /// When lines of its log were stored last.
    stored_at: Option<String>,
    /// How many logs, archives and files were read, and how many lines of them.
    sources: usize,
    lines: u64,
    /// `lively`, or in which way its log is silent; null without a log.
    silence: Option<&'static str>,
    silent_since: Option<String>,
    silence_explained: Option<String>,
    version: Option<String>,
    /// The lowest version that the network accepts.
    allowed_version: Option<String>,
    is_up_to_date: Option<bool>,
    node_id: Option<String>,
    started_at: Option<String>,
    last_pinged_at: Option<String>,
    last_quic_pinged_at: Option<String>,
    quic: Option<&'static str>,
    port: Option<u16>,
}

#[derive(JsonSchema, Serialize)]
struct Log<'a> {
    /// Its last name.
    source: &'a str,
    /// How much of it was read, decompressed.
    bytes: u64,
    lines: u64,
    /// Lines that no known program writes.
    not_understood: u64,
    /// When lines of it were stored last.
    stored_at: String,
    /// From then to now.
    lag_seconds: f64,
}

#[derive(JsonSchema, Serialize)]
struct Poll<'a> {
    /// What is asked.
    part: &'static str,
    at: String,
    took_micros: u64,
    requests: u32,
    bytes: u64,
    error: Option<&'a str>,
    succeeded_at: Option<String>,
    failing_since: Option<String>,
}

/// What is known of the nodes.
struct Known {
    at: Timestamp,
    nodes: Vec<Of>,
}

struct Of {
    node: NodeInfo,
    sources: KnownSources,
    silence: Option<Silence>,
    stored_at: Option<Timestamp>,
    /// The version that its log told last.
    version: Option<Box<str>>,
    status: Option<NodeStatus>,
    polls: Vec<PollRow>,
}

pub(super) fn nodes(ask: &Ask<'_>) -> Reply {
    ask.reply(
        known(ask)?,
        |known| written(&root(known)),
        Sheet::of::<Row<'_>>(|known, out| {
            csv_rows(out, known.nodes.iter().map(|of| row(of, known.at)))
        }),
    )
}

fn known(ask: &Ask<'_>) -> Result<Known, Problem> {
    let (names, now) = (ask.names(), ask.now);
    let reader = ask.parts.readers.get()?;
    let nodes = of(&names);
    let from_now = Window { from: now, to: now.plus_micros(AHEAD_MICROS) };
    let silences: BTreeMap<NodeName, Silence> =
        silence_of(&reader, nodes, now)?.into_iter().collect();
    let activities = reader.activity(nodes, now)?.into_iter();
    let activities: BTreeMap<NodeName, Activity> =
        activities.map(|of| (of.node.clone(), of)).collect();
    // Oldest first: the last one of a node stays.
    let versions = reader.versions(nodes, from_now)?.into_iter();
    let versions: BTreeMap<NodeName, Box<str>> =
        versions.map(|run| (run.node, run.version)).collect();
    let statuses = reader.statuses(nodes)?.into_iter();
    let statuses: BTreeMap<NodeName, NodeStatus> =
        statuses.map(|Reported { node, what, .. }| (node, what)).collect();
    let mut polls: BTreeMap<NodeName, Vec<PollRow>> = BTreeMap::new();
    for poll in reader.polls(nodes)? {
        polls.entry(poll.node.clone()).or_default().push(poll);
    }
    let of_node = |node: &NodeInfo| {
        let name = &node.name;
        Ok(Of {
            sources: reader.sources(name)?,
            silence: silences.get(name).cloned(),
            stored_at: activities.get(name).and_then(|of| of.stored_at),
            version: versions.get(name).cloned(),
            status: statuses.get(name).cloned(),
            polls: polls.get(name).cloned().unwrap_or_default(),
            node: node.clone(),
        })
    };
    let nodes = ask.nodes.iter().map(of_node).collect::<Result<_, Problem>>()?;
    Ok(Known { at: now, nodes })
}

fn root(known: &Known) -> Root<'_> {
    let nodes = known.nodes.iter().map(|of| node(of, known.at)).collect();
    Root { at: known.at.to_string(), nodes }
}

fn node(of: &Of, now: Timestamp) -> Node<'_> {
    let mut logs: Vec<&KnownLog> = of.sources.logs.iter().collect();
    logs.sort_by_key(|log| Reverse(log.stored_at));
    logs.truncate(LOGS_MAX);
    Node {
        row: row(of, now),
        logs: logs.into_iter().map(|of| log(of, now)).collect(),
        polls: of.polls.iter().map(poll).collect(),
    }
}

fn row(of: &Of, now: Timestamp) -> Row<'_> {
    let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let owned = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
    let (first, last) = of.node.records.unzip();
    let lag = last.map(|last| seconds(last, now));
    let status = of.status.as_ref();
    Row {
        node: of.node.name.as_str(),
        first_record_at: text(first),
        last_record_at: text(last),
        lag_seconds: lag,
        stored_at: text(of.stored_at),
        sources: of.sources.checkpoints.len(),
        lines: of.sources.lines,
        silence: of.silence.as_ref().map(Silence::name),
        silent_since: text(of.silence.as_ref().and_then(Silence::since)),
        silence_explained: of.silence.as_ref().map(Silence::explanation),
        version: status.and_then(|of| owned(&of.version)).or_else(|| owned(&of.version)),
        allowed_version: status.and_then(|of| owned(&of.allowed_version)),
        is_up_to_date: status.and_then(|of| of.is_up_to_date),
        node_id: status.and_then(|of| owned(&of.node_id)),
        started_at: text(status.and_then(|of| of.started_at)),
        last_pinged_at: text(status.and_then(|of| of.last_pinged_at)),
        last_quic_pinged_at: text(status.and_then(|of| of.last_quic_pinged_at)),
        quic: status.and_then(|of| of.quic).map(|quic| quic.name()),
        port: status.and_then(|of| of.port),
    }
}

fn log(of: &KnownLog, now: Timestamp) -> Log<'_> {
    Log {
        source: &of.name,
        bytes: of.bytes,
        lines: of.lines,
        not_understood: of.unparsed,
        stored_at: of.stored_at.to_string(),
        lag_seconds: seconds(of.stored_at, now),
    }
}

fn poll(row: &PollRow) -> Poll<'_> {
    Poll {
        part: row.part.name(),
        at: row.last.at.to_string(),
        took_micros: row.last.took_micros,
        requests: row.last.requests,
        bytes: row.last.bytes.get(),
        error: row.last.error.as_deref(),
        succeeded_at: row.succeeded_at.map(|at| at.to_string()),
        failing_since: row.failing_since.map(|at| at.to_string()),
    }
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    (to.as_micros() - from.as_micros()) as f64 / 1e6
}
