//! Questions that other parts of the server answer: their state, and alerts.

use std::io::Write;

use piecewatch_model::{Grain, NodeName, Timestamp};
use piecewatch_store::Window;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{
    Answer, Problem, Reply,
    ask::{Ask, whole},
    parameter::{Kind, Parameter},
    query::Query,
};
use crate::Result;

const BEFORE: &str = "/api/v1/alerts/";
const AFTER: &str = "/acknowledge";
/// The path of an alert in the description.
pub(super) const ACKNOWLEDGE_PATH: &str = "/api/v1/alerts/{id}/acknowledge";
/// The ids of alerts.
pub(super) const ID: &str = "^[A-Za-z0-9_-]{1,64}$";
const ID_MAX: usize = 64;
/// There were no nodes longer ago; what is told day by day stays of a size that can be sent.
const LONGEST_MICROS: i64 = 3_660 * Grain::Day.micros();

/// A question that another part answers, and the schema of its answers.
pub(crate) struct Slot {
    /// JSON schema (2020-12) without `$ref`.
    pub(crate) schema: Value,
    /// Of these nodes; blocks.
    pub(crate) answer: Box<AnswerSlot>,
}

/// What is asked of alerts: active ones and those of a window, of some nodes.
pub(crate) struct Alerts {
    /// JSON schema (2020-12) of a list, without `$ref`.
    pub(crate) schema: Value,
    /// Those that are active and those of a window, of these nodes; blocks.
    pub(crate) list: Box<ListAlerts>,
    /// The same as rows under a heading.
    pub(crate) csv: Box<AlertsCsv>,
    /// Notes that somebody has seen an alert: its id, and who, as far as it was said.
    pub(crate) acknowledge: Box<AcknowledgeAlert>,
}

/// Answers of some nodes.
pub(crate) type AnswerSlot = dyn Fn(&[NodeName]) -> Result<Value, Problem> + Send + Sync;

/// Lists alerts of some nodes: active ones, and those of a window.
pub(crate) type ListAlerts = dyn Fn(&[NodeName], Window) -> Result<Value, Problem> + Send + Sync;

/// Writes alerts of these nodes and this window as CSV, with a heading in any case.
pub(crate) type AlertsCsv = dyn Fn(&[NodeName], Window, &mut dyn Write) -> Result<()> + Send + Sync;

/// Notes that somebody has seen an alert.
pub(crate) type AcknowledgeAlert =
    dyn Fn(&str, Option<&str>) -> Result<Acknowledged, Problem> + Send + Sync;

/// What became of an acknowledgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Acknowledged {
    /// It is noted; it may have been before.
    Noted,
    /// The alert is over, and says nothing any more.
    Over,
    /// There is no such alert.
    Unknown,
}

/// An alert that somebody has seen.
#[derive(JsonSchema, Serialize)]
pub(super) struct Seen<'a> {
    id: &'a str,
    /// False where the alert was over already.
    acknowledged: bool,
}

/// What may be said with an acknowledgement.
pub(super) const ACKNOWLEDGE: &[Parameter] = &[Parameter {
    name: "by",
    what: "Who has seen it: a name, for the history.",
    kind: Kind::Name,
}];

/// The id of the alert that a path acknowledges.
pub(super) fn alert_of(path: &str) -> Option<&str> {
    let id = path.strip_prefix(BEFORE)?.strip_suffix(AFTER)?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    ((1..=ID_MAX).contains(&id.len()) && id.bytes().all(fits)).then_some(id)
}

pub(super) fn acknowledge(alerts: &Alerts, id: &str, query: &Query) -> Reply {
    let acknowledged = match (alerts.acknowledge)(id, query.text("by"))? {
        Acknowledged::Noted => true,
        Acknowledged::Over => false,
        Acknowledged::Unknown => {
            let detail = format!("there is no alert {id}; /api/v1/alerts tells which there are");
            return Err(Problem::missing(detail));
        }
    };
    whole(&Seen { id, acknowledged })
}

pub(super) fn status(ask: &Ask<'_>) -> Reply {
    whole(&(ask.parts.status.answer)(&ask.names())?)
}

pub(super) fn alerts(ask: &Ask<'_>) -> Reply {
    let (names, window) = (ask.names(), ask.until(ask.now));
    if ask.query.word("format") != Some("csv") {
        return whole(&(ask.parts.alerts.list)(&names, window)?);
    }
    let mut bytes = Vec::new();
    (ask.parts.alerts.csv)(&names, window, &mut bytes)?;
    Ok(Answer::csv(bytes.into()))
}

impl Ask<'_> {
    /// The window that was asked for, of something that goes on until an instant whether there are
    /// records or not, and no longer than ten years; empty where it lies behind that.
    pub(super) fn until(&self, end: Timestamp) -> Window {
        let ever = Window { from: end.plus_micros(-LONGEST_MICROS), to: end };
        self.within(ever).unwrap_or(Window { from: end, to: end })
    }
}
