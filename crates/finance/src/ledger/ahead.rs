//! Forecasts of the running month, by node and satellite.

use std::collections::{BTreeMap, BTreeSet};

use piecewatch_model::{
    ByteCount, ByteHours, DailyBandwidth, DailyStorage, Grain, MicroUsd, NodeName, Period,
    SatelliteId, StorageBasis, Timestamp,
};
use piecewatch_store::Window;

use super::{Ledger, asking, shared};
use crate::{
    CompletedBy, Figure, Forecast, ForecastTotal, HeldPercent, Month, MonthSoFar, NodeFigure,
    Result, SatelliteMonth, Storage, StorageSource, Traffic, Usage,
};

/// What one node will have earned in a month.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeForecast {
    /// The node.
    pub node: NodeName,
    /// The month.
    pub period: Period,
    /// When the figures were told last on which the forecast is built: of several the ones that
    /// were told the longest ago. `None` where nothing is forecast.
    pub as_of: Option<Timestamp>,
    /// The month as it is so far.
    pub month: Month,
    /// By satellite. Those that owe nothing for the month are left out.
    pub satellites: Vec<SatelliteForecast>,
}

/// What one node will have earned on one satellite in a month.
#[derive(Debug, Clone, PartialEq)]
pub struct SatelliteForecast {
    /// The satellite.
    pub satellite: SatelliteId,
    /// On which of the estimates it is built.
    pub figure: Figure,
    /// When that was told last: what comes after is forecast.
    pub told_at: Timestamp,
    /// The forecast.
    pub forecast: Forecast,
    /// What the node itself expects, from a straight line; `None` where it was not asked.
    pub node_expects: Option<MicroUsd>,
}

impl NodeForecast {
    /// All satellites together.
    pub fn total(&self) -> ForecastTotal {
        ForecastTotal::of(self.satellites.iter().map(|of| &of.forecast))
    }

    /// On which of the estimates it is built, each once. More than one says that the sum of all
    /// satellites is of neither.
    pub fn figures(&self) -> BTreeSet<Figure> {
        self.satellites.iter().map(|of| of.figure).collect()
    }

    /// What the node itself expects of all satellites; `None` where it was not asked of one.
    pub fn node_expects(&self) -> Option<MicroUsd> {
        let mut sum = None;
        for of in &self.satellites {
            let expects = of.node_expects?;
            sum = Some(sum.unwrap_or_default() + expects);
        }
        sum
    }
}

impl Ledger {
    /// What a node will have earned in a month at its end, by satellite: by what the node booked,
    /// where it was asked, else by its log. The time since that was told counts as ahead, not as
    /// time without traffic. Changes nothing that is kept.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn forecast(
        &self,
        node: &NodeName,
        period: Period,
        now: Timestamp,
    ) -> Result<NodeForecast> {
        let month = self.month(node, period, now)?;
        let before = period.plus_months(-1).map(|before| self.month(node, before, now));
        let before = before.transpose()?;
        let traffic = self.traffic(node, period, now)?;
        let storage = self.storage(node, period, now)?;
        let needs_levels = month
            .satellites
            .iter()
            .any(|of| of.estimate().is_some() && storage.days_of(of.satellite).next().is_none());
        let levels = if needs_levels { self.levels(node, period, now)? } else { BTreeMap::new() };
        let known = Known {
            month: &month,
            before: before.as_ref(),
            traffic: &traffic,
            logged: self.logged_days(node, &month, now)?,
            storage: &storage,
            levels,
            now,
        };
        let satellites: Vec<SatelliteForecast> =
            month.satellites.iter().filter_map(|of| known.forecast(of)).collect();
        let as_of = satellites.iter().map(|of| of.told_at).min();
        Ok(NodeForecast { node: node.clone(), period, as_of, month, satellites })
    }

    /// What the log tells by day. Asked only where the node was not: a day is a question of its
    /// own.
    fn logged_days(
        &self,
        node: &NodeName,
        month: &Month,
        now: Timestamp,
    ) -> Result<Vec<DailyBandwidth>> {
        let is_log_alone = |of: &SatelliteMonth| of.node.is_none() && of.log.is_some();
        if !month.satellites.iter().any(is_log_alone) {
            return Ok(Vec::new());
        }
        let reader = self.reader()?;
        let mut days = Vec::new();
        let mut day = month.period.start();
        while day < month.period.end().min(now) {
            let next = day.plus_micros(Grain::Day.micros());
            let window = Window { from: day, to: next };
            for (satellite, moved) in asking::logged(&reader, node, window).map_err(shared)? {
                let Some(satellite) = satellite else { continue };
                days.push(DailyBandwidth {
                    satellite,
                    day,
                    get: moved.egress,
                    get_audit: moved.audit,
                    get_repair: moved.repair,
                    put: ByteCount::default(),
                    put_repair: ByteCount::default(),
                });
            }
            day = next;
        }
        Ok(days)
    }
}

/// What is known of a node when it is forecast.
struct Known<'a> {
    month: &'a Month,
    before: Option<&'a Month>,
    traffic: &'a Traffic,
    logged: Vec<DailyBandwidth>,
    storage: &'a Storage,
    /// What is stored now for each satellite, by snapshots of the node's space.
    levels: BTreeMap<SatelliteId, ByteCount>,
    now: Timestamp,
}

/// The figure of a satellite on which its forecast is built.
struct Basis<'a> {
    figure: Figure,
    usage: Usage,
    told_at: Timestamp,
    rows: &'a [DailyBandwidth],
    unknown_micros: u64,
    stored: StoredSoFar,
}

/// Up to when the storage of a figure counts, and what is stored after.
struct StoredSoFar {
    until: Timestamp,
    level: Option<ByteCount>,
}

impl Known<'_> {
    /// `None` for a satellite that owes nothing, or of which nothing is known but its past.
    fn forecast(&self, of: &SatelliteMonth) -> Option<SatelliteForecast> {
        let satellite = of.satellite;
        let basis = self.basis(of)?;
        let bandwidth: Vec<DailyBandwidth> =
            basis.rows.iter().filter(|row| row.satellite == satellite).copied().collect();
        let standing = of.standing.as_ref();
        let so_far = MonthSoFar {
            period: self.month.period,
            joined_at: standing.and_then(|standing| standing.joined_at),
            usage: basis.usage,
            bandwidth: &bandwidth,
            unknown_micros: basis.unknown_micros,
            storage_until: basis.stored.until,
            level: basis.stored.level,
            prices: of.price.prices,
            held_percent: of.held_percent.unwrap_or(HeldPercent::NONE),
            month_before: self.before.and_then(|month| usage_of(month, satellite)),
        };
        // Whatever was told of it, nothing comes after a month's end, or the node's exit.
        let is_closed = standing.is_some_and(|standing| standing.exited_at.is_some());
        let end = self.month.period.end();
        let from = if is_closed || self.now >= end { end } else { basis.told_at };
        Some(SatelliteForecast {
            satellite,
            figure: basis.figure,
            told_at: basis.told_at,
            forecast: Forecast::of(&so_far, from),
            node_expects: of.told.and_then(|told| told.expected),
        })
    }

    /// The surer one of the two estimates.
    fn basis(&self, of: &SatelliteMonth) -> Option<Basis<'_>> {
        if let Some(node) = &of.node {
            return Some(Basis {
                figure: Figure::NodeEstimate,
                usage: node.usage,
                told_at: node.told_at.min(self.now),
                rows: &self.traffic.booked,
                unknown_micros: 0,
                stored: self.stored_by_node(of.satellite, node),
            });
        }
        let log = of.log?;
        let cover = self.month.log?;
        let before = cover.from.as_micros().saturating_sub(self.month.period.start().as_micros());
        Some(Basis {
            figure: Figure::LogEstimate,
            usage: log.usage,
            told_at: log.told_at,
            rows: &self.logged,
            unknown_micros: before.max(0).unsigned_abs(),
            stored: self.stored_beside_log(of.satellite),
        })
    }

    /// Satellites tell storage late: it goes on from the end of the last day that was told. The
    /// newest day is told while it runs, so that its hours count.
    fn stored_by_node(&self, satellite: SatelliteId, node: &NodeFigure) -> StoredSoFar {
        let level = self.levels.get(&satellite).copied();
        if node.lacks_storage() {
            return StoredSoFar { until: self.month.period.start(), level };
        }
        let is_completed = match node.completed_by {
            CompletedBy::Nothing => false,
            CompletedBy::PreviousMonth(lacking) | CompletedBy::RunningMonth(lacking) => {
                lacking.storage > ByteHours::default()
            }
        };
        // The node's estimate holds what it interpolated, which its days tell as nothing.
        let counts = |day: &&DailyStorage| is_completed || day.basis == StorageBasis::Reported;
        let last = self.storage.days_of(satellite).filter(counts).last();
        let until = last.map_or(node.told_at, end_of).min(node.told_at);
        StoredSoFar { until, level: self.level_told(satellite).or(level) }
    }

    /// The level of the newest day that has one.
    fn level_told(&self, satellite: SatelliteId) -> Option<ByteCount> {
        let levels = self.storage.days_of(satellite).filter_map(|day| day.average);
        levels.filter(|level| level.get() > 0).last()
    }

    /// With a log's downloads stands the storage that is known otherwise.
    fn stored_beside_log(&self, satellite: SatelliteId) -> StoredSoFar {
        let level = self.levels.get(&satellite).copied();
        match &self.storage.source {
            StorageSource::Snapshots { total, .. } => StoredSoFar { until: total.until, level },
            StorageSource::Unknown | StorageSource::Satellites => {
                let last = self.storage.days_of(satellite).last();
                let until = last.map_or(self.month.period.start(), end_of);
                StoredSoFar { until, level: self.level_told(satellite).or(level) }
            }
        }
    }
}

/// The end of what the row of a day covers.
fn end_of(day: &DailyStorage) -> Timestamp {
    let covered = day.covered_seconds.map_or(Grain::Day.micros(), |seconds| {
        (i64::from(seconds) * 1_000_000).min(Grain::Day.micros())
    });
    day.day.plus_micros(covered)
}

/// What was used in a month by the surest figure that tells it. Storage that the node was not told
/// is taken from another one.
fn usage_of(month: &Month, satellite: SatelliteId) -> Option<Usage> {
    let of = month.satellites.iter().find(|of| of.satellite == satellite)?;
    let known = || {
        [Figure::NodeEstimate, Figure::Paid, Figure::LogEstimate]
            .into_iter()
            .filter_map(|figure| of.breakdown(figure))
            .map(|of| of.usage)
    };
    let storage = known().map(|usage| usage.storage).find(|storage| storage.get() > 0);
    let usage = known().next()?;
    Some(Usage { storage: storage.unwrap_or_default(), ..usage })
}
