//! The way of a change: a channel is dirty, its state is wanted and given, its views advance.

use std::{mem, sync::Arc, time::Duration};

use serde_json::Value;

use super::{Hub, Wanted};
use crate::{
    client::Client,
    diff::strip_nulls,
    message::Fault,
    pacing::GATHER,
    topic::Urgency,
    view::{Channel, ChannelId, View, ViewId, Want},
};

/// A state that the application let fall is not asked for again before this has passed.
const ASK_AGAIN: Duration = Duration::from_secs(1);

impl Hub {
    /// Something of the topic changed, at one node or (`None`) at any. A topic that is not the
    /// hub's is nobody's.
    pub fn changed(&mut self, topic: &str, node: Option<&str>) {
        self.counts.events += 1;
        self.mark(topic, node);
    }

    /// [`Hub::changed`], for changes that were counted when they were gathered elsewhere.
    pub(crate) fn mark(&mut self, topic: &str, node: Option<&str>) {
        let Some(topic) = self.topics.iter().position(|known| *known.name == *topic) else {
            return;
        };
        let of_topic = self.channels.values_mut().filter(|channel| channel.topic == topic);
        for channel in of_topic.filter(|channel| channel.is_of(node)) {
            channel.dirty = true;
        }
    }

    pub(crate) fn count_events(&mut self, events: u64) {
        self.counts.events += events;
    }

    /// The next state that the application is asked for. It is not asked for it again before it
    /// gave an answer: [`Hub::answer`], [`Hub::refuse`] or [`Hub::let_fall`].
    pub fn take_want(&mut self) -> Option<Wanted> {
        let id = self.wants.pop_front()?;
        let channel = self.channels.get_mut(&id)?;
        channel.want = Want::Asked;
        self.counts.wanted += 1;
        let topic = Arc::clone(&self.topics[channel.topic].name);
        Some(Wanted { channel: id, topic, nodes: Arc::clone(&channel.nodes) })
    }

    /// The channel's newest state. Members that are null are left out. Nothing if nobody watches
    /// the channel any more.
    pub fn answer(&mut self, id: ChannelId, mut state: Value, now: Duration) {
        let Some(channel) = self.channels.get_mut(&id) else { return };
        self.counts.states += 1;
        strip_nulls(&mut state);
        channel.want = Want::None;
        channel.version += 1;
        channel.state = Some(Arc::new(state));
        let at_once = channel.urgency == Urgency::AtOnce || self.late.remove(&id);
        for view in channel.views.clone() {
            let first = |view: &View| view.seq == 0 || (at_once && view.due_at <= now);
            if self.views.get(&view).is_some_and(first) {
                self.advance(view, now);
            }
        }
        self.gathered(id, now);
    }

    /// There is no such state: a node that is none. Whoever watches it is told, and watches no more.
    pub fn refuse(&mut self, id: ChannelId, reason: &str, now: Duration) {
        let Some(channel) = self.channels.get(&id) else { return };
        let views = channel.views.iter().filter_map(|view| self.views.get(view));
        let watching: Vec<_> = views.flat_map(|view| view.clients.iter().copied()).collect();
        for client in watching {
            let Some(found) = self.clients.get_mut(&client) else { continue };
            let refused: Vec<_> = found.subs.extract_if(.., |sub| sub.channel == id).collect();
            for sub in refused {
                self.leave(sub.view, client);
                self.tell(client, Fault::new(reason, Some(sub.sub)));
            }
        }
        self.gathered(id, now);
    }

    /// The application will not answer what it was asked. It is asked again after a second.
    pub fn let_fall(&mut self, id: ChannelId, now: Duration) {
        let Some(channel) = self.channels.get_mut(&id) else { return };
        (channel.want, channel.dirty) = (Want::None, true);
        channel.not_before = now + ASK_AGAIN;
        self.gathered(id, now);
    }

    fn gathered(&mut self, id: ChannelId, now: Duration) {
        if self.gathering.remove(&id) && self.gathering.is_empty() {
            self.close_window(now);
        }
    }

    /// When [`Hub::poll`] has something to do next. `None`: not before somebody says something.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let views = self.views.values().filter_map(|view| self.renewal(view));
        let renewals = views.map(|(urgency, at)| match (urgency, self.gather_until) {
            (Urgency::Windowed, Some(until)) => at.max(until),
            (Urgency::Windowed, None) | (Urgency::AtOnce, _) => at,
        });
        renewals.chain(self.gather_until).chain(self.look_at()).min()
    }

    /// When a view may be renewed that has to be. `None`: it is as new as can be, or its state is
    /// being waited for.
    fn renewal(&self, view: &View) -> Option<(Urgency, Duration)> {
        let channel = self.channels.get(&view.channel)?;
        let opens_at = match channel.urgency {
            Urgency::Windowed => self.pacing.opens_at(),
            Urgency::AtOnce => self.pacing.urgent_at(),
        };
        let at = view.due_at.max(opens_at);
        if channel.version > view.version {
            Some((channel.urgency, at))
        } else if Self::to_ask(channel) {
            Some((channel.urgency, at.max(channel.not_before)))
        } else {
            None
        }
    }

    fn to_ask(channel: &Channel) -> bool {
        channel.dirty && channel.want == Want::None
    }

    /// Does what is due.
    pub fn poll(&mut self, now: Duration) {
        if self.gather_until.is_some_and(|until| until <= now) {
            self.close_window(now);
        }
        let due = |urgency| {
            let views = self.views.values();
            let due = views.filter(|view| {
                self.renewal(view).is_some_and(|(its, at)| its == urgency && at <= now)
            });
            due.map(|view| (view.id, view.channel)).collect::<Vec<_>>()
        };
        let (urgent, windowed) = (due(Urgency::AtOnce), due(Urgency::Windowed));
        if !urgent.is_empty() {
            self.pacing.went_urgently(now);
            for (view, channel) in urgent {
                self.ask(channel);
                self.advance(view, now);
            }
        }
        if !windowed.is_empty() && self.gather_until.is_none() {
            self.pacing.went(now);
            // What takes longer than a window goes with one.
            self.late.clear();
            for (_, channel) in windowed {
                if self.ask(channel) {
                    self.gathering.insert(channel);
                }
            }
            self.gather_until = Some(now + GATHER);
            if self.gathering.is_empty() {
                self.close_window(now);
            }
        }
        if self.look_at().is_some_and(|at| at <= now) {
            self.look(now);
        }
    }

    /// Asks the application for a channel's state if it is not the newest. Whether it did.
    fn ask(&mut self, id: ChannelId) -> bool {
        let Some(channel) = self.channels.get_mut(&id) else { return false };
        let asks = Self::to_ask(channel);
        if asks {
            (channel.want, channel.dirty) = (Want::Queued, false);
            self.wants.push_back(id);
        }
        asks
    }

    /// The states that a window asked for are there, or not waited for any more: whatever is due
    /// and newer goes out. A state that comes before the next window need not wait for that one, unless its
    /// topic is told slowly anyway: each would be a frame of its own.
    fn close_window(&mut self, now: Duration) {
        let is_slow = |id: &ChannelId| {
            let channel = self.channels.get(id);
            channel.is_none_or(|channel| self.topics[channel.topic].max_hz.is_some())
        };
        self.late = mem::take(&mut self.gathering).into_iter().filter(|id| !is_slow(id)).collect();
        self.gather_until = None;
        let windowed = |view: &&View| {
            let channel = self.channels.get(&view.channel);
            channel.is_some_and(|channel| channel.urgency == Urgency::Windowed)
        };
        let due = self.views.values().filter(|view| view.due_at <= now).filter(windowed);
        for view in due.map(|view| view.id).collect::<Vec<_>>() {
            self.advance(view, now);
        }
    }

    /// Brings a view to the channel's newest state, if it is not there, and queues its clients.
    pub(super) fn advance(&mut self, id: ViewId, now: Duration) {
        let Some(view) = self.views.get_mut(&id) else { return };
        let Some(channel) = self.channels.get(&view.channel) else { return };
        let Some(state) = &channel.state else { return };
        if view.version == channel.version {
            return;
        }
        let diffs = self.config.switches.diffs;
        let advanced = view.advance(state, channel.version, diffs, now);
        self.counts.serialisations += advanced.serialised;
        let seq = view.seq;
        for client in view.clients.iter().copied().collect::<Vec<_>>() {
            // Who has come from another view may have waited for it to be as new as what it saw there.
            let waits =
                |client: &Client| client.subs.iter().any(|sub| sub.view == id && sub.given != seq);
            if advanced.changed || self.clients.get(&client).is_some_and(waits) {
                self.queue(client);
            }
        }
    }
}
