//! What a satellite states at the end of a month: in exact numbers, cut to millionths of a dollar.

use piecewatch_model::{
    ByteCount, ByteHours, MicroUsd, Payment, Paystub, PaystubCodes, Period, Timestamp,
};

use super::{
    Luck,
    satellite::{SatelliteAccount, Statement, Traffic},
    tariff::Tariff,
};
use crate::{
    calendar::{
        DAY_SECONDS, HOUR_SECONDS, SECOND, day_of, days_of, month_of, months_after, plus_months,
    },
    rng::Rng,
};

/// Which share is withheld in the months after a node has joined, in percent. It is as long as
/// withholding lasts: six months at nothing are its end.
const WITHHELD: [u8; 15] = [75, 75, 75, 50, 50, 50, 25, 25, 25, 0, 0, 0, 0, 0, 0];
/// How much of what was withheld comes back then.
const DISPOSED_PERCENT: i64 = 50;

/// A unit of 10^-27 dollars: in it nothing has to be rounded before the end.
const PER_MICRO_USD: u128 = 10_u128.pow(21);

/// What was used in a month.
#[derive(Debug, Clone, Copy)]
struct Usage {
    byte_hours: u64,
    traffic: Traffic,
}

/// What happened before a month.
#[derive(Debug, Clone, Copy, Default)]
struct Before {
    held: i64,
    disposed: i64,
    /// Owed, and not sent yet.
    unsent: i64,
}

/// The share that is withheld of a month; `None` when withholding is over.
fn withheld_percent(joined_at: Timestamp, period: Period) -> Option<u8> {
    let end = period.end();
    let still = |at: usize| plus_months(joined_at, at as i32 + 1) > end;
    (0..WITHHELD.len()).find(|at| still(*at)).map(|at| WITHHELD[at])
}

/// States every month from when the node joined up to the month of `until`, which is not over.
pub(super) fn state(satellite: &SatelliteAccount, luck: Luck, until: Timestamp) -> Vec<Statement> {
    let mut statements = Vec::new();
    let mut before = Before::default();
    let mut period = month_of(satellite.joined_at);
    let last = month_of(until);
    while period < last {
        let left = [satellite.exited_at, satellite.disqualified_at, satellite.gone_at];
        if left.into_iter().flatten().any(|at| at < period.start()) {
            break;
        }
        let mut rng =
            Rng::new(satellite.salt ^ u64::from(period.year()) << 8 ^ u64::from(period.month()));
        let usage = usage(satellite, period, &mut rng);
        let codes = codes(satellite, period, luck, &mut rng);
        let paystub = paystub(satellite, period, usage, codes, before, &mut rng);
        before.held += paystub.held.get();
        before.disposed += paystub.disposed.get();
        before.unsent += paystub.paid.get() - paystub.distributed.get();
        let sent = payment(&paystub, &mut rng);
        statements.push(Statement { paystub, sent });
        period = months_after(period, 1);
    }
    statements
}

/// What the satellite has counted: nearly what the node has booked.
fn usage(satellite: &SatelliteAccount, period: Period, rng: &mut Rng) -> Usage {
    let begin = satellite.joined_at.max(period.start());
    let first = satellite.first_day;
    if day_of(begin) >= first {
        let (from, to) = days_of(period);
        let booked = satellite.traffic_sum(from, to, period.end());
        // Orders that were never settled are not paid.
        let unsettled = if rng.one_in(3) { rng.below(6) } else { 0 };
        let traffic = booked.minus(booked.part(unsettled, 1_000));
        let byte_hours = satellite.byte_hours(begin.as_seconds(), period.end().as_seconds());
        return Usage { byte_hours: byte_hours as u64, traffic };
    }
    // Before the daily figures begin: a straight line up to their first level.
    let level = satellite.days.first().map_or(rng.log_normal(1 << 34, 2.0), |day| day.level);
    let whole = (first - day_of(satellite.joined_at)).max(1);
    let so_far = (day_of(begin) - day_of(satellite.joined_at) + 15).min(whole);
    let level =
        (u128::from(level) * so_far.unsigned_abs() as u128 / whole.unsigned_abs() as u128) as u64;
    let seconds = period.end().as_seconds() - begin.as_seconds();
    let days = (seconds / DAY_SECONDS).unsigned_abs();
    let traffic = Traffic {
        get: rng.log_normal(level / 250, 0.7) * days,
        get_audit: 256 * rng.below(90) * days,
        get_repair: rng.log_normal(level / 400, 0.7) * days,
        put: rng.log_normal(level / 90, 0.7) * days,
        put_repair: rng.log_normal(level / 500, 0.7) * days,
    };
    let byte_hours = level.saturating_mul((seconds / HOUR_SECONDS).unsigned_abs());
    Usage { byte_hours, traffic }
}

fn codes(satellite: &SatelliteAccount, period: Period, luck: Luck, rng: &mut Rng) -> PaystubCodes {
    let within = |at: Option<Timestamp>, period: Period| {
        at.is_some_and(|at| period.start() <= at && at < period.end())
    };
    let mut codes = PaystubCodes::default();
    if withheld_percent(satellite.joined_at, period).is_some() {
        codes = codes.and(PaystubCodes::IN_WITHHOLDING);
    }
    if within(satellite.disqualified_at, period) {
        codes = codes.and(PaystubCodes::DISQUALIFIED);
    }
    if within(satellite.exited_at, period) {
        codes = codes.and(PaystubCodes::GRACEFUL_EXIT);
    }
    if within(satellite.exited_at, months_after(period, 1)) {
        codes = codes.and(PaystubCodes::EXITING);
    }
    if luck == Luck::Good {
        return codes;
    }
    let has_history = period.start() > satellite.joined_at;
    for (rarity, code) in [
        (70, PaystubCodes::OFFLINE),
        (500, PaystubCodes::SANCTIONED),
        (90, PaystubCodes::NO_1099),
        (40, PaystubCodes::BONUS),
    ] {
        if rng.one_in(rarity) && has_history {
            codes = codes.and(code);
        }
    }
    codes
}

/// What a month earned before surge, in 10^-23 dollars.
struct Earned {
    at_rest: u128,
    get: u128,
    get_repair: u128,
    get_audit: u128,
}

impl Earned {
    fn of(usage: Usage, tariff: Tariff) -> Self {
        let moved = |bytes: u64, cents: u32| u128::from(bytes) * u128::from(cents) * 1_000_000_000;
        Self {
            at_rest: u128::from(usage.byte_hours) * u128::from(tariff.storage_rate),
            get: moved(usage.traffic.get, tariff.egress),
            get_repair: moved(usage.traffic.get_repair, tariff.repair),
            get_audit: moved(usage.traffic.get_audit, tariff.audit),
        }
    }

    const NOTHING: Self = Self { at_rest: 0, get: 0, get_repair: 0, get_audit: 0 };

    fn sum(&self) -> u128 {
        self.at_rest + self.get + self.get_repair + self.get_audit
    }
}

/// What becomes of what was earned, in millionths of a dollar.
struct Settled {
    held: i64,
    owed: i64,
    disposed: i64,
}

/// Settles a total of so many 10^-25 dollars.
fn settle(total: u128, withheld: Option<u8>, codes: PaystubCodes, before: Before) -> Settled {
    let has = |code| codes.contains(code);
    let exited = has(PaystubCodes::GRACEFUL_EXIT);
    if has(PaystubCodes::OFFLINE) || (has(PaystubCodes::DISQUALIFIED) && !exited) {
        return Settled { held: 0, owed: 0, disposed: 0 };
    }
    let percent = if exited { 0 } else { u128::from(withheld.unwrap_or(0)) };
    let returned_percent = match (exited, withheld) {
        (true, _) => 100,
        (false, None) => DISPOSED_PERCENT,
        (false, Some(_)) => 0,
    };
    let disposed = (before.held * returned_percent / 100 - before.disposed).max(0);
    Settled {
        held: (total * percent / PER_MICRO_USD) as i64,
        owed: (total * (100 - percent) / PER_MICRO_USD) as i64 + disposed,
        disposed,
    }
}

fn paystub(
    satellite: &SatelliteAccount,
    period: Period,
    usage: Usage,
    codes: PaystubCodes,
    before: Before,
    rng: &mut Rng,
) -> Paystub {
    let has = |code| codes.contains(code);
    let earned = if has(PaystubCodes::OFFLINE) {
        Earned::NOTHING
    } else {
        Earned::of(usage, satellite.tariff(period))
    };
    let surge_percent = surge_percent(period, rng);
    let factor = if surge_percent > 0 { u128::from(surge_percent) } else { 100 };
    let withheld = withheld_percent(satellite.joined_at, period);
    let Settled { held, owed, disposed } = settle(earned.sum() * factor, withheld, codes, before);
    let paid = if has(PaystubCodes::SANCTIONED) { 0 } else { owed };
    let due = before.unsent + paid;
    let distributed = if period < MINIMUM_SINCE {
        paid
    } else if has(PaystubCodes::NO_1099) || due < satellite.minimum {
        0
    } else {
        due
    };
    let after = rng.between(4, 15) as i64 * DAY_SECONDS * SECOND + rng.below(86_400_000_000) as i64;
    let cut = |amount: u128| MicroUsd::new((amount / (PER_MICRO_USD / 10_000)) as i64);
    let Traffic { get, get_audit, get_repair, put, put_repair } = usage.traffic;
    Paystub {
        satellite: satellite.id,
        period,
        created_at: period.end().plus_micros(after),
        codes,
        usage_at_rest: ByteHours::new(usage.byte_hours),
        usage_get: ByteCount::new(get),
        usage_put: ByteCount::new(put),
        usage_get_repair: ByteCount::new(get_repair),
        usage_put_repair: ByteCount::new(put_repair),
        usage_get_audit: ByteCount::new(get_audit),
        comp_at_rest: cut(earned.at_rest),
        comp_get: cut(earned.get),
        comp_put: MicroUsd::new(0),
        comp_get_repair: cut(earned.get_repair),
        comp_put_repair: MicroUsd::new(0),
        comp_get_audit: cut(earned.get_audit),
        surge_percent,
        held: MicroUsd::new(held),
        owed: MicroUsd::new(owed),
        disposed: MicroUsd::new(disposed),
        paid: MicroUsd::new(paid),
        distributed: MicroUsd::new(distributed),
    }
}

/// Since when satellites wait until a payment is worth its fee.
const MINIMUM_SINCE: Period = match Period::new(2020, 12) {
    Some(period) => period,
    None => unreachable!(),
};

/// In its first years the network paid more than its prices.
fn surge_percent(period: Period, rng: &mut Rng) -> u32 {
    match (period.year(), period.month()) {
        (..2020, _) | (2020, 1..=3) => rng.pick(&[100, 250, 400]),
        (2020, 4..=8) => rng.pick(&[0, 100, 125, 150]),
        (_, _) => 0,
    }
}

/// What is sent for a statement, some days after it.
fn payment(paystub: &Paystub, rng: &mut Rng) -> Option<(Timestamp, Payment)> {
    let (days, words) = (rng.below(6) as i64, [rng.bits(), rng.bits(), rng.bits(), rng.bits()]);
    if paystub.distributed == MicroUsd::default() {
        return None;
    }
    let period = paystub.period;
    let chain = match (period.year(), period.month()) {
        (..2021, _) => "eth",
        (2021..2023, _) | (2023, 1..=4) => "zksync",
        (_, _) if words[0] >> 59 == 0 => "polygon",
        (_, _) => "zksync-era",
    };
    // Of some payments the node never learns where they can be looked up.
    let receipt = if words[1] >> 58 == 0 {
        String::new()
    } else {
        let [a, b, c, d] = words;
        format!("{chain}:0x{a:016x}{b:016x}{c:016x}{d:016x}")
    };
    let payment = Payment {
        satellite: paystub.satellite,
        period,
        amount: paystub.distributed,
        receipt: receipt.into(),
    };
    Some((paystub.created_at.plus_micros(days * DAY_SECONDS * SECOND), payment))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn withholding_follows_the_day_on_which_a_node_joined() {
        let percent = |joined: &str, period: &str| {
            withheld_percent(joined.parse().unwrap(), period.parse().unwrap())
        };
        for (period, expected) in [
            ("2024-01", Some(75)),
            ("2024-03", Some(75)),
            ("2024-04", Some(50)),
            ("2024-09", Some(25)),
            ("2024-10", Some(0)),
            ("2025-03", Some(0)),
            ("2025-04", None),
        ] {
            assert_eq!(percent("2024-01-15T00:00:00Z", period), expected, "{period}");
        }
        // A day that a month lacks carries over: three months after 31 January end in May.
        assert_eq!(percent("2024-01-31T12:00:00Z", "2024-04"), Some(75));
        assert_eq!(percent("2024-01-31T12:00:00Z", "2024-05"), Some(50));
        // Who joins at the stroke of a month is a month ahead.
        assert_eq!(percent("2024-01-01T00:00:00Z", "2024-03"), Some(50));
    }
}
