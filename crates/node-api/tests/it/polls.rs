//! Polls: which facts they bring, what they cost, and what they keep when something fails.

use piecewatch_model::{Fact, Poll, PollPart, SatelliteId, Standing, Timestamp};
use piecewatch_node_api::{
    Client, Limits,
    poll::{self, Asked, Span},
};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::{
    recorded::recorded,
    server::{Server, Step, answer, json as answered, web_page},
};

const US1: &str = "12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S";
const EU1: &str = "12L9ZFwhzVpuEKMUNUqkaTLGzwY9G24tbiigLiXpmZWKwmcNDDs";
const NODE: &str = "1Xf5b3xHn1ajoNRpJJJd3RebWUgZ58BVqNxKPAH2g1snSAEyNt";

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    time("2026-08-19T12:00:00Z")
}

/// A node with two satellites, of which eu1 has disqualified it. Its answers to what it knows are
/// changed by `change`.
fn node(change: impl Fn(&str) -> Option<Vec<Step>> + Send + Sync + 'static) -> Server {
    Server::start(move |target, _| change(target).unwrap_or_else(|| well(target)))
}

fn well(target: &str) -> Vec<Step> {
    let month = json!({"egressBandwidth": 10, "egressBandwidthPayout": 0.5, "payout": 0.5});
    let stub = |satellite, period| json!({"satelliteId": satellite, "period": period, "paid": 7});
    let payout = |satellite| json!({"satelliteID": satellite, "distributed": 7, "receipt": "x:1"});
    let value = match target {
        "/api/sno/" => json!({"nodeID": NODE, "version": "1.150.1", "satellites": [
            {"id": US1, "url": "us1.storj.io:7777"},
            {"id": EU1, "url": "eu1.storj.io:7777", "disqualified": "2025-01-02T03:04:05Z"},
        ]}),
        "/api/heldamount/periods" => json!(["2026-07", "2026-06", "2023-01"]),
        "/api/heldamount/paystubs/2023-01/2026-07" => {
            json!([stub(US1, "2023-01"), stub(US1, "2026-06"), stub(US1, "2026-07")])
        }
        "/api/heldamount/paystubs/2026-06/2026-07" => {
            json!([stub(US1, "2026-06"), stub(US1, "2026-07")])
        }
        _ if target == format!("/api/sno/estimated-payout?id={US1}") => {
            json!({"currentMonth": month, "previousMonth": month, "currentMonthExpectations": 2})
        }
        _ if target.starts_with("/api/heldamount/payout-history/") => json!([payout(US1)]),
        _ => return satellite(target).unwrap_or_else(web_page),
    };
    answered(value.to_string())
}

fn satellite(target: &str) -> Option<Vec<Step>> {
    let id = target.strip_prefix("/api/sno/satellite/")?;
    let prices = json!({"EgressBandwidth": 200, "RepairBandwidth": 200, "AuditBandwidth": 200, "DiskSpace": 149});
    let value: Value = json!({
        "id": id,
        "storageDaily": [{"atRestTotal": 24.0, "intervalStart": "2026-08-01T00:00:00Z"}],
        "bandwidthDaily": [{"egress": {"usage": 5}, "intervalStart": "2026-08-01T00:00:00Z"}],
        "audits": {"auditScore": 1, "suspensionScore": 1, "onlineScore": 0.9,
            "satelliteName": "us1.storj.io:7777"},
        "priceModel": prices,
        "nodeJoinedAt": "2024-01-02T03:04:05Z",
    });
    Some(answered(value.to_string()))
}

async fn satellites(server: &Server, now: Timestamp) -> (Poll, Vec<Fact>) {
    let client = server.client();
    let asked = Asked { client: &client, node_id: Some(NODE), now };
    poll::satellites(asked, &Semaphore::new(1)).await
}

fn standings(facts: &[Fact]) -> impl Iterator<Item = &Standing> {
    facts.iter().filter_map(|fact| {
        let Fact::Standing(standing) = fact else { return None };
        Some(standing)
    })
}

fn ids(facts: &[Fact]) -> (Vec<SatelliteId>, Vec<String>) {
    let standing = standings(facts).map(|standing| standing.satellite);
    let months = facts.iter().filter_map(|fact| {
        let Fact::Estimate(estimate) = fact else { return None };
        Some(estimate.period.to_string())
    });
    (standing.collect(), months.collect())
}

#[tokio::test]
async fn a_dashboard_brings_how_the_node_is_and_what_that_cost() {
    let server = Server::start(|_, _| answered(recorded("v1.71.2", "sno.json")));
    let client = server.client();
    let (poll, facts) = poll::dashboard(Asked { client: &client, node_id: None, now: now() }).await;
    assert_eq!((poll.at, poll.part, &poll.error), (now(), PollPart::Dashboard, &None));
    assert_eq!(
        (poll.requests, poll.bytes.get()),
        (1, recorded("v1.71.2", "sno.json").len() as u64)
    );
    assert!(poll.took_micros > 0);
    assert!(matches!(facts[..], [Fact::Status(_), Fact::Space(_)]));
}

#[tokio::test]
async fn another_node_brings_nothing() {
    let server = node(|_| None);
    let client = server.client();
    let other = Asked { client: &client, node_id: Some("1other"), now: now() };
    let gate = Semaphore::new(1);
    for (poll, facts) in [
        poll::dashboard(other).await,
        poll::satellites(other, &gate).await,
        poll::paystubs(other, Span::Whole).await,
    ] {
        assert_eq!(facts, []);
        let error = poll.error.unwrap();
        assert!(
            error.contains(&format!("answers for node {NODE}, but 1other was there before")),
            "{error}"
        );
        assert_eq!(poll.requests, 1, "it is not asked anything else");
    }
}

#[tokio::test]
async fn satellites_bring_standing_days_prices_and_both_months() {
    let server = node(|_| None);
    let (poll, facts) = satellites(&server, now()).await;
    assert_eq!(poll.error, None);
    let (standing, months) = ids(&facts);
    assert_eq!(standing, [US1, EU1].map(|id| id.parse().unwrap()));
    // A satellite that has disqualified the node is asked no estimate: nodes answer that with 500.
    assert_eq!(months, ["2026-08", "2026-07"]);
    // The dashboard, two satellites, one estimate.
    assert_eq!(poll.requests, 4);
    let count = |is: fn(&Fact) -> bool| facts.iter().filter(|fact| is(fact)).count();
    assert_eq!(count(|fact| matches!(fact, Fact::Bandwidth(_))), 2);
    assert_eq!(count(|fact| matches!(fact, Fact::Storage(_))), 2);
    assert_eq!(count(|fact| matches!(fact, Fact::Prices(..))), 2);
    let disqualified = standings(&facts).find_map(|standing| standing.disqualified_at);
    assert_eq!(disqualified, Some(time("2025-01-02T03:04:05Z")));
}

#[tokio::test]
async fn at_the_end_of_a_month_the_month_before_is_not_taken() {
    let server = node(|_| None);
    let (_, facts) = satellites(&server, time("2026-08-31T12:00:00Z")).await;
    assert_eq!(ids(&facts).1, ["2026-08"]);
}

#[tokio::test]
async fn a_node_whose_clock_is_in_another_month_is_believed_no_month() {
    let server = node(|target| {
        let body = br#"{"currentMonth":{},"previousMonth":{}}"#;
        let head = format!(
            "HTTP/1.1 200 OK\r\nDate: Tue, 01 Sep 2026 00:00:01 GMT\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let steps = vec![Step::Send(head.into_bytes()), Step::Send(body.to_vec())];
        target.contains("estimated-payout").then_some(steps)
    });
    let (poll, facts) = satellites(&server, time("2026-08-31T23:59:59Z")).await;
    assert_eq!((ids(&facts).1, poll.error), (vec![], None));
}

#[tokio::test]
async fn prices_that_a_satellite_lacks_are_asked_for() {
    let server = node(|target| {
        if target.ends_with("/pricing") {
            let prices = json!({"satelliteID": US1, "egressBandwidth": 200, "repairBandwidth": 200,
                "auditBandwidth": 200, "diskSpace": 149});
            return Some(answered(prices.to_string()));
        }
        let is_us1 = target.ends_with(&format!("satellite/{US1}"));
        is_us1.then(|| answered(json!({"id": US1, "priceModel": null}).to_string()))
    });
    let (poll, facts) = satellites(&server, now()).await;
    assert_eq!((poll.requests, poll.error), (5, None));
    assert_eq!(facts.iter().filter(|fact| matches!(fact, Fact::Prices(..))).count(), 2);
}

#[tokio::test]
async fn what_one_satellite_lacks_does_not_hide_the_others() {
    let server = node(|target| {
        let is_us1 = target.ends_with(&format!("satellite/{US1}"));
        is_us1.then(|| answer("404 Not Found", "application/json", br#"{"error":"not trusted"}"#))
    });
    let (poll, facts) = satellites(&server, now()).await;
    assert!(poll.error.unwrap().ends_with(": not trusted"));
    assert_eq!(ids(&facts).0, [EU1.parse().unwrap()]);
}

#[tokio::test]
async fn what_came_before_a_failure_is_kept() {
    let server = node(|target| target.contains("estimated-payout").then(|| vec![Step::Hang]));
    let (poll, facts) = satellites(&server, now()).await;
    assert!(poll.error.unwrap().contains("is too slow"));
    // A node that hangs is not asked for the next satellite.
    assert_eq!(ids(&facts).0, [US1.parse().unwrap()]);
    assert!(facts.iter().any(|fact| matches!(fact, Fact::Bandwidth(_))));
    assert_eq!(poll.requests, 5, "the dashboard, the satellite, three attempts");
}

#[tokio::test]
async fn at_first_the_whole_history_is_asked_and_later_two_months() {
    let server = node(|_| None);
    let client = server.client();
    let asked = Asked { client: &client, node_id: Some(NODE), now: now() };
    let paid = |facts: &[Fact]| {
        let of = |is: fn(&Fact) -> bool| facts.iter().filter(|fact| is(fact)).count();
        (of(|fact| matches!(fact, Fact::Paystub(_))), of(|fact| matches!(fact, Fact::Payment(_))))
    };
    let (poll, facts) = poll::paystubs(asked, Span::Whole).await;
    assert_eq!((poll.error, paid(&facts)), (None, (3, 3)));
    // The dashboard, the periods, one range, a payout page for each month.
    assert_eq!(poll.requests, 6);
    let (poll, facts) = poll::paystubs(asked, Span::Recent).await;
    assert_eq!((poll.error, paid(&facts)), (None, (2, 2)));
    assert_eq!(poll.requests, 5);
}

#[tokio::test]
async fn a_node_without_paystubs_is_no_failure() {
    let server = node(|target| (target == "/api/heldamount/periods").then(|| answered("null")));
    let client = server.client();
    let asked = Asked { client: &client, node_id: None, now: now() };
    let (poll, facts) = poll::paystubs(asked, Span::Whole).await;
    assert_eq!(poll.error, None);
    assert!(matches!(facts[..], [Fact::Status(_)]));
}

#[tokio::test]
async fn metrics_bring_quantiles() {
    let text = crate::metrics::series("upload_success_duration_ns", "", 1_000.0);
    let server = Server::start(move |_, _| answer("200 OK", "text/plain", text.as_bytes()));
    let (poll, facts) = poll::metrics(&server.client(), now()).await;
    assert_eq!((poll.part, poll.error), (PollPart::Metrics, None));
    assert!(matches!(facts[..], [Fact::Quantiles(_)]));
    let page = Server::start(|_, _| web_page());
    let (poll, facts) = poll::metrics(&page.client(), now()).await;
    assert!(poll.error.unwrap().contains("a web page"));
    assert_eq!(facts, []);
}

/// Two nodes behind one gate: their satellites are asked one after another, their dashboards at once.
#[tokio::test]
async fn the_gate_holds_satellites_back_and_nothing_else() {
    let server = node(|_| None);
    let client = server.client();
    let asked = Asked { client: &client, node_id: None, now: now() };
    let gate = Semaphore::new(1);
    let held = gate.acquire().await.unwrap();
    let waiting = poll::satellites(asked, &gate);
    tokio::pin!(waiting);
    let patience = std::time::Duration::from_millis(300);
    assert!(tokio::time::timeout(patience, &mut waiting).await.is_err());
    assert_eq!(server.requests(), 1, "only the dashboard was asked");
    assert!(poll::dashboard(asked).await.0.error.is_none());
    drop(held);
    assert_eq!(waiting.await.0.error, None);
}

/// One node hangs when it is asked by satellite; another one waits for the same gate.
#[tokio::test]
async fn a_node_that_hangs_gives_its_turn_to_others() {
    let hanging =
        node(|target| target.starts_with("/api/sno/satellite/").then(|| vec![Step::Hang]));
    let (well, gate) = (node(|_| None), Semaphore::new(1));
    // Patient, as in earnest.
    let client = Client::new(hanging.address(), Limits::default());
    let other = well.client();
    let asked = |client| Asked { client, node_id: None, now: now() };
    let hung = poll::satellites(asked(&client), &gate);
    let mut hung = std::pin::pin!(hung);
    // The hanging node has its turn first.
    let early = tokio::time::timeout(std::time::Duration::from_millis(300), &mut hung).await;
    assert!(early.is_err(), "it hangs");
    let answered = poll::satellites(asked(&other), &gate);
    tokio::select! {
        (poll, facts) = answered => {
            assert_eq!(poll.error, None);
            assert!(facts.iter().any(|fact| matches!(fact, Fact::Bandwidth(_))), "{facts:?}");
        }
        (poll, _) = &mut hung => panic!("the node that hangs was through first: {poll:?}"),
    }
}
