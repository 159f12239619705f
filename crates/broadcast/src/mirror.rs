//! The other end: what a client makes of the frames that it gets.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::{
    diff::apply,
    error::{Error, Result},
    message::{Fault, Reply},
};

/// The states of a client's subscriptions, as the frames tell them.
#[derive(Clone, Debug, Default)]
pub struct Mirror {
    epoch: Option<String>,
    load: f64,
    subs: BTreeMap<u32, Shown>,
    views: BTreeMap<String, Seen>,
    faults: Vec<Fault>,
}

/// Which view serves a subscription, and what it shows until that view's first snapshot.
#[derive(Clone, Debug)]
struct Shown {
    view: String,
    hz: Option<f64>,
    state: Option<Value>,
}

#[derive(Clone, Debug, Default)]
struct Seen {
    seq: u64,
    /// A patch was missed: nothing but a snapshot helps.
    gap: bool,
    state: Option<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Frame { load: f64, messages: Vec<Message> },
    Reply(Reply),
}

#[derive(Deserialize)]
struct Message {
    view: String,
    seq: u64,
    #[serde(flatten)]
    change: Change,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Change {
    Snapshot { data: Value },
    Patch { base: u64, data: Value },
}

impl Mirror {
    /// One that was told nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one text frame. Gives the views that a patch was missed of: the client sends
    /// `{"op":"resync","view":…}` for each, and is given a snapshot.
    ///
    /// # Errors
    ///
    /// The text is no frame.
    pub fn take(&mut self, text: &[u8]) -> Result<Vec<String>> {
        let text = serde_json::from_slice(text).map_err(|source| Error::Frame { source })?;
        let mut gaps = Vec::new();
        match text {
            Text::Frame { load, messages } => {
                self.load = load;
                gaps.extend(messages.into_iter().filter_map(|message| self.see(message)));
            }
            Text::Reply(Reply::Hello { epoch, .. }) => {
                *self = Self { epoch: Some(epoch), ..Self::default() };
            }
            Text::Reply(Reply::Subscribed { sub, view, hz, .. }) => {
                let state = self.state(sub).cloned();
                self.views.entry(view.clone()).or_default();
                self.subs.insert(sub, Shown { view, hz, state });
                self.tidy();
            }
            Text::Reply(Reply::Error(fault)) => self.faults.push(fault),
        }
        Ok(gaps)
    }

    /// The view's name if the message shows that something was missed.
    fn see(&mut self, message: Message) -> Option<String> {
        // Of a view that the client left while the message was under way.
        let seen = self.views.get_mut(&message.view)?;
        match message.change {
            Change::Snapshot { data } if message.seq >= seen.seq => {
                *seen = Seen { seq: message.seq, gap: false, state: Some(data) };
            }
            Change::Patch { base, data } if base == seen.seq && !seen.gap => {
                if let Some(state) = &mut seen.state {
                    apply(state, data);
                    seen.seq = message.seq;
                }
            }
            // A patch may come until the snapshot does that was asked for.
            Change::Patch { .. } if seen.gap || message.seq <= seen.seq => {}
            Change::Patch { .. } => {
                seen.gap = true;
                return Some(message.view);
            }
            Change::Snapshot { .. } => {}
        }
        None
    }

    /// Forgets a subscription that was cancelled.
    pub fn forget(&mut self, sub: u32) {
        self.subs.remove(&sub);
        self.tidy();
    }

    fn tidy(&mut self) {
        let subs = &self.subs;
        self.views.retain(|name, _| subs.values().any(|shown| shown.view == *name));
    }

    /// The newest state that a subscription was told. `None`: none yet.
    #[must_use]
    pub fn state(&self, sub: u32) -> Option<&Value> {
        let shown = self.subs.get(&sub)?;
        let seen = self.views.get(&shown.view).and_then(|seen| seen.state.as_ref());
        seen.or(shown.state.as_ref())
    }

    /// The view that serves a subscription.
    #[must_use]
    pub fn view(&self, sub: u32) -> Option<&str> {
        self.subs.get(&sub).map(|shown| shown.view.as_str())
    }

    /// Updates a second that a subscription gets at most. `None`: with each window, or there is no
    /// such subscription.
    #[must_use]
    pub fn hz(&self, sub: u32) -> Option<f64> {
        self.subs.get(&sub)?.hz
    }

    /// The server's start. `None` before its hello.
    #[must_use]
    pub fn epoch(&self) -> Option<&str> {
        self.epoch.as_deref()
    }

    /// The hub's load, 0 to 1, as the last frame told it.
    #[must_use]
    pub fn load(&self) -> f64 {
        self.load
    }

    /// What the client was told that is not done, in order, once.
    pub fn take_faults(&mut self) -> Vec<Fault> {
        std::mem::take(&mut self.faults)
    }
}
