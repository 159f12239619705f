//! Transfers to sums: added up in memory, written once for each transaction.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use piecewatch_model::{ByteCount, Grain, Histogram, SizeBucket, Timestamp};
use rusqlite::{Connection, OptionalExtension, ToSql, params_from_iter};

use crate::{
    dictionary,
    outcome::{Ending, Fate},
    query,
    retention::Cuts,
    transfers::TransferRow,
};

/// The columns of a primary key.
pub(crate) type Key<const N: usize> = [i64; N];
pub(crate) type Map<const N: usize, V> = HashMap<Key<N>, V, BuildHasherDefault<KeyHasher>>;

/// Mixes the numbers of a key: a multiplication each, a fifth of the time of the standard hash,
/// whose protection against chosen keys these small numbers do not need.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct KeyHasher(u64);

impl KeyHasher {
    fn mix(&mut self, word: u64) {
        // 2^64 divided by the golden ratio.
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        words.iter().for_each(|word| self.mix(u64::from_le_bytes(*word)));
        rest.iter().for_each(|byte| self.mix((*byte).into()));
    }

    fn write_usize(&mut self, _length: usize) {
        // All keys of a map have one length.
    }

    fn finish(&self) -> u64 {
        // The map takes its bits from both ends; the multiplication leaves the low ones poor.
        self.0 ^ (self.0 >> 32)
    }
}

/// How many, and how many bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) count: u64,
    pub(crate) bytes: u64,
}

impl Sum {
    pub(crate) fn add(&mut self, other: Self) {
        self.count += other.count;
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

/// What moved to a node and from it, by transfers that succeeded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Flow {
    pub(crate) ingress: Sum,
    pub(crate) egress: Sum,
}

/// Errors of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Errors {
    pub(crate) sum: Sum,
    pub(crate) first_at: i64,
    pub(crate) last_at: i64,
}

impl Errors {
    pub(crate) fn add(&mut self, other: &Self) {
        self.sum.add(other.sum);
        self.first_at = self.first_at.min(other.first_at);
        self.last_at = self.last_at.max(other.last_at);
    }
}

/// The sums of some transfers, by the primary keys of the tables.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    /// Node, minute, action, outcome.
    pub(crate) minutely: Map<4, Sum>,
    /// Node, hour, satellite, action, outcome.
    pub(crate) hourly: Map<5, Sum>,
    /// Node, hour, action, ending, bucket.
    pub(crate) sizes: Map<5, Sum>,
    /// Node, hour, country, action.
    pub(crate) countries: Map<4, Sum>,
    /// Node, hour, action, outcome, template.
    pub(crate) errors: Map<5, Errors>,
    /// Node, five minutes, action, clock.
    pub(crate) latency_5min: Map<4, Histogram>,
    /// Node, hour, satellite, action, clock.
    pub(crate) latency_hourly: Map<5, Histogram>,
}

impl Sums {
    /// Adds a transfer to every sum that is still kept.
    pub(crate) fn add(&mut self, row: &TransferRow<'_>, cuts: &Cuts) {
        let node = i64::from(row.node);
        let outcome = i64::from(row.outcome);
        let hour = row.at.floor(Grain::Hour).as_micros();
        let sum = Sum { count: 1, bytes: row.size.unwrap_or(0) };
        let add = |cell: &mut Sum| cell.add(sum);
        if row.at >= cuts.minutes {
            let minute = row.at.floor(Grain::Minute).as_micros();
            add(self.minutely.entry([node, minute, row.action, outcome]).or_default());
        }
        add(self.hourly.entry([node, hour, row.satellite, row.action, outcome]).or_default());
        if row.at >= cuts.details {
            self.add_details(row, hour, sum);
        }
        self.add_latency(row, hour, cuts);
    }

    fn add_details(&mut self, row: &TransferRow<'_>, hour: i64, sum: Sum) {
        let node = i64::from(row.node);
        if let (Some(size), Some(ending)) = (row.size, ending(row.outcome)) {
            let bucket = SizeBucket::of(ByteCount::new(size)).index().into();
            self.sizes.entry([node, hour, row.action, ending, bucket]).or_default().add(sum);
        }
        if let Some(country) = row.country {
            self.countries.entry([node, hour, country, row.action]).or_default().add(sum);
        }
        if let Some(template) = row.template {
            let at = row.at.as_micros();
            let errors = self
                .errors
                .entry([node, hour, row.action, row.outcome.into(), template])
                .or_insert(Errors { sum: Sum::default(), first_at: at, last_at: at });
            errors.add(&Errors { sum, first_at: at, last_at: at });
        }
    }

    /// Latencies are of transfers that succeeded, by a clock finer than a second.
    fn add_latency(&mut self, row: &TransferRow<'_>, hour: i64, cuts: &Cuts) {
        let Some(latency) = row.latency.filter(|latency| latency.clock.is_honest()) else { return };
        if row.outcome != SUCCESS {
            return;
        }
        let (node, clock) = (i64::from(row.node), i64::from(latency.clock.code()));
        if row.at >= cuts.minutes {
            let at = row.at.floor(Grain::FiveMinutes).as_micros();
            let key = [node, at, row.action, clock];
            self.latency_5min.entry(key).or_default().record(latency.micros);
        }
        let key = [node, hour, row.satellite, row.action, clock];
        self.latency_hourly.entry(key).or_default().record(latency.micros);
    }

    /// The sums of hours, satellites together.
    pub(crate) fn node_hourly(&self) -> Map<4, Sum> {
        let mut together: Map<4, Sum> = Map::default();
        for (&[node, hour, _, action, outcome], &sum) in &self.hourly {
            together.entry([node, hour, action, outcome]).or_default().add(sum);
        }
        together
    }

    /// The sums of whole days: those of their hours.
    pub(crate) fn daily(&self) -> Map<5, Sum> {
        days(&self.hourly, |sum, hour| sum.add(*hour))
    }

    /// The sizes of whole days: those of their hours.
    pub(crate) fn size_daily(&self) -> Map<5, Sum> {
        days(&self.sizes, |sum, hour| sum.add(*hour))
    }

    /// The countries of whole days: those of their hours.
    pub(crate) fn country_daily(&self) -> Map<4, Sum> {
        days(&self.countries, |sum, hour| sum.add(*hour))
    }

    /// The errors of whole days: those of their hours.
    pub(crate) fn error_daily(&self) -> Map<5, Errors> {
        days(&self.errors, Errors::add)
    }

    /// The latencies of hours, satellites together.
    pub(crate) fn latency_node_hourly(&self) -> Map<4, Histogram> {
        let mut together: Map<4, Histogram> = Map::default();
        for (&[node, hour, _, action, clock], histogram) in &self.latency_hourly {
            together.entry([node, hour, action, clock]).or_default().merge(histogram);
        }
        together
    }

    /// The latencies of whole days: those of their hours.
    pub(crate) fn latency_daily(&self) -> Map<5, Histogram> {
        days(&self.latency_hourly, Histogram::merge)
    }

    /// Adds the sums to those in the database.
    pub(crate) fn write(&self, connection: &Connection, cuts: &Cuts) -> rusqlite::Result<()> {
        write_sums(connection, MINUTELY, &self.minutely)?;
        write_sums(connection, HOURLY, &self.hourly)?;
        let node_hourly = self.node_hourly();
        write_sums(connection, NODE_HOURLY, &node_hourly)?;
        let uploads = dictionary::uploads(connection)?;
        write_flows(connection, FLOW_MINUTELY, &flows(&self.minutely, &uploads))?;
        write_flows(connection, FLOW_HOURLY, &flows(&node_hourly, &uploads))?;
        write_sums(connection, DAILY, &self.daily())?;
        write_sums(connection, SIZE, &self.sizes)?;
        write_sums(connection, SIZE_DAILY, &self.size_daily())?;
        write_sums(connection, COUNTRY, &self.countries)?;
        write_sums(connection, COUNTRY_DAILY, &self.country_daily())?;
        write_errors(connection, ERROR, &self.errors)?;
        write_errors(connection, ERROR_DAILY, &self.error_daily())?;
        let cut = cuts.latency_hours.as_micros();
        write_histograms(connection, &LATENCY_5MIN, &self.latency_5min, i64::MIN)?;
        write_histograms(connection, &LATENCY_HOURLY, &self.latency_hourly, cut)?;
        let node_hourly = self.latency_node_hourly();
        write_histograms(connection, &LATENCY_NODE_HOURLY, &node_hourly, cut)?;
        write_histograms(connection, &LATENCY_DAILY, &self.latency_daily(), i64::MIN)
    }
}

const SUCCESS: u8 = 0;

/// By node and time: the sums of minutes or of hours, `uploads` are the actions that bring bytes to a node.
/// There is one wherever a transfer ended or was turned away, even if none succeeded.
pub(crate) fn flows(sums: &Map<4, Sum>, uploads: &[i64]) -> Map<2, Flow> {
    let mut flows: Map<2, Flow> = Map::default();
    for (&[node, at, action, outcome], &sum) in sums {
        let flow = flows.entry([node, at]).or_default();
        if outcome == SUCCESS.into() {
            let way = if uploads.contains(&action) { &mut flow.ingress } else { &mut flow.egress };
            way.add(sum);
        }
    }
    flows
}

/// Success, canceled, failed: without the class of the failure, and without what was turned away.
pub(crate) fn ending(outcome: u8) -> Option<i64> {
    match Fate::from_code(outcome)? {
        Fate::Ended(outcome) => Some(Ending::of(outcome).code().into()),
        Fate::Rejected => None,
    }
}

/// What hours are together in each day; the second part of a key is the time.
fn days<const N: usize, V: Clone>(hours: &Map<N, V>, add: impl Fn(&mut V, &V)) -> Map<N, V> {
    let mut days: Map<N, V> = Map::default();
    for (key, value) in hours {
        let mut key = *key;
        key[1] = Timestamp::from_micros(key[1]).floor(Grain::Day).as_micros();
        days.entry(key).and_modify(|sum| add(sum, value)).or_insert_with(|| value.clone());
    }
    days
}

/// Rows in the order of the table: neighbours share a page, and two runs write the same file.
pub(crate) fn sorted<const N: usize, V>(map: &Map<N, V>) -> Vec<(&Key<N>, &V)> {
    let mut rows: Vec<_> = map.iter().collect();
    rows.sort_unstable_by_key(|(key, _)| **key);
    rows
}

const MINUTELY: &str = "INSERT INTO traffic_minutely (node, at, action, outcome, count, bytes)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT DO UPDATE SET count = count + excluded.count, bytes = min(bytes + excluded.bytes, 1 << 53)";

const HOURLY: &str =
    "INSERT INTO traffic_hourly (node, at, satellite, action, outcome, count, bytes)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT DO UPDATE SET count = count + excluded.count, bytes = min(bytes + excluded.bytes, 1 << 53)";

const NODE_HOURLY: &str =
    "INSERT INTO traffic_node_hourly (node, at, action, outcome, count, bytes)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT DO UPDATE SET count = count + excluded.count, bytes = min(bytes + excluded.bytes, 1 << 53)";

const FLOW_MINUTELY: &str =
    "INSERT INTO flow_minutely (node, at, uploads, ingress, downloads, egress)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT DO UPDATE SET uploads = uploads + excluded.uploads,
    ingress = min(ingress + excluded.ingress, 1 << 53), downloads = downloads + excluded.downloads,
    egress = min(egress + excluded.egress, 1 << 53)";

const FLOW_HOURLY: &str = "INSERT INTO flow_hourly (node, at, uploads, ingress, downloads, egress)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT DO UPDATE SET uploads = uploads + excluded.uploads,
    ingress = min(ingress + excluded.ingress, 1 << 53), downloads = downloads + excluded.downloads,
    egress = min(egress + excluded.egress, 1 << 53)";

const DAILY: &str = "INSERT INTO traffic_daily (node, at, satellite, action, outcome, count, bytes)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT DO UPDATE SET count = count + excluded.count, bytes = min(bytes + excluded.bytes, 1 << 53)";

const SIZE: &str = "INSERT INTO size_hourly (node, at, action, ending, bucket, count, bytes)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT DO UPDATE SET count = count + excluded.count, bytes = min(bytes + excluded.bytes, 1 << 53)";

const SIZE_DAILY: &str = "INSERT INTO size_daily (node, at, action, ending, bucket, count, bytes)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT DO UPDATE SET count = count + excluded.count, bytes = min(bytes + excluded.bytes, 1 << 53)";

const COUNTRY: &str = "INSERT INTO country_hourly (node, at, country, action, count, bytes)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT DO UPDATE SET count = count + excluded.count, bytes = min(bytes + excluded.bytes, 1 << 53)";

const COUNTRY_DAILY: &str = "INSERT INTO country_daily (node, at, country, action, count, bytes)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT DO UPDATE SET count = count + excluded.count, bytes = min(bytes + excluded.bytes, 1 << 53)";

const ERROR: &str = "INSERT INTO error_hourly
    (node, at, action, outcome, template, count, bytes, first_at, last_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT DO UPDATE SET count = count + excluded.count, bytes = min(bytes + excluded.bytes, 1 << 53),
    first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at)";

const ERROR_DAILY: &str = "INSERT INTO error_daily
    (node, at, action, outcome, template, count, bytes, first_at, last_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT DO UPDATE SET count = count + excluded.count, bytes = min(bytes + excluded.bytes, 1 << 53),
    first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at)";

fn write_errors(
    connection: &Connection,
    upsert: &str,
    errors: &Map<5, Errors>,
) -> rusqlite::Result<()> {
    let mut upsert = connection.prepare_cached(upsert)?;
    for (key, errors) in sorted(errors) {
        let values =
            [errors.sum.count as i64, errors.sum.bytes as i64, errors.first_at, errors.last_at];
        upsert.execute(params_from_iter(key.iter().chain(&values)))?;
    }
    Ok(())
}

fn write_sums<const N: usize>(
    connection: &Connection,
    upsert: &str,
    sums: &Map<N, Sum>,
) -> rusqlite::Result<()> {
    let mut upsert = connection.prepare_cached(upsert)?;
    for (key, sum) in sorted(sums) {
        let values = [sum.count as i64, sum.bytes as i64];
        upsert.execute(params_from_iter(key.iter().chain(&values)))?;
    }
    Ok(())
}

fn write_flows(
    connection: &Connection,
    upsert: &str,
    flows: &Map<2, Flow>,
) -> rusqlite::Result<()> {
    let mut upsert = connection.prepare_cached(upsert)?;
    for (key, Flow { ingress, egress }) in sorted(flows) {
        let values = [ingress.count, ingress.bytes, egress.count, egress.bytes];
        let values = values.map(|value| value as i64);
        upsert.execute(params_from_iter(key.iter().chain(&values)))?;
    }
    Ok(())
}

/// A table of histograms, which SQL cannot add: they are read, merged and written.
pub(crate) struct HistogramTable {
    pub(crate) select: &'static str,
    replace: &'static str,
}

pub(crate) const LATENCY_5MIN: HistogramTable = HistogramTable {
    select: "SELECT histogram FROM latency_5min
WHERE node = ?1 AND at = ?2 AND action = ?3 AND clock = ?4",
    replace: "REPLACE INTO latency_5min (node, at, action, clock, histogram)
VALUES (?1, ?2, ?3, ?4, ?5)",
};

pub(crate) const LATENCY_HOURLY: HistogramTable = HistogramTable {
    select: "SELECT histogram FROM latency_hourly
WHERE node = ?1 AND at = ?2 AND satellite = ?3 AND action = ?4 AND clock = ?5",
    replace: "REPLACE INTO latency_hourly (node, at, satellite, action, clock, histogram)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
};

pub(crate) const LATENCY_NODE_HOURLY: HistogramTable = HistogramTable {
    select: "SELECT histogram FROM latency_node_hourly
WHERE node = ?1 AND at = ?2 AND action = ?3 AND clock = ?4",
    replace: "REPLACE INTO latency_node_hourly (node, at, action, clock, histogram)
VALUES (?1, ?2, ?3, ?4, ?5)",
};

pub(crate) const LATENCY_DAILY: HistogramTable = HistogramTable {
    select: "SELECT histogram FROM latency_daily
WHERE node = ?1 AND at = ?2 AND satellite = ?3 AND action = ?4 AND clock = ?5",
    replace: "REPLACE INTO latency_daily (node, at, satellite, action, clock, histogram)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
};

fn write_histograms<const N: usize>(
    connection: &Connection,
    table: &HistogramTable,
    histograms: &Map<N, Histogram>,
    cut: i64,
) -> rusqlite::Result<()> {
    let mut select = connection.prepare_cached(table.select)?;
    let mut replace = connection.prepare_cached(table.replace)?;
    for (key, histogram) in sorted(histograms) {
        let [_, at, ..] = key[..] else { unreachable!("a key begins with node and time") };
        if at < cut {
            continue;
        }
        let stored =
            select.query_row(params_from_iter(key), |row| query::histogram(row, 0)).optional()?;
        let bytes = match stored {
            Some(mut stored) => {
                stored.merge(histogram);
                stored.to_bytes()
            }
            None => histogram.to_bytes(),
        };
        let blob: &dyn ToSql = &bytes;
        replace.execute(params_from_iter(key.iter().map(|key| key as &dyn ToSql).chain([blob])))?;
    }
    Ok(())
}
