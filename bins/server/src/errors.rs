//! `piecewatch errors`: with which errors transfers end, and what else went wrong.

pub(crate) mod rows;
mod text;

use std::{cmp::Reverse, collections::BTreeMap, io::Write};

use piecewatch_analytics::errors::{TopErrors, top_errors_of};
use piecewatch_model::{NodeName, Timestamp, TroubleKind};
use piecewatch_store::{Ending, Nodes, Reader, TroubleCount};

use crate::{
    Colour, Error, Result,
    cli::ErrorsArgs,
    database,
    form::{Form, csv, json},
    window::up_to_newest,
};

/// More than the texts of trouble that a node has.
pub(crate) const TROUBLES_MAX: u32 = 10_000;

/// What went wrong.
pub(crate) struct Answer {
    pub(crate) nodes: Vec<NodeName>,
    /// Which transfers were asked for.
    pub(crate) endings: &'static [Ending],
    pub(crate) errors: TopErrors,
    /// What went wrong beside transfers, the most frequent first.
    pub(crate) troubles: Vec<TroubleText>,
}

impl Answer {
    /// How the transfers ended that were asked for, in words.
    fn what_ended(&self) -> &'static str {
        if self.endings.contains(&Ending::Canceled) { "failed or were canceled" } else { "failed" }
    }
}

/// Trouble of one kind and text.
pub(crate) struct TroubleText {
    kind: TroubleKind,
    text: Box<str>,
    count: u64,
    first_at: Timestamp,
    last_at: Timestamp,
    /// The same by node and satellite.
    parts: Vec<TroubleCount>,
}

/// Asks for errors and prints them.
pub(crate) fn run(arguments: &ErrorsArgs, out: &mut dyn Write, colour: Colour) -> Result<()> {
    let answer = database::read(&arguments.of.db, |reader| ask(reader, arguments))?;
    let written = match (Form::from(arguments.form), answer) {
        (Form::Json, answer) => {
            json(out, &answer.as_ref().map(rows::Object::of).unwrap_or_default())
        }
        (Form::Csv, answer) => return csv(out, answer.iter().flat_map(rows::flat)),
        (Form::Text, Some(answer)) => text::write(&answer, out, colour),
        (Form::Text, None) => {
            writeln!(out, "{} holds no log of these nodes.", arguments.of.db.display())
        }
    };
    written.map_err(Error::Output)
}

/// How transfers ended whose texts are shown.
pub(crate) const fn endings(canceled: bool) -> &'static [Ending] {
    if canceled { &[Ending::Failed, Ending::Canceled] } else { &[Ending::Failed] }
}

/// `None` where there are no records.
fn ask(reader: &Reader, arguments: &ErrorsArgs) -> Result<Option<Answer>> {
    let nodes = database::chosen(reader, &arguments.of.db, &arguments.of.node)?;
    let Some(window) = up_to_newest(reader, &nodes, arguments.window)? else { return Ok(None) };
    let endings = endings(arguments.canceled);
    let limit = usize::from(arguments.limit);
    let errors = top_errors_of(reader, Nodes::Of(&nodes), window, endings, limit)?;
    let counts = reader.trouble_counts(Nodes::Of(&nodes), errors.window, TROUBLES_MAX)?;
    let troubles = troubles(counts, limit);
    Ok(Some(Answer { nodes, endings, errors, troubles }))
}

/// The most frequent texts of trouble.
pub(crate) fn troubles(counts: Vec<TroubleCount>, limit: usize) -> Vec<TroubleText> {
    let mut texts: BTreeMap<(TroubleKind, Box<str>), TroubleText> = BTreeMap::new();
    for part in counts {
        let text = texts.entry((part.kind, part.text.clone())).or_insert_with(|| TroubleText {
            kind: part.kind,
            text: part.text.clone(),
            count: 0,
            first_at: part.first_at,
            last_at: part.last_at,
            parts: Vec::new(),
        });
        text.count += part.count;
        text.first_at = text.first_at.min(part.first_at);
        text.last_at = text.last_at.max(part.last_at);
        text.parts.push(part);
    }
    let mut texts: Vec<TroubleText> = texts.into_values().collect();
    texts.sort_by_key(|text| Reverse(text.count));
    texts.truncate(limit);
    texts
}
