//! A call now and then while all is well, for a service that watches the watcher.

use std::{
    fmt,
    sync::{Arc, Mutex, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use hyper::Method;
use piecewatch_collector::config::{Heartbeat as Configured, Secret};
use piecewatch_model::Timestamp;
use serde_json::{Map, Value};
use tokio::{sync::watch, time::MissedTickBehavior};

use super::{
    Alerts,
    channel::without_secret,
    http::{self, Call, Http},
    locked,
    setup::Setup,
};
use crate::clock;

/// So many looks may be missed, or be long.
const LOOKS_MAX: u32 = 3;

/// Who is called, and how often.
pub(crate) struct Heartbeat {
    http: Http,
    url: Secret,
    every: Duration,
    told: Mutex<Told>,
}

/// How the calls do.
#[derive(Debug, Default)]
struct Told {
    answered_at: Option<Timestamp>,
    /// Of the last call, when that failed.
    error: Option<String>,
}

impl fmt::Debug for Heartbeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heartbeat").field("told", &self.told).finish_non_exhaustive()
    }
}

impl Heartbeat {
    /// Calls nobody yet.
    ///
    /// # Errors
    ///
    /// When the address cannot be read, or is none.
    pub(super) fn new(configured: &Configured, http: Http) -> Result<Self, String> {
        let url = configured.url.read()?;
        http::check(&url)?;
        Ok(Self { http, url, every: configured.every, told: Mutex::default() })
    }

    /// Calls once.
    ///
    /// # Errors
    ///
    /// What is wrong, in words without the address.
    pub(crate) async fn call(&self) -> Result<(), String> {
        let (url, headers) = (&self.url, Vec::new());
        let call = Call { method: Method::GET, url, headers, body: Bytes::new() };
        let called = self.http.call(call).await;
        // The other side might repeat the address, or a part of it.
        called.map_err(|failed| without_secret(&failed.words, &self.url))
    }

    /// Calls, and tells of failures: the first one aloud.
    async fn beat(&self) {
        let called = self.call().await;
        let mut told = locked(&self.told);
        match &called {
            Ok(()) => told.answered_at = Some(clock::now()),
            Err(words) if told.error.is_some() => tracing::debug!("the heartbeat: {words}"),
            Err(words) => tracing::warn!("the heartbeat does not arrive: {words}"),
        }
        told.error = called.err();
    }

    /// How the calls do: an object without nulls.
    pub(super) fn status(&self) -> Value {
        let told = locked(&self.told);
        let mut fields = Map::new();
        if let Some(at) = told.answered_at {
            fields.insert("answered_at".to_owned(), at.to_string().into());
        }
        if let Some(error) = &told.error {
            fields.insert("error".to_owned(), error.as_str().into());
        }
        Value::Object(fields)
    }
}

/// Calls as long as everything is read and written, after the first look that is told as a change.
pub(super) async fn beat(
    alerts: Arc<Alerts>,
    setup: Arc<Setup>,
    mut changed: watch::Receiver<u64>,
) {
    let Some(heartbeat) = &setup.heartbeat else { return };
    let mut ticks = tokio::time::interval(heartbeat.every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let _ = changed.changed().await;
    let age_max = setup.config.evaluate_every * LOOKS_MAX;
    loop {
        ticks.tick().await;
        if alerts.is_well(clock::now(), age_max) {
            heartbeat.beat().await;
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
