//! Metrics as text, in the form of Prometheus.

use std::fmt::Write;

use piecewatch_model::Quantiles;

const PIECESTORE: &str = "storj_io_storj_storagenode_piecestore";

/// Text in the form of Prometheus. Every series is typed `gauge`.
#[derive(Debug, Default)]
pub(super) struct Exposition(String);

impl Exposition {
    pub(super) fn into_text(self) -> String {
        self.0
    }

    /// One field of a series.
    pub(super) fn add(
        &mut self,
        series: &str,
        labels: &[(&str, &str)],
        scope: &str,
        field: &str,
        value: f64,
    ) {
        let out = &mut self.0;
        let labels: String =
            labels.iter().map(|(key, value)| format!("{key}=\"{value}\",")).collect();
        write!(
            out,
            "# TYPE {series} gauge\n{series}{{{labels}scope=\"{scope}\",field=\"{field}\"}} {value}\n"
        )
        .expect("a String takes any text");
    }

    /// A counter of the piece store that has never gone down.
    pub(super) fn counter(&mut self, series: &str, labels: &[(&str, &str)], value: f64) {
        for (field, value) in [("high", value), ("low", 0.0), ("value", value)] {
            self.add(series, labels, PIECESTORE, field, value);
        }
    }

    /// A sum of the piece store with its rate.
    pub(super) fn meter(&mut self, series: &str, labels: &[(&str, &str)], total: f64) {
        self.add(series, labels, PIECESTORE, "total", total);
        self.add(series, labels, PIECESTORE, "rate", total / 86_400.0);
    }

    /// A distribution of the piece store; `unit` is what one of the quantiles' units is in that of
    /// the series.
    pub(super) fn distribution(
        &mut self,
        series: &str,
        labels: &[(&str, &str)],
        of: &Quantiles,
        unit: f64,
    ) {
        for (field, value) in [
            ("count", of.count as f64),
            ("sum", of.sum * unit),
            ("min", of.min * unit),
            ("max", of.max * unit),
            ("rmin", of.min * unit),
            ("ravg", of.p50 * 1.5 * unit),
            ("r10", of.p10 * unit),
            ("r50", of.p50 * unit),
            ("r90", of.p90 * unit),
            ("r99", of.p99 * unit),
            ("rmax", of.max * unit),
            ("recent", of.p50 * unit),
        ] {
            self.add(series, labels, PIECESTORE, field, value);
        }
    }
}
