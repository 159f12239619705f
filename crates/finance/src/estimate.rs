//! What a month earns by the node's own rule: exact, and rounded where the node rounds.

use std::{iter::Sum, ops::Add};

use piecewatch_model::{
    ByteCount, ByteHours, CentsPerTb, DailyBandwidth, DailyStorage, MicroUsd, NodeEstimate, Period,
    Prices, StorageBasis, Timestamp,
};

use crate::{
    HeldPercent,
    money::{HOURS_OF_MONTH, HUNDREDTH_OF_CENT, TB, count, div_round, micro_usd},
};

/// What was used of a node in a month and is paid. Uploads and trash are not paid, so they are not
/// in here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Downloads of customers (GET).
    pub egress: ByteCount,
    /// Downloads for repair (GET_REPAIR).
    pub repair: ByteCount,
    /// Audits (GET_AUDIT).
    pub audit: ByteCount,
    /// What was stored, without trash.
    pub storage: ByteHours,
}

impl Usage {
    /// What the node booked for one satellite on the days of a month; rows of other months are
    /// passed over. The caller keeps to one node and satellite.
    pub fn of_days<'a>(
        period: Period,
        bandwidth: impl IntoIterator<Item = &'a DailyBandwidth>,
        storage: impl IntoIterator<Item = &'a DailyStorage>,
    ) -> Self {
        let month = period.start()..period.end();
        let moved = bandwidth.into_iter().filter(|row| month.contains(&row.day)).map(Self::moved);
        let stored = storage
            .into_iter()
            .filter(|row| month.contains(&row.day))
            .map(|row| Self { storage: row.byte_hours, ..Self::default() });
        moved.chain(stored).sum()
    }

    /// What is paid of the bandwidth of a day.
    pub(crate) fn moved(row: &DailyBandwidth) -> Self {
        Self {
            egress: row.get,
            repair: row.get_repair,
            audit: row.get_audit,
            storage: ByteHours::default(),
        }
    }

    /// What was downloaded for repair and audits.
    pub fn repair_audit(&self) -> ByteCount {
        self.repair + self.audit
    }

    /// Everything that was downloaded.
    pub fn downloaded(&self) -> ByteCount {
        self.egress + self.repair + self.audit
    }
}

impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            egress: self.egress + other.egress,
            repair: self.repair + other.repair,
            audit: self.audit + other.audit,
            storage: self.storage + other.storage,
        }
    }
}

impl Sum for Usage {
    fn sum<I: Iterator<Item = Self>>(usages: I) -> Self {
        usages.fold(Self::default(), Add::add)
    }
}

/// How much of a month the daily rows of one node and satellite cover.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DaysTold {
    /// Days of the month, 28 to 31.
    pub days: u32,
    /// Days with a row for bandwidth. A satellite may move nothing on a day: then it has none.
    pub bandwidth: u32,
    /// Days with a row for storage.
    pub storage: u32,
    /// Days of `storage` that the node interpolated. How v1.162 and later do that is not published:
    /// such a month may be paid otherwise.
    pub calculated: u32,
}

impl DaysTold {
    /// Counts the days of a month that have rows; several rows of a day count once.
    pub fn of<'a>(
        period: Period,
        bandwidth: impl IntoIterator<Item = &'a DailyBandwidth>,
        storage: impl IntoIterator<Item = &'a DailyStorage>,
    ) -> Self {
        let month = period.start()..period.end();
        let bit = |day: Timestamp| 1_u32 << u32::from(day.date().2);
        let (mut moved, mut stored, mut calculated) = (0_u32, 0_u32, 0_u32);
        for row in bandwidth.into_iter().filter(|row| month.contains(&row.day)) {
            moved |= bit(row.day);
        }
        for row in storage.into_iter().filter(|row| month.contains(&row.day)) {
            stored |= bit(row.day);
            match row.basis {
                StorageBasis::Calculated => calculated |= bit(row.day),
                StorageBasis::Reported => {}
            }
        }
        Self {
            days: u32::from(period.end().plus_micros(-1).date().2),
            bandwidth: moved.count_ones(),
            storage: stored.count_ones(),
            calculated: calculated.count_ones(),
        }
    }
}

/// Money of a month, by what earned it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Earnings {
    /// By downloads of customers.
    pub egress: MicroUsd,
    /// By downloads for repair and audits.
    pub repair_audit: MicroUsd,
    /// By storage.
    pub storage: MicroUsd,
    /// Held back of the three.
    pub held: MicroUsd,
    /// What is paid: the three less `held`, rounded to a hundredth of a cent.
    pub payout: MicroUsd,
}

impl Earnings {
    /// Before anything is held back.
    pub fn gross(&self) -> MicroUsd {
        self.egress + self.repair_audit + self.storage
    }
}

/// As the node sums satellites: each is rounded first.
impl Add for Earnings {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            egress: self.egress + other.egress,
            repair_audit: self.repair_audit + other.repair_audit,
            storage: self.storage + other.storage,
            held: self.held + other.held,
            payout: self.payout + other.payout,
        }
    }
}

impl Sum for Earnings {
    fn sum<I: Iterator<Item = Self>>(earnings: I) -> Self {
        earnings.fold(Self::default(), Add::add)
    }
}

/// What a node earns on one satellite in a month.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Estimate {
    /// How much is held back.
    pub held_percent: HeldPercent,
    /// The money.
    pub earnings: Earnings,
}

impl Estimate {
    /// By the rule of the node's code (`payouts/estimatedpayouts`), exactly:
    ///
    /// - egress: bytes of GET × price / 10^12;
    /// - repair and audits: their bytes × the price of **audits** / 10^12; the price of repair is
    ///   not looked at (what is really paid, see [`statement`](crate::Statement::of));
    /// - storage: byte-hours / 720 × price / 10^12, in a month of any length;
    /// - each rounded to a hundredth of a cent, a half away from zero;
    /// - held: the sum × the percentage, not rounded; paid: sum less held, rounded in the same way.
    ///
    /// The node calculates in binary fractions. Where an amount lies exactly between two hundredths
    /// of a cent, which `payout` often does while a share is held, they may fall to the other side:
    /// a hundredth of a cent.
    pub fn of(usage: &Usage, prices: &Prices, held_percent: HeldPercent) -> Self {
        let moved = |bytes: ByteCount, price| earned(u128::from(bytes.get()), price, TB);
        let egress = moved(usage.egress, prices.egress);
        let repair_audit = moved(usage.repair_audit(), prices.audit);
        let storage = u128::from(usage.storage.get());
        let storage = earned(storage, prices.storage, TB * HOURS_OF_MONTH);
        let gross = egress + repair_audit + storage;
        let held = held_percent.share_of(gross);
        let payout = to_hundredths(gross - held);
        let earnings = Earnings { egress, repair_audit, storage, held, payout };
        Self { held_percent, earnings }
    }
}

/// What the node itself computed, in the same form.
impl From<&NodeEstimate> for Estimate {
    fn from(estimate: &NodeEstimate) -> Self {
        Self {
            held_percent: HeldPercent::new(estimate.held_percent),
            earnings: Earnings {
                egress: estimate.egress_payout,
                repair_audit: estimate.repair_audit_payout,
                storage: estimate.storage_payout,
                held: estimate.held,
                payout: estimate.payout,
            },
        }
    }
}

/// What a use earns, rounded to a hundredth of a cent.
fn earned(used: u128, price: CentsPerTb, unit: u128) -> MicroUsd {
    let hundredths = div_round(used * u128::from(price.get()) * 100, unit);
    micro_usd(hundredths.saturating_mul(HUNDREDTH_OF_CENT as u128))
}

fn to_hundredths(amount: MicroUsd) -> MicroUsd {
    let grain = HUNDREDTH_OF_CENT as u128;
    micro_usd(div_round(count(amount), grain) * grain)
}
