//! A way to reach people: what is configured, with its secrets read.

use std::{fmt, time::Duration};

use hyper::Method;
use piecewatch_analytics::alert::Notice;
use piecewatch_collector::config::{Channel as Configured, ChannelKind, Secret, TextFrom};
use piecewatch_model::NodeName;
use piecewatch_store::{AlertLevel, AlertNotice};
use serde_json::Value;

use super::{
    email::{Email, MailServer},
    http::{self, Call, Http},
    message::Message,
    template,
};

/// A way to reach people.
pub(crate) struct Channel {
    name: String,
    levels: Vec<AlertLevel>,
    nodes: Option<Vec<NodeName>>,
    way: Way,
    /// What must not be in any word that is logged or stored.
    secrets: Vec<Secret>,
}

enum Way {
    Email(Box<Email>),
    Discord { http: Http, url: Secret },
    Slack { http: Http, url: Secret },
    Telegram { http: Http, url: Secret, chat: String },
    Ntfy { http: Http, url: Secret, token: Option<Secret> },
    Json { http: Http, url: Secret, token: Option<Secret> },
}

/// Why a message did not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failed {
    /// In words, without secrets.
    pub(crate) words: String,
    /// Whether trying again cannot help.
    pub(crate) is_final: bool,
    /// How long the other side wants to be left alone.
    pub(crate) wait: Option<Duration>,
}

impl Failed {
    pub(crate) fn for_now(words: impl Into<String>) -> Self {
        Self { words: words.into(), is_final: false, wait: None }
    }

    pub(crate) fn for_good(words: impl Into<String>) -> Self {
        Self { words: words.into(), is_final: true, wait: None }
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Channel {
    /// Reads the secrets; reaches nobody yet.
    ///
    /// # Errors
    ///
    /// What is wrong, without the secrets.
    pub(crate) fn new(configured: &Configured, http: &Http) -> Result<Self, String> {
        let mut secrets = Vec::new();
        let mut read = |from: &TextFrom| {
            let secret = from.read()?;
            secrets.push(secret.clone());
            Ok::<Secret, String>(secret)
        };
        let address = |url: Secret| http::check(&url).map(|()| url).map_err(str::to_owned);
        let http = http.clone();
        let way = match &configured.kind {
            ChannelKind::Email { host, port, tls, login, from, to } => {
                let password = match login {
                    Some(login) => Some(read(&login.password)?),
                    None => None,
                };
                let name = login.as_ref().map(|login| login.username.as_str());
                let login = name.zip(password.as_ref());
                let server = MailServer { host, port: *port, tls: *tls, login };
                Way::Email(Box::new(Email::new(&server, from, to)?))
            }
            ChannelKind::Discord { url } => Way::Discord { http, url: address(read(url)?)? },
            ChannelKind::Slack { url } => Way::Slack { http, url: address(read(url)?)? },
            ChannelKind::Telegram { server, token, chat } => {
                let token = read(token)?;
                let url = Secret::new(format!("{server}/bot{}/sendMessage", token.exposed()));
                Way::Telegram { http, url: address(url)?, chat: chat.clone() }
            }
            ChannelKind::Ntfy { url, token } => {
                let token = token.as_ref().map(&mut read).transpose()?;
                Way::Ntfy { http, url: address(read(url)?)?, token }
            }
            ChannelKind::Json { url, token } => {
                let token = token.as_ref().map(&mut read).transpose()?;
                Way::Json { http, url: address(read(url)?)?, token }
            }
        };
        let (name, levels) = (configured.name.clone(), configured.levels.clone());
        Ok(Self { name, levels, nodes: configured.nodes.clone(), way, secrets })
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What of a message is for those who are reached by it; `None` where nothing is. Of what is over
    /// everybody hears who may have heard of it: what became critical may have begun as a warning.
    pub(crate) fn part(&self, message: &Message) -> Option<Message> {
        let is_for = |of: &&Notice| {
            let is_of_node = match (&self.nodes, &of.alert.node) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(nodes), Some(node)) => nodes.contains(node),
            };
            is_of_node && self.is_of_level(of)
        };
        let notices: Vec<_> = message.notices.iter().filter(is_for).cloned().collect();
        (!notices.is_empty()).then_some(Message { at: message.at, notices })
    }

    fn is_of_level(&self, of: &Notice) -> bool {
        let worst_told = of.alert.notified_level.unwrap_or(of.alert.level);
        match of.notice {
            AlertNotice::Resolved => self.levels.iter().any(|level| *level <= worst_told),
            AlertNotice::Fired | AlertNotice::Escalated | AlertNotice::Repeated => {
                self.levels.contains(&of.alert.level) || self.levels.contains(&worst_told)
            }
        }
    }

    /// Sends a message, once.
    pub(crate) async fn send(&self, message: &Message) -> Result<(), Failed> {
        let sent = match &self.way {
            Way::Email(email) => email.send(message).await,
            Way::Discord { http, url } => json(http, url, None, &template::discord(message)).await,
            Way::Slack { http, url } => json(http, url, None, &template::slack(message)).await,
            Way::Telegram { http, url, chat } => {
                json(http, url, None, &template::telegram(message, chat)).await
            }
            Way::Json { http, url, token } => {
                json(http, url, token.as_ref(), &template::object(message)).await
            }
            Way::Ntfy { http, url, token } => ntfy(http, url, token.as_ref(), message).await,
        };
        sent.map_err(|failed| Failed { words: self.without_secrets(&failed.words), ..failed })
    }

    /// Whatever the other side says must not give a secret away.
    fn without_secrets(&self, words: &str) -> String {
        self.secrets.iter().fold(words.to_owned(), |words, secret| without_secret(&words, secret))
    }
}

/// Words in which a secret is blotted out.
pub(super) fn without_secret(words: &str, secret: &Secret) -> String {
    let secret = secret.exposed();
    let words = words.replace(secret, "(secret)");
    // Of an address what comes after the host is what is secret.
    let rest = secret.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
    match rest.filter(|(_, path)| path.len() > 3) {
        Some((_, path)) => words.replace(path, "(secret)"),
        None => words,
    }
}

async fn json(
    http: &Http,
    url: &Secret,
    token: Option<&Secret>,
    body: &Value,
) -> Result<(), Failed> {
    let mut headers = vec![("content-type", "application/json".to_owned())];
    headers.extend(token.map(bearer));
    http.call(Call { method: Method::POST, url, headers, body: body.to_string().into() }).await
}

async fn ntfy(
    http: &Http,
    url: &Secret,
    token: Option<&Secret>,
    message: &Message,
) -> Result<(), Failed> {
    let of = template::ntfy(message);
    let mut headers = vec![
        ("content-type", "text/plain; charset=utf-8".to_owned()),
        ("title", of.title),
        ("priority", of.priority.to_owned()),
        ("tags", of.tags.to_owned()),
    ];
    headers.extend(token.map(bearer));
    http.call(Call { method: Method::POST, url, headers, body: of.text.into() }).await
}

fn bearer(token: &Secret) -> (&'static str, String) {
    ("authorization", format!("Bearer {}", token.exposed()))
}
