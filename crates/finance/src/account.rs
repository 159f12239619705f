//! What is known of a node and its satellites besides what was used.

use std::{collections::BTreeMap, mem::size_of};

use piecewatch_model::{NodeEstimate, Payment, Paystub, Period, SatelliteId, Standing, Timestamp};

use crate::{HeldPercent, Price, PriceHistory};

/// What is known of a node and its satellites besides what was used: standings, prices, estimates
/// of the node itself, and what was paid.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Account {
    /// How the node stands with each satellite.
    pub standings: BTreeMap<SatelliteId, Standing>,
    /// What the satellites paid, and since when.
    pub prices: PriceHistory,
    /// What the node itself expected.
    pub estimates: BTreeMap<(Period, SatelliteId), Told<NodeEstimate>>,
    /// What the satellites state.
    pub paystubs: BTreeMap<(Period, SatelliteId), Told<Paystub>>,
    /// What was sent.
    pub payments: Vec<Payment>,
}

/// Something that a node told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told<T> {
    /// When it was told last.
    pub at: Timestamp,
    /// What.
    pub what: T,
}

impl Account {
    /// Every satellite that something is known of.
    pub fn satellites(&self) -> impl Iterator<Item = SatelliteId> {
        let of_months = self.estimates.keys().chain(self.paystubs.keys());
        self.standings.keys().chain(of_months.map(|(_, satellite)| satellite)).copied()
    }

    /// When the node joined a satellite; `None` where nobody told.
    pub fn joined_at(&self, satellite: SatelliteId) -> Option<Timestamp> {
        self.standings.get(&satellite).and_then(|standing| standing.joined_at)
    }

    /// Whether a satellite owes nothing for a month, as things stand at `now`: it has disqualified
    /// the node before the month's end, or the node had left it before the month began. The node's
    /// own estimate passes a satellite over as soon as it is disqualified, and the statement of
    /// that month pays nothing.
    pub fn is_over(&self, satellite: SatelliteId, period: Period, now: Timestamp) -> bool {
        self.standings.get(&satellite).is_some_and(|standing| {
            let disqualified = standing.disqualified_at.filter(|at| *at <= now);
            disqualified.is_some_and(|at| at < period.end())
                || standing.exited_at.is_some_and(|at| at < period.start())
        })
    }

    /// The prices of a satellite for a month.
    pub fn price(&self, satellite: SatelliteId, period: Period) -> Price {
        let paystub = self.paystubs.get(&(period, satellite)).map(|told| &told.what);
        self.prices.price(satellite, period, paystub)
    }

    /// How much of a month is held back: by when the node joined the satellite, else as the node
    /// told it for that month; `None` where neither is known.
    pub fn held_percent(&self, satellite: SatelliteId, period: Period) -> Option<HeldPercent> {
        let by_join = self.joined_at(satellite).map(|joined_at| HeldPercent::of(joined_at, period));
        by_join.or_else(|| {
            let told = self.estimates.get(&(period, satellite))?;
            Some(HeldPercent::new(told.what.held_percent))
        })
    }

    /// The paystubs of one satellite, oldest first.
    pub fn paystubs_of(&self, satellite: SatelliteId) -> impl Iterator<Item = &Paystub> {
        let of_satellite = self.paystubs.iter().filter(move |((_, of), _)| *of == satellite);
        of_satellite.map(|(_, told)| &told.what)
    }

    /// What one satellite sent for a month.
    pub fn payments_of(
        &self,
        satellite: SatelliteId,
        period: Period,
    ) -> impl Iterator<Item = &Payment> {
        let is_it = move |of: &&Payment| of.satellite == satellite && of.period == period;
        self.payments.iter().filter(is_it)
    }

    /// About how many bytes of memory it takes.
    pub(crate) fn weight(&self) -> u64 {
        // A node of a B-tree is filled to two thirds or so.
        let entries = self.standings.len() * size_of::<(SatelliteId, Standing)>()
            + self.estimates.len() * size_of::<((Period, SatelliteId), Told<NodeEstimate>)>()
            + self.paystubs.len() * size_of::<((Period, SatelliteId), Told<Paystub>)>()
            + self.payments.len() * (size_of::<Payment>() + 80)
            + self.prices.len() * 96;
        (size_of::<Self>() + entries * 3 / 2) as u64
    }
}
