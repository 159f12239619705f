//! What was paid beside what was expected, and why they differ.

use piecewatch_finance::{
    Cause, DaysTold, HeldPercent, HeldSoFar, MonthKnown, NodeMonth, Rate, Reconciliation,
    Statement, StatementRates, StatementTerms, Usage,
};
use piecewatch_model::{CentsPerTb, MicroUsd, Paystub, PaystubCodes, Period, Prices};
use proptest::prelude::*;

use crate::usd::{PRICES, TB, at, byte_hours, bytes, month, paystub, us1, usd};

/// 1 TB-month at 1.50 USD and 0.1 TB at 2 USD: 1.70 USD.
fn usage() -> Usage {
    Usage { egress: bytes(TB / 10), storage: byte_hours(720 * TB), ..Usage::default() }
}

fn known(held: u8) -> MonthKnown {
    MonthKnown {
        usage: usage(),
        prices: PRICES,
        held_percent: HeldPercent::new(held),
        days: DaysTold { days: 30, bandwidth: 30, storage: 30, calculated: 0 },
        offline_days: 0,
    }
}

/// The paystub of that month, as it was expected, with nothing held.
fn as_expected() -> Paystub {
    Paystub {
        usage_at_rest: byte_hours(720 * TB),
        comp_at_rest: usd("1.50"),
        usage_get: bytes(TB / 10),
        comp_get: usd("0.20"),
        owed: usd("1.70"),
        paid: usd("1.70"),
        distributed: usd("1.70"),
        ..paystub(month("2026-06"))
    }
}

/// The names of the reasons with their amounts, and the remainder.
fn reasons(known: &MonthKnown, paystub: &Paystub) -> Vec<(&'static str, Option<MicroUsd>)> {
    let result = Reconciliation::of(known, paystub);
    let explained: MicroUsd = result.reasons.iter().filter_map(|reason| reason.amount).sum();
    assert_eq!(explained + result.remainder, result.difference);
    assert_eq!(result.paid - result.estimate.earnings.payout, result.difference);
    let mut named: Vec<_> =
        result.reasons.iter().map(|reason| (reason.cause.name(), reason.amount)).collect();
    if result.remainder != MicroUsd::default() {
        named.push(("remainder", Some(result.remainder)));
    }
    named
}

#[test]
fn what_was_paid_as_expected_needs_no_reason() {
    assert_eq!(reasons(&known(0), &as_expected()), []);
}

#[test]
fn surge_and_release_have_their_amounts() {
    let stub = Paystub {
        surge_percent: 150,
        disposed: usd("3.00"),
        owed: usd("5.55"),
        paid: usd("5.55"),
        distributed: usd("5.55"),
        ..as_expected()
    };
    let expected = [("surge", Some(usd("0.85"))), ("disposed", Some(usd("3.00")))];
    assert_eq!(reasons(&known(0), &stub), expected);
}

/// The node expects 50 %, the satellite holds 75 % of 1.70 USD: 1.275.
#[test]
fn another_held_share_names_both() {
    let stub = Paystub {
        codes: PaystubCodes::IN_WITHHOLDING,
        held: usd("1.275"),
        owed: usd("0.425"),
        paid: usd("0.425"),
        distributed: usd("0.425"),
        ..as_expected()
    };
    let expected = [("held_rate", Some(usd("-0.425"))), ("in_withholding", None)];
    assert_eq!(reasons(&known(50), &stub), expected);
    let result = Reconciliation::of(&known(50), &stub);
    let (ours, theirs) = (HeldPercent::new(50), HeldPercent::new(75));
    assert_eq!(result.reasons[0].cause, Cause::HeldRate { ours, theirs });
    assert_eq!(
        result.reasons[0].cause.explanation(),
        "75 % were held back, the node expected 50 %"
    );
}

#[test]
fn use_and_rates_are_told_apart() {
    // The satellite counts 0.2 TB of egress and pays 1.4976 USD for a terabyte-month.
    let stub = Paystub {
        usage_get: bytes(TB / 5),
        comp_get: usd("0.40"),
        comp_at_rest: usd("1.4976"),
        owed: usd("1.8976"),
        paid: usd("1.8976"),
        distributed: usd("1.8976"),
        ..as_expected()
    };
    let expected = [("usage", Some(usd("0.20"))), ("prices", Some(usd("-0.0024")))];
    assert_eq!(reasons(&known(0), &stub), expected);
}

/// A terabyte of repair at 10 USD, which the node expects at the price of audits, 2 USD.
#[test]
fn repair_is_paid_at_its_own_price() {
    let usage = Usage { repair: bytes(TB), ..usage() };
    let prices = Prices { repair: CentsPerTb::new(1_000), ..PRICES };
    let stub = Paystub {
        usage_get_repair: bytes(TB),
        comp_get_repair: usd("10.00"),
        owed: usd("11.70"),
        paid: usd("11.70"),
        distributed: usd("11.70"),
        ..as_expected()
    };
    let known = MonthKnown { usage, prices, ..known(0) };
    assert_eq!(reasons(&known, &stub), [("repair_price", Some(usd("8.00")))]);
}

#[test]
fn codes_that_take_everything_are_the_reason() {
    let nothing = MicroUsd::default();
    for (code, name) in [
        (PaystubCodes::DISQUALIFIED, "disqualified"),
        (PaystubCodes::OFFLINE, "offline"),
        (PaystubCodes::SANCTIONED, "sanctioned"),
    ] {
        let stub = Paystub {
            codes: code,
            held: nothing,
            owed: nothing,
            paid: nothing,
            distributed: nothing,
            ..as_expected()
        };
        // The node expected a quarter of 1.70 USD.
        assert_eq!(reasons(&known(75), &stub), [(name, Some(usd("-0.425")))]);
    }
    let stub = Paystub { codes: PaystubCodes::SANCTIONED, paid: nothing, ..as_expected() };
    let named = reasons(&known(0), &stub);
    assert_eq!(named[0], ("sanctioned", Some(usd("-1.70"))));
    let stub = Paystub { codes: PaystubCodes::NO_1099, paid: nothing, ..as_expected() };
    assert_eq!(reasons(&known(0), &stub)[0], ("tax_form_missing", Some(usd("-1.70"))));
    let stub = Paystub { codes: PaystubCodes::BONUS, paid: usd("1.87"), ..as_expected() };
    assert_eq!(reasons(&known(0), &stub)[0], ("bonus", Some(usd("0.17"))));
}

#[test]
fn a_graceful_exit_pays_what_would_be_held() {
    let stub = Paystub {
        codes: PaystubCodes::from_text("E:X"),
        disposed: usd("2.00"),
        owed: usd("3.70"),
        paid: usd("3.70"),
        distributed: usd("3.70"),
        ..as_expected()
    };
    let expected = [
        ("graceful_exit", Some(usd("1.275"))),
        ("disposed", Some(usd("2.00"))),
        ("in_withholding", None),
    ];
    assert_eq!(reasons(&known(75), &stub)[..3], expected);
}

/// What waits for the satellite's minimum is paid, and not sent: no part of the difference.
#[test]
fn what_was_not_sent_is_told_beside_the_difference() {
    let waiting = Paystub { distributed: usd("0.00"), ..as_expected() };
    let result = Reconciliation::of(&known(0), &waiting);
    assert_eq!(result.reasons[0].cause, Cause::WithheldForMinimum { left: usd("1.70") });
    assert_eq!((result.reasons[0].amount, result.difference), (None, usd("0.00")));
    let later = Paystub { distributed: usd("5.00"), ..as_expected() };
    let result = Reconciliation::of(&known(0), &later);
    assert_eq!(result.reasons[0].cause, Cause::CaughtUp { more: usd("3.30") });
}

#[test]
fn days_that_are_not_known_are_told() {
    let days = DaysTold { days: 30, bandwidth: 28, storage: 29, calculated: 4 };
    let known = MonthKnown { days, offline_days: 1, ..known(0) };
    let result = Reconciliation::of(&known, &as_expected());
    let causes: Vec<Cause> = result.reasons.iter().map(|reason| reason.cause).collect();
    let expected = [
        Cause::BandwidthMissing { days: 2 },
        Cause::StorageMissing { days: 1 },
        Cause::StorageCalculated { days: 4 },
        Cause::OfflineDays { days: 1 },
    ];
    assert_eq!(causes, expected);
}

#[test]
fn what_nothing_explains_is_left_over() {
    let stub = Paystub { owed: usd("1.60"), paid: usd("1.60"), ..as_expected() };
    let named = reasons(&known(0), &stub);
    assert!(named.contains(&("remainder", Some(usd("-0.10")))), "{named:?}");
}

fn any_codes() -> impl Strategy<Value = PaystubCodes> {
    prop::sample::subsequence(vec!["D", "S", "T", "E", "X", "I", "O", "B"], 0..=8)
        .prop_map(|letters| PaystubCodes::from_text(&letters.join(":")))
}

/// A paystub that a satellite makes for a node of 10 January 2025.
fn made(period: Period, usage: Usage, terms: &StatementTerms, so_far: HeldSoFar) -> Paystub {
    let statement = Statement::of(
        terms,
        &NodeMonth {
            period,
            joined_at: at("2025-01-10T00:00:00Z"),
            last_contact_at: period.end(),
            disqualified_at: None,
            exited_at: None,
            usage,
            so_far,
        },
    );
    Paystub {
        satellite: us1(),
        codes: statement.codes,
        usage_at_rest: usage.storage,
        usage_get: usage.egress,
        usage_get_repair: usage.repair,
        usage_get_audit: usage.audit,
        comp_at_rest: statement.at_rest,
        comp_get: statement.get,
        comp_get_repair: statement.get_repair,
        comp_get_audit: statement.get_audit,
        surge_percent: terms.surge_percent,
        held: statement.held,
        owed: statement.owed,
        disposed: statement.disposed,
        paid: statement.owed,
        distributed: statement.owed,
        ..paystub(period)
    }
}

fn any_use() -> impl Strategy<Value = Usage> {
    (0..50 * TB, 0..5 * TB, 0..TB, 0..30 * 744 * TB).prop_map(|(egress, repair, audit, storage)| {
        Usage {
            egress: bytes(egress),
            repair: bytes(repair),
            audit: bytes(audit),
            storage: byte_hours(storage),
        }
    })
}

proptest! {
    /// Whatever a paystub says, reasons and remainder make up the difference.
    #[test]
    fn parts_make_up_the_difference(
        amounts in prop::array::uniform8(0_i64..50_000_000),
        ours in any_use(),
        theirs in any_use(),
        codes in any_codes(),
        held in 0_u8..=75,
        surge_percent in 0_u32..400,
    ) {
        let [comp_at_rest, comp_get, comp_get_repair, held_back, owed, disposed, paid, distributed] =
            amounts.map(MicroUsd::new);
        let stub = Paystub {
            codes,
            usage_at_rest: theirs.storage,
            usage_get: theirs.egress,
            usage_get_repair: theirs.repair,
            usage_get_audit: theirs.audit,
            comp_at_rest,
            comp_get,
            comp_get_repair,
            held: held_back,
            owed,
            disposed,
            paid,
            distributed,
            surge_percent,
            ..paystub(month("2026-06"))
        };
        reasons(&MonthKnown { usage: ours, ..known(held) }, &stub);
    }

    /// Of a statement that a satellite makes by its rule, nothing is left unexplained, and what
    /// rounding takes or gives is less than a hundredth of a cent.
    #[test]
    fn a_statement_by_the_rule_is_explained_wholly(
        usage in any_use(),
        months in 0..24_i32,
        surge_percent in prop::sample::select(vec![0_u32, 100, 150, 250]),
        held_so_far in 0_i64..100_000_000,
    ) {
        let terms = StatementTerms {
            rates: StatementRates {
                at_rest_gb_hour: Rate::new(208, 8),
                get_tb: Rate::new(2, 0),
                get_repair_tb: Rate::new(2, 0),
                get_audit_tb: Rate::new(2, 0),
            },
            surge_percent,
            ..StatementTerms::default()
        };
        let period = month("2025-01").plus_months(months).unwrap();
        let so_far = HeldSoFar { held: MicroUsd::new(held_so_far), disposed: MicroUsd::new(0) };
        let stub = made(period, usage, &terms, so_far);
        let held_percent = HeldPercent::of(at("2025-01-10T00:00:00Z"), period);
        let prices = Prices { storage: CentsPerTb::new(149), ..PRICES };
        let known = MonthKnown { usage, prices, held_percent, ..known(0) };
        let named = reasons(&known, &stub);
        for (name, amount) in named {
            match name {
                "prices" | "surge" | "disposed" | "in_withholding" => {}
                "rounding" => prop_assert!(amount.unwrap().get().abs() <= 250, "{amount:?}"),
                other => prop_assert!(false, "{other}: {amount:?}"),
            }
        }
    }
}
