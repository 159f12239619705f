//! Of which hours of a window is the log of a node known?

use std::collections::BTreeSet;

use piecewatch_model::{Grain, Timestamp};
use piecewatch_store::{Nodes, Reader, Result, Window};

/// Twenty satellites settle orders every hour, for a month.
const ORDERS_MAX: u32 = 50_000;

/// Whether the log of a window is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogOfWindow {
    /// There are records of all of it.
    Known,
    /// There are records of some hours: what is not told of may have been in the others.
    Partly {
        /// How many hours have records; more than 0.
        known: u64,
        /// How many hours there are.
        hours: u64,
    },
    /// There are none, or trouble and restarts are no longer kept: nobody can say that nothing
    /// failed.
    Missing,
}

impl LogOfWindow {
    /// Judges by the hours of a window that have records; `known` holds their beginnings. Of hours
    /// that the window touches in part, only those with records count, unless there are no others.
    pub fn of(window: Window, known: &BTreeSet<Timestamp>) -> Self {
        let hour = Grain::Hour.micros();
        let Window { from, to } = window.widened(Grain::Hour);
        let count = (to.as_micros().saturating_sub(from.as_micros()) / hour).max(0);
        let has_records = |at: &Timestamp| known.contains(at);
        let is_whole = |at: &Timestamp| window.from <= *at && at.plus_micros(hour) <= window.to;
        let hours = || (0..count).map(|number| from.plus_micros(number * hour));
        let with_records = hours().filter(has_records).count() as u64;
        let without = hours().filter(|at| is_whole(at) && !has_records(at)).count() as u64;
        match (with_records, without) {
            (0, _) => Self::Missing,
            (_, 0) => Self::Known,
            (known, without) => Self::Partly { known, hours: known + without },
        }
    }

    /// A sentence on a log that tells of nothing bad, by what `nothing` calls that: as in `No
    /// check-in failed`.
    pub(super) fn so_far(self, nothing: &str) -> String {
        match self {
            Self::Known => format!("{nothing}."),
            Self::Partly { known, hours } => {
                format!("{nothing} in {known} of {hours} hours; of the others there is no log.")
            }
            Self::Missing => {
                "Nothing is known: there is no log of that time, or it is older than what is \
                              kept."
                    .to_owned()
            }
        }
    }
}

/// Asks of which hours of a window the log of a node is known: those in which it moved something,
/// or settled orders.
///
/// # Errors
///
/// When the database cannot be read.
pub(super) fn log_of(reader: &Reader, nodes: Nodes<'_>, window: Window) -> Result<LogOfWindow> {
    let kept_from = reader.kept_from(nodes)?.details;
    if kept_from.is_some_and(|from| window.from < from) {
        return Ok(LogOfWindow::Missing);
    }
    let told = reader.told_hours(nodes, window)?;
    let mut known: BTreeSet<Timestamp> = told.into_values().flatten().collect();
    let log = LogOfWindow::of(window, &known);
    if log == LogOfWindow::Known {
        return Ok(log);
    }
    let orders = reader.orders(nodes, window, ORDERS_MAX)?;
    known.extend(orders.iter().map(|orders| orders.what.at.floor(Grain::Hour)));
    Ok(LogOfWindow::of(window, &known))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(minute: i64) -> Timestamp {
        Timestamp::from_civil((2026, 8, 19), 0, 0, 0).plus_micros(minute * 60_000_000)
    }

    #[test]
    fn hours_without_records_count_where_they_are_whole() {
        let check = |from: i64, to: i64, hours: &[i64], expected: LogOfWindow| {
            let known = hours.iter().map(|hour| minute(hour * 60)).collect();
            let window = Window { from: minute(from), to: minute(to) };
            assert_eq!(LogOfWindow::of(window, &known), expected, "{from} {to} {hours:?}");
        };
        check(0, 180, &[0, 1, 2], LogOfWindow::Known);
        // The log of a few minutes before and after does not matter.
        check(50, 190, &[1, 2], LogOfWindow::Known);
        check(50, 190, &[0, 1, 2, 3], LogOfWindow::Known);
        check(0, 180, &[0, 2], LogOfWindow::Partly { known: 2, hours: 3 });
        check(0, 190, &[2], LogOfWindow::Partly { known: 1, hours: 3 });
        check(0, 180, &[3], LogOfWindow::Missing);
        check(10, 50, &[0], LogOfWindow::Known);
        check(10, 50, &[], LogOfWindow::Missing);
    }
}
