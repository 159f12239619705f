//! `piecewatch storage`: how much space nodes have, when it is full, and what work they do on it.

pub(crate) mod rows;
pub(crate) mod sheet;
mod text;
mod work;
pub(crate) mod work_rows;

use std::io::Write;

use piecewatch_analytics::storage::{
    NodeStorage, NodeWork, StoredDays, node_work_of, storage_of, stored_days_of,
};
use piecewatch_model::{NodeName, Timestamp};
use piecewatch_store::{Nodes, Reader, Window};

use crate::{
    Colour, Error, Result,
    cli::StorageArgs,
    clock, database,
    form::{Form, csv, json},
};

const DAY_MICROS: i64 = 86_400_000_000;
/// Satellites' reports are shown for so many days.
pub(crate) const DAYS_SHOWN: i64 = 30;
/// A clock that is a day ahead is a clock; one that is more is wrong.
const AHEAD_MICROS: i64 = DAY_MICROS;

/// What is known of nodes at an instant.
pub(crate) struct Shown {
    pub(crate) now: Timestamp,
    /// Of which the work is shown.
    pub(crate) window: Window,
    pub(crate) nodes: Vec<OfNode>,
}

/// What is known of a node.
pub(crate) struct OfNode {
    pub(crate) storage: NodeStorage,
    pub(crate) work: NodeWork,
    pub(crate) days: StoredDays,
}

/// Asks the database and prints what it says.
pub(crate) fn run(arguments: &StorageArgs, out: &mut dyn Write, colour: Colour) -> Result<()> {
    let shown = database::read(&arguments.of.db, |reader| ask(reader, arguments))?;
    let written = match Form::from(arguments.form) {
        Form::Json => json(out, &rows::Root::of(&shown)),
        Form::Csv => return csv(out, sheet::flat(&shown)),
        Form::Text if shown.nodes.is_empty() => say_empty(arguments, out),
        Form::Text => text::write(&shown, out, colour),
    };
    written.map_err(Error::Output)
}

fn say_empty(arguments: &StorageArgs, out: &mut dyn Write) -> std::io::Result<()> {
    let db = arguments.of.db.display();
    writeln!(out, "{db} holds no node yet. Ask one, or import a log:")?;
    writeln!(out, "  piecewatch poll --once --db {db} --node NAME=http://HOST:14002")?;
    writeln!(out, "  piecewatch import --db {db} --node NAME LOG")
}

fn ask(reader: &Reader, arguments: &StorageArgs) -> Result<Shown> {
    let names = database::chosen(reader, &arguments.of.db, &arguments.of.node)?;
    let now = newest(reader, &names)?;
    let window = Window { from: arguments.window.before(now), to: now };
    let month = Window { from: now.plus_micros(-DAYS_SHOWN * DAY_MICROS), to: now };
    let of_node = |node: NodeName| {
        Ok(OfNode {
            storage: storage_of(reader, &node, now)?,
            work: node_work_of(reader, &node, window)?,
            days: stored_days_of(reader, &node, month, now)?,
        })
    };
    Ok(Shown { now, window, nodes: names.into_iter().map(of_node).collect::<Result<_>>()? })
}

/// The instant after the newest record or snapshot: a node that is only polled has no records.
pub(crate) fn newest(reader: &Reader, names: &[NodeName]) -> Result<Timestamp> {
    let nodes = Nodes::Of(names);
    let clock = clock::now();
    let until = clock.plus_micros(AHEAD_MICROS);
    let ever = Window { from: Timestamp::from_micros(i64::MIN), to: until };
    let told = reader.space(nodes, ever, 1)?.into_iter().map(|row| row.at.plus_micros(1)).max();
    let recorded = reader.reach(nodes)?.map(|reach| reach.to);
    Ok(told.max(recorded).unwrap_or(clock))
}
