//! `piecewatch reputation`: what satellites think of nodes, and how nodes are reached.

mod connection;
pub(crate) mod rows;
mod text;

use std::io::Write;

use piecewatch_analytics::{
    connectivity::{Connectivity, connectivity_of},
    countries::{PeersOf, peers_of},
    judgement::Judgement,
    reputation::{Reputation, reputation_of},
};
use piecewatch_model::NodeName;
use piecewatch_store::{Nodes, Reader, Window};

use crate::{
    Colour, Error, Result,
    cli::ReputationArgs,
    clock, database,
    form::{Form, csv, json},
    window::Length,
};

/// What is known of a node.
pub(crate) struct NodeAnswer {
    pub(crate) node: NodeName,
    pub(crate) window: Window,
    pub(crate) satellites: Vec<Reputation>,
    pub(crate) connectivity: Connectivity,
    pub(crate) peers: PeersOf,
}

impl NodeAnswer {
    fn worst(&self) -> Judgement {
        let satellites = self.satellites.iter().map(Reputation::judgement).max();
        self.connectivity.worst().max(satellites.unwrap_or(Judgement::Unknown))
    }
}

/// Asks for the reputation of nodes and prints it.
pub(crate) fn run(arguments: &ReputationArgs, out: &mut dyn Write, colour: Colour) -> Result<()> {
    let answers = database::read(&arguments.of.db, |reader| ask(reader, arguments))?;
    let written = match Form::from(arguments.form) {
        Form::Json => json(out, &rows::Root::of(&answers)),
        Form::Csv => return csv(out, answers.iter().flat_map(rows::flat)),
        Form::Text if answers.is_empty() => {
            writeln!(out, "{} holds no node yet.", arguments.of.db.display())
        }
        Form::Text => text::write(&answers, out, colour),
    };
    written.map_err(Error::Output)
}

fn ask(reader: &Reader, arguments: &ReputationArgs) -> Result<Vec<NodeAnswer>> {
    let nodes = database::chosen(reader, &arguments.of.db, &arguments.of.node)?;
    nodes.into_iter().map(|node| of_node(reader, node, arguments.window)).collect()
}

fn of_node(reader: &Reader, node: NodeName, length: Length) -> Result<NodeAnswer> {
    let nodes = Nodes::Of(std::slice::from_ref(&node));
    let now = clock::now();
    // A node that is asked may have no log, and its log may end before the last poll.
    let polled = reader.polls(nodes)?.iter().map(|poll| poll.last.at.plus_micros(1)).max();
    let to = reader.reach(nodes)?.map(|reach| reach.to).max(polled).unwrap_or(now);
    let window = Window { from: length.before(to), to };
    let satellites = reputation_of(reader, &node, window, now)?;
    let connectivity = connectivity_of(reader, &node, window, now)?;
    let peers = peers_of(reader, &node, window)?;
    Ok(NodeAnswer { node, window, satellites, connectivity, peers })
}
