//! The questions as tables: a column for each history.

use std::fmt::Write;

use super::{ALL, BUSY, CALM, LONG, MANY, MONTH, SHORT, Size, questions::Over, ratio};
use crate::Run;

/// What a cold question takes by the processor, p50 and p99, and how the histories compare: as they get
/// longer, as they get busier, and with many nodes.
pub(crate) fn markdown(run: &Run) -> String {
    let longer = "\
        ## Cold answers as the history gets longer\n\n\
        3.9 transfers a second. Milliseconds of the processor, p50 / p99, medians of the rounds; warm and from the \
        disk: p50 with the longest, the latter on the clock. *Unlike*: the smaller one holds less of what is asked \
        for.\n\n";
    let busier = "\
        ## Cold answers as nodes get busier\n\n\
        30 days. As above; warm and from the disk with the busiest.\n\n";
    let many = "\
        ## Cold answers of 100 nodes\n\n\
        Milliseconds of the processor over 24 hours, medians of the rounds.\n\n\
        | Question | p50 | p99 |\n|---|---|---|\n";
    let mut text = longer.to_owned();
    sizes(&mut text, run, [SHORT, MONTH, LONG], Compared::WhatIsAlike);
    text.push_str(busier);
    sizes(&mut text, run, [CALM, MONTH, BUSY], Compared::All);
    text.push_str(many);
    for question in ALL.iter().filter(|question| question.over == Over::Windows) {
        let of = format!("{}, 24 h, {}", question.name, MANY.name);
        let [p50, p99] = ["p50", "p99"].map(|rank| figure(run, &format!("{of}: {rank}"), 3));
        // Writing to memory does not fail.
        let _ = writeln!(text, "| {}, 24 h | {p50} | {p99} |", question.name);
    }
    text.push('\n');
    text
}

/// Which histories are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compared {
    All,
    /// Those that hold the same of what is asked for.
    WhatIsAlike,
}

/// A table of three histories, the largest one last.
fn sizes(text: &mut String, run: &Run, sizes: [Size; 3], compared: Compared) {
    let [small, medium, large] = sizes;
    let [one, ten, hundred] = sizes.map(|size| size.name);
    let _ = writeln!(
        text,
        "| Question | {one} | {ten} | {hundred} | 100 M : 1 M | 100 M : 10 M | Warm | From the disk |\n\
         |---|---|---|---|---|---|---|---|"
    );
    for question in &ALL {
        for (of, days) in question.spans() {
            let _ = write!(text, "| {of} ");
            for size in [one, ten, hundred] {
                let [p50, p99] =
                    ["p50", "p99"].map(|rank| figure(run, &format!("{of}, {size}: {rank}"), 3));
                let _ = write!(text, "| {p50} / {p99} ");
            }
            for smaller in [small, medium] {
                let is_alike = question.same(days).any(|same| same.name == smaller.name);
                if is_alike || compared == Compared::All {
                    let _ = write!(text, "| {} ", figure(run, &ratio(&of, &large, &smaller), 3));
                } else {
                    text.push_str("| unlike ");
                }
            }
            let warm = figure(run, &format!("{of}, {hundred}, warm: p50"), 3);
            let disk = figure(run, &format!("{of}, {hundred}, from the disk: p50"), 3);
            let _ = writeln!(text, "| {warm} | {disk} |");
        }
    }
    text.push('\n');
}

/// The median of a figure, to so many digits.
fn figure(run: &Run, name: &str, digits: i32) -> String {
    let Some(value) = run.median(name) else { return "–".to_owned() };
    let whole = if value > 0.0 { value.log10().floor() as i32 + 1 } else { 1 };
    let decimals = usize::try_from(digits - whole).unwrap_or(0).min(3);
    format!("{value:.decimals$}")
}
