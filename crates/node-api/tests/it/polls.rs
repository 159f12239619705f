//! Polls: which facts they bring, what they cost, and what they keep when something fails.

use std::time::Duration;

use piecewatch_model::{Fact, Poll, PollPart, SatelliteId, Standing, Timestamp};
use piecewatch_node_api::{
    Client, Gate, Limits,
    poll::{self, Asked, Span},
};
use serde_json::{Value, json};

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

/// More than any poll here takes.
const LONG: Duration = Duration::from_secs(60);

fn asked<'a>(client: &'a Client, node_id: Option<&'a str>) -> Asked<'a> {
    Asked { client, node_id, now: now(), time_max: LONG }
}

async fn satellites(server: &Server, now: Timestamp) -> (Poll, Vec<Fact>) {
    let client = server.client();
    let asked = Asked { now, ..asked(&client, Some(NODE)) };
    poll::satellites(asked, &Gate::new(1), &mut None).await
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
    let (poll, facts) = poll::dashboard(asked(&client, None)).await;
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
    let other = asked(&client, Some("1other"));
    for (poll, facts) in [
        poll::dashboard(other).await,
        poll::satellites(other, &Gate::new(1), &mut None).await,
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
    assert!(facts.iter().any(|fact| matches!(fact, Fact::Bandwidth(_))));
    // What is dear and slow is not asked again at once: the schedule does that.
    assert_eq!(poll.requests, 4, "the dashboard, two satellites, one estimate");
}

/// A node with so many satellites, of which those that `hangs` names bring no answer.
fn node_of(count: u8, hangs: impl Fn(SatelliteId) -> bool + Send + Sync + 'static) -> Server {
    node(move |target| {
        if target == "/api/sno/" {
            let satellite = |id: SatelliteId| json!({"id": id.to_string()});
            let satellites: Vec<Value> = (0..count).map(number).map(satellite).collect();
            let value = json!({"nodeID": NODE, "satellites": satellites});
            return Some(answered(value.to_string()));
        }
        if target.contains("estimated-payout") {
            return Some(answered(json!({"currentMonth": {}, "previousMonth": {}}).to_string()));
        }
        let id = target.strip_prefix("/api/sno/satellite/")?.parse().unwrap();
        hangs(id).then(|| vec![Step::Hang])
    })
}

fn number(number: u8) -> SatelliteId {
    SatelliteId::new([number + 1; 32])
}

#[tokio::test]
async fn one_satellite_that_hangs_hides_no_other() {
    let server = node_of(3, |id| id == number(0));
    let (poll, facts) = satellites(&server, now()).await;
    assert!(poll.error.unwrap().contains("is too slow"));
    assert_eq!(ids(&facts).0, [1, 2].map(number));
}

#[tokio::test]
async fn after_two_that_hang_the_next_poll_goes_on_behind_them() {
    let server = node_of(5, |id| [0, 1, 3].map(number).contains(&id));
    let (client, gate, mut after) = (server.client(), Gate::new(1), None);
    let asked = asked(&client, None);
    let (poll, facts) = poll::satellites(asked, &gate, &mut after).await;
    assert_eq!((ids(&facts).0, after), (vec![], Some(number(1))));
    assert_eq!(poll.requests, 3, "the dashboard and two satellites");
    let (_, facts) = poll::satellites(asked, &gate, &mut after).await;
    assert_eq!(ids(&facts).0, [2, 4].map(number));
    assert_eq!(after, Some(number(1)), "at the end come the two that hang");
    // Once all are well again, polls begin with the first.
    let well = node_of(5, |_| false);
    let client = well.client();
    let (_, facts) = poll::satellites(self::asked(&client, None), &gate, &mut after).await;
    assert_eq!((ids(&facts).0, after), ([2, 3, 4, 0, 1].map(number).to_vec(), None));
}

#[tokio::test]
async fn a_poll_ends_when_its_time_is_over() {
    let server = node_of(40, |_| false);
    let client = server.client();
    let mut after = None;
    // A node rests for a tenth of a second after each satellite.
    let asked = Asked { time_max: Duration::from_millis(700), ..asked(&client, None) };
    let (poll, facts) = poll::satellites(asked, &Gate::new(1), &mut after).await;
    let error = poll.error.unwrap();
    assert!(error.contains("was asked for 0.7 s and has not answered everything"), "{error}");
    let came = ids(&facts).0;
    assert!((1..=7).contains(&came.len()), "{} satellites", came.len());
    assert!(poll.took_micros < 2_000_000);
    // The next one goes on where it was.
    let last = after.unwrap();
    assert!(came.last() == Some(&last) || came.len() < 7 && !came.contains(&last));
}

#[tokio::test]
async fn days_that_were_not_asked_for_bring_nothing() {
    let server = node(|target| {
        let id = target.strip_prefix("/api/sno/satellite/")?;
        let starts: Vec<String> = (0..4_000)
            .map(|day| now().plus_micros((day - 2_000) * 86_400_000_000).to_string())
            .collect();
        let moved = |start: &String| json!({"egress": {"usage": 5}, "intervalStart": start});
        let stored = |start: &String| json!({"atRestTotal": 24.0, "intervalStart": start});
        let value = json!({
            "id": id,
            "bandwidthDaily": starts.iter().map(moved).collect::<Vec<_>>(),
            "storageDaily": starts.iter().map(stored).collect::<Vec<_>>(),
            "priceModel": {"EgressBandwidth": 200},
        });
        Some(answered(value.to_string()))
    });
    let limits = Limits { answer_max_bytes: 4 << 20, ..crate::server::LIMITS };
    let client = Client::new(server.address(), limits);
    let (poll, facts) = poll::satellites(asked(&client, None), &Gate::new(1), &mut None).await;
    assert_eq!(poll.error, None);
    let days: Vec<Timestamp> = facts
        .iter()
        .filter_map(|fact| {
            let Fact::Bandwidth(told) = fact else { return None };
            Some(told.day)
        })
        .collect();
    // Of both satellites: July and August 2026 have 62 days; a day more is let through at the end.
    assert_eq!(days.len(), 2 * 62);
    assert_eq!(days.iter().min(), Some(&time("2026-07-02T00:00:00Z")));
    assert_eq!(days.iter().max(), Some(&time("2026-09-01T00:00:00Z")));
    let stored = facts.iter().filter(|fact| matches!(fact, Fact::Storage(_)));
    assert_eq!(stored.count(), 2 * 62);
}

#[tokio::test]
async fn more_satellites_or_months_than_any_node_has_are_refused() {
    let (poll, facts) = satellites(&node_of(65, |_| false), now()).await;
    assert_eq!(facts, []);
    let error = poll.error.unwrap();
    assert!(error.ends_with("65 satellites, when no node has more than 64"), "{error}");
    assert_eq!(poll.requests, 1);

    let server = node(|target| {
        let month = |at: usize| format!("{}-{:02}", 1_900 + at / 12, at % 12 + 1);
        let months: Vec<String> = (0..241).map(month).collect();
        (target == "/api/heldamount/periods").then(|| answered(json!(months).to_string()))
    });
    let client = server.client();
    let (poll, _) = poll::paystubs(asked(&client, None), Span::Whole).await;
    let error = poll.error.unwrap();
    assert!(error.ends_with("241 months, when no node has more than 240"), "{error}");
    assert_eq!(poll.requests, 2);
}

/// A whole answer whose head says what time it is.
fn dated(date: &str, body: &str) -> Vec<Step> {
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: {length}\r\n\r\n");
    vec![Step::Send(head.into_bytes()), Step::Send(body.as_bytes().to_vec())]
}

#[tokio::test]
async fn a_clock_that_is_in_another_month_is_told_unless_the_month_is_about_to_change() {
    let server = node(|target| {
        let body = r#"{"currentMonth":{},"previousMonth":{}}"#;
        let is_estimate = target.contains("estimated-payout");
        is_estimate.then(|| dated("Tue, 01 Sep 2026 00:00:01 GMT", body))
    });
    for (now, is_told) in [
        ("2026-08-19T12:00:00Z", true),
        ("2026-08-31T23:40:00Z", true),
        ("2026-08-31T23:59:59Z", false),
        ("2026-08-31T23:51:00Z", false),
    ] {
        let (poll, facts) = satellites(&server, time(now)).await;
        // Of no month at all, but everything else is there.
        assert_eq!((ids(&facts).0.len(), ids(&facts).1), (2, vec![]), "{now}");
        let clock = "has its clock at 2026-09-01T00:00:01Z when it is";
        let error = poll.error.unwrap_or_default();
        assert_eq!(error.contains(clock), is_told, "{now}: {error}");
        assert_eq!(error.is_empty(), !is_told, "{now}: {error}");
    }
}

#[tokio::test]
async fn at_first_the_whole_history_is_asked_and_later_two_months() {
    let server = node(|_| None);
    let client = server.client();
    let asked = asked(&client, Some(NODE));
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
    let asked = asked(&client, None);
    let (poll, facts) = poll::paystubs(asked, Span::Whole).await;
    assert_eq!(poll.error, None);
    assert!(matches!(facts[..], [Fact::Status(_)]));
}

#[tokio::test]
async fn metrics_bring_quantiles() {
    let text = crate::metrics::series("upload_success_duration_ns", "", 1_000.0);
    let server = Server::start(move |_, _| answer("200 OK", "text/plain", text.as_bytes()));
    let (poll, facts) = poll::metrics(asked(&server.client(), None)).await;
    assert_eq!((poll.part, poll.error), (PollPart::Metrics, None));
    assert!(matches!(facts[..], [Fact::Quantiles(_)]));
    let page = Server::start(|_, _| web_page());
    let (poll, facts) = poll::metrics(asked(&page.client(), None)).await;
    assert!(poll.error.unwrap().contains("a web page"));
    assert_eq!(facts, []);
}

/// Two nodes behind one gate: their satellites are asked one after another, their dashboards at once.
#[tokio::test]
async fn the_gate_holds_satellites_back_and_nothing_else() {
    let server = node(|_| None);
    let client = server.client();
    let asked = asked(&client, None);
    let gate = Gate::with_turn(1, LONG);
    let (release, held) = tokio::sync::oneshot::channel::<()>();
    let mut after = None;
    let waits = async {
        let waiting = poll::satellites(asked, &gate, &mut after);
        tokio::pin!(waiting);
        let patience = Duration::from_millis(300);
        assert!(tokio::time::timeout(patience, &mut waiting).await.is_err());
        assert_eq!(server.requests(), 1, "only the dashboard was asked");
        assert!(poll::dashboard(asked).await.0.error.is_none());
        release.send(()).unwrap();
        assert_eq!(waiting.await.0.error, None);
    };
    // The first has the turn.
    let (_, ()) = tokio::join!(gate.pass(held), waits);
}

/// One node hangs when it is asked by satellite; another one waits for the same gate.
#[tokio::test]
async fn a_node_that_hangs_gives_its_turn_to_others() {
    let hanging =
        node(|target| target.starts_with("/api/sno/satellite/").then(|| vec![Step::Hang]));
    let turn = Duration::from_millis(200);
    let (well, gate) = (node(|_| None), Gate::with_turn(1, turn));
    // Patient, as in earnest.
    let client = Client::new(hanging.address(), Limits::default());
    let other = well.client();
    let (mut after, mut after_other) = (None, None);
    let hung = poll::satellites(asked(&client, None), &gate, &mut after);
    let mut hung = std::pin::pin!(hung);
    // The hanging node has its turn first.
    let early = tokio::time::timeout(turn / 2, &mut hung).await;
    assert!(early.is_err(), "it hangs");
    let answered = poll::satellites(asked(&other, None), &gate, &mut after_other);
    tokio::select! {
        (poll, facts) = answered => {
            assert_eq!(poll.error, None);
            assert!(facts.iter().any(|fact| matches!(fact, Fact::Bandwidth(_))), "{facts:?}");
        }
        (poll, _) = &mut hung => panic!("the node that hangs was through first: {poll:?}"),
    }
}
