//! Alerts as they are kept: incidents, and what became of the messages about them.

use piecewatch_model::{NodeName, SatelliteId, Timestamp};
use rusqlite::{Transaction, TransactionBehavior, params};

use crate::{Error, Result, Writer};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AlertLevel {
    /// Somebody should look at it when there is time.
    Warning,
    /// It costs a node its place, its traffic or its pay, or the monitor is blind: look at it now.
    Critical,
}

impl AlertLevel {
    /// Every level, the lighter first.
    pub const ALL: [Self; 2] = [Self::Warning, Self::Critical];

    /// In one lower-case word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// The level of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }
}

/// Why operators are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AlertNotice {
    /// It has begun.
    Fired,
    /// It has become critical.
    Escalated,
    /// It still lasts, and nobody has acknowledged it.
    Repeated,
    /// It is over.
    Resolved,
}

impl AlertNotice {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Fired, Self::Escalated, Self::Repeated, Self::Resolved];

    /// In one lower-case word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fired => "fired",
            Self::Escalated => "escalated",
            Self::Repeated => "repeated",
            Self::Resolved => "resolved",
        }
    }

    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.name() == name)
    }
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// It is to be sent, or to be tried again.
    Waiting,
    /// It was taken.
    Delivered,
    /// It was given up.
    Failed,
}

impl DeliveryState {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Delivered, Self::Failed];

    /// In one lower-case word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// One incident.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// Its number, above 0.
    pub id: i64,
    /// The name of the rule.
    pub rule: Box<str>,
    /// The node; `None` where it is the monitor itself.
    pub node: Option<NodeName>,
    /// The satellite, where it is of one.
    pub satellite: Option<SatelliteId>,
    /// How bad it is, or was when it was seen last.
    pub level: AlertLevel,
    /// How bad it was at worst.
    pub worst: AlertLevel,
    /// What is the matter, for people, as it was told last.
    pub sentence: String,
    /// What was judged; `None` where it is no number.
    pub value: Option<f64>,
    /// What it was judged by.
    pub threshold: Option<f64>,
    /// When it was seen first.
    pub began_at: Timestamp,
    /// When it had lasted long enough.
    pub fired_at: Timestamp,
    /// When it was seen last.
    pub seen_at: Timestamp,
    /// When somebody said that they know.
    pub acknowledged_at: Option<Timestamp>,
    /// Who.
    pub acknowledged_by: Option<Box<str>>,
    /// When it ended; `None` while it lasts.
    pub resolved_at: Option<Timestamp>,
    /// When operators were told last; `None` where they were not.
    pub notified_at: Option<Timestamp>,
    /// The worst level that they were told.
    pub notified_level: Option<AlertLevel>,
}

/// What became of a message about one incident on one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertDelivery {
    /// The number of the incident.
    pub alert: i64,
    /// When the message was made; what one message tells has one time.
    pub at: Timestamp,
    /// The name of the channel.
    pub channel: Box<str>,
    /// Why it was sent.
    pub notice: AlertNotice,
    /// What became of it.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was tried last.
    pub tried_at: Option<Timestamp>,
    /// Why the last attempt that failed did; `None` where none did.
    pub error: Option<String>,
}

const ALERT: &str = "INSERT INTO alerts (id, rule, node, satellite, level, worst, sentence, value,
    threshold, began_at, fired_at, seen_at, acknowledged_at, acknowledged_by, resolved_at, notified_at,
    notified_level)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
ON CONFLICT (id) DO UPDATE SET level = excluded.level, worst = excluded.worst,
    sentence = excluded.sentence, value = excluded.value, threshold = excluded.threshold,
    seen_at = excluded.seen_at, acknowledged_at = excluded.acknowledged_at,
    acknowledged_by = excluded.acknowledged_by, resolved_at = excluded.resolved_at,
    notified_at = excluded.notified_at, notified_level = excluded.notified_level";

const DELIVERY: &str = "INSERT INTO alert_deliveries (alert, at, channel, notice, state, attempts,
    tried_at, error)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT DO UPDATE SET state = excluded.state, attempts = excluded.attempts,
    tried_at = excluded.tried_at, error = excluded.error";

impl Writer {
    /// Stores incidents and what became of messages as they are now, in one transaction: those that
    /// are known by their number, or by incident, time and channel, are changed.
    ///
    /// # Errors
    ///
    /// When the database cannot be written, or another incident of the same rule, node and satellite
    /// lasts. Then nothing of it is stored.
    pub fn alerts(&mut self, alerts: &[Alert], deliveries: &[AlertDelivery]) -> Result<()> {
        self.check_file()?;
        let micros = |at: Option<Timestamp>| at.map(Timestamp::as_micros);
        let failed = |error| Error::of(&self.path, "storing alerts", error);
        let transaction = Transaction::new(&mut self.connection, TransactionBehavior::Immediate)
            .map_err(failed)?;
        let write = || {
            // What has ended makes room for what begins anew.
            let ended = |of: &&Alert| of.resolved_at.is_some();
            let lasts = |of: &&Alert| of.resolved_at.is_none();
            for of in alerts.iter().filter(ended).chain(alerts.iter().filter(lasts)) {
                transaction.prepare_cached(ALERT)?.execute(params![
                    of.id,
                    of.rule,
                    of.node.as_ref().map_or("", NodeName::as_str),
                    of.satellite.map(|id| id.to_string()).unwrap_or_default(),
                    of.level.name(),
                    of.worst.name(),
                    of.sentence,
                    of.value.filter(|value| value.is_finite()),
                    of.threshold,
                    of.began_at.as_micros(),
                    of.fired_at.as_micros(),
                    of.seen_at.as_micros(),
                    micros(of.acknowledged_at),
                    of.acknowledged_by,
                    micros(of.resolved_at),
                    micros(of.notified_at),
                    of.notified_level.map(AlertLevel::name),
                ])?;
            }
            for of in deliveries {
                transaction.prepare_cached(DELIVERY)?.execute(params![
                    of.alert,
                    of.at.as_micros(),
                    of.channel,
                    of.notice.name(),
                    of.state.name(),
                    of.attempts,
                    micros(of.tried_at),
                    of.error,
                ])?;
            }
            transaction.commit()
        };
        write().map_err(failed)
    }
}
