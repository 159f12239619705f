//! What a node stored in a month, from what it had in use at single instants.

use std::time::Duration;

use piecewatch_model::{ByteCount, ByteHours, Period, Timestamp};

use crate::money::{MICROS_PER_HOUR, div_round, micros_between};

/// How long a level is taken to hold after it was told, where the caller knows nothing better: what
/// a node stores changes little within a week. Levels come from nodes that are asked. A log has
/// none: its lines tell the space that is left, and not how much was allotted.
pub const LEVEL_HOLDS_MAX: Duration = Duration::from_secs(7 * 86_400);

/// What a node had in use at an instant: pieces, without trash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// When.
    pub at: Timestamp,
    /// How much.
    pub used: ByteCount,
}

/// What a node stored in a month up to an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// What is known, without `gaps`.
    pub byte_hours: ByteHours,
    /// The time that `byte_hours` covers, in microseconds.
    pub covered_micros: u64,
    /// When nothing is known, in the order of time. With `covered_micros` they make up the month up
    /// to its end or to now.
    pub gaps: Vec<Gap>,
    /// The end of what was looked at: that of the month, or now.
    pub until: Timestamp,
    /// The level at that time; `None` when it lies in a gap.
    pub level: Option<ByteCount>,
}

/// A time of which nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// Where it lies.
    pub place: GapPlace,
    /// Its first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub to: Timestamp,
    /// What was stored in it if the levels beside it are joined by a straight line, or the only one
    /// holds; 0 when there is none. It is not in [`Stored::byte_hours`].
    pub assumed: ByteHours,
}

/// Where a gap lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GapPlace {
    /// Before the first level that is known.
    Before,
    /// Between two levels.
    Between,
    /// After the last level that is known.
    After,
}

impl Stored {
    /// The byte-hours of a month, by levels in the order of time, of which those outside the month
    /// count too: give those from `holds_max` before its start until `holds_max` after its end.
    ///
    /// Between two levels not more than `holds_max` apart a straight line is taken. Where the next
    /// is further off or there is none, a level holds for `holds_max`, and what follows is a gap. A
    /// month that runs is looked at until `now`.
    ///
    /// The sum is exact, in byte-microseconds, and rounded to whole byte-hours once; where a month
    /// begins or ends between two levels, the level there is taken in whole bytes.
    pub fn of(levels: &[Level], period: Period, now: Timestamp, holds_max: Duration) -> Self {
        let (start, end) = (period.start(), period.end().min(now));
        if end <= start {
            return Self {
                byte_hours: ByteHours::default(),
                covered_micros: 0,
                gaps: Vec::new(),
                until: start,
                level: None,
            };
        }
        let mut sum = Sum { start, end, doubled: 0, covered: 0, gaps: Vec::new() };
        let holds_max = i64::try_from(holds_max.as_micros()).unwrap_or(i64::MAX);
        if let Some(first) = levels.first() {
            sum.gap(GapPlace::Before, Line::flat(start, first.at, first.used));
        } else {
            sum.gap(GapPlace::Before, Line::flat(start, end, ByteCount::default()));
        }
        for pair in levels.windows(2) {
            let line = Line { from: pair[0], to: pair[1] };
            let held_until = pair[0].at.plus_micros(holds_max);
            if held_until >= pair[1].at {
                sum.add(line);
            } else {
                sum.add(Line::flat(pair[0].at, held_until, pair[0].used));
                sum.gap(GapPlace::Between, Line { from: line.at(held_until), to: pair[1] });
            }
        }
        let last = levels.last();
        if let Some(last) = last {
            let held_until = last.at.plus_micros(holds_max);
            sum.add(Line::flat(last.at, held_until, last.used));
            sum.gap(GapPlace::After, Line::flat(held_until, end, last.used));
        }
        let level = if sum.gaps.last().is_some_and(|gap| gap.to == end) {
            None
        } else {
            level_at(levels, end)
        };
        sum.finish(level)
    }

    /// What was stored if every gap is filled with what is assumed of it.
    pub fn with_gaps(&self) -> ByteHours {
        self.byte_hours + self.gaps.iter().map(|gap| gap.assumed).sum()
    }
}

/// The level at an instant: on the line between its neighbours, or that of the last one.
fn level_at(levels: &[Level], at: Timestamp) -> Option<ByteCount> {
    let next = levels.partition_point(|level| level.at <= at);
    let from = *levels.get(next.checked_sub(1)?)?;
    let to = levels.get(next).copied().unwrap_or(from);
    Some(Line { from, to }.at(at).used)
}

/// A straight line between two levels.
#[derive(Clone, Copy)]
struct Line {
    from: Level,
    to: Level,
}

impl Line {
    const fn flat(from: Timestamp, to: Timestamp, used: ByteCount) -> Self {
        Self { from: Level { at: from, used }, to: Level { at: to, used } }
    }

    /// The level on the line at an instant, in whole bytes.
    fn at(self, at: Timestamp) -> Level {
        let (whole, part) =
            (micros_between(self.from.at, self.to.at), micros_between(self.from.at, at));
        if part >= whole {
            return Level { at, used: self.to.used };
        }
        let (from, to) = (u128::from(self.from.used.get()), u128::from(self.to.used.get()));
        // Both products stay below 2^64 × 2^63.
        let used = div_round(from * (whole - part) + to * part, whole);
        Level { at, used: ByteCount::new(u64::try_from(used).unwrap_or(u64::MAX)) }
    }

    /// The part of the line within two instants; `None` when there is none.
    fn within(self, start: Timestamp, end: Timestamp) -> Option<Self> {
        let (from, to) = (self.from.at.max(start), self.to.at.min(end));
        if from >= to {
            return None;
        }
        Some(Self {
            from: if from == self.from.at { self.from } else { self.at(from) },
            to: if to == self.to.at { self.to } else { self.at(to) },
        })
    }

    /// Twice the area under the line, in byte-microseconds.
    fn doubled(self) -> u128 {
        (u128::from(self.from.used.get()) + u128::from(self.to.used.get()))
            .saturating_mul(micros_between(self.from.at, self.to.at))
    }
}

/// What is summed of a month.
struct Sum {
    start: Timestamp,
    end: Timestamp,
    doubled: u128,
    covered: u128,
    gaps: Vec<Gap>,
}

impl Sum {
    fn add(&mut self, line: Line) {
        if let Some(line) = line.within(self.start, self.end) {
            self.doubled = self.doubled.saturating_add(line.doubled());
            self.covered += micros_between(line.from.at, line.to.at);
        }
    }

    fn gap(&mut self, place: GapPlace, line: Line) {
        if let Some(line) = line.within(self.start, self.end) {
            let assumed = byte_hours(line.doubled());
            self.gaps.push(Gap { place, from: line.from.at, to: line.to.at, assumed });
        }
    }

    fn finish(self, level: Option<ByteCount>) -> Stored {
        Stored {
            byte_hours: byte_hours(self.doubled),
            covered_micros: u64::try_from(self.covered).unwrap_or(u64::MAX),
            gaps: self.gaps,
            until: self.end,
            level,
        }
    }
}

fn byte_hours(doubled: u128) -> ByteHours {
    let hours = div_round(doubled, 2 * MICROS_PER_HOUR);
    ByteHours::new(u64::try_from(hours).unwrap_or(u64::MAX))
}
