//! The hot pieces of a stored hour, against counting every transfer.

use std::{collections::BTreeMap, time::Duration};

use piecewatch_analytics::{Observatory, ObservatorySettings, hot_pieces::hot_pieces_of};
use piecewatch_model::{Action, ByteCount, NodeName, Outcome, PieceId, Record, Transfer};
use piecewatch_store::Window;

use crate::database::{Database, download, node, piece, second};

#[test]
fn the_last_hour_of_a_log_is_counted_from_its_single_transfers() {
    let mut random = fastrand::Rng::with_seed(7);
    let mut records = Vec::new();
    let mut truth: BTreeMap<PieceId, (u64, u64)> = BTreeMap::new();
    // Two hours, of which the second counts: it ends with the newest record.
    let (end, count) = (7_199, 30_000);
    for number in 0..count {
        let at = second(i64::from(number) * end / i64::from(count - 1));
        let id = piece(random.u64(0..3_000).min(random.u64(0..3_000)));
        let action = if random.u8(0..4) == 0 { Action::GetAudit } else { Action::Get };
        let size = random.u64(1..2_000_000);
        let outcome = if random.bool() { Outcome::Success } else { Outcome::Canceled };
        // Five minutes of the beginning are counted whole: 13:59:59 is in those of 14:55.
        if action == Action::Get && at >= second(3_300) {
            let sum = truth.entry(id).or_default();
            *sum = (sum.0 + 1, sum.1 + size);
        }
        let size = Some(ByteCount::new(size));
        records.push(Record::Transfer(Transfer { action, size, outcome, ..download(at, id) }));
    }
    let mut database = Database::new();
    let now = second(7_200);
    database.log(&node(), records, now);
    let hour = Window { from: second(3_599), to: now };
    let list = database.ask(|reader| hot_pieces_of(reader, &node(), hour, 50)).unwrap();
    assert_eq!((list.window.from, list.error_max), (second(3_300), 0));
    assert_eq!(list.downloads, Some(truth.values().map(|(count, _)| count).sum::<u64>()));
    let mut expected: Vec<(u64, PieceId)> =
        truth.iter().map(|(piece, (count, _))| (*count, *piece)).collect();
    expected.sort_by_key(|(count, piece)| (std::cmp::Reverse(*count), *piece));
    let found: Vec<(u64, PieceId)> =
        list.pieces.iter().map(|piece| (piece.at_least, piece.piece)).collect();
    assert_eq!(found, expected[..50]);
    for hot in &list.pieces {
        assert_eq!(hot.bytes.get(), truth[&hot.piece].1);
    }
}

#[test]
fn what_is_no_longer_kept_one_by_one_is_not_counted_as_nothing() {
    let now = second(50 * 3_600);
    let mut database = Database::new();
    // One download in each of fifty hours: single ones are kept for 48.
    let hours = 0..50_u64;
    let record =
        |hour: u64| Record::Transfer(download(second(hour as i64 * 3_600 + 60), piece(hour % 5)));
    database.log(&node(), hours.map(record).collect(), now);
    let ask = |from: i64, to: i64| {
        let window = Window { from: second(from * 3_600), to: second(to * 3_600) };
        database.ask(|reader| hot_pieces_of(reader, &node(), window, 9)).unwrap()
    };
    let all = ask(0, 50);
    assert_eq!((all.window.from, all.downloads), (second(2 * 3_600), Some(48)));
    assert_eq!(all.pieces.len(), 5);
    assert_eq!((ask(0, 2).downloads, ask(0, 2).pieces.len()), (None, 0));
    assert_eq!(ask(40, 50).downloads, Some(10));
    // Of an hour in which nothing happened nothing is lost.
    let quiet = Window { from: second(51 * 3_600), to: second(52 * 3_600) };
    let quiet = database.ask(|reader| hot_pieces_of(reader, &node(), quiet, 9)).unwrap();
    assert_eq!(quiet.downloads, Some(0));
}

/// The sums of an hour tell of downloads before the window: that none is in the window is known all the same.
#[test]
fn a_quiet_while_after_downloads_is_quiet() {
    let mut database = Database::new();
    let put = Transfer { action: Action::Put, ..download(second(3_500), piece(2)) };
    let records = vec![download(second(60), piece(1)), put].into_iter().map(Record::Transfer);
    database.log(&node(), records.collect(), second(3_600));
    let window = Window { from: second(3_000), to: second(3_600) };
    let quiet = database.ask(|reader| hot_pieces_of(reader, &node(), window, 9)).unwrap();
    assert_eq!((quiet.window.from, quiet.downloads), (second(3_000), Some(0)));
}

/// Nodes that go on, one that falls silent, and lines that come late: whoever asks again and again for the
/// last hour, of which most was counted before, finds what is counted anew.
#[test]
fn the_last_hour_of_a_log_that_goes_on_is_counted_as_it_comes() {
    let mut random = fastrand::Rng::with_seed(11);
    let mut database = Database::new();
    let names: [NodeName; 3] = ["n1", "n2", "silent"].map(|name| name.parse().unwrap());
    let nothing_kept = ObservatorySettings { traffic: Duration::ZERO, ..Default::default() };
    let observatory =
        Observatory::new(database.readers(), &nothing_kept, || Duration::from_secs(1));
    let mut newest = [second(0); 3];
    let (mut now, mut most) = (0, 0);
    for step in 0..120 {
        now += random.i64(1..200);
        let late = if step % 10 == 9 { random.i64(0..4_000) } else { random.i64(0..50) };
        let speaking = if step < 40 { 3 } else { 2 };
        for (name, newest) in names.iter().zip(&mut newest).take(speaking) {
            let each = (0..random.usize(0..40)).map(|_| {
                let at = second((now - random.i64(0..=late)).max(0));
                *newest = at.max(*newest);
                Record::Transfer(download(at, piece(random.u64(0..30))))
            });
            database.log(name, each.collect(), second(now));
        }
        observatory.refresh().unwrap();
        for (name, newest) in names.iter().zip(newest) {
            let to = newest.plus_micros(1);
            let hour = Window { from: to.plus_micros(-3_600_000_000), to };
            let found = observatory.hot_pieces(name, hour, 20).unwrap();
            let anew = database.ask(|reader| hot_pieces_of(reader, name, hour, 20)).unwrap();
            assert_eq!(*found, anew, "{name}, step {step}");
            most = most.max(found.pieces.len());
        }
    }
    assert_eq!(most, 20);
}
