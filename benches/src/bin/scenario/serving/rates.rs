//! `rates`: what clients are sent that want 1, 2 or 5 updates a second, or all.

use anyhow::Result;
use piecewatch_benches::document::{Bound, Subject, Target};

use super::{
    Name, Run,
    session::{Phase, Session},
    subject,
    watcher::{Depth, Wish},
};

const NODES: usize = 4;
const WARM_UP: u64 = 2;
const HZ: [Option<f64>; 4] = [Some(1.0), Some(2.0), Some(5.0), None];
const CLIENTS: [usize; 3] = [3, 5, 10];
/// Events a second, what is sent at most, in percent of one send for each event and client, and to how
/// many clients.
const RATES: [(f64, f64, &[usize]); 2] = [(200.0, 7.0, &CLIENTS), (500.0, 3.0, &[10])];
/// What frames weigh at most, in percent of snapshots.
const BYTES_MAX: f64 = 15.0;

const METHOD: &str = "\
- Clients subscribe to overview, traffic and transfers with a rate of their own, or none.
- *Sends*: frames, in percent of one for each event and client. *Bytes*: of the frames, in percent of what the same
  frames would have with the whole states in place of patches, as each client's mirror has them.
- The first snapshots are before the phase.";

pub(super) fn measure(run: &mut Run) -> Result<Subject> {
    for round in 1..=run.rounds {
        crate::say(&format!("round {round} of {}", run.rounds));
        let mut session = Session::start(run, NODES, &[])?;
        for (rate, _, crowds) in RATES {
            session.set_rate(rate)?;
            for (max_hz, clients) in
                HZ.iter().flat_map(|hz| crowds.iter().map(move |of| (*hz, *of)))
            {
                let wish = Wish { max_hz, depth: Depth::Weighed, ..Wish::page() };
                session.watch(&[wish], clients)?;
                let name = name(rate, max_hz, clients);
                let phase = Phase {
                    name: name.clone(),
                    transfers_per_second: rate,
                    warm_up: WARM_UP,
                    seconds: run.seconds,
                };
                let figures = session.phase(run, &phase)?;
                let counted = figures.counted;
                let share = counted.bytes as f64 / (counted.snapshot_bytes as f64).max(1.0);
                run.push(&format!("{name}: sends"), "%", figures.sends_percent(clients));
                run.push(&format!("{name}: bytes"), "%", share * 100.0);
                run.push(&format!("{name}: frames"), "frames", counted.frames as f64);
                run.push(&format!("{name}: CPU"), "%", figures.cpu_percent);
                run.push(&format!("{name}: p99"), "ms", figures.latencies.quantile(0.99));
            }
        }
        session.stop()?;
    }
    let mut subject = subject(Name::Rates, "What is sent at which rate", METHOD.to_owned());
    for (rate, sends, crowds) in RATES {
        for (max_hz, clients) in HZ.iter().flat_map(|hz| crowds.iter().map(move |of| (*hz, *of))) {
            let name = name(rate, max_hz, clients);
            for (what, most) in [("sends", sends), ("bytes", BYTES_MAX)] {
                let what = format!("{name}: {what}");
                let series = what.clone();
                subject.targets.push(Target { what, series, bound: Bound::AtMost(most) });
            }
        }
    }
    Ok(subject)
}

fn name(rate: f64, max_hz: Option<f64>, clients: usize) -> String {
    let hz = max_hz.map_or_else(|| "all updates".to_owned(), |hz| format!("{hz} updates/s"));
    format!("{rate} events/s, {clients} clients, {hz}")
}
