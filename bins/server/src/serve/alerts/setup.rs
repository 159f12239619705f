//! What is configured of alerts, ready to be used; another one takes its place when the configuration is read
//! again.

use std::sync::Arc;

use piecewatch_collector::config::AlertsConfig;

use super::{channel::Channel, delivery::Door, heartbeat::Heartbeat, http::Http};
use crate::{Error, Result};

/// Rules, and the ways to reach people.
pub(super) struct Setup {
    pub(super) config: AlertsConfig,
    pub(super) doors: Vec<Arc<Door>>,
    pub(super) heartbeat: Option<Heartbeat>,
}

impl Setup {
    /// Reaches nobody yet.
    ///
    /// # Errors
    ///
    /// When a secret cannot be read, or an address is none.
    pub(super) fn new(config: AlertsConfig) -> Result<Self> {
        let (http, channels) = channels(&config)?;
        let heartbeat = match (&config.heartbeat, http) {
            (Some(configured), Some(http)) => Some(Heartbeat::new(configured, http)?),
            (Some(_) | None, _) => None,
        };
        let doors = channels.into_iter().map(Door::new).map(Arc::new).collect();
        Ok(Self { config, doors, heartbeat })
    }

    /// The way to a channel of this name.
    pub(super) fn door(&self, name: &str) -> Option<&Arc<Door>> {
        self.doors.iter().find(|door| door.name() == name)
    }
}

/// The channels of a configuration, ready to send.
///
/// # Errors
///
/// When a secret cannot be read, or an address is none.
pub(crate) fn channels(config: &AlertsConfig) -> Result<(Option<Http>, Vec<Channel>)> {
    if config.channels.is_empty() && config.heartbeat.is_none() {
        return Ok((None, Vec::new()));
    }
    let wrong =
        |channel: &str, wrong: String| Error::Channel { channel: channel.to_owned(), wrong };
    let http = Http::new().map_err(|error| wrong("webhooks", error))?;
    let made = config.channels.iter().map(|configured| {
        Channel::new(configured, &http).map_err(|error| wrong(&configured.name, error))
    });
    let channels = made.collect::<Result<Vec<_>>>()?;
    Ok((Some(http), channels))
}
