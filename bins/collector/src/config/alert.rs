//! Alerts: from what was given to what holds.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::Duration,
};

use piecewatch_analytics::alert::{AlertLevel, Bounds, Policy, Rule, Thresholds};
use piecewatch_model::NodeName;

use super::{
    alert_key::{self, Pair},
    key::{Key, Kind, nearest},
    raw::{Given, Raw, RawNode, path_in},
    secret::{Secret, TextFrom},
    setting::{Settings, decimal_of, words_of},
};
use crate::Error;

const KINDS: [&str; 6] = ["email", "discord", "slack", "telegram", "ntfy", "json"];
const TELEGRAM: &str = "https://api.telegram.org";

/// Of what operators are told, from when on, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertsConfig {
    /// Whether they are told of anything.
    pub enabled: bool,
    /// How often it is looked whether something is the matter.
    pub evaluate_every: Duration,
    /// How long something has to last.
    pub policy: Policy,
    /// From which values on, where a node has no bounds of its own.
    pub thresholds: Thresholds,
    /// Those of nodes that have.
    pub nodes: BTreeMap<NodeName, Thresholds>,
    /// How operators are reached.
    pub channels: Vec<Channel>,
    /// What is called while all is well.
    pub heartbeat: Option<Heartbeat>,
}

impl AlertsConfig {
    /// The bounds of a node; those of all, and of the monitor itself, for `None`.
    pub fn thresholds(&self, node: Option<&NodeName>) -> &Thresholds {
        node.and_then(|node| self.nodes.get(node)).unwrap_or(&self.thresholds)
    }

    /// What names nodes that are none of those that are known, each in a sentence. Mostly such a name is
    /// misspelt, and nobody is told of the node that was meant.
    pub fn strangers(&self, known: &BTreeSet<NodeName>) -> Vec<String> {
        let of_channels = self.channels.iter().flat_map(|channel| {
            let place = format!("the alert channel {}", channel.name);
            channel.nodes.iter().flatten().map(move |node| (place.clone(), node))
        });
        let of_tables =
            self.nodes.keys().map(|node| ("a section [[alerts.node]]".to_owned(), node));
        let sentence = |(place, node): (String, &NodeName)| {
            let near = nearest(node.as_str(), known.iter().map(NodeName::as_str));
            let hint = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            format!("{place} names {node}, which is no node that is known here{hint}")
        };
        let named = of_channels.chain(of_tables);
        named.filter(|(_, node)| !known.contains(node)).map(sentence).collect()
    }
}

/// What is called while all is well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heartbeat {
    /// The address.
    pub url: TextFrom,
    /// How often.
    pub every: Duration,
}

/// A way to reach operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Its name; no two have one.
    pub name: String,
    /// Of alerts of which levels it tells; at least one.
    pub levels: Vec<AlertLevel>,
    /// Of which nodes it tells; `None`: of all, and of the monitor itself.
    pub nodes: Option<Vec<NodeName>>,
    /// What it is.
    pub kind: ChannelKind,
}

/// What a channel is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelKind {
    /// An email.
    Email {
        /// The server.
        host: String,
        /// Its port; `None` is the usual one.
        port: Option<u16>,
        /// How the way there is protected.
        tls: MailTls,
        /// Who logs in; `None`: nobody does.
        login: Option<MailLogin>,
        /// Who it is from.
        from: String,
        /// To whom it goes; at least one.
        to: Vec<String>,
    },
    /// A webhook of Discord.
    Discord {
        /// Its address, which is a secret.
        url: TextFrom,
    },
    /// A webhook of Slack.
    Slack {
        /// Its address, which is a secret.
        url: TextFrom,
    },
    /// A bot of Telegram.
    Telegram {
        /// The server, without a slash at its end.
        server: String,
        /// The bot's token.
        token: TextFrom,
        /// The chat.
        chat: String,
    },
    /// A topic of ntfy.
    Ntfy {
        /// The address with the topic.
        url: TextFrom,
        /// The token that opens it.
        token: Option<TextFrom>,
    },
    /// Any program: an object.
    Json {
        /// The address.
        url: TextFrom,
        /// What is sent as bearer.
        token: Option<TextFrom>,
    },
}

/// Who logs in at a mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailLogin {
    /// The name.
    pub username: String,
    /// The password.
    pub password: TextFrom,
}

/// How the way to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    /// TLS is begun before anything is sent; where the server does not offer it nothing is.
    StartTls,
    /// TLS from the first byte.
    Implicit,
    /// Not at all.
    None,
}

/// Checks what was given; what is wrong goes to `errors`.
pub(crate) fn checked(raw: &Raw, errors: &mut Vec<Error>) -> AlertsConfig {
    let mut settings = Settings::new(raw, errors);
    let enabled = settings.switch(alert_key::ENABLED);
    let mut time = |key, unit: u64| Duration::from_secs(unit * u64::from(settings.number(key)));
    let evaluate_every = time(alert_key::EVALUATE, 1);
    let repeat_after = time(alert_key::REPEAT, 3600);
    let policy = Policy {
        fire_after: time(alert_key::FIRE, 60),
        resolve_after: time(alert_key::RESOLVE, 60),
        repeat_after: (!repeat_after.is_zero()).then_some(repeat_after),
        cooldown: time(alert_key::COOLDOWN, 60),
    };
    let every = time(alert_key::HEARTBEAT, 60);
    let file = settings.optional_path(alert_key::HEARTBEAT_URL_FILE).map(TextFrom::File);
    let variable = settings.optional_text(alert_key::HEARTBEAT_URL_ENV).map(TextFrom::Variable);
    let heartbeat = file.or(variable).map(|url| Heartbeat { url, every });
    let mut bounds = |pair: Pair| Bounds {
        warning: settings.decimal(pair.warning),
        critical: settings.decimal(pair.critical),
    };
    let mut thresholds = Thresholds::default();
    for (pair, of) in alert_key::PAIRS.into_iter().zip(bounds_of(&mut thresholds)) {
        *of = bounds(pair);
    }
    thresholds.muted = rules(&settings.words(alert_key::MUTED));
    errors.extend(levels(|key| raw.get(key), &mut thresholds.levels).err());
    let nodes = nodes(&raw.alert_nodes, &thresholds, errors);
    let channels = channels(&raw.channels, errors);
    AlertsConfig { enabled, evaluate_every, policy, thresholds, nodes, channels, heartbeat }
}

/// In the order of [`alert_key::PAIRS`].
fn bounds_of(of: &mut Thresholds) -> [&mut Bounds; alert_key::PAIRS.len()] {
    [
        &mut of.audit_score,
        &mut of.suspension_score,
        &mut of.online_score,
        &mut of.failed_audits,
        &mut of.slow_audit_seconds,
        &mut of.disk_left_percent,
        &mut of.disk_full_days,
        &mut of.silence_minutes,
        &mut of.ping_minutes,
        &mut of.latency_p95_ms,
        &mut of.errors_percent,
        &mut of.lag_seconds,
        &mut of.start_up_ms,
    ]
}

/// Takes the lists of rules that are told at one level; each takes the place of the one before.
fn levels<'a>(
    given: impl Fn(Key) -> Option<&'a Given>,
    levels: &mut BTreeMap<Rule, AlertLevel>,
) -> Result<(), Error> {
    let lists =
        [(alert_key::WARNING, AlertLevel::Warning), (alert_key::CRITICAL, AlertLevel::Critical)];
    let mut named = BTreeSet::new();
    for (key, level) in lists {
        let Some(given) = given(key) else { continue };
        levels.retain(|_, of| *of != level);
        for rule in rules(&words_of(key, given)?) {
            if !named.insert(rule) {
                let name = rule.name();
                let wrong =
                    format!("{name:?} is both in warning and in critical; keep one of them");
                return Err(given.place.error(wrong));
            }
            levels.insert(rule, level);
        }
    }
    Ok(())
}

fn rules(names: &[String]) -> BTreeSet<Rule> {
    names.iter().filter_map(|name| Rule::from_name(name)).collect()
}

fn nodes(
    tables: &[RawNode],
    all: &Thresholds,
    errors: &mut Vec<Error>,
) -> BTreeMap<NodeName, Thresholds> {
    let mut nodes = BTreeMap::new();
    for raw in tables {
        let mut thresholds = all.clone();
        let mut keep = |result: Result<(), Error>| errors.extend(result.err());
        for (pair, of) in alert_key::PAIRS.iter().zip(bounds_of(&mut thresholds)) {
            for (key, bound) in [(pair.warning, &mut of.warning), (pair.critical, &mut of.critical)]
            {
                if let Some(given) = raw.get(key.name) {
                    keep(decimal_of(key, given).map(|value| *bound = value));
                }
            }
        }
        if let Some(given) = raw.get(alert_key::MUTED.name) {
            let words = words_of(alert_key::MUTED, given);
            keep(words.map(|words| thresholds.muted = rules(&words)));
        }
        keep(levels(|key| raw.get(key.name), &mut thresholds.levels));
        let named = table_text(raw, "name", "\"attic\"").and_then(|(text, given)| {
            text.parse::<NodeName>().map_err(|_| {
                let wrong = format!("{text:?} is no name for a node; write that of the [[node]]");
                given.place.error(wrong)
            })
        });
        match named {
            Ok(name) => {
                nodes.insert(name, thresholds);
            }
            Err(error) => errors.push(error),
        }
    }
    nodes
}

fn channels(tables: &[RawNode], errors: &mut Vec<Error>) -> Vec<Channel> {
    let mut channels: Vec<Channel> = Vec::new();
    for raw in tables {
        match channel(raw) {
            Ok(channel) if channels.iter().any(|other| other.name == channel.name) => {
                let wrong =
                    format!("a second channel is named {:?}; give each its own", channel.name);
                errors.push(raw.place.error(wrong));
            }
            Ok(channel) => channels.push(channel),
            Err(error) => errors.push(error),
        }
    }
    channels
}

fn channel(raw: &RawNode) -> Result<Channel, Error> {
    let (name, _) = table_text(raw, "name", "\"me\"")?;
    let name = name.trim().to_owned();
    let (kind, given) = table_text(raw, "kind", "\"email\"")?;
    if !KINDS.contains(&kind) {
        let hint = match nearest(kind, KINDS) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("there are {}", KINDS.join(", ")),
        };
        return Err(given.place.error(format!("there is no kind of channel {kind:?}; {hint}")));
    }
    let own: &[&str] = match kind {
        "email" => {
            &["host", "port", "tls", "username", "password_file", "password_env", "from", "to"]
        }
        "telegram" => &["url", "token_file", "token_env", "chat"],
        "ntfy" | "json" => &["url", "url_file", "url_env", "token_file", "token_env"],
        _ => &["url_file", "url_env"],
    };
    let of_all = ["name", "kind", "levels", "nodes"];
    let other = raw.values.iter().find(|(key, _)| !own.contains(key) && !of_all.contains(key));
    if let Some((key, given)) = other {
        let why = if *key == "url" {
            "its address lets anybody write: put it into a file, and url_file = \"FILE\"".to_owned()
        } else {
            format!("it has {}", own.join(", "))
        };
        return Err(given.place.error(format!("a channel of kind {kind:?} has no {key}; {why}")));
    }
    let kind = match kind {
        "email" => email(raw)?,
        "telegram" => telegram(raw)?,
        "discord" => ChannelKind::Discord { url: required(raw, "url")? },
        "slack" => ChannelKind::Slack { url: required(raw, "url")? },
        "ntfy" => ChannelKind::Ntfy { url: address(raw)?, token: secret(raw, "token")? },
        _ => ChannelKind::Json { url: address(raw)?, token: secret(raw, "token")? },
    };
    let levels = match raw.get("levels") {
        None => AlertLevel::ALL.to_vec(),
        Some(given) => {
            let names = words_of(LEVELS, given)?;
            let levels: Vec<AlertLevel> =
                names.iter().filter_map(|name| AlertLevel::from_name(name)).collect();
            if levels.is_empty() {
                return Err(given.place.error("levels names none; leave it out, or name one"));
            }
            levels
        }
    };
    let nodes = match raw.get("nodes") {
        None => None,
        Some(given) => Some(
            texts(given, "nodes", "[\"attic\"]")?
                .iter()
                .map(|name| {
                    name.parse()
                        .map_err(|_| given.place.error(format!("{name:?} is no name for a node")))
                })
                .collect::<Result<Vec<NodeName>, Error>>()?,
        ),
    };
    Ok(Channel { name, levels, nodes, kind })
}

const LEVELS: Key = Key {
    section: "",
    name: "levels",
    kind: Kind::Words(&["warning", "critical"]),
    default: None,
    example: "",
    doc: "",
};

fn email(raw: &RawNode) -> Result<ChannelKind, Error> {
    let (host, _) = table_text(raw, "host", "\"mail.example.net\"")?;
    let tls = match raw.get("tls") {
        None => MailTls::StartTls,
        Some(given) => match given.value.text() {
            Some("starttls") => MailTls::StartTls,
            Some("implicit") => MailTls::Implicit,
            Some("none") => MailTls::None,
            Some(_) | None => {
                let found = given.value.description();
                return Err(given.place.error(format!(
                    "tls is \"starttls\", \"implicit\" or \"none\", but this is {found}"
                )));
            }
        },
    };
    let port = match raw.get("port") {
        None => None,
        Some(given) => {
            let port = given.value.integer().and_then(|port| u16::try_from(port).ok());
            let Some(port) = port.filter(|port| *port > 0) else {
                let found = given.value.description();
                let wrong = format!("port is a number from 1 to 65535, but this is {found}");
                return Err(given.place.error(wrong));
            };
            Some(port)
        }
    };
    let password = secret(raw, "password")?;
    let login = match (raw.get("username"), password) {
        (None, None) => None,
        (Some(_), Some(password)) => {
            let (username, _) = table_text(raw, "username", "\"piecewatch\"")?;
            Some(MailLogin { username: username.to_owned(), password })
        }
        (Some(given), None) => {
            let wrong = "a username without a password; add password_file = \"FILE\"";
            return Err(given.place.error(wrong));
        }
        (None, Some(_)) => {
            let wrong = "a password without a name; add username = \"…\"";
            return Err(raw.place.error(wrong));
        }
    };
    let (from, _) = table_text(raw, "from", "\"piecewatch@example.net\"")?;
    let Some(given) = raw.get("to") else {
        return Err(raw.place.error("this channel has no to; add `to = [\"me@example.net\"]`"));
    };
    let to = texts(given, "to", "[\"me@example.net\"]")?;
    if to.is_empty() {
        return Err(given.place.error("to names nobody; write to = [\"me@example.net\"]"));
    }
    Ok(ChannelKind::Email { host: host.to_owned(), port, tls, login, from: from.to_owned(), to })
}

fn telegram(raw: &RawNode) -> Result<ChannelKind, Error> {
    let token = required(raw, "token")?;
    let Some(given) = raw.get("chat") else {
        return Err(raw.place.error("this channel has no chat; add `chat = \"123456789\"`"));
    };
    let number = given.value.integer().map(|chat| chat.to_string());
    let text = given.value.text().map(|chat| chat.trim().to_owned());
    let Some(chat) = number.or(text).filter(|chat| !chat.is_empty()) else {
        let found = given.value.description();
        let wrong = format!("chat is a text, but this is {found}; write chat = \"123456789\"");
        return Err(given.place.error(wrong));
    };
    let server = match raw.get("url") {
        None => TELEGRAM.to_owned(),
        Some(given) => said_address(raw, given)?.trim_end_matches('/').to_owned(),
    };
    Ok(ChannelKind::Telegram { server, token, chat })
}

/// An address that may be said, or kept elsewhere.
fn address(raw: &RawNode) -> Result<TextFrom, Error> {
    match (raw.get("url"), secret(raw, "url")?) {
        (None, Some(from)) => Ok(from),
        (Some(given), None) => Ok(TextFrom::Said(Secret::new(said_address(raw, given)?))),
        (Some(given), Some(_)) => {
            Err(given.place.error("this channel has two addresses; keep one of them"))
        }
        (None, None) => Err(raw.place.error(
            "this channel has no address; add `url = \"https://…\"`, or url_file if nobody may see it",
        )),
    }
}

fn said_address(raw: &RawNode, given: &Given) -> Result<String, Error> {
    let (text, _) = table_text(raw, "url", "\"https://ntfy.sh/my-topic\"")?;
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    // What is wrong with it is said without repeating it: it may hold a password.
    let Some(rest) = rest.filter(|rest| !rest.is_empty()) else {
        return Err(given.place.error("url is an address that begins with http:// or https://"));
    };
    if rest.split('/').next().is_some_and(|host| host.contains('@')) {
        let wrong = "url holds a name or a password; write the address into a file, and url_file";
        return Err(given.place.error(wrong));
    }
    Ok(text.to_owned())
}

fn required(raw: &RawNode, name: &str) -> Result<TextFrom, Error> {
    secret(raw, name)?.ok_or_else(|| {
        let wrong = format!(
            "this channel has no {name}_file; write its {name} into a file, and {name}_file = \"FILE\""
        );
        raw.place.error(wrong)
    })
}

/// What is kept in a file or in the environment.
fn secret(raw: &RawNode, name: &str) -> Result<Option<TextFrom>, Error> {
    let (of_file, of_variable) = (format!("{name}_file"), format!("{name}_env"));
    match (raw.get(&of_file), raw.get(&of_variable)) {
        (None, None) => Ok(None),
        (Some(given), None) => {
            let (path, _) = table_text(raw, &of_file, "\"FILE\"")?;
            let path: PathBuf = path_in(&given.place, path);
            Ok(Some(TextFrom::File(path)))
        }
        (None, Some(_)) => {
            let (variable, _) = table_text(raw, &of_variable, "\"VARIABLE\"")?;
            Ok(Some(TextFrom::Variable(variable.to_owned())))
        }
        (Some(_), Some(given)) => {
            let wrong = format!("this channel has {of_file} and {of_variable}; keep one of them");
            Err(given.place.error(wrong))
        }
    }
}

fn table_text<'a>(
    raw: &'a RawNode,
    name: &str,
    example: &str,
) -> Result<(&'a str, &'a Given), Error> {
    let Some(given) = raw.get(name) else {
        return Err(raw
            .place
            .error(format!("this section has no {name}; add `{name} = {example}`")));
    };
    given.value.text().filter(|text| !text.trim().is_empty()).map(|text| (text, given)).ok_or_else(
        || {
            let found = given.value.description();
            let wrong = format!("{name} is a text, but this is {found}; write {name} = {example}");
            given.place.error(wrong)
        },
    )
}

fn texts(given: &Given, name: &str, example: &str) -> Result<Vec<String>, Error> {
    given.value.texts().map(<[String]>::to_vec).ok_or_else(|| {
        let found = given.value.description();
        let wrong = format!("{name} is a list, but this is {found}; write {name} = {example}");
        given.place.error(wrong)
    })
}
