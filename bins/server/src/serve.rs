//! `piecewatch serve`: watches nodes and tells browsers.

mod alarm;
pub(crate) mod alerts;
mod answers;
mod api;
mod app;
mod guard;
mod http;
mod itself;
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

use std::{
    collections::BTreeMap,
    future::pending,
    net::TcpListener,
    sync::{Arc, Mutex, OnceLock, RwLock, atomic::AtomicUsize},
    thread,
    time::Duration,
};

use piecewatch_analytics::{Observatory, alert::MonitorFacts};
use piecewatch_broadcast as hub;
use piecewatch_collector::{
    config::{Config, Performance, Use},
    logging,
    pipeline::unwritten::Unwritten,
    signals::{Signal, signals},
    systemd,
};
use piecewatch_finance::Ledger;
use piecewatch_model::{MicroUsd, NodeName};
use piecewatch_store::{Store, StoreConfig};
use tokio::{
    sync::{Semaphore, mpsc, watch},
    time::{MissedTickBehavior, interval, timeout},
};

use self::{
    alerts::{Alerts, Watched},
    answers::Answers,
    api::Api,
    app::App,
    guard::Guard,
    itself::Itself,
    live::{Live, Topic},
    metrics::Metrics,
    nodes::Nodes,
    own::{HttpFigures, Machine, Own, Sampler, SlowQuestions},
    pool::Pool,
    token::Token,
};
use crate::{
    Error, Result,
    cli::ServeArgs,
    clock::{self, Stopwatch},
    earnings::ledger_settings,
    poll,
};

/// How long browsers are waited for when everything is to end.
const GOODBYE_MAX: Duration = Duration::from_secs(2);
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

/// Watches nodes until a signal says to stop.
pub(crate) fn run(arguments: &ServeArgs) -> Result<()> {
    let since = Stopwatch::start();
    let config = arguments.load()?;
    logging::start(&config.log);
    let guard = Guard::new(Token::of(&config.server)?, config.server.origins.clone());
    // Before anything is begun: a port that is taken is mostly this program itself.
    let listener = listen(&config)?;
    let signals = signals_of_tokio()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(config.performance.read_connections as usize + OTHER_THREADS)
        .thread_name("server")
        .enable_all()
        .build()
        .map_err(Error::Start)?;
    let done = Server::start(arguments, config, guard, since)
        .and_then(|server| runtime.block_on(server.run(listener, signals, arguments, since)));
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
    fn start(
        arguments: &ServeArgs,
        config: Config,
        guard: Guard,
        since: Stopwatch,
    ) -> Result<Self> {
        let (nodes, unwritten) = if arguments.follow {
            if !config.db.exists() {
                return Err(Error::NoDatabase { path: config.db });
            }
            (None, None)
        } else {
            let unwritten = Unwritten::new();
            let nodes = Nodes::start(config.clone(), unwritten.clone())?;
            (Some(Arc::new(nodes)), Some(unwritten))
        };
        let config = Arc::new(config);
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
            nodes: watched(&config),
            observatory: Arc::clone(&observatory),
            readers: readers.clone(),
            writer,
            monitor: monitor(nodes.clone(), Arc::clone(&started)),
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
        });
        let metrics = Metrics::new(
            readers.clone(),
            Arc::clone(&observatory),
            Arc::clone(&ledger),
            config.metrics.storj_exporter_names,
        );
        let configured: Vec<NodeName> = config.nodes.iter().map(|node| node.name.clone()).collect();
        let live = Arc::new(Live::new(live::Parts {
            readers: readers.clone(),
            observatory: Arc::clone(&observatory),
            ledger: Arc::clone(&ledger),
            unwritten: unwritten.clone(),
            configured: Box::new(move || configured.clone()),
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
                    // What cannot be told now is told with the next second.
                    itself.status(nodes).unwrap_or_else(|_| serde_json::json!({}))
                })
            },
            now: clock::now,
        }));
        let hub_config = hub_config(performance);
        let message_bytes = hub_config.limits.message_bytes;
        let (broadcaster, wants, driver) =
            hub::start(hub_config, &topics(performance), clock::of_day)
                .expect("the limits are above zero and the topics have names of their own");
        let api = Api::new(api::Parts {
            observatory: Arc::clone(&observatory),
            ledger: Arc::clone(&ledger),
            costs: costs(&config),
            status: {
                let itself = Arc::clone(&itself);
                api::Slot {
                    schema: itself::schema(),
                    answer: Box::new(move |nodes| Ok(itself.status(nodes)?)),
                }
            },
            alerts: alarm::of_api(&alerts, &readers),
            readers,
        });
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
            api: RwLock::new(Arc::new(api)),
            config: RwLock::new(Arc::clone(&config)),
            watching: AtomicUsize::new(0),
            follower,
        };
        Ok(Self { app: Arc::new(app), wants, driver })
    }

    /// Serves until a signal says to stop, or what should not end does.
    async fn run(
        self,
        listener: TcpListener,
        mut signals: mpsc::Receiver<Signal>,
        arguments: &ServeArgs,
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
        let hub = tokio::spawn(driver.run(ends(), GOODBYE_MAX));
        let routes = routes::routes(Arc::clone(&app));
        let limits = http::Limits {
            connections: config.server.connections_max,
            figures: Arc::clone(&app.http),
        };
        let http = tokio::spawn(http::serve(listener, routes, limits, ends(), GOODBYE_MAX));
        let live = Arc::clone(&app.live);
        let parallel = config.performance.read_connections as usize;
        tokio::spawn(live::answer_wants(Arc::clone(&live), wants, parallel, app.pool.runs()));
        tokio::spawn(live::tell_changes(live, app.broadcaster.clone(), app.pool.runs()));
        tokio::spawn(Arc::clone(&app.alerts).run(ends()));
        tokio::spawn(tell_alerts(app.alerts.changed(), app.broadcaster.clone()));
        let mut asking = if arguments.follow { None } else { poll::begin(&config)? };
        let millis = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        // It is set once.
        let _ = app.started.set(millis);
        tracing::info!(millis, "listening on http://{listen}");
        if since.elapsed() > config.server.slow_start {
            tracing::warn!(millis, "it took long to start");
        }
        systemd::ready("watching");
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut seconds: u64 = 0;
        let ended = loop {
            tokio::select! {
                signal = signals.recv() => match signal {
                    Some(Signal::Reload) => reload(&app, arguments).await,
                    Some(Signal::Stop) | None => break Ok(()),
                },
                ended = async {
                    match &mut asking {
                        Some(asking) => asking.ended().await,
                        None => pending().await,
                    }
                } => break ended,
                _ = ticks.tick() => {
                    seconds += 1;
                    if app.nodes.as_ref().is_some_and(|nodes| nodes.has_ended()) {
                        break Ok(());
                    }
                    if let Some(statistics) = app.broadcaster.statistics().await {
                        app.itself.note_hub(statistics);
                    }
                    app.broadcaster.press(app.itself.pressure());
                    let app = Arc::clone(&app);
                    tokio::task::spawn_blocking(move || tick(&app, seconds));
                }
            }
        };
        systemd::stopping();
        drop(stop);
        let stops = async {
            // Browsers first: they are told at once, and come back when there is somebody.
            let _ = tokio::join!(hub, http);
            let asked = match asking {
                Some(asking) => asking.stop().await,
                None => Ok(()),
            };
            let nodes = app.nodes.clone();
            let stop = move || nodes.map_or(Ok(()), |nodes| nodes.stop());
            let followed = tokio::task::spawn_blocking(stop).await;
            followed.unwrap_or(Ok(())).and(asked)
        };
        let stopped = timeout(STOP_MAX, stops).await.unwrap_or(Ok(()));
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

/// How the server itself is, for its alerts.
fn monitor(
    nodes: Option<Arc<Nodes>>,
    started: Arc<OnceLock<u64>>,
) -> Box<dyn Fn() -> MonitorFacts + Send + Sync> {
    Box::new(move || MonitorFacts {
        blocked: nodes.as_ref().and_then(|nodes| nodes.state()?.writer.blocked),
        unreadable: None,
        start_up_ms: started.get().copied(),
        lags: Vec::new(),
    })
}

/// Of which nodes operators are told: those that are followed here, or all where others follow.
fn watched(config: &Config) -> Watched {
    match config.nodes.as_slice() {
        [] => Watched::All,
        nodes => Watched::These(nodes.iter().map(|node| node.name.clone()).collect()),
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
    for refreshed in [
        app.observatory.refresh().err().map(|error| error.to_string()),
        app.ledger.refresh().err().map(|error| error.to_string()),
    ] {
        if let Some(error) = refreshed {
            tracing::warn!("what is kept was forgotten: {error}");
        }
    }
    if seconds.is_multiple_of(REPORT_EVERY) {
        app.itself.sample();
        app.observatory.sweep();
        app.ledger.sweep();
        app.answers.sweep();
        logging::report_suppressed();
    }
}

/// Reads the configuration again: what nodes there are, what they cost, and what else can change
/// while everything runs.
async fn reload(app: &Arc<App>, arguments: &ServeArgs) {
    systemd::reloading();
    match arguments.load() {
        Ok(config) => {
            let nodes = app.nodes.clone();
            let of_nodes = config.clone();
            let follow = move || {
                if let Some(nodes) = nodes {
                    nodes.reload(of_nodes);
                }
            };
            // A panic was told when it happened.
            let _ = tokio::task::spawn_blocking(follow).await;
            app.reconfigure(config);
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

fn listen(config: &Config) -> Result<TcpListener> {
    let listen = config.server.listen;
    let failed = |source: std::io::Error| {
        let hint = match source.kind() {
            std::io::ErrorKind::AddrInUse => {
                "; is Piecewatch running already? Stop it, or name another port with --listen"
            }
            std::io::ErrorKind::PermissionDenied => "; ports below 1024 belong to the system",
            std::io::ErrorKind::AddrNotAvailable => "; this machine has no such address",
            _ => "",
        };
        Error::Listen { listen, hint, source }
    };
    let listener = TcpListener::bind(listen).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(listener)
}

/// The signals of the system, on a channel of the runtime.
fn signals_of_tokio() -> Result<mpsc::Receiver<Signal>> {
    let signals = signals()?;
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

/// The topics, with the rate that is configured for what is dear.
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
