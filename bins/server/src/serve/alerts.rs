//! What operators are told of when it happens: rules, states, and the ways to reach people.
//!
//! [`Alerts::evaluate`] looks once, on a thread that may block: it asks the observatory, lets the states of
//! `piecewatch_analytics::alert` make incidents of what it finds, stores them, and gives a message to
//! each channel's queue. [`Alerts::run`] does so once a minute, and delivers. What was not delivered when
//! a process ended is delivered by the next.

mod books;
mod channel;
mod delivery;
mod email;
mod heartbeat;
mod http;
mod message;
mod owner;
mod setup;
pub(crate) mod shown;
mod template;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use piecewatch_analytics::{
    Observatory,
    alert::{self, AskedOf, Evaluation, LogRead, MonitorFacts, States, Terms},
};
use piecewatch_collector::config::AlertsConfig;
use piecewatch_model::{NodeName, Timestamp};
use piecewatch_store::{Alert, AlertDelivery, DeliveryState, Readers, Window, Writer};
use serde_json::{Map, Value};
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
    time::{Interval, MissedTickBehavior},
};

use super::own::ChannelFigures;
use crate::{Result, clock};
use books::Books;
pub(crate) use delivery::Retry;
use heartbeat::Heartbeat;
use message::Message;
pub(crate) use message::trial;
use owner::{Owner, Right};
use setup::Setup;
pub(crate) use setup::Ways;

/// How many alerts a history holds at most.
const HISTORY_MAX: usize = 1_000;

/// What there is to watch at a moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Sight {
    /// The nodes that are watched.
    pub(crate) nodes: BTreeSet<NodeName>,
    /// Those of them whose logs are not read up to now, or by nobody.
    pub(crate) behind: BTreeSet<NodeName>,
    /// Those of them whose logs cannot be read now, with the reason.
    pub(crate) unreadable: BTreeMap<NodeName, String>,
    /// Since when the oldest audit goes on that the log of a node leaves open.
    pub(crate) open_audits: BTreeMap<NodeName, Timestamp>,
    /// How those are who read and write.
    pub(crate) monitor: MonitorFacts,
}

/// What alerts are made with.
pub(crate) struct Parts {
    /// What is configured.
    pub(crate) config: AlertsConfig,
    /// The database.
    pub(crate) db: PathBuf,
    /// What there is to watch now.
    pub(crate) sight: Box<dyn Fn(Timestamp) -> Sight + Send + Sync>,
    /// What is asked.
    pub(crate) observatory: Arc<Observatory>,
    /// What is asked each time anew, and for the history.
    pub(crate) readers: Readers,
    /// A writer of their own: a transaction for each change, at most one a minute else.
    pub(crate) writer: Writer,
    /// How messages are tried again.
    pub(crate) retry: Retry,
}

/// Tells operators what is the matter. Share it.
pub(crate) struct Alerts {
    setup: RwLock<Arc<Setup>>,
    /// What takes its place before the next look.
    next: Mutex<Option<Setup>>,
    /// Whether what waits is still to be given to the channels of another setup.
    is_resume_due: AtomicBool,
    sight: Box<dyn Fn(Timestamp) -> Sight + Send + Sync>,
    observatory: Arc<Observatory>,
    readers: Readers,
    retry: Retry,
    /// `None` where nobody is to be told of anything.
    owner: Option<Owner>,
    /// Held while what becomes of them is noted in the books.
    states: Mutex<States>,
    books: Books,
    changed: watch::Sender<u64>,
    wake: Notify,
    /// When everything was last read and written, in microseconds; 0: never.
    well_at: AtomicI64,
}

/// Why an alert was not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AcknowledgeError {
    /// It is over, or never was.
    #[error("no alert {0} lasts; see the list of alerts for those that do")]
    NotLasting(i64),
    /// Another process looks after alerts.
    #[error("another server on the same database looks after its alerts; acknowledge it there")]
    Elsewhere,
}

/// Incidents of a window with what became of their messages, the newest first.
pub(crate) fn history(
    readers: &Readers,
    window: Window,
    is_asked_for: impl Fn(&Alert) -> bool,
) -> Result<Vec<(Alert, Vec<AlertDelivery>)>, piecewatch_store::Error> {
    let reader = readers.get()?;
    let with_deliveries = |alert: Alert| {
        let deliveries = reader.alert_deliveries(alert.id)?;
        Ok((alert, deliveries))
    };
    // All of the window, which are few: those of other nodes must not take the place of those asked for.
    let found = reader.alerts(window, u32::MAX)?.into_iter().filter(|alert| is_asked_for(alert));
    found.take(HISTORY_MAX).map(with_deliveries).collect()
}

impl Alerts {
    /// Goes on with the incidents and messages that the database holds. Reaches nobody yet.
    ///
    /// # Errors
    ///
    /// When a secret cannot be read, an address is none, or the database cannot be read.
    pub(crate) fn new(parts: Parts) -> Result<Self> {
        let Parts { config, db, sight, observatory, readers, writer, retry } = parts;
        let alerts = Self {
            owner: config.enabled.then(|| Owner::of(&db)).transpose()?,
            states: Mutex::default(),
            books: Books::new(writer),
            changed: watch::Sender::new(0),
            wake: Notify::new(),
            well_at: AtomicI64::new(0),
            setup: RwLock::new(Arc::new(Setup::new(config)?)),
            next: Mutex::default(),
            is_resume_due: AtomicBool::new(false),
            sight,
            observatory,
            readers,
            retry,
        };
        alerts.settle(clock::now())?;
        alerts.warn_of_strangers(&alerts.setup().config);
        Ok(alerts)
    }

    /// Nodes that are not watched now may be later, as those in the database.
    fn warn_of_strangers(&self, config: &AlertsConfig) {
        if config.strangers(&BTreeSet::new()).is_empty() {
            return;
        }
        let mut known = (self.sight)(clock::now()).nodes;
        let stored = self.readers.get().and_then(|reader| reader.nodes());
        known.extend(stored.into_iter().flatten().map(|node| node.name));
        for stranger in config.strangers(&known) {
            tracing::warn!("{stranger}");
        }
    }

    /// Takes other rules and channels, before the next look. Whether anybody is told at all stays as it is.
    ///
    /// # Errors
    ///
    /// When a secret cannot be read, or an address is none; then everything stays as it is.
    pub(crate) fn reconfigure(&self, config: AlertsConfig) -> Result<()> {
        // What is in the files of secrets may be new, too.
        let next = Setup::new(config)?;
        self.warn_of_strangers(&next.config);
        *locked(&self.next) = Some(next);
        Ok(())
    }

    fn setup(&self) -> Arc<Setup> {
        Arc::clone(&self.setup.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Uses another setup. What waits for its channels is given to them before the next look; what was on its
    /// way may arrive twice.
    fn change(&self, next: Setup) {
        let before = self.setup();
        for door in &next.doors {
            if let Some(of_before) = before.door(door.name()) {
                door.go_on_from(of_before);
            }
        }
        *self.setup.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        self.is_resume_due.store(true, Ordering::Relaxed);
    }

    /// Who looks after alerts now, with what there is of them here: where this process takes over, what the
    /// other one has left is read before anything else. Otherwise incidents of both had the same numbers.
    /// `None` where nobody is to be told of anything.
    fn settle(&self, now: Timestamp) -> Result<Option<Right>, piecewatch_store::Error> {
        let Some(owner) = &self.owner else { return Ok(None) };
        let mut right = owner.right();
        match *right {
            Right::Ours if self.is_resume_due.load(Ordering::Relaxed) => {
                // What is told must be in the database before it is read there.
                if !self.books.write() {
                    return Ok(Some(Right::Taken));
                }
                self.resume()?;
                self.is_resume_due.store(false, Ordering::Relaxed);
            }
            Right::Ours => {}
            Right::Taken => {
                self.restore(now)?;
                self.resume()?;
                self.is_resume_due.store(false, Ordering::Relaxed);
                *right = Right::Ours;
                tracing::info!("this process looks after the alerts of the database");
            }
            // Another process does. What it finds is shown here, too.
            Right::Others => self.restore(now)?,
        }
        Ok(Some(*right))
    }

    /// Reads the incidents that last.
    fn restore(&self, now: Timestamp) -> Result<(), piecewatch_store::Error> {
        let reader = self.readers.get()?;
        let setup = self.setup();
        let cooldown = i64::try_from(setup.config.policy.cooldown.as_micros()).unwrap_or(i64::MAX);
        let from = Timestamp::from_micros(now.as_micros().saturating_sub(cooldown));
        let recent = Window { from, to: now.plus_micros(1) };
        let ended = reader.alerts(recent, u32::MAX)?;
        let states = States::restore(reader.lasting_alerts()?, &ended, reader.newest_alert()?);
        *locked(&self.states) = states;
        Ok(())
    }

    /// Gives messages that were not delivered to their channels once more.
    fn resume(&self) -> Result<(), piecewatch_store::Error> {
        let (setup, reader) = (self.setup(), self.readers.get()?);
        let mut unknown = Vec::new();
        let mut waiting: Vec<AlertDelivery> = reader.waiting_alert_deliveries()?;
        waiting.sort_by(|a, b| (a.at, &a.channel, a.alert).cmp(&(b.at, &b.channel, b.alert)));
        for of_message in waiting.chunk_by(|a, b| (a.at, &a.channel) == (b.at, &b.channel)) {
            let Some(first) = of_message.first() else { continue };
            let mut notices = Vec::new();
            for delivery in of_message {
                let alert = reader.alert(delivery.alert)?;
                let notice = delivery.notice;
                notices.extend(alert.map(|alert| alert::Notice { notice, alert }));
            }
            match setup.door(&first.channel) {
                Some(door) if !notices.is_empty() => {
                    let message = Message { at: first.at, notices };
                    if let Err(message) = door.give_again(message, first.attempts) {
                        unknown.extend(delivery::refused(door.name(), &message));
                    }
                }
                Some(_) | None => unknown.extend(of_message.iter().map(|of| AlertDelivery {
                    state: DeliveryState::Failed,
                    error: Some("there is no such channel any more".to_owned()),
                    ..of.clone()
                })),
            }
        }
        self.books.note([], unknown);
        Ok(())
    }

    /// Looks once what is the matter, and tells what is to be told. Blocks; call it on a thread that may.
    pub(crate) fn evaluate(&self, now: Timestamp) {
        match self.settle(now) {
            Ok(Some(Right::Ours)) => {}
            Ok(Some(Right::Taken | Right::Others)) => {
                self.changed.send_modify(|count| *count += 1);
                return;
            }
            Ok(None) => {
                self.look_at_monitor(now);
                self.changed.send_modify(|count| *count += 1);
                return;
            }
            Err(error) => {
                tracing::warn!("it is not known which alerts there are: {error}");
                return;
            }
        }
        let (setup, mut sight) = (self.setup(), (self.sight)(now));
        let found = self.look(&setup, &mut sight, now);
        let mut states = locked(&self.states);
        let step = states.step(&found, &setup.config.policy, now);
        let mut messages = Vec::new();
        let mut deliveries = Vec::new();
        if !step.notices.is_empty() {
            let whole = Message { at: now, notices: step.notices };
            for door in &setup.doors {
                if let Some(message) = door.part(&whole) {
                    deliveries.extend(delivery::rows(door.name(), &message));
                    messages.push((door, message));
                }
            }
            tracing::info!("{}", whole.title());
        }
        // An acknowledgement comes before all of this, or after it.
        self.books.note(step.changed, deliveries);
        drop(states);
        let is_written = self.books.write();
        for (door, message) in messages {
            if let Err(message) = door.give(message) {
                let failed = delivery::refused(door.name(), &message);
                self.note([], failed);
            }
        }
        if is_written && sight.monitor.is_well() {
            self.well_at.store(now.as_micros(), Ordering::Relaxed);
        }
        self.changed.send_modify(|count| *count += 1);
    }

    /// Where nobody is told of anything: whether everything is read and written, for the heartbeat.
    fn look_at_monitor(&self, now: Timestamp) {
        let is_readable = self.readers.get().and_then(|reader| reader.newest_alert()).is_ok();
        if is_readable && (self.sight)(now).monitor.is_well() {
            self.well_at.store(now.as_micros(), Ordering::Relaxed);
        }
    }

    /// What is the matter; why the database could not be asked goes to the facts of the monitor.
    fn look(&self, setup: &Setup, sight: &mut Sight, now: Timestamp) -> Evaluation {
        let Sight { nodes, behind, unreadable, open_audits, monitor } = sight;
        let of = |node: Option<&NodeName>| setup.config.thresholds(node);
        let terms = |node: &NodeName| Terms {
            thresholds: of(Some(node)),
            log: match unreadable.get(node) {
                Some(reason) => LogRead::Unreadable { reason },
                None if behind.contains(node) => LogRead::Behind,
                None => LogRead::UpToNow,
            },
            open_audit: open_audits.get(node).copied(),
        };
        // What cannot be forgotten now is asked anew.
        let _ = self.observatory.refresh();
        let asked = AskedOf { observatory: &self.observatory, readers: &self.readers };
        let nodes: Vec<NodeName> = nodes.iter().cloned().collect();
        let (mut found, failed) = alert::evaluate(asked, &nodes, terms, now);
        if let Some(error) = failed {
            monitor.unreadable = Some(error.to_string());
        }
        if let Some(reason) = &monitor.unreadable {
            tracing::warn!("nodes cannot be watched: {reason}");
        }
        found.add(alert::of_monitor(monitor, of));
        found
    }

    /// Stores changes, those with them that could not be stored before; `false` when it cannot be done now.
    fn note(
        &self,
        alerts: impl IntoIterator<Item = Alert>,
        deliveries: impl IntoIterator<Item = AlertDelivery>,
    ) -> bool {
        self.books.note(alerts, deliveries);
        self.books.write()
    }

    /// Marks an alert as known to somebody: it is not told again unless it gets worse, or ends. Blocks.
    ///
    /// # Errors
    ///
    /// When there is nothing to acknowledge.
    pub(crate) fn acknowledge(&self, id: i64, by: &str) -> Result<Value, AcknowledgeError> {
        let now = clock::now();
        match self.settle(now) {
            Ok(Some(Right::Ours)) => {}
            Ok(None) => return Err(AcknowledgeError::NotLasting(id)),
            // As long as it is not known what another process has left it is as if it were still there.
            Ok(Some(Right::Taken | Right::Others)) | Err(_) => {
                return Err(AcknowledgeError::Elsewhere);
            }
        }
        let by = message::cut(message::one_line(by).trim(), 100);
        let mut states = locked(&self.states);
        let acknowledged = states.acknowledge(id, &by, now);
        let alert = acknowledged
            .map_err(|alert::NotAcknowledged::NotLasting| AcknowledgeError::NotLasting(id))?;
        let shown = shown::alert(&alert);
        self.books.note([alert], []);
        drop(states);
        // What cannot be stored now is stored with what comes next.
        self.books.write();
        self.changed.send_modify(|count| *count += 1);
        Ok(shown)
    }

    /// The alerts of nodes that last, and those of the server itself, by their number: an object without
    /// nulls. No nodes are all.
    pub(crate) fn active(&self, nodes: &[NodeName]) -> Value {
        let is_of = |alert: &&Alert| {
            nodes.is_empty() || alert.node.as_ref().is_none_or(|node| nodes.contains(node))
        };
        let states = locked(&self.states);
        let shown = states.lasting().filter(is_of).map(|of| (of.id.to_string(), shown::alert(of)));
        Value::Object(shown.collect::<Map<_, _>>())
    }

    /// The alerts of a window, the newest first, each with what became of its messages. Blocks.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub(crate) fn history(
        &self,
        window: Window,
        is_asked_for: impl Fn(&Alert) -> bool,
    ) -> Result<Vec<Value>, piecewatch_store::Error> {
        let with_deliveries = |(alert, deliveries): (Alert, Vec<AlertDelivery>)| {
            let mut shown = shown::alert(&alert);
            if let Value::Object(fields) = &mut shown {
                let deliveries = deliveries.iter().map(shown::delivery).collect();
                fields.insert("deliveries".to_owned(), Value::Array(deliveries));
            }
            shown
        };
        let found = history(&self.readers, window, is_asked_for)?;
        Ok(found.into_iter().map(with_deliveries).collect())
    }

    /// How the calls of the heartbeat do: an object without nulls; `None` where nobody is called.
    pub(crate) fn heartbeat(&self) -> Option<Value> {
        self.setup().heartbeat.as_ref().map(Heartbeat::status)
    }

    /// How the channels do, by name: an object without nulls.
    pub(crate) fn status(&self) -> Value {
        let setup = self.setup();
        let shown = setup.doors.iter().map(|door| (door.name().to_owned(), door.status()));
        Value::Object(shown.collect())
    }

    /// How the channels do, in numbers.
    pub(crate) fn channels(&self) -> Vec<ChannelFigures> {
        self.setup().doors.iter().map(|door| door.figures()).collect()
    }

    /// Tells whenever alerts may have changed.
    pub(crate) fn changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Lets the next look be at once.
    pub(crate) fn look_now(&self) {
        self.wake.notify_one();
    }

    /// Looks again and again, and delivers, until `stop`. What is then on its way is delivered by the next
    /// process.
    pub(crate) async fn run(self: Arc<Self>, stop: impl Future<Output = ()>) {
        let (mut tasks, mut ticks) = self.begin();
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                _ = ticks.tick() => {}
                () = self.wake.notified() => {}
            }
            let next = locked(&self.next).take();
            if let Some(next) = next {
                tasks.shutdown().await;
                self.change(next);
                (tasks, ticks) = self.begin();
                // This look is the first one.
                ticks.reset();
            }
            let alerts = Arc::clone(&self);
            let looked = tokio::task::spawn_blocking(move || alerts.evaluate(clock::now()));
            tokio::select! {
                () = &mut stop => break,
                looked = looked => {
                    if let Err(error) = looked {
                        tracing::error!("looking for alerts failed: {error}");
                    }
                }
            }
        }
        tasks.shutdown().await;
    }

    /// What delivers, and when to look: at once, and then again and again.
    fn begin(self: &Arc<Self>) -> (JoinSet<()>, Interval) {
        let (setup, mut tasks) = (self.setup(), JoinSet::new());
        for door in &setup.doors {
            tasks.spawn(delivery::deliver(Arc::clone(self), Arc::clone(door)));
        }
        let mut ticks = tokio::time::interval(setup.config.evaluate_every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        if setup.heartbeat.is_some() {
            // From here on, so that it misses no look.
            tasks.spawn(heartbeat::beat(Arc::clone(self), setup, self.changed()));
        }
        (tasks, ticks)
    }
}

/// A lock that a thread held when it panicked holds nothing half done.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
