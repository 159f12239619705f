//! What is held back, until when, and when half of it comes back.

use piecewatch_finance::{
    HeldDrop, HeldFate, HeldPercent, HeldReturn, HeldSoFar, ReturnState, WITHHOLDING_SCHEDULE,
    Withholding, next_drop,
};
use piecewatch_model::{Paystub, Period, Standing};

use crate::usd::{at, month, paystub, us1, usd};

#[test]
fn shares_fall_every_three_calendar_months_whatever_the_day() {
    let expected = [75, 75, 75, 50, 50, 50, 25, 25, 25, 0, 0, 0];
    for joined in ["2025-11-01T00:00:00Z", "2025-11-15T12:00:00Z", "2025-11-30T23:59:59Z"] {
        let held = (0..12).map(|months| {
            let period = month("2025-11").plus_months(months).unwrap();
            HeldPercent::of(at(joined), period).get()
        });
        assert_eq!(held.collect::<Vec<_>>(), expected, "joined {joined}");
    }
    assert_eq!(HeldPercent::of(at("2025-11-15T12:00:00Z"), month("2025-10")).get(), 75);
}

#[test]
fn the_next_drop_is_known_until_nothing_is_held() {
    let joined = at("2025-11-15T12:00:00Z");
    for (period, drop) in [
        ("2025-11", Some(("2026-02", 50))),
        ("2026-01", Some(("2026-02", 50))),
        ("2026-02", Some(("2026-05", 25))),
        ("2026-07", Some(("2026-08", 0))),
        ("2026-08", None),
    ] {
        let expected = drop.map(|(period, percent)| HeldDrop {
            period: month(period),
            percent: HeldPercent::new(percent),
        });
        assert_eq!(next_drop(joined, month(period)), expected, "in {period}");
    }
}

fn stubs(held: &[(&str, &str, &str)]) -> Vec<Paystub> {
    held.iter()
        .map(|(period, held, disposed)| Paystub {
            held: usd(held),
            disposed: usd(disposed),
            ..paystub(month(period))
        })
        .collect()
}

/// A node of January 2025: its 16th month is April 2026, paid in May.
#[test]
fn half_of_the_held_amount_is_due_in_month_16() {
    let joined = at("2025-01-10T11:12:13Z");
    let so_far = HeldSoFar::of(&stubs(&[
        ("2025-01", "0.75", "0.00"),
        ("2025-02", "1.50", "0.00"),
        ("2025-04", "2.000001", "0.00"),
    ]));
    assert_eq!(so_far.kept(), usd("4.250001"));
    let due = HeldReturn::of(joined, so_far).unwrap();
    assert_eq!((due.period, due.due_at), (month("2026-04"), at("2026-05-01T00:00:00Z")));
    // Half of 4.250001, cut to a micro-dollar; the other half comes back on graceful exit only.
    assert_eq!((due.amount, due.kept_until_exit), (usd("2.125"), usd("2.125001")));
    assert_eq!(due.state(at("2026-04-30T00:00:00Z")), ReturnState::Ahead);
    assert_eq!(due.state(at("2026-05-01T00:00:00Z")), ReturnState::Due);
}

#[test]
fn what_was_released_is_not_due_again() {
    let joined = at("2025-01-10T11:12:13Z");
    let so_far = HeldSoFar::of(&stubs(&[("2025-01", "4.00", "0.00"), ("2026-04", "0.00", "2.00")]));
    let due = HeldReturn::of(joined, so_far).unwrap();
    assert_eq!((due.amount, due.kept_until_exit), (usd("0.00"), usd("2.00")));
    assert_eq!(due.state(at("2026-06-01T00:00:00Z")), ReturnState::Returned);
    // After a graceful exit nothing is left, and nothing is owed back.
    let all = HeldSoFar { held: usd("4.00"), disposed: usd("4.00") };
    let due = HeldReturn::of(joined, all).unwrap();
    assert_eq!((due.amount, due.kept_until_exit), (usd("0.00"), usd("0.00")));
}

/// For all joins but those at the very beginning of a month, and on days that other months do not
/// have, both rules hold back the same; the satellite's goes on at 0 % for six months.
#[test]
fn the_nodes_rule_and_the_satellites_agree_on_the_10th() {
    let joined = at("2025-01-10T11:12:13Z");
    for months in 0..16 {
        let period = month("2025-01").plus_months(months).unwrap();
        let theirs = Withholding::at(&WITHHOLDING_SCHEDULE, joined, period.end());
        assert_eq!(theirs.percent(), HeldPercent::of(joined, period), "{period}");
        assert_eq!(theirs == Withholding::Over, months == 15, "{period}");
    }
}

/// Who joined on 31 January at noon is held at 75 % in April too: 31 January and three months is
/// 1 May at noon, after April's end. The node expects 50 %.
#[test]
fn a_node_of_the_31st_is_held_longer_than_it_expects() {
    let joined = at("2025-01-31T12:00:00Z");
    let april = month("2025-04");
    let theirs = Withholding::at(&WITHHOLDING_SCHEDULE, joined, april.end());
    assert_eq!(theirs, Withholding::In(HeldPercent::new(75)));
    assert_eq!(HeldPercent::of(joined, april), HeldPercent::new(50));
}

/// Who joined in the first instant of a month: a month later is not after that month's end, so the
/// first entry is never used, and the 15th month is past the schedule.
#[test]
fn a_node_of_the_first_instant_of_a_month_is_a_month_ahead() {
    let joined = at("2025-01-01T00:00:00Z");
    let percent = |period: Period| Withholding::at(&WITHHOLDING_SCHEDULE, joined, period.end());
    assert_eq!(percent(month("2025-03")), Withholding::In(HeldPercent::new(50)));
    assert_eq!(percent(month("2026-03")), Withholding::Over);
    let due = HeldReturn::of(joined, HeldSoFar::default()).unwrap();
    assert_eq!(due.period, month("2026-03"));
}

/// To a node that is disqualified nothing comes back; to one that has left all of it does, with the
/// statement for the month of its exit.
#[test]
fn what_is_held_is_lost_by_disqualification_and_returned_by_an_exit() {
    let fate = |disqualified: Option<&str>, exited: Option<&str>, stated: &str| {
        let standing = Standing {
            disqualified_at: disqualified.map(at),
            exited_at: exited.map(at),
            ..Standing::unknown(us1())
        };
        HeldFate::of(Some(&standing), Some(month(stated)))
    };
    let (june, july) = ("2026-06-20T00:00:00Z", "2026-07-20T00:00:00Z");
    assert_eq!(fate(None, None, "2026-07"), HeldFate::Kept);
    assert_eq!(HeldFate::of(None, None), HeldFate::Kept);
    assert_eq!(fate(Some(july), None, "2026-06"), HeldFate::Lost);
    let returning = HeldFate::Returning { period: month("2026-07") };
    assert_eq!(fate(None, Some(july), "2026-06"), returning);
    assert_eq!(fate(None, Some(july), "2026-07"), HeldFate::Lost, "it was stated and not returned");
    // The one that came first counts.
    assert_eq!(
        fate(Some(july), Some(june), "2026-05"),
        HeldFate::Returning { period: month("2026-06") }
    );
    assert_eq!(fate(Some(june), Some(july), "2026-05"), HeldFate::Lost);
}
