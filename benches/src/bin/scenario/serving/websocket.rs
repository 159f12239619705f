//! `websocket`: what browsers cost, and how late they are, at 0, 200 and 400 transfers a second.

use anyhow::Result;
use piecewatch_benches::document::{Bound, Subject, Target};

use super::{
    Name, Run,
    session::{Figures, Phase, Session},
    subject,
    watcher::Wish,
};

const NODES: usize = 4;
/// Seconds before a phase is measured.
const WARM_UP: u64 = 4;
/// The same of the first phase: for two minutes after a line rates fall, which is told.
const QUIET: u64 = 140;
/// Transfers a second that end so seldom that each finds the server idle.
const LONE: f64 = 0.75;
/// How much longer a phase with so few of them is.
const LONE_LONGER: u64 = 3;
/// What a latency may be beyond the window, in milliseconds.
const BEYOND: f64 = 15.0;
const WINDOWS: [u64; 2] = [75, 20];

const METHOD: &str = "\
- Four nodes of the simulator write console lines, each with a write of its own; an event is a transfer that
  ends, and the log has about twice as many lines. The server is one process, clients and writer are another on
  the same machine.
- Clients subscribe to overview, traffic and transfers, and keep a mirror of each.
- Each log begins with a quiet hour. Idle is measured when rates have fallen to zero.
- CPU: of the server alone, by the scheduler's account, of one core. Memory: the most resident of any second.
- Latency: from just before a step of lines is written (every 2 ms) until a client has the frame of which the overview
  counts the transfer, each client for itself. *Idle*: a lone transfer about every 1.3 seconds.
- Unseen: events, times clients, that no frame told of 1.5 s after the phase.";

pub(super) fn measure(run: &mut Run) -> Result<Subject> {
    for round in 1..=run.rounds {
        for window in WINDOWS {
            crate::say(&format!("round {round} of {}, window {window} ms", run.rounds));
            let settings = [("PERFORMANCE_COALESCE_MS", window.to_string())];
            let mut session = Session::start(run, NODES, &settings)?;
            if window == WINDOWS[0] {
                costs(run, &mut session)?;
            }
            session.watch(&[Wish::page()], 10)?;
            for rate in [200.0, 400.0] {
                let name = format!("{rate} events/s, 10 clients, {window} ms");
                let figures = session.phase(run, &phase(&name, rate, run.seconds))?;
                push(run, &name, 10, &figures);
            }
            session.stop()?;
        }
    }
    let mut subject = subject(Name::Websocket, "Browsers over WebSocket", METHOD.to_owned());
    subject.targets = targets();
    Ok(subject)
}

/// What 5 clients cost, and nobody.
fn costs(run: &mut Run, session: &mut Session) -> Result<()> {
    let seconds = run.seconds;
    let phases = [
        ("idle, nobody", 0.0, 0),
        ("idle, 5 clients", 0.0, 5),
        ("idle but for lone events, 5 clients", LONE, 5),
        ("200 events/s, nobody", 200.0, 0),
        ("200 events/s, 5 clients", 200.0, 5),
    ];
    for (place, (name, rate, clients)) in phases.into_iter().enumerate() {
        session.set_rate(rate)?;
        session.watch(&[Wish::page()], clients)?;
        let seconds = if rate == LONE { seconds * LONE_LONGER } else { seconds };
        let mut phase = phase(name, rate, seconds);
        if place == 0 {
            phase.warm_up = QUIET;
        }
        let figures = session.phase(run, &phase)?;
        push(run, name, clients, &figures);
    }
    Ok(())
}

fn phase(name: &str, transfers_per_second: f64, seconds: u64) -> Phase {
    Phase { name: name.to_owned(), transfers_per_second, warm_up: WARM_UP, seconds }
}

fn push(run: &mut Run, name: &str, clients: usize, figures: &Figures) {
    run.push(&format!("{name}: CPU"), "%", figures.cpu_percent);
    run.push(&format!("{name}: memory"), "bytes", figures.rss_bytes_max);
    if clients == 0 {
        return;
    }
    run.push(&format!("{name}: frames"), "frames", figures.counted.frames as f64);
    run.push(&format!("{name}: frame bytes"), "bytes", figures.counted.bytes as f64);
    if figures.events > 0 {
        run.push(&format!("{name}: events"), "events", figures.events as f64);
        run.push(&format!("{name}: p50"), "ms", figures.latencies.quantile(0.5));
        run.push(&format!("{name}: p99"), "ms", figures.latencies.quantile(0.99));
        run.push(&format!("{name}: longest"), "ms", figures.latencies.quantile(1.0));
        run.push(&format!("{name}: unseen"), "events", figures.unseen as f64);
        run.push(&format!("{name}: sends"), "%", figures.sends_percent(clients));
    }
    run.push(&format!("{name}: gaps"), "gaps", figures.counted.gaps as f64);
}

fn targets() -> Vec<Target> {
    let mut targets = Vec::new();
    let mut at_most = |series: &str, most: f64| {
        let (what, series) = (series.to_owned(), series.to_owned());
        targets.push(Target { what, series, bound: Bound::AtMost(most) });
    };
    at_most("200 events/s, 5 clients: CPU", 2.0);
    at_most("idle, nobody: CPU", 0.2);
    at_most("idle, 5 clients: CPU", 0.2);
    at_most("200 events/s, 5 clients: memory", 40e6);
    at_most("idle but for lone events, 5 clients: p99", 25.0);
    for window in WINDOWS {
        for rate in [200, 400] {
            let name = format!("{rate} events/s, 10 clients, {window} ms");
            at_most(&format!("{name}: p99"), window as f64 + BEYOND);
            at_most(&format!("{name}: unseen"), 0.0);
        }
    }
    targets
}
