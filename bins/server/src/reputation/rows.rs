//! Reputation for machines. Scores are 0 to 1, times RFC 3339; what is not known is null, in CSV
//! empty.

use std::collections::BTreeMap;

use piecewatch_analytics::reputation::{Reputation, Score, ToldScores, Vetting};
use schemars::JsonSchema;
use serde::Serialize;

use super::{NodeAnswer, connection::Connection, text::name_of};
use crate::form::Span;

/// Everything, in JSON. The windows of nodes end at their own newest record or poll.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Root<'a> {
    #[serde(flatten)]
    span: Span,
    /// Of each score.
    thresholds: BTreeMap<&'static str, Thresholds>,
    nodes: Vec<Object<'a>>,
}

/// Below which value a score is how bad.
#[derive(JsonSchema, Serialize)]
struct Thresholds {
    look: f64,
    trouble: f64,
    /// The node is disqualified or suspended.
    limit: f64,
}

#[derive(JsonSchema, Serialize)]
struct Object<'a> {
    node: &'a str,
    #[serde(flatten)]
    span: Span,
    worst: &'static str,
    satellites: Vec<Satellite<'a>>,
    /// From when on its log is looked at.
    log_from: String,
    connection: Connection<'a>,
    peers: PeersRow,
    failed_pings: Option<u64>,
    restarts: Option<usize>,
    restarts_unasked: Option<usize>,
}

/// Whether the node sees who its peers are.
#[derive(JsonSchema, Serialize)]
struct PeersRow {
    state: &'static str,
    sentence: Option<String>,
}

#[derive(JsonSchema, Serialize)]
struct Satellite<'a> {
    #[serde(flatten)]
    row: Row<'a>,
    notes: Vec<String>,
    history: Vec<Told>,
}

#[derive(JsonSchema, Serialize)]
struct Told {
    at: String,
    audit: f64,
    suspension: f64,
    online: f64,
}

/// A satellite's opinion of a node.
#[derive(Default, JsonSchema, Serialize)]
pub(crate) struct Row<'a> {
    node: &'a str,
    satellite: String,
    satellite_id: String,
    state: &'static str,
    told_at: Option<String>,
    audit: Option<f64>,
    suspension: Option<f64>,
    online: Option<f64>,
    audit_change: Option<f64>,
    suspension_change: Option<f64>,
    online_change: Option<f64>,
    audits: Option<u64>,
    audits_passed: Option<u64>,
    vetted_at: Option<String>,
    vetting_progress: Option<f64>,
    joined_at: Option<String>,
    days_joined: Option<u64>,
    disqualified_at: Option<String>,
    suspended_at: Option<String>,
    offline_suspended_at: Option<String>,
    exited_at: Option<String>,
}

impl<'a> Root<'a> {
    pub(crate) fn of(answers: &'a [NodeAnswer]) -> Self {
        let thresholds = |score: Score| {
            let (look, trouble, limit) = (score.look(), score.trouble(), score.limit());
            (score.name(), Thresholds { look, trouble, limit })
        };
        Self {
            span: Span::over(answers.iter().map(|answer| answer.window)),
            thresholds: Score::ALL.map(thresholds).into(),
            nodes: answers.iter().map(Object::of).collect(),
        }
    }
}

impl<'a> Object<'a> {
    fn of(answer: &'a NodeAnswer) -> Self {
        let connectivity = &answer.connectivity;
        let satellites = answer.satellites.iter().map(|of| Satellite {
            row: row(of),
            notes: of.sentences(&name_of(of)),
            history: of.history.iter().map(Told::of).collect(),
        });
        let failed = connectivity.failed_pings.value.as_ref();
        let restarts = connectivity.restarts.value;
        Self {
            node: answer.node.as_str(),
            span: Span::of(answer.window),
            worst: answer.worst().name(),
            satellites: satellites.collect(),
            log_from: connectivity.window.from.to_string(),
            connection: Connection::of(connectivity),
            peers: PeersRow {
                state: answer.peers.peers.name(),
                sentence: answer.peers.peers.explanation(),
            },
            failed_pings: failed.map(|failed| failed.by_satellite.values().sum()),
            restarts: restarts.map(|restarts| restarts.all),
            restarts_unasked: restarts.map(|restarts| restarts.unasked),
        }
    }
}

impl Told {
    fn of(told: &ToldScores) -> Self {
        let scores = &told.scores;
        Self {
            at: told.at.to_string(),
            audit: scores.audit,
            suspension: scores.suspension,
            online: scores.online,
        }
    }
}

/// A row for each satellite.
pub(crate) fn flat(answer: &NodeAnswer) -> impl Iterator<Item = (Span, Row<'_>)> {
    answer.satellites.iter().map(|of| (Span::of(answer.window), row(of)))
}

fn row(of: &Reputation) -> Row<'_> {
    let score = |score: Score| of.newest.map(|newest| score.of(&newest.scores));
    let text = |at: Option<piecewatch_model::Timestamp>| at.map(|at| at.to_string());
    let (audits, audits_passed) = of.audits.unzip();
    Row {
        node: of.node.as_str(),
        satellite: name_of(of),
        satellite_id: of.satellite.to_string(),
        state: of.judgement().name(),
        told_at: text(of.newest.map(|newest| newest.at)),
        audit: score(Score::Audit),
        suspension: score(Score::Suspension),
        online: score(Score::Online),
        audit_change: of.change(Score::Audit),
        suspension_change: of.change(Score::Suspension),
        online_change: of.change(Score::Online),
        audits,
        audits_passed,
        vetted_at: match of.vetting {
            Vetting::Vetted(at) => Some(at.to_string()),
            Vetting::Unknown | Vetting::Probably | Vetting::Running { .. } => None,
        },
        vetting_progress: of.vetting.progress(),
        joined_at: text(of.joined_at),
        days_joined: of.days_joined,
        disqualified_at: text(of.disqualified_at),
        suspended_at: text(of.suspended_at),
        offline_suspended_at: text(of.offline_suspended_at),
        exited_at: text(of.exited_at),
    }
}
