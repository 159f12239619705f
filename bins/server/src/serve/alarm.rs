//! Alerts as browsers and programs see them.

use std::{io::Write, sync::Arc};

use piecewatch_model::NodeName;
use piecewatch_store::{Alert, Readers};
use serde_json::{Value, json};

use super::{
    alerts::{self, AcknowledgeError, Alerts},
    api::{self, Acknowledged, Problem},
};
use crate::{alerts::rows::Row, form};

/// Who acknowledged an alert, where nobody says.
const SOMEBODY: &str = "somebody";

/// What the questions about alerts are answered with.
pub(super) fn of_api(alerts: &Arc<Alerts>, readers: &Readers) -> api::Alerts {
    let (of_csv, of_ids) = (readers.clone(), readers.clone());
    let (alerts, of_list) = (Arc::clone(alerts), Arc::clone(alerts));
    api::Alerts {
        schema: schema(),
        list: Box::new(move |nodes, window| {
            let found = of_list.history(window, |alert| is_of(alert, nodes))?;
            Ok(Value::Array(found))
        }),
        csv: Box::new(move |nodes, window, out: &mut dyn Write| {
            let found = alerts::history(&of_csv, window, |alert| is_of(alert, nodes))?;
            form::csv(out, found.iter().map(|(alert, deliveries)| Row::of(alert, deliveries)))
        }),
        acknowledge: Box::new(move |id, by| {
            let Ok(id) = id.parse() else { return Ok(Acknowledged::Unknown) };
            match alerts.acknowledge(id, by.unwrap_or(SOMEBODY)) {
                Ok(_) => Ok(Acknowledged::Noted),
                Err(AcknowledgeError::NotLasting(_)) => {
                    let known = of_ids.get()?.alert(id)?;
                    Ok(known.map_or(Acknowledged::Unknown, |_| Acknowledged::Over))
                }
                Err(error @ AcknowledgeError::Elsewhere) => {
                    Err(Problem::new(409, error.to_string()))
                }
            }
        }),
    }
}

/// Whether an alert is of one of these nodes, or of the server itself.
fn is_of(alert: &Alert, nodes: &[NodeName]) -> bool {
    alert.node.as_ref().is_none_or(|node| nodes.contains(node))
}

/// The schema of the list.
fn schema() -> Value {
    let text = json!({"type": "string"});
    let time = json!({"type": "string", "format": "date-time"});
    let number = json!({"type": "number"});
    let level = json!({"type": "string", "enum": ["warning", "critical"]});
    json!({
        "type": "array",
        "items": {
            "type": "object",
            "required": ["id", "rule", "state", "level", "worst", "sentence", "began_at", "fired_at", "deliveries"],
            "properties": {
                "id": {"type": "integer"},
                "rule": text, "node": text, "satellite": text, "satellite_id": text,
                "state": {"type": "string", "enum": ["firing", "acknowledged", "resolved"]},
                "level": level, "worst": level,
                "sentence": text, "value": number, "threshold": number,
                "began_at": time, "fired_at": time, "acknowledged_at": time,
                "acknowledged_by": text, "resolved_at": time, "notified_at": time,
                "deliveries": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["at", "channel", "notice", "state", "attempts"],
                        "properties": {
                            "at": time, "channel": text, "notice": text, "state": text,
                            "attempts": {"type": "integer", "minimum": 0},
                            "tried_at": time, "error": text,
                        },
                    },
                },
            },
        },
    })
}
