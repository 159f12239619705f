//! What is handed out: a table for programs, a picture, and a page for people.

use std::{fmt::Write, fs, path::Path};

use anyhow::Result;
use piecewatch_benches::machine::Machine;

use crate::{
    measure::{Measured, Row},
    phases::{Figures, cpu_percents},
    plan::{Plan, Scenario},
    plot::{Line, Panel, Plot},
    targets::{Target, gigabytes, megabytes, millis, percent},
};

/// A finished run.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) scenario: Scenario,
    pub(crate) commit: String,
    pub(crate) machine: Machine,
    pub(crate) load_at_end: String,
    pub(crate) plan: Plan,
    pub(crate) measured: Measured,
    pub(crate) figures: Vec<Figures>,
    pub(crate) targets: Vec<Target>,
    /// What there is to say on the figures.
    pub(crate) notes: String,
}

impl Document {
    /// Writes the three files.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let name = self.scenario.name();
        fs::create_dir_all(folder)?;
        fs::write(folder.join(format!("{name}.csv")), csv(&self.measured.rows, &self.plan))?;
        fs::write(folder.join(format!("{name}.svg")), self.plot().to_svg())?;
        fs::write(folder.join(format!("{name}.md")), self.markdown())?;
        Ok(())
    }

    fn plot(&self) -> Plot {
        let rows = &self.measured.rows;
        let points = |value: fn(&Row) -> f64| {
            rows.iter().map(|row| (row.at.as_secs_f64(), value(row))).collect()
        };
        let mut marks: Vec<(f64, String)> = Vec::new();
        for row in rows {
            if marks.len() == row.phase {
                let name = &self.plan.phases[row.phase].name;
                marks.push(((row.at.as_secs_f64() - 1.0).max(0.0), name.clone()));
            }
        }
        let cpu = vec![Line { name: "", points: cpu_percents(rows) }];
        let memory =
            vec![Line { name: "", points: points(|row| row.usage.rss_bytes as f64 / 1e6) }];
        // A second without a commit has no median.
        let medians = rows.iter().filter(|row| row.lag_median_ms > 0.0);
        let medians = medians.map(|row| (row.at.as_secs_f64(), row.lag_median_ms)).collect();
        let lag = vec![
            Line { name: "longest", points: points(|row| row.lag_max_ms) },
            Line { name: "median", points: medians },
        ];
        Plot {
            title: self.plan.title.to_owned(),
            panels: vec![
                Panel { title: "CPU, % of one core", lines: cpu },
                Panel { title: "Resident memory, MB", lines: memory },
                Panel { title: "From line to commit, ms", lines: lag },
            ],
            marks,
        }
    }

    fn markdown(&self) -> String {
        let mut text = format!("# {}, commit {}\n\n", self.plan.title, self.commit);
        self.push_method(&mut text);
        text.push_str("## Targets\n\n| What | Target | Measured | |\n|---|---|---|---|\n");
        for Target { what, limit, value, is_met } in &self.targets {
            let verdict = if *is_met { "met" } else { "**missed**" };
            push(&mut text, format_args!("| {what} | {limit} | {value} | {verdict} |"));
        }
        text.push_str("\n## Every figure\n\n");
        self.push_figures(&mut text);
        let name = self.scenario.name();
        push(&mut text, format_args!("\n![CPU, memory and lag over time]({name}.svg)"));
        if !self.notes.is_empty() {
            push(&mut text, format_args!("\n{}", self.notes.trim()));
        }
        text
    }

    fn push_method(&self, text: &mut String) {
        let Machine { cores, processor, kernel, memory, compiler, load } = &self.machine;
        let Measured { difference, caught_up, .. } = &self.measured;
        push(
            text,
            format_args!(
                "- Machine: {cores} cores, {processor}, {memory} of memory, Linux {kernel}; {compiler}
- Load average at the start: {load}; at the end: {}
- Command: `just scenario {name}`; nodes: {}; transfers told in all: {}
- Logs: of the simulator, console encoding, each line with a write of its own, from the same machine
- CPU: by the scheduler's account of each thread, over the seconds of a phase; beside it by ticks
- Lag: from the write of a transfer's last line until a reader of the database sees its commit, looked
  for every 50 ms; at the end all was there after {}
- Every second: `{name}.csv`
",
                self.load_at_end,
                self.plan.nodes,
                difference.transfers,
                millis(caught_up.as_secs_f64() * 1e3),
                name = self.scenario.name(),
            ),
        );
    }

    fn push_figures(&self, text: &mut String) {
        type Shown = fn(&Figures) -> String;
        let rows: [(&str, Shown); 15] = [
            ("seconds", |phase| format!("{:.0}", phase.seconds)),
            ("lines a second", |phase| format!("{:.0}", phase.lines_per_second)),
            ("CPU", |phase| percent(phase.cpu_percent)),
            ("CPU by ticks", |phase| percent(phase.cpu_percent_by_ticks)),
            ("memory, the most", |phase| megabytes(phase.rss_bytes_max)),
            ("memory, growth in an hour", |phase| megabytes(phase.rss_bytes_per_hour)),
            ("to the disk in a day", |phase| gigabytes(phase.disk_bytes_per_day)),
            ("written in a day, buffered", |phase| gigabytes(phase.written_bytes_per_day)),
            ("context switches a second", |phase| format!("{:.0}", phase.switches_per_second)),
            ("threads, the most", |phase| phase.threads_max.to_string()),
            ("lag, median", |phase| millis(phase.lag_median_ms)),
            ("lag, p99", |phase| millis(phase.lag_p99_ms)),
            ("lag, the longest", |phase| millis(phase.lag_max_ms)),
            ("the same without the first node", |phase| millis(phase.others_max_ms)),
            ("CPU for a line", |phase| {
                let microseconds = phase.cpu_percent * 1e4 / phase.lines_per_second.max(1.0);
                format!("{microseconds:.1} µs")
            }),
        ];
        let names: Vec<&str> = self.figures.iter().map(|phase| phase.name.as_str()).collect();
        push(text, format_args!("| | {} |", names.join(" | ")));
        push(text, format_args!("|---|{}", "---|".repeat(names.len())));
        for (name, shown) in rows {
            let values: Vec<String> = self.figures.iter().map(shown).collect();
            push(text, format_args!("| {name} | {} |", values.join(" | ")));
        }
    }
}

fn csv(rows: &[Row], plan: &Plan) -> String {
    let mut text =
        "second,phase,counts,cpu_ns,cpu_ticks,rss_bytes,peak_bytes,disk_bytes,written_bytes,\
        waits,preemptions,threads,lines,waiting,lag_median_ms,lag_max_ms,others_max_ms\n"
            .to_owned();
    for row in rows {
        let usage = row.usage;
        push(
            &mut text,
            format_args!(
                "{:.3},\"{}\",{},{},{},{},{},{},{},{},{},{},{},{},{:.1},{:.1},{:.1}",
                row.at.as_secs_f64(),
                plan.phases[row.phase].name,
                row.counts,
                usage.cpu_ns,
                usage.cpu_ticks,
                usage.rss_bytes,
                usage.peak_bytes,
                usage.disk_bytes,
                usage.written_bytes,
                usage.waits,
                usage.preemptions,
                usage.threads,
                row.lines,
                row.waiting,
                row.lag_median_ms,
                row.lag_max_ms,
                row.others_max_ms,
            ),
        );
    }
    text
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("a String takes any text");
    text.push('\n');
}
