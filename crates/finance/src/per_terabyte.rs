//! What a terabyte earns, and what is left after costs.

use std::iter::Sum;

use piecewatch_model::{ByteCount, ByteHours, MicroUsd, Period, Timestamp};

use crate::money::{
    HOURS_OF_MONTH, MICROS_PER_HOUR, TB, count, div_round, length_and_elapsed, micro_usd,
};

/// What a month earned for each terabyte that it held or moved. Give the sums of the same nodes and
/// satellites for money and use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PerTerabyte {
    /// What was held on average over the month, until now when it runs.
    pub held_average: ByteCount,
    /// Earned in the month, until now when it runs, for each terabyte of `held_average`; `None`
    /// when nothing was held.
    pub held: Option<MicroUsd>,
    /// Earned for each terabyte held for 720 hours: months of any length, and those that run, can
    /// be compared. `None` when nothing was held.
    pub held_month: Option<MicroUsd>,
    /// Earned for each terabyte that was downloaded; `None` when nothing was.
    pub downloaded: Option<MicroUsd>,
}

impl PerTerabyte {
    /// By what was earned in a month up to `now`, by whatever: the whole is set against what was
    /// held and against what was downloaded.
    pub fn of(
        earned: MicroUsd,
        storage: ByteHours,
        downloaded: ByteCount,
        (period, now): (Period, Timestamp),
    ) -> Self {
        let (_, elapsed) = length_and_elapsed(period, now);
        let stored = u128::from(storage.get());
        let held_average = (stored * MICROS_PER_HOUR).checked_div(elapsed).unwrap_or(0);
        Self {
            held_average: ByteCount::new(u64::try_from(held_average).unwrap_or(u64::MAX)),
            held: per_unit(earned, held_average, TB),
            held_month: per_unit(earned, stored, TB * HOURS_OF_MONTH),
            downloaded: per_unit(earned, u128::from(downloaded.get()), TB),
        }
    }
}

fn per_unit(earned: MicroUsd, used: u128, unit: u128) -> Option<MicroUsd> {
    (used > 0).then(|| micro_usd(div_round(count(earned).saturating_mul(unit), used)))
}

/// What a node costs and what is left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Profit {
    /// What was earned.
    pub earned: MicroUsd,
    /// What it cost.
    pub cost: MicroUsd,
    /// What is left: negative when it cost more than it earned.
    pub profit: MicroUsd,
}

impl Profit {
    /// Sets what was earned in a month up to `now` against its cost. Of a month that runs the cost
    /// is that of the time that is over, like the earnings; of a month that has not begun there is
    /// none. For a forecast, which is of the whole month, give the month's end as `now`.
    pub fn of(earned: MicroUsd, monthly_cost: MicroUsd, period: Period, now: Timestamp) -> Self {
        let (length, elapsed) = length_and_elapsed(period, now);
        let cost = micro_usd(div_round(count(monthly_cost) * elapsed, length));
        Self { earned, cost, profit: earned - cost }
    }
}

/// Adds up nodes.
impl Sum for Profit {
    fn sum<I: Iterator<Item = Self>>(profits: I) -> Self {
        profits.fold(Self::default(), |sum, of| Self {
            earned: sum.earned + of.earned,
            cost: sum.cost + of.cost,
            profit: sum.profit + of.profit,
        })
    }
}
