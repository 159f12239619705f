//! `/api/sno/satellite/{id}` and `/api/sno/satellites`: the running month, day by day.

use std::collections::BTreeMap;

use piecewatch_model::{Prices, Timestamp};

use super::{ApiVersion, NodeApi, Refusal};
use crate::{
    account::{SatelliteAccount, StorageRow, Traffic},
    calendar::{day_of, day_start, days_of, month_of},
    json::Json,
};

impl NodeApi {
    pub(super) fn satellite(&self, id: &str, now: Timestamp) -> Result<Json, Refusal> {
        let of = "consoleapi storagenode";
        let id = Refusal::bad_id(of, id)?;
        let trusted = self.account.trusted(now).find(|satellite| satellite.id == id);
        let Some(satellite) = trusted else {
            let text = format!("{of}: console: trust: satellite is untrusted: {id}");
            return Err(Refusal { status: 404, text });
        };
        let (from, to) = days_of(month_of(now));
        let rows: Vec<StorageRow> = satellite
            .storage(now)
            .into_iter()
            .filter(|row| (from..=to).contains(&row.day))
            .collect();
        let days: Vec<(i64, Traffic)> = satellite.traffic(from, to, now).collect();
        let averages: Vec<f64> = rows.iter().map(StorageRow::average).collect();
        let summary: f64 = rows.iter().fold(0.0, |sum, row| sum + row.byte_hours);
        let mut fields = vec![
            ("id", id.to_string().into()),
            ("storageDaily", Json::list_or_null(self.stamps(&rows, from, now))),
            ("bandwidthDaily", Json::list_or_null(self.rollups(&days))),
            ("storageSummary", summary.into()),
        ];
        fields.extend(self.average_usage(&averages));
        fields.extend(summaries(days.iter().map(|(_, traffic)| *traffic)));
        if self.version <= ApiVersion::V1_121 {
            fields.push(("currentStorageUsed", satellite.level(now).into()));
        }
        fields.extend([
            ("audits", audits(satellite, now)),
            ("auditHistory", audit_history(satellite, now)),
            ("priceModel", price_model(satellite.tariff(month_of(now)).told())),
            ("nodeJoinedAt", satellite.joined_at.into()),
        ]);
        if self.version >= ApiVersion::V1_142 {
            let vetted = satellite.vetted_at.filter(|at| *at <= now);
            fields.push(("vettedAt", vetted.into()));
        }
        Ok(Json::Object(fields))
    }

    pub(super) fn satellites(&self, now: Timestamp) -> Json {
        let (from, to) = days_of(month_of(now));
        let mut stored: BTreeMap<i64, (f64, f64)> = BTreeMap::new();
        let mut moved: BTreeMap<i64, Traffic> = BTreeMap::new();
        // What was booked for a satellite that is no longer trusted is still there.
        for satellite in self.account.satellites.iter().filter(|of| of.is_joined(now)) {
            for row in satellite.storage(now).iter().filter(|row| (from..=to).contains(&row.day)) {
                let sums = stored.entry(row.day).or_default();
                *sums = (sums.0 + row.byte_hours, sums.1 + row.average());
            }
            for (day, traffic) in satellite.traffic(from, to, now) {
                let sum = moved.entry(day).or_default();
                *sum = sum.plus(traffic);
            }
        }
        let stamps = stored.iter().map(|(day, (byte_hours, average))| {
            let mut fields = vec![("atRestTotal", (*byte_hours).into())];
            if self.version >= ApiVersion::V1_71 {
                fields.push(("atRestTotalBytes", (*average).into()));
            }
            fields.push(("intervalStart", day_start(*day).into()));
            Json::Object(fields)
        });
        let days: Vec<(i64, Traffic)> =
            moved.iter().map(|(day, traffic)| (*day, *traffic)).collect();
        let averages: Vec<f64> = stored.values().map(|(_, average)| *average).collect();
        let summary = stored.values().fold(0.0, |sum, (byte_hours, _)| sum + byte_hours);
        let mut fields = vec![
            ("storageDaily", Json::list_or_null(stamps.collect())),
            ("bandwidthDaily", Json::list_or_null(self.rollups(&days))),
            ("storageSummary", summary.into()),
        ];
        fields.extend(self.average_usage(&averages));
        fields.extend(summaries(moved.values().copied()));
        let joined = self.account.trusted(now).map(|satellite| satellite.joined_at).min();
        let scores = self.account.trusted(now).map(|satellite| audits(satellite, now));
        fields.push(("earliestJoinedAt", joined.unwrap_or(now).into()));
        fields.push(("audits", Json::list_or_null(scores.collect())));
        Json::Object(fields)
    }

    pub(super) fn pricing(&self, id: &str, now: Timestamp) -> Result<Json, Refusal> {
        let of = "consoleapi storagenode";
        let id = Refusal::bad_id(of, id)?;
        let Some(satellite) = self.account.satellite(id).filter(|of| of.is_joined(now)) else {
            let text = format!("{of}: console: pricing: sql: no rows in result set");
            return Err(Refusal { status: 500, text });
        };
        let prices = satellite.tariff(month_of(now)).told();
        Ok(Json::Object(vec![
            ("satelliteID", id.to_string().into()),
            ("egressBandwidth", u64::from(prices.egress.get()).into()),
            ("repairBandwidth", u64::from(prices.repair.get()).into()),
            ("auditBandwidth", u64::from(prices.audit.get()).into()),
            ("diskSpace", u64::from(prices.storage.get()).into()),
        ]))
    }

    /// The storage of a satellite since day `from`. From v1.162 a day that nothing is known of has
    /// the average of the day before; by which rule real nodes find it, nobody has written down.
    fn stamps(&self, rows: &[StorageRow], from: i64, now: Timestamp) -> Vec<Json> {
        let stamp = |day: i64, byte_hours: f64, average: f64, hours: i64, calculated: bool| {
            let mut fields = vec![("atRestTotal", byte_hours.into())];
            if self.version >= ApiVersion::V1_71 {
                fields.push(("atRestTotalBytes", average.into()));
                fields.push(("intervalInHours", (hours as f64).into()));
            }
            fields.push(("intervalStart", day_start(day).into()));
            if self.version >= ApiVersion::V1_162 {
                fields.push(("calculated", calculated.into()));
            }
            Json::Object(fields)
        };
        let told =
            |row: &StorageRow| stamp(row.day, row.byte_hours, row.average(), row.hours, false);
        if self.version < ApiVersion::V1_162 {
            return rows.iter().map(told).collect();
        }
        let mut stamps = Vec::new();
        let mut average = None;
        for day in from..=day_of(now) {
            match (rows.iter().find(|row| row.day == day), average) {
                (Some(row), _) => {
                    average = Some(row.average());
                    stamps.push(told(row));
                }
                (None, Some(average)) => stamps.push(stamp(day, 0.0, average, 24, true)),
                (None, None) => {}
            }
        }
        stamps
    }

    /// The traffic of days, one entry for each; two for the day of an upgrade, as v1.104 and later
    /// leave it.
    fn rollups(&self, days: &[(i64, Traffic)]) -> Vec<Json> {
        let mut rollups = Vec::with_capacity(days.len() + 1);
        for (day, traffic) in days {
            if self.version >= ApiVersion::V1_121 && self.account.process.books_twice(*day) {
                let before = traffic.part(1, 3);
                rollups.push(rollup(*day, before));
                rollups.push(rollup(*day, traffic.minus(before)));
            } else {
                rollups.push(rollup(*day, *traffic));
            }
        }
        rollups
    }

    /// The average over days, since v1.70.
    fn average_usage(&self, averages: &[f64]) -> Option<(&'static str, Json)> {
        let sum = averages.iter().fold(0.0, |sum, average| sum + average);
        let average = if averages.is_empty() { 0.0 } else { sum / averages.len() as f64 };
        (self.version >= ApiVersion::V1_71).then_some(("averageUsageBytes", average.into()))
    }
}

fn rollup(day: i64, traffic: Traffic) -> Json {
    Json::Object(vec![
        (
            "egress",
            Json::Object(vec![
                ("repair", traffic.get_repair.into()),
                ("audit", traffic.get_audit.into()),
                ("usage", traffic.get.into()),
            ]),
        ),
        (
            "ingress",
            Json::Object(vec![
                ("repair", traffic.put_repair.into()),
                ("usage", traffic.put.into()),
            ]),
        ),
        ("delete", 0_i64.into()),
        ("intervalStart", day_start(day).into()),
    ])
}

fn summaries(days: impl Iterator<Item = Traffic>) -> [(&'static str, Json); 3] {
    let sum = days.fold(Traffic::default(), Traffic::plus);
    [
        ("bandwidthSummary", sum.total().into()),
        ("egressSummary", sum.egress().into()),
        ("ingressSummary", sum.ingress().into()),
    ]
}

fn audits(satellite: &SatelliteAccount, now: Timestamp) -> Json {
    Json::Object(vec![
        ("auditScore", satellite.audit_score.into()),
        ("suspensionScore", satellite.suspension_score.into()),
        ("onlineScore", satellite.online_score(now).into()),
        ("satelliteName", satellite.address.as_ref().into()),
    ])
}

fn audit_history(satellite: &SatelliteAccount, now: Timestamp) -> Json {
    let windows = satellite.online_windows(now).into_iter().map(|window| {
        Json::Object(vec![
            ("windowStart", window.start.into()),
            ("totalCount", window.total.into()),
            ("onlineCount", window.online.into()),
        ])
    });
    Json::Object(vec![
        ("score", satellite.online_score(now).into()),
        ("windows", Json::list_or_null(windows.collect())),
    ])
}

/// The only keys of the API that begin with a capital letter.
fn price_model(prices: Prices) -> Json {
    Json::Object(vec![
        ("EgressBandwidth", u64::from(prices.egress.get()).into()),
        ("RepairBandwidth", u64::from(prices.repair.get()).into()),
        ("AuditBandwidth", u64::from(prices.audit.get()).into()),
        ("DiskSpace", u64::from(prices.storage.get()).into()),
    ])
}
