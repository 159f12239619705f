//! Which price holds, and from where it is known.

use piecewatch_finance::{PaidRates, Price, PriceHistory, PriceSource, built_in_prices};
use piecewatch_model::{CentsPerTb, Paystub, Prices};

use crate::usd::{PRICES, TB, byte_hours, bytes, eu1, month, paystub, us1, usd};

fn storage(cents: u32) -> Prices {
    Prices { storage: CentsPerTb::new(cents), ..PRICES }
}

fn check(history: &PriceHistory, period: &str, paystub: Option<&Paystub>, cents: u32, from: &str) {
    let Price { prices, source } = history.price(us1(), month(period), paystub);
    assert_eq!((prices.storage.get(), source.name()), (cents, from), "{period}");
}

#[test]
fn a_price_is_sure_in_the_month_in_which_it_was_told_and_between_two_that_agree() {
    let history = PriceHistory::new([
        (us1(), month("2025-03"), storage(149)),
        (us1(), month("2025-07"), storage(149)),
        (us1(), month("2026-02"), storage(160)),
        (eu1(), month("2025-01"), storage(999)),
    ]);
    for (period, cents, from) in [
        ("2025-03", 149, "node"),
        ("2025-05", 149, "node"),
        ("2025-07", 149, "node"),
        // It changed at some time until February.
        ("2025-08", 149, "node_earlier"),
        ("2026-02", 160, "node"),
        ("2030-01", 160, "node_earlier"),
        // The earliest that was told later.
        ("2025-02", 149, "node_later"),
        ("2023-12", 149, "node_later"),
    ] {
        check(&history, period, None, cents, from);
        let is_sure = history.price(us1(), month(period), None).source.is_sure();
        assert_eq!(is_sure, from == "node", "{period}");
    }
}

/// The node was not asked for a year, in which the price was raised: its statements tell it.
#[test]
fn a_statement_goes_before_an_old_price() {
    let stub = Paystub {
        usage_at_rest: byte_hours(3 * 720 * TB),
        comp_at_rest: usd("4.80"),
        ..paystub(month("2026-01"))
    };
    let history = PriceHistory::new([(us1(), month("2025-03"), storage(149))]);
    check(&history, "2026-01", Some(&stub), 160, "paystub");
    check(&history, "2025-03", Some(&stub), 149, "node");
    // Told alike before and after, it is what the node's own estimate was made with.
    let history = PriceHistory::new([
        (us1(), month("2025-03"), storage(149)),
        (us1(), month("2026-03"), storage(149)),
    ]);
    check(&history, "2026-01", Some(&stub), 149, "node");
}

#[test]
fn a_price_told_after_a_known_change_does_not_hold_before_it() {
    let history = PriceHistory::new([(us1(), month("2025-03"), storage(149))]);
    let Price { prices, source } = history.price(us1(), month("2023-11"), None);
    assert_eq!(source, PriceSource::BuiltIn);
    assert_eq!(
        (prices.egress.get(), prices.repair.get(), prices.audit.get()),
        (2_000, 1_000, 1_000)
    );
}

#[test]
fn without_anything_the_known_prices_are_taken_and_marked() {
    let Price { prices, source } = PriceHistory::default().price(us1(), month("2026-01"), None);
    assert_eq!((prices, source), (PRICES, PriceSource::BuiltIn));
    assert_ne!(built_in_prices(month("2023-11")), built_in_prices(month("2023-12")));
}

/// 0.00000208 USD for a gigabyte-hour are 1.4976 USD for a terabyte-month: the node is told 149.
#[test]
fn a_paystub_shows_what_was_paid() {
    let stub = Paystub {
        usage_at_rest: byte_hours(3 * 720 * TB),
        comp_at_rest: usd("4.4928"),
        usage_get: bytes(TB / 10),
        comp_get: usd("2.00"),
        usage_get_audit: bytes(1_000),
        ..paystub(month("2023-10"))
    };
    let price = PriceHistory::default().price(us1(), month("2023-10"), Some(&stub));
    assert_eq!(price.source, PriceSource::Paystub);
    assert_eq!((price.prices.storage.get(), price.prices.egress.get()), (149, 2_000));
    // What it is too small to show is taken from what is known otherwise.
    assert_eq!((price.prices.repair.get(), price.prices.audit.get()), (1_000, 1_000));
    // What the node told in time holds all the same: its estimate was made with it.
    let history = PriceHistory::new([(us1(), month("2023-10"), storage(150))]);
    check(&history, "2023-10", Some(&stub), 150, "node");
    // But what it told later does not.
    let history = PriceHistory::new([(us1(), month("2023-11"), storage(170))]);
    check(&history, "2023-10", Some(&stub), 149, "paystub");
}

#[test]
fn a_rate_is_known_as_well_as_the_use_allows() {
    let stub = |used: u64, paid: &str| Paystub {
        usage_get: bytes(used),
        comp_get: usd(paid),
        ..paystub(month("2026-01"))
    };
    // 2 USD/TB: 123,456,789,012 bytes are 0.246913578024 USD, cut to micro-dollars.
    let exact = PaidRates::of(&stub(123_456_789_012, "0.246913")).egress.unwrap();
    assert!(exact.low <= 2_000_000 && exact.high > 2_000_000);
    assert_eq!(exact.cents(), Some(CentsPerTb::new(200)));
    // A gigabyte earns 2,000 micro-dollars, and so it might be 2.0009 USD: not to the half cent.
    let small = PaidRates::of(&stub(100_000_000, "0.0002")).egress.unwrap();
    assert_eq!(small.cents(), None);
    assert_eq!(PaidRates::of(&stub(0, "0.00")).egress, None);
}
