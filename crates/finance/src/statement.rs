//! What a satellite really pays for a month: its own arithmetic.

use std::ops::Add;

use piecewatch_model::{
    ByteCount, ByteHours, CentsPerTb, MicroUsd, PaystubCodes, Period, Timestamp,
};

use crate::{
    HeldSoFar, Usage,
    money::{count, micro_usd},
    withholding::{WITHHOLDING_SCHEDULE, Withholding},
};

/// A rate as satellites keep it: dollars with up to 16 decimals, exact, below 1844 dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rate(u64);

impl Rate {
    const DECIMALS: u32 = 16;

    /// `digits` with the last `decimals` of them after the point: 208 with 8 is 0.00000208 dollars.
    /// Decimals after the 16th are cut off; what is too large is the largest rate.
    pub const fn new(digits: u64, decimals: u32) -> Self {
        if decimals > Self::DECIMALS {
            let cut = decimals - Self::DECIMALS;
            return Self(if cut > 19 { 0 } else { digits / 10_u64.pow(cut) });
        }
        Self(digits.saturating_mul(10_u64.pow(Self::DECIMALS - decimals)))
    }

    /// A price as nodes are told it, of traffic: dollars for a terabyte.
    pub const fn per_tb(price: CentsPerTb) -> Self {
        Self::new(price.get() as u64, 2)
    }

    /// A rate for a gigabyte-hour as nodes are told it: cents for a terabyte-month, times
    /// 72,000,000 and cut to whole cents. 0.00000208 dollars are 149 cents, not 150.
    pub const fn cents_per_tb_month(self) -> CentsPerTb {
        let cents = self.0 as u128 * 72_000_000 / 10_u128.pow(Self::DECIMALS);
        CentsPerTb::new(if cents > u32::MAX as u128 { u32::MAX } else { cents as u32 })
    }
}

/// What a satellite pays. Uploads are not paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatementRates {
    /// For a gigabyte (10^9 bytes) held for an hour.
    pub at_rest_gb_hour: Rate,
    /// For a terabyte that customers downloaded.
    pub get_tb: Rate,
    /// For a terabyte of repair traffic.
    pub get_repair_tb: Rate,
    /// For a terabyte of audits.
    pub get_audit_tb: Rate,
}

impl StatementRates {
    /// The rates of the satellite's code since July 2023. Storj's satellites pay others.
    pub const DEFAULT: Self = Self {
        at_rest_gb_hour: Rate::new(208, 8),
        get_tb: Rate::new(20, 0),
        get_repair_tb: Rate::new(10, 0),
        get_audit_tb: Rate::new(10, 0),
    };
}

/// How a satellite pays for a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementTerms {
    /// Its rates.
    pub rates: StatementRates,
    /// What it holds back of the first months, in percent.
    pub withholding: Vec<u8>,
    /// How much of the held amount comes back when the schedule is over, in percent.
    pub dispose_percent: u8,
    /// Everything times so many percent; 0 for not at all.
    pub surge_percent: u32,
}

/// As in the satellite's code: half of the held amount comes back, and there is no surge.
impl Default for StatementTerms {
    fn default() -> Self {
        Self {
            rates: StatementRates::DEFAULT,
            withholding: WITHHOLDING_SCHEDULE.to_vec(),
            dispose_percent: 50,
            surge_percent: 0,
        }
    }
}

/// What a satellite knows of a node when it makes the statement of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeMonth {
    /// The month.
    pub period: Period,
    /// When the node joined the satellite.
    pub joined_at: Timestamp,
    /// When the satellite last reached it.
    pub last_contact_at: Timestamp,
    /// When it was disqualified; `None` when it was not.
    pub disqualified_at: Option<Timestamp>,
    /// When it had left by graceful exit; `None` when it has not.
    pub exited_at: Option<Timestamp>,
    /// What was used of it.
    pub usage: Usage,
    /// What earlier statements held back and released.
    pub so_far: HeldSoFar,
}

/// A statement of a month, in whole micro-dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statement {
    /// What was special: of `D`, `E`, `O` and `X`, those that the rule sets.
    pub codes: PaystubCodes,
    /// Earned by storage, before surge.
    pub at_rest: MicroUsd,
    /// Earned by downloads of customers, before surge.
    pub get: MicroUsd,
    /// Earned by repair, before surge.
    pub get_repair: MicroUsd,
    /// Earned by audits, before surge.
    pub get_audit: MicroUsd,
    /// Held back of the month.
    pub held: MicroUsd,
    /// Owed, `disposed` included.
    pub owed: MicroUsd,
    /// Released of what was held back earlier.
    pub disposed: MicroUsd,
}

impl Statement {
    /// By the rule of the satellite's code (`compensation`):
    ///
    /// - storage: byte-hours × rate / 10^9; traffic: bytes × rate / 10^12, repair at its own rate;
    /// - the sum × surge, if there is one;
    /// - held: by the schedule ([`Withholding::at`]);
    /// - past the schedule, the disposed percentage of all that was held, less what was released;
    /// - after a graceful exit all of it, and nothing of this month is held;
    /// - disqualified before the month's end, and not gone before: nothing is owed, held or
    ///   released;
    /// - last reached before the month: nothing either.
    ///
    /// Everything is exact, and cut, not rounded, to whole micro-dollars at the end.
    pub fn of(terms: &StatementTerms, node: &NodeMonth) -> Self {
        let (start, end) = (node.period.start(), node.period.end());
        let Components { at_rest, get, get_repair, get_audit } =
            Components::of(&node.usage, &terms.rates);
        let mut total = at_rest + get + get_repair + get_audit;
        if terms.surge_percent > 0 {
            total = total.percent(terms.surge_percent);
        }
        let withholding = Withholding::at(&terms.withholding, node.joined_at, end);
        let has_exited = node.exited_at.is_some_and(|at| at < end);
        let is_disqualified = node.disqualified_at.is_some_and(|at| at < end) && !has_exited;
        let is_offline = node.last_contact_at < start;
        let codes = [
            (matches!(withholding, Withholding::In(_)), PaystubCodes::IN_WITHHOLDING),
            (has_exited, PaystubCodes::GRACEFUL_EXIT),
            (is_disqualified, PaystubCodes::DISQUALIFIED),
            (is_offline, PaystubCodes::OFFLINE),
        ]
        .into_iter()
        .filter_map(|(is_set, code)| is_set.then_some(code))
        .fold(PaystubCodes::default(), PaystubCodes::and);
        let earned = Self {
            codes,
            at_rest: at_rest.cut(),
            get: get.cut(),
            get_repair: get_repair.cut(),
            get_audit: get_audit.cut(),
            ..Self::default()
        };
        if is_disqualified || is_offline {
            return earned;
        }
        let held_share = if has_exited { 0 } else { u32::from(withholding.percent().get()) };
        let dispose_percent = match (has_exited, withholding) {
            (true, Withholding::In(_) | Withholding::Over) => 100,
            (false, Withholding::Over) => u32::from(terms.dispose_percent),
            (false, Withholding::In(_)) => 0,
        };
        let held = total.percent(held_share);
        let disposed = Amount::new(node.so_far.held)
            .percent(dispose_percent)
            .less(Amount::new(node.so_far.disposed));
        let owed = total.less(held) + disposed;
        Self { held: held.cut(), owed: owed.cut(), disposed: disposed.cut(), ..earned }
    }
}

/// What a month earned, exact.
struct Components {
    at_rest: Amount,
    get: Amount,
    get_repair: Amount,
    get_audit: Amount,
}

impl Components {
    fn of(usage: &Usage, rates: &StatementRates) -> Self {
        Self {
            at_rest: Amount::stored(usage.storage, rates.at_rest_gb_hour),
            get: Amount::moved(usage.egress, rates.get_tb),
            get_repair: Amount::moved(usage.repair, rates.get_repair_tb),
            get_audit: Amount::moved(usage.audit, rates.get_audit_tb),
        }
    }
}

/// An amount as a count of 10^-28 dollars, in which everything here is whole up to the percentages;
/// of those the two places beyond are cut. Saturates at 34 thousand million dollars, or where a
/// percentage is taken of a hundredth of that.
#[derive(Clone, Copy)]
struct Amount(u128);

impl Amount {
    const MICRO: u128 = 10_u128.pow(22);

    fn new(amount: MicroUsd) -> Self {
        Self(count(amount).saturating_mul(Self::MICRO))
    }

    fn stored(used: ByteHours, rate: Rate) -> Self {
        // 10^-16 dollars for 10^9 byte-hours.
        Self((u128::from(used.get()) * u128::from(rate.0)).saturating_mul(1_000))
    }

    fn moved(bytes: ByteCount, rate: Rate) -> Self {
        // 10^-16 dollars for 10^12 bytes.
        Self(u128::from(bytes.get()) * u128::from(rate.0))
    }

    const fn percent(self, percent: u32) -> Self {
        Self(self.0.saturating_mul(percent as u128) / 100)
    }

    const fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    fn cut(self) -> MicroUsd {
        micro_usd(self.0 / Self::MICRO)
    }
}

impl Add for Amount {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}
