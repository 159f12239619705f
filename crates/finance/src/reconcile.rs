//! What a satellite paid for a month beside what the node expected, and why they differ.

use std::cmp::Ordering;

use piecewatch_model::{CentsPerTb, MicroUsd, Paystub, PaystubCodes, Prices};

use crate::{
    Cause, DaysTold, Estimate, HeldPercent, PaidRates, Reason, Usage,
    money::{count, div_round, micro_usd},
};

/// What is known of a past month on our side, of one node and satellite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonthKnown {
    /// What the node booked.
    pub usage: Usage,
    /// The prices that it was told.
    pub prices: Prices,
    /// How much it expected to be held back.
    pub held_percent: HeldPercent,
    /// How many days its rows cover.
    pub days: DaysTold,
    /// On how many days it was offline: it moved nothing for any satellite, although it did before
    /// and after. 0 where that is not known.
    pub offline_days: u32,
}

/// A past month: what was expected, what was paid, and why they differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciliation {
    /// What the node expected.
    pub estimate: Estimate,
    /// What the satellite states as paid.
    pub paid: MicroUsd,
    /// Paid less expected: negative when less was paid.
    pub difference: MicroUsd,
    /// Why, in the order in which one leads from the expected to the paid; then what is known
    /// without an amount. None of the amounts is 0.
    pub reasons: Vec<Reason>,
    /// What no reason explains. With the amounts of the reasons it makes up the difference exactly.
    pub remainder: MicroUsd,
}

impl Reconciliation {
    /// Goes from the node's figure to the satellite's in steps, and names each: the same use
    /// unrounded, the satellite's use, the price of repair, the rates that were paid, surge, held
    /// share, released amount, what codes took away or gave.
    pub fn of(known: &MonthKnown, paystub: &Paystub) -> Self {
        let estimate = Estimate::of(&known.usage, &known.prices, known.held_percent);
        let mut steps = Steps {
            at: estimate.earnings.payout,
            reasons: Vec::new(),
            rounding: MicroUsd::default(),
            cuts_max: cuts_max(paystub),
        };
        steps.earned(known, paystub);
        steps.released(known, paystub);
        let remainder = paystub.paid - steps.at;
        let mut reasons = steps.reasons;
        if steps.rounding != MicroUsd::default() {
            reasons.push(Reason { cause: Cause::Rounding, amount: Some(steps.rounding) });
        }
        without_amount(&mut reasons, known, paystub);
        let difference = paystub.paid - estimate.earnings.payout;
        Self { estimate, paid: paystub.paid, difference, reasons, remainder }
    }
}

/// The way from the expected to the paid amount.
struct Steps {
    at: MicroUsd,
    reasons: Vec<Reason>,
    rounding: MicroUsd,
    /// Steps below this are made by cutting to micro-dollars.
    cuts_max: i64,
}

impl Steps {
    /// Goes on to an amount for a reason.
    fn step_to(&mut self, amount: MicroUsd, cause: Cause) {
        let step = amount - self.at;
        if step != MicroUsd::default() {
            self.reasons.push(Reason { cause, amount: Some(step) });
        }
        self.at = amount;
    }

    /// Goes on to an amount because of rounding.
    fn round_to(&mut self, amount: MicroUsd) {
        self.rounding = self.rounding + (amount - self.at);
        self.at = amount;
    }

    /// Goes on to an amount for a reason, unless cutting alone explains it.
    fn step_to_unless_cut(&mut self, amount: MicroUsd, cause: Cause) {
        if (amount - self.at).get().abs() < self.cuts_max {
            self.round_to(amount);
        } else {
            self.step_to(amount, cause);
        }
    }

    /// What the month earned, with the share held back that the node expected.
    fn earned(&mut self, known: &MonthKnown, paystub: &Paystub) {
        let held = known.held_percent;
        let net = |gross: MicroUsd| gross - held.share_of(gross);
        let by_audits = Prices { repair: known.prices.audit, ..known.prices };
        let theirs = Usage {
            egress: paystub.usage_get,
            repair: paystub.usage_get_repair,
            audit: paystub.usage_get_audit,
            storage: paystub.usage_at_rest,
        };
        self.round_to(net(gross(&known.usage, &by_audits)));
        self.step_to_unless_cut(
            net(gross(&theirs, &by_audits)),
            Cause::Usage { ours: known.usage, theirs },
        );
        self.step_to(net(gross(&theirs, &known.prices)), Cause::RepairPrice);
        let paid = PaidRates::of(paystub);
        self.step_to_unless_cut(net(paystub.earned()), Cause::Prices { paid });
        let percent = paystub.surge_percent;
        self.step_to(net(surged(paystub)), Cause::Surge { percent });
    }

    /// What was held back and released, and what codes did.
    fn released(&mut self, known: &MonthKnown, paystub: &Paystub) {
        let has = |code| paystub.codes.contains(code);
        let total = surged(paystub);
        let is_nothing = [paystub.held, paystub.owed, paystub.disposed]
            .iter()
            .all(|amount| *amount == MicroUsd::default());
        let refused = [
            (PaystubCodes::DISQUALIFIED, Cause::Disqualified),
            (PaystubCodes::OFFLINE, Cause::Offline),
            (PaystubCodes::SANCTIONED, Cause::Sanctioned),
        ]
        .into_iter()
        .find_map(|(code, cause)| has(code).then_some(cause));
        match refused {
            Some(cause) if is_nothing => self.step_to(paystub.owed, cause),
            Some(_) | None => {
                let cause = if has(PaystubCodes::GRACEFUL_EXIT) {
                    Cause::GracefulExit
                } else {
                    Cause::HeldRate { ours: known.held_percent, theirs: held_of(paystub) }
                };
                self.step_to_unless_cut(total - paystub.held, cause);
                self.step_to(self.at + paystub.disposed, Cause::Disposed);
                if (paystub.owed - self.at).get().abs() < self.cuts_max {
                    self.round_to(paystub.owed);
                }
            }
        }
        let (paid, step) = (paystub.paid, paystub.paid - paystub.owed);
        let target = self.at + step;
        if step > MicroUsd::default() && has(PaystubCodes::BONUS) {
            self.step_to(target, Cause::Bonus);
        } else if paid < paystub.owed && has(PaystubCodes::SANCTIONED) {
            self.step_to(target, Cause::Sanctioned);
        } else if paid < paystub.owed && has(PaystubCodes::NO_1099) {
            self.step_to(target, Cause::TaxFormMissing);
        }
    }
}

/// Adds what is known and has no amount in the difference.
fn without_amount(reasons: &mut Vec<Reason>, known: &MonthKnown, paystub: &Paystub) {
    let codes = [
        (PaystubCodes::DISQUALIFIED, Cause::Disqualified),
        (PaystubCodes::SANCTIONED, Cause::Sanctioned),
        (PaystubCodes::NO_1099, Cause::TaxFormMissing),
        (PaystubCodes::IN_WITHHOLDING, Cause::InWithholding),
        (PaystubCodes::GRACEFUL_EXIT, Cause::GracefulExit),
        (PaystubCodes::EXITING, Cause::Exiting),
        (PaystubCodes::OFFLINE, Cause::Offline),
        (PaystubCodes::BONUS, Cause::Bonus),
    ];
    let codes = codes.into_iter().filter(|(code, _)| paystub.codes.contains(*code));
    let days = &known.days;
    let missing =
        (days.days - days.bandwidth.min(days.days), days.days - days.storage.min(days.days));
    let counted = [
        (missing.0, Cause::BandwidthMissing { days: missing.0 }),
        (missing.1, Cause::StorageMissing { days: missing.1 }),
        (days.calculated, Cause::StorageCalculated { days: days.calculated }),
        (known.offline_days, Cause::OfflineDays { days: known.offline_days }),
    ];
    let counted = counted.into_iter().filter(|(days, _)| *days > 0);
    let (paid, sent) = (paystub.paid, paystub.distributed);
    let waiting = match sent.cmp(&paid) {
        Ordering::Less => Some(Cause::WithheldForMinimum { left: paid - sent }),
        Ordering::Greater => Some(Cause::CaughtUp { more: sent - paid }),
        Ordering::Equal => None,
    };
    let causes =
        codes.map(|(_, cause)| cause).chain(counted.map(|(_, cause)| cause)).chain(waiting);
    for cause in causes {
        if !reasons.iter().any(|reason| reason.cause == cause) {
            reasons.push(Reason { cause, amount: None });
        }
    }
}

/// What the satellite may have cut off at most, in micro-dollars: less than one of each of four
/// components, times surge, and of four amounts after it.
fn cuts_max(paystub: &Paystub) -> i64 {
    8 + 4 * i64::from(paystub.surge_percent.max(100)) / 100
}

/// What a use earns, cut to micro-dollars once; repair at its own price.
fn gross(usage: &Usage, prices: &Prices) -> MicroUsd {
    // Cents for 10^12 bytes, or for 720 × 10^12 byte-hours, are micro-dollars for 10^8 and 72 ×
    // 10^9.
    let times = |used: u64, price: CentsPerTb| u128::from(used) * u128::from(price.get());
    let moved = times(usage.egress.get(), prices.egress)
        + times(usage.repair.get(), prices.repair)
        + times(usage.audit.get(), prices.audit);
    let stored = times(usage.storage.get(), prices.storage);
    micro_usd((moved * 720 + stored) / 72_000_000_000)
}

/// What was earned, with surge.
fn surged(paystub: &Paystub) -> MicroUsd {
    let earned = paystub.earned();
    if paystub.surge_percent == 0 {
        return earned;
    }
    micro_usd(count(earned).saturating_mul(u128::from(paystub.surge_percent)) / 100)
}

/// The share that was held back, to the nearest percent; none of nothing.
pub(crate) fn held_of(paystub: &Paystub) -> HeldPercent {
    let total = surged(paystub);
    if count(total) == 0 {
        return HeldPercent::NONE;
    }
    let percent = div_round(count(paystub.held).saturating_mul(100), count(total));
    HeldPercent::new(u8::try_from(percent).unwrap_or(100))
}
