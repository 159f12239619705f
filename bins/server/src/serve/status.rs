//! How the server is, for its page and for `/api/v1/status`.

use std::{collections::BTreeMap, time::Duration};

use piecewatch_broadcast::CloseReason;
use piecewatch_collector::pipeline::{NodeState, PipelineState};
use piecewatch_ingest::State;
use piecewatch_model::{NodeName, Timestamp};
use piecewatch_store::NodeInfo;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    metrics::reason_name,
    own::{CLASSES, OwnFigures},
};
use crate::version;

/// How the server is. What is not known is left out: there is no null in it, and lists are objects.
#[derive(Debug, Serialize)]
pub(crate) struct Status {
    version: &'static str,
    at: String,
    since: String,
    uptime_seconds: u64,
    startup_ms: Option<u64>,
    process: Process,
    machine: Machine,
    database: Database,
    pipeline: Option<Pipeline>,
    nodes: BTreeMap<String, Node>,
    /// By what they serve, then by name.
    caches: BTreeMap<&'static str, BTreeMap<&'static str, Cache>>,
    http: Http,
    hub: Hub,
    alerts_firing: u64,
}

#[derive(Debug, Serialize)]
struct Process {
    cpu_seconds: f64,
    /// Of a core, over the last seconds.
    cpu_percent: Option<f64>,
    resident_bytes: u64,
    virtual_bytes: u64,
    threads: Option<u64>,
    open_files: Option<u64>,
    open_files_max: Option<u64>,
    disk_read_bytes: Option<u64>,
    disk_written_bytes: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Machine {
    cpus: u64,
    load_1m: Option<f64>,
    load_5m: Option<f64>,
    load_15m: Option<f64>,
    memory_bytes: u64,
    memory_available_bytes: u64,
    network_received_bytes: u64,
    network_sent_bytes: u64,
}

#[derive(Debug, Serialize)]
struct Database {
    bytes: Option<u64>,
    wal_bytes: u64,
    queries: u64,
    query_ms: u64,
    slow_queries: u64,
    /// The last slow ones by the time at which they were answered.
    slow: BTreeMap<String, Slow>,
}

#[derive(Debug, Serialize)]
struct Slow {
    query: &'static str,
    took_ms: u64,
    /// The statement that took longest, with its parameters.
    statement: Option<String>,
}

#[derive(Debug, Serialize)]
struct Pipeline {
    since: String,
    waiting_batches: u64,
    commits: u64,
    records: u64,
    /// The mean of all; left out before the first.
    commit_ms: Option<f64>,
    /// Of the last one to two minutes.
    longest_commit_ms: f64,
    committed_at: Option<String>,
    /// Why nothing can be written; left out when all is well.
    blocked: Option<String>,
}

/// A node, and how fresh what is known of it is.
#[derive(Debug, Default, Serialize)]
struct Node {
    last_record_at: Option<String>,
    lag_seconds: Option<u64>,
    source: Option<String>,
    /// `starting`, `waiting`, `moved`, `catching_up`, `live` or `disconnected`.
    state: Option<&'static str>,
    /// Why it is not read.
    reason: Option<String>,
    read_bytes: Option<u64>,
    total_bytes: Option<u64>,
    lines: Option<u64>,
    /// The kind of its silence.
    silence: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct Cache {
    hits: u64,
    misses: u64,
    /// The share of asks that were answered from memory; left out before the first.
    hit_ratio: Option<f64>,
    computations: u64,
    errors: u64,
    evictions: u64,
    computing_ms: f64,
    longest_computing_ms: f64,
    entries: u64,
    weight_bytes: u64,
}

#[derive(Debug, Serialize)]
struct Http {
    requests: u64,
    by_class: BTreeMap<&'static str, u64>,
    not_modified: u64,
    unavailable: u64,
    slow: u64,
    open: u64,
    sent_bytes: u64,
    /// The mean of all; left out before the first.
    took_ms: Option<f64>,
    connections: u64,
    connected: u64,
}

#[derive(Debug, Serialize)]
struct Hub {
    clients: u64,
    behind: u64,
    channels: u64,
    views: u64,
    held_bytes: u64,
    window_ms: f64,
    load: f64,
    events: u64,
    states: u64,
    frames: u64,
    messages: u64,
    patches: u64,
    snapshots: u64,
    serialisations: u64,
    sent_bytes: u64,
    resyncs: u64,
    faults: u64,
    refused: u64,
    closed: BTreeMap<&'static str, u64>,
}

impl Status {
    /// How the server is; `nodes` are all that the database knows.
    pub(crate) fn of(own: &OwnFigures, nodes: &[NodeInfo], uptime: Duration) -> Self {
        let moment = &own.moment;
        Self {
            version: version::NUMBER,
            at: own.at.to_string(),
            since: own.since.to_string(),
            uptime_seconds: uptime.as_secs(),
            startup_ms: moment.startup.map(|took| took.as_millis() as u64),
            process: process(own),
            machine: machine(own),
            database: database(own),
            pipeline: moment.pipeline.as_ref().map(pipeline),
            nodes: nodes_of(moment.pipeline.as_ref(), nodes, own.at),
            caches: caches(own),
            http: http(own),
            hub: hub(own),
            alerts_firing: moment.alerts.iter().map(|firing| firing.count).sum(),
        }
    }

    /// As JSON without a null.
    pub(crate) fn to_value(&self) -> Value {
        let value = serde_json::to_value(self).expect("its keys are texts");
        without_nulls(value)
    }
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(
                members.map(|(key, value)| (key, without_nulls(value))).collect::<Map<_, _>>(),
            )
        }
        Value::Array(values) => Value::Array(values.into_iter().map(without_nulls).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

fn process(own: &OwnFigures) -> Process {
    let of = &own.process;
    Process {
        cpu_seconds: of.cpu.as_secs_f64(),
        cpu_percent: of.cpu_share.map(|share| (share * 10_000.0).round() / 100.0),
        resident_bytes: of.resident_bytes,
        virtual_bytes: of.virtual_bytes,
        threads: of.threads,
        open_files: of.open_files,
        open_files_max: of.open_files_max,
        disk_read_bytes: of.disk_read_bytes,
        disk_written_bytes: of.disk_written_bytes,
    }
}

fn machine(own: &OwnFigures) -> Machine {
    let of = &own.machine;
    let load = |at: usize| of.load.map(|load| load[at]);
    Machine {
        cpus: of.cpus,
        load_1m: load(0),
        load_5m: load(1),
        load_15m: load(2),
        memory_bytes: of.memory_bytes,
        memory_available_bytes: of.memory_available_bytes,
        network_received_bytes: of.network_received_bytes,
        network_sent_bytes: of.network_sent_bytes,
    }
}

fn database(own: &OwnFigures) -> Database {
    let (queries, slow_queries) = own.asked();
    let took: Duration = own.questions.values().map(|stats| stats.took).sum();
    let slow = own.slow.iter().map(|told| {
        let question = &told.question;
        let slow = Slow {
            query: question.name,
            took_ms: question.took.as_millis() as u64,
            statement: question.statement.clone(),
        };
        (told.at.to_string(), slow)
    });
    Database {
        bytes: own.database.bytes,
        wal_bytes: own.database.wal_bytes,
        queries,
        query_ms: took.as_millis() as u64,
        slow_queries,
        slow: slow.collect(),
    }
}

fn pipeline(of: &PipelineState) -> Pipeline {
    let writer = &of.writer;
    let mean = millis(writer.committing) / writer.commits.max(1) as f64;
    Pipeline {
        since: of.since.to_string(),
        waiting_batches: of.waiting as u64,
        commits: writer.commits,
        records: writer.records,
        commit_ms: (writer.commits > 0).then_some(rounded(mean)),
        longest_commit_ms: millis(writer.longest_commit),
        committed_at: writer.committed_at.as_ref().map(Timestamp::to_string),
        blocked: writer.blocked.clone(),
    }
}

fn nodes_of(
    pipeline: Option<&PipelineState>,
    known: &[NodeInfo],
    now: Timestamp,
) -> BTreeMap<String, Node> {
    let mut nodes: BTreeMap<String, Node> = BTreeMap::new();
    for node in known {
        let newest = node.records.map(|(_, newest)| newest);
        let lag = |at: Timestamp| (now.as_micros() - at.as_micros()).max(0) as u64 / 1_000_000;
        let of = Node {
            last_record_at: newest.as_ref().map(Timestamp::to_string),
            lag_seconds: newest.map(lag),
            ..Node::default()
        };
        nodes.insert(node.name.to_string(), of);
    }
    for followed in pipeline.map_or(&[][..], |pipeline| &pipeline.nodes) {
        let name: &NodeName = &followed.node;
        nodes.entry(name.to_string()).or_default().add(followed);
    }
    nodes
}

impl Node {
    fn add(&mut self, followed: &NodeState) {
        self.source = Some(followed.source.clone());
        self.lines = Some(followed.lines);
        self.silence = followed.silence.as_ref().map(|(kind, _)| *kind);
        let (state, reason) = match &followed.state {
            State::Starting => ("starting", None),
            State::Waiting { reason } => ("waiting", Some(reason)),
            State::Moved { reason } => ("moved", Some(reason)),
            State::CatchingUp { read_bytes, total_bytes } => {
                self.read_bytes = Some(*read_bytes);
                self.total_bytes = Some(*total_bytes);
                ("catching_up", None)
            }
            State::Live { .. } => ("live", None),
            State::Disconnected { reason, .. } => ("disconnected", Some(reason)),
        };
        self.state = Some(state);
        self.reason = reason.cloned();
    }
}

fn caches(own: &OwnFigures) -> BTreeMap<&'static str, BTreeMap<&'static str, Cache>> {
    let mut caches: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for (service, of) in &own.caches {
        let asks = of.hits + of.misses;
        let cache = Cache {
            hits: of.hits,
            misses: of.misses,
            hit_ratio: (asks > 0).then(|| rounded(of.hits as f64 / asks.max(1) as f64)),
            computations: of.computations,
            errors: of.errors,
            evictions: of.evictions,
            computing_ms: of.computing_micros as f64 / 1e3,
            longest_computing_ms: of.computing_micros_max as f64 / 1e3,
            entries: of.entries,
            weight_bytes: of.weight,
        };
        caches.entry(*service).or_default().insert(of.name, cache);
    }
    caches
}

fn http(own: &OwnFigures) -> Http {
    let of = &own.http;
    let requests = of.all();
    Http {
        requests,
        by_class: CLASSES.into_iter().zip(of.answers).collect(),
        not_modified: of.not_modified,
        unavailable: of.unavailable,
        slow: of.slow,
        open: of.open,
        sent_bytes: of.bytes,
        took_ms: (requests > 0).then(|| rounded(millis(of.took) / requests.max(1) as f64)),
        connections: of.connections,
        connected: of.connected,
    }
}

fn hub(own: &OwnFigures) -> Hub {
    let of = &own.moment.hub;
    let closed = CloseReason::ALL.into_iter();
    Hub {
        clients: of.clients as u64,
        behind: of.behind as u64,
        channels: of.channels as u64,
        views: of.views as u64,
        held_bytes: of.held_bytes as u64,
        window_ms: millis(of.window),
        load: rounded(of.load),
        events: of.events,
        states: of.states,
        frames: of.frames,
        messages: of.messages,
        patches: of.patches,
        snapshots: of.snapshots,
        serialisations: of.serialisations,
        sent_bytes: of.bytes,
        resyncs: of.resyncs,
        faults: of.faults,
        refused: of.refused,
        closed: closed.map(|reason| (reason_name(reason), of.closed_for(reason))).collect(),
    }
}

fn millis(time: Duration) -> f64 {
    rounded(time.as_secs_f64() * 1e3)
}

/// To thousandths: what is drawn need not be exacter, and a patch is shorter.
fn rounded(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}
