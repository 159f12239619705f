//! `piecewatch summary`: what nodes did in a window.

pub(crate) mod json;
mod text;

use std::{collections::BTreeMap, io::Write};

use piecewatch_analytics::{
    success::{Acceptance, Success, Upgrade, success_of},
    tally::Tally,
};
use piecewatch_model::{Action, NodeName, SatelliteId};
use piecewatch_store::{Nodes, Reader, Window};

use crate::{Colour, Error, Result, cli::SummaryArgs, database};

/// What nodes did.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    /// From when to when; `None` when there is nothing.
    window: Option<Window>,
    nodes: Vec<NodeSummary>,
}

/// What one node did.
#[derive(Debug)]
pub(crate) struct NodeSummary {
    node: NodeName,
    actions: BTreeMap<Action, Tally>,
    /// The busiest first; transfers whose log names no satellite last.
    satellites: Vec<SatelliteSummary>,
    /// Uploads taken up and turned away.
    acceptance: Acceptance,
    /// Between which rates do not compare.
    upgrades: Vec<Upgrade>,
}

/// What one node did for one satellite.
#[derive(Debug)]
pub(crate) struct SatelliteSummary {
    id: Option<SatelliteId>,
    actions: BTreeMap<Action, Tally>,
}

impl Summary {
    /// What nodes did, satellite by satellite.
    pub(crate) fn of(names: Vec<NodeName>, success: Success) -> Self {
        Self { window: success.window, nodes: sum(names, success) }
    }
}

impl SatelliteSummary {
    fn count(&self) -> u64 {
        self.actions.values().map(Tally::count).sum()
    }
}

/// Asks the database and prints what it says.
pub(crate) fn run(arguments: &SummaryArgs, out: &mut dyn Write, colour: Colour) -> Result<()> {
    if let (Some(from), Some(to)) = (arguments.from, arguments.to)
        && to <= from
    {
        return Err(Error::Window { from, to });
    }
    let summary = database::read(&arguments.of.db, |reader| ask(reader, arguments))?;
    let written = if arguments.json {
        json::write(&summary, out)
    } else {
        text::write(&summary, &arguments.of.db, out, colour)
    };
    written.map_err(Error::Output)
}

fn ask(reader: &Reader, arguments: &SummaryArgs) -> Result<Summary> {
    let names = database::chosen(reader, &arguments.of.db, &arguments.of.node)?;
    if names.is_empty() {
        return Ok(Summary::default());
    }
    let window = window(reader, &names, arguments)?;
    let success = success_of(reader, Nodes::Of(&names), window)?;
    Ok(Summary::of(names, success))
}

/// The window asked for, or everything. An end that is not given is the newest record.
fn window(reader: &Reader, names: &[NodeName], arguments: &SummaryArgs) -> Result<Option<Window>> {
    if arguments.window.is_none() && arguments.from.is_none() && arguments.to.is_none() {
        return Ok(None);
    }
    let Some(reach) = reader.reach(Nodes::Of(names))? else { return Ok(None) };
    let to = arguments.to.unwrap_or(reach.to);
    let from = match (arguments.window, arguments.from) {
        (Some(length), _) => length.before(to),
        (None, Some(from)) => from,
        (None, None) => reach.from,
    };
    Ok(Some(Window { from, to: to.max(from) }))
}

fn sum(names: Vec<NodeName>, success: Success) -> Vec<NodeSummary> {
    let Success { tallies, acceptance, upgrades, .. } = success;
    let of_node = |node: NodeName| NodeSummary {
        acceptance: acceptance.get(&node).copied().unwrap_or_default(),
        upgrades: upgrades.iter().filter(|upgrade| upgrade.node == node).cloned().collect(),
        node,
        actions: BTreeMap::new(),
        satellites: Vec::new(),
    };
    let mut nodes: Vec<NodeSummary> = names.into_iter().map(of_node).collect();
    for ((name, satellite, action), tally) in tallies {
        let Some(node) = nodes.iter_mut().find(|node| node.node == name) else { continue };
        node.actions.entry(action.clone()).or_default().merge(&tally);
        node.satellite(satellite).actions.entry(action).or_default().merge(&tally);
    }
    for node in &mut nodes {
        node.satellites.sort_by_key(|satellite| {
            (satellite.id.is_none(), std::cmp::Reverse(satellite.count()), satellite.id)
        });
    }
    nodes
}

impl NodeSummary {
    fn satellite(&mut self, id: Option<SatelliteId>) -> &mut SatelliteSummary {
        let at = self.satellites.iter().position(|satellite| satellite.id == id);
        let at = at.unwrap_or_else(|| {
            self.satellites.push(SatelliteSummary { id, actions: BTreeMap::new() });
            self.satellites.len() - 1
        });
        &mut self.satellites[at]
    }
}
