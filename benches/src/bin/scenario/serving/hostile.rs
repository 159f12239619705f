//! `hostile`: clients that never read, that send nonsense, and that come and go, beside ten that behave.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::Result;
use futures_util::{SinkExt, StreamExt};
use piecewatch_benches::document::{Bound, Subject, Target};
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_tungstenite::tungstenite::Message;

use super::{
    Name, Run,
    session::{Figures, Phase, Session},
    subject,
    watcher::{Wish, open, subscribe},
};

const NODES: usize = 4;
const RATE: f64 = 200.0;
const CLIENTS: usize = 10;
/// Of each kind.
const HOSTILE: usize = 200;
const WARM_UP: u64 = 4;
/// Before one that was thrown out, or went, comes again.
const PAUSE: Duration = Duration::from_millis(500);
/// How long one that talks nonsense waits to be thrown out.
const THROWN_OUT: Duration = Duration::from_secs(5);
/// How long after they went the memory is looked at.
const AFTER: Duration = Duration::from_secs(20);
/// What a latency may be, in milliseconds: the window and 15.
const LATENCY_MAX: f64 = 90.0;
/// What memory may be more when they are gone: caches of the database fill by themselves.
const MEMORY_MORE: f64 = 4e6;

const METHOD: &str = "\
- Ten clients as in `websocket` at 200 events/s: *alone*, *beside* 600 hostile ones, and *afterwards*, 20 s after
  those went.
- 200 subscribe to three topics and never read. 200 send nonsense, some of it long, and come again 0.5 s after they
  were thrown out. 200 connect and vanish, half of them in the middle of the request, every 0.5 s.";

pub(super) fn measure(run: &mut Run) -> Result<Subject> {
    for round in 1..=run.rounds {
        crate::say(&format!("round {round} of {}", run.rounds));
        let mut session = Session::start(run, NODES, &[])?;
        session.set_rate(RATE)?;
        session.watch(&[Wish::page()], CLIENTS)?;
        let alone = phase(run, &mut session, "alone")?;
        let came = Arc::new(AtomicU64::new(0));
        let tasks: Vec<JoinHandle<()>> = {
            let _entered = session.runtime.enter();
            (0..HOSTILE).flat_map(|_| hostile(&session.server.address, &came)).collect()
        };
        let beside = phase(run, &mut session, "beside")?;
        tasks.iter().for_each(JoinHandle::abort);
        drop(tasks);
        run.push("hostile connections", "connections", came.load(Ordering::Relaxed) as f64);
        thread::sleep(AFTER);
        let afterwards = phase(run, &mut session, "afterwards")?;
        let more = afterwards.rss_bytes_max - alone.rss_bytes_max;
        run.push("memory more afterwards", "bytes", more.max(0.0));
        let later = beside.latencies.quantile(0.99) / alone.latencies.quantile(0.99).max(0.1);
        run.push("p99 beside over alone", "ratio", later);
        session.stop()?;
    }
    let mut subject = subject(Name::Hostile, "Hostile clients beside others", METHOD.to_owned());
    for (series, most) in [
        ("beside: p99", LATENCY_MAX),
        ("afterwards: p99", LATENCY_MAX),
        ("beside: unseen", 0.0),
        ("beside: clients ended", 0.0),
        ("memory more afterwards", MEMORY_MORE),
    ] {
        let (what, series) = (series.to_owned(), series.to_owned());
        subject.targets.push(Target { what, series, bound: Bound::AtMost(most) });
    }
    Ok(subject)
}

fn phase(run: &mut Run, session: &mut Session, name: &str) -> Result<Figures> {
    let phase = Phase {
        name: name.to_owned(),
        transfers_per_second: RATE,
        warm_up: WARM_UP,
        seconds: run.seconds,
    };
    let figures = session.phase(run, &phase)?;
    run.push(&format!("{name}: p50"), "ms", figures.latencies.quantile(0.5));
    run.push(&format!("{name}: p99"), "ms", figures.latencies.quantile(0.99));
    run.push(&format!("{name}: unseen"), "events", figures.unseen as f64);
    run.push(&format!("{name}: clients ended"), "clients", figures.counted.ended as f64);
    run.push(&format!("{name}: CPU"), "%", figures.cpu_percent);
    run.push(&format!("{name}: memory"), "bytes", figures.rss_bytes_max);
    Ok(figures)
}

/// One of each kind; each comes again and again, and is counted each time.
fn hostile(address: &str, came: &Arc<AtomicU64>) -> [JoinHandle<()>; 3] {
    let again = |number: usize| {
        let (address, came) = (address.to_owned(), Arc::clone(came));
        tokio::spawn(async move {
            for time in 0_usize.. {
                came.fetch_add(1, Ordering::Relaxed);
                // However it ends, it comes again.
                let _ = match number {
                    0 => never_read(&address).await,
                    1 => talk_nonsense(&address).await,
                    _ => vanish(&address, time).await,
                };
                sleep(PAUSE).await;
            }
        })
    };
    [again(0), again(1), again(2)]
}

async fn never_read(address: &str) -> Result<()> {
    let mut socket = open(address).await?;
    for (sub, topic) in (1..).zip(["overview", "traffic", "transfers"]) {
        socket.send(subscribe(sub, topic, None)).await?;
    }
    // The server may hang up; nobody here hears of it.
    std::future::pending().await
}

async fn talk_nonsense(address: &str) -> Result<()> {
    let mut socket = open(address).await?;
    let long = format!(r#"{{"op":"subscribe","topic":"{}"}}"#, "x".repeat(32 << 10));
    let texts = ["", "{", "null", "[1,2]", r#"{"op":"fly"}"#, r#"{"op":"resync","view":"v0"}"#];
    for text in texts.iter().cycle().take(texts.len() * 4) {
        socket.send(Message::text(*text)).await?;
    }
    socket.send(Message::binary(vec![0xff; 1_000])).await?;
    socket.send(Message::text(long)).await?;
    let hears = async { while let Some(Ok(_)) = socket.next().await {} };
    // Who is not thrown out goes.
    Ok(timeout(THROWN_OUT, hears).await?)
}

async fn vanish(address: &str, time: usize) -> Result<()> {
    if time.is_multiple_of(2) {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(b"GET /ws HTTP/1.1\r\nHost: ").await?;
        return Ok(());
    }
    let mut socket = open(address).await?;
    socket.send(subscribe(1, "overview", None)).await?;
    Ok(())
}
