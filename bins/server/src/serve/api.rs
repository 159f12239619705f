//! The questions that are asked over HTTP: each a path, its parameters and its answer.
//!
//! [`Api::answer`] takes a path and a query string and gives an [`Answer`], or a [`Problem`] that says
//! what to do. It knows nothing of sockets, and blocks while the database is read: whoever serves it
//! gives it a thread. One table of endpoints ([`endpoint::ENDPOINTS`]) is what is routed by, what is
//! parsed by, and what [`Api::openapi`] describes.
//!
//! What a JSON answer holds is written by the same types that the commands print with `--json`, and
//! the schemas are made of those types.

mod ask;
mod compare;
mod earnings;
mod endpoint;
mod errors;
mod latency;
mod money;
mod nodes;
mod openapi;
mod overview;
mod parameter;
mod problem;
mod query;
mod reputation;
mod self_history;
mod slots;
mod storage;
#[cfg(test)]
mod tests;
mod traffic;
mod transfers;
mod work;

use std::{
    borrow::Cow,
    collections::BTreeMap,
    io::Write,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use piecewatch_analytics::Observatory;
use piecewatch_finance::Ledger;
use piecewatch_model::{MicroUsd, NodeName};
use piecewatch_store::Readers;

use crate::{Result, clock};
use ask::Ask;
use endpoint::{ENDPOINTS, Endpoint};
pub(crate) use problem::Problem;
use query::Query;
pub(crate) use slots::Acknowledged;
pub(crate) use slots::{Alerts, Slot};

/// What answers are made of.
pub(crate) struct Parts {
    /// The database.
    pub(crate) readers: Readers,
    /// What is asked of records and reports. Somebody else refreshes and sweeps it.
    pub(crate) observatory: Arc<Observatory>,
    /// What is asked of money. Somebody else refreshes and sweeps it.
    pub(crate) ledger: Arc<Ledger>,
    /// The nodes that are configured, which are known before anything of them is stored.
    pub(crate) configured: Vec<NodeName>,
    /// What nodes cost a month, of those whose configuration says it. Another configuration is
    /// another `Api`: to make one costs nothing.
    pub(crate) costs: BTreeMap<NodeName, MicroUsd>,
    /// What `/api/v1/status` answers.
    pub(crate) status: Slot,
    /// What `/api/v1/alerts` answers.
    pub(crate) alerts: Alerts,
}

/// Answers the questions that are asked over HTTP. Share it between threads.
pub(crate) struct Api {
    parts: Parts,
    document: OnceLock<Bytes>,
}

/// What is answered to a question that could be answered.
pub(crate) struct Answer {
    /// The type of the body, for the header.
    pub(crate) content_type: &'static str,
    /// What is said.
    pub(crate) body: Body,
}

/// What is said.
pub(crate) enum Body {
    /// All of it.
    Whole(Bytes),
    /// Rows, which are made while they are written.
    Rows(Rows),
}

/// Writes rows, in pieces of some kilobytes. It takes as much memory for a million of them as for a
/// thousand, holds no connection to the database while it writes, and waits as long as the writer lets
/// it: give it a thread, and a writer that fails when nobody has read for a while. An error after the
/// first bytes can only be told by ending the answer early.
pub(crate) type Rows = Box<dyn FnOnce(&mut dyn Write) -> Result<()> + Send>;

/// An answer, or why there is none.
pub(crate) type Reply = Result<Answer, Problem>;

const JSON: &str = "application/json";
const CSV: &str = "text/csv; charset=utf-8";

const GET: &[&str] = &["GET", "HEAD"];
const POST: &[&str] = &["POST"];

impl Answer {
    const fn json(bytes: Bytes) -> Self {
        Self { content_type: JSON, body: Body::Whole(bytes) }
    }

    const fn csv(bytes: Bytes) -> Self {
        Self { content_type: CSV, body: Body::Whole(bytes) }
    }
}

impl Api {
    /// One over these parts.
    pub(crate) const fn new(parts: Parts) -> Self {
        Self { parts, document: OnceLock::new() }
    }

    /// With which methods a path may be asked: none for a path that there is not.
    pub(crate) fn methods(path: &str) -> &'static [&'static str] {
        if path == openapi::PATH || find(path).is_some() {
            GET
        } else if slots::alert_of(path).is_some() {
            POST
        } else {
            &[]
        }
    }

    /// Whether the answer to a GET is rows that are made while they are written, if there is one.
    pub(crate) fn is_streamed(path: &str, query: &str) -> bool {
        let is_csv =
            |(name, value): (Cow<'_, str>, Cow<'_, str>)| name == "format" && value == "csv";
        path == transfers::PATH && form_urlencoded::parse(query.as_bytes()).any(is_csv)
    }

    /// Answers a GET. `query` is what stands behind the `?`, still encoded; empty without one.
    pub(crate) fn answer(&self, path: &str, query: &str) -> Reply {
        if path == openapi::PATH {
            Query::of(&[], query)?;
            return Ok(Answer::json(self.openapi()));
        }
        let endpoint = find(path).ok_or_else(|| no_such(path))?;
        let query = Query::of(endpoint.parameters, query)?;
        (endpoint.answer)(&Ask::of(&self.parts, query, clock::now())?)
    }

    /// Does what a POST asks for.
    pub(crate) fn act(&self, path: &str, query: &str) -> Reply {
        let id = slots::alert_of(path).ok_or_else(|| no_such(path))?;
        let query = Query::of(slots::ACKNOWLEDGE, query)?;
        slots::acknowledge(&self.parts.alerts, id, &query)
    }

    /// The description of all of it, OpenAPI 3.1 in JSON. It is made once.
    pub(crate) fn openapi(&self) -> Bytes {
        let made = || openapi::document(&self.parts).to_string().into();
        self.document.get_or_init(made).clone()
    }
}

fn find(path: &str) -> Option<&'static Endpoint> {
    ENDPOINTS.iter().find(|endpoint| endpoint.path == path)
}

fn no_such(path: &str) -> Problem {
    let path: String = path.chars().take(80).collect();
    Problem::missing(format!("there is nothing at {path}; {} lists all paths", openapi::PATH))
}
