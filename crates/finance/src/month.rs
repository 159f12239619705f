//! What one node earns in one month: the three figures for each satellite, beside each other.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem::size_of,
    sync::Arc,
};

use piecewatch_model::{
    ByteCount, ByteHours, DailyBandwidth, DailyStorage, NodeEstimate, NodeName, Paystub, Period,
    SatelliteId, Standing, Timestamp,
};

use crate::{
    Account, Completed, CompletedBy, DaysTold, Earnings, Estimate, Figure, FigureTotal,
    HeldPercent, HeldReturn, HeldSoFar, LogError, LogTraffic, MonthKnown, MonthState, Price,
    Reconciliation, ShareBasis, Stored, Usage,
};

/// What was moved in a month, as the node booked it and as its log tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traffic {
    /// As the node booked it, by day and satellite.
    pub booked: Vec<DailyBandwidth>,
    /// As its log tells it. `None` for a satellite that no line named.
    pub logged: BTreeMap<Option<SatelliteId>, LogTraffic>,
}

impl Traffic {
    /// What was downloaded for a satellite: as the node booked it, else as its log tells it.
    pub fn downloaded(&self, satellite: SatelliteId) -> ByteCount {
        let booked = self.booked.iter().filter(|row| row.satellite == satellite);
        let booked: ByteCount = booked.map(|row| row.get + row.get_audit + row.get_repair).sum();
        if booked.get() > 0 {
            return booked;
        }
        self.logged.get(&Some(satellite)).map(LogTraffic::downloaded).unwrap_or_default()
    }

    /// About how many bytes of memory it takes.
    pub(crate) fn weight(&self) -> u64 {
        let logged = self.logged.len() * size_of::<(Option<SatelliteId>, LogTraffic)>() * 3 / 2;
        (size_of::<Self>() + self.booked.len() * size_of::<DailyBandwidth>() + logged) as u64
    }
}

impl Storage {
    /// About how many bytes of memory it takes.
    pub(crate) fn weight(&self) -> u64 {
        let satellites = self.satellites.len() * size_of::<(SatelliteId, ByteHours)>() * 3 / 2;
        (size_of::<Self>() + self.days.len() * size_of::<DailyStorage>() + satellites) as u64
    }
}

/// What was stored in a month, by satellite.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Storage {
    /// As the satellites told the node, by day; empty where it did not tell.
    pub days: Vec<DailyStorage>,
    /// The byte-hours of each satellite.
    pub satellites: BTreeMap<SatelliteId, ByteHours>,
    /// From where they are known.
    pub source: StorageSource,
}

/// From where the storage of a month is known by satellite.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum StorageSource {
    /// Nothing is known.
    #[default]
    Unknown,
    /// The satellites told it.
    Satellites,
    /// The node's total, from snapshots of its space, was shared out.
    Snapshots {
        /// By what.
        basis: ShareBasis,
        /// The total, and the times of which nothing is known.
        total: Arc<Stored>,
    },
}

/// What one node earns in one month.
#[derive(Debug, Clone, PartialEq)]
pub struct Month {
    /// The node.
    pub node: NodeName,
    /// The month.
    pub period: Period,
    /// The figures are those of this instant, or a little later.
    pub as_of: Timestamp,
    /// From where storage is known.
    pub storage: StorageSource,
    /// Each satellite, in the order of their ids.
    pub satellites: Vec<SatelliteMonth>,
}

/// What one node earns on one satellite in one month.
#[derive(Debug, Clone, PartialEq)]
pub struct SatelliteMonth {
    /// The satellite.
    pub satellite: SatelliteId,
    /// How the node stands with it now.
    pub standing: Option<Standing>,
    /// What it pays, and from where that is known.
    pub price: Price,
    /// How much is held back; `None` where that is not known. The figures then hold nothing back.
    pub held_percent: Option<HeldPercent>,
    /// What the log alone can say; `None` where there is no log of the month.
    pub log: Option<LogFigure>,
    /// What the node booked; `None` where it was not asked, and where the satellite owes nothing.
    pub node: Option<NodeFigure>,
    /// What the node's own estimate says, as it told it last.
    pub told: Option<NodeEstimate>,
    /// What the satellite states.
    pub paid: Option<Paystub>,
    /// What was held back in all months, and released of it.
    pub held: HeldSoFar,
    /// When half of it comes back; `None` where the day of joining is not known.
    pub held_return: Option<HeldReturn>,
}

/// The log estimate of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogFigure {
    /// What the log tells was used, with the storage that is known.
    pub usage: Usage,
    /// What that earns.
    pub estimate: Estimate,
    /// How far it is from what the node booked; `None` where that is not known.
    pub error: Option<LogError>,
}

/// What was used in a month, and what each part of it earned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breakdown {
    /// By which figure.
    pub figure: Figure,
    /// What was used.
    pub usage: Usage,
    /// What that earned. As paid, `payout` may hold more than the parts less `held`: surge, and what
    /// was released.
    pub earnings: Earnings,
}

impl Breakdown {
    fn of_paystub(paystub: &Paystub) -> Self {
        Self {
            figure: Figure::Paid,
            usage: Usage {
                egress: paystub.usage_get,
                repair: paystub.usage_get_repair,
                audit: paystub.usage_get_audit,
                storage: paystub.usage_at_rest,
            },
            earnings: Earnings {
                egress: paystub.comp_get,
                repair_audit: paystub.comp_get_repair + paystub.comp_get_audit,
                storage: paystub.comp_at_rest,
                held: paystub.held,
                payout: paystub.paid,
            },
        }
    }
}

/// The node estimate of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeFigure {
    /// What the node booked.
    pub usage: Usage,
    /// What completed the daily rows.
    pub completed_by: CompletedBy,
    /// How much of the month the daily rows cover.
    pub days: DaysTold,
    /// What that earns by the node's rule.
    pub estimate: Estimate,
}

impl SatelliteMonth {
    /// One of the three figures, after what is held back; `None` where it is not known.
    pub fn figure(&self, figure: Figure) -> Option<piecewatch_model::MicroUsd> {
        match figure {
            Figure::LogEstimate => self.log.map(|log| log.estimate.earnings.payout),
            Figure::NodeEstimate => self.node.map(|node| node.estimate.earnings.payout),
            Figure::Paid => self.paid.as_ref().map(|paid| paid.paid),
        }
    }

    /// What was used, and what each part of it earned, by the surest source that tells both: the
    /// node's books, else the satellite's statement, else the log. `None` where there is none of them.
    pub fn breakdown(&self) -> Option<Breakdown> {
        let node = self.node.map(|node| Breakdown {
            figure: Figure::NodeEstimate,
            usage: node.usage,
            earnings: node.estimate.earnings,
        });
        let paid = || self.paid.as_ref().map(Breakdown::of_paystub);
        let log = || {
            self.log.map(|log| Breakdown {
                figure: Figure::LogEstimate,
                usage: log.usage,
                earnings: log.estimate.earnings,
            })
        };
        node.or_else(paid).or_else(log)
    }

    /// The surer one of the two estimates.
    pub fn estimate(&self) -> Option<(Figure, Estimate)> {
        let node = self.node.map(|node| (Figure::NodeEstimate, node.estimate));
        node.or_else(|| self.log.map(|log| (Figure::LogEstimate, log.estimate)))
    }

    /// What was paid beside what the node expected; `None` where one of the two is not known.
    pub fn reconciliation(&self) -> Option<Reconciliation> {
        let (node, paid) = (self.node?, self.paid.as_ref()?);
        let days = match node.completed_by {
            // The node told the whole month at once, by its estimate.
            CompletedBy::PreviousMonth(_) => {
                let whole = node.days.days;
                DaysTold { bandwidth: whole, storage: whole, ..node.days }
            }
            CompletedBy::RunningMonth(_) | CompletedBy::Nothing => node.days,
        };
        let known = MonthKnown {
            usage: node.usage,
            prices: self.price.prices,
            held_percent: node.estimate.held_percent,
            days,
            offline_days: 0,
        };
        Some(Reconciliation::of(&known, paid))
    }

    /// Whether nothing is known of it in the month. What is held belongs to the present.
    fn is_empty(&self, state: MonthState) -> bool {
        let has_earned = |earnings: &Earnings| earnings.gross().get() != 0;
        let node = self.node.is_some_and(|node| {
            has_earned(&node.estimate.earnings) || node.days.bandwidth + node.days.storage > 0
        });
        let log = self.log.is_some_and(|log| log.usage.downloaded().get() > 0);
        let held = state == MonthState::Running && self.held.kept().get() != 0;
        !node && !log && !held && self.paid.is_none() && self.told.is_none()
    }
}

impl Month {
    /// Puts together what is known of a month. Satellites of which nothing is known in it are left
    /// out.
    pub fn of(
        (node, period, as_of): (&NodeName, Period, Timestamp),
        account: &Account,
        traffic: &Traffic,
        storage: &Storage,
    ) -> Self {
        let state = MonthState::of(period, as_of);
        let moved = traffic.booked.iter().map(|row| row.satellite);
        let logged = traffic.logged.keys().flatten().copied();
        let stored = storage.satellites.keys().copied();
        let satellites: BTreeSet<SatelliteId> =
            account.satellites().chain(moved).chain(logged).chain(stored).collect();
        let satellites = satellites
            .into_iter()
            .map(|satellite| of_satellite(satellite, period, account, traffic, storage))
            .filter(|of_satellite| !of_satellite.is_empty(state))
            .collect();
        let storage = storage.source.clone();
        Self { node: node.clone(), period, as_of, storage, satellites }
    }

    /// The sum of one figure over the satellites for which it can be known.
    pub fn total(&self, figure: Figure) -> FigureTotal {
        FigureTotal::of(figure, self.satellites.iter().map(|of| of.figure(figure)))
    }

    /// The node estimates of all satellites together, each rounded first, as the node sums them.
    pub fn node_earnings(&self) -> Earnings {
        self.satellites.iter().filter_map(|of| of.node).map(|node| node.estimate.earnings).sum()
    }

    /// The breakdown of each satellite that has one.
    pub fn breakdowns(&self) -> impl Iterator<Item = Breakdown> {
        self.satellites.iter().filter_map(SatelliteMonth::breakdown)
    }

    /// What was used for all satellites together.
    pub fn usage(&self) -> Usage {
        self.breakdowns().map(|of| of.usage).sum()
    }
}

fn of_satellite(
    satellite: SatelliteId,
    period: Period,
    account: &Account,
    traffic: &Traffic,
    storage: &Storage,
) -> SatelliteMonth {
    let price = account.price(satellite, period);
    let held_percent = account.held_percent(satellite, period);
    let holds = held_percent.unwrap_or(HeldPercent::NONE);
    let told = account.estimates.get(&(period, satellite)).copied();
    let booked = traffic.booked.iter().filter(|row| row.satellite == satellite);
    let days = storage.days.iter().filter(|row| row.satellite == satellite);
    let sums = Usage::of_days(period, booked.clone(), days.clone());
    let days = DaysTold::of(period, booked, days);
    let completed = Completed::of(&sums, told.as_ref());
    let is_known = days.bandwidth + days.storage > 0 || told.is_some();
    let node = (is_known && !account.is_over(satellite, period)).then(|| NodeFigure {
        usage: completed.usage,
        completed_by: completed.by,
        days,
        estimate: Estimate::of(&completed.usage, &price.prices, holds),
    });
    let log = (!traffic.logged.is_empty()).then(|| {
        let logged = traffic.logged.get(&Some(satellite)).copied().unwrap_or_default();
        let stored = storage.satellites.get(&satellite).copied().unwrap_or_default();
        let usage = logged.usage(stored);
        LogFigure {
            usage,
            estimate: Estimate::of(&usage, &price.prices, holds),
            error: node.map(|node| LogError::of(&logged, &node.usage)),
        }
    });
    let held = HeldSoFar::of(account.paystubs_of(satellite));
    let joined_at = account.joined_at(satellite);
    SatelliteMonth {
        satellite,
        standing: account.standings.get(&satellite).cloned(),
        price,
        held_percent,
        log,
        node,
        told,
        paid: account.paystubs.get(&(period, satellite)).cloned(),
        held,
        held_return: joined_at.and_then(|joined_at| HeldReturn::of(joined_at, held)),
    }
}
