//! What a node has booked for one satellite, day by day, and what that satellite told it.

use piecewatch_model::{
    ByteCount, DailyBandwidth, Payment, Paystub, Period, SatelliteId, Timestamp,
};

use super::tariff::{self, Tariff};
use crate::calendar::{DAY_SECONDS, HOUR_SECONDS, day_of, day_start};

/// Nodes ask their satellites for storage twice a day.
const SYNC_SECONDS: i64 = 12 * HOUR_SECONDS;

/// A node's account with one satellite.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SatelliteAccount {
    pub(crate) id: SatelliteId,
    pub(crate) address: Box<str>,
    pub(crate) joined_at: Timestamp,
    /// Since when the satellite is no longer on the list of those to be trusted.
    pub(crate) gone_at: Option<Timestamp>,
    pub(crate) vetted_at: Option<Timestamp>,
    pub(crate) disqualified_at: Option<Timestamp>,
    pub(crate) suspended_at: Option<Timestamp>,
    pub(crate) offline_suspended_at: Option<Timestamp>,
    pub(crate) exited_at: Option<Timestamp>,
    pub(crate) audit_score: f64,
    pub(crate) suspension_score: f64,
    /// What it pays, and since when; the oldest first.
    pub(crate) tariffs: Vec<(Period, Tariff)>,
    /// The UTC day of the first of `days`, counted from 1970.
    pub(crate) first_day: i64,
    /// Consecutive days.
    pub(crate) days: Vec<Day>,
    /// How long after its tally a node knows of it, besides waiting for its next question.
    pub(crate) lag_seconds: i64,
    /// When in its half day the node asks.
    pub(crate) sync_phase: i64,
    /// What is drawn for this satellite when it is asked for is drawn from this.
    pub(crate) salt: u64,
    /// The satellite sends nothing below so many millionths of a dollar.
    pub(crate) minimum: i64,
    /// The oldest first.
    pub(crate) statements: Vec<Statement>,
}

/// A day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Day {
    pub(crate) traffic: Traffic,
    pub(crate) spread: Spread,
    /// Bytes held, all day.
    pub(crate) level: u64,
    /// The second of the day at which the satellite counted last.
    pub(crate) tally_second: u32,
    pub(crate) tally: Tally,
}

/// When the traffic of a day was booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spread {
    /// Evenly from its begin to its end.
    Evenly,
    /// When a simulated log told it: the day is as far as that log.
    AsLogged,
}

/// What became of the satellite's count of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tally {
    /// The node was told.
    Told,
    /// The satellite did not count: the next day's count covers both.
    Missed,
    /// The node was never told, and the next day's covers that one alone.
    Lost,
}

/// Bytes moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    pub(crate) get: u64,
    pub(crate) get_audit: u64,
    pub(crate) get_repair: u64,
    pub(crate) put: u64,
    pub(crate) put_repair: u64,
}

impl Traffic {
    pub(crate) fn egress(self) -> u64 {
        self.get + self.get_audit + self.get_repair
    }

    pub(crate) fn ingress(self) -> u64 {
        self.put + self.put_repair
    }

    pub(crate) fn total(self) -> u64 {
        self.egress() + self.ingress()
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            get: self.get + other.get,
            get_audit: self.get_audit + other.get_audit,
            get_repair: self.get_repair + other.get_repair,
            put: self.put + other.put,
            put_repair: self.put_repair + other.put_repair,
        }
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        Self {
            get: self.get - other.get,
            get_audit: self.get_audit - other.get_audit,
            get_repair: self.get_repair - other.get_repair,
            put: self.put - other.put,
            put_repair: self.put_repair - other.put_repair,
        }
    }

    /// So many parts of `whole`, cut to whole bytes.
    pub(crate) fn part(self, parts: u64, whole: u64) -> Self {
        let part = |bytes: u64| (u128::from(bytes) * u128::from(parts) / u128::from(whole)) as u64;
        Self {
            get: part(self.get),
            get_audit: part(self.get_audit),
            get_repair: part(self.get_repair),
            put: part(self.put),
            put_repair: part(self.put_repair),
        }
    }

    pub(crate) fn of_day(self, satellite: SatelliteId, day: i64) -> DailyBandwidth {
        DailyBandwidth {
            satellite,
            day: day_start(day),
            get: ByteCount::new(self.get),
            get_audit: ByteCount::new(self.get_audit),
            get_repair: ByteCount::new(self.get_repair),
            put: ByteCount::new(self.put),
            put_repair: ByteCount::new(self.put_repair),
        }
    }
}

impl From<&DailyBandwidth> for Traffic {
    fn from(day: &DailyBandwidth) -> Self {
        Self {
            get: day.get.get(),
            get_audit: day.get_audit.get(),
            get_repair: day.get_repair.get(),
            put: day.put.get(),
            put_repair: day.put_repair.get(),
        }
    }
}

/// A row of the node's `storage_usage`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct StorageRow {
    pub(crate) day: i64,
    pub(crate) byte_hours: f64,
    /// Whole hours since the row before ended; 24 for the very first.
    pub(crate) hours: i64,
}

impl StorageRow {
    /// The average of what was held; 0 where the interval is shorter than an hour.
    pub(crate) fn average(&self) -> f64 {
        if self.hours > 0 { self.byte_hours / self.hours as f64 } else { 0.0 }
    }
}

/// What a satellite states of a month, and what it sent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Statement {
    pub(crate) paystub: Paystub,
    /// With the time at which the node learns of it.
    pub(crate) sent: Option<(Timestamp, Payment)>,
}

impl SatelliteAccount {
    /// Whether the node knows the satellite already.
    pub(crate) fn is_joined(&self, now: Timestamp) -> bool {
        self.joined_at <= now
    }

    /// Whether the node knows the satellite and still trusts it.
    pub(crate) fn is_trusted(&self, now: Timestamp) -> bool {
        self.is_joined(now) && self.gone_at.is_none_or(|gone| now < gone)
    }

    /// The tariff of a month.
    pub(crate) fn tariff(&self, period: Period) -> Tariff {
        tariff::of(&self.tariffs, period)
    }

    fn day(&self, day: i64) -> Option<&Day> {
        self.days.get(usize::try_from(day - self.first_day).ok()?)
    }

    /// What is booked by now for days `from` to `to`, both included; days of nothing are left out.
    pub(crate) fn traffic(
        &self,
        from: i64,
        to: i64,
        now: Timestamp,
    ) -> impl Iterator<Item = (i64, Traffic)> {
        let to = if self.is_joined(now) { to.min(day_of(now)) } else { i64::MIN };
        let days = from.max(self.first_day)..=to;
        days.filter_map(move |number| {
            let day = self.day(number)?;
            let elapsed = now.as_seconds() - number * DAY_SECONDS;
            let traffic = match day.spread {
                Spread::AsLogged => day.traffic,
                Spread::Evenly if elapsed >= DAY_SECONDS => day.traffic,
                Spread::Evenly => day.traffic.part(elapsed.unsigned_abs(), DAY_SECONDS as u64),
            };
            (traffic.total() > 0).then_some((number, traffic))
        })
    }

    /// What is booked by now for days `from` to `to`, all together.
    pub(crate) fn traffic_sum(&self, from: i64, to: i64, now: Timestamp) -> Traffic {
        let days = self.traffic(from, to, now);
        days.fold(Traffic::default(), |sum, (_, day)| sum.plus(day))
    }

    /// Bytes of pieces held now.
    pub(crate) fn level(&self, now: Timestamp) -> u64 {
        if !self.is_joined(now) {
            return 0;
        }
        self.day(day_of(now)).map_or(0, |day| day.level)
    }

    /// What the node knows now of what it stored, by day.
    pub(crate) fn storage(&self, now: Timestamp) -> Vec<StorageRow> {
        let known_until = self.known_until(now);
        let mut rows: Vec<StorageRow> = Vec::new();
        let mut counted_until = self.joined_at.as_seconds().max(self.first_day * DAY_SECONDS);
        let mut row_ended = None;
        for (day, number) in self.days.iter().zip(self.first_day..) {
            let begin = number * DAY_SECONDS;
            let whole = begin + i64::from(day.tally_second);
            let end = whole.min(known_until);
            if day.tally != Tally::Missed && end > counted_until && end > begin {
                let byte_hours = self.byte_hours(counted_until, end);
                // A satellite for which nothing is held tells nothing.
                if day.tally == Tally::Told && byte_hours > 0.0 {
                    let hours = row_ended.map_or(24, |before| (end - before) / HOUR_SECONDS);
                    rows.push(StorageRow { day: number, byte_hours, hours });
                    row_ended = Some(end);
                }
                counted_until = end;
            }
            if whole >= known_until {
                break;
            }
        }
        rows
    }

    /// Up to when satellites have told of storage, in seconds since 1970.
    fn known_until(&self, now: Timestamp) -> i64 {
        let synced = (now.as_seconds() - self.sync_phase).div_euclid(SYNC_SECONDS) * SYNC_SECONDS;
        synced + self.sync_phase - self.lag_seconds
    }

    /// What was held between two times, in seconds since 1970.
    pub(crate) fn byte_hours(&self, from: i64, to: i64) -> f64 {
        let mut sum = 0.0;
        for number in from.div_euclid(DAY_SECONDS)..=to.div_euclid(DAY_SECONDS) {
            let begin = (number * DAY_SECONDS).max(from);
            let end = ((number + 1) * DAY_SECONDS).min(to);
            let level = self.day(number).map_or(0, |day| day.level);
            sum += level as f64 * (end - begin) as f64 / HOUR_SECONDS as f64;
        }
        sum
    }
}
