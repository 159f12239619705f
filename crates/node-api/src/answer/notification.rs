//! What a node has told its operator, `/api/notifications/list`.

use piecewatch_model::Timestamp;
use serde::Deserialize;

use super::Read;
use crate::wire::{List, Number, Text, Time, or_zero, text, time};

/// A page of notifications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notifications {
    /// Those of the page.
    pub notifications: Vec<Notification>,
    /// How many pages there are.
    pub pages: u64,
    /// How many notifications there are.
    pub count: u64,
    /// How many of them were not read.
    pub unread: u64,
}

/// A notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Its id, a UUID.
    pub id: Box<str>,
    /// The satellite, or the node itself, that sent it.
    pub sender: Option<Box<str>>,
    /// What it is about.
    pub kind: NotificationKind,
    /// Its heading.
    pub title: Box<str>,
    /// What it says.
    pub message: Box<str>,
    /// When it was read; `None` when it was not.
    pub read_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
}

/// What a notification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationKind {
    /// Anything else, also of kinds that are not known here.
    Custom,
    /// A failed audit.
    AuditFailure,
    /// A disqualification.
    Disqualification,
    /// A suspension.
    Suspension,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    page: Option<WirePage>,
    unread_count: Option<Number>,
    total_count: Option<Number>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePage {
    #[serde(default)]
    notifications: List<WireNotification>,
    page_count: Option<Number>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireNotification {
    id: Text,
    sender_id: Option<Text>,
    r#type: Option<Number>,
    title: Option<Text>,
    message: Option<Text>,
    read_at: Option<Time>,
    created_at: Option<Time>,
}

impl Notifications {
    /// Reads an answer to `/api/notifications/list`.
    ///
    /// # Errors
    ///
    /// When it is no JSON, or a notification has no id.
    pub fn from_json(bytes: &[u8]) -> Read<Self> {
        let wire: Wire = serde_json::from_slice(bytes)?;
        let (list, pages) = wire.page.map_or_else(Default::default, |page| {
            (page.notifications.0, or_zero(page.page_count, Number::unsigned))
        });
        Ok(Self {
            notifications: list.into_iter().map(converted).collect(),
            pages,
            count: or_zero(wire.total_count, Number::unsigned),
            unread: or_zero(wire.unread_count, Number::unsigned),
        })
    }
}

fn converted(wire: WireNotification) -> Notification {
    Notification {
        id: wire.id.0,
        sender: text(wire.sender_id),
        kind: match wire.r#type.map(Number::whole) {
            Some(1) => NotificationKind::AuditFailure,
            Some(2) => NotificationKind::Disqualification,
            Some(3) => NotificationKind::Suspension,
            Some(_) | None => NotificationKind::Custom,
        },
        title: text(wire.title).unwrap_or_default(),
        message: text(wire.message).unwrap_or_default(),
        read_at: time(wire.read_at),
        created_at: time(wire.created_at),
    }
}
