//! What the ledger asks the store, one node at a time.

use std::{collections::BTreeMap, ops::RangeInclusive, slice};

use piecewatch_model::{
    ByteCount, DailyBandwidth, DailyStorage, Grain, NodeName, Period, SatelliteId,
};
use piecewatch_store::{Fate, Nodes, Reader, Reported, Result, Window};

use super::days_of;
use crate::{
    Account, LEVEL_HOLDS_MAX, Level, LogTraffic, Overlap, PriceHistory, Storage, StorageSource,
    Told, Traffic,
};

/// How far beside a month it is looked whether the node moved anything.
const BESIDE_MICROS: i64 = 7 * Grain::Day.micros();

/// Every month that a paystub may be of.
fn all_months() -> RangeInclusive<Period> {
    let month = |year, month| Period::new(year, month).expect("the month is one");
    month(1, 1)..=month(9999, 12)
}

pub(super) fn account(reader: &Reader, node: &NodeName) -> Result<Account> {
    let nodes = Nodes::Of(slice::from_ref(node));
    let prices = reader.prices(nodes)?;
    let standings = reader.standings(nodes)?.into_iter();
    let estimates = reader.estimates(nodes, all_months())?.into_iter();
    let paystubs = reader.paystubs(nodes, all_months())?.into_iter();
    let payments = reader.payments(nodes, all_months())?.into_iter();
    Ok(Account {
        standings: standings.map(|row| (row.what.satellite, row.what)).collect(),
        prices: PriceHistory::new(
            prices.into_iter().map(|row| (row.satellite, row.period, row.prices)),
        ),
        estimates: estimates
            .map(|row| ((row.what.period, row.what.satellite), told(row)))
            .collect(),
        paystubs: paystubs.map(|row| ((row.what.period, row.what.satellite), told(row))).collect(),
        payments: payments.map(|row| row.what).collect(),
    })
}

fn told<T>(row: Reported<T>) -> Told<T> {
    Told { at: row.at, what: row.what }
}

pub(super) fn traffic(reader: &Reader, node: &NodeName, period: Period) -> Result<Traffic> {
    let nodes = Nodes::Of(slice::from_ref(node));
    let days = days_of(period);
    let beside = Window {
        from: days.from.plus_micros(-BESIDE_MICROS),
        to: days.to.plus_micros(BESIDE_MICROS),
    };
    let mut traffic = Traffic::default();
    for Reported { at, what: row, .. } in reader.daily_bandwidth(nodes, beside)? {
        if moved(&row) > ByteCount::default() {
            traffic.moved_on.insert(row.day);
        }
        if (days.from..days.to).contains(&row.day) {
            let newest = traffic.told_at.entry(row.satellite).or_insert(at);
            *newest = at.max(*newest);
            traffic.booked.push(row);
        }
    }
    traffic.logged = logged(reader, node, days)?;
    if traffic.logged.is_empty() {
        return Ok(traffic);
    }
    let reach = reader.reach(nodes)?;
    traffic.records = reach.map(|reach| (reach.from, reach.to.plus_micros(-1)));
    if let Some((from, to)) = traffic.days_of_both(period) {
        let logged = logged(reader, node, Window { from, to })?.into_iter();
        let logged = logged.filter_map(|(satellite, logged)| Some((satellite?, logged)));
        traffic.overlap = Some(Overlap { from, to, logged: logged.collect() });
    }
    Ok(traffic)
}

fn moved(row: &DailyBandwidth) -> ByteCount {
    row.get + row.get_audit + row.get_repair + row.put + row.put_repair
}

/// What a log tells of a window.
pub(super) fn logged(
    reader: &Reader,
    node: &NodeName,
    window: Window,
) -> Result<BTreeMap<Option<SatelliteId>, LogTraffic>> {
    let mut logged: BTreeMap<Option<SatelliteId>, LogTraffic> = BTreeMap::new();
    let nodes = Nodes::Of(slice::from_ref(node));
    for row in reader.traffic_totals(nodes, Some(window))?.rows {
        let of_satellite = logged.entry(row.satellite).or_default();
        match row.fate {
            Fate::Ended(outcome) => of_satellite.add(&row.action, outcome, row.bytes),
            Fate::Rejected => {}
        }
    }
    Ok(logged)
}

/// As the satellites told it; nothing where they did not.
pub(super) fn storage(reader: &Reader, node: &NodeName, period: Period) -> Result<Storage> {
    let mut storage = Storage { source: StorageSource::Satellites, ..Storage::default() };
    for Reported { at, what: row, .. } in storage_days(reader, node, days_of(period))? {
        let newest = storage.told_at.entry(row.satellite).or_insert(at);
        *newest = at.max(*newest);
        let sum = storage.satellites.entry(row.satellite).or_default();
        *sum = *sum + row.byte_hours;
        storage.days.push(row);
    }
    Ok(storage)
}

pub(super) fn storage_days(
    reader: &Reader,
    node: &NodeName,
    window: Window,
) -> Result<Vec<Reported<DailyStorage>>> {
    reader.daily_storage(Nodes::Of(slice::from_ref(node)), window)
}

/// The levels of a month, and those beside it by which its first and last days are known.
pub(super) fn levels(reader: &Reader, node: &NodeName, period: Period) -> Result<Vec<Level>> {
    let nodes = Nodes::Of(slice::from_ref(node));
    let window = Window { from: period.start(), to: period.end() };
    let rows = reader.used_space(nodes, window, LEVEL_HOLDS_MAX)?;
    Ok(rows.into_iter().map(|row| Level { at: row.at, used: row.used }).collect())
}
