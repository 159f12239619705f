//! The report: as text, as a table for programs, and as JSON.

use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

use anyhow::Result;
use serde::Serialize;

use crate::{
    machine::Machine,
    series::{Series, Spread},
};

/// A finished run.
#[derive(Debug, Serialize)]
pub struct Report {
    /// What it is about.
    #[serde(skip)]
    pub subject: Subject,
    /// What makes it again.
    pub command: String,
    /// What was measured.
    pub commit: String,
    /// How often.
    pub rounds: usize,
    /// On what.
    pub machine: Machine,
    /// The load average at the end.
    pub load_at_end: String,
    /// How long all of it took.
    pub seconds: f64,
    /// Every figure.
    pub series: Vec<Series>,
}

/// What a report is about.
#[derive(Debug)]
pub struct Subject {
    /// The end of the folder's name.
    pub name: &'static str,
    /// The first line.
    pub title: &'static str,
    /// How it was measured: items of a list in Markdown.
    pub method: String,
    /// What figures are held to.
    pub targets: Vec<Target>,
    /// Tables for people, in Markdown; empty where the targets tell enough.
    pub tables: String,
    /// Further files of the folder, by name.
    pub files: BTreeMap<&'static str, String>,
}

/// What a figure is held to.
#[derive(Debug)]
pub struct Target {
    /// In words.
    pub what: String,
    /// The figure that tells.
    pub series: String,
    /// And what it is held to.
    pub bound: Bound,
}

/// A limit.
#[derive(Debug, Clone, Copy)]
pub enum Bound {
    /// No less.
    AtLeast(f64),
    /// No more.
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
    ///
    /// # Errors
    ///
    /// When a file cannot be written.
    pub fn write(&self, folder: &Path, notes: &str) -> Result<()> {
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
- Command: `{}`, which took {:.0} s
- Rounds: {}. What is compared is measured in turns, and ratios are taken within a round. A target is
  held to the median; that of memory to the most of any round.
{}
- Every value: `data.csv`, `data.json`.

",
            self.load_at_end,
            self.command,
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
        "%" => format!("{value:.2} %"),
        "KB" | "kB a client" => format!("{value:.1} {unit}"),
        "ms" if value < 1.0 => format!("{value:.3} ms"),
        "ns/latency" => format!("{value:.1} ns"),
        "ms" | "ns/get" => format!("{value:.1} {unit}"),
        "ns/line" | "bytes/transfer" => format!("{value:.1} {unit}"),
        _ => format!("{} {unit}", grouped(value)),
    }
}

/// A whole number with commas between the thousands.
pub fn grouped(value: f64) -> String {
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
