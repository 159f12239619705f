//! With which texts do transfers end that do not succeed, and where?

use std::{cmp::Reverse, collections::BTreeMap, sync::Arc};

use piecewatch_model::{Action, ByteCount, Grain, NodeName, Outcome, Spreads, Timestamp};
use piecewatch_store::{
    Ending, ErrorRow, FURTHER_ERRORS, Fate, Nodes, Reader, Result, TrafficRow, Window,
};

/// More than the texts that a database knows of a node, by action and outcome.
const ROWS_MAX: u32 = 200_000;

/// Of so many of the most frequent texts is told what their placeholders stood for.
const SPREADS_MAX: usize = 50;

/// The texts with which transfers ended, the most frequent first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopErrors {
    /// From when to when: whole hours.
    pub window: Window,
    /// How many transfers ended so, whether a text of them is known or not.
    pub ended: u64,
    /// How many of them ended with a text that is known, those included whose text is not listed.
    /// Texts are kept for a year, and some lines have none.
    pub count: u64,
    /// How many texts there were; those that are not known one by one count as one.
    pub texts: usize,
    /// Whether there were such: then there were more texts than that, by nobody knows how many.
    pub has_further_texts: bool,
    /// By action.
    pub by_action: BTreeMap<Action, u64>,
    /// By outcome: of failures by their class.
    pub by_outcome: BTreeMap<Outcome, u64>,
    /// By node.
    pub by_node: BTreeMap<NodeName, u64>,
    /// The most frequent texts.
    pub top: Vec<ErrorText>,
}

/// Transfers that ended with one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorText {
    /// The template of the text.
    pub template: Arc<str>,
    /// How many.
    pub count: u64,
    /// How much they moved, together.
    pub bytes: ByteCount,
    /// The first of them in the window.
    pub first_at: Timestamp,
    /// The last.
    pub last_at: Timestamp,
    /// The same by node, action and outcome, the most frequent first.
    pub parts: Vec<ErrorRow>,
    /// What its placeholders stood for on the days of the window; nothing where that is not known.
    pub spreads: Spreads,
}

impl ErrorText {
    /// The template with what its placeholders stood for in their place.
    pub fn text(&self) -> String {
        self.spreads.within(&self.template)
    }
}

/// The most frequent texts among rows of a window, at most `limit`, of transfers that ended so;
/// `traffic` tells how many there were in the same window.
pub fn top_errors(
    rows: Vec<ErrorRow>,
    traffic: &[TrafficRow],
    window: Window,
    endings: &[Ending],
    limit: usize,
) -> TopErrors {
    let ended = traffic.iter().filter(|row| match row.fate {
        Fate::Ended(outcome) => endings.contains(&Ending::of(outcome)),
        Fate::Rejected => false,
    });
    let mut top = TopErrors {
        window,
        ended: ended.map(|row| row.count).sum(),
        count: 0,
        texts: 0,
        has_further_texts: false,
        by_action: BTreeMap::new(),
        by_outcome: BTreeMap::new(),
        by_node: BTreeMap::new(),
        top: Vec::new(),
    };
    let mut texts: BTreeMap<Arc<str>, ErrorText> = BTreeMap::new();
    for row in rows {
        if !endings.contains(&Ending::of(row.outcome)) {
            continue;
        }
        top.count += row.count;
        add(&mut top.by_action, &row.action, row.count);
        add(&mut top.by_outcome, &row.outcome, row.count);
        add(&mut top.by_node, &row.node, row.count);
        let text = texts.entry(Arc::clone(&row.template)).or_insert_with(|| ErrorText {
            template: Arc::clone(&row.template),
            count: 0,
            bytes: ByteCount::default(),
            first_at: row.first_at,
            last_at: row.last_at,
            parts: Vec::new(),
            spreads: Spreads::default(),
        });
        text.count += row.count;
        text.bytes = text.bytes + row.bytes;
        text.first_at = text.first_at.min(row.first_at);
        text.last_at = text.last_at.max(row.last_at);
        text.parts.push(row);
    }
    top.texts = texts.len();
    top.has_further_texts = texts.contains_key(FURTHER_ERRORS);
    top.top = texts.into_values().collect();
    top.top.sort_by_key(|text| Reverse(text.count));
    top.top.truncate(limit);
    for text in &mut top.top {
        text.parts.sort_by_key(|part| Reverse(part.count));
    }
    top
}

fn add<K: Ord + Clone>(counts: &mut BTreeMap<K, u64>, key: &K, count: u64) {
    match counts.get_mut(key) {
        Some(sum) => *sum += count,
        None => {
            counts.insert(key.clone(), count);
        }
    }
}

/// Asks for the most frequent texts of nodes in a window, widened to whole hours, and what the placeholders of the
/// first fifty stood for.
///
/// # Errors
///
/// When the database cannot be read.
pub fn top_errors_of(
    reader: &Reader,
    nodes: Nodes<'_>,
    window: Window,
    endings: &[Ending],
    limit: usize,
) -> Result<TopErrors> {
    let rows = reader.errors(nodes, window, ROWS_MAX)?;
    let traffic = reader.node_traffic_totals(nodes, Some(window))?.rows;
    let mut errors = top_errors(rows, &traffic, window.widened(Grain::Hour), endings, limit);
    let listed = errors.top.iter().take(SPREADS_MAX).map(|text| Arc::clone(&text.template));
    let mut spreads = reader.error_spreads(nodes, window, &listed.collect::<Vec<_>>())?;
    for text in &mut errors.top {
        text.spreads = spreads.remove(&text.template).unwrap_or_default();
    }
    Ok(errors)
}
