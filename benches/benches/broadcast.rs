//! The hub's work: the difference of two states, and a window's flush to a thousand clients.

use std::{
    hint::black_box,
    time::{Duration, SystemTime},
};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use piecewatch_broadcast::{ClientId, Config, Hub, Outgoing, Switch, TopicConfig, diff};
use serde_json::{Value, json};

#[path = "../../crates/broadcast/tests/it/busy_node.rs"]
mod busy_node;

use busy_node::Overview;

const CLIENTS: usize = 1_000;

/// Transfers within a window at 200 a second.
const TRANSFERS: usize = 15;

/// An overview, and the one a window later.
fn states() -> (Value, Value) {
    let mut overview = Overview::new(7);
    let before = overview.value();
    for _ in 0..TRANSFERS {
        overview.transfer();
    }
    (before, overview.value())
}

fn differences(criterion: &mut Criterion) {
    let (before, after) = states();
    let size = after.to_string().len() as u64;
    let mut group = criterion.benchmark_group("broadcast/state");
    group.throughput(Throughput::Bytes(size));
    group.bench_function("diff", |bencher| {
        bencher.iter(|| diff(black_box(&before), black_box(&after)));
    });
    // What a diff has to be cheaper than.
    group.bench_function("serialise", |bencher| bencher.iter(|| black_box(&after).to_string()));
    group.finish();
}

/// A hub with clients on `views` sets of nodes, at the time when all have the state before.
fn hub(views: usize, sharing: Switch, before: &Value) -> (Hub, Vec<ClientId>) {
    let mut config = Config::new("e1", "1.0");
    config.switches.sharing = sharing;
    let mut hub = Hub::new(config, &[TopicConfig::new("overview")], Duration::ZERO)
        .expect("a topic is enough");
    let clients: Vec<_> =
        (0..CLIENTS).map(|_| hub.connect(Duration::ZERO).expect("there is room")).collect();
    for (number, client) in clients.iter().enumerate() {
        let nodes = [format!("n{}", number % views)];
        let text = json!({"op": "subscribe", "sub": 1, "topic": "overview", "nodes": nodes});
        hub.receive(*client, text.to_string().as_bytes(), Duration::ZERO);
    }
    answer(&mut hub, before, Duration::ZERO);
    flush(&mut hub);
    (hub, clients)
}

fn answer(hub: &mut Hub, state: &Value, now: Duration) {
    while let Some(wanted) = hub.take_want() {
        hub.answer(wanted.channel, state.clone(), now);
    }
}

/// Gives every client what waits for it. How many bytes.
fn flush(hub: &mut Hub) -> usize {
    hub.begin(SystemTime::UNIX_EPOCH);
    let mut bytes = 0;
    while let Some(client) = hub.next_ready() {
        if let Some(Outgoing::Text(text)) = hub.give(client) {
            bytes += text.len();
        }
    }
    bytes
}

/// From the change to the last client's frame. Each element is one client.
fn flushes(criterion: &mut Criterion) {
    let (before, after) = states();
    let mut group = criterion.benchmark_group("broadcast/flush");
    group.throughput(Throughput::Elements(CLIENTS as u64));
    let cases = [
        ("1 view", 1, Switch::On),
        ("1 view, frames not shared", 1, Switch::Off),
        ("50 views", 50, Switch::On),
    ];
    for (name, views, sharing) in cases {
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                || hub(views, sharing, &before),
                |(hub, _)| {
                    let now = Duration::from_secs(1);
                    hub.changed("overview", None);
                    hub.poll(now);
                    answer(hub, &after, now);
                    let bytes = flush(hub);
                    assert!(bytes > CLIENTS * 100, "every client is told");
                    bytes
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, differences, flushes);
criterion_main!(benches);
