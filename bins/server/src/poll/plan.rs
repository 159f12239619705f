//! Who is asked, and where: from the configuration, the command line and what is known already.

use std::{path::Path, sync::Arc};

use piecewatch_collector::config::{Config, Discovery, Node as Configured};
use piecewatch_ingest::Source;
use piecewatch_model::{LifecycleEvent, NodeName, Timestamp};
use piecewatch_node_api::{Address, Client, Limits};
use piecewatch_store::{Holder, NodeLock, Nodes, Reader, Window};

use super::{
    ids::Ids,
    node::{Node, Places},
};
use crate::{
    Error, Result,
    cli::{Asked, AskedPlace},
    clock,
};

/// Where a node shows its dashboard unless it is told otherwise.
const DEFAULT_ADDRESS: &str = "http://localhost:14002";
/// The port of that.
const DEFAULT_PORT: u16 = 14_002;
/// The name under which nodes are locked.
const PROGRAM: &str = "piecewatch poll";
/// How many of a node's newest starts and stops are looked through for its id.
const EVENTS_MAX: u32 = 500;

/// Who is asked.
#[derive(Debug)]
pub(super) struct Plan {
    /// The nodes, in the order of the configuration.
    pub(super) nodes: Vec<Node>,
    /// Under which names the nodes are known.
    pub(super) ids: Arc<Ids>,
    /// Nodes for whose dashboards nobody looks, though that was asked for.
    pub(super) unasked: Vec<NodeName>,
    /// The rights to ask them; they end with the plan.
    locks: Vec<NodeLock>,
    /// Whether there is one node in all: then the dashboard of this machine is its own.
    is_one: bool,
}

impl Plan {
    /// The nodes of the configuration, and those of the command line in their place or beside them.
    ///
    /// # Errors
    ///
    /// When a node is named twice, or there is nobody to ask.
    pub(super) fn new(config: &Config, said: &[Asked]) -> Result<Self> {
        let limits = Limits { answer: config.polling.timeout, ..Limits::default() };
        let client = |address: &Address| Client::new(address.clone(), limits);
        let mut nodes = Vec::new();
        let is_said = |name: &NodeName| said.iter().any(|asked| asked.name == *name);
        for configured in config.nodes.iter().filter(|node| !is_said(&node.name)) {
            let is_guessed = configured.api.is_none() && may_be_guessed(config, configured, said);
            let guess = || DEFAULT_ADDRESS.parse().expect("it is an address");
            let address = configured.api.clone().or_else(|| is_guessed.then(guess));
            let places = Places {
                dashboard: address.as_ref().map(client),
                is_guessed,
                databases: configured.databases.clone(),
                metrics: configured.metrics.as_ref().map(client),
            };
            nodes.push(Node::new(configured.name.clone(), places, &config.polling));
        }
        for (at, asked) in said.iter().enumerate() {
            if said[..at].iter().any(|before| before.name == asked.name) {
                return Err(Error::NamedTwice { name: asked.name.clone() });
            }
            let places = match &asked.place {
                AskedPlace::Dashboard(address) => {
                    Places { dashboard: Some(client(address)), ..Places::default() }
                }
                AskedPlace::Databases(folder) => {
                    Places { databases: Some(folder.clone()), ..Places::default() }
                }
            };
            nodes.push(Node::new(asked.name.clone(), places, &config.polling));
        }
        let is_one = config.nodes.len() == 1 && said.is_empty();
        let (ids, unasked) = (Arc::default(), Vec::new());
        Self { nodes, ids, unasked, locks: Vec::new(), is_one }.somebody()
    }

    /// Takes what the database knows of the nodes: their ids, and when their past was told.
    /// Nodes without anything to ask are left out, and so are those of which nobody can know whether
    /// the dashboard of this machine is theirs.
    ///
    /// # Errors
    ///
    /// When the database cannot be read, or there is nobody to ask.
    pub(super) fn know(mut self, reader: &Reader) -> Result<Self> {
        // Whoever was asked before has the name under which it was.
        for told in reader.statuses(Nodes::All)? {
            if let Some(id) = &told.what.node_id {
                // Two names for one id are of a time when that was not refused: the first has it.
                let _ = self.ids.claim(id, &told.node);
            }
        }
        for node in &mut self.nodes {
            let name = std::slice::from_ref(&node.name);
            let (told, logged) = (asked_id(reader, name)?, logged_id(reader, name)?);
            if node.places.is_guessed && told.is_some() {
                // It was found there.
                node.places.is_guessed = false;
            }
            if node.places.is_guessed && logged.is_none() && !self.is_one {
                node.places.dashboard = None;
                self.unasked.push(node.name.clone());
            }
            let polls = reader.polls(Nodes::Of(name))?;
            let part = node.part_of_history();
            let mut known = node.known();
            known.id = told.or(logged);
            known.history_at =
                polls.iter().find(|row| row.part == part).and_then(|row| row.succeeded_at);
        }
        self.nodes.retain(|node| !node.parts().is_empty());
        self.somebody()
    }

    /// Takes the rights to ask the nodes for a database. Those that somebody else asks are left out;
    /// gives why.
    pub(super) fn lock(&mut self, db: &Path) -> Vec<Error> {
        let (process, since) = (std::process::id(), clock::now());
        let holder = Holder { program: PROGRAM.to_owned(), process, since };
        let mut refused = Vec::new();
        self.nodes.retain(|node| match NodeLock::take_to_ask(db, &node.name, &holder) {
            Ok(lock) => {
                self.locks.push(lock);
                true
            }
            Err(error) => {
                refused.push(error.into());
                false
            }
        });
        refused
    }

    /// The nodes and the rights to ask them.
    pub(super) fn into_parts(self) -> (Vec<Node>, Arc<Ids>, Vec<NodeLock>) {
        (self.nodes, self.ids, self.locks)
    }

    fn somebody(self) -> Result<Self> {
        if self.nodes.iter().all(|node| node.parts().is_empty()) {
            return Err(Error::NobodyToAsk);
        }
        Ok(self)
    }
}

/// What is said of nodes for whose dashboards nobody looks.
pub(super) const UNASKED: &str = "no dashboard is looked for: there is more than one node, and the log of this one has not told its id yet; write api = \"http://HOST:PORT\" into its [[node]]";

/// Whether the dashboard of this machine may be this node's: its log is here, and nothing says that
/// the dashboard is another's.
fn may_be_guessed(config: &Config, node: &Configured, said: &[Asked]) -> bool {
    let is_local = match node.source {
        Source::File(_) | Source::Docker(_) | Source::Journald(_) => true,
        Source::Command(_) | Source::Tcp(_) => false,
    };
    let said = said.iter().filter_map(|asked| match &asked.place {
        AskedPlace::Dashboard(address) => Some(address),
        AskedPlace::Databases(_) => None,
    });
    let mut taken = config.nodes.iter().filter_map(|node| node.api.as_ref()).chain(said);
    config.polling.discovery == Discovery::Local
        && is_local
        && node.databases.is_none()
        && !taken.any(|address| address.is_local(DEFAULT_PORT))
}

/// The id that a node told when it was asked; `None` when it never was.
fn asked_id(reader: &Reader, name: &[NodeName]) -> Result<Option<String>> {
    let mut told = reader.statuses(Nodes::Of(name))?.into_iter();
    Ok(told.find_map(|told| told.what.node_id).map(String::from))
}

/// The id that a node told in its log; `None` when it did not yet.
fn logged_id(reader: &Reader, name: &[NodeName]) -> Result<Option<String>> {
    let ever = Window { from: Timestamp::from_micros(i64::MIN), to: clock::now() };
    let events = reader.lifecycle(Nodes::Of(name), ever, EVENTS_MAX)?;
    Ok(events.into_iter().find_map(|event| {
        let LifecycleEvent::Started(id) = event.what.event else { return None };
        Some(String::from(id))
    }))
}

#[cfg(test)]
mod tests {
    use piecewatch_collector::config::Sayings;
    use piecewatch_model::{
        Batch, ByteCount, Fact, Fingerprinter, Lifecycle, LineCounts, NodeStatus, Poll, PollPart,
        Record, Report, Start,
    };
    use piecewatch_store::{Store, StoreConfig};

    use super::*;

    const NODE: &str = "[[node]]\nname = ";

    /// The nodes that are asked with this configuration, and at which dashboard; of `known` the
    /// database knows the id; a name with an `@` before it has told it in its log alone.
    fn planned(text: &str, known: &[&str]) -> Vec<(String, String)> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("c.toml");
        std::fs::write(&file, text).unwrap();
        let said = Sayings { file: Some(file), ..Sayings::default() };
        let config = Config::load_settings(&said).unwrap();
        let Store { mut writer, readers } =
            Store::open(&folder.path().join("n.db"), StoreConfig::default()).unwrap();
        for name in known {
            if let Some(name) = name.strip_prefix('@') {
                writer.append(&[started(name)], clock::now()).unwrap();
                continue;
            }
            let status = NodeStatus { node_id: Some("1abc".into()), ..NodeStatus::default() };
            let report = report(name, Fact::Status(status));
            writer.report(&report, clock::now()).unwrap();
        }
        let plan = Plan::new(&config, &[]).and_then(|plan| plan.know(&readers.get().unwrap()));
        let plan = match plan {
            Ok(plan) => plan,
            Err(Error::NobodyToAsk) => return Vec::new(),
            Err(error) => panic!("{error}"),
        };
        let shown = |node: &Node| {
            let address = node.places.dashboard.as_ref().map(|client| client.address().to_string());
            let guess = if node.places.is_guessed { "?" } else { "" };
            let address = address.unwrap_or_else(|| "none".to_owned());
            (node.name.to_string(), format!("{address}{guess}"))
        };
        plan.nodes.iter().map(shown).collect()
    }

    /// What a log tells when its node starts.
    fn started(name: &str) -> Batch {
        let event = LifecycleEvent::Started("1log".into());
        Batch {
            node: name.parse().unwrap(),
            source: "node.log".into(),
            start: Start::Beginning { known: 0 },
            end: Fingerprinter::new().checkpoint(),
            records: vec![Record::Lifecycle(Box::new(Lifecycle { at: clock::now(), event }))],
            counts: LineCounts::default(),
        }
    }

    fn report(name: &str, fact: Fact) -> Report {
        let poll = Poll {
            at: clock::now(),
            part: PollPart::Dashboard,
            took_micros: 1,
            requests: 1,
            bytes: ByteCount::new(1),
            error: None,
        };
        Report { node: name.parse().unwrap(), poll, facts: vec![fact] }
    }

    fn check(text: &str, known: &[&str], expected: &[(&str, &str)]) {
        let expected: Vec<(String, String)> =
            expected.iter().map(|(name, at)| ((*name).to_owned(), (*at).to_owned())).collect();
        assert_eq!(planned(text, known), expected, "{text}");
    }

    #[test]
    fn the_dashboard_of_this_machine_is_looked_for_when_asked_for_and_clear() {
        let on = "[polling]\ndiscover = true\n";
        let attic = format!("{NODE}\"attic\"\nsource = \"a.log\"\n");
        let shed = format!("{NODE}\"shed\"\nsource = \"docker:shed\"\n");
        let far = format!("{NODE}\"far\"\nsource = \"tcp://far:9999\"\n");
        let here = "api = \"http://127.0.0.1:14002\"\n";
        let guess = format!("{DEFAULT_ADDRESS}?");
        check(&attic, &[], &[]);
        check(&format!("{on}{attic}"), &[], &[("attic", &guess)]);
        check(&format!("{on}{far}"), &[], &[]);
        // The dashboard may be the other's: a log over the network may be of this machine, too.
        check(&format!("{on}{attic}{far}"), &[], &[]);
        // Whose is it? Of two only that one is asked whose id will tell.
        check(&format!("{on}{attic}{shed}"), &[], &[]);
        check(&format!("{on}{attic}{shed}"), &["shed"], &[("shed", DEFAULT_ADDRESS)]);
        check(&format!("{on}{attic}{shed}"), &["@shed"], &[("shed", &guess)]);
        // It is the other's.
        check(&format!("{on}{attic}{shed}{here}"), &[], &[("shed", "http://127.0.0.1:14002")]);
    }

    #[test]
    fn beside_a_node_of_the_command_line_none_is_guessed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("c.toml");
        let on = "[polling]\ndiscover = true\n";
        std::fs::write(&file, format!("{on}{NODE}\"attic\"\nsource = \"a.log\"\n")).unwrap();
        let said = Sayings { file: Some(file), ..Sayings::default() };
        let config = Config::load_settings(&said).unwrap();
        let path = folder.path().join("n.db");
        let readers = Store::open(&path, StoreConfig::default()).unwrap().readers;
        for place in ["http://nas:14002", "http://127.0.0.1:14002"] {
            let asked = [format!("roof={place}").parse().unwrap()];
            let plan = Plan::new(&config, &asked).unwrap().know(&readers.get().unwrap()).unwrap();
            let names: Vec<&str> = plan.nodes.iter().map(|node| node.name.as_str()).collect();
            assert_eq!(names, ["roof"], "{place}");
        }
    }

    #[test]
    fn nodes_of_the_command_line_stand_in_the_place_of_configured_ones() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("c.toml");
        let api = "api = \"http://nas:14002\"\n";
        let text = format!(
            "{NODE}\"attic\"\nsource = \"a.log\"\n{api}{NODE}\"shed\"\nsource = \"b.log\"\n{api}"
        );
        std::fs::write(&file, text).unwrap();
        let said = Sayings { file: Some(file), ..Sayings::default() };
        let config = Config::load_settings(&said).unwrap();
        let asked = ["attic=/mnt/storage".parse().unwrap(), "roof=http://x:1".parse().unwrap()];
        let plan = Plan::new(&config, &asked).unwrap();
        let parts: Vec<(&str, usize)> =
            plan.nodes.iter().map(|node| (node.name.as_str(), node.parts().len())).collect();
        assert_eq!(parts, [("shed", 3), ("attic", 1), ("roof", 3)]);
    }
}
