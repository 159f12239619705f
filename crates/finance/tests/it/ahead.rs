//! Forecasts over a real database.

use piecewatch_finance::{Figure, MonthState};

use crate::books::{Books, NOW, account, attic, august, day, facts};

/// Predecessor fault 26: asking for a forecast removes the current month from its database.
#[test]
fn a_forecast_changes_nothing_that_is_stored() {
    let account = account(3, 4, NOW);
    let mut books = Books::new();
    books.report(&attic(), NOW, facts(&account, NOW));
    let ledger = books.forgetful();
    let before = ledger.month(&attic(), august(), NOW).unwrap();
    let forecast = ledger.forecast(&attic(), august(), NOW).unwrap();
    assert!(!forecast.satellites.is_empty());
    for of in &forecast.satellites {
        assert_eq!(of.forecast.state, MonthState::Running);
        let (so_far, expected) = (of.forecast.so_far.earnings, of.forecast.expected.earnings);
        assert!(so_far.gross() <= expected.gross(), "{of:?}");
        assert!(of.forecast.low <= expected.payout && expected.payout <= of.forecast.high);
    }
    assert_eq!(ledger.month(&attic(), august(), NOW).unwrap(), before);
}

#[test]
fn a_log_alone_is_forecast_by_its_days() {
    let mut books = Books::new();
    for of_month in 10..=18 {
        books.log(&attic(), day(of_month), &[1_000_000_000], NOW);
    }
    let forecast = books.ledger().forecast(&attic(), august(), NOW).unwrap();
    let of = &forecast.satellites[0];
    assert_eq!(of.figure, Figure::LogEstimate);
    // Nine days of a gigabyte in 9.6 days, from which 22 more are unknown.
    let expected = of.forecast.expected.earnings.egress.get();
    assert!((50_000..70_000).contains(&expected), "{expected}");
}
