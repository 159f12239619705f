//! What clients ask, rightly and wrongly, and what they are told.

use std::time::SystemTime;

use piecewatch_broadcast::{CloseReason, Config, Hub, Outgoing, Refused, TopicConfig};
use serde_json::{Value, json};

use crate::world::{Reads, World, ms};

fn hub(config: Config) -> Hub {
    Hub::new(config, &[TopicConfig::new("overview"), TopicConfig::limited("earnings", 1.0)], ms(0))
        .unwrap()
}

/// Everything that waits for clients now, as the texts of frames.
fn texts(hub: &mut Hub) -> Vec<String> {
    hub.begin(SystemTime::UNIX_EPOCH + ms(1_767_323_045_678));
    let mut texts = Vec::new();
    while let Some(client) = hub.next_ready() {
        match hub.give(client) {
            Some(Outgoing::Text(text)) => texts.push(String::from_utf8(text.to_vec()).unwrap()),
            Some(Outgoing::Ping) => texts.push("ping".to_owned()),
            Some(Outgoing::Close(_)) | None => {}
        }
    }
    texts
}

#[test]
fn frames_are_those_of_the_protocol() {
    let mut hub = hub(Config::new("e1", "1.2.3"));
    let client = hub.connect(ms(0)).unwrap();
    assert_eq!(texts(&mut hub), [r#"{"hello":{"epoch":"e1","version":"1.2.3"}}"#]);
    let message =
        br#"{"op":"subscribe","sub":1,"topic":"overview","nodes":["n2","n1","n2"],"max_hz":2}"#;
    hub.receive(client, message, ms(0));
    let wanted = hub.take_want().unwrap();
    assert_eq!((&*wanted.topic, wanted.nodes.len()), ("overview", 2));
    hub.answer(wanted.channel, json!({"up": 1, "gone": null, "down": {"n": 2}}), ms(0));
    let texts_now = texts(&mut hub);
    let subscribed: Value = serde_json::from_str(&texts_now[0]).unwrap();
    let view = subscribed["subscribed"]["view"].as_str().unwrap().to_owned();
    let expected = json!({"sub": 1, "view": view, "nodes": ["n1", "n2"], "hz": 2.0});
    assert_eq!(subscribed["subscribed"], expected);
    let head = r#"{"t":"2026-01-02T03:04:05.678Z","load":0.00,"messages":["#;
    let message = format!(
        r#"{{"view":"{view}","seq":1,"kind":"snapshot","data":{{"down":{{"n":2}},"up":1}}}}"#
    );
    assert_eq!(texts_now[1..], [format!("{head}{message}]}}")]);

    hub.changed("overview", Some("n3"));
    hub.poll(ms(1_000));
    assert_eq!(hub.take_want(), None, "another node");
    hub.changed("overview", Some("n2"));
    hub.poll(ms(1_000));
    let wanted = hub.take_want().unwrap();
    hub.answer(wanted.channel, json!({"up": 2, "down": {"n": 2}}), ms(1_000));
    let message =
        format!(r#"{{"view":"{view}","seq":2,"base":1,"kind":"patch","data":{{"up":2}}}}"#);
    assert_eq!(texts(&mut hub), [format!("{head}{message}]}}")]);
}

/// Each with what the client is told.
#[test]
fn what_makes_no_sense_is_told() {
    let cases = [
        ("", "EOF while parsing", None),
        ("{", "EOF while parsing", None),
        ("[1]", "not an object", None),
        (r#"["visibility",true]"#, "not an object", None),
        (r#"{"op":"shout"}"#, "unknown variant `shout`", None),
        (r#"{"sub":1}"#, "missing field `op`", Some(1)),
        (r#"{"op":"subscribe","sub":1}"#, "missing field `topic`", Some(1)),
        (r#"{"op":"subscribe","sub":-1,"topic":"overview"}"#, "invalid value", None),
        (r#"{"op":"subscribe","sub":1,"topic":"overview","x":1}"#, "unknown field `x`", Some(1)),
        (r#"{"op":"subscribe","sub":1,"topic":"overview","nodes":"n1"}"#, "invalid type", Some(1)),
        (r#"{"op":"subscribe","sub":1,"topic":"overview","max_hz":0}"#, "above 0", Some(1)),
        (r#"{"op":"subscribe","sub":1,"topic":"overview","nodes":[""]}"#, "is empty", Some(1)),
        (r#"{"op":"subscribe","sub":1,"topic":"weather"}"#, "no such topic", Some(1)),
        (r#"{"op":"unsubscribe","sub":7}"#, "no such subscription", Some(7)),
        (r#"{"op":"visibility","hidden":1}"#, "invalid type", None),
        (r#"{"op":"resync","view":"v0"}"#, "no such view", None),
    ];
    for (text, reason, sub) in cases {
        let mut hub = hub(Config::new("e1", "1"));
        let client = hub.connect(ms(0)).unwrap();
        texts(&mut hub);
        hub.receive(client, text.as_bytes(), ms(0));
        let told: Value = serde_json::from_str(&texts(&mut hub).concat()).unwrap();
        let told = &told["error"];
        assert!(told["reason"].as_str().unwrap().contains(reason), "{text}: {told}");
        assert_eq!(told.get("sub").cloned(), sub.map(Value::from), "{text}");
        assert_eq!(hub.farewell(), None, "{text}: it may go on");
    }
}

/// What breaks a limit is told, and closed with a code.
#[test]
fn what_is_beyond_a_limit_is_told_and_closed() {
    let many_names: Vec<String> = (0..201).map(|number| number.to_string()).collect();
    let subscribe = |sub: usize| json!({"op": "subscribe", "sub": sub, "topic": "overview"});
    let of =
        |nodes: Value| json!({"op": "subscribe", "sub": 1, "topic": "overview", "nodes": nodes});
    let cases: [(Vec<String>, CloseReason, u16, &str); 6] = [
        (vec!["x".repeat(16_385)], CloseReason::MessageTooLong, 1009, "at most 16384 bytes"),
        (
            vec![json!({"op": "visibility", "hidden": false}).to_string(); 65],
            CloseReason::TooManyMessages,
            1008,
            "20 messages a second",
        ),
        (vec!["x".to_owned(); 17], CloseReason::TooManyMessages, 1008, "not understood"),
        (
            (0..33).map(|sub| subscribe(sub).to_string()).collect(),
            CloseReason::TooMuchAsked,
            1008,
            "32 subscriptions",
        ),
        (
            vec![of(json!(["x".repeat(65)])).to_string()],
            CloseReason::TooMuchAsked,
            1008,
            "64 bytes",
        ),
        (vec![of(json!(many_names)).to_string()], CloseReason::TooMuchAsked, 1008, "200 nodes"),
    ];
    for (messages, reason, code, told) in cases {
        let mut hub = hub(Config::new("e1", "1"));
        let client = hub.connect(ms(0)).unwrap();
        for (number, message) in messages.iter().enumerate() {
            assert_eq!(hub.farewell(), None, "not before the last one, but at {number}");
            hub.receive(client, message.as_bytes(), ms(0));
        }
        let farewell = hub.farewell().unwrap();
        assert_eq!((farewell.client, farewell.reason), (client, reason));
        assert_eq!(farewell.reason.code(), code);
        let last = String::from_utf8(farewell.last.unwrap().to_vec()).unwrap();
        assert!(last.contains(told), "{last}");
        let statistics = hub.statistics();
        assert_eq!((statistics.clients, statistics.views, statistics.channels), (0, 0, 0));
        assert_eq!((statistics.closed_for(reason), statistics.held_bytes), (1, 0));
    }
}

/// Not every limit is the hub's: what carries the messages has its own.
#[test]
fn what_a_transport_does_not_take_is_told_and_closed_once() {
    for reason in [CloseReason::MessageTooLong, CloseReason::TooManyMessages] {
        let mut hub = hub(Config::new("e1", "1"));
        let client = hub.connect(ms(0)).unwrap();
        hub.overstepped(client, reason);
        let farewell = hub.farewell().unwrap();
        assert_eq!((farewell.client, farewell.reason), (client, reason));
        let last = String::from_utf8(farewell.last.unwrap().to_vec()).unwrap();
        assert!(last.contains(reason.text()), "{last}");
        hub.overstepped(client, reason);
        assert_eq!(hub.farewell(), None);
        let statistics = hub.statistics();
        assert_eq!((statistics.closed_for(reason), statistics.faults), (1, 1));
    }
}

#[test]
fn messages_may_come_at_their_rate_for_ever() {
    let mut hub = hub(Config::new("e1", "1"));
    let client = hub.connect(ms(0)).unwrap();
    for number in 0..2_000 {
        hub.receive(client, br#"{"op":"visibility","hidden":true}"#, ms(number * 50));
    }
    assert_eq!(hub.farewell(), None);
}

#[test]
fn a_client_beyond_the_last_one_is_not_let_in() {
    let mut config = Config::new("e1", "1");
    config.limits.clients = 2;
    let mut hub = hub(config);
    let first = hub.connect(ms(0)).unwrap();
    hub.connect(ms(0)).unwrap();
    assert_eq!(hub.connect(ms(0)), Err(Refused::Full));
    hub.disconnect(first);
    hub.connect(ms(0)).unwrap();
    hub.stop();
    assert_eq!(hub.connect(ms(0)), Err(Refused::Stopping));
    let reasons: Vec<_> = std::iter::from_fn(|| hub.farewell()).map(|gone| gone.reason).collect();
    assert_eq!(reasons, [CloseReason::GoingAway; 2]);
    assert_eq!(CloseReason::GoingAway.code(), 1001);
}

#[test]
fn views_are_bounded_and_those_of_one_state_are_shared() {
    let mut config = Config::new("e1", "1");
    config.limits.views = 2;
    let mut world = World::new(config, &[TopicConfig::new("a"), TopicConfig::new("b")]);
    world.connect();
    world.connect();
    world.subscribe(1, 1, "a");
    world.subscribe_as(0, 2, "a", &[], &json!({"max_hz": 2}));
    world.subscribe_as(0, 3, "a", &[], &json!({"max_hz": 5}));
    world.subscribe(0, 4, "b");
    assert_eq!(world.clients[0].mirror.hz(3), Some(2.0), "the next slower one");
    assert_eq!(world.clients[0].faults[0].reason, "too many different views are watched");
    assert_eq!(world.clients[0].faults[0].sub, Some(4));
    world.unsubscribe(1, 1);
    world.unsubscribe(0, 2);
    world.unsubscribe(0, 3);
    world.subscribe(0, 4, "b");
    assert_eq!(world.state(0, 4), Some(&json!({})));
}

/// Each of them asks for 32 views that nobody else watches; there are 256.
#[test]
fn no_client_takes_all_the_views_that_are_left() {
    let mut world = World::plain();
    let count = |world: &World| world.hub.statistics().views;
    for greedy in 0..20 {
        world.connect();
        let before = count(&world);
        for sub in 0..32 {
            let node = format!("{greedy}-{sub}");
            world.subscribe_as(greedy, sub, "a", &[&node], &json!({}));
        }
        let taken = count(&world) - before;
        assert!(taken >= 1, "client {greedy} finds none");
        assert!(taken <= ((256 - before) / 4).max(1), "client {greedy} takes {taken} of {before}");
    }
    // A page of all nodes has room, and costs the next who looks at the same nothing.
    world.connect();
    world.connect();
    let before = count(&world);
    world.subscribe(20, 1, "a");
    world.subscribe(21, 1, "a");
    assert_eq!((count(&world), world.state(21, 1)), (before + 1, Some(&json!({}))));
    let reason = &world.clients[19].faults.last().unwrap().reason;
    assert_eq!(reason, "too many views that nobody else watches, as few as are left");
    // Hiding a page needs views of another rate in place of its own.
    world.say(0, &json!({"op": "visibility", "hidden": true}));
    assert_eq!(world.clients[0].mirror.hz(0), Some(0.2));
    assert_eq!(count(&world), before + 1);
}

#[test]
fn a_subscription_of_as_many_of_the_longest_names_as_may_be_is_no_message_too_long() {
    let limits = Config::new("e1", "1").limits;
    let name = |number: usize| format!("{number:0>width$}", width = limits.name_bytes);
    let nodes: Vec<String> = (0..limits.names).map(name).collect();
    let message = json!({
        "op": "subscribe", "sub": u32::MAX, "topic": "compactions", "nodes": nodes, "max_hz": 0.25,
    });
    assert!(message.to_string().len() <= limits.message_bytes, "{}", message.to_string().len());
}

#[test]
fn a_node_that_is_none_is_refused_to_all_who_ask() {
    let mut hub = hub(Config::new("e1", "1"));
    let clients = [hub.connect(ms(0)).unwrap(), hub.connect(ms(0)).unwrap()];
    texts(&mut hub);
    for client in clients {
        let message = br#"{"op":"subscribe","sub":5,"topic":"overview","nodes":["nobody"]}"#;
        hub.receive(client, message, ms(0));
    }
    let wanted = hub.take_want().unwrap();
    assert_eq!(hub.take_want(), None, "one question for both");
    hub.refuse(wanted.channel, "there is no node nobody", ms(0));
    let told = r#"{"error":{"reason":"there is no node nobody","sub":5}}"#;
    assert_eq!(texts(&mut hub), [told, told]);
    let statistics = hub.statistics();
    assert_eq!((statistics.clients, statistics.views), (2, 0));
}

#[test]
fn a_silent_client_is_pinged_and_then_closed() {
    let mut hub = hub(Config::new("e1", "1"));
    hub.connect(ms(0)).unwrap();
    let answers = hub.connect(ms(0)).unwrap();
    texts(&mut hub);
    let mut pings = 0;
    for second in 1..=29 {
        hub.poll(ms(second * 1_000));
        pings += texts(&mut hub).iter().filter(|text| *text == "ping").count();
        hub.heard(answers, ms(second * 1_000));
    }
    assert_eq!((pings, hub.farewell()), (4, None));
    hub.poll(ms(30_000));
    assert_eq!(hub.farewell().unwrap().reason, CloseReason::Silent);
    assert_eq!(hub.farewell(), None);
}

#[test]
fn a_client_that_talks_but_does_not_read_is_closed() {
    let mut world = World::plain();
    world.connect();
    world.subscribe(0, 1, "a");
    world.set_reads(0, Reads::Never);
    for number in 0..40 {
        world.pass(ms(1_000));
        world.change("a", &[], json!(number));
        world.hub.heard(world.clients[0].id, world.now);
    }
    assert_eq!(world.clients[0].closed, Some(CloseReason::Stalled));
}

#[test]
fn one_that_asks_nonsense_and_reads_no_answers_is_closed() {
    let mut config = Config::new("e1", "1");
    config.limits.replies = 8;
    let mut hub = hub(config);
    let client = hub.connect(ms(0)).unwrap();
    for _ in 0..8 {
        hub.receive(client, br#"{"op":"unsubscribe","sub":1}"#, ms(0));
    }
    assert_eq!(hub.farewell().unwrap().reason, CloseReason::Stalled);
}

#[test]
fn large_states_leave_in_frames_of_64_kib() {
    let topics = [TopicConfig::new("a"), TopicConfig::new("b"), TopicConfig::new("c")];
    let mut world = World::new(Config::new("e1", "1"), &topics);
    for topic in ["a", "b", "c"] {
        world.change(topic, &[], json!("x".repeat(30_000)));
    }
    world.connect();
    world.set_reads(0, Reads::Never);
    for (sub, topic) in [(1, "a"), (2, "b"), (3, "c")] {
        world.subscribe(0, sub, topic);
    }
    world.set_reads(0, Reads::AtOnce);
    let sizes: Vec<_> =
        world.clients[0].frames.iter().map(|(_, frame)| frame.to_string().len()).collect();
    assert_eq!(sizes.len(), 2);
    assert!(sizes.iter().all(|size| *size < 64 << 10), "{sizes:?}");
}

#[test]
fn clients_of_the_same_messages_share_the_bytes() {
    let mut world = World::plain();
    for client in 0..100 {
        world.connect();
        world.subscribe(client, 1, "a");
    }
    world.pass(ms(1_000));
    let before = world.hub.statistics();
    world.change("a", &[], json!({"n": 1}));
    let after = world.hub.statistics();
    assert_eq!(after.frames - before.frames, 100);
    assert_eq!(after.frames_made - before.frames_made, 1);
    assert_eq!(after.serialisations - before.serialisations, 1);
}

/// A patch that removes much is longer than what is left.
#[test]
fn a_patch_that_is_longer_than_the_state_goes_as_a_snapshot() {
    let mut world = World::plain();
    world.connect();
    world.subscribe(0, 1, "a");
    let many = json!({"a": 1, "b": {"c": 2, "d": 3}, "long": {"name": "value"}});
    world.change("a", &[], many);
    world.pass(ms(100));
    world.change("a", &[], json!({"a": 1}));
    let last = &world.clients[0].frames.last().unwrap().1["messages"][0];
    assert_eq!((&last["kind"], &last["data"]), (&json!("snapshot"), &json!({"a": 1})));
}

#[test]
fn configurations_that_let_nothing_through_are_refused() {
    let twice = [TopicConfig::new("a"), TopicConfig::new("a")];
    let none = [TopicConfig::limited("a", 0.0)];
    let mut config = Config::new("e1", "1");
    let error = |config: &Config, topics: &[TopicConfig]| {
        Hub::new(config.clone(), topics, ms(0)).unwrap_err().to_string()
    };
    assert_eq!(error(&config, &twice), r#"topic "a" is given twice"#);
    assert_eq!(error(&config, &none), r#"topic "a" is given at most 0 times a second"#);
    config.limits.views = 0;
    assert_eq!(error(&config, &[]), "the limit views must be at least 1");
}
