//! What the hub keeps of a client: little, whatever the client does.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;

use crate::{
    config::Limits,
    message::Reply,
    view::{ChannelId, ViewId},
};

/// A client of a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub(crate) u64);

/// Why a client is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CloseReason {
    /// The server stops.
    GoingAway,
    /// A message was too long.
    MessageTooLong,
    /// Too many messages, or too many that make no sense.
    TooManyMessages,
    /// Too many subscriptions, or names in one.
    TooMuchAsked,
    /// Nothing came from it for too long, not even the answer to a ping.
    Silent,
    /// It took nothing of what waits for it for too long, or asked on without reading the answers.
    Stalled,
    /// It went by itself.
    Left,
}

impl CloseReason {
    /// Each of them, in the order of [`crate::Statistics::closed`].
    pub const ALL: [Self; 7] = [
        Self::GoingAway,
        Self::MessageTooLong,
        Self::TooManyMessages,
        Self::TooMuchAsked,
        Self::Silent,
        Self::Stalled,
        Self::Left,
    ];

    /// The code of a WebSocket's close frame (RFC 6455, section 7.4.1).
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::GoingAway => 1001,
            Self::MessageTooLong => 1009,
            Self::TooManyMessages | Self::TooMuchAsked | Self::Silent | Self::Stalled => 1008,
            Self::Left => 1000,
        }
    }

    /// The text of a close frame, below the 123 bytes that fit.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::GoingAway => "the server stops",
            Self::MessageTooLong => "a message was too long",
            Self::TooManyMessages => "too many messages",
            Self::TooMuchAsked => "too many subscriptions or names",
            Self::Silent => "no answer to a ping",
            Self::Stalled => "what was sent is not read",
            Self::Left => "left",
        }
    }
}

/// Why a client is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// As many as may be are there.
    #[error("too many clients")]
    Full,
    /// The hub stops, or has stopped.
    #[error("the server stops")]
    Stopping,
}

/// How many messages a client may send now.
#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled_at: Duration,
}

impl Bucket {
    fn take(&mut self, limits: &Limits, now: Duration) -> bool {
        let passed = now.saturating_sub(self.filled_at).as_secs_f64();
        let filled = self.tokens + passed * f64::from(limits.messages_per_second);
        self.tokens = filled.min(f64::from(limits.burst));
        self.filled_at = self.filled_at.max(now);
        let enough = self.tokens >= 1.0;
        if enough {
            self.tokens -= 1.0;
        }
        enough
    }
}

/// One subscription.
#[derive(Debug)]
pub(crate) struct Sub {
    pub(crate) sub: u32,
    pub(crate) channel: ChannelId,
    pub(crate) view: ViewId,
    pub(crate) max_hz: Option<f64>,
    /// The last update of the view that the client was given; 0: none, it needs a snapshot.
    pub(crate) given: u64,
    /// The newest state of the channel that the client has seen: it is given none before.
    pub(crate) floor: u64,
    /// The client was not told yet which view it is.
    pub(crate) untold: bool,
}

#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) subs: Vec<Sub>,
    pub(crate) hidden: bool,
    /// Waits in the hub's queue of clients that may be given something.
    pub(crate) queued: bool,
    pub(crate) ping_due: bool,
    pub(crate) replies: VecDeque<Bytes>,
    pub(crate) faults: u32,
    pub(crate) heard_at: Duration,
    pub(crate) pinged_at: Duration,
    /// Since when its slot is full while something waits. `None`: it takes what it is given.
    pub(crate) behind_since: Option<Duration>,
    bucket: Bucket,
}

impl Client {
    pub(crate) fn new(hello: Bytes, limits: &Limits, now: Duration) -> Self {
        Self {
            subs: Vec::new(),
            hidden: false,
            queued: false,
            ping_due: false,
            replies: VecDeque::from([hello]),
            faults: 0,
            heard_at: now,
            pinged_at: now,
            behind_since: None,
            bucket: Bucket { tokens: f64::from(limits.burst), filled_at: now },
        }
    }

    /// Whether it may send one more message.
    pub(crate) fn may_send(&mut self, limits: &Limits, now: Duration) -> bool {
        self.bucket.take(limits, now)
    }

    pub(crate) fn reply(&mut self, reply: &Reply) {
        self.replies.push_back(reply.text());
    }

    /// Whether no subscription but that at `index` is served by its view.
    pub(crate) fn alone(&self, index: usize) -> bool {
        let view = self.subs[index].view;
        self.subs.iter().enumerate().all(|(other, sub)| other == index || sub.view != view)
    }

    /// Bytes that wait for it and for nobody else.
    pub(crate) fn held_bytes(&self) -> usize {
        self.replies.iter().map(Bytes::len).sum()
    }
}
