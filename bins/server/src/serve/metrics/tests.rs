//! The page against the truth of the example log, facts written by hand, and Prometheus' own linter.

mod fixture;
mod parsed;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write,
    process::{Command, Stdio},
    time::Duration,
};

use piecewatch_collector::config::ExporterNames;
use piecewatch_model::Timestamp;
use serde_json::{Value, json};

use super::{Form, Metrics};
use crate::serve::status::Status;
use fixture::{Bench, shipped};
use parsed::{Page, Sample};

const FORMS: [Form; 2] = [Form::OpenMetrics, Form::PrometheusText];

/// A transfer in the truth or on the page: satellite, action, outcome.
type Key = (String, String, String);

fn of_truth() -> BTreeMap<Key, (u64, u64)> {
    let truth = fs::read(shipped("docs/example/node.log.truth.json")).unwrap();
    let truth: Value = serde_json::from_slice(&truth).unwrap();
    let mut sums: BTreeMap<Key, (u64, u64)> = BTreeMap::new();
    for entry in truth["transfers"].as_array().unwrap() {
        let text = |key: &str| entry[key].as_str().map(str::to_owned);
        let satellite = match text("satellite") {
            Some(id) => super::satellite_name(Some(id.parse().unwrap())),
            None => "unknown".to_owned(),
        };
        let key = (satellite, text("action").unwrap(), text("outcome").unwrap());
        let sum = sums.entry(key).or_default();
        sum.0 += entry["count"].as_u64().unwrap();
        sum.1 += entry["bytes"].as_u64().unwrap();
    }
    sums
}

fn of_page(page: &Page) -> BTreeMap<Key, (u64, u64)> {
    let mut sums: BTreeMap<Key, (u64, u64)> = BTreeMap::new();
    let of_example = |sample: &&Sample| sample.labels["node"] == "demo";
    let key = |sample: &Sample| {
        let label = |name: &str| sample.labels[name].clone();
        (label("satellite"), label("action"), label("outcome"))
    };
    for sample in page.named("piecewatch_transfers_total").filter(of_example) {
        sums.entry(key(sample)).or_default().0 += sample.value as u64;
    }
    for sample in page.named("piecewatch_transfer_bytes_total").filter(of_example) {
        sums.entry(key(sample)).or_default().1 += sample.value as u64;
    }
    sums
}

#[test]
fn counters_are_the_truth_in_both_forms() {
    let bench = Bench::of_example();
    for form in FORMS {
        let page = bench.page(form, ExporterNames::LeftOut);
        assert_eq!(of_page(&page), of_truth(), "{form:?}");
    }
}

#[test]
fn latencies_count_each_transfer_once_and_buckets_add_up() {
    let bench = Bench::of_example();
    let page = bench.page(Form::OpenMetrics, ExporterNames::LeftOut);
    let stored = bench.latencies();
    let total = page.sum("piecewatch_transfer_duration_seconds_count");
    let sum = page.sum("piecewatch_transfer_duration_seconds_sum");
    assert_eq!(total as u64, stored.iter().map(|(_, count)| count).sum::<u64>());
    let expected: f64 = stored.iter().map(|(micros, count)| micros * *count as f64 / 1e6).sum();
    assert!((sum - expected).abs() <= expected * 0.01, "{sum} of {expected}");
    for limit in ["0.1", "1.0", "60.0", "+Inf"] {
        let at_most: f64 = page
            .named("piecewatch_transfer_duration_seconds_bucket")
            .filter(|sample| sample.labels["le"] == limit)
            .map(|sample| sample.value)
            .sum();
        let limit: f64 = limit.parse().unwrap_or(f64::INFINITY);
        let expected: u64 =
            stored.iter().filter(|(micros, _)| micros / 1e6 <= limit).map(|(_, count)| count).sum();
        assert_eq!(at_most as u64, expected, "{limit} s");
    }
}

/// The server is started anew, hours pass, lines come, and an older log is imported.
#[test]
fn counters_never_go_back() {
    let mut bench = Bench::of_example();
    let counters = |page: &Page| -> BTreeMap<String, f64> {
        let is_counted = |sample: &&Sample| {
            sample.name.starts_with("piecewatch_transfer") && !sample.name.ends_with("_ratio")
        };
        page.samples.iter().filter(is_counted).map(|of| (of.to_string(), of.value)).collect()
    };
    let first = counters(&bench.page(Form::OpenMetrics, ExporterNames::LeftOut));
    let restarted = counters(&bench.page(Form::OpenMetrics, ExporterNames::LeftOut));
    assert_eq!(restarted, first, "each page of the bench is by a new server");
    let metrics = bench.metrics(ExporterNames::LeftOut);
    let mut before = counters(&bench.page_of(&metrics, Form::OpenMetrics));
    assert_eq!(before, first);
    let (mut transfers, begin) = (0, bench.now);
    for (hours, transfer_hours) in [(0, 0), (3, 3), (3, 2), (30, -40), (31, 31), (31, -2400)] {
        let at = begin.plus_micros(transfer_hours * 3_600_000_000);
        bench.now = begin.plus_micros(hours * 3_600_000_000 + 1_000_000);
        bench.append(at);
        transfers += 1;
        let page = counters(&bench.page_of(&metrics, Form::OpenMetrics));
        for (name, value) in &before {
            assert!(page[name] >= *value, "{name} was {value} and is {}", page[name]);
        }
        let anew = counters(&bench.page(Form::OpenMetrics, ExporterNames::LeftOut));
        assert_eq!(page, anew, "what is kept is what is stored, after {hours} h");
        let count = |page: &BTreeMap<String, f64>| -> f64 {
            let counts = page.iter().filter(|(name, _)| name.starts_with("piecewatch_transfers"));
            counts.map(|(_, value)| value).sum()
        };
        assert_eq!(count(&page), count(&first) + f64::from(transfers));
        before = page;
    }
}

#[test]
fn names_units_and_forms_are_as_they_should_be() {
    let bench = Bench::of_example();
    for form in FORMS {
        let page = bench.page(form, ExporterNames::LeftOut);
        assert!(page.samples.len() > 200);
        let mut seen = BTreeSet::new();
        for sample in &page.samples {
            let name = &sample.name;
            assert!(seen.insert(sample.to_string()), "{sample} is there once");
            let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            assert!(name.chars().all(is_plain), "{name}");
            assert!(name.starts_with("piecewatch_") || name.starts_with("process_"), "{name}");
            assert!(sample.value.is_finite() && sample.value >= 0.0, "{sample} {}", sample.value);
            let family = page.family_of(name);
            assert!(family.help.len() > 10, "{name}: {:?}", family.help);
            assert_eq!(family.kind == "counter", name.ends_with("_total"), "{name}");
            let base = name.trim_end_matches("_total");
            assert!(!base.ends_with("_ratio") || sample.value <= 1.0, "{sample}");
            if let Some(unit) = &family.unit {
                assert!(family.name.ends_with(&format!("_{unit}")), "{name} {unit}");
            }
            for odd in ["_ms", "_millis", "_micro", "_percent", "_kb", "_mb", "_cents"] {
                assert!(!name.contains(odd), "{name}");
            }
            for label in sample.labels.keys() {
                assert!(!["piece", "remote", "address", "wallet"].contains(&label.as_str()));
            }
        }
    }
}

#[test]
fn the_page_ends_as_its_form_wants() {
    let bench = Bench::of_example();
    let open = bench.text(Form::OpenMetrics, ExporterNames::LeftOut);
    assert!(open.ends_with("\n# EOF\n"));
    assert!(open.contains("# UNIT piecewatch_disk_bytes bytes\n"));
    let text = bench.text(Form::PrometheusText, ExporterNames::LeftOut);
    assert!(!text.contains("# EOF") && !text.contains("# UNIT"));
    assert!(text.contains("# TYPE piecewatch_transfers_total counter\n"));
}

#[test]
fn what_is_accepted_decides_on_the_form() {
    for (accept, form) in [
        (None, Form::PrometheusText),
        (Some("*/*"), Form::PrometheusText),
        (Some("text/plain;version=0.0.4"), Form::PrometheusText),
        (Some("application/openmetrics-text"), Form::OpenMetrics),
        (
            Some(
                "application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            ),
            Form::OpenMetrics,
        ),
        (Some("text/plain, application/openmetrics-text; version=0.0.1"), Form::OpenMetrics),
        (Some("application/openmetrics-text;q=0, text/plain"), Form::PrometheusText),
        (Some("application/openmetrics-text; version=9.0.0"), Form::PrometheusText),
    ] {
        assert_eq!(Form::accepted(accept), form, "{accept:?}");
    }
    for (form, kind) in FORMS.into_iter().zip(["application/openmetrics-text", "text/plain"]) {
        assert!(form.content_type().starts_with(&format!("{kind}; version=")));
    }
}

/// What [`fixture`] wrote.
#[test]
fn what_nodes_report_is_told() {
    let bench = Bench::of_example();
    let page = bench.page(Form::OpenMetrics, ExporterNames::LeftOut);
    let newest = bench.newest.as_micros() as f64 / 1e6;
    for (sample, expected) in [
        ("piecewatch_disk_bytes{kind=\"used\",node=\"demo\"}", 3.4e12),
        ("piecewatch_disk_bytes{kind=\"trash\",node=\"demo\"}", 5e10),
        ("piecewatch_disk_bytes{kind=\"free\",node=\"demo\"}", 5.5e11),
        ("piecewatch_disk_bytes{kind=\"total\",node=\"demo\"}", 4e12),
        ("piecewatch_audit_score_ratio{node=\"demo\",satellite=\"us1\"}", 0.999),
        ("piecewatch_suspension_score_ratio{node=\"demo\",satellite=\"us1\"}", 1.0),
        ("piecewatch_online_score_ratio{node=\"demo\",satellite=\"us1\"}", 0.875),
        ("piecewatch_vetting_progress_ratio{node=\"demo\",satellite=\"us1\"}", 1.0),
        ("piecewatch_standing{node=\"demo\",satellite=\"us1\",state=\"suspended\"}", 0.0),
        ("piecewatch_node_info{node=\"demo\",version=\"1.150.3\"}", 1.0),
        ("piecewatch_node_up_to_date{node=\"demo\"}", 1.0),
        ("piecewatch_node_quic_up{node=\"demo\"}", 0.0),
        ("piecewatch_poll_up{node=\"demo\",part=\"dashboard\"}", 1.0),
        ("piecewatch_log_last_record_timestamp_seconds{node=\"demo\"}", newest),
        ("piecewatch_log_lag_seconds{node=\"live\"}", 1.0),
        ("piecewatch_node_start_timestamp_seconds{node=\"demo\"}", 1_767_225_600.0),
        ("piecewatch_earnings_dollars{figure=\"paid\",month=\"previous\",node=\"demo\"}", 1.5),
        ("piecewatch_held_dollars{node=\"demo\",satellite=\"us1\"}", 0.25),
        ("piecewatch_alerts_firing{level=\"critical\",node=\"demo\"}", 2.0),
        ("piecewatch_alert_deliveries_total{channel=\"phone\",state=\"delivered\"}", 7.0),
        ("piecewatch_alert_deliveries_total{channel=\"phone\",state=\"failed\"}", 1.0),
        ("piecewatch_alert_channel_up{channel=\"phone\"}", 0.0),
        ("piecewatch_hub_clients", 3.0),
        ("piecewatch_startup_seconds", 0.25),
    ] {
        let found = page.samples.iter().find(|of| of.to_string() == sample);
        let found = found.unwrap_or_else(|| panic!("{sample} is not there")).value;
        assert!((found - expected).abs() <= expected * 1e-9, "{sample} is {found}");
    }
    let figures: BTreeSet<&str> =
        page.named("piecewatch_earnings_dollars").map(|sample| &*sample.labels["figure"]).collect();
    assert!(figures.contains("log_estimate"), "{figures:?}");
}

/// Names and labels of Storj-Exporter 2.1, without what no report holds.
#[test]
fn the_names_of_storj_exporter_are_those_that_its_boards_ask_for() {
    let bench = Bench::of_example();
    let without = bench.page(Form::PrometheusText, ExporterNames::LeftOut);
    assert!(without.samples.iter().all(|sample| !sample.name.starts_with("storj_")));
    let page = bench.page(Form::PrometheusText, ExporterNames::Told);
    let recorded: [(&str, &[&str], &[&str]); 11] = [
        (
            "storj_node_info",
            &[],
            &["nodeID", "upToDate", "version", "allowedVersion", "quicStatus"],
        ),
        ("storj_total_diskspace", &[], &["used", "available", "trash"]),
        ("storj_total_bandwidth", &[], &["used"]),
        (
            "storj_sat_summary",
            &["satellite", "url"],
            &[
                "storageSummary",
                "bandwidthSummary",
                "egressSummary",
                "ingressSummary",
                "disqualified",
                "suspended",
            ],
        ),
        (
            "storj_sat_audit",
            &["satellite", "url"],
            &["auditScore", "suspensionScore", "onlineScore"],
        ),
        ("storj_sat_month_egress", &["satellite", "url"], &["repair", "audit", "usage"]),
        ("storj_sat_month_ingress", &["satellite", "url"], &["repair", "usage"]),
        ("storj_sat_day_egress", &["satellite", "url"], &["repair", "audit", "usage"]),
        ("storj_sat_day_ingress", &["satellite", "url"], &["repair", "usage"]),
        ("storj_sat_day_storage", &["satellite", "url"], &["atRestTotal"]),
        (
            "storj_payout_currentMonth",
            &[],
            &[
                "egressBandwidth",
                "egressBandwidthPayout",
                "egressRepairAudit",
                "egressRepairAuditPayout",
                "diskSpace",
                "diskSpacePayout",
                "heldRate",
                "payout",
                "held",
                "currentMonthExpectations",
            ],
        ),
    ];
    let names: BTreeSet<&str> = page.samples.iter().map(|sample| &*sample.name).collect();
    let told: BTreeSet<&str> =
        names.into_iter().filter(|name| name.starts_with("storj_")).collect();
    assert_eq!(told, recorded.iter().map(|(name, ..)| *name).collect());
    for (name, more, types) in recorded {
        let kinds: BTreeSet<&str> =
            page.named(name).map(|sample| &*sample.labels["type"]).collect();
        assert_eq!(kinds, types.iter().copied().collect(), "{name}");
        for sample in page.named(name) {
            assert_eq!(sample.labels["instance"], "demo");
            let mut labels: BTreeSet<&str> = ["instance", "type"].into();
            labels.extend(more);
            if name == "storj_node_info" {
                labels.insert(&sample.labels["type"]);
            }
            assert_eq!(sample.labels.keys().map(String::as_str).collect::<BTreeSet<_>>(), labels);
        }
    }
    let value = |name: &str, kind: &str| {
        page.named(name).find(|sample| sample.labels["type"] == kind).unwrap().value
    };
    assert_eq!(value("storj_total_diskspace", "available"), 4e12);
    assert_eq!(value("storj_sat_audit", "auditScore"), 0.999);
    assert_eq!(value("storj_sat_month_egress", "usage"), 7e9);
    assert_eq!(value("storj_sat_day_egress", "usage"), 4e9);
    assert_eq!(value("storj_total_bandwidth", "used"), 18e9);
    // Cents, and byte-months of 720 hours.
    assert_eq!(value("storj_payout_currentMonth", "payout"), 50.0);
    assert_eq!(value("storj_payout_currentMonth", "diskSpace"), 1e11);
    let usd = page.named("storj_sat_audit").next().unwrap();
    assert_eq!(usd.labels["url"], "us1.storj.io:7777");
}

#[test]
fn the_dashboard_asks_for_what_is_told() {
    let bench = Bench::of_example();
    let page = bench.page(Form::PrometheusText, ExporterNames::LeftOut);
    let board = fs::read_to_string(shipped("docs/grafana/piecewatch.json")).unwrap();
    let board: Value = serde_json::from_str(&board).unwrap();
    let mut asked = BTreeSet::new();
    let panels = board["panels"].as_array().unwrap();
    for target in panels.iter().flat_map(|panel| panel["targets"].as_array().into_iter().flatten())
    {
        let expression = target["expr"].as_str().unwrap();
        let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let is_metric =
            |word: &&str| word.starts_with("piecewatch_") || word.starts_with("process_");
        asked.extend(words.filter(is_metric).map(str::to_owned));
    }
    assert!(asked.len() > 20, "{asked:?}");
    let told: BTreeSet<String> = page.samples.iter().map(|sample| sample.name.clone()).collect();
    let unknown: Vec<&String> = asked.difference(&told).collect();
    assert_eq!(unknown, [""; 0]);
    let mut ids: Vec<u64> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    ids.dedup();
    assert_eq!(ids.len(), panels.len());
}

/// The linter of Prometheus, where it is installed.
#[test]
fn promtool_finds_nothing_to_say() {
    let mut command = Command::new("promtool");
    command.args(["check", "metrics"]).stdin(Stdio::piped());
    let started = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut promtool = match started {
        Ok(promtool) => promtool,
        Err(error) => {
            assert!(std::env::var_os("PIECEWATCH_REQUIRE_PROMETHEUS").is_none(), "{error}");
            // What a test that passes prints in the usual way is kept back.
            let mut told = std::io::stderr();
            writeln!(told, "skipped: promtool is not on the path ({error}); install Prometheus")
                .unwrap();
            return;
        }
    };
    let page = Bench::of_example().text(Form::PrometheusText, ExporterNames::LeftOut);
    promtool.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert_eq!(String::from_utf8_lossy(&said), "");
    assert!(output.status.success());
}

#[test]
fn of_an_empty_database_there_is_a_page_of_the_server() {
    let bench = Bench::empty(Timestamp::from_seconds(1_768_000_000));
    let page = bench.page(Form::OpenMetrics, ExporterNames::Told);
    assert!(page.named("piecewatch_transfers_total").next().is_none());
    assert!(page.named("process_cpu_seconds_total").next().is_some());
}

fn nulls_and_lists(value: &Value) -> usize {
    match value {
        Value::Null => 1,
        Value::Array(_) => 1,
        Value::Object(members) => members.values().map(nulls_and_lists).sum(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// A merge patch deletes on null and sends lists whole.
#[test]
fn the_status_tells_what_the_page_tells_without_nulls_and_lists() {
    let bench = Bench::of_example();
    let own = bench.own();
    let uptime = Duration::from_secs(3601);
    let status = Status::of(&own, &bench.nodes(), uptime).to_value();
    assert_eq!(nulls_and_lists(&status), 0, "{status:#}");
    for (pointer, expected) in [
        ("/uptime_seconds", json!(3601)),
        ("/startup_ms", json!(250)),
        ("/hub/clients", json!(3)),
        ("/alerts_firing", json!(2)),
        ("/pipeline/commit_ms", json!(15.0)),
        ("/nodes/live/state", json!("live")),
        ("/nodes/live/lag_seconds", json!(1)),
        ("/nodes/live/lines", json!(9)),
        ("/nodes/demo/last_record_at", json!(bench.newest.to_string())),
        ("/database/slow_queries", json!(0)),
        ("/http/requests", json!(0)),
    ] {
        assert_eq!(status.pointer(pointer), Some(&expected), "{pointer}");
    }
    assert!(status["process"]["resident_bytes"].as_u64().unwrap() > 1_000_000);
    assert!(status["caches"]["analytics"]["latency"]["hits"].is_u64());
    assert!(status["pipeline"].get("blocked").is_none(), "all is well");
}
