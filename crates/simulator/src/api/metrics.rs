//! The port for debugging: `/metrics`, where alone a node tells how long its transfers take.

use piecewatch_model::{Action, Measure, Quantiles, Timestamp};

use super::{Answer, NodeApi, TEXT, exposition::Exposition};
use crate::{account::Traffic, calendar::day_of, rng::Rng};

const SERVICE: &str = "storj_io_storj_storagenode";
const MONITOR: &str = "storj_io_storj_storagenode_monitor";
const REPUTATION: &str = "storj_io_storj_storagenode_reputation";

/// How the transfers of an action are measured.
struct Measured {
    action: Action,
    direction: &'static str,
    /// By what its series are told apart: uploads are not.
    label: Option<&'static str>,
    /// So many bytes has one on average.
    mean_bytes: u64,
    bytes: fn(&Traffic) -> u64,
}

impl Measured {
    fn labels(&self) -> Vec<(&'static str, &'static str)> {
        self.label.map(|label| ("action", label)).into_iter().collect()
    }

    /// How many succeeded, for so much traffic.
    fn count(&self, traffic: &Traffic) -> u64 {
        (self.bytes)(traffic) / self.mean_bytes
    }
}

const MEASURED: [Measured; 4] = [
    Measured {
        action: Action::Get,
        direction: "download",
        label: Some("GET"),
        mean_bytes: 180_000,
        bytes: |traffic| traffic.get,
    },
    Measured {
        action: Action::GetAudit,
        direction: "download",
        label: Some("GET_AUDIT"),
        mean_bytes: 256,
        bytes: |traffic| traffic.get_audit,
    },
    Measured {
        action: Action::GetRepair,
        direction: "download",
        label: Some("GET_REPAIR"),
        mean_bytes: 700_000,
        bytes: |traffic| traffic.get_repair,
    },
    Measured {
        action: Action::Put,
        direction: "upload",
        label: None,
        mean_bytes: 700_000,
        bytes: |traffic| traffic.ingress(),
    },
];

impl NodeApi {
    /// Answers a GET on the port for debugging: `/metrics` and `/health`.
    pub fn answer_debug(&self, path: &str, now: Timestamp) -> Answer {
        match path.split_once('?').map_or(path, |(path, _)| path) {
            "/metrics" => Answer::new(200, TEXT, self.metrics(now)),
            "/health" => Answer::new(200, TEXT, "OK"),
            _ => Answer::new(404, TEXT, "404 page not found\n"),
        }
    }

    /// What the process has measured since it began, as its metrics tell it. Actions of which
    /// there was none are left out. Uploads count as those of customers.
    pub fn quantiles(&self, now: Timestamp) -> Vec<Quantiles> {
        let started = self.account.process.started_at(now);
        let seed = self.account.config().seed ^ started.as_micros().unsigned_abs();
        let mut rng = Rng::new(seed);
        let traffic = self.traffic_since(started, now);
        let mut all = Vec::new();
        for measured in MEASURED {
            let (count, mean_bytes) = (measured.count(&traffic), measured.mean_bytes);
            let mut add = |measure, median: u64| {
                let p50 = rng.log_normal(median, 0.4) as f64;
                all.push(quantiles(measure, measured.action.clone(), count, p50));
            };
            add(Measure::Duration, 45_000 + mean_bytes / 6);
            if measured.direction == "download" {
                add(Measure::FirstByte, 9_000);
                add(Measure::OrderAmount, mean_bytes);
            }
        }
        all.retain(|quantiles| quantiles.count > 0);
        all
    }

    fn traffic_since(&self, started: Timestamp, now: Timestamp) -> Traffic {
        let (first, last) = (day_of(started), day_of(now));
        let sums = self.account.trusted(now).map(|satellite| {
            let before = satellite.traffic_sum(first, first, started);
            satellite.traffic_sum(first, last, now).minus(before)
        });
        sums.fold(Traffic::default(), Traffic::plus)
    }

    fn metrics(&self, now: Timestamp) -> String {
        let mut text = Exposition::default();
        let traffic = self.traffic_since(self.account.process.started_at(now), now);
        for measured in MEASURED {
            let (count, bytes) = (measured.count(&traffic), (measured.bytes)(&traffic));
            let (direction, labels) = (measured.direction, measured.labels());
            for (what, count) in [
                ("started", count + count / 40),
                ("success", count),
                ("failure", count / 90),
                ("cancel", count / 60),
            ] {
                text.counter(&format!("{direction}_{what}_count"), &labels, count as f64);
            }
            text.meter(&format!("{direction}_success_byte_meter"), &labels, bytes as f64);
        }
        for quantiles in self.quantiles(now) {
            let measured = MEASURED.iter().find(|of| of.action == quantiles.action);
            let Some(Measured { direction, .. }) = measured else { continue };
            let labels = measured.map(Measured::labels).unwrap_or_default();
            let (series, unit) = match quantiles.measure {
                Measure::Duration => (format!("{direction}_success_duration_ns"), 1_000.0),
                Measure::FirstByte => (format!("{direction}_time_to_first_byte_sent"), 1e-6),
                Measure::OrderAmount => (format!("{direction}_orders_amount"), 1.0),
            };
            text.distribution(&series, &labels, &quantiles, unit);
        }
        self.space_metrics(&mut text, now);
        self.reputation_metrics(&mut text, now);
        // Each function of the program is measured, too: hundreds of them.
        for number in 0..120_u32 {
            let name = format!("__Service__Run_func{number}");
            for field in ["current", "highwater", "successes", "errors", "panics", "total"] {
                let labels = [("name", name.as_str())];
                let value = f64::from(number * 31 % 97);
                text.add("function", &labels, SERVICE, field, value);
            }
        }
        text.into_text()
    }

    fn space_metrics(&self, text: &mut Exposition, now: Timestamp) {
        let disk = self.account.disk(now);
        let allocated = self.account.allocated;
        let available = allocated.saturating_sub(disk.total());
        for (series, bytes) in [
            ("allocated_space", allocated),
            ("used_space", disk.total()),
            ("available_space", available),
        ] {
            text.add(series, &[], MONITOR, "recent", bytes as f64);
            text.add(series, &[], MONITOR, "count", 1.0);
        }
        for satellite in self.account.trusted(now) {
            let id = satellite.id.to_string();
            let labels = [("satellite", id.as_str())];
            let level = satellite.level(now) as f64;
            text.add("satellite_usage", &labels, MONITOR, "used_bytes", level);
        }
    }

    fn reputation_metrics(&self, text: &mut Exposition, now: Timestamp) {
        for satellite in self.account.trusted(now) {
            let id = satellite.id.to_string();
            let labels = [("satellite", id.as_str())];
            let (total, passed) = satellite.audits(now);
            for (series, value) in [
                ("reputation_score", satellite.audit_score),
                ("reputation_unknown_score", satellite.suspension_score),
                ("reputation_online_score", satellite.online_score(now)),
                ("reputation_audits_total", total as f64),
                ("reputation_audits_success", passed as f64),
            ] {
                text.add(series, &labels, REPUTATION, "recent", value);
            }
        }
    }
}

fn quantiles(measure: Measure, action: Action, count: u64, p50: f64) -> Quantiles {
    Quantiles {
        measure,
        action,
        count,
        sum: count as f64 * p50 * 1.5,
        min: (p50 / 16.0).round(),
        p10: (p50 / 4.0).round(),
        p50,
        p90: p50 * 4.0,
        p99: p50 * 12.0,
        max: p50 * 20.0,
    }
}
