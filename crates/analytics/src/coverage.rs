//! Of which time does the log of a node tell?

use std::collections::BTreeMap;

use piecewatch_model::{Grain, NodeName, Timestamp};
use piecewatch_store::{Nodes, Reader, Result, Window};

/// The stretches of time of which the logs of nodes tell: the hours in which a transfer ended, of the
/// first and the last one what lies between the first record of the node and its last. Of any other
/// hour nobody knows whether nothing moved or nobody read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Whole or clipped hours of each node, oldest first.
    stretches: BTreeMap<NodeName, Vec<Window>>,
}

impl Coverage {
    /// By the hours of which each node tells, and from its first record to its last, `None` where there
    /// is none.
    pub fn of(
        hours: &BTreeMap<NodeName, Vec<Timestamp>>,
        reach: impl Fn(&NodeName) -> Option<Window>,
    ) -> Self {
        let of_node = |(node, hours): (&NodeName, &Vec<Timestamp>)| {
            let reach = reach(node)?;
            let clipped = hours.iter().map(|&at| Window {
                from: at.max(reach.from),
                to: at.plus_micros(Grain::Hour.micros()).min(reach.to),
            });
            Some((node.clone(), clipped.filter(|hour| hour.from < hour.to).collect()))
        };
        Self { stretches: hours.iter().filter_map(of_node).collect() }
    }

    /// The nodes, of which any number of stretches may be known, even none.
    pub fn nodes(&self) -> impl Iterator<Item = &NodeName> {
        self.stretches.keys()
    }

    /// How much of a window the log of a node tells of, in microseconds.
    pub fn micros(&self, node: &NodeName, window: Window) -> i64 {
        let Some(stretches) = self.stretches.get(node) else { return 0 };
        // The hours before the window are passed over at once.
        let first = stretches.partition_point(|stretch| stretch.to <= window.from);
        let within = stretches[first..].iter().take_while(|stretch| stretch.from < window.to);
        within
            .map(|stretch| {
                let (from, to) = (stretch.from.max(window.from), stretch.to.min(window.to));
                to.as_micros() - from.as_micros()
            })
            .sum()
    }

    /// The share of a window that the logs tell of, nodes together, 0 to 1; 0 without nodes.
    pub fn share(&self, window: Window) -> f64 {
        let length = window.to.as_micros() - window.from.as_micros();
        let told: i64 = self.nodes().map(|node| self.micros(node, window)).sum();
        let whole = length as f64 * self.stretches.len() as f64;
        if whole > 0.0 { told as f64 / whole } else { 0.0 }
    }

    /// Forgets of a node what lies before an instant.
    pub(crate) fn forget_before(&mut self, node: &NodeName, from: Timestamp) {
        if let Some(stretches) = self.stretches.get_mut(node) {
            stretches.retain(|stretch| stretch.to > from);
            for stretch in stretches {
                stretch.from = stretch.from.max(from);
            }
        }
    }
}

/// Asks of which time in a window the logs of nodes tell.
///
/// # Errors
///
/// When the database cannot be read.
pub fn coverage_of(reader: &Reader, nodes: Nodes<'_>, window: Window) -> Result<Coverage> {
    let hours = reader.told_hours(nodes, window)?;
    let records: BTreeMap<NodeName, Window> = reader
        .nodes()?
        .into_iter()
        .filter_map(|node| {
            let (from, to) = node.records?;
            Some((node.name, Window { from, to }))
        })
        .collect();
    Ok(Coverage::of(&hours, |node| records.get(node).copied()))
}
