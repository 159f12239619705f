//! Figures of days and months, and quantiles: what is told later takes the place of what was told
//! of the same.

use piecewatch_model::{
    DailyBandwidth, DailyStorage, Grain, NodeEstimate, Payment, Paystub, Period, Prices, Quantiles,
    SatelliteId,
};
use rusqlite::params;

use super::Told;
use crate::amount::{byte_hours, bytes, money, number, period};

const BANDWIDTH: &str = "REPLACE INTO satellite_bandwidth_daily (node, day, satellite, get,
    get_audit, get_repair, put, put_repair, told_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

const STORAGE: &str = "REPLACE INTO satellite_storage_daily (node, day, satellite, byte_hours,
    covered_seconds, average, basis, told_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

const PRICES: &str = "REPLACE INTO prices (node, period, satellite, egress, repair, audit, storage,
    told_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

const ESTIMATE: &str = "REPLACE INTO estimates (node, period, satellite, egress, egress_payout,
    repair_audit, repair_audit_payout, storage, storage_payout, held_percent, held, payout,
    expected, told_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";

const PAYSTUB: &str = "REPLACE INTO paystubs (node, period, satellite, created_at, codes,
    usage_at_rest, usage_get, usage_put, usage_get_repair, usage_put_repair, usage_get_audit,
    comp_at_rest, comp_get, comp_put, comp_get_repair, comp_put_repair, comp_get_audit,
    surge_percent, held, owed, disposed, paid, distributed, told_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
    ?21, ?22, ?23, ?24)";

const PAYMENT: &str = "REPLACE INTO payouts (node, period, satellite, receipt, amount, told_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

const QUANTILES: &str = "REPLACE INTO node_quantiles (node, at, measure, action, count, sum, min,
    p10, p50, p90, p99, max)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

impl Told<'_> {
    pub(super) fn bandwidth(&mut self, told: &DailyBandwidth) -> rusqlite::Result<()> {
        let Some(satellite) = self.satellite(&told.satellite)? else { return Ok(()) };
        self.connection.prepare_cached(BANDWIDTH)?.execute(params![
            self.node,
            told.day.floor(Grain::Day).as_micros(),
            satellite,
            bytes(told.get),
            bytes(told.get_audit),
            bytes(told.get_repair),
            bytes(told.put),
            bytes(told.put_repair),
            self.at.as_micros(),
        ])?;
        Ok(())
    }

    pub(super) fn storage(&mut self, told: &DailyStorage) -> rusqlite::Result<()> {
        let Some(satellite) = self.satellite(&told.satellite)? else { return Ok(()) };
        self.connection.prepare_cached(STORAGE)?.execute(params![
            self.node,
            told.day.floor(Grain::Day).as_micros(),
            satellite,
            byte_hours(told.byte_hours),
            told.covered_seconds,
            told.average.map(bytes),
            told.basis.code(),
            self.at.as_micros(),
        ])?;
        Ok(())
    }

    /// Of the month in which they are told.
    pub(super) fn prices(
        &mut self,
        satellite: &SatelliteId,
        prices: &Prices,
    ) -> rusqlite::Result<()> {
        let Some(month) = Period::containing(self.at) else { return Ok(()) };
        let Some(satellite) = self.satellite(satellite)? else { return Ok(()) };
        self.connection.prepare_cached(PRICES)?.execute(params![
            self.node,
            period(month),
            satellite,
            prices.egress.get(),
            prices.repair.get(),
            prices.audit.get(),
            prices.storage.get(),
            self.at.as_micros(),
        ])?;
        Ok(())
    }

    pub(super) fn estimate(&mut self, told: &NodeEstimate) -> rusqlite::Result<()> {
        let Some(satellite) = self.satellite(&told.satellite)? else { return Ok(()) };
        self.connection.prepare_cached(ESTIMATE)?.execute(params![
            self.node,
            period(told.period),
            satellite,
            bytes(told.egress),
            money(told.egress_payout),
            bytes(told.repair_audit),
            money(told.repair_audit_payout),
            byte_hours(told.storage),
            money(told.storage_payout),
            told.held_percent,
            money(told.held),
            money(told.payout),
            told.expected.map(money),
            self.at.as_micros(),
        ])?;
        Ok(())
    }

    pub(super) fn paystub(&mut self, told: &Paystub) -> rusqlite::Result<()> {
        let Some(satellite) = self.satellite(&told.satellite)? else { return Ok(()) };
        self.connection.prepare_cached(PAYSTUB)?.execute(params![
            self.node,
            period(told.period),
            satellite,
            told.created_at.as_micros(),
            told.codes.to_string(),
            byte_hours(told.usage_at_rest),
            bytes(told.usage_get),
            bytes(told.usage_put),
            bytes(told.usage_get_repair),
            bytes(told.usage_put_repair),
            bytes(told.usage_get_audit),
            money(told.comp_at_rest),
            money(told.comp_get),
            money(told.comp_put),
            money(told.comp_get_repair),
            money(told.comp_put_repair),
            money(told.comp_get_audit),
            told.surge_percent,
            money(told.held),
            money(told.owed),
            money(told.disposed),
            money(told.paid),
            money(told.distributed),
            self.at.as_micros(),
        ])?;
        Ok(())
    }

    pub(super) fn payment(&mut self, told: &Payment) -> rusqlite::Result<()> {
        let Some(satellite) = self.satellite(&told.satellite)? else { return Ok(()) };
        self.connection.prepare_cached(PAYMENT)?.execute(params![
            self.node,
            period(told.period),
            satellite,
            &*told.receipt,
            money(told.amount),
            self.at.as_micros(),
        ])?;
        Ok(())
    }

    /// A reservoir without a value has quantiles that are no numbers: nothing was measured.
    pub(super) fn quantiles(&mut self, told: &Quantiles) -> rusqlite::Result<()> {
        let values = [told.sum, told.min, told.p10, told.p50, told.p90, told.p99, told.max];
        if self.at < self.cuts.details || !values.into_iter().all(f64::is_finite) {
            return Ok(());
        }
        let action = self.dictionaries.action(self.connection, &told.action)?;
        let [sum, min, p10, p50, p90, p99, max] = values;
        self.connection.prepare_cached(QUANTILES)?.execute(params![
            self.node,
            self.at.as_micros(),
            told.measure.code(),
            action,
            number(told.count),
            sum,
            min,
            p10,
            p50,
            p90,
            p99,
            max,
        ])?;
        Ok(())
    }
}
