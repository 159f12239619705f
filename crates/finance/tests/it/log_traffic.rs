//! What the log alone says of a month, and how far off it is.

use piecewatch_finance::{Figure, FigureTotal, LogError, LogTraffic, Usage};
use piecewatch_model::{Action, FailureClass, Outcome};

use crate::usd::{byte_hours, bytes, usd};

#[test]
fn only_downloads_that_succeeded_count_each_for_what_it_was() {
    let failed = Outcome::Failed(FailureClass::Network);
    let traffic = LogTraffic::of([
        (&Action::Get, Outcome::Success, bytes(1_000)),
        (&Action::Get, Outcome::Success, bytes(500)),
        (&Action::Get, Outcome::Canceled, bytes(10)),
        (&Action::Get, failed, bytes(20)),
        (&Action::GetRepair, Outcome::Success, bytes(300)),
        (&Action::GetAudit, Outcome::Success, bytes(7)),
        (&Action::Put, Outcome::Success, bytes(10_000)),
        (&Action::PutRepair, Outcome::Success, bytes(10_000)),
        (&Action::Download, Outcome::Success, bytes(40)),
    ]);
    let expected = LogTraffic { egress: bytes(1_500), repair: bytes(300), audit: bytes(7) };
    assert_eq!(traffic, expected);
    assert_eq!(traffic.usage(byte_hours(9)).storage, byte_hours(9));
}

#[test]
fn the_error_against_what_was_booked_is_told() {
    let error = |log: u64, booked: u64| {
        let log = LogTraffic { egress: bytes(log), ..LogTraffic::default() };
        let booked = Usage { repair: bytes(booked), ..Usage::default() };
        LogError::of(&log, &booked).hundredths_of_percent()
    };
    assert_eq!(error(980, 1_000), Some(-200));
    assert_eq!(error(1_001, 1_000), Some(10));
    assert_eq!(error(0, 1_000), Some(-10_000));
    assert_eq!(error(5, 0), None);
}

#[test]
fn a_total_knows_what_it_lacks() {
    let total = FigureTotal::of(Figure::Paid, [Some(usd("1.00")), None, Some(usd("0.25"))]);
    assert_eq!((total.amount, total.known, total.missing), (usd("1.25"), 2, 1));
    assert!(!total.is_whole());
    let names = Figure::ALL.map(Figure::name);
    assert_eq!(names, ["log_estimate", "node_estimate", "paid"]);
}
