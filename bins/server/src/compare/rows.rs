//! Nodes side by side for machines. What is not known is null, in CSV empty.

use std::collections::BTreeMap;

use piecewatch_analytics::{Better, Compared, Criterion, Outlook};
use serde::Serialize;

use super::{Answer, unusual};

#[derive(Serialize)]
pub(super) struct Root<'a> {
    from: String,
    to: String,
    earnings_period: String,
    latency_clock: Option<&'static str>,
    weights: BTreeMap<&'static str, u32>,
    nodes: Vec<Node<'a>>,
}

#[derive(Serialize)]
struct Node<'a> {
    node: &'a str,
    overall_score: Option<f64>,
    overall_rank: Option<usize>,
    /// Which share of all weights the score knows.
    overall_known: Option<f64>,
    criteria: BTreeMap<&'static str, Value>,
    unusual: Vec<Unusual>,
}

#[derive(Serialize)]
struct Value {
    value: f64,
    near_best: Option<f64>,
    rank: Option<usize>,
}

#[derive(Serialize)]
struct Unusual {
    kind: &'static str,
    since: String,
    sentence: String,
}

/// A node and a criterion.
#[derive(Serialize)]
pub(super) struct Row {
    node: String,
    from: String,
    to: String,
    criterion: &'static str,
    value: Option<f64>,
    better: &'static str,
    near_best: Option<f64>,
    rank: Option<usize>,
    weight: u32,
}

pub(super) fn json(answer: &Answer) -> Root<'_> {
    let comparison = &answer.comparison;
    Root {
        from: comparison.window.from.to_string(),
        to: comparison.window.to.to_string(),
        earnings_period: answer.period.to_string(),
        latency_clock: comparison.clock.map(piecewatch_model::Clock::name),
        weights: Criterion::ALL.into_iter().map(|of| (of.name(), of.weight())).collect(),
        nodes: comparison.nodes.iter().zip(&answer.outlooks).map(node).collect(),
    }
}

fn node<'a>((node, outlook): (&'a Compared, &Outlook)) -> Node<'a> {
    let criteria = node.standings.iter().map(|(criterion, place)| {
        let value = Value { value: place.value, near_best: place.near_best, rank: place.rank };
        (criterion.name(), value)
    });
    let unusual = unusual(outlook).map(|(since, kind, sentence)| Unusual {
        kind,
        since: since.to_string(),
        sentence,
    });
    Node {
        node: node.node.as_str(),
        overall_score: node.overall.map(|overall| overall.score),
        overall_rank: node.overall.map(|overall| overall.rank),
        overall_known: node.overall.map(|overall| overall.known),
        criteria: criteria.collect(),
        unusual: unusual.collect(),
    }
}

pub(super) fn csv(answer: &Answer) -> impl Iterator<Item = Row> {
    let window = answer.comparison.window;
    answer.comparison.nodes.iter().flat_map(move |node| {
        Criterion::ALL.into_iter().map(move |criterion| {
            let place = node.standings.get(&criterion);
            Row {
                node: node.node.to_string(),
                from: window.from.to_string(),
                to: window.to.to_string(),
                criterion: criterion.name(),
                value: place.map(|place| place.value),
                better: match criterion.better() {
                    Better::Higher => "higher",
                    Better::Lower => "lower",
                },
                near_best: place.and_then(|place| place.near_best),
                rank: place.and_then(|place| place.rank),
                weight: criterion.weight(),
            }
        })
    })
}
