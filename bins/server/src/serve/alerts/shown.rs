//! Alerts for machines: without nulls, a field that is not known is not there.

use piecewatch_model::{NodeName, Timestamp};
use piecewatch_store::{Alert, AlertDelivery};
use serde_json::{Map, Value};

/// An incident.
pub(crate) fn alert(of: &Alert) -> Value {
    let mut fields = Map::new();
    let mut add = |name: &str, value: Value| {
        if !value.is_null() {
            fields.insert(name.to_owned(), value);
        }
    };
    let time = |at: Option<Timestamp>| at.map_or(Value::Null, |at| at.to_string().into());
    let state = match (of.resolved_at, of.acknowledged_at) {
        (Some(_), _) => "resolved",
        (None, Some(_)) => "acknowledged",
        (None, None) => "firing",
    };
    add("id", of.id.into());
    add("rule", (&*of.rule).into());
    add("node", of.node.as_ref().map(NodeName::as_str).into());
    let known = of.satellite.and_then(|satellite| satellite.known());
    add("satellite", known.map(|known| known.name).into());
    add("satellite_id", of.satellite.map(|satellite| satellite.to_string()).into());
    add("state", state.into());
    add("level", of.level.name().into());
    add("worst", of.worst.name().into());
    add("sentence", of.sentence.as_str().into());
    add("value", of.value.into());
    add("threshold", of.threshold.into());
    add("began_at", time(Some(of.began_at)));
    add("fired_at", time(Some(of.fired_at)));
    add("acknowledged_at", time(of.acknowledged_at));
    add("acknowledged_by", of.acknowledged_by.as_deref().into());
    add("resolved_at", time(of.resolved_at));
    add("notified_at", time(of.notified_at));
    Value::Object(fields)
}

/// What became of a message.
pub(crate) fn delivery(of: &AlertDelivery) -> Value {
    let mut fields = Map::new();
    fields.insert("at".to_owned(), of.at.to_string().into());
    fields.insert("channel".to_owned(), (&*of.channel).into());
    fields.insert("notice".to_owned(), of.notice.name().into());
    fields.insert("state".to_owned(), of.state.name().into());
    fields.insert("attempts".to_owned(), of.attempts.into());
    if let Some(at) = of.tried_at {
        fields.insert("tried_at".to_owned(), at.to_string().into());
    }
    if let Some(error) = &of.error {
        fields.insert("error".to_owned(), error.as_str().into());
    }
    Value::Object(fields)
}
