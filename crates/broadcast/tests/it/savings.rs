//! What patches save, on a state as a dashboard shows it.

use piecewatch_broadcast::{Config, Statistics, Switch, TopicConfig};

use crate::{
    busy_node::Overview,
    world::{World, ms},
};

/// Five clients watch the overview for 20 s, with 200 transfers a second.
fn watched(diffs: Switch) -> Statistics {
    let mut config = Config::new("e1", "1.0");
    config.switches.diffs = diffs;
    let mut world = World::new(config, &[TopicConfig::new("overview")]);
    let mut overview = Overview::new(7);
    world.change("overview", &[], overview.value());
    for client in 0..5 {
        world.connect();
        world.subscribe(client, 1, "overview");
    }
    for _ in 0..4_000 {
        overview.transfer();
        world.change("overview", &[], overview.value());
        world.pass(ms(5));
    }
    world.pass(ms(75));
    assert_eq!(world.state(4, 1), Some(&overview.value()));
    world.hub.statistics()
}

#[test]
fn patches_are_a_small_part_of_the_snapshots() {
    let size = Overview::new(7).value().to_string().len();
    assert!((7_000..9_500).contains(&size), "a state of 8 KiB, not of {size} bytes");
    let (patches, snapshots) = (watched(Switch::On), watched(Switch::Off));
    assert_eq!(patches.frames, snapshots.frames);
    assert_eq!(snapshots.patches, 0);
    let share = patches.bytes as f64 / snapshots.bytes as f64;
    println!("{size} bytes of state; patches are {:.1} % of the snapshots", share * 100.0);
    assert!(share <= 0.15, "{share}");
}
