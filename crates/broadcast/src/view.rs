//! Channels, whose state the application gives, and views, in which clients see them.

use std::{collections::BTreeSet, fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use serde_json::Value;

use crate::{
    client::ClientId,
    config::Switch,
    diff::{Diff, diff},
    frame::{self, Kind, Part},
    topic::{Class, Nodes, Urgency},
};

/// A topic's state for a set of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelId(pub(crate) u64);

/// A channel at one rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ViewId(pub(crate) u64);

impl fmt::Display for ViewId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "v{}", self.0)
    }
}

/// Where the newest state of a channel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// Nobody was asked.
    None,
    /// The application has to be asked.
    Queued,
    /// The application was asked, and has not answered.
    Asked,
}

#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) topic: usize,
    pub(crate) nodes: Nodes,
    pub(crate) urgency: Urgency,
    /// Changed since the application was last asked.
    pub(crate) dirty: bool,
    pub(crate) want: Want,
    /// Not asked again before: the application let the last question fall.
    pub(crate) not_before: Duration,
    pub(crate) state: Option<Arc<Value>>,
    /// Counts the states, from 1; 0 while there is none.
    pub(crate) version: u64,
    pub(crate) views: Vec<ViewId>,
}

impl Channel {
    pub(crate) fn is_of(&self, node: Option<&str>) -> bool {
        let Some(node) = node else { return true };
        self.nodes.is_empty() || self.nodes.binary_search_by(|name| (**name).cmp(node)).is_ok()
    }
}

#[derive(Debug)]
pub(crate) struct View {
    pub(crate) id: ViewId,
    pub(crate) channel: ChannelId,
    pub(crate) class: Class,
    /// Counts the updates, from 1; 0 while there is none.
    pub(crate) seq: u64,
    /// Of the channel's states, the one that this view shows.
    pub(crate) version: u64,
    pub(crate) due_at: Duration,
    pub(crate) clients: BTreeSet<ClientId>,
    value: Option<Arc<Value>>,
    patch: Option<Bytes>,
    snapshot: Option<Bytes>,
}

/// What became of a view when it was given a state.
pub(crate) struct Advanced {
    pub(crate) changed: bool,
    /// Messages that had to be made for it.
    pub(crate) serialised: u64,
}

impl View {
    pub(crate) fn new(id: ViewId, channel: ChannelId, class: Class) -> Self {
        Self {
            id,
            channel,
            class,
            seq: 0,
            version: 0,
            due_at: Duration::ZERO,
            clients: BTreeSet::new(),
            value: None,
            patch: None,
            snapshot: None,
        }
    }

    /// Shows a newer state of the channel.
    pub(crate) fn advance(
        &mut self,
        state: &Arc<Value>,
        version: u64,
        diffs: Switch,
        now: Duration,
    ) -> Advanced {
        let before = self.value.replace(Arc::clone(state));
        self.version = version;
        let change = match (&before, diffs) {
            (None, _) => Diff::Whole,
            (Some(before), Switch::On) => diff(before, state),
            (Some(before), Switch::Off) if before == state => Diff::Same,
            (Some(_), Switch::Off) => Diff::Whole,
        };
        if change == Diff::Same {
            return Advanced { changed: false, serialised: 0 };
        }
        self.seq += 1;
        self.due_at = now + self.class.period();
        (self.patch, self.snapshot) = (None, None);
        let mut serialised = 0;
        if let Diff::Patch { patch, removals } = change {
            let patch = frame::patch(self.id, self.seq, &patch);
            serialised += 1;
            // What removes nothing is a part of the state, and shorter. What removes may be longer.
            if removals > 0 {
                let snapshot = frame::snapshot(self.id, self.seq, state);
                serialised += 1;
                self.patch = (patch.len() < snapshot.len()).then_some(patch);
                self.snapshot = Some(snapshot);
            } else {
                self.patch = Some(patch);
            }
        }
        Advanced { changed: true, serialised }
    }

    /// What a client needs that was given `given` last. `None`: nothing.
    pub(crate) fn part(&self, given: u64) -> Option<Part> {
        if self.seq == 0 || given == self.seq {
            return None;
        }
        let next = given > 0 && given + 1 == self.seq && self.patch.is_some();
        let kind = if next { Kind::Patch } else { Kind::Snapshot };
        Some(Part { view: self.id, seq: self.seq, kind })
    }

    /// Makes the snapshot's bytes unless they are made. Whether they had to be.
    pub(crate) fn prepare(&mut self, kind: Kind) -> bool {
        match (&self.value, kind) {
            (Some(value), Kind::Snapshot) if self.snapshot.is_none() => {
                self.snapshot = Some(frame::snapshot(self.id, self.seq, value));
                true
            }
            (Some(_) | None, Kind::Snapshot | Kind::Patch) => false,
        }
    }

    /// The bytes of a message that [`View::part`] named and [`View::prepare`] made.
    pub(crate) fn text(&self, kind: Kind) -> Bytes {
        let text = match kind {
            Kind::Snapshot => &self.snapshot,
            Kind::Patch => &self.patch,
        };
        text.clone().expect("a message is prepared before it is strung")
    }

    /// Bytes of messages that are kept.
    pub(crate) fn held_bytes(&self) -> usize {
        let length = |text: &Option<Bytes>| text.as_ref().map_or(0, Bytes::len);
        length(&self.patch) + length(&self.snapshot)
    }
}
