//! The report on analytics: what each question of a view costs with 1, 10 and 100 M transfers.

mod questions;
mod table;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use piecewatch_benches::{History, Pool, clock::Stopwatch, latencies, machine};
use piecewatch_model::HistogramSum;

use self::questions::{ALL, Over, Question};
use crate::{
    Run,
    document::{Bound, Subject, Target},
    profile, say,
};

/// Of how many transfers days are simulated: some more than are wanted, since the simulated day is
/// less busy than others.
const SIMULATED: u64 = 104_000_000;
/// The histories, by name, and of how many transfers of the largest one they have one.
const SIZES: [(&str, u64); 3] = [("1 M", 100), ("10 M", 10), ("100 M", 1)];
const WINDOWS: [(&str, i64, f64); 2] = [("24 h", 1, 10.0), ("30 days", 30, 50.0)];
/// How often a question is asked of each history in a round, unless that takes longer than this.
const ASKED: usize = 100;
const ASKED_MIN: usize = 10;
const ASKED_FOR: Duration = Duration::from_millis(1_500);
/// How often after the system has dropped the file from its memory.
const DROPPED: usize = 3;
/// How often the slowest question is asked to be profiled.
const PROFILED: u32 = 40;
/// What larger histories may cost more, times what a smaller one costs: as much as two runs over one
/// history differ.
const SAME: f64 = 1.25;

/// How many latencies are recorded, and how often a month of them is merged.
const RECORDED: usize = 1_000_000;
const MERGED: u32 = 20;
/// Transfers in an hour of each series of the months that are merged.
const TRANSFERS: [usize; 3] = [100, 1_000, 10_000];

/// What a question took.
#[derive(Debug, Clone, Copy)]
struct Took {
    processor: Duration,
    elapsed: Duration,
}

/// Makes the histories in a folder, which may be measured often.
pub(crate) fn make(folder: &Path) -> Result<String> {
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    say("simulating days");
    let pool = Pool::make(folder, SIMULATED)?;
    let mut told = String::new();
    for (name, one_in) in SIZES {
        let path = file(folder, name);
        let load = machine::load();
        let watch = Stopwatch::start();
        let (_, written) = History::make(&path, &pool, one_in)?;
        let seconds = watch.elapsed().as_secs_f64();
        let size = std::fs::metadata(&path)?.len();
        let (a_second, bytes) = (written as f64 / seconds, size as f64 / written as f64);
        let line = format!(
            "{name}: {written} transfers in {seconds:.0} s, {a_second:.0} a second; {bytes:.1} bytes each; \
             load {load}"
        );
        say(&line);
        told = told + &line + "\n";
    }
    std::fs::write(folder.join("made.txt"), &told)?;
    Ok(told)
}

fn file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{}.db", name.replace(' ', "")))
}

/// Measures all of it, over histories that were made before where there are some.
pub(crate) fn measure(run: &mut Run) -> Result<Subject> {
    let folder = match &run.histories {
        Some(folder) => folder.clone(),
        None => run.scratch.path().to_owned(),
    };
    let made = match std::fs::read_to_string(folder.join("made.txt")) {
        Ok(made) => made,
        Err(_) => make(&folder)?,
    };
    let mut histories = Vec::new();
    for (name, _) in SIZES {
        histories.push((name, History::open(&file(&folder, name))?));
    }
    let (recorded, months) = (latencies::micros(1, RECORDED), months());
    for round in 1..=run.rounds {
        say(&format!("analytics, round {round} of {}", run.rounds));
        histograms(run, &recorded, &months);
        opening(run, &histories)?;
        for question in &ALL {
            for (of, days) in question.spans() {
                ask(run, question, &of, days, &histories)?;
            }
        }
    }
    say("profiling");
    let mut files = std::collections::BTreeMap::new();
    if let Some((question, days)) = slowest(run) {
        let largest = file(&folder, "100 M");
        let profile = profile::take_question(run, &largest, question.name, days)?;
        let head = format!("{} over {days} days, 100 M transfers\n\n", question.name);
        files.extend(profile.map(|text| ("profile.txt", head + &text)));
    }
    Ok(Subject {
        name: "analytics",
        title: "Analytics with 1, 10 and 100 M transfers",
        method: METHOD.to_owned()
            + &made.lines().map(|line| format!("\n  - {line}")).collect::<String>(),
        targets: targets(),
        tables: table::markdown(run),
        files,
    })
}

const METHOD: &str = "\
- Histories: 4 simulated nodes, 6 satellites, 30 days. Of each node one day of transfers is simulated, as
  busy as 100 M in a month make it, and told again on each of the 30 days with other pieces and latencies
  up to a tenth shorter or longer; the smaller histories have one transfer in 10 and in 100 of it. Everything
  else that a log tells (work on pieces, restarts, trouble, scores, orders) is drawn for all 30 days and
  the same in all three, as is what the API told. Records go to `Writer::append`, an hour of four nodes in a
  transaction, as those of an import do; countries, which an import looks up, are given by the address.
- Single transfers are kept for 32 days here, not for two, so that all of them are in the table
  `transfers`; minutes are kept for two days, as always.
- *Cold*: a new connection that has read nothing, with no page in SQLite's cache, no statement prepared
  and the schema not read; the system has in memory what is read, by a question that is not measured.
  *Opening* such a connection is a line of its own. *Warm*: the same question again over that connection. *From the disk*: cold, after the system was
  asked to drop the file from its memory (`posix_fadvise`).
- Every question is asked of all four nodes, and answered as the command line and the views do it, ready
  to be drawn. In a round each is asked up to 100 times (at least 10, and for 1.5 s) of the three histories in
  turn. p99 is by the nearest rank: of less than 100 it is the longest.
- *Recording*: a million latencies into one sum. *Merging*: stored hours of 24 series, each of 720 hours,
  into 24 sums; the mean of 20.
- All of it runs on one thread. Targets are held to the processor's time; the time on the clock, which other
  programs on this machine lengthen, stands beside it.
- How the histories were made, on the clock:";

/// Months of hours as the database keeps them, by how many transfers an hour has.
fn months() -> Vec<(usize, Vec<Vec<Vec<u8>>>)> {
    let of = |transfers| (transfers, latencies::stored(&latencies::month(transfers)));
    TRANSFERS.map(of).into()
}

/// Latencies recorded, and months of them merged.
fn histograms(run: &mut Run, recorded: &[u64], months: &[(usize, Vec<Vec<Vec<u8>>>)]) {
    let mut sum = HistogramSum::new();
    let watch = Stopwatch::start();
    latencies::record(&mut sum, recorded);
    let nanos = watch.processor().as_secs_f64() * 1e9;
    run.push("recording a latency", "ns/latency", nanos / recorded.len() as f64);
    for (transfers, stored) in months {
        let watch = Stopwatch::start();
        (0..MERGED).for_each(|_| latencies::merge(stored));
        let took = ms(watch.processor()) / f64::from(MERGED);
        run.push(&merging(*transfers), "ms", took);
    }
}

fn merging(transfers: usize) -> String {
    format!("merging 720 hours × 24 series, {transfers} transfers in each")
}

/// A new connection.
fn opening(run: &mut Run, histories: &[(&str, History)]) -> Result<()> {
    for (size, history) in histories {
        let mut all = Vec::new();
        for _ in 0..ASKED {
            let watch = Stopwatch::start();
            let readers = history.readers()?;
            let reader = readers.get()?;
            all.push(Took { processor: watch.processor(), elapsed: watch.elapsed() });
            drop(reader);
        }
        push(run, &format!("opening, {size}"), &mut all);
    }
    Ok(())
}

impl Question {
    /// What it is called over each of its windows, and their days.
    fn spans(&self) -> Vec<(String, i64)> {
        match self.over {
            Over::Windows => {
                let of = |(window, days, _): &(&str, i64, f64)| {
                    (format!("{}, {window}", self.name), *days)
                };
                WINDOWS.iter().map(of).collect()
            }
            Over::ADay | Over::AMonth | Over::Transfers => vec![(self.name.to_owned(), 1)],
        }
    }

    /// The most that it may take over so many days, in milliseconds.
    fn limit(&self, days: i64) -> Option<f64> {
        let [(_, _, day), (_, _, month)] = WINDOWS;
        match self.over {
            Over::Windows if days == 1 => Some(day),
            Over::Windows | Over::AMonth => Some(month),
            Over::ADay => Some(day),
            Over::Transfers => None,
        }
    }
}

/// Asks a question often, of each history in turn.
fn ask(
    run: &mut Run,
    question: &Question,
    of: &str,
    days: i64,
    histories: &[(&str, History)],
) -> Result<()> {
    let mut cold: Vec<Vec<Took>> = histories.iter().map(|_| Vec::new()).collect();
    let mut warm = cold.clone();
    for (_, history) in histories {
        // What was dropped from the system's memory before comes back.
        (question.ask)(&history.readers()?.get()?, history.nodes(), History::window(days))?;
    }
    let since = Stopwatch::start();
    for turn in 0..ASKED {
        if turn >= ASKED_MIN && since.elapsed() > ASKED_FOR {
            break;
        }
        for (at, (_, history)) in histories.iter().enumerate() {
            let readers = history.readers()?;
            let reader = readers.get()?;
            for took in [&mut cold[at], &mut warm[at]] {
                let watch = Stopwatch::start();
                let told = (question.ask)(&reader, history.nodes(), History::window(days))?;
                took.push(Took { processor: watch.processor(), elapsed: watch.elapsed() });
                ensure!(told > 0, "{of}: there is an answer");
            }
        }
    }
    let mut medians = Vec::new();
    for ((cold, warm), (size, history)) in cold.iter_mut().zip(&mut warm).zip(histories) {
        medians.push(push(run, &format!("{of}, {size}"), cold));
        push(run, &format!("{of}, {size}, warm"), warm);
        let mut dropped = Vec::new();
        for _ in 0..DROPPED {
            history.drop_from_memory()?;
            let readers = history.readers()?;
            let reader = readers.get()?;
            let watch = Stopwatch::start();
            (question.ask)(&reader, history.nodes(), History::window(days))?;
            dropped.push(ms(watch.elapsed()));
        }
        dropped.sort_by(f64::total_cmp);
        run.push(&format!("{of}, {size}, from the disk: p50"), "ms", dropped[DROPPED / 2]);
    }
    if let [one, ten, hundred] = medians[..] {
        run.push(&format!("{of}: 100 M over 1 M"), "ratio", hundred / one);
        run.push(&format!("{of}: 100 M over 10 M"), "ratio", hundred / ten);
    }
    Ok(())
}

/// Pushes what is said of many times, and gives the median of the processor's.
fn push(run: &mut Run, name: &str, all: &mut [Took]) -> f64 {
    let mut of = |what: &str, time: fn(&Took) -> Duration| {
        let mut sorted: Vec<f64> = all.iter().map(|took| ms(time(took))).collect();
        sorted.sort_by(f64::total_cmp);
        let rank = |share: usize| sorted[(sorted.len() * share).div_ceil(100).max(1) - 1];
        run.push(&format!("{name}{what}: p50"), "ms", rank(50));
        run.push(&format!("{name}{what}: p99"), "ms", rank(99));
        rank(50)
    };
    of(", on the clock", |took| took.elapsed);
    of("", |took| took.processor)
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn targets() -> Vec<Target> {
    let what = "recording a latency".to_owned();
    let mut targets = vec![Target { series: what.clone(), what, bound: Bound::AtMost(10.0) }];
    targets.extend(TRANSFERS.map(|transfers| {
        let what = merging(transfers);
        Target { series: what.clone(), what, bound: Bound::AtMost(5.0) }
    }));
    for question in &ALL {
        for (of, days) in question.spans() {
            let Some(limit) = question.limit(days) else { continue };
            let series = format!("{of}, 100 M: p99");
            let bound = Bound::AtMost(limit);
            targets.push(Target { what: format!("{of}: p99, 100 M"), series, bound });
            let series = format!("{of}: 100 M over 10 M");
            let what = format!("{of}: p50, 100 M over 10 M");
            targets.push(Target { what, series, bound: Bound::AtMost(SAME) });
        }
    }
    targets
}

/// The question that takes the most of what it may.
fn slowest(run: &Run) -> Option<(&'static Question, i64)> {
    let share = |(question, (of, days)): &(&'static Question, (String, i64))| {
        let limit = question.limit(*days)?;
        Some(run.median(&format!("{of}, 100 M: p50"))? / limit)
    };
    let asked = ALL
        .iter()
        .flat_map(|question| question.spans().into_iter().map(move |span| (question, span)));
    let all: Vec<_> = asked.filter_map(|asked| Some((share(&asked)?, asked))).collect();
    let most = all.into_iter().max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    let (_, (question, (_, days))) = most;
    Some((question, days))
}

/// Asks one question often, cold, for a profile.
pub(crate) fn ask_often(database: &Path, name: &str, days: i64) -> Result<()> {
    let history = History::open(database)?;
    let question = ALL.iter().find(|question| question.name == name);
    let question = question.with_context(|| format!("no question is called {name}"))?;
    for _ in 0..PROFILED {
        let readers = history.readers()?;
        (question.ask)(&readers.get()?, history.nodes(), History::window(days))?;
    }
    Ok(())
}
