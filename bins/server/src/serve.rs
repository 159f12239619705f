//! `piecewatch serve`: watches nodes and tells browsers.

mod alerts;
mod answers;
mod api;
mod app;
mod guard;
mod http;
mod live;
mod metrics;
mod nodes;
mod pool;
mod problem;
mod routes;
mod site;
mod socket;
mod token;

use std::{net::TcpListener, sync::Arc, thread, time::Duration};

use piecewatch_broadcast as hub;
use piecewatch_collector::{
    config::{Config, Performance, Use},
    logging,
    signals::{Signal, signals},
    systemd,
};
use tokio::{
    runtime::Runtime,
    sync::{mpsc, watch},
    time::{MissedTickBehavior, interval, timeout},
};

use self::{answers::Answers, app::App, guard::Guard, nodes::Nodes, pool::Pool, token::Token};
use crate::{
    Error, Result,
    cli::ServeArgs,
    clock::{self, Stopwatch},
    poll,
};

/// How long browsers are waited for when everything is to end.
const GOODBYE_MAX: Duration = Duration::from_secs(2);
/// How long everything else has.
const STOP_MAX: Duration = Duration::from_secs(4);

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
        .max_blocking_threads(config.performance.read_connections as usize + 8)
        .thread_name("server")
        .enable_all()
        .build()
        .map_err(Error::Start)?;
    let done = Server::start(arguments, config, guard, &runtime)
        .and_then(|server| server.run(&runtime, listener, signals, arguments, since));
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
        runtime: &Runtime,
    ) -> Result<Self> {
        let _context = runtime.enter();
        let nodes =
            if arguments.follow { None } else { Some(Arc::new(Nodes::start(config.clone())?)) };
        let hub_config = hub_config(&config.performance);
        let message_bytes = hub_config.limits.message_bytes;
        let (broadcaster, wants, driver) =
            hub::start(hub_config, &[hub::TopicConfig::new("overview")], clock::of_day)
                .expect("the limits are above zero and the topics have names of their own");
        let pool = Pool::new(config.performance.read_connections, config.server.request_timeout);
        let answers = Answers::new(config.performance.answer_cache);
        let compression = config.performance.compression;
        let app =
            App { broadcaster, message_bytes, guard, pool, answers, nodes, config, compression };
        Ok(Self { app: Arc::new(app), wants, driver })
    }

    fn run(
        self,
        runtime: &Runtime,
        listener: TcpListener,
        mut signals: mpsc::Receiver<Signal>,
        arguments: &ServeArgs,
        since: Stopwatch,
    ) -> Result<()> {
        runtime.block_on(async {
            let Self { app, mut wants, driver } = self;
            let listen = listener.local_addr().map_err(Error::Start)?;
            let listener = tokio::net::TcpListener::from_std(listener).map_err(Error::Start)?;
            let (stop, stopped) = watch::channel(());
            let ends = || {
                let mut stopped = stopped.clone();
                async move {
                    // The sender is dropped when everything is to end.
                    while stopped.changed().await.is_ok() {}
                }
            };
            let hub = tokio::spawn(driver.run(ends(), GOODBYE_MAX));
            let routes = routes::routes(Arc::clone(&app));
            let connections = app.config.server.connections_max;
            let http =
                tokio::spawn(http::serve(listener, routes, connections, ends(), GOODBYE_MAX));
            let mut asking = match arguments.follow {
                true => None,
                false => poll::begin(&app.config)?,
            };
            tracing::info!(millis = since.elapsed().as_millis(), "listening on http://{listen}");
            systemd::ready("watching");
            let mut tells = interval(Duration::from_secs(1));
            tells.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let ended = loop {
                tokio::select! {
                    signal = signals.recv() => match signal {
                        Some(Signal::Reload) => reload(&app, arguments),
                        Some(Signal::Stop) | None => break Ok(()),
                    },
                    ended = async {
                        match &mut asking {
                            Some(asking) => asking.ended().await,
                            None => std::future::pending().await,
                        }
                    } => break ended,
                    _ = tells.tick() => {
                        if let Some(nodes) = &app.nodes {
                            if nodes.has_ended() {
                                break Ok(());
                            }
                            nodes.tell();
                        }
                    }
                    want = wants.recv() => if let Some(want) = want {
                        want.answer(serde_json::json!({}));
                    },
                }
            };
            systemd::stopping();
            drop(stop);
            let all = async {
                let _ = tokio::join!(hub, http);
                let asked = match asking {
                    Some(asking) => asking.stop().await,
                    None => Ok(()),
                };
                let nodes = app.nodes.clone();
                let followed =
                    tokio::task::spawn_blocking(move || nodes.map_or(Ok(()), |nodes| nodes.stop()));
                let followed = followed.await.unwrap_or(Ok(()));
                followed.and(asked)
            };
            let stopped = timeout(STOP_MAX, all).await.unwrap_or(Ok(()));
            tracing::info!("stopped");
            stopped.and(ended)
        })
    }
}

fn reload(app: &App, arguments: &ServeArgs) {
    systemd::reloading();
    match arguments.load() {
        Ok(config) => {
            if let Some(nodes) = &app.nodes {
                nodes.reload(config);
            }
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
