//! What clients say, read strictly, and what they are told besides the states.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// Bytes of a reason that a client is told: what it sent may be in it.
const REASON_BYTES: usize = 200;

/// What a client says.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase", deny_unknown_fields)]
pub enum ClientMessage {
    /// It wants the state of a topic, and every newer one.
    Subscribe {
        /// The number by which the client knows the subscription.
        sub: u32,
        /// The topic's name.
        topic: String,
        /// The nodes. None or empty: all.
        #[serde(default)]
        nodes: Vec<String>,
        /// Updates a second that it wants at most. `None`: as the topic gives them.
        #[serde(default)]
        max_hz: Option<f64>,
    },
    /// It wants no more of it.
    Unsubscribe {
        /// The number that it gave.
        sub: u32,
    },
    /// Somebody looks at the page, or nobody.
    Visibility {
        /// Whether the tab is in the background.
        hidden: bool,
    },
    /// It missed something and wants a snapshot.
    Resync {
        /// The name of the view.
        view: String,
    },
}

impl ClientMessage {
    /// Reads one message.
    ///
    /// # Errors
    ///
    /// A [`Fault`] to tell the client: no JSON, an unknown operation or field, a wrong type, a rate
    /// that is none.
    pub fn read(text: &[u8]) -> Result<Self, Fault> {
        // A list of a message's fields would be read too.
        if text.trim_ascii_start().first().is_some_and(|first| *first != b'{') {
            return Err(Fault::new("not understood: not an object", None));
        }
        let message: Self = serde_json::from_slice(text).map_err(|error| {
            let sub = serde_json::from_slice::<OnlySub>(text).ok().map(|only| only.sub);
            Fault::new(&format!("not understood: {error}"), sub)
        })?;
        if let Self::Subscribe { sub, max_hz: Some(hz), .. } = &message
            && !(hz.is_finite() && *hz > 0.0)
        {
            return Err(Fault::new("max_hz must be above 0", Some(*sub)));
        }
        Ok(message)
    }
}

#[derive(Deserialize)]
struct OnlySub {
    sub: u32,
}

/// Why something that a client asked for is not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// One sentence.
    pub reason: String,
    /// The subscription that it is about, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<u32>,
}

impl Fault {
    pub(crate) fn new(reason: &str, sub: Option<u32>) -> Self {
        let mut end = reason.len().min(REASON_BYTES);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        Self { reason: reason[..end].to_owned(), sub }
    }
}

/// What a client is told besides the states, each in a frame of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reply {
    /// The first frame.
    Hello {
        /// Changes when the server starts anew.
        epoch: String,
        /// Of the program.
        version: String,
    },
    /// A subscription is, or from now on is, served by this view.
    Subscribed {
        /// The client's number.
        sub: u32,
        /// The view's name.
        view: String,
        /// The nodes, sorted. Empty: all.
        nodes: Vec<String>,
        /// Updates a second at most. `None`: with each window.
        hz: Option<f64>,
    },
    /// Something was not done, and why.
    Error(Fault),
}

impl Reply {
    pub(crate) fn text(&self) -> Bytes {
        serde_json::to_vec(self).expect("strings and numbers can be written").into()
    }
}
