//! `crowd`: a thousand clients at 5,000 transfers a second.

use anyhow::Result;
use piecewatch_benches::document::{Bound, Subject, Target};

use super::{
    Name, Run,
    session::{Phase, Session},
    subject,
    watcher::{Depth, Wish},
};

const NODES: usize = 4;
const RATE: f64 = 5_000.0;
const FEW: usize = 10;
const MANY: usize = 1_000;
/// One in so many clients keeps states; the others note which update came.
const MIRRORS: usize = 50;
const WARM_UP: u64 = 6;

const METHOD: &str = "\
- Four nodes write 5,000 events/s; 1,000 clients subscribe to overview, traffic and transfers. Clients and writer
  share the cores of the machine with the server.
- One client in 50 keeps mirrors of all states; the others read each frame and note which update of the overview it
  has, of which a mirror tells the counts.
- Memory a client: the most resident with 1,000 clients, less that with 10, shared among the others.
- Unseen: events, times clients, that no frame told of 1.5 s after the phase.";

pub(super) fn measure(run: &mut Run) -> Result<Subject> {
    let wish = |depth| Wish { depth, ..Wish::page() };
    let mut wishes = vec![wish(Depth::Number); MIRRORS];
    wishes[0] = wish(Depth::Mirror);
    for round in 1..=run.rounds {
        crate::say(&format!("round {round} of {}", run.rounds));
        let mut session = Session::start(run, NODES, &[])?;
        session.set_rate(RATE)?;
        let mut memory = Vec::new();
        for clients in [FEW, MANY] {
            session.watch(&wishes, clients)?;
            let name = format!("{clients} clients");
            let phase = Phase {
                name: name.clone(),
                transfers_per_second: RATE,
                warm_up: WARM_UP,
                seconds: run.seconds,
            };
            let figures = session.phase(run, &phase)?;
            memory.push(figures.rss_bytes_max);
            run.push(&format!("{name}: events a second"), "events", {
                figures.events as f64 / run.seconds.max(1) as f64
            });
            run.push(&format!("{name}: p50"), "ms", figures.latencies.quantile(0.5));
            run.push(&format!("{name}: p99"), "ms", figures.latencies.quantile(0.99));
            run.push(&format!("{name}: longest"), "ms", figures.latencies.quantile(1.0));
            run.push(&format!("{name}: unseen"), "events", figures.unseen as f64);
            run.push(&format!("{name}: clients ended"), "clients", figures.counted.ended as f64);
            run.push(&format!("{name}: CPU"), "%", figures.cpu_percent);
            run.push(&format!("{name}: memory"), "bytes", figures.rss_bytes_max);
            run.push(&format!("{name}: sends"), "%", figures.sends_percent(clients));
            let bytes = figures.counted.bytes as f64 / run.seconds.max(1) as f64;
            run.push(&format!("{name}: frame bytes a second"), "bytes", bytes);
        }
        if let [few, many] = memory.as_slice() {
            let each = (many - few) / (MANY - FEW) as f64;
            run.push("memory a client", "KB", each / 1e3);
        }
        session.stop()?;
    }
    let mut subject = subject(Name::Crowd, "A thousand clients", METHOD.to_owned());
    for (series, most) in [
        ("1000 clients: p99", 400.0),
        ("1000 clients: unseen", 0.0),
        ("1000 clients: clients ended", 0.0),
        ("memory a client", 64.0),
        ("1000 clients: sends", 3.0),
    ] {
        let (what, series) = (series.to_owned(), series.to_owned());
        subject.targets.push(Target { what, series, bound: Bound::AtMost(most) });
    }
    Ok(subject)
}
