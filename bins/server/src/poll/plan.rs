//! Who is asked, and where: from the configuration, the command line and what is known already.

use std::path::PathBuf;

use piecewatch_collector::config::{ApiUrl, Config, Discovery, Node as Configured};
use piecewatch_ingest::Source;
use piecewatch_model::{LifecycleEvent, NodeName, Timestamp};
use piecewatch_node_api::{Address, Client, Limits};
use piecewatch_store::{Nodes, Reader, Window};

use super::node::{Dashboard, Node};
use crate::{
    Error, Result,
    cli::{Asked, AskedPlace},
    clock,
};

/// Where a node shows its dashboard unless it is told otherwise.
const DEFAULT_ADDRESS: &str = "http://localhost:14002";
/// Other names of the same place.
const LOCAL_HOSTS: [&str; 4] =
    ["localhost:14002", "127.0.0.1:14002", "[::1]:14002", "0.0.0.0:14002"];
/// How many of a node's newest starts and stops are looked through for its id.
const EVENTS_MAX: u32 = 500;

/// Who is asked.
#[derive(Debug)]
pub(super) struct Plan {
    /// The nodes, in the order of the configuration.
    pub(super) nodes: Vec<Node>,
}

impl Plan {
    /// The nodes of the configuration, and those of the command line in their place or beside them.
    ///
    /// # Errors
    ///
    /// When a node is named twice.
    pub(super) fn new(config: &Config, said: &[Asked]) -> Result<Self> {
        let limits = Limits { answer: config.polling.timeout, ..Limits::default() };
        let client = |address: Address| Client::new(address, limits);
        let mut nodes = Vec::new();
        let is_said = |name: &NodeName| said.iter().any(|asked| asked.name == *name);
        for configured in config.nodes.iter().filter(|node| !is_said(&node.name)) {
            let address = |url: &ApiUrl| {
                url.as_str().parse().expect("the configuration takes the same addresses")
            };
            let dashboard = match &configured.api {
                Some(url) => Dashboard::At(client(address(url))),
                None if may_be_guessed(config, configured) => {
                    let address = DEFAULT_ADDRESS.parse().expect("it is an address");
                    Dashboard::Guessed(client(address))
                }
                None => Dashboard::None,
            };
            let metrics = configured.metrics.as_ref().map(|url| client(address(url)));
            let databases = configured.databases.clone();
            nodes.push(Node::new(configured.name.clone(), dashboard, databases, metrics));
        }
        for (at, asked) in said.iter().enumerate() {
            if said[..at].iter().any(|before| before.name == asked.name) {
                return Err(Error::NamedTwice { name: asked.name.clone() });
            }
            let (dashboard, databases): (Dashboard, Option<PathBuf>) = match &asked.place {
                AskedPlace::Dashboard(address) => (Dashboard::At(client(address.clone())), None),
                AskedPlace::Databases(folder) => (Dashboard::None, Some(folder.clone())),
            };
            nodes.push(Node::new(asked.name.clone(), dashboard, databases, None));
        }
        Ok(Self { nodes })
    }

    /// Takes what the database knows of the nodes: their ids, and when their past was told.
    /// Nodes without anything to ask are left out, and so are those of which nobody can know whether
    /// the dashboard of this machine is theirs.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub(super) fn know(&mut self, reader: &Reader) -> Result<()> {
        for node in &mut self.nodes {
            let name = std::slice::from_ref(&node.name);
            node.id = node_id(reader, name)?;
            let polls = reader.polls(Nodes::Of(name))?;
            let part = node.part_of_history();
            node.history_at =
                polls.iter().find(|row| row.part == part).and_then(|row| row.succeeded_at);
        }
        let is_guessed = |node: &&Node| matches!(node.dashboard, Dashboard::Guessed(_));
        let guessed = self.nodes.iter().filter(is_guessed).count();
        for node in &mut self.nodes {
            if guessed > 1 && node.id.is_none() && matches!(node.dashboard, Dashboard::Guessed(_)) {
                tracing::warn!(
                    node = %node.name,
                    "no dashboard is looked for: several logs are on this machine, and this one has not told whose it is; write api = \"http://HOST:PORT\" into its [[node]]"
                );
                node.dashboard = Dashboard::None;
            }
        }
        self.nodes.retain(|node| !node.parts().is_empty());
        Ok(())
    }
}

/// Whether the dashboard of this machine may be this node's: its log is here, and nothing says that
/// the dashboard is another's.
fn may_be_guessed(config: &Config, node: &Configured) -> bool {
    let is_local = match node.source {
        Source::File(_) | Source::Docker(_) | Source::Journald(_) => true,
        Source::Command(_) | Source::Tcp(_) => false,
    };
    let is_taken = |url: &ApiUrl| {
        let authority = url.as_str().trim_start_matches("http://").split('/').next();
        authority.is_some_and(|authority| LOCAL_HOSTS.contains(&authority))
    };
    config.polling.discovery == Discovery::Local
        && is_local
        && node.databases.is_none()
        && !config.nodes.iter().filter_map(|node| node.api.as_ref()).any(is_taken)
}

/// The id that a node told, when it was asked or in its log; `None` when it did not yet.
fn node_id(reader: &Reader, name: &[NodeName]) -> Result<Option<String>> {
    let told = reader.statuses(Nodes::Of(name))?.into_iter().find_map(|told| told.what.node_id);
    if told.is_some() {
        return Ok(told.map(String::from));
    }
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
    use piecewatch_model::{ByteCount, Fact, NodeStatus, Poll, PollPart, Report};
    use piecewatch_store::{Store, StoreConfig};

    use super::*;

    const NODE: &str = "[[node]]\nname = ";

    /// The nodes that are asked with this configuration, and at which dashboard; of `known` the
    /// database knows the id.
    fn planned(text: &str, known: &[&str]) -> Vec<(String, String)> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("c.toml");
        std::fs::write(&file, text).unwrap();
        let said = Sayings { file: Some(file), ..Sayings::default() };
        let config = Config::load_settings(&said).unwrap();
        let Store { mut writer, readers } =
            Store::open(&folder.path().join("n.db"), StoreConfig::default()).unwrap();
        for name in known {
            let status = NodeStatus { node_id: Some("1abc".into()), ..NodeStatus::default() };
            let report = report(name, Fact::Status(status));
            writer.report(&report, clock::now()).unwrap();
        }
        let mut plan = Plan::new(&config, &[]).unwrap();
        plan.know(&readers.get().unwrap()).unwrap();
        let shown = |node: &Node| {
            let dashboard = match &node.dashboard {
                Dashboard::None => "none".to_owned(),
                Dashboard::At(client) => client.address().to_string(),
                Dashboard::Guessed(client) => format!("{}?", client.address()),
            };
            (node.name.to_string(), dashboard)
        };
        plan.nodes.iter().map(shown).collect()
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
        check(&format!("{on}{attic}{far}"), &[], &[("attic", &guess)]);
        // Whose is it? Of two only that one is asked whose id will tell.
        check(&format!("{on}{attic}{shed}"), &[], &[]);
        check(&format!("{on}{attic}{shed}"), &["shed"], &[("shed", &guess)]);
        // It is the other's.
        check(&format!("{on}{attic}{shed}{here}"), &[], &[("shed", "http://127.0.0.1:14002")]);
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

    #[tokio::test]
    async fn nothing_is_told_of_a_dashboard_that_is_not_there() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        drop(listener);
        let limits = Limits { attempts_max: 1, ..Limits::default() };
        let dashboard = Dashboard::Guessed(Client::new(address, limits));
        let mut node = Node::new("attic".parse().unwrap(), dashboard, None, None);
        let gate = tokio::sync::Semaphore::new(1);
        let brought = node.ask(PollPart::Dashboard, &gate).await;
        assert!(matches!(brought, super::super::node::Brought::NotFound(_)), "{brought:?}");
    }
}
