//! The questions as a table: a column for each size of history.

use std::fmt::Write;

use super::{ALL, SIZES};
use crate::Run;

/// What a cold question takes by the processor, p50 and p99, and how the sizes compare.
pub(crate) fn markdown(run: &Run) -> String {
    let mut text = "## Cold answers by the number of transfers\n\n\
        Milliseconds of the processor, p50 / p99, medians of the rounds; warm and from the disk: p50 with 100 M, \
        the latter on the clock.\n\n\
        | Question | 1 M | 10 M | 100 M | 100 M : 1 M | 100 M : 10 M | Warm | From the disk |\n\
        |---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for question in &ALL {
        for (of, _) in question.spans() {
            // Writing to memory does not fail.
            let _ = write!(text, "| {of} ");
            for (size, _) in SIZES {
                let both = (
                    figure(run, &format!("{of}, {size}: p50"), 3),
                    figure(run, &format!("{of}, {size}: p99"), 3),
                );
                let _ = write!(text, "| {} / {} ", both.0, both.1);
            }
            let to_one = figure(run, &format!("{of}: 100 M over 1 M"), 3);
            let to_ten = figure(run, &format!("{of}: 100 M over 10 M"), 3);
            let warm = figure(run, &format!("{of}, 100 M, warm: p50"), 3);
            let disk = figure(run, &format!("{of}, 100 M, from the disk: p50"), 3);
            let _ = writeln!(text, "| {to_one} | {to_ten} | {warm} | {disk} |");
        }
    }
    text.push('\n');
    text
}

/// The median of a figure, to so many digits.
fn figure(run: &Run, name: &str, digits: i32) -> String {
    let Some(value) = run.median(name) else { return "–".to_owned() };
    let whole = if value > 0.0 { value.log10().floor() as i32 + 1 } else { 1 };
    let decimals = usize::try_from(digits - whole).unwrap_or(0).min(3);
    format!("{value:.decimals$}")
}
