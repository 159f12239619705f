//! Which node does better, and at what?

mod asking;

pub use asking::compare_of;

use std::collections::BTreeMap;

use piecewatch_model::{Action, Clock, Histogram, MicroUsd, NodeName};
use piecewatch_store::{Fate, LatencyRow, SpaceRow, TrafficRow, Window};

use crate::{
    distribution::{Percentile, percentile},
    hours::Ended,
    success::Upgrade,
    tally::Part,
};

/// Below this audit score a satellite disqualifies a node.
const AUDIT_MIN: f64 = 0.96;
/// Below this online score a satellite suspends a node.
const ONLINE_MIN: f64 = 0.6;

/// Something that nodes are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Criterion {
    /// Micro-dollars earned for each terabyte held for a month.
    EarningsPerTb,
    /// Share of downloads that succeeded, 0 to 1: success ÷ (success + canceled + failed). Audits do
    /// not count.
    DownloadSuccess,
    /// The same of uploads. Those that were turned away do not count.
    UploadSuccess,
    /// Share of audits that were passed, 0 to 1. Canceled ones were neither passed nor failed.
    AuditSuccess,
    /// Half of the downloads by clients that succeeded took no longer, in microseconds.
    LatencyP50,
    /// 95 of 100 took no longer, in microseconds.
    LatencyP95,
    /// 99 of 100 took no longer, in microseconds.
    LatencyP99,
    /// Transfers that ended, however they ended, with audits, and with those that enter no rate.
    Operations,
    /// Share of the allotted space that holds pieces, 0 to 1 or a little above.
    StorageUtilisation,
    /// The utilisation less the share of trash beyond a tenth of the space, 0 to 1.
    StorageEfficiency,
    /// The lowest audit score that a satellite gives, 0 to 1: a mean would hide the one that is about
    /// to disqualify.
    AuditScore,
    /// The lowest online score that a satellite gives, 0 to 1.
    OnlineScore,
}

/// Which values are better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// The higher ones.
    Higher,
    /// The lower ones.
    Lower,
}

impl Criterion {
    /// Every criterion.
    pub const ALL: [Self; 12] = [
        Self::EarningsPerTb,
        Self::DownloadSuccess,
        Self::UploadSuccess,
        Self::AuditSuccess,
        Self::LatencyP50,
        Self::LatencyP95,
        Self::LatencyP99,
        Self::Operations,
        Self::StorageUtilisation,
        Self::StorageEfficiency,
        Self::AuditScore,
        Self::OnlineScore,
    ];

    /// In lower-case words joined by `_`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EarningsPerTb => "earnings_per_tb",
            Self::DownloadSuccess => "download_success",
            Self::UploadSuccess => "upload_success",
            Self::AuditSuccess => "audit_success",
            Self::LatencyP50 => "latency_p50",
            Self::LatencyP95 => "latency_p95",
            Self::LatencyP99 => "latency_p99",
            Self::Operations => "operations",
            Self::StorageUtilisation => "storage_utilisation",
            Self::StorageEfficiency => "storage_efficiency",
            Self::AuditScore => "audit_score",
            Self::OnlineScore => "online_score",
        }
    }

    /// Which values are better.
    pub const fn better(self) -> Better {
        match self {
            Self::LatencyP50 | Self::LatencyP95 | Self::LatencyP99 => Better::Lower,
            Self::EarningsPerTb
            | Self::DownloadSuccess
            | Self::UploadSuccess
            | Self::AuditSuccess
            | Self::Operations
            | Self::StorageUtilisation
            | Self::StorageEfficiency
            | Self::AuditScore
            | Self::OnlineScore => Better::Higher,
        }
    }

    /// The score below which a satellite suspends a node, or disqualifies it; `None` of what is no
    /// score.
    pub const fn threshold(self) -> Option<f64> {
        match self {
            Self::AuditScore => Some(AUDIT_MIN),
            Self::OnlineScore => Some(ONLINE_MIN),
            Self::EarningsPerTb
            | Self::DownloadSuccess
            | Self::UploadSuccess
            | Self::AuditSuccess
            | Self::LatencyP50
            | Self::LatencyP95
            | Self::LatencyP99
            | Self::Operations
            | Self::StorageUtilisation
            | Self::StorageEfficiency => None,
        }
    }

    /// Its weight in the overall score; they add up to 100. What money comes of weighs most. How much
    /// a node is asked for is not its merit: operations are ranked and weigh nothing.
    pub const fn weight(self) -> u32 {
        match self {
            Self::EarningsPerTb => 20,
            Self::DownloadSuccess => 15,
            Self::UploadSuccess | Self::AuditSuccess | Self::LatencyP95 | Self::AuditScore => 10,
            Self::LatencyP50
            | Self::LatencyP99
            | Self::StorageUtilisation
            | Self::StorageEfficiency
            | Self::OnlineScore => 5,
            Self::Operations => 0,
        }
    }
}

/// What is known of a node that is compared. Whatever is not known is left out or `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NodeFigures {
    /// Earned for each terabyte held for a month.
    pub earnings_per_tb: Option<MicroUsd>,
    /// Downloads without audits.
    pub downloads: Ended,
    /// Uploads.
    pub uploads: Ended,
    /// Audits.
    pub audits: Ended,
    /// Transfers that belong to none of these: lost races of which the log names no action, and actions
    /// that are not known; deletes do not count.
    pub others: u64,
    /// Latencies of downloads by clients (`GET`) that succeeded, by clock.
    pub latencies: BTreeMap<Clock, Histogram>,
    /// The space of the node.
    pub space: Option<SpaceRow>,
    /// The lowest audit score.
    pub audit_score: Option<f64>,
    /// The lowest online score.
    pub online_score: Option<f64>,
}

impl NodeFigures {
    /// Adds what the node moved.
    pub fn count(&mut self, row: &TrafficRow) {
        let ended = match Part::of(&row.action) {
            Some(Part::Downloads) => &mut self.downloads,
            Some(Part::Uploads) => &mut self.uploads,
            Some(Part::Audits) => &mut self.audits,
            None => {
                if row.fate != Fate::Rejected && row.action != Action::Delete {
                    self.others += row.count;
                }
                return;
            }
        };
        ended.add(row.fate, row.count, row.bytes);
    }

    /// Adds how long transfers took; only downloads by clients count.
    pub fn measure(&mut self, row: &LatencyRow) {
        if row.action == Action::Get {
            self.latencies.entry(row.clock).or_default().merge(&row.histogram);
        }
    }

    /// A criterion of the node, latencies by this clock; `None` where it is not known.
    fn value(&self, criterion: Criterion, clock: Option<Clock>) -> Option<f64> {
        let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
        let success = |of: &Ended| share(of.success, of.count());
        let latency = |of| Some(percentile(self.latencies.get(&clock?)?, of)? as f64);
        match criterion {
            Criterion::EarningsPerTb => self.earnings_per_tb.map(|money| money.get() as f64),
            Criterion::DownloadSuccess => success(&self.downloads),
            Criterion::UploadSuccess => success(&self.uploads),
            Criterion::AuditSuccess => {
                share(self.audits.success, self.audits.success + self.audits.failed)
            }
            Criterion::LatencyP50 => latency(Percentile::P50),
            Criterion::LatencyP95 => latency(Percentile::P95),
            Criterion::LatencyP99 => latency(Percentile::P99),
            Criterion::Operations => {
                let all = [&self.downloads, &self.uploads, &self.audits];
                let count = all.into_iter().map(Ended::count).sum::<u64>() + self.others;
                // Whether there was nothing or nobody read, no transfer tells.
                (count > 0).then_some(count as f64)
            }
            Criterion::StorageUtilisation => self.utilisation(),
            Criterion::StorageEfficiency => self.efficiency(),
            Criterion::AuditScore => self.audit_score,
            Criterion::OnlineScore => self.online_score,
        }
    }

    fn utilisation(&self) -> Option<f64> {
        let space = self.space.as_ref()?;
        let (used, total) = (space.used?.get(), space.total?.get());
        (total > 0).then(|| used as f64 / total as f64)
    }

    fn efficiency(&self) -> Option<f64> {
        /// So much trash is usual.
        const TRASH_USUAL: f64 = 0.1;
        let space = self.space.as_ref()?;
        let trash = space.trash?.get() as f64 / space.total?.get() as f64;
        Some((self.utilisation()? - (trash - TRASH_USUAL).max(0.0)).clamp(0.0, 1.0))
    }
}

/// Nodes side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// What traffic covers: whole hours.
    pub window: Window,
    /// What latencies cover: the same, or whole days where hours are no longer kept.
    pub latency_window: Window,
    /// The clock that latencies are compared by: what two clocks measured is not compared. `None`
    /// when nothing was measured.
    pub clock: Option<Clock>,
    /// The nodes, in the order given.
    pub nodes: Vec<Compared>,
    /// The upgrades of these nodes within the window, oldest first: success rates of before and after
    /// one do not compare.
    pub upgrades: Vec<Upgrade>,
}

/// A node beside the others.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// Its name.
    pub node: NodeName,
    /// What is known of it; what is not known is not there, and has no rank.
    pub standings: BTreeMap<Criterion, Place>,
    /// All criteria together, 0 to 1; `None` when criteria of less than half the weight are known.
    pub overall: Option<Overall>,
}

/// Where a node stands in one criterion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// The value.
    pub value: f64,
    /// How near it comes to the best of the nodes, 0 to 1; `None` where no other node is known.
    pub near_best: Option<f64>,
    /// 1 for the best. Equal values share a rank, and the next one is left out: 1, 1, 3. `None` where
    /// no other node is known.
    pub rank: Option<usize>,
}

/// All criteria together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overall {
    /// The mean of how near the node comes to the best, by the weights of the criteria, 0 to 1.
    pub score: f64,
    /// 1 for the best, among those that have a score.
    pub rank: usize,
    /// By which share of all weights, 0 to 1: what is not known neither helps nor harms.
    pub known: f64,
}

/// Compares nodes in a window, which is that of the traffic.
///
/// How near a node comes to the best is value ÷ best, and best ÷ value where lower is better. The best
/// has 1, and what is nearly as good nearly 1: nobody is worth 0 for being last. Scores count from
/// their [threshold](Criterion::threshold) on: a node that is at it, or below, has 0, even as the best.
pub fn compare(nodes: Vec<(NodeName, NodeFigures)>, window: Window) -> Comparison {
    let clock = clock(&nodes);
    let mut compared: Vec<Compared> = nodes
        .iter()
        .map(|(node, figures)| {
            let known = |criterion| {
                let value = figures.value(criterion, clock)?;
                Some((criterion, Place { value, near_best: None, rank: None }))
            };
            let standings = Criterion::ALL.into_iter().filter_map(known).collect();
            Compared { node: node.clone(), standings, overall: None }
        })
        .collect();
    for criterion in Criterion::ALL {
        place(&mut compared, criterion);
    }
    score(&mut compared);
    Comparison { window, latency_window: window, clock, nodes: compared, upgrades: Vec::new() }
}

/// The clock by which most nodes were measured; of several, the one with more transfers.
fn clock(nodes: &[(NodeName, NodeFigures)]) -> Option<Clock> {
    let mut counts: BTreeMap<Clock, (usize, u64)> = BTreeMap::new();
    for (clock, histogram) in nodes.iter().flat_map(|(_, figures)| &figures.latencies) {
        let (nodes, transfers) = counts.entry(*clock).or_default();
        *nodes += usize::from(!histogram.is_empty());
        *transfers += histogram.count();
    }
    counts.into_iter().max_by_key(|&(_, counts)| counts).map(|(clock, _)| clock)
}

fn place(nodes: &mut [Compared], criterion: Criterion) {
    let better = criterion.better();
    let is_better = |a: f64, b: f64| match better {
        Better::Higher => a > b,
        Better::Lower => a < b,
    };
    let values: Vec<f64> =
        nodes.iter().filter_map(|node| Some(node.standings.get(&criterion)?.value)).collect();
    let Some(best) = values.iter().copied().reduce(|a, b| if is_better(b, a) { b } else { a })
    else {
        return;
    };
    if values.len() < 2 {
        return;
    }
    for place in nodes.iter_mut().filter_map(|node| node.standings.get_mut(&criterion)) {
        let value = place.value;
        let before = values.iter().filter(|&&other| is_better(other, value)).count();
        place.rank = Some(before + 1);
        place.near_best = Some(near(criterion, value, best));
    }
}

/// How near a value comes to the best, 0 to 1.
fn near(criterion: Criterion, value: f64, best: f64) -> f64 {
    if let Some(threshold) = criterion.threshold() {
        let (above, most) = (value - threshold, best - threshold);
        return if above > 0.0 { (above / most).clamp(0.0, 1.0) } else { 0.0 };
    }
    let (part, whole) = match criterion.better() {
        Better::Higher => (value, best),
        Better::Lower => (best, value),
    };
    // Of a best that is 0, or a loss, nothing is a part.
    let near = if value == best {
        1.0
    } else if whole > 0.0 {
        part / whole
    } else {
        0.0
    };
    near.clamp(0.0, 1.0)
}

fn score(nodes: &mut [Compared]) {
    let all: u32 = Criterion::ALL.into_iter().map(Criterion::weight).sum();
    let mut scores = Vec::new();
    for node in nodes.iter_mut() {
        let (mut sum, mut weights) = (0.0, 0);
        for (criterion, place) in &node.standings {
            if let Some(near) = place.near_best {
                sum += near * f64::from(criterion.weight());
                weights += criterion.weight();
            }
        }
        if weights * 2 >= all {
            let (score, known) = (sum / f64::from(weights), f64::from(weights) / f64::from(all));
            node.overall = Some(Overall { score, rank: 0, known });
            scores.push(score);
        }
    }
    for overall in nodes.iter_mut().filter_map(|node| node.overall.as_mut()) {
        overall.rank = scores.iter().filter(|&&score| score > overall.score).count() + 1;
    }
}
