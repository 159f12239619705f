//! From a line of a log to the mirror of a client.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, SystemTime},
};

use piecewatch_broadcast::{Config, Mirror, Outgoing, start};

use super::world::{World, number};
use crate::serve::live::{Job, Live, answer_wants, tell_changes};

/// As the blocking pool of a server, which now and then has no thread.
fn run(job: Job) {
    static CALLS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    if CALLS.fetch_add(1, Ordering::Relaxed) % 50 != 49 {
        drop(tokio::task::spawn_blocking(job));
    }
}

#[test]
fn clients_see_lines_within_a_moment_and_end_at_the_truth() {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).enable_all().build().unwrap();
    let world = Arc::new(World::new(&["attic", "barn"]));
    let (pipeline, unwritten) = world.watched(Duration::from_secs(1));
    unwritten.watch(true);
    let live = Arc::new(world.live(Some(&unwritten)));
    let is_written = Arc::new(AtomicBool::new(false));
    let writing = {
        let (world, is_written) = (Arc::clone(&world), Arc::clone(&is_written));
        thread::spawn(move || {
            for step in 0..300 {
                world.log(step % 2).write(4).unwrap();
                thread::sleep(Duration::from_millis(8));
            }
            is_written.store(true, Ordering::Relaxed);
        })
    };
    runtime.block_on(async {
        let clock = || SystemTime::UNIX_EPOCH;
        let (broadcaster, wants, driver) =
            start(Config::new("e1", "1"), &Live::topics(), clock).unwrap();
        let driver = tokio::spawn(driver.run(std::future::pending(), Duration::from_secs(1)));
        let answers = tokio::spawn(answer_wants(Arc::clone(&live), wants, 2, run));
        let tells =
            tokio::spawn(tell_changes(Arc::clone(&live), broadcaster.clone(), || true, run));
        let mut connection = broadcaster.connect().await.unwrap();
        let topics = ["overview", "traffic", "transfers", "earnings", "storage", "reputation"];
        for (sub, topic) in (1..).zip(topics) {
            let message = format!(r#"{{"op":"subscribe","sub":{sub},"topic":"{topic}"}}"#);
            connection.inbound.receive(message.as_bytes()).await;
        }
        let nobody = br#"{"op":"subscribe","sub":99,"topic":"traffic","nodes":["nobody"]}"#;
        connection.inbound.receive(nobody).await;
        let mut mirror = Mirror::new();
        let (mut last, mut frames, mut refusals) = (0, 0, 0);
        let count =
            |mirror: &Mirror| mirror.state(1).map_or(0, |state| number(state, "/total/count"));
        while !(is_written.load(Ordering::Relaxed)
            && count(&mirror) == world.all()
            && mirror.state(6).is_some())
        {
            let next = tokio::time::timeout(Duration::from_secs(20), connection.outbound.next());
            match next.await.expect("the client ends at the truth") {
                Outgoing::Text(text) => {
                    refusals += usize::from(
                        String::from_utf8_lossy(&text).contains("there is no node nobody"),
                    );
                    mirror.take(&text).unwrap();
                }
                Outgoing::Ping => connection.inbound.heard().await,
                Outgoing::Close(reason) => panic!("{reason:?}"),
            }
            let now = count(&mirror);
            assert!(last <= now && now <= world.all(), "{now} after {last}");
            frames += usize::from(now > last);
            last = now;
        }
        // Nothing more comes: the list is soon that of the newest.
        live.state("transfers", &[]).unwrap();
        let newest = live.state("transfers", &[]).unwrap();
        while mirror.state(3) != Some(&newest) {
            let next = tokio::time::timeout(Duration::from_secs(20), connection.outbound.next());
            match next.await.expect("the list ends at the newest") {
                Outgoing::Text(text) => drop(mirror.take(&text).unwrap()),
                Outgoing::Ping => connection.inbound.heard().await,
                Outgoing::Close(reason) => panic!("{reason:?}"),
            }
        }
        // 2.4 seconds, at 13 frames a second.
        assert!(frames > 8, "{frames} frames for what was written");
        assert_eq!(refusals, 1);
        for task in [driver, answers, tells] {
            task.abort();
        }
    });
    writing.join().unwrap();
    let Ok(()) = pipeline.stop() else { panic!("the writer has ended") };
}
