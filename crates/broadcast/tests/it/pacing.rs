//! When things go out: the window, urgent topics, rates, hidden tabs, load. Time is explicit.

use std::time::Duration;

use piecewatch_broadcast::{Config, Switch, TopicConfig};
use serde_json::json;

use crate::world::{Reads, World, ms};

/// When each frame of a client came, in milliseconds after `start`.
fn times(world: &World, client: usize, start: Duration) -> Vec<u128> {
    let frames = &world.clients[client].frames;
    frames.iter().filter(|(at, _)| *at >= start).map(|(at, _)| (*at - start).as_millis()).collect()
}

/// One client that watches one topic, after a pause.
fn watched(config: Config, topic: TopicConfig) -> World {
    let name = topic.name.clone();
    let mut world = World::new(config, &[topic]);
    world.connect();
    world.subscribe(0, 1, &name);
    world.pass(ms(10_000));
    world
}

fn plain() -> World {
    watched(Config::new("e1", "1.0"), TopicConfig::new("a"))
}

/// A change each `every` milliseconds, for `length`.
fn keep_changing(world: &mut World, topic: &str, every: u64, length: u64) {
    for number in 0..length / every {
        world.change(topic, &[], json!({"n": number}));
        world.pass(ms(every));
    }
}

#[test]
fn a_lone_change_goes_at_once() {
    let mut world = plain();
    let start = world.now;
    world.change("a", &[], json!({"n": 1}));
    assert_eq!(times(&world, 0, start), [0]);
    assert_eq!(world.state(0, 1), Some(&json!({"n": 1})));
}

#[test]
fn changes_within_a_window_go_together_at_its_end() {
    let mut world = plain();
    let start = world.now;
    keep_changing(&mut world, "a", 5, 300);
    // The first at once, the others at the ends of windows of 75 ms.
    assert_eq!(times(&world, 0, start), [0, 75, 150, 225, 300]);
    let asked = world.asked.iter().filter(|(at, _)| *at >= start).count();
    assert_eq!(asked, 5, "the application is asked once a window");
}

#[test]
fn with_a_window_of_nothing_each_change_goes_alone() {
    let mut config = Config::new("e1", "1.0");
    config.coalesce = Duration::ZERO;
    let mut world = watched(config, TopicConfig::new("a"));
    let start = world.now;
    keep_changing(&mut world, "a", 5, 300);
    assert_eq!(times(&world, 0, start).len(), 60);
}

#[test]
fn a_change_that_changes_nothing_is_not_sent() {
    let mut world = plain();
    world.change("a", &[], json!({"n": 1, "x": null}));
    let start = world.now + ms(1);
    world.pass(ms(1_000));
    world.change("a", &[], json!({"n": 1}));
    world.pass(ms(1_000));
    assert_eq!(times(&world, 0, start), [0u128; 0]);
}

#[test]
fn urgent_changes_go_past_the_window_and_a_storm_of_them_every_10_ms() {
    let topics = [TopicConfig::new("a"), TopicConfig::urgent("alerts")];
    let mut world = World::new(Config::new("e1", "1.0"), &topics);
    world.connect();
    world.subscribe(0, 1, "a");
    world.subscribe(0, 2, "alerts");
    world.say(0, &json!({"op": "visibility", "hidden": true}));
    world.pass(ms(10_000));
    let start = world.now;
    world.change("a", &[], json!({"n": 1}));
    world.pass(ms(20));
    world.change("alerts", &[], json!({"disk": "full"}));
    assert_eq!(times(&world, 0, start), [0, 20], "within the window, though the tab is hidden");
    keep_changing(&mut world, "alerts", 1, 100);
    assert_eq!(times(&world, 0, start).len(), 2 + 10);
}

#[test]
fn a_topic_and_a_client_each_bound_the_rate() {
    let rates = [
        (None, None, None, 134),
        (None, Some(20.0), None, 134),
        (None, Some(9.0), Some(5.0), 50),
        (Some(1.0), None, Some(1.0), 10),
        (Some(1.0), Some(5.0), Some(1.0), 10),
        (Some(5.0), Some(3.0), Some(2.0), 20),
        (None, Some(0.01), Some(0.2), 2),
    ];
    for (topic_hz, max_hz, hz, count) in rates {
        let topic = TopicConfig { max_hz: topic_hz, ..TopicConfig::new("a") };
        let mut world = World::new(Config::new("e1", "1.0"), &[topic]);
        world.connect();
        world.subscribe_as(0, 1, "a", &[], &json!({"max_hz": max_hz}));
        world.pass(ms(10_000));
        assert_eq!(world.clients[0].mirror.hz(1), hz, "{topic_hz:?} and {max_hz:?}");
        let start = world.now;
        keep_changing(&mut world, "a", 5, 9_999);
        let times = times(&world, 0, start);
        let period = hz.map_or(75, |hz| (1_000.0 / hz) as u128);
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= period), "{times:?}");
        let least = count * 19 / 20;
        assert!((least..=count).contains(&times.len()), "{max_hz:?}: {} of {count}", times.len());
    }
}

#[test]
fn a_hidden_tab_is_told_every_five_seconds_and_catches_up_at_once_when_it_is_looked_at() {
    let mut world = plain();
    world.say(0, &json!({"op": "visibility", "hidden": true}));
    assert_eq!(world.clients[0].mirror.hz(1), Some(0.2), "it is told its new view");
    let start = world.now;
    keep_changing(&mut world, "a", 5, 20_000);
    let hidden = times(&world, 0, start);
    assert!((4..=5).contains(&hidden.len()), "{hidden:?}");
    let shown = world.now;
    world.say(0, &json!({"op": "visibility", "hidden": false}));
    assert_eq!(world.clients[0].mirror.hz(1), None);
    assert_eq!(times(&world, 0, shown)[0], 0);
    world.pass(ms(75));
    assert_eq!(world.state(0, 1), Some(&json!({"n": 3_999})));
}

/// The slower view shows a state, the client has seen a newer one, and then the first comes back: that
/// changes nothing for the view, and everything for the client.
#[test]
fn a_state_that_comes_back_reaches_who_moved_to_a_slower_view_in_between() {
    let mut world = plain();
    world.connect();
    world.say(1, &json!({"op": "visibility", "hidden": true}));
    world.subscribe(1, 1, "a");
    world.change("a", &[], json!({"n": "A"}));
    world.pass(ms(10_000));
    assert_eq!(world.state(1, 1), Some(&json!({"n": "A"})));
    // The slow view has just shown something, and shows nothing more for five seconds.
    world.change("a", &[], json!({"n": "A2"}));
    world.pass(ms(100));
    world.change("a", &[], json!({"n": "B"}));
    world.pass(ms(100));
    assert_eq!(world.state(0, 1), Some(&json!({"n": "B"})));
    world.say(0, &json!({"op": "visibility", "hidden": true}));
    world.change("a", &[], json!({"n": "A2"}));
    // With the slow view's next turn, and not by chance with a ping.
    world.pass(ms(5_000));
    assert_eq!(world.state(1, 1), Some(&json!({"n": "A2"})));
    assert_eq!(world.state(0, 1), Some(&json!({"n": "A2"})));
}

#[test]
fn rates_can_be_switched_off() {
    let mut config = Config::new("e1", "1.0");
    config.switches.rates = Switch::Off;
    let mut world = watched(config, TopicConfig::limited("a", 1.0));
    world.say(0, &json!({"op": "visibility", "hidden": true}));
    let start = world.now;
    keep_changing(&mut world, "a", 5, 750);
    assert_eq!(times(&world, 0, start).len(), 11);
}

#[test]
fn a_window_waits_a_little_for_slow_states_and_then_goes_without_them() {
    let topics = [TopicConfig::new("a"), TopicConfig::new("b")];
    let mut world = World::new(Config::new("e1", "1.0"), &topics);
    world.connect();
    world.subscribe(0, 1, "a");
    world.subscribe(0, 2, "b");
    world.pass(ms(10_000));

    // Two states within the 5 ms that a window waits: one frame of both.
    let start = world.now;
    world.answers_after = ms(3);
    world.change("a", &[], json!(1));
    world.change("b", &[], json!(1));
    world.pass(ms(1_000));
    assert_eq!(times(&world, 0, start), [3, 78], "the second change waits for its window");

    // One takes 20 ms: it follows as soon as it is there, and need not wait for the next window.
    let start = world.now;
    world.answers_after = ms(20);
    world.change("a", &[], json!(10));
    world.pass(ms(10));
    world.answers_after = ms(0);
    world.change("b", &[], json!(10));
    world.pass(ms(1_000));
    assert_eq!(times(&world, 0, start), [20, 75]);

    // One takes 100 ms: the other does not wait for it, and is not asked for again meanwhile.
    let start = world.now;
    world.answers_after = ms(100);
    world.change("b", &[], json!(2));
    world.answers_after = ms(0);
    world.pass(ms(75));
    world.change("a", &[], json!(2));
    assert_eq!(times(&world, 0, start), [75]);
    world.change("b", &[], json!(3));
    world.pass(ms(1_000));
    assert_eq!(world.state(0, 2), Some(&json!(3)));
    let asked = world.asked.iter().filter(|(at, key)| *at >= start && key.0 == "b").count();
    assert_eq!(asked, 2);
}

#[test]
fn the_window_widens_under_load_and_narrows_when_it_is_over() {
    let mut world = plain();
    let widths = |world: &mut World, busy: u64| -> Vec<u128> {
        let widths = (0..24).map(|_| {
            world.pass(ms(250));
            world.hub.worked(ms(busy), world.now);
            world.hub.statistics().window.as_millis()
        });
        let mut widths: Vec<_> = widths.collect();
        widths.dedup();
        widths
    };
    assert_eq!(widths(&mut world, 100), [75], "40 % is no load");
    assert_eq!(widths(&mut world, 240), [75, 150, 300, 600, 1_000]);
    assert_eq!(widths(&mut world, 0), [1_000, 500, 250, 125, 75]);
    assert_eq!(widths(&mut world, 240), [75, 150, 300, 600, 1_000]);
    let start = world.now;
    keep_changing(&mut world, "a", 10, 3_000);
    assert_eq!(times(&world, 0, start), [0, 1_000, 2_000, 3_000]);
    let load = world.clients[0].mirror.load();
    assert!(load > 0.9, "frames tell it: {load}");
    // The application's queue counts as the hub's own work does.
    assert_eq!(widths(&mut world, 0).last(), Some(&75));
    world.hub.press(1.0);
    assert_eq!(widths(&mut world, 0), [75, 150, 300, 600, 1_000]);
}

#[test]
fn a_fixed_window_stays() {
    let mut config = Config::new("e1", "1.0");
    config.switches.adaptive = Switch::Off;
    let mut world = watched(config, TopicConfig::new("a"));
    world.hub.press(1.0);
    for _ in 0..20 {
        world.pass(ms(250));
        world.hub.worked(ms(250), world.now);
    }
    let statistics = world.hub.statistics();
    assert_eq!(statistics.window, ms(75));
    assert!(statistics.load > 0.9);
}

#[test]
fn after_a_long_pause_the_load_is_forgotten() {
    let mut world = plain();
    for _ in 0..20 {
        world.pass(ms(250));
        world.hub.worked(ms(250), world.now);
    }
    assert_eq!(world.hub.statistics().window, ms(1_000));
    world.pass(ms(60_000));
    world.hub.worked(ms(1), world.now);
    assert_eq!(world.hub.statistics().window, ms(75));
}

#[test]
fn a_client_that_does_not_read_gets_the_latest_state_and_no_backlog() {
    let mut world = plain();
    world.set_reads(0, Reads::Never);
    keep_changing(&mut world, "a", 10, 5_000);
    world.pass(ms(75));
    assert_eq!(world.hub.statistics().behind, 1);
    let before = world.clients[0].frames.len();
    world.set_reads(0, Reads::AtOnce);
    let frames = &world.clients[0].frames[before..];
    assert_eq!(frames.len(), 2, "what was in its slot, and the newest");
    assert_eq!(frames[1].1["messages"][0]["kind"], "snapshot");
    assert_eq!(world.state(0, 1), Some(&json!({"n": 499})));
}

/// Sends, against one for each event and client: 5 clients, the default window.
#[test]
fn a_window_saves_nearly_all_sends() {
    for (events, most) in [(200u64, 0.07), (500, 0.03), (5_000, 0.003)] {
        let mut world = World::new(Config::new("e1", "1.0"), &[TopicConfig::new("a")]);
        for client in 0..5 {
            world.connect();
            world.subscribe(client, 1, "a");
        }
        world.pass(ms(10_000));
        let before = world.hub.statistics();
        for number in 0..events * 10 {
            world.change("a", &[], json!({"n": number}));
            world.pass(Duration::from_secs(1) / u32::try_from(events).unwrap());
        }
        world.pass(ms(75));
        let after = world.hub.statistics();
        let told = (after.events - before.events) * 5;
        let share = (after.frames - before.frames) as f64 / told as f64;
        println!("{events} events a second: {:.2} % of the sends", share * 100.0);
        assert!(share <= most, "{events} events a second: {share}");
        assert_eq!(world.state(4, 1), Some(&json!({"n": events * 10 - 1})));
    }
}
