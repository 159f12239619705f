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
        let Ways { channels, heartbeat } = Ways::of(&config)?;
        let doors = channels.into_iter().map(Door::new).map(Arc::new).collect();
        Ok(Self { config, doors, heartbeat })
    }

    /// The way to a channel of this name.
    pub(super) fn door(&self, name: &str) -> Option<&Arc<Door>> {
        self.doors.iter().find(|door| door.name() == name)
    }
}

/// Who can be reached, and called.
#[derive(Debug, Default)]
pub(crate) struct Ways {
    /// The channels, ready to send.
    pub(crate) channels: Vec<Channel>,
    /// Who is called while all is well.
    pub(crate) heartbeat: Option<Heartbeat>,
}

impl Ways {
    /// Those of a configuration. Reaches nobody yet.
    ///
    /// # Errors
    ///
    /// When a secret cannot be read, or an address is none.
    pub(crate) fn of(config: &AlertsConfig) -> Result<Self> {
        if config.channels.is_empty() && config.heartbeat.is_none() {
            return Ok(Self::default());
        }
        let wrong =
            |channel: &str, wrong: String| Error::Channel { channel: channel.to_owned(), wrong };
        let http = Http::new().map_err(|error| wrong("webhooks", error))?;
        let made = config.channels.iter().map(|configured| {
            Channel::new(configured, &http).map_err(|error| wrong(&configured.name, error))
        });
        let channels = made.collect::<Result<Vec<_>>>()?;
        let heartbeat = config.heartbeat.as_ref().map(|configured| {
            Heartbeat::new(configured, http.clone()).map_err(|error| wrong("heartbeat", error))
        });
        Ok(Self { channels, heartbeat: heartbeat.transpose()? })
    }
}
