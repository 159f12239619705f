//! What is known of a node and its satellites besides what was used.

use std::{collections::BTreeMap, mem::size_of};

use piecewatch_model::{NodeEstimate, Payment, Paystub, Period, SatelliteId, Standing, Timestamp};

use crate::{HeldPercent, Price, PriceHistory};

/// What is known of a node and its satellites besides what was used: standings, prices, estimates of
/// the node itself, and what was paid.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Account {
    /// How the node stands with each satellite.
    pub standings: BTreeMap<SatelliteId, Standing>,
    /// What the satellites paid, and since when.
    pub prices: PriceHistory,
    /// What the node itself expected.
    pub estimates: BTreeMap<(Period, SatelliteId), NodeEstimate>,
    /// What the satellites state.
    pub paystubs: BTreeMap<(Period, SatelliteId), Paystub>,
    /// What was sent.
    pub payments: Vec<Payment>,
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

    /// Whether the satellite owes nothing for a month, since the node had been disqualified or had
    /// left before it: the node's own estimate passes such satellites over.
    pub fn is_over(&self, satellite: SatelliteId, period: Period) -> bool {
        self.standings.get(&satellite).is_some_and(|standing| {
            let ends = [standing.disqualified_at, standing.exited_at];
            ends.into_iter().flatten().any(|at| at < period.start())
        })
    }

    /// The prices of a satellite for a month.
    pub fn price(&self, satellite: SatelliteId, period: Period) -> Price {
        self.prices.price(satellite, period, self.paystubs.get(&(period, satellite)))
    }

    /// How much of a month is held back: by when the node joined the satellite, else as the node told
    /// it for that month; `None` where neither is known.
    pub fn held_percent(&self, satellite: SatelliteId, period: Period) -> Option<HeldPercent> {
        let by_join = self.joined_at(satellite).map(|joined_at| HeldPercent::of(joined_at, period));
        by_join.or_else(|| {
            let told = self.estimates.get(&(period, satellite))?;
            Some(HeldPercent::new(told.held_percent))
        })
    }

    /// The paystubs of one satellite, oldest first.
    pub fn paystubs_of(&self, satellite: SatelliteId) -> impl Iterator<Item = &Paystub> {
        self.paystubs.iter().filter(move |((_, of), _)| *of == satellite).map(|(_, stub)| stub)
    }

    /// About how many bytes of memory it takes.
    pub(crate) fn weight(&self) -> u64 {
        // A node of a B-tree is filled to two thirds or so.
        let entries = self.standings.len() * size_of::<(SatelliteId, Standing)>()
            + self.estimates.len() * size_of::<((Period, SatelliteId), NodeEstimate)>()
            + self.paystubs.len() * size_of::<((Period, SatelliteId), Paystub)>()
            + self.payments.len() * (size_of::<Payment>() + 80)
            + self.prices.len() * 96;
        (size_of::<Self>() + entries * 3 / 2) as u64
    }
}
