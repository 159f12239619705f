//! The ledger over a real database: what it asks, and the figures that it tells.

use piecewatch_finance::{CompletedBy, Figure, PriceSource, ShareBasis, StorageSource};
use piecewatch_model::{
    ByteCount, ByteHours, DailyBandwidth, Fact, KnownSatellite, MicroUsd, Period, SatelliteId,
    Standing, Timestamp,
};

use crate::books::{
    Books, NOW, attic, august, day, downloads, estimated, joined, node_payout, stored, us1, used,
};

const DAY: i64 = 86_400_000_000;

/// Predecessor fault behind its slow start: it went through a node's snapshots once for each
/// satellite.
#[test]
fn snapshots_are_read_once_for_a_node_and_month_whatever_the_number_of_satellites() {
    for satellites in [1_u8, 6, 60] {
        let mut books = Books::new();
        for hour in 0..48 {
            books.report(&attic(), day(1).plus_micros(hour * 3_600_000_000), vec![used(1 << 40)]);
        }
        let known =
            (0..satellites).map(|at| joined(SatelliteId::new([at; 32]), "2024-01-05T00:00:00Z"));
        books.report(&attic(), day(3), known.collect());
        let ledger = books.ledger();
        let month = ledger.month(&attic(), august(), day(3)).unwrap();
        let shares = ledger.storage_earnings(&attic(), august(), day(3)).unwrap();
        assert_eq!(shares.len(), usize::from(satellites));
        assert_eq!(books.asked("used space"), 1, "{satellites} satellites");
        // Nothing better is known than that they are alike, and the shares are the whole.
        let StorageSource::Snapshots { basis, total } = &month.storage else { panic!("{month:?}") };
        assert_eq!(*basis, ShareBasis::Even);
        let sum: ByteHours = shares.iter().map(|(_, byte_hours, _)| *byte_hours).sum();
        assert_eq!(sum, total.byte_hours);
        assert_eq!(total.byte_hours, ByteHours::new(48 << 40));
    }
}

/// Predecessor fault 32: it shared storage out by what was uploaded.
#[test]
fn storage_is_shared_out_by_what_was_stored_lately_and_else_by_downloads() {
    let eu1 = KnownSatellite::ALL[1].id();
    let mut books = Books::new();
    let july = Timestamp::from_civil((2026, 7, 20), 0, 0, 0);
    let uploads = DailyBandwidth {
        satellite: eu1,
        day: day(1),
        get: ByteCount::new(1),
        get_audit: ByteCount::default(),
        get_repair: ByteCount::default(),
        put: ByteCount::new(1 << 50),
        put_repair: ByteCount::default(),
    };
    books.report(
        &attic(),
        day(1),
        vec![used(4_000), Fact::Bandwidth(uploads), downloads(us1(), day(1), 3)],
    );
    let shares = |books: &Books| {
        let shares = books.ledger().storage_earnings(&attic(), august(), day(2)).unwrap();
        shares.into_iter().map(|(id, byte_hours, _)| (id, byte_hours.get())).collect::<Vec<_>>()
    };
    assert_eq!(shares(&books), [(us1(), 72_000), (eu1, 24_000)]);
    books.report(&attic(), day(1), vec![stored(us1(), july, 1_000), stored(eu1, july, 3_000)]);
    assert_eq!(shares(&books), [(us1(), 24_000), (eu1, 72_000)]);
}

/// Predecessor fault 23: without the node's API it knows two days of downloads, since it sums what
/// it keeps for two days.
#[test]
fn a_log_alone_tells_a_whole_months_downloads() {
    let mut books = Books::new();
    for of_month in 1..=18 {
        books.log(&attic(), day(of_month), &[50_000_000_000; 1], NOW);
    }
    let month = books.ledger().month(&attic(), august(), NOW).unwrap();
    let of = &month.satellites[0];
    // A size is capped at 4 GiB in the sums: no transfer is larger.
    let bytes = 18 * (1_u64 << 32);
    assert_eq!(of.log.unwrap().usage.egress, ByteCount::new(bytes));
    assert_eq!((of.node, of.paid.as_ref()), (None, None), "the figures are not mixed");
    assert_eq!(of.price.source, PriceSource::BuiltIn);
    // 77.309411328 GB at 2 USD a TB, in hundredths of a cent.
    assert_eq!(of.figure(Figure::LogEstimate), Some("0.1546".parse().unwrap()));
    assert_eq!(month.storage, StorageSource::Unknown);
}

/// A log of two weeks of a month says nothing of the other two, nor of the day that runs.
#[test]
fn the_log_is_held_against_what_the_node_booked_on_the_days_that_it_covers() {
    let mut books = Books::new();
    books.log(&attic(), day(4).plus_micros(DAY / 2), &[900], NOW);
    books.log(&attic(), day(5), &[900, 100], NOW);
    books.log(&attic(), day(7), &[500], NOW);
    let booked = (1..=9).map(|of_month| downloads(us1(), day(of_month), 1_250)).collect();
    books.report(&attic(), NOW, booked);
    let month = books.ledger().month(&attic(), august(), NOW).unwrap();
    // Days 5 and 6, of which the log knows 1,000 bytes and the node 2,500.
    let error = month.satellites[0].log.unwrap().error.unwrap();
    assert_eq!((error.log, error.booked), (ByteCount::new(1_000), ByteCount::new(2_500)));
    assert_eq!(error.hundredths_of_percent(), Some(-6_000));
    let cover = month.log.unwrap();
    assert_eq!((cover.from, cover.to), (day(4).plus_micros(DAY / 2), day(7)));
    assert_eq!((cover.compared_days, cover.is_whole(august(), NOW)), (2, false));
    // The node was asked last within the 6th: of that day it knows a part.
    let mut books = Books::new();
    books.log(&attic(), day(5), &[900, 100], NOW);
    books.log(&attic(), day(7), &[500], NOW);
    let booked = (5..=6).map(|of_month| downloads(us1(), day(of_month), 1_250)).collect();
    books.report(&attic(), day(6).plus_micros(DAY / 2), booked);
    let month = books.ledger().month(&attic(), august(), NOW).unwrap();
    let error = month.satellites[0].log.unwrap().error.unwrap();
    assert_eq!((error.log, error.booked), (ByteCount::new(1_000), ByteCount::new(1_250)));
}

#[test]
fn downloads_without_a_satellite_are_told_and_in_no_figure() {
    let mut books = Books::new();
    books.log(&attic(), day(2), &[1_000], NOW);
    books.log_for(None, &attic(), (day(3), &[70, 7]), NOW);
    let month = books.ledger().month(&attic(), august(), NOW).unwrap();
    assert_eq!(month.log.unwrap().without_satellite, ByteCount::new(77));
    assert_eq!(month.usage().egress, ByteCount::new(1_000));
}

/// Figures are of when they were told, not of when it was asked: of a log that of its newest line.
#[test]
fn figures_are_of_when_they_were_told_last() {
    let mut books = Books::new();
    books.report(&attic(), day(6), vec![downloads(us1(), day(5), 1_000)]);
    let as_of = |books: &Books| books.ledger().month(&attic(), august(), NOW).unwrap().as_of;
    assert_eq!(as_of(&books), Some(day(6)));
    books.report(&attic(), day(8), vec![downloads(us1(), day(5), 1_000)]);
    assert_eq!(as_of(&books), Some(day(8)));
    // What was told the longest ago counts for all.
    let eu1 = KnownSatellite::ALL[1].id();
    books.report(&attic(), day(9), vec![downloads(eu1, day(9), 1_000)]);
    assert_eq!(as_of(&books), Some(day(8)));
    books.log(&attic(), day(5), &[1_000, 2_000], NOW);
    assert_eq!(as_of(&books), Some(day(5).plus_micros(1_000_000)));
    assert_eq!(
        books.ledger().month(&attic(), "2026-05".parse().unwrap(), NOW).unwrap().as_of,
        None
    );
}

/// The parts of a month, which can be added up, are those of one figure.
#[test]
fn use_and_parts_of_a_month_come_from_one_figure() {
    let eu1 = KnownSatellite::ALL[1].id();
    let mut books = Books::new();
    books.log(&attic(), day(2), &[4_000_000_000], NOW);
    books.log_for(Some(eu1), &attic(), (day(3), &[2_000_000_000]), NOW);
    let month = books.ledger().month(&attic(), august(), NOW).unwrap();
    assert_eq!(month.basis(), Some(Figure::LogEstimate));
    assert_eq!(month.surest().unwrap().amount, "0.012".parse().unwrap());
    // The node tells of one of the two.
    books.report(&attic(), NOW, vec![downloads(us1(), day(2), 5_000_000_000)]);
    let month = books.ledger().month(&attic(), august(), NOW).unwrap();
    assert_eq!(month.basis(), Some(Figure::NodeEstimate));
    assert_eq!(month.usage().egress, ByteCount::new(5_000_000_000));
    let of_eu1 = month.satellites.iter().find(|of| of.satellite == eu1).unwrap();
    assert_eq!(month.breakdown(of_eu1), None);
    let node = month.total(Figure::NodeEstimate);
    assert_eq!((node.known, node.missing, node.amount), (1, 1, "0.01".parse().unwrap()));
    // A sum over one of two is not the month's: the log knows both.
    let surest = month.surest().unwrap();
    assert_eq!((surest.figure, surest.amount), (Figure::LogEstimate, "0.012".parse().unwrap()));
    assert_eq!(month.total(Figure::Paid).known, 0);
}

/// The node passes a satellite over as soon as that has disqualified it, and its statement for the
/// month pays nothing.
#[test]
fn a_satellite_that_disqualified_the_node_before_the_months_end_earns_nothing() {
    let (eu1, ap1) = (KnownSatellite::ALL[1].id(), KnownSatellite::ALL[2].id());
    let standing = |satellite, disqualified_at, exited_at| {
        Fact::Standing(Standing {
            joined_at: Some("2024-01-05T00:00:00Z".parse().unwrap()),
            disqualified_at,
            exited_at,
            ..Standing::unknown(satellite)
        })
    };
    let mut books = Books::new();
    let mut facts = vec![
        standing(us1(), None, None),
        standing(eu1, Some(day(10)), None),
        // Who has left is paid for the month of the exit.
        standing(ap1, None, Some(day(12))),
    ];
    for satellite in [us1(), eu1, ap1] {
        facts.push(downloads(satellite, day(5), 1_000_000_000_000));
        facts.push(downloads(satellite, day(1).plus_micros(-DAY), 1_000_000_000_000));
    }
    books.report(&attic(), NOW, facts);
    for satellite in [us1(), eu1] {
        books.log_for(Some(satellite), &attic(), (day(5), &[1_000]), NOW);
    }
    let ledger = books.ledger();
    let figures = |period: &str, now| {
        let month = ledger.month(&attic(), period.parse().unwrap(), now).unwrap();
        [us1(), eu1, ap1].map(|satellite| {
            let of = month.satellites.iter().find(|of| of.satellite == satellite);
            of.and_then(|of| of.figure(Figure::NodeEstimate)).map(MicroUsd::get)
        })
    };
    let two = Some(2_000_000);
    assert_eq!(figures("2026-07", NOW), [two, two, two]);
    assert_eq!(figures("2026-08", NOW), [two, None, two]);
    assert_eq!(figures("2026-09", "2026-09-02T00:00:00Z".parse().unwrap()), [None, None, None]);
    let month = ledger.month(&attic(), august(), NOW).unwrap();
    let of_eu1 = month.satellites.iter().find(|of| of.satellite == eu1);
    assert_eq!(of_eu1.map(|of| (of.is_over, of.log)), None, "nothing is left of it");
    assert!(month.total(Figure::NodeEstimate).is_whole());
}

#[test]
fn days_on_which_a_node_moved_nothing_for_anybody_are_offline_days() {
    let eu1 = KnownSatellite::ALL[1].id();
    let july: Period = "2026-07".parse().unwrap();
    let in_july = |of_month: i64| july.start().plus_micros((of_month - 1) * DAY);
    let offline = |books: &Books| {
        let month = books.ledger().month(&attic(), july, NOW).unwrap();
        month.satellites[0].node.unwrap().offline_days
    };
    let mut books = Books::new();
    // Off on the 10th and 11th; on the 20th one of the two moved something; off from the 29th on.
    let mut facts = Vec::new();
    for of_month in (1..=28).filter(|of_month| ![10, 11].contains(of_month)) {
        let satellite = if of_month == 20 { eu1 } else { us1() };
        facts.push(downloads(satellite, in_july(of_month), 1_000));
        facts.push(downloads(eu1, in_july(of_month), 1_000));
    }
    books.report(&attic(), in_july(28).plus_micros(DAY / 2), facts);
    assert_eq!(offline(&books), 2);
    // Back on the 3rd of August. Nobody asked it between: it may have moved something until then.
    books.report(&attic(), day(3), vec![downloads(us1(), day(3), 1_000)]);
    assert_eq!(offline(&books), 2);
    // Its estimate for July has nothing to add.
    let estimates = [(us1(), 25), (eu1, 26)];
    let estimates =
        estimates.map(|(satellite, days)| estimated(satellite, july, (days * 1_000, 0), None));
    books.report(&attic(), day(3), estimates.into());
    assert_eq!(offline(&books), 5);
    // An estimate that has more to tell says that it was there.
    books.report(&attic(), day(4), vec![estimated(us1(), july, (99_000, 0), None)]);
    assert_eq!(offline(&books), 2);
}

/// What the last poll of a month missed comes from `previousMonth`.
#[test]
fn what_was_booked_after_the_last_poll_comes_from_the_nodes_estimate_for_the_month() {
    let mut books = Books::new();
    let july: Period = "2026-07".parse().unwrap();
    let last_poll = july.end().plus_micros(-3_600_000_000);
    let bytes = 1_000_000_000_000;
    books.report(
        &attic(),
        last_poll,
        vec![
            joined(us1(), "2024-01-05T00:00:00Z"),
            downloads(us1(), day(31).plus_micros(-31 * DAY), bytes),
        ],
    );
    let ledger = books.ledger();
    assert_eq!(node_payout(&ledger, july, NOW), Some("2".parse().unwrap()));
    let estimate = estimated(us1(), july, (bytes + bytes / 2, 0), None);
    books.report(&attic(), july.end().plus_micros(DAY), vec![estimate]);
    ledger.refresh().unwrap();
    assert_eq!(node_payout(&ledger, july, NOW), Some("3".parse().unwrap()));
    let month = ledger.month(&attic(), july, NOW).unwrap();
    let by = month.satellites[0].node.unwrap().completed_by;
    assert!(matches!(by, CompletedBy::PreviousMonth(_)), "{by:?}");
}

/// "total_net" of the predecessor is before or after what is held back, depending on where it comes
/// from (fault 25). Each figure here is after it, with the held amount beside.
#[test]
fn every_figure_is_after_what_is_held_back() {
    let mut books = Books::new();
    books.log(&attic(), day(2), &[1_000_000_000; 4], NOW);
    books.report(
        &attic(),
        NOW,
        vec![joined(us1(), "2026-06-05T00:00:00Z"), downloads(us1(), day(2), 4_000_000_000)],
    );
    let month = books.ledger().month(&attic(), august(), NOW).unwrap();
    let of = &month.satellites[0];
    for estimate in [of.log.unwrap().estimate, of.node.unwrap().estimate] {
        assert_eq!(estimate.held_percent.get(), 75);
        assert_eq!(estimate.earnings.gross(), "0.008".parse().unwrap());
        assert_eq!(estimate.earnings.payout, "0.002".parse().unwrap());
    }
}
