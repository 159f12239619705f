//! Do the sums agree with the transfers that are still there?

use std::{collections::BTreeMap, fmt::Debug};

use piecewatch_model::{Clock, Grain, Latency, Timestamp};
use rusqlite::{Connection, Row};

use crate::{
    Reader, Result, Retention, dictionary,
    query::{self, Question, histogram, maybe_number, nodes, number},
    retention::Cuts,
    rollup::{Errors, Flow, Map, Sum, Sums, flows},
    slowest::{Slow, Slowest},
    transfers::{TransferRow, first_key, node_of, time_of},
};

pub(crate) const TRANSFERS: Question = Question {
    name: "rebuilding sums",
    sql: "SELECT key, micros, satellite, action, outcome, size, country, template, latency, clock
FROM transfers WHERE key >= ?1",
};

/// A sum that is not what the transfers add up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The table.
    pub table: &'static str,
    /// The columns of the row's key.
    pub key: Vec<i64>,
    /// What is stored; `None` when there is no such row.
    pub stored: Option<String>,
    /// What the transfers add up to; `None` when there are none.
    pub rebuilt: Option<String>,
}

impl Reader {
    /// Adds the transfers that are kept up again and compares that with the stored sums of the same
    /// time: whole hours, and whole days where there are any. No difference is the proof that
    /// nothing was counted twice or not at all.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn differences(&self, now: Timestamp, retention: &Retention) -> Result<Vec<Difference>> {
        let mut cuts = Cuts::at(now, retention);
        // Sums of less than an hour may be kept for less long than transfers, or longer.
        cuts.minutes = cuts.minutes.max(cuts.transfers);
        cuts.details = cuts.details.max(cuts.transfers);
        cuts.latency_hours = cuts.latency_hours.max(cuts.transfers);
        self.ask(TRANSFERS.name, |connection| {
            let (rebuilt, slowest) = rebuild(connection, &cuts)?;
            let mut found = compare(connection, rebuilt, &cuts)?;
            compare_slowest(connection, &slowest, &cuts, &mut found)?;
            Ok(found)
        })
    }
}

fn rebuild(connection: &Connection, cuts: &Cuts) -> rusqlite::Result<(Sums, Slowest)> {
    let (mut sums, mut slowest) = (Sums::default(), Slowest::default());
    let mut statement = connection.prepare(TRANSFERS.sql)?;
    let mut rows = statement.query([first_key(cuts.transfers.as_seconds())])?;
    while let Some(row) = rows.next()? {
        let transfer = transfer(row)?;
        if transfer.at >= cuts.transfers {
            sums.add(&transfer, cuts);
            slowest.add(&transfer);
        }
    }
    Ok((sums, slowest))
}

fn transfer(row: &Row<'_>) -> rusqlite::Result<TransferRow<'static>> {
    let key = row.get(0)?;
    let clock = match row.get::<_, Option<i64>>(9)? {
        Some(_) => Some(query::code(row, 9, Clock::from_code)?),
        None => None,
    };
    Ok(TransferRow {
        at: time_of(key, row.get(1)?),
        node: node_of(key),
        satellite: row.get(2)?,
        action: row.get(3)?,
        outcome: row.get(4)?,
        size: maybe_number(row, 5)?,
        offset: None,
        remote: None,
        country: row.get(6)?,
        template: row.get(7)?,
        latency: maybe_number(row, 8)?.zip(clock).map(|(micros, clock)| Latency { micros, clock }),
        piece: None,
    })
}

fn compare(
    connection: &Connection,
    rebuilt: Sums,
    cuts: &Cuts,
) -> rusqlite::Result<Vec<Difference>> {
    let hours = cuts.transfers;
    let days = cuts.transfers.ceil(Grain::Day);
    let (daily, latency_daily) = (rebuilt.daily(), rebuilt.latency_daily());
    let latency_node_hourly = rebuilt.latency_node_hourly();
    let detail_days = cuts.details.ceil(Grain::Day);
    let (size_daily, country_daily) = (rebuilt.size_daily(), rebuilt.country_daily());
    let (error_daily, node_hourly) = (rebuilt.error_daily(), rebuilt.node_hourly());
    let uploads = dictionary::uploads(connection)?;
    let flow_minutely = flows(&rebuilt.minutely, &uploads);
    let flow_hourly = flows(&node_hourly, &uploads);
    let mut found = Vec::new();
    let nodes = nodes::ids(connection)?;
    let mut differ = Differ { connection, nodes, found: &mut found };
    differ.table(
        "traffic_minutely",
        "action, outcome, count, bytes",
        cuts.minutes,
        rebuilt.minutely,
        sum,
    )?;
    let columns = "uploads, ingress, downloads, egress";
    differ.table("flow_minutely", columns, cuts.minutes, flow_minutely, flow)?;
    differ.table("flow_hourly", columns, hours, flow_hourly, flow)?;
    let columns = "action, outcome, count, bytes";
    differ.table("traffic_node_hourly", columns, hours, node_hourly, sum)?;
    differ.table(
        "traffic_hourly",
        "satellite, action, outcome, count, bytes",
        hours,
        rebuilt.hourly,
        sum,
    )?;
    differ.table("traffic_daily", "satellite, action, outcome, count, bytes", days, daily, sum)?;
    differ.table(
        "size_hourly",
        "action, ending, bucket, count, bytes",
        cuts.details,
        rebuilt.sizes,
        sum,
    )?;
    let columns = "action, ending, bucket, count, bytes";
    differ.table("size_daily", columns, detail_days, size_daily, sum)?;
    let columns = "country, action, count, bytes";
    differ.table("country_hourly", columns, cuts.details, rebuilt.countries, sum)?;
    differ.table("country_daily", columns, detail_days, country_daily, sum)?;
    let columns = "action, outcome, template, count, bytes, first_at, last_at";
    differ.table("error_hourly", columns, cuts.details, rebuilt.errors, errors)?;
    differ.table("error_daily", columns, detail_days, error_daily, errors)?;
    differ.table(
        "latency_5min",
        "action, clock, histogram",
        cuts.minutes,
        rebuilt.latency_5min,
        histogram,
    )?;
    differ.table(
        "latency_node_hourly",
        "action, clock, histogram",
        cuts.latency_hours,
        latency_node_hourly,
        histogram,
    )?;
    let columns = "satellite, action, clock, histogram";
    differ.table(
        "latency_hourly",
        columns,
        cuts.latency_hours,
        rebuilt.latency_hourly,
        histogram,
    )?;
    differ.table("latency_daily", columns, days, latency_daily, histogram)?;
    Ok(found)
}

/// By their latencies: the rest of the rows is not rebuilt.
fn compare_slowest(
    connection: &Connection,
    rebuilt: &Slowest,
    cuts: &Cuts,
    found: &mut Vec<Difference>,
) -> rusqlite::Result<()> {
    let places = |groups: &Map<4, Vec<Slow>>| -> Map<5, i64> {
        let of_group = |(&[node, at, action, ending], slow): (&[i64; 4], &Vec<Slow>)| {
            let key = |place: usize| [node, at, action, ending, place as i64];
            let places = slow.iter().enumerate();
            places.map(|(place, slow)| (key(place), slow.latency())).collect::<Vec<_>>()
        };
        groups.iter().flat_map(of_group).collect()
    };
    let latency = |row: &Row<'_>, column: usize| row.get(column);
    let columns = "action, ending, place, latency";
    let mut differ = Differ { connection, nodes: nodes::ids(connection)?, found };
    let hours = places(rebuilt.hours());
    differ.table("slow_hourly", columns, cuts.latency_hours, hours, latency)?;
    let days = cuts.transfers.ceil(Grain::Day);
    differ.table("slow_daily", columns, days, places(&rebuilt.days()), latency)
}

fn sum(row: &Row<'_>, column: usize) -> rusqlite::Result<Sum> {
    Ok(Sum { count: number(row, column)?, bytes: number(row, column + 1)? })
}

fn flow(row: &Row<'_>, column: usize) -> rusqlite::Result<Flow> {
    Ok(Flow { ingress: sum(row, column)?, egress: sum(row, column + 2)? })
}

fn errors(row: &Row<'_>, column: usize) -> rusqlite::Result<Errors> {
    Ok(Errors {
        sum: sum(row, column)?,
        first_at: row.get(column + 2)?,
        last_at: row.get(column + 3)?,
    })
}

/// The rows of a node in one of these tables from a time on.
pub(crate) fn of_node(table: &str, columns: &str) -> String {
    format!("SELECT node, at, {columns} FROM {table} WHERE node = ?1 AND at >= ?2")
}

struct Differ<'a> {
    connection: &'a Connection,
    nodes: Vec<i64>,
    found: &'a mut Vec<Difference>,
}

impl Differ<'_> {
    /// Compares the rows of a table from a time on. Its first columns are node and time.
    fn table<const N: usize, V: PartialEq + Debug>(
        &mut self,
        table: &'static str,
        columns: &str,
        from: Timestamp,
        rebuilt: Map<N, V>,
        read: fn(&Row<'_>, usize) -> rusqlite::Result<V>,
    ) -> rusqlite::Result<()> {
        let rebuilt = rebuilt.into_iter().filter(|(key, _)| key[1] >= from.as_micros());
        let mut rebuilt: BTreeMap<[i64; N], V> = rebuilt.collect();
        let mut statement = self.connection.prepare(&of_node(table, columns))?;
        for node in &self.nodes {
            let mut rows = statement.query([*node, from.as_micros()])?;
            while let Some(row) = rows.next()? {
                let mut key = [0; N];
                for (column, part) in key.iter_mut().enumerate() {
                    *part = row.get(column)?;
                }
                let stored = read(row, N)?;
                let rebuilt = rebuilt.remove(&key);
                if rebuilt.as_ref() != Some(&stored) {
                    self.found.push(Difference {
                        table,
                        key: key.to_vec(),
                        stored: Some(format!("{stored:?}")),
                        rebuilt: rebuilt.map(|rebuilt| format!("{rebuilt:?}")),
                    });
                }
            }
        }
        self.found.extend(rebuilt.into_iter().map(|(key, rebuilt)| Difference {
            table,
            key: key.to_vec(),
            stored: None,
            rebuilt: Some(format!("{rebuilt:?}")),
        }));
        Ok(())
    }
}
