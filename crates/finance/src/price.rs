//! Which prices hold for a satellite and a month, and from where they are known.

use std::collections::BTreeMap;

use piecewatch_model::{
    ByteCount, ByteHours, CentsPerTb, MicroUsd, Paystub, Period, Prices, SatelliteId,
};

use crate::money::{HOURS_OF_MONTH, TB, count};

/// Since when the newest built-in prices hold.
const BUILT_IN_SINCE: (u16, u8) = (2023, 12);

/// Since December 2023: 1.50 USD for a terabyte-month, 2 USD for a terabyte moved.
const BUILT_IN: Prices = prices(200, 200, 200, 150);

/// Before: 1.50, 20 for egress, 10 for repair and audits.
const BUILT_IN_BEFORE: Prices = prices(2_000, 1_000, 1_000, 150);

const fn prices(egress: u32, repair: u32, audit: u32, storage: u32) -> Prices {
    Prices {
        egress: CentsPerTb::new(egress),
        repair: CentsPerTb::new(repair),
        audit: CentsPerTb::new(audit),
        storage: CentsPerTb::new(storage),
    }
}

/// The prices that Storj's satellites are known to have paid in a month: what to take where the
/// node has told none. A satellite may have paid others.
pub fn built_in_prices(period: Period) -> Prices {
    if (period.year(), period.month()) >= BUILT_IN_SINCE { BUILT_IN } else { BUILT_IN_BEFORE }
}

/// The prices for one satellite and month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    /// The prices.
    pub prices: Prices,
    /// From where they are known.
    pub source: PriceSource,
}

/// From where prices are known, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PriceSource {
    /// The node told them in this month, or the same ones before and after it.
    Node {
        /// The month in which it told them: this one, or the last one before it.
        since: Period,
    },
    /// The paystub of the month shows the rates that were paid.
    Paystub,
    /// The node told them before, and others or none after: they may have been others.
    NodeEarlier {
        /// The month in which it told them last.
        since: Period,
    },
    /// The node told them later only: they may have been others.
    NodeLater {
        /// The month in which it told them first.
        since: Period,
    },
    /// Nobody told them: they are those that Storj's satellites are known to have paid.
    BuiltIn,
}

impl PriceSource {
    /// In lower-case words joined by `_`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Node { .. } => "node",
            Self::Paystub => "paystub",
            Self::NodeEarlier { .. } => "node_earlier",
            Self::NodeLater { .. } => "node_later",
            Self::BuiltIn => "built_in",
        }
    }

    /// Whether the prices are those of the month, not others taken in their place.
    pub const fn is_sure(self) -> bool {
        match self {
            Self::Node { .. } | Self::Paystub => true,
            Self::NodeEarlier { .. } | Self::NodeLater { .. } | Self::BuiltIn => false,
        }
    }
}

/// What one node has told of the prices of its satellites, by month.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PriceHistory(BTreeMap<SatelliteId, BTreeMap<Period, Prices>>);

impl PriceHistory {
    /// The prices, each with the month in which it was told. Of two for one month the later one in
    /// the order given holds.
    pub fn new(told: impl IntoIterator<Item = (SatelliteId, Period, Prices)>) -> Self {
        let mut history = Self::default();
        for (satellite, period, prices) in told {
            history.0.entry(satellite).or_default().insert(period, prices);
        }
        history
    }

    /// How many prices were told.
    pub fn len(&self) -> usize {
        self.0.values().map(BTreeMap::len).sum()
    }

    /// Whether none were told.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The prices of a satellite for a month: those that the node told in it, or alike before and
    /// after it; else what the month's paystub shows; else the newest that the node told before;
    /// else the earliest that it told later; else the built-in ones. What was told before or later
    /// does not hold if the built-in prices changed in between.
    pub fn price(
        &self,
        satellite: SatelliteId,
        period: Period,
        paystub: Option<&Paystub>,
    ) -> Price {
        let told = self.0.get(&satellite);
        let before = told.and_then(|told| told.range(..=period).next_back());
        let after = told.and_then(|told| told.range(period..).next());
        if let (Some((since, prices)), Some((_, later))) = (before, after)
            && prices == later
        {
            return Price { prices: *prices, source: PriceSource::Node { since: *since } };
        }
        let is_same_era =
            |told: &(&Period, &Prices)| built_in_prices(*told.0) == built_in_prices(period);
        let earlier = before.filter(is_same_era).map(|(since, prices)| Price {
            prices: *prices,
            source: PriceSource::NodeEarlier { since: *since },
        });
        let later = after.filter(is_same_era).map(|(since, prices)| Price {
            prices: *prices,
            source: PriceSource::NodeLater { since: *since },
        });
        let built_in = Price { prices: built_in_prices(period), source: PriceSource::BuiltIn };
        let assumed = earlier.or(later).unwrap_or(built_in);
        let paid = paystub.and_then(|paystub| PaidRates::of(paystub).prices(&assumed.prices));
        paid.map_or(assumed, |prices| Price { prices, source: PriceSource::Paystub })
    }
}

/// The rates that a paystub shows; `None` for what was not used, or not paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaidRates {
    /// For downloads of customers: `comp_get` over `usage_get`.
    pub egress: Option<PaidRate>,
    /// For repair.
    pub repair: Option<PaidRate>,
    /// For audits.
    pub audit: Option<PaidRate>,
    /// For storage, for a terabyte held for 720 hours.
    pub storage: Option<PaidRate>,
}

impl PaidRates {
    /// The rates of a paystub, before surge.
    pub fn of(paystub: &Paystub) -> Self {
        let moved =
            |paid: MicroUsd, bytes: ByteCount| PaidRate::of(paid, u128::from(bytes.get()), TB);
        let stored = |paid: MicroUsd, held: ByteHours| {
            PaidRate::of(paid, u128::from(held.get()), TB * HOURS_OF_MONTH)
        };
        Self {
            egress: moved(paystub.comp_get, paystub.usage_get),
            repair: moved(paystub.comp_get_repair, paystub.usage_get_repair),
            audit: moved(paystub.comp_get_audit, paystub.usage_get_audit),
            storage: stored(paystub.comp_at_rest, paystub.usage_at_rest),
        }
    }

    /// The rates in whole cents, with those of `assumed` for what the paystub is too small to show;
    /// `None` when it shows none.
    fn prices(&self, assumed: &Prices) -> Option<Prices> {
        let cents = |rate: Option<PaidRate>| rate.and_then(PaidRate::cents);
        let (egress, repair) = (cents(self.egress), cents(self.repair));
        let (audit, storage) = (cents(self.audit), cents(self.storage));
        [egress, repair, audit, storage].into_iter().flatten().next()?;
        Some(Prices {
            egress: egress.unwrap_or(assumed.egress),
            repair: repair.unwrap_or(assumed.repair),
            audit: audit.unwrap_or(assumed.audit),
            storage: storage.unwrap_or(assumed.storage),
        })
    }
}

/// A rate that was paid, in micro-dollars for a terabyte or terabyte-month. What is paid is cut to
/// whole micro-dollars, so it is known between two bounds: the smaller the use, the wider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaidRate {
    /// The rate is at least this.
    pub low: u64,
    /// The rate is less than this, and at least 1 above `low`.
    pub high: u64,
}

impl PaidRate {
    fn of(paid: MicroUsd, used: u128, unit: u128) -> Option<Self> {
        if used == 0 || paid <= MicroUsd::default() {
            return None;
        }
        let rate = |paid: u128| paid.saturating_mul(unit) / used;
        let (low, high) = (rate(count(paid)), rate(count(paid) + 1).saturating_add(1));
        let bound = |rate: u128| u64::try_from(rate).unwrap_or(u64::MAX);
        Some(Self { low: bound(low), high: bound(high) })
    }

    /// The rate cut to whole cents, as satellites tell it to nodes: 1.4976 USD are 149 cents.
    /// `None` when the bounds are half a cent apart or more.
    pub fn cents(self) -> Option<CentsPerTb> {
        if self.high - self.low >= MICROS_PER_CENT / 2 {
            return None;
        }
        // By the upper bound, or a rate of 2 USD that was cut somewhere would be 199 cents.
        u32::try_from((self.high - 1) / MICROS_PER_CENT).ok().map(CentsPerTb::new)
    }
}

const MICROS_PER_CENT: u64 = 10_000;
