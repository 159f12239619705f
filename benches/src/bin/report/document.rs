//! The report: as text, as a table for programs, and as JSON.

use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

use anyhow::Result;
use piecewatch_benches::machine::Machine;
use serde::Serialize;

use crate::series::{Series, Spread};

/// A finished run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    #[serde(skip)]
    pub(crate) subject: Subject,
    pub(crate) commit: String,
    pub(crate) rounds: usize,
    pub(crate) machine: Machine,
    pub(crate) load_at_end: String,
    pub(crate) seconds: f64,
    pub(crate) series: Vec<Series>,
}

/// What a report is about.
#[derive(Debug)]
pub(crate) struct Subject {
    /// The end of the folder's name.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// How it was measured: items of a list in Markdown.
    pub(crate) method: String,
    pub(crate) targets: Vec<Target>,
    /// Tables for people, in Markdown; empty where the targets tell enough.
    pub(crate) tables: String,
    /// Further files of the folder, by name.
    pub(crate) files: BTreeMap<&'static str, String>,
}

/// What a figure is held to.
#[derive(Debug)]
pub(crate) struct Target {
    /// In words.
    pub(crate) what: String,
    /// The figure that tells.
    pub(crate) series: String,
    pub(crate) bound: Bound,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Bound {
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

impl Report {
    /// Writes the folder of the report.
    pub(crate) fn write(&self, folder: &Path, notes: &str) -> Result<()> {
        fs::create_dir_all(folder)?;
        fs::write(folder.join("report.md"), self.markdown(notes))?;
        fs::write(folder.join("data.csv"), self.csv())?;
        let json = serde_json::to_string_pretty(self)?;
        fs::write(folder.join("data.json"), json + "\n")?;
        for (name, text) in &self.subject.files {
            fs::write(folder.join(name), text)?;
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
        let mut text = format!("# {}, commit {}\n\n", self.subject.title, self.commit);
        self.push_method(&mut text);
        text.push_str(
            "## Targets\n\n| What | Target | Median [min – max] | |\n|---|---|---|---|\n",
        );
        for target in &self.subject.targets {
            self.push_target(&mut text, target);
        }
        if !self.subject.tables.is_empty() {
            let _ = write!(text, "\n{}\n", self.subject.tables.trim());
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
- Command: `just perf --subject {}`, which took {:.0} s
- Rounds: {}. What is compared is measured in turns, and ratios are taken within a round. A target is
  held to the median; that of memory to the most of any round.
{}
- Every value: `data.csv`, `data.json`.

",
            self.load_at_end,
            self.subject.name,
            self.seconds,
            self.rounds,
            self.subject.method,
        );
    }

    fn push_target(&self, text: &mut String, target: &Target) {
        let Target { what, series, bound } = target;
        let Some((series, spread)) = self.find(series) else {
            let _ = writeln!(text, "| {what} | | not measured | |");
            return;
        };
        let target = match *bound {
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
        "ms" if value < 1.0 => format!("{value:.3} ms"),
        "ns/latency" => format!("{value:.1} ns"),
        "ms" | "ns/get" => format!("{value:.1} {unit}"),
        "ns/line" | "bytes/transfer" => format!("{value:.1} {unit}"),
        _ => format!("{} {unit}", grouped(value)),
    }
}

/// A whole number with commas between the thousands.
pub(crate) fn grouped(value: f64) -> String {
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
