//! What misleads readers of the real API misleads readers of this one.

use piecewatch_model::Timestamp;
use piecewatch_simulator::{Account, AccountConfig, ApiVersion, Luck, NodeApi};
use serde_json::{Value, json};

use crate::{at, document};

const US1: &str = "12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S";
/// A satellite that nobody runs.
const NOBODY: &str = "1GGZktUwmMKTwTWNcmGnFJ3n7rjE58QnNcRp98Y23MmbDnVoiU";

fn good(now: &str) -> (NodeApi, Timestamp) {
    let config = AccountConfig { now: at(now), luck: Luck::Good, ..AccountConfig::default() };
    (NodeApi::new(Account::random(&config), ApiVersion::V1_162), config.now)
}

/// The first random node of which this holds.
fn first_with(now: Timestamp, holds: impl Fn(&NodeApi) -> bool) -> NodeApi {
    (0..3_000)
        .map(|seed| {
            let config = AccountConfig { seed, now, ..AccountConfig::default() };
            NodeApi::new(Account::random(&config), ApiVersion::V1_143)
        })
        .find(holds)
        .expect("one in thousands of nodes is like this")
}

#[test]
fn a_slash_too_many_or_too_few_is_redirected() {
    let (api, now) = good("2026-08-19T14:00:00Z");
    for (path, location) in [
        ("/api/sno", "/api/sno/"),
        ("/api/sno/satellites/", "/api/sno/satellites"),
        ("/api/sno/estimated-payout/?id=x", "/api/sno/estimated-payout?id=x"),
        ("/api/heldamount/paystubs/2026-01/", "/api/heldamount/paystubs/2026-01"),
    ] {
        let answer = api.answer(path, now);
        assert_eq!((answer.status, answer.location.as_deref()), (301, Some(location)), "{path}");
    }
}

#[test]
fn an_unknown_path_is_a_page_with_status_200() {
    let (api, now) = good("2026-08-19T14:00:00Z");
    for path in ["", "/", "/api/", "/api/payouts", "/api/sno/satellites/x", "/metrics", "/%", "//"]
    {
        let answer = api.answer(path, now);
        assert_eq!(
            (answer.status, answer.content_type),
            (200, "text/html; charset=utf-8"),
            "{path}"
        );
        assert!(answer.body.starts_with(b"<!DOCTYPE html>"));
    }
}

#[test]
fn errors_are_json_with_their_status() {
    let (api, now) = good("2026-08-19T14:00:00Z");
    for (path, status) in [
        ("/api/sno/satellite/nonsense".to_owned(), 400),
        (format!("/api/sno/satellite/{NOBODY}"), 404),
        (format!("/api/sno/satellites/{NOBODY}/pricing"), 500),
        ("/api/sno/estimated-payout?id=nonsense".to_owned(), 400),
        (format!("/api/sno/estimated-payout?id={NOBODY}"), 500),
        ("/api/heldamount/paystubs/2026-01?id=nonsense".to_owned(), 400),
        ("/api/heldamount/paystubs/2026-05/2026-04".to_owned(), 400),
        ("/api/heldamount/paystubs/2026-13/2027-04".to_owned(), 400),
        ("/api/notifications/list".to_owned(), 400),
        ("/api/notifications/list?limit=5&page=0".to_owned(), 500),
    ] {
        let answer = api.answer(&path, now);
        assert_eq!((answer.status, answer.content_type), (status, "application/json"), "{path}");
        let document: Value = serde_json::from_slice(&answer.body).unwrap();
        assert!(!document["error"].as_str().unwrap().is_empty());
        assert_eq!(document.as_object().unwrap().len(), 1);
    }
}

#[test]
fn a_list_of_nothing_is_null() {
    let (api, now) = good("2026-08-19T14:00:00Z");
    for path in [
        "/api/heldamount/paystubs/1999-01".to_owned(),
        format!("/api/heldamount/paystubs/1999-01?id={US1}"),
        "/api/heldamount/paystubs/1999-01/1999-12".to_owned(),
        "/api/heldamount/payout-history/nonsense".to_owned(),
        format!("/api/heldamount/periods?id={NOBODY}"),
    ] {
        assert_eq!(document(&api, &path, now), Value::Null, "{path}");
        assert_eq!(api.answer(&path, now).body, b"null\n");
    }
    let early = at("2001-01-01T00:00:00Z");
    let dashboard = document(&api, "/api/sno/", early);
    assert_eq!(dashboard["satellites"], Value::Null);
    let notifications = document(&api, "/api/notifications/list?limit=3&page=1", now);
    let nothing = json!({
        "page": {
            "notifications": null, "offset": 0, "limit": 3, "currentPage": 1, "pageCount": 0,
        },
        "unreadCount": 0,
        "totalCount": 0,
    });
    assert_eq!(notifications, nothing);
}

#[test]
fn a_time_that_was_never_set_is_in_the_year_one() {
    let now = at("2026-08-19T14:00:00Z");
    let api = first_with(now, |api| api.status(now).last_quic_pinged_at.is_none());
    let dashboard = document(&api, "/api/sno/", now);
    assert_eq!(dashboard["lastQuicPingedAt"], "0001-01-01T00:00:00Z");
    let started = api.status(now).started_at.unwrap();
    assert_eq!(dashboard["startedAt"], started.to_string());
    // Nobody reaches a process in its first minutes.
    let soon = started.plus_micros(60_000_000);
    assert_eq!(document(&api, "/api/sno/", soon)["lastPinged"], "0001-01-01T00:00:00Z");
    assert_eq!(api.status(soon).last_pinged_at, None);
}

#[test]
fn late_in_a_long_month_the_previous_month_is_the_running_one() {
    let path = format!("/api/sno/estimated-payout?id={US1}");
    let (api, now) = good("2026-03-31T10:00:00Z");
    let payout = document(&api, &path, now);
    assert_eq!(payout["previousMonth"], payout["currentMonth"]);
    let (api, now) = good("2026-03-28T23:00:00Z");
    let payout = document(&api, &path, now);
    assert_ne!(payout["previousMonth"], payout["currentMonth"]);
    // February has 28 days: their traffic is in there, and none of March.
    let february = (at("2026-02-01T00:00:00Z"), at("2026-03-01T00:00:00Z"));
    let days = api.account().bandwidth(now).into_iter().filter(|day| {
        day.satellite.to_string() == US1 && february.0 <= day.day && day.day < february.1
    });
    let egress: u64 = days.map(|day| day.get.get()).sum();
    assert_eq!(payout["previousMonth"]["egressBandwidth"], egress);
}

#[test]
fn the_held_share_of_all_satellites_is_always_nought_though_something_is_held() {
    let now = at("2026-08-19T14:00:00Z");
    let path = "/api/sno/estimated-payout";
    let api = first_with(now, |api| api.account().estimate_all(now).current.held_cents > 1.0);
    let month = &document(&api, path, now)["currentMonth"];
    assert_eq!(month["heldRate"], 0);
    assert!(month["held"].as_f64().unwrap() > 1.0);
}

#[test]
fn a_satellite_that_disqualified_the_node_is_an_error_alone_and_nothing_among_all() {
    let now = at("2026-08-19T14:00:00Z");
    let disqualified = |api: &NodeApi| {
        let standings = api.account().standings(now);
        standings.into_iter().find(|standing| standing.disqualified_at.is_some())
    };
    let api = first_with(now, |api| disqualified(api).is_some());
    let id = disqualified(&api).unwrap().satellite;
    let answer = api.answer(&format!("/api/sno/estimated-payout?id={id}"), now);
    assert_eq!(answer.status, 500);
    assert!(String::from_utf8(answer.body).unwrap().contains("disqualified"));
    assert_eq!(api.account().estimate(id, now), None);
    assert_eq!(api.answer("/api/sno/estimated-payout", now).status, 200);
    assert_eq!(api.answer_public(now).status, 503);
    let list = document(&api, "/api/notifications/list?limit=10&page=1", now);
    assert!(list["page"]["notifications"].as_array().unwrap().iter().any(|of| of["type"] == 2));
}

#[test]
fn available_changed_its_meaning_and_used_took_in_the_trash() {
    let config = AccountConfig { luck: Luck::Good, seed: 5, ..AccountConfig::default() };
    let now = config.now;
    let space = |version| {
        let api = NodeApi::new(Account::random(&config), version);
        document(&api, "/api/sno/", now)["diskSpace"].clone()
    };
    let truth = Account::random(&config).space(now);
    let bytes = |of: Option<piecewatch_model::ByteCount>| of.unwrap().get();
    let (old, new) = (space(ApiVersion::V1_142), space(ApiVersion::V1_143));
    assert_eq!(old["available"], bytes(truth.total));
    assert_eq!(old["used"], bytes(truth.used));
    assert_eq!(new["available"], bytes(truth.available));
    assert_eq!(new["allocated"], bytes(truth.total));
    assert!(new["used"].as_u64().unwrap() >= bytes(truth.used) + bytes(truth.trash));
    assert_eq!(
        new["used"].as_u64().unwrap() + new["available"].as_u64().unwrap(),
        bytes(truth.total) + bytes(truth.overused)
    );
}

#[test]
fn the_day_of_an_upgrade_has_two_entries_with_the_sums_of_one() {
    let now = at("2026-08-31T14:00:00Z");
    let path = format!("/api/sno/satellite/{US1}");
    let days = |api: &NodeApi| -> Vec<String> {
        let answer = api.answer(&path, now);
        let document: Value = serde_json::from_slice(&answer.body).unwrap();
        let days = document["bandwidthDaily"].as_array().cloned().unwrap_or_default();
        days.iter().map(|day| day["intervalStart"].as_str().unwrap().to_owned()).collect()
    };
    let api = first_with(now, |api| days(api).windows(2).any(|two| two[0] == two[1]));
    let document = document(&api, &path, now);
    let told: u64 = document["bandwidthDaily"]
        .as_array()
        .unwrap()
        .iter()
        .map(|day| day["egress"]["usage"].as_u64().unwrap())
        .sum();
    let month = at("2026-08-01T00:00:00Z");
    let booked = api.account().bandwidth(now).into_iter();
    let booked = booked.filter(|day| day.satellite.to_string() == US1 && day.day >= month);
    assert_eq!(told, booked.map(|day| day.get.get()).sum::<u64>());
}

#[test]
fn storage_that_was_not_reported_is_interpolated_since_v1_162() {
    let (api, now) = good("2026-08-19T23:00:00Z");
    let path = format!("/api/sno/satellite/{US1}");
    let newest = document(&api, &path, now);
    let days = newest["storageDaily"].as_array().unwrap();
    let last = days.last().unwrap();
    // A satellite's figures lag behind by hours: at night the day itself is never whole.
    assert_eq!(last["intervalStart"], "2026-08-19T00:00:00Z");
    for day in days {
        let is_calculated = day["calculated"].as_bool().unwrap();
        assert_eq!(is_calculated, day["atRestTotal"] == 0, "{day}");
        assert!(day["atRestTotalBytes"].as_f64().unwrap() > 0.0);
    }
    let before = NodeApi::new(api.account().clone(), ApiVersion::V1_143);
    let before = document(&before, &path, now);
    assert_eq!(before["storageSummary"], newest["storageSummary"]);
}
