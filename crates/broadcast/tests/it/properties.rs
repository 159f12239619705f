//! Whatever happens: all clients end at the latest state, and none goes back on the way.

use piecewatch_broadcast::{CloseReason, Config, Switch, TopicConfig};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    patches::any_json,
    world::{Reads, World, key, ms},
};

const CLIENTS: usize = 3;

/// What there is to watch: one by one a subscription of each client.
const WATCHED: [(&str, &[&str]); 5] =
    [("fast", &[]), ("fast", &["n1"]), ("slow", &[]), ("urgent", &[]), ("fast", &["n1", "n2"])];

#[derive(Clone, Debug)]
enum Step {
    Change(usize, Value),
    Pass(u64),
    Reads(usize, Reads),
    Lose(usize, u32),
    Hidden(usize, bool),
    Subscribe(usize, usize, Option<f64>),
    Unsubscribe(usize, usize),
    Reconnect(usize),
    AnswersAfter(u64),
    LetFall,
}

fn step() -> impl Strategy<Value = Step> {
    let watched = 0..WATCHED.len();
    let client = 0..CLIENTS;
    prop_oneof![
        8 => (watched.clone(), any_json()).prop_map(|(what, state)| Step::Change(what, state)),
        6 => prop_oneof![0u64..100, 100u64..3_000].prop_map(Step::Pass),
        2 => (client.clone(), prop_oneof![Just(Reads::AtOnce), Just(Reads::Never)])
            .prop_map(|(client, reads)| Step::Reads(client, reads)),
        1 => (client.clone(), 1u32..3).prop_map(|(client, frames)| Step::Lose(client, frames)),
        2 => (client.clone(), any::<bool>()).prop_map(|(client, hidden)| Step::Hidden(client, hidden)),
        2 => (client.clone(), watched.clone(), prop::option::of(0.1f64..15.0))
            .prop_map(|(client, what, hz)| Step::Subscribe(client, what, hz)),
        1 => (client.clone(), watched).prop_map(|(client, what)| Step::Unsubscribe(client, what)),
        1 => client.prop_map(Step::Reconnect),
        1 => prop_oneof![Just(0u64), 1u64..500].prop_map(Step::AnswersAfter),
        1 => Just(Step::LetFall),
    ]
}

fn subscribe(world: &mut World, client: usize, what: usize, hz: Option<f64>) {
    let (topic, nodes) = WATCHED[what];
    let sub = u32::try_from(what).unwrap();
    if world.clients[client].watches.contains_key(&sub) {
        world.unsubscribe(client, sub);
    }
    world.subscribe_as(client, sub, topic, nodes, &json!({"max_hz": hz}));
}

fn take(world: &mut World, step: Step) {
    match step {
        Step::Change(what, state) => world.change(WATCHED[what].0, WATCHED[what].1, state),
        Step::Pass(millis) => world.pass(ms(millis)),
        Step::Reads(client, reads) => world.set_reads(client, reads),
        Step::Lose(client, frames) => world.clients[client].to_lose = frames,
        Step::Hidden(client, hidden) => {
            world.say(client, &json!({"op": "visibility", "hidden": hidden}));
        }
        Step::Subscribe(client, what, hz) => subscribe(world, client, what, hz),
        Step::Unsubscribe(client, what) => {
            let sub = u32::try_from(what).unwrap();
            if world.clients[client].watches.contains_key(&sub) {
                world.unsubscribe(client, sub);
            }
        }
        Step::Reconnect(client) => {
            let watches = world.clients[client].watches.clone();
            world.hub.disconnect(world.clients[client].id);
            world.connect();
            let new = world.clients.pop().unwrap();
            world.clients[client] = new;
            for sub in watches.into_keys() {
                subscribe(world, client, sub as usize, None);
            }
        }
        Step::AnswersAfter(millis) => world.answers_after = ms(millis),
        Step::LetFall => world.to_let_fall += 1,
    }
}

fn run(config: Config, steps: Vec<Step>) {
    let topics = [
        TopicConfig::new("fast"),
        TopicConfig::limited("slow", 1.0),
        TopicConfig::urgent("urgent"),
    ];
    let mut world = World::new(config, &topics);
    for client in 0..CLIENTS {
        world.connect();
        for what in 0..WATCHED.len() {
            subscribe(&mut world, client, what, [None, Some(2.0), Some(0.2)][client]);
        }
    }
    for step in steps {
        take(&mut world, step);
    }
    // All is well again, and there is one more change of each, which shows what was lost.
    world.to_let_fall = 0;
    for client in 0..CLIENTS {
        world.clients[client].to_lose = 0;
        world.set_reads(client, Reads::AtOnce);
    }
    for last in 0..2 {
        for (topic, nodes) in WATCHED {
            world.change(topic, nodes, json!({"last": last, "of": [null, topic, nodes]}));
        }
        world.pass(ms(20));
    }
    world.pass(ms(12_000));
    for (index, client) in world.clients.iter().enumerate() {
        assert_eq!(client.closed, None::<CloseReason>);
        for sub in client.watches.keys() {
            let (topic, nodes) = WATCHED[*sub as usize];
            let latest = world.states.get(&key(topic, nodes));
            assert_eq!(world.state(index, *sub), latest, "{topic} of {nodes:?}");
        }
    }
    let before = world.hub.statistics();
    world.pass(ms(12_000));
    let after = world.hub.statistics();
    assert_eq!(after.frames, before.frames, "nothing changed, nothing is sent");
    assert_eq!(after.wanted, before.wanted, "nothing changed, nothing is asked for");
    assert_eq!(after.behind, 0);
}

fn config() -> Config {
    let mut config = Config::new("e1", "1.0");
    // A step says more than a page would: what is beyond the limits is another test.
    config.limits.burst = 10_000;
    config.limits.silence = ms(10_000_000);
    config
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn snapshot_and_patches_are_the_latest_state(steps in prop::collection::vec(step(), 0..60)) {
        run(config(), steps);
    }

    #[test]
    fn and_so_with_every_switch_off(steps in prop::collection::vec(step(), 0..30)) {
        let mut config = config();
        config.coalesce = ms(0);
        config.switches.diffs = Switch::Off;
        config.switches.rates = Switch::Off;
        config.switches.sharing = Switch::Off;
        config.switches.adaptive = Switch::Off;
        run(config, steps);
    }

    #[test]
    fn and_so_with_small_frames_and_few_views(steps in prop::collection::vec(step(), 0..40)) {
        let mut config = config();
        config.limits.frame_bytes = 1;
        config.limits.views = 6;
        run(config, steps);
    }
}
