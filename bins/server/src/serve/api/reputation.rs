//! What satellites think of nodes, and thought.

use piecewatch_analytics::reputation::ToldScores;
use piecewatch_model::{NodeName, SatelliteId};
use piecewatch_store::{NodeInfo, Window};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Problem, Reply,
    ask::{Ask, Sheet, of, written},
};
use crate::{
    earnings::satellite_name,
    form::{Span, csv_rows},
    reputation::{NodeAnswer, rows},
};

pub(super) fn reputation(ask: &Ask<'_>) -> Reply {
    let observatory = &ask.parts.observatory;
    let of_node = |node: &NodeInfo| {
        let (window, node) = (until_newest(ask, node)?, node.name.clone());
        Ok(NodeAnswer {
            satellites: observatory.reputation(&node, window, ask.now)?.what.clone(),
            connectivity: (*observatory.connectivity(&node, window, ask.now)?).clone(),
            peers: (*observatory.peers(&node, window)?).clone(),
            window,
            node,
        })
    };
    ask.reply(
        ask.nodes.iter().map(of_node).collect::<Result<Vec<_>, Problem>>()?,
        |answers| written(&rows::Root::of(answers)),
        Sheet::of::<(Span, rows::Row<'_>)>(|answers, out| {
            csv_rows(out, answers.iter().flat_map(rows::flat))
        }),
    )
}

/// The window that was asked for of a node; without an end it ends at its newest record or poll.
fn until_newest(ask: &Ask<'_>, node: &NodeInfo) -> Result<Window, Problem> {
    let polls = ask.parts.readers.get()?.polls(of(std::slice::from_ref(&node.name)))?;
    let polled = polls.iter().map(|poll| poll.last.at.plus_micros(1)).max();
    let recorded = node.records.map(|(_, last)| last.plus_micros(1));
    Ok(ask.until(recorded.max(polled).unwrap_or(ask.now)))
}

/// The scores as they were told.
#[derive(JsonSchema, Serialize)]
pub(super) struct History<'a> {
    #[serde(flatten)]
    span: Span,
    scores: Vec<ScoreRow<'a>>,
}

/// Scores that a satellite told, 0 to 1.
#[derive(Default, JsonSchema, Serialize)]
struct ScoreRow<'a> {
    node: &'a str,
    satellite: String,
    satellite_id: String,
    at: String,
    audit: f64,
    suspension: f64,
    online: f64,
}

struct Told {
    windows: Vec<Window>,
    scores: Vec<(NodeName, SatelliteId, ToldScores)>,
}

pub(super) fn history(ask: &Ask<'_>) -> Reply {
    let mut told = Told { windows: Vec::new(), scores: Vec::new() };
    for node in &ask.nodes {
        let window = until_newest(ask, node)?;
        let satellites = ask.parts.observatory.reputation(&node.name, window, ask.now)?;
        told.windows.push(satellites.window);
        for of in &satellites.what {
            let scores = of.history.iter().map(|scores| (node.name.clone(), of.satellite, *scores));
            told.scores.extend(scores);
        }
    }
    let order = |(node, satellite, scores): &(NodeName, SatelliteId, ToldScores)| {
        (scores.at, node.clone(), *satellite)
    };
    told.scores.sort_by_cached_key(order);
    ask.reply(
        told,
        |told| {
            let span = Span::over(told.windows.iter().copied());
            written(&History { span, scores: told.scores.iter().map(row).collect() })
        },
        Sheet::of::<ScoreRow<'_>>(|told, out| csv_rows(out, told.scores.iter().map(row))),
    )
}

fn row((node, satellite, told): &(NodeName, SatelliteId, ToldScores)) -> ScoreRow<'_> {
    ScoreRow {
        node: node.as_str(),
        satellite: satellite_name(*satellite, None),
        satellite_id: satellite.to_string(),
        at: told.at.to_string(),
        audit: told.scores.audit,
        suspension: told.scores.suspension,
        online: told.scores.online,
    }
}
