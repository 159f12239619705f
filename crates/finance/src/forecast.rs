//! What a month will have earned at its end.

use std::collections::BTreeMap;

use piecewatch_model::{
    ByteCount, ByteHours, DailyBandwidth, Grain, MicroUsd, Period, Prices, Timestamp,
};

use crate::{
    Earnings, Estimate, HeldPercent, Usage,
    money::{MICROS_PER_HOUR, count, div_round, length_and_elapsed, micro_usd, micros_between},
};

const DAY: u128 = 24 * MICROS_PER_HOUR;

/// Where a month lies, seen from an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MonthState {
    /// It is over.
    Past,
    /// It has begun and is not over.
    Running,
    /// It has not begun.
    Future,
}

impl MonthState {
    /// Where a month lies, seen from `now`.
    pub fn of(period: Period, now: Timestamp) -> Self {
        if now >= period.end() {
            Self::Past
        } else if now >= period.start() {
            Self::Running
        } else {
            Self::Future
        }
    }
}

/// What is known of a month that is forecast, of one node and satellite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonthSoFar<'a> {
    /// The month.
    pub period: Period,
    /// When the node joined the satellite; `None` where that is not known. In the month of the join
    /// rates are taken from then on.
    pub joined_at: Option<Timestamp>,
    /// What was used so far: traffic until now, storage until `storage_until`.
    pub usage: Usage,
    /// Bandwidth by day, for how much days differ; rows of other months are passed over.
    pub bandwidth: &'a [DailyBandwidth],
    /// The time up to now for which bandwidth is not known, in microseconds: gaps in a log. 0 where
    /// the node booked it.
    pub unknown_micros: u64,
    /// Up to when the storage in `usage` counts: satellites tell it a day late or so.
    pub storage_until: Timestamp,
    /// What is stored now; `None` where that is not known.
    pub level: Option<ByteCount>,
    /// The prices.
    pub prices: Prices,
    /// How much is held back.
    pub held_percent: HeldPercent,
    /// What was used in the whole month before; `None` where that is not known.
    pub month_before: Option<Usage>,
}

impl MonthSoFar<'_> {
    /// When the month begins for the node.
    fn from(&self) -> Timestamp {
        let (start, end) = (self.period.start(), self.period.end());
        self.joined_at.map_or(start, |joined_at| joined_at.clamp(start, end))
    }
}

/// What a month will have earned at its end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Forecast {
    /// Where the month lies.
    pub state: MonthState,
    /// What it has earned so far.
    pub so_far: Estimate,
    /// What it is expected to earn as a whole; of a month that is over the same.
    pub expected: Estimate,
    /// The payout is probably not below this: never less than what is paid for so far.
    pub low: MicroUsd,
    /// The payout is probably not above this.
    pub high: MicroUsd,
    /// How much of a forecast this is, 0 to 1: 0 knows nothing, 1 is a month that is over.
    pub confidence: f64,
}

impl Forecast {
    /// Forecasts a month. As `now` give the time when its figures were told; of a month that is
    /// over any time after it, or it is taken to run on from there.
    ///
    /// - Traffic goes on at the rate at which it came: by the time that has passed, to the
    ///   microsecond, not by whole days. Where the month before is known, it counts as one more day
    ///   at its average rate, so that the first hours of a month are not blown up.
    /// - Storage goes on at the present level; where that is not known at the average of the month,
    ///   or else of the month before.
    /// - What is held back is held back of the whole.
    /// - `low` and `high` are two standard errors of traffic away: the days to come differ as those
    ///   that are over did, and the rate itself is known the better the longer it was seen. With
    ///   days of variance `v`, `r` days ahead and `n` days seen, that is 2 √(v (r + r²/n)). As long
    ///   as no two whole days have rows, days are taken to differ by as much as they bring. That
    ///   storage may change is not in it.
    /// - Confidence: the share of the month that is known, and of the rest as much as days were
    ///   seen, `n / (n + 1)`, and were alike: what traffic brings ahead over that plus half the
    ///   interval. 1 when the node joined after the month's end, so that nothing is ahead.
    pub fn of(month: &MonthSoFar<'_>, now: Timestamp) -> Self {
        let state = MonthState::of(month.period, now);
        let so_far = month.usage;
        let estimate = |usage: &Usage| Estimate::of(usage, &month.prices, month.held_percent);
        let sure = estimate(&so_far);
        let payout = sure.earnings.payout;
        match state {
            MonthState::Past => Self {
                state,
                so_far: sure,
                expected: sure,
                low: payout,
                high: payout,
                confidence: 1.0,
            },
            MonthState::Running | MonthState::Future => {
                let pace = Pace::of(month, &so_far, now);
                let usage = Usage { storage: storage_at_end(month), ..pace.to_the_end(&so_far) };
                let expected = estimate(&usage);
                let half = pace.half_interval(month, now);
                let net_half = half - month.held_percent.share_of(half);
                let point = expected.earnings.payout;
                Self {
                    state,
                    so_far: sure,
                    expected,
                    low: (point - net_half).max(payout).min(point),
                    high: point + net_half,
                    confidence: pace.confidence(month, half),
                }
            }
        }
    }
}

/// Forecasts of several satellites or nodes together.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ForecastTotal {
    /// What the month has earned so far.
    pub so_far: Earnings,
    /// What it is expected to earn as a whole.
    pub expected: Earnings,
    /// The sum of the lower bounds: as if all fell together.
    pub low: MicroUsd,
    /// The sum of the upper bounds.
    pub high: MicroUsd,
    /// The average confidence, by expected payout; 0 when nothing is expected.
    pub confidence: f64,
}

impl ForecastTotal {
    /// Sums forecasts of one month.
    pub fn of<'a>(forecasts: impl IntoIterator<Item = &'a Forecast>) -> Self {
        let mut total = Self::default();
        let mut weighted = 0.0;
        for forecast in forecasts {
            total.so_far = total.so_far + forecast.so_far.earnings;
            total.expected = total.expected + forecast.expected.earnings;
            total.low = total.low + forecast.low;
            total.high = total.high + forecast.high;
            weighted += forecast.confidence * forecast.expected.earnings.payout.get() as f64;
        }
        if total.expected.payout > MicroUsd::default() {
            total.confidence = weighted / total.expected.payout.get() as f64;
        }
        total
    }
}

/// How fast traffic comes, and for how long that was seen.
struct Pace {
    /// What was seen, with the day of the month before where there is one.
    seen: Usage,
    /// For how long, in microseconds.
    seen_micros: u128,
    /// What is known of the month, in microseconds.
    known: u128,
    /// What is not: what is ahead, and gaps.
    unknown: u128,
}

impl Pace {
    fn of(month: &MonthSoFar<'_>, so_far: &Usage, now: Timestamp) -> Self {
        let (from, end) = (month.from(), month.period.end());
        let (length, elapsed) = (micros_between(from, end), micros_between(from, now.min(end)));
        let known = elapsed.saturating_sub(u128::from(month.unknown_micros));
        let before = month.month_before.map(|before| {
            let length = month_before_micros(month.period);
            let day = |bytes| scaled(bytes, DAY, length);
            Usage {
                egress: day(before.egress),
                repair: day(before.repair),
                audit: day(before.audit),
                storage: ByteHours::default(),
            }
        });
        Self {
            seen: *so_far + before.unwrap_or_default(),
            seen_micros: known + if before.is_some() { DAY } else { 0 },
            known,
            unknown: length - known,
        }
    }

    /// What the time that is not known brings.
    fn ahead(&self) -> Usage {
        let ahead = |bytes| scaled(bytes, self.unknown, self.seen_micros);
        Usage {
            egress: ahead(self.seen.egress),
            repair: ahead(self.seen.repair),
            audit: ahead(self.seen.audit),
            storage: ByteHours::default(),
        }
    }

    fn to_the_end(&self, so_far: &Usage) -> Usage {
        *so_far + self.ahead()
    }

    /// Two standard errors of what traffic will bring before anything is held back.
    fn half_interval(&self, month: &MonthSoFar<'_>, now: Timestamp) -> MicroUsd {
        const SECOND: u128 = 1_000_000;
        if self.seen_micros == 0 {
            return MicroUsd::default();
        }
        let variance = variance_of_days(month, now).unwrap_or_else(|| {
            let day = count(gross_of_traffic(&self.seen, &month.prices))
                .saturating_mul(DAY)
                .saturating_div(self.seen_micros);
            day.saturating_mul(day)
        });
        // v (r + r²/n) = v r (n + r) / n, with r and n in seconds over the seconds of a day.
        let (ahead, day) = (self.unknown / SECOND, DAY / SECOND);
        let seen = (self.seen_micros / SECOND).max(1);
        let square = variance.saturating_mul(ahead * (seen + ahead)) / (day * seen);
        micro_usd(square.isqrt().saturating_mul(2))
    }

    fn confidence(&self, month: &MonthSoFar<'_>, half: MicroUsd) -> f64 {
        if self.known + self.unknown == 0 {
            return 1.0;
        }
        let known = self.known as f64 / (self.known + self.unknown) as f64;
        let seen = self.seen_micros as f64 / (self.seen_micros + DAY) as f64;
        let ahead = gross_of_traffic(&self.ahead(), &month.prices).get() as f64;
        let half = half.get() as f64;
        let alike = if half > 0.0 { ahead / (ahead + half) } else { 1.0 };
        known + (1.0 - known) * seen * alike
    }
}

/// What traffic earns before anything is held back.
fn gross_of_traffic(usage: &Usage, prices: &Prices) -> MicroUsd {
    let traffic = Usage { storage: ByteHours::default(), ..*usage };
    Estimate::of(&traffic, prices, HeldPercent::NONE).earnings.gross()
}

/// The variance of what whole days of the month earned by traffic, in square micro-dollars; `None`
/// when there are fewer than two.
fn variance_of_days(month: &MonthSoFar<'_>, now: Timestamp) -> Option<u128> {
    let mut days: BTreeMap<Timestamp, Usage> = BTreeMap::new();
    for row in month.bandwidth {
        let is_whole = row.day.plus_micros(Grain::Day.micros()) <= now;
        if is_whole && row.day >= month.period.start() && row.day < month.period.end() {
            let day = days.entry(row.day).or_default();
            *day = *day + Usage::moved(row);
        }
    }
    let n = days.len() as u128;
    if n < 2 {
        return None;
    }
    let earned = days.values().map(|day| count(gross_of_traffic(day, &month.prices)));
    let sum: u128 = earned.clone().fold(0, u128::saturating_add);
    let squares = earned
        .map(|day| day.saturating_mul(n).abs_diff(sum))
        .map(|off| off.saturating_mul(off))
        .fold(0, u128::saturating_add);
    Some(squares / (n * n * (n - 1)))
}

fn storage_at_end(month: &MonthSoFar<'_>) -> ByteHours {
    let start = month.from();
    let until = month.storage_until.clamp(start, month.period.end());
    let (known, ahead) = (micros_between(start, until), micros_between(until, month.period.end()));
    let stored = u128::from(month.usage.storage.get());
    let ahead = match (month.level, month.month_before) {
        (Some(level), _) => div_round(u128::from(level.get()) * ahead, MICROS_PER_HOUR),
        (None, _) if known > 0 => stored * ahead / known,
        (None, Some(before)) => {
            u128::from(before.storage.get()) * ahead / month_before_micros(month.period)
        }
        (None, None) => 0,
    };
    ByteHours::new(u64::try_from(stored.saturating_add(ahead)).unwrap_or(u64::MAX))
}

/// The length of the month before; 31 days before January of the year 1, which has none.
fn month_before_micros(period: Period) -> u128 {
    period.plus_months(-1).map_or(31 * DAY, |before| length_and_elapsed(before, before.end()).0)
}

/// So much of an amount as `time` is of `whole`; nothing when `whole` is nothing.
fn scaled(bytes: ByteCount, time: u128, whole: u128) -> ByteCount {
    if whole == 0 {
        return ByteCount::default();
    }
    let scaled = div_round(u128::from(bytes.get()) * time, whole);
    ByteCount::new(u64::try_from(scaled).unwrap_or(u64::MAX))
}
