//! `piecewatch serve`: watches nodes and tells browsers.

mod alarm;
pub(crate) mod alerts;
mod answers;
mod api;
mod app;
mod arrivals;
mod asking;
mod guard;
mod http;
mod itself;
mod listening;
mod live;
mod metrics;
mod nodes;
mod own;
mod pool;
mod routes;
mod site;
mod socket;
mod status;
mod streams;
mod token;
mod warming;

use std::{
    collections::BTreeMap,
    net::TcpListener,
    sync::{Arc, Mutex, OnceLock, PoisonError, RwLock},
    thread,
    time::Duration,
};

use crossbeam_channel::Receiver;
use piecewatch_analytics::Observatory;
use piecewatch_broadcast as hub;
use piecewatch_collector::{
    config::{Config, Performance, Use},
    logging,
    pipeline::unwritten::Unwritten,
    signals::Signal,
    systemd,
};
use piecewatch_finance::Ledger;
use piecewatch_model::{MicroUsd, NodeName};
use piecewatch_store::{Store, StoreConfig};
use tokio::{
    sync::{Semaphore, mpsc, watch},
    task::{JoinError, JoinSet},
    time::{MissedTickBehavior, interval, timeout},
};

use self::{
    alerts::Alerts,
    answers::Answers,
    api::Api,
    app::App,
    asking::Asking,
    guard::Guard,
    itself::Itself,
    live::{Live, Refusal, Topic},
    metrics::Metrics,
    nodes::Nodes,
    own::{HttpFigures, Machine, Own, Sampler, SlowQuestions},
    pool::Pool,
    token::Token,
};
pub(crate) use self::{listening::listen, site::dashboard::is_included as has_dashboard};
use crate::{
    Error, Result,
    clock::{self, Stopwatch},
    earnings::ledger_settings,
};

/// How long browsers are waited for when everything is to end.
const GOODBYE_MAX: Duration = Duration::from_secs(2);
/// How long before a window opens what was logged is read: four nodes are read in less.
const READ_BEFORE: Duration = Duration::from_millis(3);
/// How long everything else has.
const STOP_MAX: Duration = Duration::from_secs(4);
/// How often is done what time alone asks for.
const TICK: Duration = Duration::from_secs(1);
/// And how often of those what is less urgent.
const REPORT_EVERY: u64 = 60;
/// How often who writes is told that somebody watches.
const WATCH_EVERY: u64 = 5;
/// How many long answers are written at once.
const STREAMS_MAX: usize = 4;
/// Threads that may wait for something else than the database: the end of a list, the nodes.
const OTHER_THREADS: usize = STREAMS_MAX + 4;

/// How the configuration is read, at the start and again.
pub(crate) type Load = dyn Fn() -> Result<Config> + Send + Sync;

/// Who reads the logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// This process.
    Here,
    /// Another one, which writes into the same database.
    Elsewhere,
}

/// Watches nodes until a signal says to stop.
pub(crate) fn run(reading: Reading, load: Arc<Load>, signals: Receiver<Signal>) -> Result<()> {
    let since = Stopwatch::start();
    let config = load()?;
    logging::start(&config.log);
    let guard = Guard::new(Token::of(&config.server)?, config.server.origins.clone());
    // Before anything is begun: a port that is taken is mostly this program itself.
    let listener = listen(config.server.listen)?;
    let signals = on_tokio(signals)?;
    listening::allow_files(config.server.connections_max);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(config.performance.read_connections as usize + OTHER_THREADS)
        .thread_name("server")
        .enable_all()
        .build()
        .map_err(Error::Start)?;
    let done = Server::start(reading, config, guard, since)
        .and_then(|server| runtime.block_on(server.run(listener, signals, load, since)));
    // A name that is still being looked up, or a disk that does not answer, keeps nobody.
    runtime.shutdown_background();
    done
}

/// The parts, joined and not yet reachable.
struct Server {
    app: Arc<App>,
    wants: mpsc::Receiver<hub::Want>,
    driver: hub::Driver,
}

impl Server {
    fn start(reading: Reading, config: Config, guard: Guard, since: Stopwatch) -> Result<Self> {
        let (nodes, unwritten) = match reading {
            Reading::Elsewhere if !config.db.exists() => {
                return Err(Error::NoDatabase { path: config.db });
            }
            Reading::Elsewhere => (None, None),
            Reading::Here => {
                let unwritten = Unwritten::new();
                let nodes = Nodes::start(config.clone(), unwritten.clone())?;
                (Some(Arc::new(nodes)), Some(unwritten))
            }
        };
        let config = Arc::new(config);
        let current = Arc::new(RwLock::new(Arc::clone(&config)));
        let performance = &config.performance;
        let settings = StoreConfig {
            readers: performance.read_connections,
            retention: config.retention.clone(),
            ..StoreConfig::default()
        };
        let Store { readers, writer } = Store::open(&config.db, settings.clone())?;
        // A second one, for what is written down of each minute: alerts wait for nothing else.
        let again = || Store::open(&config.db, StoreConfig { readers: 1, ..settings.clone() });
        let of_minutes = again()?.writer;
        let follower = match unwritten {
            Some(_) => None,
            None => Some(Mutex::new(again()?.writer)),
        };
        let slow = Arc::new(SlowQuestions::default());
        readers.measure(slow.measuring(config.log.slow_query));
        let observatory =
            Observatory::new(readers.clone(), &config.cache.observatory, clock::coarse);
        let observatory = Arc::new(observatory);
        let ledger =
            Arc::new(Ledger::new(readers.clone(), ledger_settings(&config.cache), clock::coarse));
        let started = Arc::new(OnceLock::new());
        let alerts = Arc::new(Alerts::new(alerts::Parts {
            config: config.alerts.clone(),
            db: config.db.clone(),
            observatory: Arc::clone(&observatory),
            readers: readers.clone(),
            writer,
            sight: nodes::sight(
                nodes.clone(),
                Arc::clone(&started),
                readers.clone(),
                Arc::clone(&current),
            ),
            retry: alerts::Retry::default(),
        })?);
        let answers = Arc::new(Answers::new(performance.answer_cache));
        let http = Arc::new(HttpFigures::default());
        let pool = Pool::new(performance.read_connections, config.server.request_timeout);
        let itself = Arc::new(Itself {
            own: Own {
                db: config.db.clone(),
                readers: readers.clone(),
                observatory: Arc::clone(&observatory),
                ledger: Arc::clone(&ledger),
                http: Arc::clone(&http),
                slow,
                machine: Machine::new(),
                since: clock::now(),
            },
            readers: readers.clone(),
            nodes: nodes.clone(),
            alerts: Arc::clone(&alerts),
            answers: Arc::clone(&answers),
            pool: pool.clone(),
            hub: Mutex::default(),
            started: Arc::clone(&started),
            since,
            sampler: Mutex::new(Sampler::new(of_minutes)),
            written: Mutex::default(),
        });
        let metrics = Metrics::new(
            readers.clone(),
            Arc::clone(&observatory),
            Arc::clone(&ledger),
            config.metrics.storj_exporter_names,
        );
        let of_live = Arc::clone(&current);
        let live = Arc::new(Live::new(live::Parts {
            readers: readers.clone(),
            observatory: Arc::clone(&observatory),
            ledger: Arc::clone(&ledger),
            unwritten: unwritten.clone(),
            is_current: nodes::current_of(nodes.clone()),
            configured: Box::new(move || {
                let config = of_live.read().unwrap_or_else(PoisonError::into_inner);
                config.nodes.iter().map(|node| node.name.clone()).collect()
            }),
            alerts: {
                let alerts = Arc::clone(&alerts);
                Box::new(move |nodes| alerts.active(nodes))
            },
            active_alerts: {
                let alerts = Arc::clone(&alerts);
                Box::new(move |nodes| alerts.active(nodes).as_object().map_or(0, |all| all.len()))
            },
            status: {
                let itself = Arc::clone(&itself);
                Box::new(move |nodes| {
                    itself.status(nodes).map_err(|error| Refusal::NotNow(error.to_string()))
                })
            },
            now: clock::now,
        }));
        let hub_config = hub_config(performance);
        let message_bytes = hub_config.limits.message_bytes;
        let (broadcaster, wants, driver) =
            hub::start(hub_config, &topics(performance), clock::of_day)
                .expect("the limits are above zero and the topics have names of their own");
        let make_api = {
            let (observatory, ledger) = (Arc::clone(&observatory), Arc::clone(&ledger));
            let (alerts, itself) = (Arc::clone(&alerts), Arc::clone(&itself));
            move |config: &Config| {
                let itself = Arc::clone(&itself);
                Api::new(api::Parts {
                    observatory: Arc::clone(&observatory),
                    ledger: Arc::clone(&ledger),
                    configured: config.nodes.iter().map(|node| node.name.clone()).collect(),
                    costs: costs(config),
                    status: api::Slot {
                        schema: itself::schema(),
                        answer: Box::new(move |nodes| Ok(itself.status(nodes)?)),
                    },
                    alerts: alarm::of_api(&alerts, &readers),
                    readers: readers.clone(),
                })
            }
        };
        let app = App {
            broadcaster,
            message_bytes,
            guard,
            pool,
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            answers,
            http,
            metrics,
            itself,
            compression: performance.compression,
            observatory,
            ledger,
            live,
            nodes,
            unwritten,
            alerts,
            started,
            api: RwLock::new(Arc::new(make_api(&config))),
            make_api: Box::new(make_api),
            config: current,
            watching: Mutex::new(0),
            follower,
        };
        Ok(Self { app: Arc::new(app), wants, driver })
    }

    /// Serves until a signal says to stop, or what should not end does.
    async fn run(
        self,
        listener: TcpListener,
        mut signals: mpsc::Receiver<Signal>,
        load: Arc<Load>,
        since: Stopwatch,
    ) -> Result<()> {
        let Self { app, wants, driver } = self;
        let config = app.config();
        let listen = listener.local_addr().map_err(Error::Start)?;
        let listener = tokio::net::TcpListener::from_std(listener).map_err(Error::Start)?;
        // Everything ends when the sender is dropped.
        let (stop, stopped) = watch::channel(());
        let ends = || {
            let mut stopped = stopped.clone();
            async move { while stopped.changed().await.is_ok() {} }
        };
        // None of these ends before it is told to; one that does ends everything.
        let mut parts = JoinSet::new();
        let driver = match app.unwritten.clone() {
            // Else logs are looked at often enough.
            Some(unwritten) if config.performance.coalesce >= READ_BEFORE * 4 => {
                let topics = Topic::OF_LINES.map(Topic::name);
                driver.before_windows(READ_BEFORE, &topics, move || {
                    let called = unwritten.call_in();
                    move || called.is_answered()
                })
            }
            Some(_) | None => driver,
        };
        parts.spawn(driver.run(ends(), GOODBYE_MAX));
        let routes = routes::routes(Arc::clone(&app));
        let limits = http::Limits {
            connections: config.server.connections_max,
            figures: Arc::clone(&app.http),
        };
        parts.spawn(http::serve(listener, routes, limits, ends(), GOODBYE_MAX));
        parts.spawn(Arc::clone(&app.alerts).run(ends()));
        let live = Arc::clone(&app.live);
        // HTTP has one of the connections for itself.
        let parallel = (config.performance.read_connections as usize).saturating_sub(1).max(1);
        let mut helpers = JoinSet::new();
        helpers.spawn(live::answer_wants(Arc::clone(&live), wants, parallel, app.pool.runs()));
        let of_watching = Arc::clone(&app);
        let is_watched = move || of_watching.is_watched();
        helpers.spawn(live::tell_changes(
            live,
            app.broadcaster.clone(),
            is_watched,
            app.pool.runs(),
        ));
        helpers.spawn(tell_alerts(app.alerts.changed(), app.broadcaster.clone()));
        // Where another process follows the nodes, it or a third one asks them.
        let asking = match &app.nodes {
            Some(_) => Some(Asking::begin(Arc::clone(&config)).await?),
            None => None,
        };
        let (asked_otherwise, configs) = watch::channel(Arc::clone(&config));
        let mut asks = JoinSet::new();
        if let Some(asking) = asking {
            asks.spawn(asking.run(configs, ends()));
        }
        let reloads = Arc::new(Mutex::new(asked_otherwise));
        let millis = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        // It is set once.
        let _ = app.started.set(millis);
        tracing::info!(millis, "listening on http://{listen}");
        if since.elapsed() > config.server.slow_start {
            tracing::warn!(millis, "it took long to start");
        }
        systemd::ready("watching");
        let warming = tokio::task::spawn(warming::warm(Arc::clone(&app)));
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut seconds: u64 = 0;
        let mut ticking = tokio::task::spawn(async {});
        let ended = loop {
            tokio::select! {
                signal = signals.recv() => match signal {
                    Some(Signal::Reload) => {
                        let (app, load) = (Arc::clone(&app), Arc::clone(&load));
                        let reloads = Arc::clone(&reloads);
                        tokio::task::spawn_blocking(move || {
                            // One after the other, so that the newest is what remains.
                            let asked = reloads.lock().unwrap_or_else(PoisonError::into_inner);
                            let before = app.config();
                            reload(&app, &*load);
                            let config = app.config();
                            if asking::differs(&before, &config) {
                                asked.send_replace(config);
                            }
                        });
                    }
                    Some(Signal::Stop) | None => break Ok(()),
                },
                Some(ended) = asks.join_next() => break asked(Some(ended)),
                _ = parts.join_next() => break Err(ended_by_itself("a part of the server")),
                _ = helpers.join_next() => break Err(ended_by_itself("a part of the server")),
                _ = ticks.tick() => {
                    seconds += 1;
                    if app.nodes.as_ref().is_some_and(|nodes| nodes.has_ended()) {
                        // Stopping tells why.
                        break Ok(());
                    }
                    let told = timeout(TICK, app.broadcaster.statistics()).await;
                    if let Ok(Some(statistics)) = told {
                        app.itself.note_hub(statistics);
                    }
                    app.broadcaster.press(app.itself.pressure());
                    // One that takes longer than a second is waited for, without holding up the rest.
                    if ticking.is_finished() {
                        let app = Arc::clone(&app);
                        ticking = tokio::task::spawn_blocking(move || tick(&app, seconds));
                    }
                }
            }
        };
        systemd::stopping();
        drop(stop);
        helpers.abort_all();
        warming.abort();
        let nodes = app.nodes.clone();
        let follows =
            tokio::task::spawn_blocking(move || nodes.map_or(Ok(()), |nodes| nodes.stop()));
        let asked_last = async { asked(asks.join_next().await) };
        let says_goodbye = async { while parts.join_next().await.is_some() {} };
        let stops = async { tokio::join!(follows, asked_last, says_goodbye) };
        let stopped = match timeout(STOP_MAX, stops).await {
            Ok((followed, asked, ())) => followed.unwrap_or(Ok(())).and(asked),
            // Nothing is lost: what is not stored is read again.
            Err(_) => Err(Error::Late),
        };
        tracing::info!("stopped");
        stopped.and(ended)
    }
}

/// Tells browsers of alerts as soon as there is something to tell.
async fn tell_alerts(mut changed: watch::Receiver<u64>, broadcaster: hub::Broadcaster) {
    while changed.changed().await.is_ok() {
        broadcaster.changed(Topic::Alerts.name(), None);
        broadcaster.changed(Topic::Overview.name(), None);
    }
}

/// What is done each second; it may block.
fn tick(app: &App, seconds: u64) {
    if let Some(nodes) = &app.nodes {
        nodes.tell();
        if seconds.is_multiple_of(REPORT_EVERY) {
            nodes.look_for_silence();
        }
    }
    if seconds.is_multiple_of(WATCH_EVERY) {
        app.tell_who_writes();
    }
    // What was kept of what has changed since is forgotten before somebody asks.
    let analytics = app.observatory.refresh().err().map(|error| error.to_string());
    let earnings = app.ledger.refresh().err().map(|error| error.to_string());
    for error in analytics.into_iter().chain(earnings) {
        tracing::warn!("what is kept was forgotten: {error}");
    }
    if seconds.is_multiple_of(REPORT_EVERY) {
        app.itself.sample();
        app.observatory.sweep();
        app.ledger.sweep();
        app.answers.sweep();
        logging::report_suppressed();
    }
}

/// Reads the configuration again: what nodes there are and what they cost, of what is told and to whom, and what
/// else can change while everything runs. Blocks.
fn reload(app: &App, load: &Load) {
    systemd::reloading();
    match load() {
        Ok(config) => {
            // Before they are followed: whoever hears of a node finds it.
            app.reconfigure(config.clone());
            if let Err(error) = app.alerts.reconfigure(config.alerts.clone()) {
                tracing::error!("alerts stay as they were: {}", error.lines().join("; "));
            }
            if let Some(nodes) = &app.nodes {
                nodes.reload(config);
            }
            for topic in Topic::ALL {
                app.broadcaster.changed(topic.name(), None);
            }
            app.alerts.look_now();
        }
        Err(error) => {
            for line in error.lines() {
                tracing::error!("the configuration stays as it was: {line}");
            }
        }
    }
    systemd::ready("watching");
}

/// How asking the nodes has ended, where they were asked.
fn asked(ended: Option<Result<Result<()>, JoinError>>) -> Result<()> {
    match ended {
        Some(ended) => ended.unwrap_or_else(|_| Err(ended_by_itself("what asks the nodes"))),
        None => Ok(()),
    }
}

fn ended_by_itself(what: &str) -> Error {
    Error::Ended { what: what.to_owned() }
}

/// The signals, on a channel of the runtime.
fn on_tokio(signals: Receiver<Signal>) -> Result<mpsc::Receiver<Signal>> {
    let (sender, receiver) = mpsc::channel(1);
    let forward = move || {
        while let Ok(signal) = signals.recv() {
            if sender.blocking_send(signal).is_err() {
                return;
            }
        }
    };
    thread::Builder::new().name("stop".to_owned()).spawn(forward).map_err(Error::Start)?;
    Ok(receiver)
}

/// The topics, those with a rate of their own no faster than is configured.
fn topics(performance: &Performance) -> Vec<hub::TopicConfig> {
    let mut topics = Live::topics();
    for topic in &mut topics {
        topic.max_hz = topic.max_hz.map(|hz| hz.min(performance.heavy_hz.into()));
    }
    topics
}

/// What nodes cost a month, of those that say it.
fn costs(config: &Config) -> BTreeMap<NodeName, MicroUsd> {
    let cost =
        |node: &piecewatch_collector::config::Node| Some((node.name.clone(), node.monthly_cost?));
    config.nodes.iter().filter_map(cost).collect()
}

fn hub_config(performance: &Performance) -> hub::Config {
    let switch = |usage| match usage {
        Use::On => hub::Switch::On,
        Use::Off => hub::Switch::Off,
    };
    let epoch = format!("{:x}", clock::now().as_micros());
    hub::Config {
        coalesce: performance.coalesce,
        switches: hub::Switches {
            diffs: switch(performance.diffs),
            rates: switch(performance.rates),
            sharing: switch(performance.sharing),
            adaptive: switch(performance.adaptive),
        },
        ..hub::Config::new(&epoch, env!("CARGO_PKG_VERSION"))
    }
}
