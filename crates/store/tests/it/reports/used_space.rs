//! What nodes held at single instants, as it is told or reckoned.

use std::time::Duration;

use piecewatch_model::{Fact, PollPart, Space};
use piecewatch_store::{Nodes, UsedSpace, Window};

use super::facts::*;
use crate::fixture::{Database, node, seconds};

#[test]
fn used_space_is_told_or_reckoned_or_left_out() {
    let mut database = Database::new();
    let nothing = Space::default();
    let (available, total, trash) = (Some(bytes(30)), Some(bytes(100)), Some(bytes(8)));
    for (second, space) in [
        (0, Space { used: Some(bytes(60)), available, total, trash, ..nothing }),
        (1, Space { available, total, trash, ..nothing }),
        (2, Space { available, total, ..nothing }),
        (3, Space { available, ..nothing }),
        (4, Space { available: Some(bytes(200)), total, trash, ..nothing }),
    ] {
        let facts = vec![Fact::Space(space)];
        store(&mut database, &report("n1", seconds(second), PollPart::Dashboard, facts));
    }
    let rows = reader(&database).used_space(Nodes::All, MONTH, Duration::ZERO).unwrap();
    let used =
        |second, used| UsedSpace { node: node("n1"), at: seconds(second), used: bytes(used) };
    assert_eq!(rows, [used(0, 60), used(1, 62), used(4, 0)]);
}

/// The level at the edges of a month is known by what lies beside it, and no more of it is read.
#[test]
fn beside_a_window_the_nearest_used_space_is_told() {
    let mut database = Database::new();
    let used = |used| Space { used: Some(bytes(used)), ..Space::default() };
    let logged = Space { available: Some(bytes(1)), ..Space::default() };
    for (second, space) in [
        (0, used(1)),
        (60, used(2)),
        (90, logged),
        (100, used(3)),
        (160, logged),
        (199, used(4)),
        (200, logged),
        (240, used(5)),
        (300, used(6)),
    ] {
        let facts = vec![Fact::Space(space)];
        store(&mut database, &report("n1", seconds(second), PollPart::Dashboard, facts));
    }
    let reader = reader(&database);
    let window = Window { from: seconds(100), to: seconds(200) };
    for (beside, expected) in
        [(0, vec![3, 4]), (39, vec![3, 4]), (40, vec![2, 3, 4]), (41, vec![2, 3, 4, 5])]
    {
        let rows = reader.used_space(Nodes::All, window, Duration::from_secs(beside)).unwrap();
        let told: Vec<_> = rows.iter().map(|row| row.used.get()).collect();
        assert_eq!(told, expected, "{beside} s");
    }
    let rows = reader.used_space(Nodes::All, window, Duration::MAX).unwrap();
    assert_eq!(rows.len(), 4);
}

/// Between the reports of a node its log tells how much is free, and not what is held: the last that is
/// told of a day may be the log's.
#[test]
fn what_a_day_held_outlives_what_was_free_after_it() {
    let mut database = Database::new();
    let used = |used| Space { used: Some(bytes(used)), ..Space::default() };
    let logged = Space { available: Some(bytes(1)), ..Space::default() };
    for (second, space) in [(0, used(1)), (60, used(2)), (90, logged), (120, logged)] {
        let facts = vec![Fact::Space(space)];
        store(&mut database, &report("n1", seconds(second), PollPart::Dashboard, facts));
    }
    let later = seconds(400 * 86_400);
    while database.writer.prune(later, 1_000).unwrap().more {}
    let reader = reader(&database);
    let rows = reader.used_space(Nodes::All, MONTH, Duration::ZERO).unwrap();
    assert_eq!(rows.iter().map(|row| row.used.get()).collect::<Vec<_>>(), [2]);
    let left = reader.space(Nodes::All, MONTH, 10).unwrap();
    assert_eq!(left.len(), 2, "one of each kind: {left:?}");
}
