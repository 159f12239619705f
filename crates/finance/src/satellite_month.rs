//! What one node earns on one satellite in one month: the three figures beside each other.

use piecewatch_model::{
    ByteCount, DailyBandwidth, DailyStorage, MicroUsd, NodeEstimate, Payment, Paystub, Period,
    SatelliteId, Standing, Timestamp,
};

use crate::{
    Account, Completed, CompletedBy, DaysTold, Earnings, Estimate, Figure, HeldDrop, HeldFate,
    HeldPercent, HeldReturn, HeldSoFar, LogError, LogTraffic, MonthKnown, MonthState, Price,
    Reconciliation, Storage, Traffic, Usage,
    held::{age_months, next_drop},
    reconcile::held_of,
};

/// What one node earns on one satellite in one month.
#[derive(Debug, Clone, PartialEq)]
pub struct SatelliteMonth {
    /// The satellite.
    pub satellite: SatelliteId,
    /// How the node stands with it now.
    pub standing: Option<Standing>,
    /// Whether it owes nothing for the month ([`Account::is_over`]). There are no estimates then.
    pub is_over: bool,
    /// In which calendar month of the node on the satellite the month is, 0 for that of the join;
    /// `None` where the join is not known, or later.
    pub age_months: Option<u32>,
    /// What it pays, and from where that is known.
    pub price: Price,
    /// How much is held back; `None` where that is not known. The figures then hold nothing back.
    pub held_percent: Option<HeldPercent>,
    /// When less will be held back; `None` where that is not known, or nothing is held back.
    pub next_drop: Option<HeldDrop>,
    /// What the log alone can say; `None` where there is no log of the month, and where the
    /// satellite owes nothing.
    pub log: Option<LogFigure>,
    /// What the node booked; `None` where it was not asked, and where the satellite owes nothing.
    pub node: Option<NodeFigure>,
    /// What the node's own estimate says, as it told it last.
    pub told: Option<NodeEstimate>,
    /// What the satellite states.
    pub paid: Option<Paystub>,
    /// What the satellite sent for the month, with receipts.
    pub payments: Vec<Payment>,
    /// When the figures were told last: of several the one that was told the longest ago. `None`
    /// where there is no figure.
    pub as_of: Option<Timestamp>,
    /// What was held back in all months, and released of it.
    pub held: HeldSoFar,
    /// What becomes of it.
    pub held_fate: HeldFate,
    /// When half of it comes back; `None` where the day of joining is not known, and where the node
    /// has left or was disqualified.
    pub held_return: Option<HeldReturn>,
}

/// The log estimate of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogFigure {
    /// What the log tells was used, with the storage that is known.
    pub usage: Usage,
    /// The time of the newest record of the log.
    pub told_at: Timestamp,
    /// What that earns.
    pub estimate: Estimate,
    /// How far it is from what the node booked, on the days of which both tell; `None` where there
    /// are none.
    pub error: Option<LogError>,
}

/// The node estimate of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeFigure {
    /// What the node booked.
    pub usage: Usage,
    /// When it told it last.
    pub told_at: Timestamp,
    /// What completed the daily rows.
    pub completed_by: CompletedBy,
    /// How much of the month the daily rows cover.
    pub days: DaysTold,
    /// On how many days of the month it moved nothing for any satellite, although it did before and
    /// after ([`Traffic::idle_days`]).
    pub offline_days: u32,
    /// What that earns by the node's rule.
    pub estimate: Estimate,
}

impl NodeFigure {
    /// Whether the satellite has told nothing yet of what is stored: the node itself then counts
    /// nothing.
    pub const fn lacks_storage(&self) -> bool {
        self.days.storage == 0 && self.usage.storage.get() == 0
    }
}

/// What was used in a month, and what each part of it earned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breakdown {
    /// By which figure.
    pub figure: Figure,
    /// What was used.
    pub usage: Usage,
    /// What that earned. As paid, `payout` may hold more than the parts less `held`: surge, and
    /// what was released.
    pub earnings: Earnings,
    /// Which share was held back, as paid to the nearest percent; `None` where that is not known.
    pub held_percent: Option<HeldPercent>,
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
            held_percent: Some(held_of(paystub)),
        }
    }
}

impl SatelliteMonth {
    /// One of the three figures, after what is held back; `None` where it is not known.
    pub fn figure(&self, figure: Figure) -> Option<MicroUsd> {
        match figure {
            Figure::LogEstimate => self.log.map(|log| log.estimate.earnings.payout),
            Figure::NodeEstimate => self.node.map(|node| node.estimate.earnings.payout),
            Figure::Paid => self.paid.as_ref().map(|paid| paid.paid),
        }
    }

    /// Whether any figure is known.
    pub fn has_figure(&self) -> bool {
        Figure::ALL.into_iter().any(|figure| self.figure(figure).is_some())
    }

    /// What was used, and what each part of it earned, by one figure; `None` where it is not known.
    pub fn breakdown(&self, figure: Figure) -> Option<Breakdown> {
        let of_estimate = |usage, estimate: Estimate| Breakdown {
            figure,
            usage,
            earnings: estimate.earnings,
            held_percent: self.held_percent,
        };
        match figure {
            Figure::LogEstimate => self.log.map(|log| of_estimate(log.usage, log.estimate)),
            Figure::NodeEstimate => self.node.map(|node| of_estimate(node.usage, node.estimate)),
            Figure::Paid => self.paid.as_ref().map(Breakdown::of_paystub),
        }
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
            offline_days: node.offline_days,
        };
        Some(Reconciliation::of(&known, paid))
    }

    /// Whether nothing is known of it in the month. What is held belongs to the present.
    pub(crate) fn is_empty(&self, state: MonthState) -> bool {
        let has_earned = |earnings: &Earnings| earnings.gross().get() != 0;
        let node = self.node.is_some_and(|node| {
            has_earned(&node.estimate.earnings) || node.days.bandwidth + node.days.storage > 0
        });
        let log = self.log.is_some_and(|log| log.usage.downloaded().get() > 0);
        let held = state == MonthState::Running && self.held.kept().get() != 0;
        // Of a month before the join the node says that there was nothing.
        let told = self.told.is_some_and(|told| {
            state == MonthState::Running || has_earned(&Estimate::from(&told).earnings)
        });
        !node && !log && !held && !told && self.paid.is_none()
    }
}

/// All that is known of a node's month.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) period: Period,
    pub(crate) now: Timestamp,
    pub(crate) account: &'a Account,
    pub(crate) traffic: &'a Traffic,
    pub(crate) storage: &'a Storage,
}

impl Known<'_> {
    /// What is known of one satellite. Days offline are those of the node, and are filled in later.
    pub(crate) fn of(&self, satellite: SatelliteId) -> SatelliteMonth {
        let (period, account) = (self.period, self.account);
        let is_over = account.is_over(satellite, period, self.now);
        let price = account.price(satellite, period);
        let held_percent = account.held_percent(satellite, period);
        let estimate = |usage: &Usage| {
            Estimate::of(usage, &price.prices, held_percent.unwrap_or(HeldPercent::NONE))
        };
        let node = self.node(satellite).filter(|_| !is_over).map(|known| NodeFigure {
            usage: known.completed.usage,
            told_at: known.told_at,
            completed_by: known.completed.by,
            days: known.days,
            offline_days: 0,
            estimate: estimate(&known.completed.usage),
        });
        let log = self.log(satellite).filter(|_| !is_over).map(|(usage, told_at)| LogFigure {
            usage,
            told_at,
            estimate: estimate(&usage),
            error: self.traffic.log_error(satellite),
        });
        let paid = account.paystubs.get(&(period, satellite));
        let told_at =
            [log.map(|log| log.told_at), node.map(|node| node.told_at), paid.map(|paid| paid.at)];
        let standing = account.standings.get(&satellite);
        let joined_at = account.joined_at(satellite);
        let held = HeldSoFar::of(account.paystubs_of(satellite));
        let newest = account.paystubs_of(satellite).last().map(|stub| stub.period);
        let held_fate = HeldFate::of(standing, newest);
        let kept_since = joined_at.filter(|_| held_fate == HeldFate::Kept);
        SatelliteMonth {
            satellite,
            standing: standing.cloned(),
            is_over,
            age_months: joined_at.and_then(|joined_at| age_months(joined_at, period)),
            price,
            held_percent,
            next_drop: kept_since.and_then(|joined_at| next_drop(joined_at, period)),
            log,
            node,
            told: account.estimates.get(&(period, satellite)).map(|told| told.what),
            paid: paid.map(|paid| paid.what.clone()),
            payments: account.payments_of(satellite, period).cloned().collect(),
            as_of: told_at.into_iter().flatten().min(),
            held,
            held_fate,
            held_return: kept_since.and_then(|joined_at| HeldReturn::of(joined_at, held)),
        }
    }

    /// What the node told: by day, completed by its own estimate.
    fn node(&self, satellite: SatelliteId) -> Option<Booked> {
        let booked: Vec<DailyBandwidth> = self.traffic.booked_for(satellite).copied().collect();
        let stored: Vec<DailyStorage> = self.storage.days_of(satellite).copied().collect();
        let told = self.account.estimates.get(&(self.period, satellite));
        let told_at = [
            self.traffic.told_at.get(&satellite).copied(),
            self.storage.told_at.get(&satellite).copied(),
            told.map(|told| told.at),
        ];
        let sums = Usage::of_days(self.period, &booked, &stored);
        Some(Booked {
            told_at: told_at.into_iter().flatten().max()?,
            completed: Completed::of(&sums, told.map(|told| &told.what)),
            days: DaysTold::of(self.period, &booked, &stored),
        })
    }

    /// What the log tells, with the storage that is known, and the time of its newest record.
    fn log(&self, satellite: SatelliteId) -> Option<(Usage, Timestamp)> {
        let (_, newest) = self.traffic.records?;
        let logged = self.traffic.logged.get(&Some(satellite)).copied().unwrap_or_default();
        let stored = self.storage.satellites.get(&satellite).copied().unwrap_or_default();
        Some((logged.usage(stored), newest.min(self.now)))
    }
}

/// What a node booked for a satellite.
struct Booked {
    told_at: Timestamp,
    completed: Completed,
    days: DaysTold,
}

/// Downloads that a log tells without a satellite.
pub(crate) fn without_satellite(traffic: &Traffic) -> ByteCount {
    traffic.logged.get(&None).map(LogTraffic::downloaded).unwrap_or_default()
}
