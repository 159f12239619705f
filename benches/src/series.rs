//! What was measured: a value for each round.

use serde::Serialize;

/// The values of one figure, one for each round.
#[derive(Debug, Serialize)]
pub struct Series {
    /// What it is.
    pub name: String,
    /// In which unit.
    pub unit: &'static str,
    /// In the order of the rounds.
    pub values: Vec<f64>,
}

/// The middle of some values, and their ends.
#[derive(Debug, Clone, Copy)]
pub struct Spread {
    /// As many are above it as below.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The most.
    pub max: f64,
}

impl Series {
    /// `None` where nothing was measured.
    pub fn spread(&self) -> Option<Spread> {
        let mut sorted = self.values.clone();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let half = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 {
            sorted[half]
        } else {
            f64::midpoint(sorted[half - 1], sorted[half])
        };
        Some(Spread { median, min, max })
    }
}
