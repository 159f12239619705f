//! The report on the import: parsing, importing, instructions, and where the time goes.

use anyhow::Result;

use crate::{
    Run,
    document::{Bound, Subject, Target, grouped},
    importing, instructions,
    parsing::{self, FORMS},
    profile, say,
};

/// Measures all of it.
pub(crate) fn measure(run: &mut Run) -> Result<Subject> {
    run.find_program()?;
    say("parsing");
    parsing::measure(run)?;
    say("importing");
    let transfers = importing::measure(run)?;
    say("counting instructions");
    let counted = instructions::measure(run)?;
    say("profiling");
    let profile = profile::take(run)?;
    let mut method = format!(
        "- Parsing is measured by processor time, importing by the clock.
- Logs: of the simulator, seed 1. Parsing: 200,000 lines of each form. Importing: {} lines of
  `console-2026`, 15 transfers a second, that give {} rows of transfers (uploads turned away among
  them), and four times as many lines. *Young* ones begin yesterday, so that every sum is written
  and every transfer kept; *old* ones on 2026-08-19.
- The limit: the rows of that import, read back from its database and inserted into the same table by
  one prepared statement, 40,000 in a transaction, with the pragmas of the store.",
        grouped(run.lines as f64),
        grouped(transfers as f64),
    );
    if profile.is_some() {
        method.push_str("\n- Where the time goes: `profile.txt`.");
    }
    if !counted {
        method.push_str("\n- Instructions were not counted: no valgrind.");
    }
    Ok(Subject {
        name: "import",
        title: "Speed and size of an import",
        method,
        targets: targets(),
        tables: String::new(),
        files: profile.map(|text| ("profile.txt", text)).into_iter().collect(),
    })
}

fn targets() -> Vec<Target> {
    let mut targets = Vec::new();
    let mut add = |what: &str, series: &str, bound: Bound| {
        targets.push(Target { what: what.to_owned(), series: series.to_owned(), bound });
    };
    for (form, ..) in FORMS {
        let least = if form.starts_with("console") { 5e6 } else { 2.5e6 };
        add(&format!("parse {form}"), &format!("parse rate {form}"), Bound::AtLeast(least));
        if form.starts_with("console") {
            let bytes = format!("parse bytes {form}");
            add(&format!("parse {form}"), &bytes, Bound::AtLeast(1.5e9));
        }
        let time = format!("parse {form}, time over that of a newline scan");
        add(&time, &format!("parse/scan {form}"), Bound::AtMost(5.0));
    }
    let program = "program, young: speed";
    add("import with all rollups, the program", program, Bound::AtLeast(1e6));
    add(
        "the same with `--keep-raw`, an old log",
        "program, old, --keep-raw: speed",
        Bound::AtLeast(1e6),
    );
    add("import with all rollups, the library", "import", Bound::AtLeast(1e6));
    add("its speed over the limit's", "import/limit speed", Bound::AtLeast(0.7));
    for name in ["young", "old, --keep-raw", "old, sums only"] {
        for longer in ["", ", 4 times the lines"] {
            let series = format!("program, {name}{longer}: memory");
            add(&format!("memory, {name}{longer}"), &series, Bound::AtMost(64e6));
        }
    }
    add("memory, gzip", "program, old, --keep-raw, gzip: memory", Bound::AtMost(64e6));
    add("database, all indexes and rollups", "database", Bound::AtMost(90.0));
    targets
}
