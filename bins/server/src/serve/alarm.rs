//! Alerts as browsers and programs see them.

use std::{io::Write, sync::Arc};

use piecewatch_store::Readers;
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
    let of_csv = readers.clone();
    let (alerts, of_list) = (Arc::clone(alerts), Arc::clone(alerts));
    api::Alerts {
        schema: schema(),
        list: Box::new(move |nodes, window| {
            let of_these = |alert: &Value| {
                let of = alert["node"].as_str();
                of.is_none_or(|of| nodes.iter().any(|node| node.as_str() == of))
            };
            Ok(of_list.history(window)?.into_iter().filter(of_these).collect())
        }),
        csv: Arc::new(move |nodes, window, out: &mut dyn Write| {
            // The alerts of nodes, and those of the server itself.
            let mut found = alerts::history(&of_csv, window, alerts::HISTORY_MAX)?;
            found.retain(|(alert, _)| alert.node.as_ref().is_none_or(|node| nodes.contains(node)));
            form::csv(out, found.iter().map(|(alert, deliveries)| Row::of(alert, deliveries)))
        }),
        acknowledge: Box::new(move |id, by| {
            let Ok(id) = id.parse() else { return Ok(Acknowledged::Unknown) };
            match alerts.acknowledge(id, by.unwrap_or(SOMEBODY)) {
                Ok(_) => Ok(Acknowledged::Noted),
                Err(AcknowledgeError::NotLasting(_)) => Ok(Acknowledged::Over),
                Err(error @ AcknowledgeError::Elsewhere) => {
                    Err(Problem::new(409, error.to_string()))
                }
            }
        }),
    }
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
