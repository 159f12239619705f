//! Alerts: one row is one incident, kept as long as it lasts and 90 days more.

use std::slice;

use piecewatch_model::{KnownSatellite, Timestamp};
use piecewatch_store::{Alert, AlertDelivery, AlertLevel, AlertNotice, DeliveryState, Window};

use crate::fixture::{Database, HOUR, NOW, node, seconds};

const DAY: i64 = 24 * 3600;

fn alert(id: i64, rule: &str) -> Alert {
    Alert {
        id,
        rule: rule.into(),
        node: Some(node("n1")),
        satellite: Some(KnownSatellite::ALL[0].id()),
        level: AlertLevel::Warning,
        worst: AlertLevel::Critical,
        sentence: "us1: the audit score is 0.9940".to_owned(),
        value: Some(0.994),
        threshold: Some(0.995),
        began_at: HOUR,
        fired_at: seconds(120),
        seen_at: seconds(180),
        acknowledged_at: None,
        acknowledged_by: None,
        resolved_at: None,
        notified_at: Some(seconds(120)),
        notified_level: Some(AlertLevel::Critical),
    }
}

fn delivery(alert: i64, channel: &str, state: DeliveryState) -> AlertDelivery {
    AlertDelivery {
        alert,
        at: seconds(120),
        channel: channel.into(),
        notice: AlertNotice::Fired,
        state,
        attempts: 1,
        tried_at: Some(seconds(121)),
        error: Some("the server answered 503".to_owned()),
    }
}

#[test]
fn what_is_stored_is_read_as_it_was_and_changes_in_its_place() {
    let mut database = Database::new();
    let of_monitor =
        Alert { node: None, satellite: None, value: None, threshold: None, ..alert(2, "writer") };
    let waiting = delivery(1, "mail", DeliveryState::Waiting);
    let delivered = AlertDelivery { error: None, ..delivery(1, "chat", DeliveryState::Delivered) };
    let deliveries = [waiting.clone(), delivered.clone()];
    database.writer.alerts(&[alert(1, "audit_score"), of_monitor.clone()], &deliveries).unwrap();
    let reader = database.readers.get().unwrap();
    assert_eq!(reader.lasting_alerts().unwrap(), [alert(1, "audit_score"), of_monitor.clone()]);
    assert_eq!(reader.newest_alert().unwrap(), 2);
    assert_eq!(reader.alert_deliveries(1).unwrap(), [delivered.clone(), waiting.clone()]);
    assert_eq!(reader.waiting_alert_deliveries().unwrap(), slice::from_ref(&waiting));

    let over = Alert {
        acknowledged_at: Some(seconds(200)),
        acknowledged_by: Some("ann".into()),
        resolved_at: Some(seconds(300)),
        ..alert(1, "audit_score")
    };
    let given_up = AlertDelivery { state: DeliveryState::Failed, attempts: 12, ..waiting };
    database.writer.alerts(slice::from_ref(&over), slice::from_ref(&given_up)).unwrap();
    assert_eq!(reader.lasting_alerts().unwrap(), slice::from_ref(&of_monitor));
    assert_eq!(reader.alert(1).unwrap(), Some(over.clone()));
    assert_eq!(reader.alert(3).unwrap(), None);
    assert_eq!(reader.waiting_alert_deliveries().unwrap(), []);
    assert_eq!(reader.alert_deliveries(1).unwrap(), [delivered, given_up]);
    let of = |from, to| {
        let window = Window { from: seconds(from), to: seconds(to) };
        let alerts = reader.alerts(window, 10).unwrap();
        alerts.iter().map(|alert| alert.id).collect::<Vec<_>>()
    };
    assert_eq!(of(0, 1000), [2, 1], "the newest first");
    assert_eq!(of(301, 1000), [2], "the first was over");
    assert_eq!(of(0, 120), [0; 0], "none had fired");
}

/// Predecessor fault 28: the row of an alert is inserted again every 15 minutes.
#[test]
fn a_second_incident_of_the_same_is_refused_while_one_lasts() {
    let mut database = Database::new();
    database.writer.alerts(&[alert(1, "audit_score")], &[]).unwrap();
    let refused = database.writer.alerts(&[alert(3, "clock"), alert(2, "audit_score")], &[]);
    assert!(refused.is_err());
    assert_eq!(database.readers.get().unwrap().lasting_alerts().unwrap().len(), 1, "none of it");
    let over = Alert { resolved_at: Some(seconds(300)), ..alert(1, "audit_score") };
    database.writer.alerts(&[alert(2, "audit_score"), over], &[]).unwrap();
    assert_eq!(database.readers.get().unwrap().lasting_alerts().unwrap()[0].id, 2);
}

#[test]
fn resolved_ones_go_after_90_days_and_lasting_ones_stay() {
    let mut database = Database::new();
    let resolved = |id: i64, at: Timestamp| Alert { resolved_at: Some(at), ..alert(id, "clock") };
    let alerts = [resolved(1, seconds(300)), resolved(2, seconds(2 * DAY)), alert(3, "clock")];
    let deliveries = [1, 2, 3].map(|id| delivery(id, "mail", DeliveryState::Delivered));
    database.writer.alerts(&alerts, &deliveries).unwrap();
    while database.writer.prune(NOW.plus_micros(90 * DAY * 1_000_000), 1).unwrap().more {}
    let reader = database.readers.get().unwrap();
    let left = [1, 2, 3].map(|id| {
        (reader.alert(id).unwrap().is_some(), reader.alert_deliveries(id).unwrap().len())
    });
    assert_eq!(left, [(false, 0), (true, 1), (true, 1)]);
}
