//! `piecewatch demo`: three simulated nodes with a month behind them, watched live.

mod node;

use std::{
    fmt::Write as _,
    fs,
    io::Write,
    net::{SocketAddr, TcpStream},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use piecewatch_collector::{
    config::{Config, Sayings},
    signals::{Signal, signals},
};

use self::node::{NODES, Node};
use crate::{
    Error, Result,
    cli::DemoArgs,
    clock,
    serve::{self, Reading},
};

/// How often the nodes write what they did.
const WRITE_EVERY: Duration = Duration::from_millis(100);
/// How often it is looked whether the server listens already, and how often at most.
const LOOK_EVERY: Duration = Duration::from_millis(100);
const LOOKS_MAX: u32 = 100;

/// Simulates, watches and shows, until a signal says to stop.
pub(crate) fn run(arguments: &DemoArgs, out: &mut dyn Write) -> Result<()> {
    // Before there is anything that would stay behind.
    let signals = signals()?;
    let folder = tempfile::Builder::new()
        .prefix("piecewatch-demo-")
        .tempdir()
        .map_err(|source| Error::Write { path: "a temporary folder".into(), source })?;
    // What is in the way is told before a month is simulated.
    drop(serve::listen(arguments.listen)?);
    let told = writeln!(out, "Three simulated nodes, 30 days; stop with Ctrl-C.");
    told.and_then(|()| out.flush()).map_err(Error::Output)?;
    let now = clock::now();
    let mut nodes = Vec::new();
    for plan in &NODES {
        if signals.try_recv() == Ok(Signal::Stop) {
            return Ok(());
        }
        nodes.push(Node::make(plan, folder.path(), now)?);
    }
    let config = folder.path().join("piecewatch.toml");
    fs::write(&config, configuration(&nodes, folder.path()))
        .map_err(|source| Error::Write { path: config.clone(), source })?;
    let is_over = Arc::new(AtomicBool::new(false));
    let over = Arc::clone(&is_over);
    let live = thread::Builder::new().name("simulator".to_owned()).spawn(move || {
        while !over.load(Ordering::Relaxed) {
            let now = clock::now();
            nodes.iter_mut().try_for_each(|node| node.live_until(now))?;
            thread::sleep(WRITE_EVERY);
        }
        Ok(())
    });
    let live = live.map_err(Error::Start)?;
    if !arguments.no_open {
        open_when_it_listens(arguments.listen)?;
    }
    let listen = arguments.listen;
    // Without the environment: what is said there is of nodes that are there.
    let load = move || {
        let said = Sayings { file: Some(config.clone()), ..Sayings::default() };
        let mut config = Config::load(&said)?;
        config.server.listen = listen;
        Ok(config)
    };
    let served = serve::run(Reading::Here, Arc::new(load), signals);
    is_over.store(true, Ordering::Relaxed);
    let lived = live.join().expect("the simulator does not panic");
    served.and(lived)
}

/// What the server is told of the nodes: short intervals, since nobody stays for long.
fn configuration(nodes: &[Node], folder: &Path) -> String {
    let mut text = format!(
        "db = {:?}\n\n[performance]\ncommit_interval_ms = 1000\n\n[polling]\ndashboard_minutes = 1\nsatellites_minutes = 5\n",
        folder.join("demo.db")
    );
    for node in nodes {
        let _ = write!(
            text,
            "\n[[node]]\nname = {:?}\nsource = {:?}\napi = {:?}\nmonthly_cost_usd = {}\n",
            node.name(),
            node.log(),
            node.url(),
            node.monthly_cost_usd(),
        );
    }
    text
}

/// Opens the page as soon as there is one. Where no browser can be opened, the address is in the log.
fn open_when_it_listens(listen: SocketAddr) -> Result<()> {
    let look = move || {
        for _ in 0..LOOKS_MAX {
            if TcpStream::connect(listen).is_ok() {
                if let Err(error) = open::that_detached(format!("http://{listen}/")) {
                    tracing::info!("no browser was opened: {error}");
                }
                return;
            }
            thread::sleep(LOOK_EVERY);
        }
    };
    thread::Builder::new().name("opener".to_owned()).spawn(look).map_err(Error::Start)?;
    Ok(())
}
