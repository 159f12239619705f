//! A call now and then while all is well, for a service that watches the watcher.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use hyper::Method;
use piecewatch_collector::config::{Heartbeat as Configured, Secret};
use piecewatch_model::Timestamp;
use tokio::time::MissedTickBehavior;

use super::{
    Alerts,
    channel::without_secret,
    http::{self, Call, Http},
    setup::Setup,
};
use crate::{Error, Result, clock};

/// So many looks may be missed, or be long.
const LOOKS_MAX: u32 = 3;

/// Who is called, and how often.
pub(super) struct Heartbeat {
    http: Http,
    url: Secret,
    every: Duration,
}

impl Heartbeat {
    /// # Errors
    ///
    /// When the address cannot be read, or is none.
    pub(super) fn new(configured: &Configured, http: Http) -> Result<Self> {
        let wrong = |wrong: String| Error::Channel { channel: "heartbeat".to_owned(), wrong };
        let url = configured.url.read().map_err(wrong)?;
        http::check(&url).map_err(|error| wrong(error.to_owned()))?;
        Ok(Self { http, url, every: configured.every })
    }
}

/// Calls as long as everything is read and written.
pub(super) async fn beat(alerts: Arc<Alerts>, setup: Arc<Setup>) {
    let Some(heartbeat) = &setup.heartbeat else { return };
    let mut ticks = tokio::time::interval(heartbeat.every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first look is to be over.
    let mut changed = alerts.changed();
    let _ = changed.changed().await;
    let age_max = setup.config.evaluate_every * LOOKS_MAX;
    let mut is_failing = false;
    loop {
        ticks.tick().await;
        if !alerts.is_well(clock::now(), age_max) {
            continue;
        }
        let (url, headers) = (&heartbeat.url, Vec::new());
        let call = Call { method: Method::GET, url, headers, body: Bytes::new() };
        match heartbeat.http.call(call).await {
            Ok(()) => is_failing = false,
            Err(failed) => {
                // The other side might repeat the address, or a part of it.
                let words = without_secret(&failed.words, &heartbeat.url);
                if is_failing {
                    tracing::debug!("the heartbeat: {words}");
                } else {
                    tracing::warn!("the heartbeat does not arrive: {words}");
                }
                is_failing = true;
            }
        }
    }
}

impl Alerts {
    /// Whether everything was read and written within so long.
    pub(super) fn is_well(&self, now: Timestamp, age_max: Duration) -> bool {
        let age = now.as_micros().saturating_sub(self.well_at.load(Ordering::Relaxed));
        u128::try_from(age).is_ok_and(|age| age <= age_max.as_micros())
    }
}
