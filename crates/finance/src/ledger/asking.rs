//! What the ledger asks the store, one node at a time.

use std::slice;

use piecewatch_model::{DailyBandwidth, DailyStorage, NodeName, Period};
use piecewatch_store::{Fate, Nodes, Reader, Reported, Result, Window};

use crate::{Account, LEVEL_HOLDS_MAX, Level, PriceHistory, Traffic};

/// Every month that a paystub may be of.
fn all_months() -> std::ops::RangeInclusive<Period> {
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
        estimates: estimates.map(|row| ((row.what.period, row.what.satellite), row.what)).collect(),
        paystubs: paystubs.map(|row| ((row.what.period, row.what.satellite), row.what)).collect(),
        payments: payments.map(|row| row.what).collect(),
    })
}

pub(super) fn traffic(reader: &Reader, node: &NodeName, window: Window) -> Result<Traffic> {
    let nodes = Nodes::Of(slice::from_ref(node));
    let booked: Vec<DailyBandwidth> =
        reader.daily_bandwidth(nodes, window)?.into_iter().map(|row| row.what).collect();
    let mut traffic = Traffic { booked, ..Traffic::default() };
    for row in reader.traffic_totals(nodes, Some(window))?.rows {
        let logged = traffic.logged.entry(row.satellite).or_default();
        match row.fate {
            Fate::Ended(outcome) => logged.add(&row.action, outcome, row.bytes),
            Fate::Rejected => {}
        }
    }
    Ok(traffic)
}

pub(super) fn storage_days(
    reader: &Reader,
    node: &NodeName,
    window: Window,
) -> Result<Vec<DailyStorage>> {
    let rows = reader.daily_storage(Nodes::Of(slice::from_ref(node)), window)?;
    Ok(rows.into_iter().map(|Reported { what, .. }| what).collect())
}

/// The levels of a month, and those beside it by which its first and last days are known.
pub(super) fn levels(reader: &Reader, node: &NodeName, period: Period) -> Result<Vec<Level>> {
    let nodes = Nodes::Of(slice::from_ref(node));
    let window = Window { from: period.start(), to: period.end() };
    let rows = reader.used_space(nodes, window, LEVEL_HOLDS_MAX)?;
    Ok(rows.into_iter().map(|row| Level { at: row.at, used: row.used }).collect())
}
