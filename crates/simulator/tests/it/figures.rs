//! The figures of one answer agree with those of every other, and with the account.

use piecewatch_model::{DailyBandwidth, Period, Timestamp};
use piecewatch_simulator::{Account, AccountConfig, ApiVersion, NodeApi};
use serde_json::Value;

use crate::{at, document};

/// Random nodes of every version, asked at awkward times.
fn nodes() -> impl Iterator<Item = (NodeApi, Timestamp)> {
    let times = [
        "2026-08-19T14:03:27Z",
        "2026-03-31T23:59:59Z",
        "2024-02-29T12:00:00Z",
        "2026-01-01T00:00:01Z",
        "2021-09-29T19:50:00Z",
    ];
    (0..120_u64).map(move |seed| {
        let now = at(times[seed as usize % times.len()]);
        let config = AccountConfig { seed, now, satellites: 5, ..AccountConfig::default() };
        let version = ApiVersion::ALL[seed as usize % ApiVersion::ALL.len()];
        (NodeApi::new(Account::random(&config), version), now)
    })
}

fn days_of_month(api: &NodeApi, now: Timestamp, ago: i32) -> Vec<DailyBandwidth> {
    let month = Period::containing(now).unwrap().plus_months(-ago).unwrap();
    let days = api.account().bandwidth(now).into_iter();
    days.filter(|day| month.start() <= day.day && day.day < month.end()).collect()
}

fn egress(day: &DailyBandwidth) -> u64 {
    (day.get + day.get_audit + day.get_repair).get()
}

fn total(day: &DailyBandwidth) -> u64 {
    egress(day) + (day.put + day.put_repair).get()
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn sum_of(days: &[Value], pointers: &[&str]) -> u64 {
    let each = |day: &Value| -> u64 {
        pointers.iter().map(|pointer| day.pointer(pointer).unwrap().as_u64().unwrap()).sum()
    };
    days.iter().map(each).sum()
}

#[test]
fn summaries_are_the_sums_of_their_days() {
    const EGRESS: [&str; 3] = ["/egress/repair", "/egress/audit", "/egress/usage"];
    const INGRESS: [&str; 2] = ["/ingress/repair", "/ingress/usage"];
    for (api, now) in nodes() {
        let ids = api.account().satellites(now).into_iter();
        let paths = ids.map(|id| format!("/api/sno/satellite/{id}"));
        for path in paths.chain(["/api/sno/satellites".to_owned()]) {
            let document = document(&api, &path, now);
            let days = list(&document["bandwidthDaily"]);
            let (egress, ingress) = (sum_of(&days, &EGRESS), sum_of(&days, &INGRESS));
            assert_eq!(document["egressSummary"], egress, "{path}");
            assert_eq!(document["ingressSummary"], ingress, "{path}");
            assert_eq!(document["bandwidthSummary"], egress + ingress, "{path}");
            let stored = list(&document["storageDaily"]);
            let byte_hours: f64 =
                stored.iter().fold(0.0, |sum, day| sum + day["atRestTotal"].as_f64().unwrap());
            assert_eq!(document["storageSummary"].as_f64().unwrap(), byte_hours, "{path}");
        }
    }
}

#[test]
fn the_dashboard_shows_the_sums_of_all_satellites() {
    for (api, now) in nodes() {
        let dashboard = document(&api, "/api/sno/", now);
        let booked: u64 = days_of_month(&api, now, 0).iter().map(total).sum();
        assert_eq!(dashboard["bandwidth"]["used"], booked);
        let all = document(&api, "/api/sno/satellites", now);
        assert_eq!(all["bandwidthSummary"], booked);
        let satellites = list(&dashboard["satellites"]);
        assert_eq!(satellites.len(), api.account().satellites(now).len());
        if api.version() <= ApiVersion::V1_121 {
            let used = sum_of(&satellites, &["/currentStorageUsed"]);
            assert_eq!(dashboard["diskSpace"]["used"], used);
        }
    }
}

#[test]
fn averages_are_byte_hours_through_their_hours() {
    for (api, now) in nodes().filter(|(api, _)| api.version() == ApiVersion::V1_71) {
        for id in api.account().satellites(now) {
            let document = document(&api, &format!("/api/sno/satellite/{id}"), now);
            let days = list(&document["storageDaily"]);
            let mut sum = 0.0;
            for day in &days {
                let number = |key: &str| day[key].as_f64().unwrap();
                let hours = number("intervalInHours");
                let average = if hours > 0.0 { number("atRestTotal") / hours } else { 0.0 };
                assert_eq!(number("atRestTotalBytes"), average);
                sum += average;
            }
            let mean = if days.is_empty() { 0.0 } else { sum / days.len() as f64 };
            assert_eq!(document["averageUsageBytes"].as_f64().unwrap(), mean);
        }
    }
}

/// Cents to hundredths, as the node rounds them.
fn cents(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// What a satellite's daily figures earn, computed here from its answer alone.
fn earned(satellite: &Value) -> [f64; 3] {
    let price = |key: &str| satellite["priceModel"][key].as_f64().unwrap();
    let days = list(&satellite["bandwidthDaily"]);
    let egress = sum_of(&days, &["/egress/usage"]) as f64;
    let repair_audit = sum_of(&days, &["/egress/repair", "/egress/audit"]) as f64;
    let byte_months = satellite["storageSummary"].as_f64().unwrap() / 720.0;
    [
        cents(egress * price("EgressBandwidth") / 1e12),
        cents(repair_audit * price("AuditBandwidth") / 1e12),
        cents(byte_months * price("DiskSpace") / 1e12),
    ]
}

#[test]
fn the_estimate_is_what_the_daily_figures_earn() {
    let mut earning = 0;
    for (api, now) in nodes() {
        let mut sums = [0.0; 5];
        let (mut expected_sum, mut previous_egress) = (0, 0);
        for id in api.account().satellites(now) {
            let path = format!("/api/sno/estimated-payout?id={id}");
            let Some(truth) = api.account().estimate(id, now) else {
                assert_eq!(api.answer(&path, now).status, 500);
                continue;
            };
            let payout = document(&api, &path, now);
            let month = &payout["currentMonth"];
            let number = |key: &str| month[key].as_f64().unwrap();
            let satellite = document(&api, &format!("/api/sno/satellite/{id}"), now);
            let [egress, repair_audit, storage] = earned(&satellite);
            assert_eq!(number("egressBandwidthPayout"), egress);
            assert_eq!(number("egressRepairAuditPayout"), repair_audit);
            assert_eq!(number("diskSpacePayout"), storage);
            let held = (storage + egress + repair_audit) * number("heldRate") / 100.0;
            assert_eq!(number("held"), held);
            assert_eq!(number("payout"), cents(storage + egress + repair_audit - held));
            assert_eq!(truth.current.payout_cents, number("payout"));
            earning += u32::from(number("payout") > 1.0);
            for (sum, part) in
                sums.iter_mut().zip([egress, repair_audit, storage, held, number("payout")])
            {
                *sum += part;
            }
            expected_sum += truth.expected_cents;
            previous_egress += payout["previousMonth"]["egressBandwidth"].as_u64().unwrap();
        }
        let all = document(&api, "/api/sno/estimated-payout", now);
        for (key, sum) in [
            "egressBandwidthPayout",
            "egressRepairAuditPayout",
            "diskSpacePayout",
            "held",
            "payout",
        ]
        .into_iter()
        .zip(sums)
        {
            assert_eq!(all["currentMonth"][key].as_f64().unwrap(), sum, "{key}");
        }
        assert_eq!(all["currentMonthExpectations"], expected_sum);
        assert_eq!(all["previousMonth"]["egressBandwidth"], previous_egress);
    }
    assert!(earning > 100, "{earning} satellites pay a cent");
}

#[test]
fn the_month_before_is_complete_in_the_first_days_of_the_next() {
    let now = at("2026-08-31T22:00:00Z");
    let later = at("2026-09-03T00:00:00Z");
    for seed in 0..20 {
        let config = AccountConfig { seed, now, ..AccountConfig::default() };
        let api = NodeApi::new(Account::random(&config), ApiVersion::V1_143);
        let payable = |id: &_| api.account().estimate(*id, later).is_some();
        let ids: Vec<_> = api.account().satellites(later).into_iter().filter(payable).collect();
        let booked: u64 = days_of_month(&api, later, 1)
            .iter()
            .filter(|day| ids.contains(&day.satellite))
            .map(|day| day.get.get())
            .sum();
        let payout = document(&api, "/api/sno/estimated-payout", later);
        assert_eq!(payout["previousMonth"]["egressBandwidth"], booked);
    }
}

#[test]
fn what_is_expected_is_a_straight_line_through_the_minutes() {
    let now = at("2026-08-16T12:00:00Z");
    let config = AccountConfig {
        now,
        luck: piecewatch_simulator::Luck::Good,
        size: Some(piecewatch_model::ByteCount::new(40_000_000_000_000)),
        ..AccountConfig::default()
    };
    let account = Account::random(&config);
    for id in account.satellites(now) {
        let estimate = account.estimate(id, now).unwrap();
        // Half of August is over: 15.5 of 31 days.
        let twice = estimate.current.payout_cents * 2.0;
        assert!((estimate.expected_cents as f64 - twice).abs() <= 1.0, "{twice}");
        assert!(estimate.expected_cents as f64 <= twice);
    }
}

#[test]
fn metrics_are_quantiles_in_their_units() {
    let config =
        AccountConfig { luck: piecewatch_simulator::Luck::Good, ..AccountConfig::default() };
    let now = config.now;
    let api = NodeApi::new(Account::random(&config), ApiVersion::V1_162);
    let answer = api.answer_debug("/metrics", now);
    let text = String::from_utf8(answer.body).unwrap();
    let value = |series: &str| -> f64 {
        let line = text.lines().find_map(|line| line.strip_prefix(series));
        line.unwrap_or_else(|| panic!("no {series}")).trim().parse().unwrap()
    };
    let scope = "scope=\"storj_io_storj_storagenode_piecestore\"";
    assert!(!api.quantiles(now).is_empty());
    for quantiles in api.quantiles(now) {
        let (name, unit) = match quantiles.measure {
            piecewatch_model::Measure::Duration => ("success_duration_ns", 1e3),
            piecewatch_model::Measure::FirstByte => ("time_to_first_byte_sent", 1e-6),
            piecewatch_model::Measure::OrderAmount => ("orders_amount", 1.0),
        };
        let (direction, label) = match quantiles.action.name() {
            "PUT" => ("upload", String::new()),
            action => ("download", format!("action=\"{action}\",")),
        };
        let of = |field| value(&format!("{direction}_{name}{{{label}{scope},field=\"{field}\"}} "));
        assert_eq!(of("count"), quantiles.count as f64);
        for (field, expected) in [("r50", quantiles.p50), ("r99", quantiles.p99)] {
            let expected = expected * unit;
            assert!((of(field) - expected).abs() <= expected * 1e-12, "{name} {field}");
        }
    }
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    assert!(lines.count() > 700, "a reader has to filter");
}
