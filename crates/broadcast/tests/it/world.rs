//! A hub in simulated time, with an application that answers it and clients that have one slot.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use piecewatch_broadcast::{
    ChannelId, ClientId, CloseReason, Config, Fault, Hub, Mirror, Outgoing, TopicConfig, Wanted,
    strip_nulls,
};
use serde_json::{Value, json};

pub(crate) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// What a channel is to the application: the topic, and the names of nodes strung together.
pub(crate) type Key = (String, String);

pub(crate) fn key(topic: &str, nodes: &[&str]) -> Key {
    (topic.to_owned(), nodes.join(","))
}

/// What a client does with a frame in its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    AtOnce,
    Never,
}

pub(crate) struct TestClient {
    pub(crate) id: ClientId,
    pub(crate) mirror: Mirror,
    pub(crate) reads: Reads,
    slot: Option<Bytes>,
    /// Frames of messages that it took: when, and the text.
    pub(crate) frames: Vec<(Duration, Value)>,
    /// Frames to come that get lost on the way.
    pub(crate) to_lose: u32,
    pub(crate) closed: Option<CloseReason>,
    /// What it was told that is not done.
    pub(crate) faults: Vec<Fault>,
    /// Of each subscription what it is of, and the newest state in the history that was seen.
    pub(crate) watches: BTreeMap<u32, (Key, usize)>,
}

pub(crate) struct World {
    pub(crate) hub: Hub,
    pub(crate) now: Duration,
    pub(crate) clients: Vec<TestClient>,
    /// The application's states now.
    pub(crate) states: BTreeMap<Key, Value>,
    /// Every state that the application gave, in order.
    pub(crate) history: BTreeMap<Key, Vec<Value>>,
    /// How long the application takes to answer, with what was true when it was asked.
    pub(crate) answers_after: Duration,
    /// Questions to come that it lets fall.
    pub(crate) to_let_fall: u32,
    pub(crate) asked: Vec<(Duration, Key)>,
    answers: VecDeque<(Duration, ChannelId, Key, Value)>,
}

impl World {
    pub(crate) fn new(config: Config, topics: &[TopicConfig]) -> Self {
        let now = ms(1_000_000);
        Self {
            hub: Hub::new(config, topics, now).unwrap(),
            now,
            clients: Vec::new(),
            states: BTreeMap::new(),
            history: BTreeMap::new(),
            answers_after: Duration::ZERO,
            to_let_fall: 0,
            asked: Vec::new(),
            answers: VecDeque::new(),
        }
    }

    /// A hub with the default window and one topic, `a`.
    pub(crate) fn plain() -> Self {
        Self::new(Config::new("e1", "1.0"), &[TopicConfig::new("a")])
    }

    /// A client that reads at once. Gives its index.
    pub(crate) fn connect(&mut self) -> usize {
        let id = self.hub.connect(self.now).unwrap();
        self.clients.push(TestClient {
            id,
            mirror: Mirror::new(),
            reads: Reads::AtOnce,
            slot: None,
            frames: Vec::new(),
            to_lose: 0,
            closed: None,
            faults: Vec::new(),
            watches: BTreeMap::new(),
        });
        self.settle();
        self.clients.len() - 1
    }

    pub(crate) fn say(&mut self, client: usize, message: &Value) {
        self.hub.receive(self.clients[client].id, message.to_string().as_bytes(), self.now);
        self.settle();
    }

    /// Subscribes to a topic of all nodes.
    pub(crate) fn subscribe(&mut self, client: usize, sub: u32, topic: &str) {
        self.subscribe_as(client, sub, topic, &[], &json!({}));
    }

    pub(crate) fn subscribe_as(
        &mut self,
        client: usize,
        sub: u32,
        topic: &str,
        nodes: &[&str],
        more: &Value,
    ) {
        let mut message = json!({"op": "subscribe", "sub": sub, "topic": topic, "nodes": nodes});
        for (name, value) in more.as_object().unwrap() {
            message[name] = value.clone();
        }
        self.clients[client].watches.insert(sub, (key(topic, nodes), 0));
        self.say(client, &message);
    }

    pub(crate) fn unsubscribe(&mut self, client: usize, sub: u32) {
        self.clients[client].watches.remove(&sub);
        self.clients[client].mirror.forget(sub);
        self.say(client, &json!({"op": "unsubscribe", "sub": sub}));
    }

    /// The application has a new state, and says so.
    pub(crate) fn change(&mut self, topic: &str, nodes: &[&str], state: Value) {
        self.states.insert(key(topic, nodes), state);
        self.hub.changed(topic, nodes.first().copied());
        self.settle();
    }

    pub(crate) fn set_reads(&mut self, client: usize, reads: Reads) {
        self.clients[client].reads = reads;
        self.settle();
    }

    /// Time passes, and whatever is due then happens. Clients answer their pings, and those that
    /// do not read say something from time to time.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let answer = self.answers.front().map(|(at, ..)| *at);
            let next = self.hub.deadline().into_iter().chain(answer).min();
            let Some(next) = next.filter(|next| *next <= end) else { break };
            self.now = self.now.max(next);
            self.settle();
        }
        self.now = end;
        self.settle();
    }

    fn settle(&mut self) {
        loop {
            while self.answers.front().is_some_and(|(at, ..)| *at <= self.now) {
                let (_, channel, key, state) = self.answers.pop_front().unwrap();
                self.answer(channel, key, state);
            }
            self.hub.poll(self.now);
            while let Some(Wanted { channel, topic, nodes }) = self.hub.take_want() {
                let key = (topic.to_string(), nodes.join(","));
                let state = self.states.get(&key).cloned().unwrap_or(json!({}));
                self.asked.push((self.now, key.clone()));
                if self.to_let_fall > 0 {
                    self.to_let_fall -= 1;
                    self.hub.let_fall(channel, self.now);
                } else if self.answers_after.is_zero() {
                    self.answer(channel, key, state);
                } else {
                    self.answers.push_back((self.now + self.answers_after, channel, key, state));
                    self.answers.make_contiguous().sort_by_key(|(at, ..)| *at);
                }
            }
            let more = self.deliver();
            if !more && self.hub.deadline().is_none_or(|at| at > self.now) {
                return;
            }
        }
    }

    fn answer(&mut self, channel: ChannelId, key: Key, state: Value) {
        let mut kept = state.clone();
        strip_nulls(&mut kept);
        self.history.entry(key).or_default().push(kept);
        self.hub.answer(channel, state, self.now);
    }

    /// Fills slots and empties those of clients that read. Whether a client said something.
    fn deliver(&mut self) -> bool {
        let mut said = false;
        self.hub.begin(SystemTime::UNIX_EPOCH + self.now);
        for client in &mut self.clients {
            if client.reads == Reads::AtOnce && client.slot.is_some() {
                said |= read(client, &self.history, &mut self.hub, self.now);
                self.hub.drained(client.id);
            }
        }
        while let Some(id) = self.hub.next_ready() {
            let client = self.clients.iter_mut().find(|client| client.id == id).unwrap();
            if client.slot.is_some() {
                self.hub.full(id, self.now);
                continue;
            }
            match self.hub.give(id) {
                Some(Outgoing::Text(text)) => client.slot = Some(text),
                Some(Outgoing::Ping) => self.hub.heard(id, self.now),
                Some(Outgoing::Close(_)) | None => {}
            }
            if client.reads == Reads::AtOnce && client.slot.is_some() {
                said |= read(client, &self.history, &mut self.hub, self.now);
            }
        }
        while let Some(farewell) = self.hub.farewell() {
            let client =
                self.clients.iter_mut().find(|client| client.id == farewell.client).unwrap();
            client.closed = Some(farewell.reason);
            if let Some(last) = farewell.last {
                client.mirror.take(&last).unwrap();
                client.faults.extend(client.mirror.take_faults());
            }
        }
        said
    }

    pub(crate) fn state(&self, client: usize, sub: u32) -> Option<&Value> {
        self.clients[client].mirror.state(sub)
    }
}

/// The client takes what is in its slot, checks that no state is older than one it saw, and asks
/// for snapshots where it missed something.
fn read(
    client: &mut TestClient,
    history: &BTreeMap<Key, Vec<Value>>,
    hub: &mut Hub,
    now: Duration,
) -> bool {
    let Some(text) = client.slot.take() else { return false };
    let value: Value = serde_json::from_slice(&text).unwrap();
    let is_frame = value.get("messages").is_some();
    if is_frame && client.to_lose > 0 {
        client.to_lose -= 1;
        return false;
    }
    if is_frame {
        client.frames.push((now, value));
    }
    let gaps = client.mirror.take(&text).unwrap();
    for fault in client.mirror.take_faults() {
        client.watches.remove(&fault.sub.unwrap_or(u32::MAX));
        client.faults.push(fault);
    }
    for (sub, (key, seen)) in &mut client.watches {
        let Some(state) = client.mirror.state(*sub) else { continue };
        let given = history.get(key).map_or(&[][..], Vec::as_slice);
        let place = given[*seen..].iter().position(|other| other == state);
        *seen += place
            .unwrap_or_else(|| panic!("{key:?}: {state} is older than one seen, or never was"));
    }
    for view in &gaps {
        let message = json!({"op": "resync", "view": view});
        hub.receive(client.id, message.to_string().as_bytes(), now);
    }
    !gaps.is_empty()
}
