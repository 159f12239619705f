//! The held amount: how much of a month is held back, until when, and when half of it comes back.

use std::fmt;

use piecewatch_model::{MicroUsd, Paystub, Period, Standing, Timestamp};

use crate::{
    money::{count, micro_usd},
    withholding::{WITHHOLDING_SCHEDULE, first_month_after},
};

/// The share of a month's earnings that a satellite holds back, in percent: 0 to 100.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HeldPercent(u8);

impl HeldPercent {
    /// Nothing is held back.
    pub const NONE: Self = Self(0);

    /// This many percent; more than 100 is 100.
    pub const fn new(percent: u8) -> Self {
        Self(if percent > 100 { 100 } else { percent })
    }

    /// What the node expects to be held back of a month (the node's code,
    /// `payouts/estimatedpayouts`): 75 % in the month in which it joined the satellite and in the
    /// two after it, then 50 %, then 25 % for three months each, then nothing. The day does not
    /// matter.
    ///
    /// A month before the join counts as that of the join.
    pub fn of(joined_at: Timestamp, period: Period) -> Self {
        match months_since(joined_at, period) {
            ..=2 => Self(75),
            3..=5 => Self(50),
            6..=8 => Self(25),
            9.. => Self(0),
        }
    }

    /// The number of percent.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// This share of an amount in micro-dollars, cut to whole ones. What is negative has no share.
    pub fn share_of(self, amount: MicroUsd) -> MicroUsd {
        micro_usd(count(amount) * u128::from(self.0) / 100)
    }
}

/// `75 %`.
impl fmt::Display for HeldPercent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} %", self.0))
    }
}

/// The age of a node on a satellite in whole calendar months; the day does not matter.
fn months_since(joined_at: Timestamp, period: Period) -> i32 {
    match Period::containing(joined_at) {
        Some(joined) => period.months_since(joined),
        // Outside the years 1 to 9999: long ago, or never.
        None if joined_at < period.start() => i32::MAX,
        None => 0,
    }
}

/// The age of a node on a satellite in whole calendar months, 0 in that of the join. `None` for a
/// month before it, and for a join outside the years 1 to 9999.
pub(crate) fn age_months(joined_at: Timestamp, period: Period) -> Option<u32> {
    u32::try_from(period.months_since(Period::containing(joined_at)?)).ok()
}

/// When less will be held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldDrop {
    /// The first month with the lower share.
    pub period: Period,
    /// The lower share.
    pub percent: HeldPercent,
}

/// When less is held back than in `period`, by the node's rule; `None` when nothing is held back
/// any more.
pub fn next_drop(joined_at: Timestamp, period: Period) -> Option<HeldDrop> {
    let joined = Period::containing(joined_at)?;
    let now = HeldPercent::of(joined_at, period);
    [3, 6, 9].into_iter().find_map(|months| {
        let period = joined.plus_months(months)?;
        let percent = HeldPercent::of(joined_at, period);
        (percent < now).then_some(HeldDrop { period, percent })
    })
}

/// What a satellite has held back of a node so far, and what it has released of that.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HeldSoFar {
    /// Held back in all months together.
    pub held: MicroUsd,
    /// Released of it.
    pub disposed: MicroUsd,
}

impl HeldSoFar {
    /// By the paystubs of one node and satellite.
    pub fn of<'a>(paystubs: impl IntoIterator<Item = &'a Paystub>) -> Self {
        let add = |sum: Self, stub: &Paystub| Self {
            held: sum.held + stub.held,
            disposed: sum.disposed + stub.disposed,
        };
        paystubs.into_iter().fold(Self::default(), add)
    }

    /// Still with the satellite.
    pub fn kept(&self) -> MicroUsd {
        self.held - self.disposed
    }
}

/// What becomes of the amount that a satellite holds back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HeldFate {
    /// The satellite keeps it, and gives half of it back when the time has come.
    Kept,
    /// The node has left by graceful exit: all of it comes back with the statement for that month.
    Returning {
        /// The month of the exit.
        period: Period,
    },
    /// It does not come back: the node was disqualified, or the statement of its exit is there.
    Lost,
}

impl HeldFate {
    /// By how the node stands with the satellite, and the newest month for which that has stated
    /// anything.
    pub fn of(standing: Option<&Standing>, newest_stated: Option<Period>) -> Self {
        let Some(standing) = standing else { return Self::Kept };
        let exited_at = standing.exited_at;
        let disqualified_at = standing.disqualified_at;
        // Who had left before is not disqualified any more.
        if disqualified_at.is_some_and(|at| exited_at.is_none_or(|exited_at| at < exited_at)) {
            return Self::Lost;
        }
        match exited_at.and_then(Period::containing) {
            None => Self::Kept,
            Some(period) if newest_stated.is_none_or(|newest| newest < period) => {
                Self::Returning { period }
            }
            Some(_) => Self::Lost,
        }
    }
}

/// The return of the first half of the held amount. The other half comes back on graceful exit
/// only, and to a node that is disqualified nothing does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldReturn {
    /// The month whose statement releases it: the 16th of the node on the satellite.
    pub period: Period,
    /// When that month is over: the statement is made in the weeks after.
    pub due_at: Timestamp,
    /// How much is still to be released then: half of what is held so far, less what was released,
    /// not below 0. What the months until then hold back comes on top.
    pub amount: MicroUsd,
    /// How much stays with the satellite after that, until a graceful exit.
    pub kept_until_exit: MicroUsd,
}

impl HeldReturn {
    /// What the rule of the satellite's code (`compensation`) gives back to a node that joined at
    /// `joined_at`. `None` where that is outside the years 1 to 9999.
    pub fn of(joined_at: Timestamp, so_far: HeldSoFar) -> Option<Self> {
        let period = first_month_after(&WITHHOLDING_SCHEDULE, joined_at)?;
        let half = count(so_far.held) / 2;
        let amount = micro_usd(half.saturating_sub(count(so_far.disposed)));
        let kept_until_exit = so_far.kept() - amount;
        Some(Self { period, due_at: period.end(), amount, kept_until_exit })
    }

    /// How the return stands at `now`.
    pub fn state(&self, now: Timestamp) -> ReturnState {
        if self.amount == MicroUsd::default() && now >= self.due_at {
            ReturnState::Returned
        } else if now < self.due_at {
            ReturnState::Ahead
        } else {
            ReturnState::Due
        }
    }
}

/// How the return of the first half stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReturnState {
    /// Its month is not over.
    Ahead,
    /// Its month is over, and no paystub shows the release yet.
    Due,
    /// It was released, or there was nothing to release.
    Returned,
}

impl ReturnState {
    /// In one lower-case word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ahead => "ahead",
            Self::Due => "due",
            Self::Returned => "returned",
        }
    }
}
