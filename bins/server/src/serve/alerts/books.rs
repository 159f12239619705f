//! What is to be stored of alerts: kept until the database takes it.

use std::{collections::BTreeMap, sync::Mutex};

use piecewatch_model::Timestamp;
use piecewatch_store::{Alert, AlertDelivery, Writer};

use super::locked;

/// Of messages that cannot be stored so many are kept, the newest.
const DELIVERIES_MAX: usize = 10_000;

/// Writes alerts, and keeps what cannot be written.
#[derive(Debug)]
pub(super) struct Books {
    pen: Mutex<Pen>,
    /// Never held while something is written: who takes note of a thing waits for no disk.
    waiting: Mutex<Waiting>,
}

#[derive(Debug)]
struct Pen {
    writer: Writer,
    is_failing: bool,
}

#[derive(Debug, Default)]
struct Waiting {
    alerts: BTreeMap<i64, Alert>,
    deliveries: BTreeMap<(Timestamp, i64, Box<str>), AlertDelivery>,
}

impl Books {
    pub(super) fn new(writer: Writer) -> Self {
        Self { pen: Mutex::new(Pen { writer, is_failing: false }), waiting: Mutex::default() }
    }

    /// Takes what is to be written.
    pub(super) fn note(
        &self,
        alerts: impl IntoIterator<Item = Alert>,
        deliveries: impl IntoIterator<Item = AlertDelivery>,
    ) {
        let mut waiting = locked(&self.waiting);
        waiting.alerts.extend(alerts.into_iter().map(|alert| (alert.id, alert)));
        let keyed = |of: AlertDelivery| ((of.at, of.alert, of.channel.clone()), of);
        waiting.deliveries.extend(deliveries.into_iter().map(keyed));
        while waiting.deliveries.len() > DELIVERIES_MAX {
            waiting.deliveries.pop_first();
        }
    }

    /// Writes what it has; `false` when the database does not take it.
    pub(super) fn write(&self) -> bool {
        let mut pen = locked(&self.pen);
        let taken = std::mem::take(&mut *locked(&self.waiting));
        if taken.alerts.is_empty() && taken.deliveries.is_empty() {
            return !pen.is_failing;
        }
        let alerts: Vec<Alert> = taken.alerts.values().cloned().collect();
        let deliveries: Vec<AlertDelivery> = taken.deliveries.values().cloned().collect();
        match pen.writer.alerts(&alerts, &deliveries) {
            Ok(()) => pen.is_failing = false,
            Err(error) => {
                if !pen.is_failing {
                    tracing::warn!("alerts are told but cannot be stored: {error}");
                }
                pen.is_failing = true;
                locked(&self.waiting).put_back(taken);
            }
        }
        !pen.is_failing
    }
}

impl Waiting {
    /// What was noted meanwhile is newer.
    fn put_back(&mut self, taken: Self) {
        for (id, alert) in taken.alerts {
            self.alerts.entry(id).or_insert(alert);
        }
        for (key, delivery) in taken.deliveries {
            self.deliveries.entry(key).or_insert(delivery);
        }
    }
}
