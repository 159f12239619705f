//! What was read up to now.

use std::io::Write;

use piecewatch_store::{NodeInfo, Store, StoreConfig};
use serde_json::json;

use crate::{Error, Result, config::Config};

/// How the answer looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// For people.
    Text,
    /// One JSON object.
    Json,
    /// Nothing but the exit code.
    ExitCode,
}

/// Writes which nodes the database knows, and how far their records reach.
///
/// # Errors
///
/// When there is no database, or it cannot be read.
pub(crate) fn run(config: &Config, answer: Answer, out: &mut dyn Write) -> Result<()> {
    if !config.db.exists() {
        return Err(Error::NoDatabase { path: config.db.clone() });
    }
    let nodes = Store::open(&config.db, StoreConfig::default())?.readers.get()?.nodes()?;
    match answer {
        Answer::ExitCode => Ok(()),
        Answer::Text => text(&nodes, out),
        Answer::Json => json(&nodes, out),
    }
    .map_err(Error::Output)
}

fn text(nodes: &[NodeInfo], out: &mut dyn Write) -> std::io::Result<()> {
    for node in nodes {
        match node.records {
            Some((from, to)) => writeln!(out, "{}  {from} to {to}", node.name)?,
            None => writeln!(out, "{}  nothing yet", node.name)?,
        }
    }
    Ok(())
}

fn json(nodes: &[NodeInfo], out: &mut dyn Write) -> std::io::Result<()> {
    let node = |node: &NodeInfo| {
        let records = node.records.map(|(from, to)| [from.to_string(), to.to_string()]);
        json!({ "name": node.name.as_str(), "records": records })
    };
    let answer = json!({ "nodes": nodes.iter().map(node).collect::<Vec<_>>() });
    serde_json::to_writer_pretty(&mut *out, &answer)?;
    writeln!(out)
}
