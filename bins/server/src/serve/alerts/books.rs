//! What is to be stored of alerts: kept until the database takes it.

use std::collections::BTreeMap;

use piecewatch_model::Timestamp;
use piecewatch_store::{Alert, AlertDelivery, Writer};

/// Of messages that cannot be stored so many are kept, the newest.
const DELIVERIES_MAX: usize = 10_000;

/// Writes alerts, and keeps what cannot be written.
#[derive(Debug)]
pub(super) struct Books {
    writer: Writer,
    alerts: BTreeMap<i64, Alert>,
    deliveries: BTreeMap<(Timestamp, i64, Box<str>), AlertDelivery>,
    is_failing: bool,
}

impl Books {
    pub(super) fn new(writer: Writer) -> Self {
        Self { writer, alerts: BTreeMap::new(), deliveries: BTreeMap::new(), is_failing: false }
    }

    /// Takes what is to be written.
    pub(super) fn note(
        &mut self,
        alerts: impl IntoIterator<Item = Alert>,
        deliveries: impl IntoIterator<Item = AlertDelivery>,
    ) {
        self.alerts.extend(alerts.into_iter().map(|alert| (alert.id, alert)));
        let keyed = |of: AlertDelivery| ((of.at, of.alert, of.channel.clone()), of);
        self.deliveries.extend(deliveries.into_iter().map(keyed));
        while self.deliveries.len() > DELIVERIES_MAX {
            self.deliveries.pop_first();
        }
    }

    /// Writes what it has; `false` when the database does not take it.
    pub(super) fn write(&mut self) -> bool {
        if self.alerts.is_empty() && self.deliveries.is_empty() {
            return !self.is_failing;
        }
        let alerts: Vec<Alert> = self.alerts.values().cloned().collect();
        let deliveries: Vec<AlertDelivery> = self.deliveries.values().cloned().collect();
        match self.writer.alerts(&alerts, &deliveries) {
            Ok(()) => {
                self.alerts.clear();
                self.deliveries.clear();
                self.is_failing = false;
            }
            Err(error) => {
                if !self.is_failing {
                    tracing::warn!("alerts are told but cannot be stored: {error}");
                }
                self.is_failing = true;
            }
        }
        !self.is_failing
    }
}
