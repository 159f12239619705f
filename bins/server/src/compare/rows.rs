//! Nodes side by side for machines. What is not known is null, in CSV empty.

use std::collections::BTreeMap;

use piecewatch_analytics::{
    compare::{Better, Compared, Criterion},
    outlook::Outlook,
    success::Upgrade,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Answer, unusual,
    unusual_rows::{TrendRow, UnusualRow},
    upgraded,
};

/// The answer, in JSON.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Root<'a> {
    from: Option<String>,
    to: Option<String>,
    /// What latencies are of: the same, or whole days.
    latency_from: Option<String>,
    latency_to: Option<String>,
    latency_clock: Option<&'static str>,
    earnings_period: Option<String>,
    weights: BTreeMap<&'static str, u32>,
    nodes: Vec<Node<'a>>,
}

#[derive(JsonSchema, Serialize)]
struct Node<'a> {
    node: &'a str,
    overall_score: Option<f64>,
    overall_rank: Option<usize>,
    /// Which share of all weights the score knows.
    overall_known: Option<f64>,
    criteria: BTreeMap<&'static str, Value>,
    silence: Option<Sentence>,
    /// Where what is known of the node ends, if that is before the last whole hour: what is unusual was so
    /// then.
    known_until: Option<String>,
    unusual: Vec<UnusualRow>,
    /// How metrics change from week to week, of those of which two weeks are known.
    trends: Vec<TrendRow>,
    /// Success rates of before and after an upgrade do not compare.
    upgrades: Vec<UpgradeRow<'a>>,
}

/// A change of the version within the window.
#[derive(JsonSchema, Serialize)]
struct UpgradeRow<'a> {
    at: String,
    from: &'a str,
    to: &'a str,
}

#[derive(JsonSchema, Serialize)]
struct Value {
    value: f64,
    near_best: Option<f64>,
    rank: Option<usize>,
}

#[derive(JsonSchema, Serialize)]
struct Sentence {
    kind: &'static str,
    since: Option<String>,
    sentence: String,
}

/// What is told of a node, in CSV.
#[derive(JsonSchema, Serialize, Default)]
pub(crate) struct Row {
    from: String,
    to: String,
    node: String,
    /// `criterion`, `overall`, `upgrade`, `silence` or `unusual`: what the row is.
    row: &'static str,
    /// Which of them.
    name: &'static str,
    value: Option<f64>,
    better: &'static str,
    near_best: Option<f64>,
    rank: Option<usize>,
    /// Of the overall score the weight of all that it knows.
    weight: Option<u32>,
    since: Option<String>,
    sentence: String,
}

pub(crate) fn json(answer: Option<&Answer>) -> Root<'_> {
    let comparison = answer.map(|answer| &answer.comparison);
    Root {
        from: comparison.map(|of| of.window.from.to_string()),
        to: comparison.map(|of| of.window.to.to_string()),
        latency_from: comparison.map(|of| of.latency_window.from.to_string()),
        latency_to: comparison.map(|of| of.latency_window.to.to_string()),
        latency_clock: comparison.and_then(|of| of.clock).map(piecewatch_model::Clock::name),
        earnings_period: answer.map(|answer| answer.period.to_string()),
        weights: Criterion::ALL.into_iter().map(|of| (of.name(), of.weight())).collect(),
        nodes: answer.map(nodes).unwrap_or_default(),
    }
}

fn nodes(answer: &Answer) -> Vec<Node<'_>> {
    let compared = answer.comparison.nodes.iter().zip(&answer.outlooks);
    compared.map(|(of, outlook)| node(answer, of, outlook)).collect()
}

fn node<'a>(answer: &'a Answer, node: &'a Compared, outlook: &Outlook) -> Node<'a> {
    let silence = answer.silences.get(&node.node);
    let criteria = node.standings.iter().map(|(criterion, place)| {
        let value = Value { value: place.value, near_best: place.near_best, rank: place.rank };
        (criterion.name(), value)
    });
    let upgrade =
        |of: &'a Upgrade| UpgradeRow { at: of.at.to_string(), from: &of.from, to: &of.to };
    Node {
        node: node.node.as_str(),
        overall_score: node.overall.map(|overall| overall.score),
        overall_rank: node.overall.map(|overall| overall.rank),
        overall_known: node.overall.map(|overall| overall.known),
        criteria: criteria.collect(),
        silence: silence.map(|silence| Sentence {
            kind: silence.name(),
            since: silence.since().map(|since| since.to_string()),
            sentence: silence.explanation(),
        }),
        known_until: outlook.ends_early().map(|until| until.to_string()),
        unusual: UnusualRow::all(outlook),
        trends: TrendRow::all(outlook),
        upgrades: answer.upgrades(&node.node).map(upgrade).collect(),
    }
}

/// Criteria and the overall score node by node, then upgrades, then the silent nodes, then what is unusual.
pub(crate) fn csv(answer: &Answer) -> Vec<Row> {
    let window = answer.comparison.window;
    let row = |node: &piecewatch_model::NodeName, row, name| Row {
        from: window.from.to_string(),
        to: window.to.to_string(),
        node: node.to_string(),
        row,
        name,
        ..Row::default()
    };
    let mut rows = Vec::new();
    for node in &answer.comparison.nodes {
        for criterion in Criterion::ALL {
            let place = node.standings.get(&criterion);
            rows.push(Row {
                value: place.map(|place| place.value),
                better: match criterion.better() {
                    Better::Higher => "higher",
                    Better::Lower => "lower",
                },
                near_best: place.and_then(|place| place.near_best),
                rank: place.and_then(|place| place.rank),
                weight: Some(criterion.weight()),
                ..row(&node.node, "criterion", criterion.name())
            });
        }
        let overall = node.overall;
        rows.push(Row {
            value: overall.map(|overall| overall.score),
            better: "higher",
            rank: overall.map(|overall| overall.rank),
            weight: overall.map(|overall| (overall.known * 100.0).round() as u32),
            ..row(&node.node, "overall", "overall")
        });
    }
    for upgrade in &answer.comparison.upgrades {
        rows.push(Row {
            since: Some(upgrade.at.to_string()),
            sentence: upgraded(upgrade),
            ..row(&upgrade.node, "upgrade", "version")
        });
    }
    for (node, silence) in answer.silent() {
        rows.push(Row {
            since: silence.since().map(|since| since.to_string()),
            sentence: silence.explanation(),
            ..row(node, "silence", silence.name())
        });
    }
    for (node, outlook) in answer.outlooks() {
        rows.extend(unusual(outlook).map(|(since, kind, sentence)| Row {
            to: outlook.ends_early().unwrap_or(window.to).to_string(),
            since: Some(since.to_string()),
            sentence,
            ..row(node, "unusual", kind)
        }));
    }
    rows
}
