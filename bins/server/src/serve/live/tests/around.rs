//! What stands beside the counts, renewed.

use piecewatch_store::{Store, StoreConfig};

use super::world::{World, noon};
use crate::serve::live::Live;

const SECOND: i64 = 1_000_000;

/// Whoever looks while a log is caught up would be told for ten seconds what is true of its beginning.
#[test]
fn nodes_of_which_more_of_the_past_was_written_are_asked_anew_at_once() {
    let world = World::beginning(&["attic"], noon().plus_micros(-3 * 3600 * SECOND));
    let mut store = Store::open(&world.db(), StoreConfig::default()).unwrap();
    world.log(0).write(100).unwrap();
    world.import(&mut store, 0);
    let live = Live::new(world.parts(None));
    let known = || live.state("overview", &[]).unwrap()["nodes"]["attic"]["last_record"].clone();
    let first = known();
    live.committed().unwrap();
    world.log(0).write(100).unwrap();
    world.import(&mut store, 0);
    assert_eq!(known(), first);
    live.committed().unwrap();
    live.around.renew(&live.parts, noon().plus_micros(SECOND)).unwrap();
    assert_ne!(known(), first);
}

/// A node was asked in what is the future now: it is not left alone until that comes.
#[test]
fn nodes_are_asked_anew_after_the_clock_was_set_back() {
    let world = World::new(&["attic", "barn"]);
    let mut store = Store::open(&world.db(), StoreConfig::default()).unwrap();
    for node in 0..2 {
        world.log(node).write(100).unwrap();
        world.import(&mut store, node);
    }
    let live = Live::new(world.parts(None));
    live.state("overview", &[]).unwrap();
    let asks = |seconds: i64| {
        let before = live.parts.readers.asked();
        let now = noon().plus_micros(seconds * SECOND);
        live.around.renew(&live.parts, now).unwrap();
        live.parts.readers.asked() != before
    };
    assert!(!asks(5), "both were asked five seconds ago");
    assert!(asks(11), "one of them");
    assert!(asks(-3600), "the other one");
    assert!(asks(-3599), "the one that was asked in the future");
    assert!(!asks(-3598), "both were asked since");
}
