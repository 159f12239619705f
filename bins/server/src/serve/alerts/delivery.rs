//! From a message to people: a bounded queue for each channel, and as many attempts as make sense.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use piecewatch_model::Timestamp;
use piecewatch_store::{AlertDelivery, DeliveryState};
use serde_json::{Map, Value};
use tokio::sync::mpsc;

use super::{Alerts, channel::Channel, locked, message::Message};
use crate::{clock, serve::own::ChannelFigures};

/// How many messages may wait for a channel. One that finds no room is told as failed: what is told later
/// says more of now.
const WAITING_MAX: usize = 64;

/// How a message is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Retry {
    /// After the first failure.
    pub(crate) first: Duration,
    /// Each pause is twice the one before, up to this.
    pub(crate) longest: Duration,
    /// So many attempts at most,
    pub(crate) attempts_max: u32,
    /// and none of a message that is older.
    pub(crate) age_max: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(5),
            longest: Duration::from_secs(600),
            attempts_max: 50,
            age_max: Duration::from_secs(6 * 3600),
        }
    }
}

impl Retry {
    /// The pause after so many failures, half of it or all: channels do not try in step.
    fn pause(&self, failures: u32) -> Duration {
        let doubled = 1_u32.checked_shl(failures.saturating_sub(1).min(16)).unwrap_or(u32::MAX);
        let pause = self.first.saturating_mul(doubled).min(self.longest);
        pause.mul_f64(0.5 + fastrand::f64() / 2.0)
    }
}

/// A message that waits, and how often it was tried.
type Waiting = (Message, u32);

/// A channel and what waits for it.
pub(super) struct Door {
    channel: Channel,
    queue: mpsc::Sender<Waiting>,
    /// Taken by who delivers.
    waiting: Mutex<Option<mpsc::Receiver<Waiting>>>,
    told: Mutex<Told>,
}

/// How a channel does.
#[derive(Debug, Default, Clone)]
struct Told {
    delivered: u64,
    failed: u64,
    delivered_at: Option<Timestamp>,
    /// Of the last attempt, when that failed.
    error: Option<String>,
}

impl Door {
    pub(super) fn new(channel: Channel) -> Self {
        // What waited before has room beside what is new.
        let (queue, waiting) = mpsc::channel(2 * WAITING_MAX);
        Self { channel, queue, waiting: Mutex::new(Some(waiting)), told: Mutex::default() }
    }

    pub(super) fn name(&self) -> &str {
        self.channel.name()
    }

    /// How the channel did until now, where another door led to it.
    pub(super) fn go_on_from(&self, before: &Self) {
        let told = locked(&before.told).clone();
        *locked(&self.told) = told;
    }

    pub(super) fn part(&self, message: &Message) -> Option<Message> {
        self.channel.part(message)
    }

    /// Lets a message wait for its turn; gives it back where too many wait.
    pub(super) fn give(&self, message: Message) -> Result<(), Message> {
        if self.waiting() < WAITING_MAX {
            self.give_again(message, 0)
        } else {
            self.refuse(message)
        }
    }

    /// The same for one that waited before, and was tried so often.
    pub(super) fn give_again(&self, message: Message, attempts: u32) -> Result<(), Message> {
        let given = self.queue.try_send((message, attempts));
        given.or_else(|refused| self.refuse(refused.into_inner().0))
    }

    fn refuse(&self, message: Message) -> Result<(), Message> {
        tracing::warn!(channel = self.name(), "too many alerts wait; one is left out");
        locked(&self.told).failed += 1;
        Err(message)
    }

    fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    pub(super) fn figures(&self) -> ChannelFigures {
        let told = locked(&self.told);
        ChannelFigures {
            name: self.name().to_owned(),
            delivered: told.delivered,
            failed: told.failed,
            is_failing: told.error.is_some(),
        }
    }

    pub(super) fn status(&self) -> Value {
        let told = locked(&self.told);
        let mut fields = Map::new();
        fields.insert("waiting".to_owned(), self.waiting().into());
        fields.insert("delivered".to_owned(), told.delivered.into());
        fields.insert("failed".to_owned(), told.failed.into());
        if let Some(at) = told.delivered_at {
            fields.insert("delivered_at".to_owned(), at.to_string().into());
        }
        if let Some(error) = &told.error {
            fields.insert("error".to_owned(), error.as_str().into());
        }
        Value::Object(fields)
    }
}

/// What is stored of a message that waits for its first attempt.
pub(super) fn rows(channel: &str, message: &Message) -> Vec<AlertDelivery> {
    rows_as(channel, message, DeliveryState::Waiting, 0, None, None)
}

/// What is stored of a message that found no room.
pub(super) fn refused(channel: &str, message: &Message) -> Vec<AlertDelivery> {
    let error = Some("too many messages waited for this channel".to_owned());
    rows_as(channel, message, DeliveryState::Failed, 0, None, error)
}

fn rows_as(
    channel: &str,
    message: &Message,
    state: DeliveryState,
    attempts: u32,
    tried_at: Option<Timestamp>,
    error: Option<String>,
) -> Vec<AlertDelivery> {
    let row = |of: &piecewatch_analytics::alert::Notice| AlertDelivery {
        alert: of.alert.id,
        at: message.at,
        channel: channel.into(),
        notice: of.notice,
        state,
        attempts,
        tried_at,
        error: error.clone(),
    };
    message.notices.iter().map(row).collect()
}

/// Delivers what waits for a channel, one message after another.
pub(super) async fn deliver(alerts: Arc<Alerts>, door: Arc<Door>) {
    let waiting = locked(&door.waiting).take();
    let Some(mut waiting) = waiting else { return };
    while let Some((message, attempts)) = waiting.recv().await {
        deliver_one(&alerts, &door, message, attempts).await;
    }
}

async fn deliver_one(alerts: &Arc<Alerts>, door: &Door, message: Message, mut attempts: u32) {
    let (retry, channel) = (alerts.retry, &door.channel);
    let mut error = None;
    loop {
        attempts += 1;
        let sent = channel.send(&message).await;
        let now = clock::now();
        let age = now.as_micros().saturating_sub(message.at.as_micros());
        let is_old = u128::try_from(age).is_ok_and(|age| age > retry.age_max.as_micros());
        let mut pause = retry.pause(attempts);
        let state = match sent {
            Ok(()) => DeliveryState::Delivered,
            Err(failed) => {
                tracing::warn!(
                    channel = channel.name(),
                    attempts,
                    "an alert did not arrive: {}",
                    failed.words
                );
                error = Some(failed.words);
                pause = failed.wait.unwrap_or(pause).max(pause).min(retry.longest);
                if failed.is_final || is_old || attempts >= retry.attempts_max {
                    DeliveryState::Failed
                } else {
                    DeliveryState::Waiting
                }
            }
        };
        {
            let mut told = locked(&door.told);
            match state {
                DeliveryState::Delivered => {
                    told.delivered += 1;
                    told.delivered_at = Some(now);
                    told.error = None;
                }
                DeliveryState::Failed => {
                    told.failed += 1;
                    told.error.clone_from(&error);
                }
                DeliveryState::Waiting => told.error.clone_from(&error),
            }
        }
        let rows = rows_as(channel.name(), &message, state, attempts, Some(now), error.clone());
        let of_thread = Arc::clone(alerts);
        let noted = tokio::task::spawn_blocking(move || of_thread.note([], rows)).await;
        if let Err(error) = noted {
            tracing::error!("what became of an alert cannot be noted: {error}");
        }
        match state {
            DeliveryState::Waiting => tokio::time::sleep(pause).await,
            DeliveryState::Delivered => {
                tracing::info!(channel = channel.name(), "told: {}", message.title());
                return;
            }
            DeliveryState::Failed => {
                tracing::error!(channel = channel.name(), "given up: {}", message.title());
                return;
            }
        }
    }
}
