//! Answers of every version, field by field after the source of the node: what differs between them.

use piecewatch_model::{
    ByteCount, ByteHours, CentsPerTb, Fact, MicroUsd, Payment, PaystubCodes, Period, SatelliteId,
    StorageBasis, Timestamp,
};
use piecewatch_node_api::answer::{
    Dashboard, Estimates, Health, HeldHistory, Months, NotificationKind, Notifications, Satellite,
    Satellites, payouts, paystub, paystubs, periods, prices,
};
use serde_json::json;

const US1: &str = "12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S";

fn us1() -> SatelliteId {
    US1.parse().unwrap()
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn period(text: &str) -> Period {
    text.parse().unwrap()
}

/// Predecessor fault 20, the other half: from v1.143 on `available` is what is left.
#[test]
fn available_of_new_nodes_is_what_is_left() {
    let answer = json!({
        "nodeID": "1abc",
        "diskSpace": {
            "used": 700, "available": 300, "overused": 0, "allocated": 1_000, "trash": 100,
            "reclaimable": 50,
        },
        "satellites": [{
            "id": US1, "url": "us1.storj.io:7777", "disqualified": null, "suspended": null,
            "vettedAt": "2025-02-03T04:05:06Z",
        }],
    });
    let dashboard = Dashboard::from_json(answer.to_string().as_bytes()).unwrap();
    let space = dashboard.space;
    // With its trash the node uses 700.
    assert_eq!(space.used, Some(ByteCount::new(600)));
    assert_eq!(space.available, Some(ByteCount::new(300)));
    assert_eq!(space.total, Some(ByteCount::new(1_000)));
    assert_eq!(space.reclaimable, Some(ByteCount::new(50)));
    let satellite = &dashboard.satellites[0];
    assert_eq!(satellite.vetted_at, Some(time("2025-02-03T04:05:06Z")));
    assert_eq!(satellite.stored, None);
}

#[test]
fn a_node_beyond_its_allotment_has_nothing_left() {
    for space in [
        json!({"used": 950, "available": 1_000, "trash": 100, "overused": 50}),
        json!({"used": 1_050, "available": -50, "allocated": 1_000, "trash": 100, "overused": 50}),
    ] {
        let answer = json!({"nodeID": "1abc", "diskSpace": space});
        let space = Dashboard::from_json(answer.to_string().as_bytes()).unwrap().space;
        assert_eq!(space.available, Some(ByteCount::new(0)));
        assert_eq!(space.used, Some(ByteCount::new(950)));
        assert_eq!(space.overused, Some(ByteCount::new(50)));
    }
}

#[test]
fn what_is_not_told_is_not_known() {
    let dashboard = Dashboard::from_json(br#"{"nodeID":"1abc","new":{"field":[1]}}"#).unwrap();
    assert!(matches!(&dashboard.facts()[..], [Fact::Status(status)]
        if status.version.is_none() && status.is_up_to_date.is_none()));
    let nulls = br#"{"nodeID":"1abc","satellites":null,"diskSpace":null,"bandwidth":null,
        "version":null,"startedAt":null,"lastPinged":"0001-01-01T00:00:00Z","upToDate":null,
        "configuredPort":null,"quicStatus":"","walletFeatures":null,"wallet":null}"#;
    assert_eq!(Dashboard::from_json(nulls).unwrap(), dashboard);
    for none in ["null", "{}", "[]", "5", r#"{"nodeID":""}"#, r#"{"nodeID":null}"#, ""] {
        assert!(Dashboard::from_json(none.as_bytes()).is_err(), "{none}");
    }
    let answer = json!({"id": US1, "storageDaily": null, "bandwidthDaily": null, "audits": null,
        "auditHistory": {"score": 0, "windows": null}, "priceModel": null,
        "nodeJoinedAt": "0001-01-01T00:00:00Z", "vettedAt": null});
    let satellite = Satellite::from_json(answer.to_string().as_bytes()).unwrap();
    assert_eq!(satellite.facts(), []);
    assert_eq!((satellite.joined_at, satellite.scores), (None, None));
}

#[test]
fn a_port_is_read_with_and_without_quotes() {
    for (port, expected) in
        [(json!("28967"), Some(28_967)), (json!(28_967), Some(28_967)), (json!("many"), None)]
    {
        let answer = json!({"nodeID": "1abc", "configuredPort": port});
        let dashboard = Dashboard::from_json(answer.to_string().as_bytes()).unwrap();
        assert_eq!(dashboard.status.port, expected);
    }
}

#[test]
fn two_entries_of_one_day_are_added() {
    let rollup = |start: &str, bytes: u64| {
        json!({
            "egress": {"repair": bytes, "audit": 1, "usage": 2}, "ingress": {"repair": 3, "usage": 4},
            "delete": 0, "intervalStart": start,
        })
    };
    let answer = json!({"id": US1, "bandwidthDaily": [
        rollup("2024-06-02T00:00:00Z", 5),
        rollup("2024-06-01T00:00:00Z", 10),
        rollup("2024-06-02T00:00:00Z", 20),
    ]});
    let days = Satellite::from_json(answer.to_string().as_bytes()).unwrap().bandwidth;
    let shown: Vec<_> =
        days.iter().map(|day| (day.day.to_string(), day.get_repair.get())).collect();
    let expected = [("2024-06-01T00:00:00Z", 10), ("2024-06-02T00:00:00Z", 25)];
    assert_eq!(shown, expected.map(|(day, bytes)| (day.to_owned(), bytes)));
    let both = days[1];
    assert_eq!(
        [both.get_audit, both.get, both.put_repair, both.put].map(ByteCount::get),
        [2, 4, 6, 8]
    );
}

#[test]
fn an_interpolated_day_is_marked() {
    let answer = json!({"id": US1, "storageDaily": [
        {"atRestTotal": 240.4, "atRestTotalBytes": 10.0, "intervalInHours": 24,
            "intervalStart": "2026-08-01T00:00:00Z", "calculated": false},
        {"atRestTotal": 0, "atRestTotalBytes": 11.0, "intervalInHours": 24,
            "intervalStart": "2026-08-02T00:00:00Z", "calculated": true},
    ]});
    let days = Satellite::from_json(answer.to_string().as_bytes()).unwrap().storage;
    assert_eq!((days[0].basis, days[0].byte_hours), (StorageBasis::Reported, ByteHours::new(240)));
    assert_eq!((days[1].basis, days[1].byte_hours), (StorageBasis::Calculated, ByteHours::new(0)));
    assert_eq!(
        (days[1].average, days[1].covered_seconds),
        (Some(ByteCount::new(11)), Some(86_400))
    );
}

#[test]
fn prices_are_read_in_both_spellings() {
    let model = json!({"id": US1, "priceModel": {
        "EgressBandwidth": 200, "RepairBandwidth": 200, "AuditBandwidth": 200, "DiskSpace": 149}});
    let satellite = Satellite::from_json(model.to_string().as_bytes()).unwrap();
    let pricing = json!({"satelliteID": US1,
        "egressBandwidth": 200, "repairBandwidth": 200, "auditBandwidth": 200, "diskSpace": 149});
    let (id, prices) = prices(pricing.to_string().as_bytes()).unwrap();
    assert_eq!((satellite.prices, id), (Some(prices), us1()));
    assert_eq!(prices.storage, CentsPerTb::new(149));
    // A node that has no prices yet writes zeros.
    let zeros = json!({"id": US1, "priceModel": {
        "EgressBandwidth": 0, "RepairBandwidth": 0, "AuditBandwidth": 0, "DiskSpace": 0}});
    assert_eq!(Satellite::from_json(zeros.to_string().as_bytes()).unwrap().prices, None);
}

#[test]
fn scores_of_all_satellites_are_found_by_their_name() {
    let audits = |name: &str, online: f64| json!({"auditScore": 1, "suspensionScore": 1, "onlineScore": online, "satelliteName": name});
    let answer = json!({
        "storageDaily": [{"atRestTotal": 48.0, "atRestTotalBytes": 2.0,
            "intervalStart": "2026-08-01T00:00:00Z"}],
        "bandwidthDaily": null, "storageSummary": 48.0, "averageUsageBytes": 2.0,
        "bandwidthSummary": 0, "egressSummary": 0, "ingressSummary": 0,
        "earliestJoinedAt": "2021-01-07T01:54:43Z",
        "audits": [audits("us1.storj.io:7777", 0.5), audits("eu1.storj.io:7777", 0.75)],
    });
    let satellites = Satellites::from_json(answer.to_string().as_bytes()).unwrap();
    let online = |address| satellites.scores_of(address).map(|scores| scores.online);
    assert_eq!(online("eu1.storj.io:7777"), Some(0.75));
    assert_eq!(online("ap1.storj.io:7777"), None);
    assert_eq!(satellites.storage[0].covered_seconds, None);
    assert_eq!(satellites.joined_at, Some(time("2021-01-07T01:54:43Z")));
}

/// Predecessor fault 26, as far as it touches polling: what a month came to is not lost when it ends,
/// and is never taken from another month.
#[test]
fn the_month_before_is_told_on_days_on_which_the_node_means_it() {
    let months = |asked, answered| Months::of(time(asked), time(answered));
    let both = months("2026-03-28T23:59:58Z", "2026-03-28T23:59:59Z").unwrap();
    assert_eq!((both.current, both.previous), (period("2026-03"), Some(period("2026-02"))));
    let january = months("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z").unwrap();
    assert_eq!(january.previous, Some(period("2025-12")));
    // 31 March less a month is 3 March: the node would show March twice.
    for day in ["2026-03-29T00:00:00Z", "2026-03-31T12:00:00Z", "2026-05-31T23:59:59Z"] {
        assert_eq!(months(day, day).unwrap().previous, None, "{day}");
    }
    // The node's clock is a day ahead of ours.
    assert_eq!(months("2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z").unwrap().previous, None);
    // Nobody knows which month was meant.
    assert_eq!(months("2026-03-31T23:59:59Z", "2026-04-01T00:00:01Z"), None);
    assert_eq!(months("2026-04-01T00:00:01Z", "2026-03-31T23:59:59Z"), None);
}

#[test]
fn the_estimate_of_one_satellite_tells_its_held_share() {
    let month = json!({
        "egressBandwidth": 1_000, "egressBandwidthPayout": 0.01, "egressRepairAudit": 2_000,
        "egressRepairAuditPayout": 0.02, "diskSpace": 1.5, "diskSpacePayout": 0.03,
        "heldRate": 75, "payout": 0.02, "held": 0.045,
    });
    let answer =
        json!({"currentMonth": month, "previousMonth": month, "currentMonthExpectations": 3});
    let bytes = answer.to_string().into_bytes();
    let estimates = Estimates::of_satellite(&bytes).unwrap();
    let months = Months { current: period("2026-08"), previous: None };
    let [current] = estimates.of_months(us1(), months)[..] else { panic!("there is one month") };
    assert_eq!((current.held_percent, current.held), (75, MicroUsd::new(450)));
    assert_eq!(current.storage, ByteHours::new(1_080));
    assert_eq!(current.expected, Some(MicroUsd::new(30_000)));
    assert_eq!(Estimates::of_all(&bytes).unwrap().current.held_percent, None);
    assert!(Estimates::of_satellite(b"null").is_err());
}

#[test]
fn paystubs_are_micro_dollars_and_byte_hours() {
    let stub = json!({
        "satelliteId": US1, "period": "2023-01", "created": "2023-02-06T12:34:56.789Z",
        "codes": "E:X", "usageAtRest": 1_000.5, "usageGet": 1, "usagePut": 2, "usageGetRepair": 3,
        "usagePutRepair": 4, "usageGetAudit": 5, "compAtRest": 1_500_000, "compGet": 20_000,
        "compPut": 0, "compGetRepair": 30_000, "compPutRepair": 0, "compGetAudit": 40_000,
        "surgePercent": 0, "held": 10, "owed": 20, "disposed": 30, "paid": 40, "distributed": 0,
    });
    let all = paystubs(json!([stub]).to_string().as_bytes()).unwrap();
    let one = paystub(stub.to_string().as_bytes()).unwrap().unwrap();
    assert_eq!(all, std::slice::from_ref(&one));
    assert_eq!((one.satellite, one.period), (us1(), period("2023-01")));
    assert_eq!(one.created_at, time("2023-02-06T12:34:56.789Z"));
    assert_eq!(one.codes, PaystubCodes::IN_WITHHOLDING.and(PaystubCodes::GRACEFUL_EXIT));
    // The API divides by 720; here it is multiplied again.
    assert_eq!(one.usage_at_rest, ByteHours::new(720_360));
    assert_eq!(one.earned(), MicroUsd::new(1_590_000));
    let usage = [
        one.usage_get,
        one.usage_put,
        one.usage_get_repair,
        one.usage_put_repair,
        one.usage_get_audit,
    ];
    assert_eq!(usage.map(ByteCount::get), [1, 2, 3, 4, 5]);
    let money = [one.held, one.owed, one.disposed, one.paid, one.distributed];
    assert_eq!(money.map(MicroUsd::get), [10, 20, 30, 40, 0]);
    // A satellite that stated nothing, and a node without any.
    assert_eq!(paystub(b"null").unwrap(), None);
    assert_eq!(paystubs(b"null").unwrap(), []);
    assert!(paystubs(json!([{"satelliteId": US1}]).to_string().as_bytes()).is_err());
    assert!(paystubs(json!([{"period": "2023-01"}]).to_string().as_bytes()).is_err());
}

#[test]
fn periods_are_put_in_order() {
    let read = periods(br#"["2023-01","2022-12","2023-01"]"#).unwrap();
    assert_eq!(read, [period("2022-12"), period("2023-01")]);
    assert_eq!(periods(b"null").unwrap(), []);
    assert!(periods(br#"["January"]"#).is_err());
}

#[test]
fn what_was_sent_has_its_receipt() {
    let payout = |receipt: &str, distributed: i64| {
        json!({
            "satelliteID": US1, "satelliteURL": "us1.storj.io:7777", "age": 7, "earned": 100,
            "surge": 200, "surgePercent": 200, "held": 50, "heldPercent": 25.0, "afterHeld": 150,
            "disposed": 0, "paid": 150, "receipt": receipt, "isExitComplete": false,
            "distributed": distributed,
        })
    };
    let receipt = "zksync-era:0x0123";
    let answer = json!([payout(receipt, 150), payout("", 0), payout("", 70)]);
    let read = payouts(answer.to_string().as_bytes()).unwrap();
    assert_eq!((read[0].age_months, read[0].held_percent), (7, 25));
    assert_eq!((read[0].surged, read[0].after_held), (MicroUsd::new(200), MicroUsd::new(150)));
    let payments: Vec<_> = read.iter().map(|payout| payout.payment(period("2023-01"))).collect();
    let payment = |amount, receipt: &str| {
        let (satellite, period, amount) = (us1(), period("2023-01"), MicroUsd::new(amount));
        Some(Payment { satellite, period, amount, receipt: receipt.into() })
    };
    assert_eq!(payments, [payment(150, receipt), None, payment(70, "")]);
}

#[test]
fn held_history_notifications_and_health_are_read() {
    let held = json!([{"satelliteID": US1, "satelliteName": "us1.storj.io:7777",
        "holdForFirstPeriod": 3, "holdForSecondPeriod": 2, "holdForThirdPeriod": 1,
        "totalHeld": 6, "totalDisposed": 3, "joinedAt": "2021-01-07T01:54:00Z"}]);
    let held = HeldHistory::from_json(held.to_string().as_bytes()).unwrap();
    assert_eq!((held[0].held, held[0].disposed), (MicroUsd::new(6), MicroUsd::new(3)));

    let list = json!({"page": {"notifications": [{"id": "1f0e", "senderId": US1, "type": 3,
        "title": "Suspended", "message": "x", "readAt": null,
        "createdAt": "2026-08-01T00:00:00Z"}], "offset": 0, "limit": 10, "currentPage": 1,
        "pageCount": 4}, "unreadCount": 1, "totalCount": 31});
    let read = Notifications::from_json(list.to_string().as_bytes()).unwrap();
    assert_eq!((read.pages, read.count, read.unread), (4, 31, 1));
    assert_eq!(read.notifications[0].kind, NotificationKind::Suspension);
    let none = json!({"page": {"notifications": null}, "unreadCount": 0, "totalCount": 0});
    assert!(
        Notifications::from_json(none.to_string().as_bytes()).unwrap().notifications.is_empty()
    );

    let ill = json!({"Statuses": [{"OnlineScore": 0.5, "SatelliteID": US1, "DisqualifiedAt": null,
        "SuspendedAt": "2026-08-01T00:00:00Z"}], "Help": "…", "AllHealthy": false});
    let health = Health::from_json(ill.to_string().as_bytes()).unwrap();
    assert!(!health.is_all_well);
    assert_eq!(health.satellites[0].suspended_at, Some(time("2026-08-01T00:00:00Z")));
    let well = json!({"Statuses": null, "Help": "…", "AllHealthy": true});
    assert!(Health::from_json(well.to_string().as_bytes()).unwrap().is_all_well);
    assert!(Health::from_json(b"{}").is_err());
}
