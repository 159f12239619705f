//! What reaches the hub's task without waiting for it: changes, answers, slots that are free again.
//!
//! Each kind is bounded by what there is, not by how often it is said: a topic's nodes, a channel's
//! one question, a client. So nothing here needs a queue that could be full, and whoever tells of a
//! change is never held up.

use std::{
    collections::BTreeSet,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;
use tokio::sync::Notify;

use crate::{
    client::ClientId,
    topic::{TopicConfig, Urgency},
    view::ChannelId,
};

/// What the application said to a question.
#[derive(Debug)]
pub(crate) enum Answer {
    State(Value),
    Refused(String),
    Fallen,
}

/// What changed of a topic since the hub last looked.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    pub(crate) all: bool,
    pub(crate) nodes: BTreeSet<Box<str>>,
}

impl Marks {
    fn is_empty(&self) -> bool {
        !self.all && self.nodes.is_empty()
    }
}

/// Whether the hub wants to be woken by changes that wait for the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Window {
    /// They could go out at once.
    Open,
    /// They could not: the hub looks by itself when the window opens.
    Closed,
}

#[derive(Debug)]
struct Topic {
    name: Box<str>,
    urgency: Urgency,
    marks: Marks,
}

#[derive(Debug)]
struct Waiting {
    events: u64,
    window: Window,
    topics: Vec<Topic>,
    answers: Vec<(ChannelId, Answer)>,
    drained: Vec<ClientId>,
    gone: Vec<ClientId>,
    pressure: Option<f64>,
}

/// What the hub's task finds.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) events: u64,
    pub(crate) marks: Vec<(Box<str>, Marks)>,
    pub(crate) answers: Vec<(ChannelId, Answer)>,
    pub(crate) drained: Vec<ClientId>,
    pub(crate) gone: Vec<ClientId>,
    pub(crate) pressure: Option<f64>,
}

#[derive(Debug)]
pub(crate) struct Inbox {
    waiting: Mutex<Waiting>,
    bell: Notify,
}

impl Inbox {
    pub(crate) fn new(topics: &[TopicConfig]) -> Self {
        let topics = topics.iter().map(|topic| Topic {
            name: topic.name.as_str().into(),
            urgency: topic.urgency,
            marks: Marks::default(),
        });
        let waiting = Waiting {
            events: 0,
            window: Window::Open,
            topics: topics.collect(),
            answers: Vec::new(),
            drained: Vec::new(),
            gone: Vec::new(),
            pressure: None,
        };
        Self { waiting: Mutex::new(waiting), bell: Notify::new() }
    }

    /// Nothing in here panics while it holds the lock; if it did, what waits is still whole.
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn changed(&self, topic: &str, node: Option<&str>) {
        let mut waiting = self.waiting();
        waiting.events += 1;
        let window = waiting.window;
        let Some(topic) = waiting.topics.iter_mut().find(|known| *known.name == *topic) else {
            return;
        };
        match node {
            None => topic.marks.all = true,
            Some(node) if topic.marks.nodes.contains(node) => {}
            Some(node) => {
                topic.marks.nodes.insert(node.into());
            }
        }
        if topic.urgency == Urgency::AtOnce || window == Window::Open {
            drop(waiting);
            self.bell.notify_one();
        }
    }

    pub(crate) fn answer(&self, channel: ChannelId, answer: Answer) {
        self.waiting().answers.push((channel, answer));
        self.bell.notify_one();
    }

    pub(crate) fn drained(&self, client: ClientId) {
        self.waiting().drained.push(client);
        self.bell.notify_one();
    }

    pub(crate) fn gone(&self, client: ClientId) {
        self.waiting().gone.push(client);
        self.bell.notify_one();
    }

    pub(crate) fn press(&self, pressure: f64) {
        self.waiting().pressure = Some(pressure);
    }

    /// Takes what waits; while the window is closed, of the changes the urgent ones only.
    pub(crate) fn take(&self, window: Window) -> Found {
        let mut waiting = self.waiting();
        waiting.window = window;
        let open = |topic: &Topic| topic.urgency == Urgency::AtOnce || window == Window::Open;
        let topics = waiting.topics.iter_mut();
        let marked = topics.filter(|topic| !topic.marks.is_empty() && open(topic));
        let marks = marked.map(|topic| (topic.name.clone(), mem::take(&mut topic.marks)));
        Found {
            marks: marks.collect(),
            events: mem::take(&mut waiting.events),
            answers: mem::take(&mut waiting.answers),
            drained: mem::take(&mut waiting.drained),
            gone: mem::take(&mut waiting.gone),
            pressure: waiting.pressure.take(),
        }
    }

    /// Ends when something waits that the hub wants to be woken for.
    pub(crate) async fn rung(&self) {
        self.bell.notified().await;
    }
}
