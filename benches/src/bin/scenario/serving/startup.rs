//! `startup`: from the start of the server to the first overview, over histories of 30 days.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use piecewatch_benches::{
    clock::Stopwatch,
    document::{Bound, Subject, Target},
};
use piecewatch_broadcast::Mirror;
use piecewatch_model::NodeName;
use piecewatch_store::{Store, StoreConfig};
use tokio_tungstenite::tungstenite::Message;

use super::{
    Name, Run,
    server::{Begin, Server},
    session::runtime,
    subject,
    watcher::{open, subscribe},
};

/// Histories by their names, and how long a server may take with them, in milliseconds.
const SIZES: [(&str, f64); 3] = [("1M", 150.0), ("10M", 150.0), ("100M", 150.0)];
/// What a page shows first, and what it shows as well.
const TOPICS: [&str; 3] = ["overview", "traffic", "transfers"];

const METHOD: &str = "\
- Histories: 30 days of four nodes, of `report histories`; each is copied, and its pages are in the memory of the
  system. The logs of the nodes are there and empty.
- *Listening*: from the start of the process until it says where it listens. *First overview*: until a client that
  connects then has the state of overview with all nodes; *first page*: those of traffic and transfers as well.
- *The program itself*: what `piecewatch --version` takes.";

pub(super) fn measure(run: &mut Run) -> Result<Subject> {
    let folder = folder(run)?;
    let runtime = runtime()?;
    let mut histories = Vec::new();
    for (name, most) in SIZES {
        let path = folder.join(format!("{name}.db"));
        if path.exists() {
            crate::say(&format!("copying {name}"));
            histories.push((name, most, History::copy(run, &path)?));
        }
    }
    ensure!(!histories.is_empty(), "{} has no histories", folder.display());
    for round in 1..=run.rounds {
        crate::say(&format!("round {round} of {}", run.rounds));
        let watch = Stopwatch::start();
        let mut version = Command::new(&run.program);
        version.arg("--version").stdout(Stdio::null());
        ensure!(version.status()?.success(), "the program does not start");
        run.push("the program itself", "ms", watch.elapsed().as_secs_f64() * 1e3);
        for (name, _, history) in &histories {
            let took = runtime.block_on(history.start(&run.program))?;
            for (what, ms) in took {
                run.push(&format!("{name}: {what}"), "ms", ms);
            }
        }
    }
    let mut subject = subject(Name::Startup, "From start to the first overview", METHOD.to_owned());
    for (name, most, _) in histories {
        let what = format!("{name}: first overview");
        let series = what.clone();
        subject.targets.push(Target { what, series, bound: Bound::AtMost(most) });
    }
    Ok(subject)
}

/// Where histories are.
fn folder(run: &Run) -> Result<PathBuf> {
    run.histories.clone().context(
        "--histories FOLDER is needed: `report histories FOLDER` makes it, in 20 minutes and 19 GB",
    )
}

/// A copy of a history, and empty logs of its nodes.
#[derive(Debug)]
pub(super) struct History {
    database: PathBuf,
    sources: Vec<(NodeName, PathBuf)>,
}

impl History {
    /// That of 10 M transfers, or of 1 M where there is no such.
    pub(super) fn of_10_million(run: &mut Run) -> Result<Self> {
        let folder = folder(run)?;
        let path = ["10M", "1M"].map(|name| folder.join(format!("{name}.db")));
        let path = path.iter().find(|path| path.exists());
        Self::copy(run, path.with_context(|| format!("{} has no histories", folder.display()))?)
    }

    /// Starts a server on it.
    pub(super) fn serve(&self, program: &Path) -> Result<Server> {
        let (database, sources) = (&self.database, &self.sources);
        Server::start(&Begin { program, database, sources, settings: &[] })
    }

    fn copy(run: &mut Run, history: &Path) -> Result<Self> {
        let folder = run.folder()?;
        let database = folder.join("piecewatch.db");
        fs::copy(history, &database).with_context(|| history.display().to_string())?;
        let Store { readers, writer } = Store::open(&database, StoreConfig::default())?;
        let mut sources = Vec::new();
        for node in readers.get()?.nodes()? {
            let log = folder.join(format!("{}.log", node.name));
            fs::write(&log, "")?;
            sources.push((node.name, log));
        }
        drop((readers, writer));
        Ok(Self { database, sources })
    }

    /// Starts a server on it, and gives what took how many milliseconds.
    async fn start(&self, program: &Path) -> Result<[(&'static str, f64); 3]> {
        let watch = Stopwatch::start();
        let millis = || watch.elapsed().as_secs_f64() * 1e3;
        let server = self.serve(program)?;
        let listening = millis();
        let mut socket = open(&server.address).await?;
        for (sub, topic) in (1..).zip(TOPICS) {
            socket.send(subscribe(sub, topic, None)).await?;
        }
        let mut mirror = Mirror::new();
        let mut overview = None;
        let page = loop {
            let Some(message) = socket.next().await else { bail!("the server hung up") };
            let Message::Text(text) = message? else { continue };
            mirror.take(text.as_bytes())?;
            if overview.is_none()
                && let Some(state) = mirror.state(1)
            {
                let nodes = state["nodes"].as_object().map_or(0, serde_json::Map::len);
                ensure!(nodes == self.sources.len(), "an overview of {nodes} nodes");
                overview = Some(millis());
            }
            if (1..).zip(TOPICS).all(|(sub, _)| mirror.state(sub).is_some()) {
                break millis();
            }
        };
        drop(socket);
        server.stop()?;
        let overview = overview.unwrap_or(page);
        Ok([("listening", listening), ("first overview", overview), ("first page", page)])
    }
}
