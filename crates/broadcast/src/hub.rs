//! The core: topics, channels, views and clients, with no task, no socket and no clock in it.

mod doors;
mod giving;
mod states;
mod wishes;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;

use crate::{
    client::{Client, ClientId, CloseReason},
    config::Config,
    error::{Error, Result},
    frame::Frames,
    message::Reply,
    pacing::Pacing,
    statistics::Statistics,
    topic::{Nodes, TopicConfig, Urgency},
    view::{Channel, ChannelId, View, ViewId},
};

#[derive(Debug)]
struct Topic {
    name: Arc<str>,
    max_hz: Option<f64>,
    urgency: Urgency,
}

/// A state that the application is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What the answer names.
    pub channel: ChannelId,
    /// The topic's name.
    pub topic: Arc<str>,
    /// The nodes, sorted, as the client named them: the hub does not know which there are.
    pub nodes: Nodes,
}

/// What a transport sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// One text frame.
    Text(Bytes),
    /// A ping; the pong is told with [`Hub::heard`].
    Ping,
    /// The last thing: a close frame, then the end of the connection.
    Close(CloseReason),
}

/// A client that the hub closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Farewell {
    /// Which.
    pub client: ClientId,
    /// Why.
    pub reason: CloseReason,
    /// What it is told first, if there is room for it.
    pub last: Option<Bytes>,
}

/// The core of a hub. Every method takes the monotonic time `now`; nothing blocks, nothing waits.
///
/// A loop around it passes on what the application and the clients say, calls [`Hub::poll`] at
/// [`Hub::deadline`], and then takes out what there is: [`Hub::take_want`] for the application,
/// [`Hub::next_ready`] and [`Hub::give`] for clients whose slot is free, [`Hub::farewell`] for those
/// that are closed. [`crate::start`] is that loop.
#[derive(Debug)]
pub struct Hub {
    config: Config,
    hello: Bytes,
    topics: Vec<Topic>,
    channels: BTreeMap<ChannelId, Channel>,
    views: BTreeMap<ViewId, View>,
    clients: BTreeMap<ClientId, Client>,
    last_id: u64,
    pacing: Pacing,
    frames: Frames,
    /// Channels whose states this window waits for, and until when.
    gathering: BTreeSet<ChannelId>,
    gather_until: Option<Duration>,
    /// Channels without which this window went: their states follow as soon as they come.
    late: BTreeSet<ChannelId>,
    wants: VecDeque<ChannelId>,
    ready: VecDeque<ClientId>,
    farewells: VecDeque<Farewell>,
    /// When clients were last looked over for pings and silence.
    looked_at: Duration,
    stopping: bool,
    counts: Statistics,
}

impl Hub {
    /// A hub of these topics.
    ///
    /// # Errors
    ///
    /// A limit of zero, two topics of one name, a topic's rate that is none.
    pub fn new(config: Config, topics: &[TopicConfig], now: Duration) -> Result<Self> {
        config.limits.check()?;
        let mut known: Vec<Topic> = Vec::with_capacity(topics.len());
        for TopicConfig { name, max_hz, urgency } in topics {
            if known.iter().any(|topic| *topic.name == **name) {
                return Err(Error::TopicTwice { name: name.clone() });
            }
            if let Some(max_hz) = *max_hz
                && !(max_hz.is_finite() && max_hz > 0.0)
            {
                return Err(Error::TopicRate { name: name.clone(), max_hz });
            }
            let name = name.as_str().into();
            known.push(Topic { name, max_hz: *max_hz, urgency: *urgency });
        }
        let (epoch, version) = (config.epoch.clone(), config.version.clone());
        Ok(Self {
            hello: Reply::Hello { epoch, version }.text(),
            topics: known,
            channels: BTreeMap::new(),
            views: BTreeMap::new(),
            clients: BTreeMap::new(),
            last_id: 0,
            pacing: Pacing::new(config.coalesce, config.switches.adaptive, now),
            frames: Frames::new(config.switches.sharing),
            gathering: BTreeSet::new(),
            gather_until: None,
            late: BTreeSet::new(),
            wants: VecDeque::new(),
            ready: VecDeque::new(),
            farewells: VecDeque::new(),
            looked_at: now,
            stopping: false,
            counts: Statistics::default(),
            config,
        })
    }

    /// How it stands.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        let of_views: usize = self.views.values().map(View::held_bytes).sum();
        let of_clients: usize = self.clients.values().map(Client::held_bytes).sum();
        Statistics {
            clients: self.clients.len(),
            behind: self.clients.values().filter(|client| client.behind_since.is_some()).count(),
            channels: self.channels.len(),
            views: self.views.len(),
            held_bytes: of_views + of_clients,
            window: self.pacing.window(),
            load: self.pacing.load(),
            ..self.counts.clone()
        }
    }

    /// The hub worked for `busy` since it was last told. Its share of the time is the load.
    pub fn worked(&mut self, busy: Duration, now: Duration) {
        self.pacing.worked(busy, now);
    }

    /// How full the queues of the application are, 0 to 1: the load is at least that.
    pub fn press(&mut self, pressure: f64) {
        self.pacing.press(pressure);
    }

    /// Before it nothing but urgent changes could go out, so that others need not be told.
    #[must_use]
    pub fn opens_at(&self) -> Duration {
        self.pacing.opens_at()
    }

    /// Lets the next changes wait longer than the window, for somebody who is about to tell of them; urgent
    /// ones do not.
    pub(crate) fn postpone(&mut self, until: Duration) {
        self.pacing.postpone(until);
    }

    /// Whether somebody watches one of these topics.
    pub(crate) fn is_watched(&self, topics: &[String]) -> bool {
        let name = |channel: &Channel| &self.topics[channel.topic].name;
        self.channels.values().any(|channel| topics.iter().any(|topic| **topic == **name(channel)))
    }

    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Puts a client into the queue of those that may be given something.
    fn queue(&mut self, client: ClientId) {
        let Some(found) = self.clients.get_mut(&client) else { return };
        if !found.queued && found.behind_since.is_none() {
            found.queued = true;
            self.ready.push_back(client);
        }
    }
}
