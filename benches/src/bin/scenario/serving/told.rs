//! What the report shows beside the figures: each second as a table, and as a picture.

use std::fmt::Write;

use piecewatch_benches::document::Subject;

use super::session::Second;
use crate::plot::{Line, Panel, Plot};

/// Adds the files with what each second was like, and the picture to the text.
pub(super) fn add_over_time(subject: &mut Subject, seconds: &[Second]) {
    if seconds.is_empty() {
        return;
    }
    subject.files.insert("seconds.csv", csv(seconds));
    subject.files.insert("seconds.svg", plot(subject.title, seconds).to_svg());
    let picture =
        "\n![CPU, memory, latencies and frames over time](seconds.svg) ([table](seconds.csv))\n";
    subject.tables.push_str(picture);
}

fn csv(seconds: &[Second]) -> String {
    let mut text =
        "second,phase,cpu_percent,rss_bytes,frames,frame_bytes,median_ms,p99_ms\n".to_owned();
    for second in seconds {
        let Second { phase, at, cpu_percent, rss_bytes, frames, frame_bytes, median_ms, p99_ms } =
            second;
        let at = at.as_secs_f64();
        // Writing to memory does not fail.
        let _ = writeln!(
            text,
            "{at:.3},\"{phase}\",{cpu_percent:.3},{rss_bytes},{frames},{frame_bytes},\
             {median_ms:.1},{p99_ms:.1}"
        );
    }
    text
}

fn plot(title: &str, seconds: &[Second]) -> Plot {
    let points = |value: fn(&Second) -> f64| {
        seconds.iter().map(|second| (second.at.as_secs_f64(), value(second))).collect::<Vec<_>>()
    };
    let line = |name, value| Line { name, points: points(value) };
    let seen = |name, value: fn(&Second) -> f64| {
        let mut points = points(value);
        // A second in which nothing was seen has no latency.
        points.retain(|(_, value)| *value > 0.0);
        Line { name, points }
    };
    let panel = |title, lines| Panel { title, lines };
    Plot {
        title: title.to_owned(),
        panels: vec![
            panel("CPU, % of one core", vec![line("", |second| second.cpu_percent)]),
            panel("Resident memory, MB", vec![line("", |second| second.rss_bytes / 1e6)]),
            panel(
                "From line to frame, ms",
                vec![
                    seen("p99", |second| second.p99_ms),
                    seen("median", |second| second.median_ms),
                ],
            ),
            panel("Frames a second", vec![line("", |second| second.frames as f64)]),
        ],
        // There are too many phases for their names: the table has them.
        marks: Vec::new(),
    }
}
