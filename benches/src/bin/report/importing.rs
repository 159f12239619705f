//! A log into a database: by the library beside its limit, and by the program with its memory.

use std::{fs, path::Path};

use anyhow::Result;
use piecewatch_benches::{
    Rows, append, batches,
    clock::{self, Stopwatch},
    compress, import, write_log,
};
use piecewatch_model::{Batch, NodeName, Timestamp};
use piecewatch_simulator::{Config, Vocabulary};

use crate::{Run, program, say};

const DAY_MICROS: i64 = 24 * 3600 * 1_000_000;
/// How much longer the longer log is.
const LONGER: u64 = 4;

/// What the library's ways work on.
struct Material {
    node: NodeName,
    now: Timestamp,
    batches: Vec<Batch>,
    rows: Rows,
}

/// The logs that the program reads. The young ones are of yesterday and today, so that every sum is
/// written and every transfer kept; of an old one, `--keep-raw` decides what is kept.
const PROGRAM: [(&str, &str, bool); 6] = [
    ("young", "young.log", false),
    ("young, 4 times the lines", "young-long.log", false),
    ("old, --keep-raw", "old.log", true),
    ("old, --keep-raw, 4 times the lines", "old-long.log", true),
    ("old, sums only", "old.log", false),
    ("old, sums only, 4 times the lines", "old-long.log", false),
];

/// Imports in every way, in turns. Gives how many transfers the shorter log tells.
pub(crate) fn measure(run: &mut Run) -> Result<u64> {
    let young = clock::today().plus_micros(-DAY_MICROS);
    let old = Vocabulary::Y2026.start();
    for (name, start) in [("young", young), ("old", old)] {
        let config = Config { start: Some(start), ..Config::default() };
        write_log(&run.path(&format!("{name}.log")), config.clone(), run.lines)?;
        write_log(&run.path(&format!("{name}-long.log")), config, run.lines * LONGER)?;
    }
    compress(&run.path("old.log"), &run.path("old.log.gz"))?;
    let log = run.path("young.log");
    let node: NodeName = "bench".parse()?;
    // The log begins two days before: every sum is still kept.
    let now = young.plus_micros(2 * DAY_MICROS);
    import(&node, &log, &run.path("whole.db"), now)?;
    let rows = Rows::read(&run.path("whole.db"))?;
    // The last to close the database has emptied its write-ahead log.
    let size = fs::metadata(run.path("whole.db"))?.len();
    let transfers = rows.len() as u64;
    run.push("database", "bytes/transfer", size as f64 / transfers as f64);
    let material = Material { batches: batches(&node, &log)?, node, now, rows };
    for round in 1..=run.rounds {
        say(&format!("importing, round {round} of {}", run.rounds));
        ways(run, &material, &log)?;
        for (name, log, keep_raw) in PROGRAM {
            let lines = if log.contains("-long") { run.lines * LONGER } else { run.lines };
            let used = program::import(run, &run.path(log), keep_raw)?;
            note(run, name, used, lines);
        }
        let used = program::import(run, &run.path("old.log.gz"), true)?;
        note(run, "old, --keep-raw, gzip", used, run.lines);
    }
    memory_growth(run);
    Ok(transfers)
}

/// Import, append and limit after each other; their ratios are of this round.
fn ways(run: &mut Run, material: &Material, log: &Path) -> Result<()> {
    let Material { node, now, batches, rows } = material;
    let database = run.path("way.db");
    run.remove_database("way.db");
    let watch = Stopwatch::start();
    let lines = import(node, log, &database, *now)? as f64;
    let import = (watch.elapsed().as_secs_f64(), watch.processor().as_secs_f64());
    run.remove_database("way.db");
    let watch = Stopwatch::start();
    append(batches, &database, *now)?;
    let append = (watch.elapsed().as_secs_f64(), watch.processor().as_secs_f64());
    run.remove_database("way.db");
    let connection = Rows::prepare(&database)?;
    let watch = Stopwatch::start();
    rows.insert(connection)?;
    let limit = (watch.elapsed().as_secs_f64(), watch.processor().as_secs_f64());
    run.remove_database("way.db");

    let transfers = rows.len() as f64;
    run.push("import", "lines/s", lines / import.0);
    run.push("import processor time", "s", import.1);
    run.push("append", "transfers/s", transfers / append.0);
    run.push("append processor time", "s", append.1);
    run.push("limit", "transfers/s", transfers / limit.0);
    run.push("limit processor time", "s", limit.1);
    run.push("import/limit speed", "ratio", limit.0 / import.0);
    run.push("append/limit speed", "ratio", limit.0 / append.0);
    run.push("append/limit processor time", "ratio", append.1 / limit.1);
    Ok(())
}

fn note(run: &mut Run, name: &str, used: program::Used, lines: u64) {
    run.push(&format!("program, {name}: speed"), "lines/s", lines as f64 / used.elapsed);
    run.push(&format!("program, {name}: processor time"), "s", used.processor);
    run.push(&format!("program, {name}: memory"), "bytes", used.memory);
}

/// The most memory of the longer logs over that of the shorter ones, round by round.
fn memory_growth(run: &mut Run) {
    for name in ["young", "old, --keep-raw", "old, sums only"] {
        let values = |name: String| {
            let series = run.series.iter().find(|series| series.name == name);
            series.map_or_else(Vec::new, |series| series.values.clone())
        };
        let short = values(format!("program, {name}: memory"));
        let long = values(format!("program, {name}, 4 times the lines: memory"));
        for (short, long) in short.into_iter().zip(long) {
            run.push(&format!("program, {name}: memory, 4 times the lines"), "ratio", long / short);
        }
    }
}
