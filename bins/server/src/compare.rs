//! `piecewatch compare`: nodes side by side, and what is unusual at them.

mod rows;
mod text;

use std::io::Write;

use piecewatch_analytics::{Comparison, Outlook, compare_of, outlook_of};
use piecewatch_finance::{Ledger, LedgerSettings};
use piecewatch_model::{MicroUsd, NodeName, Period, Timestamp};
use piecewatch_store::Readers;

use crate::{
    Colour, Error, Result,
    cli::CompareArgs,
    clock, database,
    form::{Form, csv, json},
    window,
};

/// Nodes side by side.
struct Answer {
    comparison: Comparison,
    /// The month of which earnings are.
    period: Period,
    /// In the order of the nodes.
    outlooks: Vec<Outlook>,
}

/// Answers how nodes do beside each other.
pub(crate) fn run(arguments: &CompareArgs, out: &mut dyn Write, colour: Colour) -> Result<()> {
    let answer = ask(arguments)?;
    let written = match (Form::from(arguments.form), &answer) {
        (Form::Json, answer) => json(out, &answer.as_ref().map(rows::json)),
        (Form::Csv, answer) => return csv(out, answer.iter().flat_map(rows::csv)),
        (Form::Text, None) => {
            writeln!(out, "{} holds no record of a node to compare.", arguments.db.display())
        }
        (Form::Text, Some(answer)) => text::write(answer, out, colour),
    };
    written.map_err(Error::Output)
}

/// `None` where there is nothing to compare.
fn ask(arguments: &CompareArgs) -> Result<Option<Answer>> {
    let readers = database::open(&arguments.db)?.readers;
    let reader = readers.get()?;
    let known = reader.nodes()?.into_iter().map(|node| node.name).collect();
    let names = database::chosen(&arguments.db, &arguments.node, known)?;
    let Some(window) = window::up_to_newest(&reader, &names, arguments.window)? else {
        return Ok(None);
    };
    // The ledger takes connections of its own, and there is one.
    drop(reader);
    let period = Period::containing(window.to).ok_or(Error::Clock)?;
    let nodes = with_earnings(&readers, names, period)?;
    let reader = readers.get()?;
    let comparison = compare_of(&reader, &nodes, window)?;
    let look = |(node, _): &(NodeName, _)| Ok(outlook_of(&reader, node, window.to)?);
    let outlooks = nodes.iter().map(look).collect::<Result<_>>()?;
    Ok(Some(Answer { comparison, period, outlooks }))
}

/// What nodes earn in a month for each terabyte that they hold for a month.
fn with_earnings(
    readers: &Readers,
    names: Vec<NodeName>,
    period: Period,
) -> Result<Vec<(NodeName, Option<MicroUsd>)>> {
    let now = clock::now();
    let ledger = Ledger::new(readers.clone(), LedgerSettings::default(), clock::coarse);
    let of = |node: NodeName| {
        let month = ledger.month(&node, period, now)?;
        Ok((node, month.per_terabyte(now).and_then(|per_tb| per_tb.held_month)))
    };
    names.into_iter().map(of).collect()
}

/// What is unusual at a node in the newest hours of its log, in sentences.
fn unusual(outlook: &Outlook) -> impl Iterator<Item = (Timestamp, &'static str, String)> {
    let until = outlook.history.to;
    outlook.unusual_now().map(move |of| (of.since, of.kind.name(), of.sentence(until)))
}
