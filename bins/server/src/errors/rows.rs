//! Errors for machines. Times are RFC 3339; what is not known is null, in CSV empty.

use std::collections::BTreeMap;

use piecewatch_model::Spread;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Answer, text::class};
use crate::form::Span;

/// Everything, in JSON.
#[derive(Default, JsonSchema, Serialize)]
pub(crate) struct Object<'a> {
    #[serde(flatten)]
    span: Span,
    nodes: Vec<&'a str>,
    /// All that ended so; `count` is those of which a text is known.
    ended: u64,
    count: u64,
    texts: usize,
    /// Whether there were more, which are not known one by one.
    has_further_texts: bool,
    by_action: BTreeMap<&'a str, u64>,
    by_class: BTreeMap<&'static str, u64>,
    by_node: BTreeMap<&'a str, u64>,
    top: Vec<Text<'a>>,
    troubles: Vec<Text<'a>>,
}

#[derive(JsonSchema, Serialize)]
struct Text<'a> {
    text: &'a str,
    /// The text with what its placeholders stood for in their place, where that is known.
    text_with_values: String,
    /// What each placeholder stood for, in their order, of the first eight; none where it is not known.
    values: Vec<Value>,
    kind: &'static str,
    count: u64,
    first_at: String,
    last_at: String,
    parts: Vec<Row<'a>>,
}

/// What a placeholder stood for: a range of numbers, or so many different values.
#[derive(JsonSchema, Serialize)]
struct Value {
    placeholder: &'static str,
    min: Option<u64>,
    max: Option<u64>,
    count: Option<u64>,
    is_exact: bool,
}

impl Value {
    fn of(spread: Spread) -> Self {
        let placeholder = spread.placeholder().mark();
        match spread {
            Spread::Numbers { min, max } => {
                Self { placeholder, min: Some(min), max: Some(max), count: None, is_exact: true }
            }
            Spread::Distinct { count, is_exact, .. } => {
                Self { placeholder, min: None, max: None, count: Some(count), is_exact }
            }
        }
    }
}

/// A text at one node: of transfers of an action and outcome, or of trouble with a satellite.
#[derive(Default, JsonSchema, Serialize)]
pub(crate) struct Row<'a> {
    /// `transfer`, or the kind of trouble.
    kind: &'static str,
    node: &'a str,
    action: Option<&'a str>,
    outcome: Option<&'static str>,
    class: Option<&'static str>,
    satellite_id: Option<String>,
    count: u64,
    bytes: Option<u64>,
    first_at: String,
    last_at: String,
    text: &'a str,
}

impl<'a> Object<'a> {
    pub(crate) fn of(answer: &'a Answer) -> Self {
        let errors = &answer.errors;
        let top = errors.top.iter().map(|text| Text {
            text: &text.template,
            text_with_values: text.text(),
            values: text.spreads.each().map(Value::of).collect(),
            kind: "transfer",
            count: text.count,
            first_at: text.first_at.to_string(),
            last_at: text.last_at.to_string(),
            parts: of_transfers(text).collect(),
        });
        let troubles = answer.troubles.iter().map(|trouble| Text {
            text: &trouble.text,
            text_with_values: trouble.text.to_string(),
            values: Vec::new(),
            kind: trouble.kind.name(),
            count: trouble.count,
            first_at: trouble.first_at.to_string(),
            last_at: trouble.last_at.to_string(),
            parts: of_trouble(trouble).collect(),
        });
        Self {
            span: Span::of(errors.window),
            nodes: answer.nodes.iter().map(|node| node.as_str()).collect(),
            ended: errors.ended,
            count: errors.count,
            texts: errors.texts,
            has_further_texts: errors.has_further_texts,
            by_action: errors.by_action.iter().map(|(of, count)| (of.name(), *count)).collect(),
            by_class: errors.by_outcome.iter().map(|(of, count)| (class(*of), *count)).collect(),
            by_node: errors.by_node.iter().map(|(of, count)| (of.as_str(), *count)).collect(),
            top: top.collect(),
            troubles: troubles.collect(),
        }
    }
}

/// Everything as flat rows.
pub(crate) fn flat(answer: &Answer) -> impl Iterator<Item = (Span, Row<'_>)> {
    let transfers = answer.errors.top.iter().flat_map(of_transfers);
    let rows = transfers.chain(answer.troubles.iter().flat_map(of_trouble));
    rows.map(|row| (Span::of(answer.errors.window), row))
}

fn of_transfers(text: &piecewatch_analytics::errors::ErrorText) -> impl Iterator<Item = Row<'_>> {
    text.parts.iter().map(|part| Row {
        kind: "transfer",
        node: part.node.as_str(),
        action: Some(part.action.name()),
        outcome: Some(part.outcome.name()),
        class: Some(class(part.outcome)),
        satellite_id: None,
        count: part.count,
        bytes: Some(part.bytes.get()),
        first_at: part.first_at.to_string(),
        last_at: part.last_at.to_string(),
        text: &part.template,
    })
}

fn of_trouble(trouble: &super::TroubleText) -> impl Iterator<Item = Row<'_>> {
    trouble.parts.iter().map(|part| Row {
        kind: part.kind.name(),
        node: part.node.as_str(),
        action: None,
        outcome: None,
        class: None,
        satellite_id: part.satellite.map(|satellite| satellite.to_string()),
        count: part.count,
        bytes: None,
        first_at: part.first_at.to_string(),
        last_at: part.last_at.to_string(),
        text: &part.text,
    })
}
