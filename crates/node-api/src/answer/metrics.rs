//! The metrics of a node's debug endpoint, `/metrics`: thousands of series, of which few are kept.

use std::collections::BTreeMap;

use piecewatch_model::{Action, Measure, Quantiles};

/// The longest line that is looked at, in bytes. Real ones have some hundred; a longer one is passed
/// over.
const LINE_MAX: usize = 4_096;
/// The most sums of quantiles that are kept: a node has one for each measure and action, about a
/// dozen. An endpoint that makes up actions without end fills no memory.
const KEPT_MAX: usize = 64;
/// Transfers are measured here; other parts of a node have measures of like names.
const SCOPE: &str = "piecestore";

const MICROS_PER_SECOND: f64 = 1_000_000.0;
const MICROS_PER_NANO: f64 = 0.001;

/// Series that are kept: name, what they measure, by how much that is multiplied to have its unit,
/// and of which transfers they are when no label says so: nodes do not tell their uploads apart, nor
/// the first bytes of their downloads.
const SERIES: [(&str, Measure, f64, Action); 4] = [
    ("upload_success_duration_ns", Measure::Duration, MICROS_PER_NANO, Action::Upload),
    ("download_success_duration_ns", Measure::Duration, MICROS_PER_NANO, Action::Download),
    ("download_time_to_first_byte_sent", Measure::FirstByte, MICROS_PER_SECOND, Action::Download),
    ("download_orders_amount", Measure::OrderAmount, 1.0, Action::Download),
];

/// What a series tells of what it measures.
const FIELDS: [&str; 8] = ["count", "sum", "rmin", "r10", "r50", "r90", "r99", "rmax"];

/// Reads an answer to `/metrics` as it comes, in any pieces, in bounded memory.
#[derive(Debug, Clone, Default)]
pub struct MetricsReader {
    /// The line that is not complete yet.
    line: Vec<u8>,
    /// Whether it is too long to be looked at.
    is_too_long: bool,
    lines: u64,
    found: BTreeMap<(Measure, &'static str, Action), [Option<f64>; FIELDS.len()]>,
}

impl MetricsReader {
    /// Takes the next bytes.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.extend(&bytes[..end]);
            self.end_line();
            bytes = &bytes[end + 1..];
        }
        self.extend(bytes);
    }

    fn extend(&mut self, bytes: &[u8]) {
        if self.line.len() + bytes.len() > LINE_MAX {
            self.is_too_long = true;
            self.line.clear();
        }
        if !self.is_too_long {
            self.line.extend_from_slice(bytes);
        }
    }

    fn end_line(&mut self) {
        self.lines += 1;
        let line = std::mem::take(&mut self.line);
        if !std::mem::take(&mut self.is_too_long)
            && let Some(sample) = std::str::from_utf8(&line).ok().and_then(sample)
        {
            self.take(&sample);
        }
        self.line = line;
        self.line.clear();
    }

    fn take(&mut self, sample: &Sample<'_>) {
        let Some((name, measure, factor, untold)) =
            SERIES.into_iter().find(|series| series.0 == sample.name)
        else {
            return;
        };
        let Some(field) = FIELDS.iter().position(|field| Some(*field) == sample.field) else {
            return;
        };
        if !sample.scope.is_some_and(|scope| scope.contains(SCOPE)) {
            return;
        }
        let key = (measure, name, sample.action.map_or(untold, Action::from_name));
        if self.found.len() >= KEPT_MAX && !self.found.contains_key(&key) {
            return;
        }
        // How many there are has no unit.
        let factor = if FIELDS[field] == "count" { 1.0 } else { factor };
        self.found.entry(key).or_default()[field] = Some(sample.value * factor);
    }

    /// How many whole lines there were.
    pub const fn lines(&self) -> u64 {
        self.lines
    }

    /// What was measured; what is not told whole, or not of a single transfer, is left out. A last
    /// line without an end is no line: the answer broke off.
    pub fn finish(self) -> Vec<Quantiles> {
        let whole = |((measure, _, action), fields): ((Measure, _, Action), [Option<f64>; 8])| {
            let [count, sum, min, p10, p50, p90, p99, max] = fields;
            // Nodes count in integers.
            let count = count? as u64;
            let (sum, min, max) = (sum?, min?, max?);
            let (p10, p50, p90, p99) = (p10?, p50?, p90?, p99?);
            (count > 0).then_some(Quantiles {
                measure,
                action,
                count,
                sum,
                min,
                p10,
                p50,
                p90,
                p99,
                max,
            })
        };
        self.found.into_iter().filter_map(whole).collect()
    }
}

/// A line `name{label="value",…} 12.5`.
#[derive(Debug, PartialEq)]
struct Sample<'a> {
    name: &'a str,
    action: Option<&'a str>,
    scope: Option<&'a str>,
    field: Option<&'a str>,
    value: f64,
}

/// The sample in a line; `None` for comments and for whatever else is none. Labels are sanitised by
/// the node: none holds a quote.
fn sample(line: &str) -> Option<Sample<'_>> {
    let (name, rest) = line.split_once('{')?;
    let (labels, value) = rest.rsplit_once('}')?;
    let value: f64 = value.split_whitespace().next()?.parse().ok()?;
    let mut sample = Sample { name, action: None, scope: None, field: None, value };
    // What is not a number is what the node has not measured.
    if !value.is_finite() {
        return None;
    }
    for label in labels.split(',') {
        let Some((key, value)) = label.split_once('=') else { continue };
        let value = Some(value.trim_matches('"'));
        match key.trim() {
            "action" => sample.action = value,
            "scope" => sample.scope = value,
            "field" => sample.field = value,
            _ => {}
        }
    }
    Some(sample)
}
