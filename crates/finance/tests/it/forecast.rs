//! What a month will have earned at its end.

use piecewatch_finance::{
    Earnings, Estimate, Forecast, ForecastTotal, HeldPercent, MonthSoFar, MonthState, Usage,
};
use piecewatch_model::{DailyBandwidth, Timestamp};
use proptest::prelude::*;

use crate::usd::{PRICES, TB, at, byte_hours, bytes, egress_day, month, usd};

const GB: u64 = 1_000_000_000;

/// June 2026 has 30 days.
fn so_far(bandwidth: &[DailyBandwidth]) -> MonthSoFar<'_> {
    MonthSoFar {
        period: month("2026-06"),
        joined_at: None,
        usage: Usage::of_days(month("2026-06"), bandwidth, &[]),
        bandwidth,
        unknown_micros: 0,
        storage_until: month("2026-06").start(),
        level: None,
        prices: PRICES,
        held_percent: HeldPercent::NONE,
        month_before: None,
    }
}

/// So many days at 100 GB each.
fn even_days(days: i64) -> Vec<DailyBandwidth> {
    (1..=days).map(|day| egress_day(month("2026-06"), day, 100 * GB)).collect()
}

fn june(day: i64) -> Timestamp {
    month("2026-06").start().plus_micros(day * 86_400_000_000)
}

#[test]
fn traffic_goes_on_at_its_rate_and_storage_at_its_level() {
    let days = even_days(10);
    let known = MonthSoFar {
        usage: Usage { storage: byte_hours(9 * 24 * TB), ..so_far(&days).usage },
        storage_until: june(9),
        level: Some(bytes(2 * TB)),
        ..so_far(&days)
    };
    let forecast = Forecast::of(&known, june(10));
    assert_eq!(forecast.state, MonthState::Running);
    // 3 TB at 2 USD; 216 TB-hours so far and 2 TB for 21 days more, 1,224 at 1.50 USD for 720.
    assert_eq!(forecast.expected.earnings.egress, usd("6.00"));
    assert_eq!(forecast.expected.earnings.storage, usd("2.55"));
    assert_eq!(forecast.so_far.earnings.payout, usd("2.45"));
    // Days that are all alike leave nothing open.
    assert_eq!((forecast.low, forecast.high), (usd("8.55"), usd("8.55")));
}

/// Predecessor fault 27: progress in whole days made the forecast too low by up to a day, and there
/// was none on the first.
#[test]
fn part_of_a_day_counts_as_part_of_a_day() {
    // Ten minutes into the 11th day, with ten minutes of its traffic.
    let mut days = even_days(10);
    days.push(egress_day(month("2026-06"), 11, 100 * GB / 144));
    let now = june(10).plus_micros(600_000_000);
    let egress = |forecast: Forecast| forecast.expected.earnings.egress;
    assert_eq!(egress(Forecast::of(&so_far(&days), now)), usd("6.00"));
    // Half of the first day.
    let half = [egress_day(month("2026-06"), 1, 50 * GB)];
    let first = Forecast::of(&so_far(&half), june(0).plus_micros(43_200_000_000));
    assert_eq!(egress(first), usd("6.00"));
    assert!(first.confidence > 0.0 && first.confidence < 0.2, "{}", first.confidence);
}

/// Predecessor fault 28: what is usual was never computed, so that nothing was ever unusual. How
/// far days differ is computed here from the days themselves: the same sum in uneven days is less
/// sure.
#[test]
fn days_that_differ_make_a_forecast_less_sure() {
    let even = even_days(10);
    let uneven: Vec<DailyBandwidth> = (1..=10)
        .map(|day| egress_day(month("2026-06"), day, if day % 2 == 0 { 180 } else { 20 } * GB))
        .collect();
    let (even, uneven) =
        (Forecast::of(&so_far(&even), june(10)), Forecast::of(&so_far(&uneven), june(10)));
    assert_eq!(even.expected, uneven.expected);
    assert_eq!(even.low, even.high);
    // Days of 0.04 and 0.36 USD: a variance of 0.02844; 20 days ahead by 10 seen are 60 such days.
    let half = 2.0 * (0.028_44_f64 * 60.0).sqrt() * 1e6;
    let ours = (uneven.high - uneven.expected.earnings.payout).get() as f64;
    assert!((ours - half).abs() < half / 100.0, "{ours} {half}");
    assert!(uneven.confidence < even.confidence);
}

#[test]
fn the_first_minutes_lean_on_the_month_before() {
    // A gigabyte in the first minute: at that rate 43 TB. The month before had 3.1 TB in 31 days.
    let minute = [egress_day(month("2026-06"), 1, GB)];
    let now = june(0).plus_micros(60_000_000);
    let alone = Forecast::of(&so_far(&minute), now);
    assert_eq!(alone.expected.earnings.egress, usd("86.40"));
    assert_eq!(alone.low, usd("0.002"), "what is earned already");
    assert!(alone.confidence < 0.001, "{}", alone.confidence);
    let before =
        Usage { egress: bytes(3_100 * GB), storage: byte_hours(744 * TB), ..Usage::default() };
    let known = MonthSoFar { month_before: Some(before), ..so_far(&minute) };
    let forecast = Forecast::of(&known, now);
    // (1 + 100 GB) in a day and a minute make about 3.03 TB, and a terabyte is held as before.
    let egress = forecast.expected.earnings.egress;
    assert!(egress > usd("6.05") && egress < usd("6.07"), "{egress}");
    assert_eq!(forecast.expected.earnings.storage, usd("1.50"));
    assert!(forecast.confidence > alone.confidence);
}

#[test]
fn a_month_ahead_is_like_the_one_before() {
    let before = Usage { egress: bytes(3_100 * GB), ..Usage::default() };
    let known = MonthSoFar { month_before: Some(before), level: Some(bytes(TB)), ..so_far(&[]) };
    let forecast = Forecast::of(&known, at("2026-05-20T00:00:00Z"));
    assert_eq!(forecast.state, MonthState::Future);
    assert_eq!(forecast.so_far.earnings, Earnings::default());
    assert_eq!(forecast.expected.earnings.payout, usd("7.50"));
    assert!(forecast.low < usd("7.50") && forecast.high > usd("7.50"));
    assert!(forecast.confidence > 0.0 && forecast.confidence < 0.3, "{}", forecast.confidence);
}

#[test]
fn a_month_that_is_over_is_not_extrapolated() {
    let days = even_days(20);
    let forecast = Forecast::of(&so_far(&days), at("2026-07-01T00:00:00Z"));
    assert_eq!(forecast.state, MonthState::Past);
    assert_eq!(forecast.expected, forecast.so_far);
    assert_eq!((forecast.low, forecast.high), (usd("4.00"), usd("4.00")));
    assert_eq!(forecast.confidence, 1.0);
}

#[test]
fn nothing_known_is_forecast_as_nothing_with_no_confidence() {
    for now in [june(-10), june(0)] {
        let forecast = Forecast::of(&so_far(&[]), now);
        assert_eq!(forecast.expected.earnings, Earnings::default());
        assert_eq!((forecast.low, forecast.high), (usd("0"), usd("0")));
        assert_eq!(forecast.confidence, 0.0);
    }
}

/// Joined after 20 of 30 days: 500 GB in five days make 1 TB in ten, and a terabyte is held for
/// ten.
#[test]
fn the_month_of_the_join_begins_with_it() {
    let days: Vec<_> = (21..=25).map(|day| egress_day(month("2026-06"), day, 100 * GB)).collect();
    let known = MonthSoFar { joined_at: Some(june(20)), level: Some(bytes(TB)), ..so_far(&days) };
    let forecast = Forecast::of(&known, june(25));
    assert_eq!(forecast.expected.earnings.egress, usd("2.00"));
    assert_eq!(forecast.expected.earnings.storage, usd("0.50"));
    let before = MonthSoFar { joined_at: Some(at("2026-01-31T00:00:00Z")), ..so_far(&days) };
    assert_eq!(Forecast::of(&before, june(25)), Forecast::of(&so_far(&days), june(25)));
}

#[test]
fn a_gap_is_taken_to_be_like_what_is_known() {
    // Ten days have passed, the log knows five of them, at 100 GB.
    let days = even_days(5);
    let known = MonthSoFar { unknown_micros: 5 * 86_400_000_000, ..so_far(&days) };
    let forecast = Forecast::of(&known, june(10));
    assert_eq!(forecast.expected.earnings.egress, usd("6.00"));
    let booked = Forecast::of(&so_far(&days), june(10));
    assert_eq!(booked.expected.earnings.egress, usd("3.00"));
    assert!(forecast.confidence < booked.confidence);
}

#[test]
fn confidence_grows_with_time_and_shrinks_with_variance() {
    let (even, mut uneven) = (even_days(30), even_days(30));
    for (n, day) in uneven.iter_mut().enumerate() {
        day.get = bytes(if n % 2 == 0 { 40 * GB } else { 160 * GB });
    }
    let confidence = |days: &[DailyBandwidth], day: i64| {
        Forecast::of(&so_far(&days[..day as usize]), june(day)).confidence
    };
    let mut previous = (0.0, 0.0);
    for day in 2..30 {
        let now = (confidence(&even, day), confidence(&uneven, day));
        assert!(now.0 > previous.0 && now.1 > previous.1, "day {day}: {now:?} {previous:?}");
        assert!(now.0 > now.1 && now.0 < 1.0, "day {day}: {now:?}");
        previous = now;
    }
    assert!(previous.1 > 0.95, "{previous:?}");
}

/// Two whole days at 50 and 150 GB: 0.10 and 0.30 USD, of variance 0.02. Ahead are 28 days, seen 2:
/// 2 √(0.02 × (28 + 28² / 2)) = 2 √8.4 = 5.7966 USD about 6 USD.
#[test]
fn the_interval_is_two_standard_errors_wide() {
    let days =
        [egress_day(month("2026-06"), 1, 50 * GB), egress_day(month("2026-06"), 2, 150 * GB)];
    let forecast = Forecast::of(&so_far(&days), june(2));
    assert_eq!(forecast.expected.earnings.payout, usd("6.00"));
    let high = (forecast.high - usd("6.00")).get();
    assert!((high - 5_796_550).abs() < 100, "{high}");
    assert_eq!(forecast.low, usd("0.40"), "not below what is earned already");
    // Half of it with half held back.
    let held = MonthSoFar { held_percent: HeldPercent::new(50), ..so_far(&days) };
    let forecast = Forecast::of(&held, june(2));
    assert_eq!(forecast.expected.earnings.payout, usd("3.00"));
    assert!(((forecast.high - usd("3.00")).get() - 2_898_275).abs() < 100);
}

/// Predecessor fault 26: forecasting deleted the running month. Here it changes nothing: what is so
/// far is the estimate, before and after.
#[test]
fn forecasting_leaves_the_month_as_it_is() {
    let days = even_days(12);
    let known = so_far(&days);
    let usage = Usage::of_days(known.period, &days, &[]);
    let estimate = Estimate::of(&usage, &PRICES, HeldPercent::NONE);
    let forecasts = [june(12), june(13), june(12)].map(|now| Forecast::of(&known, now));
    assert!(forecasts.iter().all(|forecast| forecast.so_far == estimate));
    assert_eq!(forecasts[0], forecasts[2]);
}

/// A wrong clock, or another node under the same name.
#[test]
fn a_join_after_the_months_end_is_no_number_out_of_nothing() {
    let days = even_days(3);
    for joined in ["2026-07-01T00:00:00Z", "2026-09-01T00:00:00Z"] {
        let known = MonthSoFar { joined_at: Some(at(joined)), ..so_far(&days) };
        let forecast = Forecast::of(&known, june(10));
        assert_eq!(forecast.confidence, 1.0, "{joined}: {forecast:?}");
        assert_eq!(forecast.expected, forecast.so_far);
        assert!(ForecastTotal::of([&forecast]).confidence.is_finite());
    }
}

#[test]
fn forecasts_are_added_up_by_what_they_weigh() {
    let days = even_days(10);
    let sure = Forecast::of(&so_far(&days), june(30));
    let running = Forecast::of(&so_far(&days), june(10));
    let total = ForecastTotal::of([&sure, &running]);
    assert_eq!(total.so_far.payout, usd("4.00"));
    assert_eq!(total.expected.payout, usd("8.00"));
    let expected = (2.0 * 1.0 + 6.0 * running.confidence) / 8.0;
    assert!((total.confidence - expected).abs() < 1e-9, "{}", total.confidence);
    assert_eq!(ForecastTotal::of([]).confidence, 0.0);
}

proptest! {
    #[test]
    fn the_interval_holds_the_expected_payout_and_collapses_at_the_end(
        gets in prop::collection::vec(0..5 * TB, 30),
        held in 0_u8..=100,
        level in prop::option::of(0..50 * TB),
        before in prop::option::of(0..100 * TB),
        second in 0..2_592_000_i64,
    ) {
        let now = june(0).plus_micros(second * 1_000_000);
        let days: Vec<_> = (1..).zip(&gets)
            .map(|(day, get)| egress_day(month("2026-06"), day, *get))
            .filter(|row| row.day <= now)
            .collect();
        let known = MonthSoFar {
            level: level.map(bytes),
            held_percent: HeldPercent::new(held),
            month_before: before.map(|get| Usage { egress: bytes(get), ..Usage::default() }),
            ..so_far(&days)
        };
        let forecast = Forecast::of(&known, now);
        let point = forecast.expected.earnings.payout;
        prop_assert!(forecast.low <= point && point <= forecast.high);
        prop_assert!(forecast.so_far.earnings.payout <= forecast.low);
        prop_assert!((0.0..=1.0).contains(&forecast.confidence), "{}", forecast.confidence);
        let last = Forecast::of(&known, june(30).plus_micros(-1));
        let width = (last.high - last.low).get();
        prop_assert!(width <= 2, "{width} micro-dollars in the last microsecond");
        prop_assert!(last.confidence > 0.999);
    }
}
