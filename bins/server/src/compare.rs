//! `piecewatch compare`: nodes side by side, and what is unusual at them.

pub(crate) mod rows;
mod text;
mod unusual_rows;

use std::{collections::BTreeMap, io::Write, sync::Arc};

use piecewatch_analytics::{
    compare::{Comparison, compare_of},
    outlook::{Outlook, outlook_of},
    silence::{Silence, silence_of},
    success::Upgrade,
};
use piecewatch_finance::{Ledger, LedgerSettings};
use piecewatch_model::{MicroUsd, NodeName, Period, Timestamp};
use piecewatch_store::Nodes;

use crate::{
    Colour, Error, Result,
    cli::CompareArgs,
    clock, database,
    form::{Form, csv, json},
    window,
};

/// Nodes side by side.
pub(crate) struct Answer {
    pub(crate) comparison: Comparison,
    /// The month of which earnings are.
    pub(crate) period: Period,
    /// In the order of the nodes.
    pub(crate) outlooks: Vec<Arc<Outlook>>,
    /// At the end of the window; nodes without a log are not in it.
    pub(crate) silences: BTreeMap<NodeName, Silence>,
}

impl Answer {
    /// Each node with what is unusual at it.
    fn outlooks(&self) -> impl Iterator<Item = (&NodeName, &Outlook)> {
        self.comparison
            .nodes
            .iter()
            .map(|node| &node.node)
            .zip(self.outlooks.iter().map(|outlook| &**outlook))
    }

    /// The upgrades of a node within the window.
    fn upgrades(&self, node: &NodeName) -> impl Iterator<Item = &Upgrade> {
        self.comparison.upgrades.iter().filter(move |upgrade| upgrade.node == *node)
    }

    /// The nodes whose logs fell silent, and how.
    fn silent(&self) -> impl Iterator<Item = (&NodeName, &Silence)> {
        let nodes = self.comparison.nodes.iter().map(|node| &node.node);
        let silences = nodes.filter_map(|node| Some((node, self.silences.get(node)?)));
        silences.filter(|(_, silence)| **silence != Silence::Lively)
    }
}

/// Answers how nodes do beside each other.
pub(crate) fn run(arguments: &CompareArgs, out: &mut dyn Write, colour: Colour) -> Result<()> {
    let answer = ask(arguments)?;
    let written = match (Form::from(arguments.form), &answer) {
        (Form::Json, answer) => json(out, &rows::json(answer.as_ref())),
        (Form::Csv, answer) => return csv(out, answer.iter().flat_map(rows::csv)),
        (Form::Text, None) => {
            writeln!(out, "{} holds no record of a node to compare.", arguments.of.db.display())
        }
        (Form::Text, Some(answer)) => text::write(answer, out, colour),
    };
    written.map_err(Error::Output)
}

/// `None` where there is nothing to compare.
fn ask(arguments: &CompareArgs) -> Result<Option<Answer>> {
    let readers = database::open(&arguments.of.db)?.readers;
    let reader = readers.get()?;
    let names = database::chosen(&reader, &arguments.of.db, &arguments.of.node)?;
    let Some(window) = window::up_to_newest(&reader, &names, arguments.window)? else {
        return Ok(None);
    };
    // The ledger takes connections of its own, and there is one.
    drop(reader);
    let period = Period::containing(window.to).ok_or(Error::Clock)?;
    let ledger = Ledger::new(readers.clone(), LedgerSettings::default(), clock::coarse);
    let earnings = earnings_per_tb(&ledger, &names, period)?;
    let reader = readers.get()?;
    let comparison = compare_of(&reader, &names, window, &earnings)?;
    let silences = silence_of(&reader, Nodes::Of(&names), window.to)?.into_iter().collect();
    let look = |node| Ok(Arc::new(outlook_of(&reader, node, window.to)?));
    let outlooks = names.iter().map(look).collect::<Result<_>>()?;
    Ok(Some(Answer { comparison, period, outlooks, silences }))
}

/// What nodes earn in a month for each terabyte that they hold for a month, where that is known.
pub(crate) fn earnings_per_tb(
    ledger: &Ledger,
    names: &[NodeName],
    period: Period,
) -> Result<BTreeMap<NodeName, MicroUsd>> {
    let now = clock::now();
    let mut earnings = BTreeMap::new();
    for node in names {
        let month = ledger.month(node, period, now)?;
        let held_month = month.per_terabyte(now).and_then(|per_tb| per_tb.held_month);
        earnings.extend(held_month.map(|money| (node.clone(), money)));
    }
    Ok(earnings)
}

/// What is unusual at a node in the newest hours that are known of it, in sentences.
fn unusual(outlook: &Outlook) -> impl Iterator<Item = (Timestamp, &'static str, String)> {
    let until = outlook.history.to;
    outlook.unusual_now().map(move |of| (of.since, of.kind.name(), of.sentence(until)))
}

/// Why the success rates of a node are of two kinds.
fn upgraded(Upgrade { at, from, to, .. }: &Upgrade) -> String {
    format!(
        "Version {to} since {} UTC, {from} before: rates of before and after do not compare.",
        window::minute(*at)
    )
}
