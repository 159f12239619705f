//! What is kept in memory of the last hour, under more than ever comes.

use std::collections::{BTreeMap, BTreeSet};

use piecewatch_analytics::{error_groups::ErrorGroups, hot_pieces::HotPieces};
use piecewatch_model::{ByteCount, PieceId, Placeholder, Spread, Timestamp};
use proptest::prelude::*;

use crate::database::{START, piece, second};

const HOUR: i64 = 3600;

fn hot(downloads: &[(u64, i64)], now: Timestamp) -> HotPieces {
    let mut pieces = HotPieces::new();
    for (number, at) in downloads {
        pieces.add(piece(*number), Some(ByteCount::new(10)), second(*at), now);
    }
    pieces
}

/// Predecessor fault 16: counters never decrease, so that after an hour "last 60 minutes" is "since
/// first opened".
#[test]
fn what_is_older_than_an_hour_is_counted_no_longer() {
    let mut pieces = HotPieces::new();
    let mut errors = ErrorGroups::new();
    for at in 0..HOUR {
        pieces.add(piece(1), None, second(at), second(at));
        errors.add("unexpected EOF", second(at), second(at));
    }
    for (minutes, count) in [(60, 3600), (65, 3300), (90, 1800), (120, 0)] {
        let now = second(minutes * 60);
        let list = pieces.top(10, now);
        assert_eq!((list.downloads, list.window.from), (Some(count), second((minutes - 60) * 60)));
        assert_eq!(list.pieces.iter().map(|piece| piece.at_most).sum::<u64>(), count);
        assert_eq!(errors.top(10, now).texts, count);
    }
    let filled = (pieces.memory(), errors.memory());
    pieces.forget(second(3 * HOUR));
    errors.forget(second(3 * HOUR));
    assert!(pieces.memory() < filled.0 / 2 && errors.memory() < filled.1 / 2, "and is given back");
}

/// Predecessor fault 18: the map of hot pieces is never pruned. Ten million pieces in an hour are
/// 2,777 a second; the busiest nodes move some hundred.
#[test]
fn ten_million_pieces_take_no_more_memory_than_is_documented_and_hot_ones_are_found() {
    const ALL: u64 = 10_000_000;
    // Of a thousand downloads, so many are of the hot pieces 0 to 9.
    const HOT: [u64; 10] = [20, 18, 16, 14, 12, 10, 9, 8, 7, 6];
    let now = second(HOUR);
    let mut pieces = HotPieces::new();
    let mut truth = [0_u64; 10];
    let bounds: Vec<u64> = HOT
        .iter()
        .scan(0, |sum, share| {
            *sum += share;
            Some(*sum)
        })
        .collect();
    let mut highest = 0;
    for number in 0..ALL {
        let at = START.plus_micros((number * 360) as i64);
        // A permutation of the thousand, so that hot pieces come evenly.
        let draw = number * 617 % 1000;
        let id = match bounds.iter().position(|&bound| draw < bound) {
            Some(which) => {
                truth[which] += 1;
                which as u64
            }
            None => 1_000 + number,
        };
        pieces.add(piece(id), Some(ByteCount::new(1)), at, now);
        if number % 500_000 == 0 {
            highest = highest.max(pieces.memory());
        }
    }
    highest = highest.max(pieces.memory());
    assert!(highest <= HotPieces::MEMORY_MAX, "{highest} bytes");
    assert!(highest > HotPieces::MEMORY_MAX / 2, "{highest} bytes: the bound says something");
    let list = pieces.top(10, now);
    assert_eq!(list.downloads, Some(ALL));
    assert!(list.error_max <= ALL / 4096, "{}", list.error_max);
    let found: Vec<PieceId> = list.pieces.iter().map(|piece| piece.piece).collect();
    assert_eq!(found, (0..10).map(piece).collect::<Vec<_>>());
    for (hot, count) in list.pieces.iter().zip(truth) {
        assert!((hot.at_least..=hot.at_most).contains(&count), "{hot:?} {count}");
        assert!(hot.at_most - hot.at_least <= list.error_max, "{hot:?}");
        assert_eq!(hot.bytes, ByteCount::new(hot.at_least));
    }
    eprintln!("10 million pieces: {highest} bytes, counts up to {} too high", list.error_max);
}

proptest! {
    /// Against counting everything, with times in and out of the hour, in any order.
    #[test]
    fn as_long_as_pieces_are_few_every_count_is_exact(
        downloads in prop::collection::vec((0_u64..20, 0_i64..3 * HOUR), 0..300),
        now in HOUR..3 * HOUR,
    ) {
        let list = hot(&downloads, second(now)).top(100, second(now));
        let first = (now - HOUR).div_euclid(300) * 300;
        let mut truth: BTreeMap<PieceId, (u64, i64)> = BTreeMap::new();
        // What is told for the future is not of this hour.
        let last = now.div_euclid(300) * 300 + 299;
        for (number, at) in downloads.iter().filter(|(_, at)| (first..=last).contains(at)) {
            let entry = truth.entry(piece(*number)).or_insert((0, *at));
            *entry = (entry.0 + 1, entry.1.max(*at));
        }
        prop_assert_eq!(list.error_max, 0);
        prop_assert_eq!(list.window.from, second(first));
        prop_assert_eq!(list.pieces.len(), truth.len());
        for piece in &list.pieces {
            let (count, last_at) = truth[&piece.piece];
            prop_assert_eq!((piece.at_least, piece.at_most), (count, count));
            prop_assert_eq!(piece.bytes, ByteCount::new(10 * count));
            prop_assert_eq!(piece.last_at, second(last_at));
        }
        prop_assert!(list.pieces.is_sorted_by_key(|piece| std::cmp::Reverse(piece.at_least)));
    }
}

#[test]
fn a_clock_gone_wrong_does_not_empty_the_hour() {
    let now = second(HOUR);
    let mut pieces = hot(&[(1, 3000), (1, 3001)], now);
    pieces.add(piece(2), None, second(1_000 * HOUR), now);
    pieces.add(piece(3), None, second(-HOUR), now);
    let list = pieces.top(10, now);
    assert_eq!((list.downloads, list.pieces.len()), (Some(2), 1));
}

/// What the system before showed: ranges of numbers and counts of different addresses.
#[test]
fn the_values_of_texts_are_kept_as_ranges_and_counts() {
    let now = second(HOUR);
    let mut errors = ErrorGroups::new();
    let hosts = 40_u64;
    for number in 0..200_u64 {
        let host = number % hosts;
        let text = format!(
            "read tcp 10.0.0.1:28967->79.127.{host}.7:{}: wrote {} of 2048 bytes",
            // One port for each host: an address is a host with its port.
            1000 + host,
            5 + number
        );
        errors.add(&text, second(number as i64), now);
    }
    errors.add("unexpected EOF", second(3), now);
    let list = errors.top(10, now);
    assert_eq!((list.texts, list.error_max, list.groups.len()), (201, 0, 2));
    let group = &list.groups[0];
    assert_eq!(&*group.template, "read tcp <addr>-><addr>: wrote # of # bytes");
    assert_eq!((group.at_least, group.at_most), (200, 200));
    assert_eq!((group.first_at, group.last_at), (second(0), second(199)));
    let values: Vec<Spread> = group.spreads.each().collect();
    let [one, many, wrote, size] = values[..] else { panic!("{values:?}") };
    let of = Placeholder::Address;
    assert_eq!(one, Spread::Distinct { of, count: 1, is_exact: true });
    let Spread::Distinct { count, is_exact: false, .. } = many else { panic!("{many:?}") };
    assert!((30..=50).contains(&count), "40 within four standard errors: {count}");
    assert_eq!(wrote, Spread::Numbers { min: 5, max: 204 });
    assert_eq!(size, Spread::Numbers { min: 2048, max: 2048 });
    let text =
        format!("read tcp [1 address]->[about {count} addresses]: wrote (5..204) of 2048 bytes");
    assert_eq!(group.text(), text);
    assert_eq!(list.groups[1].text(), "unexpected EOF");
}

/// Each template that is kept has as many values as are kept, and as many different ones.
#[test]
fn the_fullest_hour_of_errors_takes_no_more_memory_than_is_documented() {
    let now = second(HOUR);
    let mut errors = ErrorGroups::new();
    for part in 0..13 {
        for template in 0..256_u32 {
            let word: String =
                (0..8).map(|bit| if template >> bit & 1 == 0 { 'a' } else { 'b' }).collect();
            for host in 0..40 {
                let mut text = format!("{word}{}", "and so on ".repeat(12));
                (0..8).for_each(|place| text.push_str(&format!(" 79.{place}.{part}.{host}")));
                errors.add(&text, second(part * 300), now);
            }
        }
    }
    let taken = errors.memory();
    assert!(taken <= ErrorGroups::MEMORY_MAX, "{taken} bytes");
    assert!(taken > ErrorGroups::MEMORY_MAX / 2, "{taken} bytes: the bound says something");
    assert_eq!(errors.top(1, now).error_max, 0, "nothing was lost");
    eprintln!("the fullest hour of errors: {taken} bytes");
}

/// A million texts that have nothing in common but some words.
#[test]
fn a_million_texts_take_no_more_memory_than_is_documented_and_frequent_ones_are_found() {
    const ALL: u64 = 1_000_000;
    let now = second(HOUR);
    let mut errors = ErrorGroups::new();
    let mut highest = 0;
    let letters = |mut number: u64| {
        let mut word = String::new();
        for _ in 0..8 {
            word.push(char::from(b'a' + (number % 26) as u8));
            number /= 26;
        }
        word
    };
    let mut frequent = BTreeMap::new();
    let mut different = BTreeSet::new();
    for number in 0..ALL {
        let at = START.plus_micros((number * 3_600) as i64);
        let text = match number % 10 {
            0 => "frequent: file does not exist".to_owned(),
            1 if number % 20 == 1 => format!("frequent: {number} of 7 bytes"),
            _ => {
                let word = letters(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
                format!("{word}: cannot read /mnt/x{number}/y")
            }
        };
        match text.strip_prefix("frequent: ") {
            Some(rest) => *frequent.entry(rest.starts_with("file")).or_insert(0_u64) += 1,
            None => drop(different.insert(text.split(':').next().map(str::to_owned))),
        }
        errors.add(&text, at, now);
        if number % 50_000 == 0 {
            highest = highest.max(errors.memory());
        }
    }
    highest = highest.max(errors.memory());
    assert!(different.len() > 800_000, "{}", different.len());
    assert!(highest <= ErrorGroups::MEMORY_MAX, "{highest} bytes");
    let list = errors.top(2, now);
    assert_eq!(list.texts, ALL);
    assert!(list.error_max <= ALL / 256, "{}", list.error_max);
    let names: Vec<&str> = list.groups.iter().map(|group| &*group.template).collect();
    assert_eq!(names, ["frequent: file does not exist", "frequent: # of # bytes"]);
    for (group, count) in list.groups.iter().zip([frequent[&true], frequent[&false]]) {
        assert!((group.at_least..=group.at_most).contains(&count), "{group:?} {count}");
    }
    eprintln!("a million texts: {highest} bytes, counts up to {} too high", list.error_max);
}
