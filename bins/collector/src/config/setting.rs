//! Single settings: from what was given to what holds.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use piecewatch_analytics::ObservatorySettings;
use piecewatch_model::ByteCount;
use piecewatch_store::Retention;
use tracing_subscriber::EnvFilter;

use super::{
    CacheConfig, Discovery, ExporterNames, LogConfig, LogFormat, MetricsConfig, Noticing,
    Performance, Polling, ServerConfig, Upkeep, Use,
    key::{self, Key, Kind, nearest},
    raw::{Given, Raw, Value, path_in},
};
use crate::Error;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const KIB: u64 = 1024;

/// Reads settings; what is wrong with one goes to the errors, and its default stands in for it until
/// they are told.
pub(crate) struct Settings<'a> {
    raw: &'a Raw,
    errors: &'a mut Vec<Error>,
}

impl<'a> Settings<'a> {
    pub(crate) fn new(raw: &'a Raw, errors: &'a mut Vec<Error>) -> Self {
        Self { raw, errors }
    }

    pub(crate) fn path(&mut self, key: Key) -> PathBuf {
        self.optional_path(key).unwrap_or_else(|| unquoted(key).into())
    }

    pub(crate) fn optional_path(&mut self, key: Key) -> Option<PathBuf> {
        let given = self.raw.get(key)?;
        let path = self.text(key, given)?;
        if path.trim().is_empty() {
            let wrong = format!("{} names no file; name one, or leave it out", key.path());
            self.errors.push(given.place.error(wrong));
            return None;
        }
        Some(path_in(&given.place, &path))
    }

    pub(crate) fn retention(&mut self) -> Retention {
        let mut days = |key| Duration::from_secs(DAY * u64::from(self.number(key)));
        let (transfers, minutes) = (days(key::TRANSFERS), days(key::PER_MINUTE));
        let (latency_hours, details) = (days(key::HOURLY_LATENCY), days(key::DETAILS));
        let (snapshots, alerts) = (days(key::SNAPSHOTS), days(key::ALERTS));
        let commits = Duration::from_secs(MINUTE * u64::from(self.number(key::COMMITS)));
        Retention { transfers, minutes, latency_hours, details, snapshots, alerts, commits }
    }

    pub(crate) fn log(&mut self) -> LogConfig {
        let format = match self.word(key::LOG_FORMAT).as_str() {
            "json" => LogFormat::Json,
            _ => LogFormat::Human,
        };
        let level = self.filter(key::LOG_LEVEL);
        let limit = self.number(key::LOG_RATE);
        let slow = self.number(key::SLOW_QUERY);
        LogConfig {
            format,
            level,
            rate_limit_per_minute: (limit > 0).then_some(limit),
            slow_query: (slow > 0).then(|| Duration::from_millis(slow.into())),
        }
    }

    pub(crate) fn metrics(&mut self) -> MetricsConfig {
        let storj_exporter_names = if self.switch(key::STORJ_EXPORTER_NAMES) {
            ExporterNames::Told
        } else {
            ExporterNames::LeftOut
        };
        MetricsConfig { storj_exporter_names }
    }

    pub(crate) fn performance(&mut self) -> Performance {
        let mut millis = |key| Duration::from_millis(self.number(key).into());
        let (commit_interval, poll_interval) =
            (millis(key::COMMIT_INTERVAL), millis(key::POLL_INTERVAL));
        let coalesce = millis(key::COALESCE);
        let noticing = if self.switch(key::NOTIFICATIONS) {
            Noticing::Notifications
        } else {
            Noticing::Polling
        };
        Performance {
            commit_interval,
            poll_interval,
            noticing,
            coalesce,
            read_connections: self.number(key::READ_CONNECTIONS),
            heavy_hz: self.number(key::HEAVY_HZ),
            diffs: self.use_of(key::DIFFS),
            rates: self.use_of(key::RATES),
            sharing: self.use_of(key::SHARING),
            adaptive: self.use_of(key::ADAPTIVE),
            compression: self.use_of(key::COMPRESSION),
            answer_cache: self.use_of(key::ANSWER_CACHE),
        }
    }

    pub(crate) fn upkeep(&mut self) -> Upkeep {
        let mut every = |key, unit| Duration::from_secs(unit * u64::from(self.number(key)));
        Upkeep {
            prune_every: every(key::PRUNE, MINUTE),
            checkpoint_every: every(key::CHECKPOINT, 1),
            optimize_every: every(key::OPTIMIZE, HOUR),
            jitter_percent: u8::try_from(self.number(key::JITTER)).expect("at most 50"),
        }
    }

    pub(crate) fn polling(&mut self) -> Polling {
        let mut every = |key, unit| Duration::from_secs(unit * u64::from(self.number(key)));
        let (dashboard_every, satellites_every) =
            (every(key::DASHBOARD, MINUTE), every(key::SATELLITES, MINUTE));
        let (paystubs_every, timeout) = (every(key::PAYSTUBS, HOUR), every(key::TIMEOUT, 1));
        Polling {
            dashboard_every,
            satellites_every,
            paystubs_every,
            timeout,
            jitter_percent: u8::try_from(self.number(key::POLLING_JITTER)).expect("at most 50"),
            discovery: if self.switch(key::DISCOVER) { Discovery::Local } else { Discovery::Off },
        }
    }

    pub(crate) fn cache(&mut self) -> CacheConfig {
        let mut ttl = |key| Duration::from_secs(self.number(key).into());
        let observatory = ObservatorySettings {
            latency: ttl(key::CACHE_LATENCY),
            rates: ttl(key::CACHE_RATES),
            traffic: ttl(key::CACHE_TRAFFIC),
            errors: ttl(key::CACHE_ERRORS),
            storage: ttl(key::CACHE_STORAGE_TOTAL),
            work: ttl(key::CACHE_WORK),
            reputation: ttl(key::CACHE_SATELLITES),
            connectivity: ttl(key::CACHE_CONNECTIVITY),
            comparison: ttl(key::CACHE_COMPARISON),
            weight_max: KIB * u64::from(self.number(key::CACHE_ANALYTICS_WEIGHT)),
        };
        CacheConfig {
            satellites: observatory.reputation,
            traffic: observatory.traffic,
            storage: Duration::from_secs(self.number(key::CACHE_STORAGE).into()),
            storage_total: observatory.storage,
            weight_max: ByteCount::new(KIB * u64::from(self.number(key::CACHE_WEIGHT))),
            observatory,
        }
    }

    pub(crate) fn server(&mut self) -> ServerConfig {
        ServerConfig {
            listen: self.socket(key::LISTEN),
            token_file: self.optional_path(key::TOKEN_FILE),
            origins: self.origins(key::ORIGINS),
            connections_max: self.number(key::CONNECTIONS),
            request_timeout: Duration::from_millis(self.number(key::REQUEST_TIMEOUT).into()),
            slow_request: Duration::from_millis(self.number(key::SLOW_REQUEST).into()),
            slow_start: Duration::from_millis(self.number(key::SLOW_START).into()),
        }
    }

    fn use_of(&mut self, key: Key) -> Use {
        if self.switch(key) { Use::On } else { Use::Off }
    }

    fn socket(&mut self, key: Key) -> SocketAddr {
        let default = || unquoted(key).parse().expect("the default is an address");
        let Some(given) = self.raw.get(key) else { return default() };
        let Some(text) = self.text(key, given) else { return default() };
        text.trim().parse().unwrap_or_else(|_| {
            self.wrong(key, given, "an address and a port, as in 127.0.0.1:8765");
            default()
        })
    }

    /// Origins as browsers write them: a scheme, a host, perhaps a port, and nothing behind.
    fn origins(&mut self, key: Key) -> Vec<String> {
        let Some(given) = self.raw.get(key) else { return Vec::new() };
        let texts = match &given.value {
            Value::Texts(texts) => texts.clone(),
            Value::Untyped(text) => {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                parts.map(str::to_owned).collect()
            }
            Value::Text(_)
            | Value::Number(_)
            | Value::Decimal(_)
            | Value::Switch(_)
            | Value::Other(_) => {
                self.wrong(key, given, "a list of texts");
                return Vec::new();
            }
        };
        let origins: Vec<String> =
            texts.iter().map(|text| text.trim_end_matches('/').to_lowercase()).collect();
        let is_origin = |text: &&String| {
            let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
            host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']))
        };
        if let Some(other) = origins.iter().find(|text| !is_origin(text)) {
            let wrong = format!(
                "{other:?} is no origin; write the scheme and the host, as in https://nodes.example.org"
            );
            self.errors.push(given.place.error(wrong));
        }
        origins
    }

    pub(super) fn number(&mut self, key: Key) -> u32 {
        let Kind::Number { min, max } = key.kind else { unreachable!("{} is a number", key.name) };
        let default = || unquoted(key).parse().expect("the default is a number");
        let Some(given) = self.raw.get(key) else { return default() };
        let number = match &given.value {
            Value::Number(number) => *number,
            Value::Untyped(text) => text.trim().parse().ok(),
            Value::Text(_)
            | Value::Decimal(_)
            | Value::Switch(_)
            | Value::Texts(_)
            | Value::Other(_) => None,
        };
        let number = number.and_then(|number| u32::try_from(number).ok());
        number.filter(|number| (min..=max).contains(number)).unwrap_or_else(|| {
            self.wrong(key, given, &format!("a whole number from {min} to {max}"));
            default()
        })
    }

    pub(super) fn switch(&mut self, key: Key) -> bool {
        let default = unquoted(key) == "true";
        let Some(given) = self.raw.get(key) else { return default };
        match &given.value {
            Value::Switch(switch) => *switch,
            Value::Untyped(text) if text == "true" => true,
            Value::Untyped(text) if text == "false" => false,
            Value::Untyped(_)
            | Value::Text(_)
            | Value::Number(_)
            | Value::Decimal(_)
            | Value::Texts(_)
            | Value::Other(_) => {
                self.wrong(key, given, "true or false, without quotes");
                default
            }
        }
    }

    /// A number with or without a fraction.
    pub(super) fn decimal(&mut self, key: Key) -> f64 {
        let default = unquoted(key).parse().expect("the default is a number");
        let Some(given) = self.raw.get(key) else { return default };
        decimal_of(key, given).unwrap_or_else(|error| {
            self.errors.push(error);
            default
        })
    }

    /// A list of words; those of the environment stand between commas.
    pub(super) fn words(&mut self, key: Key) -> Vec<String> {
        let Some(given) = self.raw.get(key) else { return Vec::new() };
        words_of(key, given).unwrap_or_else(|error| {
            self.errors.push(error);
            Vec::new()
        })
    }

    /// A text that has no default.
    pub(super) fn optional_text(&mut self, key: Key) -> Option<String> {
        let given = self.raw.get(key)?;
        let text = self.text(key, given)?;
        if text.trim().is_empty() {
            let wrong = format!("{} is empty; write something, or leave it out", key.path());
            self.errors.push(given.place.error(wrong));
            return None;
        }
        Some(text)
    }

    pub(super) fn word(&mut self, key: Key) -> String {
        let Kind::Word(words) = key.kind else { unreachable!("{} is a word", key.name) };
        let default = unquoted(key).to_owned();
        let Some(given) = self.raw.get(key) else { return default };
        match &given.value {
            Value::Text(text) | Value::Untyped(text) if words.contains(&text.as_str()) => {
                text.clone()
            }
            Value::Text(_)
            | Value::Untyped(_)
            | Value::Switch(_)
            | Value::Number(_)
            | Value::Decimal(_)
            | Value::Texts(_)
            | Value::Other(_) => {
                let quoted: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
                self.wrong(key, given, &quoted.join(" or "));
                default
            }
        }
    }

    fn filter(&mut self, key: Key) -> String {
        let default = unquoted(key).to_owned();
        let Some(given) = self.raw.get(key) else { return default };
        let Some(text) = self.text(key, given) else { return default };
        match wrong_directive(&text) {
            None => text,
            Some(wrong) => {
                let wrong = format!("{} is {text:?}, where {wrong}", key.path());
                self.errors.push(given.place.error(wrong));
                default
            }
        }
    }

    pub(super) fn text(&mut self, key: Key, given: &Given) -> Option<String> {
        match &given.value {
            Value::Text(text) | Value::Untyped(text) => Some(text.clone()),
            Value::Switch(_)
            | Value::Number(_)
            | Value::Decimal(_)
            | Value::Texts(_)
            | Value::Other(_) => {
                self.wrong(key, given, "a text between quotes");
                None
            }
        }
    }

    fn wrong(&mut self, key: Key, given: &Given, expected: &str) {
        let (path, found) = (key.path(), given.value.description());
        let mut wrong = format!("{path} is {expected}, but this is {found}");
        // An environment variable or a flag has nothing to write a line of.
        if given.place.folder().is_some()
            && let Some(default) = key.default
        {
            wrong.push_str(&format!("; write for instance {} = {default}", key.name));
        }
        self.errors.push(given.place.error(wrong));
    }
}

/// The number that was given for a key, in whatever table.
pub(super) fn decimal_of(key: Key, given: &Given) -> Result<f64, Error> {
    let Kind::Decimal { min, max } = key.kind else { unreachable!("{} is a decimal", key.name) };
    let number: Option<f64> = match &given.value {
        Value::Number(number) => number.map(|number| number as f64),
        Value::Decimal(text) | Value::Untyped(text) => text.trim().replace('_', "").parse().ok(),
        Value::Text(_) | Value::Switch(_) | Value::Texts(_) | Value::Other(_) => None,
    };
    number.filter(|number| (min..=max).contains(number)).ok_or_else(|| {
        let (name, default) = (key.name, key.default.unwrap_or_default());
        given.place.error(format!(
            "{} is a number from {min} to {max}, but this is {}; write for instance {name} = {default}",
            key.path(),
            given.value.description()
        ))
    })
}

/// The words that were given for a key, in whatever table.
pub(super) fn words_of(key: Key, given: &Given) -> Result<Vec<String>, Error> {
    let Kind::Words(known) = key.kind else { unreachable!("{} is words", key.name) };
    let words: Vec<String> = match &given.value {
        Value::Texts(words) => words.clone(),
        Value::Untyped(text) => {
            let words = text.split(',').map(|word| word.trim().to_owned());
            words.filter(|word| !word.is_empty()).collect()
        }
        other @ (Value::Text(_)
        | Value::Number(_)
        | Value::Decimal(_)
        | Value::Switch(_)
        | Value::Other(_)) => {
            let found = other.description();
            return Err(given.place.error(format!(
                "{} is a list, but this is {found}; write for instance {} = [{:?}]",
                key.path(),
                key.name,
                known.first().unwrap_or(&"")
            )));
        }
    };
    for word in &words {
        if !known.contains(&word.as_str()) {
            let hint = match nearest(word, known.iter().copied()) {
                Some(near) => format!("did you mean {near:?}?"),
                None => format!("there are {}", known.join(", ")),
            };
            let wrong = format!("{} has {word:?}, which there is not; {hint}", key.path());
            return Err(given.place.error(wrong));
        }
    }
    Ok(words)
}

/// The default of a key, without the quotes that it has in the file.
fn unquoted(key: Key) -> &'static str {
    key.default.unwrap_or_default().trim_matches('"')
}

const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];

/// What is wrong with directives. A word alone that is no level would name a part of the program,
/// and silence all others.
fn wrong_directive(text: &str) -> Option<String> {
    if text.trim().is_empty() {
        return Some("no level is named; write error, warn, info, debug, trace or off".to_owned());
    }
    for directive in text.split(',') {
        let level = directive.rsplit('=').next().unwrap_or_default().trim();
        if !LEVELS.contains(&level.to_lowercase().as_str()) {
            let hint = match nearest(level, LEVELS) {
                Some(near) => format!("did you mean {near}?"),
                None => "write error, warn, info, debug, trace or off".to_owned(),
            };
            return Some(format!("{level:?} is no level; {hint}"));
        }
    }
    let parsed = EnvFilter::builder().parse(text);
    parsed.err().map(|error| format!("{error}; write for instance info,piecewatch_ingest=debug"))
}
