//! What a database holds of nodes, and where that is not what they wrote.

use std::{collections::BTreeMap, path::Path, slice};

use piecewatch_model::{Action, SatelliteId, Timestamp};
use piecewatch_simulator::Truth;
use piecewatch_store::{Fate, Nodes, Reader, Retention, Store, StoreConfig, Window};

use crate::fleet::Written;

type Key = (Option<SatelliteId>, Action, Fate);

/// More events than any test writes.
const EVENTS_MAX: u32 = 1_000_000;

/// How many lines were read of each of these nodes.
pub(crate) fn lines(reader: &Reader, nodes: &[Written]) -> Vec<u64> {
    nodes.iter().map(|node| reader.sources(&node.name).unwrap().lines).collect()
}

/// How a database differs from what the nodes wrote, a sentence each; none when all is true.
pub(crate) fn differences(db: &Path, nodes: &[Written]) -> Vec<String> {
    let Store { writer, readers } = Store::open(db, StoreConfig::default()).unwrap();
    drop(writer);
    let reader = readers.get().unwrap();
    let mut found = Vec::new();
    for node in nodes {
        let what = of_node(&reader, node);
        found.extend(
            what.into_iter().map(|what| format!("{} ({}): {what}", node.name, node.manner)),
        );
    }
    found.extend(reader.check().unwrap().damage);
    let sums = reader.differences(crate::fleet::now(), &Retention::default()).unwrap();
    found.extend(
        sums.into_iter().map(|sum| format!("the sums are not those of the transfers: {sum:?}")),
    );
    found
}

fn of_node(reader: &Reader, node: &Written) -> Vec<String> {
    let truth = node.log.truth();
    let mut found = Vec::new();
    let mut compare = |what: &str, stored: u64, told: u64| {
        if stored != told {
            let by = i128::from(stored) - i128::from(told);
            found.push(format!("{what}: {stored} stored, {told} told: {by:+}"));
        }
    };
    compare("lines", reader.sources(&node.name).unwrap().lines, truth.lines);
    let of_node = Nodes::Of(slice::from_ref(&node.name));
    let mut both = BTreeMap::<Key, [(u64, u64); 2]>::new();
    let mut rejected = 0;
    for row in reader.traffic_totals(of_node, None).unwrap().rows {
        match row.fate {
            Fate::Ended(_) => {
                let key = (row.satellite, row.action, row.fate);
                both.entry(key).or_default()[0] = (row.count, row.bytes.get());
            }
            // The truth does not tell whose they are.
            Fate::Rejected => rejected += row.count,
        }
    }
    for (key, total) in of_truth(truth) {
        both.entry(key).or_default()[1] = total;
    }
    for ((satellite, action, fate), [stored, told]) in both {
        let satellite = satellite.map_or_else(|| "no satellite".to_owned(), |id| id.to_string());
        let what = format!("{action} {fate:?} of {satellite}");
        compare(&format!("{what}: count"), stored.0, told.0);
        compare(&format!("{what}: bytes"), stored.1, told.1);
    }
    compare("rejected", rejected, truth.rejected);
    let always = Window { from: Timestamp::from_micros(0), to: Timestamp::from_micros(i64::MAX) };
    let orders = reader.orders(of_node, always, EVENTS_MAX).unwrap();
    compare("orders", orders.iter().map(|event| event.lines).sum(), truth.orders);
    let scores = reader.scores(of_node, always, EVENTS_MAX).unwrap();
    compare("scores", scores.iter().map(|event| event.lines).sum(), truth.scores);
    let compactions = reader.compactions(of_node, always, EVENTS_MAX).unwrap();
    compare("compactions", compactions.iter().map(|event| event.lines).sum(), truth.compactions);
    found
}

fn of_truth(truth: &Truth) -> impl Iterator<Item = (Key, (u64, u64))> {
    truth.transfers.iter().map(|(key, total)| {
        let fate = Fate::Ended(key.outcome);
        ((key.satellite, key.action.clone(), fate), (total.count, total.bytes))
    })
}
