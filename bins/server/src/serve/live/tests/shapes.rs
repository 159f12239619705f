//! What states look like, and what time alone does to them.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use piecewatch_model::{Grain, Timestamp};
use piecewatch_store::{Store, StoreConfig};
use serde_json::{Value, json};

use super::world::{NOON, World, last_hour, number, today, wait};
use crate::serve::live::{Live, Refusal, Topic};

/// Whether there is no null and no array in it, however deep.
fn is_patchable(value: &Value) -> bool {
    match value {
        Value::Null | Value::Array(_) => false,
        Value::Object(members) => members.values().all(is_patchable),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

#[test]
fn no_state_holds_a_null_or_an_array() {
    let world = World::new(&["attic", "barn"]);
    world.log(0).write(30_000).unwrap();
    world.log(1).write(3_000).unwrap();
    let (pipeline, unwritten) = world.watched(Duration::from_millis(20));
    let live = world.live(Some(&unwritten));
    wait("all is counted", || today(&live, &[]) == world.all());
    wait("all is stored", || unwritten.is_empty());
    for topic in Topic::ALL {
        for nodes in [&[][..], &["attic"], &["barn", "attic"]] {
            let state = live.state(topic.name(), nodes).unwrap();
            assert!(is_patchable(&state), "{topic:?}: {state:#}");
            assert!(state.as_object().is_some_and(|state| !state.is_empty()), "{topic:?}");
        }
    }
    // What stands beside the counts was asked for when nothing was stored, and is anew in a while.
    let overview = world.live(Some(&unwritten)).state("overview", &[]).unwrap();
    for path in [
        "/actions/GET/success",
        "/actions/PUT/bytes",
        "/nodes/attic/total/count",
        "/nodes/barn/total/success",
        "/rates/ingress/bits_per_second",
        "/disk/available_bytes",
    ] {
        assert!(overview.pointer(path).is_some_and(Value::is_u64), "{path}: {overview:#}");
    }
    let latency = live.state("latency", &["attic"]).unwrap();
    assert!(latency["actions"]["GET"].as_object().is_some_and(|clocks| !clocks.is_empty()));
    let satellites = live.state("satellites", &[]).unwrap();
    let of_satellites: u64 = (satellites["satellites"].as_object().unwrap().values())
        .flat_map(|satellite| satellite["actions"].as_object().unwrap().values())
        .map(|action| number(action, "/count"))
        .sum();
    assert_eq!(of_satellites, world.all());
    pipeline.stop().unwrap();
}

#[test]
fn alerts_are_told_without_asking_the_database() {
    let world = World::new(&["attic"]);
    let mut parts = world.parts(None);
    let readers = parts.readers.clone();
    parts.alerts = Box::new(|nodes| json!({ "of": nodes.len(), "none": null }));
    let live = Live::new(parts);
    let before = readers.asked();
    assert_eq!(live.state("alerts", &[]), Ok(json!({ "of": 0 })), "no node is all");
    assert_eq!(live.state("alerts", &["attic", "loft"]), Ok(json!({ "of": 2 })));
    let none = "there is no node ".to_owned();
    assert_eq!(live.state("alerts", &[""]), Err(Refusal::None(none)));
    assert_eq!(readers.asked(), before);
}

#[test]
fn what_the_status_is_not_known_of_is_not_shown_as_nothing() {
    let world = World::new(&["attic"]);
    let mut parts = world.parts(None);
    let refusal = Refusal::NotNow("the database is busy".to_owned());
    let refused = refusal.clone();
    parts.status = Box::new(move |_| Err(refused.clone()));
    assert_eq!(Live::new(parts).state("status", &[]), Err(refusal));
}

/// While what a log told during a pause is still read its newest line is old, and says nothing.
#[test]
fn a_node_whose_log_is_still_read_has_no_health() {
    let world = World::new(&["attic", "barn"]);
    (0..2).for_each(|node| world.log(node).write(300).unwrap());
    let (pipeline, unwritten) = world.watched(Duration::from_millis(5));
    wait("all is stored", || unwritten.is_empty() && today(&world.live(None), &[]) == world.all());
    let mut parts = world.parts(Some(&unwritten));
    parts.is_current = Box::new(|node| node.as_str() == "barn");
    let overview = Live::new(parts).state("overview", &[]).unwrap();
    assert_eq!(overview.pointer("/nodes/attic/health"), None, "{overview:#}");
    assert!(overview.pointer("/nodes/attic/last_record").is_some(), "{overview:#}");
    assert!(overview.pointer("/nodes/barn/health/state").is_some(), "{overview:#}");
    pipeline.stop().unwrap();
}

#[test]
fn a_node_or_a_topic_that_is_none_is_refused_in_a_sentence() {
    let world = World::new(&["attic"]);
    let live = world.live(None);
    let refused = |topic, nodes: &[&str]| live.state(topic, nodes).unwrap_err();
    let sentence = |text: &str| Refusal::None(text.to_owned());
    assert_eq!(refused("weather", &[]), sentence("there is no topic weather"));
    assert_eq!(refused("traffic", &["attic", "loft"]), sentence("there is no node loft"));
    assert_eq!(refused("traffic", &["no name"]), sentence("there is no node no name"));
    // It is configured, though nothing was read of it yet.
    assert_eq!(number(&live.state("overview", &["attic"]).unwrap(), "/total/count"), 0);
    // And what somebody else has brought meanwhile is known.
    let other = World::new(&["loft"]);
    other.log(0).write(500).unwrap();
    let readers = other.readers();
    let mut parts = world.parts(None);
    (parts.readers, parts.configured) = (readers, Box::new(Vec::new));
    let live = Live::new(parts);
    assert_eq!(live.state("traffic", &["loft"]).unwrap_err(), sentence("there is no node loft"));
    other.import(&mut Store::open(&other.db(), StoreConfig::default()).unwrap(), 0);
    assert_eq!(today(&live, &["loft"]), other.all());
}

/// How far after noon it is, in microseconds.
static PASSED: AtomicI64 = AtomicI64::new(0);

fn passing() -> Timestamp {
    NOON.plus_micros(PASSED.load(Ordering::Relaxed))
}

/// Nothing is written any more, and nothing is asked of the database but whether that is so.
#[test]
fn rates_fall_minutes_go_and_days_end_by_time_alone() {
    let world = World::new(&["attic"]);
    let (pipeline, unwritten) = world.watched(Duration::from_millis(20));
    let mut parts = world.parts(Some(&unwritten));
    parts.now = passing;
    let live = Live::new(parts);
    world.log(0).write(30_000).unwrap();
    wait("all is counted", || today(&live, &[]) == world.all());
    wait("all is stored", || unwritten.is_empty());
    let last = {
        let state = live.state("transfers", &[]).unwrap();
        let rows = state["transfers"].as_object().unwrap().values();
        let at = |row: &Value| row["at"].as_str().unwrap().parse::<Timestamp>().unwrap();
        rows.map(at).max().unwrap()
    };
    let after = |micros: i64| {
        PASSED.store(last.as_micros() - NOON.as_micros() + micros, Ordering::Relaxed);
    };
    let minute = Grain::Minute.micros();
    let rate = || {
        let state = live.state("overview", &[]).unwrap();
        let rates = &state["rates"];
        assert_eq!(rates, &live.state("traffic", &[]).unwrap()["rates"]);
        let pieces = |way: &str| rates[way]["pieces_per_second"].as_f64().unwrap();
        pieces("ingress") + pieces("egress")
    };
    after(0);
    // Of 15 transfers a second most succeed.
    let full = rate();
    assert!((6.0..16.0).contains(&full), "{full}");
    let mut falling = full;
    for _ in 0..12 {
        after(PASSED.load(Ordering::Relaxed) - (last.as_micros() - NOON.as_micros()) + minute / 6);
        let now = rate();
        assert!(now <= falling, "{now} after {falling}");
        falling = now;
    }
    assert_eq!(falling, 0.0, "two minutes later");
    assert_eq!(last_hour(&live, &[]), world.all());
    let mut counts = Vec::new();
    for ten in 0..8 {
        after(ten * 10 * minute);
        counts.push(last_hour(&live, &[]));
    }
    assert!(counts.is_sorted_by(|one, other| one >= other) && counts[7] == 0, "{counts:?}");
    assert!(counts.iter().any(|count| 0 < *count && *count < world.all()), "{counts:?}");
    assert_eq!(today(&live, &[]), world.all());
    PASSED.store(12 * 60 * minute - 1, Ordering::Relaxed);
    assert_eq!(today(&live, &[]), world.all(), "until midnight");
    PASSED.store(12 * 60 * minute, Ordering::Relaxed);
    assert_eq!(today(&live, &[]), 0, "a new day");
    // A clock that is set back finds what was given up.
    after(0);
    assert_eq!(today(&live, &[]), world.all());
    assert_eq!(last_hour(&live, &[]), world.all());
    pipeline.stop().unwrap();
}
