//! Forecasts of the running month, by node and satellite.

use std::sync::Arc;

use piecewatch_model::{
    ByteCount, ByteHours, DailyBandwidth, DailyStorage, Grain, MicroUsd, NodeName, Period,
    SatelliteId, StorageBasis, Timestamp,
};
use piecewatch_store::{NodeInfo, Window};

use super::{Ledger, asking, shared};
use crate::{
    Figure, Forecast, ForecastTotal, HeldPercent, Month, MonthSoFar, Result, SatelliteMonth,
    StorageSource, Traffic, Usage,
};

/// What one node will have earned in a month.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeForecast {
    /// The node.
    pub node: NodeName,
    /// The month.
    pub period: Period,
    /// The figures are those of this instant, or a little later.
    pub as_of: Timestamp,
    /// By satellite.
    pub satellites: Vec<SatelliteForecast>,
}

/// What one node will have earned on one satellite in a month.
#[derive(Debug, Clone, PartialEq)]
pub struct SatelliteForecast {
    /// The satellite.
    pub satellite: SatelliteId,
    /// On which of the estimates it is built.
    pub figure: Figure,
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
    /// What a node will have earned at the end of a month; of a month that is over, what it has.
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
        let before =
            period.plus_months(-1).map(|before| self.month(node, before, now)).transpose()?;
        let traffic = self.traffic(node, period, now)?.what;
        let storage = self.storage(node, period, now)?.what;
        let known = Known {
            month: &month,
            before: before.as_ref(),
            booked: &traffic.booked,
            logged: self.logged_days(node, &month, &traffic, now)?,
            days: &storage.days,
            now,
        };
        let satellites = month.satellites.iter().filter_map(|of| known.forecast(of)).collect();
        Ok(NodeForecast { node: node.clone(), period, as_of: month.as_of, satellites })
    }

    /// What the log tells by day, and for how long it tells nothing. Asked only where the node was
    /// not: a day is a question of its own.
    fn logged_days(
        &self,
        node: &NodeName,
        month: &Month,
        traffic: &Arc<Traffic>,
        now: Timestamp,
    ) -> Result<Logged> {
        let is_log_alone = |of: &SatelliteMonth| of.node.is_none() && of.log.is_some();
        if traffic.logged.is_empty() || !month.satellites.iter().any(is_log_alone) {
            return Ok(Logged::default());
        }
        let (start, end) = (month.period.start(), month.period.end().min(now));
        let reader = self.reader()?;
        let nodes = reader.nodes().map_err(shared)?;
        let of_node = |info: &&NodeInfo| info.name == *node;
        let first = nodes.iter().find(of_node).and_then(|info| Some(info.records?.0));
        let before = first.map_or(end, |first| first.clamp(start, end.max(start)));
        let mut logged = Logged {
            unknown_micros: before.as_micros().abs_diff(start.as_micros()),
            days: Vec::new(),
        };
        let mut day = start;
        while day < end {
            let next = day.plus_micros(Grain::Day.micros());
            let window = Window { from: day, to: next };
            let of_day = asking::traffic(&reader, node, window).map_err(shared)?;
            for (satellite, moved) in of_day.logged {
                let Some(satellite) = satellite else { continue };
                logged.days.push(DailyBandwidth {
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
        Ok(logged)
    }
}

/// What the log tells by day.
#[derive(Debug, Default)]
struct Logged {
    days: Vec<DailyBandwidth>,
    /// The time before the log begins, in microseconds.
    unknown_micros: u64,
}

/// What is known of a node when it is forecast.
struct Known<'a> {
    month: &'a Month,
    before: Option<&'a Month>,
    booked: &'a [DailyBandwidth],
    logged: Logged,
    days: &'a [DailyStorage],
    now: Timestamp,
}

impl Known<'_> {
    /// `None` for a satellite of which nothing is known but its past.
    fn forecast(&self, of: &SatelliteMonth) -> Option<SatelliteForecast> {
        let (figure, _) = of.estimate()?;
        let (rows, unknown_micros) = match figure {
            Figure::NodeEstimate | Figure::Paid => (self.booked, 0),
            Figure::LogEstimate => (&*self.logged.days, self.logged.unknown_micros),
        };
        let satellite = of.satellite;
        let bandwidth: Vec<DailyBandwidth> =
            rows.iter().filter(|row| row.satellite == satellite).copied().collect();
        let storage = self.storage(of);
        let so_far = MonthSoFar {
            period: self.month.period,
            joined_at: of.standing.as_ref().and_then(|standing| standing.joined_at),
            bandwidth: &bandwidth,
            unknown_micros,
            storage: storage.byte_hours,
            storage_until: storage.until,
            level: storage.level,
            prices: of.price.prices,
            held_percent: of.held_percent.unwrap_or(HeldPercent::NONE),
            month_before: self.before.and_then(|month| usage_of(month, satellite)),
        };
        Some(SatelliteForecast {
            satellite,
            figure,
            forecast: Forecast::of(&so_far, self.now),
            node_expects: of.told.and_then(|told| told.expected),
        })
    }

    fn storage(&self, of: &SatelliteMonth) -> StorageSoFar {
        let byte_hours = of.breakdown().map(|of| of.usage.storage).unwrap_or_default();
        let until = self.month.period.end().min(self.now).max(self.month.period.start());
        match &self.month.storage {
            StorageSource::Unknown => StorageSoFar { byte_hours, until, level: None },
            StorageSource::Snapshots { total, .. } => {
                // The satellite's share of the node's level, as of its byte-hours.
                let share = |level: ByteCount| {
                    let whole = u128::from(total.byte_hours.get()).max(1);
                    let part = u128::from(level.get()) * u128::from(byte_hours.get()) / whole;
                    ByteCount::new(u64::try_from(part).unwrap_or(u64::MAX))
                };
                StorageSoFar { byte_hours, until, level: total.level.map(share) }
            }
            StorageSource::Satellites => self.storage_told(of.satellite, byte_hours),
        }
    }

    /// Satellites tell storage late: it goes on from the end of the last day that was told, at that
    /// day's level. The newest day is told while it runs, so that its hours count.
    fn storage_told(&self, satellite: SatelliteId, byte_hours: ByteHours) -> StorageSoFar {
        let told =
            |day: &&DailyStorage| day.satellite == satellite && day.basis == StorageBasis::Reported;
        let Some(last) = self.days.iter().rfind(told) else {
            return StorageSoFar { byte_hours, until: self.month.period.start(), level: None };
        };
        let covered = last.covered_seconds.map_or(Grain::Day.micros(), |seconds| {
            (i64::from(seconds) * 1_000_000).min(Grain::Day.micros())
        });
        let until = last.day.plus_micros(covered).min(self.month.period.end());
        StorageSoFar { byte_hours, until, level: last.average }
    }
}

struct StorageSoFar {
    byte_hours: ByteHours,
    until: Timestamp,
    level: Option<ByteCount>,
}

fn usage_of(month: &Month, satellite: SatelliteId) -> Option<Usage> {
    let of = month.satellites.iter().find(|of| of.satellite == satellite)?;
    of.breakdown().map(|of| of.usage)
}
