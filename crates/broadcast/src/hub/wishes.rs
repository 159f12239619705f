//! What clients ask for: subscriptions, visibility, snapshots.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use super::{Hub, Topic};
use crate::{
    client::{ClientId, CloseReason, Sub},
    config::Switch,
    message::{ClientMessage, Fault},
    topic::{Class, Nodes, Urgency},
    view::{Channel, ChannelId, View, ViewId, Want},
};

/// A client watches alone at most this part of the views that are left, and one in any case.
const VIEWS_SHARE: usize = 4;

impl Hub {
    /// A client sent this text, or the beginning of it that is longer than a message may be.
    pub fn receive(&mut self, client: ClientId, text: &[u8], now: Duration) {
        let limits = &self.config.limits;
        let Some(found) = self.clients.get_mut(&client) else { return };
        found.heard_at = now;
        if text.len() > limits.message_bytes {
            let reason = format!("a message has at most {} bytes", limits.message_bytes);
            self.turn_out(client, CloseReason::MessageTooLong, &reason, None);
        } else if !found.may_send(limits, now) {
            let reason = format!("at most {} messages a second", limits.messages_per_second);
            self.turn_out(client, CloseReason::TooManyMessages, &reason, None);
        } else {
            match ClientMessage::read(text) {
                Ok(message) => self.obey(client, message, now),
                Err(fault) => self.misunderstood(client, fault),
            }
        }
    }

    /// A client broke a limit of what carries its messages: it is told, and closed.
    pub fn overstepped(&mut self, client: ClientId, why: CloseReason) {
        if self.clients.contains_key(&client) {
            self.turn_out(client, why, why.text(), None);
        }
    }

    fn obey(&mut self, client: ClientId, message: ClientMessage, now: Duration) {
        if let Some(client) = self.clients.get_mut(&client) {
            client.faults = 0;
        }
        match message {
            ClientMessage::Subscribe { sub, topic, nodes, max_hz } => {
                if let Some(nodes) = self.checked(client, sub, nodes) {
                    self.subscribe(client, (sub, max_hz), &topic, &nodes, now);
                }
            }
            ClientMessage::Unsubscribe { sub } => self.unsubscribe(client, sub),
            ClientMessage::Visibility { hidden } => self.set_visibility(client, hidden, now),
            ClientMessage::Resync { view } => self.resync(client, &view),
        }
    }

    /// Tells a client what broke a limit, and closes it.
    fn turn_out(&mut self, client: ClientId, why: CloseReason, reason: &str, sub: Option<u32>) {
        self.counts.faults += 1;
        self.close(client, why, Some(Fault::new(reason, sub)));
    }

    fn misunderstood(&mut self, client: ClientId, fault: Fault) {
        let Some(found) = self.clients.get_mut(&client) else { return };
        found.faults += 1;
        if found.faults > self.config.limits.faults {
            self.turn_out(client, CloseReason::TooManyMessages, &fault.reason, fault.sub);
        } else {
            self.tell(client, fault);
        }
    }

    /// Tells a client that something is not done. One that reads no answers is closed.
    pub(super) fn tell(&mut self, client: ClientId, fault: Fault) {
        let Some(found) = self.clients.get_mut(&client) else { return };
        self.counts.faults += 1;
        if found.replies.len() >= self.config.limits.replies {
            self.close(client, CloseReason::Stalled, None);
            return;
        }
        found.reply(&crate::message::Reply::Error(fault));
        self.queue(client);
    }

    /// The nodes in order, each once, if the client may ask for so many and for one more
    /// subscription.
    fn checked(&mut self, client: ClientId, sub: u32, mut nodes: Vec<String>) -> Option<Nodes> {
        let limits = &self.config.limits;
        let subs = &self.clients.get(&client)?.subs;
        let broken = if subs.len() >= limits.subscriptions {
            Some(format!("at most {} subscriptions", limits.subscriptions))
        } else if nodes.len() > limits.names {
            Some(format!("at most {} nodes", limits.names))
        } else if nodes.iter().any(|name| name.len() > limits.name_bytes) {
            Some(format!("the name of a node has at most {} bytes", limits.name_bytes))
        } else {
            None
        };
        if let Some(reason) = broken {
            self.turn_out(client, CloseReason::TooMuchAsked, &reason, Some(sub));
            return None;
        }
        let fault = if subs.iter().any(|other| other.sub == sub) {
            Some("there is a subscription of that number")
        } else if nodes.iter().any(String::is_empty) {
            Some("the name of a node is empty")
        } else {
            None
        };
        if let Some(reason) = fault {
            self.tell(client, Fault::new(reason, Some(sub)));
            return None;
        }
        nodes.sort_unstable();
        nodes.dedup();
        Some(nodes.into_iter().map(Arc::from).collect())
    }

    fn subscribe(
        &mut self,
        client: ClientId,
        (sub, max_hz): (u32, Option<f64>),
        topic: &str,
        nodes: &Nodes,
        now: Duration,
    ) {
        let Some(topic) = self.topics.iter().position(|known| *known.name == *topic) else {
            self.tell(client, Fault::new("there is no such topic", Some(sub)));
            return;
        };
        let hidden = self.clients.get(&client).is_some_and(|client| client.hidden);
        let class = self.class(topic, max_hz, hidden);
        let same = |channel: &Channel| channel.topic == topic && channel.nodes == *nodes;
        let known = self.channels.iter().find(|(_, channel)| same(channel)).map(|(id, _)| *id);
        let channel = match known {
            Some(channel) => channel,
            None if self.has_room(client, 0) => self.open(topic, nodes),
            None => {
                let reason = if self.views.len() < self.config.limits.views {
                    "too many views that nobody else watches, as few as are left"
                } else {
                    "too many different views are watched"
                };
                self.tell(client, Fault::new(reason, Some(sub)));
                return;
            }
        };
        let view = self.view(channel, class, client, 0).expect("there is room, or one to share");
        let Some(found) = self.clients.get_mut(&client) else { return };
        found.subs.push(Sub { sub, channel, view, max_hz, given: 0, floor: 0, untold: true });
        self.join(view, client, now);
    }

    /// A channel that nobody watched, whose state is asked for at once.
    fn open(&mut self, topic: usize, nodes: &Nodes) -> ChannelId {
        let id = ChannelId(self.next_id());
        let channel = Channel {
            topic,
            nodes: Arc::clone(nodes),
            urgency: self.topics[topic].urgency,
            dirty: false,
            want: Want::Queued,
            not_before: Duration::ZERO,
            state: None,
            version: 0,
            views: Vec::new(),
        };
        self.channels.insert(id, channel);
        self.wants.push_back(id);
        id
    }

    fn class(&self, topic: usize, asked: Option<f64>, hidden: bool) -> Class {
        if self.config.switches.rates == Switch::Off {
            return Class::Full;
        }
        let Topic { max_hz, urgency, .. } = &self.topics[topic];
        if hidden && *urgency == Urgency::Windowed {
            return Class::EveryFiveSeconds;
        }
        let window = self.pacing.configured();
        Class::at_most(asked, window).min(Class::at_most(*max_hz, window))
    }

    /// Whether there may be one more view for a client, `spare` of its own being about to go. What it
    /// watches alone is at most a share of what is left: whoever comes later finds room, too.
    fn has_room(&self, client: ClientId, spare: usize) -> bool {
        let left = (self.config.limits.views + spare).saturating_sub(self.views.len());
        let subs = self.clients.get(&client).map_or(&[][..], |client| &client.subs);
        let is_alone = |view: &&ViewId| {
            self.views.get(view).is_some_and(|view| view.clients.iter().eq([&client]))
        };
        let views: BTreeSet<ViewId> = subs.iter().map(|sub| sub.view).collect();
        let alone = views.iter().filter(is_alone).count();
        left > 0 && (spare > 0 || alone < (left / VIEWS_SHARE).max(1))
    }

    /// The channel's view of that class. Where there may be no more views for the client (`spare` of
    /// them are about to go), the nearest one that the channel has; `None` if it has none.
    fn view(
        &mut self,
        channel: ChannelId,
        class: Class,
        client: ClientId,
        spare: usize,
    ) -> Option<ViewId> {
        let views = &self.channels.get(&channel)?.views;
        let class_of = |id: &ViewId| self.views.get(id).map(|view| view.class);
        if let Some(view) = views.iter().find(|id| class_of(id) == Some(class)) {
            return Some(*view);
        }
        if !views.is_empty() && !self.has_room(client, spare) {
            let slower =
                views.iter().filter(|id| class_of(id) < Some(class)).max_by_key(|id| class_of(id));
            return slower.or_else(|| views.iter().min_by_key(|id| class_of(id))).copied();
        }
        let id = ViewId(self.next_id());
        self.views.insert(id, View::new(id, channel, class));
        self.channels.get_mut(&channel)?.views.push(id);
        Some(id)
    }

    fn join(&mut self, view: ViewId, client: ClientId, now: Duration) {
        let Some(found) = self.views.get_mut(&view) else { return };
        found.clients.insert(client);
        if found.seq == 0 {
            self.advance(view, now);
        }
        self.queue(client);
    }

    /// A client needs a view no more. The last one takes the view with it, and the channel.
    pub(super) fn leave(&mut self, view: ViewId, client: ClientId) {
        let Some(found) = self.views.get_mut(&view) else { return };
        found.clients.remove(&client);
        if !found.clients.is_empty() {
            return;
        }
        let id = found.channel;
        self.views.remove(&view);
        let Some(channel) = self.channels.get_mut(&id) else { return };
        channel.views.retain(|other| *other != view);
        if channel.views.is_empty() {
            self.channels.remove(&id);
            self.wants.retain(|other| *other != id);
            self.gathering.remove(&id);
            self.late.remove(&id);
        }
    }

    fn unsubscribe(&mut self, client: ClientId, sub: u32) {
        let Some(found) = self.clients.get_mut(&client) else { return };
        let Some(index) = found.subs.iter().position(|other| other.sub == sub) else {
            self.tell(client, Fault::new("there is no such subscription", Some(sub)));
            return;
        };
        let alone = found.alone(index);
        let gone = found.subs.remove(index);
        if alone {
            self.leave(gone.view, client);
        }
    }

    fn set_visibility(&mut self, client: ClientId, hidden: bool, now: Duration) {
        let Some(found) = self.clients.get_mut(&client) else { return };
        if found.hidden == hidden {
            return;
        }
        found.hidden = hidden;
        for index in 0..found.subs.len() {
            self.reclass(client, index, now);
        }
    }

    /// Moves a subscription to the view that is now right for it. The new one is joined before the
    /// old one is left, so that the channel stays.
    fn reclass(&mut self, client: ClientId, index: usize, now: Duration) {
        let Some(found) = self.clients.get(&client) else { return };
        let (sub, alone) = (&found.subs[index], found.alone(index));
        let (channel, old, max_hz, hidden) = (sub.channel, sub.view, sub.max_hz, found.hidden);
        let Some(topic) = self.channels.get(&channel).map(|channel| channel.topic) else { return };
        let last = self.views.get(&old).is_some_and(|view| view.clients.len() == 1);
        let class = self.class(topic, max_hz, hidden);
        let Some(new) = self.view(channel, class, client, usize::from(alone && last)) else {
            return;
        };
        if new == old {
            return;
        }
        if let Some(sub) = self.clients.get_mut(&client).and_then(|found| found.subs.get_mut(index))
        {
            (sub.view, sub.given, sub.untold) = (new, 0, true);
        }
        self.join(new, client, now);
        if alone {
            self.leave(old, client);
        }
    }

    fn resync(&mut self, client: ClientId, view: &str) {
        let Some(found) = self.clients.get_mut(&client) else { return };
        let mut known = false;
        for sub in found.subs.iter_mut().filter(|sub| sub.view.to_string() == view) {
            sub.given = 0;
            known = true;
        }
        if known {
            self.counts.resyncs += 1;
            self.queue(client);
        } else {
            self.tell(client, Fault::new("there is no such view", None));
        }
    }
}
