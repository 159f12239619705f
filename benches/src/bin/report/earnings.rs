//! The report on earnings: what a ledger takes to answer, and its caches: the time of a hit, what they
//! weigh, and the memory that they have.

use std::{path::Path, process::Command, time::Duration};

use anyhow::{Context, Result, ensure};
use piecewatch_benches::{
    Books, Told,
    clock::{Stopwatch, coarse},
    hits, machine,
};
use piecewatch_finance::Ledger;

use crate::{
    Run,
    document::{Bound, Subject, Target},
    profile, say,
};

/// What is known of what the nodes stored, by name.
const TOLD: [(&str, Told); 3] =
    [("days", Told::Days), ("snapshots", Told::Snapshots), ("every snapshot", Told::EverySnapshot)];
/// Asks a ledger for all of the books.
type Ask = fn(&Books, &Ledger) -> Result<()>;
/// The questions, by name.
const ASKED: [(&str, Ask); 2] =
    [("storage earnings", Books::storage_earnings), ("all earnings", Books::all_earnings)];
/// A warm answer takes microseconds: as many of them as make a time that can be measured.
const WARM: u32 = 100;
/// The memory of one ledger is lost among the rest of the process.
const LEDGERS: u32 = 10;
/// The cache and its limit are measured in turns of some milliseconds.
const TURNS: u32 = 20;
const PASSES: u32 = 20;

/// Measures all of it.
pub(crate) fn measure(run: &mut Run) -> Result<Subject> {
    let mut books = Vec::new();
    for (name, told) in TOLD {
        say(&format!("making books: {name}"));
        let folder = run.path(name);
        std::fs::create_dir(&folder)?;
        books.push((name, folder.clone(), Books::make(&folder, told)?));
    }
    for round in 1..=run.rounds {
        say(&format!("earnings, round {round} of {}", run.rounds));
        for (name, folder, books) in &books {
            for (asked, ask) in ASKED {
                times(run, &format!("{asked}, {name}"), books, ask)?;
            }
            let opened = Books::open(folder)?;
            let watch = Stopwatch::start();
            opened.storage_earnings(&opened.ledger(coarse))?;
            push(run, &format!("storage earnings, {name}, just opened"), watch, 1);
            caches(run, name, folder, books)?;
        }
        hit(run);
    }
    say("profiling");
    let profile = profile::take_ledgers(run, &run.path("snapshots"))?;
    Ok(Subject {
        name: "earnings",
        title: "Earnings and the cache",
        method: METHOD.to_owned(),
        targets: targets(),
        tables: String::new(),
        files: profile.map(|text| ("profile.txt", text)).into_iter().collect(),
    })
}

const METHOD: &str = "\
- All of it runs on one thread, over files that the system has in memory. Targets are held to the
  processor's time; the time on the clock, which other programs lengthen, stands beside it.
- Books: 4 simulated nodes with 8 TB each, 6 satellites, 12 months; bandwidth by day, standings, prices,
  estimates, paystubs and payments as the API tells them, and a log with 20 transfers an hour. Of what
  they stored, *days* has the days by satellite; *snapshots* has only the space of each node, every
  5 minutes for the last 90 days and before them once a day, as the writer pruned it; *every snapshot*
  has all of them for 12 months, which no retention by default keeps.
- *Storage earnings* asks `Ledger::storage_earnings` for all 48 months of nodes, *all earnings* asks
  `Ledger::month`. *Cold*: a new ledger, over connections that were used before. *Just opened*: the
  connection is opened, too. *Warm*: the same ledger again, the mean of 100.
- The cache: 512 keys in random order, 1,638,400 gets a round, in turns with those of a plain `quick_cache`.
- Weight: what the ledger's four caches count after *all earnings* and *storage earnings*. Memory: the
  growth of the resident set of a fresh process by 10 more ledgers that hold the same, a tenth of it.
- Where the time of *snapshots* goes, with what is called and without, where there is `perf`: `profile.txt`.";

fn times(run: &mut Run, name: &str, books: &Books, ask: Ask) -> Result<()> {
    let ledger = books.ledger(coarse);
    let watch = Stopwatch::start();
    ask(books, &ledger)?;
    push(run, &format!("{name}, cold"), watch, 1);
    let watch = Stopwatch::start();
    for _ in 0..WARM {
        ask(books, &ledger)?;
    }
    push(run, &format!("{name}, warm"), watch, WARM);
    Ok(())
}

/// What one of so many times took: of the processor, and on the clock.
fn push(run: &mut Run, name: &str, watch: Stopwatch, times: u32) {
    let (processor, elapsed) = (watch.processor(), watch.elapsed());
    let ms = |time: Duration| time.as_secs_f64() * 1e3 / f64::from(times);
    run.push(name, "ms", ms(processor));
    run.push(&format!("{name}: on the clock"), "ms", ms(elapsed));
}

/// What the caches of a ledger count, and what they have of memory.
fn caches(run: &mut Run, name: &str, folder: &Path, books: &Books) -> Result<()> {
    let ledger = filled(books)?;
    let stats = ledger.stats();
    let evictions: u64 = stats.iter().map(|stats| stats.evictions).sum();
    ensure!(evictions == 0, "{name}: all of it fits");
    let weight: u64 = stats.iter().map(|stats| stats.weight).sum();
    run.push(&format!("weight of the caches, {name}"), "bytes", weight as f64);
    let entries: u64 = stats.iter().map(|stats| stats.entries).sum();
    run.push(&format!("entries of the caches, {name}"), "entries", entries as f64);
    let mut command = Command::new(std::env::current_exe()?);
    let output = command.arg("ledgers").arg(folder).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let memory = String::from_utf8_lossy(&output.stdout);
    let memory: f64 = memory.trim().parse().with_context(|| format!("told {memory:?}"))?;
    run.push(&format!("memory of the caches, {name}"), "bytes", memory);
    Ok(())
}

fn filled(books: &Books) -> Result<Ledger> {
    let ledger = books.ledger(coarse);
    for (_, ask) in ASKED {
        ask(books, &ledger)?;
    }
    Ok(ledger)
}

/// How many bytes the resident set grows by for a ledger whose caches are filled. Only a process that
/// has freed little tells it: what is freed is used again.
pub(crate) fn memory(folder: &Path) -> Result<f64> {
    let books = Books::open(folder)?;
    let mut ledgers = vec![filled(&books)?];
    let before = machine::resident();
    for _ in 0..LEDGERS {
        ledgers.push(filled(&books)?);
    }
    Ok(machine::resident().saturating_sub(before) as f64 / f64::from(LEDGERS))
}

/// A get that hits, its clock read included, beside a plain one.
fn hit(run: &mut Run) {
    let order = hits::order();
    let (ours, plain) = (hits::ours(coarse), hits::plain());
    let (mut of_ours, mut of_plain) = (0.0, 0.0);
    for _ in 0..TURNS {
        let watch = Stopwatch::start();
        for _ in 0..PASSES {
            hits::get_plain(&plain, &order);
        }
        of_plain += watch.processor().as_secs_f64();
        let watch = Stopwatch::start();
        for _ in 0..PASSES {
            hits::get_ours(&ours, &order);
        }
        of_ours += watch.processor().as_secs_f64();
    }
    let gets = f64::from(TURNS * PASSES) * order.len() as f64;
    run.push("cache hit", "ns/get", of_ours * 1e9 / gets);
    run.push("plain quick_cache hit", "ns/get", of_plain * 1e9 / gets);
    run.push("cache hit/plain speed", "ratio", of_plain / of_ours);
}

fn targets() -> Vec<Target> {
    let mut targets = Vec::new();
    let mut add = |what: String, series: String, bound: Bound| {
        targets.push(Target { what, series, bound });
    };
    let kept = ["days", "snapshots"];
    for name in kept {
        let cold = format!("storage earnings, {name}, cold");
        add(cold.clone(), cold, Bound::AtMost(50.0));
        let warm = format!("storage earnings, {name}, warm");
        add(warm.clone(), warm, Bound::AtMost(0.1));
    }
    let hit = "speed of a cache hit over that of a plain `quick_cache` get".to_owned();
    add(hit, "cache hit/plain speed".to_owned(), Bound::AtLeast(0.4));
    for name in kept {
        for of in ["weight", "memory"] {
            let series = format!("{of} of the caches, {name}");
            add(series.clone(), series, Bound::AtMost(5e6));
        }
    }
    targets
}
