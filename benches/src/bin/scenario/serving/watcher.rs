//! Browsers: WebSocket clients that note which frame came when, and what it told.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use futures_util::{SinkExt, StreamExt};
use piecewatch_benches::clock;
use piecewatch_broadcast::Mirror;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{net::TcpStream, task::JoinHandle};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

/// The subscription to the overview: it tells how many transfers the server knows of each node.
const OVERVIEW: u32 = 1;
/// How many clients connect at once.
const AT_ONCE: usize = 50;

pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What a client makes of what it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// All of it: the states are there, as in a browser.
    Mirror,
    /// The same, and what snapshots would have weighed.
    Weighed,
    /// Which update of the overview it is; another client knows what that says.
    Number,
}

/// What clients want.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    /// The overview, and what else.
    pub(super) further: Vec<&'static str>,
    pub(super) max_hz: Option<f64>,
    pub(super) depth: Depth,
}

impl Wish {
    /// What a page shows that is open in a browser: all that changes with each line.
    pub(super) fn page() -> Self {
        Self { further: vec!["traffic", "transfers"], max_hz: None, depth: Depth::Mirror }
    }
}

/// An update of the overview came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sighting {
    pub(super) at: Duration,
    pub(super) update: Update,
}

/// Which view, and its how-manieth update.
pub(super) type Update = (Arc<str>, u64);

/// What clients counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) frames: u64,
    pub(super) bytes: u64,
    /// What the same frames would have weighed with snapshots alone; 0 unless it is weighed.
    pub(super) snapshot_bytes: u64,
    /// Patches that could not be used because one was missed.
    pub(super) gaps: u64,
    /// Clients that ended by themselves.
    pub(super) ended: u64,
}

/// What all clients of a phase note.
#[derive(Debug, Default)]
pub(super) struct Notes {
    counted: Counted,
    /// By client.
    sightings: Vec<Vec<Sighting>>,
    /// How many transfers of each node the updates told, by the nodes' numbers.
    counts: BTreeMap<Update, Vec<u64>>,
    names: BTreeSet<Arc<str>>,
    nodes: Vec<String>,
    is_shown: usize,
    why: Option<String>,
}

/// Clients at work; they vanish when dropped.
#[derive(Debug)]
pub(super) struct Watchers {
    notes: Arc<Mutex<Notes>>,
    tasks: Vec<JoinHandle<()>>,
}

#[derive(Deserialize)]
struct Frame {
    messages: Vec<Numbered>,
}

#[derive(Deserialize)]
struct Numbered {
    view: String,
    seq: u64,
}

#[derive(Deserialize)]
struct Subscribed {
    subscribed: Served,
}

#[derive(Deserialize)]
struct Served {
    sub: u32,
    view: String,
}

impl Watchers {
    /// Connects so many clients, a mirror among them at least. Each wish is that of one client, in
    /// turns; nodes are counted by these names.
    pub(super) async fn connect(
        address: &str,
        wishes: &[Wish],
        clients: usize,
        nodes: &[String],
    ) -> Result<Self> {
        let notes = Notes {
            sightings: vec![Vec::new(); clients],
            nodes: nodes.to_vec(),
            ..Notes::default()
        };
        let mut watchers = Self { notes: Arc::new(Mutex::new(notes)), tasks: Vec::new() };
        let numbers: Vec<usize> = (0..clients).collect();
        for some in numbers.chunks(AT_ONCE) {
            let connecting = some.iter().map(|_| open(address));
            let sockets = futures_util::future::try_join_all(connecting).await?;
            for (number, socket) in some.iter().zip(sockets) {
                let wish = wishes[number % wishes.len()].clone();
                let notes = Arc::clone(&watchers.notes);
                let number = *number;
                watchers.tasks.push(tokio::spawn(async move {
                    let ended = watch(socket, &wish, number, &notes).await;
                    let mut notes = lock(&notes);
                    notes.counted.ended += 1;
                    notes.why = Some(match ended {
                        Ok(()) => "the server closed a connection".to_owned(),
                        Err(error) => format!("{error:#}"),
                    });
                }));
            }
        }
        Ok(watchers)
    }

    /// How many of them have seen an overview.
    pub(super) fn shown(&self) -> usize {
        lock(&self.notes).is_shown
    }

    pub(super) fn counted(&self) -> Counted {
        lock(&self.notes).counted
    }

    /// Why one ended by itself, the last that did.
    pub(super) fn why(&self) -> Option<String> {
        lock(&self.notes).why.clone()
    }

    /// Looks at what was seen so far.
    pub(super) fn look<T>(
        &self,
        look: impl FnOnce(&[Vec<Sighting>], &BTreeMap<Update, Vec<u64>>) -> T,
    ) -> T {
        let notes = lock(&self.notes);
        look(&notes.sightings, &notes.counts)
    }
}

impl Drop for Watchers {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

fn lock(notes: &Mutex<Notes>) -> MutexGuard<'_, Notes> {
    notes.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens a WebSocket.
pub(super) async fn open(address: &str) -> Result<Socket> {
    let (socket, _) = connect_async(format!("ws://{address}/ws")).await.context("no WebSocket")?;
    if let MaybeTlsStream::Plain(stream) = socket.get_ref() {
        stream.set_nodelay(true)?;
    }
    Ok(socket)
}

/// The message that subscribes to a topic.
pub(super) fn subscribe(sub: u32, topic: &str, max_hz: Option<f64>) -> Message {
    let mut wish = json!({"op": "subscribe", "sub": sub, "topic": topic});
    if let Some(max_hz) = max_hz {
        wish["max_hz"] = max_hz.into();
    }
    Message::text(wish.to_string())
}

async fn watch(mut socket: Socket, wish: &Wish, number: usize, notes: &Mutex<Notes>) -> Result<()> {
    let topics = std::iter::once("overview").chain(wish.further.iter().copied());
    for (sub, topic) in (OVERVIEW..).zip(topics) {
        socket.send(subscribe(sub, topic, wish.max_hz)).await?;
    }
    let mut client = Client { mirror: Mirror::new(), overview: None, has_seen: false };
    while let Some(message) = socket.next().await {
        let Message::Text(text) = message? else { continue };
        let at = clock::precise();
        for view in client.take(&text, at, wish, number, notes)? {
            let resync = json!({"op": "resync", "view": view});
            socket.send(Message::text(resync.to_string())).await?;
        }
    }
    Ok(())
}

#[derive(Debug)]
struct Client {
    mirror: Mirror,
    /// The view that serves the overview.
    overview: Option<Arc<str>>,
    has_seen: bool,
}

impl Client {
    /// Takes a text; gives the views that something was missed of.
    fn take(
        &mut self,
        text: &str,
        at: Duration,
        wish: &Wish,
        number: usize,
        notes: &Mutex<Notes>,
    ) -> Result<Vec<String>> {
        let gaps = match wish.depth {
            Depth::Mirror | Depth::Weighed => self.mirror.take(text.as_bytes())?,
            Depth::Number => Vec::new(),
        };
        let Ok(frame) = serde_json::from_str::<Frame>(text) else {
            if let Ok(Subscribed { subscribed }) = serde_json::from_str(text) {
                if subscribed.sub == OVERVIEW {
                    self.overview = Some(name(notes, &subscribed.view));
                }
            } else {
                ensure!(!text.starts_with("{\"error\""), "the server says {text}");
            }
            return Ok(gaps);
        };
        let weight = match wish.depth {
            Depth::Weighed => self.weight(&frame, text, wish),
            Depth::Mirror | Depth::Number => 0,
        };
        let is_overview = |message: &&Numbered| Some(&*message.view) == self.overview.as_deref();
        let update =
            frame.messages.iter().rev().find(is_overview).and_then(|message| {
                self.overview.as_ref().map(|view| (Arc::clone(view), message.seq))
            });
        let mut notes = lock(notes);
        notes.counted.frames += 1;
        notes.counted.bytes += text.len() as u64;
        notes.counted.snapshot_bytes += weight;
        notes.counted.gaps += gaps.len() as u64;
        if let Some(update) = update {
            if wish.depth != Depth::Number
                && !notes.counts.contains_key(&update)
                && let Some(state) = self.mirror.state(OVERVIEW)
            {
                let counts = counts(state, &notes.nodes);
                notes.counts.insert(update.clone(), counts);
            }
            notes.sightings[number].push(Sighting { at, update });
            if !self.has_seen {
                self.has_seen = true;
                notes.is_shown += 1;
            }
        }
        Ok(gaps)
    }

    /// What a frame would have weighed with snapshots: the same without what its messages tell, and the
    /// states.
    fn weight(&self, frame: &Frame, text: &str, wish: &Wish) -> u64 {
        /// Of a message without its data, about.
        const HEAD: usize = 52;
        let subs = OVERVIEW..=OVERVIEW + wish.further.len() as u32;
        let states: usize = subs
            .filter(|sub| {
                let view = self.mirror.view(*sub);
                frame.messages.iter().any(|message| Some(&*message.view) == view)
            })
            .filter_map(|sub| self.mirror.state(sub))
            .map(|state| HEAD + state.to_string().len())
            .sum();
        let head = text.find("\"messages\"").unwrap_or_default();
        (head + states) as u64
    }
}

/// One name for all clients.
fn name(notes: &Mutex<Notes>, view: &str) -> Arc<str> {
    let mut notes = lock(notes);
    if let Some(name) = notes.names.get(view) {
        return Arc::clone(name);
    }
    let name: Arc<str> = view.into();
    notes.names.insert(Arc::clone(&name));
    name
}

/// How many transfers of each node ended today.
fn counts(overview: &Value, nodes: &[String]) -> Vec<u64> {
    let count = |name: &String| overview["nodes"][name]["total"]["count"].as_u64();
    nodes.iter().map(|name| count(name).unwrap_or_default()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_tells_how_many_transfers_there_were_by_then() {
        let notes = Mutex::new(Notes {
            sightings: vec![Vec::new()],
            nodes: vec!["a".to_owned(), "b".to_owned()],
            ..Notes::default()
        });
        let mut client = Client { mirror: Mirror::new(), overview: None, has_seen: false };
        let wish = Wish { depth: Depth::Weighed, ..Wish::page() };
        let texts = [
            r#"{"hello":{"epoch":"1","version":"1"}}"#,
            r#"{"subscribed":{"sub":1,"view":"v7","nodes":[],"hz":null}}"#,
            r#"{"t":"2026-01-02T03:04:05Z","load":0.0,"messages":[{"view":"v7","seq":1,"kind":"snapshot","data":{"nodes":{"a":{"total":{"count":5}}}}}]}"#,
            r#"{"t":"2026-01-02T03:04:05Z","load":0.0,"messages":[{"view":"v7","seq":2,"base":1,"kind":"patch","data":{"nodes":{"b":{"total":{"count":9}}}}}]}"#,
        ];
        for (at, text) in texts.into_iter().enumerate() {
            let at = Duration::from_secs(at as u64);
            assert!(client.take(text, at, &wish, 0, &notes).unwrap().is_empty());
        }
        let notes = notes.into_inner().unwrap();
        let view: Arc<str> = "v7".into();
        assert_eq!(notes.counts[&(Arc::clone(&view), 1)], [5, 0]);
        assert_eq!(notes.counts[&(Arc::clone(&view), 2)], [5, 9]);
        let update = (view, 2);
        assert_eq!(notes.sightings[0][1], Sighting { at: Duration::from_secs(3), update });
        assert_eq!((notes.counted.frames, notes.is_shown), (2, 1));
        assert!(notes.counted.snapshot_bytes > notes.counted.bytes);
    }

    #[test]
    fn a_fault_that_the_server_tells_ends_a_client() {
        let notes = Mutex::new(Notes::default());
        let mut client = Client { mirror: Mirror::new(), overview: None, has_seen: false };
        let text = r#"{"error":{"reason":"there is no topic","sub":1}}"#;
        let error = client.take(text, Duration::ZERO, &Wish::page(), 0, &notes).unwrap_err();
        assert!(error.to_string().contains("there is no topic"), "{error}");
    }
}
