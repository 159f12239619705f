//! Every key there is: its section, its kind with limits, its default and what it means.

use std::sync::LazyLock;

use super::alert_key;

/// A setting of which there is one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Key {
    /// The table it stands in; empty at the top of the file.
    pub(crate) section: &'static str,
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// As it is written in the file; `None` for what is not set unless somebody does.
    pub(crate) default: Option<&'static str>,
    /// An example for what has no default.
    pub(crate) example: &'static str,
    /// What it means, in lines.
    pub(crate) doc: &'static str,
}

/// What a key holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    /// A path; relative ones go out from the folder of the file.
    Path,
    /// A whole number within limits.
    Number { min: u32, max: u32 },
    /// `true` or `false`.
    Switch,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Directives for what is logged.
    Filter,
    /// An address and a port to listen on.
    Socket,
    /// A list of texts; in the environment separated by commas.
    List,
    /// A number within limits, with or without a fraction.
    Decimal { min: f64, max: f64 },
    /// A list of some of these words.
    Words(&'static [&'static str]),
    /// A text.
    Text,
}

impl Key {
    /// With its section: `log.level`.
    pub(crate) fn path(&self) -> String {
        if self.section.is_empty() {
            self.name.to_owned()
        } else {
            format!("{}.{}", self.section, self.name)
        }
    }

    /// The environment variable that sets it: `PIECEWATCH_LOG_LEVEL`.
    pub(crate) fn variable(&self) -> String {
        format!("PIECEWATCH_{}", self.path().replace('.', "_").to_uppercase())
    }
}

pub(super) const fn key(
    section: &'static str,
    name: &'static str,
    kind: Kind,
    default: &'static str,
    doc: &'static str,
) -> Key {
    Key { section, name, kind, default: Some(default), example: "", doc }
}

pub(super) const fn number(min: u32, max: u32) -> Kind {
    Kind::Number { min, max }
}

/// A century: whoever wants more keeps for ever.
const DAYS_MAX: u32 = 36_500;

pub(crate) const DB: Key =
    key("", "db", Kind::Path, "\"nodes.db\"", "The database; created if it is not there.");
pub(crate) const GEOIP: Key = Key {
    section: "",
    name: "geoip",
    kind: Kind::Path,
    default: None,
    example: "\"GeoLite2-Country.mmdb\"",
    doc: "A MaxMind database (.mmdb) that tells the country of an address. Without it countries\nstay unknown.",
};
pub(crate) const TRANSFERS: Key = key(
    "retention",
    "transfers_days",
    number(1, DAYS_MAX),
    "2",
    "Single transfers, in days: the largest part of the database.",
);
pub(crate) const PER_MINUTE: Key = key(
    "retention",
    "per_minute_days",
    number(1, DAYS_MAX),
    "2",
    "Traffic by the minute and latencies by five minutes, in days.",
);
pub(crate) const HOURLY_LATENCY: Key = key(
    "retention",
    "hourly_latency_days",
    number(1, DAYS_MAX),
    "90",
    "Latencies by the hour, in days; those by the day are kept for ever.",
);
pub(crate) const DETAILS: Key = key(
    "retention",
    "details_days",
    number(1, DAYS_MAX),
    "365",
    "Sizes, countries and errors by the hour, and all events, in days.",
);
pub(crate) const SNAPSHOTS: Key = key(
    "retention",
    "snapshots_days",
    number(1, DAYS_MAX),
    "90",
    "Each snapshot of the free space, in days; older ones are kept once a day, for ever.",
);
pub(crate) const ALERTS: Key = key(
    "retention",
    "alerts_days",
    number(1, DAYS_MAX),
    "90",
    "Alerts that are over, and what became of their messages, in days.",
);
pub(crate) const COMMITS: Key = key(
    "retention",
    "commits_minutes",
    number(10, 10_080),
    "60",
    "The list of commits, in minutes: what a server follows to stay up to date.",
);
pub(crate) const LOG_FORMAT: Key = key(
    "log",
    "format",
    Kind::Word(&["human", "json"]),
    "\"human\"",
    "How the collector's own log looks: \"human\" or \"json\" (one object a line).",
);
pub(crate) const LOG_LEVEL: Key = key(
    "log",
    "level",
    Kind::Filter,
    "\"info\"",
    "How much of it there is: \"error\", \"warn\", \"info\", \"debug\", \"trace\" or \"off\"; for a part\nalone with its name before it: \"info,piecewatch_ingest=debug\".",
);
pub(crate) const LOG_RATE: Key = key(
    "log",
    "rate_limit_per_minute",
    number(0, 1_000_000),
    "60",
    "The most lines that one place in the program writes in a minute; how many were left out is\ntold. Errors are never left out. 0 is no limit.",
);
pub(crate) const SLOW_QUERY: Key = key(
    "log",
    "slow_query_ms",
    number(0, 3_600_000),
    "1000",
    "A question to the database that takes so long is logged with its parameters, in milliseconds.\n0 logs none.",
);
pub(crate) const STORJ_EXPORTER_NAMES: Key = key(
    "metrics",
    "storj_exporter_names",
    Kind::Switch,
    "false",
    "Whether /metrics tells what nodes report under the names of Storj-Exporter, too (storj_node_info,\nstorj_total_diskspace, ...), so that boards made for it go on working.",
);
pub(crate) const COMMIT_INTERVAL: Key = key(
    "performance",
    "commit_interval_ms",
    number(20, 60_000),
    "5000",
    "How often what was read is committed, in milliseconds. Shorter intervals wear out flash\nstorage; what is not committed yet is read again after a crash.",
);
pub(crate) const POLL_INTERVAL: Key = key(
    "performance",
    "poll_interval_ms",
    number(50, 3_600_000),
    "250",
    "How often a log is looked at where file notifications do not work, as on network shares, in\nmilliseconds.",
);
pub(crate) const NOTIFICATIONS: Key = key(
    "performance",
    "notifications",
    Kind::Switch,
    "true",
    "Whether the system's file notifications are used where they work. With false, logs are only\nlooked at every poll_interval_ms.",
);
pub(crate) const PRUNE: Key = key(
    "upkeep",
    "prune_minutes",
    number(1, 10_080),
    "10",
    "How often what is beyond its retention is removed, in minutes.",
);
pub(crate) const CHECKPOINT: Key = key(
    "upkeep",
    "checkpoint_seconds",
    number(1, 86_400),
    "300",
    "How often the write-ahead log (FILE-wal) is moved into the database, in seconds.",
);
pub(crate) const OPTIMIZE: Key = key(
    "upkeep",
    "optimize_hours",
    number(1, 8_760),
    "24",
    "How often SQLite's statistics are brought up to date, in hours.",
);
pub(crate) const JITTER: Key = key(
    "upkeep",
    "jitter_percent",
    number(0, 50),
    "15",
    "By how much these times vary, in percent, so that they do not fall together.",
);

pub(crate) const DASHBOARD: Key = key(
    "polling",
    "dashboard_minutes",
    number(1, 1_440),
    "5",
    "How often a node's dashboard and its metrics are asked, in minutes: cheap for the node.",
);
pub(crate) const SATELLITES: Key = key(
    "polling",
    "satellites_minutes",
    number(5, 10_080),
    "30",
    "How often what a node knows of each satellite is asked, or its databases are read, in minutes.\nDear for the node: a core is busy for a moment with each satellite.",
);
pub(crate) const PAYSTUBS: Key = key(
    "polling",
    "paystubs_hours",
    // After 720 without an answer the whole past is asked again.
    number(1, 600),
    "12",
    "How often payments of past months are asked, in hours. The node itself asks every 12.",
);
pub(crate) const TIMEOUT: Key = key(
    "polling",
    "timeout_seconds",
    number(1, 600),
    "30",
    "How long one answer of a node may take, from the connection to its last byte, in seconds.",
);
pub(crate) const POLLING_JITTER: Key = key(
    "polling",
    "jitter_percent",
    number(0, 50),
    "10",
    "By how much these times vary, in percent, so that nodes are not all asked at once.",
);
pub(crate) const DISCOVER: Key = key(
    "polling",
    "discover",
    Kind::Switch,
    "false",
    "Whether the dashboard of a node without api is looked for at http://localhost:14002, if its log\nis a file, a container or a unit of this machine.",
);
pub(crate) const CACHE_SATELLITES: Key = ttl(
    "satellites_seconds",
    "300",
    "What is computed of satellites, their scores, prices and payments, in seconds. 0 keeps nothing.",
);
pub(crate) const CACHE_TRAFFIC: Key =
    ttl("traffic_seconds", "60", "What is computed of traffic, in seconds. 0 keeps nothing.");
pub(crate) const CACHE_STORAGE: Key = ttl(
    "storage_seconds",
    "60",
    "What is computed of storage by satellite, in seconds. 0 keeps nothing.",
);
pub(crate) const CACHE_STORAGE_TOTAL: Key = ttl(
    "storage_total_seconds",
    "60",
    "The storage of a whole node, which all its satellites share, in seconds. 0 keeps nothing.",
);
pub(crate) const CACHE_LATENCY: Key =
    ttl("latency_seconds", "30", "What is computed of latencies, in seconds. 0 keeps nothing.");
pub(crate) const CACHE_RATES: Key =
    ttl("rates_seconds", "5", "The rates of the last minute, in seconds. 0 keeps nothing.");
pub(crate) const CACHE_ERRORS: Key =
    ttl("errors_seconds", "60", "What is computed of errors, in seconds. 0 keeps nothing.");
pub(crate) const CACHE_WORK: Key = ttl(
    "work_seconds",
    "30",
    "What is computed of work on the pieces: compactions, garbage collection, walks. In seconds.\n0 keeps nothing.",
);
pub(crate) const CACHE_CONNECTIVITY: Key =
    ttl("connectivity_seconds", "30", "How nodes can be reached, in seconds. 0 keeps nothing.");
pub(crate) const CACHE_COMPARISON: Key =
    ttl("comparison_seconds", "60", "Nodes side by side, in seconds. 0 keeps nothing.");
pub(crate) const CACHE_WEIGHT: Key = key(
    "cache",
    "weight_max_kib",
    number(64, 1_048_576),
    "4096",
    "How much of what is computed of earnings may weigh together, in KiB.",
);
pub(crate) const CACHE_ANALYTICS_WEIGHT: Key = key(
    "cache",
    "analytics_weight_max_kib",
    number(64, 1_048_576),
    "16384",
    "How much of all else that is computed may weigh together, in KiB. What is usual at a node takes\n120 of a share of 3072: with more than 25 nodes give more, or it is computed anew each time.",
);

pub(crate) const LISTEN: Key = key(
    "server",
    "listen",
    Kind::Socket,
    "\"127.0.0.1:8765\"",
    "Where the server listens. Others than this machine need a token to be let in, so with any\nother address than 127.0.0.1 or [::1] there must be one.",
);
pub(crate) const TOKEN_FILE: Key = Key {
    section: "server",
    name: "token_file",
    kind: Kind::Path,
    default: None,
    example: "\"token\"",
    doc: "A file with the token that lets in, at least 16 characters: make one with\n`openssl rand -hex 32`. Or give it in the environment as PIECEWATCH_TOKEN.",
};
pub(crate) const ORIGINS: Key = key(
    "server",
    "origins",
    Kind::List,
    "[]",
    "The addresses under which browsers see this server when a proxy stands before it, as in\n[\"https://nodes.example.org\"]. Pages of any other origin are refused.",
);
pub(crate) const CONNECTIONS: Key = key(
    "server",
    "connections_max",
    number(1, 100_000),
    "2500",
    "The most connections at once; what comes beyond them is closed.",
);
pub(crate) const REQUEST_TIMEOUT: Key = key(
    "server",
    "request_timeout_ms",
    number(100, 600_000),
    "10000",
    "How long an answer may take, in milliseconds; then whoever asks is told to come again.",
);
pub(crate) const SLOW_REQUEST: Key = key(
    "server",
    "slow_request_ms",
    number(1, 600_000),
    "1000",
    "Requests that take longer are logged, in milliseconds.",
);
pub(crate) const SLOW_START: Key = key(
    "server",
    "slow_start_ms",
    number(1, 600_000),
    "5000",
    "A start that takes longer is warned of, in milliseconds.",
);
pub(crate) const READ_CONNECTIONS: Key = key(
    "performance",
    "read_connections",
    number(1, 64),
    "4",
    "How many questions the server asks the database at once. Others wait.",
);
pub(crate) const COALESCE: Key = key(
    "performance",
    "coalesce_ms",
    number(0, 1_000),
    "75",
    "Changes within so many milliseconds go to browsers together. 0 sends each alone.",
);
pub(crate) const HEAVY_HZ: Key = key(
    "performance",
    "max_broadcast_hz",
    number(1, 2),
    "2",
    "How often a second browsers are sent traffic, transfers, satellites, latencies and compactions at\nmost: twice, or once. Storage, scores and earnings come at most once, the overview with each window.",
);
pub(crate) const DIFFS: Key =
    switch("diffs", "Whether browsers are sent what has changed, or everything each time.");
pub(crate) const RATES: Key =
    switch("rates", "Whether topics, hints of browsers and hidden pages slow down what is sent.");
pub(crate) const SHARING: Key =
    switch("sharing", "Whether what several browsers see is made once for all of them.");
pub(crate) const ADAPTIVE: Key =
    switch("adaptive", "Whether changes are gathered for longer when there is much to do.");
pub(crate) const COMPRESSION: Key =
    switch("compression", "Whether HTTP answers are compressed for whoever accepts it.");
pub(crate) const ANSWER_CACHE: Key = switch(
    "answer_cache",
    "Whether an answer is given again to whoever asks the same within a second.",
);

const fn switch(name: &'static str, doc: &'static str) -> Key {
    key("performance", name, Kind::Switch, "true", doc)
}

const fn ttl(name: &'static str, default: &'static str, doc: &'static str) -> Key {
    key("cache", name, number(0, 86_400), default, doc)
}

/// Those of which there is one, but for what alerts have.
const OWN: [Key; 55] = [
    DB,
    GEOIP,
    TRANSFERS,
    PER_MINUTE,
    HOURLY_LATENCY,
    DETAILS,
    SNAPSHOTS,
    ALERTS,
    COMMITS,
    LOG_FORMAT,
    LOG_LEVEL,
    LOG_RATE,
    SLOW_QUERY,
    COMMIT_INTERVAL,
    POLL_INTERVAL,
    NOTIFICATIONS,
    PRUNE,
    CHECKPOINT,
    OPTIMIZE,
    JITTER,
    DASHBOARD,
    SATELLITES,
    PAYSTUBS,
    TIMEOUT,
    POLLING_JITTER,
    DISCOVER,
    CACHE_SATELLITES,
    CACHE_TRAFFIC,
    CACHE_STORAGE,
    CACHE_STORAGE_TOTAL,
    CACHE_LATENCY,
    CACHE_RATES,
    CACHE_ERRORS,
    CACHE_WORK,
    CACHE_CONNECTIVITY,
    CACHE_COMPARISON,
    CACHE_WEIGHT,
    CACHE_ANALYTICS_WEIGHT,
    LISTEN,
    TOKEN_FILE,
    ORIGINS,
    CONNECTIONS,
    REQUEST_TIMEOUT,
    SLOW_REQUEST,
    SLOW_START,
    READ_CONNECTIONS,
    COALESCE,
    HEAVY_HZ,
    DIFFS,
    RATES,
    SHARING,
    ADAPTIVE,
    COMPRESSION,
    ANSWER_CACHE,
    STORJ_EXPORTER_NAMES,
];

/// Every key of which there is one, as the printed default lists them.
pub(crate) static KEYS: LazyLock<Vec<Key>> =
    LazyLock::new(|| OWN.into_iter().chain(alert_key::KEYS).collect());

/// What each section is about.
pub(crate) const SECTIONS: [(&str, &str); 9] = [
    ("retention", "How long what is kept. Traffic by the hour and by the day is kept for ever."),
    ("log", "The collector's own log, on standard error."),
    ("performance", "Pace and switches."),
    ("upkeep", "What runs by itself beside the reading."),
    ("polling", "How the nodes themselves are asked (piecewatch poll)."),
    ("cache", "How long the server keeps what it has computed before it computes it anew."),
    ("server", "What browsers and other programs see (piecewatch serve)."),
    (
        alert_key::SECTION,
        "Of what operators are told (piecewatch serve), and from when on. Of scores, days and what is left\nof the disk a value below is meant, of all else one at or above; 0 is then no bound.",
    ),
    ("metrics", "What the server tells Prometheus at /metrics."),
];

/// The table of a node, of which there may be many.
pub(crate) const NODE: &str = "node";

/// A key of a node.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NodeKey {
    pub(crate) name: &'static str,
    /// How it may be written.
    pub(crate) example: &'static str,
    pub(crate) doc: &'static str,
}

/// The keys of a node.
pub(crate) const NODE_KEYS: [NodeKey; 9] = [
    NodeKey {
        name: "name",
        example: "\"attic\"",
        doc: "Required. The name under which the node is shown; yours to choose, and to keep.",
    },
    NodeKey {
        name: "source",
        example: "\"/var/log/storj/node.log\"",
        doc: "Where its log comes from: a file (rotated ones beside it are found), a pattern for files named\nby date (\"logs/node-*.log\"), \"docker:CONTAINER\", \"journald:UNIT\" or \"tcp://HOST:PORT\".",
    },
    NodeKey {
        name: "command",
        example: "[\"ssh\", \"attic\", \"tail\", \"-F\", \"-n\", \"+1\", \"/var/log/storj/node.log\"]",
        doc: "In place of source: a program that prints the log, and its arguments. It is run again when it ends,\nand should then print again what it printed before: what is known is passed over.",
    },
    NodeKey {
        name: "start",
        example: "\"beginning\"",
        doc: "Where a node begins of which nothing was read before: \"beginning\" (the default), \"end\" or a\ntime, \"2026-08-19T00:00:00Z\". Later the collector goes on where it stopped.",
    },
    NodeKey {
        name: "time_zone",
        example: "\"Europe/Berlin\"",
        doc: "The zone of lines that name none: \"Europe/Berlin\" or \"+02:00\". Without it they count as UTC. A\nstorage node's own lines name their zone.",
    },
    NodeKey {
        name: "api",
        example: "\"http://192.168.1.20:14002\"",
        doc: "The address of the node's own dashboard, which piecewatch poll asks.",
    },
    NodeKey {
        name: "databases",
        example: "\"/mnt/storj/storage\"",
        doc: "In place of api: the folder with the node's own databases (bandwidth.db and others), which are\nonly read.",
    },
    NodeKey {
        name: "metrics",
        example: "\"http://192.168.1.20:5999\"",
        doc: "The address of the node's debug endpoint, where it has a fixed one (debug.addr): how long its\ntransfers take.",
    },
    NodeKey {
        name: "monthly_cost_usd",
        example: "3.50",
        doc: "What the node costs in a month, in US dollars: its share of power, disks and line.",
    },
];

/// The name among `known` that `text` was meant to be.
pub(crate) fn nearest<'a>(text: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let text = text.to_lowercase();
    let likeness = |name: &str| {
        let name = name.to_lowercase();
        // A slip in a name of two letters is half of it.
        let is_slip = strsim::osa_distance(&text, &name) == 1;
        strsim::jaro_winkler(&text, &name).max(if is_slip { 0.9 } else { 0.0 })
    };
    known
        .into_iter()
        .map(|name| (likeness(name), name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, name)| name)
}
