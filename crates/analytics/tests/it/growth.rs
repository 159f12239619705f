//! How fast a disk fills, against lines whose slope is known and a computation that shares no code.

use piecewatch_analytics::storage::{
    Capacity, DiskFull, Growth, GrowthBasis, GrowthOver, NodeStorage, Slope, storage_of,
};
use piecewatch_model::{ByteCount, Fact, Space, Timestamp};

use crate::node::{Chance, DAY, Node, at, bytes};

const HOUR: i64 = 3_600;
const GB: f64 = 1e9;
const TB: u64 = 1_000_000_000_000;

fn storage(node: &Node, now: Timestamp) -> NodeStorage {
    storage_of(&node.reader(), &node.name, now).unwrap()
}

fn over(storage: &NodeStorage, over: GrowthOver) -> Growth {
    *storage.growth.iter().find(|growth| growth.over == over).unwrap()
}

fn taken(storage: &NodeStorage, over: GrowthOver) -> f64 {
    let growth = self::over(storage, over);
    growth.taken.unwrap_or_else(|| panic!("{growth:?}")).1.per_day
}

fn is_near(value: f64, expected: f64, tolerance: f64) -> bool {
    (value - expected).abs() <= tolerance
}

/// A node that is asked every hour for so many days up to day 30, and grows evenly.
fn growing(days: i64, first: u64, per_day: f64, total: u64) -> Node {
    let mut node = Node::new();
    for hour in (30 - days) * 24..30 * 24 {
        let grown = per_day * (hour - (30 - days) * 24) as f64 / 24.0;
        node.has(at(hour * HOUR), (first as f64 + grown) as u64, total);
    }
    node
}

/// Predecessor fault 21: took the growth of a large node for none, because its used space differed
/// by less than 0.1 % within a day.
#[test]
fn a_large_node_that_grows_little_grows() {
    let node = growing(30, 7 * TB, 4.5 * GB, 10 * TB);
    let storage = storage(&node, at(30 * DAY));
    for of in GrowthOver::ALL {
        let growth = over(&storage, of);
        assert!(is_near(taken(&storage, of), 4.5 * GB, 0.01 * GB), "{growth:?}");
        assert!(is_near(growth.pieces.unwrap().per_day, 4.5 * GB, 0.01 * GB), "{growth:?}");
        assert_eq!(growth.taken.unwrap().0, GrowthBasis::Taken);
    }
    // Of 10 TB, 7 were used when it began, and 135 GB came in 30 days less the last hour. Less the
    // last 5 GB that is 2,860.2 GB at 4.5 a day: 635.6 days.
    let DiskFull::On { at: full, earliest, latest, by } = storage.full else {
        panic!("{:?}", storage.full)
    };
    let days = |full: Timestamp| (full.as_micros() - at(30 * DAY).as_micros()) as f64 / 86_400e6;
    assert!(is_near(days(full), 635.6, 0.5), "{}", days(full));
    assert!(earliest <= full && full <= latest.unwrap());
    assert_eq!(by, GrowthOver::Week);
}

#[test]
fn a_disk_that_shrinks_or_stays_does_not_fill() {
    for per_day in [-3.0 * GB, 0.0] {
        let storage = storage(&growing(30, 7 * TB, per_day, 10 * TB), at(30 * DAY));
        assert_eq!(storage.full, DiskFull::NotFilling);
        assert!(is_near(taken(&storage, GrowthOver::Week), per_day, 0.01 * GB));
    }
}

/// One figure that is wrong by terabytes, and a walk that sets the count right by 300 GB.
#[test]
fn one_outlier_and_one_step_do_not_bend_the_line() {
    let mut node = growing(30, 4 * TB, 10.0 * GB, 10 * TB);
    node.has(at(28 * DAY), 0, 10 * TB);
    assert!(is_near(taken(&storage(&node, at(30 * DAY)), GrowthOver::Week), 10.0 * GB, 0.1 * GB));

    let mut node = Node::new();
    for hour in 0..30 * 24 {
        let step = if hour < 5 * 24 { 0 } else { 300_000_000_000 };
        node.has(at(hour * HOUR), 4 * TB + step + hour as u64 * 10_000_000_000 / 24, 10 * TB);
    }
    // The mean of the whole says 20 GB a day, and least squares 13.
    let slope = taken(&storage(&node, at(30 * DAY)), GrowthOver::Month);
    assert!(is_near(slope, 10.0 * GB, 1.5 * GB), "{slope}");
}

#[test]
fn a_larger_allotment_is_no_growth() {
    let mut node = Node::new();
    for hour in 0..7 * 24 {
        let total = if hour < 80 { 5 * TB } else { 8 * TB };
        node.has(at(hour * HOUR), 4 * TB + hour as u64 * 1_000_000_000, total);
    }
    let slope = taken(&storage(&node, at(7 * DAY)), GrowthOver::Week);
    assert!(is_near(slope, 24.0 * GB, 0.1 * GB), "{slope}");
}

/// A log tells what is left and nothing else: 480 GB, 20 less each day.
#[test]
fn of_a_node_known_by_its_log_growth_is_known_and_nothing_else() {
    let mut node = Node::new();
    let told = (0..=7 * 288)
        .map(|part| (at(part * 300), 625_000_000_000 - part as u64 * 20_000_000_000 / 288));
    node.has_left(told);
    let storage = storage(&node, at(7 * DAY + 1));
    let Capacity { used, trash, total, overused, reclaimable, whole, .. } = &storage.capacity;
    assert_eq!([used, trash, total, overused, reclaimable], [&None; 5]);
    assert_eq!(*whole, None);
    let left = storage.capacity.available.unwrap();
    assert_eq!((left.at, left.bytes), (at(7 * DAY), ByteCount::new(485_000_000_000)));
    let week = over(&storage, GrowthOver::Week);
    let (basis, slope) = week.taken.unwrap();
    assert_eq!((basis, week.pieces), (GrowthBasis::Available, None));
    assert!(is_near(slope.per_day, 20.0 * GB, 0.01 * GB), "{slope:?}");
    assert_eq!(over(&storage, GrowthOver::Month).taken, None, "a week is no month");
    // 480 GB above the last five, at 20 a day.
    let DiskFull::On { at: full, .. } = storage.full else { panic!("{:?}", storage.full) };
    assert!((full.as_micros() - at(31 * DAY).as_micros()).abs() < 3_600_000_000, "{full}");
}

#[test]
fn the_nodes_own_databases_tell_pieces_and_trash() {
    let mut node = Node::new();
    for hour in 0..7 * 24 {
        let (used, trash) = (TB + hour as u64 * 1_000_000_000, 2_000_000_000 * hour as u64);
        let space = Space { used: bytes(used), trash: bytes(trash), ..Space::default() };
        node.tells(at(hour * HOUR), vec![Fact::Space(space)]);
    }
    let storage = storage(&node, at(7 * DAY));
    let (basis, slope) = over(&storage, GrowthOver::Week).taken.unwrap();
    assert_eq!(basis, GrowthBasis::Held);
    assert!(is_near(slope.per_day, 72.0 * GB, 0.1 * GB), "{slope:?}");
    assert_eq!(storage.full, DiskFull::Unknown, "nobody tells what is left");
}

#[test]
fn of_a_short_time_nothing_is_said() {
    let storage = storage(&growing(1, TB, 5.0 * GB, 10 * TB), at(30 * DAY));
    assert!(over(&storage, GrowthOver::Day).taken.is_some());
    assert_eq!(over(&storage, GrowthOver::Week).taken, None);
    assert!(matches!(storage.full, DiskFull::On { by: GrowthOver::Day, .. }), "{:?}", storage.full);

    let nobody = storage_of(&growing(1, TB, GB, 10 * TB).reader(), &"n2".parse().unwrap(), at(0));
    let nobody = nobody.unwrap();
    assert_eq!((nobody.capacity, nobody.full), (Capacity::default(), DiskFull::Unknown));
}

/// The median of all slopes, found by counting for each how many are below and above it.
fn slope_by_counting(points: &[(Timestamp, f64)]) -> f64 {
    let mut slopes = Vec::new();
    for one in points {
        for other in points {
            if other.0 > one.0 {
                let days = (other.0.as_micros() - one.0.as_micros()) as f64 / 86_400e6;
                slopes.push((other.1 - one.1) / days);
            }
        }
    }
    let middle = |is_lower: bool| {
        let half = if is_lower { (slopes.len() - 1) / 2 } else { slopes.len() / 2 };
        let at_rank = |slope: &&f64| {
            let below = slopes.iter().filter(|other| *other < *slope).count();
            let same = slopes.iter().filter(|other| *other == *slope).count();
            (below..below + same).contains(&half)
        };
        *slopes.iter().find(at_rank).unwrap()
    };
    f64::midpoint(middle(true), middle(false))
}

#[test]
fn the_slope_is_that_of_a_computation_that_shares_no_code() {
    let mut chance = Chance(7);
    for round in 0..20 {
        let mut now = 0;
        let points: Vec<(Timestamp, f64)> = (0..10 + round)
            .map(|_| {
                now += 60 + (chance.share() * 80_000.0) as i64;
                (at(now), 3e12 + now as f64 * 1e5 + chance.normal() * 1e10)
            })
            .collect();
        let slope = Slope::of(&points).unwrap();
        let expected = slope_by_counting(&points);
        assert!(is_near(slope.per_day, expected, expected.abs() * 1e-9), "{slope:?} {expected}");
        assert!(slope.low <= slope.per_day && slope.per_day <= slope.high);
    }
}

/// How many of 200 intervals hold the true slope, 5 GB a day, where each point keeps so much of how
/// far the one before it was off.
fn held_by_intervals(kept: f64) -> usize {
    let mut chance = Chance(11);
    let holds = |_: &u32| {
        let mut off = 0.0;
        let points: Vec<(Timestamp, f64)> = (0..84)
            .map(|part| {
                off = kept * off + chance.normal() * 2e9;
                (at(part * 2 * HOUR), 1e12 + 5e9 * part as f64 / 12.0 + off)
            })
            .collect();
        let slope = Slope::of(&points).unwrap();
        slope.low <= 5e9 && 5e9 <= slope.high
    };
    (0..200).filter(holds).count()
}

#[test]
fn intervals_hold_the_truth_as_often_as_they_promise() {
    let scattered = held_by_intervals(0.0);
    assert!(scattered >= 185, "{scattered} of 200 where points know nothing of each other");
    let following = held_by_intervals(0.6);
    assert!(following >= 175, "{following} of 200 where they follow each other");
}
