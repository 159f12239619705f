//! The report: as text, as a table for programs, and as JSON.

use std::{fmt::Write, fs, path::Path};

use anyhow::Result;
use piecewatch_benches::machine::Machine;
use serde::Serialize;

use crate::{
    parsing::FORMS,
    series::{Series, Spread},
};

/// A finished run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) commit: String,
    pub(crate) rounds: usize,
    pub(crate) lines: u64,
    pub(crate) transfers: u64,
    pub(crate) machine: Machine,
    pub(crate) load_at_end: String,
    pub(crate) seconds: f64,
    pub(crate) has_instructions: bool,
    pub(crate) has_profile: bool,
    pub(crate) series: Vec<Series>,
}

/// What a figure is held to.
#[derive(Debug, Clone, Copy)]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Bound {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }
}

/// The targets: what it is, the figure that tells, and its bound.
fn targets() -> Vec<(String, String, Bound)> {
    let mut targets = Vec::new();
    let mut add = |what: &str, series: &str, bound: Bound| {
        targets.push((what.to_owned(), series.to_owned(), bound));
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

impl Report {
    /// Writes the folder of the report.
    pub(crate) fn write(&self, folder: &Path, notes: &str, profile: Option<&str>) -> Result<()> {
        fs::create_dir_all(folder)?;
        fs::write(folder.join("report.md"), self.markdown(notes))?;
        fs::write(folder.join("data.csv"), self.csv())?;
        let json = serde_json::to_string_pretty(self)?;
        fs::write(folder.join("data.json"), json + "\n")?;
        if let Some(profile) = profile {
            fs::write(folder.join("profile.txt"), profile)?;
        }
        Ok(())
    }

    fn find(&self, name: &str) -> Option<(&Series, Spread)> {
        let series = self.series.iter().find(|series| series.name == name)?;
        Some((series, series.spread()?))
    }

    fn csv(&self) -> String {
        let mut text = "figure,unit,round,value\n".to_owned();
        for series in &self.series {
            for (round, value) in series.values.iter().enumerate() {
                // Writing to memory does not fail.
                let _ = writeln!(text, "\"{}\",{},{},{value}", series.name, series.unit, round + 1);
            }
        }
        text
    }

    fn markdown(&self, notes: &str) -> String {
        let mut text = format!("# Speed and size of an import, commit {}\n\n", self.commit);
        self.push_method(&mut text);
        text.push_str(
            "## Targets\n\n| What | Target | Median [min – max] | |\n|---|---|---|---|\n",
        );
        for (what, name, bound) in targets() {
            self.push_target(&mut text, &what, &name, bound);
        }
        if !notes.is_empty() {
            let _ = write!(text, "\n{}\n", notes.trim());
        }
        text.push_str("\n## Every figure\n\n| Figure | Median [min – max] |\n|---|---|\n");
        for series in &self.series {
            if let Some(spread) = series.spread() {
                let shown = shown(series.unit, spread);
                let _ = writeln!(text, "| {} | {shown} |", series.name);
            }
        }
        text
    }

    fn push_method(&self, text: &mut String) {
        let Machine { cores, processor, kernel, memory, compiler, load } = &self.machine;
        let _ = write!(
            text,
            "- Machine: {cores} cores, {processor}, {memory} of memory, Linux {kernel}; {compiler}
- Load average at the start: {load}; at the end: {}
- Command: `just perf`, which took {:.0} s
- Rounds: {}. What is compared is measured in turns, and ratios are taken within a round. Parsing is
  measured by processor time, importing by the clock. A target is held to the median; that of memory
  to the most of any round.
- Logs: of the simulator, seed 1. Parsing: 200,000 lines of each form. Importing: {} lines of
  `console-2026`, 15 transfers a second, that give {} rows of transfers (uploads turned away among
  them), and four times as many lines. *Young* ones begin yesterday, so that every sum is written
  and every transfer kept; *old* ones on 2026-08-19.
- The limit: the rows of that import, read back from its database and inserted into the same table by
  one prepared statement, 40,000 in a transaction, with the pragmas of the store.
- Every value: `data.csv`, `data.json`.{}{}

",
            self.load_at_end,
            self.seconds,
            self.rounds,
            grouped(self.lines as f64),
            grouped(self.transfers as f64),
            if self.has_profile { " Where the time goes: `profile.txt`." } else { "" },
            if self.has_instructions { "" } else { " Instructions were not counted: no valgrind." },
        );
    }

    fn push_target(&self, text: &mut String, what: &str, name: &str, bound: Bound) {
        let Some((series, spread)) = self.find(name) else {
            let _ = writeln!(text, "| {what} | | not measured | |");
            return;
        };
        let target = match bound {
            Bound::AtLeast(least) => format!("≥ {}", amount(series.unit, least)),
            Bound::AtMost(most) => format!("≤ {}", amount(series.unit, most)),
        };
        // A limit of memory is one that no run may pass.
        let held = if series.unit == "bytes" { spread.max } else { spread.median };
        let verdict = if bound.is_met(held) { "met" } else { "**missed**" };
        let shown = shown(series.unit, spread);
        let _ = writeln!(text, "| {what} | {target} | {shown} | {verdict} |");
    }
}

fn shown(unit: &str, spread: Spread) -> String {
    let Spread { median, min, max } = spread;
    if min == max {
        return amount(unit, median);
    }
    format!("{} [{} – {}]", amount(unit, median), amount(unit, min), amount(unit, max))
}

/// A value with its unit, to the digits that mean something.
fn amount(unit: &str, value: f64) -> String {
    match unit {
        "lines/s" | "transfers/s" => format!("{:.2} M {unit}", value / 1e6),
        "bytes/s" => format!("{:.2} GB/s", value / 1e9),
        "bytes" => format!("{:.1} MB", value / 1e6),
        "ratio" => format!("{value:.2}×"),
        "s" => format!("{value:.2} s"),
        "ns/line" | "bytes/transfer" => format!("{value:.1} {unit}"),
        _ => format!("{} {unit}", grouped(value)),
    }
}

/// A whole number with commas between the thousands.
fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
