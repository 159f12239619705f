//! The hot pieces of a stored hour, against counting every transfer.

use std::collections::BTreeMap;

use piecewatch_analytics::hot_pieces::hot_pieces_of;
use piecewatch_model::{Action, ByteCount, Outcome, PieceId, Record, Transfer};
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
