//! What one node earns in one month: all its satellites, and their sums.

use std::collections::BTreeSet;

use piecewatch_model::{ByteCount, Grain, MicroUsd, NodeName, Period, SatelliteId, Timestamp};

use crate::{
    Account, Breakdown, CompletedBy, Earnings, Figure, FigureTotal, MonthState, PerTerabyte,
    Profit, SatelliteMonth, Storage, StorageSource, Traffic, Usage,
    satellite_month::{Known, without_satellite},
};

/// What one node earns in one month.
#[derive(Debug, Clone, PartialEq)]
pub struct Month {
    /// The node.
    pub node: NodeName,
    /// The month.
    pub period: Period,
    /// When the figures were told last: of several the one that was told the longest ago; of a log
    /// the time of its newest record. `None` where there is no figure.
    pub as_of: Option<Timestamp>,
    /// From where storage is known.
    pub storage: StorageSource,
    /// What of the month the log covers; `None` where there is no log of it.
    pub log: Option<LogCover>,
    /// Each satellite, in the order of their ids.
    pub satellites: Vec<SatelliteMonth>,
}

/// What of a month a log covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogCover {
    /// The first record, or the month's beginning if that is later.
    pub from: Timestamp,
    /// The newest record, or the month's end if that is earlier.
    pub to: Timestamp,
    /// Whole days of which the node has told, too: errors are over these.
    pub compared_days: u32,
    /// Downloads without a satellite: they are in no figure.
    pub without_satellite: ByteCount,
}

impl LogCover {
    fn of(period: Period, traffic: &Traffic) -> Option<Self> {
        let (first, newest) = traffic.records?;
        let days = traffic.overlap.as_ref().map_or(0, |both| {
            both.to.as_micros().abs_diff(both.from.as_micros()) / Grain::Day.micros().unsigned_abs()
        });
        Some(Self {
            from: first.max(period.start()),
            to: newest.min(period.end()),
            compared_days: u32::try_from(days).unwrap_or(0),
            without_satellite: without_satellite(traffic),
        })
    }

    /// Whether it covers all of the month up to `now`, but for an hour at either end.
    pub fn is_whole(&self, period: Period, now: Timestamp) -> bool {
        let edge = Grain::Hour.micros();
        self.from <= period.start().plus_micros(edge)
            && self.to.plus_micros(edge) >= period.end().min(now)
    }
}

impl Month {
    /// Puts together what is known of a month. Satellites of which nothing is known in it are left
    /// out. `now` is the present.
    pub fn of(
        (node, period, now): (&NodeName, Period, Timestamp),
        account: &Account,
        traffic: &Traffic,
        storage: &Storage,
    ) -> Self {
        let state = MonthState::of(period, now);
        let known = Known { period, now, account, traffic, storage };
        let moved = traffic.booked.iter().map(|row| row.satellite);
        let logged = traffic.logged.keys().flatten().copied();
        let stored = storage.satellites.keys().copied();
        let satellites: BTreeSet<SatelliteId> =
            account.satellites().chain(moved).chain(logged).chain(stored).collect();
        let mut satellites: Vec<SatelliteMonth> = satellites
            .into_iter()
            .map(|satellite| known.of(satellite))
            .filter(|of| !of.is_empty(state))
            .collect();
        let offline_days = traffic.idle_days(period, told_until(period, traffic, &satellites));
        for node in satellites.iter_mut().filter_map(|of| of.node.as_mut()) {
            node.offline_days = offline_days;
        }
        Self {
            node: node.clone(),
            period,
            as_of: satellites.iter().filter_map(|of| of.as_of).min(),
            storage: storage.source.clone(),
            log: LogCover::of(period, traffic),
            satellites,
        }
    }

    /// The sum of one figure over the satellites that have any figure and owe something for the
    /// month.
    pub fn total(&self, figure: Figure) -> FigureTotal {
        let counts =
            |of: &&SatelliteMonth| of.figure(figure).is_some() || (of.has_figure() && !of.is_over);
        let counted = self.satellites.iter().filter(counts);
        FigureTotal::of(figure, counted.map(|of| of.figure(figure)))
    }

    /// The surest figure that is known of every satellite; `None` where none is.
    pub fn surest(&self) -> Option<FigureTotal> {
        let totals = Figure::ALL.into_iter().rev().map(|figure| self.total(figure));
        totals.into_iter().find(|total| total.known > 0 && total.is_whole())
    }

    /// Until when a figure tells of the month: its end where that is over, else when it was told
    /// last, of several satellites the one that was told the longest ago. `None` where it is not
    /// known.
    pub fn told_until(&self, figure: Figure, now: Timestamp) -> Option<Timestamp> {
        let end = self.period.end();
        let told_at = self.satellites.iter().filter_map(|of| match figure {
            Figure::LogEstimate => of.log.map(|log| log.told_at),
            Figure::NodeEstimate => of.node.map(|node| node.told_at),
            Figure::Paid => of.paid.as_ref().map(|_| end),
        });
        let told_at = told_at.min()?;
        Some(if now >= end { end } else { told_at.min(end) })
    }

    /// The figure by which use and parts are told, the same for all satellites: the node's where it
    /// is known of any, else what was paid, else the log's. `None` where there is no figure.
    pub fn basis(&self) -> Option<Figure> {
        [Figure::NodeEstimate, Figure::Paid, Figure::LogEstimate]
            .into_iter()
            .find(|figure| self.total(*figure).known > 0)
    }

    /// Whether storage is in the parts: what a log alone tells is of downloads.
    pub fn knows_storage(&self) -> bool {
        self.basis() != Some(Figure::LogEstimate) || self.storage != StorageSource::Unknown
    }

    /// What was used for a satellite of this month, and what its parts earned, by
    /// [`basis`](Self::basis).
    pub fn breakdown(&self, of: &SatelliteMonth) -> Option<Breakdown> {
        of.breakdown(self.basis()?)
    }

    /// The breakdown of each satellite that has one, all by [`basis`](Self::basis).
    pub fn breakdowns(&self) -> impl Iterator<Item = Breakdown> {
        let basis = self.basis();
        self.satellites.iter().filter_map(move |of| of.breakdown(basis?))
    }

    /// What was used for all satellites together, by [`basis`](Self::basis).
    pub fn usage(&self) -> Usage {
        self.breakdowns().map(|of| of.usage).sum()
    }

    /// The node estimates of all satellites together, each rounded first, as the node sums them.
    pub fn node_earnings(&self) -> Earnings {
        self.satellites.iter().filter_map(|of| of.node).map(|node| node.estimate.earnings).sum()
    }

    /// By the surest figure that is known of all satellites; `None` where there is none. `cost` is
    /// that of the node for a whole month.
    pub fn profit(&self, cost: MicroUsd, now: Timestamp) -> Option<Profit> {
        let earned = self.surest()?;
        let until = self.told_until(earned.figure, now)?;
        Some(Profit::of(earned.amount, cost, self.period, until))
    }

    /// By what was earned before anything is held back: what is held back is not less earned.
    /// `None` where there is no figure.
    pub fn per_terabyte(&self, now: Timestamp) -> Option<PerTerabyte> {
        let until = self.told_until(self.basis()?, now)?;
        let gross = self.breakdowns().map(|of| of.earnings.gross()).sum();
        let usage = self.usage();
        Some(PerTerabyte::of(gross, usage.storage, usage.downloaded(), (self.period, until)))
    }
}

/// Until when it is known what the node booked by day: until it was asked last in the month, or to
/// the month's end where its estimate, told after it, had nothing to add.
fn told_until(period: Period, traffic: &Traffic, satellites: &[SatelliteMonth]) -> Timestamp {
    let is_told_whole = |of: &SatelliteMonth| {
        let is_told_after = of.told.is_some_and(|told| told.expected.is_none());
        let is_complete = of.node.is_none_or(|node| node.completed_by == CompletedBy::Nothing);
        is_told_after && is_complete
    };
    let mut of_node = satellites.iter().filter(|of| of.node.is_some()).peekable();
    if of_node.peek().is_some() && of_node.all(is_told_whole) {
        return period.end();
    }
    traffic.told_at.values().copied().max().unwrap_or(period.start())
}
