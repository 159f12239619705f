//! What a node answers over HTTP: on the port of its dashboard, on its public port, and on the port
//! for debugging.

mod dashboard;
mod exposition;
mod health;
mod held;
mod metrics;
mod notifications;
mod payout;
mod satellites;
mod version;

use piecewatch_model::{SatelliteId, Timestamp};

use crate::{Account, json::Json};

pub use version::ApiVersion;

const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// The page that shows everything in a browser. Whatever path is unknown gets it, too.
const PAGE: &str = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
    <title>Node Dashboard</title></head><body><div id=\"app\"></div></body></html>\n";

/// A node that answers: an account in the words of a version.
///
/// Each answer is a pure function of the account, the question and the time.
///
/// ```
/// use piecewatch_simulator::{Account, AccountConfig, ApiVersion, NodeApi};
///
/// let config = AccountConfig::default();
/// let api = NodeApi::new(Account::random(&config), ApiVersion::V1_143);
/// let answer = api.answer("/api/sno/", config.now);
/// assert_eq!((answer.status, answer.content_type), (200, "application/json"));
/// // The path without its slash is somewhere else, and a path that nobody knows is a page.
/// assert_eq!(api.answer("/api/sno", config.now).location.as_deref(), Some("/api/sno/"));
/// assert_eq!(api.answer("/api/payouts", config.now).status, 200);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct NodeApi {
    account: Account,
    version: ApiVersion,
}

/// What is answered to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status of HTTP.
    pub status: u16,
    /// What the body is.
    pub content_type: &'static str,
    /// Where to ask instead, for a status of 301.
    pub location: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// Why something is not answered.
struct Refusal {
    status: u16,
    text: String,
}

impl Refusal {
    /// Reads an id, or refuses it in the words of a part of the node.
    fn bad_id(of: &str, id: &str) -> Result<SatelliteId, Self> {
        id.parse()
            .map_err(|_| Self { status: 400, text: format!("{of}: node ID: invalid id: {id}") })
    }
}

impl Answer {
    fn new(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, content_type, location: None, body: body.into() }
    }

    /// Each document ends with a newline.
    fn json(status: u16, document: &Json) -> Self {
        Self::new(status, JSON, format!("{document}\n"))
    }

    fn redirect(location: String) -> Self {
        let body = format!("<a href=\"{location}\">Moved Permanently</a>.\n\n");
        Self { location: Some(location), ..Self::new(301, HTML, body) }
    }
}

impl From<Result<Json, Refusal>> for Answer {
    fn from(result: Result<Json, Refusal>) -> Self {
        match result {
            Ok(document) => Self::json(200, &document),
            Err(Refusal { status, text }) => {
                Self::json(status, &Json::Object(vec![("error", text.into())]))
            }
        }
    }
}

impl NodeApi {
    /// A node with this account and this version.
    pub const fn new(account: Account, version: ApiVersion) -> Self {
        Self { account, version }
    }

    /// What the node has booked, and what its satellites told it.
    pub const fn account(&self) -> &Account {
        &self.account
    }

    /// The version of the node.
    pub const fn version(&self) -> ApiVersion {
        self.version
    }

    /// Answers a GET on the port of the dashboard, such as `/api/sno/` or
    /// `/api/sno/estimated-payout?id=…`, as it stands at the time.
    pub fn answer(&self, path_and_query: &str, now: Timestamp) -> Answer {
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        let answer = self.route(path, query, now);
        if let Some(answer) = answer {
            return answer;
        }
        // A path that differs by a slash at the end only is somewhere else.
        let other = match path.strip_suffix('/') {
            Some(without) => without.to_owned(),
            None => format!("{path}/"),
        };
        if other.is_empty() || self.route(&other, query, now).is_none() {
            return Answer::new(200, HTML, PAGE);
        }
        let question = if query.is_empty() { "" } else { "?" };
        Answer::redirect(format!("{other}{question}{query}"))
    }

    /// `None` for a path that has no answer of its own.
    fn route(&self, path: &str, query: &str, now: Timestamp) -> Option<Answer> {
        let id = parameter(query, "id").filter(|id| !id.is_empty());
        let parts: Vec<&str> = path.strip_prefix("/api/")?.split('/').collect();
        Some(match parts[..] {
            ["sno", ""] => Ok(self.dashboard(now)).into(),
            ["sno", "satellites"] => Ok(self.satellites(now)).into(),
            ["sno", "satellite", of] if !of.is_empty() => self.satellite(of, now).into(),
            ["sno", "satellites", of, "pricing"] if !of.is_empty() => self.pricing(of, now).into(),
            ["sno", "estimated-payout"] => self.estimated_payout(id, now).into(),
            ["heldamount", "paystubs", period] if !period.is_empty() => {
                self.paystubs(period, id, now).into()
            }
            ["heldamount", "paystubs", start, end] if !start.is_empty() && !end.is_empty() => {
                self.paystubs_of_range((start, end), id, now).into()
            }
            ["heldamount", "held-history"] => Ok(self.held_history(now)).into(),
            ["heldamount", "periods"] => self.periods(id, now).into(),
            ["heldamount", "payout-history", period] if !period.is_empty() => {
                Ok(self.payout_history(period, now)).into()
            }
            ["notifications", "list"] => self.notifications(query, now).into(),
            _ => return None,
        })
    }
}

/// The value of a parameter; ids and numbers have nothing to unescape.
fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value)
}
