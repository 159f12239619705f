//! What the collector is told: a TOML file, the environment, the command line; later wins.
//!
//! Everything is first taken as it was given, each value with its place (`raw`), and then checked
//! once. The rest of the program sees the checked form only.

mod alert;
mod alert_key;
mod environment;
mod file;
mod flag;
mod key;
mod node;
mod place;
mod printed;
mod raw;
mod secret;
mod setting;

use std::{ffi::OsString, net::SocketAddr, path::PathBuf, time::Duration};

pub use alert::{AlertsConfig, Channel, ChannelKind, Heartbeat, MailLogin, MailTls};
pub use node::Node;
use piecewatch_analytics::ObservatorySettings;
use piecewatch_ingest::Source;
use piecewatch_model::ByteCount;
use piecewatch_store::Retention;
pub use place::Place;
use raw::{Given, Raw, RawNode, Value};
pub use secret::{Secret, TextFrom};
use setting::Settings;

use crate::{Error, Result};

/// Everything that is configured, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The database.
    pub db: PathBuf,
    /// A MaxMind database of countries.
    pub geoip: Option<PathBuf>,
    /// The nodes, in the order in which they were given; no two have one name or one source.
    pub nodes: Vec<Node>,
    /// How long what is kept.
    pub retention: Retention,
    /// The program's own log.
    pub log: LogConfig,
    /// Pace and switches.
    pub performance: Performance,
    /// What runs by itself.
    pub upkeep: Upkeep,
    /// How the nodes themselves are asked.
    pub polling: Polling,
    /// How long what was computed is kept.
    pub cache: CacheConfig,
    /// What browsers and other programs see.
    pub server: ServerConfig,
    /// Of what operators are told, and how.
    pub alerts: AlertsConfig,
    /// What is told to Prometheus.
    pub metrics: MetricsConfig,
}

/// The program's own log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// How it looks.
    pub format: LogFormat,
    /// What is logged, as directives of `tracing`; they are known to be valid.
    pub level: String,
    /// The most lines of one call site in a minute; `None` is no limit.
    pub rate_limit_per_minute: Option<u32>,
    /// A question to the database that takes so long is logged; `None` logs none.
    pub slow_query: Option<Duration>,
}

/// What is told to Prometheus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricsConfig {
    /// Whether what nodes report is told under the names of Storj-Exporter, too.
    pub storj_exporter_names: ExporterNames,
}

/// Whether what nodes report is told under the names of Storj-Exporter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExporterNames {
    /// It is, beside the conventional names.
    Told,
    /// It is not.
    LeftOut,
}

/// How the program's own log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people, and for journald.
    Human,
    /// An object a line.
    Json,
}

/// Pace and switches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Performance {
    /// How often what was read is committed.
    pub commit_interval: Duration,
    /// How often a file is looked at where notifications do not work.
    pub poll_interval: Duration,
    /// How a change of a file is noticed.
    pub noticing: Noticing,
    /// How many questions the server asks the database at once.
    pub read_connections: u32,
    /// Changes within so long go to browsers together; zero sends each alone.
    pub coalesce: Duration,
    /// How often a second browsers are sent a topic that has a rate, at most: each has its own beside.
    pub heavy_hz: u32,
    /// Whether browsers are sent what has changed only.
    pub diffs: Use,
    /// Whether topics, hints and hidden pages slow down what is sent.
    pub rates: Use,
    /// Whether what several browsers see is made once.
    pub sharing: Use,
    /// Whether changes are gathered for longer under load.
    pub adaptive: Use,
    /// Whether HTTP answers are compressed.
    pub compression: Use,
    /// Whether an answer is given again to whoever asks the same within a second.
    pub answer_cache: Use,
}

/// Whether an optimisation is used; off is for measuring what it brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// It is used.
    On,
    /// It is not.
    Off,
}

/// What browsers and other programs see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerConfig {
    /// Where the server listens.
    pub listen: SocketAddr,
    /// The file with the token that lets in.
    pub token_file: Option<PathBuf>,
    /// The origins under which browsers see the server behind a proxy, in small letters.
    pub origins: Vec<String>,
    /// The most connections at once.
    pub connections_max: u32,
    /// How long an answer may take.
    pub request_timeout: Duration,
    /// Requests that take longer are logged.
    pub slow_request: Duration,
    /// A start that takes longer is warned of.
    pub slow_start: Duration,
}

/// How a change of a file is noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noticing {
    /// By the system's notifications where they work, else by looking.
    Notifications,
    /// By looking alone.
    Polling,
}

/// What runs by itself beside the reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upkeep {
    /// How often what is beyond its retention is removed.
    pub prune_every: Duration,
    /// How often the write-ahead log is moved into the database.
    pub checkpoint_every: Duration,
    /// How often SQLite's statistics are brought up to date.
    pub optimize_every: Duration,
    /// By how much these vary, in percent, 0 to 50.
    pub jitter_percent: u8,
}

/// How the nodes themselves are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Polling {
    /// How often the dashboard and the metrics are asked.
    pub dashboard_every: Duration,
    /// How often what is known by satellite is asked, or the node's databases are read.
    pub satellites_every: Duration,
    /// How often payments of past months are asked.
    pub paystubs_every: Duration,
    /// How long one whole answer may take.
    pub timeout: Duration,
    /// By how much the times between questions vary, in percent, at most 50.
    pub jitter_percent: u8,
    /// Whether the dashboards of nodes without an address are looked for.
    pub discovery: Discovery,
}

/// Whether the dashboards of nodes without an address are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discovery {
    /// They are not.
    Off,
    /// Those of nodes whose log is on this machine are, at the address that nodes have by default.
    Local,
}

/// How long what was computed is kept before it is computed anew. A time of zero keeps nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheConfig {
    /// Of satellites, prices and payments.
    pub satellites: Duration,
    /// Of traffic.
    pub traffic: Duration,
    /// Of storage by satellite.
    pub storage: Duration,
    /// The storage of a whole node.
    pub storage_total: Duration,
    /// How much of all that may weigh together.
    pub weight_max: ByteCount,
    /// Of all that is no earnings, with a weight of its own. Traffic, storage of a whole node and
    /// satellites have one time for both.
    pub observatory: ObservatorySettings,
}

/// What was given beside the file: where it is, the environment and the command line.
#[derive(Debug, Clone, Default)]
pub struct Sayings {
    /// The file.
    pub file: Option<PathBuf>,
    /// The environment.
    pub variables: Vec<(OsString, OsString)>,
    /// `--db`.
    pub db: Option<PathBuf>,
    /// Each `--node`.
    pub nodes: Vec<String>,
}

impl Config {
    /// Reads and checks everything, for a command that follows nodes: there is at least one.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, at once, each with its place.
    pub fn load(sayings: &Sayings) -> Result<Self> {
        let config = Self::load_settings(sayings)?;
        if config.nodes.is_empty() { Err(Error::NoNode) } else { Ok(config) }
    }

    /// The same for a command that asks a database: there may be no nodes.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, at once, each with its place.
    pub fn load_settings(sayings: &Sayings) -> Result<Self> {
        let mut errors = Vec::new();
        let mut raw = Raw::default();
        if let Some(path) = &sayings.file {
            // A file that breaks off in the middle says nothing reliable about the rest.
            file::read(path, &mut raw, &mut errors)?;
        }
        environment::read(sayings.variables.iter().cloned(), &mut raw, &mut errors);
        if let Some(db) = &sayings.db {
            let value = Value::Untyped(db.to_string_lossy().into_owned());
            raw.set(key::DB, Given { value, place: Place::Flag("--db".to_owned()) });
        }
        let nodes = nodes(std::mem::take(&mut raw.nodes), &sayings.nodes, &mut errors);
        let alerts = alert::checked(&raw, &mut errors);
        let mut settings = Settings::new(&raw, &mut errors);
        let db = settings.path(key::DB);
        let geoip = settings.optional_path(key::GEOIP);
        let retention = settings.retention();
        let log = settings.log();
        let performance = settings.performance();
        let upkeep = settings.upkeep();
        let polling = settings.polling();
        let cache = settings.cache();
        let server = settings.server();
        let metrics = settings.metrics();
        match errors.len() {
            0 => Ok(Self {
                db,
                geoip,
                nodes,
                retention,
                log,
                performance,
                upkeep,
                polling,
                cache,
                server,
                alerts,
                metrics,
            }),
            1 => Err(errors.remove(0)),
            _ => Err(Error::Several(errors)),
        }
    }
}

/// The nodes of the file, and those of the command line: one of a name that the file has stands in
/// its place.
fn nodes(mut raw: Vec<RawNode>, flags: &[String], errors: &mut Vec<Error>) -> Vec<Node> {
    let name_of = |node: &RawNode| node.get("name").map(|given| given.value.description());
    let mut said = Vec::new();
    for text in flags {
        match flag::node(text) {
            Ok(node) => said.push(node),
            Err(error) => errors.push(error),
        }
    }
    raw.retain(|node| {
        let name = name_of(node);
        name.is_none() || said.iter().all(|other| name_of(other) != name)
    });
    raw.append(&mut said);
    let mut nodes: Vec<(Node, Place)> = Vec::new();
    for raw in &raw {
        let Some(node) = node::checked(raw, errors) else { continue };
        let place = |key| raw.get(key).map_or(&raw.place, |given| &given.place).clone();
        if let Some((_, first)) = nodes.iter().find(|(other, _)| other.name == node.name) {
            let wrong = format!("a second node is named {}; the first is at {first}", node.name);
            errors.push(place("name").error(format!("{wrong}. Give each a name of its own")));
        } else if let Some((other, _)) =
            nodes.iter().find(|(other, _)| is_one_log(&other.source, &node.source))
        {
            let (name, source) = (&node.name, &node.source);
            let wrong = format!("{name} has the source of {}, {source}", other.name);
            let what_to_do = "every line would count for both; name the log of each node";
            let key = if raw.get("command").is_some() { "command" } else { "source" };
            errors.push(place(key).error(format!("{wrong}; {what_to_do}")));
        } else {
            nodes.push((node, raw.place.clone()));
        }
    }
    nodes.into_iter().map(|(node, _)| node).collect()
}

/// Whether two sources are one log: two paths may lead to one file.
fn is_one_log(one: &Source, other: &Source) -> bool {
    if let (Source::File(one), Source::File(other)) = (one, other)
        && let (Ok(one), Ok(other)) = (one.canonicalize(), other.canonicalize())
    {
        return one == other;
    }
    one == other
}
