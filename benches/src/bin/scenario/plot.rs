//! Values over time as an SVG that reads well on light and on dark.

use std::fmt::Write;

const WIDTH: f64 = 760.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 50.0;
/// Where the names of phases stand, above everything.
const NAMES: f64 = 14.0;
const PANEL: f64 = 130.0;
const GAP: f64 = 46.0;
/// About so many lines of the grid are in a panel.
const ROWS: f64 = 4.0;
const COLUMNS: f64 = 8.0;

/// A plot: panels one below the other, over one axis of time.
#[derive(Debug)]
pub(crate) struct Plot {
    pub(crate) title: String,
    pub(crate) panels: Vec<Panel>,
    /// When a phase begins, in seconds, and its name.
    pub(crate) marks: Vec<(f64, String)>,
}

/// One panel.
#[derive(Debug)]
pub(crate) struct Panel {
    pub(crate) title: &'static str,
    pub(crate) lines: Vec<Line>,
}

/// Seconds and values, under a name.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) points: Vec<(f64, f64)>,
}

impl Plot {
    /// The picture.
    pub(crate) fn to_svg(&self) -> String {
        let height = TOP + self.panels.len() as f64 * (PANEL + GAP);
        let points =
            || self.panels.iter().flat_map(|panel| &panel.lines).flat_map(|line| &line.points);
        let end = points().map(|(second, _)| *second).fold(1.0, f64::max);
        let mut svg = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" font-family="system-ui, sans-serif" font-size="11" role="img">
<style>
text {{ fill: #3d4650 }} .title {{ font-weight: 600; font-size: 12px }} .grid {{ stroke: #d8dde3 }} .mark {{ stroke: #98a2ad; stroke-dasharray: 3 3 }}
.line {{ fill: none; stroke-width: 1.5; stroke-linejoin: round }} .a {{ stroke: #0b6bcb }} .b {{ stroke: #c2540a }} text.a {{ stroke: none; fill: #0b6bcb }} text.b {{ stroke: none; fill: #c2540a }}
@media (prefers-color-scheme: dark) {{ text {{ fill: #c5ced8 }} .grid {{ stroke: #39424c }} .mark {{ stroke: #6b7682 }} .a {{ stroke: #58a6ff }} .b {{ stroke: #f0883e }} text.a {{ fill: #58a6ff }} text.b {{ fill: #f0883e }} }}
</style>
<title>{title}</title>
"#,
            title = escaped(&self.title),
        );
        for (at, panel) in self.panels.iter().enumerate() {
            let top = TOP + at as f64 * (PANEL + GAP);
            push_panel(&mut svg, panel, top, end);
            self.push_marks(&mut svg, top, end, at == 0);
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn push_marks(&self, svg: &mut String, top: f64, end: f64, is_first: bool) {
        for (second, name) in &self.marks {
            let x = x_of(*second, end);
            let bottom = top + PANEL;
            let top = if is_first { NAMES - 10.0 } else { top };
            push(
                svg,
                format_args!(
                    r#"<line class="mark" x1="{x:.1}" y1="{top}" x2="{x:.1}" y2="{bottom}"/>"#
                ),
            );
            if is_first {
                let (x, name) = (x + 4.0, escaped(name));
                push(svg, format_args!(r#"<text x="{x:.1}" y="{NAMES}">{name}</text>"#));
            }
        }
    }
}

fn push_panel(svg: &mut String, panel: &Panel, top: f64, end: f64) {
    let values = panel.lines.iter().flat_map(|line| &line.points).map(|(_, value)| *value);
    let most = values.fold(0.0, f64::max);
    let step = round_step(if most > 0.0 { most / ROWS } else { 0.25 });
    let rows = (most / step).ceil().max(1.0);
    let y_of = |value: f64| top + PANEL * (1.0 - value / (rows * step));
    let right = WIDTH - RIGHT;
    let (bottom, title_y) = (top + PANEL, top - 9.0);
    push(
        svg,
        format_args!(r#"<text class="title" x="{LEFT}" y="{title_y}">{}</text>"#, panel.title),
    );
    for row in 0..=rows as u32 {
        let value = f64::from(row) * step;
        let (y, label) = (y_of(value), label(value, step));
        push(
            svg,
            format_args!(
                r#"<line class="grid" x1="{LEFT}" y1="{y:.1}" x2="{right}" y2="{y:.1}"/><text x="{:.1}" y="{:.1}" text-anchor="end">{label}</text>"#,
                LEFT - 8.0,
                y + 4.0
            ),
        );
    }
    let (unit, name) = if end > 600.0 { (60.0, "min") } else { (1.0, "s") };
    let step = round_step(end / unit / COLUMNS).max(1.0);
    for column in 0..=(end / unit / step) as u32 {
        let value = f64::from(column) * step;
        let x = x_of(value * unit, end);
        push(
            svg,
            format_args!(
                r#"<text x="{x:.1}" y="{:.1}" text-anchor="middle">{} {name}</text>"#,
                bottom + 15.0,
                label(value, step)
            ),
        );
    }
    for (at, line) in panel.lines.iter().enumerate() {
        let class = if at == 0 { "a" } else { "b" };
        let points: Vec<String> = line
            .points
            .iter()
            .map(|(second, value)| format!("{:.1},{:.1}", x_of(*second, end), y_of(*value)))
            .collect();
        push(
            svg,
            format_args!(r#"<polyline class="line {class}" points="{}"/>"#, points.join(" ")),
        );
        // Names stand at the right end, the last line's outermost.
        let x = right - (panel.lines.len() - 1 - at) as f64 * 90.0;
        push(
            svg,
            format_args!(
                r#"<text class="{class}" x="{x}" y="{title_y}" text-anchor="end">{}</text>"#,
                line.name
            ),
        );
    }
}

fn x_of(second: f64, end: f64) -> f64 {
    LEFT + (WIDTH - LEFT - RIGHT) * second / end
}

/// The next step of 1, 2 or 5 and zeros that is not smaller.
fn round_step(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let factor =
        [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * power >= step * 0.999_999);
    factor.unwrap_or(10.0) * power
}

/// A value to the digits that its step has.
fn label(value: f64, step: f64) -> String {
    let digits = (-step.log10().floor()).max(0.0) as usize;
    format!("{value:.digits$}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn push(svg: &mut String, arguments: std::fmt::Arguments<'_>) {
    svg.write_fmt(arguments).expect("a String takes any text");
    svg.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        assert_eq!([0.7, 1.0, 1.1, 2.5, 60.0].map(round_step), [1.0, 1.0, 2.0, 5.0, 100.0]);
        assert!((round_step(0.03) - 0.05).abs() < 1e-9);
        assert_eq!((label(0.15, 0.05), label(40.0, 20.0)), ("0.15".to_owned(), "40".to_owned()));
    }

    #[test]
    fn points_lie_between_the_axes() {
        let points = vec![(0.0, 0.0), (50.0, 8.0), (100.0, 4.0)];
        let panel = Panel { title: "CPU, %", lines: vec![Line { name: "all", points }] };
        let marks = vec![(50.0, "a < b".to_owned())];
        let svg = Plot { title: "ingest".to_owned(), panels: vec![panel], marks }.to_svg();
        // Zero is the bottom, the most is the top: 8 of four steps of 2.
        assert!(svg.contains(r#"points="64.0,180.0 404.0,50.0 744.0,115.0""#), "{svg}");
        assert!(svg.contains(">8</text>") && svg.contains(">100 s</text>"));
        assert!(svg.contains("a &lt; b") && svg.trim_end().ends_with("</svg>"));
    }

    #[test]
    fn nothing_measured_is_a_plot_too() {
        let panel = Panel { title: "lag, ms", lines: vec![Line { name: "p50", points: vec![] }] };
        let svg = Plot { title: "idle".to_owned(), panels: vec![panel], marks: vec![] }.to_svg();
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
