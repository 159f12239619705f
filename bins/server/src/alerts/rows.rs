//! Alerts for machines: times are RFC 3339; what is not known is null, in CSV empty.

use piecewatch_model::{NodeName, Timestamp};
use piecewatch_store::{Alert, AlertDelivery, DeliveryState, Window};
use serde::Serialize;

use crate::{form::Span, serve::alerts::shown};

/// Everything, in JSON.
#[derive(Serialize)]
pub(super) struct Root<'a> {
    #[serde(flatten)]
    span: Span,
    alerts: Vec<Object<'a>>,
}

#[derive(Serialize)]
struct Object<'a> {
    #[serde(flatten)]
    row: Row<'a>,
    deliveries: Vec<serde_json::Value>,
}

/// One incident.
#[derive(Default, Serialize)]
pub(crate) struct Row<'a> {
    id: i64,
    rule: &'a str,
    node: Option<&'a str>,
    satellite: Option<&'static str>,
    satellite_id: Option<String>,
    state: &'static str,
    level: &'static str,
    worst: &'static str,
    sentence: &'a str,
    value: Option<f64>,
    threshold: Option<f64>,
    began_at: String,
    fired_at: String,
    seen_at: String,
    acknowledged_at: Option<String>,
    acknowledged_by: Option<&'a str>,
    resolved_at: Option<String>,
    notified_at: Option<String>,
    delivered: usize,
    undelivered: usize,
}

impl<'a> Root<'a> {
    pub(super) fn of(window: Window, found: &'a [(Alert, Vec<AlertDelivery>)]) -> Self {
        let object = |(alert, deliveries): &'a (Alert, Vec<AlertDelivery>)| Object {
            row: Row::of(alert, deliveries),
            deliveries: deliveries.iter().map(shown::delivery).collect(),
        };
        Self { span: Span::of(window), alerts: found.iter().map(object).collect() }
    }
}

impl<'a> Row<'a> {
    pub(crate) fn of(of: &'a Alert, deliveries: &[AlertDelivery]) -> Self {
        let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
        let is_delivered = |of: &&AlertDelivery| of.state == DeliveryState::Delivered;
        let delivered = deliveries.iter().filter(is_delivered).count();
        Self {
            id: of.id,
            rule: &of.rule,
            node: of.node.as_ref().map(NodeName::as_str),
            satellite: of.satellite.and_then(|id| id.known()).map(|known| known.name),
            satellite_id: of.satellite.map(|id| id.to_string()),
            state: state(of),
            level: of.level.name(),
            worst: of.worst.name(),
            sentence: &of.sentence,
            value: of.value,
            threshold: of.threshold,
            began_at: of.began_at.to_string(),
            fired_at: of.fired_at.to_string(),
            seen_at: of.seen_at.to_string(),
            acknowledged_at: text(of.acknowledged_at),
            acknowledged_by: of.acknowledged_by.as_deref(),
            resolved_at: text(of.resolved_at),
            notified_at: text(of.notified_at),
            delivered,
            undelivered: deliveries.len() - delivered,
        }
    }
}

/// Whether it lasts, and whether somebody knows.
pub(super) const fn state(of: &Alert) -> &'static str {
    match (of.resolved_at, of.acknowledged_at) {
        (Some(_), _) => "resolved",
        (None, Some(_)) => "acknowledged",
        (None, None) => "firing",
    }
}

/// Of what it is.
pub(super) fn node(of: &Alert) -> &str {
    of.node.as_ref().map_or("Piecewatch", NodeName::as_str)
}
