//! The one task that owns a hub, and the handles by which others reach it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    future::Future,
    pin::pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use serde_json::Value;
use tokio::{
    sync::{
        mpsc::{self, error::TrySendError},
        oneshot,
    },
    time::{Instant, sleep_until, timeout},
};

use crate::{
    client::{ClientId, CloseReason, Refused},
    config::Config,
    connection::{Connection, Slot, connection},
    error::Result,
    hub::{Hub, Wanted},
    inbox::{Answer, Inbox, Window},
    statistics::Statistics,
    topic::{Nodes, TopicConfig},
    view::ChannelId,
};

/// What clients say waits here. When it is full, their transports wait, and read no more.
const COMMANDS_MAX: usize = 1024;

/// What clients say is taken in lots of this, so that states go out in between.
const LOT: usize = 256;

/// How long a window that would open is held for those who were told before and are not ready: later
/// than that it opens without them. What they have then would wait for a whole window.
const HELD_MAX: Duration = Duration::from_millis(10);

/// How often it is looked whether they are.
const HELD_STEP: Duration = Duration::from_millis(1);

/// Reads the time of day, for the frames.
pub type WallClock = fn() -> SystemTime;

#[derive(Debug)]
pub(crate) enum Command {
    Connect(oneshot::Sender<Result<Connection, Refused>>),
    Receive(ClientId, Bytes),
    Heard(ClientId),
    Overstepped(ClientId, CloseReason),
    Statistics(oneshot::Sender<Statistics>),
}

/// By which the application tells of changes, and transports bring clients. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Broadcaster {
    inbox: Arc<Inbox>,
    commands: mpsc::Sender<Command>,
}

impl Broadcaster {
    /// Something of the topic changed, at one node or (`None`) at any. Never waits; may be said
    /// from any thread, as often as things change.
    pub fn changed(&self, topic: &str, node: Option<&str>) {
        self.inbox.changed(topic, node);
    }

    /// How full the application's own queues are, 0 to 1. It holds until it is said anew: the
    /// window widens as if the hub itself were that busy.
    pub fn press(&self, pressure: f64) {
        self.inbox.press(pressure);
    }

    /// Brings a client.
    ///
    /// # Errors
    ///
    /// There are as many as may be, or the hub stops.
    pub async fn connect(&self) -> Result<Connection, Refused> {
        let (reply, answer) = oneshot::channel();
        let sent = self.commands.send(Command::Connect(reply)).await;
        sent.map_err(|_| Refused::Stopping)?;
        answer.await.map_err(|_| Refused::Stopping)?
    }

    /// How the hub stands. `None`: it has stopped.
    pub async fn statistics(&self) -> Option<Statistics> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Statistics(reply)).await.ok()?;
        answer.await.ok()
    }
}

/// A state that the application is asked for. It is asked for no other one of the channel until it
/// has answered; dropped without an answer, it is asked again after a second.
#[derive(Debug)]
pub struct Want {
    wanted: Wanted,
    inbox: Arc<Inbox>,
    answered: bool,
}

impl Want {
    /// The topic's name.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.wanted.topic
    }

    /// The nodes, sorted, as the client named them: they may be none of the application's. Empty:
    /// all of them.
    #[must_use]
    pub fn nodes(&self) -> &Nodes {
        &self.wanted.nodes
    }

    /// The newest state. Never waits; may be said from any thread. Members that are null are left
    /// out.
    pub fn answer(mut self, state: Value) {
        self.say(Answer::State(state));
    }

    /// There is no such state. Whoever asked is told why, and is subscribed no more.
    pub fn refuse(mut self, reason: &str) {
        self.say(Answer::Refused(reason.to_owned()));
    }

    fn say(&mut self, answer: Answer) {
        self.answered = true;
        self.inbox.answer(self.wanted.channel, answer);
    }
}

impl Drop for Want {
    fn drop(&mut self) {
        if !self.answered {
            self.say(Answer::Fallen);
        }
    }
}

/// The task. It does nothing until it runs.
#[derive(Debug)]
pub struct Driver {
    hub: Hub,
    clock: WallClock,
    began: Instant,
    message_bytes: usize,
    inbox: Arc<Inbox>,
    commands: mpsc::Receiver<Command>,
    /// For the connections. Weak, so that the task does not keep itself alive.
    sender: mpsc::WeakSender<Command>,
    wants: mpsc::Sender<Want>,
    slots: BTreeMap<ClientId, Slot>,
    /// When the window opens that was closed when the inbox was looked into.
    closed_until: Option<Duration>,
    herald: Option<Herald>,
}

/// Says whether whoever was told is ready.
type IsReady = Box<dyn Fn() -> bool + Send>;

/// Whoever is told before a window opens.
struct Herald {
    /// How long before.
    lead: Duration,
    /// Of which topics: of others nobody need be told.
    topics: Vec<String>,
    call: Box<dyn Fn() -> IsReady + Send>,
    /// The opening that was told last.
    told: Duration,
    /// Whether whoever was told is ready, and until when he is waited for; `None` when he was.
    waits: Option<(IsReady, Duration)>,
}

impl fmt::Debug for Herald {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lead, topics, told, call: _, waits: _ } = self;
        let mut debug = f.debug_struct("Herald");
        debug.field("lead", lead).field("topics", topics).field("told", told);
        debug.finish_non_exhaustive()
    }
}

impl Herald {
    /// When to tell of the opening at `opens_at`; `None` when that is done.
    fn due(&self, opens_at: Duration) -> Option<Duration> {
        (self.told != opens_at).then(|| opens_at.saturating_sub(self.lead))
    }

    fn tell(&mut self, opens_at: Duration, now: Duration) {
        self.told = opens_at;
        // Who is called late is waited for as well.
        self.waits = Some(((self.call)(), opens_at.max(now) + HELD_MAX));
    }

    /// Until when the window that was told of and would open now is held; `None` when it need not be.
    fn holds(&mut self, now: Duration) -> Option<Duration> {
        self.waits.take_if(|(is_ready, until)| *until <= now || is_ready());
        self.waits.as_ref().map(|(_, until)| (now + HELD_STEP).min(*until))
    }
}

/// A hub's three parts: the handle for everybody, what the application is asked for, and the task,
/// to be spawned.
///
/// # Errors
///
/// As [`Hub::new`].
pub fn start(
    config: Config,
    topics: &[TopicConfig],
    clock: WallClock,
) -> Result<(Broadcaster, mpsc::Receiver<Want>, Driver)> {
    let message_bytes = config.limits.message_bytes;
    let views = config.limits.views;
    let hub = Hub::new(config, topics, Duration::ZERO)?;
    let inbox = Arc::new(Inbox::new(topics));
    let (sender, commands) = mpsc::channel(COMMANDS_MAX);
    // A channel is wanted once at a time, and there are no more channels than views.
    let (wants, wanted) = mpsc::channel(views);
    let driver = Driver {
        hub,
        clock,
        began: Instant::now(),
        message_bytes,
        inbox: Arc::clone(&inbox),
        commands,
        sender: sender.downgrade(),
        wants,
        slots: BTreeMap::new(),
        closed_until: None,
        herald: None,
    };
    Ok((Broadcaster { inbox, commands: sender }, wanted, driver))
}

impl Driver {
    /// Calls `call` so long before a window opens that is closed behind what was sent, while somebody
    /// watches one of these topics: an application that gathers its changes has them ready then, and
    /// need not be quicker before. What it returns says whether they are ready; a window that is to open
    /// waits for that a little. Neither may wait for anything.
    #[must_use]
    pub fn before_windows<R>(
        mut self,
        lead: Duration,
        topics: &[&str],
        call: impl Fn() -> R + Send + 'static,
    ) -> Self
    where
        R: Fn() -> bool + Send + 'static,
    {
        self.herald = Some(Herald {
            lead,
            topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
            call: Box::new(move || Box::new(call())),
            told: Duration::ZERO,
            waits: None,
        });
        self
    }

    /// Runs until `shutdown` ends or every [`Broadcaster`] and connection is gone. Then all clients
    /// are told that the server goes away, and their transports have `grace` to say so.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>, grace: Duration) {
        let mut shutdown = pin!(shutdown);
        let mut lot = Vec::with_capacity(LOT);
        loop {
            let inbox = Arc::clone(&self.inbox);
            let wake_at = self.wake_at();
            let timer = async {
                match wake_at {
                    Some(at) => sleep_until(self.began + at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = &mut shutdown => break,
                count = self.commands.recv_many(&mut lot, LOT) => if count == 0 { break },
                () = inbox.rung() => {}
                () = timer => {}
            }
            let began = Instant::now();
            self.tell_opening();
            drop(self.turn(&mut lot));
            let now = self.now();
            self.hub.worked(began.elapsed(), now);
        }
        self.stop(grace).await;
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// When to look again by oneself. A closed window is looked at when it opens: changes do not
    /// ring the bell before.
    fn wake_at(&self) -> Option<Duration> {
        let opening = self.closed_until.and_then(|at| self.herald.as_ref()?.due(at));
        self.hub.deadline().into_iter().chain(self.closed_until).chain(opening).min()
    }

    /// Tells of the next opening if it is time.
    fn tell_opening(&mut self) {
        let now = self.now();
        if let (Some(opens_at), Some(herald)) = (self.closed_until, &mut self.herald)
            && herald.due(opens_at).is_some_and(|at| at <= now)
        {
            if self.hub.is_watched(&herald.topics) {
                herald.tell(opens_at, now);
            } else {
                (herald.told, herald.waits) = (opens_at, None);
            }
        }
    }

    /// Holds the window that would open now for those who were told of it and are not ready.
    fn hold_window(&mut self, now: Duration) {
        let opens_at = self.hub.opens_at();
        if let Some(herald) = self.herald.as_mut().filter(|herald| herald.told == opens_at)
            && opens_at <= now
            && let Some(until) = herald.holds(now)
        {
            self.hub.postpone(until);
            herald.told = self.hub.opens_at();
        }
    }

    /// One turn: takes what was said, does what is due, gives what there is. Tells who went.
    fn turn(&mut self, lot: &mut Vec<Command>) -> Vec<ClientId> {
        let now = self.now();
        for command in lot.drain(..) {
            self.obey(command, now);
        }
        self.hold_window(now);
        let gone = self.take_inbox(now);
        self.hub.poll(now);
        self.pass_wants();
        self.hub.begin((self.clock)());
        while let Some(client) = self.hub.next_ready() {
            self.give(client, now);
        }
        while let Some(farewell) = self.hub.farewell() {
            if let Some(slot) = self.slots.remove(&farewell.client) {
                slot.close(farewell.reason, farewell.last);
            }
        }
        gone
    }

    fn obey(&mut self, command: Command, now: Duration) {
        match command {
            // Who does not wait for the answer any more does not get it.
            Command::Connect(reply) => drop(reply.send(self.connect(now))),
            Command::Receive(client, text) => self.hub.receive(client, &text, now),
            Command::Heard(client) => self.hub.heard(client, now),
            Command::Overstepped(client, why) => self.hub.overstepped(client, why),
            Command::Statistics(reply) => drop(reply.send(self.hub.statistics())),
        }
    }

    fn connect(&mut self, now: Duration) -> Result<Connection, Refused> {
        let sender = self.sender.upgrade().ok_or(Refused::Stopping)?;
        let client = self.hub.connect(now)?;
        let (slot, connection) = connection(client, self.message_bytes, sender, &self.inbox);
        self.slots.insert(client, slot);
        Ok(connection)
    }

    /// Takes what others said, and tells who went.
    fn take_inbox(&mut self, now: Duration) -> Vec<ClientId> {
        let opens_at = self.hub.opens_at();
        self.closed_until = (opens_at > now).then_some(opens_at);
        let window = self.closed_until.map_or(Window::Open, |_| Window::Closed);
        let found = self.inbox.take(window);
        self.hub.count_events(found.events);
        for (topic, marks) in found.marks {
            if marks.all {
                self.hub.mark(&topic, None);
            }
            for node in &marks.nodes {
                self.hub.mark(&topic, Some(node));
            }
        }
        for (channel, answer) in found.answers {
            self.take_answer(channel, answer, now);
        }
        for client in found.drained {
            self.hub.drained(client);
        }
        for client in &found.gone {
            self.slots.remove(client);
            self.hub.disconnect(*client);
        }
        if let Some(pressure) = found.pressure {
            self.hub.press(pressure);
        }
        found.gone
    }

    fn take_answer(&mut self, channel: ChannelId, answer: Answer, now: Duration) {
        match answer {
            Answer::State(state) => self.hub.answer(channel, state, now),
            Answer::Refused(reason) => self.hub.refuse(channel, &reason, now),
            Answer::Fallen => self.hub.let_fall(channel, now),
        }
    }

    /// Asks the application. When its queue is full of questions whose channels are gone, what does
    /// not fit is asked with the next turn.
    fn pass_wants(&mut self) {
        while let Ok(permit) = self.wants.try_reserve() {
            let Some(wanted) = self.hub.take_want() else { return };
            permit.send(Want { wanted, inbox: Arc::clone(&self.inbox), answered: false });
        }
    }

    fn give(&mut self, client: ClientId, now: Duration) {
        let Some(slot) = self.slots.get(&client) else {
            self.hub.disconnect(client);
            return;
        };
        let gone = match slot.reserve() {
            Ok(permit) => {
                if let Some(outgoing) = self.hub.give(client) {
                    permit.send(outgoing);
                }
                false
            }
            Err(TrySendError::Full(())) => {
                self.hub.full(client, now);
                false
            }
            Err(TrySendError::Closed(())) => true,
        };
        if gone {
            self.slots.remove(&client);
            self.hub.disconnect(client);
        }
    }

    async fn stop(mut self, grace: Duration) {
        let mut leaving: BTreeSet<ClientId> = self.slots.keys().copied().collect();
        self.hub.stop();
        for client in self.turn(&mut Vec::new()) {
            leaving.remove(&client);
        }
        let inbox = Arc::clone(&self.inbox);
        let all_gone = async {
            loop {
                for client in inbox.take(Window::Closed).gone {
                    leaving.remove(&client);
                }
                if leaving.is_empty() {
                    return;
                }
                tokio::select! {
                    () = inbox.rung() => {}
                    command = self.commands.recv() => match command {
                        Some(command) => self.obey(command, self.began.elapsed()),
                        None => return,
                    },
                }
            }
        };
        // Whoever has not gone by then is cut off.
        let _ = timeout(grace, all_gone).await;
    }
}
