//! Levels of use become byte-hours.

use std::time::Duration;

use piecewatch_finance::{GapPlace, LEVEL_HOLDS_MAX, Level, Stored};
use piecewatch_model::{ByteHours, Timestamp};
use proptest::prelude::*;

use crate::usd::{TB, at, bytes, month};

const DAY: Duration = Duration::from_secs(86_400);
const DAY_MICROS: i64 = 86_400_000_000;

/// Levels at days after the beginning of July 2026, in terabytes.
fn levels(levels: &[(f64, u64)]) -> Vec<Level> {
    let start = month("2026-07").start();
    let level = |(day, used): &(f64, u64)| Level {
        at: start.plus_micros((day * DAY_MICROS as f64) as i64),
        used: bytes(used * TB),
    };
    levels.iter().map(level).collect()
}

fn july(levels: &[Level], now: Timestamp) -> Stored {
    Stored::of(levels, month("2026-07"), now, 2 * DAY)
}

fn tb_hours(stored: ByteHours) -> f64 {
    stored.get() as f64 / TB as f64
}

fn day(day: i64) -> Timestamp {
    month("2026-07").start().plus_micros(day * DAY_MICROS)
}

#[test]
fn lines_between_levels_are_summed_and_the_last_holds_until_now() {
    // A day from 2 to 4 TB, a day at 4, and twelve hours held.
    let stored = july(&levels(&[(0.0, 2), (1.0, 4), (2.0, 4)]), day(2).plus_micros(DAY_MICROS / 2));
    assert_eq!(tb_hours(stored.byte_hours), 24.0 * 3.0 + 24.0 * 4.0 + 12.0 * 4.0);
    assert_eq!(stored.gaps, []);
    assert_eq!(stored.level, Some(bytes(4 * TB)));
    assert_eq!(stored.covered_micros, 2 * DAY_MICROS as u64 + DAY_MICROS as u64 / 2);
}

/// Predecessor fault 32: what was stored before the month's first snapshot was missing. A level
/// from before the month counts, and so does one after it.
#[test]
fn a_month_begins_with_the_level_before_it() {
    let around: Vec<(f64, u64)> = (-1..=31).map(|day| (f64::from(day) + 0.5, 1)).collect();
    let stored = july(&levels(&around), at("2026-09-01T00:00:00Z"));
    assert_eq!(tb_hours(stored.byte_hours), 744.0);
    assert_eq!(stored.gaps, []);
    // On a line from 0 TB half a day before to 2 TB half a day after, the month begins at 1 TB.
    let rising = july(&levels(&[(-0.5, 0), (0.5, 2)]), day(0).plus_micros(DAY_MICROS / 2));
    assert_eq!(tb_hours(rising.byte_hours), 12.0 * 1.5);
    // Without one what precedes the first is told as missing, and what it may have been.
    let late = july(&levels(&[(1.0, 3)]), day(2));
    assert_eq!(tb_hours(late.byte_hours), 72.0);
    let gap = late.gaps[0];
    assert_eq!((gap.place, gap.from, gap.to), (GapPlace::Before, day(0), day(1)));
    assert_eq!(tb_hours(gap.assumed), 72.0);
    assert_eq!(tb_hours(late.with_gaps()), 144.0);
}

/// Predecessor fault 21: growth of less than a thousandth of what is stored counted as none. A node
/// of 7 TB that grows by 4.5 GB a day is paid for all of it.
#[test]
fn slow_growth_of_a_large_node_is_not_flat() {
    let start = month("2026-07").start();
    let level = |hour: u64| Level {
        at: start.plus_micros(hour as i64 * 3_600_000_000),
        used: bytes(7 * TB + hour * 187_500_000),
    };
    let day_long: Vec<Level> = (0..=24).map(level).collect();
    let stored = july(&day_long, day(1));
    // 7 TB for 24 hours, and on average half of 4.5 GB more.
    assert_eq!(stored.byte_hours.get(), 7 * TB * 24 + 2_250_000_000 * 24);
    assert_eq!(stored.level, Some(bytes(7 * TB + 4_500_000_000)));
}

#[test]
fn a_long_gap_is_told_and_not_bridged() {
    // 2 TB, and ten days later 4 TB: the first level holds for two days.
    let stored = july(&levels(&[(0.0, 2), (10.0, 4)]), day(11));
    assert_eq!(tb_hours(stored.byte_hours), 48.0 * 2.0 + 24.0 * 4.0);
    let [gap] = stored.gaps[..] else { panic!("{:?}", stored.gaps) };
    assert_eq!((gap.place, gap.from, gap.to), (GapPlace::Between, day(2), day(10)));
    // From 2.4 TB on the line between them to 4 TB.
    assert_eq!(gap.assumed, ByteHours::new(8 * 24 * 32 * TB / 10));
}

#[test]
fn the_last_level_does_not_hold_for_ever() {
    let stored = july(&levels(&[(0.0, 2), (1.0, 2)]), at("2026-12-01T00:00:00Z"));
    assert_eq!(tb_hours(stored.byte_hours), 3.0 * 24.0 * 2.0);
    let [gap] = stored.gaps[..] else { panic!("{:?}", stored.gaps) };
    assert_eq!((gap.place, gap.from, gap.to), (GapPlace::After, day(3), day(31)));
    assert_eq!(stored.level, None);
    // The level of long before the month says nothing of it.
    let before = july(&levels(&[(-9.0, 2)]), day(5));
    assert_eq!(before.byte_hours, ByteHours::default());
    assert_eq!((before.gaps[0].from, before.gaps[0].to), (day(0), day(5)));
}

#[test]
fn without_levels_or_time_there_is_nothing() {
    let nothing = july(&[], day(3));
    assert_eq!((nothing.byte_hours, nothing.level), (ByteHours::default(), None));
    assert_eq!((nothing.gaps[0].from, nothing.gaps[0].to), (day(0), day(3)));
    let ahead = july(&levels(&[(0.0, 2)]), at("2026-06-01T00:00:00Z"));
    assert_eq!((ahead.byte_hours, ahead.covered_micros), (ByteHours::default(), 0));
    assert_eq!((ahead.until, ahead.level, ahead.gaps), (day(0), None, Vec::new()));
    // Levels of after the month alone: it is all before the first.
    let after = july(&levels(&[(40.0, 2)]), at("2026-09-01T00:00:00Z"));
    assert_eq!(after.gaps[0].place, GapPlace::Before);
    assert_eq!((after.gaps[0].from, after.gaps[0].to), (day(0), day(31)));
}

proptest! {
    /// Byte-hours against a sum in binary fractions, and the whole time is accounted for.
    #[test]
    fn sums_agree_with_fractions_and_time_is_complete(
        steps in prop::collection::vec((1..6 * DAY_MICROS, 0..30 * TB), 0..60),
        now in 0..60_i64,
    ) {
        let mut instant = day(0);
        let mut told = Vec::new();
        for (step, used) in steps {
            instant = instant.plus_micros(step);
            told.push(Level { at: instant, used: bytes(used) });
        }
        let end = day(now).min(day(31));
        let stored = Stored::of(&told, month("2026-07"), day(now), LEVEL_HOLDS_MAX);
        let mut expected = 0.0;
        let mut previous: Option<Level> = None;
        for level in &told {
            if let Some(from) = previous.filter(|from| from.at < end) {
                let until = level.at.min(end);
                let part = (until.as_micros() - from.at.as_micros()) as f64;
                let whole = (level.at.as_micros() - from.at.as_micros()) as f64;
                let (a, b) = (from.used.get() as f64, level.used.get() as f64);
                let at_end = a + (b - a) * part / whole;
                expected += (a + at_end) / 2.0 * part / 3.6e9;
            }
            previous = Some(*level);
        }
        if let Some(last) = previous {
            let held = (end.as_micros() - last.at.as_micros()).clamp(0, 7 * DAY_MICROS);
            expected += last.used.get() as f64 * held as f64 / 3.6e9;
        }
        let off = (stored.byte_hours.get() as f64 - expected).abs();
        prop_assert!(off <= 800.0 + expected * 1e-12, "{} and {expected}", stored.byte_hours.get());
        let gaps: i64 = stored.gaps.iter().map(|gap| gap.to.as_micros() - gap.from.as_micros()).sum();
        let elapsed = end.as_micros() - day(0).as_micros();
        prop_assert_eq!(stored.covered_micros as i64 + gaps, elapsed);
    }
}
