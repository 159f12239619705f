//! A hub over a transport in memory: three watchers of one busy state, each in its own way.
//!
//! `cargo run -p piecewatch-broadcast --example in_memory`

#![expect(clippy::print_stdout, reason = "an example shows what it does")]
#![expect(clippy::disallowed_methods, reason = "this binary has no clock of its own")]

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, SystemTime},
};

use piecewatch_broadcast::{
    Broadcaster, CloseReason, Config, Mirror, Outgoing, TopicConfig, start,
};
use serde_json::json;
use tokio::time::{interval, sleep};

#[derive(Default)]
struct Watched {
    frames: u64,
    bytes: usize,
    uploads: u64,
}

/// One client: what a browser would do, without the socket. `pause` is how long it thinks about
/// each frame.
async fn watch(
    broadcaster: Broadcaster,
    subscribe: &'static str,
    pause: Duration,
) -> Result<(Watched, CloseReason), Box<dyn Error + Send + Sync>> {
    let mut connection = broadcaster.connect().await?;
    connection.inbound.receive(subscribe.as_bytes()).await;
    let mut mirror = Mirror::new();
    let mut watched = Watched::default();
    loop {
        match connection.outbound.next().await {
            Outgoing::Text(text) => {
                for view in mirror.take(&text)? {
                    let resync = json!({"op": "resync", "view": view}).to_string();
                    connection.inbound.receive(resync.as_bytes()).await;
                }
                watched.frames += 1;
                watched.bytes += text.len();
                let state = mirror.state(1);
                watched.uploads = state.and_then(|state| state["uploads"].as_u64()).unwrap_or(0);
            }
            Outgoing::Ping => connection.inbound.heard().await,
            Outgoing::Close(reason) => return Ok((watched, reason)),
        }
        sleep(pause).await;
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let topics = [TopicConfig::new("overview"), TopicConfig::urgent("alerts")];
    let (broadcaster, mut wants, driver) =
        start(Config::new("first start", "0.1.0"), &topics, SystemTime::now)?;
    let driver = tokio::spawn(driver.run(sleep(Duration::from_secs(1)), Duration::from_secs(1)));

    let uploads = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&uploads);
    tokio::spawn(async move {
        while let Some(want) = wants.recv().await {
            let satellites: serde_json::Map<_, _> = (0..6)
                .map(|number| (format!("satellite {number}"), json!({"online": 1.0, "audit": 1.0})))
                .collect();
            want.answer(json!({"uploads": counted.load(Relaxed), "satellites": satellites}));
        }
    });

    let ways = [
        ("as fast as it goes", r#"{"op":"subscribe","sub":1,"topic":"overview"}"#, 0),
        ("twice a second", r#"{"op":"subscribe","sub":1,"topic":"overview","max_hz":2}"#, 0),
        ("a slow reader", r#"{"op":"subscribe","sub":1,"topic":"overview"}"#, 300),
    ];
    let watchers = ways.map(|(_, subscribe, pause)| {
        tokio::spawn(watch(broadcaster.clone(), subscribe, Duration::from_millis(pause)))
    });

    let mut upload = interval(Duration::from_millis(2));
    for _ in 0..400 {
        upload.tick().await;
        uploads.fetch_add(1, Relaxed);
        broadcaster.changed("overview", Some("n1"));
    }
    sleep(Duration::from_millis(100)).await;
    if let Some(statistics) = broadcaster.statistics().await {
        println!(
            "{} changes: {} states asked for, {} messages made, {} frames, {} bytes",
            statistics.events,
            statistics.states,
            statistics.serialisations,
            statistics.frames,
            statistics.bytes
        );
    }
    driver.await?;
    for ((name, ..), watcher) in ways.into_iter().zip(watchers) {
        let (Watched { frames, bytes, uploads }, reason) = watcher.await??;
        let reason = reason.text();
        println!("{name:>18}: {frames:3} frames, {bytes:6} bytes, {uploads} uploads, {reason}");
    }
    Ok(())
}
