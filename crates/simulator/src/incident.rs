//! What goes wrong with a simulated node, and from when to when.

use piecewatch_model::Timestamp;

/// Something that goes wrong with a node for a while. Several may overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Incident {
    /// What goes wrong.
    pub kind: IncidentKind,
    /// From when on.
    pub from: Timestamp,
    /// Up to but without this time.
    pub to: Timestamp,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncidentKind {
    /// Transfers that begin take so many times as long; of several such the slowest counts.
    SlowDisk(u16),
    /// No transfer begins, and each satellite is told in vain, about every ten minutes, that the
    /// node is there.
    LostConnection,
    /// The piece that an audit asks for is not there.
    FailedAudits,
}

impl Incident {
    /// Whether it goes on at this time, in microseconds since 1970.
    pub(crate) const fn is_on(&self, at: i64) -> bool {
        self.from.as_micros() <= at && at < self.to.as_micros()
    }
}

/// How busy the node is over the day and the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rhythm {
    /// Always the same.
    Steady,
    /// Three times as busy in the evening as at night, and less on Saturdays and Sundays, in UTC.
    DayAndWeek,
}

/// Percent of the average, by the hour of a day of the week. They add up to 24 averages.
const HOURS: [u16; 24] = [
    70, 60, 53, 50, 50, 55, 65, 78, 92, 104, 112, 118, 122, 126, 130, 135, 140, 145, 150, 148, 140,
    122, 75, 60,
];
/// Percent of a day of the week that there is on a Saturday or a Sunday.
const WEEKEND: u16 = 70;

impl Rhythm {
    /// How busy the node is, times the average of a day of the week.
    pub(crate) fn at(self, micros: i64) -> f64 {
        match self {
            Self::Steady => 1.0,
            Self::DayAndWeek => {
                let hour = micros.div_euclid(3_600_000_000);
                let percent = f64::from(HOURS[hour.rem_euclid(24) as usize]) / 100.0;
                // 1970 began with a Thursday.
                let is_weekend = (hour.div_euclid(24) + 3).rem_euclid(7) >= 5;
                percent * if is_weekend { f64::from(WEEKEND) / 100.0 } else { 1.0 }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_the_week_has_its_average_and_a_saturday_less() {
        let of_day = |day: u8| {
            let start = Timestamp::from_civil((2026, 8, day), 0, 0, 0).as_micros();
            (0..24).map(|hour| Rhythm::DayAndWeek.at(start + hour * 3_600_000_000)).sum::<f64>()
        };
        // 2026-08-19 is a Wednesday.
        assert!((of_day(19) - 24.0).abs() < 1e-9, "{}", of_day(19));
        for (day, share) in [(21, 1.0), (22, 0.7), (23, 0.7), (24, 1.0)] {
            assert!((of_day(day) / 24.0 - share).abs() < 1e-9, "{day}: {}", of_day(day));
        }
    }
}
