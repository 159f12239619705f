//! What a terabyte earns, and what is left after costs.

use piecewatch_finance::{PerTerabyte, Profit};

use crate::usd::{TB, at, byte_hours, bytes, month, usd};

/// 3 TB for the first 10 days of a month: 720 TB-hours, one terabyte-month.
#[test]
fn a_month_that_runs_is_averaged_over_the_time_that_is_over() {
    let now = at("2026-07-11T00:00:00Z");
    let per =
        PerTerabyte::of(usd("1.50"), byte_hours(720 * TB), bytes(TB / 4), (month("2026-07"), now));
    assert_eq!(per.held_average, bytes(3 * TB));
    assert_eq!((per.held, per.held_month), (Some(usd("0.50")), Some(usd("1.50"))));
    assert_eq!(per.downloaded, Some(usd("6.00")));
}

#[test]
fn nothing_held_and_nothing_moved_is_no_division() {
    for now in ["2026-07-01T00:00:00Z", "2026-06-01T00:00:00Z", "2026-09-01T00:00:00Z"] {
        let per = PerTerabyte::of(usd("1"), byte_hours(0), bytes(0), (month("2026-07"), at(now)));
        assert_eq!((per.held, per.held_month, per.downloaded), (None, None, None));
    }
}

#[test]
fn cost_grows_with_the_month() {
    let profit = |now: &str| Profit::of(usd("4.00"), usd("6.20"), month("2026-07"), at(now));
    // Ten of 31 days.
    let running = profit("2026-07-11T00:00:00Z");
    assert_eq!((running.cost, running.profit), (usd("2.00"), usd("2.00")));
    let past = profit("2026-09-01T00:00:00Z");
    assert_eq!((past.cost, past.profit), (usd("6.20"), usd("-2.20")));
    assert_eq!(profit("2026-06-11T00:00:00Z").cost, usd("0.00"));
    let both: Profit = [running, past].into_iter().sum();
    assert_eq!((both.earned, both.cost, both.profit), (usd("8.00"), usd("8.20"), usd("-0.20")));
}
