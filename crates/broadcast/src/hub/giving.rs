//! What a client is given when its slot is free: replies first, then the newest of each view.

use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::{Hub, Outgoing};
use crate::{
    client::{Client, ClientId},
    frame::{Frame, Kind, Part},
    message::Reply,
};

impl Hub {
    /// Frames that are given from now on tell this time of day.
    pub fn begin(&mut self, wall: SystemTime) {
        self.frames.begin(wall, self.pacing.load());
    }

    /// The next client for which something waits. Whoever calls it then either gives it to the
    /// client ([`Hub::give`]) or says that the client's slot is full ([`Hub::full`]).
    pub fn next_ready(&mut self) -> Option<ClientId> {
        while let Some(id) = self.ready.pop_front() {
            let Some(client) = self.clients.get_mut(&id) else { continue };
            client.queued = false;
            if self.waits_for(&self.clients[&id]) {
                return Some(id);
            }
        }
        self.frames.end();
        None
    }

    /// The client's slot is full: it is left alone until [`Hub::drained`].
    pub fn full(&mut self, client: ClientId, now: Duration) {
        if let Some(client) = self.clients.get_mut(&client) {
            client.behind_since.get_or_insert(now);
        }
    }

    /// The client's slot is free again.
    pub fn drained(&mut self, client: ClientId) {
        if let Some(found) = self.clients.get_mut(&client) {
            found.behind_since = None;
            self.queue(client);
        }
    }

    /// What the client is sent next. If more waits, it is queued again.
    pub fn give(&mut self, id: ClientId) -> Option<Outgoing> {
        let given = self.next_of(id)?;
        if self.clients.get(&id).is_some_and(|client| self.waits_for(client)) {
            self.queue(id);
        }
        Some(given)
    }

    fn next_of(&mut self, id: ClientId) -> Option<Outgoing> {
        let client = self.clients.get_mut(&id)?;
        client.behind_since = None;
        if let Some(reply) = client.replies.pop_front() {
            self.counts.replies += 1;
            return Some(Outgoing::Text(reply));
        }
        if let Some(reply) = self.subscribed(id) {
            self.counts.replies += 1;
            return Some(Outgoing::Text(reply));
        }
        let client = self.clients.get_mut(&id)?;
        if client.ping_due {
            client.ping_due = false;
            return Some(Outgoing::Ping);
        }
        self.frame(id).map(Outgoing::Text)
    }

    /// The next subscription whose view the client was not told.
    fn subscribed(&mut self, id: ClientId) -> Option<Bytes> {
        let sub = self.clients.get_mut(&id)?.subs.iter_mut().find(|sub| sub.untold)?;
        sub.untold = false;
        let view = self.views.get(&sub.view)?;
        let nodes = &self.channels.get(&view.channel)?.nodes;
        let reply = Reply::Subscribed {
            sub: sub.sub,
            view: view.id.to_string(),
            nodes: nodes.iter().map(|name| name.as_ref().to_owned()).collect(),
            hz: view.class.hz(),
        };
        Some(reply.text())
    }

    fn waits_for(&self, client: &Client) -> bool {
        !client.replies.is_empty()
            || client.ping_due
            || client.subs.iter().any(|sub| sub.untold)
            || self.parts(client).next().is_some()
    }

    /// What the client needs, a view at a time, by its subscriptions.
    fn parts<'a>(&'a self, client: &'a Client) -> impl Iterator<Item = (Part, usize)> + 'a {
        client.subs.iter().enumerate().filter_map(|(index, sub)| {
            let view = self.views.get(&sub.view)?;
            if view.version < sub.floor {
                return None;
            }
            Some((view.part(sub.given)?, index))
        })
    }

    /// A frame of what the client needs, up to the size at which a frame leaves.
    fn frame(&mut self, id: ClientId) -> Option<Bytes> {
        let client = self.clients.get(&id)?;
        let mut wanted: Vec<Part> = Vec::with_capacity(client.subs.len());
        for (part, _) in self.parts(client) {
            // Two subscriptions may be served by one view; then the snapshot serves both.
            match wanted.iter_mut().find(|other| other.view == part.view) {
                Some(other) if part.kind == Kind::Snapshot => *other = part,
                Some(_) => {}
                None => wanted.push(part),
            }
        }
        let mut taken = 0;
        let mut bytes = 0;
        for part in &wanted {
            let view = self.views.get_mut(&part.view)?;
            if view.prepare(part.kind) {
                self.counts.serialisations += 1;
            }
            let length = view.text(part.kind).len();
            if taken > 0 && bytes + length > self.config.limits.frame_bytes {
                break;
            }
            taken += 1;
            bytes += length;
        }
        wanted.truncate(taken);
        if wanted.is_empty() {
            return None;
        }
        let views = &self.views;
        let frame = match self.frames.frame(&wanted, |part| views[&part.view].text(part.kind)) {
            Frame::Made(frame) => {
                self.counts.frames_made += 1;
                frame
            }
            Frame::Shared(frame) => frame,
        };
        self.note(id, &wanted, frame.len());
        Some(frame)
    }

    /// Notes what a client was given.
    fn note(&mut self, id: ClientId, parts: &[Part], bytes: usize) {
        self.counts.frames += 1;
        self.counts.bytes += bytes as u64;
        self.counts.messages += parts.len() as u64;
        for part in parts {
            match part.kind {
                Kind::Snapshot => self.counts.snapshots += 1,
                Kind::Patch => self.counts.patches += 1,
            }
            let version = self.views.get(&part.view).map_or(0, |view| view.version);
            let Some(client) = self.clients.get_mut(&id) else { return };
            for sub in client.subs.iter_mut().filter(|sub| sub.view == part.view) {
                (sub.given, sub.floor) = (part.seq, version);
            }
        }
    }
}
