//! Messages made once, and the frames that are strung from them.

use std::{collections::HashMap, time::SystemTime};

use bytes::Bytes;
use serde_json::Value;

use crate::{config::Switch, view::ViewId};

/// How a message brings a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Snapshot,
    Patch,
}

/// What a frame's message is: frames of equal lists are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Part {
    pub(crate) view: ViewId,
    pub(crate) seq: u64,
    pub(crate) kind: Kind,
}

/// The bytes of a snapshot's message.
pub(crate) fn snapshot(view: ViewId, seq: u64, data: &Value) -> Bytes {
    message(format!(r#"{{"view":"{view}","seq":{seq},"kind":"snapshot","data":"#), data)
}

/// The bytes of the message that makes `seq` of the one before.
pub(crate) fn patch(view: ViewId, seq: u64, data: &Value) -> Bytes {
    let base = seq - 1;
    message(format!(r#"{{"view":"{view}","seq":{seq},"base":{base},"kind":"patch","data":"#), data)
}

fn message(head: String, data: &Value) -> Bytes {
    let mut text = head.into_bytes();
    serde_json::to_writer(&mut text, data).expect("a value can be written to memory");
    text.push(b'}');
    text.into()
}

/// The frames of one moment.
#[derive(Debug)]
pub(crate) struct Frames {
    sharing: Switch,
    head: String,
    made: HashMap<Box<[Part]>, Bytes>,
}

/// A frame, and whether it had to be made.
pub(crate) enum Frame {
    Made(Bytes),
    Shared(Bytes),
}

impl Frames {
    pub(crate) fn new(sharing: Switch) -> Self {
        Self { sharing, head: String::new(), made: HashMap::new() }
    }

    /// A new moment begins: frames tell its time and load.
    pub(crate) fn begin(&mut self, wall: SystemTime, load: f64) {
        self.made.clear();
        // A clock beyond the years that can be written is as wrong as one at the epoch.
        let at = jiff::Timestamp::try_from(wall).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        self.head = format!(r#"{{"t":"{at:.3}","load":{load:.2},"messages":["#);
    }

    /// The frame of these messages; `text` gives the bytes of each.
    pub(crate) fn frame(&mut self, parts: &[Part], text: impl Fn(&Part) -> Bytes) -> Frame {
        if let Some(frame) = self.made.get(parts) {
            return Frame::Shared(frame.clone());
        }
        let texts: Vec<Bytes> = parts.iter().map(text).collect();
        let length = self.head.len() + 2 + texts.iter().map(|text| text.len() + 1).sum::<usize>();
        let mut frame = Vec::with_capacity(length);
        frame.extend_from_slice(self.head.as_bytes());
        for (number, text) in texts.iter().enumerate() {
            if number > 0 {
                frame.push(b',');
            }
            frame.extend_from_slice(text);
        }
        frame.extend_from_slice(b"]}");
        let frame = Bytes::from(frame);
        if self.sharing == Switch::On {
            self.made.insert(parts.into(), frame.clone());
        }
        Frame::Made(frame)
    }

    /// Lets go of what this moment's frames shared.
    pub(crate) fn end(&mut self) {
        self.made.clear();
    }
}
