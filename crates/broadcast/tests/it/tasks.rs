//! The task with real clients: a thousand, most of them well-behaved. Time is paused.

use std::{
    sync::Arc,
    sync::atomic::{AtomicU64, Ordering::SeqCst},
    time::{Duration, SystemTime},
};

use piecewatch_broadcast::{
    Broadcaster, CloseReason, Config, Connection, Mirror, Outgoing, Refused, TopicConfig, Want,
    start,
};
use serde_json::{Value, json};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use crate::world::ms;

/// A hub whose states are a count that grows with each change.
struct Live {
    broadcaster: Broadcaster,
    count: Arc<AtomicU64>,
    stop: oneshot::Sender<()>,
    driver: JoinHandle<()>,
}

fn live(config: Config) -> Live {
    let topics = [TopicConfig::new("a"), TopicConfig::urgent("alerts")];
    let (broadcaster, wants, driver) = start(config, &topics, || SystemTime::UNIX_EPOCH).unwrap();
    let (stop, stopped) = oneshot::channel();
    let driver = tokio::spawn(driver.run(async { drop(stopped.await) }, ms(1_000)));
    let count = Arc::new(AtomicU64::new(0));
    tokio::spawn(answer(wants, Arc::clone(&count)));
    Live { broadcaster, count, stop, driver }
}

async fn answer(mut wants: mpsc::Receiver<Want>, count: Arc<AtomicU64>) {
    while let Some(want) = wants.recv().await {
        if want.nodes().iter().any(|node| **node == *"nobody") {
            want.refuse("there is no such node");
            continue;
        }
        let count = count.load(SeqCst);
        want.answer(json!({"count": count, "of": want_text(count)}));
    }
}

/// Something that makes a state worth sharing.
fn want_text(count: u64) -> Value {
    json!({"page": "x".repeat(2_000), "last": count % 10})
}

impl Live {
    fn change(&self, topic: &str) {
        self.count.fetch_add(1, SeqCst);
        self.broadcaster.changed(topic, Some("n1"));
    }

    async fn subscriber(&self) -> Connection {
        let connection = self.broadcaster.connect().await.unwrap();
        connection.inbound.receive(br#"{"op":"subscribe","sub":1,"topic":"a"}"#).await;
        connection
    }
}

/// Reads until the count is `last`, or the hub closes. Gives the highest count and the reason.
async fn read(mut connection: Connection, last: u64) -> (u64, Option<CloseReason>) {
    let mut mirror = Mirror::new();
    let mut highest = 0;
    loop {
        match connection.outbound.next().await {
            Outgoing::Text(text) => {
                assert!(mirror.take(&text).unwrap().is_empty(), "nothing gets lost");
                if let Some(state) = mirror.state(1) {
                    let count = state["count"].as_u64().unwrap();
                    assert!(count >= highest, "{count} after {highest}");
                    highest = count;
                }
            }
            Outgoing::Ping => connection.inbound.heard().await,
            Outgoing::Close(reason) => return (highest, Some(reason)),
        }
        if highest == last {
            return (highest, None);
        }
    }
}

/// Says nonsense until it is closed.
async fn rant(mut connection: Connection) -> CloseReason {
    loop {
        tokio::select! {
            outgoing = connection.outbound.next() => if let Outgoing::Close(reason) = outgoing {
                return reason;
            },
            () = connection.inbound.receive(b"\xff{]garbage") => sleep(ms(20)).await,
        }
    }
}

/// Never reads, and answers nothing. Its transport notices that it is closed all the same.
async fn sleep_through(connection: Connection) -> CloseReason {
    connection.outbound.closing().wait().await
}

#[tokio::test(start_paused = true)]
async fn of_a_thousand_clients_the_well_behaved_notice_nothing_of_the_others() {
    const LAST: u64 = 12_000;
    let live = live(Config::new("e1", "1"));
    let (mut good, mut garbage, mut asleep) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..1_000 {
        let connection = live.subscriber().await;
        match number % 5 {
            0 => garbage.push(tokio::spawn(rant(connection))),
            1 => asleep.push(tokio::spawn(sleep_through(connection))),
            2 => drop(connection),
            _ => good.push(tokio::spawn(read(connection, LAST))),
        }
    }
    let mut held_max = 0;
    for _ in 0..LAST {
        live.change("a");
        sleep(ms(5)).await;
        if live.count.load(SeqCst).is_multiple_of(500) {
            let statistics = live.broadcaster.statistics().await.unwrap();
            held_max = held_max.max(statistics.held_bytes);
        }
    }
    for client in good {
        assert_eq!(client.await.unwrap(), (LAST, None));
    }
    for client in garbage {
        assert_eq!(client.await.unwrap(), CloseReason::TooManyMessages);
    }
    for client in asleep {
        let reason = client.await.unwrap();
        assert!(matches!(reason, CloseReason::Stalled | CloseReason::Silent), "{reason:?}");
    }
    sleep(ms(1_000)).await;
    let statistics = live.broadcaster.statistics().await.unwrap();
    println!("{statistics:#?}");
    assert_eq!((statistics.clients, statistics.views, statistics.behind), (0, 0, 0));
    assert_eq!(statistics.held_bytes, 0);
    assert_eq!(statistics.closed_for(CloseReason::TooManyMessages), 200);
    assert_eq!(statistics.closed_for(CloseReason::Left), 200 + 400);
    // One view's patch and snapshot, and the answers that the garbage gets: 200 clients with at
    // most 17 of them, of at most 300 bytes.
    assert!(held_max < 10_000 + 200 * 17 * 300, "{held_max}");
    assert!(statistics.frames_made < statistics.frames / 100, "frames are shared");
}

#[tokio::test(start_paused = true)]
async fn a_lone_change_is_told_at_once_and_a_second_one_a_window_later() {
    let live = live(Config::new("e1", "1"));
    let mut connection = live.subscriber().await;
    for _ in 0..3 {
        connection.outbound.next().await;
    }
    sleep(ms(1_000)).await;
    let start = Instant::now();
    live.change("a");
    assert!(matches!(connection.outbound.next().await, Outgoing::Text(_)));
    assert_eq!(start.elapsed(), ms(0));
    live.change("a");
    live.change("a");
    connection.outbound.next().await;
    let waited = start.elapsed();
    assert!(waited >= ms(75) && waited <= ms(77), "{waited:?}");
    // The window is closed: an urgent change wakes the hub all the same.
    connection.inbound.receive(br#"{"op":"subscribe","sub":2,"topic":"alerts"}"#).await;
    for _ in 0..2 {
        connection.outbound.next().await;
    }
    live.change("a");
    live.change("alerts");
    let before = Instant::now();
    connection.outbound.next().await;
    assert!(before.elapsed() <= ms(11), "{:?}", before.elapsed());
}

#[tokio::test(start_paused = true)]
async fn shutting_down_says_goodbye_and_cuts_off_who_does_not_go() {
    let live = live(Config::new("e1", "1"));
    let mut polite = live.subscriber().await;
    let rude = live.subscriber().await;
    for _ in 0..3 {
        polite.outbound.next().await;
    }
    let start = Instant::now();
    drop(live.stop);
    assert_eq!(polite.outbound.next().await, Outgoing::Close(CloseReason::GoingAway));
    assert_eq!(rude.outbound.closing().wait().await, CloseReason::GoingAway);
    assert_eq!(live.broadcaster.connect().await.unwrap_err(), Refused::Stopping);
    drop(polite);
    live.driver.await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 1, "the grace time");
    assert_eq!(live.broadcaster.connect().await.unwrap_err(), Refused::Stopping);
    assert!(live.broadcaster.statistics().await.is_none());
    drop(rude);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_all_obey_takes_no_time() {
    let live = live(Config::new("e1", "1"));
    let connection = live.subscriber().await;
    let client = tokio::spawn(read(connection, u64::MAX));
    sleep(ms(10)).await;
    let start = Instant::now();
    drop(live.stop);
    live.driver.await.unwrap();
    assert_eq!(client.await.unwrap().1, Some(CloseReason::GoingAway));
    assert!(start.elapsed() < ms(10));
}

#[tokio::test(start_paused = true)]
async fn a_question_that_is_let_fall_is_asked_again_and_a_refused_one_is_told() {
    let topics = [TopicConfig::new("a")];
    let (broadcaster, mut wants, driver) =
        start(Config::new("e1", "1"), &topics, || SystemTime::UNIX_EPOCH).unwrap();
    tokio::spawn(driver.run(std::future::pending(), Duration::ZERO));
    let mut connection = broadcaster.connect().await.unwrap();
    let message = br#"{"op":"subscribe","sub":1,"topic":"a","nodes":["nobody"]}"#;
    connection.inbound.receive(message).await;
    let start = Instant::now();
    drop(wants.recv().await.unwrap());
    let again = timeout(ms(5_000), wants.recv()).await.unwrap().unwrap();
    assert_eq!(start.elapsed().as_secs(), 1);
    assert_eq!((again.topic(), &*again.nodes()[0]), ("a", "nobody"));
    again.refuse("there is no such node");
    let mut mirror = Mirror::new();
    let faults = loop {
        let Outgoing::Text(text) = connection.outbound.next().await else { panic!("closed") };
        mirror.take(&text).unwrap();
        let faults = mirror.take_faults();
        if !faults.is_empty() {
            break faults;
        }
    };
    assert_eq!((faults[0].reason.as_str(), faults[0].sub), ("there is no such node", Some(1)));
}

#[tokio::test(start_paused = true)]
async fn the_task_ends_when_nobody_is_left() {
    let live = live(Config::new("e1", "1"));
    let connection = live.subscriber().await;
    let Live { broadcaster, driver, stop, .. } = live;
    drop(broadcaster);
    sleep(ms(100)).await;
    assert!(!driver.is_finished(), "a client is there");
    drop(connection);
    timeout(ms(5_000), driver).await.unwrap().unwrap();
    drop(stop);
}

/// Changes are gathered and told when a window is about to open: clients see what there was so long
/// before, and the application is asked once a window, and not at all when nothing goes out.
#[tokio::test(start_paused = true)]
async fn whoever_gathers_changes_is_told_before_a_window_opens() {
    let lead = ms(3);
    let config = Config { coalesce: ms(75), ..Config::new("e1", "1") };
    let topics = [TopicConfig::new("a")];
    let (broadcaster, mut wants, driver) =
        start(config, &topics, || SystemTime::UNIX_EPOCH).unwrap();
    let (gathered, calls) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let began = Instant::now();
    let driver = driver.before_windows(lead, &["a"], {
        let (broadcaster, gathered) = (broadcaster.clone(), Arc::clone(&gathered));
        let calls = Arc::clone(&calls);
        move || {
            calls.fetch_add(1, SeqCst);
            let now = u64::try_from(began.elapsed().as_millis()).unwrap();
            // Something happens all the time, for three seconds.
            if now < 3_000 {
                gathered.store(now, SeqCst);
                broadcaster.changed("a", None);
            }
            || true
        }
    });
    tokio::spawn(driver.run(std::future::pending(), ms(0)));
    tokio::spawn({
        let gathered = Arc::clone(&gathered);
        async move {
            while let Some(want) = wants.recv().await {
                want.answer(json!({"at": gathered.load(SeqCst)}));
            }
        }
    });
    let mut connection = broadcaster.connect().await.unwrap();
    connection.inbound.receive(br#"{"op":"subscribe","sub":1,"topic":"a"}"#).await;
    sleep(ms(200)).await;
    assert_eq!(calls.load(SeqCst), 0, "nothing has changed");
    broadcaster.changed("a", None);
    let mut mirror = Mirror::new();
    let (mut seen, mut last) = (0, 0);
    while let Ok(Outgoing::Text(text)) = timeout(ms(500), connection.outbound.next()).await {
        mirror.take(&text).unwrap();
        let Some(state) = mirror.state(1) else { continue };
        let at = state["at"].as_u64().unwrap();
        if at > last {
            let now = u64::try_from(began.elapsed().as_millis()).unwrap();
            assert!((3..=4).contains(&(now - at)), "gathered at {at}, seen at {now}");
            (seen, last) = (seen + 1, at);
        }
    }
    assert!((36..=38).contains(&seen), "{seen} windows in 2.8 seconds");
    let calls = calls.load(SeqCst);
    assert!((seen..=seen + 2).contains(&calls), "{calls} calls for {seen} windows");
}

/// Whoever is told and takes long is waited for a little, since what he has would else wait for a whole window; and
/// while nobody watches his topics he is not told.
#[tokio::test(start_paused = true)]
async fn a_window_is_held_for_whoever_is_not_ready_but_not_for_long() {
    for (takes, expected) in [(5, 77), (9, 81), (3_600, 85)] {
        let config = Config { coalesce: ms(75), ..Config::new("e1", "1") };
        let topics = [TopicConfig::new("a"), TopicConfig::new("b")];
        let (broadcaster, mut wants, driver) =
            start(config, &topics, || SystemTime::UNIX_EPOCH).unwrap();
        let calls = Arc::new(AtomicU64::new(0));
        let driver = driver.before_windows(ms(3), &["a"], {
            let calls = Arc::clone(&calls);
            move || {
                calls.fetch_add(1, SeqCst);
                let told = Instant::now();
                move || told.elapsed() >= ms(takes)
            }
        });
        tokio::spawn(driver.run(std::future::pending(), ms(0)));
        tokio::spawn(async move {
            let mut count = 0;
            while let Some(want) = wants.recv().await {
                count += 1;
                want.answer(json!(count));
            }
        });
        let mut connection = broadcaster.connect().await.unwrap();
        for topic in ["a", "b"] {
            let message = json!({"op": "subscribe", "sub": 1, "topic": topic}).to_string();
            connection.inbound.receive(message.as_bytes()).await;
            while timeout(ms(200), connection.outbound.next()).await.is_ok() {}
            let told = calls.load(SeqCst);
            broadcaster.changed(topic, None);
            connection.outbound.next().await;
            let went = Instant::now();
            broadcaster.changed(topic, None);
            connection.outbound.next().await;
            let passed = u64::try_from(went.elapsed().as_millis()).unwrap();
            if topic == "a" {
                assert!((expected..=expected + 1).contains(&passed), "{takes}: {passed} ms");
                assert_eq!(calls.load(SeqCst), told + 1);
            } else {
                assert!((75..=76).contains(&passed), "{takes}: {passed} ms");
                assert_eq!(calls.load(SeqCst), told, "nobody watches what is gathered");
            }
            connection.inbound.receive(br#"{"op":"unsubscribe","sub":1}"#).await;
            while timeout(ms(200), connection.outbound.next()).await.is_ok() {}
        }
    }
}
