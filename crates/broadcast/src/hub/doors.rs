//! Clients that come and go, and those that are gone without saying so.

use std::time::Duration;

use super::{Farewell, Hub};
use crate::{
    client::{Client, ClientId, CloseReason, Refused},
    message::{Fault, Reply},
};

/// How often clients are looked over. Pings and silence are later by that at most.
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl Hub {
    /// Lets a client in. It is given the hello first.
    ///
    /// # Errors
    ///
    /// There are as many as may be, or the hub stops.
    pub fn connect(&mut self, now: Duration) -> Result<ClientId, Refused> {
        let refused = if self.stopping {
            Some(Refused::Stopping)
        } else if self.clients.len() >= self.config.limits.clients {
            Some(Refused::Full)
        } else {
            None
        };
        if let Some(refused) = refused {
            self.counts.refused += 1;
            return Err(refused);
        }
        if self.clients.is_empty() {
            self.looked_at = now;
        }
        let id = ClientId(self.next_id());
        self.clients.insert(id, Client::new(self.hello.clone(), &self.config.limits, now));
        self.queue(id);
        Ok(id)
    }

    /// The client's connection has ended. Nothing if it was closed before.
    pub fn disconnect(&mut self, client: ClientId) {
        self.remove(client, CloseReason::Left);
    }

    /// Something came from the client: a pong, say.
    pub fn heard(&mut self, client: ClientId, now: Duration) {
        if let Some(client) = self.clients.get_mut(&client) {
            client.heard_at = now;
        }
    }

    /// Closes all clients and lets none in any more.
    pub fn stop(&mut self) {
        self.stopping = true;
        while let Some((&client, _)) = self.clients.first_key_value() {
            self.close(client, CloseReason::GoingAway, None);
        }
    }

    /// The next client that the hub closed, once.
    pub fn farewell(&mut self) -> Option<Farewell> {
        self.farewells.pop_front()
    }

    /// Closes a client, and tells it why first if there is room.
    pub(super) fn close(&mut self, client: ClientId, reason: CloseReason, fault: Option<Fault>) {
        if self.remove(client, reason) {
            let last = fault.map(|fault| Reply::Error(fault).text());
            self.farewells.push_back(Farewell { client, reason, last });
        }
    }

    fn remove(&mut self, client: ClientId, reason: CloseReason) -> bool {
        let Some(gone) = self.clients.remove(&client) else { return false };
        for sub in gone.subs {
            self.leave(sub.view, client);
        }
        *self.counts.closed.entry(reason).or_default() += 1;
        true
    }

    /// When clients are looked over next.
    pub(super) fn look_at(&self) -> Option<Duration> {
        (!self.clients.is_empty()).then_some(self.looked_at + LOOK_EVERY)
    }

    /// Pings those whose turn it is, and closes those that are silent or stand still.
    pub(super) fn look(&mut self, now: Duration) {
        self.looked_at = now;
        let limits = &self.config.limits;
        let mut lost = Vec::new();
        let mut pinged = Vec::new();
        for (id, client) in &mut self.clients {
            let stalled = client.behind_since.is_some_and(|since| since + limits.silence <= now);
            if stalled {
                lost.push((*id, CloseReason::Stalled));
            } else if client.heard_at + limits.silence <= now {
                lost.push((*id, CloseReason::Silent));
            } else if client.pinged_at + limits.ping <= now {
                client.pinged_at = now;
                client.ping_due = true;
                pinged.push(*id);
            }
        }
        for (client, reason) in lost {
            self.close(client, reason, None);
        }
        for client in pinged {
            self.queue(client);
        }
    }
}
