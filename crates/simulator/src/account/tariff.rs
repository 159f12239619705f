//! What satellites pay, over the years.

use piecewatch_model::{CentsPerTb, Period, Prices};

use crate::rng::Rng;

/// What a satellite pays, as exact as it reckons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tariff {
    /// Cents for a terabyte that customers downloaded.
    pub(crate) egress: u32,
    /// Cents for a terabyte of repair traffic.
    pub(crate) repair: u32,
    /// Cents for a terabyte of audits.
    pub(crate) audit: u32,
    /// For a gigabyte held for an hour, in 10^-14 dollars.
    pub(crate) storage_rate: u64,
}

/// 1.50 dollars for a terabyte held for 720 hours.
const STORAGE_150: u64 = 208_333_334;
/// The default rates of the satellite's code before and since the summer of 2023: nodes are told
/// 147 and 149 cents, since what is told is cut to whole cents.
const STORAGE_CODE: [u64; 2] = [205_000_000, 208_000_000];

impl Tariff {
    const fn new(egress: u32, repair: u32, audit: u32, storage_rate: u64) -> Self {
        Self { egress, repair, audit, storage_rate }
    }

    /// The prices that the satellite tells its nodes: whole cents, cut.
    pub(crate) const fn told(self) -> Prices {
        let storage = self.storage_rate * 72 / 100_000_000;
        Prices {
            egress: CentsPerTb::new(self.egress),
            repair: CentsPerTb::new(self.repair),
            audit: CentsPerTb::new(self.audit),
            storage: CentsPerTb::new(storage as u32),
        }
    }
}

/// What a satellite of Storj has paid: since when, and what. The tariff from July to November 2023
/// was never written down; this one stands for it.
pub(super) fn of_storj() -> Vec<(Period, Tariff)> {
    let since = |year, month, tariff| Period::new(year, month).map(|period| (period, tariff));
    [
        since(2019, 1, Tariff::new(2_000, 1_000, 1_000, STORAGE_150)),
        since(2023, 7, Tariff::new(600, 274, 274, STORAGE_150)),
        since(2023, 12, Tariff::new(200, 200, 200, STORAGE_150)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What a satellite of a community pays.
pub(super) fn of_a_community(rng: &mut Rng) -> Vec<(Period, Tariff)> {
    let since = Period::new(2019, 1).into_iter();
    since.map(|period| (period, draw(rng))).collect()
}

/// Adds a change of prices in this month.
pub(super) fn change(tariffs: &mut Vec<(Period, Tariff)>, at: Period, rng: &mut Rng) {
    tariffs.retain(|(since, _)| *since != at);
    tariffs.push((at, draw(rng)));
    tariffs.sort_by_key(|(since, _)| *since);
}

fn draw(rng: &mut Rng) -> Tariff {
    let traffic = [0, 100, 150, 200, 500, 1_000, 2_000];
    let storage = [STORAGE_150, STORAGE_CODE[0], STORAGE_CODE[1], 138_888_889, 555_555_556, 0];
    let (egress, repair) = (rng.pick(&traffic), rng.pick(&traffic));
    // The node's estimate takes the price of audits for repair: here they may differ.
    let audit = if rng.one_in(2) { repair } else { rng.pick(&traffic) };
    Tariff::new(egress, repair, audit, rng.pick(&storage))
}

/// The tariff of a month.
pub(crate) fn of(tariffs: &[(Period, Tariff)], period: Period) -> Tariff {
    let newest = tariffs.iter().rev().find(|(since, _)| *since <= period);
    newest.or(tariffs.first()).map_or(Tariff::new(0, 0, 0, 0), |(_, tariff)| *tariff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_told_whole_cents_that_were_cut() {
        for (rate, cents) in [(STORAGE_150, 150), (STORAGE_CODE[0], 147), (STORAGE_CODE[1], 149)] {
            let told = Tariff::new(0, 0, 0, rate).told();
            assert_eq!(told.storage.get(), cents);
        }
    }
}
