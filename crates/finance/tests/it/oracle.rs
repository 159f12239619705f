//! A second calculation of what a node expects, in binary fractions as the node makes it. It shares no
//! code with the crate, nor with anything else: calendar, rounding and rates are its own.

use piecewatch_finance::{Earnings, Estimate, HeldPercent, Usage};
use piecewatch_model::{
    ByteCount, ByteHours, CentsPerTb, DailyBandwidth, DailyStorage, Period, Prices, SatelliteId,
    StorageBasis, Timestamp,
};

const HISTORIES: u64 = 4_000;

/// A day of a satellite: what the node has in its databases.
pub(crate) struct Day {
    /// The day of the month, from 1.
    pub(crate) day: u8,
    pub(crate) get: i64,
    pub(crate) get_repair: i64,
    pub(crate) get_audit: i64,
    /// Byte-hours, with a fraction, as the satellite sends them.
    pub(crate) at_rest_total: f64,
}

/// A satellite's month on a node.
pub(crate) struct Month {
    pub(crate) year: i64,
    pub(crate) month: u8,
    /// Year, month and day of the join.
    pub(crate) joined: (i64, u8, u8),
    /// Cents: egress, repair, audit, storage.
    pub(crate) prices: [i64; 4],
    pub(crate) days: Vec<Day>,
}

/// What the node answers, in cents.
#[derive(Default, Clone, Copy)]
pub(crate) struct Payout {
    egress: f64,
    repair_audit: f64,
    disk_space: f64,
    held_rate: f64,
    held: f64,
    payout: f64,
    /// Amounts so close to half a hundredth of a cent that binary fractions may have fallen to
    /// either side of it: of the three components, and of the payout.
    ties: i64,
    payout_ties: i64,
}

fn round2(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// 1 when the value lies within a millionth of half a hundredth.
fn is_tie(value: f64) -> i64 {
    i64::from(((value * 100.0).rem_euclid(1.0) - 0.5).abs() < 1e-6)
}

pub(crate) fn answer(month: &Month) -> Payout {
    let price = |at: usize| month.prices[at] as f64;
    let mut get = 0;
    let mut repair_audit = 0;
    let mut at_rest = 0.0;
    for day in &month.days {
        get += day.get;
        repair_audit += day.get_repair + day.get_audit;
        at_rest += day.at_rest_total;
    }
    let byte_months = at_rest / 720.0;
    let exact = [
        get as f64 * price(0) / 1e12,
        repair_audit as f64 * price(2) / 1e12,
        byte_months * price(3) / 1e12,
    ];
    let (egress, repair_audit, disk_space) = (round2(exact[0]), round2(exact[1]), round2(exact[2]));
    let (year, joined_month, _day) = month.joined;
    let age = (month.year - year) * 12 + i64::from(month.month) - i64::from(joined_month);
    let held_rate = if age < 3 {
        75.0
    } else if age < 6 {
        50.0
    } else if age < 9 {
        25.0
    } else {
        0.0
    };
    let sum = disk_space + egress + repair_audit;
    let held = sum * held_rate / 100.0;
    Payout {
        egress,
        repair_audit,
        disk_space,
        held_rate,
        held,
        payout: round2(sum - held),
        ties: exact.into_iter().map(is_tie).sum(),
        payout_ties: is_tie(sum - held),
    }
}

fn days_of(year: i64, month: u8) -> u8 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    [31, if is_leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        [usize::from(month) - 1]
}

/// A number of any order of magnitude below a limit.
fn up_to(random: &mut fastrand::Rng, limit: f64) -> f64 {
    if random.u8(..8) == 0 { 0.0 } else { limit.powf(random.f64()) - 1.0 }
}

fn random_month(random: &mut fastrand::Rng, (year, month): (i64, u8)) -> Month {
    let joined_index = year * 12 + i64::from(month) - 1 - random.i64(0..20);
    let (joined_year, joined_month) =
        (joined_index / 12, u8::try_from(joined_index % 12 + 1).unwrap());
    let joined = (joined_year, joined_month, random.u8(1..=days_of(joined_year, joined_month)));
    let prices = match random.u8(..3) {
        0 => [200, 200, 200, 150],
        1 => [2_000, 1_000, 1_000, 149],
        _ => [0; 4].map(|_: i64| random.i64(0..3_000)),
    };
    let level = up_to(random, 3e13);
    let mut days = Vec::new();
    for day in 1..=days_of(year, month) {
        if random.u8(..20) == 0 {
            continue;
        }
        days.push(Day {
            day,
            get: up_to(random, 1e12) as i64,
            get_repair: up_to(random, 1e11) as i64,
            get_audit: up_to(random, 1e8) as i64,
            at_rest_total: level * random.f64() * 24.0,
        });
    }
    Month { year, month, joined, prices, days }
}

fn ours(month: &Month, satellite: SatelliteId) -> Estimate {
    let at = |day| Timestamp::from_civil((month.year, month.month, day), 0, 0, 0);
    let bytes = |bytes: i64| ByteCount::new(u64::try_from(bytes).unwrap());
    let bandwidth = month.days.iter().map(|day| DailyBandwidth {
        satellite,
        day: at(day.day),
        get: bytes(day.get),
        get_audit: bytes(day.get_audit),
        get_repair: bytes(day.get_repair),
        // Uploads earn nothing.
        put: ByteCount::new(987_654_321_000),
        put_repair: ByteCount::new(123_456_789_000),
    });
    let storage = month.days.iter().map(|day| DailyStorage {
        satellite,
        day: at(day.day),
        byte_hours: ByteHours::new(day.at_rest_total.round() as u64),
        covered_seconds: None,
        average: None,
        basis: StorageBasis::Reported,
    });
    let bandwidth: Vec<_> = bandwidth.collect();
    let storage: Vec<_> = storage.collect();
    let period = Period::new(u16::try_from(month.year).unwrap(), month.month).unwrap();
    let cents = |at: usize| CentsPerTb::new(u32::try_from(month.prices[at]).unwrap());
    let prices = Prices { egress: cents(0), repair: cents(1), audit: cents(2), storage: cents(3) };
    let joined_at = Timestamp::from_civil(month.joined, 13, 14, 15);
    let usage = Usage::of_days(period, &bandwidth, &storage);
    Estimate::of(&usage, &prices, HeldPercent::of(joined_at, period))
}

/// Cents in hundredths of a cent.
fn hundredths(cents: f64) -> i64 {
    (cents * 100.0).round() as i64
}

/// Compares in hundredths of a cent, `ties` of which may be off.
pub(crate) fn check(ours: &Earnings, theirs: &Payout, context: &str) {
    let amounts = [
        ("egress", ours.egress, theirs.egress, theirs.ties),
        ("repair and audit", ours.repair_audit, theirs.repair_audit, theirs.ties),
        ("storage", ours.storage, theirs.disk_space, theirs.ties),
        ("payout", ours.payout, theirs.payout, theirs.ties + theirs.payout_ties),
    ];
    for (name, ours, theirs, ties) in amounts {
        assert_eq!(ours.get() % 100, 0, "{context}: {name} {ours} is no hundredth of a cent");
        let difference = (ours.get() / 100 - hundredths(theirs)).abs();
        assert!(difference <= ties, "{context}: {name} {ours} USD, the node {theirs} cents");
    }
    // Not rounded by the node, and whole micro-dollars here.
    let held = (theirs.held * 10_000.0).round() as i64;
    assert!((ours.held.get() - held).abs() <= 100 * theirs.ties, "{context}: held {}", ours.held);
}

#[test]
fn estimates_equal_the_nodes_to_a_hundredth_of_a_cent_on_thousands_of_histories() {
    let (mut months, mut component_ties, mut payout_ties) = (0, 0, 0);
    let mut held_rates = [0; 4];
    let mut lengths = [0; 4];
    for seed in 0..HISTORIES {
        let mut random = fastrand::Rng::with_seed(seed);
        let calendar = (random.i64(2019..2031), random.u8(1..=12));
        lengths[usize::from(days_of(calendar.0, calendar.1) - 28)] += 1;
        for node in 0..random.u8(1..=3) {
            let (mut ours_all, mut theirs_all) = (Earnings::default(), Payout::default());
            for satellite in 0..random.u8(1..=6) {
                let month = random_month(&mut random, calendar);
                let theirs = answer(&month);
                let estimate = ours(&month, SatelliteId::new([satellite; 32]));
                let context = format!("seed {seed}, node {node}, satellite {satellite}");
                assert_eq!(f64::from(estimate.held_percent.get()), theirs.held_rate, "{context}");
                check(&estimate.earnings, &theirs, &context);
                // A node adds up its satellites after rounding each.
                ours_all = ours_all + estimate.earnings;
                theirs_all.egress += theirs.egress;
                theirs_all.repair_audit += theirs.repair_audit;
                theirs_all.disk_space += theirs.disk_space;
                theirs_all.held += theirs.held;
                theirs_all.payout += theirs.payout;
                theirs_all.ties += theirs.ties;
                theirs_all.payout_ties += theirs.payout_ties;
                months += 1;
                component_ties += theirs.ties;
                payout_ties += theirs.payout_ties;
                held_rates[theirs.held_rate as usize / 25] += 1;
            }
            check(&ours_all, &theirs_all, &format!("seed {seed}, node {node}"));
        }
    }
    // The comparison would be empty if ties excused it: components never lie on one by chance, and
    // payouts do only because the sum of three hundredths is halved or quartered.
    assert!(months > 20_000, "{months} months");
    assert!(component_ties * 100 < months, "{component_ties} ties in {months} months");
    assert!(payout_ties * 2 < months, "{payout_ties} ties in {months} months");
    assert!(held_rates.iter().all(|count| *count > 1_000), "{held_rates:?}");
    assert!(lengths.iter().all(|count| *count > 50), "months of 28 to 31 days: {lengths:?}");
}

/// Where an amount is exactly half a hundredth of a cent, it is rounded away from zero here. The
/// node's fractions do the same when they hold the amount exactly.
#[test]
fn half_a_hundredth_of_a_cent_is_rounded_up() {
    // 200 cents for 10^12 bytes: 25,000,000 bytes are 0.005 cents.
    let tie = |get| {
        let usage = Usage { egress: ByteCount::new(get), ..Usage::default() };
        let prices = Prices {
            egress: CentsPerTb::new(200),
            repair: CentsPerTb::new(0),
            audit: CentsPerTb::new(0),
            storage: CentsPerTb::new(0),
        };
        Estimate::of(&usage, &prices, HeldPercent::NONE).earnings.egress.get()
    };
    assert_eq!([tie(24_999_999), tie(25_000_000), tie(25_000_001)], [0, 100, 100]);
    assert_eq!(round2(25_000_000_f64 * 200.0 / 1e12), 0.01);
}

/// What nodes answered (v1.71 and v1.37, all satellites together): each of six satellites was
/// rounded before they were added up, so that the sums lie within six half hundredths of ours.
#[test]
fn recorded_answers_lie_within_the_rounding_of_six_satellites() {
    let prices = Prices {
        egress: CentsPerTb::new(2_000),
        repair: CentsPerTb::new(1_000),
        audit: CentsPerTb::new(1_000),
        storage: CentsPerTb::new(150),
    };
    for (egress, repair_audit, byte_months, cents) in [
        (2_918_793_472, 18_326_741_248, 935_646_190_261.828_4, [5.83, 18.31, 140.35]),
        (7_739_741_440, 98_628_742_144, 3_602_473_330_909.541_5, [15.48, 98.64, 540.37]),
        (82_429_993_216, 216_061_878_016, 3_313_463_435_649.058_6, [164.85, 216.06, 497.02]),
        (143_930_926_336, 250_566_307_328, 3_598_207_279_200.817_4, [287.86, 250.57, 539.73]),
    ] {
        let usage = Usage {
            egress: ByteCount::new(egress),
            repair: ByteCount::new(repair_audit),
            audit: ByteCount::new(0),
            storage: ByteHours::new((byte_months * 720.0_f64).round() as u64),
        };
        let earnings = Estimate::of(&usage, &prices, HeldPercent::NONE).earnings;
        for (ours, theirs) in
            [earnings.egress, earnings.repair_audit, earnings.storage].into_iter().zip(cents)
        {
            assert!((ours.get() / 100 - hundredths(theirs)).abs() <= 3, "{ours} and {theirs}");
        }
    }
}
