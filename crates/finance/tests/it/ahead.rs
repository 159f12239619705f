//! Forecasts over a real database.

use piecewatch_finance::{Figure, MonthState, NodeForecast, SatelliteForecast};
use piecewatch_model::{Fact, KnownSatellite, MicroUsd, SatelliteId, Standing};

use crate::books::{
    Books, NOW, account, attic, august, calculated, day, downloads, estimated, facts, joined,
    stored, us1, used,
};

const DAY: i64 = 86_400_000_000;
const TB: u64 = 1_000_000_000_000;

fn of(forecast: &NodeForecast, satellite: SatelliteId) -> &SatelliteForecast {
    forecast.satellites.iter().find(|of| of.satellite == satellite).unwrap()
}

fn usd(text: &str) -> MicroUsd {
    text.parse().unwrap()
}

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

/// The time since a node was last asked is not time without traffic.
#[test]
fn a_node_that_was_asked_once_is_forecast_the_same_whenever_it_is_looked_at() {
    let mut books = Books::new();
    let mut facts: Vec<Fact> =
        (1..=5).map(|of_month| downloads(us1(), day(of_month), TB / 10)).collect();
    facts.extend((1..=5).map(|of_month| stored(us1(), day(of_month), TB)));
    books.report(&attic(), day(6), facts);
    let ledger = books.ledger();
    let on_the_6th = ledger.forecast(&attic(), august(), day(6)).unwrap();
    let on_the_25th = books.ledger().forecast(&attic(), august(), day(25)).unwrap();
    // Five days of 31: 3.1 TB at 2 USD, and 1 TB for 744 hours.
    let expected = of(&on_the_6th, us1()).forecast.expected.earnings;
    assert_eq!((expected.egress, expected.storage), (usd("6.20"), usd("1.55")));
    assert_eq!(on_the_25th.satellites, on_the_6th.satellites);
    assert_eq!((on_the_25th.as_of, on_the_25th.month.as_of), (Some(day(6)), Some(day(6))));
    // When the month is over nothing is made up of it any more.
    let september = books.ledger().forecast(&attic(), august(), august().end()).unwrap();
    assert_eq!(of(&september, us1()).forecast.state, MonthState::Past);
    assert_eq!(of(&september, us1()).forecast.expected.earnings.egress, usd("1.00"));
}

#[test]
fn a_log_that_ends_early_is_forecast_from_its_end() {
    let mut books = Books::new();
    for of_month in 1..=4 {
        books.log(&attic(), day(of_month), &[4_000_000_000], NOW);
    }
    let last = day(5).plus_micros(-1);
    books.log(&attic(), last, &[4_000_000_000], NOW);
    let on_the_6th = books.ledger().forecast(&attic(), august(), day(6)).unwrap();
    let on_the_25th = books.ledger().forecast(&attic(), august(), day(25)).unwrap();
    // 20 GB in four days are 155 GB in 31, at 2 USD a TB.
    assert_eq!(of(&on_the_6th, us1()).forecast.expected.earnings.egress, usd("0.31"));
    assert_eq!(on_the_25th.satellites, on_the_6th.satellites);
    assert_eq!((on_the_25th.as_of, on_the_25th.month.as_of), (Some(last), Some(last)));
}

/// v1.162 tells a day that it interpolated with 0 byte-hours, and counts it in its estimate.
#[test]
fn days_that_the_node_calculated_are_not_counted_twice() {
    let mut books = Books::new();
    let mut facts: Vec<Fact> = (1..=10).map(|of_month| stored(us1(), day(of_month), TB)).collect();
    facts.extend((11..=20).map(|of_month| calculated(us1(), day(of_month), TB)));
    facts.push(estimated(us1(), august(), (0, 480 * TB), Some(usd("1.55"))));
    books.report(&attic(), day(21), facts);
    let forecast = books.ledger().forecast(&attic(), august(), day(24)).unwrap();
    let of_us1 = &of(&forecast, us1()).forecast;
    assert_eq!(of_us1.so_far.earnings.storage, usd("1.00"));
    // 1 TB for the 744 hours of August, at 1.50 USD for 720.
    assert_eq!(of_us1.expected.earnings.storage, usd("1.55"));
}

/// What the node's estimate completes is forecast, too.
#[test]
fn traffic_that_the_days_lack_is_in_the_forecast() {
    let mut books = Books::new();
    let facts =
        vec![downloads(us1(), day(1), TB), estimated(us1(), august(), (4 * TB, 0), Some(usd("8")))];
    books.report(&attic(), day(5), facts);
    let forecast = books.ledger().forecast(&attic(), august(), day(9)).unwrap();
    let of_us1 = &of(&forecast, us1()).forecast;
    assert_eq!(of_us1.so_far.earnings.egress, usd("8"));
    assert_eq!(of_us1.expected.earnings.egress, usd("62"));
}

/// On the first days of a month no satellite has told what it stores: the node itself counts
/// nothing, and the forecast goes by the space that is used.
#[test]
fn storage_that_was_not_told_yet_is_forecast_by_what_is_known_otherwise() {
    let eu1 = KnownSatellite::ALL[1].id();
    let july = |of_month: i64| august().start().plus_micros((of_month - 32) * DAY);
    let known = |books: &mut Books| {
        books.report(
            &attic(),
            july(31),
            vec![
                joined(us1(), "2024-01-05T00:00:00Z"),
                joined(eu1, "2024-01-05T00:00:00Z"),
                stored(us1(), july(30), 3 * TB),
                stored(eu1, july(30), TB),
            ],
        );
        let traffic = [us1(), eu1].map(|satellite| downloads(satellite, day(1), 1_000));
        books.report(&attic(), day(1).plus_micros(DAY / 2), traffic.into());
    };
    let storage = |books: &Books| {
        let forecast = books.ledger().forecast(&attic(), august(), day(2)).unwrap();
        [us1(), eu1].map(|satellite| {
            let of = &of(&forecast, satellite).forecast;
            (of.so_far.earnings.storage, of.expected.earnings.storage)
        })
    };
    // 8 TB are in use: three of four parts are us1's, for 744 hours.
    let mut books = Books::new();
    known(&mut books);
    books.report(&attic(), day(1).plus_micros(DAY / 2), vec![used(8 * TB)]);
    let month = books.ledger().month(&attic(), august(), day(2)).unwrap();
    assert!(month.satellites.iter().all(|of| of.node.unwrap().lacks_storage()));
    assert_eq!(month.node_earnings().storage, usd("0"), "as the node itself says");
    let nothing = usd("0");
    assert_eq!(storage(&books), [(nothing, usd("9.30")), (nothing, usd("3.10"))]);
    // One of the two has told its first day.
    books.report(&attic(), day(1).plus_micros(DAY / 2), vec![stored(eu1, day(1), TB)]);
    let [of_us1, of_eu1] = storage(&books);
    assert_eq!(of_us1, (nothing, usd("9.30")));
    assert_eq!(of_eu1.1, usd("1.575"), "half a day told as a whole one");
    // Nothing is known but July: a day of 31 of 3 TB, and so on for 31 days.
    let mut books = Books::new();
    known(&mut books);
    assert_eq!(storage(&books), [(nothing, usd("0.15")), (nothing, usd("0.05"))]);
}

#[test]
fn satellites_that_owe_nothing_are_left_out_and_those_that_were_left_do_not_go_on() {
    let (eu1, ap1) = (KnownSatellite::ALL[1].id(), KnownSatellite::ALL[2].id());
    let standing = |satellite, disqualified_at, exited_at| {
        Fact::Standing(Standing { disqualified_at, exited_at, ..Standing::unknown(satellite) })
    };
    let mut books = Books::new();
    let mut facts = vec![standing(eu1, Some(day(5)), None), standing(ap1, None, Some(day(5)))];
    for satellite in [us1(), eu1, ap1] {
        facts.push(downloads(satellite, day(2), TB));
    }
    books.report(&attic(), day(11), facts);
    let forecast = books.ledger().forecast(&attic(), august(), day(11)).unwrap();
    assert_eq!(forecast.satellites.len(), 2);
    let egress = |satellite| of(&forecast, satellite).forecast.expected.earnings.egress;
    assert_eq!((egress(us1()), egress(ap1)), (usd("6.20"), usd("2.00")));
}
