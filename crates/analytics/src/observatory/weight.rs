//! How much memory answers take.

use std::collections::BTreeMap;

use piecewatch_model::{FailureClass, Histogram};
use piecewatch_store::{LatencyRow, SizeRow, Slowest, TroubleCount};

use super::InWindow;
use crate::{
    compare::Comparison,
    connectivity::Connectivity,
    countries::PeersOf,
    errors::{ErrorText, TopErrors},
    hot_pieces::HotList,
    latency::{LatencyAnswer, LatencyCurves},
    overview::Overview,
    rate::{InFlight, InFlightSeries, RatePoint, RateSeries},
    reputation::Reputation,
    storage::{NodeStorage, NodeWork, StoredDays},
    success::{Success, SuccessOverTime, Upgrade},
    tally::{Amount, Tally},
};

/// What a text, a name or a small list on the heap takes, roughly.
const TEXT: usize = 80;
/// What a bucket of a histogram takes.
const BUCKET: usize = size_of::<(u16, u64)>();

/// What is kept has a weight.
pub(super) trait Weigh {
    /// Bytes, roughly, with those on the heap.
    fn weight(&self) -> usize;
}

/// What the entries of a list take.
const fn list<T>(entries: &[T]) -> usize {
    size_of_val(entries)
}

/// What the entries of a map take: its nodes are some two thirds full.
fn map<K, V>(entries: &BTreeMap<K, V>) -> usize {
    entries.len() * (size_of::<K>() + size_of::<V>()) * 3 / 2
}

fn histogram(histogram: &Histogram) -> usize {
    histogram.buckets().count() * BUCKET
}

impl<T: Weigh> Weigh for InWindow<T> {
    fn weight(&self) -> usize {
        size_of::<Self>() + self.what.weight()
    }
}

impl Weigh for LatencyAnswer {
    fn weight(&self) -> usize {
        let row = |row: &LatencyRow| size_of::<LatencyRow>() + histogram(&row.histogram);
        let rows: usize = self.measured.rows.iter().map(row).sum();
        size_of::<Self>() + rows + list(&self.told)
    }
}

impl Weigh for LatencyCurves {
    fn weight(&self) -> usize {
        let curves = self.curves.values().map(|curve| list(curve));
        size_of::<Self>() + map(&self.curves) + curves.sum::<usize>()
    }
}

impl Weigh for Slowest {
    fn weight(&self) -> usize {
        size_of::<Self>() + list(&self.rows) + self.rows.len() * TEXT
    }
}

impl Weigh for Success {
    fn weight(&self) -> usize {
        let tallies = map(&self.tallies) + self.tallies.values().map(classes).sum::<usize>();
        size_of::<Self>() + tallies + map(&self.acceptance) + upgrades(&self.upgrades)
    }
}

impl Weigh for SuccessOverTime {
    fn weight(&self) -> usize {
        let (series, marks) = (&self.series, &self.upgrades);
        let failed = series.points.iter().map(|point| classes(&point.tally));
        let points = list(&series.points) + failed.sum::<usize>();
        size_of::<Self>() + points + list(&series.acceptance) + upgrades(marks)
    }
}

/// The classes of what failed are a map of their own, with room for eleven where there is one.
fn classes(tally: &Tally) -> usize {
    tally.by_class().next().map_or(0, |_| 11 * size_of::<(FailureClass, Amount)>())
}

fn upgrades(upgrades: &[Upgrade]) -> usize {
    list(upgrades) + upgrades.len() * TEXT
}

impl Weigh for RatePoint {
    fn weight(&self) -> usize {
        size_of::<Self>()
    }
}

impl Weigh for Overview {
    fn weight(&self) -> usize {
        let classes: usize = self.tallies.values().map(classes).sum();
        map(&self.tallies) + classes + map(&self.acceptance) + map(&self.rates)
    }
}

impl Weigh for RateSeries {
    fn weight(&self) -> usize {
        size_of::<Self>() + list(&self.points)
    }
}

impl Weigh for InFlight {
    fn weight(&self) -> usize {
        size_of::<Self>() + map(&self.actions)
    }
}

impl Weigh for InFlightSeries {
    fn weight(&self) -> usize {
        size_of::<Self>() + list(&self.points)
    }
}

impl Weigh for Vec<SizeRow> {
    fn weight(&self) -> usize {
        size_of::<Self>() + list(self)
    }
}

impl Weigh for HotList {
    fn weight(&self) -> usize {
        size_of::<Self>() + list(&self.pieces)
    }
}

impl Weigh for PeersOf {
    fn weight(&self) -> usize {
        size_of::<Self>() + list(&self.countries)
    }
}

impl Weigh for TopErrors {
    fn weight(&self) -> usize {
        // Its parts share its text.
        let text =
            |text: &ErrorText| text.template.len() + list(&text.parts) + text.spreads.allocated();
        let counts = map(&self.by_action) + map(&self.by_outcome) + map(&self.by_node);
        let texts: usize = self.top.iter().map(text).sum();
        size_of::<Self>() + counts + list(&self.top) + texts
    }
}

impl Weigh for Vec<TroubleCount> {
    fn weight(&self) -> usize {
        let texts: usize = self.iter().map(|trouble| trouble.text.len()).sum();
        size_of::<Self>() + list(self) + texts
    }
}

impl Weigh for NodeStorage {
    fn weight(&self) -> usize {
        let accounts = &self.accounts;
        let lists =
            list(&accounts.satellites) + list(&accounts.unreported) + list(&accounts.causes);
        size_of::<Self>() + list(&self.growth) + lists
    }
}

impl Weigh for StoredDays {
    fn weight(&self) -> usize {
        let days = self.satellites.values().map(|days| list(days));
        size_of::<Self>() + list(&self.days) + map(&self.satellites) + days.sum::<usize>()
    }
}

impl Weigh for NodeWork {
    fn weight(&self) -> usize {
        let lists = [
            list(&self.running),
            list(&self.ended),
            list(&self.tasks),
            list(&self.hash_stores),
            (self.running.len() + self.ended.len() + self.hash_stores.len()) * TEXT,
        ];
        size_of::<Self>() + lists.iter().sum::<usize>()
    }
}

impl Weigh for Vec<Reputation> {
    fn weight(&self) -> usize {
        let history = self.iter().map(|of| list(&of.history) + TEXT);
        size_of::<Self>() + list(self) + history.sum::<usize>()
    }
}

impl Weigh for Connectivity {
    fn weight(&self) -> usize {
        let sentences = self.judgements().map(|(_, _, sentence)| sentence.len());
        let failed = self.failed_pings.value.as_ref().map_or(0, |of| map(&of.by_satellite) + TEXT);
        let starts = list(&self.starts) + self.starts.len() * TEXT;
        size_of::<Self>() + sentences.iter().sum::<usize>() + failed + starts + TEXT
    }
}

impl Weigh for Comparison {
    fn weight(&self) -> usize {
        let places = self.nodes.iter().map(|node| map(&node.standings));
        let upgrades = list(&self.upgrades) + self.upgrades.len() * 3 * TEXT;
        size_of::<Self>() + list(&self.nodes) + places.sum::<usize>() + upgrades
    }
}
